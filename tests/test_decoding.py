"""Content codings are decoded in bounded pieces, to the end of the data and no further."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from itertools import islice

import pytest

from explorer.errors import BrokenAnswer
from explorer.net.decoding import PIECE, BodyDecoder

TEXT = b'{"name": "Zo\xc3\xab", "numbers": [' + b", ".join(b"%d" % number for number in range(30_000)) + b"]}"


def packed(data: bytes) -> bytes:
    """Return *data* as gzip without the time, so that every process collects the same tests."""
    return gzip.compress(data, mtime=0)


GZIP = packed(TEXT)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def decoded(codings: str, data: bytes, step: int = 1 << 16) -> bytes:
    decoder = BodyDecoder(codings)
    parts = [piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step])]
    decoder.end()
    assert not codings or all(len(part) <= PIECE for part in parts)
    return b"".join(parts)


@pytest.mark.parametrize("step", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    ("codings", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", packed(TEXT)),
        ("X-GZIP", packed(TEXT)),
        ("gzip", packed(TEXT[:999]) + packed(b"") + packed(TEXT[999:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("deflate, gzip", packed(raw_deflate(TEXT))),
        ("gzip, identity, gzip", packed(packed(TEXT))),
    ],
    ids=["none", "identity", "gzip", "x-gzip", "members", "zlib", "raw", "raw in gzip", "gzip in gzip"],
)
def test_what_was_encoded_is_decoded(codings: str, data: bytes, step: int) -> None:
    assert decoded(codings, data, step) == TEXT


@pytest.mark.parametrize("codings", ["gzip", "deflate", "gzip, gzip"])
def test_no_bytes_at_all_are_an_empty_body(codings: str) -> None:
    assert decoded(codings, b"") == b""


@pytest.mark.parametrize("data", [packed(TEXT)[:-1], packed(TEXT)[:40], b"\x1f", packed(TEXT)[:11]], ids=len)
@pytest.mark.parametrize("step", [1, 1 << 16])
def test_gzip_that_ends_early_is_incomplete_and_what_came_is_given(data: bytes, step: int) -> None:
    decoder = BodyDecoder("gzip")
    parts = [piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step])]
    assert TEXT.startswith(b"".join(parts))
    with pytest.raises(BrokenAnswer, match="the gzip data ended early"):
        decoder.end()


def test_a_second_member_that_ends_early_is_incomplete() -> None:
    with pytest.raises(BrokenAnswer, match="ended early"):
        decoded("gzip", packed(TEXT) + packed(TEXT)[:30])


@pytest.mark.parametrize("data", [b"plain text", b"\x1f\x8b" + b"x" * 40, GZIP[:-8] + b"\0" * 8], ids=len)
def test_what_is_not_gzip_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenAnswer, match="not valid gzip"):
        decoded("gzip", data)


@pytest.mark.parametrize(("rest", "ignored"), [(b"\r\n", 2), (b"<!-- 12 -->", 11), (b"x", 1), (b"\0" * 512, 0)])
@pytest.mark.parametrize("step", [1, 1 << 16])
def test_bytes_after_the_end_are_counted_and_padding_is_not(rest: bytes, ignored: int, step: int) -> None:
    decoder = BodyDecoder("gzip")
    data = packed(TEXT) + rest
    parts = [piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step])]
    decoder.end()
    assert b"".join(parts) == TEXT
    expected = f"{ignored} B after the end of the compressed data were ignored" if ignored else ""
    assert decoder.note == expected


@pytest.mark.parametrize("codings", ["br", "gzip, zstd", "utf-8"])
def test_a_coding_that_is_unknown_leaves_the_bytes_as_received_and_says_so(codings: str) -> None:
    assert decoded(codings, TEXT) == TEXT
    assert "shown as received" in BodyDecoder(codings).note


def test_more_than_two_codings_are_refused() -> None:
    with pytest.raises(BrokenAnswer, match="3 content codings"):
        BodyDecoder("gzip, gzip, gzip")


def test_a_bomb_within_a_bomb_takes_the_memory_of_a_few_pieces() -> None:
    inner = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    bomb = b"".join(inner.compress(b"\0" * 1_000_000) for _ in range(200)) + inner.flush()
    bomb = packed(bomb)
    assert len(bomb) < 2_000
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in islice(BodyDecoder("gzip, gzip").feed(bomb), 1_000))
        assert tracemalloc.get_traced_memory()[1] < 40 * PIECE
    finally:
        tracemalloc.stop()
    assert size > 10_000_000


def test_a_coding_that_never_yields_still_gives_its_caller_a_turn() -> None:
    """A gzip header may hold a comment of any length (RFC 1952), which decodes to nothing."""
    comment = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"x" * 1_000_000
    pieces = list(BodyDecoder("gzip, gzip").feed(packed(comment)))
    assert len(pieces) > 10
    assert not any(pieces)
