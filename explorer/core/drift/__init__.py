"""What answers really look like, against what the catalog says of them.

bodies ── Shape.add ──► Shape ──┐
samples, answer fields ──► Shape┴── compare ──► Finding: what differs, how often, in which entries, and the patch
requests that were accepted ── judge_request ──►         that would make the catalog say so
"""

from explorer.core.drift.findings import DriftFinding, Patch, compare_shapes, documented_shape, sort_findings
from explorer.core.drift.requests import AcceptedRequest, find_request_drift
from explorer.core.drift.shape import ObservedField, Shape

__all__ = [
    "AcceptedRequest",
    "DriftFinding",
    "ObservedField",
    "Patch",
    "Shape",
    "compare_shapes",
    "documented_shape",
    "find_request_drift",
    "sort_findings",
]
