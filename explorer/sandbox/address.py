"""Where the sandbox serves a vendor. Imports neither starlette nor uvicorn."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from explorer.core.catalog import Vendor

CHECK_HEADER = "X-Sandbox-Check"
"""Response header of a refusal: the short name of the check that failed."""
REASON_HEADER = "X-Sandbox-Reason"
"""Response header of a refusal: a percent-encoded UTF-8 sentence: what failed, what was expected, what came."""


def root_path(vendor: Vendor) -> str:
    """The path below which *vendor* is served: its id and the path of its first environment's base URL."""
    first = next(iter(vendor.environments.values()), None)
    below = urlsplit(first.base_url).path.rstrip("/") if first else ""
    return f"/{vendor.id}{below}"


def sandbox_base_url(vendor: Vendor, port: int) -> str:
    """The base URL that stands for *vendor* on a sandbox at *port* of this machine."""
    return f"http://127.0.0.1:{port}{root_path(vendor)}"
