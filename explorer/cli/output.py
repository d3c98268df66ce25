"""Data on stdout: text, JSON and bodies, sanitized and cut for a terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from explorer.cli.color import is_colored
from explorer.cli.messages import say
from explorer.core.model import body_value, exchange_table, failure_table, request_table, sandbox_reason, verdict_table
from explorer.core.text.media_type import essence
from explorer.core.text.sanitize import sanitize
from explorer.core.text.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from explorer.core.body.document import Document
    from explorer.core.model import Exchange, SentRequest
    from explorer.core.provenance import RequestPart
    from explorer.core.text.data import Data


TERMINAL_LIMIT: Final = 1_000_000
"""Characters that one command shows on a terminal. Some terminals never recover from more."""
TERMINAL_LINES: Final = 100_000
"""Lines that one command shows on a terminal: more than its scrollback, and each takes time to color."""
_COLORED: Final = 200_000
_COLORED_LINES: Final = 10_000
"""Bytes and lines of a body that are colored. Coloring some bodies takes a hundred times as long as printing them."""
_BLOCK: Final = 65_536
"""Characters per write. A terminal's stdout is line-buffered, so every write is flushed."""
_REDIRECT_HINT: Final = "Redirect the output to a file or a pipe to get all of it."


class TerminalMeter:
    """Limits what a command shows on a terminal. A pipe or a file gets everything."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Reset the limits for a new command."""
        self.hint = _REDIRECT_HINT
        """How to get the rest."""
        self._left = TERMINAL_LIMIT
        self._lines_left = TERMINAL_LINES
        self._reached = ""
        self._is_cut = False

    @property
    def is_full(self) -> bool:
        """Whether a limit was reached."""
        return bool(self._reached)

    def show(self, text: str, color: str = "") -> None:
        """Write as much of *text* as the limits allow, in *color* (an SGR number)."""
        sys.stdout.write(self.take(text, color))
        if self.is_full:
            self.cut()

    def take(self, text: str, color: str = "") -> str:
        """Return as much of *text* as the limits allow, in *color*, and count it as shown."""
        if not sys.stdout.isatty():
            return _colored(text, color)
        shown = text[: self._left]
        lines = shown.count("\n")
        if lines > self._lines_left:
            shown = "\n".join(shown.split("\n", self._lines_left)[: self._lines_left])
            self._reached = f"{TERMINAL_LINES:,} lines"
        elif len(shown) < len(text):
            self._reached = f"{TERMINAL_LIMIT / 1e6:.1f} MB"
        self._left -= len(shown)
        self._lines_left -= lines
        if self.is_full:
            self._left = 0
        return _colored(shown, color)

    def cut(self) -> None:
        """Report once that the rest is not shown, and how to get it."""
        if not self._is_cut:
            self._is_cut, self._left = True, 0
            self._reached = self._reached or f"{TERMINAL_LIMIT / 1e6:.1f} MB"
            sys.stdout.flush()
            say(f"\nOutput cut after {self._reached}. {self.hint}")


def _colored(text: str, color: str) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if color and text else text


METER: Final = TerminalMeter()


def write(text: str) -> None:
    """Write text that is already sanitized, cut to the limits of a terminal."""
    if sys.stdout.isatty():
        METER.show(text)
    else:
        sys.stdout.write(text)


def is_stdout(output: Path | None) -> bool:
    """Return whether *output*, the file of ``--output``, is ``-``."""
    return output is not None and str(output) == "-"


