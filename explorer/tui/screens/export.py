"""The export dialog: preview a call in any export format, copy or save it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingsMap
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from explorer.core.export.formats import FORMATS
from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.core.text.units import format_size
from explorer.errors import ExplorerError
from explorer.tui.actions import export_bindings
from explorer.tui.body.files import MAX_COPY, save
from explorer.tui.kit.screens import Dialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

_SEEN: Final = 20_000
"""Maximum length of the preview, in characters."""


@dataclass(frozen=True)
class Exportable:
    """Something to export. ``make`` returns it in a format (by id), with secrets or with variables, or raises
    ``ExplorerError``."""

    title: str
    make: Callable[[str, bool], Awaitable[bytes]]
    stem: str = "call"
    """The default file name, without extension."""
    formats: tuple[str, ...] = field(default_factory=lambda: tuple(FORMATS))
    search: str = ""
    """The name of an archive of search results; empty otherwise."""


def _bindings() -> list[BindingType]:
    """Return the keys of the dialog, including a digit for each registered format."""
    return export_bindings((row.id, row.title) for row in FORMATS.values())


class ExportDialog(Dialog[None]):
    """Previews an export, and copies or saves it. *matches* is the export of the whole search, if there is one."""

    AUTO_FOCUS = ""

    DEFAULT_CSS = """
    ExportDialog > .dialog { width: 110; height: 90%; padding: 0 1; }
    ExportDialog #export-formats { height: 1; }
    ExportDialog VerticalScroll { height: 1fr; background: $foreground 6%; scrollbar-size-vertical: 1; }
    ExportDialog #export-text { height: auto; padding: 0 1; }
    ExportDialog #export-state { height: auto; max-height: 3; }
    ExportDialog Input { display: none; }
    ExportDialog.-saving Input { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = _bindings()

    def __init__(self, exportable: Exportable, matches: Exportable | None = None) -> None:
        self._exportable, self._matches = exportable, matches
        self._current = exportable
        self._format = FORMATS[exportable.formats[0]]
        self._secrets = False
        self._data = b""
        self._warned = ""
        """The path for which the user was warned that the file exists."""
        super().__init__()
        bound = {binding.id for binding in self.BINDINGS if isinstance(binding, Binding)}
        later = [binding for binding in _bindings() if isinstance(binding, Binding) and binding.id not in bound]
        self._bindings = BindingsMap.merge([self._bindings, BindingsMap(later)])

    def compose(self) -> ComposeResult:
        """Yield formats, preview, status line and keys."""
        with Vertical(classes="dialog"):
            yield Static(id="export-formats", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(id="export-text", markup=False)
            yield Static(id="export-state", markup=False)
            path = Input(compact=True, placeholder="file path")
            path.cursor_blink = False
            yield path
            yield Static(self._keys(), classes="dialog-hint")

    def on_mount(self) -> None:
        """Show the first format."""
        self._show()

    def _keys(self) -> Content:
        matches = " · a All matches" if self._matches is not None else ""
        return Content(f"y Copy · s Save · v Secrets · ← → or 1-{len(FORMATS)} Format{matches} · esc Close")

    def _show(self) -> None:
        tabs = [
            (f" {number} {row.title} ", "reverse bold" if row is self._format else MUTED)
            for number, row in enumerate(FORMATS.values(), 1)
            if row.id in self._current.formats
        ]
        self.query_one("#export-formats", Static).update(Content.assemble(*tabs))
        self.query_one(".dialog").border_title = Content(f"Export · {sanitize_line(self._current.title)}")
        self._make(self._current, self._format.id, self._secrets)

    @work(exclusive=True, group="export", exit_on_error=False, description="export")
    async def _make(self, exportable: Exportable, format_id: str, secrets: bool) -> None:
        self._data = b""
        self._say(Content.styled("…", MUTED))
        try:
            data = await exportable.make(format_id, secrets)
        except ExplorerError as error:
            self.query_one("#export-text", Static).update(Content(""))
            self._say(Content.styled(sanitize_line(f"✗ {error.sentence}"), "$text-error"))
            return
        text = await asyncio.to_thread(lambda: sanitize(data[: 4 * _SEEN].decode("utf-8", "replace"))[:_SEEN])
        more = len(data) > len(text.encode()) + 16
        shown = (
            Content.assemble(text, ("\n… the preview ends here; copy and save include the rest", MUTED))
            if more
            else Content(text)
        )
        self._data = data
        self.query_one("#export-text", Static).update(shown)
        self.query_one(VerticalScroll).scroll_home(animate=False)
        self._say(self._state(secrets))

    def _state(self, secrets: bool) -> Content:
        parts: list[tuple[str, str]] = [(format_size(len(self._data)), MUTED)]
        if len(self._data) > MAX_COPY:
            parts.append((f" · too long to copy (limit {format_size(MAX_COPY)}); press s to save", "$text-warning"))
        if secrets and self._format.runs:
            parts.append((" · ⚠ contains secrets", "bold $text-error"))
        elif secrets:
            parts.append((" · secrets in the history stay masked", "$text-warning"))
        else:
            parts.append((" · secrets are variables, or masked", MUTED))
        return Content.assemble(*parts)

    def _say(self, content: Content) -> None:
        self.query_one("#export-state", Static).update(content)

    # --- keys --------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - signature of the base class
        """Disable letter keys while a path is typed, and the search export if there is none."""
        if self.has_class("-saving"):
            return action == "close"
        return action != "all" or self._matches is not None

    def action_turn(self, step: int) -> None:
        """Go to the next or previous format."""
        formats = self._current.formats
        self._format = FORMATS[formats[(formats.index(self._format.id) + step) % len(formats)]]
        self._show()

    def action_format(self, format_id: str) -> None:
        """Go to a format."""
        if format_id in self._current.formats:
            self._format = FORMATS[format_id]
            self._show()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_secrets(self) -> None:
        """Include secrets, or use variables instead."""
        self._secrets = not self._secrets
        self._show()

    def action_all(self) -> None:
        """Switch between the whole search and the single entry."""
        if self._matches is not None:
            self._current = self._matches if self._current is self._exportable else self._exportable
            if self._format.id not in self._current.formats:
                self._format = FORMATS[self._current.formats[0]]
            self._show()

    def action_copy(self) -> None:
        """Copy the export if the terminal accepts its size."""
        if not self._data:
            return
        if len(self._data) > MAX_COPY:
            self._say(self._state(self._secrets))
            return
        text = self._data.decode("utf-8", "replace")
        self.app.copy_to_clipboard(text)
        self._say(Content.styled(f"✓ Copied as {self._format.title}, {format_size(len(self._data))}.", "$text-success"))

    def action_save(self) -> None:
        """Ask for a path."""
        if self._data:
            self.add_class("-saving")
            line = self.query_one(Input)
            line.value = f"{self._current.stem}{self._format.extension}"
            self._warned = ""
            line.focus()
            self._say(Content.styled("enter Save · esc Cancel", MUTED))

    @on(Input.Submitted)
    def _save(self, event: Input.Submitted) -> None:
        event.stop()
        path = event.value.strip()
        if path:
            self._write(path, self._data, path == self._warned)

    @work(exclusive=True, group="save", exit_on_error=False, description="save")
    async def _write(self, path: str, data: bytes, overwrite: bool) -> None:
        try:
            saved = await asyncio.to_thread(lambda: save(data, path, overwrite=overwrite, private=True))
        except FileExistsError:
            self._warned = path
            self._say(Content.styled("The file exists. Press enter again to replace it.", "$text-warning"))
            return
        except OSError as error:
            self._say(Content.styled(sanitize_line(f"✗ Not saved: {error.strerror or error}"), "$text-error"))
            return
        self._leave_path()
        self._say(Content.styled(sanitize_line(f"✓ Saved as {saved}, {format_size(len(data))}."), "$text-success"))

    def _leave_path(self) -> None:
        self.remove_class("-saving")
        self.set_focus(None)

    def action_close(self) -> None:
        """Leave the path, then close the dialog."""
        if self.has_class("-saving"):
            self._leave_path()
            self._say(self._state(self._secrets))
        else:
            self.dismiss(None)
