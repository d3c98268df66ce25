"""Why a call was refused: what may be the reason, each with its evidence, the likeliest first; and the one key that
mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.explain.refusals.facts import STATES
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import BY_ID, keys_of, shown
from explorer.tui.screens.closing import ClosingScreen
from explorer.tui.styles import MUTED
from explorer.tui.widgets.key_bar import Hint, KeyBar

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from explorer.core.exchange import Exchange
    from explorer.core.explain.refusals import Explanation, Finding
    from explorer.core.explain.refusals.facts import Mend, State
    from explorer.tui.app import ExplorerApp

Wanted = tuple["Mend", str]
"""What a person wants to do about it, and the field or reading that it is about."""
_SIGNS: Final[dict[State, tuple[str, str]]] = {
    "holds": ("✗", "$text-error"),
    "unknown": ("?", "$text-warning"),
    "not": ("·", MUTED),
}
_ACTIONS: Final[dict[Mend, str]] = {
    "signature": "signature",
    "credentials": "credentials",
    "login": "login",
    "environment": "environment",
    "readings": "readings",
    "method": "method",
    "again": "send",
    "field": "guilty_field",
    "headers": "pane_request",
}
"""What mends it → the action whose key does it, also here."""
_DOES: Final[dict[Mend, str]] = {
    "signature": "opens the signature debugger",
    "credentials": "asks for the credentials",
    "login": "logs in",
    "environment": "chooses the environment",
    "readings": "chooses the reading",
    "method": "switches the method",
    "again": "sends it again",
    "field": "goes to the field",
    "headers": "goes to the headers",
}


class RefusalScreen(ClosingScreen[Wanted | None]):
    """The findings over one exchange; dismissed with what to do about it."""

    TITLE = "Why refused"
    HELP = (
        "What may be the reason, the likeliest first, each with its evidence: how long it held when this call went "
        "through, and what the vendor said. The key named in the footer mends it."
    )
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    RefusalScreen {
        layout: vertical; background: $background; color: $foreground;
        & > #refusal-title { height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #refusal-headline { height: auto; max-height: 6; padding: 1; }
        & > OptionList {
            height: 1fr; border: none; padding: 0 1; background: $background; scrollbar-size-vertical: 1;
            & > .option-list--option-highlighted { background: $boost; color: $foreground; text-style: none; }
            &:focus > .option-list--option-highlighted { background: $primary 30%; color: $foreground; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="refusal.close", tooltip="Back to where you were"),
        Binding("j", "move(1)", "Down", show=False, id="refusal.down", tooltip="The finding below"),
        Binding("k", "move(-1)", "Up", show=False, id="refusal.up", tooltip="The finding above"),
        Binding("y", "copy", "Copy", id="refusal.copy", tooltip="Copy the explanation"),
        *(
            Binding(BY_ID[action].keys, f"mend('{mend}')", show=False, id=f"refusal.{mend}", tooltip=_DOES[mend])
            for mend, action in _ACTIONS.items()
        ),
    ]

    def __init__(self, exchange: Exchange, explanation: Explanation) -> None:
        self.exchange = exchange
        self.explanation = explanation
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(self._title(), id="refusal-title", markup=False)
        yield Static(self._headline(), id="refusal-headline", markup=False)
        yield OptionList(*(Option(self._finding(one)) for one in self.explanation.findings), markup=False, compact=True)
        yield KeyBar()

    def on_mount(self) -> None:
        """The likeliest first."""
        listing = self.query_one(OptionList)
        top = self.explanation.top
        listing.highlighted = self.explanation.findings.index(top) if top is not None else 0
        listing.focus()

    def on_resize(self) -> None:
        self._show_keys()

    @property
    def _app(self) -> ExplorerApp:
        return cast("ExplorerApp", self.app)

    @property
    def current(self) -> Finding | None:
        """The highlighted finding."""
        at = self.query_one(OptionList).highlighted
        return self.explanation.findings[at] if at is not None and self.explanation.findings else None

    # --- words -------------------------------------------------------------------------------------------------------

    def _title(self) -> Content:
        call, number = self.exchange.call, self.exchange.id
        entry = f" · entry {number}" if number else ""
        return Content.assemble(
            ("Why refused", "bold"), f"  {sanitize_line(call.address)} · {sanitize_line(call.environment)}{entry}"
        )

    def _headline(self) -> Content:
        refusal, top = self.explanation, self.explanation.top
        style = _SIGNS[top.state][1] if top is not None else "$text-warning"
        said = f': "{sanitize_line(refusal.said)}"' if refusal.said else ""
        answered = f"The vendor answers {refusal.status}{said}" if refusal.status else "There was no answer to the call"
        return Content.assemble(
            (answered, MUTED),
            "\n",
            (sanitize_line(refusal.headline[:1].upper() + refusal.headline[1:]), f"bold {style}"),
        )

    def _finding(self, one: Finding) -> Content:
        sign, style = _SIGNS[one.state]
        first = Content.assemble((f"{sign} ", f"bold {style}"), (one.title, "" if one.state == "not" else "bold"))
        lines = [Content.assemble(first, (f" · {STATES[one.state]}", style))]
        lines.append(Content.styled(f"  {sanitize_line(one.evidence)}", MUTED if one.state == "not" else ""))
        if one.mend and one.state != "not":
            key = f"  {self._key(one.key)} {_DOES[one.key]}" if one.key else ""
            lines.append(Content.assemble("  → ", one.mend, (key, "$footer-key-foreground bold")))
        return Content("\n").join(lines)

    def _key(self, mend: Mend) -> str:
        return shown(keys_of(_ACTIONS[mend], self._app.session.settings.keymap)[0])

    def _show_keys(self) -> None:
        one = self.current
        hints = [Hint("j k", "move")]
        if one is not None and one.key and one.state != "not":
            hints.insert(0, Hint("enter", _DOES[one.key]))
        self.query_one(KeyBar).show([*hints, Hint("y", "copy", "copy")], [Hint("esc", "close", "close")])

    async def on_key_bar_pressed(self, event: KeyBar.Pressed) -> None:
        """A key in the footer was clicked."""
        await self.run_action(event.run)

    # --- what a person does ------------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_keys()

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        one = self.current
        if one is None or not one.key or one.state == "not":
            self._app.tell("Nothing is to be mended about that.")
        else:
            self.dismiss((one.key, one.where))

    def action_mend(self, mend: Mend) -> None:
        """What that key does elsewhere, for the finding that asks for it."""
        wanted = [one for one in self.explanation.findings if one.key == mend and one.state != "not"]
        current = self.current
        where = current.where if current in wanted and current is not None else wanted[0].where if wanted else ""
        self.dismiss((mend, where))

    def action_move(self, step: int) -> None:
        """The finding below or above."""
        listing = self.query_one(OptionList)
        listing.action_cursor_down() if step > 0 else listing.action_cursor_up()

    def action_copy(self) -> None:
        """Copy what was found, as text."""
        lines = [self.explanation.headline]
        lines += [f"{STATES[one.state]}: {one.title}: {one.evidence}" for one in self.explanation.findings]
        self.app.copy_to_clipboard("\n".join(lines))
        self._app.tell("Copied the explanation.")

    def action_close(self) -> None:
        """Back to where it was asked for."""
        self.dismiss(None)
