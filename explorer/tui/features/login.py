"""Get a token, by the vendor's own call or by consent in a browser."""

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
    """Runs one login at a time."""

    active = False
    """Whether a login waits for the user's consent."""

    @background(group="login", description="log in")
    async def action_login(self) -> None:
        """Get a token now, by the vendor's own call or by consent in a browser."""
        from explorer.session.login import log_in

        if not self.workspace.address:
            self.tell("Open an endpoint first. A login belongs to a vendor.")
            return
        pane = self.response_pane
        self.active = True
        pane.show_idle("Logging in …")
        try:
            message = await log_in(
                self.session, self.workspace.call(force=True), open_url=_ignore_url, paste=self._consented
            )
            self.tell(f"Logged in: {message}.")
            pane.show_idle(f"Logged in: {message}.")
        except ExplorerError as error:
            pane.show_failure(error.title, error.message, error.hint)
        except asyncio.CancelledError:
            pane.show_idle("Login canceled.")
            raise
        finally:
            self.active = False
        self.main.form.look_up_credentials()
        self.main.form.schedule_preview()

    async def _consented(self, url: str) -> str:
        """Return the redirect URL: received by the loopback server or pasted, whichever is first.

        Raises:
            Cancelled: the user closed the dialog.
        """
        from explorer.net.loopback import wait_for_redirect
        from explorer.tui.screens.consent import ConsentDialog

        query = dict(parse_qsl(urlsplit(url).query))
        redirect = query.get("redirect_uri", "")
        listens, arrived = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def started() -> None:
            listens.set()

        async def listen() -> None:
            try:
                landed = await wait_for_redirect(redirect, query.get("state", ""), started)
            except ExplorerError:
                listens.set()  # not a loopback URL, or its port is taken: only pasting is left
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
            raise Cancelled("You canceled the login. No token was requested.")
        return landed


def _has_browser(environ: Mapping[str, str]) -> bool:
    """Return whether a graphical browser is available. A terminal browser would compete for the terminal."""
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


async def _ignore_url(url: str) -> None:
    """Do nothing: the dialog that waits for the consent shows the URL."""
