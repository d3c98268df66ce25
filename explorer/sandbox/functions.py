"""The functions that expressions may call; those of chance and of time are made per run (``SeededRandom``,
``Clock``)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Function = Callable[..., Any]

ISO = "iso"
"""The date pattern that stands for ISO 8601 with an offset; every other is strftime's."""


def format_moment(moment: datetime, pattern: str) -> str:
    """*moment* written by *pattern*: ``iso`` or a strftime pattern."""
    return moment.isoformat(timespec="seconds") if pattern == ISO else moment.strftime(pattern)


def _slug(text: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")


def _same(one: Any, other: Any) -> bool:
    return one is not None and other is not None and str(one) == str(other)


def _is_member(one: Any, many: Iterable[Any] | None) -> bool:
    return any(_same(one, other) for other in many or ())


def _contains(text: Any, needle: Any) -> bool:
    return str(needle or "").lower() in str(text or "").lower()


def _omit(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def _pick(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: table[key] for key in keys if key in table}


def _first(items: Sequence[Any] | None, otherwise: Any = None) -> Any:
    return items[0] if items else otherwise


def _split(text: Any, by: str = ",") -> list[str]:
    return [part.strip() for part in str(text).split(by) if part.strip()] if text not in (None, "") else []


def _number(text: Any) -> Any:
    """A number as a number: an integer where it is written as one."""
    if isinstance(text, int | float):
        return text
    return int(text) if re.fullmatch(r"-?\d+", str(text)) else float(text)


def _days_between(pattern: str, one: str, days: int) -> str:
    return (datetime.strptime(one, pattern).replace(tzinfo=UTC) + timedelta(days=days)).strftime(pattern)


def _seconds_of(pattern: str, text: str) -> float:
    if pattern == ISO:
        return datetime.fromisoformat(text).timestamp()
    return datetime.strptime(text, pattern).replace(tzinfo=UTC).timestamp()


def _edges(items: Iterable[Any] | None, function: Function) -> Any:
    values = [item for item in items or () if item is not None]
    return function(values) if values else None


FUNCTIONS: dict[str, Function] = {
    "len": lambda thing: len(thing or ()),
    "sum": lambda items: sum(item or 0 for item in items or ()),
    "smallest": lambda items: _edges(items, min),
    "largest": lambda items: _edges(items, max),
    "round": lambda value, places=0: round(value, places) if places else round(value),
    "fixed": lambda value, places=2: f"{float(value):.{int(places)}f}",
    "str": lambda value: "" if value is None else str(value),
    "int": lambda value: None if value is None else int(value),
    "number": _number,
    "bool": bool,
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "slug": _slug,
    "same": _same,
    "among": _is_member,
    "contains": _contains,
    "starts": lambda text, start: str(text or "").startswith(str(start)),
    "replace": lambda text, old, new: str(text).replace(str(old), str(new)),
    "split": _split,
    "join": lambda items, by=",": str(by).join(str(item) for item in items or ()),
    "first": _first,
    "last": lambda items, otherwise=None: items[-1] if items else otherwise,
    "keys": lambda table: list(table or {}),
    "values": lambda table: list((table or {}).values()),
    "without": _omit,
    "only": _pick,
    "merged": lambda *tables: {key: value for table in tables if table for key, value in table.items()},
    "default": lambda value, otherwise: otherwise if value is None or value == "" else value,
    "any": lambda items: any(items or ()),
    "all": lambda items: all(items or ()),
    "range": lambda *bounds: list(range(*bounds))[:10_000],
    "shift_date": _days_between,
    "timestamp": _seconds_of,
    "json": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    "is_number": lambda text: bool(re.fullmatch(r"-?\d+(\.\d+)?", str(text))),
    "matches": lambda text, pattern: bool(re.fullmatch(pattern, str(text))),
}


class SeededRandom:
    """Random values that are the same at every start: they hang on the name of the collection and ``n`` alone."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - sample data, not secrets

    def functions(self) -> dict[str, Function]:
        """The functions of chance, by name."""
        chance = self._random
        return {
            "pick": chance.choice,
            "some": lambda items, count: chance.sample(list(items), min(int(count), len(items))),
            "between": lambda low, high: chance.randint(int(low), int(high)),
            "money": lambda low, high: round(chance.uniform(low, high), 2),
            "chance": lambda share: chance.random() < share,
            "digits": lambda count: "".join(chance.choice("0123456789") for _ in range(int(count))),
            "letters": lambda count: "".join(chance.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(int(count))),
        }


class Clock:
    """Dates as seen from one moment (Unix seconds), in UTC."""

    def __init__(self, now: float) -> None:
        self._now = datetime.fromtimestamp(now, UTC)

    def functions(self) -> dict[str, Function]:
        """``today(pattern, days=0, minutes=0)`` and ``seconds()``."""
        return {
            "today": lambda pattern=ISO, days=0, minutes=0: format_moment(
                self._now + timedelta(days=days, minutes=minutes), pattern
            ),
            "seconds": self._now.timestamp,
        }
