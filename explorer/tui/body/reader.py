"""The body view with its bars: path of the cursor, search, folds, copying, saving and opening elsewhere."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from explorer.core.body.table import RecordTable
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_size
from explorer.tui.actions import bindings
from explorer.tui.body import files as body_files
from explorer.tui.body.bars import ChoiceBar, TypeBar, search_state, status_text
from explorer.tui.body.files import CHOICES, select_copy
from explorer.tui.body.find import run_to_end
from explorer.tui.body.picture import PictureView
from explorer.tui.body.view import BodyView

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import Worker

    from explorer.core.body.document import Document
    from explorer.core.body.structure import Outline

_PATH_AT_ONCE: Final = 0.003
_PATH_AFTER: Final = 0.08
"""Seconds that the cursor must rest before a slow path is looked up."""


class BodyReader(Vertical):
    """The view with its bars and status line. ``BodyPanel`` decides which document it shows."""

    DEFAULT_CSS = """
    BodyReader {
        height: 1fr;
        & > #body-note { height: auto; max-height: 4; padding: 0 1; color: $text-warning; display: none; }
        & > BodyView { height: 1fr; padding: 0 1; }
        & > #body-status { height: 1; padding: 0 1; background: $boost; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("body_reading")

    def __init__(
        self,
        *,
        environ: Mapping[str, str] = os.environ,
        id: str | None = None,  # noqa: A002 - textual's name
        classes: str | None = None,
    ) -> None:
        self._environ = environ
        self._outline: Outline | None = None
        self._file_name = "response"
        self._path = self._message = self._saved = self._shown_note = ""
        super().__init__(id=id, classes=classes)

    def compose(self) -> ComposeResult:
        yield Static(id="body-note", markup=False)
        yield PictureView()
        yield BodyView()
        yield TypeBar("/", "search the body", switch="regex", id="body-search")
        yield TypeBar("|", "filter", id="body-filter")
        yield TypeBar("save to", "file path", id="body-save")
        yield ChoiceBar(id="body-choice")
        yield Static(id="body-status", markup=False)

    @property
    def view(self) -> BodyView:
        """The view of the body."""
        return self.query_one(BodyView)

    @property
    def shown_document(self) -> Document | None:
        """The body or its filtered part, or None."""
        raise NotImplementedError

    @property
    def filtered(self) -> bool:
        """Whether ``shown_document`` is filtered."""
        raise NotImplementedError

    @property
    def problems(self) -> list[str]:
        """Problems to show above the view."""
        raise NotImplementedError

    @property
    def arriving(self) -> bool:
        """Whether the body is still arriving."""
        raise NotImplementedError

    # -- position and path ----------------------------------------------------------------------------------------

    @on(BodyView.CursorMoved)
    def _cursor_moved(self, event: BodyView.CursorMoved) -> None:
        event.stop()
        self._message = ""
        self._follow()

    def _follow(self) -> None:
        """Show the path of the cursor: immediately if it is found quickly, otherwise later."""
        document, line = self.view.document, self.view.cursor_line
        if isinstance(document, RecordTable):
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
                self._later(partial(self._find_path, steps), "path")
                self._tell()
                return
        self.workers.cancel_group(self, "path")
        self._tell()

    async def _find_path(self, steps: Generator[None, None, str]) -> None:
        await asyncio.sleep(_PATH_AFTER)
        self._path = await run_to_end(steps)
        self._path_found()
        self._tell()

    def _path_found(self) -> None:
        """Called after a slow path lookup; paths of nearby lines are fast now."""

    def _later(self, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
        _: Worker[None] = self.run_worker(work, group=group, exclusive=True, exit_on_error=False, description=group)

    def say(self, text: str) -> None:
        """Show a message in the status line until the cursor moves."""
        self._message = text
        self._tell()

    def _tell(self) -> None:
        view = self.view
        document = view.document
        note = self.query_one("#body-note", Static)
        if document is None:
            note.display, self._shown_note = False, ""
            self.query_one("#body-status", Static).update("", layout=False)
            return
        problems = [document.note, *self.problems]
        text = "; ".join(part for part in problems if part)
        if text != self._shown_note:
            self._shown_note = text
            note.display = bool(text)
            note.update(Content(f"⚠ {sanitize_line(text)}"))
        status = status_text(
            document,
            view.cursor_line,
            path=f"{self._path}  ↵ follow" if self._path and view.cursor_on_link else self._path,
            filtered=self.filtered,
            folded=view.folded,
            wrapped=view.wrapped,
            message=self._message,
            arriving=self.arriving,
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

    # -- folding, copying, files -----------------------------------------------------------------------------------

    def action_folds(self) -> None:
        """Offer to fold or unfold the whole body, if it is laid out."""
        if self.view.document is None or not self.view.document.laid_out:
            self.say("this view has no folds; press v for another")
            return
        choices = (("a", "fold all"), ("u", "unfold all"), ("1-9", "fold to depth"))
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
        copied = await run_to_end(select_copy(document, self.view.cursor_line, key, self._path))
        if copied.problem:
            self.say(copied.problem)
        else:
            self.app.copy_to_clipboard(copied.text)
            self.say(f"copied {copied.what}")

    def action_save(self) -> None:
        """Ask where to save the body as sent, or its filtered part."""
        document = self.shown_document
        if document is not None:
            self._saved = ""
            self._bar("save").open(f"{self._file_name}{body_files.suffix_of(document)}")

    @on(TypeBar.Typed, "#body-save")
    async def _save(self, event: TypeBar.Typed) -> None:
        event.stop()
        document, path = self.shown_document, event.text.strip()
        if not event.done or document is None or not path:
            return
        try:
            target = await asyncio.to_thread(body_files.save, document.body, path, overwrite=path == self._saved)
        except FileExistsError:
            self._saved = path
            event.bar.tell("", f"{path} already exists; press enter again to overwrite it")
        except (OSError, ValueError) as error:
            event.bar.tell("", f"not saved: {getattr(error, 'strerror', None) or error}")
        else:
            event.bar.close()
            self.view.focus()
            self.say(f"saved {format_size(len(document.body))} to {target}")

    def action_open(self, edit: bool) -> None:
        """Open a copy of the shown body in the user's pager or editor."""
        self._later(partial(self._open, edit), "open")

    async def _open(self, edit: bool) -> None:
        document, shown = self.view.document, self.shown_document
        if document is None or shown is None:
            return
        try:
            path = await asyncio.to_thread(
                body_files.write_temporary, document, body_files.suffix_of(shown), sanitized=not edit
            )
        except OSError as error:
            self.say(f"cannot create a temporary file: {error.strerror or error}")
            return
        problem = body_files.open_in(self.app, body_files.program(self._environ, edit=edit), path)
        self.say(problem or ("you edited a copy; the response is unchanged" if edit else ""))
