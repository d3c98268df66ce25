"""Paging styles: one class per style. Reading a catalog needs only ``options``; the rest loads when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.pagination.base import PageInfo, Slice, Style

    PAGINATION_STYLES: dict[str, type[Style]]

__all__ = ["PAGINATION_STYLES", "PageInfo", "Slice", "Style", "style_for"]


def __getattr__(name: str) -> Any:
    if name == "PAGINATION_STYLES":
        found: Any = _load()
    elif name in ("PageInfo", "Slice", "Style"):
        from explorer.core.pagination import base

        found = getattr(base, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def _load() -> dict[str, type[Style]]:
    from explorer.core.pagination.jsonapi_links import JsonApiLinks
    from explorer.core.pagination.laravel import Laravel
    from explorer.core.pagination.offset import Offset
    from explorer.core.pagination.page import PageNumber

    return {style.name: style for style in (PageNumber, Offset, JsonApiLinks, Laravel)}


def style_for(vendor: Vendor, endpoint: Endpoint) -> Style | None:
    """The paging style of a call, or None where it does not page."""
    rule = vendor.pagination.get(endpoint.pagination)
    if rule is None:
        return None
    styles: dict[str, type[Style]] = globals().get("PAGINATION_STYLES") or __getattr__("PAGINATION_STYLES")
    return styles[rule.style].from_options(rule.options)
