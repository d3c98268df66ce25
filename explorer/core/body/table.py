"""Records as a table with one line per record, truncated cells, and a fixed header."""

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
"""Most cells per column."""
MAX_COLUMNS = 250
"""Most columns."""
_SAMPLE_SIZE = 300
_STEP = 100


class RecordTable:
    """The *records* of *document* as lines, with the interface of a ``Document``."""

    laid_out = False
    search_encoding = "utf-8"

    def __init__(self, document: Document, records: Records) -> None:
        self.document = document
        self.records = records
        self.complete = False
        self.generation = 0
        self._columns: dict[str, int] = {}
        self._number = len(str(max(len(records) - 1, 0)))
        self._has_more_columns = False
        self._scanned = 0

    def steps(self) -> Iterator[None]:
        """Find the columns in steps, continuing with records added since the last call. The table can be read after the
        first step; new columns are added on the right."""
        self._number = len(str(max(len(self.records) - 1, 0)))
        while self._scanned < len(self.records):
            n = self._scanned
            self._scanned += 1
            row = self.records.cells(n)
            for name in row:
                if name not in self._columns:
                    if len(self._columns) >= MAX_COLUMNS:
                        self._has_more_columns = True
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

    # -- properties ------------------------------------------------------------------------------------------------

    @property
    def kind(self) -> BodyKind:
        """The kind of the body."""
        return self.document.kind

    @property
    def title(self) -> str:
        """Short description of the table."""
        return f"{self.document.title} table"

    @property
    def charset(self) -> str:
        """The charset of the body."""
        return self.document.charset

    @property
    def size(self) -> int:
        """Size of the body in bytes."""
        return self.document.size

    @property
    def note(self) -> str:
        """Notes for the user about the table, joined by ``; ``, or empty."""
        more = f"only {MAX_COLUMNS} columns are shown" if self._has_more_columns else ""
        return "; ".join(part for part in (self.document.note, more) if part)

    @property
    def line_count(self) -> int:
        """Number of records."""
        return len(self.records)

    @property
    def width(self) -> int:
        """Cells per line."""
        return self._number + sum(width + 2 for width in list(self._columns.values())) + 1

    @property
    def columns(self) -> list[str]:
        """Names of the columns found so far."""
        return list(self._columns)

    def measure(self) -> Iterator[None]:
        """Return no steps: the width is known."""
        return iter(())

    # -- lines -----------------------------------------------------------------------------------------------------

    def header(self) -> list[Token]:
        """Return the tokens of the header."""
        parts: list[Token] = [("offset", "#".rjust(self._number))]
        for name, width in list(self._columns.items()):
            parts += [("text", "  "), ("key", _fit_cell(name, width))]
        return parts

    def tokens(self, n: int) -> list[Token]:
        """Return the tokens of record *n*; a missing cell is blank."""
        if not 0 <= n < len(self.records):
            return []
        row = self.records.cells(n)
        parts: list[Token] = [("offset", str(n).rjust(self._number))]
        for name, width in list(self._columns.items()):
            cell = row.get(name)
            parts += [("text", "  "), (cell.kind, _fit_cell(cell.text, width)) if cell else ("text", " " * width)]
        return parts

    def line(self, n: int) -> str:
        """Return record *n* as shown."""
        return "".join(text for _, text in self.tokens(n))

    def text(self, first: int = 0, last: int | None = None) -> str:
        """Return records *first* to *last* (exclusive) as shown."""
        last = self.line_count if last is None else min(last, self.line_count)
        return "\n".join(self.line(n) for n in range(first, last))

    def is_long(self, n: int) -> bool:  # noqa: ARG002 - interface of Document
        """Return False: the columns limit the length of a line."""
        return False

    def window(self, n: int, left: int, width: int) -> tuple[int, list[Token]]:  # noqa: ARG002 - interface of Document
        """Return the whole line *n*."""
        return 0, self.tokens(n)

    def cell_of(self, n: int, column: int) -> int:
        """Return the cell at which character *column* of line *n* starts."""
        return cells(self.line(n)[:column])

    def line_offset(self, n: int) -> int:
        """Return the search offset of line *n*."""
        return n

    def path(self, n: int) -> str:
        """Return the path of record *n* in the body."""
        return f"{'.'.join(self.records.path)}[{n}]"

    def search(self, needle: str, *, regex: bool = False, case: bool | None = None) -> RowSearch:
        """Return a search to step through; see ``Document.search``."""
        return RowSearch(self, needle, regex=regex, case=case)


def _fit_cell(text: str, width: int) -> str:
    text = sanitize_line(text[: 4 * MAX_COLUMN_WIDTH].replace("\n", " "))
    size = cells(text)
    if size > width:
        while text and cells(text) >= width:
            text = text[: max(len(text) - max((cells(text) - width) // 2, 1), 0)]
        text, size = f"{text}…", cells(text) + 1
    return text + " " * (width - size)


class RowSearch:
    """Search for records with a matching cell, including truncated text. Each ``Hit`` is a record."""

    def __init__(self, table: RecordTable, needle: str, *, regex: bool, case: bool | None) -> None:
        if not needle:
            raise ValueError("an empty needle matches nothing")
        fold = needle == needle.lower() if case is None else not case
        self._pattern = re.compile(needle if regex else re.escape(needle), re.IGNORECASE if fold else 0)
        self._table = table
        self.needle = needle
        self.count = 0
        self.complete = False
        self._matching_records: list[int] = []

    def scan(self) -> Iterator[int]:
        """Count the matching records in steps."""
        for n in range(len(self._table.records)):
            if self._matches(n):
                self._matching_records.append(n)
                self.count += 1
            if n % 20 == 19:
                yield self.count
        self.complete = True

    def seek(self, offset: int, *, forward: bool = True) -> Iterator[Hit | None]:
        """Yield the matching records from *offset* on (or backward), wrapping around, and None after some steps."""
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
        """Return the number of *hit*, from 1; 0 while unknown."""
        return self._matching_records.index(hit.line) + 1 if hit.line in self._matching_records else 0

    def spans(self, line: int, text: str) -> list[tuple[int, int]]:  # noqa: ARG002 - interface of BodySearch
        """Return start and end of the matches in the shown *text*."""
        return [match.span() for match in self._pattern.finditer(text) if match.end() > match.start()]

    def _hit(self, n: int) -> Hit:
        span = next(iter(self.spans(n, self._table.line(n))), (0, 0))
        return Hit(n, n + 1, n, span[0], span[1] - span[0])

    def _matches(self, n: int) -> bool:
        return any(self._pattern.search(cell.text) for cell in self._table.records.cells(n).values())
