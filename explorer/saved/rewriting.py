"""The text of a file that says a request: a new one, or the old one changed where it has to be, comments kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.core.saved.model import OPERATORS
from explorer.core.saved.reading import read_request
from explorer.core.saved.writing import INLINE, request_table
from explorer.settings.toml_edit import compose_toml, edit_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.saved.model import SavedRequest


def render_request(request: SavedRequest) -> str:
    """Return a file that says *request*."""
    return compose_toml(request_table(request), _is_small)


def update_text(text: str, old: SavedRequest | None, new: SavedRequest) -> str:
    """Return *text*, which says *old*, changed so that it says *new*: only what differs, and all comments stay.

    A text that cannot be read (*old* is None), or is written in a way that cannot be changed in place, is written anew
    below the lines of it that are comments.
    """
    if old == new:
        return text

    def says_new(table: Mapping[str, Any]) -> bool:
        request, problems = read_request(table, "")
        return not problems and request is not None and request_table(request) == request_table(new)

    result = edit_toml(text, request_table(old), request_table(new), inline=_is_small, check=says_new) if old else None
    return _comments(text) + render_request(new) if result is None else result


def _is_small(value: Mapping[str, Any]) -> bool:
    """Whether a table stands on one line: a value of a form, a comparison."""
    return bool(value) and all(key in INLINE or key in OPERATORS for key in value)


def _comments(text: str) -> str:
    """The lines of *text* that are comments, and an empty line."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.lstrip().startswith("#")]
    return "\n".join(lines) + "\n\n" if lines else ""
