"""``replay`` and ``follow``: send a history entry again, or follow an id in its response."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import confirm, print_exchange
from explorer.cli.session_options import session_of, trust_host_option
from explorer.core.form import typed_text
from explorer.errors import UsageError
from explorer.session.history import past_exchange
from explorer.session.replay import prepare_replay
from explorer.session.send import perform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.links import LinkTarget
    from explorer.core.model import Call, Entry, Exchange
    from explorer.session.context import SessionContext
    from explorer.session.links import LinkResolution, ResponseId


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

    from explorer.cli.parameters import read_values

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


@click.command("follow")
@click.argument("number", type=click.IntRange(min=1))
@click.argument("path", required=False, metavar="[PATH]")
@click.option("--json", "as_json", is_flag=True, help="The ids, or where one leads, as data.")
@click.pass_context
def follow_command(ctx: click.Context, number: int, path: str | None, as_json: bool) -> int:
    """Tell which calls take the id at PATH (such as data[0].id) of an answer of the history; without PATH, which ids
    the answer holds. Sends nothing."""
    session = session_of(ctx)
    exchange = asyncio.run(past_exchange(session, number))
    if path is None:
        return _list(session, exchange, as_json=as_json)
    found = _resolve(session, exchange, path)
    if not found.link_targets and found.included is None:
        raise UsageError(f"no call takes what stands at {path}", hint=f"`follow {number}` lists the ids of the answer.")
    commands = [_command(exchange, way) for way in found.link_targets]
    if as_json:
        ways = [
            _table(exchange, way, shlex.join(words)) for way, words in zip(found.link_targets, commands, strict=True)
        ]
        print_json({"ways": ways, "included": found.included})
        return 0
    for way, words in zip(found.link_targets, commands, strict=True):
        print_lines(f"{shlex.join(words)}   # {way.endpoint.method} {way.endpoint.title}, {way.endpoint.effect}")
    if found.included is not None:
        print_lines(f"# in the same answer: included[{found.included}]")
    return 0


def _list(session: SessionContext, exchange: Exchange, *, as_json: bool) -> int:
    from explorer.session.links import find_ids

    places = list(find_ids(session, exchange))
    if as_json:
        print_json([{"path": one.path, "value": one.value, "kind": one.kind} for one in places])
    else:
        for one in _distinct_ids(places):
            print_lines(f"{one.path}={one.value}   # {one.kind}")
        if not places:
            say("the answer holds no id that another call takes")
    return 0


def _distinct_ids(places: list[ResponseId]) -> Iterator[ResponseId]:
    """A person is told one id of each kind at each place of a record; data has them all."""
    import re

    seen = set()
    for one in places:
        key = (re.sub(r"\[\d+\]", "[]", one.path), one.kind)
        if key not in seen:
            seen.add(key)
            yield one


def _resolve(session: SessionContext, exchange: Exchange, path: str) -> LinkResolution:
    from explorer.session.links import resolve_link, value_in

    value = value_in(exchange, path)
    if value is None:
        raise UsageError(f"the answer has no text or number at {path}", hint="Such as data[0].id.")
    return resolve_link(session, exchange, path, value, {})


def _command(exchange: Exchange, way: LinkTarget) -> list[str]:
    call = exchange.call
    words = ["api-explorer", "send", f"{call.vendor}.{way.endpoint.id}"]
    words += [f"{entry.name}={typed_text(entry.value)}" for entry in way.entries]
    return [*words, "--env", call.environment] if call.environment != "sandbox" else words


def _table(exchange: Exchange, way: LinkTarget, command: str) -> dict[str, Any]:
    return {
        "endpoint": f"{exchange.call.vendor}.{way.endpoint.id}",
        "method": way.endpoint.method,
        "effect": way.endpoint.effect,
        "field": way.field,
        "values": {entry.name: entry.value for entry in way.entries},
        "command": command,
    }
