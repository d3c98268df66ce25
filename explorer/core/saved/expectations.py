"""Expectations of a saved request: read, write, and check them against a response."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec

from explorer.core.body.filters import Filter
from explorer.core.body.value import UnreadableBody, json_text, read_body, read_raw
from explorer.core.model import FrozenStruct
from explorer.core.saved.model import OPERATORS, TYPES, Assertion, Expectations, Expected
from explorer.core.saved.placeholders import PlaceholderProblem, fill_text, parse
from explorer.core.text.media_type import essence, is_xml
from explorer.core.text.units import format_duration, parse_duration
from explorer.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.catalog.table import Path, ProblemReport
    from explorer.core.model import Exchange, ReceivedResponse
    from explorer.core.saved.placeholders import Lookup


STATUS: Final = re.compile(r"(<=|>=|<|>)?([1-9][0-9]{2})|([1-9])xx|([1-9][0-9]{2})-([1-9][0-9]{2})")
_NUMERIC: Final = ("above", "at_least", "below", "at_most")


class ExpectTable(Protocol):
    """The table ``[expect]`` of the file."""

    @property
    def verdict(self) -> str: ...
    @property
    def status(self) -> Any: ...
    @property
    def within(self) -> str: ...
    @property
    def headers(self) -> dict[str, Any]: ...
    @property
    def body(self) -> dict[str, Any]: ...


def read_expectations(table: ExpectTable, report: ProblemReport) -> Expectations:
    """Read the expectations in *table*; problems go to *report*."""
    within = parse_duration(table.within) if table.within else None
    if table.within and within is None:
        report.add(
            ("expect", "within"), f"{table.within!r} is not a duration", 'use a duration, such as "800ms", "2s", "1m"'
        )
    return Expectations(
        verdict=table.verdict,
        status=_statuses(table.status, report),
        within=within,
        headers=_expected(table.headers, "headers", report),
        body=_expected(table.body, "body", report),
    )


def _statuses(value: Any, report: ProblemReport) -> tuple[str, ...]:
    rows = value if isinstance(value, list | tuple) else [] if value is None else [value]
    statuses = []
    for row in rows:
        text = str(row).strip() if isinstance(row, str | int) and not isinstance(row, bool) else ""
        if STATUS.fullmatch(text):
            statuses.append(text)
        else:
            report.add(
                ("expect", "status"), f"{row!r} is not a status", 'use a status, such as 201, "2xx", ">=400", "200-299"'
            )
    return tuple(statuses)


def _expected(table: Mapping[str, Any], part: str, report: ProblemReport) -> tuple[Expected, ...]:
    rows: list[Expected] = []
    for key, value in table.items():
        path: Path = ("expect", part, key)
        if part == "body" and (problem := path_problem(key)):
            report.add(path, f"is not a JMESPath expression: {problem}", "see https://jmespath.org")
            continue
        rows.append((key, _comparisons(value, path, report)))
    return tuple(rows)


def path_problem(path: str) -> str:
    """Return why *path* is not a JMESPath expression; empty if it is one."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        jmespath.compile(path)
    except (JMESPathError, ValueError, TypeError) as error:
        return (str(error).split("\n", 1)[0] or type(error).__name__).removeprefix("Invalid jmespath expression: ")
    return ""


def _comparisons(value: Any, path: Path, report: ProblemReport) -> tuple[Assertion, ...]:
    if not isinstance(value, Mapping):
        if _json_like(value, path, report):
            return (Assertion(operator="equals", value=value),)
        return ()
    if not value:
        report.add(path, "has no comparison", "add one, such as { exists = true }, { at_least = 1 }")
    assertions = []
    for name, operand in value.items():
        if name not in OPERATORS:
            near = nearest(name, OPERATORS) or ""
            report.add((*path, name), f"unknown comparison {name!r}", f"one of {', '.join(OPERATORS)}", near)
        elif expected := _expected_operand(name, operand):
            report.add((*path, name), f"{operand!r} is invalid here", f"use {expected}")
        elif _json_like(operand, path, report):
            assertions.append(Assertion(operator=name, value=operand))
    return tuple(assertions)


def _expected_operand(operator: str, value: Any) -> str:
    """Return what *operator* requires; empty if *value* is valid."""
    if operator in _NUMERIC and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        return "a number"
    if operator == "exists" and not isinstance(value, bool):
        return "true or false"
    if operator == "type" and value not in TYPES:
        return f"one of {', '.join(TYPES)}"
    if operator == "length" and (isinstance(value, bool) or not isinstance(value, int)):
        return "an integer"
    if operator == "matches":
        try:
            re.compile(value if isinstance(value, str) else "(")
        except re.error:
            return "a regular expression in quotes"
    return ""


