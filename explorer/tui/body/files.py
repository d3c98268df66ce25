"""Copy and save bodies as they were sent; open them in a pager or editor."""

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
"""Bytes that are handed to the terminal (OSC 52): many cut or drop what is longer than 100 000 in base64."""
CHOICES = (("y", "value"), ("p", "path"), ("l", "line"), ("s", "subtree"), ("a", "whole body"))


class CopySelection(NamedTuple):
    """What to copy, and in words what that is; or why nothing is."""

    text: str = ""
    what: str = ""
    problem: str = ""


def select_copy(
    document: Document | RecordTable, line: int, key: str, path: str
) -> Generator[None, None, CopySelection]:
    """What the *key* of ``CHOICES`` means at *line*, which has that *path*; in steps."""
    what = dict(CHOICES)[key]
    if key == "p":
        return CopySelection(path, "the path") if path else CopySelection(problem="there is no path here")
    if not document.line_count:
        return CopySelection(problem="there is nothing to copy")
    if isinstance(document, RecordTable):
        raw = document.document.source if key == "a" else document.records.raw(line)
        return _within_limit(raw, "the whole body" if key == "a" else f"record {line}")
    if key == "a":
        if document.kind == "hex":
            return CopySelection(problem="these bytes are no text; S saves them to a file")
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
        too_much = f"{what} is {format_size(size)}, and terminals take {format_size(MAX_COPY)} at most"
        return CopySelection(problem=f"{too_much}: press S to save the body to a file")
    return CopySelection(raw.decode("utf-8", "replace"), f"{what} ({format_size(size)})")


_STEP = 1 << 20
_PREFIX = "api-explorer-"
SUFFIXES = {"json": ".json", "xml": ".xml", "html": ".html", "csv": ".csv", "form": ".txt", "text": ".txt"}
_IMAGES = {"PNG": ".png", "JPEG": ".jpg", "GIF": ".gif", "WebP": ".webp", "PDF": ".pdf", "ZIP": ".zip", "gzip": ".gz"}


def suffix_of(document: Document) -> str:
    """The usual ending of a file that holds *document*."""
    return SUFFIXES.get(document.kind) or _IMAGES.get(document.title.split(" ", 1)[0], ".bin")


def save(body: Data, path: str, *, overwrite: bool, private: bool = False) -> str:
    """Write *body* to *path*; gives the absolute path. Raises ``FileExistsError`` and other ``OSError``.

    *private*: a file that is made is readable by its owner only.
    """
    target = Path(path).expanduser().absolute()
    mode = 0o600 if private else 0o666
    with open(target, "wb" if overwrite else "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(body)
    return str(target)


def program(environ: Mapping[str, str], *, edit: bool) -> list[str]:
    """The person's editor (``$VISUAL``, ``$EDITOR``) or pager (``$PAGER``) with its arguments."""
    named = (environ.get("VISUAL") or environ.get("EDITOR") or "vi") if edit else (environ.get("PAGER") or "less")
    try:
        return shlex.split(named) or [named]
    except ValueError:
        return [named]


def write_temporary(document: Document | RecordTable, suffix: str, *, sanitized: bool) -> str:
    """A file that nobody else can read with the lines of *document* as laid out; gives its path. Raises ``OSError``.

    *sanitized*: nothing in it acts on a terminal, as for a pager that shows bytes as they are.
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
    """Take away the files of ``write_temporary`` whose program was killed before it could; gives their paths.

    Other temporary files have no name, and end with the program.
    """
    gone: list[str] = []
    for path in Path(folder or tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        number = path.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            if number.isdigit() and not _runs(int(number)) and path.stat().st_uid == os.getuid():
                path.unlink()
                gone.append(str(path))
        except OSError:
            continue  # somebody else's, or gone already
    return gone


def _runs(process: int) -> bool:
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
    """Give the terminal to *command* with the file at *path* until it ends; what went wrong, or an empty text.

    The file is gone afterwards, unless it is to be kept.
    """
    problem = ""
    try:
        with app.suspend():
            # An exception in here would leave the screen dead: it is kept for afterwards.
            try:
                subprocess.run([*command, path], check=False)  # noqa: S603 - the person's own program
            except OSError as error:
                problem = f"{command[0]}: {error.strerror or error}"
    except SuspendNotSupported:
        problem = "this terminal cannot be handed to another program"
    finally:
        if not keep:
            Path(path).unlink(missing_ok=True)
    return problem
