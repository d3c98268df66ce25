"""Read and write the TOML of a saved request, with the line of each problem."""

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
"""Keys of the small tables that stand on one line."""


def request_table(request: SavedRequest) -> dict[str, Any]:
    """The table that says *request*; what is not set does not stand there."""
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
    """The entries with those of one name together, where the first of them stands: the order that a file can keep, and
    in which they are sent in any case."""
    names = list(dict.fromkeys(entry.name for entry in entries))
    return tuple(entry for name in names for entry in entries if entry.name == name)


def entries_as_saved(form: Sequence[Entry], file: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries of a form, which holds texts; those that say what a JSON literal of the file says as that literal."""
    waiting = [one for one in file if one.kind == "json"]
    entries = []
    for entry in form:
        found = next((one for one in waiting if one.name == entry.name and _typed(one) == _typed(entry)), None)
        if found is not None:
            waiting.remove(found)
        entries.append(found or entry)
    return tuple(entries)


def _typed(entry: Entry) -> tuple[str, str]:
    """A value as a form would hold it."""
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
        said = entry.value if entry.kind == "text" else {entry.kind: entry.value}
        if entry.name not in table:
            table[entry.name] = said
        elif isinstance(table[entry.name], list):
            table[entry.name].append(said)
        else:
            table[entry.name] = [table[entry.name], said]
    return table


def _pairs(pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | list[list[str]]:
    """A table by name; an array of pairs where a name comes again after another."""
    names = [name for name, _ in pairs]
    if len(dict.fromkeys(names)) != sum(1 for at, name in enumerate(names) if not at or names[at - 1] != name):
        return [[name, value] for name, value in pairs]
    table: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        texts = [value for one, value in pairs if one == name]
        table[name] = texts[0] if len(texts) == 1 else texts
    return table


_PART: Final = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEYS: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER: Final = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]\]?\s*(?:#.*)?")
_KEY: Final = re.compile(rf"\s*({_KEYS})\s*=")
Places = tuple[tuple[tuple[str, ...], int], ...]


def toml_line_of(text: str, path: tuple[str, ...]) -> int:
    """The line (from 1) of the key at *path*, or of the nearest table above it; 0 where none of it is there."""
    best = (0, 0)
    for keys, line in _places(text):
        common = 0
        while common < min(len(keys), len(path)) and keys[common] == path[common]:
            common += 1
        if common == len(keys) and common > best[0]:
            best = (common, line)
    return best[1]


@lru_cache(maxsize=8)
def _places(text: str) -> Places:
    table: tuple[str, ...] = ()
    places = []
    for number, line in enumerate(text.split("\n"), 1):
        if found := _HEADER.fullmatch(line.rstrip("\r")):
            table = _split(found[1])
            places.append((table, number))
        elif found := _KEY.match(line):
            places.append(((*table, *_split(found[1])), number))
    return tuple(places)


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
    """The request in *mapping*, or None and what is wrong with it; *text* is where the lines are looked up."""
    report = ProblemReport(file)
    table = decode_table(_RequestTable, mapping, (), report, partial=True)
    request = _request(table, report) if table is not None else None
    return (None if report.problems else request), _with_lines(report, text)


def read_folder(mapping: Mapping[str, Any], file: str, text: str = "") -> tuple[FolderOptions, Problems]:
    """What a ``_folder.toml`` says; the usual options where it is wrong."""
    report = ProblemReport(file)
    table = decode_table(_FolderTable, mapping, (), report)
    options = FolderOptions() if table is None else msgspec.convert(msgspec.to_builtins(table), FolderOptions)
    return options, _with_lines(report, text)


def read_variables(mapping: Mapping[str, Any], file: str, text: str = "") -> tuple[VariableSet, Problems]:
    """What an environment file says; as far as it is well."""
    report = ProblemReport(file)
    table = decode_table(_VariablesTable, mapping, (), report, partial=True) or _VariablesTable()
    variables: dict[str, str] = {}
    for name, value in table.variables.items():
        path = ("variables", name)
        if not _VARIABLE.fullmatch(name):
            report.add(path, "is no name of a variable", "letters, digits and underscores, no digit first")
        elif (plain := _plain(value)) is None:
            report.add(path, "is no text", 'write it in quotes, as in NAME = "text"')
        else:
            variables[name] = plain
    return VariableSet(
        description=table.description, variables=variables, environments=table.environments
    ), _with_lines(report, text)


def _with_lines(report: ProblemReport, text: str) -> Problems:
    told = []
    for one in report.problems:
        path = tuple(re.findall(r'"(?:[^"]*)"|\[[0-9]+\]|[^.\[\]]+', one.path)) if one.path != "(file)" else ()
        line = toml_line_of(text, tuple(part.strip('"') for part in path))
        where = (f"line {line}" if line else "") + (f", {one.path}" if line and path else one.path if not line else "")
        told.append(CatalogProblem(one.file, where, one.message, one.expected, one.near))
    return tuple(told)


def _request(table: _RequestTable, report: ProblemReport) -> SavedRequest:
    vendor, dot, endpoint = table.call.partition(".")
    if not dot or not vendor or not endpoint:
        report.add(("call",), f"{table.call!r} is no call", 'write call = "vendor.endpoint"')
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
        return RerunRule(text)  # type: ignore[arg-type]  # it is one of the three
    older = parse_duration(text.removeprefix("older than").strip()) if text.startswith("older than") else None
    if older is None:
        report.add(path, f"{text!r} is no rule", 'one of "missing", "never", "always", "older than 10m"')
        return RerunRule()
    return RerunRule("older", older)


def _entries(values: Mapping[str, Any], report: ProblemReport) -> list[Entry]:
    entries = []
    for name, value in values.items():
        path: Path = ("values", name)
        many = value if isinstance(value, list | tuple) else [value]
        if not many:
            report.add(path, "is an empty array, which sends nothing", "leave the name out, or write { json = '[]' }")
        for number, one in enumerate(many):
            entry = _entry(name, one, (*path, f"[{number}]") if isinstance(value, list | tuple) else path, report)
            if entry is not None:
                entries.append(entry)
    return entries


def _entry(name: str, value: Any, path: Path, report: ProblemReport) -> Entry | None:
    plain = _plain(value)
    if plain is not None:
        return Entry(name=name, value=_text(plain, path, report))
    if isinstance(value, float):
        report.add(path, "is a number with a fraction", f'in quotes its digits stay as they are: "{value}"')
    elif not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in ("json", "file"):
        expected = 'a text, { json = "null" } or { file = "path" }; an array of them for several'
        report.add(path, "cannot be read", expected)
    elif not isinstance(next(iter(value.values())), str):
        report.add(path, "is no text", 'in quotes, as in { json = "null" }')
    elif "json" in value:
        return Entry(name=name, kind="json", value=_json(value["json"], path, report))
    else:
        return Entry(name=name, kind="file", value=_text(value["file"], path, report))
    return None


def _plain(value: Any) -> str | None:
    """What is typed for a TOML text, integer or boolean."""
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
        json.loads(fill_json(text, lambda _one: PlaceholderValue("x", "0")))
    except PlaceholderProblem as error:
        report.add(path, error.message, error.expected)
    except ValueError as error:
        report.add(path, f"is not JSON: {error}", 'such as { json = "null" }, { json = "3" }')
    return text


def _read_pairs(table: Any, key: str, report: ProblemReport) -> list[tuple[str, str]]:
    """``{NAME = text or [texts]}``, or ``[[NAME, text], …]`` where the order matters."""
    pairs: list[tuple[str, str]] = []
    if isinstance(table, list | tuple):
        for number, row in enumerate(table):
            path: Path = (key, f"[{number}]")
            if isinstance(row, list | tuple) and len(row) == 2 and all(isinstance(one, str) for one in row):
                pairs.append((row[0], _text(row[1], path, report)))
            else:
                report.add(path, "is no pair", 'as in ["NAME", "text"]')
        return pairs
    if not isinstance(table, Mapping):
        report.add((key,), "is not a table", f"write [{key}] and NAME = text below it")
        return pairs
    for name, value in table.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            plain = _plain(one)
            if plain is None:
                report.add((key, name), "is no text", 'write it in quotes, as in NAME = "text"')
            else:
                pairs.append((name, _text(plain, (key, name), report)))
    return pairs
