"""The collection of all pages of a call: plan, progress, failed pages and findings. Replaces the verdict of a response.

new ─enter─► running ◄─space─► paused        running ─esc─► cancelled ─r─► running
                └──► done | incomplete ─r─► running (the failed pages first)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.model import Verdict
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_elapsed
from explorer.tui.actions import bindings
from explorer.tui.panes.response.verdict_view import badge
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

_BAR: Final = 40
_LONGEST: Final = 300
_LINE: Final = 140
"""Characters of the reason why a page failed."""


@dataclass(frozen=True)
class CollectionStatus:
    """State of a collection of pages, with texts ready to show."""

    state: str = "new"
    """``new``, ``running``, ``paused``, ``cancelled``, ``incomplete`` (ended, with pages missing), ``done``."""
    plan: str = ""
    progress: str = ""
    pages: int = 0
    of_pages: int | None = None
    records: int = 0
    of_records: int | None = None
    retries: int = 0
    elapsed: float = 0.0
    """Seconds."""
    notice: str = ""
    """The latest event: a retried page, or why the collection stopped."""
    findings: tuple[str, ...] = ()
    failed: tuple[tuple[int, str], ...] = ()
    """Number and reason of each failed page."""
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def active(self) -> bool:
        """Whether it is running or paused."""
        return self.state in ("running", "paused")

    @property
    def over(self) -> bool:
        """Whether it was started and is neither running nor paused."""
        return not self.active and self.state != "new"

    @property
    def more(self) -> bool:
        """Whether it ended with pages missing, which can still be fetched."""
        return self.state in ("cancelled", "incomplete")

    @property
    def summary(self) -> str:
        """``340 records from 14 pages in 3.2 s``."""
        pages = f"{self.pages} page{'' if self.pages == 1 else 's'}"
        return f"{self.records} record{'' if self.records == 1 else 's'} from {pages} in {format_elapsed(self.elapsed)}"


class FailedPages(OptionList):
    """The failed pages; enter retries one."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("failed_pages")


