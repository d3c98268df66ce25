"""Sending a form that a saved request was opened in, and what was expected of the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from explorer.core.exchange import Call, Exchange
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.placeholders import Lookup
    from explorer.session.replaying import Replay
    from explorer.tui.features.controller import MainContext
    from explorer.tui.saved_form import SavedForm


class SavedSendController(Controller):
    """Asks for missing values, runs what is needed, sends, judges."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        self._awaited: tuple[str, Call, Lookup] | None = None
        """The saved request whose call is on its way, and what fills its expectations."""
        self._answered: Exchange | None = None
        """The response to it, not masked."""
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
        """Ask for values that are missing, run what is needed, and send."""
        from explorer.session.sequences import SequenceRunner
        from explorer.tui.screens.saved_run import prepare_run

        call = msgspec.structs.replace(
            request.call, environment=self.workspace.environment, force=force or request.call.force
        )
        self.saved_form.saved.formed[name] = msgspec.structs.replace(request, call=call)
        runner = SequenceRunner(self.saved_form.saved, self.saved_form.saved.scope, agreed=False, tell=self._told)
        try:
            if not await prepare_run(self.app, runner, (name,), asks_itself=name):
                return
            filled, lookup = await runner.filled(name, self.saved_form.saved.formed[name], call)
        except ExplorerError as error:
            self.main.sender.show_error(error)
            return
        finally:
            self.saved_form.saved.formed.pop(name, None)
        self._awaited, self._answered = (name, filled, lookup), None
        self.saved_form.lookups[name] = lookup
        self.main.form.check()
        self.main.sender.send(filled)

    def _told(self, step: object) -> None:
        from explorer.core.saved.report import RunStep

        said = f"{step.name} {step.outcome}" if isinstance(step, RunStep) else f"first {step}"
        self.title_bar.state = sanitize_line(said)

    def remember_response(self, exchange: Exchange) -> None:
        """Remember the unmasked response to the call that is awaited."""
        if self._awaited is not None and exchange.call == self._awaited[1]:
            self._answered = exchange

    def answered(self, exchange: Exchange, replay: Replay | None) -> None:  # noqa: ARG002 - the hook's
        if self._awaited is not None and self._answered is not None:
            self._judge(self._awaited, self._answered)
            self._awaited, self._answered = None, None

    @background(group="judge", description="judge")
    async def _judge(self, awaited: tuple[str, Call, Lookup], exchange: Exchange) -> None:
        """Keep the answer for requests that need it, and tell what was expected of it."""
        from explorer.core.saved.report import RunStep
        from explorer.session.sequences import SequenceRunner

        name, call, lookup = awaited
        if name not in self.saved_form.saved.library.requests:
            return
        base = RunStep(name=name, address=call.address, environment=call.environment)
        step = await SequenceRunner(self.saved_form.saved, self.saved_form.saved.scope).judged(
            base, call, exchange, lookup
        )
        request = self.saved_form.saved.library.requests.get(name)
        if request is not None and request.expect and step.results:
            wrong = [f"✗ {one}" for one in step.results if not one.held]
            count = len(step.results)
            said = [f"Expected of {name}: {count - len(wrong)} of {count} hold."]
            self.response_pane.explain("\n".join([*said, *wrong]))
