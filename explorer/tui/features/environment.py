"""Choose where calls go, with which credentials, and which faults the sandbox plays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background

if TYPE_CHECKING:
    from textual.timer import Timer

    from explorer.tui.features.controller import MainContext


class EnvironmentController(Controller):
    """Environment, credentials, theme."""

    @background(group="ask", description="environment")
    async def action_environment(self) -> None:
        """Choose where the vendor's calls go."""
        if not self.workspace.address:
            self.tell("Open an endpoint first: environments belong to a vendor.")
            return
        from explorer.core.model import SANDBOX
        from explorer.tui.screens.dialogs import EnvironmentChoice, EnvironmentDialog

        vendor = self.session.vendor(self.workspace.vendor_id)
        sandbox = EnvironmentChoice(SANDBOX, "the embedded server on this machine", "Sandbox")
        choices = [sandbox]
        for name, one in vendor.environments.items():
            choices.append(EnvironmentChoice(name, one.base_url, one.title, one.guarded, one.note))
        chosen = await self.app.push_screen_wait(EnvironmentDialog(vendor.title, choices, self.workspace.environment))
        if chosen:
            await self.change_environment(chosen)

    async def change_environment(self, name: str) -> None:
        """Send the open vendor's calls to another environment from now on."""
        vendor = self.workspace.vendor_id
        self.workspace.chosen[vendor] = name
        self.main.form.keep_draft()
        await self.main.form.show()
        self.layout.store_setting(environments={**self.session.settings.environments, **self.workspace.chosen})

    @background(group="ask", description="credentials")
    async def action_credentials(self) -> None:
        """Type the vendor's credentials for the environment; they are kept for this session only."""
        if not self.workspace.address:
            self.tell("Open an endpoint first: credentials belong to a vendor.")
            return
        from explorer.tui.screens.dialogs import CredentialDialog

        vendor, environment = self.session.vendor(self.workspace.vendor_id), self.workspace.environment
        asked = await asyncio.to_thread(self.session.vault.status, vendor, environment)
        title = f"{vendor.title}, {environment}"
        typed = await self.app.push_screen_wait(CredentialDialog(title, asked, "in memory until you leave"))
        if typed:
            try:
                for name, secret in typed.items():
                    self.session.vault.remember(vendor, environment, name, secret)
            except ExplorerError as error:
                self.tell(error.sentence, severity="error")
            self.main.form.look_up_credentials()
            self.main.form.schedule_preview()

    def action_theme(self) -> None:
        """The next theme."""
        names = self.app.theme_names
        if names:
            at = names.index(self.app.theme) if self.app.theme in names else -1
            self.change_theme(names[(at + 1) % len(names)])

    def change_theme(self, name: str) -> None:
        """Wear another theme, and keep it."""
        self.app.theme = name
        self.tell(f"Theme: {name}")
        self.layout.store_setting(theme=name)


LOOK = 0.5
"""Seconds between two looks whether faults have worn out, while there are any."""


class FaultsController(Controller):
    """Faults of the sandbox."""

    def __init__(self, main: MainContext) -> None:
        self._fault_timer: Timer | None = None
        super().__init__(main)

    async def panes_ready(self) -> None:
        self._show_faults()

    @property
    def is_available(self) -> bool:
        """Whether faults would show: calls go to the sandbox, or may."""
        return not self.workspace.address or self.workspace.in_sandbox

    def action_faults(self) -> None:
        """Switch faults on and off."""
        if not self.is_available:
            self.tell(
                f"Only the sandbox goes wrong on purpose, and calls go to {self.workspace.environment}. E chooses."
            )
            return
        from explorer.tui.screens.faults import FaultsDialog

        self.app.push_screen(FaultsDialog(self._change_faults, self.session.sandbox.faults))

    def _change_faults(self, words: list[str]) -> None:
        self.session.sandbox.set_faults(words, self.session.catalog)
        self._show_faults()

    def _show_faults(self) -> None:
        """Mark the title; faults with a number of times go away by themselves, so look again while there are any."""
        faults = self.session.sandbox.faults
        self.title_bar.faults = " ".join(map(str, faults))
        if self._fault_timer is None and faults:
            self._fault_timer = self.main.screen.set_interval(LOOK, self._show_faults)
        elif self._fault_timer is not None and not faults:
            self._fault_timer.stop()
            self._fault_timer = None

    def send_ended(self) -> None:
        self._show_faults()
