"""What was typed for each endpoint: kept when one moves away, and across restarts (without secrets)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from explorer.settings.drafts import Draft

__all__ = ["Draft", "DraftBook"]

if TYPE_CHECKING:
    from explorer.core.catalog.model import Catalog
    from explorer.settings.folders import Folders


class DraftBook:
    """The drafts by ``vendor.endpoint``. ``load`` and ``save`` block; the rest does not."""

    def __init__(self, folders: Folders, catalog: Catalog) -> None:
        self._folders = folders
        self._catalog = catalog
        self._drafts: dict[str, Draft] = {}
        self._changed: set[str] = set()
        self._loaded = False
        self._lock = threading.Lock()

    def get(self, address: str) -> Draft:
        """The draft of an endpoint; an empty one where there is none."""
        return self._drafts.get(address, Draft())

    def put(self, address: str, draft: Draft) -> None:
        """Keep a draft."""
        if self._drafts.get(address) != draft:
            self._drafts[address] = draft
            self._changed.add(address)

    def load(self) -> tuple[str, ...]:
        """Read the drafts of the last time, once; a sentence for what is wrong with their file. What was typed since
        the start stays."""
        from explorer.settings.drafts import load_drafts

        with self._lock:
            if self._loaded:
                return ()
            kept, problems = load_drafts(self._folders)
            for address, draft in kept.items():
                self._drafts.setdefault(address, draft)
            self._loaded = True
            return problems

    def save(self) -> tuple[str, ...]:
        """Write what changed.

        Raises:
            StoreError: the file could not be written; it is as it was, and the next ``save`` tries again.
        """
        from explorer.settings.drafts import save_drafts

        with self._lock:
            changed = {address: self._drafts[address] for address in list(self._changed)}
            if not changed:
                return ()
            notes = save_drafts(self._folders, changed, self._catalog)
            self._changed -= {name for name, draft in changed.items() if self._drafts[name] == draft}
            return notes
