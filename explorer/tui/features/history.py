"""The history: search it as the user types, show an entry, replay it, load it into the form."""

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

    from explorer.session.replay import ReplayMode


PAGE_SIZE: Final = 200
"""Rows of the first read, more than any screen shows."""
NEXT_PAGE_SIZE: Final = 1000
"""Rows of each further read, when the cursor approaches the last loaded row."""


class HistoryController(Controller):
    """Searches the history, and shows or replays its entries."""

    def send_ended(self) -> None:
        if self.layout.history_open:
            self._show_sent()

    @background(group="history", description="history")
    async def show(self, *, focus: bool = False, begin: int = 0) -> None:
        """Show the rows that match the search, starting at the entry *begin* if it is given."""
        from explorer.session.history import filter_names

        panel = self.history_panel
        try:
            await self._show_matches(begin)
        except ExplorerError as error:
            self._history_problem(error)
        if focus:
            self.layout.go("history")
            panel.offer(await filter_names(self.session))

    @background(group="history", description="history")
    async def _show_sent(self) -> None:
        """Show what was sent last, on top unless the user is reading the rows."""
        try:
            await self._show_matches()
        except ExplorerError as error:
            self._history_problem(error)
            return
        if not self.history_panel.has_focus_within:
            self.history_panel.listing.action_top()

    async def _show_matches(self, begin: int = 0) -> None:
        """Show the rows that match the search; keep the previous ones if it ends in an unfinished filter."""
        from explorer.core.history_search import EXAMPLES, unfinished_filters

        panel = self.history_panel
        search = panel.search
        before = begin + 1 if begin else None
        rows = await recent_entries(self.session, limit=PAGE_SIZE, text=search, before=before)
        if not rows and panel.rows and (filters := unfinished_filters(search)):
            example = EXAMPLES[filters[0].rstrip(":")]
            panel.show_problem(f"No entry contains {search!r}. Filters need a value: {example}")
            return
        hidden = 0
        if search and not begin:
            newest = await recent_entries(self.session, limit=1)
            hidden = newest[0].id if newest and newest[0].id not in {row.id for row in rows[:1]} else 0
        panel.show_rows(rows, more=len(rows) == PAGE_SIZE, begin=begin, hidden=hidden)

    @background(group="history", description="history")
    async def show_more(self, before: int) -> None:
        """Append the rows that precede the entry *before*."""
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
        """Clear the search and show the rows starting at an entry that is not loaded."""
        self.history_panel.clear_search()
        self.show(begin=number)

    def close(self) -> None:
        """Close the history pane."""
        self.layout.history_open = False
        self.layout.go("request" if self.workspace.address else "tree")

    @background(group="recall", description="recall")
    async def show_entry(self, number: int) -> None:
        """Show the request and response of an entry."""
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
        """Close the history if it would hide the response."""
        if not self.layout.is_extra_wide and not self.layout.is_narrow:
            self.layout.history_open = False

    @background(group="recall", description="replay")
    async def replay(self, number: int, how: ReplayMode) -> None:
        """Send an entry again, after showing what changed and asking for masked values."""
        from explorer.session.replay import prepare_replay
        from explorer.tui.screens.replay import ReplayDialog

        entries: Sequence[Entry] = ()
        try:
            plan = await prepare_replay(self.session, number, how)
            if plan.masked or plan.question or plan.changes or (how == "exact" and plan.notes):
                typed = await self.app.push_screen_wait(ReplayDialog(plan))
                if typed is None:
                    return
                entries = [Entry(name=name, value=secret.reveal()) for name, secret in typed.items()]
            if entries:
                plan = await prepare_replay(self.session, number, how, entries)
        except ExplorerError as error:
            self.notify_error(error)
            return
        if plan.call.address != self.workspace.address:
            await self.main.form.open(plan.call.address).wait()
        self._leave_history()
        self.layout.go("response")
        self.main.sender.send(plan.call, plan)

    @background(group="recall", description="form")
    async def load_into_form(self, number: int) -> None:
        """Load the values and readings of an entry into the form."""
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
        lines = [
            f"Loaded the values of #{number} for {self.workspace.environment}.",
            *(f"· {change}" for change in plan.changes),
        ]
        if plan.masked:
            lines.append(f"· masked in the history; enter again: {', '.join(plan.masked)}")
        if call.base_url:
            lines.append(f"· originally sent to {call.base_url}; the form uses the environment's URL")
        self.tell("\n".join(lines), severity="warning" if len(lines) > 1 else "information")
