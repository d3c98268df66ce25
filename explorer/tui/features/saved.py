"""Open and send saved requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background
from explorer.tui.saved_form import draft_changes, draft_of, same_draft, same_request

if TYPE_CHECKING:
    from explorer.core.model import Call, Exchange
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.placeholders import Lookup
    from explorer.session.replay import Replay
    from explorer.tui.drafts import Draft
    from explorer.tui.features.controller import MainContext
    from explorer.tui.saved_form import SavedForm
    from explorer.tui.screens.saved import SavedTarget


class SavedFilesController(Controller):
    """Opens saved requests, and notices changes by other programs."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        super().__init__(main)

    @background(group="saved", description="saved")
    async def action_saved(self) -> None:
        """Show the saved requests."""
        from explorer.tui.screens.saved import SavedScreen

        self.main.form.keep_draft()
        await asyncio.to_thread(self.saved_form.saved.load)
        target: SavedTarget | None = await self.app.push_screen_wait(
            SavedScreen(self.saved_form.saved, at=self.workspace.draft.saved)
        )
        if target is not None and target.number:
            self.main.history.show_entry(target.number)
        elif target is not None:
            await self.open_saved(target.name)
        else:
            self.refresh_file()

    async def open_saved(self, name: str) -> None:
        """Load a saved request into the form, after a confirmation if that discards unsaved values."""
        from explorer.tui.screens.dialogs import ConfirmDialog

        file = self.saved_form.saved.library.files[name]
        request = file.request
        if request is None:
            return
        try:
            self.session.operation(self.saved_form.saved.call(request, self.saved_form.saved.scope))
        except ExplorerError as error:
            self.tell(f"{name}: {error.sentence}", severity="warning")
            return
        draft = draft_of(self.session, file, request)
        current = self.workspace.drafts.get(request.call.address)
        if current and not same_draft(current, draft) and not self._matches_file(current):
            text = f"Opening it discards the unsaved values of {request.call.address}."
            if not await self.app.push_screen_wait(ConfirmDialog("Open the request?", text, yes="Open")):
                return
        if request.call.environment:
            self.workspace.chosen[request.call.vendor] = request.call.environment
        await self.main.form.open(request.call.address, draft).wait()
        missing = {entry.name for entry in request.call.entries} - {entry.name for entry in draft.entries}
        if missing:
            names = ", ".join(sorted(missing))
            self.tell(f"{names}: cannot read the file with the value. Enter it.", severity="warning")

    def _matches_file(self, draft: Draft) -> bool:
        """Return whether a draft equals its file."""
        file = self.saved_form.saved.library.files.get(draft.saved) if draft.saved else None
        return (
            file is not None
            and file.request is not None
            and same_draft(draft, draft_of(self.session, file, file.request))
        )

    @background(group="refresh", description="refresh")
    async def refresh_file(self) -> None:
        """Reload a file that changed on disk; if the form changed as well, notify the user instead."""
        if not self.workspace.draft.saved or not self.main.screen.is_current:
            return
        before = self.saved_form.file
        unchanged = (
            before is not None
            and before.request is not None
            and same_request(before.request, self.saved_form.request())
        )
        if not await asyncio.to_thread(self.saved_form.saved.is_stale):
            return
        await asyncio.to_thread(self.saved_form.saved.load)
        file = self.saved_form.file
        if file is None or file.request is None or file.digest == self.workspace.draft.saved_as:
            self.main.form.check()
        elif unchanged:
            self.workspace.keep(**draft_changes(self.session, file, file.request))
            await self.main.form.show()
            self.tell(f"{file.name} changed on disk; the form was updated.")
        else:
            self.main.form.check()
            self.tell(
                f"{file.name} changed on disk and in the form. Press S to choose which to keep.", severity="warning"
            )


class SavedSendController(Controller):
    """Asks for missing values, sends the requests that it depends on, sends it, and checks the expectations."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        self._awaited: tuple[str, Call, Lookup] | None = None
        """Name and call of the saved request being sent, and the lookup for its expectations."""
        self._answered: Exchange | None = None
        """The unmasked response to that call."""
        super().__init__(main)

    def handles_send(self, *, force: bool) -> bool:
        if not self.workspace.draft.saved:
            self._awaited = None
            return False
        self.main.form.keep_draft()
        request, errors = self.saved_form.request(), self.main.form.check()
        if errors and not (force or request.call.force):
            self.main.sender.refuse(errors)
        else:
            self._send_saved(self.workspace.draft.saved, request, force=force)
        return True

    @background(group="fill", description="fill")
    async def _send_saved(self, name: str, request: SavedRequest, *, force: bool) -> None:
        """Ask for missing values, run dependencies, and send."""
        from explorer.session.sequence import SequenceRunner
        from explorer.tui.screens.saved_run import prepare_run

        call = msgspec.structs.replace(
            request.call, environment=self.workspace.environment, force=force or request.call.force
        )
        self.saved_form.saved.formed[name] = msgspec.structs.replace(request, call=call)
        runner = SequenceRunner(self.saved_form.saved, self.saved_form.saved.scope, agreed=False, tell=self._show_step)
        try:
            if not await prepare_run(self.app, runner, (name,), asks_itself=name):
                return
            filled, lookup = await runner.filled(name, self.saved_form.saved.formed[name], call)
        except ExplorerError as error:
            self.main.response.show_error(error)
            return
        finally:
            self.saved_form.saved.formed.pop(name, None)
        self._awaited, self._answered = (name, filled, lookup), None
        self.saved_form.lookups[name] = lookup
        self.main.form.check()
        self.main.sender.send(filled)

    def _show_step(self, step: object) -> None:
        from explorer.core.saved.report import RunStep

        text = f"{step.name} {step.outcome}" if isinstance(step, RunStep) else f"first {step}"
        self.title_bar.state = sanitize_line(text)

    def remember_response(self, exchange: Exchange) -> None:
        """Remember the unmasked response to the awaited call."""
        if self._awaited is not None and exchange.call == self._awaited[1]:
            self._answered = exchange

    def exchange_shown(self, exchange: Exchange, replay: Replay | None) -> None:  # noqa: ARG002 - signature of the hook
        if self._awaited is not None and self._answered is not None:
            self._judge(self._awaited, self._answered)
            self._awaited, self._answered = None, None

    @background(group="judge", description="judge")
    async def _judge(self, awaited: tuple[str, Call, Lookup], exchange: Exchange) -> None:
        """Store the response for dependent requests, and show the results of the expectations."""
        from explorer.core.saved.report import RunStep
        from explorer.session.sequence import SequenceRunner

        name, call, lookup = awaited
        if name not in self.saved_form.saved.library.requests:
            return
        base = RunStep(name=name, address=call.address, environment=call.environment)
        step = await SequenceRunner(self.saved_form.saved, self.saved_form.saved.scope).judged(
            base, call, exchange, lookup
        )
        request = self.saved_form.saved.library.requests.get(name)
        if request is not None and request.expect and step.results:
            failures = [f"✗ {result}" for result in step.results if not result.held]
            count = len(step.results)
            summary = f"Expectations of {name}: {count - len(failures)} of {count} passed."
            self.response_pane.explain("\n".join([summary, *failures]))
