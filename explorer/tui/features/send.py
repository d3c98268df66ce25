"""Sending the form: asking first where that is due, showing how far it is, stopping it."""

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
    """The way from the form over the session to the response. Late results are dropped by their number."""

    def __init__(self, main: MainContext) -> None:
        self._numbers = 0
        self.sending = 0
        """The number of the send that is under way, 0 for none."""
        super().__init__(main)

    def action_send(self) -> None:
        """Send what is on the desk."""
        self._send_checked(force=False)

    def action_send_anyway(self) -> None:
        """Send it although the form has errors."""
        self._send_checked(force=True)

    def _send_checked(self, *, force: bool) -> None:
        if not self.opened():
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
        """Nothing is sent: tell what to mend and go to the first field of it."""
        text = "\n".join(f"· {self.workspace.told(one)}" for one in errors)
        hint = "Mend them, put examples into them with x, or send it as it is with ! (outside of fields)."
        self.response_pane.show_failure("Not sent: the form has errors", text, hint)
        self.request_pane.focus_field(errors[0].field)
        if self.layout.is_narrow:
            self.tell(f"Not sent: {self.workspace.told(errors[0])}", severity="warning")

    @background(group="send", description="send")
    async def send(self, call: Call, replay: Replay | None = None) -> None:
        """Send *call*, or what was made ready to be replayed (a person was asked about that already)."""
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

        def progress(one: SendProgress) -> None:
            if self.sending == number:
                pane.progress(one)
                if pane.state == "arriving":
                    self.title_bar.state = "receiving, esc stops"

        sending: Send | None = None
        try:
            if replay is None:
                sending = form_send(call, on_progress=progress, on_arrival=arrivals, origin=self.workspace.origin)
            else:
                sending = replay.to_send(on_progress=progress, on_arrival=arrivals)
            exchange = await perform(self.session, sending)
            exchange = await asyncio.to_thread(redact, self.session, exchange)
            self.workspace.answered(exchange, call)
            if self.sending == number:
                await self.main.response.show_exchange(exchange)
                for controller in self.main.controllers:
                    controller.answered(exchange, replay)
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
        return replay is not None or await self.agreed(call)

    async def agreed(self, call: Call) -> bool:
        """Whether a person says yes to what the session asks; True where it asks nothing."""
        question = confirmation_for(self.session, call)
        if not question:
            return True
        from explorer.tui.screens.dialogs import ConfirmDialog

        said = await self.app.push_screen_wait(ConfirmDialog("Really send this?", question))
        if not said:
            self.response_pane.show_failure("Not sent", "You said no; nothing left this machine.", "")
        return bool(said)

    def begin(self) -> int:
        """Take the number of a new send; those before it show nothing any more."""
        self._numbers += 1
        self.sending = self._numbers
        return self.sending

    def end(self, number: int) -> None:
        """End the send of that number, unless a newer one began."""
        if self.sending != number:
            return
        self.sending = 0
        self.ended()

    def ended(self) -> None:
        """What the vendor complains about appears beside the fields, and everybody hears that a send ended."""
        if self.workspace.address:
            self.main.form.check()
        self.layout.show_keys()
        for controller in self.main.controllers:
            controller.send_ended()

    def cancel_running(self) -> bool:
        self.cancel_group("send")
        return True
