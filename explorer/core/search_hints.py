"""What the word that is being typed in a search of the history may become: names of filters, then their values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from explorer.core.exchange import FrozenStruct
from explorer.core.search_words import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable

_LAST: Final = re.compile(r"(?:^|\s)([A-Za-z]*)(:)?([^\s\"]*)$")
_MOST: Final = 12
_FIXED_VALUES: Final = {
    "status": (">=400", "2xx", "4xx", "5xx", "200", "401", "404", "422", "429", "none"),
    "verdict": ("ok", "failed", "partial", "unknown"),
    "method": ("get", "post", "put", "patch", "delete"),
    "since": ("10m", "1h", "2h", "1d", "7d", "today", "yesterday"),
    "until": ("1h", "1d", "7d", "today", "yesterday"),
}


class FilterNames(FrozenStruct, frozen=True, kw_only=True):
    """The names that filters may hold; endpoints as ``vendor.endpoint``."""

    vendors: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class SearchHints(FrozenStruct, frozen=True, kw_only=True):
    """What the last word may become, the likeliest first, and *before*, the text in front of it."""

    before: str = ""
    words: tuple[str, ...] = ()

    @property
    def completed(self) -> str:
        """The whole text with the first of the words put in; empty where there is none."""
        return self.before + self.words[0] if self.words else ""


def complete_search(text: str, names: FilterNames) -> SearchHints:
    """What the last word of *text* may become; nothing for one that is whole, or that stands in quotes."""
    found = _LAST.search(text)
    if found is None or text.count('"') % 2:
        return SearchHints()
    key, colon, value = found[1].lower(), found[2], found[3]
    before = text[: found.start(1)]
    if not colon:
        filters = [f"{name}:" for name in EXAMPLES if name.startswith(key)] if key and not value else []
        return SearchHints(before=before, words=tuple(filters))
    if key not in EXAMPLES:
        return SearchHints()
    first, comma, last = value.rpartition(",")
    given = {one.lower() for one in first.split(",")}
    fitting = _matching_values(_values(key, last, names), last.lower(), given)
    return SearchHints(before=before, words=tuple(f"{found[1]}:{first}{comma}{one}" for one in fitting))


def _values(key: str, typed: str, names: FilterNames) -> Iterable[str]:
    if key == "vendor":
        return names.vendors
    if key == "env":
        return names.environments
    if key == "tag":
        return names.tags
    if key == "endpoint":
        own = (one.partition(".")[2] for one in names.endpoints)
        return names.endpoints if "." in typed else (*dict.fromkeys(own), *names.endpoints)
    return _FIXED_VALUES[key]


def _matching_values(values: Iterable[str], typed: str, given: set[str]) -> list[str]:
    found = [one for one in values if one.lower().startswith(typed) and one.lower() not in given]
    return [] if found[:1] == [typed] and len(found) == 1 else found[:_MOST]
