"""Reading and rewriting a built request, against urllib and PHP; the light import; what the other side knows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import httpx
import pytest

from explorer.core.auth import wire
from explorer.core.auth.signature_recipe import (
    FileTreatment,
    SignatureInput,
    SignatureParameter,
    SignatureRecipe,
    select_parameters,
)
from explorer.core.auth.verifier import AccountBook
from explorer.core.catalog.model import Credential, Vendor
from explorer.core.text.media_type import FORM
from explorer.core.text.url_pairs import decode_pairs, encode_pairs
from tests.properties import given, st


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")
def test_a_query_is_read_as_php_reads_it() -> None:
    queries = ["a=1&b=x+y", "a=%2B&b=%20", "a&b=", "&&a=1&", "a=b=c", "a=%zz&b=100%", "é=%C3%A9", "a=%F0%9F%99%82"]
    script = """
    $out = [];
    foreach (json_decode(stream_get_contents(STDIN)) as $query) { parse_str($query, $p); $out[] = (object) $p; }
    echo json_encode($out);
    """
    done = subprocess.run(["php", "-r", script], input=json.dumps(queries).encode(), capture_output=True, check=True)
    assert [dict(decode_pairs(query.encode())) for query in queries] == json.loads(done.stdout)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=6), st.binary(max_size=6)), max_size=4))
def test_bytes_that_are_no_text_survive(pairs: list[tuple[bytes, bytes]]) -> None:
    raw = b"&".join(b"=".join("".join(f"%{byte:02X}" for byte in part).encode() for part in pair) for pair in pairs)
    found = decode_pairs(raw)
    assert [tuple(text.encode("utf-8", "surrogateescape") for text in pair) for pair in found] == pairs
    assert decode_pairs(encode_pairs(found)) == found


def test_taking_a_parameter_out_leaves_the_others_byte_for_byte() -> None:
    url = "https://api.example/x?b=1+2&token=%74&c[]=%7e&to%6ben=t&&d"
    request = httpx.Request("GET", url)
    assert wire.without_parameters(request, ("token",)).url.query == b"b=1+2&c[]=%7e&&d"
    assert wire.without_parameters(request, ("b", "c[]", "d", "token", "")).url.query == b""
    assert str(wire.without_parameters(httpx.Request("GET", "https://api.example/x?token=t"), ("token",)).url).endswith(
        "/x"
    )


def test_a_copy_keeps_headers_extensions_and_the_right_length() -> None:
    request = httpx.Request(
        "POST", "https://api.example/x", content=b"a=1", headers={"X-One": "1", "Content-Type": FORM}
    )
    request.extensions["explorer.files"] = ("f",)
    copy = wire.add_to_body(request, (("b", "é"),))
    assert (copy.content, copy.headers["content-length"]) == (b"a=1&b=%C3%A9", "12")
    assert (copy.headers["x-one"], copy.extensions["explorer.files"]) == ("1", ("f",))
    assert copy.headers.get_list("content-length") == ["12"]
    assert (request.content, request.headers["content-length"]) == (b"a=1", "3")


@pytest.mark.parametrize(
    ("base", "url", "path"),
    [
        ("https://a.example/api", "https://a.example/api/v1/x.json?q=1", "/v1/x.json"),
        ("https://a.example/api/", "https://a.example/api/v1/x", "/v1/x"),
        ("https://a.example", "https://a.example/v1/x", "/v1/x"),
        ("https://a.example/api", "https://a.example/apis/x", "/apis/x"),
        ("https://a.example/api", "https://a.example/api/a%20b", "/a b"),
    ],
)
def test_the_path_below_the_base_url(base: str, url: str, path: str) -> None:
    assert wire.path_below(base, httpx.URL(url)) == path


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; Boundary="a b;c"', b"a b;c"),
        ("multipart/form-data", None),
        ("application/json; boundary=abc", None),
    ],
)
def test_the_boundary(content_type: str, boundary: bytes | None) -> None:
    assert wire.boundary_of(content_type) == boundary


def test_multipart_fields_are_read_added_and_taken_out() -> None:
    body = (
        b'preamble\r\n--b\r\ncontent-disposition: form-data; filename="x; name=y"; name="f"\r\n\r\n\x00\r\n--c\r\n'
        b'--b\r\nContent-Disposition: form-data; name="a \\"q\\""\r\n\r\none\r\ntwo\r\n'
        b"--b\r\nContent-Disposition: form-data; name=bare\r\n\r\n\r\n--b--\r\nepilogue"
    )
    found = [(part.name, part.filename, part.value) for part in wire.split_fields(body, b"b")]
    assert found == [("f", "x; name=y", b"\x00\r\n--c"), ('a "q"', None, b"one\r\ntwo"), ("bare", None, b"")]
    assert wire.without_fields(body, b"b", ("nothing",)) == body
    less = wire.split_fields(wire.without_fields(body, b"b", ("f",)), b"b")
    assert [part.name for part in less] == ['a "q"', "bare"]
    assert [part.name for part in wire.split_fields(wire.append_fields(b"", b"b", [("new", "v")]), b"b")] == ["new"]


def test_naming_the_schemes_loads_no_http_library() -> None:
    code = (
        "import sys, explorer.core.auth, explorer.core.paging;"
        "assert not {'httpx', 'oauthlib'} & set(sys.modules);"
        "explorer.core.paging.PAGING_STYLES; assert 'httpx' not in sys.modules;"
        "dict(explorer.core.auth.AUTH_SCHEMES); assert not {'httpx', 'oauthlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_accounts_of_a_vendor() -> None:
    table = {
        "key": Credential(title="Key", sandbox="demo-key", sandbox_foreign=("live-key",)),
        "secret": Credential(title="Secret", sandbox="demo-secret"),
        "other": Credential(title="Other"),
    }
    shop = Vendor(id="shop", title="Shop", credentials=table)
    environ = {
        "API_EXPLORER_SHOP_KEY": "weak",
        "API_EXPLORER_SHOP_SANDBOX_KEY": "mine",
        "API_EXPLORER_SHOP_OTHER": "",
        "API_EXPLORER_ELSE_SECRET": "no",
    }
    book = AccountBook.of(shop, environ)
    assert [account.id for account in book.accounts] == ["demo", "environment"]
    found = book.find({"key": "mine", "secret": "demo-secret"})
    assert found is not None
    assert found.id == "environment"
    assert book.find({"key": "demo-key", "secret": "no"}) is None
    assert book.find({"other": ""}) is None
    assert book.find({}) is None
    assert book.is_foreign("key", "live-key")
    assert not book.is_foreign("secret", "live-key")
    assert "demo-secret" not in repr(book.accounts)


@pytest.mark.parametrize(
    ("files", "value"), [("left_out", None), ("name", "logo.png"), ("path", "art/logo.png"), ("empty", "")]
)
def test_a_file_is_signed_as_the_recipe_says(files: FileTreatment, value: str | None) -> None:
    recipe = SignatureRecipe(files=files)
    signed, left = select_parameters(recipe, SignatureInput("/", (SignatureParameter("logo", "art/logo.png", "file"),)))
    assert [part.value for part in signed if part.name == "logo"] == ([] if value is None else [value])
    assert len(left) == (value is None)
