"""The dialog for the note and the tags of a history entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Button, Input, Label, Static, TextArea

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import UsageError
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.store.history import HistoryRow

Annotated = tuple[str, frozenset[str]]
"""A note and tags."""


class _TagSuggester(Suggester):
    """Suggests tags of other entries."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = tuple(known)
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return *value* with its last word completed, None if no tag matches."""
        before, blank, last = value.rpartition(" ")
        match = next((tag for tag in self._known if last and tag != last and tag.startswith(last.lower())), None)
        return None if match is None else f"{before}{blank}{match}"


class AnnotationDialog(Dialog[Annotated | None]):
    """Returns the new note and tags, or None."""

    DEFAULT_CSS = """
    AnnotationDialog TextArea { height: 6; border: none; background: $foreground 8%; margin-bottom: 1; }
    AnnotationDialog Input { margin-bottom: 1; }
    AnnotationDialog #problem { color: $text-error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("annotation")

    def __init__(self, row: HistoryRow, known: Sequence[str]) -> None:
        self._row, self._known = row, known
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the tags in one line, and the note in several."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"#{self._row.id} · {sanitize_line(self._row.address)}")
            yield Label(Content("Tags, separated by spaces (search with tag:NAME)"))
            tags = Input(" ".join(self._row.tag_names), compact=True, suggester=_TagSuggester(self._known))
            tags.cursor_blink = False
            yield tags
            yield Label(Content("Note (included in searches)"))
            note = TextArea(self._row.note, tab_behavior="focus")
            note.cursor_blink = False
            yield note
            yield Static(id="problem", markup=False)
            yield Static(Content("ctrl+s Save (or enter in the tags) · tab Next · esc Cancel"), classes="dialog-hint")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Save"), id="keep", variant="primary")

    def on_mount(self) -> None:
        """Focus the tags, which most users want."""
        note = self.query_one(TextArea)
        note.move_cursor(note.document.end)
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_keep()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "keep":
            self.action_keep()
        else:
            self.dismiss(None)

    def action_keep(self) -> None:
        """Save note and tags if they are valid."""
        from explorer.store.history.rows import MAX_NOTE, tag_name

        note = self.query_one(TextArea).text.strip()
        try:
            tags = frozenset(tag_name(word) for word in self.query_one(Input).value.replace(",", " ").split())
            if len(note) > MAX_NOTE:
                raise UsageError(f"a note has at most {MAX_NOTE:,} characters")
        except UsageError as error:
            problem = self.query_one("#problem", Static)
            problem.update(Content(sanitize_line(f"✗ {error.sentence}")))
            problem.display = True
            return
        self.dismiss((note, tags))
