"""Readings as experiments, and where responses differ from the catalog."""

from __future__ import annotations

from explorer.tui.features.controller import Controller, background


class ReadingsController(Controller):
    """The form is built anew where the catalog changed."""

    @background(group="experiment", description="experiment")
    async def action_experiment(self) -> None:
        """Readings as experiments."""
        if not self.opened() or self.main.has_missing_values():
            return
        from explorer.tui.screens.readings import ReadingsScreen

        self.main.form.keep_draft()
        changed = await self.app.push_screen_wait(ReadingsScreen(self.session, self.workspace.call()))
        if changed.catalog or changed.readings != self.workspace.draft.readings:
            self.workspace.keep(readings=changed.readings)
            self.main.form.schedule_save()
            await self.main.form.show()
        self.main.form.show_title()

    @background(group="experiment", description="drift")
    async def action_drift(self) -> None:
        """Where the answers in the history differ from the catalog."""
        if not self.main.ready.is_set():
            return
        from explorer.tui.screens.drift import DriftScreen

        looked = await self.app.push_screen_wait(DriftScreen(self.session, self.workspace.vendor_id))
        if looked.catalog and self.workspace.address:
            self.main.form.keep_draft()
            await self.main.form.show()
        if looked.entry:
            self.main.history.show_entry(looked.entry)
