"""One parse of each style sheet for every app of a test process: textual parses 180 of them for each app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from textual.css.model import RuleSet

    _Key = tuple[Any, ...]

_PARSED: dict[tuple[frozenset[tuple[str, str]], _Key], list[RuleSet]] = {}


class _SharedCache:
    """The cache of a style sheet, under its variables: the rules hold the colors that those had when it was parsed."""

    def __init__(self, stylesheet: Stylesheet) -> None:
        self._stylesheet = stylesheet
        self._variables = frozenset(stylesheet._variables.items())

    def __getitem__(self, key: _Key) -> list[RuleSet]:
        return _PARSED[self._variables, key]

    def __setitem__(self, key: _Key, rules: list[RuleSet]) -> None:
        _PARSED[self._variables, key] = rules

    def clear(self) -> None:
        """Look at the variables again: textual calls this when they change."""
        self._variables = frozenset(self._stylesheet._variables.items())


class _Shared:
    """The attribute of each style sheet."""

    def __get__(self, stylesheet: Stylesheet, owner: type[Stylesheet]) -> _SharedCache:
        cache: _SharedCache = stylesheet.__dict__.setdefault("_shared_cache", _SharedCache(stylesheet))
        return cache

    def __set__(self, stylesheet: Stylesheet, own: object) -> None:
        """Leave out the cache that the style sheet makes for itself."""


def share_parsed_styles() -> None:
    """Share what is parsed between all style sheets of this process."""
    Stylesheet._parse_cache = _Shared()  # type: ignore[assignment]