def write_bytes(data: Data) -> None:
    """Write *data* to stdout unchanged."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def print_lines(text: str) -> None:
    """Sanitize and print *text*, parts of which may come from outside."""
    if sys.stdout.isatty():
        text = text[: TERMINAL_LIMIT + 1]  # before each character is sanitized
    write(sanitize(text) + "\n")
    sys.stdout.flush()


def print_line(text: str, color: str = "") -> None:
    """Print one of many lines, in *color* (an SGR number) if the output is colored."""
    METER.show(sanitize(text), color if is_colored() else "")
    METER.show("\n")


def print_json(value: Any) -> None:
    """Print *value* as JSON. Non-ASCII characters are escaped, so no control character can reach a terminal."""
    write(json.dumps(value, indent=2, ensure_ascii=True, default=str) + "\n")
    sys.stdout.flush()


_COLORS = {
    "key": "36",
    "tag": "36",
    "string": "32",
    "number": "33",
    "constant": "35",
    "attribute": "33",
    "comment": "2",
    "offset": "2",
    "error": "31",
}


def print_body(body: Data, content_type: str = "") -> None:
    """Print a body: byte for byte into a pipe; formatted, colored and sanitized on a terminal.

    A pipe that is to be colored gets all of it formatted, too. A terminal shows no binary data.
    """
    colored, is_terminal = is_colored(), sys.stdout.isatty()
    if not colored and not is_terminal:
        write_bytes(body)
        return
    from explorer.core.body.document import Document

    head = body[: TERMINAL_LIMIT + 1] if is_terminal else body
    document = Document(head, content_type)
    if document.kind == "hex" and not is_terminal:
        write_bytes(body)
        return
    if document.kind == "hex":
        say(f"{document.title}, {format_size(len(body))}: binary data is not shown on a terminal. {METER.hint}")
        return
    for block in _join_blocks(_terminal_lines(document, _COLORS if colored else {})):
        sys.stdout.write(block)
    if METER.is_full or len(body) > len(head):
        METER.cut()
    elif document.note and is_terminal:
        write(f"({document.note})\n")
    sys.stdout.flush()


def _terminal_lines(document: Document, colors: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of *document* up to the limits, the first of them in *colors*."""
    size = 0
    for number in range(document.line_count):
        start, end = document.span(number)
        size += end - start
        is_colored = size <= _COLORED and number < _COLORED_LINES
        tokens = document.tokens(number) if is_colored else [("", document.line(number))]
        for kind, text in [*tokens, ("", "\n")]:
            yield METER.take(text, colors.get(kind, ""))
        if METER.is_full:
            return


def _join_blocks(texts: Iterable[str]) -> Iterator[str]:
    """Join *texts* into blocks of about ``_BLOCK`` characters."""
    block: list[str] = []
    size = 0
    for text in texts:
        block.append(text)
        size += len(text)
        if size >= _BLOCK:
            yield "".join(block)
            block, size = [], 0
    yield "".join(block)


def request_text(request: SentRequest) -> str:
    """Return a request as text: request line, headers, an empty line, the body."""
    lines = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers)]
    if request.body:
        lines += ["", request.body.decode("utf-8", "replace")]
    return "\n".join(lines)


def print_request(request: SentRequest) -> None:
    """Print a request; a terminal shows no binary body."""
    import msgspec

    print_lines(request_text(msgspec.structs.replace(request, body=b"")))
    if request.body:
        print_lines("")
        print_request_body(request)


def print_request_body(request: SentRequest) -> None:
    """Print the body of a request and a line break; a terminal shows no binary body."""
    from explorer.core.body.media import describe, looks_binary

    head = request.body[:TERMINAL_LIMIT]
    if not sys.stdout.isatty() or not looks_binary(head, declared_text=False):
        print_lines(request.body.decode("utf-8", "replace"))
        return
    media_type = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    say(f"{describe(head, essence(media_type))}, {format_size(len(request.body))}: binary data is not shown")


def table(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Align *rows* in columns separated by two spaces; the last column is not padded."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append((indent + "  ".join([*cells, row[-1]])).rstrip())
    return "\n".join(lines)


def exit_code(exchange: Exchange) -> int:
    """Return 0 for success, 1 for failure, 3 without a complete response, 4 for refused credentials (HTTP 401)."""
    if exchange.failure is not None:
        return exchange.failure.exit_code
    if exchange.verdict.outcome == "UNKNOWN":
        return 3
    if exchange.verdict.outcome != "OK":
        return 4 if exchange.verdict.http_status == 401 else 1
    return 0


def parts_text(parts: Sequence[RequestPart]) -> str:
    """Return the parts of a request as a table: origin, its detail, the text of the part."""
    from explorer.core.provenance import PART_ORIGINS
    from explorer.core.text.sanitize import sanitize_line

    rows = []
    for part in parts:
        text = part.text.rstrip("\r\n") if part.place in ("header", "frame", "method") else part.text
        if text:
            rows.append((PART_ORIGINS[part.origin], sanitize_line(part.detail), sanitize_line(text)))
    return table(rows)


def part_table(part: RequestPart) -> dict[str, str]:
    """Return one part of a request as JSON data; the joined ``text`` of all parts is the request."""
    return {
        "place": part.place,
        "name": part.name,
        "text": part.text,
        "origin": part.origin,
        "detail": part.detail,
    }


__all__ = [
    "body_value",
    "exchange_table",
    "exit_code",
    "failure_table",
    "part_table",
    "parts_text",
    "request_table",
    "sandbox_reason",
    "verdict_table",
]
