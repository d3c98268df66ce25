"""docs/ARCHITECTURE.md names what exists: each path, and in "Where to add" each registry with its members."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:explorer|tests|docs|scripts|themes)/[^` *…]*|\w+\.toml)`", PAGE)))
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## Where to add")[2].partition("## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| to add")
]
REGISTERED = re.compile(r"`(\S+)\.py` `(\w+)`")
ONE_FILE_EACH = re.compile(r"a file in `(\S+)` with `(\w+)`")


def registry(cell: str) -> object:
    """Return what a cell such as ``file.py`` ``NAME`` names: an attribute of the module, or of one of its classes."""
    match = REGISTERED.search(cell)
    assert match, cell
    module = import_module(match[1].removesuffix("/__init__").replace("/", "."))
    classes = [value for _, value in inspect.getmembers(module, inspect.isclass)]
    owners = [owner for owner in (module, *classes) if hasattr(owner, match[2])]
    assert owners, f"{match[1]}.py has no {match[2]}"
    return getattr(owners[0], match[2])


def defining(folder: Path, name: str) -> list[str]:
    """Return the modules of *folder*, and the packages in it, that assign *name* at the top."""
    files = [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
    return [
        str(path.relative_to(folder))
        for path in files
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name) and target.id == name
    ]


def test_the_page_is_short_and_has_a_row_for_each_kind_of_change() -> None:
    assert len(PAGE.splitlines()) <= 120
    kinds = " ".join(row[0] for row in ROWS)
    for kind in (
        "auth scheme",
        "export format",
        "paging style",
        "fault",
        "refusal check",
        "signature mistake",
        "action",
    ):
        assert kind in kinds
    for kind in ("feature", "screen", "use case", "command", "vendor", "lesson", "error"):
        assert kind in kinds


@pytest.mark.parametrize("path", PATHS)
def test_a_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("row", [row for row in ROWS if REGISTERED.search(row[2])], ids=lambda row: str(row[0]))
def test_a_registry_has_members(row: list[str]) -> None:
    members = registry(row[2])
    assert callable(members) or len(members) > 1  # type: ignore[arg-type]


@pytest.mark.parametrize("row", [row for row in ROWS if ONE_FILE_EACH.search(row[1])], ids=lambda row: str(row[0]))
def test_each_file_of_its_folder_is_registered(row: list[str]) -> None:
    match = ONE_FILE_EACH.search(row[1])
    assert match
    modules = defining(ROOT / match[1], match[2])
    assert len(modules) == len(registry(row[2])), modules  # type: ignore[arg-type]


def test_each_controller_is_composed() -> None:
    source = inspect.getsource(registry("`explorer/tui/main.py` `_compose_features`"))  # type: ignore[arg-type]
    folder = ROOT / "explorer" / "tui" / "features"
    names = re.findall(
        r"^class (\w+Controller)\(", "".join(path.read_text() for path in folder.glob("*.py")), re.MULTILINE
    )
    assert names
    assert [name for name in names if f"{name}(" not in source] == []
