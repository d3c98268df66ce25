"""Output of ``send --all-pages``: the plan, records as they arrive, the findings, the exit code."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import aclosing
from typing import IO, TYPE_CHECKING, Any, Protocol

from explorer.cli.filtering import RecordFilter, print_record_table
from explorer.cli.messages import say
from explorer.cli.output import (
    exchange_table,
    exit_code,
    failure_table,
    is_stdout,
    print_json,
    verdict_table,
    write,
    write_bytes,
)
from explorer.core.text.sanitize import sanitize
from explorer.errors import OutputFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from explorer.cli.response_options import ResponseOptions
    from explorer.session.collection import Collector
    from explorer.session.context import SessionContext
    from explorer.session.page_fetch import FetchedPage


_NON_ASCII = re.compile("[^\x00-\x7e]")


class Sink(Protocol):
    """Writes records to an output."""

    def put(self, records: Iterable[bytes]) -> None:
        """Write records."""

    def close(self) -> None:
        """Write the end of the output."""


class NdjsonSink:
    """Writes one record per line."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def put(self, records: Iterable[bytes]) -> None:
        self._write(b"".join(record + b"\n" for record in records))

    def close(self) -> None:
        pass


class JsonArraySink:
    """Writes one JSON array with a record per line."""

    def __init__(self, write: Callable[[bytes], None], indent: str = "") -> None:
        self._write, self._indent, self._separator = write, indent.encode(), b"\n"
        write(b"[")

    def put(self, records: Iterable[bytes]) -> None:
        parts = []
        for record in records:
            parts.append(self._separator + self._indent + record)
            self._separator = b",\n"
        self._write(b"".join(parts))

    def close(self) -> None:
        self._write(b"\n" + self._indent[2:] + b"]\n" if self._separator != b"\n" else b"]\n")


class FilterSink:
    """Writes the result of a JMESPath expression for each record to another sink."""

    def __init__(self, sink: Sink, expression: str) -> None:
        self._sink, self._filter = sink, RecordFilter(expression)

    def put(self, records: Iterable[bytes]) -> None:
        self._sink.put(self._filter.run(records))

    def close(self) -> None:
        self._sink.close()


class TableSink:
    """Prints all records as a table at the end, when the widths of the columns are known."""

    def __init__(self) -> None:
        self._records: list[bytes] = []

    def put(self, records: Iterable[bytes]) -> None:
        self._records.extend(records)

    def close(self) -> None:
        print_record_table(self._records)


class JsonDocumentSink:
    """Writes the document of ``--json``: *before*, the records as the body, and the result of *after*."""

    def __init__(self, before: dict[str, Any], after: Callable[[], dict[str, Any]]) -> None:
        head = json.dumps(before, indent=2)
        open_head = head.rstrip().removesuffix("}").rstrip().removesuffix("}").rstrip()
        write_text(open_head + ',\n    "body": ')
        self._after = after
        self._array = JsonArraySink(lambda data: write_text(ascii_json(data)), "      ")

    def put(self, records: Iterable[bytes]) -> None:
        self._array.put(records)

    def close(self) -> None:
        self._array.close()
        rest = json.dumps(self._after(), indent=2, default=str)
        write_text("  }," + rest.removeprefix("{") + "\n")


def ascii_json(data: bytes) -> str:
    """Return JSON with non-ASCII characters escaped, so no control character can reach a terminal."""
    return _NON_ASCII.sub(lambda match: _escape(ord(match[0])), data.decode("utf-8", "replace"))


def _escape(point: int) -> str:
    if point > 0xFFFF:
        point -= 0x10000
        return f"\\u{0xD800 + (point >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}"
    return f"\\u{point:04x}"


def write_text(text: str) -> None:
    """Write sanitized text to stdout and flush it."""
    write(text)
    sys.stdout.flush()


def write_data(data: bytes) -> None:
    """Write data to stdout: sanitized on a terminal, byte for byte into a pipe."""
    if sys.stdout.isatty():
        write_text(sanitize(data.decode("utf-8", "replace")))
        return
    write_bytes(data)


