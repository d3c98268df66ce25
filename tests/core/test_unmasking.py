"""Masks are found with the names that they stand for, and filled without touching anything else."""

from __future__ import annotations

import pytest

from explorer.core.model import SentRequest
from explorer.session.exact_replay import fill_masks, rebase_request

M = "••••••"
FORM = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("Content-Length", "9"))
JSON = (("content-type", "application/json"),)
PARTS = (("Content-Type", "multipart/form-data; boundary=B"),)
PART = '--B\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (SentRequest(method="GET", url="https://a.example/x?q=1"), ""),
        (SentRequest(method="GET", url=f"https://a.example/{M}/x"), "url"),
        (SentRequest(method="GET", url=f"https://a.example/x?a%5Bb%5D={M}&q=1&c={M}"), "query a[b], query c"),
        (SentRequest(method="GET", url=f"https://a.example/x?q=pre{M}"), "query"),
        (SentRequest(method="GET", url="/", headers=(("X-A", "1"), ("X-B", f"Bearer {M}"))), "header X-B"),
        (SentRequest(method="POST", url="/", headers=FORM, body=f"a={M}&b=2".encode()), "form a"),
        (
            SentRequest(method="POST", url="/", headers=JSON, body=f'{{"a": "{M}", "b":[{{"c":"{M}"}}]}}'.encode()),
            "json a, json c",
        ),
        (SentRequest(method="POST", url="/", headers=JSON, body=f'["{M}"]'.encode()), "body"),
        (
            SentRequest(method="POST", url="/", headers=PARTS, body=PART.format("p", M).encode() + b"--B--\r\n"),
            "multipart p",
        ),
        (SentRequest(method="POST", url="/", body=f"<pin>{M}</pin>".encode()), "body"),
        (SentRequest(method="POST", url="/", headers=JSON, body=b"\xff\x00\xfe"), ""),
    ],
)
def test_every_mask_is_found(request_: SentRequest, wanted: str) -> None:
    assert ", ".join(str(one) for one in fill_masks(request_, lambda _place: None)[1]) == wanted


def test_a_form_is_filled_as_a_form_and_its_length_follows() -> None:
    request = SentRequest(method="POST", url=f"https://a.example/?k={M}", headers=FORM, body=f"a={M}&b=x+y".encode())
    full, left = fill_masks(request, lambda _place: "ä b&c")
    assert left == ()
    assert full.url == "https://a.example/?k=%C3%A4%20b%26c"
    assert full.body == b"a=%C3%A4+b%26c&b=x+y"
    assert full.headers == (FORM[0], ("Content-Length", "20"))


def test_binary_parts_and_everything_else_stay_byte_for_byte() -> None:
    body = b"\xff\r\n" + PART.format("pin", M).encode() + b'--B\r\nname="f"; filename="a"\r\n\r\n\x00\xfe\r\n--B--\r\n'
    request = SentRequest(method="POST", url="/", headers=PARTS, body=body)
    assert fill_masks(request, lambda _place: "7")[0].body == body.replace(M.encode(), b"7")


def test_json_is_filled_with_json() -> None:
    request = SentRequest(method="POST", url="/", headers=JSON, body=f'{{ "n" : "{M}", "keep": 1.0 }}'.encode())
    assert fill_masks(request, lambda _place: "42")[0].body == b'{ "n" : 42, "keep": 1.0 }'


def test_what_is_not_known_stays_masked() -> None:
    request = SentRequest(method="GET", url=f"https://a.example/?a={M}&b={M}")
    full, left = fill_masks(request, lambda place: "1" if place.name == "a" else None)
    assert (full.url, [str(one) for one in left]) == (f"https://a.example/?a=1&b={M}", ["query b"])


def test_a_request_is_moved_with_its_host() -> None:
    request = SentRequest(
        method="GET", url="http://h:1/base/x?u=http://h:1/base", headers=(("Host", "h:1"), ("A", "h:1"))
    )
    there = rebase_request(request, "http://h:1/base/", "https://other.example/v2")
    assert there.url == "https://other.example/v2/x?u=http://h:1/base"
    assert there.headers == (("Host", "other.example"), ("A", "h:1"))
    assert rebase_request(request, "http://elsewhere", "http://n") == request
    assert rebase_request(request, "http://h:1/bas", "http://n") == request


def test_names_in_json_are_read_as_strings_and_not_as_what_is_within_them() -> None:
    body = f'{{"say \\"pin\\": {M}": "x", "a\\"b": "{M}", "\\u0070in" : "{M}", "\\q": "{M}"}}'.encode()
    request = SentRequest(method="POST", url="/", headers=JSON, body=body)
    assert [place.name for place in fill_masks(request, lambda _place: None)[1]] == ["", 'a"b', "pin", "\\q"]


def test_a_part_is_filled_whichever_headers_it_has() -> None:
    head = '--B\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name="pin"\r\nX-A: b\r\n\r\n'
    part = f"{head}{M}\r\n--B--\r\n"
    request = SentRequest(method="POST", url="/", headers=PARTS, body=part.encode())
    assert fill_masks(request, lambda _place: "7")[0].body == part.replace(M, "7").encode()
