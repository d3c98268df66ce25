"""Jump mode: shows a letter at every visible pane and tab; typing it goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.content import Content
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Label

from explorer.tui.actions import bindings
from explorer.tui.kit.screens import ClosingScreen

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.tui.app_base import AppBase

REQUEST_KEYS = dict(zip("qwert", ("params", "headers", "body", "auth", "docs"), strict=True))
RESPONSE_KEYS = dict(zip("asdf", ("body", "headers", "wire", "timing"), strict=True))
PANE_KEYS = dict(zip("1234", ("tree", "request", "response", "history"), strict=True))
Target = tuple[str, str]


class JumpScreen(ModalScreen[Target | None], ClosingScreen[Target | None]):
    """Returns (pane, tab), with an empty tab for the whole pane; None on any other key."""

    DEFAULT_CSS = """
    JumpScreen {
        background: $background 40%;
        & > Label { background: $accent; color: $background; text-style: bold; width: 3; height: 1; }
        & > Label { position: absolute; }
        & > #jump-hint { dock: bottom; width: 1fr; background: $panel; color: $foreground; position: relative; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("jump")

    def __init__(self, main: Screen[None]) -> None:
        self._targets: dict[str, tuple[Target, Offset]] = {}
        for key, pane in PANE_KEYS.items():
            for widget in main.query(f"#{pane}").results(Widget):
                if widget.display and widget.region:
                    self._targets[key] = ((pane, ""), widget.region.offset + Offset(1, 0))
        self._add_tabs(main, "request", REQUEST_KEYS)
        self._add_tabs(main, "response", RESPONSE_KEYS)
        super().__init__()

    def _add_tabs(self, main: Screen[None], pane: str, keys: dict[str, str]) -> None:
        tabs = [tab for tab in main.query(f"#{pane} Tab").results(Widget) if tab.region]
        for (key, name), tab in zip(keys.items(), tabs, strict=False):
            self._targets[key] = ((pane, name), tab.region.offset)

    def compose(self) -> ComposeResult:
        """Yield a letter for each target."""
        for key, (_, offset) in self._targets.items():
            label = Label(Content(f" {key} "))
            label.styles.offset = (offset.x, offset.y)
            yield label
        yield Label(Content("Type a letter to go there. Any other key closes this."), id="jump-hint")

    def on_key(self, event: events.Key) -> None:
        """Go to the target of the letter. Keys typed in the same burst are ignored."""
        event.stop()
        event.prevent_default()
        target, _ = self._targets.get(event.character or "", (None, None))
        cast("AppBase", self.app).type_ahead.discard_following(event)
        self.dismiss(target)
