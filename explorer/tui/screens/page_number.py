"""Asks for the number of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.widgets.verdict_view import page_text

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.paging import PageInfo


class PageNumberDialog(Dialog[int | None]):
    """Gives a number of at least 1, no higher than the last page where that is known; None where escape is pressed."""

    DEFAULT_CSS = """
    PageNumberDialog > .dialog { width: 44; }
    PageNumberDialog #problem { color: $text-error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("page_number")

    def __init__(self, page: PageInfo | None) -> None:
        self._page = page
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Go to page")
            yield Input(compact=True, placeholder="number of the page", max_length=9)
            yield Static(id="problem", markup=False)
            yield Static(Content(f"Now: {page_text(self._page)}."), classes="dialog-hint")
            yield Static(Content("enter asks for it · esc stays here"), classes="dialog-hint")

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#problem").display = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        last = self._page.pages if self._page is not None else None
        if not (text.isascii() and text.isdigit()) or int(text) < 1:
            self._refuse("✗ A page is a whole number, from 1 on.")
        elif last is not None and int(text) > last:
            self._refuse(f"✗ The last page is {last}.")
        else:
            self.dismiss(int(text))

    def _refuse(self, text: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(Content(text))
        problem.display = True
