"""Drift: differences between the vendors' responses and the catalog.

bodies ── Shape.add ──► Shape ──┐
samples, fields ──────► Shape ──┴── compare_shapes ──► DriftFinding: the difference, how often, in which entries,
accepted requests ── find_request_drift ─────────────►               and the patch for the catalog
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
