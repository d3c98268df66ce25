"""Whether an answer is as expected: one result for each expectation, with what was got in place of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.exchange import FrozenStruct
from explorer.core.saved.expecting import STATUS
from explorer.core.saved.model import OPERATORS, Assertion, Expectations
from explorer.core.saved.picking import ResponsePicker
from explorer.core.saved.placeholders import PlaceholderProblem, fill_text, parse
from explorer.core.text.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.exchange import Exchange, ReceivedResponse
    from explorer.core.saved.placeholders import Lookup

_MAX_SHOWN = 200
"""Characters of a value that are shown."""


class ExpectationResult(FrozenStruct, frozen=True, kw_only=True):
    """One expectation in words, whether it held, and what was got where it did not."""

    text: str
    held: bool
    got: str = ""

    def __str__(self) -> str:
        return f"{self.text}{'' if self.held else f' (got {self.got})'}"


def expected_verdict(expect: Expectations) -> str:
    """The verdict that is expected: told, or OK unless only a status that is no success is."""
    if expect.verdict:
        return expect.verdict
    success = not expect.status or any(matches_status(one, code) for one in expect.status for code in range(200, 300))
    return "OK" if success else "any"


def matches_status(spec: str, status: int) -> bool:
    """Whether *status* is as *spec* says: ``201``, ``2xx``, ``>=400``, ``200-299``."""
    found = STATUS.fullmatch(spec)
    if not found:
        return False
    sign, number, hundred, low, high = found.groups()
    if hundred:
        return status // 100 == int(hundred)
    if low:
        return int(low) <= status <= int(high)
    wanted = int(number)
    return {"<": status < wanted, ">": status > wanted, "<=": status <= wanted, ">=": status >= wanted}.get(
        sign or "", status == wanted
    )


def filled_expectations(expect: Expectations, lookup: Lookup) -> Expectations:
    """*expect* with its placeholders filled; a text that is nothing but one becomes the value that it stands for."""

    def value(one: Any) -> Any:
        if isinstance(one, str) and "${" in one:
            return _filled(one, lookup)
        if isinstance(one, list | tuple):
            return [value(inner) for inner in one]
        return {key: value(inner) for key, inner in one.items()} if isinstance(one, dict) else one

    def rows(
        expected: tuple[tuple[str, tuple[Assertion, ...]], ...],
    ) -> tuple[tuple[str, tuple[Assertion, ...]], ...]:
        return tuple(
            (key, tuple(msgspec.structs.replace(one, value=value(one.value)) for one in comparisons))
            for key, comparisons in expected
        )

    return msgspec.structs.replace(expect, headers=rows(expect.headers), body=rows(expect.body))


def _filled(text: str, lookup: Lookup) -> Any:
    try:
        parts = parse(text)
        if len(parts) == 1 and not isinstance(parts[0], str) and (found := lookup(parts[0])) is not None:
            try:
                return json.loads(found.literal) if found.literal != found.text else found.text
            except ValueError:
                return found.text
        return fill_text(text, lookup)
    except PlaceholderProblem:
        return text


def check_expectations(
    expect: Expectations, exchange: Exchange, shown: Exchange, mask: Callable[[str], str]
) -> tuple[ExpectationResult, ...]:
    """Every expectation on *exchange*; what was got is told from *shown*, its masked twin; *mask* masks the rest."""
    results: list[ExpectationResult] = []

    def add(text: str, held: bool, got: str) -> None:
        results.append(ExpectationResult(text=mask(text), held=held, got="" if held else mask(_cut(got))))

    verdict = expected_verdict(expect)
    if verdict != "any":
        told = shown.verdict
        why = told.message or told.why
        add(f"verdict is {verdict}", exchange.verdict.outcome == verdict, f"{told.outcome}{f': {why}' if why else ''}")
    response, masked = exchange.response, shown.response
    if expect.status:
        status = response.status if response else 0
        held = response is not None and any(matches_status(one, status) for one in expect.status)
        add(f"status is {' or '.join(expect.status)}", held, str(status) if response else "no answer")
    if expect.within is not None:
        took = exchange.timings.total
        add(f"within {format_duration(expect.within)}", took <= expect.within, f"{took * 1000:.0f}ms")
    for name, comparisons in expect.headers:
        for one in comparisons:
            held = response is not None and _is_met(one, _header(response, name))
            got = _header(masked, name) if masked else None
            add(f"header {name} {describe_comparison(one)}", held, "no such header" if got is None else _shown(got))
    if expect.body:
        real = ResponsePicker(response) if response else None
        fake = ResponsePicker(masked) if masked else None
        for path, comparisons in expect.body:
            for one in comparisons:
                value, problem = _pick(real, path)
                got, trouble = _pick(fake, path)
                held = not problem and _is_met(one, value)
                add(f"{path} {describe_comparison(one)}", held, trouble or _shown(got))
    return tuple(results)


def describe_comparison(comparison: Assertion) -> str:
    """A comparison in words."""
    if comparison.operator == "exists":
        return "is there" if comparison.value else "is not there"
    return f"{OPERATORS[comparison.operator]} {_shown(comparison.value)}"


def _header(response: ReceivedResponse, name: str) -> str | None:
    values = [value for key, value in response.headers if key.lower() == name.lower()]
    return ", ".join(values) if values else None


def _pick(picker: ResponsePicker | None, path: str) -> tuple[Any, str]:
    if picker is None:
        return None, "no answer"
    found = picker.pick(path)
    return (None, found.problem) if found.problem else (json.loads(found.json), "")


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def _is_met(comparison: Assertion, value: Any) -> bool:
    operator, wanted = comparison.operator, comparison.value
    if operator == "exists":
        return (value is not None) is bool(wanted)
    if operator == "equals":
        return json_equal(value, wanted)
    if operator == "not":
        return not json_equal(value, wanted)
    if operator == "contains":
        return _contains(value, wanted)
    if operator == "matches":
        return isinstance(value, str | int | float) and re.search(str(wanted), _as_text(value)) is not None
    if operator == "type":
        return bool(_type(value) == wanted)
    if operator == "length":
        return isinstance(value, str | list | dict) and bool(len(value) == wanted)
    left, right = _number(value), _number(wanted)
    if left is None or right is None:
        return False
    return {"above": left > right, "at_least": left >= right, "below": left < right, "at_most": left <= right}[operator]


def json_equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; true is not 1, and 1 is 1.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(json_equal(one, two) for one, two in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(json_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return str(wanted) in value
    if isinstance(value, list):
        return any(json_equal(one, wanted) for one in value)
    return isinstance(value, dict) and wanted in value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    for name, kinds in (("string", str), ("number", int | float), ("array", list), ("object", dict)):
        if isinstance(value, kinds):
            return name
    return "null"


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
