"""Why a call was refused, as lines and as data."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from explorer.core.explain.refusals.facts import CHECK_STATES

if TYPE_CHECKING:
    from explorer.core.explain.refusals import CheckResult, Explanation

_SIGNS: Final = {"holds": "✗", "unknown": "?", "not": "·"}
_WIDTH: Final = 100


def refusal_lines(refusal: Explanation) -> list[str]:
    """The answer, then every check with its evidence."""
    said = f' and says "{refusal.said}"' if refusal.said else ""
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
        "said": refusal.said,
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
