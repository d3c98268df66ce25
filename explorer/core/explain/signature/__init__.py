"""Debugging of signatures and tokens: what was made of a request, what somebody else made of it, and which known
mistake lies between the two.

    theirs (pasted) ── pasted.read ──► Pasted ─┐
    ours (Case: recipe, material, key) ────────┴─ diagnosing.diagnose ──► Diagnosis: same | causes | nearest, byte diff
"""

from __future__ import annotations
