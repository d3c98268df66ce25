"""What a person adds to an entry afterwards: a note and tags. Both are searched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from explorer.core.exchange import FrozenStruct
from explorer.errors import UnknownName, UsageError
from explorer.history.rows import drop_surrogates, search_columns, unpack

if TYPE_CHECKING:
    import sqlite3

MAX_NOTE = 10_000
"""Characters that a note may have."""


class Annotation(FrozenStruct, frozen=True, kw_only=True):
    """A change of an entry's note and tags: ``note`` replaces the note (None leaves it), tags are added and removed."""

    note: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def tag_name(text: str) -> str:
    """*text* as a tag: lower case, without a leading ``#``.

    Raises:
        UsageError: it is empty, longer than 64 characters, or holds a blank, a comma, a quote or a colon.
    """
    name = drop_surrogates(text).strip().removeprefix("#").lower()
    if not name or len(name) > 64 or re.search(r'[\s,":\x00-\x1f\x7f]', name):
        raise UsageError(f"{text!r} cannot be a tag", hint="One word without blanks, commas, colons or quotes.")
    return name


def annotate(connection: sqlite3.Connection, number: int, annotation: Annotation) -> None:
    """Change note and tags of an entry, and what a search finds of it.

    Raises:
        UnknownName: there is no such entry.
        UsageError: a tag cannot be one, or the note is too long.
    """
    add, remove = ({tag_name(one) for one in tags} for tags in (annotation.add, annotation.remove))
    found = connection.execute("SELECT note, tags FROM entries WHERE id = ?", (number,)).fetchone()
    if found is None:
        raise UnknownName("entry of the history", str(number), ())
    note = found[0] if annotation.note is None else drop_surrogates(annotation.note).strip()
    if len(note) > MAX_NOTE:
        raise UsageError(f"a note has at most {MAX_NOTE:,} characters", hint="Note the name of a file.")
    names = sorted((set(found[1].split()) | add) - remove)
    tags = f" {' '.join(names)} " if names else ""
    connection.execute("UPDATE entries SET note = ?, tags = ? WHERE id = ?", (note, tags, number))
    data = connection.execute("SELECT data FROM blobs WHERE id = ?", (number,)).fetchone()[0]
    said = search_columns(unpack(data, number), note, tags)[3]
    connection.execute("UPDATE search SET said = ? WHERE rowid = ?", (said, number))
