"""The dialog to import a curl command. As the user types, it shows the matching call and what cannot be imported."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.session.export import CurlImport, read_curl_line
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from explorer.session.context import SessionContext

PAUSE: Final = 0.15
"""Seconds between the last key and parsing the command."""
LONGEST: Final = 1_000_000
"""Maximum length of a command, in characters. Anything longer was pasted by mistake."""
_VALUES: Final = 12


class _Box(TextArea):
    """Submits on enter, unless the line ends with a backslash."""

    class Entered(Message):
        """Enter was pressed."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            row, column = self.cursor_location
            if not self.document.get_line(row)[:column].endswith("\\"):
                event.prevent_default()
                event.stop()
                self.post_message(self.Entered())
                return
        await super()._on_key(event)


class ImportDialog(Dialog[CurlImport | None]):
    """Returns the imported call, or None."""

    DEFAULT_CSS = """
    ImportDialog > .dialog { width: 100; padding: 0 1; }
    ImportDialog TextArea { height: 8; border: none; background: $foreground 8%; }
    ImportDialog VerticalScroll { height: auto; min-height: 4; max-height: 14; margin-top: 1; }
    ImportDialog #import-found { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("import")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._timer: Timer | None = None
        self._command: CurlImport | None = None
        self._read = ""
        """The text that ``_command`` was parsed from."""
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the box and the result."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Import a curl command")
            area = _Box(tab_behavior="focus", soft_wrap=True)
            area.cursor_blink = False
            yield area
            with VerticalScroll(can_focus=False):
                yield Static(Content.styled("Paste a curl command, on one or more lines.", MUTED), id="import-found")
            yield Static(
                Content("enter Fill in the form · page up, page down Scroll · esc Cancel"), classes="dialog-hint"
            )

    def on_mount(self) -> None:
        """Focus the box."""
        self.query_one(TextArea).focus()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._preview)

    def _preview(self) -> None:
        self._parse(self.query_one(TextArea).text, done=False)

    @on(_Box.Entered)
    def _entered(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._parse(self.query_one(TextArea).text, done=True)

    @work(exclusive=True, group="import", exit_on_error=False, description="import")
    async def _parse(self, text: str, *, done: bool) -> None:
        """Show the call of the command; with *done*, dismiss with it."""
        if not text.strip():
            self._say([Content.styled("Paste a curl command, on one or more lines.", MUTED)])
            return
        if len(text) > LONGEST:
            self._say(
                [Content.styled(f"✗ Too long for a command: the limit is {LONGEST:,} characters.", "$text-error")]
            )
            return
        if text != self._read or self._command is None:
            self._command, self._read = None, text
            try:
                self._command = await asyncio.to_thread(read_curl_line, self._session, text)
            except ExplorerError as error:
                self._say(_problem(error))
                return
        if done:
            self.dismiss(self._command)
        else:
            self._say(list(_call_lines(self._session, self._command)))

    def _say(self, lines: list[Content]) -> None:
        self.query_one("#import-found", Static).update(Content("\n").join(lines))

    def action_scroll(self, lines: int) -> None:
        """Scroll the result."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _problem(error: ExplorerError) -> list[Content]:
    lines = [Content.styled(f"✗ {sanitize_line(error.message)}", "$text-error")]
    return [*lines, Content.styled(sanitize_line(error.hint), MUTED)] if error.hint else lines


def _call_lines(session: SessionContext, command: CurlImport) -> Iterator[Content]:
    call = command.shown
    operation = session.operation(command.call)
    title = f"{operation.vendor.title} › {operation.endpoint.title}"
    yield Content.assemble(("✓ ", "bold $text-success"), (sanitize_line(title), "bold"))
    method = call.method or operation.endpoint.method
    guarded = operation.environment is not None and operation.environment.guarded
    where = (f" · {call.environment}{' (guarded)' if guarded else ''}", "$text-warning" if guarded else MUTED)
    yield Content.assemble((f"  {method} ", "bold"), sanitize_line(call.address), where)
    values = [(entry.name, entry.value) for entry in call.entries] + [*call.extra, *call.headers]
    for name, value in values[:_VALUES]:
        yield Content.assemble((f"  {sanitize_line(name)} ", MUTED), sanitize_line(value[:200]))
    if len(values) > _VALUES:
        yield Content.styled(f"  … and {len(values) - _VALUES} more", MUTED)
    for note in command.notes:
        yield Content.assemble(("! ", "bold $text-warning"), sanitize_line(note))
