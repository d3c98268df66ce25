"""The Docs tab: the catalog's notes beside the passages of the vendor's document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.store.documents import parse_spans
from explorer.tui.actions import bindings
from explorer.tui.body.bars import TypeBar
from explorer.tui.kit.lines_view import LinesView, Row, Span
from explorer.tui.panes.request.docs_notes import DocsNotes
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.catalog.model import Endpoint, Reading, Vendor
    from explorer.store.documents import VendorDocument


WINDOW: Final = 1_500
"""Lines laid out before and after the current one; most documents are shorter."""
_LINE: Final = 2_000


class PassageView(LinesView):
    """Shows a document. Call ``show_document``, then ``go_to`` lines or ``search``."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("passage")

    @dataclass
    class SearchWanted(Message):
        """The user wants to search: the parent shows an input and calls ``search``."""

    @dataclass
    class Moved(Message):
        """The current line or the state of the search changed."""

        line: int
        message: str

    def __init__(self) -> None:
        self._document: VendorDocument | None = None
        self._passage = ""
        self._marked: tuple[tuple[int, int], ...] = ()
        self._at = 1
        self._words: tuple[str, ...] = ()
        self._hits: tuple[int, ...] = ()
        super().__init__()

    @property
    def document(self) -> VendorDocument | None:
        """The document that is shown."""
        return self._document

    @property
    def line(self) -> int:
        """The current line, from 1."""
        return self._at

    def show_document(self, document: VendorDocument, passage: str) -> None:
        """Show *document* at the *passage* of an endpoint; stay on the current line if it was shown before."""
        reloaded = self._document is not None and self._document.name == document.name
        self._document, self._passage = document, passage
        self._hits = document.find(" ".join(self._words))
        if reloaded:
            self._show()
        else:
            self.action_passage()

    def go_to(self, lines: str) -> None:
        """Go to *lines*, in the notation of the catalog, and mark them."""
        self._marked = parse_spans(lines)
        if self._marked:
            self._set_line(self._marked[0][0])

    def action_passage(self) -> None:
        """Return to the passage of the endpoint, or to the top if it is unknown."""
        self._marked = parse_spans(self._passage)
        self._set_line(self._marked[0][0] if self._marked else 1)

    # --- search ------------------------------------------------------------------------------------------------------

    def search(self, words: str) -> None:
        """Find lines with every word, from the current line on; an empty string ends the search."""
        document = self._document
        self._words = tuple(words.split())
        self._hits = document.find(words) if document is not None else ()
        if not self._hits:
            self._show()
            self._notify_moved("no match" if self._words else "")
            return
        self._set_line(next((hit for hit in self._hits if hit >= self._at), self._hits[0]))

    def action_search(self) -> None:
        """Request a search."""
        self.post_message(self.SearchWanted())

    def action_next_hit(self, step: int) -> None:
        """Go to the next or previous match, wrapping around."""
        if not self._hits:
            self.post_message(self.SearchWanted())
            return
        if step > 0:
            following = next((hit for hit in self._hits if hit > self._at), self._hits[0])
        else:
            following = next((hit for hit in reversed(self._hits) if hit < self._at), self._hits[-1])
        self._set_line(following)

    # --- rows --------------------------------------------------------------------------------------------------------

    def _set_line(self, line: int) -> None:
        count = len(self._document.lines) if self._document is not None else 0
        self._at = max(1, min(line, count or 1))
        self._show()
        message = ""
        if self._at in self._hits:
            message = f"{self._hits.index(self._at) + 1} of {len(self._hits)}"
        elif line > count:
            message = f"line {line} is past the end: different edition?"
        self._notify_moved(message)

    def _notify_moved(self, message: str) -> None:
        self.post_message(self.Moved(self._at, message))

    def _show(self) -> None:
        """Lay out the lines, with the current one a third of the way down."""
        self.show_for(lambda _width: self._rows())

    def _lay_out(self) -> None:
        super()._lay_out()
        if self._width:
            self.call_after_refresh(self._scroll_to_line)

    def _scroll_to_line(self) -> None:
        row = self._at - self._first
        self.scroll_to(y=max(0, self.line_of(row) - self.size.height // 3), animate=False)

    @property
    def _first(self) -> int:
        return max(1, self._at - WINDOW)

    def _rows(self) -> list[Row]:
        document = self._document
        if document is None:
            return []
        last = min(len(document.lines), self._at + WINDOW)
        digits = len(str(last))
        return [self._row(number, document.lines[number - 1], digits) for number in range(self._first, last + 1)]

    def _row(self, number: int, text: str, digits: int) -> Row:
        marked = any(first <= number <= last for first, last in self._marked)
        here = number == self._at
        sign: Span = ("out", "▍") if marked else ("dim", " ")
        label: Span = ("current" if here else "strong" if marked else "dim", f"{number:>{digits}}")
        shown = sanitize_line(text[:_LINE]) + (" …" if len(text) > _LINE else "")
        gutter = (label, sign)
        more = (("dim", " " * digits), sign)
        return Row(spans=self._highlighted(shown, number), gutter=gutter, more=more)

    def _highlighted(self, text: str, number: int) -> tuple[Span, ...]:
        """Return the text of a line; in a match, the words of the search are highlighted."""
        if number not in self._hits:
            return (("text", text),)
        words = "|".join(re.escape(word) for word in sorted(self._words, key=len, reverse=True))
        parts = re.split(f"({words})", text, flags=re.IGNORECASE)
        kind = "current" if number == self._at else "match"
        return tuple((kind if at % 2 else "text", part) for at, part in enumerate(parts) if part)


_BESIDE: Final = 130
"""Width in cells from which the document is shown next to the notes."""


class DocsView(Container):
    """The docs of one endpoint for the chosen readings."""

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
        """The current text of the vendor's document is needed."""

    def __init__(
        self, vendor: Vendor, endpoint: Endpoint, readings: Mapping[str, Reading], chosen: Mapping[str, str]
    ) -> None:
        self._vendor = vendor
        self._endpoint = endpoint
        self._readings = readings
        self._chosen = chosen
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the notes, the message about a missing document, and the document."""
        yield DocsNotes(self._vendor, self._endpoint, self._readings, self._chosen)
        yield Static("", id="docs-said", markup=False)
        with Vertical(id="docs-document"):
            yield Static("", id="docs-head", markup=False)
            yield PassageView()
            yield TypeBar("/", "words on one line of the document", id="docs-words")

    def on_mount(self) -> None:
        """Request the document."""
        self.post_message(self.DocumentWanted())

    def on_resize(self, event: events.Resize) -> None:
        """Show notes and document side by side if there is room."""
        self.set_class(event.size.width >= _BESIDE, "-beside")

    # --- the document ------------------------------------------------------------------------------------------------

    def show_document(self, document: VendorDocument | None, message: str) -> None:
        """Show the document; if it is missing, *message* explains why and how to add it."""
        view = self.query_one(PassageView)
        if document is None:
            self.query_one("#docs-said", Static).update(Content(sanitize_line(message)))
            self.remove_class("-document")
            return
        changed = view.document is not None and view.document is not document
        self.add_class("-document")
        if view.document is not document:
            view.show_document(document, self._endpoint.lines)
        if changed:
            self._show_head("file changed, reloaded")

    def _show_head(self, message: str) -> None:
        document = self.query_one(PassageView).document
        if document is None:
            return
        name = sanitize_line(document.path.name)
        lines = f"line {self.query_one(PassageView).line:,} of {len(document.lines):,}"
        text = Content.assemble(
            (name, "bold"), (f"  {lines}", MUTED), (f"  {message}" if message else "", "$text-warning")
        )
        self.query_one("#docs-head", Static).update(text)

    @on(DocsNotes.LineWanted)
    def _line_wanted(self, event: DocsNotes.LineWanted) -> None:
        event.stop()
        self.post_message(self.DocumentWanted())
        self.query_one(PassageView).go_to(event.lines)

    @on(PassageView.Moved)
    def _moved(self, event: PassageView.Moved) -> None:
        event.stop()
        self._show_head(event.message)

    # --- search ------------------------------------------------------------------------------------------------------

    @on(PassageView.SearchWanted)
    def _search_wanted(self, event: PassageView.SearchWanted) -> None:
        event.stop()
        self.action_search()

    def action_search(self) -> None:
        """Open the search box of the document."""
        self.post_message(self.DocumentWanted())
        self._bar.open()

    @on(TypeBar.Typed)
    def _typed(self, event: TypeBar.Typed) -> None:
        event.stop()
        self.query_one(PassageView).search(event.text)
        if event.done:
            self.query_one(PassageView).focus()

    def action_hit(self, step: int) -> None:
        """Go to the next or previous match."""
        self.query_one(PassageView).action_next_hit(step)

    def action_passage(self) -> None:
        """Return to the passage of the endpoint."""
        self.query_one(PassageView).action_passage()

    def action_end_search(self) -> None:
        """Close the search box and remove the highlights."""
        self._bar.close()
        self.query_one(PassageView).search("")
        self.query_one(PassageView).focus()

    @property
    def _bar(self) -> TypeBar:
        return self.query_one(TypeBar)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the document's keys while it is missing."""
        if action == "end_search":
            return self._bar.display
        if action in ("search", "hit", "passage"):
            return self.has_class("-document")
        return super().check_action(action, parameters)
