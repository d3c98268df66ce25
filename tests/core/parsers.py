"""Everything that reads bytes of a server or text from a clipboard: one entry each, as a function of those bytes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import httpx
from rich.style import Style

from explorer.core import links, versions
from explorer.core.auth import token_request, wire
from explorer.core.auth.oauth2 import client as oauth2
from explorer.core.auth.options import TokenPlacement
from explorer.core.auth.signature_recipe import SignatureInput, SignatureParameter
from explorer.core.auth.verifier import IncomingRequest, header_token
from explorer.core.body import json_text as json_layout
from explorer.core.body import layout, lexer, markup, media
from explorer.core.body.document import Document
from explorer.core.body.filters import Filter
from explorer.core.body.media import parse_media_type, sniff_kind
from explorer.core.body.records import is_number, records_of
from explorer.core.body.structure import Outline, fold_around, folds_at, record_line, siblings, value_at
from explorer.core.body.table import RecordTable
from explorer.core.body.value import UnreadableBody, is_utf8, json_text, read_body
from explorer.core.body.wrapping import WrappedRows, row_breaks
from explorer.core.catalog.model import Endpoint, Vendor, VerdictRules
from explorer.core.curl.request_line import read_curl
from explorer.core.diff.changes import truncate
from explorer.core.drift.shape import Shape
from explorer.core.explain.signature import pasted_text, token_mistakes
from explorer.core.history_search import parse_search
from explorer.core.model import Call, ReceivedResponse, SentRequest
from explorer.core.paging import base as paging
from explorer.core.paging import records
from explorer.core.redaction import Redactor
from explorer.core.text.cell_width import cells
from explorer.core.text.data import first_nonblank, is_blank
from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.core.text.secret import MASK, Secret
from explorer.core.text.url_pairs import decode_pairs
from explorer.core.verdict import judge
from explorer.errors import ExplorerError
from explorer.sandbox.incoming_request import split_pairs
from explorer.session.exact_replay import fill_masks
from explorer.session.explain import SigningExplanation
from explorer.tui.body.paint import Painter
from tests.core.diffs import compare_bodies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TYPES: Final = {
    "json": "application/json",
    "json lines": "application/x-ndjson",
    "xml": "application/xml",
    "html": "text/html",
    "csv": "text/csv",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain",
    "unknown": "",
}
_SCREEN: Final = 2
"""Rows that are painted at either end."""


def _walk(steps: Iterable[object]) -> None:
    deque(steps, maxlen=0)


def _response(body: bytes, content_type: str) -> ReceivedResponse:
    return ReceivedResponse(status=200, headers=(("Content-Type", content_type),), body=body)


def _value(body: bytes, content_type: str) -> Any:
    try:
        return read_body(_response(body, content_type))
    except UnreadableBody:
        return None


def _readable(work: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """*work* that may say that it cannot read the bytes."""

    def run(data: bytes) -> None:
        try:
            work(data)
        except (UnreadableBody, ExplorerError, json_layout.NotSplittable):
            return

    return run


def _of_text(work: Callable[[str], object]) -> Callable[[bytes], None]:
    return _readable(lambda data: work(data.decode("utf-8", "replace")))


def _paint(data: bytes, content_type: str) -> None:
    """The first and the last screen, the middle of each long line included, wrapped and not."""
    document = Document(data, content_type)
    _walk(document.measure())
    rows = WrappedRows(document)
    painter = Painter(document, rows, lambda _kind: Style())
    for wrapped in (False, True):
        if wrapped:
            _walk(rows.wrap(80))
        painter.forget()
        last = max(rows.count - _SCREEN, 0)
        for row in [*range(min(_SCREEN, rows.count)), *range(last, rows.count)]:
            for left in (0, document.width // 2):
                painter.strip(row, left, 80, Style(), selected=None, cached=True)


def _at_lines(work: Callable[[Document, int], object]) -> Callable[[bytes, str], None]:
    """*work* at the first, middle and last line of a laid-out document."""

    def run(data: bytes, content_type: str) -> None:
        document = Document(data, content_type)
        for line in {0, document.line_count // 2, max(document.line_count - 1, 0)}:
            if line < document.line_count:
                work(document, line)

    return run


def _table(data: bytes, content_type: str) -> None:
    document = Document(data, content_type)
    found = records_of(document)
    if found is None or not len(found):
        return
    table = RecordTable(document, found)
    _walk(table.steps())
    for line in (0, len(found) // 2, len(found) - 1):
        table.tokens(line)
        found.raw(line)
    _walk(record_line(document, found.path, len(found) - 1))


def _search(data: bytes, content_type: str, needle: str, *, regex: bool) -> None:
    document = Document(data, content_type)
    look = document.search(needle, regex=regex)
    _walk(look.scan())
    next(look.seek(len(document.data) // 2, forward=False), None)
    next(look.seek(len(document.data) // 2), None)


def _shape(data: bytes, content_type: str) -> None:
    Shape().add(_value(data, content_type))


def _verdict(data: bytes, content_type: str) -> None:
    rule = VerdictRules(
        success="success", error="error", message="error.message", details="errors", message_holds_json=True
    )
    endpoint = Endpoint(id="e", title="E", group="G", path="/e")
    judge(Vendor(id="v", title="V", verdict=rule), endpoint, _response(data, content_type), {"name": "a"})


def _pages(data: bytes, content_type: str) -> None:
    response = _response(data, content_type)
    records.cut_records(response, "data.items")
    records.unpaged_records(response, read_body(response))


def _multipart(data: bytes) -> None:
    boundary = b"b"
    wire.split_fields(data, boundary)
    wire.without_fields(data, boundary, ("a",))
    wire.append_fields(data, boundary, (("a", "b"),))


def _unmask(data: bytes) -> None:
    """Every kind of body, the query and a header, with a mask behind the bytes and without."""
    for body in (data, data + MASK.encode(), data.replace(b"a", MASK.encode())):
        text = body.decode("utf-8", "replace")
        for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
            headers = (("Content-Type", kind), ("X-A", text))
            fill_masks(
                SentRequest(method="POST", url=f"https://a.example/?{text}", headers=headers, body=body), lambda _: None
            )


def _explained() -> SigningExplanation:
    call = Call(vendor="v", endpoint="e")
    redactor = Redactor(Vendor(id="v", title="V"))
    sent = pasted_text.OtherClientInput(
        "request",
        material=SignatureInput("/", (SignatureParameter("token", "x", "query"),), "GET", "https://a.example"),
    )
    return SigningExplanation(call, "none", "None", at=0, steps=(), redactor=redactor, sent=sent)


_OF_KIND: Final[dict[str, Callable[[bytes, str], object]]] = {
    "document laid out": Document,
    "document as sent": lambda data, kind: Document(data, kind, view="raw"),
    "painting": _paint,
    "outline": _at_lines(lambda document, line: _walk(Outline(document).path(line))),
    "value on a line": _at_lines(lambda document, line: value_at(document, line, None)),
    "neighbours of a line": _at_lines(siblings),
    "fold around a line": _at_lines(lambda document, line: _walk(fold_around(document, line))),
    "folds at a depth": lambda data, kind: _walk(folds_at(Document(data, kind), 1)),
    "records and table": _table,
    "search for words": lambda data, kind: _search(data, kind, "needle", regex=False),
    "search for a pattern": lambda data, kind: _search(data, kind, "ne+dle", regex=True),
    "body as a value": _value,
    "shape": _shape,
    "verdict": _verdict,
    "records of a page": _pages,
    "comparison": lambda data, kind: compare_bodies(data, data[: len(data) // 2] + b"x", (kind, kind)),
}
_KINDS: Final = {
    "painting": ("json", "xml", "html", "csv"),
    "document laid out": tuple(TYPES),
    "document as sent": ("json", "html", "csv"),
    "outline": ("json", "xml", "html"),
    "value on a line": ("json", "xml", "form"),
    "neighbours of a line": ("json",),
    "fold around a line": ("json", "xml"),
    "folds at a depth": ("json", "xml"),
    "records and table": ("json", "json lines", "xml", "csv"),
    "search for words": ("json", "text"),
    "search for a pattern": ("text",),
    "body as a value": ("json", "xml", "unknown"),
    "shape": ("json", "xml"),
    "verdict": ("json", "xml", "unknown"),
    "records of a page": ("json", "xml"),
    "comparison": ("json", "xml", "text", "form"),
}
_MATERIAL: Final = SignatureInput("/v1/items.json", (), "GET", "https://shop.example")
_NAMES: Final = pasted_text.SignatureNames("auth_id", "timestamp", "signature")
_WANTED: Final = TokenPlacement("header", "Authorization", "Bearer ")

_ALONE: Final[dict[str, Callable[[bytes], object]]] = {
    "sanitize": _of_text(sanitize),
    "sanitize_line": _of_text(sanitize_line),
    "cells": _of_text(cells),
    "breaks": _of_text(lambda text: row_breaks(text, 80)),
    "is_number": _of_text(is_number),
    "charset": lambda data: media.decode(data, ""),
    "charset of JSON": lambda data: media.decode(data, "", json=True),
    "charset label": _of_text(media.codec_for),
    "is_utf8": is_utf8,
    "is_blank": is_blank,
    "first_solid": first_nonblank,
    "looks_binary": lambda data: media.looks_binary(data, declared_text=False),
    "binary description": lambda data: (media.describe(data, ""), media.describe(b"\xff\xd8\xff" + data, "")),
    "hex row": lambda data: media.hex_row(data, len(data) // 32),
    "media type": _of_text(parse_media_type),
    "looks_like": sniff_kind,
    "format_form": layout.format_form,
    "format_json": json_layout.format_json,
    "format_json slowly": json_layout.format_in_python,
    "format_json broken": json_layout.format_invalid,
    "ends_early": json_layout.truncation_error,
    "JSON in pieces": _readable(lambda data: _walk(json_layout.IncrementalJsonLayout().lay_out(data, whole=True))),
    "JSON texts": _readable(lambda data: _walk(json_layout.split_json(data))),
    "format XML": lambda data: markup.format_markup(data, html=False),
    "format HTML": lambda data: markup.format_markup(data, html=True),
    "XML in steps": lambda data: _walk(markup.markup_steps(data, html=False)),
    "XML records": lambda data: _walk(markup.ElementFormatter().steps(data)),
    "XML check": lambda data: _walk(markup.xml_check(data)),
    "markup_prefix": lambda data: [lexer.markup_prefix(data, at, html=True) for at in (len(data) // 2, len(data))],
    "lex_csv": _of_text(lambda text: lexer.lex_csv(text, header=False)),
    "lex_pair": _of_text(lexer.lex_pair),
    "filter JSON": lambda data: Filter("json", data).run("data[0].name"),
    "filter XML": lambda data: Filter("xml", data).run(".//item/name"),
    "filter text": lambda data: Filter("text", data).run("needle"),
    "JSON text": lambda data: json_text(_response(data, "application/json; charset=latin-1")),
    "XML value in pieces": _readable(lambda data: _value(data, "application/xml")),
    "diff text shown": _of_text(truncate),
    "version of an Accept header": _of_text(
        lambda text: (
            versions.version_variants(text),
            versions.parse_version("v2", text),
            versions.version_mismatch(text, text),
        )
    ),
    "link of a page": _of_text(lambda text: (paging.page_from_link(text, "page"), paging.parse_whole_number(text))),
    "path of a value": _of_text(links.steps_of),
    "token response": _readable(lambda data: oauth2.read_token_response(data, 0.0)),
    "redirect of a login": _of_text(lambda text: oauth2.read_redirect("https://a.example/?" + text, "state")),
    "token in a field": lambda data: token_request.read_token(httpx.Response(200, content=data), "token"),
    "token in a header": _of_text(
        lambda text: header_token(
            IncomingRequest("GET", "/", headers={"authorization": text}), "Authorization", "Bearer "
        )
    ),
    "decode_pairs": decode_pairs,
    "multipart": _multipart,
    "multipart boundary": _of_text(wire.boundary_of),
    "query of the sandbox": _of_text(split_pairs),
    "pasted signature": _of_text(lambda text: pasted_text.read_other_client_input(text, _NAMES, _MATERIAL)),
    "pasted token": _of_text(lambda text: token_mistakes.read_token(text, _WANTED)),
    "pasted curl": _of_text(lambda text: read_curl("curl https://a.example/ -d " + text, {})),
    "words of a search": _of_text(lambda text: parse_search(text, 0.0)),
    "request that was masked": _unmask,
    "base string that is shown": _of_text(_explained().masked),
    "secret": _of_text(lambda text: Secret(text).fingerprint()),
}

PARSERS: Final[dict[str, Callable[[bytes], object]]] = {
    **_ALONE,
    **{
        f"{name}: {kind}": _readable(lambda data, work=_OF_KIND[name], kind=kind: work(data, TYPES[kind]))  # type: ignore[misc]  # bound now
        for name, kinds in _KINDS.items()
        for kind in kinds
    },
}
"""What it is → what reads bytes."""

UNITS: Final = (
    *(b"a", b"0", b"-", b".", b" ", b"\t", b"\n", b"\r", b"\x00", b"\x1b", b"\x7f", b"\xff"),
    *(b'"', b"'", b"\\", b"/", b"<", b">", b"&", b"=", b";", b",", b":", b"%", b"#", b"?", b"$", b"*", b"|", b"@"),
    *(b"{", b"}", b"[", b"]", b"(", b"!", b"`", b"~", b"^"),
    *("é".encode(), "漢".encode(), b"\xe6\xbc", "\u202e".encode()),
    *(b"<a ", b"<a>", b"<a/>", b"</a>", b"<a b='", b'<a b="c" ', b"<!--", b"<!", b"<?", b"<![CDATA[", b"]]>", b"--"),
    *(b"<script>", b"&amp;", b"<a>b</a>", b"<a\n", b"< "),
    *(b'{"a":', b'"a":1,', b'[{"a":1},', b'\\"', b'"a" ', b"[1,", b"1e9", b"null", b"\\ud800", b'{"data":[', b"[[],"),
    *(b"a=", b"a=b&", b"&&", b"%2", b"%41", b"+", b"a[]=", b"a.b.", b"v1", b"aa:", b"a;b=", b"token=", b"\r\n", b"x: "),
    *(
        b"\r\n--b\r\n",
        b"--b\r\n",
        b'name="',
        b"\\\n",
        b"$'",
        b"${a",
        b'"" ',
        b",,",
        b'a,"',
        b"_",
        b"e+",
        b"-a",
        b"signature=",
    ),
)
"""One repeated character, each delimiter, and the openers of what the parsers know."""

AFTER: Final = (
    *((b"<a ", b"a"), (b"<a ", b"a "), (b'<a b="', b"a"), (b"<a", b" "), (b"<", b"a"), (b"<!--", b"- "), (b"&", b"a")),
    *((b'{"a":"', b"\\\\"), (b'{"a":"', b"b"), (b'{"', b"b"), (b"[", b" "), (b"[1", b"0"), (b'"', b"a"), (b"'", b"a")),
    *((b"{", b"\n"), (b"<a>", b" "), (b"<?xml ", b" "), (b"a;", b" "), (b"v", b"1"), (b"Bearer", b" "), (b"a=", b"%")),
)
"""One opener, and what is repeated behind it."""
