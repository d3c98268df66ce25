"""The bytes of a request, held against what PHP's parser and the RFCs say of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from email.parser import BytesParser
from urllib.parse import urlsplit

import httpx
import pytest

from explorer.core.form import validate_form
from explorer.core.model import Entry
from explorer.core.request import Upload, build_request
from explorer.errors import UnknownName, UsageError
from tests.core.shop import endpoint, entries, vendor
from tests.properties import given, st

php = pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed; it is the independent parser here")


def build(name: str, *words: str, base: str = "https://shop.example/base", **options: object) -> httpx.Request:
    shop, call = vendor(), endpoint(name)
    checked = validate_form(call, entries(*words))
    return build_request(shop, call, checked.values, base, **options)  # type: ignore[arg-type] # options of one function


def parsed_by_php(text: str) -> object:
    script = "parse_str(stream_get_contents(STDIN), $out); echo json_encode($out, JSON_UNESCAPED_UNICODE);"
    return json.loads(
        subprocess.run(["php", "-r", script], input=text.encode(), capture_output=True, check=True).stdout
    )


def test_the_version_travels_in_the_accept_header() -> None:
    assert build("search").headers["accept"] == "application/x.shop.v2+json"


def test_base_url_and_path_are_joined_with_one_slash() -> None:
    for base in ("https://shop.example/base", "https://shop.example/base/"):
        assert str(build("search", base=base).url) == "https://shop.example/base/goods"


@php
def test_brackets_and_blanks_arrive_as_php_reads_them() -> None:
    request = build("search", "q=a b+c&d=é", "filter[brands][]=x", "filter[brands][]=y,z", "filter[name]=1,2")
    assert parsed_by_php(urlsplit(str(request.url)).query) == {
        "q": "a b+c&d=é",
        "filter": {"brands": ["x", "y,z"], "name": "1,2"},
    }


@php
def test_a_form_body_arrives_as_php_reads_it() -> None:
    request = build("cart", "item10_id=2", "item10_size=L & XL", "item2_id=1", "item2_size=", "note=a+b c")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    body = parsed_by_php(request.content.decode())
    assert isinstance(body, dict)
    assert list(body)[:4] == ["item2_id", "item2_size", "item10_id", "item10_size"]
    assert body["item10_size"] == "L & XL"
    assert body["note"] == "a+b c"


def test_json_bodies_nest_and_keep_number_tokens() -> None:
    request = build(
        "buy",
        "shipping.city=Hyrule",
        "line_items[0].id=42117",
        "line_items[0].price=25.0",
        "tags[]=a",
        "tags[]=b",
        "gift=false",
        "customer.email:=null",
    )
    assert request.headers["content-type"] == "application/json"
    assert b'"price":25.0' in request.content
    assert json.loads(request.content) == {
        "shipping": {"city": "Hyrule"},
        "customer": {"email": None},
        "line_items": [{"id": 42117, "price": 25.0}],
        "gift": False,
        "tags": ["a", "b"],
    }


def test_a_json_body_without_values_is_an_empty_object() -> None:
    assert build("buy").content == b"{}"


def test_multipart_carries_texts_and_files() -> None:
    request = build(
        "upload",
        "title=Boy Bag",
        "images[0]=@shots/front.png",
        boundary="b0",
        read_file=lambda path: Upload(path.rsplit("/")[-1], b"\x89PNG", "image/png"),
    )
    assert request.headers["content-type"] == "multipart/form-data; boundary=b0"
    raw = b"Content-Type: multipart/form-data; boundary=b0\r\n\r\n" + request.content
    parts = [part for part in BytesParser().parsebytes(raw).walk() if not part.is_multipart()]
    found = [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
        for part in parts
    ]
    assert found == [("title", None, b"Boy Bag"), ("images[0]", "front.png", b"\x89PNG")]


def test_a_path_value_stays_in_its_place() -> None:
    assert build("fetch", "ids=1,2,3").url.raw_path == b"/base/goods/1,2,3.json"
    assert build("fetch", "ids=a/b?c#d").url.raw_path == b"/base/goods/a%2Fb%3Fc%23d.json"
    with pytest.raises(UsageError, match="path"):
        build("fetch", "ids=..")


def test_an_unfilled_place_is_never_sent_as_a_brace() -> None:
    assert b"{" not in build("fetch").url.raw_path


@pytest.mark.parametrize(
    "base", ["ftp://x", "shop.example", "https://user:pw@shop.example", "https://x/?a=1", "http://x:99999"]
)
def test_a_base_url_that_cannot_be_used_is_refused(base: str) -> None:
    with pytest.raises(UsageError):
        build("search", base=base)


@pytest.mark.parametrize(
    "header", [("Bad Name", "x"), ("X", "a\r\nb"), ("X", "é"), ("Content-Length", "3"), ("X", " a")]
)
def test_a_header_that_cannot_be_sent_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        build("search", headers=[header])


def test_the_method_is_one_of_the_endpoints() -> None:
    assert build("search", method="HEAD").method == "HEAD"
    with pytest.raises(UnknownName):
        build("search", method="POST")


@given(st.text(max_size=60).filter(lambda text: not any(0xD800 <= ord(sign) < 0xE000 for sign in text)))
def test_any_text_survives_the_query_and_the_form(text: str) -> None:
    shop = vendor()
    search = endpoint("search")
    request = build_request(
        shop, search, validate_form(search, [Entry(name="q", value=text)]).values, "https://shop.example"
    )
    assert dict(request.url.params).get("q", "") == text
    cart = endpoint("cart")
    form = build_request(
        shop, cart, validate_form(cart, [Entry(name="note", value=text)]).values, "https://shop.example"
    )
    assert httpx.QueryParams(form.content.decode())["note"] == text
    buy = endpoint("buy")
    sent = build_request(
        shop, buy, validate_form(buy, [Entry(name="shipping.city", value=text)]).values, "https://shop.example"
    )
    assert json.loads(sent.content)["shipping"]["city"] == text


def test_half_a_surrogate_pair_is_an_escape_in_json_and_refused_elsewhere() -> None:
    literal = r'customer.email:="\ud83d"'
    assert rb'"email":"\ud83d"' in build("buy", "shipping.city=x", literal).content
    with pytest.raises(UsageError, match="cannot be sent"):
        build("cart", r'note:="\ud83d"')
    with pytest.raises(UsageError, match="cannot be sent"):
        build("search", extra=[("a", "\udcff")])
    with pytest.raises(UsageError, match="UTF-8"):
        entries("q=\udcff")
