"""Sending what is on the desk: asking first where that is due, showing how far it is, stopping it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual import work
from textual.worker import Worker, WorkerState

from explorer.errors import CredentialMissing, ExplorerError, FormError
from explorer.tui.arrivals import Arrivals
from explorer.tui.screens.choosing import ChoosingScreen
from explorer.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from explorer.client import Progress
    from explorer.core.exchange import Call, Exchange
    from explorer.core.paging import PageInfo
    from explorer.errors import Problem
    from explorer.session import Session
    from explorer.session.replaying import Replay
    from explorer.tui.widgets.response_pane import ResponsePane


class SendingScreen(ChoosingScreen):
    """The way from the desk over the session to the response. Late results are dropped by their number."""

    def __init__(self, session: Session) -> None:
        self._numbers = 0
        super().__init__(session)

    def action_send(self) -> None:
        """Send what is on the desk."""
        self._send_checked(force=False)

    def action_send_anyway(self) -> None:
        """Send it although the form has errors."""
        self._send_checked(force=True)

    def _send_checked(self, *, force: bool) -> None:
        if not self.desk.address:
            self._app.tell("Open an endpoint first.")
            return
        self._keep_draft()
        errors = self._check()
        if errors and not force:
            self._refuse(errors)
        else:
            self._send(self.desk.call(force=force))

    def _refuse(self, errors: tuple[Problem, ...]) -> None:
        """Nothing is sent: tell what to mend and go to the first field of it."""
        text = "\n".join(f"· {self.desk.told(one)}" for one in errors)
        hint = "Mend them, put examples into them with x, or send it as it is with ! (outside of fields)."
        self.response_pane.show_failure("Not sent: the form has errors", text, hint)
        self.request_pane.focus_field(errors[0].field)
        if self.narrow:
            self._app.tell(f"Not sent: {self.desk.told(errors[0])}", severity="warning")

    @work(exclusive=True, group="send", exit_on_error=False, description="send")
    async def _send(self, call: Call, replay: Replay | None = None) -> None:
        """Send *call*, or what was made ready to be replayed (a person was asked about that already)."""
        reads = replay is None or replay.exactly is None
        if (reads and not await self._files_agreed(call)) or (replay is None and not await self._agreed(call)):
            return
        await self._write_drafts()
        self._numbers += 1
        number = self.sending = self._numbers
        pane, started = self.response_pane, time.monotonic()
        pane.show_sending(started)
        arrivals = Arrivals(pane, started, lambda: self.sending == number and pane.is_mounted)
        self.query_one(TitleBar).state = "sending, esc cancels"
        if self.narrow or self.zoomed:
            self._go("response")
        self._show_keys()

        def progress(one: Progress) -> None:
            if self.sending == number:
                pane.progress(one)
                if pane.state == "arriving":
                    self.query_one(TitleBar).state = "receiving, esc stops"

        try:
            if replay is None:
                exchange = await self.session.send(
                    call, on_progress=progress, on_arrival=arrivals, origin=self.desk.origin
                )
            else:
                exchange = await replay.send(on_progress=progress, on_arrival=arrivals)
            exchange = await asyncio.to_thread(self.session.redacted, exchange)
            self.desk.answered(exchange, call)
            if self.sending == number:
                await self._show_exchange(exchange)
                self._tell_origin(exchange, replay)
        except asyncio.CancelledError as error:
            if self.sending == number and pane.is_mounted:
                await self._show_stopped(error, call)
            raise
        except ExplorerError as error:
            if self.sending == number:
                self._show_error(error)
        finally:
            arrivals.end()
            if self.sending == number:
                self.sending = 0
                self._after_send()

    def _tell_origin(self, exchange: Exchange, replay: Replay | None) -> None:
        """Say what the answer is a replay of; the floor above knows how."""

    async def _show_stopped(self, error: asyncio.CancelledError, call: Call) -> None:
        """What had come of the answer stays, where something had."""
        from explorer.session.sending import what_came

        exchange = what_came(error)
        if exchange is None or exchange.response is None:
            self.response_pane.show_failure(
                "Cancelled", "You stopped it before the answer was whole.", "F5 sends it again."
            )
        else:
            exchange = await asyncio.to_thread(self.session.redacted, exchange)
            self.desk.answered(exchange, call)
            await self._show_exchange(exchange)
        self.query_one(TitleBar).state = "cancelled"

    async def _agreed(self, call: Call) -> bool:
        """Whether a person says yes to what the session asks; True where it asks nothing."""
        question = self.session.confirmation(call)
        if not question:
            return True
        from explorer.tui.screens.dialogs import ConfirmDialog

        said = await self.app.push_screen_wait(ConfirmDialog("Really send this?", question))
        if not said:
            self.response_pane.show_failure("Not sent", "You said no; nothing left this machine.", "")
        return bool(said)

    async def _files_agreed(self, call: Call) -> bool:
        """Whether every file that *call* uploads may be read: a person typed or picked it, or says yes now, which holds
        until the app ends."""
        from explorer.session.request_files import outside
        from explorer.tui.screens.dialogs import ConfirmDialog

        paths = dict.fromkeys(entry.value for entry in call.entries if entry.kind == "file")
        try:
            asked = [outside(path) for path in paths if not self.session.files.allows(path)]
        except ExplorerError as error:
            self._show_error(error)
            return False
        if asked:
            text = "\n".join(f"{sentence}." for sentence in asked)
            dialog = ConfirmDialog("Upload this file?", text, yes="Yes, upload it")
            if not await self.app.push_screen_wait(dialog):
                self.response_pane.show_failure("Not sent", "You said no; nothing left this machine.", "")
                return False
        for path in paths:
            self.session.files.allow_upload(path)
        return True

    async def _show_last(self) -> None:
        last = self.desk.last.get(self.desk.address)
        if last is None:
            await super()._show_last()
        else:
            await self._show_exchange(last)

    async def _show_exchange(self, exchange: Exchange) -> None:
        page: PageInfo | None = await asyncio.to_thread(self._page_of, exchange)
        self.response_pane.show_exchange(exchange, page, writes=self._writes(exchange))
        self.query_one(TitleBar).state = _state_of(exchange)

    def _writes(self, exchange: Exchange) -> bool:
        """Whether the call changes something on the vendor's side."""
        try:
            return self.session.effect(exchange.call) not in ("read", "session")
        except ExplorerError:
            return exchange.request.method not in ("GET", "HEAD")

    def _page_of(self, exchange: Exchange) -> PageInfo | None:
        try:
            return self.session.page_info(exchange)
        except ExplorerError:
            return None

    def _show_error(self, error: ExplorerError) -> None:
        hint = error.hint
        if isinstance(error, CredentialMissing):
            hint = f"Press K to type it. {hint}"
        elif isinstance(error, FormError):
            hint = "Mend the fields, or send it as it is with ! (outside of fields)."
        self.response_pane.show_failure(error.title, error.message, hint)
        self.query_one(TitleBar).state = error.title

    def _after_send(self) -> None:
        """What is to follow when a send has ended: what the vendor complains about stands beside the fields."""
        if self.desk.address:
            self._check()
        self._show_keys()

    def _cancel(self) -> None:
        self.workers.cancel_group(self, "send")

    def on_response_pane_cancel_requested(self) -> None:
        """Esc in the response pane."""
        self._cancel()

    def on_response_pane_field_requested(self, event: ResponsePane.FieldRequested) -> None:
        """A field that the vendor complained about."""
        if not self.request_pane.focus_field(event.name):
            self._app.tell(f"The form has no field {event.name}.")
        elif self.narrow or self.zoomed:
            self.pane = "request"
            self._arrange()
            self.request_pane.focus_field(event.name)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed with what nobody expected says so; it never stays as if it went on. The error's own
        text is not shown, since nobody knows what it holds."""
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        error = event.worker.error
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f" ({trace.tb_frame.f_code.co_name}, line {trace.tb_lineno})" if trace is not None else ""
        text = f"A defect of this program: {type(error).__name__}{where} during {event.worker.description}."
        if event.worker.group == "send":
            self.response_pane.show_failure("Something went wrong", text, "Please report it. Nothing was lost.")
            self.query_one(TitleBar).state = "failed"
        else:
            self._app.tell(text, severity="error")


def _state_of(exchange: Exchange) -> str:
    if exchange.response is None:
        return exchange.failure.title if exchange.failure else ""
    return f"{exchange.verdict.outcome} {exchange.response.status} {exchange.response.reason}".strip()