def _json_like(value: Any, path: Path, report: ProblemReport) -> bool:
    if isinstance(value, datetime.date | datetime.time):
        report.add(path, "is a TOML date", f'put it in quotes: "{value}"')
        return False
    return True


def expectations_table(expect: Expectations) -> dict[str, Any]:
    """Return *expect* as the table ``[expect]``."""
    table: dict[str, Any] = {}
    if expect.verdict:
        table["verdict"] = expect.verdict
    if expect.status:
        rows: list[Any] = [int(status) if status.isdigit() else status for status in expect.status]
        table["status"] = rows[0] if len(rows) == 1 else rows
    if expect.within is not None:
        table["within"] = format_duration(expect.within)
    for part, expected in (("headers", expect.headers), ("body", expect.body)):
        if expected:
            table[part] = {key: _comparisons_value(comparisons) for key, comparisons in expected}
    return table


def _comparisons_value(comparisons: tuple[Assertion, ...]) -> Any:
    only = comparisons[0] if len(comparisons) == 1 else None
    if only is not None and only.operator == "equals" and not isinstance(only.value, Mapping):
        return only.value
    return {comparison.operator: comparison.value for comparison in comparisons}


class PickedValue(NamedTuple):
    """A JSON value as written, or the ``problem`` that prevents it."""

    json: bytes = b""
    problem: str = ""


class ResponsePicker:
    """Picks values from one response, which is parsed once."""

    def __init__(self, response: ReceivedResponse) -> None:
        self._problem = ""
        self._filter: Filter | None = None
        try:
            value = read_body(response) if is_xml(essence(response.header("content-type"))) else None
            source = json_text(response) if value is None else json.dumps(value, default=read_raw).encode()
        except UnreadableBody as error:
            self._problem = str(error)
            return
        if not source.strip():
            self._problem = "the body is empty"
        else:
            self._filter = Filter("json", source)

    def pick(self, path: str) -> PickedValue:
        """Return the value at *path*; ``null`` if there is none."""
        if self._filter is None:
            return PickedValue(problem=self._problem)
        result = self._filter.run(path)
        return PickedValue(problem=result.problem) if result.problem else PickedValue(result.body)


_MAX_SHOWN = 200
"""Maximum characters of a displayed value."""


class ExpectationResult(FrozenStruct, frozen=True, kw_only=True):
    """An expectation as text, whether the response meets it, and the actual value if not."""

    text: str
    held: bool
    got: str = ""

    def __str__(self) -> str:
        return f"{self.text}{'' if self.held else f' (got {self.got})'}"


def expected_verdict(expect: Expectations) -> str:
    """Return the expected verdict: the explicit one, ``any`` if only error statuses are expected, else ``OK``."""
    if expect.verdict:
        return expect.verdict
    success = not expect.status or any(matches_status(spec, code) for spec in expect.status for code in range(200, 300))
    return "OK" if success else "any"


def matches_status(spec: str, status: int) -> bool:
    """Return whether *status* matches *spec*: ``201``, ``2xx``, ``>=400``, ``200-299``."""
    match = STATUS.fullmatch(spec)
    if not match:
        return False
    operator, number, hundred, low, high = match.groups()
    if hundred:
        return status // 100 == int(hundred)
    if low:
        return int(low) <= status <= int(high)
    limit = int(number)
    return {"<": status < limit, ">": status > limit, "<=": status <= limit, ">=": status >= limit}.get(
        operator or "", status == limit
    )


def filled_expectations(expect: Expectations, lookup: Lookup) -> Expectations:
    """Return *expect* with its placeholders filled. A string that is only a placeholder becomes its JSON value."""

    def fill(value: Any) -> Any:
        if isinstance(value, str) and "${" in value:
            return _filled(value, lookup)
        if isinstance(value, list | tuple):
            return [fill(item) for item in value]
        return {key: fill(item) for key, item in value.items()} if isinstance(value, dict) else value

    def rows(
        expected: tuple[tuple[str, tuple[Assertion, ...]], ...],
    ) -> tuple[tuple[str, tuple[Assertion, ...]], ...]:
        return tuple(
            (
                key,
                tuple(msgspec.structs.replace(comparison, value=fill(comparison.value)) for comparison in comparisons),
            )
            for key, comparisons in expected
        )

    return msgspec.structs.replace(expect, headers=rows(expect.headers), body=rows(expect.body))


