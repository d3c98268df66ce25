"""What the styles share that turn pages by a number in the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from explorer.core.paging.base import PagingOptions, PagingStyle, Pairs, check_number, with_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
