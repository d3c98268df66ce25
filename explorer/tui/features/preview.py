"""Preview the signed request, and confirm uploads of files the user did not pick."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.core.model import Call
    from explorer.session.prepare import Preview
    from explorer.session.replay import Replay
    from explorer.tui.features.controller import MainContext


PREVIEW_PAUSE = 0.08
"""Seconds without a change before the preview is signed again."""


class PreviewController(Controller):
    """Signs the call of the form after a pause, and shows it."""

    def __init__(self, main: MainContext) -> None:
        self._preview_number = 0
        self._preview_timer: Timer | None = None
        super().__init__(main)

    def form_changed(self) -> None:
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.main.screen.set_timer(PREVIEW_PAUSE, self._preview)

    def _preview(self) -> None:
        self._preview_number += 1
        self._prepare(self._preview_number)

    @background(group="preview", description="preview")
    async def _prepare(self, number: int) -> None:
        from explorer.session.prepare import preview_of

        call = self.workspace.call(force=True)
        try:
            if self.workspace.in_sandbox and not await asyncio.to_thread(self._is_port_known):
                await self.session.ready(call)  # the sandbox takes any free port, known once it runs
            preview = await asyncio.to_thread(preview_of, self.session, call)
        except ExplorerError as error:
            if number == self._preview_number:
                self.main.form.show_title(f"{self.workspace.plain_url()}  ({error.message})")
            return
        if number == self._preview_number:
            self._prepared(preview)

    def _is_port_known(self) -> bool:
        return self.session.sandbox.knows_port(self.session.settings.sandbox_port)

    def send_ended(self) -> None:
        """Show the URL again if the sandbox started on another port than expected."""
        if self.workspace.address and self.workspace.in_sandbox:
            base = self.session.base_url(self.workspace.call(force=True))
            if not self.title_bar.place.url.startswith(base):
                self.form_changed()

    def _prepared(self, preview: Preview) -> None:
        self.main.form.show_title(self.workspace.readable(preview.request.url))
        self.request_pane.show_preview(preview)


class UploadsController(Controller):
    """Confirms the files that a call uploads."""

    async def may_send(self, call: Call, replay: Replay | None) -> bool:
        """Return whether every file that *call* uploads may be read.

        The user must have typed or picked it, or confirm it now. A confirmation is valid until the app ends. An exact
        replay reads no file.
        """
        if replay is not None and replay.exactly is not None:
            return True
        from explorer.session.request_files import outside_warning
        from explorer.tui.screens.dialogs import ConfirmDialog

        paths = dict.fromkeys(entry.value for entry in call.entries if entry.kind == "file")
        try:
            warnings = [outside_warning(path) for path in paths if not self.session.files.is_allowed_file(path)]
        except ExplorerError as error:
            self.main.response.show_error(error)
            return False
        if warnings:
            text = "\n".join(f"{warning}." for warning in warnings)
            dialog = ConfirmDialog("Upload this file?", text, yes="Upload")
            if not await self.app.push_screen_wait(dialog):
                self.response_pane.show_failure("Not sent", "You canceled the confirmation. Nothing was sent.", "")
                return False
        for path in paths:
            self.session.files.allow_upload(path)
        return True
