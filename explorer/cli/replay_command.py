"""``replay``: an entry of the history sent once more, signed now or byte for byte."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.param_types import Seconds
from explorer.cli.request_commands import confirm, print_exchange
from explorer.cli.trust_options import trust_host_option
from explorer.session.remembering import past_exchange
from explorer.session.replaying import prepare_replay
from explorer.session.sending import perform

if TYPE_CHECKING:
    from explorer.core.exchange import Call, Entry, Exchange
    from explorer.session.context import SessionContext


@click.command("replay")
@click.argument("number", type=int)
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]...")
@click.option("--exact", is_flag=True, help="These very bytes, with the timestamp and signature of then.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the body to this file.")
@click.option("--timeout", type=Seconds(), help="Seconds for the whole exchange.")
@click.option("--yes", is_flag=True, help="Do not ask before a call that a guarded environment asks about.")
@click.option("--show-secrets", is_flag=True, help="Do not mask secrets.")
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
@trust_host_option
@click.pass_context
def replay_command(
    ctx: click.Context,
    number: int,
    values: tuple[str, ...],
    exact: bool,
    output: Path | None,
    timeout: float | None,
    yes: bool,
    show_secrets: bool,
    as_json: bool,
) -> int:
    """Send entry NUMBER of the history again, signed now, and exit with the vendor's verdict.

    Values that were masked when the entry was kept are given again as NAME=VALUE. What changed since (the catalog, the
    environment, the credentials) is said first. The new entry is linked to its origin.
    """
    from explorer.core.form import parse_entry

    session = session_of(ctx)
    given = tuple(parse_entry(word) for word in values)
    exchange = asyncio.run(_replay(session, number, exact, given, timeout, yes))
    return print_exchange(session, exchange, output, as_json=as_json, show_secrets=show_secrets)


def _read(session: SessionContext, call: Call, given: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """*given* with its files, variables and standard input read."""
    import msgspec

    from explorer.cli.given_values import read_values

    return read_values(session, msgspec.structs.replace(call, entries=given, readings={})).entries


async def _replay(
    session: SessionContext, number: int, exact: bool, given: tuple[Entry, ...], timeout: float | None, yes: bool
) -> Exchange:
    try:
        origin = (await past_exchange(session, number)).call
        if given:
            given = await asyncio.to_thread(_read, session, origin, given)
        for entry in origin.entries:
            if entry.kind == "file":  # it was allowed when it was sent, and is the file that NUMBER means
                session.files.allow_file(entry.value)
        replay = await prepare_replay(session, number, "exact" if exact else "again", given)
        for change in replay.changes:
            say(f"changed: {change}")
        for note in replay.notes:
            say(f"note: {note}")
        if replay.question and not yes and not replay.masked:
            confirm(replay.question)
        return await perform(session, replay.to_send(timeout=timeout))
    finally:
        await session.close()
