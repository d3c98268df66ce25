"""Form drafts with undo and redo, saved across restarts."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from explorer.store.drafts import Draft
from explorer.tui.panes.request.field_state import state_of

if TYPE_CHECKING:
    from explorer.core.catalog.model import Catalog
    from explorer.store.folders import Folders


class DraftBook:
    """The drafts by ``vendor.endpoint``. ``load`` and ``save`` block; the other methods do not."""

    def __init__(self, folders: Folders, catalog: Catalog) -> None:
        self._folders = folders
        self._catalog = catalog
        self._drafts: dict[str, Draft] = {}
        self._changed: set[str] = set()
        self._loaded = False
        self._lock = threading.Lock()

    def get(self, address: str) -> Draft:
        """Return the draft of an endpoint; an empty one if there is none."""
        return self._drafts.get(address, Draft())

    def put(self, address: str, draft: Draft) -> None:
        """Store a draft, to be written by the next ``save``."""
        if self._drafts.get(address) != draft:
            self._drafts[address] = draft
            self._changed.add(address)

    def load(self) -> tuple[str, ...]:
        """Load the saved drafts once. Return a message for each problem with their file. Drafts changed since the start
        are kept."""
        from explorer.store.drafts import load_drafts

        with self._lock:
            if self._loaded:
                return ()
            drafts, problems = load_drafts(self._folders)
            for address, draft in drafts.items():
                self._drafts.setdefault(address, draft)
            self._loaded = True
            return problems

    def save(self) -> tuple[str, ...]:
        """Write the changed drafts. Return notes for the user.

        Raises:
            StoreError: the file cannot be written. It is unchanged, and the next ``save`` tries again.
        """
        from explorer.store.drafts import save_drafts

        with self._lock:
            changed = {address: self._drafts[address] for address in list(self._changed)}
            if not changed:
                return ()
            notes = save_drafts(self._folders, changed, self._catalog)
            self._changed -= {name for name, draft in changed.items() if self._drafts[name] == draft}
            return notes


LIMIT: Final = 100
"""Maximum number of undo steps per endpoint."""


class DraftUndo:
    """The undo steps of each endpoint. Typing into one field is one step; so is filling or clearing the form."""

    def __init__(self) -> None:
        self._past: defaultdict[str, deque[Draft]] = defaultdict(lambda: deque(maxlen=LIMIT))
        self._future: defaultdict[str, list[Draft]] = defaultdict(list)
        self._last: dict[str, frozenset[str]] = {}
        """Address → the fields changed by the last step, while typing in them continues."""

    def record(self, address: str, before: Draft, after: Draft) -> None:
        """Record a change of the draft of *address*."""
        changed = changed_fields(before, after)
        if not changed:
            return
        if self._last.get(address) != changed:
            self._past[address].append(before)
        self._last[address] = changed
        self._future[address].clear()

    def seal(self, address: str) -> None:
        """Make the next change a new step, whichever fields it changes."""
        self._last.pop(address, None)

    def undo(self, address: str, now: Draft) -> Draft | None:
        """Return the draft one step back, None if there is none."""
        self.seal(address)
        if not self._past[address]:
            return None
        self._future[address].append(now)
        return self._past[address].pop()

    def redo(self, address: str, now: Draft) -> Draft | None:
        """Return the draft that was undone last, None if there is none."""
        self.seal(address)
        if not self._future[address]:
            return None
        self._past[address].append(now)
        return self._future[address].pop()


def changed_fields(before: Draft, after: Draft) -> frozenset[str]:
    """Return the names of the parts that differ. The order of fields is ignored."""
    old, new = _by_name(before), _by_name(after)
    names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    for part in ("readings", "headers", "extra", "method", "saved"):
        if getattr(before, part) != getattr(after, part):
            names.add(f"\0{part}")
    return frozenset(names)


def _by_name(draft: Draft) -> dict[str, list[object]]:
    values: dict[str, list[object]] = {}
    for entry in draft.entries:
        values.setdefault(entry.name, []).append(state_of(entry))
    return values


__all__ = ["Draft", "DraftBook"]
