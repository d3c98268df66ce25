"""What the styles share that turn pages by a number in the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.core.pagination.base import Pairs, Style, check_number, with_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.pagination.options import JsonApiLinksOptions, LaravelOptions, PageOptions


class Numbered(Style):
    """A page is a number, and maybe a size beside it."""

    options: JsonApiLinksOptions | LaravelOptions | PageOptions

    @property
    def params(self) -> tuple[str, str]:
        return self.options.page_param, self.options.size_param

    def goto_params(self, query: Sequence[tuple[str, str]], number: int, body: Any = None) -> Pairs:
        pages = self.page_info(dict(query), body).pages
        return self.at(query, check_number(number, self.first_number, pages))

    def first_params(self, query: Sequence[tuple[str, str]], body: Any = None) -> Pairs:  # noqa: ARG002 - the base class's
        return self.at(query, self.first_number)

    def at(self, query: Sequence[tuple[str, str]], number: int) -> Pairs:
        """*query* with that number of a page."""
        return with_params(query, {self.options.page_param: number})
