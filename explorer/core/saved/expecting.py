"""What a file says under ``[expect]``, read and written."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from explorer.core.saved.model import OPERATORS, TYPES, Assertion, Expectations, Expected
from explorer.core.text.units import format_duration, parse_duration
from explorer.errors import nearest

if TYPE_CHECKING:
    from explorer.core.catalog.report import Path, ProblemReport

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
