"""Guided tracks: the strip under the title, which each send ticks."""

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
    """One track at a time; it goes on while anything else is done."""

    def __init__(self, main: MainContext) -> None:
        self._track_session: TrackSession | None = None
        self._followed: Track | None = None
        """The track that the strip speaks of, also when its last step was just done."""
        super().__init__(main)

    async def panes_ready(self) -> None:
        if await asyncio.to_thread(self.session.folders.track_progress.exists):
            tutor = await self._open_track_session()
            self._followed = tutor.running
            self._show_track()

    async def _open_track_session(self) -> TrackSession:
        """The tutor, made when it is first asked for."""
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
        """The endpoint of the step under way, where another one is open."""
        step = (
            self._track_session.step(self._followed)
            if self._track_session is not None and self._followed is not None
            else None
        )
        return step.address if step is not None and step.address != self.workspace.address else ""

    def track_keys(self) -> dict[str, str]:
        """Every action's key as people write it, for the texts of tracks."""
        keymap = self.session.settings.keymap
        return {one.id: format_key(keys_of(one.id, keymap)[0]) for one in ACTIONS}

    @background(group="tracks", description="guided tracks")
    async def action_tracks(self) -> None:
        """Show the tracks; one that is taken up opens the endpoint of its step."""
        from explorer.tui.screens.tracks import TracksScreen

        await self.main.ready.wait()
        tutor = await self._open_track_session()
        started = await self.app.push_screen_wait(TracksScreen(tutor, self.track_keys()))
        self._followed = tutor.running
        self._show_track()
        if started:
            await self._begin(tutor, tutor.track(started))

    async def _begin(self, tutor: TrackSession, track: Track) -> None:
        """Send the calls of the track to the sandbox, and open where its step begins."""
        for address in track.addresses:
            self.workspace.chosen[address.partition(".")[0]] = SANDBOX
        step = tutor.step(track)
        if step is None or not step.address:
            return
        try:
            self.session.endpoint(step.address)
        except ExplorerError as error:
            self.notify_error(error)
            return
        await self.main.form.open(step.address).wait()

    def _show_feedback(self, heard: Feedback) -> None:
        """Tick the strip, or say what was amiss."""
        self._show_track(heard)
        self._save_progress()

    @background(group="settings", description="progress of a track", exclusive=False)
    async def _save_progress(self) -> None:
        if self._track_session is None:
            return
        try:
            await asyncio.to_thread(self._track_session.save)
        except ExplorerError as error:
            self.tell(f"Not kept: {error.message}", severity="warning")

    def _show_track(self, heard: Feedback | None = None) -> None:
        """The strip as it is to be; hidden where no track is followed."""
        from explorer.tui.panes.title_bar import TrackStatus, TrackStrip

        tutor, track = self._track_session, self._followed
        if tutor is None or track is None:
            for strip in self.main.screen.query(TrackStrip):
                strip.line = TrackStatus()
            return
        keys = self.track_keys()
        step = tutor.step(track)
        self.main.screen.query_one(TrackStrip).line = TrackStatus(
            title=track.title,
            at=track.steps.index(step) + 1 if step is not None else len(track.steps),
            of=len(track.steps),
            step=step.title if step is not None else "",
            brief=tutor.words(track, step.brief, keys) if step is not None else "",
            endpoint=self._elsewhere(),
            kind=heard.kind if heard is not None else "",
            message=tutor.words(track, heard.text, keys) if heard is not None else "",
            key=keys["tracks"],
        )
