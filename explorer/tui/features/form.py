"""Open an endpoint and keep its form, draft, title and problems in sync."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.session.prepare import check_call
from explorer.tui.features.controller import Controller, background
from explorer.tui.panes.title_bar import OpenEndpoint
from explorer.tui.panes.tree import EndpointTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.worker import Worker

    from explorer.errors import Problem
    from explorer.tui.drafts import Draft
    from explorer.tui.features.controller import MainContext


class FormController(Controller):
    """Opens endpoints, and keeps form, draft, title and problems in sync."""

    def __init__(self, main: MainContext) -> None:
        self._release: Callable[[], None] = lambda: None
        """Releases the keys that wait for the form opened last."""
        super().__init__(main)

    def open(
        self, address: str, draft: Draft | None = None, origin: int = 0, *, followed: bool = False
    ) -> Worker[None]:
        """Open an endpoint, with its own draft unless one is given. Keys typed meanwhile wait for the form.

        *origin* is the history entry that the draft comes from. *followed*: keep the trail of followed ids.
        """
        if not followed:
            for controller in self.main.controllers:
                controller.opening()
        release_previous, self._release = self._release, self.app.type_ahead.hold()
        release_previous()
        return self._open(address, draft, origin, self._release)

    @background(group="open", description="open")
    async def _open(self, address: str, draft: Draft | None, origin: int, release: Callable[[], None]) -> None:
        try:
            await self.main.ready.wait()
            self.keep_draft()
            self.workspace.open(address, draft, origin)
            if draft is not None:
                self.workspace.keep()
            await self.show()
            self.layout.pane = "request"
            self.layout.arrange()
            self.request_pane.focus_first_field()
        finally:
            release()
        if not self.main.sender.sending:
            await self._show_last()

    async def _show_last(self) -> None:
        for controller in self.main.controllers:
            if await controller.show_last_response():
                return
        self.response_pane.show_idle("Nothing sent yet. Press F5 to send.")
        self.title_bar.state = ""

    async def show(self) -> None:
        """Build the form of the open endpoint."""
        from explorer.tui.panes.request.pane import RequestPaneState

        for controller in self.main.controllers:
            await controller.form_opening()
        workspace = self.workspace
        operation = workspace.operation
        shown = RequestPaneState(
            vendor=operation.vendor,
            endpoint=operation.endpoint,
            environment=workspace.environment,
            readings=workspace.readings,
            chosen=dict(workspace.draft.readings),
            method=workspace.draft.method,
            headers=workspace.draft.headers,
            extra=workspace.draft.extra,
            evidence=await self._evidence(),
        )
        self.show_title(workspace.plain_url())
        await self.request_pane.show(shown, workspace.draft.entries)
        self.check()
        self.schedule_preview()
        self.look_up_credentials()
        for controller in self.main.controllers:
            controller.form_shown()

    async def _evidence(self) -> dict[str, dict[str, list[str]]]:
        """Return the observed outcomes of each reading of the open endpoint, as text: reading → choice → lines."""
        if not any(reading.changes_request for reading in self.workspace.readings.values()):
            return {}
        from explorer.session.ambiguity_status import ambiguities
        from explorer.tui.panes.request.readings import evidence_line

        vendor, _, endpoint = self.workspace.address.partition(".")
        statuses = await asyncio.to_thread(ambiguities, self.session, vendor, endpoint)
        return {
            status.key: {
                choice: [evidence_line(trial) for trial in trials] for choice, trials in status.evidence.items()
            }
            for status in statuses
            if status.tried
        }

    def show_title(self, url: str = "") -> None:
        """Update the title bar. Without *url*, the shown URL does not change."""
        bar = self.title_bar
        workspace = self.workspace
        self.main.screen.query_one(EndpointTree).vendor_id = workspace.vendor_id
        operation = workspace.operation
        bar.place = OpenEndpoint(
            vendor=operation.vendor.title,
            endpoint=operation.endpoint.title,
            environment=workspace.environment,
            guarded=workspace.guarded,
            method=workspace.draft.method or operation.endpoint.method,
            url=url or bar.place.url,
            badges=workspace.badges(),
        )

    def changed(self) -> None:
        """Check the form at once, sign the preview after a pause, and save the draft soon."""
        self.keep_draft()
        self.check()
        self.schedule_preview()
        self.main.drafts.schedule_save()

    def keep_draft(self) -> None:
        """Store the values of the form in the workspace."""
        if not self.main.ready.is_set():
            return
        pane = self.request_pane
        if self.workspace.address and pane.address == self.workspace.address:
            self.workspace.typed(entries=pane.entries, headers=pane.extra_headers, extra=pane.extra_params)

    def check(self) -> tuple[Problem, ...]:
        """Show the problems of the form and the vendor's complaints. Return the problems that are errors."""
        checks = (controller.form_problems() for controller in self.main.controllers)
        problems = next((check for check in checks if check is not None), None)
        if problems is None:
            problems = check_call(self.session, self.workspace.call()).problems
            known = {problem.field for problem in problems}
            complaints = [problem for problem in self.workspace.complaints() if problem.field not in known]
            self.request_pane.show_problems([*problems, *complaints])
        else:
            self.request_pane.show_problems(problems)
        for controller in self.main.controllers:
            controller.form_checked()
        return tuple(problem for problem in problems if problem.level == "error")

    def schedule_preview(self) -> None:
        """Sign the preview again after a pause."""
        for controller in self.main.controllers:
            controller.form_changed()

    @background(group="credentials", description="credentials")
    async def look_up_credentials(self) -> None:
        """Show the source of each credential."""
        vendor = self.session.vendor(self.workspace.vendor_id)
        credentials = await asyncio.to_thread(self.session.vault.status, vendor, self.workspace.environment)
        self.request_pane.show_credentials(credentials)
