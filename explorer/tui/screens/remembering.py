"""The history on the main screen: rows as one types, an entry opened, replayed with intent, noted, tagged, deleted.

search ─► session.recent ─► rows (further ones when the end comes near)
again | exact | form ─► session.replay ─► what changed, what is missing, what to ask ─► send, or the form
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from textual import work

from explorer.core.exchange import Entry
from explorer.errors import ExplorerError
from explorer.tui.drafts import Draft
from explorer.tui.screens.tracking import TrackingScreen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.exchange import Exchange
    from explorer.session.replaying import How, Replay
    from explorer.tui.widgets.history_panel import HistoryPanel

FIRST: Final = 200
"""Rows that are read at once, which is more than any screen shows."""
TEND_AFTER: Final = 3.0
"""Seconds after the start until the history is looked after."""
FURTHER: Final = 1000
"""Rows that are read when the end of those comes near."""


class RememberingScreen(TrackingScreen):
    """What was sent before."""

    async def _furnish(self) -> None:
        await super()._furnish()
        self.set_timer(TEND_AFTER, self._tend)

    @work(exclusive=True, group="tend", exit_on_error=False, description="tend the history")
    async def _tend(self) -> None:
        """Apply the rules of how much is kept, a little at a time."""
        from explorer.session.storing import tend

        await tend(self.session)

    def _after_send(self) -> None:
        super()._after_send()
        if self.history_open:
            self._show_history()

    # --- rows --------------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="history", exit_on_error=False, description="history")
    async def _show_history(self, *, focus: bool = False, begin: int = 0) -> None:
        """Show the rows that are searched for, from the entry *begin* on where one is given."""
        from explorer.session.remembering import names

        panel = self.history_panel
        try:
            before = begin + 1 if begin else None
            rows = await self.session.recent(limit=FIRST, text=panel.search, before=before)
            panel.show_rows(rows, more=len(rows) == FIRST, begin=begin)
        except ExplorerError as error:
            self._history_problem(error)
        if focus:
            self._go("history")
            panel.offer(await names(self.session))

    @work(exclusive=True, group="history", exit_on_error=False, description="history")
    async def _show_more(self, before: int) -> None:
        panel = self.history_panel
        try:
            rows = await self.session.recent(limit=FURTHER, text=panel.search, before=before)
        except ExplorerError as error:
            self._history_problem(error)
            return
        panel.add_rows(rows, more=len(rows) == FURTHER)

    def _history_problem(self, error: ExplorerError) -> None:
        self.history_panel.show_problem(f"{error.message}. {error.hint}".strip())

    def on_history_panel_search_changed(self) -> None:
        """Rows that fit what is typed."""
        self._show_history()

    def on_history_panel_more_wanted(self, event: HistoryPanel.MoreWanted) -> None:
        """Older rows."""
        self._show_more(event.before)

    def on_history_panel_followed(self, event: HistoryPanel.Followed) -> None:
        """An entry that is not among the rows: show those from it on, of every search."""
        self.history_panel.clear_search()
        self._show_history(begin=event.id)

    def on_history_panel_closed(self) -> None:
        """Give the room back."""
        self.history_open = False
        self._go("request" if self.desk.address else "tree")

    @work(exclusive=True, group="details", exit_on_error=False, description="details")
    async def on_history_panel_details_wanted(self, event: HistoryPanel.DetailsWanted) -> None:
        """What there is to say of an entry."""
        from explorer.session.remembering import Details, details

        try:
            found = await details(self.session, event.id)
        except ExplorerError as error:
            found = Details("", (), (), (error.message,))
        self.history_panel.show_details(event.id, found)

    def on_history_panel_wanted(self, event: HistoryPanel.Wanted) -> None:
        """A key on a row."""
        if event.what == "open":
            self._recall(event.id)
        elif event.what in ("again", "exact"):
            self._replay(event.id, "exact" if event.what == "exact" else "again")
        elif event.what == "form":
            self._into_form(event.id)
        elif event.what == "annotate":
            self._annotate(event.id)
        elif event.what == "delete":
            self._delete(event.id)
        elif event.what == "storage":
            self._storage()

    # --- an entry ----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="recall", exit_on_error=False, description="recall")
    async def _recall(self, number: int) -> None:
        """Show what was sent and received then."""
        try:
            exchange = await self.session.past(number)
            self.session.endpoint(exchange.call.address)
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        call = exchange.call
        if call.address != self.desk.address:
            await self.open(call.address).wait()
        self.desk.last[call.address] = exchange
        self._leave_history()
        await self._show_exchange(exchange)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(exchange.started_at))
        self.response_pane.explain(f"From the history: #{number}, sent {when} to {call.environment}.")
        self._go("response")

    def _leave_history(self) -> None:
        """Make room for the answer where the history would hide it."""
        if not self.roomy and not self.narrow:
            self.history_open = False

    @work(exclusive=True, group="recall", exit_on_error=False, description="replay")
    async def _replay(self, number: int, how: How) -> None:
        """Send an entry again, after showing what changed and asking what is missing."""
        from explorer.tui.screens.replaying import ReplayDialog

        given: Sequence[Entry] = ()
        try:
            plan = await self.session.replay(number, how)
            if plan.masked or plan.question or plan.changes or (how == "exact" and plan.notes):
                typed = await self.app.push_screen_wait(ReplayDialog(plan))
                if typed is None:
                    return
                given = [Entry(name=name, value=secret.reveal()) for name, secret in typed.items()]
            if given:
                plan = await self.session.replay(number, how, given)
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        if plan.call.address != self.desk.address:
            await self.open(plan.call.address).wait()
        self._leave_history()
        self._go("response")
        self._send(plan.call, plan)

    def _tell_origin(self, exchange: Exchange, replay: Replay | None) -> None:
        """Say what changed since the entry that was replayed; that it is a replay stands with the verdict."""
        if replay is None:
            return
        lines = [f"Replay of #{exchange.origin}, sent to {exchange.call.environment}."]
        lines += [f"· {one}" for one in (*replay.changes, *replay.notes)]
        if exchange.response is not None:
            lines.append(f"c compares it with #{exchange.origin}.")
        self.response_pane.explain("\n".join(lines))
        self._go("response")

    @work(exclusive=True, group="recall", exit_on_error=False, description="form")
    async def _into_form(self, number: int) -> None:
        """Put the values and readings of then into the form."""
        try:
            plan = await self.session.replay(number, "form")
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        call = plan.call
        if call.environment in self.session.environments(self.session.vendor(call.vendor)):
            self.desk.chosen[call.vendor] = call.environment
        draft = Draft(call.entries, dict(call.readings), call.headers, call.extra, call.method)
        self._leave_history()
        await self.open(call.address, draft, number).wait()
        told = [
            f"The form holds the values of #{number}, for {self.desk.environment}.",
            *(f"· {one}" for one in plan.changes),
        ]
        if plan.masked:
            told.append(f"· masked when it was kept, and to be typed again: {', '.join(plan.masked)}")
        if call.base_url:
            told.append(f"· it went to {call.base_url}, which a form has no place for")
        self._app.tell("\n".join(told), severity="warning" if len(told) > 1 else "information")

    @work(exclusive=True, group="ask", exit_on_error=False, description="note")
    async def _annotate(self, number: int) -> None:
        """Change the note and the tags of an entry."""
        from explorer.session.remembering import names
        from explorer.tui.screens.annotating import AnnotationDialog

        row = self.history_panel.row
        if row is None or row.id != number:
            return
        try:
            dialog = AnnotationDialog(row, (await names(self.session)).tags)
            changed = await self.app.push_screen_wait(dialog)
            if changed is None:
                return
            note, tags = changed
            before = set(row.tag_names)
            row = await self.session.annotate(
                number, note=note, add=sorted(tags - before), remove=sorted(before - tags)
            )
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        self.history_panel.show_row(row)
        self.history_panel.offer(await names(self.session))

    @work(exclusive=True, group="ask", exit_on_error=False, description="storage")
    async def _storage(self) -> None:
        """Show what the history takes, and change how much is kept."""
        from explorer.tui.screens.storage import StorageDialog

        if await self.app.push_screen_wait(StorageDialog(self.session)):
            self._show_history()

    @work(exclusive=True, group="ask", exit_on_error=False, description="delete")
    async def _delete(self, number: int) -> None:
        """Take an entry away for good, after asking."""
        from explorer.session.remembering import forget
        from explorer.tui.screens.dialogs import ConfirmDialog

        row = self.history_panel.row
        if row is None or row.id != number:
            return
        noted = " It has a note or a tag." if row.note or row.tag_names else ""
        text = f"#{number}, {row.method} {row.address}, goes from the history for good, with what was answered.{noted}"
        if not await self.app.push_screen_wait(ConfirmDialog("Delete this entry?", text, yes="Yes, delete it")):
            return
        try:
            await forget(self.session, [number])
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
        self._show_history()
