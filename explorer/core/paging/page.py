"""A page number in the query, and an undocumented response envelope (``000:81``).

Nothing is assumed beyond what is known. A previous page exists if the number is above the first. A next page is a guess
while records arrive; it is certain only if there were none, or the response itself states the end.
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
    parse_whole_number,
    read_count,
)
from explorer.core.text.json_path import get_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.core.text.url_pairs import Pairs

_DEFAULT_SIZE = 15
"""The sandbox's page size if the catalog sets none."""


class PageOptions(NumberedOptions, frozen=True, kw_only=True):
    """A page number; the response envelope is unknown."""

    first: int = 1
    """The number of the first page."""
    default_size: int | None = None
    """Records per page unless the size is given."""


class PageNumber(Numbered[PageOptions]):
    """Pages by number only."""

    name = "page"
    options_type = PageOptions

    @property
    def first_number(self) -> int:
        return self.options.first

    def page_info(self, values: Mapping[str, str], body: Any) -> PageInfo:
        options = self.options
        requested = parse_whole_number(values.get(options.page_param))
        number = options.first if requested is None else requested
        size = parse_whole_number(values.get(options.size_param)) if options.size_param else None
        total = parse_whole_number(get_at(body, options.total)) if options.total else None
        size = size if size is not None else options.default_size
        pages = page_count(total, size) if total is not None and size else self._paginator_pages(body)
        records = self._records(body)
        has_next, certain = bool(records), records == 0
        if pages is not None:
            has_next, certain = number < pages + options.first - 1, True
        return PageInfo(number, size, total, pages, has_next, number > options.first, records or 0, certain)

    def next_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        if not info.has_next or info.number is None:
            return None
        return self.at(query, info.number + 1)

    def previous_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        if not info.has_previous or info.number is None:
            return None
        return self.at(query, info.number - 1)

    def last_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        pages = self.page_info(dict(query), body).pages
        return self.goto_params(query, pages + self.options.first - 1, body) if pages else None

    def slice(self, query: Mapping[str, str], records: Sequence[Any], url: str) -> PageSlice:  # noqa: ARG002 - the base class's
        options = self.options
        number = read_count(query, options.page_param, options.first, least=options.first)
        size: int | PageSlice = options.default_size or _DEFAULT_SIZE
        if options.size_param:
            size = read_count(
                query, options.size_param, options.default_size or _DEFAULT_SIZE, least=1, most=options.max_size
            )
        if isinstance(number, PageSlice):
            return number
        if isinstance(size, PageSlice):
            return size
        start = (number - options.first) * size
        return PageSlice(tuple(records[start : start + size]))

    def _records(self, body: Any) -> int | None:
        """Return the number of records at the catalog's path, or in the body itself if it is an array."""
        if isinstance(body, list):
            return len(body)
        return count_records(body, self.options.items)

    def _paginator_pages(self, body: Any) -> int | None:
        """Return the page count if the response has both members of a common paginator; one alone is not enough."""
        current, last = parse_whole_number(get_at(body, "current_page")), parse_whole_number(get_at(body, "last_page"))
        return last if current is not None and last else None


STYLE: Final = PageNumber
