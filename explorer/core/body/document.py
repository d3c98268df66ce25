"""Body as lines of sanitized text with syntax tokens, produced on demand."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from explorer.core.body import media
from explorer.core.body.layout import HEAD, Layout
from explorer.core.body.lexer import LineHighlighter
from explorer.core.body.lines import LONG_LINE, LongLine
from explorer.core.body.media import BodyKind, parse_media_type
from explorer.core.body.remote_layout import RemoteLayout
from explorer.core.body.search import BodySearch
from explorer.core.text.cell_width import cells
from explorer.core.text.data import MemoryStore
from explorer.core.text.sanitize import sanitize, sanitize_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.body.lexer import Token
    from explorer.core.body.lines import LineIndex
    from explorer.core.text.data import Data, Store

DocumentView = Literal["pretty", "raw"]

_MEASURE_BATCH = 4
_TITLES = {"form": "form", "text": "text", "empty": "empty", "hex": "binary"}


class Document:
    """Decoded *body* as lines, formatted (*view* ``pretty``) or as sent (``raw``). Never raises, whatever the bytes.

    The constructor decodes, formats and counts newlines: for a large body, call it in a thread. ``opened`` defers that
    work to ``steps``, which another thread may run; meanwhile one thread may read the lines so far. Lines are lexed on
    demand.
    """

    _layout: Layout | RemoteLayout

    def __init__(self, body: Data, content_type: str = "", *, view: DocumentView = "pretty") -> None:
        self._open(body, content_type, view, MemoryStore)
        for _ in self.steps():
            pass

    @classmethod
    def opened(
        cls,
        body: Data,
        content_type: str = "",
        *,
        view: DocumentView = "pretty",
        new_store: Callable[[], Store] = MemoryStore,
    ) -> Document:
        """Return a document without lines yet: see ``steps``. *new_store* creates the store for formatted bytes."""
        document = cls.__new__(cls)
        document._open(body, content_type, view, new_store)
        return document

    def as_sent(self) -> Document:
        """Return the raw view of the same body, without lines yet, reusing its kind, charset and notes."""
        other = type(self).opened(self.body, self.content_type, view="raw")
        layout = Layout(self.body, self.media, pretty=False)
        other._layout = layout
        layout.kind, layout.charset, layout.notes = self.kind, self.charset, self._layout.notes
        layout.source = self._layout.source
        other._is_kind_known = True
        return other

    def reopened(self) -> Document:
        """Return the same body and view, without lines yet."""
        return type(self).opened(self.body, self.content_type, view=self.view)

    def lay_out_ahead(self, arriving: Store) -> Iterator[None]:
        """Format what has arrived of a body so far; see ``Layout.lay_out_ahead``."""
        if isinstance(self._layout, RemoteLayout):
            return
        yield from self._layout.lay_out_ahead(arriving)
        for _ in zip(range(_MEASURE_BATCH), self.measure(), strict=False):
            pass

    def update_body(self, data: Data) -> None:
        """Set the bytes received so far, while another process formats them."""
        self._layout.body = data

    def use_remote_layout(self, store_at: Callable[[int, int], Store]) -> RemoteLayout:
        """Let another process format the body, and return the layout that takes its updates."""
        layout = RemoteLayout(self._layout, store_at)
        self._layout = layout
        return layout

    def complete_body(self, body: Data) -> None:
        """Set the complete *body*. ``steps`` formats the rest, unless another process does."""
        if isinstance(self._layout, RemoteLayout):
            self._layout.body = body
        else:
            self._layout.complete_body(body)

    def _open(self, body: Data, content_type: str, view: DocumentView, new_store: Callable[[], Store]) -> None:
        self.content_type = content_type
        self.view: DocumentView = view
        self.media = parse_media_type(content_type)
        self.complete = False
        """Whether the whole body is formatted."""
        self._is_kind_known = False
        self._layout = Layout(body, self.media, pretty=view == "pretty", new_store=new_store)
        self._long: OrderedDict[tuple[int, int], LongLine] = OrderedDict()
        self._highlighter: LineHighlighter | None = None
        self._highlighted_lines: tuple[object, BodyKind] | None = None

    def steps(self) -> Iterator[None]:
        """Format the body in steps of a few milliseconds. The lines so far can be read after each step."""
        measured = False
        layout = self._layout
        if isinstance(layout, RemoteLayout):
            return
        for _ in layout.raw_steps() if self._is_kind_known else layout.steps():
            if not measured:
                measured = True
                for _ in zip(range(_MEASURE_BATCH), self.measure(), strict=False):
                    pass
            yield
        self.complete = True

    # -- properties ------------------------------------------------------------------------------------------------

    @property
    def body(self) -> Data:
        """The bytes received so far."""
        return self._layout.body

    @property
    def kind(self) -> BodyKind:
        """The kind that it is shown as."""
        return self._layout.kind

    @property
    def charset(self) -> str:
        """The charset it was decoded from; empty if it is not text."""
        return self._layout.charset

    @property
    def note(self) -> str:
        """Notes for the user about the body, joined by ``; ``, or empty."""
        return "; ".join(self._layout.notes)

    @property
    def generation(self) -> int:
        """Number that grows when existing lines have changed."""
        return self._layout.generation

    @property
    def laid_out(self) -> bool:
        """Whether the lines are formatted by us, so that their indentation reflects the structure."""
        return self._layout.laid_out

    @property
    def source(self) -> bytes:
        """The unformatted body as UTF-8 with ``\n`` line ends; the body itself if it is not text."""
        return self._layout.source[:]

    @property
    def data(self) -> Data:
        """The bytes of all lines: UTF-8 with ``\n`` line ends, or the body itself for the hex view."""
        return self.body if self.kind == "hex" else self._lines.data

    @property
    def store(self) -> Store:
        """The store of the lines' bytes."""
        return self._lines.store

    @property
    def size(self) -> int:
        """Size of the body in bytes."""
        return len(self.body)

    @property
    def title(self) -> str:
        """Short description of the body: ``JSON``, ``PNG image, 640 × 480``."""
        if self.kind == "hex":
            return media.describe(self.body[:HEAD], self.media.name)
        return _TITLES.get(self.kind, self.kind.upper())

    @property
    def line_count(self) -> int:
        """Number of lines so far; 0 for an empty body."""
        return -(-len(self.body) // media.ROW) if self.kind == "hex" else self._lines.count

    @property
    def width(self) -> int:
        """Cells of the widest line that ``measure`` has reached."""
        return media.ASCII_COLUMN + media.ROW + 1 if self.kind == "hex" else self._lines.width

    def measure(self) -> Iterator[None]:
        """Measure ``width`` in steps of 64 KiB. A later call continues where the last one stopped."""
        return self._lines.measure()

    @property
    def _lines(self) -> LineIndex:
        return self._layout.lines

    @property
    def _line_highlighter(self) -> LineHighlighter:
        key = (self._lines, self.kind)
        if self._highlighter is None or self._highlighted_lines != key:
            pairs = self.kind == "form" and self.view == "pretty"
            self._highlighter, self._highlighted_lines = LineHighlighter(self._lines, self.kind, pairs=pairs), key
        return self._highlighter

    # -- lines -----------------------------------------------------------------------------------------------------

    def line(self, n: int) -> str:
        """Return line *n* (from 0), sanitized; empty if there is no such line."""
        if not 0 <= n < self.line_count:
            return ""
        if self.kind == "hex":
            return "".join(text for _, text in media.hex_row(self.body, n))
        start, end = self._lines.span(n)
        if end - start > LONG_LINE:
            long = self._long_line(start, end)
            return "".join(long.text(i) for i in range(long.count))
        return sanitize_line(self.data[start:end].decode("utf-8", "replace"))

    def tokens(self, n: int) -> list[Token]:
        """Return line *n* as ``(kind, text)`` tokens, whose texts add up to ``line(n)``."""
        if not 0 <= n < self.line_count:
            return []
        if self.kind == "hex":
            return media.hex_row(self.body, n)
        start, end = self._lines.span(n)
        if end - start > LONG_LINE:
            long = self._long_line(start, end)
            return [token for i in range(long.count) for token in self._line_highlighter.chunk(long, i)]
        return self._line_highlighter.line(n, start, end)

    def is_long(self, n: int) -> bool:
        """Return whether line *n* is too long to be read other than through ``window``."""
        if self.kind == "hex" or not 0 <= n < self.line_count:
            return False
        start, end = self._lines.span(n)
        return end - start > LONG_LINE

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:
        """Return the first cell and the tokens of line *n* that are visible in *width* cells from cell *left*.

        A short line is returned whole; of a long line only the visible part, at a constant cost.
        """
        if not self.is_long(n):
            return 0, self.tokens(n)
        long = self._long_line(*self._lines.span(n))
        first = long.chunk_at(left)
        last = long.chunk_at(left + max(width, 1))
        tokens = [token for i in range(first, last + 1) for token in self._line_highlighter.chunk(long, i)]
        return long.cell_of(first), tokens

    def cell_of(self, n: int, column: int) -> int:
        """Return the cell at which character *column* of line *n* starts."""
        if self.is_long(n):
            return self._long_line(*self._lines.span(n)).cell_at(column)
        return cells(self.line(n)[:column])

    def text(self, first: int = 0, last: int | None = None) -> str:
        """Return lines *first* to *last* (exclusive) joined by ``\\n`` and sanitized, with their tabs."""
        last = self.line_count if last is None else min(last, self.line_count)
        if first >= last:
            return ""
        if self.kind == "hex":
            return "\n".join(self.line(n) for n in range(first, last))
        start, end = self._lines.start(first), self._lines.span(last - 1)[1]
        return sanitize(self.data[start:end].decode("utf-8", "replace"))

    # -- search ----------------------------------------------------------------------------------------------------

    def search(self, needle: str, *, regex: bool = False, case: bool | None = None) -> BodySearch:
        """Return a search to step through; see ``BodySearch`` for its exceptions."""
        return BodySearch(self, needle, regex=regex, case=case)

    def find(self, needle: str, *, regex: bool = False, start: int = 0) -> Iterator[tuple[int, int, int]]:
        """Yield line, column and length (in characters) of each match from line *start* on; none for a bad needle."""
        try:
            search = self.search(needle, regex=regex)
        except (re.error, ValueError, RecursionError, OverflowError):
            return
        for hit in search.hits(self.line_offset(start)):
            yield hit.line, hit.column, hit.length

    @property
    def search_encoding(self) -> str:
        """The encoding in which a search reads ``data``."""
        return "latin-1" if self.kind == "hex" else "utf-8"

    def line_offset(self, n: int) -> int:
        """Return the byte offset in ``data`` at which line *n* starts."""
        if n >= self.line_count:
            return len(self.data)
        return max(n, 0) * media.ROW if self.kind == "hex" else self._lines.start(n)

    def span(self, n: int) -> tuple[int, int]:
        """Return start and end in ``data`` of the existing line *n*, without its newline."""
        if self.kind == "hex":
            return n * media.ROW, min((n + 1) * media.ROW, len(self.body))
        return self._lines.span(n)

    def line_at(self, offset: int) -> int:
        """Return the line that contains the byte at *offset* of ``data``."""
        return offset // media.ROW if self.kind == "hex" else self._lines.line_at(offset)

    def place(self, offset: int, end: int) -> tuple[int, int, int]:
        """Return line, column and length in characters of the bytes from *offset* to *end*, clipped to the line."""
        if self.kind == "hex":
            row, at = divmod(offset, media.ROW)
            return row, media.ASCII_COLUMN + at, min(end - offset, media.ROW - at)
        line = self._lines.line_at(offset)
        start, stop = self._lines.span(line)
        end = min(end, stop)
        if stop - start > LONG_LINE:
            long = self._long_line(start, stop)
            column = long.column_of(offset)
            return line, column, max(long.column_of(end) - column, 1)
        column = len(sanitize_line(self.data[start:offset].decode("utf-8", "replace")))
        return line, column, max(len(sanitize_line(self.data[start:end].decode("utf-8", "replace"))) - column, 1)

    def _long_line(self, start: int, end: int) -> LongLine:
        key = (start, end)
        long = self._long.get(key)
        if long is None or long.lines is not self._lines:
            long = self._long[key] = LongLine(self._lines, start, end)
            while len(self._long) > 64:
                self._long.popitem(last=False)
        return long
