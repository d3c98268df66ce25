"""The Docs tab: the catalog's notes on an endpoint, and beside or below them the vendor's document at its passage.

notes ── j, k, a click ──► lines ──► passage ◄── / n N ── the whole document
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.body.bars import TypeBar
from explorer.tui.styles import MUTED
from explorer.tui.widgets.docs_notes import DocsNotes
from explorer.tui.widgets.passage_view import PassageView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.catalog.model import Endpoint, Reading, Vendor
    from explorer.settings.documents import VendorDocument

_BESIDE: Final = 130
"""Cells from which the document stands beside the notes."""


class DocsView(Container):
    """The documentation of one endpoint under the chosen readings."""

    DEFAULT_CSS = """
    DocsView {
        height: 1fr; layout: vertical;
        & > DocsNotes { height: 1fr; }
        & > #docs-document { height: 50%; display: none; border-top: solid $foreground 20%; }
        & > #docs-said { height: auto; max-height: 3; padding: 0 1; color: $text-muted; background: $foreground 4%; }
        & #docs-head { height: 1; padding: 0 1; background: $boost; text-wrap: nowrap; text-overflow: ellipsis; }
        & PassageView { height: 1fr; padding: 0 1; }
        &.-document > #docs-document { display: block; }
        &.-document > #docs-said { display: none; }
        &.-document.-beside { layout: horizontal; }
        &.-document.-beside > DocsNotes { width: 1fr; }
        &.-document.-beside > #docs-document {
            width: 1fr; height: 1fr; border-top: none; border-left: solid $foreground 20%;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("docs")

    @dataclass
    class DocumentWanted(Message):
        """The vendor's document is wanted, as its file is now."""

    def __init__(
        self, vendor: Vendor, endpoint: Endpoint, readings: Mapping[str, Reading], chosen: Mapping[str, str]
    ) -> None:
        self._vendor = vendor
        self._endpoint = endpoint
        self._readings = readings
        self._chosen = chosen
        super().__init__()

    def compose(self) -> ComposeResult:
        """Notes, what there is to say of the document, and the document."""
        yield DocsNotes(self._vendor, self._endpoint, self._readings, self._chosen)
        yield Static("", id="docs-said", markup=False)
        with Vertical(id="docs-document"):
            yield Static("", id="docs-head", markup=False)
            yield PassageView()
            yield TypeBar("/", "words that stand on one line of the document", id="docs-words")

    def on_mount(self) -> None:
        """Ask for the document."""
        self.post_message(self.DocumentWanted())

    def on_resize(self, event: events.Resize) -> None:
        """Beside each other where there is room."""
        self.set_class(event.size.width >= _BESIDE, "-beside")

    # --- the document ------------------------------------------------------------------------------------------------

    def show_document(self, document: VendorDocument | None, said: str) -> None:
        """Show the document; without one, *said* tells why, and how to have it here."""
        view = self.query_one(PassageView)
        if document is None:
            self.query_one("#docs-said", Static).update(Content(sanitize_line(said)))
            self.remove_class("-document")
            return
        changed = view.document is not None and view.document is not document
        self.add_class("-document")
        if view.document is not document:
            view.show_document(document, self._endpoint.lines)
        if changed:
            self._head("the file has changed and was read anew")

    def _head(self, said: str) -> None:
        document = self.query_one(PassageView).document
        if document is None:
            return
        name = sanitize_line(document.path.name)
        lines = f"line {self.query_one(PassageView).line:,} of {len(document.lines):,}"
        text = Content.assemble((name, "bold"), (f"  {lines}", MUTED), (f"  {said}" if said else "", "$text-warning"))
        self.query_one("#docs-head", Static).update(text)

    @on(DocsNotes.LineWanted)
    def _line_wanted(self, event: DocsNotes.LineWanted) -> None:
        event.stop()
        self.post_message(self.DocumentWanted())
        self.query_one(PassageView).go(event.lines)

    @on(PassageView.Moved)
    def _moved(self, event: PassageView.Moved) -> None:
        event.stop()
        self._head(event.said)

    # --- search ------------------------------------------------------------------------------------------------------

    @on(PassageView.SearchWanted)
    def _search_wanted(self, event: PassageView.SearchWanted) -> None:
        event.stop()
        self.action_search()

    def action_search(self) -> None:
        """Type words to be found in the document."""
        self.post_message(self.DocumentWanted())
        self._bar.open()

    @on(TypeBar.Typed)
    def _typed(self, event: TypeBar.Typed) -> None:
        event.stop()
        self.query_one(PassageView).search(event.text)
        if event.done:
            self.query_one(PassageView).focus()

    def action_hit(self, step: int) -> None:
        """Another line with the words."""
        self.query_one(PassageView).action_next_hit(step)

    def action_passage(self) -> None:
        """Back to the passage of the endpoint."""
        self.query_one(PassageView).action_passage()

    def action_end_search(self) -> None:
        """Take the box away and the marks with it."""
        self._bar.close()
        self.query_one(PassageView).search("")
        self.query_one(PassageView).focus()

    @property
    def _bar(self) -> TypeBar:
        return self.query_one(TypeBar)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the document are offered where there is one."""
        if action == "end_search":
            return self._bar.display
        if action in ("search", "hit", "passage"):
            return self.has_class("-document")
        return super().check_action(action, parameters)
