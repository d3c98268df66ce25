"""Getting a token now: by the vendor's own call, or by consent in a browser."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from explorer.errors import Cancelled, ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from collections.abc import Mapping


class LoginController(Controller):
    """One login at a time."""

    active = False
    """Whether a login waits for a person's consent."""

    @background(group="login", description="log in")
    async def action_login(self) -> None:
        """Get a token now: by the vendor's own call, or by a person's consent in a browser."""
        from explorer.session.login import log_in

        if not self.workspace.address:
            self.tell("Open an endpoint first: a login belongs to a vendor.")
            return
        pane = self.response_pane
        self.active = True
        pane.show_idle("Logging in …")
        try:
            said = await log_in(
                self.session, self.workspace.call(force=True), open_url=_ignore_url, paste=self._consented
            )
            self.tell(f"Logged in: {said}.")
            pane.show_idle(f"Logged in: {said}.")
        except ExplorerError as error:
            pane.show_failure(error.title, error.message, error.hint)
        except asyncio.CancelledError:
            pane.show_idle("Stopped waiting for the consent.")
            raise
        finally:
            self.active = False
        self.main.form.look_up_credentials()
        self.main.form.schedule_preview()

    async def _consented(self, url: str) -> str:
        """The URL that a person landed on: the one that came by itself over the loopback redirect, or the one that was
        pasted, whichever is first.

        Raises:
            Cancelled: the person closed the dialog.
        """
        from explorer.net.loopback import wait_for_redirect
        from explorer.tui.screens.consent import ConsentDialog

        asked = dict(parse_qsl(urlsplit(url).query))
        redirect = asked.get("redirect_uri", "")
        listens, arrived = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def started() -> None:
            listens.set()

        async def listen() -> None:
            try:
                landed = await wait_for_redirect(redirect, asked.get("state", ""), started)
            except ExplorerError:
                listens.set()  # not on this machine, or its port is taken: what is pasted is what there is
                return
            if not arrived.done():
                arrived.set_result(landed)

        listening = asyncio.create_task(listen())
        try:
            await listens.wait()
            dialog = ConsentDialog(
                self.session.vendor(self.workspace.vendor_id).title,
                url,
                waited_for="" if listening.done() else redirect,
                browser=_has_browser(self.session.environ),
            )
            arrived.add_done_callback(lambda done: None if done.cancelled() else dialog.dismiss(done.result()))
            landed = await self.app.push_screen_wait(dialog)
        finally:
            listening.cancel()
            arrived.cancel()
        if landed is None:
            raise Cancelled("You stopped the login; no token was asked for.")
        return landed


def _has_browser(environ: Mapping[str, str]) -> bool:
    """Whether a browser with a window of its own can be had; one that lives in the terminal would fight for it."""
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


async def _ignore_url(url: str) -> None:
    """The consent page is shown by the dialog that takes its answer."""
