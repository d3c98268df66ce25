"""Choosing where calls go, with which credentials, and in which colours."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from textual import work

from explorer.errors import Cancelled, ExplorerError
from explorer.tui.screens.editing import EditingScreen

if TYPE_CHECKING:
    from collections.abc import Mapping


def _has_browser(environ: Mapping[str, str]) -> bool:
    """Whether a browser with a window of its own can be had; one that lives in the terminal would fight for it."""
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


async def _nothing(url: str) -> None:
    """The consent page is shown by the dialog that takes its answer."""


class ChoosingScreen(EditingScreen):
    """Environment, credentials, login, theme."""

    logging_in = False
    """Whether a login waits for a person's consent."""

    @work(exclusive=True, group="ask", exit_on_error=False, description="environment")
    async def action_environment(self) -> None:
        """Choose where the vendor's calls go."""
        if not self.desk.address:
            self._app.tell("Open an endpoint first: environments belong to a vendor.")
            return
        from explorer.session import SANDBOX
        from explorer.tui.screens.dialogs import EnvironmentChoice, EnvironmentDialog

        vendor = self.session.vendor(self.desk.vendor_id)
        sandbox = EnvironmentChoice(SANDBOX, "the embedded server on this machine", "Sandbox")
        choices = [sandbox]
        for name, one in vendor.environments.items():
            choices.append(EnvironmentChoice(name, one.base_url, one.title, one.guarded, one.note))
        chosen = await self.app.push_screen_wait(EnvironmentDialog(vendor.title, choices, self.desk.environment))
        if chosen:
            await self.change_environment(chosen)

    async def change_environment(self, name: str) -> None:
        """Send the open vendor's calls to another environment from now on."""
        vendor = self.desk.vendor_id
        self.desk.chosen[vendor] = name
        self._keep_draft()
        await self._show_endpoint()
        self._remember(environments={**self.session.settings.environments, **self.desk.chosen})

    def on_request_pane_credentials_requested(self) -> None:
        """The button of the auth tab."""
        self.action_credentials()

    @work(exclusive=True, group="ask", exit_on_error=False, description="credentials")
    async def action_credentials(self) -> None:
        """Type the vendor's credentials for the environment; they are kept for this session only."""
        if not self.desk.address:
            self._app.tell("Open an endpoint first: credentials belong to a vendor.")
            return
        from explorer.tui.screens.dialogs import CredentialDialog

        vendor, environment = self.session.vendor(self.desk.vendor_id), self.desk.environment
        asked = await asyncio.to_thread(self.session.credentials, vendor, environment)
        title = f"{vendor.title}, {environment}"
        typed = await self.app.push_screen_wait(CredentialDialog(title, asked, "in memory until you leave"))
        if typed:
            try:
                for name, secret in typed.items():
                    self.session.vault.remember(vendor, environment, name, secret)
            except ExplorerError as error:
                self._app.tell(f"{error.message} {error.hint}", severity="error")
            self._look_up_credentials()
            self._preview_soon()

    @work(exclusive=True, group="ask", exit_on_error=False, description="trusted hosts")
    async def action_trusted(self) -> None:
        """Show the hosts that credentials may go to beside those of the catalog."""
        from explorer.session.trust import trusted_hosts
        from explorer.tui.screens.trust import TrustedHostsDialog

        hosts = await asyncio.to_thread(trusted_hosts, self.session)
        await self.app.push_screen_wait(TrustedHostsDialog(self.session, hosts))

    @work(exclusive=True, group="login", exit_on_error=False, description="log in")
    async def action_login(self) -> None:
        """Get a token now: by the vendor's own call, or by a person's consent in a browser."""
        if not self.desk.address:
            self._app.tell("Open an endpoint first: a login belongs to a vendor.")
            return
        pane = self.response_pane
        self.logging_in = True
        pane.show_idle("Logging in …")
        try:
            said = await self.session.log_in(self.desk.call(force=True), open_url=_nothing, paste=self._consented)
            self._app.tell(f"Logged in: {said}.")
            pane.show_idle(f"Logged in: {said}.")
        except ExplorerError as error:
            pane.show_failure(error.title, error.message, error.hint)
        except asyncio.CancelledError:
            pane.show_idle("Stopped waiting for the consent.")
            raise
        finally:
            self.logging_in = False
        self._look_up_credentials()
        self._preview_soon()

    async def _consented(self, url: str) -> str:
        """The URL that a person landed on: the one that came by itself over the loopback redirect, or the one that was
        pasted, whichever is first.

        Raises:
            Cancelled: the person closed the dialog.
        """
        from explorer.loopback import wait_for_redirect
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
                self.session.vendor(self.desk.vendor_id).title,
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

    def action_theme(self) -> None:
        """The next theme."""
        names = self._app.theme_names
        if names:
            at = names.index(self.app.theme) if self.app.theme in names else -1
            self.change_theme(names[(at + 1) % len(names)])

    def change_theme(self, name: str) -> None:
        """Wear another theme, and keep it."""
        self.app.theme = name
        self._app.tell(f"Theme: {name}")
        self._remember(theme=name)
