"""The screen of guided tracks: all of them with their progress, and the steps of the one that is pointed at."""

from __future__ import annotations

import asyncio
import textwrap
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.lines_view import LinesView, Row
from explorer.tui.kit.screens import ListScreen
from explorer.tui.panes.title_bar import SIGNS, progress_dots
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.tracks import Track
    from explorer.session.tracks import TrackSession
    from explorer.tui.kit.screens import KeyHint


class TracksScreen(ListScreen[str | None]):
    """Gives the id of the track that a person took up, which has been started; None where they only looked."""

    TITLE = "Guided tracks"
    BESIDE = 100
    HELP = "Lessons in the sandbox. A step is ticked when you really did it on the main screen; what was done is kept."
    DEFAULT_CSS = """
    TracksScreen {
        & OptionList {
            width: 42; height: 1fr; border: none; padding: 0 1; background: $panel 60%; text-wrap: nowrap;
            text-overflow: ellipsis;
            & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: none;
            }
        }
        &.-narrow OptionList { width: 35; }
        & LinesView { width: 1fr; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("tracks")

    def __init__(self, tutor: TrackSession, keys: Mapping[str, str]) -> None:
        self._track_session, self._keys = tutor, dict(keys)
        self._all = list(tutor.tracks.values())
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(id="head", classes="title-line", markup=False)
        with Horizontal():
            yield OptionList(*(self._option(one) for one in self._all), markup=False, compact=True)
            yield LinesView(id="steps")
        yield KeyBar()

    def on_mount(self) -> None:
        """Point at the track under way, or at the first that is not done."""
        self.query_one("#head", Static).update(
            Content.assemble(("Guided tracks", "bold"), ("  in the sandbox: nothing leaves this machine", MUTED))
        )
        unfinished = (at for at, one in enumerate(self._all) if self._track_session.step(one) is not None)
        start = next(unfinished, 0)
        if self._track_session.running is not None:
            start = self._all.index(self._track_session.running)
        listing = self.query_one(OptionList)
        listing.highlighted = start if self._all else None
        listing.focus()
        self._show()

    # --- what is shown -----------------------------------------------------------------------------------------------

    @property
    def _track(self) -> Track | None:
        at = self.query_one(OptionList).highlighted
        return self._all[at] if at is not None else None

    @on(OptionList.OptionHighlighted)
    def _show(self) -> None:
        track = self._track
        view = self.query_one(LinesView)
        if track is None:
            view.show([Row((("text", "No track could be read."),))])
            return
        view.show_for(lambda width: list(self._rows(track, max(24, width - 1))))
        self._show_keys(track)

    def _show_keys(self, track: Track) -> None:
        done, following = self._track_session.done(track), self._track_session.running is track
        word = "Go on" if following or 0 < done < len(track.steps) else "Start" if not done else "Once more"
        keys: list[KeyHint] = [("tracks.start", word)]
        if self._track_session.running is not None:
            keys.append("tracks.leave")
        if done:
            keys.append("tracks.reset")
        self.show_keys([*keys, "tracks.read"], "tracks.close")

    def _option(self, track: Track) -> Option:
        done, of = self._track_session.done(track), len(track.steps)
        mark = "▶ " if self._track_session.running is track else "✓ " if done == of else "  "
        style = "bold $text-success" if done == of else "bold"
        title = sanitize_line(track.title)
        return Option(
            Content.assemble((mark, "$text-accent"), (title, style), "\n  ", (progress_dots(done, of), MUTED))
        )

    def _rows(self, track: Track, width: int) -> Iterator[Row]:
        yield Row((("strong", sanitize_line(track.title)), ("dim", f"  about {track.minutes} minutes")))
        yield from self._text(track, track.about, width, "text")
        yield Row()
        now = self._track_session.step(track)
        known = self._track_session.progress_of(track).done
        heard = self._track_session.feedback
        for at, step in enumerate(track.steps, 1):
            done, current = step.id in known, step is now
            kind = "good" if done else "name" if current else "dim"
            sign = "✓" if done else "▸" if current else "○"
            yield Row(((kind, f"{sign} {at}. {sanitize_line(step.title)}"),))
            if done and step.learned:
                yield from self._text(track, step.learned, width, "dim", 5)
            if current:
                if heard is not None and heard.step is step and heard.kind == "missed":
                    yield from self._text(track, f"{SIGNS['missed']} {heard.text}", width, "warn", 5)
                yield from self._text(track, step.brief, width, "strong", 5)
                yield from self._text(track, step.text, width, "text", 5)
                if step.address:
                    yield Row((("dim", "     starts at "), ("url", sanitize_line(step.address))))
                yield Row()
        if now is None and track.ending:
            yield Row()
            yield from self._text(track, f"★ {track.ending}", width, "good")

    def _text(self, track: Track, text: str, width: int, kind: str, indent: int = 0) -> Iterator[Row]:
        filled = self._track_session.words(track, text, self._keys)
        for block in filled.split("\n\n"):
            verbatim = block.startswith("  ")
            flat = sanitize_line(" ".join(block.split()))
            for line in [flat] if verbatim else textwrap.wrap(flat, max(20, width - indent)):
                yield Row((("url" if verbatim else kind, " " * indent + line),), hanging_indent=indent)

    # --- what a person does ------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_start()

    @work(exclusive=True, exit_on_error=False, description="start a track")
    async def action_start(self) -> None:
        """Take the track up."""
        track = self._track
        if track is not None and await self._kept(lambda: self._track_session.start(track.id)):
            self.dismiss(track.id)

    @work(exclusive=True, exit_on_error=False, description="begin a track anew")
    async def action_reset(self) -> None:
        """Forget what was done of the track."""
        track = self._track
        if track is not None and await self._kept(lambda: self._track_session.reset(track.id)):
            self._renew()

    @work(exclusive=True, exit_on_error=False, description="stop following a track")
    async def action_leave(self) -> None:
        """Follow no track."""
        if self._track_session.running is not None and await self._kept(self._track_session.stop_track):
            self._renew()

    async def _kept(self, change: Callable[[], object]) -> bool:
        try:
            await asyncio.to_thread(change)
        except ExplorerError as error:
            self.notify(error.sentence, severity="error", markup=False)
            return False
        return True

    def _renew(self) -> None:
        listing = self.query_one(OptionList)
        for at, one in enumerate(self._all):
            listing.replace_option_prompt_at_index(at, self._option(one).prompt)
        self._show()

    def action_scroll(self, step: int) -> None:
        """Read on or back."""
        view = self.query_one(LinesView)
        view.action_page_down() if step > 0 else view.action_page_up()
