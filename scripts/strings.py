"""Print every user-visible string of the package with its place, so that a reader can go through all of them at once.

Run: python scripts/strings.py [--only PART_OF_PATH] [--catalog]

A string counts as visible when it holds two words, or is a capitalized word by itself. Docstrings, CSS, SQL, regular
expressions and the names of types are left out; ``{}`` stands for a value that is put in. With ``--catalog`` the prose
of the endpoint catalog and of the tracks is printed too, by key.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
_VISIBLE: Final = re.compile(r"[^\W\d_]+[,.:;!?…]? +(?:[^\W\d_]|\{\})|\A[A-Z][a-z]+\Z")
_SQL: Final = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|JOIN|WHERE|ORDER BY|COLLATE)\b")
_CSS: Final = re.compile(r"\{[^{}]*:[^{}]*;|\A\$[\w-]+")
_PATTERN: Final = re.compile(r"\(\?[:=!P<]|\\[bswdAZ]|\[\^")
_TYPES: Final = ("cast", "TypeVar", "NewType", "getattr", "query_one", "query", "Struct", "compile")
_PROSE: Final = ("text", "note", "title", "summary", "about", "why", "help", "goal", "hint", "before", "after")


class VisibleString(NamedTuple):
    """A string, and where it is: ``explorer/cli/output.py:12`` or a key of a TOML file."""

    place: str
    string: str


def _docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of the nodes of docstrings: of modules, classes, functions, and of the attribute above them."""
    return {
        id(statement.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    }


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _joined(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and string of every string that is neither a docstring, a part of another one, nor a type's name."""
    skipped = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in ast.walk(node) if isinstance(part, ast.Constant)}
            yield node.lineno, _joined(node)
        elif isinstance(node, ast.Call) and _name(node) in _TYPES:
            skipped |= {id(argument) for argument in node.args if isinstance(argument, ast.Constant)}
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            skipped |= {id(part) for part in ast.walk(node.annotation)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            skipped |= {id(part) for part in ast.walk(node.returns)}
        elif isinstance(node, ast.Subscript):
            skipped |= {id(part) for part in ast.walk(node.slice)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def visible_strings(folder: Path, only: str = "") -> Iterator[VisibleString]:
    """Yield the user-visible strings of the Python files below *folder* whose path contains *only*, in order."""
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(folder.parent).as_posix()
        if only not in place:
            continue
        for line, string in sorted(_strings(ast.parse(path.read_bytes()))):
            if _VISIBLE.search(string) and not any(kind.search(string) for kind in (_SQL, _CSS, _PATTERN)):
                yield VisibleString(f"{place}:{line}", string)


def prose(path: Path) -> Iterator[VisibleString]:
    """Yield the sentences of a TOML file with their keys."""

    def walk(value: Any, key: str) -> Iterator[VisibleString]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from walk(inner, f"{key}.{name}" if key else name)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from walk(inner, f"{key}[{number}]")
        elif isinstance(value, str) and (key.rpartition(".")[2] in _PROSE or ".statuses." in key):
            yield VisibleString(f"{path.name}: {key}", value)

    yield from walk(tomllib.loads(path.read_text(encoding="utf-8")), "")


def main() -> int:
    """Print the strings, one a line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="files whose path contains this")
    parser.add_argument("--catalog", action="store_true", help="the prose of the catalog and the tracks too")
    given = parser.parse_args()
    strings = list(visible_strings(ROOT / "explorer", given.only))
    if given.catalog:
        for path in (ROOT / "endpoint_catalog.toml", *sorted((ROOT / "explorer" / "_data" / "tracks").glob("*.toml"))):
            strings += prose(path)
    for place, string in strings:
        sys.stdout.write(f"{place}\t{string!r}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
