"""Read and write the TOML of saved requests; problems have line numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import msgspec

from explorer.core.catalog.model import CatalogTable
from explorer.core.catalog.table import Path, ProblemReport, decode_table
from explorer.core.model import Call, Entry
from explorer.core.saved.expectations import expectations_table, read_expectations
from explorer.core.saved.model import FolderOptions, RerunRule, SavedRequest, VariableSet
from explorer.core.saved.placeholders import PlaceholderProblem, PlaceholderValue, fill_json, parse
from explorer.core.text.units import parse_duration
from explorer.errors import CatalogProblem

if TYPE_CHECKING:
    from collections.abc import Sequence


INLINE: Final = ("json", "file")
"""Keys of the small tables that are written on one line."""


def request_table(request: SavedRequest) -> dict[str, Any]:
    """Return *request* as a table, without unset keys."""
    call = request.call
    table: dict[str, Any] = {
        "description": request.description,
        "call": call.address,
        "environment": call.environment,
        "base_url": call.base_url,
        "method": call.method,
        "force": call.force,
        "readings": dict(sorted(call.readings.items())),
        "values": _values(call.entries),
        "extra": _pairs(call.extra),
        "headers": _pairs(call.headers),
        "again": {name: str(rule) for name, rule in sorted(request.again.items())},
        "expect": expectations_table(request.expect),
    }
    return {key: value for key, value in table.items() if value}


def group_entries(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries grouped by name, in order of first appearance.

    A file can only store this order, and it is the order in which entries are sent.
    """
    names = list(dict.fromkeys(entry.name for entry in entries))
    return tuple(entry for name in names for entry in entries if entry.name == name)


