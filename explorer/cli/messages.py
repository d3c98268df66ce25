"""Everything that the command line says to a person: on stderr, sanitized, never data."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from explorer.core.text.sanitize import sanitize
from explorer.errors import CatalogError, ExplorerError, FormError

if TYPE_CHECKING:
    from collections.abc import Mapping


def say(text: str) -> None:
    """One line of narration."""
    sys.stderr.write(sanitize(text) + "\n")
    sys.stderr.flush()


def say_error(error: ExplorerError, *, as_json: bool = False) -> int:
    """Say what went wrong and what to do next; with *as_json* also as data on stdout. Gives the exit code."""
    say(
        f"{error.title}: {error.message}"
        if "\n" not in error.message
        else f"{error.title}:\n{_indented(error.message)}"
    )
    if error.hint:
        say(f"  {error.hint}")
    if as_json:
        sys.stdout.write(json.dumps({"error": error_table(error)}, indent=2) + "\n")
        sys.stdout.flush()
    return error.exit_code


def say_internal_error(error: Exception, environ: Mapping[str, str]) -> int:
    """Say that the program itself is wrong, with no value of what it held: it may have been a token. Gives the exit
    code, which is none of the vendor's or the user's."""
    from explorer.store.folders import Folders
    from explorer.store.internal_errors import EXIT_CODE, write_crash_report

    say(write_crash_report(error, Folders.from_environ(environ)))
    return EXIT_CODE


def error_table(error: ExplorerError) -> dict[str, object]:
    """An error as data: ``{kind, title, message, hint, problems}``."""
    table: dict[str, object] = {
        "kind": type(error).__name__,
        "title": error.title,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
    }
    if isinstance(error, FormError):
        table["problems"] = [
            {
                "field": one.field,
                "message": one.message,
                "expected": one.expected,
                "level": one.level,
                "lines": one.lines,
            }
            for one in error.problems
        ]
    if isinstance(error, CatalogError):
        table["problems"] = [
            {"file": one.file, "path": one.path, "message": one.message, "expected": one.expected, "near": one.near}
            for one in error.problems
        ]
    return table


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
