"""The options that a catalog gives to each paging style, by the style's word."""

from __future__ import annotations

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a paging style. Paths are dotted, into the decoded body."""

    items: str = "data"
    """Where the records of a page stand (``""``: the body itself)."""
    total: str = ""
    max_size: int | None = None
    """The largest page that the vendor gives."""


class PageOptions(Options, frozen=True, kw_only=True):
    """A page number, and nothing is known of the answer's envelope."""

    page_param: str = "page"
    first: int = 1
    size_param: str = ""
    default_size: int | None = None


class OffsetOptions(Options, frozen=True, kw_only=True):
    """An index and a count; the answer names the next and previous index, and only when a count was asked for."""

    start_param: str = "start"
    count_param: str = "count"
    envelope: str = "pagination"
    next: str = "pagination.next_page"
    previous: str = "pagination.prev_page"
    total: str = "pagination.total"
    default_size: int = 10
    """The count that "next page" starts with where none was given."""


class JsonApiLinksOptions(Options, frozen=True, kw_only=True):
    """JSON:API links beside ``meta.pagination``; the next link is missing on the last page."""

    page_param: str = "page"
    size_param: str = "limit"
    default_size: int = 15
    links: str = "links"
    meta: str = "meta.pagination"
    total: str = "meta.pagination.total"


class LaravelOptions(Options, frozen=True, kw_only=True):
    """The paginator of Laravel."""

    page_param: str = "page"
    size_param: str = "per_page"
    default_size: int = 15
    total: str = "total"
    follow_links: bool = True
    """Whether the URLs in the answer can be followed; otherwise the next request is built from the parameters."""
    opt_in: bool = False
    """Whether the answer is paged only when a page is asked for."""


PAGINATION_OPTIONS: dict[str, type[Options]] = {
    "page": PageOptions,
    "offset": OffsetOptions,
    "jsonapi_links": JsonApiLinksOptions,
    "laravel": LaravelOptions,
}
