"""A body with everything to read it: the view, boxes for search and filter, and a line that tells where one is.

bytes ─► show ─► Document (steps in a thread, spooled above a limit) ─► BodyView ◄─ v: pretty, table, raw
                                                                          ▲
                               | filter in another process ─► Document ───┘  escape: the original again
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static
from textual.worker import Worker, get_current_worker

from explorer.core.document import lexing
from explorer.core.document.document import Document
from explorer.core.document.outline import Outline, record_line
from explorer.core.document.records import records_of
from explorer.core.document.store import Memory
from explorer.core.document.table import Table
from explorer.core.sanitise import sanitise_line
from explorer.tui import body_files
from explorer.tui.body_bars import ChoiceBar, TypeBar
from explorer.tui.body_copy import CHOICES, to_copy
from explorer.tui.body_filter import LiveFilter
from explorer.tui.body_find import finished
from explorer.tui.body_status import filter_hint, search_state, status_text
from explorer.tui.body_view import BodyView
from explorer.tui.child import all_ended
from explorer.tui.numbers import size_text
from explorer.tui.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping

    from textual.app import ComposeResult

    from explorer.core.document.filtering import Filtered
    from explorer.core.document.store import Store

AT_ONCE: Final = 65_536
"""Bodies up to this many bytes are made ready on the spot; larger ones in a thread."""
SPOOL_FROM: Final = 8_000_000
"""Bodies from this many bytes on are laid out into a temporary file."""
_WARM_AFTER: Final = 0.7
_BREATH: Final = 0.0003
"""Seconds between two steps of a thread, in which keys are answered."""
_TELL_EVERY: Final = 0.1
_PATH_AT_ONCE: Final = 0.003
_PATH_AFTER: Final = 0.08
"""Seconds that the cursor must rest until a path is looked for that is not at hand."""

Mode = Literal["pretty", "table", "raw"]
MODES: Final[tuple[Mode, ...]] = ("pretty", "table", "raw")


class BodyPanel(Vertical):
    """Shows one body. ``show`` it; ``clear`` lets go of it. What it is given has been redacted by the caller."""

    DEFAULT_CSS = """
    BodyPanel {
        height: 1fr;
        & > #body-note { height: auto; max-height: 4; padding: 0 1; color: $text-warning; display: none; }
        & > BodyView { height: 1fr; padding: 0 1; }
        & > #body-status { height: 1; padding: 0 1; background: $boost; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "mode", "View", id="body.view", tooltip="Pretty, as a table, or raw"),
        Binding("vertical_line", "filter", "Filter", id="body.filter", tooltip="Filter by JMESPath, XPath or words"),
        Binding("y", "copy", "Copy", id="body.copy", tooltip="Copy value, path, line, subtree or all"),
        Binding("z", "folds", "Folds", show=False, id="body.folds", tooltip="Fold all, none, or to a depth"),
        Binding("S", "save", "Save", show=False, id="body.save", tooltip="Save the body to a file"),
        Binding("o", "open(False)", "Pager", show=False, id="body.pager", tooltip="Open in your pager ($PAGER)"),
        Binding("O", "open(True)", "Editor", show=False, id="body.editor", tooltip="Open in your editor ($EDITOR)"),
        Binding("escape", "back", "Back", show=False, id="body.back", tooltip="End the search, then the filter"),
    ]

    def __init__(
        self,
        *,
        environ: Mapping[str, str] = os.environ,
        id: str | None = None,  # noqa: A002 - textual's name
        classes: str | None = None,
    ) -> None:
        self._environ = environ
        self._number = 0
        self._original: Document | None = None
        self._modes: dict[Mode, Document | Table] = {}
        self._mode: Mode = "pretty"
        self._filter: LiveFilter | None = None
        self._outline: Outline | None = None
        self._spools: list[Spool] = []
        self._name = "response"
        self._path = self._said = self._saved = self._noted = ""
        super().__init__(id=id, classes=classes)

    def compose(self) -> ComposeResult:
        yield Static(id="body-note", markup=False)
        yield BodyView()
        yield TypeBar("/", "search the whole body", switch="regex", id="body-search")
        yield TypeBar("|", "filter", id="body-filter")
        yield TypeBar("save to", "path of a file", id="body-save")
        yield ChoiceBar(id="body-choice")
        yield Static(id="body-status", markup=False)

    def on_mount(self) -> None:
        """Once the screen is there, load what the first body needs to be coloured."""
        self.set_timer(_WARM_AFTER, self._warm)

    def _warm(self) -> None:
        def warm() -> None:
            for kind in ("json", "xml", "html"):
                lexing.warm(kind)

        self.run_worker(warm, thread=True, group="warm", exit_on_error=False, description="load lexers")

    # -- content ---------------------------------------------------------------------------------------------------

    @property
    def view(self) -> BodyView:
        """What takes the keys."""
        return self.query_one(BodyView)

    @property
    def document(self) -> Document | None:
        """The body, laid out; None while there is none."""
        return self._original

    def show(self, body: bytes, content_type: str, *, name: str = "response") -> None:
        """Show *body* from its top. *name* is what a file of it would be called, without an ending."""
        self.clear()
        self._name = name
        new_store: Callable[[], Store] = self._new_spool if len(body) >= SPOOL_FROM else Memory
        document = Document.opened(body, content_type, new_store=new_store)
        self._original = document
        self._modes = {"pretty": document}
        steps = document.steps()
        if len(body) < SPOOL_FROM:
            next(steps, None)  # a few milliseconds, and the first frame has the first lines
        self._present(document)
        self._make_ready(document, steps)

    def clear(self) -> None:
        """Let go of the body and of everything that is under way for it."""
        self._number += 1
        self._end_filter()
        for bar in self.query(TypeBar):
            bar.close()
        self._original = self._outline = None
        self._modes, self._mode, self._path, self._said = {}, "pretty", "", ""
        for group in ("filter", "path", "copy", "go", "open"):
            self.workers.cancel_group(self, group)
        self.view.show(None)
        for spool in self._spools:
            spool.close()
        self._spools.clear()
        self._tell()

    async def on_unmount(self) -> None:
        """Nothing stays behind."""
        self._number += 1
        self._end_filter()
        for spool in self._spools:
            spool.close()
        await all_ended()

    def _new_spool(self) -> Spool:
        spool = Spool()
        self._spools.append(spool)
        return spool

    def _present(self, document: Document | Table, *, keep_place: bool = False) -> None:
        self._outline = None if isinstance(document, Table) else Outline(document)
        self._path = ""
        self.view.show(document, keep_place=keep_place)
        self._tell()

    def _make_ready(self, document: Document | Table, steps: Iterator[None]) -> None:
        """Walk *steps*: at once for a small body, else in a thread that tells every now and then."""
        if document.size <= AT_ONCE:
            for _ in steps:
                pass
            self._grown(self._number, document)
            return
        walk = partial(self._walk, self._number, document, steps)
        self.run_worker(walk, thread=True, group="ready", exit_on_error=False, description="make a body ready")

    def _walk(self, number: int, document: Document | Table, steps: Iterator[None]) -> None:
        worker, told = get_current_worker(), 0.0
        for _ in steps:
            if worker.is_cancelled or number != self._number:
                return
            if monotonic() - told > _TELL_EVERY:
                told = monotonic()
                self.call_later(self._grown, number, document)
            sleep(_BREATH)
        self.call_later(self._grown, number, document)

    def _grown(self, number: int, document: Document | Table) -> None:
        if number == self._number and document is self.view.document:
            self.view.grown()
            self._follow()

    # -- pretty, table, raw ----------------------------------------------------------------------------------------

    def action_mode(self) -> None:
        """The next view that this body has."""
        document = self._shown_document
        if document is None:
            return
        at = MODES.index(self._mode)
        for mode in (*MODES[at + 1 :], *MODES[:at]):
            made = self._modes.get(mode) or self._made(document, mode)
            if made is not None:
                self._mode, self._modes[mode] = mode, made
                self._close_search()
                self._present(made)
                return

    def _made(self, document: Document, mode: Mode) -> Document | Table | None:
        if mode == "raw" and document.laid_out:
            raw = document.as_sent()
            self._make_ready(raw, raw.steps())
            return raw
        if mode == "table" and document.complete and (records := records_of(document)) is not None and len(records):
            table = Table(document, records)
            self._make_ready(table, table.steps())
            return table
        return None

    @property
    def _shown_document(self) -> Document | None:
        """The body, or what the filter leaves of it."""
        shown = self._modes.get("pretty")
        return shown if isinstance(shown, Document) else None

    @on(BodyView.RowChosen)
    def _row_chosen(self, event: BodyView.RowChosen) -> None:
        """From a record of the table to the same record in full."""
        event.stop()
        table, document = self._modes.get("table"), self._shown_document
        if isinstance(table, Table) and document is not None:
            self._mode = "pretty"
            self._present(document)
            self._later(partial(self._go_to_record, document, table, event.line), "go")

    async def _go_to_record(self, document: Document, table: Table, record: int) -> None:
        line = await finished(record_line(document, table.records.path, record))
        if line >= 0 and document is self.view.document:
            self.view.go_to_line(line)

    # -- where one is ----------------------------------------------------------------------------------------------

    @on(BodyView.CursorMoved)
    def _cursor_moved(self, event: BodyView.CursorMoved) -> None:
        event.stop()
        self._said = ""
        self._follow()

    def _follow(self) -> None:
        """The path of the cursor: at once where it is near, else as soon as it is found."""
        document, line = self.view.document, self.view.cursor_line
        if isinstance(document, Table):
            self._path = document.path(line) if document.line_count else ""
        elif self._outline is not None and document is not None:
            steps = self._outline.path(line)
            until = monotonic() + _PATH_AT_ONCE
            try:
                while monotonic() < until:
                    next(steps)
            except StopIteration as end:
                self._path = end.value
            else:
                self._path = "…"
                self._later(partial(self._path_on, steps), "path")
                self._tell()
                return
        self.workers.cancel_group(self, "path")
        self._tell()

    async def _path_on(self, steps: Generator[None, None, str]) -> None:
        await asyncio.sleep(_PATH_AFTER)
        self._path = await finished(steps)
        self._tell()

    def _later(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        _: Worker[None] = self.run_worker(work, group=group, exclusive=True, exit_on_error=False, description=group)

    def say(self, text: str) -> None:
        """Say something in the status line until the cursor moves."""
        self._said = text
        self._tell()

    def _tell(self) -> None:
        view = self.view
        document = view.document
        note = self.query_one("#body-note", Static)
        if document is None:
            note.display, self._noted = False, ""
            self.query_one("#body-status", Static).update("", layout=False)
            return
        problems = [document.note, *(spool.problem for spool in self._spools)]
        text = "; ".join(part for part in problems if part)
        if text != self._noted:
            self._noted = text
            note.display = bool(text)
            note.update(Content(f"⚠ {sanitise_line(text)}"))
        status = status_text(
            document,
            view.cursor_line,
            path=self._path,
            filtered=self._filter is not None and self._shown_document is not self._original,
            folded=view.folded,
            wrapped=view.wrapped,
            said=self._said,
        )
        self.query_one("#body-status", Static).update(status, layout=False)

    # -- search ----------------------------------------------------------------------------------------------------

    @on(BodyView.SearchWanted)
    def _open_search(self, event: BodyView.SearchWanted) -> None:
        event.stop()
        self._bar("search").open()

    @on(TypeBar.Typed, "#body-search")
    def _search(self, event: TypeBar.Typed) -> None:
        event.stop()
        bar = event.bar
        bar.tell("")
        self.view.search(event.text, regex=bar.switched)
        if event.done:
            self.view.focus()

    @on(BodyView.SearchMoved)
    def _search_moved(self, event: BodyView.SearchMoved) -> None:
        event.stop()
        self._bar("search").tell(*search_state(event))

    def _close_search(self) -> None:
        self._bar("search").close()
        self.view.search("")

    def _bar(self, name: str) -> TypeBar:
        return self.query_one(f"#body-{name}", TypeBar)

    def action_back(self) -> None:
        """Close the box that is open, then the search, then the filter; the original is there again."""
        if self._bar("save").display:
            self._bar("save").close()
        elif self._bar("search").display:
            self._close_search()
        elif self._bar("filter").display:
            self._unfilter()
        self.view.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing are left to others."""
        if action == "back":
            return any(bar.display for bar in self.query(TypeBar))
        if action in ("mode", "filter", "copy", "folds", "save", "open"):
            return self._original is not None
        return super().check_action(action, parameters)

    # -- filter ----------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type an expression; what it leaves is shown while it is typed."""
        if self._original is None:
            return
        if not self._original.complete:
            self.say("the body is still being made ready")
            return
        if self._filter is None:
            self._filter = LiveFilter(self._original, self._filtered)
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
        elif self._filter.want(event.text):
            event.bar.tell("filtering …")
            self._later(self._filter.run, "filter")
        if event.done:
            self.view.focus()

    def _filtered(self, filtered: Filtered) -> None:
        bar = self._bar("filter")
        if self._filter is None or not bar.text.strip():
            return
        if filtered.problem:
            bar.tell("", filtered.problem)
            return
        document = Document.opened(filtered.body, filtered.content_type)
        bar.tell("nothing is left" if filtered.body in (b"", b"null", b"[]") else size_text(len(filtered.body)))
        self._close_search()
        self._modes, self._mode = {"pretty": document}, "pretty"
        self._present(document)
        self._make_ready(document, document.steps())

    def _show_original(self) -> None:
        self._bar("filter").tell("")
        if self._original is not None and self._shown_document is not self._original:
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

    # -- folding, copying, files -----------------------------------------------------------------------------------

    def action_folds(self) -> None:
        """Offer folds of the whole body."""
        choices = (("a", "fold all"), ("u", "unfold all"), ("1-9", "to that depth"))
        self.query_one(ChoiceBar).open("folds", choices, more="123456789")

    def action_copy(self) -> None:
        """Offer what can be copied."""
        self.query_one(ChoiceBar).open("copy", CHOICES)

    @on(ChoiceBar.Chosen)
    def _chosen(self, event: ChoiceBar.Chosen) -> None:
        event.stop()
        self.view.focus()
        if event.what == "copy" and event.key:
            self._later(partial(self._copy, event.key), "copy")
        elif event.key == "u":
            self.view.unfold_all()
        elif event.key == "a" or event.key.isdigit():
            self.view.fold_level(1 if event.key == "a" else int(event.key))

    async def _copy(self, key: str) -> None:
        document = self.view.document
        if document is None:
            return
        copied = await finished(to_copy(document, self.view.cursor_line, key, self._path))
        if copied.problem:
            self.say(copied.problem)
        else:
            self.app.copy_to_clipboard(copied.text)
            self.say(f"copied {copied.what}")

    def action_save(self) -> None:
        """Ask where to save what is shown: the body as sent, or what the filter leaves of it."""
        document = self._shown_document
        if document is not None:
            self._saved = ""
            self._bar("save").open(f"{self._name}{body_files.suffix_of(document)}")

    @on(TypeBar.Typed, "#body-save")
    async def _save(self, event: TypeBar.Typed) -> None:
        event.stop()
        document, path = self._shown_document, event.text.strip()
        if not event.done or document is None or not path:
            return
        try:
            where = await asyncio.to_thread(body_files.save, document.body, path, overwrite=path == self._saved)
        except FileExistsError:
            self._saved = path
            event.bar.tell("", f"{path} is there already; press enter again to write over it")
        except (OSError, ValueError) as error:
            event.bar.tell("", f"not saved: {getattr(error, 'strerror', None) or error}")
        else:
            event.bar.close()
            self.view.focus()
            self.say(f"saved {size_text(len(document.body))} to {where}")

    def action_open(self, edit: bool) -> None:
        """Open a copy of what is shown in the person's pager or editor."""
        self._later(partial(self._open, edit), "open")

    async def _open(self, edit: bool) -> None:
        document, shown = self.view.document, self._shown_document
        if document is None or shown is None:
            return
        try:
            path = await asyncio.to_thread(
                body_files.write_temporary, document, body_files.suffix_of(shown), sanitised=not edit
            )
        except OSError as error:
            self.say(f"no temporary file: {error.strerror or error}")
            return
        problem = body_files.open_in(self.app, body_files.program(self._environ, edit=edit), path)
        self.say(problem or ("what you changed was a copy" if edit else ""))
