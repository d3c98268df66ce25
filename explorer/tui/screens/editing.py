"""Opening an endpoint and filling its form: drafts, problems, the signed preview, readings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import on, work

from explorer.errors import ExplorerError
from explorer.tui.screens.panes import PanesScreen
from explorer.tui.widgets.endpoint_tree import EndpointTree
from explorer.tui.widgets.title_bar import Place, TitleBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer
    from textual.worker import Worker

    from explorer.errors import Problem
    from explorer.session import Session
    from explorer.session.tracing import Preview
    from explorer.tui.drafts import Draft
    from explorer.tui.widgets.docs_view import DocsView
    from explorer.tui.widgets.request_pane import RequestPane

PREVIEW_PAUSE = 0.08
"""Seconds without a change before the signed preview is made again."""
SAVE_PAUSE = 0.5
"""Seconds from the first change that is not written yet until drafts are written, however long typing goes on."""


class EditingScreen(PanesScreen):
    """The way from the tree to a form, and from the form to the desk."""

    def __init__(self, session: Session) -> None:
        self._preview_number = 0
        self._preview_timer: Timer | None = None
        self._save_timer: Timer | None = None
        self._release: Callable[[], None] = lambda: None
        """Lets go of the keys that wait for the form that was asked for last."""
        super().__init__(session)

    # --- opening -----------------------------------------------------------------------------------------------------

    @on(EndpointTree.Chosen)
    def _chosen(self, event: EndpointTree.Chosen) -> None:
        event.stop()
        self.open(event.address)

    def open(self, address: str, draft: Draft | None = None, origin: int = 0) -> Worker[None]:
        """Open an endpoint, with its own draft unless one is given (from the entry *origin* of the history). What is
        typed meanwhile waits for the form."""
        before, self._release = self._release, self._app.type_ahead.hold()
        before()
        return self._open(address, draft, origin, self._release)

    @work(exclusive=True, group="open", exit_on_error=False, description="open")
    async def _open(self, address: str, draft: Draft | None, origin: int, release: Callable[[], None]) -> None:
        try:
            await self._furnished.wait()
            self._keep_draft()
            self.desk.open(address, draft, origin)
            if draft is not None:
                self.desk.keep()
            await self._show_endpoint()
            self.pane = "request"
            self._arrange()
            self.request_pane.focus_start()
        finally:
            release()
        if not self.sending:
            await self._show_last()

    async def _show_last(self) -> None:
        """Show what was answered last; the floor above knows how."""
        self.response_pane.show_idle("Nothing sent yet. F5 or ctrl+r sends.")
        self.query_one(TitleBar).state = ""

    async def _show_endpoint(self) -> None:
        """Make the form of what is on the desk."""
        from explorer.tui.widgets.request_pane import Shown

        desk = self.desk
        operation = desk.operation
        shown_ = Shown(
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
        self._title(desk.plain_url())
        await self.request_pane.show(shown_, desk.draft.entries)
        self._check()
        self._preview_soon()
        self._look_up_credentials()

    async def _evidence(self) -> dict[str, dict[str, list[str]]]:
        """What servers made of the readings of the open endpoint, in words."""
        if not any(reading.changes_request for reading in self.desk.readings.values()):
            return {}
        from explorer.session.doubts import doubts
        from explorer.tui.widgets.reading_text import evidence_line

        vendor, _, endpoint = self.desk.address.partition(".")
        found = await asyncio.to_thread(doubts, self.session, vendor, endpoint)
        return {
            one.key: {choice: [evidence_line(trial) for trial in trials] for choice, trials in one.evidence.items()}
            for one in found
            if one.tried
        }

    def _title(self, url: str = "") -> None:
        bar = self.query_one(TitleBar)
        desk = self.desk
        operation = desk.operation
        bar.place = Place(
            vendor=operation.vendor.title,
            endpoint=operation.endpoint.title,
            environment=desk.environment,
            guarded=desk.guarded,
            method=desk.draft.method or operation.endpoint.method,
            url=url or bar.place.url,
            badges=desk.badges(),
        )

    # --- while typing ------------------------------------------------------------------------------------------------

    def on_request_pane_changed(self) -> None:
        """Check at once, sign when there is a pause, and write the draft soon."""
        self._keep_draft()
        self._check()
        self._preview_soon()
        self._save_soon()

    def _save_soon(self) -> None:
        if self._save_timer is None:
            self._save_timer = self.set_timer(SAVE_PAUSE, self._save_due)

    def _save_due(self) -> None:
        self._save_timer = None
        self._save_drafts()

    def keep_draft(self) -> None:
        """Put what the form holds on the desk, which changes of the form reach a moment later."""
        self._keep_draft()

    def _keep_draft(self) -> None:
        if not self._furnished.is_set():
            return
        pane = self.request_pane
        if self.desk.address and pane.address == self.desk.address:
            self.desk.typed(entries=pane.entries, headers=pane.extra_headers, extra=pane.extra_params)

    def _check(self) -> tuple[Problem, ...]:
        checked = self.session.check(self.desk.call())
        known = {one.field for one in checked.problems}
        said = [one for one in self.desk.complaints() if one.field not in known]
        self.request_pane.show_problems([*checked.problems, *said])
        return checked.errors

    def _waits(self) -> bool:
        """Whether the call cannot be sent yet because a value of it is still to be found; says so then. The floor above
        knows of such values."""
        return False

    def _preview_soon(self) -> None:
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.set_timer(PREVIEW_PAUSE, self._preview)

    def _preview(self) -> None:
        self._preview_number += 1
        self._prepare(self._preview_number)

    @work(exclusive=True, group="preview", exit_on_error=False, description="preview")
    async def _prepare(self, number: int) -> None:
        from explorer.session.tracing import preview_of

        call = self.desk.call(force=True)
        try:
            if self.desk.in_sandbox and not self.session.settings.sandbox_port:
                await self.session.ready(call)  # any free port: which one is known once it runs
            preview = await asyncio.to_thread(preview_of, self.session, call)
        except ExplorerError as error:
            if number == self._preview_number:
                self._title(f"{self.desk.plain_url()}  ({error.message})")
            return
        if number == self._preview_number:
            self._prepared(preview)

    def _prepared(self, preview: Preview) -> None:
        self._title(self.desk.readable(preview.request.url))
        self.request_pane.show_preview(preview)

    @work(exclusive=True, group="credentials", exit_on_error=False, description="credentials")
    async def _look_up_credentials(self) -> None:
        vendor = self.session.vendor(self.desk.vendor_id)
        found = await asyncio.to_thread(self.session.credentials, vendor, self.desk.environment)
        self.request_pane.show_credentials(found)

    @work(exclusive=True, group="drafts", exit_on_error=False, description="drafts")
    async def _save_drafts(self) -> None:
        await self._write_drafts()

    async def _write_drafts(self) -> None:
        try:
            for note in await asyncio.to_thread(self.desk.drafts.save):
                self._app.tell(note, severity="warning")
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")

    def on_docs_view_document_wanted(self, event: DocsView.DocumentWanted) -> None:
        """The Docs tab wants the vendor's document."""
        event.stop()
        self._read_document(self.desk.vendor_id)

    @work(exclusive=True, group="document", exit_on_error=False, description="document")
    async def _read_document(self, vendor_id: str) -> None:
        from explorer.session.documents import reference

        found = await asyncio.to_thread(reference, self.session, vendor_id)
        self.request_pane.show_document(vendor_id, found.document, found.said)

    async def on_request_pane_reading_changed(self, event: RequestPane.ReadingChanged) -> None:
        """Make the form anew under the other reading; what was typed stays."""
        self._keep_draft()
        readings = {**self.desk.draft.readings, event.key: event.choice}
        if self.desk.readings[event.key].default == event.choice:
            del readings[event.key]
        self.desk.keep(readings=readings)
        self._save_soon()
        self._reshow(event.key, unfolded=self.request_pane.readings_open)

    @work(exclusive=True, group="open", exit_on_error=False, description="reading")
    async def _reshow(self, key: str, *, unfolded: bool) -> None:
        await self._show_endpoint()
        await self.request_pane.focus_reading(key, unfolded=unfolded)

    def on_request_pane_method_changed(self, event: RequestPane.MethodChanged) -> None:
        """Another method of the call."""
        self.desk.keep(method=event.method)
        self._save_soon()
        self._title()
        self._preview_soon()

    @work(exclusive=True, group="file", exit_on_error=False, description="file")
    async def on_request_pane_file_pick_requested(self, event: RequestPane.FilePickRequested) -> None:
        """Pick a file and put its path into the field."""
        from explorer.core.exchange import Entry
        from explorer.tui.screens.file_picker import FilePickerDialog

        path = await self.app.push_screen_wait(FilePickerDialog(title=f"A file for {event.name}"))
        if path:
            self.session.files.allow_upload(path)
            self.request_pane.fill(event.name, Entry(name=event.name, kind="file", value=path))

    # --- what a person does with the form ----------------------------------------------------------------------------
    async def action_readings(self) -> None:
        """Unfold the readings above the form."""
        if not self._opened():
            return
        if not any(one.changes_request for one in self.desk.readings.values()):
            self._app.tell("No reading changes this request.")
            return
        if self.pane != "request":
            self._go("request")
        await self.request_pane.toggle_readings()

    def action_examples(self) -> None:
        """Put examples into required fields that are blank."""
        if not self._opened():
            return
        self._keep_draft()
        self.desk.undo.seal(self.desk.address)
        if not self.request_pane.fill_examples():
            self._app.tell("No field that is asked for is blank, or the catalog has no example for it.")

    def action_undo(self) -> None:
        """Put back what the form held before the last change."""
        self._step(forward=False)

    def action_redo(self) -> None:
        """Put back what was undone."""
        self._step(forward=True)

    def _step(self, *, forward: bool) -> None:
        if not self._opened():
            return
        self._keep_draft()
        if not self.desk.go_back(forward=forward):
            self._app.tell("Nothing to redo." if forward else "Nothing to undo.")
            return
        self._save_soon()
        self._put_back(self.request_pane.focused_field, self._app.type_ahead.hold())

    @work(exclusive=True, group="open", exit_on_error=False, description="undo")
    async def _put_back(self, name: str, release: Callable[[], None]) -> None:
        try:
            await self._show_endpoint()
            if not (name and self.request_pane.focus_field(name)):
                self.request_pane.focus_start()
        finally:
            release()

    def action_method(self) -> None:
        """The next method of the call."""
        if self._opened():
            methods = self.desk.operation.endpoint.methods
            now = self.desk.draft.method or methods[0]
            following = methods[(methods.index(now) + 1) % len(methods)]
            if following == now:
                self._app.tell(f"{now} is its only method.")
                return
            self.desk.keep(method=following)
            self._save_soon()
            self.request_pane.show_method(following)
            self._title()
            self._preview_soon()

    def action_copy_url(self) -> None:
        """Copy the URL of the request, secrets masked."""
        url = self.query_one(TitleBar).place.url
        if self._opened() and url:
            self.app.copy_to_clipboard(url)
            self._app.tell(f"Copied the URL, {len(url)} characters.")

    @work(exclusive=True, group="open", exit_on_error=False, description="discard")
    async def action_discard(self) -> None:
        """Clear the form and its draft, after asking."""
        if not self._opened():
            return
        from explorer.tui.screens.dialogs import ConfirmDialog

        question = f"Clear everything that was typed for {self.desk.address}?"
        if await self.app.push_screen_wait(ConfirmDialog("Clear the form?", question, yes="Yes, clear it")):
            self._keep_draft()
            self.desk.undo.seal(self.desk.address)
            self.desk.keep(entries=(), readings={}, headers=(), extra=(), method="", saved="", saved_as="")
            self.desk.undo.seal(self.desk.address)
            self.desk.origins.pop(self.desk.address, None)
            await self._show_endpoint()
            self.request_pane.focus_start()
            self._save_drafts()
