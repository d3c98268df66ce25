"""Choose environment, credentials, theme and the faults of the sandbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.tui.features.controller import MainContext


class EnvironmentController(Controller):
    """Environment, credentials and theme."""

    @background(group="ask", description="environment")
    async def action_environment(self) -> None:
        """Choose where the vendor's calls are sent."""
        if not self.workspace.address:
            self.tell("Open an endpoint first. Environments belong to a vendor.")
            return
        from explorer.core.model import SANDBOX
        from explorer.tui.screens.dialogs import EnvironmentChoice, EnvironmentDialog

        vendor = self.session.vendor(self.workspace.vendor_id)
        sandbox = EnvironmentChoice(SANDBOX, "the embedded server on this machine", "Sandbox")
        choices = [sandbox]
        for name, environment in vendor.environments.items():
            choices.append(
                EnvironmentChoice(name, environment.base_url, environment.title, environment.guarded, environment.note)
            )
        chosen = await self.app.push_screen_wait(EnvironmentDialog(vendor.title, choices, self.workspace.environment))
        if chosen:
            await self.change_environment(chosen)

    async def change_environment(self, name: str) -> None:
        """Switch the open vendor to another environment."""
        vendor = self.workspace.vendor_id
        if name != self.workspace.environment and not self.main.sender.sending:
            self.title_bar.state = ""
        self.workspace.chosen[vendor] = name
        self.main.form.keep_draft()
        await self.main.form.show()
        self.layout.store_setting(environments={**self.session.settings.environments, **self.workspace.chosen})

    @background(group="ask", description="credentials")
    async def action_credentials(self) -> None:
        """Enter the vendor's credentials for the environment. They are kept in memory until the app ends."""
        if not self.workspace.address:
            self.tell("Open an endpoint first. Credentials belong to a vendor.")
            return
        from explorer.tui.screens.dialogs import CredentialDialog

        vendor, environment = self.session.vendor(self.workspace.vendor_id), self.workspace.environment
        credentials = await asyncio.to_thread(self.session.vault.status, vendor, environment)
        title = f"{vendor.title}, {environment}"
        typed = await self.app.push_screen_wait(CredentialDialog(title, credentials, "in memory until you quit"))
        if typed:
            try:
                for name, secret in typed.items():
                    self.session.vault.remember(vendor, environment, name, secret)
            except ExplorerError as error:
                self.tell(error.sentence, severity="error")
            self.main.form.look_up_credentials()
            self.main.form.schedule_preview()

    def action_theme(self) -> None:
        """Switch to the next theme."""
        names = self.app.theme_names
        if names:
            at = names.index(self.app.theme) if self.app.theme in names else -1
            self.change_theme(names[(at + 1) % len(names)])

    def change_theme(self, name: str) -> None:
        """Switch to a theme, and store it in the settings."""
        self.app.theme = name
        self.tell(f"Theme: {name}")
        self.layout.store_setting(theme=name)


CHECK_INTERVAL = 0.5
"""Seconds between checks for expired faults, while any are active."""


class FaultsController(Controller):
    """The faults of the sandbox."""

    def __init__(self, main: MainContext) -> None:
        self._fault_timer: Timer | None = None
        super().__init__(main)

    async def panes_ready(self) -> None:
        self._show_faults()

    @property
    def is_available(self) -> bool:
        """Whether faults would have an effect: calls go to the sandbox, or may."""
        return not self.workspace.address or self.workspace.in_sandbox

    def action_faults(self) -> None:
        """Switch faults on and off."""
        if not self.is_available:
            self.tell(f"Faults need the sandbox, but calls go to {self.workspace.environment}. Press E to change that.")
            return
        from explorer.tui.screens.faults import FaultsDialog

        self.app.push_screen(FaultsDialog(self._change_faults, self.session.sandbox.faults))

    def _change_faults(self, words: list[str]) -> None:
        self.session.sandbox.set_faults(words, self.session.catalog)
        self._show_faults()

    def _show_faults(self) -> None:
        """Show the active faults in the title. Faults with a count expire by themselves, so check again while any are
        active."""
        faults = self.session.sandbox.faults
        self.title_bar.faults = " ".join(map(str, faults))
        if self._fault_timer is None and faults:
            self._fault_timer = self.main.screen.set_interval(CHECK_INTERVAL, self._show_faults)
        elif self._fault_timer is not None and not faults:
            self._fault_timer.stop()
            self._fault_timer = None

    def send_ended(self) -> None:
        self._show_faults()
