"""``history size``, ``prune``, ``delete``, ``vacuum``: how much is kept, and how much stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from explorer.cli.narration import say
from explorer.cli.opening import run, session_of
from explorer.cli.output import print_json, print_lines, table
from explorer.core.text.units import format_utc
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.core.exchange import FrozenStruct
    from explorer.history.keeping import HistoryStats, Pruning
    from explorer.settings.preferences import Settings


@click.command("size")
@click.option("--json", "as_json", is_flag=True, help="The figures as data.")
@click.pass_context
def history_size(ctx: click.Context, as_json: bool) -> int:
    """Say how much the history takes, and the rules that it is kept by."""
    from explorer.session.storing import history_stats

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
    from explorer.session.storing import plan_pruning, prune

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
    from explorer.session.remembering import delete_entries

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
    from explorer.session.storing import vacuum

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
