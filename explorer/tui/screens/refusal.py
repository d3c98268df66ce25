"""Why a call was refused: possible causes with evidence, the most likely first, and the key that fixes each."""

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
"""The chosen fix, and the field or reading it concerns."""
_SIGNS: Final[dict[CheckState, tuple[str, str]]] = {
    "holds": ("✗", "$text-error"),
    "unknown": ("?", "$text-warning"),
    "not": ("·", MUTED),
}


class RefusalScreen(ListScreen[FixRequest | None]):
    """The findings about one exchange. Dismisses with the chosen fix."""

    TITLE = "Why refused"
    HELP = (
        "The possible causes, most likely first, each with its evidence from this exchange and from earlier calls that "
        "succeeded. The key in the footer applies the fix."
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
        yield OptionList(
            *(Option(self._finding(finding)) for finding in self.explanation.findings), markup=False, compact=True
        )
        yield KeyBar()

    def on_mount(self) -> None:
        """Select the most likely finding."""
        listing = self.query_one(OptionList)
        top = self.explanation.top
        listing.highlighted = self.explanation.findings.index(top) if top is not None else 0
        listing.focus()

    def on_resize(self) -> None:
        self._show_keys()

    @property
    def current(self) -> CheckResult | None:
        """The highlighted finding."""
        index = self.query_one(OptionList).highlighted
        return self.explanation.findings[index] if index is not None and self.explanation.findings else None

    # --- text --------------------------------------------------------------------------------------------------------

    def _title(self) -> Content:
        call, number = self.exchange.call, self.exchange.id
        entry = f" · entry {number}" if number else ""
        return Content.assemble(
            ("Why refused", "bold"), f"  {sanitize_line(call.address)} · {sanitize_line(call.environment)}{entry}"
        )

    def _headline(self) -> Content:
        refusal, top = self.explanation, self.explanation.top
        style = _SIGNS[top.state][1] if top is not None else "$text-warning"
        quote = f': "{sanitize_line(refusal.vendor_message)}"' if refusal.vendor_message else ""
        response = f"Response: {refusal.status}{quote}" if refusal.status else "The call got no response"
        return Content.assemble(
            (response, MUTED),
            "\n",
            (sanitize_line(refusal.headline[:1].upper() + refusal.headline[1:]), f"bold {style}"),
        )

    def _finding(self, finding: CheckResult) -> Content:
        sign, style = _SIGNS[finding.state]
        first = Content.assemble(
            (f"{sign} ", f"bold {style}"), (finding.title, "" if finding.state == "not" else "bold")
        )
        lines = [Content.assemble(first, (f" · {CHECK_STATES[finding.state]}", style))]
        lines.append(Content.styled(f"  {sanitize_line(finding.evidence)}", MUTED if finding.state == "not" else ""))
        if finding.fix and finding.state != "not":
            key = f"  {self._key(finding.key)} {_fix_help(finding.key)}" if finding.key else ""
            lines.append(Content.assemble("  → ", finding.fix, (key, "$footer-key-foreground bold")))
        return Content("\n").join(lines)

    def _key(self, fix: Fix) -> str:
        return label_of(f"refusal.{fix}", self.host.keymap)

    def _show_keys(self) -> None:
        finding = self.current
        keys: list[KeyHint] = ["refusal.down", "refusal.copy"]
        if finding is not None and finding.key and finding.state != "not":
            keys.insert(0, ("refusal.fix", _fix_help(finding.key)))
        self.show_keys(keys, "refusal.close")

    # --- actions ---------------------------------------------------------------------------------------------------

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_keys()

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        finding = self.current
        if finding is None or not finding.key or finding.state == "not":
            self.tell("This finding needs no fix.")
        else:
            self.dismiss((finding.key, finding.where))

    def action_fix(self, fix: Fix) -> None:
        """Dismiss with *fix*, for the finding it belongs to."""
        matches = [finding for finding in self.explanation.findings if finding.key == fix and finding.state != "not"]
        current = self.current
        where = current.where if current in matches and current is not None else matches[0].where if matches else ""
        self.dismiss((fix, where))

    def action_copy(self) -> None:
        """Copy the findings as text."""
        lines = [self.explanation.headline]
        lines += [
            f"{CHECK_STATES[finding.state]}: {finding.title}: {finding.evidence}"
            for finding in self.explanation.findings
        ]
        self.app.copy_to_clipboard("\n".join(lines))
        self.tell("Copied the explanation.")


def _fix_help(fix: Fix) -> str:
    """Return what the key of *fix* does, in a few words."""
    return BY_ID[f"refusal.{fix}"].help
