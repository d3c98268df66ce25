"""``resolve_link``: the calls that take an id of an answer in the history."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines
from explorer.core.form import typed_text
from explorer.errors import UsageError
from explorer.session.remembering import past_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.exchange import Exchange
    from explorer.core.links import LinkTarget
    from explorer.session.context import SessionContext
    from explorer.session.following import LinkResolution, ResponseId


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
    from explorer.session.following import find_ids

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
    from explorer.session.following import resolve_link, value_in

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
