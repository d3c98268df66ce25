"""The dialog before a history entry is sent again: changes since, notes, and masked values to re-enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.secret import Secret
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets.button import ButtonVariant

    from explorer.session.replay import Replay

_MODES: Final = {"again": "again, newly signed", "exact": "as exact bytes"}


class ReplayDialog(Dialog[dict[str, Secret] | None]):
    """Returns the entered values of masked parameters by name (empty if none is masked), or None to cancel."""

    DEFAULT_CSS = """
    ReplayDialog VerticalScroll { height: auto; max-height: 16; }
    ReplayDialog Input { margin-bottom: 1; }
    ReplayDialog #problem { color: $text-error; height: auto; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("replay")

    def __init__(self, plan: Replay) -> None:
        self._plan = plan
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the changes, a box for each masked value, and two buttons."""
        plan = self._plan
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Send #{plan.number} {_MODES[plan.how]}")
            with VerticalScroll(can_focus=False):
                yield Static(Content("\n").join(self._lines()), classes="dialog-text")
                for name in dict.fromkeys(plan.masked):
                    yield Label(Content.assemble((sanitize_line(name), "bold"), (" is masked in the history", MUTED)))
                    yield Input(password=True, compact=True, placeholder="type or paste it again")
            yield Static(Content("✗ Enter every value. Masked values are not stored."), id="problem")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Cancel"), id="cancel")
                yield Button(Content("Send"), id="send", variant=self._variant)

    @property
    def _variant(self) -> ButtonVariant:
        return "error" if self._plan.question else "primary"

    def _lines(self) -> Iterator[Content]:
        plan = self._plan
        where = f"{plan.call.address} · {plan.call.environment}"
        yield Content.assemble((f"{sanitize_line(plan.origin.request.method)} ", "bold"), sanitize_line(where))
        if plan.question:
            yield Content.styled(f"⚠ {sanitize_line(plan.question)}.", "bold $text-error")
        for change in plan.changes:
            yield Content.assemble(("Changed since: ", "$text-warning"), sanitize_line(change))
        for note in plan.notes:
            yield Content.assemble(("Note: ", MUTED), sanitize_line(note))

    def on_mount(self) -> None:
        """Focus the first box; without one, focus Send, or Cancel if a confirmation is required."""
        boxes = list(self.query(Input))
        target = boxes[0] if boxes else self.query_one("#cancel" if self._plan.question else "#send")
        target.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        boxes = list(self.query(Input))
        following = boxes.index(event.input) + 1
        if following < len(boxes):
            boxes[following].focus()
        elif self._plan.question:
            self.query_one("#cancel").focus()
        else:
            self._send()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "send":
            self._send()
        else:
            self.dismiss(None)

    def _send(self) -> None:
        names = dict.fromkeys(self._plan.masked)
        secrets = {name: Secret(box.value) for name, box in zip(names, self.query(Input), strict=True)}
        if all(secret.reveal() for secret in secrets.values()):
            self.dismiss(secrets)
        else:
            self.query_one("#problem").display = True

    def action_other(self) -> None:
        """Go to the other button."""
        if isinstance(self.focused, Button):
            self.query_one("#send" if self.focused.id == "cancel" else "#cancel").focus()
