"""The hosts that credentials may go to beside those of the catalog."""

from __future__ import annotations

import asyncio

from explorer.tui.features.controller import Controller, background


class TrustController(Controller):
    """The list of trusted hosts. The question itself is the app's, over whatever screen is open."""

    @background(group="ask", description="trusted hosts")
    async def action_trusted(self) -> None:
        """Show the hosts that were allowed; remove one or all."""
        from explorer.session.trust import trusted_hosts
        from explorer.tui.screens.trust import TrustedHostsDialog

        hosts = await asyncio.to_thread(trusted_hosts, self.session)
        await self.app.push_screen_wait(TrustedHostsDialog(self.session, hosts))
