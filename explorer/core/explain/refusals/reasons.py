"""Registry of the refusal checks, and their findings in reading order."""

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
"""Every check, in reading order. To add one, write a class and list it in its module's tuple."""
_ORDER: Final[dict[CheckState, int]] = {"holds": 0, "unknown": 1, "not": 2}


@dataclass(frozen=True)
class Explanation:
    """Every finding: confirmed ones first, then unknown ones, then those that are ruled out."""

    findings: tuple[CheckResult, ...]
    status: int = 0
    vendor_message: str = ""

    @property
    def top(self) -> CheckResult | None:
        """The most likely reason: the first confirmed finding, else the first unknown one that fits the status."""
        if self.findings and self.findings[0].state == "holds":
            return self.findings[0]
        return next((finding for finding in self.findings if finding.state == "unknown" and finding.fits), None)

    @property
    def headline(self) -> str:
        """The most likely reason in one sentence."""
        top = self.top
        if top is None:
            return "no check explains the refusal"
        reason = f"{top.title[0].lower()}{top.title[1:]}: {top.evidence}"
        if top.state == "holds":
            return reason
        others = any(finding.state == "unknown" and finding is not top for finding in self.findings)
        return f"{'nothing is confirmed' if others else 'everything else is ruled out'}; most likely {reason}"


def explain_refusal(facts: RefusalFacts) -> Explanation:
    """Run every check on *facts*. Sort the findings by state, fit with the vendor's status, and weight."""
    findings = [finding for check in CHECKS.values() if (finding := check.evaluate(facts)) is not None]
    findings.sort(key=lambda finding: (_ORDER[finding.state], not finding.fits, -finding.weight))
    return Explanation(tuple(findings), facts.status, facts.exchange.verdict.message)
