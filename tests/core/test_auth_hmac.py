"""Signatures: against PHP's vectors, against openssl and PHP run here, and against our own verifier."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from explorer.core.auth import scheme_of
from explorer.core.auth.verifier import Grant, Refusal
from explorer.core.catalog.model import Parameter
from explorer.errors import CredentialMissing
from tests.core.auth_world import NOW, World, arrived, endpoint, form, get, multipart, vendor
from tests.properties import given, st

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "signing_vectors.json").read_text("utf-8"))["signing"]
KEY_ID, SECRET, STAMP = "user123@mystore", "aB3dE6gH9jK2mN5p", 1329130234
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
needs_php = pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")


def world(**options: Any) -> World:
    held = {"auth_id": KEY_ID, "secret": SECRET}
    return World(vendor("hmac_query", options, held), dict(held))


def openssl(base: str) -> str:
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", SECRET], input=base.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().split()[-1]


WAYS = [
    (one, how) for one in VECTORS for how in ("query", "form", "multipart") if how == "multipart" or not one["files"]
]


@pytest.mark.parametrize(("vector", "how"), WAYS, ids=[f"{one['id']}-{how}" for one, how in WAYS])
def test_the_vectors_of_php(vector: dict[str, Any], how: str) -> None:
    path = f"/{vector['version']}/{vector['call']}.{vector['format']}"
    pairs = [(name, value) for name, value in vector["params"]]
    files = {name: (file, b"\x89PNG\r\n\x1a\n--front", "image/png") for name, file in vector["files"].items()}
    request = {
        "query": lambda: get(path, *pairs),
        "form": lambda: form(path, *pairs),
        "multipart": lambda: multipart(path, dict(pairs), files),
    }[how]()
    it = world()
    signed = it.scheme(endpoint(body="none" if how == "query" else how)).preview(request, at=vector["auth_ts"])
    came = arrived(signed)
    values = dict(came.query if how == "query" else came.form)
    assert values["auth_sig"] == vector["sig"]
    assert values["auth_id"] == vector["auth_id"]
    assert values["auth_ts"] == str(vector["auth_ts"])
    assert came.files == tuple(files)
    base = {step.title: step.text for step in it.scheme().explain(request, at=vector["auth_ts"])}["Base string"]
    assert base == vector["base"]
    it.clock.now = vector["auth_ts"]
    assert it.verifier.verify(came) == Grant("demo")


@needs_openssl
@pytest.mark.parametrize(
    ("options", "base", "change"),
    [
        ({}, "v1/a/b?auth_id=user123@mystore&auth_ts=1329130234&b=x y&b=a+b&c=é", str),
        ({"escaped": True}, "v1/a/b?auth_id=user123%40mystore&auth_ts=1329130234&b=x%20y&b=a%2Bb&c=%C3%A9", str),
        ({"order": "sent"}, "v1/a/b?c=é&b=x y&b=a+b&auth_id=user123@mystore&auth_ts=1329130234", str),
        ({"uppercase": True}, "v1/a/b?auth_id=user123@mystore&auth_ts=1329130234&b=x y&b=a+b&c=é", str.upper),
        ({"encode_id": False}, "v1/a/b?auth_id=user123@mystore&auth_ts=1329130234&b=x y&b=a+b&c=é", str),
        ({"strip_suffix": False}, "v1/a/b.json?auth_id=user123@mystore&auth_ts=1329130234&b=x y&b=a+b&c=é", str),
        ({"base": "GET {path} {query}"}, "GET v1/a/b auth_id=user123@mystore&auth_ts=1329130234&b=x y&b=a+b&c=é", str),
    ],
)
def test_every_reading_as_openssl_signs_it(options: dict[str, Any], base: str, change: Any) -> None:
    it = world(**options)
    signed = it.scheme().preview(get("/v1/a/b.json", ("c", "é"), ("b", "x y"), ("b", "a+b")), at=STAMP)
    values = dict(parse_qsl(signed.url.query.decode()))
    assert values["auth_sig"] == change(openssl(base))
    assert values["auth_id"] == ("user123mystore" if options.get("encode_id") is False else KEY_ID)
    it.clock.now = STAMP
    assert it.verifier.verify(arrived(signed)) == Grant("demo")


PHP = """
$out = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $case) {
    parse_str($case["query"], $p);
    $sig = $p["auth_sig"]; unset($p["auth_sig"]);
    ksort($p, SORT_STRING);
    $parts = [];
    foreach ($p as $k => $v) { $parts[] = $k . "=" . $v; }
    $out[] = hash_equals(hash_hmac("sha256", $case["path"] . "?" . implode("&", $parts), $case["key"]), $sig);
}
echo json_encode($out);
"""


@needs_php
def test_a_server_in_php_accepts_what_is_sent() -> None:
    values = [
        "",
        " ",
        "a b",
        "+",
        "%41",
        "a=1&b=2",
        "é",
        "日本",
        "🙂",
        "'\"<>",
        "~-_.!*()",
        "line\r\nbreak",
        "#?/\\",
        "%",
    ]
    cases = []
    for value in values:
        pairs = (("z_last", value), ("item10_size", value), ("item1_size", "S"), ("Upper", "u"), ("é", value))
        for request in (get("/v1/order/calculate.json", *pairs), form("/v1/order/calculate.json", *pairs)):
            signed = world().scheme().preview(request, at=STAMP)
            raw = signed.url.query if request.method == "GET" else signed.content
            cases.append({"query": raw.decode("ascii"), "path": "v1/order/calculate", "key": SECRET})
    done = subprocess.run(["php", "-r", PHP], input=json.dumps(cases).encode(), capture_output=True, check=True)
    assert json.loads(done.stdout) == [True] * len(cases)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in ("auth_id", "auth_ts", "auth_sig")
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.text("abcdefghij_0123456789", min_size=1, max_size=12)


@given(st.lists(st.tuples(names, texts), max_size=6), st.sampled_from(["GET", "HEAD", "POST", "DELETE", "form"]))
def test_what_is_signed_is_let_in(pairs: list[tuple[str, str]], how: str) -> None:
    it = world()
    request = form("/v1/a/b.xml", *pairs) if how == "form" else get("/v1/a/b.xml", *pairs, method=how)
    assert it.verifier.verify(arrived(it.scheme().preview(request))) == Grant("demo")


@given(
    st.dictionaries(plain, texts.filter(lambda text: "\r" not in text and "\n" not in text), max_size=4), st.binary()
)
def test_multipart_is_let_in_and_its_file_is_not_touched(pairs: dict[str, str], content: bytes) -> None:
    it = world()
    request = multipart("/v1/a/b.json", pairs, {"logo_file": ("l.png", content, "image/png")})
    signed = it.scheme(endpoint(body="multipart")).preview(request)
    assert it.verifier.verify(arrived(signed)) == Grant("demo")
    closing = b"--frontier--\r\n"
    assert signed.content.startswith(request.content.removesuffix(closing))
    assert signed.headers["content-type"] == request.headers["content-type"]
    assert signed.headers["content-length"] == str(len(signed.content))
    assert it.scheme().strip(signed).content == request.content


@given(st.lists(st.tuples(names, texts), min_size=1, max_size=4), st.data())
def test_what_was_tampered_with_is_refused(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    it = world()
    came = arrived(it.scheme().preview(get("/v1/a/b.json", *pairs)))
    at = data.draw(st.integers(0, len(pairs) - 1))
    name, value = came.query[at]
    other = data.draw(texts.filter(lambda text: text != value))
    changed = (*came.query[:at], (name, other), *came.query[at + 1 :])
    refused = it.verifier.verify(type(came)("GET", came.path, changed))
    assert isinstance(refused, Refusal)
    assert refused.check == "signature"


def without(name: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    signed = world().scheme().preview(get("/v1/a/b.json", ("a", "1")))
    return (*(pair for pair in arrived(signed).query if pair[0] != name), *more)


@pytest.mark.parametrize(
    ("query", "check"),
    [
        (without("auth_id"), "key_id"),
        (without("auth_id", ("auth_id", "nobody@nowhere")), "key_id"),
        (without("", ("auth_id", KEY_ID)), "key_id"),
        (without("auth_ts"), "timestamp"),
        (without("auth_ts", ("auth_ts", "1700000000.5")), "timestamp"),
        (without("auth_ts", ("auth_ts", "soon")), "timestamp"),
        (without("auth_ts", ("auth_ts", "１７")), "timestamp"),
        (without("auth_sig"), "signature"),
        (without("auth_sig", ("auth_sig", "")), "signature"),
        (without("", ("auth_sig", "00")), "signature"),
        (without("", ("b", "2")), "signature"),
        (without("a"), "signature"),
    ],
)
def test_each_refusal_names_its_check(query: tuple[tuple[str, str], ...], check: str) -> None:
    it = world()
    came = type(arrived(get()))("GET", "/v1/a/b.json", query)
    refused = it.verifier.verify(came)
    assert isinstance(refused, Refusal)
    assert refused.check == check
    assert refused.message


@pytest.mark.parametrize(("off", "good"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_timestamp_may_be_five_minutes_off(off: int, good: bool) -> None:
    it = world()
    verdict = it.verifier.verify(arrived(it.scheme().preview(get(), at=NOW + off)))
    assert verdict == Grant("demo") if good else isinstance(verdict, Refusal) and verdict.check == "timestamp"


def test_another_path_than_the_signed_one_is_refused_and_another_format_is_not() -> None:
    it = world()
    came = arrived(it.scheme().preview(get("/v1/order/view.json")))
    assert it.verifier.verify(type(came)("GET", "/v1/order/view.xml", came.query)) == Grant("demo")
    refused = it.verifier.verify(type(came)("GET", "/v1/order/cancel.json", came.query))
    assert isinstance(refused, Refusal)
    assert refused.check == "signature"


def test_signing_twice_signs_once_and_stripping_gives_the_request_back() -> None:
    it = world()
    request = get("/v1/a/b.json", ("q", "a b+c/é"), ("empty", ""))
    first = it.scheme().preview(request)
    it.clock.now += 60
    second = it.scheme().preview(first)
    assert [name for name, _ in arrived(second).query] == ["q", "empty", "auth_id", "auth_ts", "auth_sig"]
    assert it.verifier.verify(arrived(second)) == Grant("demo")
    assert it.scheme().strip(second).url == request.url
    assert b"q=a%20b%2Bc%2F%C3%A9&empty=&auth_id=user123%40mystore&auth_ts=" in second.url.query


def test_a_post_without_a_body_signs_where_the_catalog_says_the_parameters_go() -> None:
    it = world()
    bare = httpx.Request("POST", "https://api.example/root/v1/a/b.json")
    assert dict(arrived(it.scheme(endpoint(body="form")).preview(bare)).form)["auth_id"] == KEY_ID
    assert dict(arrived(it.scheme(endpoint(body="none")).preview(bare)).query)["auth_id"] == KEY_ID
    json_call = httpx.Request("POST", bare.url, json={"a": 1})
    signed = it.scheme(endpoint(body="json")).preview(json_call)
    assert signed.content == json_call.content
    assert dict(arrived(signed).query)["auth_id"] == KEY_ID


def test_a_missing_credential_is_named_with_its_variable() -> None:
    it = world()
    del it.held["secret"]
    assert it.scheme().missing() == ("secret",)
    with pytest.raises(CredentialMissing) as caught:
        it.scheme().preview(get())
    assert "API_EXPLORER_SHOP_SECRET" in caught.value.hint


def test_the_explanation_hides_secrets_and_shows_the_signature() -> None:
    it = world()
    call = endpoint("login", password=Parameter(name="password", location="query", secret=True))
    request = get("/v1/user/login.json", ("password", "open-sesame"), ("name", "Ada"))
    steps = it.scheme(call).explain(request)
    text = "\n".join(f"{step.title} {step.text} {step.detail}" for step in steps)
    assert "open-sesame" not in text
    assert SECRET not in text
    assert "name=Ada" in text
    assert dict(arrived(it.scheme(call).preview(request)).query)["auth_sig"] in text
    assert SECRET in [secret.reveal() for secret in it.scheme().secrets()]


def test_the_second_that_is_signed_is_the_second_that_is_sent() -> None:
    """A clock that goes on with every look at it, as a real one does at the turn of a second."""
    it = world()
    context = it.context()
    times = iter(range(int(NOW), int(NOW) + 100))
    context.now = lambda: float(next(times))
    scheme = scheme_of(it.vendor, "main", context)
    for signed in (next(scheme.auth_flow(get("/v1/a/b.json?x=1"))), scheme.preview(get("/v1/a/b.json?x=1"))):
        assert isinstance(it.verifier.verify(arrived(signed)), Grant)
