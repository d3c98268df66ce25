"""What a form held before: undo and redo over its drafts."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from explorer.tui.widgets.fields.state import state_of

if TYPE_CHECKING:
    from explorer.tui.drafts import Draft

LIMIT: Final = 100
"""Steps back that are kept for each endpoint."""


class DraftUndo:
    """The steps of each endpoint. What is typed into one field is one step; so is everything that fills or clears the
    form at once."""

    def __init__(self) -> None:
        self._past: defaultdict[str, deque[Draft]] = defaultdict(lambda: deque(maxlen=LIMIT))
        self._future: defaultdict[str, list[Draft]] = defaultdict(list)
        self._last: dict[str, frozenset[str]] = {}
        """Address → the fields that the last step changed, while typing goes on in them."""

    def record(self, address: str, before: Draft, after: Draft) -> None:
        """Note a change of the draft of *address*."""
        changed = changed_fields(before, after)
        if not changed:
            return
        if self._last.get(address) != changed:
            self._past[address].append(before)
        self._last[address] = changed
        self._future[address].clear()

    def seal(self, address: str) -> None:
        """Let the next change be a step of its own, whichever fields it changes."""
        self._last.pop(address, None)

    def undo(self, address: str, now: Draft) -> Draft | None:
        """Return the draft one step back, or None where there is none."""
        self.seal(address)
        if not self._past[address]:
            return None
        self._future[address].append(now)
        return self._past[address].pop()

    def redo(self, address: str, now: Draft) -> Draft | None:
        """Return the draft that was undone last, or None where there is none."""
        self.seal(address)
        if not self._future[address]:
            return None
        self._past[address].append(now)
        return self._future[address].pop()


def changed_fields(before: Draft, after: Draft) -> frozenset[str]:
    """Return the names of what differs; the order of fields does not count."""
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
