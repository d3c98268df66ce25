"""``history``: search, show, annotate, prune and delete entries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.color import color_option
from explorer.cli.messages import say
from explorer.cli.output import METER, print_body, print_json, print_lines, print_request, table
from explorer.cli.session_options import json_option, run, session_of, yes_option
from explorer.core.text.units import format_size, format_utc
from explorer.errors import UsageError
from explorer.session.history import annotate_entry, history_entry, recent_entries

if TYPE_CHECKING:
    from explorer.core.model import FrozenStruct
    from explorer.session.history import HistoryEntry
    from explorer.store.history import HistoryRow
    from explorer.store.history.retention import HistoryStats, Pruning
    from explorer.store.preferences import Settings


@click.command("size")
@json_option
@click.pass_context
def history_size(ctx: click.Context, as_json: bool) -> int:
    """Show the size of the history and its limits."""
    from explorer.session.retention import history_stats

    session = session_of(ctx)
    stats = run(session, history_stats(session))
    if as_json:
        print_json({**_struct_table(stats), "rules": _limits_table(session.settings)})
        return 0
    print_lines(table(_size_rows(stats, session.settings)))
    return 0


@click.command("prune")
@click.option("--older", metavar="DURATION", default="", help="Prune older entries, such as 30d or 8w.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted.")
@yes_option
@json_option
@click.pass_context
def history_prune(ctx: click.Context, older: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Delete the oldest entries beyond the limits.

    With --older, the limits are ignored and all entries older than DURATION (12h, 30d, 8w) are deleted. Entries with a
    note or a tag are never pruned.
    """
    from explorer.cli.request_commands import confirm
    from explorer.core.text.units import parse_duration
    from explorer.session.retention import plan_pruning, prune

    seconds = parse_duration(older) if older else 0.0
    if seconds is None:
        raise UsageError(f"--older {older}: not a duration", hint="Examples: 90m, 12h, 30d, 8w.")
    session = session_of(ctx)

    async def plan_and_prune() -> Pruning:
        plan = await plan_pruning(session, seconds)
        if dry_run or not plan.entries:
            return plan
        if not yes:
            confirm(f"deleting {_pruning_text(plan)} is permanent")
        return await prune(session, seconds)

    pruning = run(session, plan_and_prune())
    if as_json:
        print_json({**_struct_table(pruning), "dry_run": dry_run})
    elif not pruning.entries:
        say("nothing to prune")
    else:
        say(f"{'would delete' if dry_run else 'deleted'} {_pruning_text(pruning)}")
    return 0


@click.command("delete")
@click.argument("numbers", nargs=-1, type=int, required=True, metavar="NUMBER...")
@yes_option
@click.pass_context
def history_delete(ctx: click.Context, numbers: tuple[int, ...], yes: bool) -> int:
    """Delete entries permanently, with their notes and tags."""
    from explorer.cli.request_commands import confirm
    from explorer.session.history import delete_entries

    noun = "entry" if len(numbers) == 1 else "entries"
    if not yes:
        confirm(f"deleting {noun} {', '.join(str(number) for number in numbers)} is permanent")
    session = session_of(ctx)
    deleted = run(session, delete_entries(session, numbers))
    say(f"deleted {deleted} of {len(numbers)} {noun}")
    return 0 if deleted == len(numbers) else 2


@click.command("vacuum")
@click.pass_context
def history_vacuum(ctx: click.Context) -> int:
    """Return unused space of the history file to the disk."""
    from explorer.session.retention import vacuum

    session = session_of(ctx)
    say(f"{format_size(run(session, vacuum(session)))} freed")
    return 0


def _pruning_text(pruning: Pruning) -> str:
    entries = "1 entry" if pruning.entries == 1 else f"{pruning.entries:,} entries"
    return f"{entries} from {_day(pruning.oldest)} to {_day(pruning.newest)} ({format_size(pruning.size)})"


def _size_rows(stats: HistoryStats, settings: Settings) -> list[tuple[str, ...]]:
    days = settings.history_keep_days
    return [
        ("entries", f"{stats.entries:,}", f"limit {settings.history_max_entries:,} (history_max_entries)"),
        ("oldest", _day(stats.oldest), f"limit {days} days (history_keep_days)" if days else "no limit of age"),
        ("file", format_size(stats.file), f"{format_size(stats.free)} unused"),
        ("body files", format_size(stats.spooled_size), f"{stats.spooled:,} files"),
        ("total", format_size(stats.file + stats.spooled_size), _limit_text(settings)),
        ("bodies", format_size(stats.bodies), f"above {format_size(settings.history_body_limit)} in a file each"),
        ("noted or tagged", f"{stats.annotated:,}", "never pruned"),
        ("damaged files", f"{stats.aside:,}", "moved aside, in the same folder"),
    ]


