"""Decode the content codings of a response in bounded pieces.

    bytes as received ── last coding ──► pieces ── first coding ──► pieces of at most ``PIECE`` bytes

A few kilobytes of nested gzip decode to gigabytes. Decoding is therefore never more than one piece ahead of the caller,
who counts bytes and time.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

from explorer.errors import BrokenAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE: Final = 1 << 16
"""Maximum decoded bytes in memory."""
MAX_CODINGS: Final = 2
"""Maximum codings of one body. No honest server applies more, and each can multiply the size by a thousand."""
_STEP: Final = 1 << 14
"""Encoded bytes decoded per step. The data after a gzip member are copied; this bounds the copies."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZEROS: Final = b"\0"


class _Coding(Protocol):
    """Incremental decoder of one content coding. A piece can be empty, so that a busy decoder yields to its caller."""

    ignored: int
    """Bytes after the end of the encoded data."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded *data*."""

    def end(self) -> None:
        """Check that the encoded data are complete."""


class _Inflate:
    """Decoder of the zlib codings (RFC 1950 to 1952).

    ``gzip`` can have any number of members; ``deflate`` can have a zlib header or none, since servers send both.
    """

    def __init__(self, name: str) -> None:
        self.ignored = 0
        self._name = name
        self._head = b""
        self._inflater: zlib._Decompress | None = None
        self._started = False
        self._between_members = False
        """A member has ended and no other has started."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded *data*, at most ``PIECE`` bytes at a time.

        Raises:
            BrokenAnswer: *data* is not valid in this coding.
        """
        for start in range(0, len(data), _STEP):
            yield from self._step(data[start : start + _STEP])

    def end(self) -> None:
        """Check that the last member is complete.

        Raises:
            BrokenAnswer: the data are incomplete.
        """
        if self._between_members:
            self.ignored += len(self._head)
        elif self._started:
            raise BrokenAnswer(f"the {self._name} data ended early; the body is incomplete")

    def _step(self, data: bytes) -> Iterator[bytes]:
        while data:
            self._started = True
            if self.ignored:
                self.ignored += len(data)
                return
            if self._inflater is None:
                self._head += data
                if self._between_members:
                    self._head = self._head.lstrip(_ZEROS)  # tape and block padding is valid
                if len(self._head) < len(_GZIP_MAGIC):
                    return
                data, self._head = self._head, b""
                if self._between_members and not (self._name == "gzip" and data.startswith(_GZIP_MAGIC)):
                    self.ignored += len(data)
                    return
                self._inflater, self._between_members = self._new(data), False
            yield from self._inflate(self._inflater, data)
            data = b""
            if self._inflater.eof:
                data, self._inflater, self._between_members = self._inflater.unused_data, None, True

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
    """Decodes the body of a response with the ``Content-Encoding`` header *codings* (RFC 9110, section 8.4)."""

    def __init__(self, codings: str) -> None:
        """Parse the header.

        Raises:
            BrokenAnswer: it lists more than ``MAX_CODINGS``.
        """
        names = [name for item in codings.lower().split(",") if (name := item.strip()) not in ("", "identity")]
        if len(names) > MAX_CODINGS:
            raise BrokenAnswer(
                f"the body has {len(names)} content codings; at most {MAX_CODINGS} are supported",
                hint="Ask the server for one: --header 'Accept-Encoding: gzip'.",
            )
        self.unknown = next((name for name in names if name not in _CODINGS), "")
        """The unsupported coding, if any; the body is then passed through as received."""
        self._stages: list[_Coding] = []
        if not self.unknown:
            self._stages = [_Inflate(_CODINGS[name]) for name in reversed(names)]

    @property
    def note(self) -> str:
        """A note on the decoding for the user, or an empty string."""
        if self.unknown:
            return f"the content coding {self.unknown!r} is not supported: the body is shown as received"
        ignored = sum(stage.ignored for stage in self._stages)
        return f"{ignored:,} B after the end of the compressed data were ignored" if ignored else ""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded *data*, at most ``PIECE`` bytes at a time; a piece can be empty.

        Raises:
            BrokenAnswer: the bytes do not match the header.
        """
        return self._decode(0, data)

    def end(self) -> None:
        """Check that the encoded data are complete. Call it after the last ``feed``.

        Raises:
            BrokenAnswer: the encoded data ended early.
        """
        for stage in self._stages:
            stage.end()

    def _decode(self, stage: int, data: bytes) -> Iterator[bytes]:
        if stage == len(self._stages):
            yield data
            return
        for piece in self._stages[stage].feed(data):
            if piece:
                yield from self._decode(stage + 1, piece)
            else:
                yield piece