def file_sink(path: Path, *, lines: bool) -> tuple[Sink, IO[bytes]]:
    """Open *path* and return a sink that writes to it, and the file, which the caller closes.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file = path.open("wb")
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror}", hint="Choose a file that can be written.") from None

    def write(data: bytes) -> None:
        file.write(data)

    return (NdjsonSink(write) if lines else JsonArraySink(write)), file


async def stream_pages(
    collector: Collector,
    sinks: list[Sink],
    report: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> FetchedPage | None:
    """Write every page of *collector* to the sinks and *report* progress once a second. Return the last page.

    The sinks are closed even when it is interrupted, so the output is complete JSON.
    """
    reported_at = clock()
    last: FetchedPage | None = None
    try:
        async with aclosing(collector.pages()) as pages:
            async for page in pages:
                last = page
                if page.came:
                    for sink in sinks:
                        sink.put(page.records)
                else:
                    say(f"page {page.number} failed: {page.problem}")
                if clock() - reported_at >= 1:
                    reported_at = clock()
                    report(collector.progress.text)
    except (OSError, OutputFailed):
        raise
    except BaseException:
        _close(sinks)
        raise
    _close(sinks)
    _report_summary(collector, report)
    return last


def _close(sinks: list[Sink]) -> None:
    for sink in sinks:
        sink.close()


def _report_summary(collector: Collector, report: Callable[[str], None]) -> None:
    progress, verdict = collector.progress, collector.verdict
    report(f"{verdict.outcome}  {progress.text}  ({verdict.why})")
    for finding in collector.findings:
        say(f"check: {finding.text}")
    failed = collector.first_failed_page
    if failed is not None:
        for text in (failed.exchange.verdict.message, failed.exchange.failure.hint if failed.exchange.failure else ""):
            if text:
                say(f"  {text}")


async def send_pages(
    session: SessionContext, collector: Collector, output_format: str, output: Path | None, printed: ResponseOptions
) -> int:
    """Fetch pages and write their records as ``json``, ``ndjson`` or ``array``. Return the exit code.

    Raises:
        UsageError: *output* cannot be written.
        ExplorerError: as ``send`` raises it for the first page.
    """
    try:
        plan = await collector.plan()
        if collector.has_first_page:
            printed.report(plan.text)
        sinks, file = _open_sinks(collector, output_format, output, printed)
        try:
            await stream_pages(collector, sinks, printed.report)
        finally:
            if file is not None:
                file.close()
    finally:
        await session.close()
    if output_format == "json" and collector.first is not None and not collector.progress.pages:
        print_json({**exchange_table(collector.first), "checks": []})
    failed = collector.first_failed_page
    if failed is not None:
        return exit_code(failed.exchange) or 1
    return {"OK": 0, "UNKNOWN": 3}.get(collector.verdict.outcome, 1)


def _open_sinks(
    collector: Collector, output_format: str, output: Path | None, printed: ResponseOptions
) -> tuple[list[Sink], IO[bytes] | None]:
    """Return the sinks and the open file of *output*; no sinks if the first page failed."""
    first = collector.first
    if first is None or not collector.has_first_page:
        return [], None
    sinks: list[Sink] = []
    file = None
    if output is not None and not is_stdout(output):
        sink, file = file_sink(output, lines=output_format == "ndjson")
        sinks.append(sink)
    if output_format == "json":
        table = exchange_table(first)
        del table["response"]["body"]
        sinks.append(
            JsonDocumentSink(
                {name: table[name] for name in ("request", "response")}, lambda: _closing_fields(collector)
            )
        )
    elif file is None:
        write = write_data if output is None else write_bytes
        shown: Sink
        if printed.table:
            shown = TableSink()
        else:
            shown = NdjsonSink(write) if output_format == "ndjson" else JsonArraySink(write)
        sinks.append(shown if printed.expression is None else FilterSink(shown, printed.expression))
    return sinks, file


def _closing_fields(collector: Collector) -> dict[str, Any]:
    """Return the fields of ``--json`` that follow the records."""
    progress, failed = collector.progress, collector.first_failed_page
    table: dict[str, Any] = {
        "verdict": verdict_table(collector.verdict),
        "timings": {"total": progress.elapsed},
        "pages": progress.pages,
        "records": progress.records,
        "checks": [
            {"kind": finding.kind, "text": finding.text, "pages": list(finding.pages)} for finding in collector.findings
        ],
        "history": None if collector.first is None else collector.first.id or None,
    }
    if failed is not None and failed.exchange.failure is not None:
        table["error"] = failure_table(failed.exchange.failure)
    return table
