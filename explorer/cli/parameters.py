"""Option types, and values from files, standard input, prompts and environment variables."""

from __future__ import annotations

import getpass
import math
import re
import sys
import warnings
from typing import TYPE_CHECKING, Final

import click
import msgspec

from explorer.core.form import find_parameter, is_upload
from explorer.core.model import Entry
from explorer.core.text.units import LAST_SECOND
from explorer.errors import UnknownName, UsageError
from explorer.session.prepare import read_text_files
from explorer.session.request_files import STDIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.catalog.model import Endpoint
    from explorer.core.model import Call
    from explorer.session.context import SessionContext


_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_values(session: SessionContext, call: Call, ask: Sequence[str] = ()) -> Call:
    """Return *call* with its typed values read, and prompt for the parameters *ask*.

    ``@FILE`` and ``@-`` become text, ``${NAME}`` of a secret parameter the value of that variable. Uploads remain
    paths, which the session may now read.

    Raises:
        UsageError: a file or standard input cannot be read, a variable is not set, or there is no terminal to prompt
            on.
    """
    endpoint = session.operation(call).endpoint
    check_stdin(call.entries)
    for entry in call.entries:
        if entry.kind == "file":
            session.files.allow_file(entry.value)
            if entry.value == STDIN:
                session.files.allow_stdin(sys.stdin.buffer.read)
    entries = (
        *(_from_variable(session, endpoint, entry) for entry in call.entries),
        *_prompted_entries(call, endpoint, ask),
    )
    return read_text_files(session, msgspec.structs.replace(call, entries=entries))


def keep_values(session: SessionContext, call: Call, ask: Sequence[str] = ()) -> Call:
    """Return *call* to be saved: ``${NAME}`` and files are unchanged, paths are absolute; *ask* as in ``read_values``.

    Raises:
        UsageError: a value is standard input, or there is no terminal to prompt on.
    """
    if any(entry.kind == "file" and entry.value == STDIN for entry in call.entries):
        raise UsageError("standard input cannot be saved", hint="Use @FILE instead of @-.")
    entries = tuple(
        msgspec.structs.replace(entry, value=_absolute(entry.value)) if entry.kind == "file" else entry
        for entry in call.entries
    )
    endpoint = session.operation(call).endpoint
    return msgspec.structs.replace(call, entries=(*entries, *_prompted_entries(call, endpoint, ask)))


def check_stdin(entries: Sequence[Entry], taken_by: str = "") -> None:
    """Check that at most one value reads standard input; *taken_by* names an option that already does.

    Raises:
        UsageError: more than one reads it.
    """
    names = [f"{entry.name}=@-" for entry in entries if entry.kind == "file" and entry.value == STDIN]
    readers = [*names, *([taken_by] if taken_by else [])]
    if names and len(readers) > 1:
        raise UsageError(
            f"{' and '.join(readers)} all read standard input, which can be read only once",
            hint="Pass all but one as a file: NAME=@FILE.",
        )


def _from_variable(session: SessionContext, endpoint: Endpoint, entry: Entry) -> Entry:
    """Return *entry* with the value of its environment variable, which keeps secrets out of process lists."""
    match = _VARIABLE.fullmatch(entry.value) if entry.kind == "text" else None
    known = find_parameter(endpoint, entry.name)
    if match is None or known is None or not known[0].secret:
        return entry
    value = session.environ.get(match[1])
    if value is None:
        raise UsageError(
            f"{entry.name}: the environment variable {match[1]} is not set",
            hint=f"Set {match[1]}, or prompt for the value with --ask {entry.name}.",
        )
    return msgspec.structs.replace(entry, value=value)


def _prompted_entries(call: Call, endpoint: Endpoint, names: Sequence[str]) -> list[Entry]:
    for name in names:
        if find_parameter(endpoint, name) is None:
            raise UnknownName(f"parameter of {call.address}", name, endpoint.params)
        if any(entry.name == name for entry in call.entries):
            raise UsageError(f"{name} has a value and --ask {name}", hint=f"Leave out {name}=… or --ask {name}.")
        if is_upload(endpoint, Entry(name=name, kind="file")):
            raise UsageError(f"--ask {name}: {name} is a file", hint=f"Use {name}=@FILE.")
    return [Entry(name=name, value=_prompt(name)) for name in names]


def _prompt(name: str) -> str:
    """Prompt for *name* without echo and return the value.

    Raises:
        UsageError: there is no terminal.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"{name}: ", stream=sys.stderr)
        except (getpass.GetPassWarning, EOFError):
            hint = f"Pipe the value in with {name}=@-, or use {name}=@FILE."
            raise UsageError(f"cannot prompt for {name}: no terminal", hint=hint) from None


def _absolute(path: str) -> str:
    from pathlib import Path

    return path if path.startswith(("~", "${")) else str(Path(path).absolute())


if TYPE_CHECKING:
    from click import Context, Parameter

    _Number = click.ParamType[float]
else:
    _Number = click.ParamType


class UnixTime(_Number):
    """A date as seconds since 1970, up to the year 9999."""

    name = "UNIX_TIME"

    def convert(self, value: str | float, param: Parameter | None, ctx: Context | None) -> float:
        """Return the number of seconds, or fail with a usage error."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        if not math.isfinite(seconds) or not 0 <= seconds <= LAST_SECOND:
            self.fail(f"{value} is not between 0 and {LAST_SECOND} (the end of the year 9999).", param, ctx)
        return seconds


class Seconds(_Number):
    """A time limit: a finite number of seconds above 0."""

    name = "SECONDS"

    def convert(self, value: str | float, param: Parameter | None, ctx: Context | None) -> float:
        """Return the number of seconds, or fail with a usage error."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        if not math.isfinite(seconds) or seconds <= 0:
            self.fail(f"{value} is not a finite number above 0.", param, ctx)
        return seconds
