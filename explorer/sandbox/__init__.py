"""The vendors as a local server, made from the catalog: it verifies auth, validates, pages and keeps state.

    bytes ─ arrival ─► routing ─► decoding ─► validation ─► auth ─► handler (steps over state) ─► answer (JSON or XML)
                          │           │            │          │         │
                          └───────────┴────────────┴──────────┴─────────┴──► refusal in the vendor's own shape

The names below are imported when first used: ``explorer.sandbox.address`` needs neither starlette nor uvicorn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.sandbox.app import create_app
    from explorer.sandbox.server import SandboxServer

__all__ = ["SandboxServer", "create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        from explorer.sandbox.app import create_app

        return create_app
    if name == "SandboxServer":
        from explorer.sandbox.server import SandboxServer

        return SandboxServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
