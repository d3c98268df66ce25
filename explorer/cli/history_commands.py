"""``history``: find, show, annotate, prune and delete entries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.messages import say
from explorer.cli.output import METER, print_body, print_json, print_lines, print_request, table
from explorer.cli.session_options import run, session_of
from explorer.core.text.units import format_utc
from explorer.errors import UsageError
from explorer.session.history import annotate_entry, history_entry, recent_entries

if TYPE_CHECKING:
    from explorer.core.model import FrozenStruct
    from explorer.session.history import HistoryEntry
    from explorer.store.history import HistoryRow
    from explorer.store.history.retention import HistoryStats, Pruning
    from explorer.store.preferences import Settings


@click.command("size")
@click.option("--json", "as_json", is_flag=True, help="The figures as data.")
@click.pass_context
def history_size(ctx: click.Context, as_json: bool) -> int:
    """Say how much the history takes, and the rules that it is kept by."""
    from explorer.session.retention import history_stats

    session = session_of(ctx)
    found = run(session, history_stats(session))
    if as_json:
        print_json({**_table(found), "rules": _rules_table(session.settings)})
        return 0
    print_lines(table(_lines(found, session.settings)))
    return 0


@click.command("prune")
@click.option("--older", metavar="DURATION", default="", help="All that is older, as 30d, 12h or 8w; not by the rules.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and take nothing away.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="What went, or would go, as data.")
@click.pass_context
def history_prune(ctx: click.Context, older: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Take away the oldest entries that the rules do not let stay, or those --older than a time.

    Entries with a note or a tag stay.
    """
    from explorer.cli.request_commands import confirm
    from explorer.core.text.units import parse_duration
    from explorer.session.retention import plan_pruning, prune

    seconds = parse_duration(older) if older else 0.0
    if seconds is None:
        raise UsageError(f"{older!r} is no length of time", hint="Such as 90m, 12h, 30d or 8w.")
    session = session_of(ctx)

    async def work() -> Pruning:
        found = await plan_pruning(session, seconds)
        if dry_run or not found.entries:
            return found
        if not yes:
            confirm(f"{_pruning_text(found)} would go for good")
        return await prune(session, seconds)

    found = run(session, work())
    if as_json:
        print_json({**_table(found), "dry_run": dry_run})
    elif not found.entries:
        say("nothing to take away")
    else:
        say(f"{_pruning_text(found)} {'would go' if dry_run else 'went'}")
    return 0


@click.command("delete")
@click.argument("numbers", nargs=-1, type=int, required=True, metavar="NUMBER...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def history_delete(ctx: click.Context, numbers: tuple[int, ...], yes: bool) -> int:
    """Take entries out of the history for good, whatever notes and tags they have."""
    from explorer.cli.request_commands import confirm
    from explorer.session.history import delete_entries

    named = ", ".join(str(one) for one in numbers)
    if not yes:
        confirm(f"{named} would go from the history for good")
    session = session_of(ctx)
    gone = run(session, delete_entries(session, numbers))
    say(f"{gone} of {len(numbers)} {'entry' if len(numbers) == 1 else 'entries'} deleted")
    return 0 if gone == len(numbers) else 2


@click.command("vacuum")
@click.pass_context
def history_vacuum(ctx: click.Context) -> int:
    """Give back the room in the file that nothing uses."""
    from explorer.session.retention import vacuum

    session = session_of(ctx)
    say(f"{run(session, vacuum(session)):,} bytes given back")
    return 0


def _pruning_text(found: Pruning) -> str:
    entries = "1 entry" if found.entries == 1 else f"{found.entries:,} entries"
    return f"{entries} of {_day(found.oldest)} to {_day(found.newest)}, {found.size:,} bytes,"


def _lines(found: HistoryStats, settings: Settings) -> list[tuple[str, ...]]:
    days = settings.history_keep_days
    return [
        ("entries", f"{found.entries:,}", f"at most {settings.history_max_entries:,} (history_max_entries)"),
        ("oldest", _day(found.oldest), f"{days} days are kept (history_keep_days)" if days else "kept for ever"),
        ("file", f"{found.file:,} bytes", f"of which {found.free:,} are unused"),
        ("bodies in files", f"{found.spooled_size:,} bytes", f"{found.spooled:,} files"),
        ("all together", f"{found.file + found.spooled_size:,} bytes", _limit_text(settings)),
        ("answers", f"{found.bodies:,} bytes", f"above {settings.history_body_limit:,} each in a file"),
        ("noted or tagged", f"{found.annotated:,}", "stay, whatever the rules"),
        ("set aside", f"{found.aside:,}", "damaged files beside it"),
    ]


def _limit_text(settings: Settings) -> str:
    return f"at most {settings.history_max_bytes:,} of entries (history_max_bytes)"


def _day(moment: float) -> str:
    return format_utc(moment) if moment else "-"


def _table(value: FrozenStruct) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(value)


def _rules_table(settings: Settings) -> dict[str, int]:
    names = ("history_max_entries", "history_max_bytes", "history_keep_days", "history_body_limit")
    return {name: getattr(settings, name) for name in names}


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
    from explorer.cli.output import exchange_table

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
