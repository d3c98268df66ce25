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
    """``[expect]`` as it stands in the file."""

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
    """The expectations in *table*; what is wrong goes to *report*."""
    within = parse_duration(table.within) if table.within else None
    if table.within and within is None:
        report.add(("expect", "within"), f"{table.within!r} is no duration", 'such as "800ms", "2s", "1m"')
    return Expectations(
        verdict=table.verdict,
        status=_statuses(table.status, report),
        within=within,
        headers=_expected(table.headers, "headers", report),
        body=_expected(table.body, "body", report),
    )


def _statuses(value: Any, report: ProblemReport) -> tuple[str, ...]:
    rows = value if isinstance(value, list | tuple) else [] if value is None else [value]
    found = []
    for one in rows:
        text = str(one).strip() if isinstance(one, str | int) and not isinstance(one, bool) else ""
        if STATUS.fullmatch(text):
            found.append(text)
        else:
            report.add(("expect", "status"), f"{one!r} is no status", 'such as 201, "2xx", ">=400", "200-299"')
    return tuple(found)


def _expected(table: Mapping[str, Any], part: str, report: ProblemReport) -> tuple[Expected, ...]:
    rows: list[Expected] = []
    for key, value in table.items():
        path: Path = ("expect", part, key)
        if part == "body" and (wrong := path_problem(key)):
            report.add(path, f"is no JMESPath: {wrong}", "see https://jmespath.org")
            continue
        rows.append((key, _comparisons(value, path, report)))
    return tuple(rows)


def path_problem(path: str) -> str:
    """Why *path* is no JMESPath; empty where it is one."""
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
        report.add(path, "expects nothing", "such as { exists = true }, { at_least = 1 }")
    found = []
    for name, one in value.items():
        if name not in OPERATORS:
            near = nearest(name, OPERATORS) or ""
            report.add((*path, name), f"unknown comparison {name!r}", f"one of {', '.join(OPERATORS)}", near)
        elif wrong := _operand_problem(name, one):
            report.add((*path, name), f"{one!r} is not right here", wrong)
        elif _json_like(one, path, report):
            found.append(Assertion(operator=name, value=one))
    return tuple(found)


def _operand_problem(operator: str, value: Any) -> str:
    """What *value* should be for *operator*; empty where it is."""
    if operator in _NUMERIC and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        return "a number"
    if operator == "exists" and not isinstance(value, bool):
        return "true or false"
    if operator == "type" and value not in TYPES:
        return f"one of {', '.join(TYPES)}"
    if operator == "length" and (isinstance(value, bool) or not isinstance(value, int)):
        return "a whole number"
    if operator == "matches":
        try:
            re.compile(value if isinstance(value, str) else "(")
        except re.error:
            return "a regular expression, in quotes"
    return ""


def _json_like(value: Any, path: Path, report: ProblemReport) -> bool:
    if isinstance(value, datetime.date | datetime.time):
        report.add(path, "is a TOML date", f'in quotes it is a text: "{value}"')
        return False
    return True


def expectations_table(expect: Expectations) -> dict[str, Any]:
    """The table under ``[expect]`` that says *expect*."""
    table: dict[str, Any] = {}
    if expect.verdict:
        table["verdict"] = expect.verdict
    if expect.status:
        rows: list[Any] = [int(one) if one.isdigit() else one for one in expect.status]
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
    return {one.operator: one.value for one in comparisons}


class PickedValue(NamedTuple):
    """A JSON value as it is written; or ``problem``, why there is none."""

    json: bytes = b""
    problem: str = ""


class ResponsePicker:
    """Picks values out of one answer, which is parsed once."""

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
        """What *path* gives; ``null`` where nothing is there."""
        if self._filter is None:
            return PickedValue(problem=self._problem)
        found = self._filter.run(path)
        return PickedValue(problem=found.problem) if found.problem else PickedValue(found.body)


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
