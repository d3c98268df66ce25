"""Exports are safe to paste: quoted for every byte, without a secret, with what signs in and signs."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import msgspec
import pytest

from explorer.core.export.formats.curl import curl
from explorer.core.export.formats.har import har
from explorer.core.export.formats.http import raw_http
from explorer.core.export.formats.httpie import httpie
from explorer.core.export.formats.python import python
from explorer.core.export.recipe import Hole
from explorer.core.export.recipe_builder import recipe_for
from explorer.core.export.shell import HELPERS, quote, word
from explorer.core.model import Call, Entry, Exchange, Hop, ReceivedResponse, SentRequest, Timings
from explorer.core.redaction import Redactor
from explorer.core.text.secret import MASK, Secret
from explorer.errors import UsageError
from tests.core.shop import vendor as the_shop
from tests.properties import given, settings, st

if TYPE_CHECKING:
    from explorer.core.export.recipe import Recipe

TOKEN = "hush-token-4711"
WORDS = st.text(st.characters(exclude_characters="\0"), max_size=40)


def bash(script: str, **variables: str) -> bytes:
    return subprocess.run(["bash", "-c", script], env=variables, capture_output=True, check=True).stdout


def recipe(endpoint: str, *entries: Entry, environment: str = "live", token: str = TOKEN, **more: object) -> Recipe:
    vendor = the_shop()
    call = Call(vendor="shop", endpoint=endpoint, environment=environment, entries=entries, **more)  # type: ignore[arg-type]

    def known(name: str) -> Secret | None:
        return Secret(token) if token and name == "token" else None

    secrets = [Secret(token)] if token else []
    base_url = vendor.environments["live"].base_url
    redactor = Redactor(vendor, None, secrets)
    signed = msgspec.structs.replace(vendor.endpoints[endpoint], auth="key")
    return recipe_for(vendor, signed, call, base_url, credential=known, redactor=redactor)


# --- quoting ---------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(WORDS, min_size=1, max_size=20))
def test_any_text_survives_the_shell(texts: list[str]) -> None:
    words = " ".join(quote(text) for text in texts)
    expected = b"".join(text.encode("utf-8", "surrogatepass") + b"|" for text in texts)
    assert bash(f"printf '%s|' {words}") == expected


@settings(max_examples=40)
@given(st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b"")))
def test_any_bytes_but_nul_survive_the_shell(raw: bytes) -> None:
    assert bash(f"printf %s {quote(raw.decode('utf-8', 'surrogateescape'))}") == raw


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert quote("plain") == "plain"
    assert quote("it's") == shlex.quote("it's")
    for hidden in ("\x1b[2J", "\u202eabc", "a\nb", "\x85"):
        assert quote(hidden).startswith("$'")
        assert hidden not in quote(hidden)


def test_a_nul_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="NUL"):
        quote("a\0b")


@settings(max_examples=40)
@given(WORDS, WORDS, st.sampled_from(["raw", "url", "json"]))
def test_holes_are_filled_whatever_stands_around_them(before: str, after: str, code: str) -> None:
    value = "a'b\"c\\ $x &=%+é"
    line = f"{HELPERS.get(code, ':')}\nprintf %s {word((before, Hole('SECRET', code), after))}"  # type: ignore[arg-type]
    out = bash(line, SECRET=value, PATH="/usr/bin:/bin")
    head, tail = before.encode("utf-8", "surrogatepass"), after.encode("utf-8", "surrogatepass")
    assert out.startswith(head)
    assert out.endswith(tail)
    middle = out[len(head) : len(out) - len(tail)]
    if code == "json":
        assert json.loads(b'"' + middle + b'"') == value
    else:
        assert (unquote_to_bytes(middle) if code == "url" else middle) == value.encode()


# --- the forms -------------------------------------------------------------------------------------------------------


def test_a_secret_is_a_variable_in_every_form() -> None:
    made = recipe("buy", Entry(name="shipping.city", value="Cary"), Entry(name="pin", value="8731-hush"))
    for text in (curl(made), httpie(made), python(made)):
        assert TOKEN not in text
        assert "8731-hush" not in text
        assert "API_EXPLORER_SHOP_TOKEN" in text
        assert "API_EXPLORER_SHOP_PIN" in text
        assert "Cary" in text
    for text in (curl(made, show_secrets=True), httpie(made, show_secrets=True), python(made, show_secrets=True)):
        assert TOKEN in text
        assert "8731-hush" in text


def test_secrets_in_places_of_a_persons_own_are_variables_too() -> None:
    made = recipe(
        "search",
        Entry(name="q", value=f"before {TOKEN} after"),
        extra=(("token", "typed-hush"),),
        headers=(("Authorization", "Bearer typed-hush-2"), ("X-Note", f"see {TOKEN}")),
    )
    for text in (curl(made), httpie(made), python(made)):
        for secret in (TOKEN, "typed-hush"):
            assert secret not in text


def test_a_call_that_was_kept_masked_asks_for_what_was_masked() -> None:
    made = recipe("buy", Entry(name="pin", value=MASK), token="")
    text = curl(made)
    assert MASK not in text
    assert ': "${API_EXPLORER_SHOP_PIN:?is not set}"' in text
    assert ': "${API_EXPLORER_SHOP_TOKEN:?is not set}"' in text


def test_the_sandbox_has_its_public_demo_value_to_fall_back_on() -> None:
    text = curl(recipe("search", environment="sandbox", token=""))
    assert "API_EXPLORER_SHOP_TOKEN=${API_EXPLORER_SHOP_TOKEN:-demo-token-123}" in text
    assert "demo-token-123" not in curl(recipe("search", environment="sandbox", token=TOKEN))
    assert "demo-token-123" not in curl(recipe("search", token=""))


def test_httpie_gets_the_words_that_it_reads() -> None:
    made = recipe("buy", Entry(name="shipping.city", value="it's\n@home"), headers=(("X-Odd", "=1"), ("X-Empty", "")))
    script = httpie(made)
    words = shlex.split(script[script.index("\nhttp ") :])
    assert words[:4] == ["http", "--ignore-stdin", "--body", "PUT"]
    assert words[4] == "https://shop.example/base/orders"
    assert "X-Odd:\\=1" in words
    assert "X-Empty;" in words
    assert "X-Shop-Token:$API_EXPLORER_SHOP_TOKEN" in words
    body = words[words.index("--raw") + 1]
    assert json.loads(body) == {"shipping": {"city": "it's\n@home"}}


def test_a_head_and_a_method_of_its_own_are_told_to_curl() -> None:
    assert "curl --head " in curl(recipe("search", method="HEAD"))
    assert "curl -X PUT " in curl(recipe("buy"))


def test_raw_http_is_what_was_on_the_wire() -> None:
    vendor = the_shop()
    request = SentRequest(
        method="PUT",
        url=f"https://shop.example/base/orders?pin={MASK}&a=1",
        headers=(("Host", "shop.example"), ("X-Shop-Token", MASK), ("Content-Length", "10")),
        body=f'{{"pin":"{MASK}","b":1}}'.encode(),
    )
    head, _, body = raw_http(vendor, request).partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"PUT /base/orders?pin=$API_EXPLORER_SHOP_PIN&a=1 HTTP/1.1",
        b"Host: shop.example",
        b"X-Shop-Token: $API_EXPLORER_SHOP_TOKEN",
    ]
    assert body == b'{"pin":"$API_EXPLORER_SHOP_PIN","b":1}'
    plain = SentRequest(method="POST", url="http://h/x", headers=(("Content-Length", "2"),), body=b"\xff\x00")
    assert raw_http(vendor, plain) == b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n\xff\x00"


def test_an_archive_holds_hops_bodies_and_times() -> None:
    call = Call(vendor="shop", endpoint="search")
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    exchange = Exchange(
        call=call,
        started_at=0.0,
        request=SentRequest(method="POST", url="https://h/x?a=1&b=%20", headers=form, body=b"c=d"),
        response=ReceivedResponse(status=200, reason="OK", headers=(("Content-Type", "image/png"),), body=b"\xff\xfe"),
        hops=(Hop(purpose="auth", request=SentRequest(method="GET", url="https://h/t")),),
        timings=Timings(connected=0.001, sent=0.002, first_byte=0.012, total=0.02),
    )
    log = json.loads(json.dumps(har([exchange])))["log"]
    first, second = log["entries"]
    assert log["version"] == "1.2"
    assert first["response"]["status"] == 0
    assert second["startedDateTime"] == "1970-01-01T00:00:00.000+00:00"
    assert second["time"] == pytest.approx(20.0)
    assert second["request"]["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": " "}]
    assert second["request"]["postData"]["params"] == [{"name": "c", "value": "d"}]
    assert second["response"]["content"]["encoding"] == "base64"
    for entry in log["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        assert {"send", "wait", "receive"} <= set(entry["timings"])
