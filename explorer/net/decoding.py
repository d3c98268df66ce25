"""Decode the content codings of a response in bounded pieces.

    bytes as received ── last coding ──► pieces ── first coding ──► pieces of at most ``PIECE`` bytes

A few kilobytes of gzip within gzip decode to gigabytes, so nothing here ever decodes more than one piece ahead of its
caller, who counts bytes and time.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

from explorer.errors import BrokenAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE: Final = 1 << 16
"""Decoded bytes that are held at once."""
MOST_CODINGS: Final = 2
"""Codings of one body that are decoded. No honest server applies more, and each may multiply the size by a thousand."""
_STEP: Final = 1 << 14
"""Encoded bytes that are decoded at once: what follows a gzip member is copied, so this bounds the copies."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZEROS: Final = b"\0"


class _Coding(Protocol):
    """One content coding, decoded incrementally. A piece may be empty: the decoder is busy, its caller has a turn."""

    ignored: int
    """Bytes after the end of the encoded data."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* decodes to."""

    def end(self) -> None:
        """Check that the encoded data are complete."""


class _Inflate:
    """The codings of zlib (RFC 1950 to 1952): ``gzip`` with any number of members, ``deflate`` with or without the zlib
    header, since servers send both under that name."""

    def __init__(self, name: str) -> None:
        self.ignored = 0
        self._name = name
        self._head = b""
        self._inflater: zlib._Decompress | None = None
        self._began = False
        self._whole = False
        """A member has ended and no other has begun."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* decodes to, at most ``PIECE`` bytes at a time.

        Raises:
            BrokenAnswer: it is not encoded so.
        """
        for start in range(0, len(data), _STEP):
            yield from self._step(data[start : start + _STEP])

    def end(self) -> None:
        """Check that the last member is complete.

        Raises:
            BrokenAnswer: the data end early.
        """
        if self._whole:
            self.ignored += len(self._head)
        elif self._began:
            raise BrokenAnswer(f"the {self._name} data end early; the body is incomplete")

    def _step(self, data: bytes) -> Iterator[bytes]:
        while data:
            self._began = True
            if self.ignored:
                self.ignored += len(data)
                return
            if self._inflater is None:
                self._head += data
                if self._whole:
                    self._head = self._head.lstrip(_ZEROS)  # padding of tapes and blocks is no garbage
                if len(self._head) < len(_GZIP_MAGIC):
                    return
                data, self._head = self._head, b""
                if self._whole and not (self._name == "gzip" and data.startswith(_GZIP_MAGIC)):
                    self.ignored += len(data)
                    return
                self._inflater, self._whole = self._new(data), False
            yield from self._inflate(self._inflater, data)
            data = b""
            if self._inflater.eof:
                data, self._inflater, self._whole = self._inflater.unused_data, None, True

    def _new(self, head: bytes) -> zlib._Decompress:
        if self._name == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        zlib_header = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS)

    def _inflate(self, inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = inflater.decompress(data, PIECE)
            except zlib.error as error:
                raise BrokenAnswer(f"the body is not valid {self._name}: {error}") from None
            yield piece
            data = inflater.unconsumed_tail
            if inflater.eof or not (data or len(piece) == PIECE):
                return


_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class BodyDecoder:
    """Decodes the body of one response, whose ``Content-Encoding`` header is *codings* (RFC 9110, section 8.4)."""

    def __init__(self, codings: str) -> None:
        """Read the header.

        Raises:
            BrokenAnswer: there are more than ``MOST_CODINGS``.
        """
        names = [name for word in codings.lower().split(",") if (name := word.strip()) not in ("", "identity")]
        if len(names) > MOST_CODINGS:
            raise BrokenAnswer(
                f"the body has {len(names)} content codings, and at most {MOST_CODINGS} are decoded",
                hint="Ask the server for one: --header 'Accept-Encoding: gzip'.",
            )
        self.unknown = next((name for name in names if name not in _CODINGS), "")
        """The coding that cannot be decoded; the body is given as received."""
        self._stages: list[_Coding] = []
        if not self.unknown:
            self._stages = [_Inflate(_CODINGS[name]) for name in reversed(names)]

    @property
    def note(self) -> str:
        """What a person should know about the decoding, or an empty string."""
        if self.unknown:
            return f"the content coding {self.unknown!r} is unknown: the body is shown as received"
        ignored = sum(stage.ignored for stage in self._stages)
        return f"{ignored:,} B after the end of the compressed data are ignored" if ignored else ""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* decodes to, at most ``PIECE`` bytes at a time; a piece may be empty.

        Raises:
            BrokenAnswer: the bytes are not encoded as the header says.
        """
        return self._through(0, data)

    def end(self) -> None:
        """Check that nothing is missing when all has been fed.

        Raises:
            BrokenAnswer: the encoded data end early.
        """
        for stage in self._stages:
            stage.end()

    def _through(self, place: int, data: bytes) -> Iterator[bytes]:
        if place == len(self._stages):
            yield data
            return
        for piece in self._stages[place].feed(data):
            if piece:
                yield from self._through(place + 1, piece)
            else:
                yield piece
