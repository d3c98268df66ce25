"""``explain``: how a call is signed, step by step; and what is wrong with somebody else's signature of it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.catalog_commands import session_of
from explorer.cli.diagnosis_text import diagnosis_lines, diagnosis_table, steps_lines
from explorer.cli.narration import say
from explorer.cli.output import put, put_json
from explorer.cli.request_commands import call_options, make_call

if TYPE_CHECKING:
    from explorer.core.debugging.diagnosing import Diagnosis
    from explorer.session import Session
    from explorer.session.explaining import Explained

NO_CAUSE = 3
"""Exit code where there is a difference and nothing that is known explains it."""


@click.command("explain")
@click.argument("target", metavar="NUMBER|VENDOR.ENDPOINT")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]...")
@click.option("--against", metavar="TEXT", help="A base string, signature, URL, curl or log line; - reads stdin.")
@click.option("--at", metavar="TIME", help="The moment it is signed as of: Unix seconds, or 2012-02-13T10:50:34Z.")
@call_options
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
@click.pass_context
def explain_command(
    ctx: click.Context,
    /,
    target: str,
    values: tuple[str, ...],
    against: str | None,
    at: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Show how a call, or entry NUMBER of the history, is signed; with --against, what is wrong with another signature.

    Nothing is sent. Keys are told by a fingerprint. Exits with 0 when there is no difference, 1 when there is one and
    its cause is named, 3 when nothing that is known explains it.
    """
    from explorer.session.explaining import explain_call, moment

    session = session_of(ctx, keep_history=target.isdigit())
    text = sys.stdin.read() if against == "-" else against
    when = None if at is None else moment(at)
    if target.isdigit():
        explained = asyncio.run(_entry(session, int(target)))
    else:
        explained = explain_call(session, make_call(session, target, values, options), when)
    if when is not None:
        explained = explained.at_the_moment(when)
    found = explained.against(text) if text is not None else explained.itself()
    return _told(explained, found, as_json=as_json)


async def _entry(session: Session, number: int) -> Explained:
    from explorer.session.explaining import explain_entry

    try:
        return await explain_entry(session, number)
    finally:
        await session.close()


def _told(explained: Explained, found: Diagnosis | None, *, as_json: bool) -> int:
    for note in explained.notes:
        say(f"note: {note}")
    if as_json:
        put_json(
            {
                "call": explained.call.address,
                "environment": explained.call.environment,
                "history": explained.number or None,
                "scheme": explained.scheme,
                "at": explained.at,
                "steps": [{"title": one.title, "text": one.text, "detail": one.detail} for one in explained.steps],
                "diagnosis": diagnosis_table(found) if found is not None else None,
            }
        )
    else:
        put("\n".join([f"{explained.call.address} · {explained.title}", "", *steps_lines(explained)]))
        if found is not None:
            put("\n".join(["", *diagnosis_lines(found)]))
    if found is None or found.same or found.kind == "nothing":
        return 0
    return 1 if found.causes else NO_CAUSE
