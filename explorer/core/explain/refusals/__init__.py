"""Refusal checks: an ordered list of possible reasons for a refused call, each with its evidence.

    Exchange, vendor, tokens, clock ─► RefusalFacts ── explain_refusal ──► Explanation: findings, confirmed first

Pure functions of the exchange, the catalog, the tokens and the history. The sandbox's own check name is not read: no
real vendor sends it.
"""

from __future__ import annotations

from explorer.core.explain.refusals.facts import CheckResult, EarlierExchange, RefusalFacts, TokenFact, was_refused
from explorer.core.explain.refusals.reasons import Explanation, explain_refusal

__all__ = [
    "CheckResult",
    "EarlierExchange",
    "Explanation",
    "RefusalFacts",
    "TokenFact",
    "explain_refusal",
    "was_refused",
]
