"""``explain``: how a call is signed, step by step; and what is wrong with somebody else's signature of it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.diagnosis_text import diagnosis_lines, explained_table, steps_lines
from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines
from explorer.cli.refusal_text import refusal_lines, refusal_table
from explorer.cli.request_commands import call_options, make_call
from explorer.errors import UsageError
from explorer.session.remembering import past_exchange

if TYPE_CHECKING:
    from explorer.core.debugging.diagnosing import Diagnosis
    from explorer.core.explain.refusals import Explanation
    from explorer.session.context import SessionContext
    from explorer.session.explaining import SigningExplanation

NO_CAUSE = 3
"""Exit code where there is a difference and nothing that is known explains it."""


@click.command("explain")
@click.argument("target", metavar="NUMBER|VENDOR.ENDPOINT")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]...")
@click.option("--against", metavar="TEXT", help="A base string, signature, URL, curl or log line; - reads stdin.")
@click.option("--at", metavar="TIME", help="The moment it is signed as of: Unix seconds, or 2012-02-13T10:50:34Z.")
@click.option("--why", is_flag=True, help="Of an entry: only why the vendor refused it.")
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
    why: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Show how a call, or entry NUMBER of the history, is signed; with --against, what is wrong with another signature.

    Of an entry that was refused, first what may be the reason, each with its evidence. Nothing is sent. Keys are told
    by a fingerprint. Exits with 0 when there is no difference and no refusal, 1 when there is one and its cause is
    named, 3 when nothing that is known explains it.
    """
    from explorer.cli.given_values import check_stdin
    from explorer.core.form import parse_entry
    from explorer.session.explaining import explain_call, parse_moment

    session = session_of(ctx, keep_history=target.isdigit())
    if against == "-":
        check_stdin([parse_entry(word) for word in values], "--against -")
    text = sys.stdin.read() if against == "-" else against
    when = None if at is None else parse_moment(at)
    refusal: Explanation | None = None
    if target.isdigit():
        explained, refusal = asyncio.run(_entry(session, int(target)))
    elif why:
        raise UsageError("--why asks about an entry of the history", hint="Give its number; `history` lists them.")
    else:
        explained = explain_call(session, make_call(session, target, values, options), when)
    if when is not None:
        explained = explained.with_known_clock(when)
    found = explained.diagnose(text) if text is not None else explained.is_self_consistent()
    if refusal is not None and text is None:
        return _report_refusal(explained, refusal, found, alone=why, as_json=as_json)
    if why:
        print_json({"history": explained.number, "refused": False}) if as_json else print_lines("It was not refused.")
        return 0
    return _report_signing(explained, found, as_json=as_json)


async def _entry(session: SessionContext, number: int) -> tuple[SigningExplanation, Explanation | None]:
    from explorer.session.explaining import explain_exchange
    from explorer.session.refusals import explain_refused, was_refused

    try:
        exchange = await past_exchange(session, number)
        explained = await asyncio.to_thread(explain_exchange, session, exchange)
        return explained, await explain_refused(session, exchange) if was_refused(exchange) else None
    finally:
        await session.close()


def _report_refusal(
    explained: SigningExplanation, refusal: Explanation, found: Diagnosis | None, *, alone: bool, as_json: bool
) -> int:
    """Tell why an entry was refused, and then (unless *alone*) how it was signed."""
    if as_json:
        table = explained_table(explained, found) if not alone else {"history": explained.number}
        print_json({**table, "refusal": refusal_table(refusal)})
    else:
        print_lines("\n".join([f"{explained.call.address} · entry {explained.number}", "", *refusal_lines(refusal)]))
        if not alone:
            print_lines("")
            _report_signing(explained, found, as_json=False)
    return 1 if refusal.top is not None and refusal.top.state == "holds" else NO_CAUSE


def _report_signing(explained: SigningExplanation, found: Diagnosis | None, *, as_json: bool) -> int:
    for note in explained.notes:
        say(f"note: {note}")
    if as_json:
        print_json(explained_table(explained, found))
    else:
        print_lines("\n".join([f"{explained.call.address} · {explained.title}", "", *steps_lines(explained)]))
        if found is not None:
            print_lines("\n".join(["", *diagnosis_lines(found)]))
    if found is None or found.same or found.kind == "nothing":
        return 0
    return 1 if found.causes else NO_CAUSE
