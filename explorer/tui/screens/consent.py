"""The dialog of an OAuth2 login: the consent page's URL, and a box for the redirect URL."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class ConsentDialog(Dialog[str | None]):
    """Shows *url* and returns the redirect URL that the user pasted, or None.

    If *waited_for* is set, the redirect may arrive at that loopback URL; the waiting caller then dismisses the dialog.
    """

    DEFAULT_CSS = """
    ConsentDialog > .dialog { width: 92; }
    ConsentDialog VerticalScroll { height: auto; max-height: 8; background: $foreground 6%; }
    ConsentDialog Input { margin-top: 1; }
    ConsentDialog #consent-problem { color: $text-error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("consent")

    def __init__(self, title: str, url: str, *, waited_for: str = "", browser: bool = False) -> None:
        self._title, self.url = sanitize_line(title), url
        self._waited_for, self._browser = sanitize(waited_for), browser
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Log in · {self._title}")
            yield Static(Content("1. Grant access on this page:"), classes="dialog-text")
            with VerticalScroll(can_focus=False):
                yield Static(Content(sanitize_line(self.url)), classes="dialog-text", id="consent-url")
            yield Static(Content(self._instruction()), classes="dialog-text")
            line = Input(placeholder="paste the URL you are redirected to", compact=True, id="consent-landed")
            line.cursor_blink = False
            yield line
            yield Static(
                Content("✗ Paste the full URL that the browser shows after you grant access."), id="consent-problem"
            )
            yield Static(Content("F2 Copy URL · F3 Open browser · esc Cancel"), classes="dialog-hint")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Copy URL"), id="copy")
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Log in"), id="log-in", variant="primary")

    def _instruction(self) -> str:
        if self._waited_for:
            return f"2. Waiting for the redirect to {self._waited_for}. If nothing happens, paste its URL:"
        return "2. Paste the URL you are redirected to, even if the page does not load:"

    def on_mount(self) -> None:
        """Focus the box, and open the browser if one is available."""
        self.query_one(Input).focus()
        if self._browser:
            self.action_browse()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._take()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "copy":
            self.action_copy()
        elif event.button.id == "log-in":
            self._take()
        else:
            self.dismiss(None)

    def _take(self) -> None:
        landed = self.query_one(Input).value.strip()
        if "://" in landed and "?" in landed:
            self.dismiss(landed)
        else:
            self.query_one("#consent-problem").display = True

    def action_copy(self) -> None:
        """Copy the URL of the consent page."""
        self.app.copy_to_clipboard(self.url)
        self.notify(f"Copied the URL, {len(self.url)} characters.", markup=False)

    @work(thread=True, exclusive=True, exit_on_error=False, description="browser")
    def action_browse(self) -> None:
        """Open the consent page in a browser."""
        webbrowser.open(self.url)
