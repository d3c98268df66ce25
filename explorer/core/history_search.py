"""Parse a search of the history, and suggest completions."""

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
    """One condition on the HTTP status; with the sign ``none``, there is no response."""

    sign: StatusOperator
    number: int = 0


class Phrase(FrozenStruct, frozen=True):
    """Consecutive words; if not *whole*, the last word matches as a prefix."""

    text: str
    whole: bool = False


class SearchQuery(FrozenStruct, frozen=True, kw_only=True):
    """A parsed search. All filters must match; within a filter other than tags, one of its values must.

    ``vendors``, ``endpoints``, ``environments`` and ``tags`` are prefixes of names; an endpoint may include its vendor
    (``shop.orders``). ``statuses`` are alternatives, each a set of conditions that must all match. ``since`` and
    ``until`` are Unix seconds.
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
    """Parse a search; *now* is Unix seconds.

    Raises:
        UsageError: A filter is unknown or its value is invalid; the message names the word.
    """
    phrases: list[Phrase] = []
    filters: dict[str, Any] = {}
    for match in _WORD.finditer(text):
        key, value = match["key"], (match["value"] or "").replace('"', "")
        name = key.lower() if key else ""
        if name in _FILTERS:
            if not value:
                raise UsageError(f"{match[0]} has no value", hint=f"Example: {EXAMPLES[name]}")
            field, read = _FILTERS[name]
            filters[field] = _combined(filters.get(field), read(match[0], value, now))
        elif key and not value.startswith("//") and (near := nearest(name, _FILTERS)):
            raise UsageError(f"unknown filter {key}: ({match[0]})", hint=f"Did you mean {near}:?")
        elif match["phrase"] is not None:
            phrases.append(Phrase(match["phrase"], whole=True))
        else:
            phrases.append(Phrase(match[0].replace('"', " ")))
    return SearchQuery(phrases=_prefix_phrases(phrases), **filters)


def _prefix_phrases(phrases: list[Phrase]) -> tuple[Phrase, ...]:
    """Return the phrases with prefix matching applied to plain words.

    A plain word is a prefix if it is the last one, which may be incomplete, or ends in ``*``. A single letter never is,
    because it would match nearly everything.
    """
    last = len(phrases) - 1
    return tuple(
        Phrase(
            phrase.text,
            whole=phrase.whole
            or len(phrase.text.strip("*")) < 2
            or not (position == last or phrase.text.endswith("*")),
        )
        for position, phrase in enumerate(phrases)
    )


def _combined(before: Any, after: Any) -> Any:
    """Combine two words of one filter: lists are alternatives, otherwise the later one wins."""
    return before + after if isinstance(before, tuple) else after


def _parts(word: str, value: str) -> list[str]:
    parts = [part for part in value.split(",") if part]
    if not parts:
        raise UsageError(f"{word} has no value", hint="Enter names separated by commas.")
    return parts


def _names(word: str, value: str, _now: float) -> tuple[str, ...]:
    return tuple(part.lower() for part in _parts(word, value))


def _methods(word: str, value: str, _now: float) -> tuple[str, ...]:
    return tuple(part.upper() for part in _parts(word, value))


def _verdicts(word: str, value: str, _now: float) -> tuple[Outcome, ...]:
    known: tuple[Outcome, ...] = get_args(Outcome)
    verdicts: list[Outcome] = []
    for part in _parts(word, value):
        matches = [outcome for outcome in known if outcome.startswith(part.upper())]
        if not matches:
            raise UsageError(f"{word}: unknown verdict {part}", hint="Use ok, failed, partial or unknown.")
        verdicts += matches
    return tuple(verdicts)


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
    match = _STATUS.fullmatch(part)
    if part.strip("<>=") == "":
        raise UsageError(f"{word} has no number", hint=f"Example: {EXAMPLES['status']}")
    if not match:
        raise UsageError(f"{word}: {part} is not a status", hint="Examples: 404, 4xx, >=400, 500-599, none.")
    sign: Any = match[1] or "="
    return (StatusTest(sign, int(match[2])),)


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
            f"{word}: {value} is not a time", hint="Examples: 30m, 2h, 3d, today, 2026-11-21, 2026-11-21T09:30 (UTC)."
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
_MAX_SUGGESTIONS: Final = 12
_FIXED_VALUES: Final = {
    "status": (">=400", "2xx", "4xx", "5xx", "200", "401", "404", "422", "429", "none"),
    "verdict": ("ok", "failed", "partial", "unknown"),
    "method": ("get", "post", "put", "patch", "delete"),
    "since": ("10m", "1h", "2h", "1d", "7d", "today", "yesterday"),
    "until": ("1h", "1d", "7d", "today", "yesterday"),
}


class FilterNames(FrozenStruct, frozen=True, kw_only=True):
    """The names that filters accept; endpoints as ``vendor.endpoint``."""

    vendors: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class SearchHints(FrozenStruct, frozen=True, kw_only=True):
    """Completions of the last word, the most likely first, and *before*, the text in front of it."""

    before: str = ""
    words: tuple[str, ...] = ()

    @property
    def completed(self) -> str:
        """The whole text with the first completion; empty if there is none."""
        return self.before + self.words[0] if self.words else ""


def complete_search(text: str, names: FilterNames) -> SearchHints:
    """Return completions of the last word of *text*; none if it is complete or quoted."""
    match = _LAST.search(text)
    if match is None or text.count('"') % 2:
        return SearchHints()
    key, colon, value = match[1].lower(), match[2], match[3]
    before = text[: match.start(1)]
    if not colon:
        filters = [f"{name}:" for name in EXAMPLES if name.startswith(key)] if key and not value else []
        return SearchHints(before=before, words=tuple(filters))
    if key not in EXAMPLES:
        return SearchHints()
    first, comma, last = value.rpartition(",")
    given = {name.lower() for name in first.split(",")}
    completions = _matching_values(_values(key, last, names), last.lower(), given)
    return SearchHints(before=before, words=tuple(f"{match[1]}:{first}{comma}{name}" for name in completions))


def unfinished_filters(text: str) -> tuple[str, ...]:
    """Return the filters that the last word of *text* may become, such as ``verdict:`` for ``verd``."""
    return complete_search(text, FilterNames()).words if text and ":" not in text.split()[-1] else ()


def _values(key: str, typed: str, names: FilterNames) -> Iterable[str]:
    if key == "vendor":
        return names.vendors
    if key == "env":
        return names.environments
    if key == "tag":
        return names.tags
    if key == "endpoint":
        own = (endpoint.partition(".")[2] for endpoint in names.endpoints)
        return names.endpoints if "." in typed else (*dict.fromkeys(own), *names.endpoints)
    return _FIXED_VALUES[key]


def _matching_values(values: Iterable[str], typed: str, given: set[str]) -> list[str]:
    matches = [value for value in values if value.lower().startswith(typed) and value.lower() not in given]
    return [] if matches[:1] == [typed] and len(matches) == 1 else matches[:_MAX_SUGGESTIONS]
