"""The table of hostile responses: a name, what it is, and how its bytes are made."""

from __future__ import annotations

import json
import zlib
from functools import partial
from typing import Final

from tests.hostile.replies import (
    ESCAPES,
    MB,
    blocks,
    bomb,
    by_turn,
    chunk,
    counted,
    drip,
    endless,
    fill,
    head,
    interim,
    numbered,
    ok,
    packed,
    png,
    raw,
    redirect,
    redirect_in_circles,
    sign_in,
    wrapped,
)
from tests.hostile.server import Command, Kind

BROKEN: Final = (3,)
"""The exit code of a response that is broken, cut, or too late."""
NOT_OK: Final = (1, 3)
"""The exit codes of a body that says no success, however its status reads."""
_OK = b'{"data": []}'
_CHUNKED = head("Transfer-Encoding: chunked")
_GZIP = "Content-Encoding: gzip"
_ESCAPED = json.dumps({"error": ESCAPES, ESCAPES: ESCAPES, "message": ESCAPES})
_HOLD = Command.HOLD
_RESET = Command.RESET
_XML = "application/xml"
_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">'
    + b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 12))
    + b"]><l>&l11;</l>"
)
_DRIPPED = head("Content-Length: 12") + _OK

_STATUS_LINES: Final = (
    Kind("nothing", "the connection is closed without a byte", raw(), exits=BROKEN),
    Kind("one-byte", "one byte, then the end", raw(b"H"), exits=BROKEN),
    Kind("empty-line", "an empty status line", raw(b"\r\n\r\n"), exits=BROKEN),
    Kind("http-0.9", "a body without a head, as HTTP/0.9 has it", raw(_OK), exits=BROKEN),
    Kind("http-2-version", "a status line of version 2", raw(b"HTTP/2 200 OK\r\n\r\n" + _OK), exits=BROKEN),
    Kind("http-9.9-version", "a status line of version 9.9", raw(b"HTTP/9.9 200 OK\r\n\r\n" + _OK)),
    Kind(
        "http-2-preface",
        "the preface and the settings of HTTP/2",
        raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
        exits=BROKEN,
    ),
    Kind("tls-alert", "bytes of TLS on a plain connection", raw(b"\x15\x03\x01\x00\x02\x02\x16" * 50), exits=BROKEN),
    Kind("ssh-banner", "the banner of another protocol", raw(b"SSH-2.0-OpenSSH_9.9\r\n", _HOLD), exits=BROKEN),
    Kind("status-letters", "a status of letters", raw(b"HTTP/1.1 abc OK\r\n\r\n"), exits=BROKEN),
    Kind("status-0", "status 0", raw(b"HTTP/1.1 0 OK\r\n\r\n"), exits=BROKEN),
    Kind("status-999", "status 999", ok(_OK, status="999 Who Knows")),
    Kind("status-1000", "a status of four digits", raw(b"HTTP/1.1 1000 OK\r\n\r\n"), exits=BROKEN),
    Kind("status-negative", "a negative status", raw(b"HTTP/1.1 -200 OK\r\n\r\n"), exits=BROKEN),
    Kind(
        "status-no-reason",
        "a status line that ends after the status",
        raw(b"HTTP/1.1 200\r\nContent-Length: 12\r\n\r\n" + _OK),
    ),
    Kind("reason-1mb", "a reason phrase of 1 MB", ok(_OK, status="200 " + "x" * MB), exits=BROKEN),
    Kind("reason-60kb", "a reason phrase of 60 kB", ok(_OK, status="200 " + "x" * 60_000)),
    Kind("reason-escapes", "control sequences in the reason phrase", ok(_OK, status=f"418 {ESCAPES}")),
    Kind("reason-markup", "markup in the reason phrase", ok(_OK, status="418 [/x][red]tea[@click=app.quit]pot[/]")),
    Kind(
        "reason-c1",
        "C1 bytes in the reason phrase",
        raw(b"HTTP/1.1 500 \x9b2J\x9d0;pwned\x9c\r\nContent-Length: 2\r\n\r\n{}"),
    ),
    Kind("status-line-endless", "a status line without end", endless(b"HTTP/1.1 200 ", b"x" * 1000), exits=BROKEN),
    Kind("line-feeds-only", "lines that end with LF alone", raw(b"HTTP/1.1 200 OK\nContent-Length: 12\n\n" + _OK)),
)

