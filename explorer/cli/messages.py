"""Messages of the command line: sanitized, on stderr, never data."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from explorer.core.text.sanitize import sanitize
from explorer.errors import CatalogError, ExplorerError, FormError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.errors import CatalogProblem

AS_JSON: Final = "as_json"
"""The key of ``click.Context.obj`` that is true if a command prints JSON."""


def say(text: str) -> None:
    """Write *text* and a line break to stderr."""
    sys.stderr.write(sanitize(text) + "\n")
    sys.stderr.flush()


def say_error(error: ExplorerError, *, as_json: bool = False) -> int:
    """Report *error* and its hint, with *as_json* also as JSON on stdout. Return its exit code."""
    say(f"{error.title}:\n{_indent(error.message)}" if "\n" in error.message else f"{error.title}: {error.message}")
    if error.hint:
        say(f"  {error.hint}")
    if as_json:
        sys.stdout.write(json.dumps({"error": error_table(error)}, indent=2) + "\n")
        sys.stdout.flush()
    return error.exit_code


def say_internal_error(error: Exception, environ: Mapping[str, str]) -> int:
    """Report an internal error and return its exit code.

    The report contains no values, since any value may be a token.
    """
    from explorer.store.folders import Folders
    from explorer.store.internal_errors import EXIT_CODE, write_crash_report

    say(write_crash_report(error, Folders.from_environ(environ)))
    return EXIT_CODE


def error_table(error: ExplorerError) -> dict[str, object]:
    """Return *error* as JSON data: ``{kind, title, message, hint, exit_code}``, and ``problems`` where it has them."""
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
                "field": problem.field,
                "message": problem.message,
                "expected": problem.expected,
                "level": problem.level,
                "lines": problem.lines,
            }
            for problem in error.problems
        ]
    if isinstance(error, CatalogError):
        table["problems"] = [catalog_problem_table(problem) for problem in error.problems]
    return table


def catalog_problem_table(problem: CatalogProblem) -> dict[str, str]:
    """Return one problem of a catalog or a saved request as JSON data."""
    return {
        "file": problem.file,
        "path": problem.path,
        "message": problem.message,
        "expected": problem.expected,
        "near": problem.near,
    }


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
