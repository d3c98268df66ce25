"""Paging by start index and count (``002:81-118``).

All records are returned unless a count is requested. Only then does the response contain a paging object, whose next
and previous values are record indexes, not page numbers. An index requires a count. An index that does not advance (or
go back) is ignored, so that paging always terminates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from explorer.core.paging.base import (
    PageInfo,
    PageSlice,
    PagingOptions,
    PagingStyle,
    check_number,
    count_records,
    page_count,
    parse_whole_number,
    read_count,
    with_params,
)
from explorer.core.text.json_path import get_at, put_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.core.text.url_pairs import Pairs


class OffsetOptions(PagingOptions, frozen=True, kw_only=True):
    """A start index and a count. The response contains the next and previous index only if a count is requested."""

    start_param: str = "start"
    """The parameter with the index of the first record."""
    count_param: str = "count"
    """The parameter with the number of records."""
    envelope: str = "pagination"
    """Path of the object that holds the paging fields."""
    next: str = "pagination.next_page"
    """Path of the link to the next page."""
    previous: str = "pagination.prev_page"
    """Path of the link to the previous page."""
    total: str = "pagination.total"
    """Path of the number of all records."""
    default_size: int = 10
    """The count for "next page" if none was set."""


class Offset(PagingStyle[OffsetOptions]):
    """Pages by the index of their first record."""

    name = "offset"
    options_type = OffsetOptions

    @property
    def params(self) -> tuple[str, str]:
        return self.options.start_param, self.options.count_param

    @property
    def opt_in(self) -> bool:
        return True

    def page_info(self, values: Mapping[str, str], body: Any) -> PageInfo:
        options = self.options
        records = count_records(body, options.items) or 0
        total = parse_whole_number(get_at(body, options.total))
        size = parse_whole_number(values.get(options.count_param))
        if not size:
            return PageInfo(1, None, total if total is not None else records, 1, records=records)
        start = self._start(tuple(values.items()))
        return PageInfo(
            number=start // size + 1,
            size=size,
            total=total,
            pages=None if total is None else page_count(total, size),
            has_next=self.next_params(tuple(values.items()), body) is not None,
            has_previous=self.previous_params(tuple(values.items()), body) is not None,
            records=records,
        )

    def next_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        index = parse_whole_number(get_at(body, self.options.next))
        return self._at(query, index) if index is not None and index > self._start(query) else None

    def previous_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        index = parse_whole_number(get_at(body, self.options.previous))
        return self._at(query, index) if index is not None and index < self._start(query) else None

    def goto_params(self, query: Sequence[tuple[str, str]], number: int, body: Any = None) -> Pairs:
        count = self._count(query)
        total = parse_whole_number(get_at(body, self.options.total))
        pages = None if total is None else page_count(total, count)
        return self._at(query, (check_number(number, 1, pages) - 1) * count)

    def first_params(self, query: Sequence[tuple[str, str]], body: Any = None) -> Pairs:  # noqa: ARG002 - the base class's
        return self._at(query, 0)

    def slice(self, query: Mapping[str, str], records: Sequence[Any], url: str) -> PageSlice:  # noqa: ARG002 - the base class's
        options = self.options
        if not query.get(options.count_param):
            if query.get(options.start_param):
                problem = f"{options.count_param} is required with {options.start_param}"
                return PageSlice(wanted=False, problem=problem, problem_param=options.count_param)
            return PageSlice(tuple(records), wanted=False)
        count = read_count(query, options.count_param, options.default_size, least=1, most=options.max_size)
        start = read_count(query, options.start_param, 0, least=0)
        if isinstance(count, PageSlice):
            return count
        if isinstance(start, PageSlice):
            return start
        total = len(records)
        table = {
            "start": start,
            "count": count,
            "total": total,
            "pages": page_count(total, count),
            "prev_page": max(0, start - count) if start else None,
            "next_page": start + count if start + count < total else None,
        }
        return PageSlice(tuple(records[start : start + count]), put_at({}, options.envelope, table))

    def _start(self, query: Sequence[tuple[str, str]]) -> int:
        return parse_whole_number(dict(query).get(self.options.start_param)) or 0

    def _at(self, query: Sequence[tuple[str, str]], start: int) -> Pairs:
        return with_params(query, {self.options.start_param: start, self.options.count_param: self._count(query)})

    def _count(self, query: Sequence[tuple[str, str]]) -> int:
        return parse_whole_number(dict(query).get(self.options.count_param)) or self.options.default_size


STYLE: Final = Offset
