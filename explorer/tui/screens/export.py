"""A call in any of the export formats: seen before it is copied or saved."""

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
"""Characters of an export that are shown."""


@dataclass(frozen=True)
class Exportable:
    """Something that can be exported. ``make`` gives it in a format (by its id), secrets in it or variables in their
    place; it raises ``ExplorerError``."""

    title: str
    make: Callable[[str, bool], Awaitable[bytes]]
    stem: str = "call"
    """The name that a file is offered under."""
    formats: tuple[str, ...] = field(default_factory=lambda: tuple(FORMATS))
    search: str = ""
    """What an archive of a search is called; empty where there is none."""


def _bindings() -> list[BindingType]:
    """Return the keys of the dialog, a number for each registered format among them."""
    return export_bindings((row.id, row.title) for row in FORMATS.values())


class ExportDialog(Dialog[None]):
    """Shows an export; copies it, or saves it to a file."""

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

    def __init__(self, one: Exportable, every: Exportable | None = None) -> None:
        self._one, self._every = one, every
        self._now = one
        self._format = FORMATS[one.formats[0]]
        self._secrets = False
        self._data = b""
        self._warned = ""
        """The path that was told to be taken."""
        super().__init__()
        bound = {binding.id for binding in self.BINDINGS if isinstance(binding, Binding)}
        later = [binding for binding in _bindings() if isinstance(binding, Binding) and binding.id not in bound]
        self._bindings = BindingsMap.merge([self._bindings, BindingsMap(later)])

    def compose(self) -> ComposeResult:
        """Formats, text, state, keys."""
        with Vertical(classes="dialog"):
            yield Static(id="export-formats", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(id="export-text", markup=False)
            yield Static(id="export-state", markup=False)
            path = Input(compact=True, placeholder="path of the file")
            path.cursor_blink = False
            yield path
            yield Static(self._keys(), classes="dialog-hint")

    def on_mount(self) -> None:
        """Show the first format."""
        self._show()

    def _keys(self) -> Content:
        every = " · a all that was found" if self._every is not None else ""
        return Content(f"y copies · s saves · v secrets · ← → or 1-{len(FORMATS)} other format{every} · esc closes")

    def _show(self) -> None:
        tabs = [
            (f" {number} {row.title} ", "reverse bold" if row is self._format else MUTED)
            for number, row in enumerate(FORMATS.values(), 1)
            if row.id in self._now.formats
        ]
        self.query_one("#export-formats", Static).update(Content.assemble(*tabs))
        self.query_one(".dialog").border_title = Content(f"Export · {sanitize_line(self._now.title)}")
        self._make(self._now, self._format.id, self._secrets)

    @work(exclusive=True, group="export", exit_on_error=False, description="export")
    async def _make(self, one: Exportable, format_id: str, secrets: bool) -> None:
        self._data = b""
        self._say(Content.styled("…", MUTED))
        try:
            data = await one.make(format_id, secrets)
        except ExplorerError as error:
            self.query_one("#export-text", Static).update(Content(""))
            self._say(Content.styled(sanitize_line(f"✗ {error.sentence}"), "$text-error"))
            return
        text = await asyncio.to_thread(lambda: sanitize(data[: 4 * _SEEN].decode("utf-8", "replace"))[:_SEEN])
        more = len(data) > len(text.encode()) + 16
        shown = (
            Content.assemble(text, ("\n… the rest is copied and saved, and not shown", MUTED))
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
            parts.append((f" · too long to copy (terminals take {format_size(MAX_COPY)}); s saves it", "$text-warning"))
        if secrets and self._format.runs:
            parts.append((" · ⚠ secrets stand in it as they are", "bold $text-error"))
        elif secrets:
            parts.append((" · what was sent before was kept masked and stays so", "$text-warning"))
        else:
            parts.append((" · secrets are variables, or masked", MUTED))
        return Content.assemble(*parts)

    def _say(self, content: Content) -> None:
        self.query_one("#export-state", Static).update(content)

    # --- keys --------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - the base class's
        """While a path is typed, letters are letters; the archive of a search is there where there was one."""
        if self.has_class("-saving"):
            return action == "close"
        return action != "all" or self._every is not None

    def action_turn(self, step: int) -> None:
        """To the format beside."""
        formats = self._now.formats
        self._format = FORMATS[formats[(formats.index(self._format.id) + step) % len(formats)]]
        self._show()

    def action_format(self, format_id: str) -> None:
        """To a format."""
        if format_id in self._now.formats:
            self._format = FORMATS[format_id]
            self._show()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_secrets(self) -> None:
        """Put secrets into the text, or variables back."""
        self._secrets = not self._secrets
        self._show()

    def action_all(self) -> None:
        """An archive of all that was found, or the one entry again."""
        if self._every is not None:
            self._now = self._every if self._now is self._one else self._one
            if self._format.id not in self._now.formats:
                self._format = FORMATS[self._now.formats[0]]
            self._show()

    def action_copy(self) -> None:
        """Copy it, where the terminal takes so much."""
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
            line.value = f"{self._now.stem}{self._format.extension}"
            self._warned = ""
            line.focus()
            self._say(Content.styled("enter saves there · esc saves nothing", MUTED))

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
            self._say(Content.styled("It is there already: enter again replaces it.", "$text-warning"))
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
        """Leave the path, then the dialog."""
        if self.has_class("-saving"):
            self._leave_path()
            self._say(self._state(self._secrets))
        else:
            self.dismiss(None)
