"""URLs and response headers of the sandbox. Imports neither starlette nor uvicorn."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from explorer.core.catalog import Vendor

CHECK_HEADER = "X-Sandbox-Check"
"""Response header of a refusal: the name of the check that failed."""
REASON_HEADER = "X-Sandbox-Reason"
"""Response header of a refusal: what failed, what was expected and what was sent, as percent-encoded UTF-8."""


def is_port_taken(port: int) -> bool:
    """Return whether another process listens on *port* of this machine, so that a sandbox would use a free one."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return True
    return False


def root_path(vendor: Vendor) -> str:
    """Return the path below which *vendor* is served: its id and the path of its first environment's base URL."""
    first = next(iter(vendor.environments.values()), None)
    base_path = urlsplit(first.base_url).path.rstrip("/") if first else ""
    return f"/{vendor.id}{base_path}"


def sandbox_base_url(vendor: Vendor, port: int) -> str:
    """Return the base URL of *vendor* on a sandbox at *port* of this machine."""
    return f"http://127.0.0.1:{port}{root_path(vendor)}"
