"""The base classes of paging styles, for client and sandbox."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from explorer.core.text.json_path import get_at
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.text.url_pairs import Pairs


_T = TypeVar("_T")


class PagingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a paging style. Paths are dotted paths in the decoded body."""

    items: str = "data"
    """Path of a page's records (``""``: the body itself)."""
    total: str = ""
    max_size: int | None = None
    """The vendor's maximum page size."""


OptionsT_co = TypeVar("OptionsT_co", bound=PagingOptions, covariant=True)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """The position of a page. ``number`` counts from 1 (or from the style's own first); None if unknown.

    ``records`` is the number of records on the page. ``certain`` is False if ``has_next`` is a guess because the
    response does not say what follows.
    """

    number: int | None = None
    size: int | None = None
    total: int | None = None
    pages: int | None = None
    has_next: bool = False
    has_previous: bool = False
    records: int = 0
    certain: bool = True


@dataclass(frozen=True, slots=True)
class PageSlice:
    """One page of a sandbox response: its records, its envelope, and whether the request asked for a page.

    ``problem`` describes an invalid paging parameter, named by ``problem_param``; there are then no records.
    """

    records: tuple[Any, ...] = ()
    envelope: dict[str, Any] = field(default_factory=dict)
    wanted: bool = True
    problem: str = ""
    problem_param: str = ""


class PagingStyle(ABC, Generic[OptionsT_co]):
    """A pagination style, for client and sandbox. Code outside this package is independent of the style."""

    name: ClassVar[str] = ""
    """The catalog's ``style`` value."""
    options_type: ClassVar[type[Any]]
    """The options struct, with defaults."""

    def __init__(self, options: OptionsT_co) -> None:
        self.options = options

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Return the style with the options of a catalog table that the loader has checked."""
        return cls(msgspec.convert(dict(options), cls.options_type))

    # --- the client's side -------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def params(self) -> tuple[str, str]:
        """The parameters for page (or index) and page size; empty strings if there are none."""

    @property
    def first_number(self) -> int:
        """The number of the first page."""
        return 1

    @property
    def default_size(self) -> int | None:
        """The page size if none is requested; None if all records are returned, or it is unknown."""
        return None

    @property
    def opt_in(self) -> bool:
        """Whether responses are paginated only on request."""
        return False

    @property
    def links_are_followable(self) -> bool:
        """Whether URLs in responses can be followed."""
        return True

    def requested_size(self, values: Mapping[str, str]) -> int | None:
        """Return the page size that the query requests, or None."""
        return parse_whole_number(values.get(self.params[1])) if self.params[1] else None

    @abstractmethod
    def page_info(self, values: Mapping[str, str], body: Any) -> PageInfo:
        """Return the position of the page in *body* (decoded); *values* are the query parameters of the call."""

    @abstractmethod
    def next_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        """Return the whole query of the next page, or None if the response has none. Other parameters are unchanged."""

    @abstractmethod
    def previous_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        """Return the whole query of the previous page, or None."""

    @abstractmethod
    def goto_params(self, query: Sequence[tuple[str, str]], number: int, body: Any = None) -> Pairs:
        """Return the whole query of page *number*.

        Raises:
            UsageError: The page does not exist.
        """

    @abstractmethod
    def first_params(self, query: Sequence[tuple[str, str]], body: Any = None) -> Pairs:
        """Return the whole query of the first page."""

    def last_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        """Return the whole query of the last page, or None if the response does not identify it."""
        pages = self.page_info(dict(query), body).pages
        return self.goto_params(query, pages, body) if pages else None

    # --- the sandbox's side ------------------------------------------------------------------------------------------

    def opted_in(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return *query* with the first page requested, if it requests none and the page number enables pagination."""
        return dict(query)

    @abstractmethod
    def slice(self, query: Mapping[str, str], records: Sequence[Any], url: str) -> PageSlice:
        """Return the page of *records* that *query* requests; *url* is the absolute URL of the call, for links."""


Style = PagingStyle[PagingOptions]
"""A style with any options."""


# --- helpers for styles ----------------------------------------------------------------------------------------------


