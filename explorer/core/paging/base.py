"""The base of all paging styles, on both sides of the wire."""

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


Pairs = tuple[tuple[str, str], ...]
_T = TypeVar("_T")


class PagingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a paging style. Paths are dotted, into the decoded body."""

    items: str = "data"
    """Where the records of a page stand (``""``: the body itself)."""
    total: str = ""
    max_size: int | None = None
    """The largest page that the vendor gives."""


OptionsT_co = TypeVar("OptionsT_co", bound=PagingOptions, covariant=True)


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page stands. ``number`` counts from 1 (or from the style's own first); None where it is not known.

    ``records`` is how many the page holds. ``certain`` is False where ``has_next`` is a guess, because the answer says
    nothing of what follows.
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
    """One page for an answer: its records, what stands beside them, and whether paging was asked for at all.

    ``problem`` says what is wrong with the paging parameters, ``problem_param`` which one is; then no records.
    """

    records: tuple[Any, ...] = ()
    envelope: dict[str, Any] = field(default_factory=dict)
    wanted: bool = True
    problem: str = ""
    problem_param: str = ""


class PagingStyle(ABC, Generic[OptionsT_co]):
    """A way of paging, both sides of it. Outside this package nobody needs to know which one it is."""

    name: ClassVar[str] = ""
    """The word of a catalog's ``style``."""
    options_type: ClassVar[type[Any]]
    """The type of its options, with their defaults."""

    def __init__(self, options: OptionsT_co) -> None:
        self.options = options

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """The style with the options of a catalog table, which the loader has checked."""
        return cls(msgspec.convert(dict(options), cls.options_type))

    # --- the client's side -------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def params(self) -> tuple[str, str]:
        """The parameters that say which page (or index) and of what size; empty where there is none."""

    @property
    def first_number(self) -> int:
        """The number of the first page."""
        return 1

    @property
    def default_size(self) -> int | None:
        """How many records to a page where no size is asked for; None where all of them come, or it is not known."""
        return None

    @property
    def opt_in(self) -> bool:
        """Whether a response is paged only when a page is asked for."""
        return False

    @property
    def links_are_followable(self) -> bool:
        """Whether the URLs in a response can be followed, where it has any."""
        return True

    def requested_size(self, values: Mapping[str, str]) -> int | None:
        """How many records to a page the query asks for; None where it does not."""
        return parse_whole_number(values.get(self.params[1])) if self.params[1] else None

    @abstractmethod
    def page_info(self, values: Mapping[str, str], body: Any) -> PageInfo:
        """Where the page stands that *body* (decoded) answers; *values* are the query parameters of the call."""

    @abstractmethod
    def next_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        """The whole query of the next page, or None where the answer shows none. Other parameters are kept."""

    @abstractmethod
    def previous_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        """The whole query of the previous page, or None."""

    @abstractmethod
    def goto_params(self, query: Sequence[tuple[str, str]], number: int, body: Any = None) -> Pairs:
        """The whole query of page *number*.

        Raises:
            UsageError: there is no page of that number.
        """

    @abstractmethod
    def first_params(self, query: Sequence[tuple[str, str]], body: Any = None) -> Pairs:
        """The whole query of the first page."""

    def last_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        """The whole query of the last page, or None where the answer does not tell which it is."""
        pages = self.page_info(dict(query), body).pages
        return self.goto_params(query, pages, body) if pages else None

    # --- the sandbox's side ------------------------------------------------------------------------------------------

    def opted_in(self, query: Mapping[str, str]) -> dict[str, str]:
        """Return *query* with the first page asked for, where it asks for none and a number alone asks for one."""
        return dict(query)

    @abstractmethod
    def slice(self, query: Mapping[str, str], records: Sequence[Any], url: str) -> PageSlice:
        """The page of *records* that *query* asks for; *url* is the absolute URL of the call, for links."""


Style = PagingStyle[PagingOptions]
"""A style whose options are of no concern."""


# --- parts of styles -------------------------------------------------------------------------------------------------


def parse_whole_number(value: Any) -> int | None:
    """A whole number from 0, also as digits (XML has no numbers); None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value, re.ASCII):
        return int(value)
    return None


def count_records(body: Any, path: str) -> int | None:
    """How many records stand at *path*; None where there is no list (one lone table of XML counts as one, and a table
    whose only member is a list is how XML writes one)."""
    found = get_at(body, path)
    if isinstance(found, Mapping) and path and len(found) == 1 and isinstance(only := next(iter(found.values())), list):
        found = only
    if isinstance(found, list | tuple):
        return len(found)
    return 1 if isinstance(found, Mapping) and path else None


def with_params(query: Sequence[tuple[str, str]], changes: Mapping[str, int | str | None]) -> Pairs:
    """*query* with these parameters set where they stand, put last where they do not, and taken out where None."""
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
    """The page number in a link of an answer, or None."""
    if not isinstance(link, str):
        return None
    try:
        return parse_whole_number(dict(parse_qsl(urlsplit(link).query)).get(param))
    except ValueError:
        return None


def page_count(total: int, size: int) -> int:
    """How many pages of *size* hold *total* records; at least one."""
    return max(1, -(-total // size))


def check_number(number: int, first: int, pages: int | None = None) -> int:
    """*number*, when there is such a page.

    Raises:
        UsageError: there is not.
    """
    last = None if pages is None else pages + first - 1
    if number < first or (last is not None and number > last):
        span = f"{first} to {last}" if last is not None else f"{first} or higher"
        raise UsageError(f"there is no page {number}", hint=f"Pages are {span}.")
    return number


def read_count(
    query: Mapping[str, str], param: str, default: int, *, least: int, most: int | None = None
) -> int | PageSlice:
    """A number from the query: *default* where it is absent or empty, cut to *most*; a Slice with the problem."""
    text = query.get(param, "")
    if not text:
        return default
    number = parse_whole_number(text)
    if number is None or number < least:
        return PageSlice(problem=f"{param} is not a whole number from {least}", problem_param=param)
    return min(number, most) if most is not None else number


def step_from_link(link: Any, param: str, otherwise: Callable[[], _T]) -> int | _T:
    """The page that a link names, or what *otherwise* gives where it names none."""
    number = page_from_link(link, param)
    return otherwise() if number is None else number


class NumberedOptions(PagingOptions, frozen=True, kw_only=True):
    """A page number, and maybe a size beside it."""

    page_param: str = "page"
    size_param: str = ""
    default_size: int | None = None


NumberedT_co = TypeVar("NumberedT_co", bound=NumberedOptions, covariant=True)


class Numbered(PagingStyle[NumberedT_co]):
    """A page is a number, and maybe a size beside it."""

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
        """*query* with that number of a page."""
        return with_params(query, {self.options.page_param: number})
