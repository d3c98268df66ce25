"""The comparison of vendors on screen: all of it can be read at every size, and leads on to calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.vendor_comparison import TASKS
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext


async def test_every_row_can_be_read(session: SessionContext) -> None:
    async with driven(session, SIZES[0]) as app:
        await app.keys("escape")
        async for _ in app.at_every_size():
            await app.keys("C")
            await app.see("Compare vendors")
            for row in TASKS.values():
                await app.see(row.title)
                await app.keys("j")
            await app.keys("escape")
            await app.until(lambda: app.app.screen is app.main, "the main screen")


async def test_from_a_task_to_its_details_to_a_call(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await app.keys("escape", "C")
        await app.see("Compare vendors")
        await app.keys(*("j" for _ in range(list(TASKS).index("credential"))), "enter")
        await app.see("Which part of the request carries the credentials?")
        await app.keys("right")
        await app.see("Where does the token come from")
        await app.keys("left")
        await app.see("header X-EA-REQUEST-TOKEN")
        await app.keys("j", "j", "enter")
        await app.until(lambda: app.main.panes.request_pane.address == "cottoncart.order_calculate", "the call")


async def test_a_vendor_without_such_a_call_says_so(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape", "C")
        await app.see("Compare vendors")
        await app.keys(*("j" for _ in range(list(TASKS).index("dates"))), "enter")
        await app.see("Which date formats do")
        await app.keys("enter")
        await app.see("This vendor has no call for the task.")
        await app.keys("escape")
        await app.see("Compare vendors")
