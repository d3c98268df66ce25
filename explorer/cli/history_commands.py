"""``history``: what was sent and what came back; found, shown, noted and tagged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.history_storage_commands import history_delete, history_prune, history_size, history_vacuum
from explorer.cli.narration import say
from explorer.cli.opening import run, session_of
from explorer.cli.output import METER, print_body, print_json, print_lines, print_request, table
from explorer.core.text.units import format_utc
from explorer.session.remembering import annotate_entry, history_entry, recent_entries

if TYPE_CHECKING:
    from explorer.history import HistoryRow
    from explorer.session.remembering import HistoryEntry

T = TypeVar("T")


@click.group("history", invoke_without_command=True)
@click.pass_context
def history_command(ctx: click.Context) -> None:
    """The saved history: find entries, show one, note and tag it."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(history_list)


@history_command.command("list")
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--before", type=int, metavar="NUMBER", help="Only entries with a smaller number.")
@click.option("--json", "as_json", is_flag=True, help="The rows as data.")
@click.pass_context
def history_list(
    ctx: click.Context, words: tuple[str, ...] = (), limit: int = 50, before: int | None = None, as_json: bool = False
) -> int:
    """List the newest entries, or those that the WORDS ask for.

    Words are looked for in URL, parameters, bodies, answers, notes and tags; the last one may be the beginning of one,
    as may any that ends in *, and "words in quotes" stand in a row. Filters: vendor:NAME, endpoint:NAME, env:NAME,
    method:POST, status:404 (4xx, >=400, 500-599, none), verdict:failed, since:2h, until:2026-11-21, tag:NAME.
    """
    session = session_of(ctx)
    rows = run(session, recent_entries(session, limit, " ".join(words), before))
    if as_json:
        print_json([row_table(row) for row in rows])
    elif rows:
        print_lines(table([_cells(row) for row in rows]))
    return 0


@history_command.command("show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="The exchange as data.")
@click.pass_context
def history_show(ctx: click.Context, number: int, as_json: bool) -> int:
    """Show what was sent and received under NUMBER (secrets were masked when it was kept)."""
    from explorer.cli.exchange_text import exchange_table

    session = session_of(ctx)
    kept = run(session, history_entry(session, number))
    exchange = kept.exchange
    if as_json:
        print_json(
            {
                **exchange_table(exchange),
                "started_at": exchange.started_at,
                "address": exchange.call.address,
                "note": kept.row.note,
                "tags": kept.row.tag_names,
                "origin": exchange.origin or None,
                "replayed": exchange.replayed or None,
                "replays": kept.replays,
                "lost": kept.exchange.lost,
            }
        )
        return 0
    for line in _details_lines(kept):
        say(line)
    METER.hint = f"See all of it with `api-explorer history show {number} | less`."
    print_request(exchange.request)
    if exchange.failure is not None:
        print_lines(f"\n{exchange.failure.title}: {exchange.failure.message}")
    if exchange.response is not None:
        response = exchange.response
        print_lines(f"\n{exchange.verdict.outcome}: {response.http_version} {response.status} {response.reason}")
        print_lines("\n".join(f"{name}: {value}" for name, value in response.headers))
        print_lines("")
        print_body(response.body, response.header("content-type"))
    return 0


@history_command.command("note")
@click.argument("number", type=int)
@click.argument("text")
@click.pass_context
def history_note(ctx: click.Context, number: int, text: str) -> int:
    """Put a note on entry NUMBER in place of the one it has; an empty TEXT takes it away."""
    session = session_of(ctx)
    _report_annotation(run(session, annotate_entry(session, number, note=text)))
    return 0


@history_command.command("tag")
@click.argument("number", type=int)
@click.argument("tags", nargs=-1)
@click.option("--remove", "remove", multiple=True, metavar="TAG", help="Take a tag away.")
@click.pass_context
def history_tag(ctx: click.Context, number: int, tags: tuple[str, ...], remove: tuple[str, ...]) -> int:
    """Add TAGS to entry NUMBER; a search finds them by tag:NAME."""
    session = session_of(ctx)
    _report_annotation(run(session, annotate_entry(session, number, add=tags, remove=remove)))
    return 0


history_command.add_command(history_size)
history_command.add_command(history_prune)
history_command.add_command(history_delete)
history_command.add_command(history_vacuum)


def row_table(row: HistoryRow) -> dict[str, Any]:
    """``history list --json``: one entry as data."""
    return {
        "id": row.id,
        "started_at": datetime.fromtimestamp(row.started_at, UTC).isoformat(),
        "vendor": row.vendor,
        "endpoint": row.endpoint,
        "environment": row.environment,
        "method": row.method,
        "url": row.url,
        "status": row.status,
        "outcome": row.outcome,
        "size": row.size,
        "seconds": row.seconds,
        "state": row.state,
        "origin": row.origin or None,
        "note": row.note,
        "tags": row.tag_names,
    }


def _cells(row: HistoryRow) -> tuple[str, ...]:
    tags = "".join(f"  #{tag}" for tag in row.tag_names)
    origin = f"  (replay of {row.origin})" if row.origin else ""
    return (
        str(row.id),
        format_utc(row.started_at, "%Y-%m-%d %H:%M:%S"),
        row.outcome,
        str(row.status or "-"),
        row.address,
        f"{row.method} {row.url}{tags}{origin}",
    )


def _details_lines(kept: HistoryEntry) -> list[str]:
    """What there is to say of an entry beside the exchange."""
    lines = []
    if kept.exchange.origin:
        how = {"exact": "the same bytes", "form": "from the form"}.get(kept.exchange.replayed, "signed anew")
        lines.append(f"a replay of {kept.exchange.origin}, {how}")
    if kept.replays:
        lines.append(f"replayed as {', '.join(str(one) for one in kept.replays)}")
    lines += [
        f"the body of the {place} is not shown: its file in the history is missing or damaged"
        for place in kept.exchange.lost
    ]
    if kept.row.tag_names:
        lines.append("tags: " + " ".join(kept.row.tag_names))
    if kept.row.note:
        lines.append(f"note: {kept.row.note}")
    return lines


def _report_annotation(row: HistoryRow) -> None:
    say(f"{row.id}: tags: {' '.join(row.tag_names) or 'none'}; note: {row.note or 'none'}")
