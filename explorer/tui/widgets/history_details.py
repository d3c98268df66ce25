"""What there is to say of one entry of the history: note, tags, origin and replays as links, what changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.core.text.units import format_local
from explorer.tui.actions import bindings
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.history import HistoryRow
    from explorer.session.remembering import EntryDetails

_MOST_LINKS = 50
HOW = {"again": "signed anew", "exact": "the same bytes", "form": "from the form", "": ""}
"""How a replay was made of its origin, in words."""


class HistoryDetails(Vertical):
    """Shown below the rows where there is room for it."""

    DEFAULT_CSS = """
    HistoryDetails {
        height: auto; max-height: 40%; border-top: solid $foreground 20%; display: none;
        & > VerticalScroll { height: auto; max-height: 8; scrollbar-size-vertical: 1; }
        & Static { padding: 0 1; height: auto; }
        & > OptionList {
            height: auto; max-height: 4; border: none; padding: 0; background: transparent; scrollbar-size-vertical: 1;
            text-wrap: nowrap; text-overflow: ellipsis; display: none;
            & > .option-list--option-highlighted { background: transparent; color: $foreground; text-style: none; }
            &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: bold;
            }
        }
        &.-links > OptionList { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("history_details")

    @dataclass
    class Followed(Message):
        """The entry of that number is wanted."""

        id: int

    def __init__(self) -> None:
        self._links: list[int] = []
        super().__init__()

    def compose(self) -> ComposeResult:
        """Text, and the links below it."""
        with VerticalScroll(can_focus=False):
            yield Static(markup=False)
        yield OptionList(markup=False, compact=True)

    def show(self, row: HistoryRow | None, details: EntryDetails | None) -> None:
        """Show what is known of *row*; *details* come later, since they are looked up."""
        self.query_one(Static).update(Content("") if row is None else _text(row, details))
        options: list[Content] = []
        self._links = []
        if row is not None and row.origin:
            how = HOW.get(details.replayed, "") if details is not None else ""
            options.append(Content(f"↻ replay of #{row.origin}{f', {how}' if how else ''}"))
            self._links.append(row.origin)
        for number in details.replays[:_MOST_LINKS] if details is not None else ():
            options.append(Content(f"→ replayed as #{number}"))
            self._links.append(number)
        listing = self.query_one(OptionList)
        listing.clear_options()
        listing.add_options([Option(one) for one in options])
        listing.highlighted = 0 if options else None
        self.set_class(bool(options), "-links")

    @on(OptionList.OptionSelected)
    def _followed(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Followed(self._links[event.option_index]))


def _text(row: HistoryRow, details: EntryDetails | None) -> Content:
    first = Content.assemble((f"#{row.id} ", "bold"), (sanitize_line(f"{row.method} {row.url}"[:2000]), ""))
    lines = [first, Content.styled(f"{format_local(row.started_at)} · {sanitize_line(row.environment)}", MUTED)]
    if row.tag_names:
        tags = " ".join(f"#{sanitize_line(tag)}" for tag in row.tag_names)
        lines.append(Content.assemble(("Tags: ", MUTED), (tags, "$text-accent")))
    if row.note:
        lines.append(Content.assemble(("Note: ", MUTED), sanitize(row.note)))
    if details is not None:
        lines += [Content.assemble(("Since: ", "$text-warning"), sanitize_line(one)) for one in details.changes]
        if not details.changes:
            lines.append(Content.styled("Nothing changed since: catalog, environment and credentials.", MUTED))
        lines += [Content.assemble(("Kept: ", "$text-warning"), sanitize_line(one)) for one in details.problems]
    return Content("\n").join(lines)
