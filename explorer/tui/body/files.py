"""Copies and saves bodies as sent, and opens them in a pager or editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.app import SuspendNotSupported

from explorer.core.body.structure import fold_at, value_at
from explorer.core.body.table import RecordTable
from explorer.core.text.sanitize import sanitize
from explorer.core.text.units import format_size

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from textual.app import App

    from explorer.core.body.document import Document
    from explorer.core.text.data import Data


MAX_COPY = 75_000
"""Maximum bytes copied with OSC 52; many terminals truncate or drop more than 100 000 bytes of base64."""
CHOICES = (("y", "value"), ("p", "path"), ("l", "line"), ("s", "subtree"), ("a", "whole body"))


class CopySelection(NamedTuple):
    """The text to copy and its description, or the problem."""

    text: str = ""
    what: str = ""
    problem: str = ""


def select_copy(
    document: Document | RecordTable, line: int, key: str, path: str
) -> Generator[None, None, CopySelection]:
    """Select what a *key* of ``CHOICES`` copies at *line* with that *path*; a generator that runs in steps."""
    what = dict(CHOICES)[key]
    if key == "p":
        return CopySelection(path, "the path") if path else CopySelection(problem="this line has no path")
    if not document.line_count:
        return CopySelection(problem="nothing to copy")
    if isinstance(document, RecordTable):
        raw = document.document.source if key == "a" else document.records.raw(line)
        return _within_limit(raw, "the whole body" if key == "a" else f"record {line}")
    if key == "a":
        if document.kind == "hex":
            return CopySelection(problem="binary data cannot be copied; press S to save it to a file")
        return _within_limit(document.source, "the whole body")
    if key == "l" or document.kind == "hex":
        if document.kind == "hex":
            return _within_limit(document.line(line).encode(), "the line")
        start, stop = document.span(line)
        return _within_limit(document.data[start : min(stop, start + MAX_COPY)], "the line", stop - start)
    fold = yield from fold_at(document, line)
    start, stop = document.span(line)[0], document.span(line if fold is None else fold[1])[1]
    if stop - start > 4 * MAX_COPY:
        return _within_limit(b"", f"the {what}", stop - start)
    return _within_limit(value_at(document, line, None if fold is None else fold[1]), f"the {what}")


def _within_limit(raw: bytes, what: str, size: int = 0) -> CopySelection:
    size = max(size, len(raw))
    if size > MAX_COPY:
        excess = f"{what} is {format_size(size)}; terminals accept at most {format_size(MAX_COPY)}"
        return CopySelection(problem=f"{excess}. Press S to save the body to a file")
    return CopySelection(raw.decode("utf-8", "replace"), f"{what} ({format_size(size)})")


_STEP = 1 << 20
_PREFIX = "api-explorer-"
SUFFIXES = {"json": ".json", "xml": ".xml", "html": ".html", "csv": ".csv", "form": ".txt", "text": ".txt"}
_IMAGES = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "WebP": ".webp", "PDF": ".pdf", "ZIP": ".zip", "gzip": ".gz"}


def suffix_of(document: Document) -> str:
    """Return the usual file extension for *document*."""
    return SUFFIXES.get(document.kind) or _IMAGES.get(document.title.split(" ", 1)[0], ".bin")


def save(body: Data, path: str, *, overwrite: bool, private: bool = False) -> str:
    """Write *body* to *path* and return the absolute path.

    *private*: a new file is readable by its owner only.

    Raises:
        FileExistsError: the file exists and *overwrite* is false.
        OSError: it cannot be written.
    """
    target = Path(path).expanduser().absolute()
    mode = 0o600 if private else 0o666
    with open(target, "wb" if overwrite else "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(body)
    return str(target)


def program(environ: Mapping[str, str], *, edit: bool) -> list[str]:
    """Return the user's editor (``$VISUAL``, ``$EDITOR``) or pager (``$PAGER``) with its arguments."""
    command = (environ.get("VISUAL") or environ.get("EDITOR") or "vi") if edit else (environ.get("PAGER") or "less")
    try:
        return shlex.split(command) or [command]
    except ValueError:
        return [command]


def write_temporary(document: Document | RecordTable, suffix: str, *, sanitized: bool) -> str:
    """Write the laid-out lines of *document* to a private temporary file and return its path. Raises ``OSError``.

    *sanitized*: without control sequences, for a pager that passes bytes through to the terminal.
    """
    handle, path = tempfile.mkstemp(prefix=f"{_PREFIX}{os.getpid()}-", suffix=suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            for text in _texts(document, sanitized=sanitized):
                file.write(text)
    except OSError:
        Path(path).unlink(missing_ok=True)
        raise
    return path


def sweep(folder: str = "") -> list[str]:
    """Delete files of ``write_temporary`` left by killed processes; return their paths.

    Other temporary files are unlinked after opening, so the OS removes them.
    """
    deleted: list[str] = []
    for path in Path(folder or tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = path.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            if number.isdigit() and not _is_running(int(number)) and path.stat().st_uid == os.getuid():
                path.unlink()
                deleted.append(str(path))
        except OSError:
            continue  # another user's, or already deleted
    return deleted


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _texts(document: Document | RecordTable, *, sanitized: bool) -> Iterator[bytes]:
    from explorer.core.body.table import RecordTable

    if isinstance(document, RecordTable) or document.kind == "hex":
        for first in range(0, document.line_count, 1000):
            yield f"{document.text(first, first + 1000)}\n".encode("utf-8", "replace")
        return
    data, start = document.data, 0
    while start < len(data):
        end = data.find(b"\n", start + _STEP) + 1 or len(data)
        block = data[start:end]
        yield sanitize(block.decode("utf-8", "replace")).encode("utf-8", "replace") if sanitized else block
        start = end


def open_in(app: App[Any], command: list[str], path: str, *, keep: bool = False) -> str:
    """Suspend the app and run *command* with the file at *path*; return the problem, or an empty string.

    The file is deleted afterwards unless *keep* is set.
    """
    problem = ""
    try:
        with app.suspend():
            # An exception inside the block would leave the screen suspended; it is reported afterwards.
            try:
                subprocess.run([*command, path], check=False)  # noqa: S603 - the user's own program
            except OSError as error:
                problem = f"{command[0]}: {error.strerror or error}"
    except SuspendNotSupported:
        problem = "this terminal does not support running another program"
    finally:
        if not keep:
            Path(path).unlink(missing_ok=True)
    return problem