def parse_whole_number(value: Any) -> int | None:
    """Return a nonnegative integer, also from digits (XML has no numbers), or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value, re.ASCII):
        return int(value)
    return None


def count_records(body: Any, path: str) -> int | None:
    """Return the number of records at *path*, or None if there is no array.

    A single XML element counts as one record. XML may also wrap an array as the only member of an object.
    """
    value = get_at(body, path)
    if isinstance(value, Mapping) and path and len(value) == 1 and isinstance(only := next(iter(value.values())), list):
        value = only
    if isinstance(value, list | tuple):
        return len(value)
    return 1 if isinstance(value, Mapping) and path else None


def with_params(query: Sequence[tuple[str, str]], changes: Mapping[str, int | str | None]) -> Pairs:
    """Return *query* with *changes* applied: existing parameters in place, new ones appended, None removed."""
    rest = dict(changes)
    pairs: list[tuple[str, str]] = []
    for name, value in query:
        if name not in changes:
            pairs.append((name, value))
        elif (new := rest.pop(name, None)) is not None:
            pairs.append((name, str(new)))
    pairs += [(name, str(value)) for name, value in rest.items() if value is not None]
    return tuple(pairs)


def page_from_link(link: Any, param: str) -> int | None:
    """Return the page number in a response's link, or None."""
    if not isinstance(link, str):
        return None
    try:
        return parse_whole_number(dict(parse_qsl(urlsplit(link).query)).get(param))
    except ValueError:
        return None


def page_count(total: int, size: int) -> int:
    """Return the number of pages of *size* for *total* records, at least one."""
    return max(1, -(-total // size))


def check_number(number: int, first: int, pages: int | None = None) -> int:
    """Return *number* if the page exists.

    Raises:
        UsageError: It does not exist.
    """
    last = None if pages is None else pages + first - 1
    if number < first or (last is not None and number > last):
        span = f"{first} to {last}" if last is not None else f"{first} or higher"
        raise UsageError(f"page {number} does not exist", hint=f"Valid pages: {span}.")
    return number


def read_count(
    query: Mapping[str, str], param: str, default: int, *, least: int, most: int | None = None
) -> int | PageSlice:
    """Return a number from the query: *default* if absent or empty, at most *most*; a PageSlice with the problem."""
    text = query.get(param, "")
    if not text:
        return default
    number = parse_whole_number(text)
    if number is None or number < least:
        return PageSlice(problem=f"{param} is not an integer of at least {least}", problem_param=param)
    return min(number, most) if most is not None else number


def step_from_link(link: Any, param: str, default: Callable[[], _T]) -> int | _T:
    """Return the page number of a link, or the result of *default*."""
    number = page_from_link(link, param)
    return default() if number is None else number


class NumberedOptions(PagingOptions, frozen=True, kw_only=True):
    """A page number, and optionally a page size."""

    page_param: str = "page"
    size_param: str = ""
    default_size: int | None = None


NumberedT_co = TypeVar("NumberedT_co", bound=NumberedOptions, covariant=True)


class Numbered(PagingStyle[NumberedT_co]):
    """A style with a page number, and optionally a page size."""

    @property
    def params(self) -> tuple[str, str]:
        return self.options.page_param, self.options.size_param

    @property
    def default_size(self) -> int | None:
        return self.options.default_size

    def opted_in(self, query: Mapping[str, str]) -> dict[str, str]:
        return {**query, self.options.page_param: query.get(self.options.page_param, str(self.first_number))}

    def goto_params(self, query: Sequence[tuple[str, str]], number: int, body: Any = None) -> Pairs:
        pages = self.page_info(dict(query), body).pages
        return self.at(query, check_number(number, self.first_number, pages))

    def first_params(self, query: Sequence[tuple[str, str]], body: Any = None) -> Pairs:  # noqa: ARG002 - the base class's
        return self.at(query, self.first_number)

    def at(self, query: Sequence[tuple[str, str]], number: int) -> Pairs:
        """Return *query* for page *number*."""
        return with_params(query, {self.options.page_param: number})
