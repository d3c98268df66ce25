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
"""Lines before and after the one that is looked at which are laid out at once; most documents are shorter."""
_LINE: Final = 2_000


class PassageView(LinesView):
    """Shows a document. ``show_document`` it, then ``go`` to lines of it, or ``search``."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("passage")

    @dataclass
    class SearchWanted(Message):
        """A person wants to search: whoever has room shows a box and calls ``search``."""

    @dataclass
    class Moved(Message):
        """Another line is looked at, or the search stands otherwise."""

        line: int
        said: str

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
        """What is shown."""
        return self._document

    @property
    def line(self) -> int:
        """The line that is looked at."""
        return self._at

    def show_document(self, document: VendorDocument, passage: str) -> None:
        """Show *document* at the lines *passage* of an endpoint, or go on where one is if that was shown before."""
        again = self._document is not None and self._document.name == document.name
        self._document, self._passage = document, passage
        self._hits = document.find(" ".join(self._words))
        if again:
            self._show()
        else:
            self.action_passage()

    def go(self, lines: str) -> None:
        """Go to lines, as the catalog writes them, and mark them."""
        self._marked = parse_spans(lines)
        if self._marked:
            self._look_at(self._marked[0][0])

    def action_passage(self) -> None:
        """Back to the passage of the endpoint, or to the top where none is known."""
        self._marked = parse_spans(self._passage)
        self._look_at(self._marked[0][0] if self._marked else 1)

    # --- search ------------------------------------------------------------------------------------------------------

    def search(self, words: str) -> None:
        """Look for lines with every word, from the line that is looked at on; no word ends the search."""
        document = self._document
        self._words = tuple(words.split())
        self._hits = document.find(words) if document is not None else ()
        if not self._hits:
            self._show()
            self._tell("no line has " + ("that" if len(self._words) == 1 else "all of that") if self._words else "")
            return
        self._look_at(next((hit for hit in self._hits if hit >= self._at), self._hits[0]))

    def action_search(self) -> None:
        """Ask for words."""
        self.post_message(self.SearchWanted())

    def action_next_hit(self, step: int) -> None:
        """To the next line with the words, round the end."""
        if not self._hits:
            self.post_message(self.SearchWanted())
            return
        if step > 0:
            following = next((hit for hit in self._hits if hit > self._at), self._hits[0])
        else:
            following = next((hit for hit in reversed(self._hits) if hit < self._at), self._hits[-1])
        self._look_at(following)

    # --- what is shown -----------------------------------------------------------------------------------------------

    def _look_at(self, line: int) -> None:
        count = len(self._document.lines) if self._document is not None else 0
        self._at = max(1, min(line, count or 1))
        self._show()
        said = ""
        if self._at in self._hits:
            said = f"{self._hits.index(self._at) + 1} of {len(self._hits)}"
        elif line > count:
            said = f"line {line} is beyond its end: another edition?"
        self._tell(said)

    def _tell(self, said: str) -> None:
        self.post_message(self.Moved(self._at, said))

    def _show(self) -> None:
        """Lay the lines out and put the one that is looked at a third down."""
        self.show_for(lambda _width: self._rows())

    def _lay_out(self) -> None:
        super()._lay_out()
        if self._width:
            self.call_after_refresh(self._scroll_there)

    def _scroll_there(self) -> None:
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
        return Row(spans=self._found(shown, number), gutter=gutter, more=more)

    def _found(self, text: str, number: int) -> tuple[Span, ...]:
        """The words of the search in a line that has all of them."""
        if number not in self._hits:
            return (("text", text),)
        words = "|".join(re.escape(word) for word in sorted(self._words, key=len, reverse=True))
        parts = re.split(f"({words})", text, flags=re.IGNORECASE)
        kind = "current" if number == self._at else "match"
        return tuple((kind if at % 2 else "text", part) for at, part in enumerate(parts) if part)


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
