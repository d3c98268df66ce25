"""Opening an endpoint and filling its form: drafts, problems, readings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.session.prepare import check_call
from explorer.tui.features.controller import Controller, background
from explorer.tui.panes.title_bar import OpenEndpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.worker import Worker

    from explorer.errors import Problem
    from explorer.tui.drafts import Draft
    from explorer.tui.features.controller import MainContext


class FormController(Controller):
    """Opens endpoints, and keeps form, draft, title and problems in step."""

    def __init__(self, main: MainContext) -> None:
        self._release: Callable[[], None] = lambda: None
        """Lets go of the keys that wait for the form that was asked for last."""
        super().__init__(main)

    def open(
        self, address: str, draft: Draft | None = None, origin: int = 0, *, followed: bool = False
    ) -> Worker[None]:
        """Open an endpoint, with its own draft unless one is given (from the entry *origin* of the history); *followed*
        where the trail of followed ids goes on. What is typed meanwhile waits for the form."""
        if not followed:
            for controller in self.main.controllers:
                controller.opening()
        before, self._release = self._release, self.app.type_ahead.hold()
        before()
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
        self.response_pane.show_idle("Nothing sent yet. F5 or ctrl+r sends.")
        self.title_bar.state = ""

    async def show(self) -> None:
        """Build the form of the open endpoint."""
        from explorer.tui.panes.request.pane import RequestPaneState

        for controller in self.main.controllers:
            await controller.form_opening()
        desk = self.workspace
        operation = desk.operation
        shown = RequestPaneState(
            vendor=operation.vendor,
            endpoint=operation.endpoint,
            environment=desk.environment,
            readings=desk.readings,
            chosen=dict(desk.draft.readings),
            method=desk.draft.method,
            headers=desk.draft.headers,
            extra=desk.draft.extra,
            evidence=await self._evidence(),
        )
        self.show_title(desk.plain_url())
        await self.request_pane.show(shown, desk.draft.entries)
        self.check()
        self.schedule_preview()
        self.look_up_credentials()
        for controller in self.main.controllers:
            controller.form_shown()

    async def _evidence(self) -> dict[str, dict[str, list[str]]]:
        """What servers made of the readings of the open endpoint, in words."""
        if not any(reading.changes_request for reading in self.workspace.readings.values()):
            return {}
        from explorer.session.ambiguity_status import ambiguities
        from explorer.tui.panes.request.readings import evidence_line

        vendor, _, endpoint = self.workspace.address.partition(".")
        found = await asyncio.to_thread(ambiguities, self.session, vendor, endpoint)
        return {
            one.key: {choice: [evidence_line(trial) for trial in trials] for choice, trials in one.evidence.items()}
            for one in found
            if one.tried
        }

    def show_title(self, url: str = "") -> None:
        """Update the title bar; the URL stays where none is given."""
        bar = self.title_bar
        desk = self.workspace
        operation = desk.operation
        bar.place = OpenEndpoint(
            vendor=operation.vendor.title,
            endpoint=operation.endpoint.title,
            environment=desk.environment,
            guarded=desk.guarded,
            method=desk.draft.method or operation.endpoint.method,
            url=url or bar.place.url,
            badges=desk.badges(),
        )

    def changed(self) -> None:
        """Check at once, sign when there is a pause, and write the draft soon."""
        self.keep_draft()
        self.check()
        self.schedule_preview()
        self.main.drafts.schedule_save()

    def keep_draft(self) -> None:
        """Take what the form holds into the workspace."""
        if not self.main.ready.is_set():
            return
        pane = self.request_pane
        if self.workspace.address and pane.address == self.workspace.address:
            self.workspace.typed(entries=pane.entries, headers=pane.extra_headers, extra=pane.extra_params)

    def check(self) -> tuple[Problem, ...]:
        """Show the problems of the form, with what the vendor complained about; return those that are errors."""
        found = (controller.form_problems() for controller in self.main.controllers)
        problems = next((own for own in found if own is not None), None)
        if problems is None:
            problems = check_call(self.session, self.workspace.call()).problems
            known = {problem.field for problem in problems}
            said = [problem for problem in self.workspace.complaints() if problem.field not in known]
            self.request_pane.show_problems([*problems, *said])
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
        """Show where each credential comes from."""
        vendor = self.session.vendor(self.workspace.vendor_id)
        found = await asyncio.to_thread(self.session.vault.status, vendor, self.workspace.environment)
        self.request_pane.show_credentials(found)