def _limit_text(settings: Settings) -> str:
    return f"limit {format_size(settings.history_max_bytes)} of entries (history_max_bytes)"


def _day(moment: float) -> str:
    return format_utc(moment) if moment else "-"


def _struct_table(value: FrozenStruct) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(value)


def _limits_table(settings: Settings) -> dict[str, int]:
    names = ("history_max_entries", "history_max_bytes", "history_keep_days", "history_body_limit")
    return {name: getattr(settings, name) for name in names}


T = TypeVar("T")


@click.group("history", invoke_without_command=True)
@click.pass_context
def history_command(ctx: click.Context) -> None:
    """Search, show, annotate and delete history entries.

    Without a command, the newest entries are listed.

    \b
    Examples:
      api-explorer history list 'stock status:>=400 since:2h'
      api-explorer history show 12
      api-explorer history prune --older 90d --dry-run
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(history_list)


@history_command.command("list")
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, metavar="N", help="List at most N entries (default 50)."
)
@click.option("--before", type=int, metavar="NUMBER", help="List entries before NUMBER.")
@json_option
@click.pass_context
def history_list(
    ctx: click.Context, words: tuple[str, ...] = (), limit: int = 50, before: int | None = None, as_json: bool = False
) -> int:
    """List the newest entries, or those that match WORDS.

    Words are searched in URLs, parameters, bodies, notes and tags. The last word, and any word that ends in *, matches
    as a prefix; "words in quotes" match as a phrase.

    Filters: vendor:NAME, endpoint:NAME, env:NAME, method:POST, status:404 (4xx, >=400, 500-599, none), verdict:failed,
    since:2h, until:2026-11-21, tag:NAME.
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
@json_option
@color_option
@click.pass_context
def history_show(ctx: click.Context, number: int, as_json: bool) -> int:
    """Show the request and response of entry NUMBER.

    Secrets were masked when the entry was stored.
    """
    from explorer.cli.output import exchange_table

    session = session_of(ctx)
    entry = run(session, history_entry(session, number))
    exchange = entry.exchange
    if as_json:
        print_json(
            {
                **exchange_table(exchange),
                "started_at": exchange.started_at,
                "address": exchange.call.address,
                "note": entry.row.note,
                "tags": entry.row.tag_names,
                "origin": exchange.origin or None,
                "replayed": exchange.replayed or None,
                "replays": entry.replays,
                "lost": exchange.lost,
            }
        )
        return 0
    for line in _detail_lines(entry):
        say(line)
    METER.hint = f"Run `api-explorer history show {number} | less` to get all of it."
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
    """Set the note of entry NUMBER; an empty TEXT removes it."""
    session = session_of(ctx)
    _report_annotation(run(session, annotate_entry(session, number, note=text)))
    return 0


@history_command.command("tag")
@click.argument("number", type=int)
@click.argument("tags", nargs=-1)
@click.option("--remove", "remove", multiple=True, metavar="TAG", help="Remove a tag; repeatable.")
@click.pass_context
def history_tag(ctx: click.Context, number: int, tags: tuple[str, ...], remove: tuple[str, ...]) -> int:
    """Add TAGS to entry NUMBER.

    `history list tag:NAME` finds them.
    """
    session = session_of(ctx)
    _report_annotation(run(session, annotate_entry(session, number, add=tags, remove=remove)))
    return 0


history_command.add_command(history_size)
history_command.add_command(history_prune)
history_command.add_command(history_delete)
history_command.add_command(history_vacuum)


def row_table(row: HistoryRow) -> dict[str, Any]:
    """Return one row of ``history list --json``."""
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


def _detail_lines(entry: HistoryEntry) -> list[str]:
    """Return what is known of an entry besides its exchange: replays, lost bodies, tags, note."""
    lines = []
    if entry.exchange.origin:
        how = {"exact": "the same bytes", "form": "from the form"}.get(entry.exchange.replayed, "signed again")
        lines.append(f"replay of {entry.exchange.origin}, {how}")
    if entry.replays:
        lines.append(f"replayed as {', '.join(str(number) for number in entry.replays)}")
    lines += [f"the body of the {part} is not shown: its file is missing or damaged" for part in entry.exchange.lost]
    if entry.row.tag_names:
        lines.append("tags: " + " ".join(entry.row.tag_names))
    if entry.row.note:
        lines.append(f"note: {entry.row.note}")
    return lines


def _report_annotation(row: HistoryRow) -> None:
    say(f"{row.id}: tags: {' '.join(row.tag_names) or 'none'}; note: {row.note or 'none'}")
