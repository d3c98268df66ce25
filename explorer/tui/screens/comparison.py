"""Two exchanges side by side: summary, changes by path, aligned lines. Computed in the background."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.diff.changes import ComparisonCancelled
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.screens import ListScreen
from explorer.tui.panes.comparison.change_list import ChangeList
from explorer.tui.panes.comparison.diff_view import DiffView
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from explorer.core.diff import BodyJob, Change, Comparison, DiffPart
    from explorer.core.diff.changes import Side
    from explorer.core.model import Exchange
    from explorer.session.context import SessionContext
    from explorer.tui.kit.screens import KeyHint

    SettingsChange = Callable[[SessionContext, str, str], Awaitable[tuple[str, ...]]]


LARGE: Final = 1 << 20
"""Total size of two bodies, in bytes, above which another process compares them."""
YIELD_AFTER: Final = 0.02
"""Seconds after which the comparing thread yields to others."""


class ComparisonRun(ListScreen[None]):
    """Compares ``sides``. ``start`` may be called again while an earlier run is in progress."""

    @dataclass
    class TooLarge(Message):
        """Two bodies are too large to compare in this process."""

        job: BodyJob
        number: int

    def __init__(self, session: SessionContext, left: Exchange, right: Exchange) -> None:
        self.session = session
        self.sides = left, right
        self.comparison: Comparison | None = None
        self.masking = True
        self._run_number = 0
        super().__init__()

    @work(exclusive=True, group="compare-open", exit_on_error=False, description="compare")
    async def start(self) -> None:
        """Compare from the beginning."""
        from explorer.core.diff.volatile import NOTHING
        from explorer.session.comparison import open_comparison

        self._run_number += 1
        number = self._run_number
        try:
            self.comparison = await open_comparison(
                self.session, *self.sides, volatile=None if self.masking else NOTHING
            )
        except ExplorerError as error:
            self.tell(error.sentence, severity="error")
            return
        self._run(self.comparison, number)
        self.began()

    def began(self) -> None:
        """Called when a comparison has been created and not yet run."""
        raise NotImplementedError

    @work(thread=True, group="compare", exit_on_error=False, description="compare")
    def _run(self, comparison: Comparison, number: int) -> None:
        last = time.monotonic()

        def tick() -> None:
            nonlocal last
            if number != self._run_number:
                raise ComparisonCancelled
            if time.monotonic() - last > YIELD_AFTER:
                time.sleep(0.001)  # let the UI thread paint
                last = time.monotonic()

        def run_apart(job: BodyJob) -> bool:
            large = len(job.bodies[0]) + len(job.bodies[1]) > LARGE
            if large:
                self.post_message(self.TooLarge(job, number))
            return large

        try:
            comparison.run(tick, run_apart)
        except ComparisonCancelled:
            return

    @on(TooLarge)
    def _too_large(self, event: TooLarge) -> None:
        event.stop()
        self._walk_in_process(event.job, event.number)

    @work(group="compare-apart", exit_on_error=False, description="compare large bodies")
    async def _walk_in_process(self, job: BodyJob, number: int) -> None:
        """Compare large bodies in another process."""
        from explorer.core.diff.worker import apply_batch, job_header
        from explorer.tui.body.child_process import WorkerProcess

        child = WorkerProcess("explorer.core.diff.worker")
        try:
            await child.start(job_header(job), b"".join(job.bodies))
            while not job.part.done and number == self._run_number:
                batch = await child.line()
                apply_batch(job, batch, await child.read(batch["size"]))
        except (OSError, EOFError):
            job.part.note, job.part.done = "comparison failed before the end", True
        finally:
            child.end()

    async def on_unmount(self) -> None:
        """Stop the thread at its next tick, and the other process now."""
        from explorer.tui.body.child_process import wait_for_ended

        self._run_number += 1
        self.workers.cancel_group(self, "compare-apart")
        await wait_for_ended()


GROW: Final = 0.03
"""Seconds between two progress checks of the comparison."""
SHOW: Final = 8
"""Progress checks between two updates of the screen."""
_BOTH: Final[tuple[Side, Side]] = ("response", "request")


class ComparingScreen(ComparisonRun):
    """Compares *left* and *right*, named by *titles*. *note* is a line above the comparison, or empty."""

    TITLE = "Compare"
    HELP = (
        "Two exchanges side by side: - is only on the left, + only on the right, ~ differs, ≈ is volatile (times, "
        "signatures, tokens) and masked. ] switches between response and request."
    )
    AUTO_FOCUS = ""
    BESIDE = 160
    DEFAULT_CSS = """
    ComparingScreen {
        & > #compare-headline { height: auto; max-height: 3; padding: 0 1; text-style: bold; }
        & > #compare-tabs { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #compare-middle { height: 1fr; layout: vertical; }
        & #compare-list {
            height: 2; border-top: solid $foreground 30%;
        }
        &.-beside #compare-middle { layout: horizontal; }
        &.-beside #compare-list {
            width: 56; border-top: none; border-left: solid $foreground 30%;
        }
        &.-unlisted #compare-list { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("compare")

    def __init__(
        self,
        session: SessionContext,
        left: Exchange,
        right: Exchange,
        titles: tuple[str, str] = ("", ""),
        note: str = "",
    ) -> None:
        self._titles = titles
        self._note = sanitize_line(note)
        self.side: Side = "response"
        self.everything = False
        self._shown_parts: list[DiffPart] = []
        self._ticker: Timer | None = None
        self._growths = 0
        self._headline = ""
        super().__init__(session, left, right)

    def compose(self) -> ComposeResult:
        yield Static(id="compare-title", classes="title-line", markup=False)
        yield Static(id="compare-headline", markup=False)
        yield Static(id="compare-tabs", markup=False)
        with Vertical(id="compare-middle"):
            yield DiffView(id="compare-view")
            yield ChangeList(id="compare-list")
        yield KeyBar()

    def on_mount(self) -> None:
        """Start to compare."""
        self.query_one(DiffView).focus()
        self._show_keys()
        self.start()

    def _arrange(self) -> None:
        super()._arrange()
        self._give_room(self.query_one(ChangeList))

    # --- while it runs -----------------------------------------------------------------------------------------------

    def began(self) -> None:
        self._shown_parts = []
        self._show_title()
        self._show_side()
        if self._ticker is None:
            self._ticker = self.set_interval(GROW, self._grow)

    def _grow(self) -> None:
        comparison = self.comparison
        if comparison is None:
            return
        done = comparison.done
        self._shown_parts[:] = comparison.of(self.side)
        self._growths += 1
        show = done or self._growths % SHOW == 1
        more = self.query_one(DiffView).grow(show=show)
        if show:
            self._show_headline()
            self._grow_list()
        if done and not more and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
            self._show_tabs()
            view = self.query_one(DiffView)
            if view.cursor == 0:
                view.go_on(1)

    # --- what is shown -----------------------------------------------------------------------------------------------

    def _show_side(self) -> None:
        comparison = self.comparison
        if comparison is None:
            return
        self._shown_parts = comparison.of(self.side)
        self.query_one(ChangeList).show(self._shown_parts)
        self.query_one(DiffView).show(self._shown_parts, everything=self.everything)
        self._show_headline()
        self._grow_list()
        if self._ticker is None:
            self._ticker = self.set_interval(GROW, self._grow)

    def _show_title(self) -> None:
        parts: list[Content | str | tuple[str, str]] = []
        for title, exchange, sign in zip(self._titles, self.sides, ("-", "+"), strict=True):
            name = title or (f"entry {exchange.id}" if exchange.id else exchange.call.address)
            parts += [(f" {sign} ", "bold"), sanitize_line(name), "  "]
        self.query_one("#compare-title", Static).update(Content.assemble(*parts))

    def _show_headline(self) -> None:
        comparison = self.comparison
        if comparison is None:
            return
        lines = [self._note] if self._note else []
        lines.append(sanitize_line(comparison.headline) + ("" if comparison.done else " · comparing …"))
        text = "\n".join(lines)
        if text != self._headline:  # an update triggers a new layout
            self._headline = text
            self.query_one("#compare-headline", Static).update(Content(text))
        self._show_tabs()

    def _show_tabs(self) -> None:
        comparison = self.comparison
        if comparison is None:
            return
        tabs: list[Content | str | tuple[str, str]] = []
        for number, side in enumerate(_BOTH, 1):
            count = comparison.found(side)
            style = "bold reverse" if side == self.side else MUTED
            tabs += [(f" {number} {side.capitalize()} {count:,} ", style), " "]
        view = self.query_one(DiffView)
        if view.change_count:
            tabs.append((f"  change {view.stop} of {view.change_count:,}", MUTED))
        if not self.masking:
            tabs.append(("  masking is off", "$text-warning"))
        self.query_one("#compare-tabs", Static).update(Content.assemble(*tabs), layout=False)

    def _grow_list(self) -> None:
        listing = self.query_one(ChangeList)
        before = listing.count
        listing.grow()
        if bool(before) != bool(listing.count):
            self.set_class(not listing.count, "-unlisted")
        self._give_room(listing)

    def _give_room(self, listing: ChangeList) -> None:
        """Size the list: one line per change, at most a third of the screen."""
        if self.has_class("-beside"):
            listing.styles.height = "1fr"
        else:
            listing.styles.height = max(1, min(listing.count, self.size.height // 3 - 1)) + 1

    def _show_keys(self) -> None:
        keys: list[KeyHint] = [
            "compare.next",
            ("compare.all", "only changes" if self.everything else "all lines"),
            ("compare.side", "request" if self.side == "response" else "response"),
            "compare.ignore",
            ("compare.mask", "mask" if not self.masking else "unmask"),
            "compare.swap",
            "compare.list",
            "compare.copy",
            "compare.ignored",
        ]
        self.show_keys(keys, "compare.close")

    # --- actions ---------------------------------------------------------------------------------------------------

    @on(DiffView.Moved)
    def _moved(self, event: DiffView.Moved) -> None:
        self._show_tabs()
        if event.row.change:
            self.query_one(ChangeList).follow(event.row.part, event.row.change)

    @on(DiffView.FoldChosen)
    def _unfold(self) -> None:
        self.action_everything()

    @on(ChangeList.Highlighted)
    def _highlighted(self, event: ChangeList.Highlighted) -> None:
        self.query_one(DiffView).go_to_change(event.part, event.change)
        if isinstance(event, ChangeList.Chosen):
            self.query_one(DiffView).focus()

    def action_close(self) -> None:
        """Go from the list to the lines, or close."""
        if self.query_one(ChangeList).has_focus:
            self.query_one(DiffView).focus()
        else:
            self.dismiss(None)

    def action_go_on(self, step: int) -> None:
        """Go to the next or previous change."""
        if not self.query_one(DiffView).go_on(step):
            self.tell("No further change." if step > 0 else "No earlier change.")

    def action_everything(self) -> None:
        """Show all lines, or only the changes with their context."""
        self.everything = not self.everything
        change = self._current()
        self._show_side()
        self._show_keys()
        if change is not None:
            self.query_one(DiffView).go_to_change(change[0], change[1])

    def action_side(self) -> None:
        """Switch between request and response."""
        self.side = "request" if self.side == "response" else "response"
        self._show_side()
        self._show_keys()

    def action_mask(self) -> None:
        """Show volatile values as changes, or mask them."""
        self.masking = not self.masking
        self._show_keys()
        self.start()

    def action_swap(self) -> None:
        """Swap left and right."""
        self.sides = self.sides[1], self.sides[0]
        self._titles = self._titles[1], self._titles[0]
        self.start()

    def action_list(self) -> None:
        """Show or hide the list of changes."""
        self.toggle_class("-unlisted")
        if self.has_class("-unlisted"):
            self.query_one(DiffView).focus()

    def action_copy(self) -> None:
        """Copy the path of the change at the cursor."""
        current = self._current()
        if current is None:
            self.tell("No change at the cursor. Press n for the next one.")
            return
        self.app.copy_to_clipboard(current[2].path)
        self.tell(f"Copied {sanitize_line(current[2].path)}.")

    def _current(self) -> tuple[int, int, Change] | None:
        """Return part, number and change at the cursor, None if there is none."""
        row = self.query_one(DiffView).row
        if not row.change or row.part >= len(self._shown_parts):
            return None
        return row.part, row.change, self._shown_parts[row.part].record.changes[row.change - 1]

    @work(exclusive=True, group="compare-ignore", exit_on_error=False, description="ignore")
    async def action_ignore(self) -> None:
        """Mask the field at the cursor in all future comparisons of the vendor."""
        from explorer.session.comparison import ignore_pattern

        current = self._current()
        if current is None or current[2].pattern in ("", "$") or current[2].pattern.startswith("line:"):
            self.tell("No field at the cursor to ignore. Press n for the next change.")
            return
        if current[2].masked:
            self.tell(f"{sanitize_line(current[2].path)} is already masked.")
            return
        await self._change_settings(
            ignore_pattern, current[2].pattern, f"Ignoring {current[2].pattern}. Press I to see them all."
        )

    async def _change_settings(self, change: SettingsChange, pattern: str, message: str) -> None:
        try:
            for note in await change(self.session, self.sides[0].call.vendor, pattern):
                self.tell(note, severity="warning")
        except ExplorerError as error:
            self.tell(error.sentence, severity="error")
            return
        self.tell(sanitize_line(message))
        self.start()

    @work(exclusive=True, group="compare-ignore", exit_on_error=False, description="ignored")
    async def action_ignored(self) -> None:
        """Show the ignored fields; stop ignoring one."""
        from explorer.session.comparison import ignored_patterns, stop_ignoring
        from explorer.tui.screens.comparison_dialogs import IgnoredDialog

        vendor = self.sides[0].call.vendor
        patterns = ignored_patterns(self.session, vendor)
        if not patterns:
            self.tell("No field is ignored. Press i on a change to ignore it. Volatile fields are masked anyway.")
            return
        chosen = await self.app.push_screen_wait(IgnoredDialog(vendor, patterns))
        if chosen:
            await self._change_settings(stop_ignoring, chosen, f"Comparing {chosen} again.")
