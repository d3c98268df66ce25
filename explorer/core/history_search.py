"""Parse a search of the history, and suggest how to complete it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from explorer.core.model import FrozenStruct, Outcome
from explorer.core.text.units import parse_duration
from explorer.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable


StatusOperator = Literal["<", "<=", ">", ">=", "=", "none"]
_WORD: Final = re.compile(r'(?P<key>[A-Za-z]+):(?P<value>(?:"[^"]*"?|[^\s"])*)|"(?P<phrase>[^"]*)"?|(?P<plain>[^\s"]+)')
_STATUS: Final = re.compile(r"(<=|>=|<|>|=)?([0-9]{1,4})")


class StatusTest(FrozenStruct, frozen=True):
    """One condition on the HTTP status; with the sign ``none``: there is no answer."""

    sign: StatusOperator
    number: int = 0


class Phrase(FrozenStruct, frozen=True):
    """Words that stand in a row; of the last one only its beginning is told where it is not *whole*."""

    text: str
    whole: bool = False


class SearchQuery(FrozenStruct, frozen=True, kw_only=True):
    """What a search asks for. Everything that is given must hold; of several values of one filter but tags, one must.

    ``vendors``, ``endpoints`` and ``environments`` are beginnings of names, an endpoint also with its vendor
    (``shop.orders``), tags likewise; ``statuses`` are alternatives, each a set of conditions that hold together;
    ``since`` and ``until`` are Unix seconds.
    """

    phrases: tuple[Phrase, ...] = ()
    vendors: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    statuses: tuple[tuple[StatusTest, ...], ...] = ()
    verdicts: tuple[Outcome, ...] = ()
    methods: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    tags: tuple[str, ...] = ()


def parse_search(text: str, now: float) -> SearchQuery:
    """Read a search; *now* is Unix seconds.

    Raises:
        UsageError: a filter is unknown or its value cannot be read; the message names the word.
    """
    phrases: list[Phrase] = []
    filters: dict[str, Any] = {}
    for found in _WORD.finditer(text):
        key, value = found["key"], (found["value"] or "").replace('"', "")
        name = key.lower() if key else ""
        if name in _FILTERS:
            if not value:
                raise UsageError(f"{found[0]} says nothing", hint=f"Such as {EXAMPLES[name]}.")
            field, read = _FILTERS[name]
            filters[field] = _joined(filters.get(field), read(found[0], value, now))
        elif key and not value.startswith("//") and (near := nearest(name, _FILTERS)):
            raise UsageError(f"no filter is called {key}: ({found[0]})", hint=f"Did you mean {near}:?")
        elif found["phrase"] is not None:
            phrases.append(Phrase(found["phrase"], whole=True))
        else:
            phrases.append(Phrase(found[0].replace('"', " ")))
    return SearchQuery(phrases=_prefix_phrases(phrases), **filters)


def _prefix_phrases(phrases: list[Phrase]) -> tuple[Phrase, ...]:
    """The phrases, of which a plain word is whole unless it is the last one, which may still be in typing, or ends in
    ``*``. One letter is never a beginning: it would be one of nearly everything."""
    last = len(phrases) - 1
    return tuple(
        Phrase(one.text, whole=one.whole or len(one.text.strip("*")) < 2 or not (at == last or one.text.endswith("*")))
        for at, one in enumerate(phrases)
    )


def _joined(before: Any, after: Any) -> Any:
    """Two words of one filter: alternatives where they are lists, otherwise the later one."""
    return before + after if isinstance(before, tuple) else after


def _parts(word: str, value: str) -> list[str]:
    parts = [part for part in value.split(",") if part]
    if not parts:
        raise UsageError(f"{word} says nothing", hint="Names with commas between them.")
    return parts


def _names(word: str, value: str, _now: float) -> tuple[str, ...]:
    return tuple(part.lower() for part in _parts(word, value))


def _methods(word: str, value: str, _now: float) -> tuple[str, ...]:
    return tuple(part.upper() for part in _parts(word, value))


def _verdicts(word: str, value: str, _now: float) -> tuple[Outcome, ...]:
    known: tuple[Outcome, ...] = get_args(Outcome)
    found: list[Outcome] = []
    for part in _parts(word, value):
        fitting = [one for one in known if one.startswith(part.upper())]
        if not fitting:
            raise UsageError(f"{word}: no verdict is called {part}", hint="One of ok, failed, partial, unknown.")
        found += fitting
    return tuple(found)


def _statuses(word: str, value: str, _now: float) -> tuple[tuple[StatusTest, ...], ...]:
    return tuple(_status(word, part.lower()) for part in _parts(word, value))


def _status(word: str, part: str) -> tuple[StatusTest, ...]:
    if part == "none":
        return (StatusTest("none"),)
    if re.fullmatch(r"[1-9]xx", part):
        low = int(part[0]) * 100
        return (StatusTest(">=", low), StatusTest("<", low + 100))
    low_text, dash, high_text = part.partition("-")
    if dash and low_text.isdecimal() and high_text.isdecimal():
        return (StatusTest(">=", int(low_text[:9])), StatusTest("<=", int(high_text[:9])))
    found = _STATUS.fullmatch(part)
    if not found:
        raise UsageError(f"{word}: {part} is no status", hint="Such as 404, 4xx, >=400, 500-599, or none.")
    sign: Any = found[1] or "="
    return (StatusTest(sign, int(found[2])),)


def _moment(word: str, value: str, now: float) -> float:
    age = parse_duration(value)
    if age is not None:
        return now - age
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    named = {"today": today, "yesterday": today - timedelta(days=1)}.get(value.lower())
    try:
        moment = named or datetime.fromisoformat(value)
    except ValueError:
        raise UsageError(
            f"{word}: {value} is no time", hint="Such as 30m, 2h, 3d, today, 2026-11-21 or 2026-11-21T09:30 (UTC)."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_FilterReader = Callable[[str, str, float], Any]
_FILTERS: Final[dict[str, tuple[str, _FilterReader]]] = {
    "vendor": ("vendors", _names),
    "endpoint": ("endpoints", _names),
    "env": ("environments", _names),
    "status": ("statuses", _statuses),
    "verdict": ("verdicts", _verdicts),
    "method": ("methods", _methods),
    "since": ("since", _moment),
    "until": ("until", _moment),
    "tag": ("tags", _names),
}
EXAMPLES: Final = {
    "vendor": "vendor:shop",
    "endpoint": "endpoint:shop.orders",
    "env": "env:sandbox",
    "status": "status:>=400",
    "verdict": "verdict:failed",
    "method": "method:post",
    "since": "since:2h",
    "until": "until:2026-11-21",
    "tag": "tag:later",
}


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
