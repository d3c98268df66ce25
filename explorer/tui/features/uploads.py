"""Asking before a file is uploaded that nobody typed or picked in this session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller

if TYPE_CHECKING:
    from explorer.core.exchange import Call
    from explorer.session.replaying import Replay


class UploadsController(Controller):
    """Stands between a call and the files that it names."""

    async def may_send(self, call: Call, replay: Replay | None) -> bool:
        """Return whether every file that *call* uploads may be read: the user typed or picked it, or says yes now,
        which holds until the app ends. An exact replay reads no file."""
        if replay is not None and replay.exactly is not None:
            return True
        from explorer.session.request_files import outside_warning
        from explorer.tui.screens.dialogs import ConfirmDialog

        paths = dict.fromkeys(entry.value for entry in call.entries if entry.kind == "file")
        try:
            asked = [outside_warning(path) for path in paths if not self.session.files.is_allowed_file(path)]
        except ExplorerError as error:
            self.main.sender.show_error(error)
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
