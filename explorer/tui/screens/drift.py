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


def render_finding_line(one: DriftFinding, *, hidden: bool) -> Content:
    """``+ shop.orders_list  data[].gift_wrap``."""
    sign, style = _MARKS[one.what]
    return Content.assemble(
        (f"{sign} ", f"bold {style}"),
        (sanitize_line(one.place or "(the body)"), MUTED if hidden else "bold"),
        (f"  {sanitize_line(one.vendor)}.{sanitize_line(one.endpoint)}", MUTED),
        ("  dismissed" if hidden else "", "italic"),
    )


def finding_page(one: DriftFinding, patches: Sequence[str], *, hidden: bool) -> Content:
    """All about one finding."""
    return Content("\n").join(_page(one, patches, hidden))


def _page(one: DriftFinding, patches: Sequence[str], hidden: bool) -> Iterator[Content]:
    sign, style = _MARKS[one.what]
    yield Content.assemble((f"{sign} {sanitize_line(one.title)}", f"bold {style}"))
    yield Content.styled(f"in {sanitize_line(one.vendor)}.{sanitize_line(one.endpoint)}", MUTED)
    yield Content("")
    yield Content.assemble(("The catalog says  ", MUTED), sanitize_line(one.documented))
    yield Content.assemble(("Seen              ", MUTED), (sanitize_line(one.seen), "bold"))
    share = f"{one.count} of {one.of}"
    entries = " ".join(f"#{number}" for number in one.entries)
    yield Content.assemble(("How often         ", MUTED), share, (f"  in {entries}" if entries else "", MUTED))
    if one.example:
        yield Content.assemble(("Such as           ", MUTED), sanitize_line(one.example))
    yield Content("")
    yield Content.styled("Accepting it writes into your overlay:", MUTED)
    for line in (line for text in patches for line in text.splitlines()):
        yield Content(f"  {sanitize_line(line)}")
    if hidden:
        yield Content.styled("Dismissed; x shows it again.", "italic")


_KEYS: Final = ("drift.accept", "drift.dismiss", "drift.example", "drift.vendor", "drift.all", "drift.again")


@dataclass(frozen=True)
class DriftOutcome:
    """What comes of the screen: an entry of the history to show (or 0), and whether the catalog is another."""

    entry: int = 0
    catalog: bool = False


