"""Base classes of pushed screens.

ClosingScreen ─┬─► ListScreen: a full screen with a title, usually a list with details, and a key bar
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
"""Id of an action for the key bar, or the id and a title to use instead of the action's own."""
LETTER_GRACE: Final = 0.3
"""Seconds during which a new dialog ignores letters, which may have been typed for the previous screen."""
MOVE_ACTIONS: Final = frozenset({"move", "down", "up", "scroll"})
"""Actions that letters may run during the grace period, since they confirm and change nothing."""


class ScreenHost(Protocol):
    """What these screens need from the app."""

    clock: Callable[[], float]

    @property
    def keymap(self) -> Mapping[str, str]:
        """Action id → keys from the settings."""

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Show a notification."""


class ClosingScreen(Screen[Result]):
    """A pushed screen that is dismissed only once, however many keys close it."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this screen and those on top of it; do nothing if it is already closed.

        Textual pops the topmost screen, so two closing keys in one burst would also close a screen below.
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
        """Show a notification."""
        self.host.tell(text, severity=severity)

    def action_move(self, step: int) -> None:
        """Move the cursor of the list down or up."""
        self.listing.action_cursor_down() if step > 0 else self.listing.action_cursor_up()

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Close without a result."""
        self.dismiss(None)


class ListScreen(ClosingScreen[Result]):
    """A full screen.

    It has the class ``-beside`` from ``BESIDE`` columns on, otherwise ``-narrow``.
    """

    BESIDE: ClassVar[int] = 110
    DEFAULT_CSS = """
    ListScreen {
        layout: vertical; background: $background; color: $foreground;
        & .title-line { height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def on_mount(self) -> None:
        """Set the class for the width; runs after a subclass's own handler."""
        self._arrange()

    def on_resize(self) -> None:
        """Set the class for the new width; runs after a subclass's own handler."""
        self._arrange()

    def _arrange(self) -> None:
        self.set_class(self.size.width >= self.BESIDE, "-beside")
        self.set_class(self.size.width < self.BESIDE, "-narrow")

    def show_keys(self, keys: Iterable[KeyHint], last: KeyHint) -> None:
        """Show as many *keys* as fit in the key bar, and always *last*."""
        keymap = self.host.keymap
        hints = [hint_of(*((key, "") if isinstance(key, str) else key), keymap=keymap) for key in (*keys, last)]
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
        """Start the grace period for letters."""
        self._shown_at = self._seconds()

    def on_key(self, event: events.Key) -> None:
        """Ignore letters typed before the user could read the dialog."""
        if not event.is_printable or self._seconds() - self._shown_at >= LETTER_GRACE:
            return
        active = self.active_bindings.get(event.key)
        if active is not None and active.binding.action.partition("(")[0] not in MOVE_ACTIONS:
            event.stop()

    def _seconds(self) -> float:
        return self.host.clock()
