"""``send --all-pages``: the plan, the pages, what was found, and the exit code."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from explorer.cli.exchange_text import exchange_table, exit_code, failure_table, verdict_table
from explorer.cli.narration import say
from explorer.cli.output import print_json
from explorer.cli.page_output import JsonArraySink, JsonDocumentSink, NdjsonSink, file_sink, stream_pages, write_data

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.cli.page_output import Sink
    from explorer.session.collecting import Collector
    from explorer.session.context import SessionContext


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
