"""Open the screens for tokens, trusted hosts, vendor comparison, readings and drift."""

from __future__ import annotations

import asyncio

from explorer.tui.features.controller import Controller, background


class TokensController(Controller):
    """Tokens of every vendor and environment."""

    def action_tokens(self) -> None:
        """Show the token history; open an exchange chosen there."""
        from explorer.tui.screens.tokens import TokensScreen

        def chosen(number: int | None) -> None:
            if number:
                self.main.history.show_entry(number)

        self.app.push_screen(TokensScreen(self.session), chosen)


class TrustController(Controller):
    """The list of trusted hosts. The app itself asks the trust question, over any screen."""

    @background(group="ask", description="trusted hosts")
    async def action_trusted(self) -> None:
        """Show the trusted hosts, to remove one or all."""
        from explorer.session.trust import trusted_hosts
        from explorer.tui.screens.trust import TrustedHostsDialog

        hosts = await asyncio.to_thread(trusted_hosts, self.session)
        await self.app.push_screen_wait(TrustedHostsDialog(self.session, hosts))


class VendorsController(Controller):
    """The comparison of vendors."""

    @background(group="vendors", description="compare vendors")
    async def action_vendors(self) -> None:
        """Compare the vendors task by task; open a call chosen there."""
        from explorer.session.comparison import compare_vendors
        from explorer.tui.screens.vendors import VendorsScreen

        tasks = await asyncio.to_thread(compare_vendors, self.session)
        titles = {name: vendor.title for name, vendor in self.session.catalog.vendors.items()}
        address = await self.app.push_screen_wait(VendorsScreen(tasks, titles))
        if address:
            await self.main.form.open(address).wait()


class ReadingsController(Controller):
    """Readings and drift. Rebuilds the form when the catalog changes."""

    @background(group="experiment", description="experiment")
    async def action_experiment(self) -> None:
        """Try the readings of the open endpoint."""
        if not self.require_endpoint() or self.main.has_missing_values():
            return
        from explorer.tui.screens.readings import ReadingsScreen

        self.main.form.keep_draft()
        changed = await self.app.push_screen_wait(ReadingsScreen(self.session, self.workspace.call()))
        if changed.catalog or changed.readings != self.workspace.draft.readings:
            self.workspace.keep(readings=changed.readings)
            self.main.drafts.schedule_save()
            await self.main.form.show()
        self.main.form.show_title()

    @background(group="experiment", description="drift")
    async def action_drift(self) -> None:
        """Show where responses in the history differ from the catalog."""
        if not self.main.ready.is_set():
            return
        from explorer.tui.screens.drift import DriftScreen

        result = await self.app.push_screen_wait(DriftScreen(self.session, self.workspace.vendor_id))
        if result.catalog and self.workspace.address:
            self.main.form.keep_draft()
            await self.main.form.show()
        if result.entry:
            self.main.history.show_entry(result.entry)
