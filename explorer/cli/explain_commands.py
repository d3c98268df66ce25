"""``explain``: how a call is signed, why it was refused, and what is wrong with another client's signature."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines
from explorer.cli.request_commands import call_options, make_call
from explorer.cli.session_options import session_of
from explorer.core.explain.refusals.facts import CHECK_STATES
from explorer.core.explain.signature.byte_diff import align_rows, diff_bytes, make_visible
from explorer.core.explain.signature.pasted_text import KINDS
from explorer.errors import UsageError
from explorer.session.history import past_exchange

if TYPE_CHECKING:
    from explorer.core.explain.refusals import CheckResult, Explanation
    from explorer.core.explain.signature.diagnosis import Cause, Diagnosis
    from explorer.session.context import SessionContext
    from explorer.session.explain import SigningExplanation


WIDTH = 88
"""Characters of an aligned row, its label not counted."""


def steps_lines(explained: SigningExplanation) -> list[str]:
    """Every step, numbered; what cannot be seen in a text is made visible."""
    lines: list[str] = []
    for number, step in enumerate(explained.steps, 1):
        lines.append(f"{number:>2}. {step.title}")
        lines += [f"    {make_visible(line) if step.literal else line}" for line in step.text.split("\n")]
        if step.detail:
            lines.append(f"    ({step.detail})")
    return lines


def diagnosis_lines(found: Diagnosis) -> list[str]:
    """The answer first, then its reasons, then both texts one below the other."""
    lines = [f"{KINDS[found.kind]}: {found.verdict}"]
    for cause in found.causes:
        lines += _cause_lines(cause)
    for other in found.also:
        lines.append("  or: " + "; and ".join(cause.text for cause in other))
    if found.nearest is not None:
        lines += _cause_lines(found.nearest)
    lines += [f"  note: {note}" for note in found.notes]
    if found.our_signature and found.their_signature:
        lines += ["", f"  should be  {found.our_signature}", f"  is         {found.their_signature}"]
    return lines + aligned_lines(found.our_base, found.their_base, told=found.kind != "token")


def _cause_lines(cause: Cause) -> list[str]:
    texts = (("why ", cause.mistake.why), ("mend", cause.mistake.fix))
    return [
        line
        for label, text in texts
        for line in textwrap.wrap(f"{label}  {text}", WIDTH, initial_indent="  ", subsequent_indent="        ")
    ]


def aligned_lines(ours: str, theirs: str, *, told: bool = True) -> list[str]:
    """Two texts in rows, one below the other, and (*told*) the first byte that differs; nothing where there is nothing
    to compare."""
    if not ours or not theirs or ours == theirs:
        return []
    diff = diff_bytes(ours, theirs)
    lines = [""]
    if told:
        there = f"{diff.left_hex or '(end)'} / {diff.right_hex or '(end)'}  after {diff.before_hex or '(start)'}"
        lines += [f"  first difference at {diff.summary}", f"  bytes there: {there}"]
    for row in align_rows(diff, WIDTH):
        lines += [f"  right  {row.offset:>5}  {row.left}", f"  theirs        {row.right}"]
        if row.marks.strip():
            lines.append(f"                {row.marks.rstrip()}")
    return lines


def explained_table(explained: SigningExplanation, found: Diagnosis | None) -> dict[str, Any]:
    """How something is signed, and the diagnosis if there is one, as data."""
    return {
        "call": explained.call.address,
        "environment": explained.call.environment,
        "history": explained.number or None,
        "scheme": explained.scheme,
        "at": explained.at,
        "steps": [{"title": one.title, "text": one.text, "detail": one.detail} for one in explained.steps],
        "diagnosis": diagnosis_table(found) if found is not None else None,
    }


def diagnosis_table(found: Diagnosis) -> dict[str, Any]:
    """A diagnosis as data."""
    diff = diff_bytes(found.our_base, found.their_base) if found.our_base and found.their_base else None
    return {
        "pasted": found.kind,
        "same": found.same,
        "verdict": found.verdict,
        "causes": [_cause_table(cause) for cause in found.causes],
        "also": [[_cause_table(cause) for cause in other] for other in found.also],
        "nearest": _cause_table(found.nearest) if found.nearest else None,
        "notes": list(found.notes),
        "right": {"base": found.our_base, "signature": found.our_signature},
        "theirs": {"base": found.their_base, "signature": found.their_signature},
        "first_difference": None
        if diff is None or diff.same
        else {"byte": diff.first, "right": diff.left_hex, "theirs": diff.right_hex, "told": diff.summary},
    }


def _cause_table(cause: Cause) -> dict[str, str]:
    one = cause.mistake
    return {"id": one.id, "title": one.title, "detail": cause.detail, "why": one.why, "mend": one.fix}


_SIGNS: Final = {"holds": "✗", "unknown": "?", "not": "·"}
_WIDTH: Final = 100


def refusal_lines(refusal: Explanation) -> list[str]:
    """The answer, then every check with its evidence."""
    said = f' and says "{refusal.vendor_message}"' if refusal.vendor_message else ""
    lines = [f"The vendor answers {refusal.status}{said}." if refusal.status else "There is no answer of the vendor's."]
    lines += [*textwrap.wrap(f"Why: {refusal.headline}", _WIDTH), ""]
    for one in refusal.findings:
        lines += _finding_lines(one)
    return lines


def _finding_lines(one: CheckResult) -> list[str]:
    lines = [f"{_SIGNS[one.state]} {one.title}: {CHECK_STATES[one.state]}"]
    lines += textwrap.wrap(one.evidence, _WIDTH - 4, initial_indent="    ", subsequent_indent="    ")
    if one.fix:
        lines.append(f"    → {one.fix}")
    return lines


def refusal_table(refusal: Explanation) -> dict[str, Any]:
    """The same as data; the findings in their order."""
    top = refusal.top
    return {
        "status": refusal.status,
        "said": refusal.vendor_message,
        "why": refusal.headline,
        "cause": top.check if top is not None else None,
        "certain": top is not None and top.state == "holds",
        "findings": [
            {
                "check": one.check,
                "title": one.title,
                "state": one.state,
                "evidence": one.evidence,
                "mend": one.fix,
                "key": one.key,
                "where": one.where,
            }
            for one in refusal.findings
        ],
    }


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
    from explorer.cli.parameters import check_stdin
    from explorer.core.form import parse_entry
    from explorer.session.explain import explain_call, parse_moment

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
    from explorer.session.explain import explain_exchange, explain_refused, was_refused

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
