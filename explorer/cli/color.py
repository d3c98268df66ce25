"""Whether a command colors its output: ``is_colored`` is the only place that decides."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])
_KEY: Final = "color"
_FORCING: Final = ("FORCE_COLOR", "CLICOLOR_FORCE")
_CHOICES: Final = ("auto", "always", "never")


def color_option(command: _F) -> _F:
    """Add ``--color`` to *command*, whose output is colored on a terminal."""
    return click.option(
        "--color",
        type=click.Choice(_CHOICES),
        default="auto",
        expose_value=False,
        callback=_note_color,
        help="Color the output (default auto: on a terminal).",
    )(command)


def _note_color(ctx: click.Context, _option: click.Parameter, value: str) -> None:
    ctx.ensure_object(dict)[_KEY] = value


def is_colored() -> bool:
    """Return whether stdout is colored.

    The first of these decides: ``--color``, ``NO_COLOR`` (https://no-color.org), ``FORCE_COLOR`` or
    ``CLICOLOR_FORCE`` (not 0), ``TERM=dumb``, whether stdout is a terminal.
    """
    ctx = click.get_current_context(silent=True)
    choice = (ctx.obj or {}).get(_KEY, "auto") if ctx is not None else "auto"
    if choice != "auto":
        return bool(choice == "always")
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in _FORCING):
        return True
    return os.environ.get("TERM") != "dumb" and sys.stdout.isatty()
