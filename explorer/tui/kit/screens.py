"""The screens over the main one.

ClosingScreen ─┬─► ListScreen: a whole screen with a title, mostly a list and its details, and a key bar
               └─► Dialog: a box in the middle
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Generic, Protocol, TypeVar, cast

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen
from textual.widgets import OptionList

from explorer.tui.kit.key_bar import KeyBar, hint_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from textual import events

Result = TypeVar("Result")
KeyHint = str | tuple[str, str]
"""The id of an action that the key bar shows, or the id and words in place of the action's own."""
LETTER_GRACE: Final = 0.3
"""Seconds after a dialog appears during which it ignores bare letters: they were typed for what was there before."""
MOVE_ACTIONS: Final = frozenset({"move", "down", "up", "scroll"})
"""What a letter may do at once, since it neither confirms nor changes anything."""


class ScreenHost(Protocol):
    """What the app is to these screens."""

    clock: Callable[[], float]

    @property
    def keymap(self) -> Mapping[str, str]:
        """Keys that the settings give to actions."""

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Say something that needs no answer."""


class ClosingScreen(Screen[Result]):
    """A screen that is pushed and dismissed: once, however many keys close it."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this screen and what lies on top of it; do nothing where it is closed already.

        The library pops whatever is on top, so that two closing keys in one burst would take a screen below with them.
        """
        app = self.app
        if self not in app.screen_stack:
            return AwaitComplete()
        while (top := app.screen) is not self:
            top.dismiss()
        return super().dismiss(result)

    @property
    def host(self) -> ScreenHost:
        """The app."""
        return cast("ScreenHost", self.app)

    @property
    def listing(self) -> OptionList:
        """The list."""
        return self.query_one(OptionList)

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Say something that needs no answer."""
        self.host.tell(text, severity=severity)

    def action_move(self, step: int) -> None:
        """Move the cursor of the list down or up."""
        self.listing.action_cursor_down() if step > 0 else self.listing.action_cursor_up()

    def action_close(self) -> None:
        """Close, and give nothing."""
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Close, and give nothing."""
        self.dismiss(None)


class ListScreen(ClosingScreen[Result]):
    """A whole screen.

    From ``BESIDE`` columns on it has the class ``-beside``, below that ``-narrow``.
    """

    BESIDE: ClassVar[int] = 110
    DEFAULT_CSS = """
    ListScreen {
        layout: vertical; background: $background; color: $foreground;
        & .title-line { height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def on_mount(self) -> None:
        """Lay out for the width; what a screen does itself comes before."""
        self._arrange()

    def on_resize(self) -> None:
        """Lay out for the new width; what a screen does itself comes before."""
        self._arrange()

    def _arrange(self) -> None:
        self.set_class(self.size.width >= self.BESIDE, "-beside")
        self.set_class(self.size.width < self.BESIDE, "-narrow")

    def show_keys(self, keys: Iterable[KeyHint], last: KeyHint) -> None:
        """Show *keys* in the key bar as far as there is room, and *last* always."""
        keymap = self.host.keymap
        hints = [hint_of(*((shown, "") if isinstance(shown, str) else shown), keymap=keymap) for shown in (*keys, last)]
        self.query_one(KeyBar).show(hints[:-1], hints[-1:])


class Dialog(ModalScreen[Result], ClosingScreen[Result], Generic[Result]):
    """A box in the middle of the screen."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > .dialog {
            width: 76;
            max-width: 94%;
            height: auto;
            max-height: 90%;
            padding: 1 2;
            border: round $border;
            background: $surface;
        }
        & .dialog-text { height: auto; }
        & .dialog-hint { height: auto; color: $text-muted; }
        & .dialog-buttons { height: 3; margin-top: 1; align-horizontal: right; }
        & .dialog-buttons Button { margin-left: 2; }
        & Input { background: $foreground 8%; }
        & OptionList {
            height: auto; max-height: 16; background: transparent; text-wrap: nowrap; text-overflow: ellipsis;
            & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: none;
            }
        }
    }
    """

    _shown_at = 0.0

    def on_screen_resume(self) -> None:
        """Measure the grace period from here."""
        self._shown_at = self._seconds()

    def on_key(self, event: events.Key) -> None:
        """Ignore a letter that was typed before the dialog could be read."""
        if not event.is_printable or self._seconds() - self._shown_at >= LETTER_GRACE:
            return
        active = self.active_bindings.get(event.key)
        if active is not None and active.binding.action.partition("(")[0] not in MOVE_ACTIONS:
            event.stop()

    def _seconds(self) -> float:
        return self.host.clock()
