"""The registry of paging styles. Catalog, sandbox, session and comparison use ``PAGING_STYLES`` and name no style.

To add a style, add a module that defines ``STYLE`` and a line in ``PAGING_STYLES``. Needs no HTTP library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.paging.base import PageInfo, PageSlice, Style
from explorer.core.registry import Registry

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint, Pagination, Vendor

__all__ = ["PAGING_STYLES", "PageInfo", "PageSlice", "Style", "style_for", "style_of"]

PAGING_STYLES: Final[Registry[type[Style]]] = Registry(
    "paging style",
    modules={
        "page": "explorer.core.paging.page:STYLE",
        "offset": "explorer.core.paging.offset:STYLE",
        "jsonapi_links": "explorer.core.paging.jsonapi_links:STYLE",
        "laravel": "explorer.core.paging.laravel:STYLE",
    },
)
"""Every paging style, by its ``style`` value in a catalog."""


def style_for(vendor: Vendor, endpoint: Endpoint) -> Style | None:
    """Return the paging style of a call, or None if it is not paginated."""
    rule = vendor.pagination.get(endpoint.pagination)
    return None if rule is None else style_of(rule)


def style_of(rule: Pagination) -> Style:
    """Return the style of a ``pagination`` table that the loader has checked."""
    return PAGING_STYLES[rule.style].from_options(rule.options)