def _filled(text: str, lookup: Lookup) -> Any:
    try:
        parts = parse(text)
        if len(parts) == 1 and not isinstance(parts[0], str) and (value := lookup(parts[0])) is not None:
            try:
                return json.loads(value.literal) if value.literal != value.text else value.text
            except ValueError:
                return value.text
        return fill_text(text, lookup)
    except PlaceholderProblem:
        return text


def check_expectations(
    expect: Expectations, exchange: Exchange, shown: Exchange, mask: Callable[[str], str]
) -> tuple[ExpectationResult, ...]:
    """Check *expect* against *exchange*. Actual values come from *shown*, its masked copy; *mask* masks other text."""
    results: list[ExpectationResult] = []

    def add(text: str, is_met: bool, got: str) -> None:
        results.append(ExpectationResult(text=mask(text), held=is_met, got="" if is_met else mask(_truncated(got))))

    verdict = expected_verdict(expect)
    if verdict != "any":
        why = shown.verdict.message or shown.verdict.why
        got = f"{shown.verdict.outcome}{f': {why}' if why else ''}"
        add(f"verdict is {verdict}", exchange.verdict.outcome == verdict, got)
    response, masked = exchange.response, shown.response
    if expect.status:
        status = response.status if response else 0
        is_met = response is not None and any(matches_status(spec, status) for spec in expect.status)
        add(f"status is {' or '.join(expect.status)}", is_met, str(status) if response else "no response")
    if expect.within is not None:
        seconds = exchange.timings.total
        add(f"within {format_duration(expect.within)}", seconds <= expect.within, f"{seconds * 1000:.0f} ms")
    for name, comparisons in expect.headers:
        for comparison in comparisons:
            is_met = response is not None and _is_met(comparison, _header(response, name))
            value = _header(masked, name) if masked else None
            text = f"header {name} {describe_comparison(comparison)}"
            add(text, is_met, "no such header" if value is None else _shown(value))
    if expect.body:
        picker = ResponsePicker(response) if response else None
        masked_picker = ResponsePicker(masked) if masked else None
        for path, comparisons in expect.body:
            for comparison in comparisons:
                value, problem = _pick(picker, path)
                masked_value, masked_problem = _pick(masked_picker, path)
                is_met = not problem and _is_met(comparison, value)
                add(f"{path} {describe_comparison(comparison)}", is_met, masked_problem or _shown(masked_value))
    return tuple(results)


def describe_comparison(comparison: Assertion) -> str:
    """Return a comparison as text."""
    if comparison.operator == "exists":
        return "exists" if comparison.value else "does not exist"
    return f"{OPERATORS[comparison.operator]} {_shown(comparison.value)}"


def _header(response: ReceivedResponse, name: str) -> str | None:
    values = [value for key, value in response.headers if key.lower() == name.lower()]
    return ", ".join(values) if values else None


def _pick(picker: ResponsePicker | None, path: str) -> tuple[Any, str]:
    if picker is None:
        return None, "no response"
    picked = picker.pick(path)
    return (None, picked.problem) if picked.problem else (json.loads(picked.json), "")


def _shown(value: Any) -> str:
    return _truncated(json.dumps(value, ensure_ascii=False, default=str))


def _truncated(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def _is_met(comparison: Assertion, value: Any) -> bool:
    operator, expected = comparison.operator, comparison.value
    if operator == "exists":
        return (value is not None) is bool(expected)
    if operator == "equals":
        return json_equal(value, expected)
    if operator == "not":
        return not json_equal(value, expected)
    if operator == "contains":
        return _contains(value, expected)
    if operator == "matches":
        return isinstance(value, str | int | float) and re.search(str(expected), _as_text(value)) is not None
    if operator == "type":
        return bool(_type(value) == expected)
    if operator == "length":
        return isinstance(value, str | list | dict) and bool(len(value) == expected)
    left, right = _number(value), _number(expected)
    if left is None or right is None:
        return False
    return {"above": left > right, "at_least": left >= right, "below": left < right, "at_most": left <= right}[operator]


def json_equal(left: Any, right: Any) -> bool:
    """Return whether two JSON values are equal; true is not 1, but 1 is 1.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(json_equal(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(json_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def _contains(value: Any, expected: Any) -> bool:
    if isinstance(value, str):
        return str(expected) in value
    if isinstance(value, list):
        return any(json_equal(item, expected) for item in value)
    return isinstance(value, dict) and expected in value


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
