"""JSON:API: links and ``meta.pagination``; the last page has no next link (``001:609-620,717``).

The links contain only the page and drop all other parameters, so only their page number is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from explorer.core.paging.base import (
    Numbered,
    NumberedOptions,
    PageInfo,
    PageSlice,
    count_records,
    page_count,
    page_from_link,
    parse_whole_number,
    read_count,
    step_from_link,
)
from explorer.core.text.json_path import get_at, put_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.core.text.url_pairs import Pairs


class JsonApiLinksOptions(NumberedOptions, frozen=True, kw_only=True):
    """JSON:API links and ``meta.pagination``; the last page has no next link."""

    size_param: str = "limit"
    """The parameter with the page size."""
    default_size: int = 15
    """Records per page unless the size is given."""
    links: str = "links"
    """Path of the object with the links."""
    meta: str = "meta.pagination"
    """Path of the object with the paging fields."""
    total: str = "meta.pagination.total"
    """Path of the number of all records."""


class JsonApiLinks(Numbered[JsonApiLinksOptions]):
    """Pages by number; the presence of a link decides whether a page exists."""

    name = "jsonapi_links"
    options_type = JsonApiLinksOptions

    def page_info(self, values: Mapping[str, str], body: Any) -> PageInfo:
        options = self.options
        meta = get_at(body, options.meta)
        number = (
            parse_whole_number(get_at(meta, "current_page")) or parse_whole_number(values.get(options.page_param)) or 1
        )
        size = (
            parse_whole_number(get_at(meta, "per_page"))
            or parse_whole_number(values.get(options.size_param))
            or options.default_size
        )
        return PageInfo(
            number=number,
            size=size,
            total=parse_whole_number(get_at(body, options.total)),
            pages=parse_whole_number(get_at(meta, "total_pages"))
            or page_from_link(self._link(body, "last"), options.page_param),
            has_next=self._link(body, "next") is not None,
            has_previous=self._link(body, "prev") is not None or (number > 1 and isinstance(meta, dict)),
            records=count_records(body, options.items) or 0,
        )

    def next_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        link = self._link(body, "next")
        if link is None:
            return None
        return self.at(query, step_from_link(link, self.options.page_param, lambda: (info.number or 1) + 1))

    def previous_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        if not info.has_previous:
            return None
        link = self._link(body, "prev")
        return self.at(query, step_from_link(link, self.options.page_param, lambda: (info.number or 2) - 1))

    def slice(self, query: Mapping[str, str], records: Sequence[Any], url: str) -> PageSlice:
        options = self.options
        number = read_count(query, options.page_param, 1, least=1)
        size = read_count(query, options.size_param, options.default_size, least=1, most=options.max_size)
        if isinstance(number, PageSlice):
            return number
        if isinstance(size, PageSlice):
            return size
        total, start = len(records), (number - 1) * size
        page, pages = tuple(records[start : start + size]), page_count(total, size)
        bare = url.partition("?")[0]
        numbers = {"self": number, "first": 1}
        numbers |= {"prev": number - 1} if number > 1 else {}
        numbers |= {"next": number + 1} if number < pages else {}
        links = {
            name: f"{bare}?{options.page_param}={page_number}"
            for name, page_number in (numbers | {"last": pages}).items()
        }
        meta = {
            "total": total,
            "count": len(page),
            "per_page": size,
            "current_page": number,
            "total_pages": pages,
        }
        return PageSlice(page, put_at({}, options.meta, meta) | put_at({}, options.links, links))

    def _link(self, body: Any, name: str) -> str | None:
        """Return a link as a string; JSON:API allows a string or an object with ``href``."""
        link = get_at(get_at(body, self.options.links), name)
        link = link.get("href") if isinstance(link, dict) else link
        return link if isinstance(link, str) and link else None


STYLE: Final = JsonApiLinks