class DriftScreen(ListScreen[DriftOutcome]):
    """The findings, the newest answers considered first."""

    TITLE = "Drift"
    HELP = (
        "Where answers in the history differ from what the catalog says of them. What you accept goes into a file of "
        "your own, your overlay; what you dismiss is not shown again."
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
        """*vendor*: the one that ``t`` narrows to at first; the screen begins with all."""
        self._session = session
        self._here = vendor
        self._narrowed = ""
        self._every = False
        self._catalog = False
        self._findings: list[DriftFinding] = []
        self._drift = DriftReport()
        self._writing = asyncio.Lock()
        super().__init__()

    def compose(self) -> ComposeResult:
        """Title, list, page, keys."""
        yield Static("Drift", id="drift-title", markup=False)
        with Container(id="drift-box"):
            yield OptionList(id="drift-list", markup=False, compact=True)
            with VerticalScroll(id="drift-page"):
                yield Static("Looking through the history …", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Look at once."""
        self._show_keys()
        self.query_one(OptionList).focus()
        self._look()

    # --- looking -----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="drift", exit_on_error=False, description="drift")
    async def _look(self) -> None:
        await self._find()

    async def _find(self) -> None:
        from explorer.session.drift import find_drift

        title = self.query_one("#drift-title", Static)

        def tell(count: int) -> None:
            title.update(Content(f"Drift · {count} answers looked at …"))

        try:
            drift = await find_drift(self._session, self._narrowed, every=True, tell=tell)
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
        words = [f"Drift · {where}", pluralize(count, "finding"), pluralize(drift.answers, "answer")]
        hidden = len(self._drift.hidden)
        return " · ".join([*words, *([f"{hidden} dismissed"] if hidden else [])])

    def _list(self) -> None:
        """Show what was found, without what was dismissed unless that is wanted too."""
        drift = self._drift
        self._findings = [one for one in drift.findings if self._every or one.key not in drift.hidden]
        self.query_one("#drift-title", Static).update(Content(sanitize_line(self._title(drift))))
        listing = self.query_one(OptionList)
        at = listing.highlighted or 0
        listing.clear_options()
        listing.add_options(
            [Option(render_finding_line(one, hidden=one.key in self._drift.hidden)) for one in self._findings]
        )
        listing.display = bool(self._findings)
        if self._findings:
            listing.highlighted = min(at, len(self._findings) - 1)
            listing.focus()
        else:
            self.query_one("#drift-page", VerticalScroll).focus()
            words = (
                "The history holds no answer that was well yet. Send something first."
                if not drift.answers
                else f"{pluralize(drift.answers, 'answer')} to {pluralize(drift.calls, 'call')}, "
                "and every one is as the catalog says."
            )
            self.query_one("#drift-page Static", Static).update(Content(words))
        self._show_keys()
        self._paint()

    def _show_keys(self) -> None:
        """Without a finding there is nothing to accept or to look at."""
        usable = {"drift.again"}
        if self._drift.hidden:
            usable.add("drift.all")
        if self._narrowed:
            usable.add("drift.vendor")
        self.show_keys([key for key in _KEYS if self._findings or key in usable], "drift.close")

    @property
    def _finding(self) -> DriftFinding | None:
        at = self.query_one(OptionList).highlighted
        return self._findings[at] if at is not None and at < len(self._findings) else None

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._paint()

    def _paint(self) -> None:
        from explorer.session.drift import patch_words

        one = self._finding
        if one is not None:
            page = finding_page(one, patch_words(one), hidden=one.key in self._drift.hidden)
            self.query_one("#drift-page Static", Static).update(page)

    # --- what a person does ------------------------------------------------------------------------------------------

    def action_accept(self) -> None:
        """Take the finding over into the person's overlay."""
        from explorer.session.drift import accept_finding

        one = self._finding
        if one is not None:
            self._catalog = True
            self._write(
                one, lambda: accept_finding(self._session, one), f"Taken over: {one.title}. It is in your overlay."
            )

    def action_dismiss_finding(self) -> None:
        """Do not show the finding again; one that is dismissed comes back."""
        from explorer.session.drift import dismiss_finding

        one = self._finding
        if one is not None:
            back = one.key in self._drift.hidden
            self._write(one, lambda: dismiss_finding(self._session, one, back=back), "")

    @work(exclusive=False, group="writing", exit_on_error=False, description="writing")
    async def _write(self, one: DriftFinding, write: Callable[[], tuple[str, ...] | None], done: str) -> None:
        """Write, one thing after the other however quickly the keys come, and look again."""
        async with self._writing:
            self.query_one("#drift-title", Static).update(Content(sanitize_line(f"Drift · writing {one.title} …")))
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
        """Show the newest answer in which it was seen."""
        one = self._finding
        if one is not None and one.entries:
            self.dismiss(DriftOutcome(max(one.entries), self._catalog))
        elif one is not None:
            self.tell("No entry of the history shows it.")

    def action_one_vendor(self) -> None:
        """Only the vendor of the finding at the cursor, or of the open call; or all again."""
        one = self._finding
        self._narrowed = "" if self._narrowed else one.vendor if one is not None else self._here
        self._look()

    def action_show_all(self) -> None:
        """Also what was dismissed, or no more."""
        self._every = not self._every
        self._list()

    def action_again(self) -> None:
        """Look through the history again."""
        self._look()

    def action_close(self) -> None:
        """Back."""
        self.dismiss(DriftOutcome(0, self._catalog))
