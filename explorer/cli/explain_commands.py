"""``explain``: how a call is signed, why it was refused, and what is wrong with another client's signature."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines
from explorer.cli.request_commands import call_options, make_call, values_argument
from explorer.cli.session_options import json_option, session_of
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
"""Characters of an aligned row without its label."""


def step_lines(explanation: SigningExplanation) -> list[str]:
    """Return the numbered steps, with invisible characters of literal strings made visible."""
    lines: list[str] = []
    for number, step in enumerate(explanation.steps, 1):
        lines.append(f"{number:>2}. {step.title}")
        lines += [f"    {make_visible(line) if step.literal else line}" for line in step.text.split("\n")]
        if step.detail:
            lines.append(f"    ({step.detail})")
    return lines


def diagnosis_lines(diagnosis: Diagnosis) -> list[str]:
    """Return the verdict, its causes, and both strings aligned."""
    lines = [f"{KINDS[diagnosis.kind]}: {diagnosis.verdict}"]
    for cause in diagnosis.causes:
        lines += _cause_lines(cause)
    for causes in diagnosis.also:
        lines.append("  or: " + "; and ".join(cause.text for cause in causes))
    if diagnosis.nearest is not None:
        lines += _cause_lines(diagnosis.nearest)
    lines += [f"  note: {note}" for note in diagnosis.notes]
    if diagnosis.our_signature and diagnosis.their_signature:
        lines += ["", f"  expected  {diagnosis.our_signature}", f"  actual    {diagnosis.their_signature}"]
    return lines + aligned_lines(diagnosis.our_base, diagnosis.their_base, with_position=diagnosis.kind != "token")


def _cause_lines(cause: Cause) -> list[str]:
    texts = (("why", cause.mistake.why), ("fix", cause.mistake.fix))
    return [
        line
        for label, text in texts
        for line in textwrap.wrap(f"{label}  {text}", WIDTH, initial_indent="  ", subsequent_indent="       ")
    ]


def aligned_lines(ours: str, theirs: str, *, with_position: bool = True) -> list[str]:
    """Align two strings in rows, after the first byte that differs (*with_position*). Equal or empty strings give
    no lines."""
    if not ours or not theirs or ours == theirs:
        return []
    diff = diff_bytes(ours, theirs)
    lines = [""]
    if with_position:
        differing = f"{diff.left_hex or '(end)'} / {diff.right_hex or '(end)'}  after {diff.before_hex or '(start)'}"
        lines += [f"  first difference at {diff.summary}", f"  bytes: {differing}"]
    for row in align_rows(diff, WIDTH):
        lines += [f"  expected  {row.offset:>5}  {row.left}", f"  actual           {row.right}"]
        if row.marks.strip():
            lines.append(f"                   {row.marks.rstrip()}")
    return lines


def explanation_table(explanation: SigningExplanation, diagnosis: Diagnosis | None) -> dict[str, Any]:
    """Return how a call is signed, and the diagnosis if there is one, as JSON data."""
    return {
        "call": explanation.call.address,
        "environment": explanation.call.environment,
        "history": explanation.number or None,
        "scheme": explanation.scheme,
        "at": explanation.at,
        "steps": [{"title": step.title, "text": step.text, "detail": step.detail} for step in explanation.steps],
        "diagnosis": diagnosis_table(diagnosis) if diagnosis is not None else None,
    }


def diagnosis_table(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis as JSON data."""
    diff = diff_bytes(diagnosis.our_base, diagnosis.their_base) if diagnosis.our_base and diagnosis.their_base else None
    return {
        "pasted": diagnosis.kind,
        "same": diagnosis.same,
        "verdict": diagnosis.verdict,
        "causes": [_cause_table(cause) for cause in diagnosis.causes],
        "also": [[_cause_table(cause) for cause in causes] for causes in diagnosis.also],
        "nearest": _cause_table(diagnosis.nearest) if diagnosis.nearest else None,
        "notes": list(diagnosis.notes),
        "right": {"base": diagnosis.our_base, "signature": diagnosis.our_signature},
        "theirs": {"base": diagnosis.their_base, "signature": diagnosis.their_signature},
        "first_difference": None
        if diff is None or diff.same
        else {"byte": diff.first, "right": diff.left_hex, "theirs": diff.right_hex, "told": diff.summary},
    }


def _cause_table(cause: Cause) -> dict[str, str]:
    mistake = cause.mistake
    return {
        "id": mistake.id,
        "title": mistake.title,
        "detail": cause.detail,
        "why": mistake.why,
        "mend": mistake.fix,
    }


_MARKS: Final = {"holds": "✗", "unknown": "?", "not": "·"}
_WIDTH: Final = 100


def refusal_lines(refusal: Explanation) -> list[str]:
    """Return the response, the most likely reason, then every check with its evidence."""
    message = f': "{refusal.vendor_message}"' if refusal.vendor_message else ""
    lines = [f"Response: {refusal.status}{message}" if refusal.status else "No response from the vendor."]
    lines += [*textwrap.wrap(f"Why: {refusal.headline}", _WIDTH), ""]
    for finding in refusal.findings:
        lines += _finding_lines(finding)
    return lines


