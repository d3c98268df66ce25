"""Why a key does nothing now: its action works in another pane, or is not possible in this state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.tui.actions import MAIN_ACTIONS, WIDGETS, format_key, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from explorer.tui.actions import Action
    from explorer.tui.features.controller import Controller
    from explorer.tui.pane_layout import Pane

PANES: Final[Mapping[str, Pane]] = {
    "tree": "tree",
    **dict.fromkeys(("request", "field", "mark", "docs", "docs_notes", "passage"), "request"),
    **dict.fromkeys(("preview_origins", "preview_body", "choice", "options"), "request"),
    **dict.fromkeys(("response", "collect", "response_pane", "body_panel", "body_view", "body_reading"), "response"),
    **dict.fromkeys(("body_bar", "rejected_fields", "failed_pages", "wire", "lines"), "response"),
    **dict.fromkeys(("history", "history_panel", "history_line", "history_details"), "history"),
}
"""Scope of actions → the pane that contains its widgets. Scopes of other screens are missing."""
_PANE_NAMES: Final[Mapping[Pane, str]] = {
    "tree": "the endpoint tree",
    "request": "the request",
    "response": "the response",
    "history": "the history",
}
_SCOPE_NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("docs", "docs_notes", "passage"), "the Docs tab of the request"),
    **dict.fromkeys(("preview_origins", "preview_body"), "the Body tab of the request"),
    **dict.fromkeys(("field", "mark", "choice", "options"), "a field of the request"),
    "wire": "the Wire tab of the response",
}
"""Scopes whose place is narrower than a pane."""
_PLAIN: Final = frozenset(
    {"up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
    | {"tab", "shift+tab", "enter", "space", "escape", "backspace"}
)
"""Keys that only move or confirm. Pressing one in vain needs no explanation."""
REPEAT: Final = 0.5
"""Seconds between two presses of a key that count as holding it down."""


def reason_for(key: str, keymap: Mapping[str, str], controllers: Iterable[Controller]) -> str:
    """Return why *key*, which nothing on screen handles, does nothing; empty for keys that need no explanation."""
    if key in _PLAIN:
        return ""
    widget_actions = [action for scope in WIDGETS for action in scope.actions]
    actions = _by_pane(key, keymap, MAIN_ACTIONS) or _by_pane(key, keymap, widget_actions)
    label = format_key(key)
    if not actions:
        return f"{label} has no function here. Press ? for every key." if len(label) == 1 else ""
    if len(actions) > 1:
        places = [f"{action.title} ({_place(action)})" for action in actions]
        return f"{label} has no function here. Elsewhere: {', '.join(places)}."
    action = actions[0]
    reason = next(filter(None, (controller.unavailable(action) for controller in controllers)), "")
    return f"{action.title}: {reason or _where(action, keymap)}"


def _by_pane(key: str, keymap: Mapping[str, str], actions: Iterable[Action]) -> list[Action]:
    """Return the first action of *key* in each pane."""
    by_pane: dict[Pane, Action] = {}
    for action in actions:
        pane = PANES.get(action.scope)
        if pane is not None and action.run and action.bound and key in keys_of(action.id, keymap):
            by_pane.setdefault(pane, action)
    return list(by_pane.values())


def _place(action: Action) -> str:
    return _SCOPE_NAMES.get(action.scope) or _PANE_NAMES[PANES[action.scope]]


def _where(action: Action, keymap: Mapping[str, str]) -> str:
    key = format_key(keys_of(f"pane_{PANES[action.scope]}", keymap)[0])
    return f"this key works in {_place(action)}. Press {key} to go there."
