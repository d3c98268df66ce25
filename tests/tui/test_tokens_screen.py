"""The screen of tokens: what is seen of them, and what each key does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import OptionList

from explorer.core.model import Call
from explorer.session.send import send
from explorer.tui.screens.tokens import TokensScreen
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

WHOAMI = Call(vendor="fashionphile", endpoint="whoami")


async def shown(app: Driver) -> None:
    await app.keys("escape", "U")
    await app.until(lambda: isinstance(app.app.screen, TokensScreen), "the screen of tokens")
    await app.see("Fashionphile  sandbox")


async def test_a_token_is_shown_with_its_countdown_and_never_itself(session: SessionContext) -> None:
    async with driven(session, SIZES[0]) as app:
        first = await send(session, WHOAMI)
        await shown(app)
        tokens = [token.value.reveal() for token in session.tokens(WHOAMI).history]
        assert tokens
        async for _ in app.at_every_size():
            await app.see("not used yet")
            await app.see(f"by #{first.id}")
            assert not [token for token in tokens if token in app.text]
        await app.keys("j")
        async for _ in app.at_every_size():
            await app.see("first use")
            await app.see("Replaced by")
            assert "grace" in app.text or "spent" in app.text
            assert not [token for token in tokens if token in app.text]
        await app.until(lambda: "spent" in app.text, "the end of the grace time", 10)
        await app.keys("escape")
        assert not isinstance(app.app.screen, TokensScreen)


async def test_enter_opens_the_exchange_that_minted_it_and_u_the_last_use(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        first = await send(session, WHOAMI)
        second = await send(session, WHOAMI)
        await shown(app)
        await app.see("not used yet")
        await app.keys("enter")
        await app.see(f"From the history: #{second.id}")
        await shown(app)
        await app.keys("j", "k", "j", "j")
        await app.keys("u")
        await app.see(f"From the history: #{first.id}")


async def test_new_forget_and_sign_out(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await send(session, WHOAMI)
        await shown(app)
        await app.keys("r")
        await app.see("Received a new token.")
        await app.until(lambda: app.text.count("unused") >= 2, "the new token beside the one of before")
        await app.keys("o")
        await app.see("fashionphile.sign_out revokes the token")
        await app.keys("n")
        await app.keys("o", "y")
        await app.see("sign_out: OK, 204")
        await app.see("signed out or forgotten")
        await send(session, WHOAMI)
        await app.keys("d", "y")
        await app.see("Tokens forgotten.")
        await app.keys("pagedown", "pageup", "space", "b")
        assert isinstance(app.app.screen, TokensScreen)


async def test_a_vendor_without_a_token_says_how_to_get_one(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await shown(app)
        app.app.screen.query_one(OptionList).highlighted = 0
        await app.see("No token yet")
        await app.keys("enter")
        await app.see("There is no token yet.")
        await app.keys("d")
        await app.see("There is no token to forget.")
        await app.keys("o")
        await app.see("no call to revoke a token")
        await app.keys("u")
        await app.see("No request in the history used it.")
        listing = app.app.screen.query_one(OptionList)
        listing.highlighted = listing.option_count - 1
        await app.keys("r")
        await app.see("issues tokens manually")
