"""All checks over one exchange, in the order in which a person should read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from explorer.core.explain.refusals.auth_checks import AUTH_CHECKS
from explorer.core.explain.refusals.request_checks import REQUEST_CHECKS
from explorer.core.registry import Registry

if TYPE_CHECKING:
    from explorer.core.explain.refusals.facts import Check, CheckResult, CheckState, RefusalFacts

CHECKS: Final[Registry[Check]] = Registry(
    "refusal check", members=((check.id, check) for check in (*AUTH_CHECKS, *REQUEST_CHECKS))
)
"""Every check, in the order in which a person should read them. To add one: a class, and its line in its file."""
_ORDER: Final[dict[CheckState, int]] = {"holds": 0, "unknown": 1, "not": 2}


@dataclass(frozen=True)
class Explanation:
    """Every finding: what holds first, then what cannot be known, then what does not hold."""

    findings: tuple[CheckResult, ...]
    status: int = 0
    said: str = ""
    """The vendor's own words."""

    @property
    def top(self) -> CheckResult | None:
        """The likeliest reason: the first that holds; else the first that cannot be known and would explain it."""
        if self.findings and self.findings[0].state == "holds":
            return self.findings[0]
        return next((one for one in self.findings if one.state == "unknown" and one.fits), None)

    @property
    def headline(self) -> str:
        """The answer in a sentence."""
        top = self.top
        if top is None:
            return "nothing that can be checked from here explains it"
        sure = "" if top.state == "holds" else "nothing else holds, so perhaps: "
        return f"{sure}{top.title[0].lower()}{top.title[1:]}: {top.evidence}"


def explain_refusal(facts: RefusalFacts) -> Explanation:
    """What may be the reason of a refusal, each with its evidence.

    What holds and fits the vendor's status stands first; of those, what is proved stands before what is concluded.
    """
    found = [finding for check in CHECKS.values() if (finding := check.evaluate(facts)) is not None]
    found.sort(key=lambda one: (_ORDER[one.state], not one.fits, -one.weight))
    return Explanation(tuple(found), facts.status, facts.exchange.verdict.message)
