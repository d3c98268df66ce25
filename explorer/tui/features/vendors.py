"""How the vendors do the same things, side by side."""

from __future__ import annotations

import asyncio

from explorer.tui.features.controller import Controller, background


class VendorsController(Controller):
    """The comparison of vendors."""

    @background(group="vendors", description="compare vendors")
    async def action_vendors(self) -> None:
        """How the vendors do the same things; from there to a call."""
        from explorer.session.vendors import compare_vendors
        from explorer.tui.screens.vendors import VendorsScreen

        tasks = await asyncio.to_thread(compare_vendors, self.session)
        titles = {name: one.title for name, one in self.session.catalog.vendors.items()}
        address = await self.app.push_screen_wait(VendorsScreen(tasks, titles))
        if address:
            await self.main.form.open(address).wait()
