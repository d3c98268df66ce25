"""``replay`` and ``follow``: send a history entry again, or follow an id in its response."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.color import color_option
from explorer.cli.messages import say
from explorer.cli.output import is_stdout, print_json, print_lines
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import confirm, output_option, print_exchange, values_argument
from explorer.cli.response_options import refuse_together
from explorer.cli.session_options import json_option, session_of, trust_host_option, yes_option
from explorer.core.form import typed_text
from explorer.errors import UsageError
from explorer.session.history import past_exchange
from explorer.session.replay import prepare_replay
from explorer.session.send import perform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from explorer.core.links import LinkTarget
    from explorer.core.model import Call, Entry, Exchange
    from explorer.session.context import SessionContext
    from explorer.session.links import LinkResolution, ResponseId


@click.command("replay")
@click.argument("number", type=int)
@values_argument
@click.option("--exact", is_flag=True, help="Send the original bytes and signature.")
@output_option
@click.option("-t", "--timeout", type=Seconds(), help="Time limit of the exchange.")
@yes_option
@click.option("--show-secrets", is_flag=True, help="Print secrets unmasked.")
@json_option
@trust_host_option
@color_option
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
    """Send history entry NUMBER again with a new signature.

    Masked values must be given again as NAME=VALUE. Changes since the original (catalog, environment, credentials) are
    reported first. The new entry is linked to its origin. The exit code is that of `send`.
    """
    from explorer.core.form import parse_entry

    refuse_together(("--json", as_json), ("--output -", is_stdout(output)))
    session = session_of(ctx)
    entries = tuple(parse_entry(word) for word in values)
    exchange = asyncio.run(_replay(session, number, exact, entries, timeout, yes))
    return print_exchange(session, exchange, output, as_json=as_json, show_secrets=show_secrets)


def _read_entries(session: SessionContext, call: Call, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return *entries* with their files, variables and standard input read."""
    import msgspec

    from explorer.cli.parameters import read_values

    return read_values(session, msgspec.structs.replace(call, entries=entries, readings={})).entries


async def _replay(
    session: SessionContext, number: int, exact: bool, entries: tuple[Entry, ...], timeout: float | None, yes: bool
) -> Exchange:
    try:
        origin = (await past_exchange(session, number)).call
        if entries:
            entries = await asyncio.to_thread(_read_entries, session, origin, entries)
        for entry in origin.entries:
            if entry.kind == "file":  # allowed when NUMBER was sent, so allowed when it is sent again
                session.files.allow_file(entry.value)
        replay = await prepare_replay(session, number, "exact" if exact else "again", entries)
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
@json_option
@click.pass_context
def follow_command(ctx: click.Context, number: int, path: str | None, as_json: bool) -> int:
    """List the calls that accept an id from a response.

    NUMBER is a history entry, PATH the place of the id in its response, such as data[0].id. Without PATH, the ids of
    the response are listed. Nothing is sent.
    """
    session = session_of(ctx)
    exchange = asyncio.run(past_exchange(session, number))
    if path is None:
        return _list_ids(session, exchange, as_json=as_json)
    resolution = _resolve(session, exchange, path)
    if not resolution.link_targets and resolution.included is None:
        raise UsageError(
            f"no call accepts the value at {path}",
            hint=f"`api-explorer follow {number}` lists the ids of the response.",
        )
    commands = [(target, _command(exchange, target)) for target in resolution.link_targets]
    if as_json:
        targets = [_target_table(exchange, target, command) for target, command in commands]
        print_json({"ways": targets, "included": resolution.included})
        return 0
    for target, command in commands:
        print_lines(f"{command}   # {target.endpoint.method} {target.endpoint.title}, {target.endpoint.effect}")
    if resolution.included is not None:
        print_lines(f"# in the same response: included[{resolution.included}]")
    return 0


def _list_ids(session: SessionContext, exchange: Exchange, *, as_json: bool) -> int:
    from explorer.session.links import find_ids

    ids = list(find_ids(session, exchange))
    if as_json:
        print_json([{"path": item.path, "value": item.value, "kind": item.kind} for item in ids])
    else:
        for item in _distinct_ids(ids):
            print_lines(f"{item.path}={item.value}   # {item.kind}")
        if not ids:
            say(f"the response of {exchange.id} contains no id that another call accepts")
    return 0


def _distinct_ids(ids: list[ResponseId]) -> Iterator[ResponseId]:
    """Yield the first id of each kind at each path, array indexes ignored."""
    import re

    seen = set()
    for item in ids:
        key = (re.sub(r"\[\d+\]", "[]", item.path), item.kind)
        if key not in seen:
            seen.add(key)
            yield item


def _resolve(session: SessionContext, exchange: Exchange, path: str) -> LinkResolution:
    from explorer.session.links import resolve_link, value_in

    value = value_in(exchange, path)
    if value is None:
        raise UsageError(
            f"the response has no string or number at {path}",
            hint=f"`api-explorer follow {exchange.id}` lists its ids; a path is written as data[0].id.",
        )
    return resolve_link(session, exchange, path, value, {})


def _command(exchange: Exchange, target: LinkTarget) -> str:
    call = exchange.call
    arguments = ["api-explorer", "send", f"{call.vendor}.{target.endpoint.id}"]
    arguments += [f"{entry.name}={typed_text(entry.value)}" for entry in target.entries]
    if call.environment != "sandbox":
        arguments += ["--env", call.environment]
    return shlex.join(arguments)


def _target_table(exchange: Exchange, target: LinkTarget, command: str) -> dict[str, Any]:
    return {
        "endpoint": f"{exchange.call.vendor}.{target.endpoint.id}",
        "method": target.endpoint.method,
        "effect": target.endpoint.effect,
        "field": target.field,
        "values": {entry.name: entry.value for entry in target.entries},
        "command": command,
    }
