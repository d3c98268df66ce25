"""Why a vendor said no: an ordered list of checks, each with its evidence, from what was sent and what came back.

    Exchange, vendor, tokens, clock ─► Facts ── explain_refusal ──► Explanation: findings, what holds first

Pure over its values: what was sent, what came back, what the catalog says, and what a session knows of its tokens and
its history. What only a sandbox tells (which check of it refused) is not looked at: no real vendor tells it.
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
