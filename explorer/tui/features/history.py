"""The history: rows as one types, an entry shown, replayed or put into the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.model import Entry
from explorer.core.text.units import format_local
from explorer.errors import ExplorerError
from explorer.session.history import past_exchange, recent_entries
from explorer.tui.drafts import Draft
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.model import Exchange
    from explorer.session.replay import Replay, ReplayMode


PAGE_SIZE: Final = 200
"""Rows that are read at once, which is more than any screen shows."""
NEXT_PAGE_SIZE: Final = 1000
"""Rows that are read when the end of those comes near."""


class HistoryController(Controller):
    """What was sent before."""

    def send_ended(self) -> None:
        if self.layout.history_open:
            self.show()

    @background(group="history", description="history")
    async def show(self, *, focus: bool = False, begin: int = 0) -> None:
        """Show the rows that are searched for, from the entry *begin* on where one is given."""
        from explorer.session.history import filter_names

        panel = self.history_panel
        try:
            before = begin + 1 if begin else None
            rows = await recent_entries(self.session, limit=PAGE_SIZE, text=panel.search, before=before)
            panel.show_rows(rows, more=len(rows) == PAGE_SIZE, begin=begin)
        except ExplorerError as error:
            self._history_problem(error)
        if focus:
            self.layout.go("history")
            panel.offer(await filter_names(self.session))

    @background(group="history", description="history")
    async def show_more(self, before: int) -> None:
        panel = self.history_panel
        try:
            rows = await recent_entries(self.session, limit=NEXT_PAGE_SIZE, text=panel.search, before=before)
        except ExplorerError as error:
            self._history_problem(error)
            return
        panel.add_rows(rows, more=len(rows) == NEXT_PAGE_SIZE)

    def _history_problem(self, error: ExplorerError) -> None:
        self.history_panel.show_problem(error.sentence)

    def show_from(self, number: int) -> None:
        """An entry that is not among the rows: show those from it on, of every search."""
        self.history_panel.clear_search()
        self.show(begin=number)

    def close(self) -> None:
        """Give the room back."""
        self.layout.history_open = False
        self.layout.go("request" if self.workspace.address else "tree")

    @background(group="recall", description="recall")
    async def show_entry(self, number: int) -> None:
        """Show what was sent and received then."""
        try:
            exchange = await past_exchange(self.session, number)
            self.session.endpoint(exchange.call.address)
        except ExplorerError as error:
            self.notify_error(error)
            return
        call = exchange.call
        if call.address != self.workspace.address:
            await self.main.form.open(call.address).wait()
        self.workspace.last[call.address] = exchange
        self._leave_history()
        await self.main.response.show_exchange(exchange)
        when = format_local(exchange.started_at)
        self.response_pane.explain(f"From the history: #{number}, sent {when} to {call.environment}.")
        self.layout.go("response")

    def _leave_history(self) -> None:
        """Make room for the answer where the history would hide it."""
        if not self.layout.is_extra_wide and not self.layout.is_narrow:
            self.layout.history_open = False

    @background(group="recall", description="replay")
    async def replay(self, number: int, how: ReplayMode) -> None:
        """Send an entry again, after showing what changed and asking what is missing."""
        from explorer.session.replay import prepare_replay
        from explorer.tui.screens.replay import ReplayDialog

        given: Sequence[Entry] = ()
        try:
            plan = await prepare_replay(self.session, number, how)
            if plan.masked or plan.question or plan.changes or (how == "exact" and plan.notes):
                typed = await self.app.push_screen_wait(ReplayDialog(plan))
                if typed is None:
                    return
                given = [Entry(name=name, value=secret.reveal()) for name, secret in typed.items()]
            if given:
                plan = await prepare_replay(self.session, number, how, given)
        except ExplorerError as error:
            self.notify_error(error)
            return
        if plan.call.address != self.workspace.address:
            await self.main.form.open(plan.call.address).wait()
        self._leave_history()
        self.layout.go("response")
        self.main.sender.send(plan.call, plan)

    def answered(self, exchange: Exchange, replay: Replay | None) -> None:
        """Say what changed since the entry that was replayed; that it is a replay stands with the verdict."""
        if replay is None:
            return
        lines = [f"Replay of #{exchange.origin}, sent to {exchange.call.environment}."]
        lines += [f"· {one}" for one in (*replay.changes, *replay.notes)]
        if exchange.response is not None:
            lines.append(f"c compares it with #{exchange.origin}.")
        self.response_pane.explain("\n".join(lines))
        self.layout.go("response")

    @background(group="recall", description="form")
    async def load_into_form(self, number: int) -> None:
        """Put the values and readings of then into the form."""
        from explorer.session.replay import prepare_replay

        try:
            plan = await prepare_replay(self.session, number, "form")
        except ExplorerError as error:
            self.notify_error(error)
            return
        call = plan.call
        if call.environment in self.session.environments(self.session.vendor(call.vendor)):
            self.workspace.chosen[call.vendor] = call.environment
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        self._leave_history()
        await self.main.form.open(call.address, draft, number).wait()
        told = [
            f"The form holds the values of #{number}, for {self.workspace.environment}.",
            *(f"· {one}" for one in plan.changes),
        ]
        if plan.masked:
            told.append(f"· masked when it was kept, and to be typed again: {', '.join(plan.masked)}")
        if call.base_url:
            told.append(f"· it went to {call.base_url}, which a form has no place for")
        self.tell("\n".join(told), severity="warning" if len(told) > 1 else "information")
