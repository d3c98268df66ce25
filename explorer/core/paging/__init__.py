"""The registry of paging styles: catalog, sandbox, session and comparison read ``PAGING_STYLES`` and name no style.

To add one: a file here that defines ``STYLE``, and its name in ``_MODULES``. No HTTP library is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from explorer.core.paging.base import PageInfo, Slice, Style

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint, Pagination, Vendor

__all__ = ["PAGING_STYLES", "PageInfo", "Slice", "Style", "register", "style_for", "style_of"]

_MODULES: Final = (
    "page",
    "offset",
    "jsonapi_links",
    "laravel",
)
PAGING_STYLES: Final[dict[str, type[Style]]] = {}
"""Every paging style by the word of a catalog's ``style``."""


def register(style: type[Style]) -> None:
    """Add *style* to those that a catalog can name.

    Raises:
        ValueError: its name is taken.
    """
    if style.name in PAGING_STYLES:
        raise ValueError(f"two paging styles are called {style.name!r}")
    PAGING_STYLES[style.name] = style


def style_for(vendor: Vendor, endpoint: Endpoint) -> Style | None:
    """Return the paging style of a call, or None where it does not page."""
    rule = vendor.pagination.get(endpoint.pagination)
    return None if rule is None else style_of(rule)


def style_of(rule: Pagination) -> Style:
    """Return the style of a catalog's table, which the loader has checked."""
    return PAGING_STYLES[rule.style].from_options(rule.options)


for _name in _MODULES:
    register(import_module(f"{__name__}.{_name}").STYLE)
