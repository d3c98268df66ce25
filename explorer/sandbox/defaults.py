"""Handlers that follow from a vendor's auth options: signing in and out, minting a token, the two ends of OAuth2.

They stand in where the catalog's sandbox part has no handler of its own, so that a new vendor can be used at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth import options_of

if TYPE_CHECKING:
    from explorer.core.catalog import Vendor
    from explorer.core.catalog.sandbox import Handler


def derived_handlers(vendor: Vendor) -> dict[str, Handler]:
    """Return endpoint id → handler, for the endpoints that the vendor's auth options name."""
    return {
        name: handler
        for key, auth in vendor.auth.items()
        for name, handler in options_of(auth).handlers(key)
        if name in vendor.endpoints
    }
