"""The vendors' own documents, where a person has them: a folder of text files, read when a passage is looked at.

They are no part of this program. The folder is named by the environment variable or by the setting; a file belongs to
a document (``Vendor.document``, such as ``002``) by the beginning of its name: ``002.txt``, ``002_anything.txt``.
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
HOW_TO_SET: Final = (
    f"Set {VARIABLE} or the setting {SETTING} to a folder that holds the vendor's document as a text file."
)
CONTEXT_LINES: Final = 12
"""Lines before and after, unless told."""
_SUFFIXES: Final = ("", ".txt", ".md", ".markdown")


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line of a document. ``number`` counts from 1; ``text`` is as it stands there, not sanitized."""

    number: int
    text: str


@dataclass(frozen=True)
class VendorDocument:
    """One document: its short name, its file, and its lines."""

    name: str
    path: Path
    lines: tuple[str, ...]

    def around(self, line: int, around: int = CONTEXT_LINES) -> tuple[DocumentLine, ...]:
        """The lines from *around* before to *around* after *line*, as far as there are any."""
        first, last = max(1, line - around), min(len(self.lines), line + around)
        return tuple(DocumentLine(number, self.lines[number - 1]) for number in range(first, last + 1))

    def find(self, words: str) -> tuple[int, ...]:
        """The numbers of the lines that hold every one of *words*, in any case; none for no word."""
        wanted = words.casefold().split()
        if not wanted:
            return ()
        return tuple(
            number for number, text in enumerate(self.lines, 1) if all(word in text.casefold() for word in wanted)
        )


def documents_folder(settings: Settings, environ: Mapping[str, str]) -> Path | None:
    """The folder that a person pointed to, by the variable before the setting; None where they did not."""
    named = environ.get(VARIABLE, "").strip() or settings.documents_folder.strip()
    return Path(named).expanduser() if named else None


def document_file(folder: Path, document: str) -> Path:
    """The file of a document in *folder*; the first by name where there are several.

    Raises:
        UsageError: the vendor has no document, or the folder holds no file of it.
        StoreError: the folder cannot be listed.
    """
    if not re.fullmatch(r"[\w.-]+", document):
        raise UsageError("this vendor has no document", hint="The catalog names none.")
    try:
        names = sorted(one.name for one in folder.iterdir())
    except OSError as error:
        raise StoreError(
            f"the folder of documents {folder} cannot be listed: {os_reason(error)}", hint=HOW_TO_SET
        ) from None
    exact = [f"{document}{suffix}" for suffix in _SUFFIXES]
    found = [name for name in exact if name in names]
    found += [name for name in names if re.match(re.escape(document) + r"[_ -]", name) and name.endswith(_SUFFIXES[1:])]
    if not found:
        raise UsageError(f"there is no {document}.txt or {document}_….txt in {folder}", hint=HOW_TO_SET)
    return folder / found[0]


def read_document(folder: Path, document: str) -> VendorDocument:
    """The whole document, read anew when its file has changed. Blocking.

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
        raise StoreError(f"{path} is gone", hint=HOW_TO_SET)
    text = data.decode("utf-8-sig", "replace")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return VendorDocument(document, path, tuple(line.removesuffix("\r") for line in lines))


def passage(folder: Path, document: str, line: int, around: int = CONTEXT_LINES) -> tuple[DocumentLine, ...]:
    """The lines about *line* of a document in *folder*; none where it has no such line. Blocking.

    Raises:
        UsageError: there is no such file; StoreError: it cannot be read.
    """
    found = read_document(folder, document)
    return found.around(line, around) if 1 <= line <= len(found.lines) else ()


def parse_spans(lines: str) -> tuple[tuple[int, int], ...]:
    """First and last line of each part of ``83,110-118``, as the catalog writes lines; other words are left out."""
    found = re.findall(r"(\d+)(?:\s*-\s*(\d+))?", lines)
    return tuple((int(first), max(int(first), int(last or first))) for first, last in found)
