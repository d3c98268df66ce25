"""The footer of the main screen: the keys of the focused widget and pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget
from textual.widgets import Input

from explorer.tui.actions import FOOTERS, PERMANENT_HINTS, format_key, keys_of
from explorer.tui.kit.key_bar import Hint, KeyBar, hint_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from explorer.session.context import SessionContext
    from explorer.tui.pane_layout import PaneLayout

_INPUTS = ("field", "filter", "search", "box", "mark")


class Footer:
    """Fills the key bar. *is_sending* returns whether a send is running."""

    def __init__(
        self, screen: Screen[None], session: SessionContext, layout: PaneLayout, is_sending: Callable[[], bool]
    ) -> None:
        self._screen = screen
        self._session = session
        self._layout = layout
        self._is_sending = is_sending

    @property
    def scope(self) -> str:
        """The row of ``FOOTERS`` for the focused widget."""
        pane, focused = self._layout.pane, self._screen.focused
        if self._is_sending() and pane == "response":
            return "sending"
        if isinstance(focused, Input):
            return {"tree": "filter", "history": "search", "response": "box"}.get(pane, "field")
        if type(focused).__name__ == "FieldMark":
            return "mark"
        if type(focused).__name__ in ("Select", "SelectOverlay", "ChoiceLine"):
            return "field"
        return pane

    def show(self) -> None:
        """Show the current keys."""
        keymap = self._session.settings.keymap
        hints = [] if self.scope in _INPUTS else self._own_keys()
        for action_id in FOOTERS[self.scope]:
            hints.append(hint_of(action_id, "", keymap))
        hints.sort(key=lambda hint: hint.key == "esc")
        typing = isinstance(self._screen.focused, Input)
        last = []
        for action_id in PERMANENT_HINTS:
            keys = keys_of(action_id, keymap)
            key = next((key for key in keys if len(key) > 1 and "_" not in key), keys[0]) if typing else keys[0]
            last.append(hint_of(action_id, "", keymap)._replace(key=format_key(key)))
        self._screen.query_one(KeyBar).show(hints[: 8 - len(last)], last)

    def _own_keys(self) -> list[Hint]:
        """Return the keys of the focused widget and its ancestors in the pane."""
        hints: dict[str, Hint] = {}
        for active in self._screen.active_bindings.values():
            binding, node = active.binding, active.node
            if not (isinstance(node, Widget) and active.enabled and binding.show):
                continue
            if self._layout.pane_of(node) is not None and not binding.action.startswith("tab("):
                hint = hint_of(binding.id or "", binding.description, self._session.settings.keymap)
                hints.setdefault(binding.action, hint._replace(key=format_key(binding.key)))
        return list(hints.values())[:4]
