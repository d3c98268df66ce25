"""Guided tracks: the strip below the title, updated by each send."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.core.model import SANDBOX
from explorer.errors import ExplorerError
from explorer.tui.actions import ACTIONS, format_key, keys_of
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.tracks import Feedback, Track
    from explorer.session.tracks import TrackSession
    from explorer.tui.features.controller import MainContext


class TracksController(Controller):
    """Follows one track at a time while the user works."""

    def __init__(self, main: MainContext) -> None:
        self._track_session: TrackSession | None = None
        self._followed: Track | None = None
        """The track that the strip shows, also after its last step."""
        super().__init__(main)

    async def panes_ready(self) -> None:
        if await asyncio.to_thread(self.session.folders.track_progress.exists):
            track_session = await self._open_track_session()
            self._followed = track_session.running
            self._show_track()

    async def _open_track_session(self) -> TrackSession:
        """Return the track session, created on first use."""
        if self._track_session is None:
            from explorer.session.tracks import open_track_session, watch_sends
            from explorer.tui.panes.title_bar import TrackStrip

            self._track_session = await asyncio.to_thread(open_track_session, self.session)
            for problem in self._track_session.problems:
                self.tell(problem, severity="warning")
            watch_sends(self.session, self._track_session, self._show_feedback)
            await self.main.screen.mount(TrackStrip(), after=self.title_bar)
        return self._track_session

    def form_shown(self) -> None:
        if self._followed is not None:
            from explorer.tui.panes.title_bar import TrackStrip

            strip = self.main.screen.query_one(TrackStrip)
            strip.line = replace(strip.line, endpoint=self._elsewhere())

    def _elsewhere(self) -> str:
        """Return the endpoint of the current step if another one is open, else an empty string."""
        step = (
            self._track_session.step(self._followed)
            if self._track_session is not None and self._followed is not None
            else None
        )
        return step.address if step is not None and step.address != self.workspace.address else ""

    def track_keys(self) -> dict[str, str]:
        """Return action id → displayed key, for the texts of tracks."""
        keymap = self.session.settings.keymap
        return {action.id: format_key(keys_of(action.id, keymap)[0]) for action in ACTIONS}

    @background(group="tracks", description="guided tracks")
    async def action_tracks(self) -> None:
        """Show the tracks. Starting one opens the endpoint of its current step."""
        from explorer.tui.screens.tracks import TracksScreen

        await self.main.ready.wait()
        track_session = await self._open_track_session()
        started = await self.app.push_screen_wait(TracksScreen(track_session, self.track_keys()))
        self._followed = track_session.running
        self._show_track()
        if started:
            await self._begin(track_session, track_session.track(started))

    async def _begin(self, track_session: TrackSession, track: Track) -> None:
        """Switch the vendors of the track to the sandbox, and open the endpoint of its current step."""
        for address in track.addresses:
            self.workspace.chosen[address.partition(".")[0]] = SANDBOX
        step = track_session.step(track)
        if step is None or not step.address:
            return
        try:
            self.session.endpoint(step.address)
        except ExplorerError as error:
            self.notify_error(error)
            return
        await self.main.form.open(step.address).wait()

    def _show_feedback(self, feedback: Feedback) -> None:
        """Show the feedback on a send in the strip."""
        self._show_track(feedback)
        self._save_progress()

    @background(group="settings", description="progress of a track", exclusive=False)
    async def _save_progress(self) -> None:
        if self._track_session is None:
            return
        try:
            await asyncio.to_thread(self._track_session.save)
        except ExplorerError as error:
            self.tell(f"Progress not saved: {error.message}", severity="warning")

    def _show_track(self, feedback: Feedback | None = None) -> None:
        """Update the strip; hide it if no track is followed."""
        from explorer.tui.panes.title_bar import TrackStatus, TrackStrip

        track_session, track = self._track_session, self._followed
        if track_session is None or track is None:
            for strip in self.main.screen.query(TrackStrip):
                strip.line = TrackStatus()
            return
        keys = self.track_keys()
        step = track_session.step(track)
        self.main.screen.query_one(TrackStrip).line = TrackStatus(
            title=track.title,
            at=track.steps.index(step) + 1 if step is not None else len(track.steps),
            of=len(track.steps),
            step=step.title if step is not None else "",
            brief=track_session.words(track, step.brief, keys) if step is not None else "",
            endpoint=self._elsewhere(),
            kind=feedback.kind if feedback is not None else "",
            message=track_session.words(track, feedback.text, keys) if feedback is not None else "",
            key=keys["tracks"],
        )
