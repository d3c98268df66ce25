"""What answers really look like, against what the catalog says of them.

bodies ── Shape.add ──► Shape ──┐
samples, answer fields ──► Shape┴── compare ──► Finding: what differs, how often, in which entries, and the patch
requests that were accepted ── judge_request ──►         that would make the catalog say so
"""

from explorer.core.drift.compare import compare, documented
from explorer.core.drift.findings import Finding, Patch, by_weight
from explorer.core.drift.requests import Accepted, judge_requests
from explorer.core.drift.shape import Seen, Shape

__all__ = [
    "Accepted",
    "Finding",
    "Patch",
    "Seen",
    "Shape",
    "by_weight",
    "compare",
    "documented",
    "judge_requests",
]
