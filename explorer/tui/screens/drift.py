"""Drift on screen: where the answers in the history differ from the catalog; accepted one by one, or dismissed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.core.vendors.cell import counted
from explorer.errors import ExplorerError
from explorer.session.drift import Drift
from explorer.tui.screens.closing import ClosingScreen
from explorer.tui.widgets.drift_text import finding_line, finding_page
from explorer.tui.widgets.key_bar import Hint, KeyBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from explorer.core.drift import Finding
    from explorer.session.context import SessionContext

BESIDE: Final = 110
"""Columns from which the page stands beside the list."""
_HINTS: Final = (
    Hint("space", "Accept", "accept"),
    Hint("x", "Dismiss", "dismiss_finding"),
    Hint("enter", "Example", "example"),
    Hint("t", "Vendor", "one_vendor"),
    Hint("v", "All", "show_all"),
    Hint("r", "Again", "again"),
)


@dataclass(frozen=True)
class Looked:
    """What comes of the screen: an entry of the history to show (or 0), and whether the catalog is another."""

    entry: int = 0
    catalog: bool = False


class DriftScreen(ClosingScreen[Looked]):
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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="drift.close", tooltip="Back"),
        Binding("space,a", "accept", "Accept", id="drift.accept", tooltip="Take it over into your overlay"),
        Binding("x,delete", "dismiss_finding", "Dismiss", id="drift.dismiss", tooltip="Do not show it again, or do"),
        Binding("enter", "example", "Example", id="drift.example", tooltip="The answer that shows it"),
        Binding("t", "one_vendor", "Vendor", id="drift.vendor", tooltip="Only the vendor of this one, or all"),
        Binding("v", "show_all", "All", id="drift.all", tooltip="Also those that were dismissed"),
        Binding("r", "again", "Again", id="drift.again", tooltip="Look through the history again"),
        Binding("j", "move(1)", "Down", show=False, id="drift.down", tooltip="The finding below"),
        Binding("k", "move(-1)", "Up", show=False, id="drift.up", tooltip="The finding above"),
    ]

    def __init__(self, session: SessionContext, vendor: str = "") -> None:
        """*vendor*: the one that ``t`` narrows to at first; the screen begins with all."""
        self._session = session
        self._here = vendor
        self._narrowed = ""
        self._every = False
        self._catalog = False
        self._findings: list[Finding] = []
        self._drift = Drift()
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
        self.on_resize()
        self.query_one(OptionList).focus()
        self._look()

    def on_resize(self) -> None:
        """Beside each other where there is room."""
        self.set_class(self.size.width >= BESIDE, "-beside")

    # --- looking -----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="drift", exit_on_error=False, description="drift")
    async def _look(self) -> None:
        await self._find()

    async def _find(self) -> None:
        from explorer.session.drift import find

        title = self.query_one("#drift-title", Static)

        def tell(count: int) -> None:
            title.update(Content(f"Drift · {count} answers looked at …"))

        try:
            drift = await find(self._session, self._narrowed, every=True, tell=tell)
        except ExplorerError as error:
            self.query_one("#drift-page Static", Static).update(Content(sanitize_line(f"✗ {error.message}")))
            return
        self._drift = drift
        for problem in drift.problems:
            self._tell(problem, "warning")
        self._list()

    def _title(self, drift: Drift) -> str:
        where = self._narrowed or "all vendors"
        count = len(self._findings)
        words = [f"Drift · {where}", counted(count, "finding"), counted(drift.answers, "answer")]
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
        listing.add_options([Option(finding_line(one, hidden=one.key in self._drift.hidden)) for one in self._findings])
        listing.display = bool(self._findings)
        if self._findings:
            listing.highlighted = min(at, len(self._findings) - 1)
            listing.focus()
        else:
            self.query_one("#drift-page", VerticalScroll).focus()
            words = (
                "The history holds no answer that was well yet. Send something first."
                if not drift.answers
                else f"{counted(drift.answers, 'answer')} to {counted(drift.calls, 'call')}, and every one is as the "
                "catalog says."
            )
            self.query_one("#drift-page Static", Static).update(Content(words))
        self._show_keys()
        self._paint()

    def _show_keys(self) -> None:
        """Without a finding there is nothing to accept or to look at."""
        usable = {"again", *(("show_all",) if self._drift.hidden else ()), *(("one_vendor",) if self._narrowed else ())}
        hints = [one for one in _HINTS if self._findings or one.run in usable]
        self.query_one(KeyBar).show(hints, [Hint("esc", "Close", "close")])

    @property
    def _finding(self) -> Finding | None:
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
        from explorer.session.drift import accept

        one = self._finding
        if one is not None:
            self._catalog = True
            self._write(one, lambda: accept(self._session, one), f"Taken over: {one.title}. It is in your overlay.")

    def action_dismiss_finding(self) -> None:
        """Do not show the finding again; one that is dismissed comes back."""
        from explorer.session.drift import dismiss

        one = self._finding
        if one is not None:
            back = one.key in self._drift.hidden
            self._write(one, lambda: dismiss(self._session, one, back=back), "")

    @work(exclusive=False, group="writing", exit_on_error=False, description="writing")
    async def _write(self, one: Finding, write: Callable[[], tuple[str, ...] | None], done: str) -> None:
        """Write, one thing after the other however quickly the keys come, and look again."""
        async with self._writing:
            self.query_one("#drift-title", Static).update(Content(sanitize_line(f"Drift · writing {one.title} …")))
            try:
                notes = await asyncio.to_thread(write)
            except ExplorerError as error:
                self._tell(error.sentence, "warning")
                notes, done = (), ""
            for note in notes or ():
                self._tell(note, "warning")
            if done:
                self._tell(done)
            await self._find()

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_example()

    def action_example(self) -> None:
        """Show the newest answer in which it was seen."""
        one = self._finding
        if one is not None and one.entries:
            self.dismiss(Looked(max(one.entries), self._catalog))
        elif one is not None:
            self._tell("No entry of the history shows it.")

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

    def action_move(self, step: int) -> None:
        """The finding below or above."""
        listing = self.query_one(OptionList)
        listing.action_cursor_down() if step > 0 else listing.action_cursor_up()

    async def on_key_bar_pressed(self, event: KeyBar.Pressed) -> None:
        """A key in the footer was clicked."""
        await self.run_action(event.run)

    def action_close(self) -> None:
        """Back."""
        self.dismiss(Looked(0, self._catalog))

    def _tell(self, text: str, severity: str = "information") -> None:
        tell = getattr(self.app, "tell", None)
        if tell is not None:
            tell(text, severity=severity)
