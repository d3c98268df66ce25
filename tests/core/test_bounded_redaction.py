"""Redaction takes time in proportion to what it reads: no text of a server makes it slow.

Each text is one delimiter or the beginning of a secret field, again and again. What is bounded is the growth: twice the
text takes at most 2.6 times the processor time.
"""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

import pytest

from explorer.core.model import Call, Exchange, Hop, ReceivedResponse, RejectedField, SentRequest, Verdict
from explorer.core.redaction import Redactor
from explorer.core.redaction_stream import RedactedStream
from explorer.core.text.secret import Secret
from tests.core.shop import endpoint, vendor
from tests.growth import growth

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 2.6
SIZE = 4_000
"""Characters of the smaller text: for four times as many, what was quadratic took a second."""
NOISE = 0.005
"""Seconds of processor time of the larger text up to which a single measurement says nothing of growth, and for which
nothing that is quadratic comes into question at this size."""
REDACTOR = Redactor(vendor(), None, [Secret("hunter2hunter2"), Secret("aaaaaaaaaaaaaaaab"), Secret('q"uo\\te/d é')])
PATTERNS = (
    *("a", "1", " ", "\r", "\n", "\r\n", "-", "\r\n--", "\r\n\r\n", "%", "%25", "%3D", "%22", "\udc80", "é"),
    *("<", ">", "/", "</", '"', "'", "\\", '\\"', "=", "&", "?", "#", ":", ";", ",", "://", "@", "://a@", ".", "+"),
    *("[", "]", "{", "}", "[{", "\\u0070", "\\\\u0070", "<!--", "<![CDATA[", "<pin>", "<pin ", "</pin>", "<p:pin>"),
    *("<password ", "<password>", "<password><![CDATA[", "x:password ", ":pin:", "<a:pin:"),
    *("<u pin='", '<u pin="x" ', " pin='", '<u pin=\\"', "<u a='\" ", "\\npin='x'"),
    *('"password"', '"password":', '"password" ', '"password":"', '"password":[', '"password":{"a":', '\\"pin\\":\\"'),
    *('"pass\\u0077ord":', '"pin":1', '"pin":tru', '"pin":\\', '\\\\\\"pin\\\\\\":', '"pin":"\\', '"pin":[true,'),
    *('name="password', 'name="pin"\r\n\r\n', '--\r\n; name="pin"\r\n\r\nx\r\n', "; name=", "\n--", "--b\r\n"),
    *("password", "password=", "&pin=", "a=pin=", "?pin=a", "token%3D", "%26token%3Dx", "a=%2522", "Bearer ", "Basic "),
    *("aaaaaaaaaaaaaaaab", "hunter2hunter", "hunter2hunter2", "The pin is required. "),
)
KINDS = ("application/json", "text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "")


def _bodies(text: str) -> None:
    body = text.encode("utf-8", "surrogateescape")
    for kind in KINDS:
        REDACTOR.body(body, kind)


def _headers(text: str) -> None:
    names = ("Location", "Link", "Refresh", "Set-Cookie", "Cookie", "Authorization", "X-Shop-Token", "X-Other", "ETag")
    REDACTOR.headers((name, text) for name in names)


def _stream(kind: str) -> Callable[[str], object]:
    def run(text: str) -> None:
        body, stream = text.encode("utf-8", "surrogateescape"), RedactedStream(REDACTOR, kind)
        for start in range(0, len(body), len(body) // 32):
            stream.feed(body[start : start + len(body) // 32])
        stream.end()

    return run


def _streams(text: str) -> None:
    for kind in KINDS:
        _stream(kind)(text)


def _texts(text: str) -> None:
    REDACTOR.text(text)
    REDACTOR.mask_text(text)
    REDACTOR.url(f"https://shop.example/{text}")
    REDACTOR.is_secret_name(text)


def _exchange(text: str) -> None:
    body = text.encode("utf-8", "surrogateescape")
    headers = (("Location", text), ("Set-Cookie", text), ("Content-Type", "text/html"))
    request = SentRequest(method="GET", url=f"https://shop.example/?{text}", headers=(("Cookie", text),), body=body)
    response = ReceivedResponse(status=302, reason=text, headers=headers, body=body, truncated=text)
    judged = Verdict(code=text, message=text, fields=(RejectedField(name="pin", message=text),))
    call = Call(vendor="shop", endpoint="buy", extra=((text, text),), headers=(("X-Own", text),), base_url=text)
    exchange = Exchange(
        call=call,
        started_at=0,
        request=request,
        response=response,
        hops=(Hop(purpose="redirect", request=request, response=response),),
        verdict=judged,
        problems=({"field": "pin", "message": text},),
    )
    REDACTOR.exchange(endpoint("buy"), exchange)


@pytest.mark.parametrize("entry", [_texts, _headers, _bodies, _streams], ids=lambda entry: entry.__name__.strip("_"))
def test_twice_the_text_takes_twice_the_time(entry: Callable[[str], object]) -> None:
    assert not {pattern: ratio for pattern in PATTERNS if (ratio := _growth(entry, pattern)) > LIMIT}


@pytest.mark.parametrize("pattern", ["a", "<password ", "&pin=", '"pin":[', 'name="pin"\r\n\r\n', "\\"])
def test_a_whole_exchange_takes_twice_the_time(pattern: str) -> None:
    assert _growth(_exchange, pattern) <= LIMIT


def _growth(entry: Callable[[str], object], pattern: str) -> float:
    """Most patterns are ruled out by one measurement; what may have grown too much is measured properly."""
    small = pattern * (SIZE // len(pattern))
    large = small * 2
    seconds = [_seconds(entry, text) for text in (small, large)]
    return growth(entry, small, large) if seconds[1] > max(seconds[0] * 2.3, NOISE) else 1.0


def _seconds(entry: Callable[[str], object], text: str) -> float:
    start = process_time()
    entry(text)
    return process_time() - start
