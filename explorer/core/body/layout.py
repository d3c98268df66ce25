"""Layout of a body: choose how to show it, and format its bytes in bounded steps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from explorer.core.body import media
from explorer.core.body.json_text import (
    IncrementalJsonLayout,
    InvalidJson,
    NotSplittable,
    format_json,
    truncation_error,
)
from explorer.core.body.lines import LineIndex
from explorer.core.body.markup import ElementFormatter, markup_steps, xml_check
from explorer.core.body.media import decode, sniff_kind
from explorer.core.text.data import MemoryStore
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from explorer.core.body.media import BodyKind, MediaType
    from explorer.core.text.data import Data, Store


def format_form(data: bytes) -> bytes:
    """Format each pair on its own line with percent escapes and ``+`` decoded; line breaks remain escaped."""
    return b"\n".join(_decode_pair(pair) for pair in data.strip(b" \n").split(b"&"))


def _decode_pair(pair: bytes) -> bytes:
    name, equals, value = pair.partition(b"=")
    return _unquote(name).replace(b"=", b"%3D") + equals + _unquote(value)


def _unquote(text: bytes) -> bytes:
    raw = unquote_to_bytes(text.replace(b"+", b" "))
    return raw.replace(b"\r", b"%0D").replace(b"\n", b"%0A")


STEP = 1 << 19
"""Bytes to index in one step of an unformatted body."""
FIRST = 1 << 15
HEAD = 1 << 18
"""First bytes of a body that decide whether it is binary, and describe it."""
GUESSED = 1 << 12
"""First bytes of a body that decide its kind while it arrives."""


class Layout:
    """Work in progress on a body: its ``kind``, ``charset``, ``notes`` and ``lines`` (see ``Document``).

    After each step of ``steps`` the lines so far can be read. *new_store* creates a store for formatted bytes, and
    another one if the body turns out to be of another kind.
    """

    def __init__(
        self, body: Data, media: MediaType, *, pretty: bool, new_store: Callable[[], Store] = MemoryStore
    ) -> None:
        self.body: Data = body
        self.media = media
        self.pretty = pretty
        self.kind: BodyKind = "empty"
        self.charset = ""
        self.notes: list[str] = []
        self.source: Data = body
        """The body as UTF-8 with ``\\n`` line ends; the body itself if it is not text."""
        self.laid_out = False
        """Whether ``lines`` are formatted, and not those of ``source``."""
        self.lines = LineIndex(MemoryStore())
        self.generation = 0
        """Number that grows when existing lines have changed."""
        self._new_store = new_store
        self._pieces: IncrementalJsonLayout | None = None
        """Set while further formatted JSON may be appended to ``lines``."""
        self._elements: ElementFormatter | None = None
        """The same for XML."""
        self._arriving: Store | None = None
        """Set while ``lines`` are the unformatted body that is arriving."""

    def lay_out_ahead(self, arriving: Store) -> Iterator[None]:
        """Format what has arrived of a body so far, continuing after the previous call.

        The kind is a guess. ``steps`` decides it from the whole body, and keeps the lines if the guess was right.
        """
        data = self.body = self.source = arriving.data
        if self.kind == "empty" and len(data):
            self._guess(data[:GUESSED], arriving)
        if self._pieces is not None:
            try:
                for piece in self._pieces.lay_out(data, whole=False):
                    if self._arriving is not None:  # unformatted up to the first comma
                        self._begin()
                    self.lines.append(piece)
                    yield
            except NotSplittable:
                self._begin_as_sent(arriving)
        if self._elements is not None:
            for piece in self._elements.steps(data):
                self.lines.append(piece)
                yield
        if self._arriving is not None:
            yield from self._index(data)

    def _guess(self, head: bytes, arriving: Store) -> None:
        """Guess the kind of the body from its first bytes."""
        probe = Layout(head, self.media, pretty=self.pretty)
        declared = probe._decode()
        if probe.kind == "hex":
            self.kind = "hex"
            return
        looks = sniff_kind(probe.source[:GUESSED])
        self.kind, self.charset = probe._decide(declared, looks), probe.charset
        plain = probe.source == head or probe.charset in ("utf-8", "ascii")
        json = (self.kind == "json" or (looks == "json" and declared != "csv")) and not self.media.json_lines
        if json and plain and self.pretty and not head.startswith(b"\xef\xbb\xbf"):
            self.kind = "json"
            self._begin_as_sent(arriving)
            self._pieces = IncrementalJsonLayout()
        elif self.kind == "xml" and plain and self.pretty:
            self._begin()
            self._elements = ElementFormatter()
        else:
            self._begin_as_sent(arriving)

    def _begin_as_sent(self, arriving: Store) -> None:
        if self.lines.size:
            self.generation += 1
        self._pieces, self._arriving, self.laid_out = None, arriving, False
        self.lines = LineIndex(arriving)

    def _index(self, data: Data) -> Iterator[None]:
        """Index the lines of *data* that are not indexed yet."""
        start = self.lines.size
        while start < len(data):
            step = STEP if start else FIRST
            self.lines.index(data[start : start + step])
            start += step
            yield

    @property
    def decoded(self) -> bool:
        """Whether ``source`` differs from ``body``."""
        return self.source is not self.body

    def complete_body(self, body: Data) -> None:
        """Set the complete *body* for ``steps``."""
        self.body = self.source = body

    def steps(self) -> Iterator[None]:
        """Decode the body, decide its kind and format it. Raises only what the store raises."""
        if not len(self.body):
            return
        body = self.body
        declared = self._decode()
        if self.kind == "hex":
            return
        if self.source is not body:
            self._reset()
        looks = sniff_kind(self.source[:GUESSED])
        self.kind = self._decide(declared, looks)
        if self.kind == "json" and body[:3] == b"\xef\xbb\xbf":
            self.notes.append("begins with a byte order mark, which RFC 8259 forbids")
        if self.kind == "json" and not self.media.json_lines:
            yield from self._json()
        elif looks == "json" and declared != "csv" and self.kind != "json":
            yield from self._maybe_json(self.kind)
        else:
            yield from self._other()

    def raw_steps(self) -> Iterator[None]:
        """Index the body as sent, without deciding or checking anything again."""
        yield from self._as_sent()

    def _reset(self) -> None:
        """Discard the state of ``lay_out_ahead``."""
        self._pieces = self._elements = self._arriving = None

    # -- kind and charset -------------------------------------------------------------------------------------------

    def _decode(self) -> BodyKind | None:
        """Decode the body to UTF-8, and return the declared kind."""
        body, declared = self.body, self.media.kind
        decoded = decode(body, self.media.charset, json=declared == "json")
        wide = decoded.charset.startswith(("utf-16", "utf-32"))
        head = body[:HEAD]
        binary = not wide and media.looks_binary(head, declared_text=declared is not None)
        if declared == "hex" or media.signature(head) or binary:
            self.kind = "hex"
            if declared not in {None, "hex"}:
                self.notes.append(f"declared {self._declared()}, is {media.describe(head, '')}")
            return declared
        self.kind = "text"
        self.charset, self.source = decoded.charset, decoded.data
        if decoded.note:
            self.notes.append(decoded.note)
        return declared

    def _decide(self, declared: BodyKind | None, looks: BodyKind | None) -> BodyKind:
        """Return the kind to show the text as: the declared one, unless it clearly is another."""
        if declared == "json" and looks in {"html", "xml"}:
            self.notes.append(f"declared {self._declared()}, is {looks.upper()}")
            return looks
        if declared == "xml" and looks == "html":
            self.notes.append(f"declared {self._declared()}, is HTML")
            return "html"
        if declared is None:
            return looks if looks in {"html", "xml"} else "text"
        return declared

    def _declared(self) -> str:
        return sanitize_line(self.media.name[:80])

    # -- formatting ------------------------------------------------------------------------------------------------

    def _json(self) -> Iterator[None]:
        error = yield from self._json_lines()
        if error is not None:
            before = self.source[: error.position]
            line = before.count(b"\n") + 1
            column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
            note = f"invalid JSON: {error.message} at line {line}, column {column}"
            if self._pieces is not None:
                self.notes.append(f"{note}; formatted up to there")
                self.lines.append(self._pieces.lay_out_rest(self.source[:]))
                yield
            else:
                self.notes.append(note)
                yield from self._as_sent()

    def _maybe_json(self, otherwise: BodyKind) -> Iterator[None]:
        """Format text that starts like JSON but is not declared as JSON: as JSON if all of it is valid."""
        self.kind = "json"
        error = yield from self._json_lines()
        if error is None:
            if self.media.name:
                self.notes.append(f"declared {self._declared()}, is JSON")
            return
        self.kind = otherwise
        yield from self._other()

    def _json_lines(self) -> Generator[None, None, InvalidJson | None]:
        """Format JSON (or index it as sent and check it), and return its error. If it only ends too early,
        ``_pieces`` still has the formatted part."""
        if self._pieces is None or not self.pretty or self._arriving is not None:
            if self.pretty:
                self._begin()
            else:
                yield from self._as_sent()
            self._pieces = IncrementalJsonLayout()
        pieces = self._pieces
        try:
            for piece in pieces.lay_out(self.source, whole=True):
                if self.pretty:
                    self.lines.append(piece)
                yield
            self._pieces = None
        except NotSplittable:
            truncated = truncation_error(self.source[:]) if self.pretty else None
            if truncated is not None:
                return truncated
            self._pieces = None
            # Formatting the whole takes long; the unformatted lines can be read meanwhile.
            if self.pretty:
                yield from self._as_sent()
            result = format_json(self.source[:])
            if isinstance(result, InvalidJson):
                return result
            if self.pretty:
                self._begin()
                self.lines.append(result.data)
                if result.note:
                    self.notes.append(result.note)
                yield
        return None

    def _other(self) -> Iterator[None]:
        self._pieces = None
        if self.pretty and self.kind in {"xml", "html"}:
            source, elements = self.source[:], self._elements
            if elements is None or self.kind == "html" or b"xml:space" in source:
                elements = None
                self._begin()
            for piece in markup_steps(source, html=self.kind == "html", elements=elements):
                self.lines.append(piece)
                yield
        elif self.pretty and self.kind == "form":
            # Percent escapes may decode to invalid UTF-8.
            self._begin()
            self.lines.append(format_form(self.source[:]).decode("utf-8", "replace").encode())
            yield
        else:
            yield from self._as_sent()
        if self.kind == "xml":
            problem = yield from xml_check(self.source[:])
            if problem:
                self.notes.append(problem)

    def _begin(self) -> None:
        if self.lines.size:
            self.generation += 1
        self.lines = LineIndex(self._new_store())
        self.laid_out, self._arriving = True, None

    def _as_sent(self) -> Iterator[None]:
        if self._arriving is None:
            if self.lines.size:
                self.generation += 1
            self.lines, self.laid_out = LineIndex(MemoryStore(self.source)), False
        yield from self._index(self.source)
