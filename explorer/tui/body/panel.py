"""The panel of a body: view, views to switch between, links, search, filter and status line.

bytes ─► preparation ─► Document ─► BodyView ◄─ v: pretty, table, raw
                                       ▲
      | filter in another process ─────┘  escape: the original again
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual import on
from textual.message import Message

from explorer.core.body import lexer
from explorer.core.body.document import Document
from explorer.core.body.records import JsonRecords, XmlRecords, records_of
from explorer.core.body.structure import record_line, siblings
from explorer.core.body.table import RecordTable
from explorer.core.text.data import MemoryStore
from explorer.core.text.units import format_size
from explorer.store.spool import Spool
from explorer.tui.actions import bindings
from explorer.tui.body import files
from explorer.tui.body.bars import TypeBar, filter_hint
from explorer.tui.body.filter import LiveFilter
from explorer.tui.body.find import run_in_steps, run_to_end
from explorer.tui.body.loader import INLINE_LIMIT, BodyLoader
from explorer.tui.body.picture import PictureView
from explorer.tui.body.view import BodyView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual.binding import BindingType

    from explorer.core.body.filters import Filtered
    from explorer.core.links import Links
    from explorer.tui.body.link_marks import LineLinks

_PRELOAD_AFTER: Final = 0.7

Mode = Literal["pretty", "table", "raw"]
MODES: Final[tuple[Mode, ...]] = ("pretty", "table", "raw")


class BodyPanel(BodyLoader):
    """Shows one body: ``show`` it, or ``begin``, ``feed`` and ``finish`` it as it arrives; ``clear`` removes it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("body_panel")

    @dataclass
    class ValueActivated(Message):
        """The user follows an id: its line, path and value, and the scalars of the same object."""

        panel: BodyPanel
        line: int
        path: str
        value: str
        siblings: Mapping[str, str]

    def __init__(
        self,
        *,
        environ: Mapping[str, str] = os.environ,
        id: str | None = None,  # noqa: A002 - textual's name
        classes: str | None = None,
    ) -> None:
        self._modes: dict[Mode, Document | RecordTable] = {}
        self._mode: Mode = "pretty"
        self._filter: LiveFilter | None = None
        self.coming: Sequence[bytes] | None = None
        """The records of a JSON array that is still arriving, if they are available separately."""
        self._drawn = False
        """Whether this binary body was checked for an image."""
        self._links: Links | None = None
        self._linked: LineLinks | None = None
        super().__init__(environ=environ, id=id, classes=classes)

    def on_mount(self) -> None:
        """Preload lexers and delete files of crashed processes, shortly after the screen appears."""
        self.set_timer(_PRELOAD_AFTER, self._warm)

    def _warm(self) -> None:
        def warm() -> None:
            for kind in ("json", "xml", "html"):
                lexer.preload(kind)
            files.sweep()

        self.run_worker(warm, thread=True, group="warm", exit_on_error=False, description="load lexers")

    # -- content ---------------------------------------------------------------------------------------------------

    def _own(self, document: Document) -> None:
        super()._own(document)
        self.query_one(PictureView).clear()
        self._drawn = False
        self._modes, self._mode = {"pretty": document}, "pretty"

    def clear(self) -> None:
        """Remove the body and stop all work on it."""
        self._release_all()
        self._end_filter()
        for bar in self.query(TypeBar):
            bar.close()
        self.query_one(PictureView).clear()
        self.coming = None
        self._outline = None
        self._modes, self._mode, self._path, self._message = {}, "pretty", "", ""
        for group in ("filter", "path", "copy", "go", "open", "mode"):
            self.workers.cancel_group(self, group)
        self.view.show(None)
        self._tell()

    async def on_unmount(self) -> None:
        """End the filter and the work on the body."""
        self._end_filter()
        await super().on_unmount()

    def _grown(self, number: int, document: Document | RecordTable) -> None:
        super()._grown(number, document)
        if document is self._original and document.complete and document.kind == "hex" and not self._drawn:
            self._drawn = True
            if "image" in document.title:
                self.query_one(PictureView).show(document.body)

    # -- pretty, table, raw ----------------------------------------------------------------------------------------

    def action_mode(self) -> None:
        """Switch to the next view of this body."""
        if self.arriving and not self.coming:
            self.say("other views are available once the body has arrived")
            return
        document = self.shown_document
        if document is None:
            return
        if self._drawn:
            if not self.query_one(PictureView).toggle_shown():
                self.say("binary data has no other view")
            return
        if self._mode == "pretty" and "table" not in self._modes and document.complete and not self.arriving:
            if document.size > INLINE_LIMIT:
                self._later(partial(self._tabulate, document), "mode")
                return
            self._take_table(_as_table(document))
        self._next_view(document)

    def _next_view(self, document: Document) -> None:
        """Show the next available view."""
        at = MODES.index(self._mode)
        for mode in (*MODES[at + 1 :], *MODES[:at]):
            if self.arriving and mode == "raw":
                continue
            view = self._modes.get(mode) or self._build_view(document, mode)
            if view is not None:
                self._mode, self._modes[mode] = mode, view
                self._close_search()
                self._present(view)
                return

    def _build_view(self, document: Document, mode: Mode) -> Document | RecordTable | None:
        if mode == "raw" and document.laid_out:
            raw = document.as_sent()
            self._prepare_body(raw, raw.steps())
            return raw
        if mode == "table" and self.arriving and self.coming:
            table = RecordTable(document, JsonRecords((), self.coming))
            self._add_records(table)
            return table
        return None

    async def _tabulate(self, document: Document) -> None:
        """Find the records of a large body in a thread, then show the next view."""
        prepared = await asyncio.to_thread(_as_table, document)
        if document is self.shown_document and self._mode == "pretty":
            self._take_table(prepared)
            self._next_view(document)

    def _take_table(self, prepared: tuple[RecordTable, Iterator[None]] | None) -> None:
        if prepared is not None:
            table, steps = prepared
            self._modes["table"] = table
            self._prepare_body(table, steps)

    def feed(self, data: bytes) -> None:
        """Append to the body, and to the table if it is shown."""
        super().feed(data)
        table = self._modes.get("table")
        if isinstance(table, RecordTable) and self.arriving:
            self._add_records(table)

    def _add_records(self, table: RecordTable) -> None:
        """Add the records that have arrived to *table*."""
        self._later(partial(self._read_records, table), "records")

    async def _read_records(self, table: RecordTable) -> None:
        await run_in_steps(table.steps())
        self._grown(self._number, table)

    @property
    def shown_document(self) -> Document | None:
        """The body or its filtered part, or None."""
        shown = self._modes.get("pretty")
        return shown if isinstance(shown, Document) else None

    @on(BodyView.RowChosen)
    def _row_chosen(self, event: BodyView.RowChosen) -> None:
        """Go from a record of the table to the same record in the pretty view."""
        event.stop()
        table, document = self._modes.get("table"), self.shown_document
        if isinstance(table, RecordTable) and document is not None:
            self._mode = "pretty"
            self._present(document)
            self._later(partial(self._go_to_record, document, table, event.line), "go")

    async def _go_to_record(self, document: Document, table: RecordTable, record: int) -> None:
        if isinstance(table.records, XmlRecords):
            self.view.go_to_line(document.line_at(table.records.start(record)))
        else:
            await self._go_to_element(document, table.records.path, record)

    @property
    def filtered(self) -> bool:
        """Whether the filtered body is shown."""
        return self._filter is not None and self.shown_document is not self._original

    # -- links -----------------------------------------------------------------------------------------------------

    @property
    def links(self) -> Links | None:
        """The ids in this body that another call accepts."""
        return self._links

    @links.setter
    def links(self, links: Links | None) -> None:
        self._links = links
        if self.view.document is not None:
            self._link(self.view.document)

    def _link(self, document: Document | RecordTable) -> None:
        self._linked = None
        if self._links is not None and self._outline is not None and not isinstance(document, RecordTable):
            from explorer.tui.body.link_marks import LineLinks

            self._linked = LineLinks(document, self._outline, self._links, self._repaint_later)
        self.view.link(self._linked)

    def _repaint_later(self, seconds: float) -> None:
        number = self._number

        def repaint() -> None:
            if number == self._number:
                self._path_found()
                self._tell()

        self.set_timer(seconds, repaint)

    def _path_found(self) -> None:
        if self._linked is not None:
            self._linked.retry_unresolved()
            self.view.repaint()

    @on(BodyView.ValueChosen)
    def _value_chosen(self, event: BodyView.ValueChosen) -> None:
        event.stop()
        self._later(partial(self._activate, event.line), "go")

    async def _activate(self, line: int) -> None:
        document = self.view.document
        if self._linked is None or self._outline is None or not isinstance(document, Document):
            return
        path = await run_to_end(self._outline.path(line))
        if document is self.view.document:
            value = self._linked.value(line)[1]
            self.post_message(self.ValueActivated(self, line, path, value, siblings(document, line)))

    def go_to_element(self, path: tuple[str, ...], number: int) -> None:
        """Put the cursor on element *number* of the array at *path* in the pretty view."""
        document = self.view.document
        if isinstance(document, Document):
            self._later(partial(self._go_to_element, document, path, number), "go")

    async def _go_to_element(self, document: Document, path: tuple[str, ...], number: int) -> None:
        line = await run_to_end(record_line(document, path, number))
        if line >= 0 and document is self.view.document:
            self.view.go_to_line(line, margin=4)

    # -- filter ----------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Open the filter; results are shown while the user types."""
        if self._original is None:
            return
        if not self._original.complete:
            self.say("the body is still being formatted")
            return
        if self._filter is None:
            self._filter = LiveFilter(self._original, self._show_filtered)
        bar = self._bar("filter")
        bar.hint(filter_hint(self._original.kind))
        bar.open()

    @on(TypeBar.Typed, "#body-filter")
    def _filter_typed(self, event: TypeBar.Typed) -> None:
        event.stop()
        if self._filter is None:
            return
        if not event.text.strip():
            self._show_original()
        elif self._filter.set_expression(event.text):
            event.bar.tell("filtering …")
            self._later(self._filter.run, "filter")
        if event.done:
            self.view.focus()

    def _show_filtered(self, filtered: Filtered) -> None:
        bar = self._bar("filter")
        if self._filter is None or not bar.text.strip():
            return
        if filtered.problem:
            bar.tell("", filtered.problem)
            return
        # A memory store is copied whenever the thread adds to it.
        new_store = Spool if len(filtered.body) > INLINE_LIMIT else MemoryStore
        document = Document.opened(filtered.body, filtered.content_type, new_store=new_store)
        bar.tell("no match" if filtered.body in (b"", b"null", b"[]") else format_size(len(filtered.body)))
        self._close_search()
        self._modes, self._mode = {"pretty": document}, "pretty"
        self._present(document)
        self._prepare_body(document, document.steps())

    def _show_original(self) -> None:
        self._bar("filter").tell("")
        if self._original is not None and self.shown_document is not self._original:
            self._modes, self._mode = {"pretty": self._original}, "pretty"
            self._present(self._original)

    def _unfilter(self) -> None:
        self._bar("filter").close()
        self._end_filter()
        self._show_original()

    def _end_filter(self) -> None:
        if self._filter is not None:
            self._filter.end()
            self._filter = None

    def action_back(self) -> None:
        """Close the open box, then the search, then the filter, which shows the original again."""
        if self._bar("save").display:
            self._bar("save").close()
        elif self._bar("search").display:
            self._close_search()
        elif self._bar("filter").display:
            self._unfilter()
        self.view.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that have no effect now."""
        if action == "back":
            return any(bar.display for bar in self.query(TypeBar))
        if action in ("mode", "filter", "copy", "folds", "save", "open"):
            return self._original is not None
        return super().check_action(action, parameters)


def _as_table(document: Document) -> tuple[RecordTable, Iterator[None]] | None:
    """Return the records of *document* as a table, and the steps that prepare it; None if there are no records.

    Blocking, for about 3 ms per megabyte.
    """
    records = records_of(document)
    if records is None or not len(records):
        return None
    table = RecordTable(document, records)
    steps = table.steps()
    next(steps)
    return table, steps
