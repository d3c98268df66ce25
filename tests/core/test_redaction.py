"""Nothing secret is left after redaction, and everything else is as it was."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from explorer.core.model import Call, Exchange, Hop, ReceivedResponse, SentRequest
from explorer.core.redaction import Redactor
from explorer.core.text.secret import MASK, Secret
from tests.core.auth_world import vendor as auth_vendor
from tests.core.shop import endpoint, entries, vendor
from tests.properties import given, st

HIDDEN = 'S3cr3t/+ "quote" é'


def redactor(*secrets: str) -> Redactor:
    return Redactor(vendor(), None, [Secret(one) for one in secrets])


def test_a_secret_prints_as_dots() -> None:
    secret = Secret("hunter2hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret:>30} {[secret]}"


@pytest.mark.parametrize("name", ["Authorization", "X-Shop-Token", "Cookie", "set-cookie", "PROXY-AUTHORIZATION"])
def test_secret_headers_are_masked_by_name(name: str) -> None:
    assert redactor().headers([(name, "abc123"), ("Accept", "x")]) == ((name, MASK), ("Accept", "x"))


def test_the_word_before_a_token_stays() -> None:
    assert redactor().headers([("Authorization", "Bearer abc.def")]) == (("Authorization", f"Bearer {MASK}"),)


def test_fields_are_masked_by_name_and_nothing_else_moves() -> None:
    body = b'{ "token" : "abc\\"d", "n": 1.0, "a": {"PIN":12345}, "token_count": 3 }'
    shown = redactor().body(body, "application/json").decode()
    assert shown == f'{{ "token" : "{MASK}", "n": 1.0, "a": {{"PIN":"{MASK}"}}, "token_count": 3 }}'


def test_forms_queries_xml_and_multipart_are_masked_by_name() -> None:
    assert redactor().body(b"a=1&pin=9999", "application/x-www-form-urlencoded").decode() == f"a=1&pin={MASK}"
    assert redactor().url("https://user:pw@x.example/a?token=abc&q=1") == f"https://******@x.example/a?token={MASK}&q=1"
    assert redactor().body(b"<r><pin>9999</pin></r>", "text/xml").decode() == f"<r><pin>{MASK}</pin></r>"
    part = b'--b\r\nContent-Disposition: form-data; name="pin"\r\n\r\n9999\r\n--b--\r\n'
    assert b"9999" not in redactor().body(part, "multipart/form-data; boundary=b")


def test_known_values_are_masked_wherever_they_stand_and_however_they_are_written() -> None:
    mask = redactor(HIDDEN)
    for text in (HIDDEN, quote(HIDDEN, safe=""), json.dumps(HIDDEN)[1:-1]):
        assert mask.text(f"before {text} after") == f"before {MASK} after"
    assert (
        HIDDEN not in mask.body(json.dumps({"x": [HIDDEN]}, ensure_ascii=False).encode(), "application/json").decode()
    )


def test_a_whole_exchange_holds_no_secret() -> None:
    call = Call(
        vendor="shop",
        endpoint="buy",
        entries=entries("pin=pin-4711", "shipping.city=Oslo"),
        headers=(("X-Shop-Token", "tok-999"),),
    )
    sent = SentRequest(
        method="PUT",
        url="https://x.example/?token=tok-999",
        headers=(("X-Shop-Token", "tok-999"),),
        body=b'{"pin":"pin-4711"}',
    )
    got = ReceivedResponse(
        status=200, headers=(("Authorization", "Bearer tok-999"),), body=b'{"pin":"pin-4711","t":"tok-999"}'
    )
    exchange = Exchange(
        call=call, started_at=0, request=sent, response=got, hops=(Hop(purpose="auth", request=sent, response=got),)
    )
    kept = repr(redactor("tok-999", "pin-4711").exchange(endpoint("buy"), exchange))
    assert "tok-999" not in kept
    assert "pin-4711" not in kept
    assert "Oslo" in kept


@given(
    st.binary(max_size=200), st.sampled_from(["application/json", "text/xml", "multipart/form-data", "", "image/png"])
)
def test_any_body_survives_without_secrets_in_it(body: bytes, kind: str) -> None:
    assert (
        Redactor(vendor(), None, [Secret("zzzzzzzzzzzzzzzz")]).body(body, kind) == body
        or b"pin" in body.lower()
        or b"token" in body.lower()
    )


def test_the_header_of_a_scheme_is_secret_whatever_it_is_called() -> None:
    shop = auth_vendor("token_header", {"header": "X-Shop-Badge", "token": "token"}, {"token": "demo"})
    mask = Redactor(shop)
    assert mask.headers([("x-shop-badge", "abc"), ("X-Shop", "abc")]) == (("x-shop-badge", MASK), ("X-Shop", "abc"))
    assert mask.body(b'{"x-shop-badge": "gold"}', "application/json") == b'{"x-shop-badge": "gold"}'


def test_among_many_known_values_each_is_masked_in_a_long_text() -> None:
    """Those that are no long word too: a password with blanks, and a short one."""
    odd = ("pass word/1", "p4ss")
    mask = redactor(*(f"rotated-token-{number:04}" for number in range(200)), *odd)
    text = "x " * 3000 + f"rotated-token-0042, {odd[0]} and {odd[1]}"
    assert mask.text(text) == "x " * 3000 + f"{MASK}, {MASK} and {MASK}"
