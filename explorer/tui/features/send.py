"""Send the form: confirm if necessary, show progress, cancel."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.session.prepare import confirmation_for, redact
from explorer.tui.features.controller import Controller, background
from explorer.tui.panes.response.presenter import ResponsePresenter

if TYPE_CHECKING:
    from explorer.core.model import Call
    from explorer.errors import Problem
    from explorer.net.client import SendProgress
    from explorer.session.replay import Replay
    from explorer.session.send import Send
    from explorer.tui.features.controller import MainContext


class SendController(Controller):
    """Sends calls and shows their progress. Each send has a number, and results of an outdated send are dropped."""

    def __init__(self, main: MainContext) -> None:
        self._numbers = 0
        self.sending = 0
        """The number of the running send, 0 if there is none."""
        super().__init__(main)

    def action_send(self) -> None:
        """Send the request."""
        self._send_checked(force=False)

    def action_send_anyway(self) -> None:
        """Send the request even if the form has errors."""
        self._send_checked(force=True)

    def _send_checked(self, *, force: bool) -> None:
        if not self.require_endpoint():
            return
        if any(controller.handles_send(force=force) for controller in self.main.controllers):
            return
        self.main.form.keep_draft()
        errors = self.main.form.check()
        if errors and not force:
            self.refuse(errors)
        else:
            self.send(self.workspace.call(force=force))

    def refuse(self, errors: tuple[Problem, ...]) -> None:
        """Show why nothing is sent, and focus the first field with an error."""
        text = "\n".join(f"· {self.workspace.problem_text(problem)}" for problem in errors)
        hint = "Fix the fields, or fill in examples with x. To send anyway, press ! outside a field."
        self.response_pane.show_failure("Not sent: the form has errors", text, hint)
        if "request" not in self.layout.visible_panes():
            self.layout.go("request")
        self.request_pane.focus_first_problem()
        if self.layout.is_narrow:
            self.tell(f"Not sent: {self.workspace.problem_text(errors[0])}", severity="warning")

    @background(group="send", description="send")
    async def send(self, call: Call, replay: Replay | None = None) -> None:
        """Send *call*, or a prepared *replay*, which the user has already confirmed."""
        from explorer.session.send import form_send, perform

        for controller in self.main.controllers:
            if not await controller.may_send(call, replay):
                return
        await self.main.drafts.write()
        number = self.begin()
        pane, started = self.response_pane, time.monotonic()
        pane.show_sending(started)
        arrivals = ResponsePresenter(pane, started, lambda: self.sending == number and pane.is_mounted)
        self.title_bar.state = "sending, esc cancels"
        if self.layout.is_narrow or self.layout.zoomed:
            self.layout.go("response")
        self.layout.show_keys()

        def show_progress(progress: SendProgress) -> None:
            if self.sending == number:
                pane.progress(progress)
                if pane.state == "arriving":
                    self.title_bar.state = "receiving, esc stops"

        sending: Send | None = None
        try:
            if replay is None:
                sending = form_send(call, on_progress=show_progress, on_arrival=arrivals, origin=self.workspace.origin)
            else:
                sending = replay.to_send(on_progress=show_progress, on_arrival=arrivals)
            exchange = await perform(self.session, sending)
            exchange = await asyncio.to_thread(redact, self.session, exchange)
            self.workspace.remember_exchange(exchange, call)
            if self.sending == number:
                await self.main.response.show_exchange(exchange)
                for controller in self.main.controllers:
                    controller.exchange_shown(exchange, replay)
        except asyncio.CancelledError:
            if self.sending == number and pane.is_mounted:
                await self.main.response.show_stopped(sending.stopped if sending is not None else None, call)
            raise
        except ExplorerError as error:
            if self.sending == number:
                self.main.response.show_error(error)
        finally:
            arrivals.end()
            self.end(number)

    async def may_send(self, call: Call, replay: Replay | None) -> bool:
        return replay is not None or await self.confirm(call)

    async def confirm(self, call: Call) -> bool:
        """Return whether *call* may be sent, after asking the user if the session requires it."""
        question = confirmation_for(self.session, call)
        if not question:
            return True
        from explorer.tui.screens.dialogs import ConfirmDialog

        confirmed = await self.app.push_screen_wait(ConfirmDialog("Send this request?", question))
        if not confirmed:
            self.response_pane.show_failure("Not sent", "You canceled the confirmation. Nothing was sent.", "")
        return bool(confirmed)

    def begin(self) -> int:
        """Return the number of a new send. Results of earlier sends are no longer shown."""
        self._numbers += 1
        self.sending = self._numbers
        return self.sending

    def end(self, number: int) -> None:
        """End the send *number*, unless a newer one has started."""
        if self.sending != number:
            return
        self.sending = 0
        self.ended()

    def ended(self) -> None:
        """Show the fields that the vendor rejected, and call ``send_ended`` on every controller."""
        if self.workspace.address:
            self.main.form.check()
        self.layout.show_keys()
        for controller in self.main.controllers:
            controller.send_ended()

    def cancel_running(self) -> bool:
        self.cancel_group("send")
        return True
