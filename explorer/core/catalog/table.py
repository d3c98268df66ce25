"""Decode one table of a catalog key by key, and report every problem with its place."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from explorer.errors import CatalogProblem, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


_S = TypeVar("_S", bound=msgspec.Struct)


def decode_table(
    struct: type[_S], table: object, path: Path, report: ProblemReport, *, partial: bool = False
) -> _S | None:
    """*table* as *struct*, or None when it has problems (which *report* then holds).

    With *partial* what is well is decoded all the same, so that it can be checked further.
    """
    if not isinstance(table, Mapping):
        report.add(path, "is not a table")
        return None
    before = len(report.problems)
    fields = _fields(struct)
    values: dict[str, Any] = {}
    for key, value in table.items():
        known = fields.get(key)
        if known is None:
            report.unknown((*path, key), "key", key, list(fields))
            continue
        decoded = _value(_hints(struct)[known.name], value, (*path, key), report)
        if decoded is not None:
            values[known.name] = decoded
    for key, known in fields.items():
        if known.required and key not in table:
            report.add(path, f"{key!r} is missing")
    if len(report.problems) > before and not (partial and all(f.name in values for f in fields.values() if f.required)):
        return None
    return struct(**values)


def _value(hint: Any, value: object, path: Path, report: ProblemReport) -> Any:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return decode_table(hint, value, path, report)
    if origin in (typing.Union, types.UnionType):
        inner = [one for one in arguments if one is not type(None)]
        if len(inner) == 1:
            return _value(inner[0], value, path, report)
    if origin is dict and _holds_tables(arguments[1]):
        if not isinstance(value, Mapping):
            report.add(path, "is not a table")
            return {}
        tables = {key: _value(arguments[1], one, (*path, key), report) for key, one in value.items()}
        return {key: one for key, one in tables.items() if one is not None}
    if origin is tuple and _holds_tables(arguments[0]):
        if not isinstance(value, list | tuple):
            report.add(path, "is not an array")
            return ()
        rows = [_value(arguments[0], one, (*path, f"[{n}]"), report) for n, one in enumerate(value)]
        return tuple(one for one in rows if one is not None)
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        allowed = arguments if origin is typing.Literal else ()
        expected = f"one of: {', '.join(map(str, allowed))}" if allowed else ""
        near = nearest(value, [str(one) for one in allowed]) if isinstance(value, str) and allowed else None
        message = f"{value!r} is not allowed here" if allowed else str(error).replace("Expected", "should be")
        report.add(path, message, expected, near or "")
        return None


def _holds_tables(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """What a table may hold, by the key in the file. Reading a class's annotations costs more than reading a table."""
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


@cache
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(struct)


Path = tuple[str, ...]
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def format_toml_path(path: Path) -> str:
    """A path as it would stand in the TOML file, names with other signs in quotes."""
    return ".".join(part if part.startswith("[") or _BARE.fullmatch(part) else f'"{part}"' for part in path).replace(
        ".[", "["
    )


@dataclass
class ProblemReport:
    """Collects problems; knows from which file each path came."""

    file: str
    origins: Mapping[Path, str] = field(default_factory=dict)
    problems: list[CatalogProblem] = field(default_factory=list)

    def add(self, path: Path, message: str, expected: str = "", near: str = "") -> None:
        """Note a problem at *path*."""
        self.problems.append(
            CatalogProblem(self._file_of(path), format_toml_path(path) or "(file)", message, expected, near)
        )

    def unknown(self, path: Path, kind: str, name: str, known: Sequence[str]) -> None:
        """Note that *name* is not among the *known* names."""
        expected = f"known: {', '.join(known[:10])}" if known and len(known) <= 10 else ""
        self.add(path, f"unknown {kind} {name!r}", expected, nearest(name, known) or "")

    def _file_of(self, path: Path) -> str:
        for length in range(len(path), 0, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        return self.file
