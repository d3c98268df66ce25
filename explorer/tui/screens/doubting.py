"""Doubting the documents: both readings of a contradiction, and where answers differ from the catalog."""

from __future__ import annotations

from textual import work

from explorer.tui.screens.following import FollowingScreen


class DoubtingScreen(FollowingScreen):
    """Readings as experiments, and drift; the form is made anew where the catalog became another."""

    @work(exclusive=True, group="experiment", exit_on_error=False, description="experiment")
    async def action_experiment(self) -> None:
        """Readings as experiments."""
        if not self._opened() or self._waits():
            return
        from explorer.tui.screens.readings import ReadingsScreen

        self._keep_draft()
        changed = await self.app.push_screen_wait(ReadingsScreen(self.session, self.desk.call()))
        if changed.catalog or changed.readings != self.desk.draft.readings:
            self.desk.keep(readings=changed.readings)
            self._save_soon()
            await self._show_endpoint()
        self._title()

    @work(exclusive=True, group="experiment", exit_on_error=False, description="drift")
    async def action_drift(self) -> None:
        """Where the answers in the history differ from the catalog."""
        if not self._furnished.is_set():
            return
        from explorer.tui.screens.drift import DriftScreen

        looked = await self.app.push_screen_wait(DriftScreen(self.session, self.desk.vendor_id))
        if looked.catalog and self.desk.address:
            self._keep_draft()
            await self._show_endpoint()
        if looked.entry:
            self._recall(looked.entry)