_HEADERS: Final = (
    Kind("headers-10000", "10,000 headers", ok(_OK, *(f"X-{number}: value" for number in range(10_000)))),
    Kind(
        "headers-2000",
        "2,000 short headers, below the parser's limit",
        ok(_OK, *(f"X-{number}: value" for number in range(2000))),
    ),
    Kind("headers-endless", "headers without end", endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), exits=BROKEN),
    Kind("header-1mb", "one header of 1 MB", ok(_OK, b"X-Long: " + b"x" * MB), exits=BROKEN),
    Kind("header-60kb", "one header of 60 kB", ok(_OK, b"X-Long: " + b"x" * 60_000)),
    Kind("header-60kb-ampersands", "one header of 60 kB of &", ok(_OK, b"X-Long: " + b"&" * 60_000)),
    Kind("header-60kb-equals", "one header of 60 kB of a=", ok(_OK, b"X-Long: " + b"a=" * 30_000)),
    Kind("header-60kb-quotes", "one header of 60 kB of quotes", ok(_OK, b"X-Long: " + b'"' * 60_000)),
    Kind("header-name-60kb", "a header name of 60 kB", ok(_OK, b"X" * 60_000 + b": 1")),
    Kind("header-no-colon", "a header without a colon", ok(_OK, "what is this")),
    Kind("header-nul", "a NUL in a header", ok(_OK, b"X-Nul: a\0b")),
    Kind("header-escapes", "control sequences in a header", ok(_OK, f"X-Evil: {ESCAPES}".replace("\r", ""))),
    Kind("header-latin-1", "C1 bytes and Latin letters in a header", ok(_OK, b"X-Evil: \x9b2J caf\xe9 \xff")),
    Kind("header-empty-name", "a header without a name", ok(_OK, ": empty")),
    Kind("header-space-colon", "a space before the colon", ok(_OK, "X-Space : 1")),
    Kind("obs-fold", "a header folded over 1,000 lines", ok(_OK, "X-Fold: a", *(" b",) * 1000)),
    Kind(
        "length-twice",
        "Content-Length twice, different",
        raw(head("Content-Length: 5", "Content-Length: 12") + _OK),
        exits=BROKEN,
    ),
    Kind("length-list", "a list as Content-Length", raw(head("Content-Length: 12, 12") + _OK)),
    Kind("length-negative", "a negative Content-Length", raw(head("Content-Length: -1") + _OK), exits=BROKEN),
    Kind("length-letters", "letters as Content-Length", raw(head("Content-Length: twelve") + _OK), exits=BROKEN),
    Kind("length-plus", "a sign in Content-Length", raw(head("Content-Length: +12") + _OK), exits=BROKEN),
    Kind("length-huge", "a Content-Length of 10^30", raw(head(f"Content-Length: {10**30}") + _OK), exits=BROKEN),
    Kind(
        "length-5000-digits",
        "a Content-Length of 5,000 digits",
        raw(head("Content-Length: " + "9" * 5000) + _OK),
        exits=BROKEN,
    ),
    Kind(
        "length-and-chunked",
        "Content-Length and Transfer-Encoding",
        raw(head("Content-Length: 3", "Transfer-Encoding: chunked") + chunk(_OK) + b"0\r\n\r\n"),
    ),
    Kind("transfer-unknown", "an unknown Transfer-Encoding", raw(head("Transfer-Encoding: rot13") + _OK), exits=BROKEN),
    Kind(
        "transfer-twice", "chunked twice", raw(head("Transfer-Encoding: chunked, chunked") + chunk(_OK) + b"0\r\n\r\n")
    ),
    Kind("content-type-60kb", "a Content-Type of 60 kB", ok(_OK, kind="application/json; " + "a=b;" * 15_000)),
    Kind("content-type-garbage", "a Content-Type of garbage", ok(_OK, kind='/;;=="\\",[red]text')),
    Kind("content-type-none", "no Content-Type", ok(_OK, kind="")),
    Kind(
        "cookie-flood",
        "700 Set-Cookie headers",
        ok(_OK, *(f"Set-Cookie: c{number}={'x' * 60}; Path=/" for number in range(700))),
    ),
    Kind("cookie-60kb", "one Set-Cookie of 60 kB", ok(_OK, "Set-Cookie: a=" + "b;c=" * 15_000)),
    Kind(
        "challenge-garbage",
        "a 401 whose WWW-Authenticate is garbage",
        ok(_OK, 'WWW-Authenticate: ,,=",Bearer realm="\\"\\', status="401 Unauthorized"),
    ),
    Kind(
        "challenge-60kb",
        "a 401 with 60 kB of challenges",
        ok(_OK, "WWW-Authenticate: " + 'Basic realm="a", ' * 3500, status="401 Unauthorized"),
    ),
    Kind("link-flood", "a Link header of 60 kB", ok(_OK, "Link: " + '</a?page=2>; rel="next", ' * 2400)),
    Kind(
        "retry-after-huge",
        "a 429 that asks to wait 10^30 seconds",
        ok(_OK, f"Retry-After: {10**30}", status="429 Too Many Requests"),
    ),
    Kind(
        "retry-after-garbage",
        "a 503 with a Retry-After of garbage",
        ok(_OK, "Retry-After: -1e999", status="503 Service Unavailable"),
    ),
    Kind(
        "date-garbage",
        "dates that are none",
        ok(_OK, "Date: Mon, 99 Foo 99999 99:99:99 XYZ", "Last-Modified: " + "9" * 5000, "Expires: -1"),
    ),
    Kind(
        "disposition-traversal",
        "a file name that leaves its folder",
        ok(_OK, 'Content-Disposition: attachment; filename="../../../etc/passwd"'),
    ),
)

_TIMES: Final = (
    Kind("drip-status-line", "the head at one byte a second", drip(b"", _DRIPPED), exits=BROKEN),
    Kind(
        "drip-headers", "headers at one byte a second", drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 50), exits=BROKEN
    ),
    Kind("drip-body", "the body at one byte a second", drip(head("Content-Length: 1000"), b" " * 1000), exits=BROKEN),
    Kind(
        "drip-fast",
        "the body at 200 bytes a second, each by itself",
        drip(head("Content-Length: 9000"), b" " * 9000, 0.005),
        exits=BROKEN,
    ),
    Kind("drip-chunks", "a chunk of one byte a second", endless(_CHUNKED, chunk(b" "), 1.0), exits=BROKEN),
    Kind("drip-gzip", "gzip at one byte a second", drip(head(_GZIP), packed(1, _OK * 50)), exits=BROKEN),
    Kind("stall-at-once", "no byte at all", raw(_HOLD), exits=BROKEN),
    Kind("stall-in-status-line", "silence within the status line", raw(b"HTTP/1.1 200", _HOLD), exits=BROKEN),
    Kind(
        "stall-in-headers",
        "silence within the headers",
        raw(b"HTTP/1.1 200 OK\r\nContent-Type: app", _HOLD),
        exits=BROKEN,
    ),
    Kind("stall-after-headers", "silence after the headers", raw(head("Content-Length: 12"), _HOLD), exits=BROKEN),
    Kind("stall-in-body", "silence within the body", raw(head("Content-Length: 12"), _OK[:5], _HOLD), exits=BROKEN),
    Kind("stall-in-chunk", "silence within a chunk", raw(_CHUNKED + b"c\r\n{", _HOLD), exits=BROKEN),
    Kind("stall-after-chunks", "silence where the last chunk is due", raw(_CHUNKED + chunk(_OK), _HOLD), exits=BROKEN),
    Kind(
        "stall-without-length",
        "a whole body without a length, and the connection stays open",
        raw(head() + _OK, _HOLD),
        exits=BROKEN,
    ),
    Kind(
        "stall-after-body",
        "a whole response, and the connection stays open",
        raw(head("Content-Length: 12") + _OK, _HOLD),
    ),
    Kind("reset-at-once", "a reset in place of a response", raw(_RESET), exits=BROKEN),
    Kind(
        "reset-after-headers", "a reset after the headers", raw(head("Content-Length: 12"), 0.2, _RESET), exits=BROKEN
    ),
    Kind(
        "reset-in-body",
        "a reset within the body",
        raw(head("Content-Length: 500000"), b" " * 200_000, 0.2, _RESET),
        exits=BROKEN,
    ),
    Kind("close-in-headers", "the end within the headers", raw(b"HTTP/1.1 200 OK\r\nContent-Ty"), exits=BROKEN),
    Kind(
        "close-in-body",
        "the end before Content-Length is reached",
        raw(head("Content-Length: 5000") + _OK),
        exits=BROKEN,
    ),
    Kind("close-in-chunk", "the end within a chunk", raw(_CHUNKED + b"1000\r\n{}"), exits=BROKEN),
    Kind("close-before-last-chunk", "the end without a last chunk", raw(_CHUNKED + chunk(_OK)), exits=BROKEN),
    Kind("body-endless", "a body without end", endless(head(), b" " * 65_536), exits=BROKEN),
    Kind("body-endless-digits", "one number without end", endless(head(), b"1" * 65_536), exits=BROKEN),
    Kind("body-endless-json", "an array without end", endless(head() + b"[0", b",0" * 30_000), exits=BROKEN),
    Kind(
        "body-endless-lines",
        "text without end",
        endless(head(kind="text/plain"), b"line of text\n" * 5000),
        exits=BROKEN,
    ),
    Kind("body-endless-xml", "siblings without end", endless(head(kind=_XML) + b"<a>", b"<b/>" * 16_000), exits=BROKEN),
    Kind("chunks-endless", "chunks without end", endless(_CHUNKED, chunk(b" " * 60_000)), exits=BROKEN),
    Kind("interim-endless", "interim responses without end", interim(0.0), exits=BROKEN),
    Kind("interim-drip", "ten interim responses a second", interim(0.1), exits=BROKEN),
    Kind(
        "continue-unasked",
        "100 Continue that nobody asked for, then a response",
        raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3, head("Content-Length: 12") + _OK),
    ),
    Kind(
        "switching-protocols",
        "101 Switching Protocols",
        raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n\0\1\2", _HOLD),
        exits=BROKEN,
    ),
    Kind(
        "reply-before-request",
        "a response before the request was read",
        raw(head("Content-Length: 12") + _OK, 0.3),
        early=True,
    ),
    Kind(
        "error-before-request",
        "a 400 before the request was read",
        raw(head("Content-Length: 2", status="400 Bad Request") + b"{}", 0.3),
        early=True,
    ),
    Kind("two-responses", "two responses to one request", raw((head("Content-Length: 12") + _OK) * 2)),
    Kind("bytes-after-body", "1 MB after the end of the body", raw(head("Content-Length: 12") + _OK, b"x" * MB)),
)

