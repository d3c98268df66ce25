"""Drift: where responses in the history differ from the catalog, with evidence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.core.vendor_comparison import pluralize
from explorer.errors import ExplorerError
from explorer.session.drift import DriftReport
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.screens import ListScreen
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.drift import DriftFinding
    from explorer.session.context import SessionContext


_MARKS: Final = {
    "retyped": ("≠", "$text-error"),
    "missing": ("−", "$text-error"),
    "new": ("+", "$text-success"),
    "value": ("∉", "$text-warning"),
    "limit": ("↕", "$text-warning"),
}


def render_finding_line(finding: DriftFinding, *, hidden: bool) -> Content:
    """Return the line of a finding: ``+ data[].gift_wrap  shop.orders_list``."""
    sign, style = _MARKS[finding.what]
    return Content.assemble(
        (f"{sign} ", f"bold {style}"),
        (sanitize_line(finding.place or "(the body)"), MUTED if hidden else "bold"),
        (f"  {sanitize_line(finding.vendor)}.{sanitize_line(finding.endpoint)}", MUTED),
        ("  dismissed" if hidden else "", "italic"),
    )


def finding_page(finding: DriftFinding, patches: Sequence[str], *, hidden: bool) -> Content:
    """Return the details of a finding. *patches* is the TOML that accepting it writes."""
    return Content("\n").join(_page(finding, patches, hidden))


def _page(finding: DriftFinding, patches: Sequence[str], hidden: bool) -> Iterator[Content]:
    sign, style = _MARKS[finding.what]
    yield Content.assemble((f"{sign} {sanitize_line(finding.title)}", f"bold {style}"))
    yield Content.styled(f"in {sanitize_line(finding.vendor)}.{sanitize_line(finding.endpoint)}", MUTED)
    yield Content("")
    yield Content.assemble(("Documented        ", MUTED), sanitize_line(finding.documented))
    yield Content.assemble(("Seen              ", MUTED), (sanitize_line(finding.seen), "bold"))
    share = f"{finding.count} of {finding.of}"
    entries = " ".join(f"#{number}" for number in finding.entries)
    yield Content.assemble(("Frequency         ", MUTED), share, (f"  in {entries}" if entries else "", MUTED))
    if finding.example:
        yield Content.assemble(("Example           ", MUTED), sanitize_line(finding.example))
    yield Content("")
    yield Content.styled("Accepting adds this to your overlay:", MUTED)
    for line in (line for text in patches for line in text.splitlines()):
        yield Content(f"  {sanitize_line(line)}")
    if hidden:
        yield Content.styled("Dismissed. Press x to restore it.", "italic")


_KEYS: Final = ("drift.accept", "drift.dismiss", "drift.example", "drift.vendor", "drift.all", "drift.again")


@dataclass(frozen=True)
class DriftOutcome:
    """The result of the screen: a history entry to show (or 0), and whether the catalog changed."""

    entry: int = 0
    catalog: bool = False


class DriftScreen(ListScreen[DriftOutcome]):
    """Lists the findings, from the newest responses."""

    TITLE = "Drift"
    HELP = (
        "Shows where responses in the history differ from the catalog. Accepting a finding adds it to your overlay, a "
        "catalog file of your own. Dismissed findings are hidden."
    )
    DEFAULT_CSS = """
    DriftScreen {
        layout: vertical;
        & > #drift-title { height: 1; background: $panel; padding: 0 1; text-style: bold; }
        & > #drift-box { height: 1fr; layout: vertical; }
        & #drift-list { height: auto; max-height: 50%; padding: 0 1; background: transparent; }
        & #drift-page { height: 1fr; border: round $border-blurred; padding: 0 1; }
        & #drift-page:focus { border: heavy $border; }
        & #drift-page > Static { height: auto; width: 1fr; }
        &.-beside > #drift-box { layout: horizontal; }
        &.-beside #drift-list { width: 1fr; height: 1fr; max-height: 100%; margin: 1 0 0 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("drift")

    def __init__(self, session: SessionContext, vendor: str = "") -> None:
        """Start with all vendors. *vendor* is the one that ``t`` narrows to if no finding is selected."""
        self._session = session
        self._here = vendor
        self._narrowed = ""
        self._show_dismissed = False
        self._catalog = False
        self._findings: list[DriftFinding] = []
        self._drift = DriftReport()
        self._writing = asyncio.Lock()
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield title, list, page and keys."""
        yield Static("Drift", id="drift-title", markup=False)
        with Container(id="drift-box"):
            yield OptionList(id="drift-list", markup=False, compact=True)
            with VerticalScroll(id="drift-page"):
                yield Static("Checking the history …", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Start to check."""
        self._show_keys()
        self.query_one(OptionList).focus()
        self._check()

    # --- checking ----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="drift", exit_on_error=False, description="drift")
    async def _check(self) -> None:
        await self._find()

    async def _find(self) -> None:
        from explorer.session.drift import find_drift

        title = self.query_one("#drift-title", Static)

        def show_count(count: int) -> None:
            title.update(Content(f"Drift · {count} responses checked …"))

        try:
            drift = await find_drift(self._session, self._narrowed, every=True, tell=show_count)
        except ExplorerError as error:
            self.query_one("#drift-page Static", Static).update(Content(sanitize_line(f"✗ {error.message}")))
            return
        self._drift = drift
        for problem in drift.problems:
            self.tell(problem, severity="warning")
        self._list()

    def _title(self, drift: DriftReport) -> str:
        where = self._narrowed or "all vendors"
        count = len(self._findings)
        parts = [f"Drift · {where}", pluralize(count, "finding"), pluralize(drift.answers, "response")]
        hidden = len(self._drift.hidden)
        return " · ".join([*parts, *([f"{hidden} dismissed"] if hidden else [])])

    def _list(self) -> None:
        """Show the findings, without dismissed ones unless the user wants them."""
        drift = self._drift
        self._findings = [
            finding for finding in drift.findings if self._show_dismissed or finding.key not in drift.hidden
        ]
        self.query_one("#drift-title", Static).update(Content(sanitize_line(self._title(drift))))
        listing = self.query_one(OptionList)
        index = listing.highlighted or 0
        listing.clear_options()
        listing.add_options(
            [
                Option(render_finding_line(finding, hidden=finding.key in self._drift.hidden))
                for finding in self._findings
            ]
        )
        listing.display = bool(self._findings)
        if self._findings:
            listing.highlighted = min(index, len(self._findings) - 1)
            listing.focus()
        else:
            self.query_one("#drift-page", VerticalScroll).focus()
            message = (
                "The history has no successful response yet. Send a request first."
                if not drift.answers
                else f"No drift: {pluralize(drift.answers, 'response')} to {pluralize(drift.calls, 'call')} "
                "match the catalog."
            )
            self.query_one("#drift-page Static", Static).update(Content(message))
        self._show_keys()
        self._paint()

    def _show_keys(self) -> None:
        """Show the usable keys: without a finding there is nothing to accept."""
        usable = {"drift.again"}
        if self._drift.hidden:
            usable.add("drift.all")
        if self._narrowed:
            usable.add("drift.vendor")
        self.show_keys([key for key in _KEYS if self._findings or key in usable], "drift.close")

    @property
    def _finding(self) -> DriftFinding | None:
        index = self.query_one(OptionList).highlighted
        return self._findings[index] if index is not None and index < len(self._findings) else None

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._paint()

    def _paint(self) -> None:
        from explorer.session.drift import patch_words

        finding = self._finding
        if finding is not None:
            page = finding_page(finding, patch_words(finding), hidden=finding.key in self._drift.hidden)
            self.query_one("#drift-page Static", Static).update(page)

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_accept(self) -> None:
        """Add the finding to the user's overlay."""
        from explorer.session.drift import accept_finding

        finding = self._finding
        if finding is not None:
            self._catalog = True
            self._write(
                finding, lambda: accept_finding(self._session, finding), f"Added to your overlay: {finding.title}."
            )

    def action_dismiss_finding(self) -> None:
        """Dismiss the finding, or restore it if it is dismissed."""
        from explorer.session.drift import dismiss_finding

        finding = self._finding
        if finding is not None:
            back = finding.key in self._drift.hidden
            self._write(finding, lambda: dismiss_finding(self._session, finding, back=back), "")

    @work(exclusive=False, group="writing", exit_on_error=False, description="writing")
    async def _write(self, finding: DriftFinding, write: Callable[[], tuple[str, ...] | None], done: str) -> None:
        """Write changes one at a time, then check again."""
        async with self._writing:
            self.query_one("#drift-title", Static).update(Content(sanitize_line(f"Drift · writing {finding.title} …")))
            try:
                notes = await asyncio.to_thread(write)
            except ExplorerError as error:
                self.tell(error.sentence, severity="warning")
                notes, done = (), ""
            for note in notes or ():
                self.tell(note, severity="warning")
            if done:
                self.tell(done)
            await self._find()

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_example()

    def action_example(self) -> None:
        """Show the newest response with this finding."""
        finding = self._finding
        if finding is not None and finding.entries:
            self.dismiss(DriftOutcome(max(finding.entries), self._catalog))
        elif finding is not None:
            self.tell("No history entry shows this finding.")

    def action_one_vendor(self) -> None:
        """Show only the vendor of the selected finding (or of the open call), or all vendors again."""
        finding = self._finding
        self._narrowed = "" if self._narrowed else finding.vendor if finding is not None else self._here
        self._check()

    def action_show_all(self) -> None:
        """Show or hide dismissed findings."""
        self._show_dismissed = not self._show_dismissed
        self._list()

    def action_again(self) -> None:
        """Check the history again."""
        self._check()

    def action_close(self) -> None:
        """Close the screen."""
        self.dismiss(DriftOutcome(0, self._catalog))
