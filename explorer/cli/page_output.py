"""``send --all-pages``: plan, records on stdout as they arrive, findings, exit code."""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import aclosing
from typing import IO, TYPE_CHECKING, Any, Protocol

from explorer.cli.messages import say
from explorer.cli.output import exchange_table, exit_code, failure_table, print_json, verdict_table, write
from explorer.core.text.sanitize import sanitize
from explorer.errors import OutputFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from explorer.session.collection import Collector
    from explorer.session.context import SessionContext
    from explorer.session.page_fetch import FetchedPage


_NON_ASCII = re.compile("[^\x00-\x7e]")


class Sink(Protocol):
    """Where records go."""

    def put(self, records: Iterable[bytes]) -> None:
        """Write records."""

    def close(self) -> None:
        """Write what comes after the last."""


class NdjsonSink:
    """One record a line."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def put(self, records: Iterable[bytes]) -> None:
        self._write(b"".join(record + b"\n" for record in records))

    def close(self) -> None:
        pass


class JsonArraySink:
    """One JSON array, a record a line."""

    def __init__(self, write: Callable[[bytes], None], indent: str = "") -> None:
        self._write, self._indent, self._between = write, indent.encode(), b"\n"
        write(b"[")

    def put(self, records: Iterable[bytes]) -> None:
        parts = []
        for record in records:
            parts.append(self._between + self._indent + record)
            self._between = b",\n"
        self._write(b"".join(parts))

    def close(self) -> None:
        self._write(b"\n" + self._indent[2:] + b"]\n" if self._between != b"\n" else b"]\n")


class JsonDocumentSink:
    """The document of ``--json``: *before* stands before the body, what *after* gives comes behind it."""

    def __init__(self, before: dict[str, Any], after: Callable[[], dict[str, Any]]) -> None:
        head = json.dumps(before, indent=2)
        response = head.rstrip().removesuffix("}").rstrip().removesuffix("}").rstrip()
        write_text(response + ',\n    "body": ')
        self._after = after
        self._array = JsonArraySink(lambda data: write_text(ascii_json(data)), "      ")

    def put(self, records: Iterable[bytes]) -> None:
        self._array.put(records)

    def close(self) -> None:
        self._array.close()
        rest = json.dumps(self._after(), indent=2, default=str)
        write_text("  }," + rest.removeprefix("{") + "\n")


def ascii_json(data: bytes) -> str:
    """JSON with everything beyond ASCII escaped, so that no control character can reach a terminal."""
    return _NON_ASCII.sub(lambda found: _escaped(ord(found[0])), data.decode("utf-8", "replace"))


def _escaped(point: int) -> str:
    if point > 0xFFFF:
        point -= 0x10000
        return f"\\u{0xD800 + (point >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}"
    return f"\\u{point:04x}"


def write_text(text: str) -> None:
    """Sanitized text for stdout."""
    write(text)
    sys.stdout.flush()


def write_data(data: bytes) -> None:
    """Data for stdout: sanitized for a terminal, byte for byte for a pipe."""
    if sys.stdout.isatty():
        write_text(sanitize(data.decode("utf-8", "replace")))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def file_sink(path: Path, *, lines: bool) -> tuple[Sink, IO[bytes]]:
    """A sink that writes a file, and the file, to be closed after it.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file = path.open("wb")
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror}", hint="Name a file that can be written.") from None

    def write(data: bytes) -> None:
        file.write(data)

    return (NdjsonSink(write) if lines else JsonArraySink(write)), file


async def stream_pages(
    collector: Collector, sinks: list[Sink], clock: Callable[[], float] = time.monotonic
) -> FetchedPage | None:
    """Send every page of *collector* to the sinks, telling the plan, the progress once a second and what was found.

    Gives the last page. Interrupted, the sinks are closed all the same: what came is whole.
    """
    told = clock()
    last: FetchedPage | None = None
    try:
        async with aclosing(collector.pages()) as pages:
            async for page in pages:
                last = page
                if page.came:
                    for sink in sinks:
                        sink.put(page.records)
                else:
                    say(f"page {page.number} did not come: {page.problem}")
                if clock() - told >= 1:
                    told = clock()
                    say(collector.progress.text)
    except (OSError, OutputFailed):
        raise
    except BaseException:
        _close(sinks)
        raise
    _close(sinks)
    _report_summary(collector)
    return last


def _close(sinks: list[Sink]) -> None:
    for sink in sinks:
        sink.close()


def _report_summary(collector: Collector) -> None:
    progress, verdict = collector.progress, collector.verdict
    say(f"{verdict.outcome}  {progress.text}  ({verdict.why})")
    for finding in collector.findings:
        say(f"check: {finding.text}")
    failed = collector.first_failed_page
    if failed is not None:
        for text in (failed.exchange.verdict.message, failed.exchange.failure.hint if failed.exchange.failure else ""):
            if text:
                say(f"  {text}")


async def send_pages(session: SessionContext, collector: Collector, form: str, output: Path | None) -> int:
    """Fetch pages and write their records as *form* (``json``, ``ndjson`` or ``array``); gives the exit code.

    Raises:
        UsageError: *output* cannot be written; what ``send`` raises.
    """
    try:
        plan = await collector.plan()
        if collector.has_first_page:
            say(plan.text)
        sinks, file = _sinks(collector, form, output)
        try:
            await stream_pages(collector, sinks)
        finally:
            if file is not None:
                file.close()
    finally:
        await session.close()
    if form == "json" and collector.first is not None and not collector.progress.pages:
        print_json({**exchange_table(collector.first), "checks": []})
    failed = collector.first_failed_page
    if failed is not None:
        return exit_code(failed.exchange) or 1
    return {"OK": 0, "UNKNOWN": 3}.get(collector.verdict.outcome, 1)


def _sinks(collector: Collector, form: str, output: Path | None) -> tuple[list[Sink], IO[bytes] | None]:
    """Where the records go, and the file among it. Where the first page did not come, there are none."""
    first = collector.first
    if first is None or not collector.has_first_page:
        return [], None
    sinks: list[Sink] = []
    file = None
    if output is not None:
        sink, file = file_sink(output, lines=form == "ndjson")
        sinks.append(sink)
    if form == "json":
        table = exchange_table(first)
        del table["response"]["body"]
        sinks.append(
            JsonDocumentSink(
                {name: table[name] for name in ("request", "response")}, lambda: _closing_fields(collector)
            )
        )
    elif output is None:
        sinks.append(NdjsonSink(write_data) if form == "ndjson" else JsonArraySink(write_data))
    return sinks, file


def _closing_fields(collector: Collector) -> dict[str, Any]:
    """What ``--json`` says of all pages, behind their records."""
    progress, failed = collector.progress, collector.first_failed_page
    table: dict[str, Any] = {
        "verdict": verdict_table(collector.verdict),
        "timings": {"total": progress.elapsed},
        "pages": progress.pages,
        "records": progress.records,
        "checks": [{"kind": one.kind, "text": one.text, "pages": list(one.pages)} for one in collector.findings],
        "history": None if collector.first is None else collector.first.id or None,
    }
    if failed is not None and failed.exchange.failure is not None:
        table["error"] = failure_table(failed.exchange.failure)
    return table
