"""A secret is seen in a request however it is spelled, in time that grows with the request only."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote, quote_plus

import httpx
import pytest

from explorer.core.secret_search import find_carried
from explorer.core.text.secret import Secret

SECRET = Secret('pä%ss w+rd/"\\nX-4711')
TEXT = SECRET.reveal()
TOKEN = Secret("tok-4711-marked")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def get(url: str) -> httpx.Request:
    return httpx.Request("GET", url)


def post(body: bytes, **headers: str) -> httpx.Request:
    return httpx.Request("POST", "https://h.example/", content=body, headers=headers)


def basic(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "request_",
    [
        get("https://h.example/?q=" + quote(TEXT, safe="")),
        get("https://h.example/?q=" + quote_plus(TEXT)),
        get("https://h.example/?q=" + quote(quote(TEXT, safe=""), safe="")),
        get("https://h.example/p/" + quote(TEXT, safe="") + "/x"),
        get("https://h.example/#" + quote(TEXT, safe="")),
        get(f"https://u:{quote(TEXT, safe='')}@h.example/"),
        post(TEXT.encode()),
        post(TEXT.encode("latin-1")),
        post(json.dumps({"a": [TEXT]}).encode()),
        post(json.dumps({"a": TEXT}, ensure_ascii=False).encode()),
        post(json.dumps({"a": json.dumps({"b": TEXT})}).encode()),
        post(("p=" + quote_plus(TEXT)).encode()),
        post(("p=" + quote_plus(json.dumps({"b": TEXT}))).encode()),
        post(b"x", Authorization="Basic " + basic(f"u:{TEXT}")),
        post(b"x", Authorization="Basic " + basic(f"uu:{TEXT}")),
        post(b"x", Authorization="Basic " + basic(f"uuu:{TEXT}:more")),
        post(b"x", X=base64.urlsafe_b64encode(TEXT.encode()).decode()),
    ],
)
def test_every_spelling_is_seen(request_: httpx.Request) -> None:
    assert find_carried(request_, [SECRET, Secret("another-secret")]) == {SECRET}


@pytest.mark.parametrize(
    "request_",
    [
        get("https://h.example/tok-4711-marked"),
        get("https://TOK-4711-marked.evil.example/"),
        httpx.Request("GET", "https://h.example/", headers={"tok-4711-marked": "x"}),
        post(b"." * 3_500_000 + b"tok-4711-marked" + b"." * 100),
        post(b"." * 999_990 + b"%74%6F%6B-4711-marked"),
    ],
)
def test_a_token_is_seen_in_every_place(request_: httpx.Request) -> None:
    assert find_carried(request_, [TOKEN]) == {TOKEN}


def test_what_is_not_there_is_not_seen_and_what_is_too_short_is_not_searched_for() -> None:
    request = post(b"tok-4711-marke and abc", Cookie="a=b")
    assert find_carried(request, [TOKEN, Secret("abc"), Secret("")]) == set()


@pytest.mark.parametrize("filler", [b"%", b"\\", b"\\u0041", b"%25", b"t", b'"', b"\\\\u", b"tok-"])
def test_the_time_grows_with_the_body_only(filler: bytes) -> None:
    secrets = [TOKEN, SECRET]

    def seconds(size: int) -> float:
        request = post((filler * (size // len(filler) + 1))[:size])
        taken = []
        for _ in range(5):
            start = time.process_time()
            assert find_carried(request, secrets) == set()
            taken.append(time.process_time() - start)
        return min(taken)  # what else the machine does only adds to it

    assert seconds(100_000) <= 2.6 * seconds(50_000) + 0.002