def entries_as_saved(form: Sequence[Entry], file: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries of a form, with those that equal a JSON literal of the file replaced by that literal."""
    literals = [entry for entry in file if entry.kind == "json"]
    entries = []
    for entry in form:
        matches = (item for item in literals if item.name == entry.name and _form_value(item) == _form_value(entry))
        literal = next(matches, None)
        if literal is not None:
            literals.remove(literal)
        entries.append(literal or entry)
    return tuple(entries)


def _form_value(entry: Entry) -> tuple[str, str]:
    """Return the kind and value of *entry* in a form."""
    if entry.kind != "json":
        return ("text", entry.value)
    try:
        value = json.loads(entry.value)
    except ValueError:
        return ("text", entry.value)
    return ("null", "") if value is None else ("text", value if isinstance(value, str) else entry.value)


def _values(entries: Sequence[Entry]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for entry in group_entries(entries):
        value = entry.value if entry.kind == "text" else {entry.kind: entry.value}
        if entry.name not in table:
            table[entry.name] = value
        elif isinstance(table[entry.name], list):
            table[entry.name].append(value)
        else:
            table[entry.name] = [table[entry.name], value]
    return table


def _pairs(pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | list[list[str]]:
    """Return a table by name, or an array of pairs if the entries of a name are not adjacent."""
    names = [name for name, _ in pairs]
    if len(dict.fromkeys(names)) != sum(1 for at, name in enumerate(names) if not at or names[at - 1] != name):
        return [[name, value] for name, value in pairs]
    table: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        values = [value for key, value in pairs if key == name]
        table[name] = values[0] if len(values) == 1 else values
    return table


_PART: Final = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEYS: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER: Final = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]\]?\s*(?:#.*)?")
_KEY: Final = re.compile(rf"\s*({_KEYS})\s*=")
KeyLines = tuple[tuple[tuple[str, ...], int], ...]


def toml_line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line (from 1) of the key at *path*, or of the innermost table around it; 0 if there is none."""
    best = (0, 0)
    for keys, line in _key_lines(text):
        common = 0
        while common < min(len(keys), len(path)) and keys[common] == path[common]:
            common += 1
        if common == len(keys) and common > best[0]:
            best = (common, line)
    return best[1]


@lru_cache(maxsize=8)
def _key_lines(text: str) -> KeyLines:
    table: tuple[str, ...] = ()
    key_lines = []
    for number, line in enumerate(text.split("\n"), 1):
        if match := _HEADER.fullmatch(line.rstrip("\r")):
            table = _split(match[1])
            key_lines.append((table, number))
        elif match := _KEY.match(line):
            key_lines.append(((*table, *_split(match[1])), number))
    return tuple(key_lines)


def _split(keys: str) -> tuple[str, ...]:
    import tomllib

    try:
        value: Any = tomllib.loads(f"{keys} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(value, dict):
        key, value = next(iter(value.items()))
        parts.append(key)
    return tuple(parts)


_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Problems = tuple[CatalogProblem, ...]


class _ExpectTable(CatalogTable, frozen=True, kw_only=True):
    verdict: Literal["OK", "FAILED", "PARTIAL", "UNKNOWN", "any", ""] = ""
    status: Any = None
    within: str = ""
    headers: dict[str, Any] = {}
    body: dict[str, Any] = {}


class _RequestTable(CatalogTable, frozen=True, kw_only=True):
    call: str
    description: str = ""
    environment: str = ""
    base_url: str = ""
    method: str = ""
    force: bool = False
    readings: dict[str, str] = {}
    values: dict[str, Any] = {}
    extra: Any = {}
    headers: Any = {}
    again: dict[str, str] = {}
    expect: _ExpectTable = _ExpectTable()


class _FolderTable(CatalogTable, frozen=True, kw_only=True):
    description: str = ""
    order: tuple[str, ...] = ()
    go_on: bool = True


class _VariablesTable(CatalogTable, frozen=True, kw_only=True):
    description: str = ""
    variables: dict[str, Any] = {}
    environments: dict[str, str] = {}


_T = TypeVar("_T", bound=CatalogTable)


def read_request(mapping: Mapping[str, Any], file: str, text: str = "") -> tuple[SavedRequest | None, Problems]:
    """Return the request in *mapping*, or None, and the problems. Line numbers are looked up in *text*."""
    report = ProblemReport(file)
    table = decode_table(_RequestTable, mapping, (), report, partial=True)
    request = _request(table, report) if table is not None else None
    return (None if report.problems else request), _with_lines(report, text)


def read_folder(mapping: Mapping[str, Any], file: str, text: str = "") -> tuple[FolderOptions, Problems]:
    """Return the options in a ``_folder.toml``, the defaults if it is invalid, and the problems."""
    report = ProblemReport(file)
    table = decode_table(_FolderTable, mapping, (), report)
    options = FolderOptions() if table is None else msgspec.convert(msgspec.to_builtins(table), FolderOptions)
    return options, _with_lines(report, text)


def read_variables(mapping: Mapping[str, Any], file: str, text: str = "") -> tuple[VariableSet, Problems]:
    """Return the valid part of an environment file, and the problems."""
    report = ProblemReport(file)
    table = decode_table(_VariablesTable, mapping, (), report, partial=True) or _VariablesTable()
    variables: dict[str, str] = {}
    for name, value in table.variables.items():
        path = ("variables", name)
        if not _VARIABLE.fullmatch(name):
            report.add(path, "is not a variable name", "use letters, digits and underscores, not starting with a digit")
        elif (plain := _plain(value)) is None:
            report.add(path, "is not a string", 'put it in quotes, such as NAME = "text"')
        else:
            variables[name] = plain
    return VariableSet(
        description=table.description, variables=variables, environments=table.environments
    ), _with_lines(report, text)


def _with_lines(report: ProblemReport, text: str) -> Problems:
    problems = []
    for problem in report.problems:
        keys = re.findall(r'"(?:[^"]*)"|\[[0-9]+\]|[^.\[\]]+', problem.path)
        path = tuple(keys) if problem.path != "(file)" else ()
        line = toml_line_of(text, tuple(part.strip('"') for part in path))
        position = f"line {line}" if line else problem.path
        where = f"{position}, {problem.path}" if line and path else position
        problems.append(CatalogProblem(problem.file, where, problem.message, problem.expected, problem.near))
    return tuple(problems)


def _request(table: _RequestTable, report: ProblemReport) -> SavedRequest:
    vendor, dot, endpoint = table.call.partition(".")
    if not dot or not vendor or not endpoint:
        report.add(("call",), f"{table.call!r} is not a call", 'write call = "vendor.endpoint"')
    call = Call(
        vendor=vendor,
        endpoint=endpoint,
        environment=table.environment,
        base_url=_text(table.base_url, ("base_url",), report),
        method=table.method.upper(),
        entries=tuple(_entries(table.values, report)),
        readings=table.readings,
        extra=tuple(_read_pairs(table.extra, "extra", report)),
        headers=tuple(_read_pairs(table.headers, "headers", report)),
        force=table.force,
    )
    again = {name: _rule(text, ("again", name), report) for name, text in table.again.items()}
    expected = read_expectations(table.expect, report)
    return SavedRequest(call=call, description=table.description, again=again, expect=expected)


def _rule(text: str, path: Path, report: ProblemReport) -> RerunRule:
    if text in ("missing", "never", "always"):
        return RerunRule(text)  # type: ignore[arg-type]  # checked above
    older = parse_duration(text.removeprefix("older than").strip()) if text.startswith("older than") else None
    if older is None:
        report.add(path, f"{text!r} is not a rerun rule", 'use "missing", "never", "always" or "older than 10m"')
        return RerunRule()
    return RerunRule("older", older)


def _entries(values: Mapping[str, Any], report: ProblemReport) -> list[Entry]:
    entries = []
    for name, value in values.items():
        path: Path = ("values", name)
        items = value if isinstance(value, list | tuple) else [value]
        if not items:
            report.add(path, "is an empty array, which sends nothing", "delete the key, or write { json = '[]' }")
        for number, item in enumerate(items):
            entry = _entry(name, item, (*path, f"[{number}]") if isinstance(value, list | tuple) else path, report)
            if entry is not None:
                entries.append(entry)
    return entries


def _entry(name: str, value: Any, path: Path, report: ProblemReport) -> Entry | None:
    plain = _plain(value)
    if plain is not None:
        return Entry(name=name, value=_text(plain, path, report))
    if isinstance(value, float):
        report.add(path, "is a decimal number", f'put it in quotes to keep its digits: "{value}"')
    elif not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in ("json", "file"):
        expected = 'use a string, { json = "null" } or { file = "path" }, or an array of these'
        report.add(path, "is invalid", expected)
    elif not isinstance(next(iter(value.values())), str):
        report.add(path, "is not a string", 'put it in quotes, such as { json = "null" }')
    elif "json" in value:
        return Entry(name=name, kind="json", value=_json(value["json"], path, report))
    else:
        return Entry(name=name, kind="file", value=_text(value["file"], path, report))
    return None


def _plain(value: Any) -> str | None:
    """Return the form value of a TOML string, integer or boolean, or None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _text(text: str, path: Path, report: ProblemReport) -> str:
    try:
        parse(text)
    except PlaceholderProblem as error:
        report.add(path, error.message, error.expected)
    return text


def _json(text: str, path: Path, report: ProblemReport) -> str:
    try:
        json.loads(fill_json(text, lambda _: PlaceholderValue("x", "0")))
    except PlaceholderProblem as error:
        report.add(path, error.message, error.expected)
    except ValueError as error:
        report.add(path, f"is not JSON: {error}", 'use JSON, such as { json = "null" }, { json = "3" }')
    return text


def _read_pairs(table: Any, key: str, report: ProblemReport) -> list[tuple[str, str]]:
    """Read ``{NAME = string or [strings]}``, or ``[[NAME, string], …]`` where the order matters."""
    pairs: list[tuple[str, str]] = []
    if isinstance(table, list | tuple):
        for number, row in enumerate(table):
            path: Path = (key, f"[{number}]")
            if isinstance(row, list | tuple) and len(row) == 2 and all(isinstance(cell, str) for cell in row):
                pairs.append((row[0], _text(row[1], path, report)))
            else:
                report.add(path, "is not a pair", 'use a pair, such as ["NAME", "text"]')
        return pairs
    if not isinstance(table, Mapping):
        report.add((key,), "is not a table", f"write [{key}] and NAME = text below it")
        return pairs
    for name, value in table.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            plain = _plain(item)
            if plain is None:
                report.add((key, name), "is not a string", 'put it in quotes, such as NAME = "text"')
            else:
                pairs.append((name, _text(plain, (key, name), report)))
    return pairs
