"""Steps and diagnoses as lines and as data."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from explorer.core.debugging.bytes_diff import align_rows, diff_bytes
from explorer.core.debugging.pasted import KINDS
from explorer.core.debugging.visible import make_visible

if TYPE_CHECKING:
    from explorer.core.debugging.diagnosing import Cause, Diagnosis
    from explorer.session.explaining import SigningExplanation

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
        lines += [f"  first difference at {diff.told}", f"  bytes there: {there}"]
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
        else {"byte": diff.first, "right": diff.left_hex, "theirs": diff.right_hex, "told": diff.told},
    }


def _cause_table(cause: Cause) -> dict[str, str]:
    one = cause.mistake
    return {"id": one.id, "title": one.title, "detail": cause.detail, "why": one.why, "mend": one.fix}
