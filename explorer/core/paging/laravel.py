"""Laravel's paginator: ``current_page``, ``last_page`` and URLs (``003:15-34``, ``004:157``).

If the URLs cannot be followed (``/?page=2`` is not a call), the numbers decide. If paging is opt-in, a response without
these members contains all records.
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
    step_from_link,
)
from explorer.core.text.json_path import get_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.core.text.url_pairs import Pairs


class LaravelOptions(NumberedOptions, frozen=True, kw_only=True):
    """Laravel's paginator."""

    size_param: str = "per_page"
    """The parameter with the page size."""
    default_size: int = 15
    """Records per page unless the size is given."""
    total: str = "total"
    """Path of the number of all records."""
    follow_links: bool = True
    """Whether the response's URLs can be followed; otherwise the next request is built from the parameters."""
    opt_in: bool = False
    """Whether responses are paginated only on request."""


class Laravel(Numbered[LaravelOptions]):
    """Pages by number."""

    name = "laravel"
    options_type = LaravelOptions

    @property
    def opt_in(self) -> bool:
        return self.options.opt_in

    @property
    def links_are_followable(self) -> bool:
        return self.options.follow_links

    def page_info(self, values: Mapping[str, str], body: Any) -> PageInfo:
        options = self.options
        current, last = parse_whole_number(get_at(body, "current_page")), parse_whole_number(get_at(body, "last_page"))
        if current is None:
            records = len(body) if isinstance(body, list) else count_records(body, options.items) or 0
            return PageInfo(records=records, certain=options.opt_in)
        has_next = last is not None and current < last
        if options.follow_links or last is None:
            has_next = bool(get_at(body, "next_page_url"))
        return PageInfo(
            number=current,
            size=parse_whole_number(get_at(body, "per_page"))
            or parse_whole_number(values.get(options.size_param))
            or options.default_size,
            total=parse_whole_number(get_at(body, options.total)),
            pages=last,
            has_next=has_next,
            has_previous=current > 1,
            records=count_records(body, options.items) or 0,
        )

    def next_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        if not info.has_next or info.number is None:
            return None
        return self.at(query, self._step(body, "next_page_url", info.number + 1))

    def previous_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        if not info.has_previous or info.number is None:
            return None
        return self.at(query, self._step(body, "prev_page_url", info.number - 1))

    def slice(self, query: Mapping[str, str], records: Sequence[Any], url: str) -> PageSlice:
        options = self.options
        if options.opt_in and options.page_param not in query:
            return PageSlice(tuple(records), wanted=False)
        number = read_count(query, options.page_param, 1, least=1)
        size = read_count(query, options.size_param, options.default_size, least=1, most=options.max_size)
        if isinstance(number, PageSlice):
            return number
        if isinstance(size, PageSlice):
            return size
        start = (number - 1) * size
        page = tuple(records[start : start + size])
        path = url.partition("?")[0] if options.follow_links else "/"
        return PageSlice(page, self._envelope(path, number, size, len(records), start, len(page)))

    def _envelope(self, path: str, number: int, size: int, total: int, start: int, count: int) -> dict[str, Any]:
        last = page_count(total, size)

        def link(page: int) -> str:
            return f"{path}?{self.options.page_param}={page}"

        return {
            "total": total,
            "per_page": size,
            "current_page": number,
            "last_page": last,
            "first_page_url": link(1),
            "last_page_url": link(last),
            "next_page_url": link(number + 1) if number < last else None,
            "prev_page_url": link(number - 1) if number > 1 else None,
            "path": path,
            "from": start + 1 if count else None,
            "to": start + count if count else None,
        }

    def _step(self, body: Any, name: str, default: int) -> int:
        if not self.options.follow_links:
            return default
        return step_from_link(get_at(body, name), self.options.page_param, lambda: default)


STYLE: Final = Laravel
