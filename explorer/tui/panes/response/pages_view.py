"""All pages of a call: the plan, the progress, what went wrong, and in the end what was found. Stands where the verdict
on a single answer stands.

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
"""Characters of a sentence, and of why a page failed."""


@dataclass(frozen=True)
class CollectionStatus:
    """How a collection of pages stands, in words where it can be."""

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
    said: str = ""
    """What happened last: a page asked for again, or why it stopped."""
    findings: tuple[str, ...] = ()
    failed: tuple[tuple[int, str], ...] = ()
    """Pages that did not come: number and why."""
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def active(self) -> bool:
        """Whether pages are under way or held back."""
        return self.state in ("running", "paused")

    @property
    def over(self) -> bool:
        """Whether it has ended, for now or for good."""
        return not self.active and self.state != "new"

    @property
    def more(self) -> bool:
        """Whether it ended, and there is more to ask for."""
        return self.state in ("cancelled", "incomplete")

    @property
    def sums(self) -> str:
        """What came, as words."""
        pages = f"{self.pages} page{'' if self.pages == 1 else 's'}"
        return f"{self.records} record{'' if self.records == 1 else 's'} from {pages} in {format_elapsed(self.elapsed)}"


class FailedPages(OptionList):
    """The pages that did not come; enter asks for one again."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("failed_pages")


class CollectView(VerticalScroll, can_focus=True):
    """Shows a ``CollectionStatus`` and takes its keys."""

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
        """A person agrees to the plan."""

    @dataclass
    class PauseRequested(Message):
        """A person wants no further page asked for, or wants to go on after that."""

    @dataclass
    class RetryRequested(Message):
        """A person wants the page of that number asked for again."""

        page: int

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="collect-head")
        yield FailedPages(markup=False, compact=True)
        yield Static(markup=False, id="collect-found")

    def watch_collection(self, before: CollectionStatus, now: CollectionStatus) -> None:
        """Show how it stands."""
        self._put("#collect-head", status_text(now), status_text(before))
        self._put("#collect-found", findings_text(now), findings_text(before))
        if now.failed != before.failed:
            self._list_failed(now)

    def _put(self, place: str, now: Content, before: Content) -> None:
        """Show *now* where *before* stood. The whole screen is laid out anew only where that takes other lines."""
        part, width = self.query_one(place, Static), max(1, self.content_size.width - 2)
        part.display = bool(now)
        part.update(now, layout=_lines(now, width) != _lines(before, width))

    def _list_failed(self, now: CollectionStatus) -> None:
        """The failed pages as rows, the one that was pointed at still pointed at."""
        listing = self.query_one(FailedPages)
        pointed = self._pointed
        listing.clear_options()
        listing.add_options(Option(_failed(number, why), id=f"page-{number}") for number, why in now.failed)
        numbers = [number for number, _ in now.failed]
        listing.highlighted = numbers.index(pointed) if pointed in numbers else 0 if numbers else None
        self.set_class(bool(numbers), "-failed")
        if not numbers and listing.has_focus:
            self.focus()

    @property
    def _pointed(self) -> int | None:
        """The failed page that is pointed at."""
        option = self.query_one(FailedPages).highlighted_option
        return int((option.id or "").removeprefix("page-")) if option is not None else None

    def take_focus(self) -> None:
        """Put the focus on the failed pages where there are any and it has ended, else on all of it."""
        (self.query_one(FailedPages) if self.collection.failed and self.collection.over else self).focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._pointed is not None:
            self.post_message(self.RetryRequested(self._pointed))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - the base class's
        """Keys that would do nothing are left to others."""
        now = self.collection
        if action == "start_pages":
            return now.state == "new"
        if action == "pause_pages":
            return now.active
        return True

    def action_start_pages(self) -> None:
        """Agree to the plan."""
        self.post_message(self.StartRequested())

    def action_pause_pages(self) -> None:
        """Hold on, or go on."""
        self.post_message(self.PauseRequested())