_REDIRECTS: Final = (
    Kind(
        "redirect-endless",
        "another path with each redirect",
        redirect_in_circles(lambda request: f"/{request.number}"),
        exits=BROKEN,
    ),
    Kind(
        "redirect-self", "a redirect to the same URL", redirect_in_circles(lambda request: request.target), exits=BROKEN
    ),
    Kind(
        "redirect-growing",
        "a redirect that doubles its URL",
        redirect_in_circles(lambda request: request.target[:20_000] * 2),
        exits=BROKEN,
    ),
    Kind("redirect-javascript", "a redirect to javascript:", redirect("javascript:alert(1)")),
    Kind("redirect-file", "a redirect to a file", redirect("file:///etc/passwd")),
    Kind("redirect-data", "a redirect to data:", redirect("data:text/html,<b>x</b>")),
    Kind("redirect-ftp", "a redirect to ftp:", redirect("ftp://127.0.0.1/x")),
    Kind(
        "redirect-port-99999999",
        "a redirect to a port that cannot be",
        redirect("http://127.0.0.1:99999999/"),
        exits=(1, 3),
    ),
    Kind("redirect-port-letters", "a redirect to a port of letters", redirect("http://127.0.0.1:http/"), exits=(1, 3)),
    Kind(
        "redirect-closed-port",
        "a redirect to a port where nothing listens",
        redirect("http://127.0.0.1:1/"),
        exits=(1, 3),
    ),
    Kind("redirect-60kb", "a Location of 60 kB", redirect("/" + "a" * 60_000)),
    Kind("redirect-60kb-parameters", "a Location of 60 kB of parameters", redirect("/?" + "a=b&" * 15_000)),
    Kind("redirect-60kb-ampersands", "a Location of 60 kB of &", redirect("javascript:?" + "&" * 60_000)),
    Kind("redirect-60kb-percent", "a Location of 60 kB of %25", redirect("javascript:?" + "%25" * 20_000)),
    Kind("redirect-60kb-slashes", "a Location of 60 kB of ../", redirect("/" + "../" * 20_000)),
    Kind(
        "redirect-escapes",
        "control sequences in Location",
        redirect(("javascript:" + ESCAPES).replace("\r", "").replace("\0", "")),
    ),
    Kind("redirect-c1", "C1 bytes in Location", redirect(b"http://127.0.0.1:1/\x9b2J\xff")),
    Kind("redirect-empty", "an empty Location", redirect("")),
    Kind("redirect-bad-ipv6", "a Location with half an IPv6 address", redirect("http://[::1/"), exits=(1, 3)),
    Kind(
        "redirect-userinfo",
        "a Location with user and password",
        redirect("http://user:hunter2@127.0.0.1:1/"),
        exits=(1, 3),
    ),
    Kind(
        "redirect-bad-idna",
        "a Location whose host name cannot be",
        redirect("http://xn--a.xn--" + "z" * 70 + "/"),
        exits=(1, 3),
    ),
    Kind("redirect-300", "300 Multiple Choices without a Location", ok(_OK, status="300 Multiple Choices")),
    Kind(
        "redirect-stall", "a redirect whose target never answers", by_turn(redirect("/there"), raw(_HOLD)), exits=BROKEN
    ),
    Kind("status-304", "304 with a body", raw(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n" + _OK)),
)

_CHUNKS: Final = (
    Kind("chunk-giant", "a chunk of 16 EB", raw(_CHUNKED + b"FFFFFFFFFFFFFFFF\r\n" + _OK), exits=BROKEN),
    Kind("chunk-digits-1mb", "a chunk size of 1 MB of digits", raw(_CHUNKED + b"1" * MB), exits=BROKEN),
    Kind("chunk-negative", "a negative chunk size", raw(_CHUNKED + b"-5\r\nhello\r\n"), exits=BROKEN),
    Kind("chunk-letters", "a chunk size of letters", raw(_CHUNKED + b"xyz\r\nhello\r\n"), exits=BROKEN),
    Kind(
        "chunk-underscore",
        "a chunk size with an underscore",
        raw(_CHUNKED + b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n"),
        exits=BROKEN,
    ),
    Kind("chunk-no-end", "a chunk longer than it says", raw(_CHUNKED + b"2\r\nhello\r\n0\r\n\r\n"), exits=BROKEN),
    Kind(
        "chunk-extension-1mb",
        "a chunk extension of 1 MB",
        raw(_CHUNKED + b"5;" + b"a" * MB + b"\r\nhello\r\n0\r\n\r\n"),
        exits=BROKEN,
    ),
    Kind(
        "chunks-of-one-byte",
        "300,000 chunks of one byte",
        ok(lambda: blocks(chunk(b" ") * 300_000 + b"0\r\n\r\n"), "Transfer-Encoding: chunked"),
    ),
    Kind(
        "trailers-endless",
        "trailers without end",
        endless(_CHUNKED + chunk(_OK) + b"0\r\n", b"X-A: b\r\n"),
        exits=BROKEN,
    ),
    Kind(
        "trailers-escapes",
        "control sequences in trailers",
        raw(_CHUNKED + chunk(_OK) + b"0\r\nX-Evil: \x1b]0;pwned\x07\r\n\r\n"),
    ),
)

_CODINGS: Final = (
    Kind("gzip-bomb", "1 GB of zeros in 1 MB of gzip", ok(lambda: bomb(b"\0" * 1000, 1000), _GZIP), exits=BROKEN),
    Kind(
        "gzip-bomb-json",
        "300 MB of JSON in 300 kB of gzip",
        ok(lambda: bomb(b"0,", 300, before=b"[", after=b"0]"), _GZIP),
    ),
    Kind(
        "gzip-bomb-text",
        "200 MB of one line in 200 kB of gzip",
        ok(lambda: bomb(b"line ", 200), _GZIP, kind="text/plain"),
    ),
    Kind(
        "gzip-bomb-double",
        "1 GB of zeros in gzip in gzip",
        ok(lambda: packed(1, bomb(b"\0" * 1000, 1000)), "Content-Encoding: gzip, gzip"),
    ),
    Kind(
        "gzip-bomb-triple",
        "1 GB of zeros in three times gzip",
        ok(lambda: packed(2, bomb(b"\0" * 1000, 1000)), "Content-Encoding: gzip, gzip, gzip"),
        exits=BROKEN,
    ),
    Kind("gzip-members", "100,000 empty members of gzip", ok(lambda: packed(1, b"") * 100_000, _GZIP)),
    Kind("gzip-member-bombs", "300 members of gzip with 1 MB each", ok(lambda: bomb(b"\0" * 1000, 1) * 300, _GZIP)),
    Kind(
        "gzip-cut",
        "gzip that ends early",
        ok(lambda: packed(1, json.dumps(list(range(9000))).encode())[:-200], _GZIP),
        exits=BROKEN,
    ),
    Kind("gzip-cut-head", "the first nine bytes of gzip", ok(lambda: packed(1, _OK)[:9], _GZIP), exits=BROKEN),
    Kind(
        "gzip-checksum", "gzip with a wrong checksum", ok(lambda: packed(1, _OK)[:-8] + b"\1" * 8, _GZIP), exits=BROKEN
    ),
    Kind("gzip-empty", "no byte, said to be gzip", ok(b"", _GZIP), exits=NOT_OK),
    Kind("gzip-garbage-after", "1 MB of garbage after gzip", ok(lambda: packed(1, _OK) + b"\xa5" * MB, _GZIP)),
    Kind("gzip-wrong", "plain JSON, said to be gzip", ok(_OK, _GZIP), exits=BROKEN),
    Kind("gzip-silent", "gzip that is not announced", ok(lambda: packed(1, _OK))),
    Kind("coding-unknown", "an unknown coding", ok(_OK, "Content-Encoding: rot13")),
    Kind("coding-brotli", "a coding that was not asked for", ok(b"\x0b\x05\x80hello\x03", "Content-Encoding: br")),
    Kind("coding-zstd", "broken zstd", ok(b"\x28\xb5\x2f\xfd" + b"\xff" * 100, "Content-Encoding: zstd")),
    Kind("coding-50", "50 codings", ok(_OK, "Content-Encoding: " + "gzip, " * 49 + "gzip"), exits=BROKEN),
    Kind("coding-10000", "10,000 codings", ok(_OK, "Content-Encoding: " + "gzip," * 10_000), exits=BROKEN),
    Kind("deflate-raw", "deflate without its head", ok(lambda: zlib.compress(_OK)[2:-4], "Content-Encoding: deflate")),
    Kind(
        "deflate-bomb",
        "500 MB of zeros in deflate",
        ok(lambda: bomb(b"\0" * 1000, 500, coding="deflate"), "Content-Encoding: deflate"),
        exits=BROKEN,
    ),
)

_TEXTS: Final = (
    Kind(
        "charset-lie",
        "Latin letters, said to be UTF-8",
        ok(b'{"a": "caf\xe9"}', kind="application/json; charset=utf-8"),
    ),
    Kind("charset-unknown", "an unknown charset", ok(_OK, kind="application/json; charset=klingon")),
    Kind(
        "charset-codec",
        "a charset that names a codec of Python",
        ok(b"789c4b0400", kind="text/plain; charset=hex_codec"),
    ),
    Kind("charset-utf-7", "UTF-7", ok(b"+ADw-script+AD4-", kind="text/html; charset=utf-7")),
    Kind("charset-idna", "a charset whose codec is quadratic", ok(fill(b"a", MB), kind="text/plain; charset=idna")),
    Kind("utf-16", "JSON in UTF-16 with a byte order mark", ok('{"data": []}'.encode("utf-16"))),
    Kind("utf-16-odd", "half a character of UTF-16", ok('{"data": []}'.encode("utf-16") + b"\x00")),
    Kind("utf-32", "JSON in UTF-32", ok('{"data": []}'.encode("utf-32"))),
    Kind("utf-8-invalid", "5 MB of bytes that are no UTF-8", ok(fill(b"\xff\xc3\x28\xed\xa0\x80", 5 * MB))),
    Kind("bom", "a byte order mark before JSON", ok(b"\xef\xbb\xbf" + _OK)),
    Kind("nul-body", "20 MB of NUL", ok(fill(b"\0", 20 * MB))),
    Kind("nul-text", "20 MB of NUL, said to be text", ok(fill(b"\0", 20 * MB), kind="text/plain")),
    Kind("escapes-text", "control sequences in text", ok(ESCAPES.encode() * 100, kind="text/plain; charset=utf-8")),
    Kind(
        "escapes-latin-1",
        "control sequences in bytes of Latin-1",
        ok(b"\x9b2J\x9d0;pwned\x9c\x1b]0;pwned\x07" * 100, kind="text/plain; charset=iso-8859-1"),
    ),
    Kind("escapes-unknown-type", "control sequences without a type", ok(ESCAPES.encode() * 100, kind="")),
    Kind(
        "escapes-json",
        "control sequences in names and strings of JSON",
        ok(_ESCAPED.encode(), status="422 Unprocessable Entity"),
    ),
    Kind(
        "escapes-json-raw",
        "control characters in JSON as they are",
        ok(json.dumps({"a": ESCAPES}, ensure_ascii=False).encode()),
    ),
    Kind(
        "escapes-xml",
        "control sequences in XML",
        ok(b"<response><error>" + ESCAPES.encode() + b"</error></response>", kind=_XML),
        call="xml",
    ),
    Kind(
        "escapes-xml-references",
        "control characters as references of XML",
        ok(b"<response><success>false</success><error>&#27;]0;pwned&#7;&#x9b;2J&#8238;</error></response>", kind=_XML),
        call="xml",
    ),
    Kind(
        "escapes-html",
        "control sequences in HTML",
        ok(b"<h1>" + ESCAPES.encode() + b"</h1>", status="502 Bad Gateway", kind="text/html"),
    ),
    Kind(
        "markup-json",
        "markup of the screen library in JSON",
        ok(
            b'{"error": "[/x][bold red]y[@click=app.quit]z[/]", "[link=file:///]": "\\\\[b]"}', status="400 Bad Request"
        ),
    ),
    Kind(
        "markup-unclosed",
        "1 MB of opening brackets in a message",
        ok(wrapped(b'{"error": "', b"[", MB, b'"}'), status="400 Bad Request"),
    ),
    Kind("escapes-5mb", "5 MB of escape characters", ok(fill(b"\x1b", 5 * MB), kind="text/plain")),
    Kind(
        "combining-flood",
        "1 MB of combining characters on one letter",
        ok(wrapped(b"a", "\u0301".encode(), MB, b""), kind="text/plain; charset=utf-8"),
    ),
    Kind(
        "grapheme-1mb",
        "one grapheme of 1 MB",
        ok(fill("\U0001f468\u200d".encode(), MB), kind="text/plain; charset=utf-8"),
    ),
    Kind(
        "grapheme-json",
        "one grapheme of 1 MB in a message",
        ok(wrapped(b'{"error": "', "\U0001f468\u200d".encode(), MB, b'"}'), status="400 Bad Request"),
    ),
    Kind(
        "zero-width",
        "1 MB of zero-width characters",
        ok(fill("\u200b".encode(), MB), kind="text/plain; charset=utf-8"),
    ),
    Kind(
        "wide",
        "1 MB of wide characters in one line",
        ok(fill("\u4e16".encode(), MB), kind="text/plain; charset=utf-8"),
    ),
    Kind(
        "bidi",
        "1 MB of bidirectional overrides",
        ok(fill("\u202e".encode(), MB), kind="text/plain; charset=utf-8"),
    ),
    Kind("tabs", "10 MB of tabs", ok(fill(b"\t", 10 * MB), kind="text/plain")),
    Kind(
        "tabs-json",
        "1 MB of tabs in a message",
        ok(wrapped(b'{"error": "', b"\\t", MB, b'"}'), status="400 Bad Request"),
    ),
    Kind("returns", "5 MB of carriage returns", ok(fill(b"\r", 5 * MB), kind="text/plain")),
    Kind("newlines", "10 MB of empty lines", ok(fill(b"\n", 10 * MB), kind="text/plain")),
    Kind(
        "separators",
        "1 MB of line separators",
        ok(fill("\u2028".encode(), MB), kind="text/plain; charset=utf-8"),
    ),
    Kind("line-50mb", "one line of 50 MB", ok(fill(b"x", 50 * MB), kind="text/plain")),
    Kind("line-50mb-words", "one line of 50 MB of words", ok(fill(b"word ", 50 * MB), kind="text/plain")),
    Kind("line-json-50mb", "JSON of 50 MB in one line", ok(wrapped(b"[0", b",0", 50 * MB, b"]"))),
)

_JSON: Final = (
    Kind("json-deep-arrays", "arrays nested 400,000 times", ok(lambda: b"[" * 400_000 + b"]" * 400_000)),
    Kind("json-deep-objects", "objects nested 400,000 times", ok(lambda: b'{"a":' * 400_000 + b"1" + b"}" * 400_000)),
    Kind("json-deep-open", "400,000 arrays that are never closed", ok(fill(b"[", 400_000)), exits=NOT_OK),
    Kind("json-deep-900", "arrays nested 900 times", ok(lambda: b"[" * 900 + b"]" * 900)),
    Kind(
        "json-deep-error",
        "an error nested 50,000 times",
        ok(lambda: b'{"error":' * 50_000 + b"1" + b"}" * 50_000, status="400 Bad Request"),
    ),
    Kind("json-number-1mb", "a number of 1,000,000 digits", ok(wrapped(b'{"total": ', b"9", MB, b"}"))),
    Kind("json-exponent", "numbers beyond every float", ok(b'{"a": 1e999999999, "b": -1e-999999999, "c": 1E+400}')),
    Kind("json-nan", "NaN and Infinity", ok(b'{"a": NaN, "b": Infinity, "c": -Infinity}'), exits=NOT_OK),
    Kind("json-same-keys", "one key 1,000,000 times", ok(wrapped(b"{", b'"a":1,', 6 * MB, b'"a":1}'))),
    Kind("json-keys-1m", "1,000,000 keys", ok(numbered("{", '"k{0}":0,', MB, '"end":1}'))),
    Kind("json-array-1m", "1,000,000 numbers", ok(numbered("[", "{0},", MB, "0]"))),
    Kind("json-objects-1m", "1,000,000 objects", ok(wrapped(b"[", b'{"id":1},', 9 * MB, b"{}]"))),
    Kind("json-key-10mb", "a key of 10 MB", ok(wrapped(b'{"', b"k", 10 * MB, b'":1}'))),
    Kind("json-string-20mb", "a string of 20 MB", ok(wrapped(b'{"a":"', b"s", 20 * MB, b'"}'))),
    Kind(
        "json-error-20mb",
        "an error message of 20 MB",
        ok(wrapped(b'{"error":"', b"s", 20 * MB, b'"}'), status="400 Bad Request"),
    ),
    Kind(
        "json-errors-200000",
        "200,000 faulty fields",
        ok(numbered('{"errors":{', '"f{0}":["is wrong"],', 200_000, '"x":[]}}'), status="422 Unprocessable Entity"),
        call="oauth2-token",
    ),
    Kind("json-backslashes", "10 MB of backslashes in a string", ok(wrapped(b'{"a":"', b"\\\\", 10 * MB, b'"}'))),
    Kind(
        "json-escapes",
        "1 MB of \\u escapes, lone surrogates among them",
        ok(wrapped(b'{"a":"', b"\\ud800\\u0000", MB, b'"}')),
    ),
    Kind("json-cut", "JSON that ends early", ok(b'{"data": [1, 2'), exits=NOT_OK),
    Kind("json-after", "a second value after the first", ok(b'{"data": []} {"data": []}')),
    Kind("json-scalar", "a string alone", ok(b'"hello"')),
    Kind("json-empty", "0 bytes, said to be JSON", ok(b""), exits=NOT_OK),
    Kind("json-spaces", "20 MB of spaces", ok(fill(b" ", 20 * MB))),
    Kind("json-in-json", "JSON within a string, eight levels deep", ok(lambda: _nested(8))),
    Kind("json-passwords", "5 MB of password fields", ok(wrapped(b"[", b'{"password":"hunter2"},', 5 * MB, b"{}]"))),
    Kind("json-password-cut", "1 MB of an unfinished password", ok(wrapped(b'{"a": 1}', b'"password', MB, b""))),
    Kind("quotes-1mb", "1 MB of quotes, said to be JSON", ok(fill(b'"', MB))),
    Kind("colons-1mb", "1 MB of colons, said to be JSON", ok(fill(b":", MB))),
    Kind(
        "ndjson-1m",
        "1,000,000 lines of JSON",
        ok(numbered("", '{{"id":{0}}}\n', 500_000, ""), kind="application/x-ndjson"),
    ),
    Kind(
        "event-stream",
        "server-sent events without end",
        endless(head(kind="text/event-stream"), b"data: x\n\n", 0.05),
        exits=BROKEN,
    ),
    Kind(
        "json-bool-fields",
        "wrong types where the verdict looks",
        ok(b'{"success": {"a": 1}, "error": [[]], "message": 1e99, "code": null, "errors": "x", "data": {"data": 3}}'),
    ),
    Kind(
        "json-constructor",
        "names that Python objects have",
        ok(b'{"__class__": {"__init__": 1}, "__proto__": {"x": 1}, "constructor": null}'),
    ),
)

_MARKUP: Final = tuple(
    Kind(f"xml-{name}", about, ok(body, kind=_XML), call="xml", exits=exits)
    for name, about, body, exits in (
        ("deep", "elements nested 400,000 times", lambda: b"<a>" * 400_000 + b"</a>" * 400_000, (0, 1, 3)),
        ("deep-open", "400,000 elements that are never closed", fill(b"<a>", 1_200_000), NOT_OK),
        ("laughs", "a billion laughs", lambda: _LAUGHS, NOT_OK),
        (
            "laughs-quadratic",
            "one entity of 100 kB, used 10,000 times",
            lambda: b'<!DOCTYPE a [<!ENTITY e "' + b"x" * 100_000 + b'">]><a>' + b"&e;" * 10_000 + b"</a>",
            NOT_OK,
        ),
        (
            "external-entity",
            "an entity that names a local file",
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
            NOT_OK,
        ),
        (
            "external-dtd",
            "a document type on another host",
            b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
            (0, 1, 3),
        ),
        (
            "parameter-entity",
            "parameter entities",
            b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>',
            (0, 1, 3),
        ),
        ("password-1mb", "1 MB of <password", fill(b"<password ", MB), NOT_OK),
        ("passwords", "1 MB of passwords", wrapped(b"<a>", b"<password>x</password>", MB, b"</a>"), (0, 1, 3)),
        ("open-1mb", "1 MB of <", fill(b"<", MB), NOT_OK),
        ("ampersands-1mb", "1 MB of &", wrapped(b"<a>", b"&", MB, b"</a>"), NOT_OK),
        ("attributes", "100,000 attributes", numbered("<a ", 'a{0}="1" ', 100_000, "/>"), (0, 1, 3)),
        ("attribute-10mb", "an attribute of 10 MB", wrapped(b'<a b="', b"x", 10 * MB, b'"/>'), (0, 1, 3)),
        ("namespaces", "20,000 namespaces", numbered("<a ", 'xmlns:n{0}="u{0}" ', 20_000, "/>"), (0, 1, 3)),
        ("comment-open", "a comment of 20 MB without an end", wrapped(b"<a><!--", b"-", 20 * MB, b""), NOT_OK),
        ("cdata-open", "CDATA without an end", wrapped(b"<a><![CDATA[", b"]", 2 * MB, b""), NOT_OK),
        ("siblings", "1,000,000 elements", wrapped(b"<a>", b"<b>1</b>", 8 * MB, b"</a>"), (0, 1, 3)),
        (
            "encoding-lie",
            "an encoding that does not exist",
            b'<?xml version="1.0" encoding="klingon"?><a>x</a>',
            (0, 1, 3),
        ),
        ("utf-16", "XML in UTF-16", '<?xml version="1.0" encoding="utf-16"?><a>x</a>'.encode("utf-16"), (0, 1, 3)),
    )
)

_TYPES: Final = (
    Kind("form-200kb", "200 kB of a form", ok(fill(b"a=b&", 200_000), kind="application/x-www-form-urlencoded")),
    Kind("form-ampersands", "1 MB of & in a form", ok(fill(b"&", MB), kind="application/x-www-form-urlencoded")),
    Kind(
        "form-letters",
        "1 MB of letters, said to be a form",
        ok(fill(b"a", MB), kind="application/x-www-form-urlencoded"),
    ),
    Kind("form-percent", "1 MB of %25 in a form", ok(fill(b"%25", MB), kind="application/x-www-form-urlencoded")),
    Kind("form-brackets", "1 MB of [ in a form", ok(fill(b"[", MB), kind="application/x-www-form-urlencoded")),
    Kind(
        "multipart-200kb",
        "200 kB of boundaries",
        ok(fill(b"--b\r\n\r\n", 200_000), kind="multipart/form-data; boundary=b"),
    ),
    Kind(
        "multipart-names",
        "1 MB of parts named password",
        ok(
            fill(b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nx\r\n', MB),
            kind="multipart/form-data; boundary=b",
        ),
    ),
    Kind(
        "multipart-no-boundary",
        "multipart without a boundary",
        ok(fill(b"--\r\n", 200_000), kind="multipart/form-data"),
    ),
    Kind(
        "multipart-headers",
        "1 MB of a part's headers",
        ok(wrapped(b"--b\r\n", b"A: b\r\n", MB, b""), kind="multipart/form-data; boundary=b"),
    ),
    Kind("image-as-json", "the bytes of an image, said to be JSON", ok(png(1, 1, b"\0\0\0\0")), exits=NOT_OK),
    Kind("json-as-image", "JSON, said to be an image", ok(_OK, kind="image/png")),
    Kind("png-broken", "an image that ends early", ok(png(64, 64, b"\1" * 9000)[:60], kind="image/png")),
    Kind(
        "png-bomb",
        "an image that declares 100,000 x 100,000 pixels",
        ok(lambda: png(100_000, 100_000, b"\0" * 30 * MB), kind="image/png"),
    ),
    Kind("png-tall", "an image of 1 x 2,000,000,000 pixels", ok(png(1, 2_000_000_000, b"\0" * 1000), kind="image/png")),
    Kind(
        "gif-bomb",
        "a GIF that declares 65,535 x 65,535 pixels",
        ok(
            b"GIF89a\xff\xff\xff\xff\xf7\0\0" + b"\0" * 768 + b",\0\0\0\0\xff\xff\xff\xff\0\x08\xff" + b"\x01" * 255,
            kind="image/gif",
        ),
    ),
    Kind(
        "svg",
        "an SVG with a script",
        ok(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', kind="image/svg+xml"),
    ),
    Kind("binary-5mb", "5 MB of bytes", ok(fill(bytes(range(256)), 5 * MB), kind="application/octet-stream")),
    Kind("pdf", "half a PDF", ok(b"%PDF-1.7\n" + b"\x80\x1b" * 5000, kind="application/pdf")),
    Kind(
        "html-5mb",
        "an error page of 5 MB",
        ok(wrapped(b"<html>", b"<p>no</p>\n", 5 * MB, b"</html>"), status="503 Service Unavailable", kind="text/html"),
    ),
    Kind("body-204", "204 with a body", raw(b"HTTP/1.1 204 No Content\r\nContent-Length: 12\r\n\r\n" + _OK)),
    Kind("body-205", "205 with a body", ok(_OK, status="205 Reset Content")),
    Kind("body-head", "a body in the response to HEAD", ok(_OK), call="head"),
    Kind("body-head-50mb", "50 MB in the response to HEAD", ok(fill(b"x", 50 * MB)), call="head"),
    Kind("status-500-empty", "500 without a body", ok(b"", status="500 Internal Server Error", kind="")),
    Kind(
        "status-407",
        "a server that wants to be a proxy",
        ok(_OK, "Proxy-Authenticate: Basic", status="407 Proxy Authentication Required"),
    ),
    Kind(
        "status-206",
        "a part that nobody asked for",
        ok(b'"data', "Content-Range: bytes 5-10/9999", status="206 Partial Content"),
    ),
)


def _nested(levels: int) -> bytes:
    value: object = {"password": "hunter2"}
    for _ in range(levels):
        value = json.dumps({"a": value})
    return json.dumps(value).encode()


def _token(value: str, **more: object) -> bytes:
    return json.dumps(
        {"access_token": value, "token": value, "token_type": "Bearer", "expires_in": 60, **more}
    ).encode()


_SIGN_IN: Final = tuple(
    Kind(f"{call}-{name}", f"{about}, where a token is asked for", sign_in(reply), call=call, exits=(0, 1, 3, 4))
    for call in ("oauth2", "rotating", "mint")
    for name, about, reply in (
        ("stall", "silence", raw(head(), _HOLD)),
        ("html", "an HTML page", ok(b"<html>" + ESCAPES.encode(), kind="text/html")),
        ("escapes", "a refusal with control sequences", ok(_ESCAPED.encode(), status="400 Bad Request")),
        ("deep", "arrays nested 400,000 times", ok(fill(b"[", 400_000))),
        ("token-1mb", "a token of 1 MB", ok(partial(_token, "t" * MB))),
        ("token-lines", "a token with line ends", ok(_token("a\r\nX-Injected: 1\r\n\r\nGET / HTTP/1.1"))),
        ("token-unicode", "a token of other characters", ok(_token("caf\u00e9\u202e\x00\x1b[31m\ud800"))),
        ("token-empty", "an empty token", ok(_token(""))),
        (
            "token-types",
            "tokens of wrong types",
            ok(b'{"access_token": [1], "token": {"a": 1}, "expires_in": {}, "token_type": 7}'),
        ),
        (
            "lifetime",
            "a lifetime of 10^400 seconds",
            ok(b'{"access_token": "t", "token": "t", "token_type": "Bearer", "expires_in": 1' + b"0" * 400 + b"}"),
        ),
        (
            "lifetime-nan",
            "a negative lifetime and NaN",
            ok(b'{"access_token": "t", "token": "t", "expires_in": -1, "refresh_token": NaN}'),
        ),
        ("redirect", "a redirect", redirect("http://127.0.0.1:1/")),
        ("bomb", "300 MB of gzip", ok(lambda: bomb(b" " * 1000, 300), _GZIP)),
        ("form", "1 MB of a form", ok(fill(b"a=b&", MB), kind="application/x-www-form-urlencoded")),
    )
)

_TOKENS: Final = (
    Kind(
        "refused-for-ever",
        "401 to everything, with a new token each time",
        ok(_token("t"), "Authorization: Bearer next", status="401 Unauthorized"),
        call="rotating",
    ),
    Kind(
        "refused-oauth2",
        "401 to everything that has a token",
        lambda request: (
            ok(_token(f"t{request.number}", refresh_token="r"))
            if request.head.startswith(b"POST")
            else ok(_OK, status="401 Unauthorized")
        )(request),
        call="oauth2",
    ),
    Kind(
        "next-token-60kb",
        "a next token of 60 kB",
        ok(_OK, "Authorization: Bearer " + "t" * 60_000),
        call="rotating-token",
    ),
    Kind(
        "next-token-escapes",
        "a next token with control sequences",
        ok(_OK, b"Authorization: Bearer \x1b]0;pwned\x9b2J\xff"),
        call="rotating-token",
    ),
    Kind(
        "next-token-many",
        "1,000 next tokens",
        ok(_OK, *(f"Authorization: Bearer {number}" for number in range(1000))),
        call="rotating-token",
    ),
    Kind(
        "token-echoed",
        "the token in the refusal",
        lambda request: ok(json.dumps({"error": request.head.decode("latin-1")}).encode(), status="401 Unauthorized")(
            request
        ),
    ),
)


def _records(number: int, total: object, more: str = "") -> str:
    rows = ",".join('{"id":"%d"}' % (number * 10 + index) for index in range(10))  # noqa: UP031 - braces everywhere
    count = json.dumps(total)
    return f'{{"data":[{rows}],"total":{count},"per_page":10,"current_page":{number},"last_page":{count}{more}}}'


def _links(number: int, target: str) -> str:
    links = json.dumps({"next": target, "self": target, "last": target})
    return f'{{"data":[{{"type":"orders","id":"{number}"}}],"links":{links},"meta":{{"pagination":{{"total":50}}}}}}'


def _indexed(number: int, following: object, total: object) -> str:
    paging = json.dumps({"next_page": following, "prev_page": 0, "total": total})
    return f'{{"success":true,"stores":[{{"store_id":{number}}}],"pagination":{paging}}}'


_PAGES: Final = (
    Kind(
        "pages-endless",
        "a total that grows with every page",
        counted(lambda number, _: _records(number, number * 10 + 50)),
        call="pages",
    ),
    Kind("pages-total-1e18", "a total of 10^18", counted(lambda number, _: _records(number, 10**18)), call="pages"),
    Kind("pages-total-negative", "a negative total", counted(lambda number, _: _records(number, -5)), call="pages"),
    Kind(
        "pages-total-text",
        "a total that is a string",
        counted(lambda number, _: _records(number, ESCAPES)),
        call="pages",
    ),
    Kind("pages-total-float", "a total of 1e300", counted(lambda number, _: _records(number, 1e300)), call="pages"),
    Kind("pages-same", "the same page for ever", counted(lambda _number, _: _records(1, 1000)), call="pages"),
    Kind(
        "pages-empty",
        "empty pages for ever",
        ok(b'{"data":[],"total":1000,"per_page":10,"current_page":1,"last_page":100}'),
        call="pages",
    ),
    Kind(
        "pages-type-changes",
        "a page that is no list",
        by_turn(counted(lambda number, _: _records(number, 40)), ok(b'{"data": "none"}')),
        call="pages",
    ),
    Kind(
        "pages-stall",
        "a second page that never comes",
        by_turn(counted(lambda number, _: _records(number, 20)), raw(_HOLD)),
        call="pages-two",
        seconds=1,  # the page has up to four tries, with pauses
    ),
    Kind(
        "pages-retry-after",
        "a second page that asks to wait 10^30 seconds",
        by_turn(
            counted(lambda number, _: _records(number, 20)),
            ok(_OK, f"Retry-After: {10**30}", status="429 Too Many Requests"),
        ),
        call="pages",
    ),
    Kind(
        "pages-escapes",
        "control sequences in records",
        ok(json.dumps({"data": [{"a": ESCAPES}], "total": 1, "per_page": 10}).encode()),
        call="pages",
    ),
    Kind(
        "pages-ndjson-escapes",
        "control sequences in records, one a line",
        ok(json.dumps({"data": [{"a": ESCAPES}] * 50, "total": 50, "per_page": 50}).encode()),
        call="pages-ndjson",
    ),
    Kind(
        "pages-large",
        "pages of 5 MB",
        ok(numbered('{"data":[', '{{"id":{0}}},', 300_000, '{}],"total":10000000,"per_page":300000}')),
        call="pages",
    ),
    Kind(
        "pages-deep",
        "a record nested 100,000 times",
        ok(lambda: b'{"data":[' + b"[" * 100_000 + b"]" * 100_000 + b'],"total":100}'),
        call="pages",
    ),
    Kind(
        "pages-number-endless",
        "numbered pages without end",
        counted(lambda number, _: _records(number, None)),
        call="pages-numbered",
    ),
    Kind(
        "links-self",
        "a next link to the same page",
        lambda request: ok(_links(1, request.origin + request.target).encode())(request),
        call="pages-links",
    ),
    Kind(
        "links-endless",
        "a next link to another page, without end",
        counted(lambda number, origin: _links(number, f"{origin}/n?page={number + 1}")),
        call="pages-links",
    ),
    Kind("links-file", "a next link to a file", ok(_links(1, "file:///etc/passwd").encode()), call="pages-links"),
    Kind(
        "links-port",
        "a next link to a port that cannot be",
        ok(_links(1, "http://127.0.0.1:99999999/").encode()),
        call="pages-links",
    ),
    Kind("links-escapes", "a next link of control sequences", ok(_links(1, ESCAPES).encode()), call="pages-links"),
    Kind("links-60kb", "a next link of 60 kB", ok(_links(1, "/?" + "a=b&" * 15_000).encode()), call="pages-links"),
    Kind(
        "offset-same",
        "a next index that never moves",
        counted(lambda number, _: _indexed(number, 1, 100)),
        call="pages-offset",
    ),
    Kind(
        "offset-negative",
        "a negative next index",
        counted(lambda number, _: _indexed(number, -7, 100)),
        call="pages-offset",
    ),
    Kind(
        "offset-huge",
        "a next index of 10^30",
        counted(lambda number, _: _indexed(number, 10**30, 10**31)),
        call="pages-offset",
    ),
    Kind(
        "offset-text",
        "a next index of text",
        counted(lambda number, _: _indexed(number, ESCAPES, "many")),
        call="pages-offset",
    ),
)

FAMILIES: Final = {
    "Status lines": _STATUS_LINES,
    "Headers": _HEADERS,
    "Time and connections": _TIMES,
    "Redirects": _REDIRECTS,
    "Chunks": _CHUNKS,
    "Content codings": _CODINGS,
    "Text and control sequences": _TEXTS,
    "JSON": _JSON,
    "XML": _MARKUP,
    "Types, forms and images": _TYPES,
    "Sign-in": _SIGN_IN,
    "Tokens": _TOKENS,
    "Pages": _PAGES,
}
"""Title of a family → its kinds."""
KINDS: Final = tuple(kind for family in FAMILIES.values() for kind in family)
"""Every kind, in the order of the table; names are unique."""