class CollectView(VerticalScroll, can_focus=True):
    """Shows a ``CollectionStatus`` and handles its keys."""

    DEFAULT_CSS = """
    CollectView {
        height: auto; max-height: 50%; scrollbar-size-vertical: 1;
        & > Static { padding: 0 1; height: auto; }
        & > OptionList {
            height: auto; max-height: 8; border: none; padding: 0 1; background: transparent; display: none;
            text-wrap: nowrap; text-overflow: ellipsis; scrollbar-size-vertical: 1;
            & > .option-list--option-highlighted { background: transparent; color: $text-error; text-style: none; }
            &:focus > .option-list--option-highlighted { background: $primary 35%; color: $foreground; }
        }
        &.-failed > OptionList { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("collect")]

    collection: reactive[CollectionStatus] = reactive(CollectionStatus(), init=False, bindings=True)

    @dataclass
    class StartRequested(Message):
        """The user confirmed the plan."""

    @dataclass
    class PauseRequested(Message):
        """The user paused or resumed the collection."""

    @dataclass
    class RetryRequested(Message):
        """The user asked to retry a page."""

        page: int

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="collect-head")
        yield FailedPages(markup=False, compact=True)
        yield Static(markup=False, id="collect-found")

    def watch_collection(self, before: CollectionStatus, now: CollectionStatus) -> None:
        """Show the new state."""
        self._replace("#collect-head", status_text(now), status_text(before))
        self._replace("#collect-found", findings_text(now), findings_text(before))
        if now.failed != before.failed:
            self._list_failed(now)

    def _replace(self, selector: str, now: Content, before: Content) -> None:
        """Show *now* instead of *before*; lay out the screen again only when the number of lines changes."""
        part, width = self.query_one(selector, Static), max(1, self.content_size.width - 2)
        part.display = bool(now)
        part.update(now, layout=_lines(now, width) != _lines(before, width))

    def _list_failed(self, now: CollectionStatus) -> None:
        """List the failed pages; keep the highlighted one."""
        listing = self.query_one(FailedPages)
        highlighted = self._highlighted_page
        listing.clear_options()
        listing.add_options(Option(_failed(number, why), id=f"page-{number}") for number, why in now.failed)
        numbers = [number for number, _ in now.failed]
        listing.highlighted = numbers.index(highlighted) if highlighted in numbers else 0 if numbers else None
        self.set_class(bool(numbers), "-failed")
        if not numbers and listing.has_focus:
            self.focus()

    @property
    def _highlighted_page(self) -> int | None:
        """Number of the highlighted failed page."""
        option = self.query_one(FailedPages).highlighted_option
        return int((option.id or "").removeprefix("page-")) if option is not None else None

    def take_focus(self) -> None:
        """Focus the failed pages once the collection has ended with some, otherwise this view."""
        (self.query_one(FailedPages) if self.collection.failed and self.collection.over else self).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._highlighted_page is not None:
            self.post_message(self.RetryRequested(self._highlighted_page))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - the base class's
        """Disable keys that have no effect now."""
        now = self.collection
        if action == "start_pages":
            return now.state == "new"
        if action == "pause_pages":
            return now.active
        return True

    def action_start_pages(self) -> None:
        """Start fetching."""
        self.post_message(self.StartRequested())

    def action_pause_pages(self) -> None:
        """Pause or resume."""
        self.post_message(self.PauseRequested())


def _lines(content: Content, width: int) -> list[int]:
    """Return how many lines each line of *content* takes; word wrap may add one more."""
    return [line.cell_length // width for line in content.split("\n", allow_blank=True)]


def status_text(now: CollectionStatus) -> Content:
    """Return the lines above the list of failed pages."""
    lines = {"new": _planned, "running": _running, "paused": _running}.get(now.state, _ended)(now)
    return Content("\n").join(lines)


def findings_text(now: CollectionStatus) -> Content:
    """Return the findings and the keys; empty before it starts."""
    if now.state == "new":
        return Content("")
    lines = [Content.styled(f"⚠ {_short(text)}", "$text-warning") for text in now.findings]
    if now.active:
        paused = now.state == "paused"
        keys = [("space", "resume" if paused else "pause"), ("esc", "stop and keep received pages")]
        lines.append(_keys(*keys, *([("enter", "retry page")] if now.failed else [])))
        return Content("\n").join(lines)
    if now.state == "done" and not now.findings:
        total = "nothing missing." if now.of_records is not None else "the vendor reports no total to compare with."
        lines.append(Content.styled(f"✓ Checked: no duplicates, {total}", "$text-success"))
    if now.more:
        title = "retry failed pages and fetch the rest" if now.failed else "resume"
        lines.append(_keys(*([("enter", "retry this page")] if now.failed else []), ("r", title)))
    return Content("\n").join(lines)


def _planned(now: CollectionStatus) -> list[Content]:
    lines = [
        Content.assemble(_mark("▶ ALL PAGES"), "  ", (_short(now.plan), "bold")),
        Content("The first page is loaded. Fetch the rest?"),
    ]
    if now.notice:
        lines.append(Content.styled(f"⚠ {_short(now.notice)}", "$text-warning"))
    return [*lines, _keys(("enter", "start"), ("esc", "keep only the first page"))]


def _running(now: CollectionStatus) -> list[Content]:
    paused = now.state == "paused"
    lines = [Content.assemble(_mark("‖ PAUSED" if paused else "⇅ ALL PAGES"), "  ", _short(now.progress)), _bar(now)]
    if now.notice:
        lines.append(Content.styled(f"↻ {_short(now.notice)}", "$text-warning"))
    return lines


def _ended(now: CollectionStatus) -> list[Content]:
    why = now.verdict.why
    if now.failed:
        why = f"{len(now.failed)} page{'' if len(now.failed) == 1 else 's'} failed"
    lines = [Content.assemble(badge(now.verdict.outcome), f"  {_short(why)}")]
    label = "All pages" if now.state == "done" else "Received"
    retries = f" ({now.retries} retr{'y' if now.retries == 1 else 'ies'})" if now.retries else ""
    lines.append(Content(f"{label}: {now.summary}{retries}, combined below."))
    if now.notice:
        lines.append(Content.styled(_short(now.notice), "bold $text-warning"))
    return lines


def _mark(label: str) -> Content:
    return Content.styled(f" {label} ", "bold $text-accent on $accent-muted")


def _bar(now: CollectionStatus) -> Content:
    if not now.of_pages:
        return Content.styled("total number of pages unknown", MUTED)
    done = min(_BAR, now.pages * _BAR // now.of_pages)
    percent = f"  {now.pages * 100 // now.of_pages} %"
    return Content.assemble(("━" * done, "$text-accent"), ("─" * (_BAR - done), MUTED), percent)


def _failed(number: int, why: str) -> Content:
    return Content.assemble((f"✗ page {number}", "bold $text-error"), f"  {_short(why, _LINE)}")


def _keys(*pairs: tuple[str, str]) -> Content:
    parts = [Content.assemble((key, "bold $footer-key-foreground"), f" {title}") for key, title in pairs]
    return Content("   ").join(parts)


def _short(text: str, longest: int = _LONGEST) -> str:
    line = sanitize_line(" ".join(text.split()))
    return f"{line[: longest - 1]}…" if len(line) > longest else line
