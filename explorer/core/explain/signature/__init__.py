"""Signature debugger: compares another client's signature, base string or token with ours and names the mistake.

their input ── read_other_client_input ──► OtherClientInput ─┐
ours: SigningCase (recipe, material, key) ───────────────────┴─ diagnose ──► Diagnosis: same | causes | nearest
"""

from __future__ import annotations
