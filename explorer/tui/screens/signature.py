"""The signature debugger: editable inputs of a signature, and a box for another client's request, whose mistake it
names.

inputs ── SigningSheet ──► steps      paste box ── worker thread ──► Diagnosis ──► result, both strings in columns
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on, work
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from explorer.core.explain.signature.byte_diff import make_visible
from explorer.core.explain.signature.case import steps_of
from explorer.core.explain.signature.worksheet import SheetLine, SigningSheet
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.lines_view import LinesView, Row
from explorer.tui.kit.screens import ListScreen
from explorer.tui.kit.static_widgets import PasteBox
from explorer.tui.panes.diagnosis_rows import diagnosis_rows, exact_row, labelled_rows, step_rows
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.explain.signature.diagnosis import Diagnosis
    from explorer.session.explain import SigningExplanation
    from explorer.tui.app_base import AppBase

PAUSE: Final = 0.15
"""Seconds between the last change and the comparison with the pasted text."""
_PASTE: Final = "Paste a base string, a signature, a curl line, a URL or a log line"
_PASTE_TOKEN: Final = "Paste a header, a curl line, a URL or a token"  # noqa: S105 - a placeholder text


class InputList(OptionList):
    """The list of inputs. It owns the keys, so that they do not fire while the user types."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("signature_inputs")


