"""The vendors as a local server generated from the catalog: it verifies auth, validates, pages and has state.

    bytes ─ request ─► routing ─► decoding ─► validation ─► auth ─► handler (steps over state) ─► response (JSON or XML)
                          │           │            │          │         │
                          └───────────┴────────────┴──────────┴─────────┴──► refusal in the vendor's format

``server`` loads starlette and uvicorn; ``address`` and ``faults`` need neither.
"""
