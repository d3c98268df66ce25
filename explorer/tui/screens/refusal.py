"""Why a call was refused: what may be the reason, each with its evidence, the likeliest first; and the one key that
mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.explain.refusals.facts import CHECK_STATES
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import BY_ID, bindings, label_of
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.screens import ListScreen
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.explain.refusals import CheckResult, Explanation
    from explorer.core.explain.refusals.facts import CheckState, Fix
    from explorer.core.model import Exchange
    from explorer.tui.kit.screens import KeyHint

FixRequest = tuple["Fix", str]
"""What a person wants to do about it, and the field or reading that it is about."""
_SIGNS: Final[dict[CheckState, tuple[str, str]]] = {
    "holds": ("✗", "$text-error"),
    "unknown": ("?", "$text-warning"),
    "not": ("·", MUTED),
}


class RefusalScreen(ListScreen[FixRequest | None]):
    """The findings over one exchange; dismissed with what to do about it."""

    TITLE = "Why refused"
    HELP = (
        "What may be the reason, the likeliest first, each with its evidence: how long it held when this call went "
        "through, and what the vendor said. The key named in the footer mends it."
    )
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    RefusalScreen {
        & > #refusal-headline { height: auto; max-height: 6; padding: 1; }
        & > OptionList {
            height: 1fr; border: none; padding: 0 1; background: $background; scrollbar-size-vertical: 1;
            & > .option-list--option-highlighted { background: $boost; color: $foreground; text-style: none; }
            &:focus > .option-list--option-highlighted { background: $primary 30%; color: $foreground; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("refusal")

    def __init__(self, exchange: Exchange, explanation: Explanation) -> None:
        self.exchange = exchange
        self.explanation = explanation
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(self._title(), id="refusal-title", classes="title-line", markup=False)
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
    def current(self) -> CheckResult | None:
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
        said = f': "{sanitize_line(refusal.vendor_message)}"' if refusal.vendor_message else ""
        answered = f"The vendor answers {refusal.status}{said}" if refusal.status else "There was no answer to the call"
        return Content.assemble(
            (answered, MUTED),
            "\n",
            (sanitize_line(refusal.headline[:1].upper() + refusal.headline[1:]), f"bold {style}"),
        )

    def _finding(self, one: CheckResult) -> Content:
        sign, style = _SIGNS[one.state]
        first = Content.assemble((f"{sign} ", f"bold {style}"), (one.title, "" if one.state == "not" else "bold"))
        lines = [Content.assemble(first, (f" · {CHECK_STATES[one.state]}", style))]
        lines.append(Content.styled(f"  {sanitize_line(one.evidence)}", MUTED if one.state == "not" else ""))
        if one.fix and one.state != "not":
            key = f"  {self._key(one.key)} {_fix_help(one.key)}" if one.key else ""
            lines.append(Content.assemble("  → ", one.fix, (key, "$footer-key-foreground bold")))
        return Content("\n").join(lines)

    def _key(self, mend: Fix) -> str:
        return label_of(f"refusal.{mend}", self.host.keymap)

    def _show_keys(self) -> None:
        one = self.current
        keys: list[KeyHint] = ["refusal.down", "refusal.copy"]
        if one is not None and one.key and one.state != "not":
            keys.insert(0, ("refusal.fix", _fix_help(one.key)))
        self.show_keys(keys, "refusal.close")

    # --- what a person does ------------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_keys()

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        one = self.current
        if one is None or not one.key or one.state == "not":
            self.tell("Nothing is to be mended about that.")
        else:
            self.dismiss((one.key, one.where))

    def action_mend(self, mend: Fix) -> None:
        """What that key does elsewhere, for the finding that asks for it."""
        wanted = [one for one in self.explanation.findings if one.key == mend and one.state != "not"]
        current = self.current
        where = current.where if current in wanted and current is not None else wanted[0].where if wanted else ""
        self.dismiss((mend, where))

    def action_copy(self) -> None:
        """Copy what was found, as text."""
        lines = [self.explanation.headline]
        lines += [f"{CHECK_STATES[one.state]}: {one.title}: {one.evidence}" for one in self.explanation.findings]
        self.app.copy_to_clipboard("\n".join(lines))
        self.tell("Copied the explanation.")


def _fix_help(fix: Fix) -> str:
    """Return what the key of *fix* does, in a few words."""
    return BY_ID[f"refusal.{fix}"].help
