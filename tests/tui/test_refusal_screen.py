"""Why refused, as a person asks it: from the answer and from the history, and the one key that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from explorer.core.text.secret import Secret
from explorer.tui.screens.dialogs import CredentialDialog
from explorer.tui.screens.refusal import RefusalScreen
from explorer.tui.screens.signature import SignatureScreen
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

ORDER = "endlessaisles.orders_get"


async def refused(app: Driver, address: str = ORDER, **values: str) -> RefusalScreen:
    """Send a call that is refused, and ask why."""
    await app.open(address)
    for name, value in values.items():
        app.main.panes.request_pane.focus_field(name)
        await app.write(value)
    app.main.panes.request_pane.focus_tabs()
    await app.keys("f5")
    await app.see("✗ FAILED")
    await app.keys("3")
    await app.until(lambda: app.main.panes.pane == "response", "the response")
    return await why(app)


async def why(app: Driver) -> RefusalScreen:
    await app.keys("W")
    await app.until(lambda: isinstance(app.app.screen, RefusalScreen), "the explanation")
    screen = app.app.screen
    assert isinstance(screen, RefusalScreen)
    await app.see("Response: ")
    return screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_likeliest_reason_stands_first_and_enter_goes_to_the_field(
    session: SessionContext, size: tuple[int, int]
) -> None:
    async with driven(session, size) as app:
        screen = await refused(app, id="999999")
        await app.see("No record has this id")
        await app.see("· confirmed")
        assert screen.current is not None
        assert screen.current.check == "unknown_id"
        await app.keys("j", "k", "enter")
        await app.until(lambda: app.app.screen is app.main, "the main screen")
        await app.until(lambda: isinstance(app.main.focused, Input) and app.main.panes.pane == "request", "the field")


async def test_a_wrong_signature_leads_to_the_debugger(session: SessionContext) -> None:
    session.vault.remember(session.vendor("cottoncart"), "sandbox", "secret", Secret("another-secret-1"))
    async with driven(session, (120, 40)) as app:
        await refused(app, "cottoncart.manage_my_stores")
        await app.see("only the vendor knows which secret belongs to it")
        await app.keys("G")
        await app.until(lambda: isinstance(app.app.screen, SignatureScreen), "the debugger")
        await app.keys("escape")
        await app.until(lambda: app.app.screen is app.main, "the main screen")


async def test_a_token_of_another_environment_leads_to_the_credentials(session: SessionContext) -> None:
    session.vault.remember(session.vendor("endlessaisles"), "sandbox", "token", Secret("ea-demo-production-token"))
    async with driven(session, (120, 40)) as app:
        await refused(app, "endlessaisles.orders_list")
        await app.see("The token belongs to another environment · confirmed")
        assert "ea-demo-production-token" not in app.text
        await app.keys("enter")
        await app.until(lambda: isinstance(app.app.screen, CredentialDialog), "the credentials")


async def test_a_call_that_got_no_token_is_explained_from_the_form(session: SessionContext) -> None:
    session.vault.remember(session.vendor("fashionphile"), "sandbox", "password", Secret("wrong-password"))
    async with driven(session, (120, 40)) as app:
        await app.open("fashionphile.whoami")
        app.main.panes.request_pane.focus_tabs()
        await app.keys("f5")
        await app.see("Credentials refused")
        app.main.panes.request_pane.focus_tabs()
        await app.keys("W")
        await app.see("The vendor rejected the credentials · confirmed")
        await app.keys("escape")


async def test_from_the_history_the_values_are_put_into_the_form_again(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await refused(app, id="999999")
        await app.keys("escape")
        await app.open("endlessaisles.products_list")
        app.main.panes.request_pane.focus_tabs()
        await app.keys("h")
        await app.until(lambda: app.main.panes.history_panel.selected == 1, "the row")
        await why(app)
        await app.see("entry 1")
        await app.keys("e")
        await app.until(lambda: app.main.panes.request_pane.address == ORDER, "the form of then")
        await app.see("999999")


async def test_where_nothing_was_refused_it_says_so(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await app.open("cottoncart.manage_my_stores")
        app.main.panes.request_pane.focus_tabs()
        await app.keys("W")
        await app.see("Nothing to explain")
        await app.keys("f5")
        await app.see("✓ OK")
        assert "W why" not in app.text
