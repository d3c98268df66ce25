"""The vendors as a local server, made from the catalog: it verifies auth, validates, pages and keeps state.

    bytes ─ arrival ─► routing ─► decoding ─► validation ─► auth ─► handler (steps over state) ─► answer (JSON or XML)
                          │           │            │          │         │
                          └───────────┴────────────┴──────────┴─────────┴──► refusal in the vendor's own shape

``server`` and ``app`` load starlette and uvicorn; ``address``, ``faults`` and ``fault_kinds`` need neither.
"""
