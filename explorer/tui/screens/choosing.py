"""Choosing where calls go, with which credentials, and in which colours."""

from __future__ import annotations

import asyncio

from textual import work

from explorer.errors import ExplorerError
from explorer.tui.screens.editing import EditingScreen


class ChoosingScreen(EditingScreen):
    """Environment, credentials, theme."""

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
