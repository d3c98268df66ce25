"""The vendors' documents, if the user has them: a folder of text files, read when a passage is shown.

They are not part of this program. An environment variable or a setting names the folder. The file of a document
(``Vendor.document``, such as ``002``) is named ``002.txt`` or ``002_anything.txt``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explorer.errors import StoreError, UsageError
from explorer.store.files import FileError, os_reason, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.store.preferences import Settings

VARIABLE: Final = "API_EXPLORER_DOCUMENTS"
SETTING: Final = "documents_folder"
HOW_TO_SET: Final = f"Set {VARIABLE} or the setting {SETTING} to the folder with the vendor's documents as text files."
CONTEXT_LINES: Final = 12
"""Default lines before and after a line."""
_SUFFIXES: Final = ("", ".txt", ".md", ".markdown")


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line of a document. ``number`` counts from 1; ``text`` is verbatim, not sanitized."""

    number: int
    text: str


@dataclass(frozen=True)
class VendorDocument:
    """A document: its short name, its file and its lines."""

    name: str
    path: Path
    lines: tuple[str, ...]

    def around(self, line: int, around: int = CONTEXT_LINES) -> tuple[DocumentLine, ...]:
        """Return *line* with up to *around* lines before and after it."""
        first, last = max(1, line - around), min(len(self.lines), line + around)
        return tuple(DocumentLine(number, self.lines[number - 1]) for number in range(first, last + 1))

    def find(self, words: str) -> tuple[int, ...]:
        """Return the numbers of the lines that contain all *words*, ignoring case; none if *words* is empty."""
        wanted = words.casefold().split()
        if not wanted:
            return ()
        return tuple(
            number for number, text in enumerate(self.lines, 1) if all(word in text.casefold() for word in wanted)
        )


def documents_folder(settings: Settings, environ: Mapping[str, str]) -> Path | None:
    """Return the folder that the environment variable or, after it, the setting names; None if neither does."""
    name = environ.get(VARIABLE, "").strip() or settings.documents_folder.strip()
    return Path(name).expanduser() if name else None


def document_file(folder: Path, document: str) -> Path:
    """Return the file of a document in *folder*, the first by name if there are several.

    Raises:
        UsageError: the vendor has no document, or the folder has no file for it.
        StoreError: the folder cannot be listed.
    """
    if not re.fullmatch(r"[\w.-]+", document):
        raise UsageError("this vendor has no document", hint="The catalog does not name one.")
    try:
        names = sorted(file.name for file in folder.iterdir())
    except OSError as error:
        raise StoreError(f"cannot list the documents folder {folder}: {os_reason(error)}", hint=HOW_TO_SET) from None
    exact = [f"{document}{suffix}" for suffix in _SUFFIXES]
    matches = [name for name in exact if name in names]
    matches += [
        name for name in names if re.match(re.escape(document) + r"[_ -]", name) and name.endswith(_SUFFIXES[1:])
    ]
    if not matches:
        raise UsageError(f"no {document}.txt or {document}_….txt in {folder}", hint=HOW_TO_SET)
    return folder / matches[0]


def read_document(folder: Path, document: str) -> VendorDocument:
    """Return the document, read again if its file has changed. Blocks.

    Raises:
        UsageError: there is no such file; StoreError: it cannot be read.
    """
    path = document_file(folder, document)
    try:
        status = path.stat()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {os_reason(error)}", hint=HOW_TO_SET) from None
    return _read(document, path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _read(document: str, path: Path, _changed: int, _size: int) -> VendorDocument:
    try:
        data = read_bytes(path)
    except FileError as error:
        raise StoreError(str(error), hint=HOW_TO_SET) from None
    if data is None:
        raise StoreError(f"{path} was deleted", hint=HOW_TO_SET)
    text = data.decode("utf-8-sig", "replace")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return VendorDocument(document, path, tuple(line.removesuffix("\r") for line in lines))


def passage(folder: Path, document: str, line: int, around: int = CONTEXT_LINES) -> tuple[DocumentLine, ...]:
    """Return the lines around *line* of a document in *folder*; none if there is no such line. Blocks.

    Raises:
        UsageError: there is no such file; StoreError: it cannot be read.
    """
    text = read_document(folder, document)
    return text.around(line, around) if 1 <= line <= len(text.lines) else ()


def parse_spans(lines: str) -> tuple[tuple[int, int], ...]:
    """Return the first and last line of each part of ``83,110-118``, the catalog's notation. Other text is ignored."""
    spans = re.findall(r"(\d+)(?:\s*-\s*(\d+))?", lines)
    return tuple((int(first), max(int(first), int(last or first))) for first, last in spans)
