"""The guided tracks: all of them with their progress, and the steps of the selected one."""

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
    """Lists the tracks. Returns the id of the track that the user started or resumed, or None."""

    TITLE = "Guided tracks"
    BESIDE = 100
    HELP = "Lessons in the sandbox. A step is done when you complete it on the main screen. Progress is saved."
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

    def __init__(self, track_session: TrackSession, keys: Mapping[str, str]) -> None:
        self._track_session, self._keys = track_session, dict(keys)
        self._all = list(track_session.tracks.values())
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(id="head", classes="title-line", markup=False)
        with Horizontal():
            yield OptionList(*(self._option(track) for track in self._all), markup=False, compact=True)
            yield LinesView(id="steps")
        yield KeyBar()

    def on_mount(self) -> None:
        """Select the current track, or the first unfinished one."""
        self.query_one("#head", Static).update(
            Content.assemble(("Guided tracks", "bold"), ("  in the sandbox: nothing leaves this machine", MUTED))
        )
        unfinished = (index for index, track in enumerate(self._all) if self._track_session.step(track) is not None)
        start = next(unfinished, 0)
        if self._track_session.running is not None:
            start = self._all.index(self._track_session.running)
        listing = self.query_one(OptionList)
        listing.highlighted = start if self._all else None
        listing.focus()
        self._show()

    # --- display -----------------------------------------------------------------------------------------------------

    @property
    def _track(self) -> Track | None:
        index = self.query_one(OptionList).highlighted
        return self._all[index] if index is not None else None

    @on(OptionList.OptionHighlighted)
    def _show(self) -> None:
        track = self._track
        view = self.query_one(LinesView)
        if track is None:
            view.show([Row((("text", "No track available."),))])
            return
        view.show_for(lambda width: list(self._rows(track, max(24, width - 1))))
        self._show_keys(track)

    def _show_keys(self, track: Track) -> None:
        done, following = self._track_session.done(track), self._track_session.running is track
        label = "Resume" if following or 0 < done < len(track.steps) else "Start" if not done else "Repeat"
        keys: list[KeyHint] = [("tracks.start", label)]
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
        current_step = self._track_session.step(track)
        completed = self._track_session.progress_of(track).done
        feedback = self._track_session.feedback
        for number, step in enumerate(track.steps, 1):
            done, current = step.id in completed, step is current_step
            kind = "good" if done else "name" if current else "dim"
            sign = "✓" if done else "▸" if current else "○"
            yield Row(((kind, f"{sign} {number}. {sanitize_line(step.title)}"),))
            if done and step.learned:
                yield from self._text(track, step.learned, width, "dim", 5)
            if current:
                if feedback is not None and feedback.step is step and feedback.kind == "missed":
                    yield from self._text(track, f"{SIGNS['missed']} {feedback.text}", width, "warn", 5)
                yield from self._text(track, step.brief, width, "strong", 5)
                yield from self._text(track, step.text, width, "text", 5)
                if step.address:
                    yield Row((("dim", "     starts at "), ("url", sanitize_line(step.address))))
                yield Row()
        if current_step is None and track.ending:
            yield Row()
            yield from self._text(track, f"★ {track.ending}", width, "good")

    def _text(self, track: Track, text: str, width: int, kind: str, indent: int = 0) -> Iterator[Row]:
        filled = self._track_session.words(track, text, self._keys)
        for block in filled.split("\n\n"):
            verbatim = block.startswith("  ")
            flat = sanitize_line(" ".join(block.split()))
            for line in [flat] if verbatim else textwrap.wrap(flat, max(20, width - indent)):
                yield Row((("url" if verbatim else kind, " " * indent + line),), hanging_indent=indent)

    # --- actions ---------------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_start()

    @work(exclusive=True, exit_on_error=False, description="start a track")
    async def action_start(self) -> None:
        """Start or resume the track."""
        track = self._track
        if track is not None and await self._saved(lambda: self._track_session.start(track.id)):
            self.dismiss(track.id)

    @work(exclusive=True, exit_on_error=False, description="restart a track")
    async def action_reset(self) -> None:
        """Delete the progress of the track."""
        track = self._track
        if track is not None and await self._saved(lambda: self._track_session.reset(track.id)):
            self._refresh()

    @work(exclusive=True, exit_on_error=False, description="stop following a track")
    async def action_leave(self) -> None:
        """Stop following the track."""
        if self._track_session.running is not None and await self._saved(self._track_session.stop_track):
            self._refresh()

    async def _saved(self, change: Callable[[], object]) -> bool:
        try:
            await asyncio.to_thread(change)
        except ExplorerError as error:
            self.notify(error.sentence, severity="error", markup=False)
            return False
        return True

    def _refresh(self) -> None:
        listing = self.query_one(OptionList)
        for index, track in enumerate(self._all):
            listing.replace_option_prompt_at_index(index, self._option(track).prompt)
        self._show()

    def action_scroll(self, step: int) -> None:
        """Scroll the steps."""
        view = self.query_one(LinesView)
        view.action_page_down() if step > 0 else view.action_page_up()