def _lines(content: Content, width: int) -> list[int]:
    """How many lines each line of *content* takes; a word that is carried over may make it one more."""
    return [line.cell_length // width for line in content.split("\n", allow_blank=True)]


def status_text(now: CollectionStatus) -> Content:
    """How it stands, line by line, down to the pages that did not come."""
    lines = {"new": _planned, "running": _running, "paused": _running}.get(now.state, _ended)(now)
    return Content("\n").join(lines)


def findings_text(now: CollectionStatus) -> Content:
    """What the checks found, and the keys; nothing before it starts."""
    if now.state == "new":
        return Content("")
    lines = [Content.styled(f"⚠ {_short(text)}", "$text-warning") for text in now.findings]
    if now.active:
        paused = now.state == "paused"
        keys = [("space", "go on" if paused else "pause"), ("esc", "stop and keep what came")]
        lines.append(_keys(*keys, *([("enter", "ask for the page again")] if now.failed else [])))
        return Content("\n").join(lines)
    if now.state == "done" and not now.findings:
        told = "nothing is missing." if now.of_records is not None else "the vendor tells no total to compare with."
        lines.append(Content.styled(f"✓ Checked: nothing came twice, and {told}", "$text-success"))
    if now.more:
        words = "all failed pages again, and those still to come" if now.failed else "go on where it stopped"
        lines.append(_keys(*([("enter", "this page again")] if now.failed else []), ("r", words)))
    return Content("\n").join(lines)


def _planned(now: CollectionStatus) -> list[Content]:
    lines = [
        Content.assemble(_mark("▶ ALL PAGES"), "  ", (_short(now.plan), "bold")),
        Content("The first page is here. Fetch the others?"),
    ]
    if now.said:
        lines.append(Content.styled(f"⚠ {_short(now.said)}", "$text-warning"))
    return [*lines, _keys(("enter", "start"), ("esc", "leave it at the first page"))]


def _running(now: CollectionStatus) -> list[Content]:
    paused = now.state == "paused"
    lines = [Content.assemble(_mark("‖ PAUSED" if paused else "⇅ ALL PAGES"), "  ", _short(now.progress)), _bar(now)]
    if now.said:
        lines.append(Content.styled(f"↻ {_short(now.said)}", "$text-warning"))
    return lines


def _ended(now: CollectionStatus) -> list[Content]:
    why = now.verdict.why
    if now.failed:
        why = f"{len(now.failed)} page{'' if len(now.failed) == 1 else 's'} did not come"
    lines = [Content.assemble(badge(now.verdict.outcome), f"  {_short(why)}")]
    whole = "All pages" if now.state == "done" else "What came is kept"
    again = f" ({now.retries} tried again)" if now.retries else ""
    lines.append(Content(f"{whole}: {now.sums}{again}, below as one."))
    if now.said:
        lines.append(Content.styled(_short(now.said), "bold $text-warning"))
    return lines


def _mark(words: str) -> Content:
    return Content.styled(f" {words} ", "bold $text-accent on $accent-muted")


def _bar(now: CollectionStatus) -> Content:
    if not now.of_pages:
        return Content.styled("how many pages there are is not told", MUTED)
    done = min(_BAR, now.pages * _BAR // now.of_pages)
    percent = f"  {now.pages * 100 // now.of_pages} %"
    return Content.assemble(("━" * done, "$text-accent"), ("─" * (_BAR - done), MUTED), percent)


def _failed(number: int, why: str) -> Content:
    return Content.assemble((f"✗ page {number}", "bold $text-error"), f"  {_short(why, _LINE)}")


def _keys(*pairs: tuple[str, str]) -> Content:
    parts = [Content.assemble((key, "bold $footer-key-foreground"), f" {words}") for key, words in pairs]
    return Content("   ").join(parts)


def _short(text: str, longest: int = _LONGEST) -> str:
    line = sanitize_line(" ".join(text.split()))
    return f"{line[: longest - 1]}…" if len(line) > longest else line
