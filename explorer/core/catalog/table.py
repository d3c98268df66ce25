"""Decode one table of a catalog key by key, and report every problem with its path."""

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
    """Return *table* as *struct*, or None if it has problems, which are added to *report*.

    With *partial*, a struct with all required fields is returned despite problems, for further checks.
    """
    if not isinstance(table, Mapping):
        report.add(path, "is not a table")
        return None
    before = len(report.problems)
    fields = _fields(struct)
    values: dict[str, Any] = {}
    for key, value in table.items():
        info = fields.get(key)
        if info is None:
            report.unknown((*path, key), "key", key, list(fields))
            continue
        decoded = _decode_value(_hints(struct)[info.name], value, (*path, key), report)
        if decoded is not None:
            values[info.name] = decoded
    for key, info in fields.items():
        if info.required and key not in table:
            report.add(path, f"{key!r} is missing")
    if len(report.problems) > before and not (
        partial and all(info.name in values for info in fields.values() if info.required)
    ):
        return None
    return struct(**values)


def _decode_value(hint: Any, value: object, path: Path, report: ProblemReport) -> Any:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return decode_table(hint, value, path, report)
    if origin in (typing.Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) == 1:
            return _decode_value(inner[0], value, path, report)
    if origin is dict and _is_struct(arguments[1]):
        if not isinstance(value, Mapping):
            report.add(path, "is not a table")
            return {}
        tables = {key: _decode_value(arguments[1], table, (*path, key), report) for key, table in value.items()}
        return {key: table for key, table in tables.items() if table is not None}
    if origin is tuple and _is_struct(arguments[0]):
        if not isinstance(value, list | tuple):
            report.add(path, "is not an array")
            return ()
        rows = [_decode_value(arguments[0], row, (*path, f"[{n}]"), report) for n, row in enumerate(value)]
        return tuple(row for row in rows if row is not None)
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        allowed = arguments if origin is typing.Literal else ()
        expected = f"one of: {', '.join(map(str, allowed))}" if allowed else ""
        near = nearest(value, [str(name) for name in allowed]) if isinstance(value, str) and allowed else None
        message = f"{value!r} is not allowed here" if allowed else str(error).replace("Expected", "expected")
        report.add(path, message, expected, near or "")
        return None


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Return the fields of a table by their TOML keys. Cached, because reading annotations is slower than decoding."""
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


@cache
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(struct)


Path = tuple[str, ...]
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def format_toml_path(path: Path) -> str:
    """Return *path* in TOML notation, with quotes around keys that need them."""
    return ".".join(part if part.startswith("[") or _BARE.fullmatch(part) else f'"{part}"' for part in path).replace(
        ".[", "["
    )


@dataclass
class ProblemReport:
    """A list of problems that attributes each path to its file."""

    file: str
    origins: Mapping[Path, str] = field(default_factory=dict)
    problems: list[CatalogProblem] = field(default_factory=list)

    def add(self, path: Path, message: str, expected: str = "", near: str = "") -> None:
        """Add a problem at *path*."""
        self.problems.append(
            CatalogProblem(self._file_of(path), format_toml_path(path) or "(file)", message, expected, near)
        )

    def unknown(self, path: Path, kind: str, name: str, known: Sequence[str]) -> None:
        """Add the problem that *name* is not among the *known* names."""
        expected = f"known: {', '.join(known[:10])}" if known and len(known) <= 10 else ""
        self.add(path, f"unknown {kind} {name!r}", expected, nearest(name, known) or "")

    def _file_of(self, path: Path) -> str:
        for length in range(len(path), 0, -1):
            file = self.origins.get(path[:length])
            if file is not None:
                return file
        return self.file