def _finding_lines(finding: CheckResult) -> list[str]:
    lines = [f"{_MARKS[finding.state]} {finding.title}: {CHECK_STATES[finding.state]}"]
    lines += textwrap.wrap(finding.evidence, _WIDTH - 4, initial_indent="    ", subsequent_indent="    ")
    if finding.fix:
        lines.append(f"    → {finding.fix}")
    return lines


def refusal_table(refusal: Explanation) -> dict[str, Any]:
    """Return the explanation of a refusal as JSON data, with the findings in order."""
    top = refusal.top
    return {
        "status": refusal.status,
        "said": refusal.vendor_message,
        "why": refusal.headline,
        "cause": top.check if top is not None else None,
        "certain": top is not None and top.state == "holds",
        "findings": [
            {
                "check": finding.check,
                "title": finding.title,
                "state": finding.state,
                "evidence": finding.evidence,
                "mend": finding.fix,
                "key": finding.key,
                "where": finding.where,
            }
            for finding in refusal.findings
        ],
    }


NO_CAUSE = 3
"""Exit code for a difference or refusal that no known cause explains."""


@click.command("explain")
@click.argument("target", metavar="NUMBER|VENDOR.ENDPOINT")
@values_argument
@click.option("--against", metavar="TEXT", help="Compare a signature, base string, URL or curl line.")
@click.option("--at", metavar="TIME", help="Sign as of this time (Unix or ISO 8601).")
@click.option("--why", is_flag=True, help="Explain only why entry NUMBER was refused.")
@call_options
@json_option
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
    """Explain how a call is signed, or why it was refused.

    --against compares the signature with another client's; its TEXT may also be a log line, or - for standard input.
    For a refused history entry, the possible reasons are printed first, each with its evidence. Nothing is sent; keys
    are shown as fingerprints.

    Exits with 0 without a difference or refusal, 1 if the cause of one is known, 3 if it is not.

    \b
    Examples:
      api-explorer explain cottoncart.stats_balance
      api-explorer explain cottoncart.stats_balance --against -
      api-explorer explain 12 --why
    """
    from explorer.cli.parameters import check_stdin
    from explorer.core.form import parse_entry
    from explorer.session.explain import explain_call, parse_moment

    session = session_of(ctx, keep_history=target.isdigit())
    if against == "-":
        check_stdin([parse_entry(word) for word in values], "--against -")
    text = sys.stdin.read() if against == "-" else against
    moment = None if at is None else parse_moment(at)
    refusal: Explanation | None = None
    if target.isdigit():
        explanation, refusal = asyncio.run(_explain_entry(session, int(target)))
    elif why:
        raise UsageError(
            f"--why needs a history entry, not {target}", hint="Pass its number; `api-explorer history` lists them."
        )
    else:
        explanation = explain_call(session, make_call(session, target, values, options), moment)
    if moment is not None:
        explanation = explanation.with_known_clock(moment)
    diagnosis = explanation.diagnose(text) if text is not None else explanation.is_self_consistent()
    if refusal is not None and text is None:
        return _report_refusal(explanation, refusal, diagnosis, only_why=why, as_json=as_json)
    if why:
        if as_json:
            print_json({"history": explanation.number, "refused": False})
        else:
            print_lines(f"Entry {explanation.number} was not refused.")
        return 0
    return _report_signing(explanation, diagnosis, as_json=as_json)


async def _explain_entry(session: SessionContext, number: int) -> tuple[SigningExplanation, Explanation | None]:
    from explorer.session.explain import explain_exchange, explain_refused, was_refused

    try:
        exchange = await past_exchange(session, number)
        explanation = await asyncio.to_thread(explain_exchange, session, exchange)
        return explanation, await explain_refused(session, exchange) if was_refused(exchange) else None
    finally:
        await session.close()


def _report_refusal(
    explanation: SigningExplanation,
    refusal: Explanation,
    diagnosis: Diagnosis | None,
    *,
    only_why: bool,
    as_json: bool,
) -> int:
    """Print why an entry was refused and, unless *only_why*, how it was signed. Return the exit code."""
    if as_json:
        table = {"history": explanation.number} if only_why else explanation_table(explanation, diagnosis)
        print_json({**table, "refusal": refusal_table(refusal)})
    else:
        title = f"{explanation.call.address} · entry {explanation.number}"
        print_lines("\n".join([title, "", *refusal_lines(refusal)]))
        if not only_why:
            print_lines("")
            _report_signing(explanation, diagnosis, as_json=False)
    return 1 if refusal.top is not None and refusal.top.state == "holds" else NO_CAUSE


def _report_signing(explanation: SigningExplanation, diagnosis: Diagnosis | None, *, as_json: bool) -> int:
    for note in explanation.notes:
        say(f"note: {note}")
    if as_json:
        print_json(explanation_table(explanation, diagnosis))
    else:
        title = f"{explanation.call.address} · {explanation.title}"
        print_lines("\n".join([title, "", *step_lines(explanation)]))
        if diagnosis is not None:
            print_lines("\n".join(["", *diagnosis_lines(diagnosis)]))
    if diagnosis is None or diagnosis.same or diagnosis.kind == "nothing":
        return 0
    return 1 if diagnosis.causes else NO_CAUSE
