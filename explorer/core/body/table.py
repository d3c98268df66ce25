"""Records as a table: one line a record, its cells cut to a width, with a header that stays."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from explorer.core.body.search import Hit
from explorer.core.text.cell_width import cells
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.body.document import Document
    from explorer.core.body.lexer import Token
    from explorer.core.body.media import BodyKind
    from explorer.core.body.records import Records

MAX_COLUMN_WIDTH = 40
"""Cells of a column at most."""
MAX_COLUMNS = 250
"""Columns at most."""
_SAMPLE_SIZE = 300
_STEP = 100


class RecordTable:
    """The *records* of *document* as lines, with the same ways to read them as a ``Document`` has."""

    laid_out = False
    search_encoding = "utf-8"

    def __init__(self, document: Document, records: Records) -> None:
        self.document = document
        self.records = records
        self.complete = False
        self.generation = 0
        self._columns: dict[str, int] = {}
        self._number = len(str(max(len(records) - 1, 0)))
        self._left_out = False
        self._looked_at = 0

    def steps(self) -> Iterator[None]:
        """Find the columns; the table can be read after the first step, and columns come on at the right. Where records
        came since, goes on with those."""
        self._number = len(str(max(len(self.records) - 1, 0)))
        while self._looked_at < len(self.records):
            n = self._looked_at
            self._looked_at += 1
            row = self.records.cells(n)
            for name in row:
                if name not in self._columns:
                    if len(self._columns) >= MAX_COLUMNS:
                        self._left_out = True
                        continue
                    self._columns[name] = min(cells(sanitize_line(name)), MAX_COLUMN_WIDTH)
                    self.generation += 1
                if n < _SAMPLE_SIZE:
                    width = cells(sanitize_line(row[name].text[:MAX_COLUMN_WIDTH]))
                    if len(row[name].text) > MAX_COLUMN_WIDTH:
                        width = MAX_COLUMN_WIDTH
                    self._columns[name] = max(self._columns[name], width)
            if n % _STEP == _STEP - 1 and n >= _SAMPLE_SIZE - 1:
                yield
        self.complete = True
        yield

    # -- what it is ------------------------------------------------------------------------------------------------

    @property
    def kind(self) -> BodyKind:
        """That of the body."""
        return self.document.kind

    @property
    def title(self) -> str:
        """What is shown, in a few words."""
        return f"{self.document.title} table"

    @property
    def charset(self) -> str:
        """That of the body."""
        return self.document.charset

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.document.size

    @property
    def note(self) -> str:
        """What is to be known."""
        more = f"only {MAX_COLUMNS} columns are shown" if self._left_out else ""
        return "; ".join(part for part in (self.document.note, more) if part)

    @property
    def line_count(self) -> int:
        """Records."""
        return len(self.records)

    @property
    def width(self) -> int:
        """Cells of a line."""
        return self._number + sum(width + 2 for width in list(self._columns.values())) + 1

    @property
    def columns(self) -> list[str]:
        """Names of the columns found so far."""
        return list(self._columns)

    def measure(self) -> Iterator[None]:
        """Nothing is left to be measured."""
        return iter(())

    # -- lines -----------------------------------------------------------------------------------------------------

    def header(self) -> list[Token]:
        """The line that stays on top."""
        parts: list[Token] = [("offset", "#".rjust(self._number))]
        for name, width in list(self._columns.items()):
            parts += [("text", "  "), ("key", _fit_cell(name, width))]
        return parts

    def tokens(self, n: int) -> list[Token]:
        """Record *n*; a cell that is empty was not there."""
        if not 0 <= n < len(self.records):
            return []
        row = self.records.cells(n)
        parts: list[Token] = [("offset", str(n).rjust(self._number))]
        for name, width in list(self._columns.items()):
            cell = row.get(name)
            parts += [("text", "  "), (cell.kind, _fit_cell(cell.text, width)) if cell else ("text", " " * width)]
        return parts

    def line(self, n: int) -> str:
        """Record *n* as shown."""
        return "".join(text for _, text in self.tokens(n))

    def text(self, first: int = 0, last: int | None = None) -> str:
        """Records *first* to *last* (not included) as shown."""
        last = self.line_count if last is None else min(last, self.line_count)
        return "\n".join(self.line(n) for n in range(first, last))

    def is_long(self, n: int) -> bool:  # noqa: ARG002 - as a document
        """Lines of a table are as long as their columns."""
        return False

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:  # noqa: ARG002 - as a document
        """All of line *n*."""
        return 0, self.tokens(n)

    def cell_of(self, n: int, column: int) -> int:
        """The cell at which character *column* of line *n* begins."""
        return cells(self.line(n)[:column])

    def line_offset(self, n: int) -> int:
        """Where a search from line *n* begins."""
        return n

    def path(self, n: int) -> str:
        """Where record *n* is in the body."""
        return f"{'.'.join(self.records.path)}[{n}]"

    def search(self, needle: str, *, regex: bool = False, case: bool | None = None) -> RowSearch:
        """See ``Document.search``."""
        return RowSearch(self, needle, regex=regex, case=case)


def _fit_cell(text: str, width: int) -> str:
    text = sanitize_line(text[: 4 * MAX_COLUMN_WIDTH].replace("\n", " "))
    taken = cells(text)
    if taken > width:
        while text and cells(text) >= width:
            text = text[: max(len(text) - max((cells(text) - width) // 2, 1), 0)]
        text, taken = f"{text}…", cells(text) + 1
    return text + " " * (width - taken)


class RowSearch:
    """Looks for records any of whose cells match, seen whole even where they are cut. A ``Hit`` is a record."""

    def __init__(self, table: RecordTable, needle: str, *, regex: bool, case: bool | None) -> None:
        if not needle:
            raise ValueError("an empty needle matches nothing")
        fold = needle == needle.lower() if case is None else not case
        self._pattern = re.compile(needle if regex else re.escape(needle), re.IGNORECASE if fold else 0)
        self._table = table
        self.needle = needle
        self.count = 0
        self.complete = False
        self._found: list[int] = []

    def scan(self) -> Iterator[int]:
        """Count the records that match, some at a time."""
        for n in range(len(self._table.records)):
            if self._matches(n):
                self._found.append(n)
                self.count += 1
            if n % 20 == 19:
                yield self.count
        self.complete = True

    def seek(self, offset: int, *, forward: bool = True) -> Iterator[Hit | None]:
        """The nearest record from *offset* on (or before it) that matches, round the end; None after some steps."""
        size = len(self._table.records)
        if forward:
            order = chain(range(offset, size), range(offset))
        else:
            order = chain(range(offset - 1, -1, -1), range(size - 1, offset - 1, -1))
        for i, n in enumerate(order):
            if self._matches(n):
                yield self._hit(n)
            elif i % 20 == 19:
                yield None

    def ordinal(self, hit: Hit) -> int:
        """Which match *hit* is, from 1; 0 while unknown."""
        return self._found.index(hit.line) + 1 if hit.line in self._found else 0

    def spans(self, line: int, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 - as other searches
        """Start and end of the matches in the shown *text*."""
        return [match.span() for match in self._pattern.finditer(text) if match.end() > match.start()]

    def _hit(self, n: int) -> Hit:
        span = next(iter(self.spans(n, self._table.line(n))), (0, 0))
        return Hit(n, n + 1, n, span[0], span[1] - span[0])

    def _matches(self, n: int) -> bool:
        return any(self._pattern.search(cell.text) for cell in self._table.records.cells(n).values())
