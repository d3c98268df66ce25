"""Learning: a guided track with its strip under the title, which each send ticks, and the comparison of vendors."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work

from explorer.errors import ExplorerError
from explorer.session import SANDBOX
from explorer.tui.actions import ACTIONS, keys_of, shown
from explorer.tui.screens.faulting import FaultingScreen
from explorer.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from explorer.core.tracks import Heard, Track
    from explorer.session import Session
    from explorer.session.tracks import Tutor


class TrackingScreen(FaultingScreen):
    """One track at a time; it goes on while anything else is done."""

    def __init__(self, session: Session) -> None:
        self._tutor: Tutor | None = None
        self._followed: Track | None = None
        """The track that the strip speaks of, also when its last step was just done."""
        super().__init__(session)

    async def _furnish(self) -> None:
        await super()._furnish()
        if await asyncio.to_thread(self.session.folders.track_progress.exists):
            tutor = await self._tutor_here()
            self._followed = tutor.running
            self._show_track()

    async def _tutor_here(self) -> Tutor:
        """The tutor, made when it is first asked for."""
        if self._tutor is None:
            from explorer.session.tracks import follow, open_tutor
            from explorer.tui.widgets.track_strip import TrackStrip

            self._tutor = await asyncio.to_thread(open_tutor, self.session)
            for problem in self._tutor.problems:
                self._app.tell(problem, severity="warning")
            follow(self.session, self._tutor, self._heard)
            await self.mount(TrackStrip(), after=self.query_one(TitleBar))
        return self._tutor

    async def _show_endpoint(self) -> None:
        await super()._show_endpoint()
        if self._followed is not None:
            from explorer.tui.widgets.track_strip import TrackStrip

            strip = self.query_one(TrackStrip)
            strip.line = replace(strip.line, there=self._elsewhere())

    def _elsewhere(self) -> str:
        """The endpoint of the step under way, where another one is open."""
        step = self._tutor.step(self._followed) if self._tutor is not None and self._followed is not None else None
        return step.address if step is not None and step.address != self.desk.address else ""

    def track_keys(self) -> dict[str, str]:
        """Every action's key as people write it, for the texts of tracks."""
        keymap = self.session.settings.keymap
        return {one.id: shown(keys_of(one.id, keymap)[0]) for one in ACTIONS}

    @work(exclusive=True, group="tracks", exit_on_error=False, description="guided tracks")
    async def action_tracks(self) -> None:
        """Show the tracks; one that is taken up opens the endpoint of its step."""
        from explorer.tui.screens.tracks import TracksScreen

        await self._furnished.wait()
        tutor = await self._tutor_here()
        started = await self.app.push_screen_wait(TracksScreen(tutor, self.track_keys()))
        self._followed = tutor.running
        self._show_track()
        if started:
            await self._begin(tutor, tutor.track(started))

    async def _begin(self, tutor: Tutor, track: Track) -> None:
        """Send the calls of the track to the sandbox, and open where its step begins."""
        for address in track.addresses:
            self.desk.chosen[address.partition(".")[0]] = SANDBOX
        step = tutor.step(track)
        if step is None or not step.address:
            return
        try:
            self.session.endpoint(step.address)
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        await self.open(step.address).wait()

    def _heard(self, heard: Heard) -> None:
        """Tick the strip, or say what was amiss."""
        self._show_track(heard)
        self._keep_progress()

    @work(exclusive=False, group="settings", exit_on_error=False, description="progress of a track")
    async def _keep_progress(self) -> None:
        if self._tutor is None:
            return
        try:
            await asyncio.to_thread(self._tutor.save)
        except ExplorerError as error:
            self._app.tell(f"Not kept: {error.message}", severity="warning")

    def _show_track(self, heard: Heard | None = None) -> None:
        """The strip as it is to be; hidden where no track is followed."""
        from explorer.tui.widgets.track_strip import TrackLine, TrackStrip

        tutor, track = self._tutor, self._followed
        if tutor is None or track is None:
            for strip in self.query(TrackStrip):
                strip.line = TrackLine()
            return
        keys = self.track_keys()
        step = tutor.step(track)
        self.query_one(TrackStrip).line = TrackLine(
            title=track.title,
            at=track.steps.index(step) + 1 if step is not None else len(track.steps),
            of=len(track.steps),
            step=step.title if step is not None else "",
            brief=tutor.words(track, step.brief, keys) if step is not None else "",
            there=self._elsewhere(),
            kind=heard.kind if heard is not None else "",
            said=tutor.words(track, heard.text, keys) if heard is not None else "",
            key=keys["tracks"],
        )

    @work(exclusive=True, group="vendors", exit_on_error=False, description="compare vendors")
    async def action_vendors(self) -> None:
        """How the vendors do the same things; from there to a call."""
        from explorer.session.vendors import compare_vendors
        from explorer.tui.screens.vendors import VendorsScreen

        tasks = await asyncio.to_thread(compare_vendors, self.session)
        titles = {name: one.title for name, one in self.session.catalog.vendors.items()}
        address = await self.app.push_screen_wait(VendorsScreen(tasks, titles))
        if address:
            await self.open(address).wait()