class SignatureScreen(ListScreen[None]):
    """The debugger for one call or history entry."""

    TITLE = "Debugger"
    HELP = (
        "How the signature is computed, step by step. Change any input to see the effect. Paste another client's base "
        "string, signature or request to find its mistake."
    )
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    SignatureScreen {
        & > #signature-middle { height: 1fr; layout: vertical; }
        & #signature-inputs {
            height: 8; border: none; border-bottom: solid $foreground 30%; padding: 0; background: $background;
            scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis;
            & > .option-list--option-highlighted { background: $boost; color: $foreground; text-style: none; }
            &:focus > .option-list--option-highlighted { background: $primary 35%; text-style: bold; }
        }
        & #signature-view { padding: 0 1; &:focus { background: $foreground 2%; } }
        & #signature-edit { display: none; border: none; height: 1; padding: 0 1; background: $foreground 12%; }
        &.-editing #signature-edit { display: block; }
        &.-plain #signature-inputs { display: none; }
        &.-beside #signature-middle { layout: horizontal; }
        &.-beside #signature-inputs {
            width: 42; height: 1fr; border-bottom: none; border-right: solid $foreground 30%;
        }
        & PasteBox { height: 4; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("signature")

    def __init__(self, explained: SigningExplanation) -> None:
        self.explained = explained
        self.sheet: SigningSheet | None = None
        if explained.case is not None and explained.names is not None:
            self.sheet = SigningSheet(
                explained.case,
                explained.names.key_id,
                explained.names.timestamp,
                explained.known.keys,
                explained.redactor.is_secret_name,
            )
        self.diagnosis: Diagnosis | None = None
        self._edited: SheetLine | None = None
        super().__init__()

    @property
    def _app(self) -> AppBase:
        return cast("AppBase", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="signature-title", classes="title-line", markup=False)
        with Container(id="signature-middle"):
            yield InputList(id="signature-inputs", markup=False, compact=True)
            yield LinesView(id="signature-view")
        yield Input(id="signature-edit", compact=True)
        yield PasteBox(id="signature-theirs", placeholder=_PASTE if self.sheet else _PASTE_TOKEN)
        yield KeyBar()

    def on_mount(self) -> None:
        """Show everything, and check a history entry for consistency."""
        self.query_one("#signature-title", Static).update(_title(self.explained))
        self.set_class(self.sheet is None, "-plain")
        self._fill()
        self._listing.highlighted = 0 if self.sheet is not None else None
        box = self.query_one(PasteBox)
        box.border_title = "Their request"
        (self._listing if self.sheet is not None else box).focus()
        self._show()
        self._compare()

    def on_resize(self) -> None:
        self._show_keys()

    def on_descendant_focus(self) -> None:
        """Show the keys of the focused widget."""
        self._show_keys()

    # --- display -----------------------------------------------------------------------------------------------------

    @property
    def _listing(self) -> InputList:
        return self.query_one(InputList)

    def _fill(self) -> None:
        """Update the inputs and keep the highlight."""
        if self.sheet is None:
            return
        listing, lines = self._listing, self.sheet.lines()
        prompts = [_line_text(line) for line in lines]
        if listing.option_count != len(prompts):
            listing.clear_options()
            listing.add_options([Option(prompt) for prompt in prompts])
        else:
            for index, prompt in enumerate(prompts):
                listing.replace_option_prompt_at_index(index, prompt)

    def _show(self) -> None:
        self.query_one(LinesView).show_for(self._rows)

    def _rows(self, width: int) -> list[Row]:
        rows: list[Row] = []
        if self.diagnosis is not None and self.diagnosis.kind != "nothing":
            rows += [*diagnosis_rows(self.diagnosis, width), Row()]
        for note in self.explained.notes:
            rows += labelled_rows("note", note, width, label_kind="warn")
        if self.sheet is None:
            return rows + step_rows(self.explained.steps, width)
        case, start = self.sheet.case, self.sheet.start
        if self.sheet.changed:
            rows += labelled_rows("changed", ", ".join(self.sheet.changes()), width, "warn", "warn")
            rows.append(exact_row("before", start.sign(start.base), "dim"))
        steps = steps_of(case, self.explained.masked)
        results = [step for step in steps if step.title in ("Base string", "Signature")]
        rows += [exact_row("base" if step.literal else "signature", make_visible(step.text)) for step in results]
        return [*rows, Row(), *step_rows((step for step in steps if step not in results), width)]

    def _show_keys(self) -> None:
        focused = self.focused
        if isinstance(focused, Input):
            self.show_keys(["signature.take"], "signature.leave_input")
        elif isinstance(focused, TextArea):
            self.show_keys(["signature.leave_box"], "paste.leave")
        else:
            on_input = ("signature.type", "signature.turn") if focused is self._listing else ()
            of_sheet = ("signature.time", "signature.undo", "signature.copy") if self.sheet else ()
            keys = (*on_input, "signature.paste", *of_sheet, "signature.clear", "signature.scroll_down")
            self.show_keys(keys, "signature.close")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable letter keys while the user types, and input actions if there is no recipe."""
        typing = isinstance(self.focused, Input | TextArea)
        if typing and action in ("paste", "clear", "time", "undo", "copy", "copy_signature", "scroll"):
            return False
        if action in ("turn", "time", "undo", "copy", "copy_signature"):
            return self.sheet is not None
        return super().check_action(action, parameters)

    # --- comparison --------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="diagnose", exit_on_error=False, description="diagnose")
    async def _compare(self) -> None:
        """Compare the inputs with the pasted text. Without any, check a history entry for consistency."""
        await asyncio.sleep(PAUSE)
        text, case = self.query_one(PasteBox).raw, self.sheet.case if self.sheet is not None else None
        try:
            if text.strip():
                self.diagnosis = await asyncio.to_thread(self.explained.diagnose, text, case)
            else:
                unchanged = self.sheet is None or not self.sheet.changed
                self.diagnosis = await asyncio.to_thread(self.explained.is_self_consistent) if unchanged else None
        except ExplorerError as error:
            self.diagnosis = None
            self.tell(error.sentence, severity="warning")
        self._show()

    @on(TextArea.Changed)
    def _pasted_changed(self) -> None:
        self._compare()

    def _changed(self, sheet: SigningSheet) -> None:
        self.sheet = sheet
        self._fill()
        self._show()
        self._compare()

    # --- inputs ------------------------------------------------------------------------------------------------------

    def _line(self) -> SheetLine | None:
        index = self._listing.highlighted
        return None if self.sheet is None or index is None else self.sheet.lines()[index]

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        """Edit the value, or switch to the next choice."""
        line = self._line()
        if line is None or self.sheet is None:
            return
        if not line.editable:
            self.action_turn(1)
            return
        self._edited = line
        box = self.query_one("#signature-edit", Input)
        box.password = line.secret
        box.placeholder = "type the secret; it is only kept on this screen" if line.kind == "key" else ""
        box.value = sanitize_line(self.sheet.text_of(line))
        self.add_class("-editing")
        box.focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        line, sheet = self._edited, self.sheet
        if line is not None and sheet is not None and event.value != sanitize_line(sheet.text_of(line)):
            self._changed(sheet.typed(line, event.value))
        self._stop_editing()

    def _stop_editing(self) -> None:
        self._edited = None
        box = self.query_one("#signature-edit", Input)
        box.value, box.password = "", False
        self.remove_class("-editing")
        self._listing.focus()

    def action_turn(self, step: int) -> None:
        """Switch the input to its next choice; exclude or include a parameter."""
        line = self._line()
        if line is None or self.sheet is None:
            return
        if line.kind == "path":
            self.tell("Press enter to edit the path.")
            return
        self._changed(self.sheet.with_next_choice(line, step))

    def action_time(self) -> None:
        """Sign with the current time."""
        line = next((line for line in self.sheet.lines() if line.kind == "time"), None) if self.sheet else None
        if line is not None and self.sheet is not None:
            self._changed(self.sheet.typed(line, str(int(self._app.session.now()))))

    def action_undo(self) -> None:
        """Reset every input."""
        if self.sheet is not None:
            self._changed(self.sheet.back())

    # --- box, copy, close --------------------------------------------------------------------------------------------

    def action_paste(self) -> None:
        """Focus the box."""
        self.query_one(PasteBox).focus()

    def action_clear(self) -> None:
        """Clear the box."""
        self.query_one(PasteBox).text = ""

    def on_paste_box_left(self) -> None:
        """Leave the box."""
        (self._listing if self.sheet is not None else self.query_one(LinesView)).focus()

    def action_copy(self) -> None:
        """Copy the base string, with secrets masked."""
        if self.sheet is not None:
            self.app.copy_to_clipboard(self.explained.masked(self.sheet.case.base))
            self.tell("Copied the base string.")

    def action_copy_signature(self) -> None:
        """Copy the signature."""
        if self.sheet is not None:
            case = self.sheet.case
            self.app.copy_to_clipboard(case.sign(case.base))
            self.tell("Copied the signature.")

    def action_scroll(self, step: int) -> None:
        """Scroll the result, regardless of the focus."""
        view = self.query_one(LinesView)
        view.scroll_relative(y=step * max(1, view.size.height // 2), animate=False)

    def action_close(self) -> None:
        """Leave the input or the box, or close."""
        if self._edited is not None:
            self._stop_editing()
        elif isinstance(self.focused, TextArea):
            self.on_paste_box_left()
        else:
            self.dismiss(None)


def _title(explained: SigningExplanation) -> Content:
    entry = f" · entry {explained.number}" if explained.number else ""
    return Content.assemble(
        ("Signature debugger", "bold"),
        f"  {sanitize_line(explained.call.address)} · {sanitize_line(explained.call.environment)}{entry}",
        (f"  {sanitize_line(explained.title)}", MUTED),
    )


_NAMES: Final = 15
"""Width of the name column, in cells. A longer name shifts its value."""
_MARKS: Final = {True: "● ", False: "○ ", None: "  "}


def _line_text(line: SheetLine) -> Content:
    """Return the line of an input: mark, name and value, with changes highlighted."""
    style = "bold $text-warning" if line.changed else ""
    value = make_visible(line.shown) if line.kind in ("part", "time", "path") else sanitize_line(line.shown)
    name = f"{sanitize_line(line.label):<{_NAMES}}"
    out = "  excluded" if line.on is False else ""
    return Content.assemble(
        (_MARKS[line.on], style or MUTED),
        (name, "bold" if line.on is not False else MUTED),
        " ",
        (value, style),
        (out, MUTED),
    )
