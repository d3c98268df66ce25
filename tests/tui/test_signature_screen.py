"""The signature debugger as a person uses it: change an input, paste somebody else's, read the answer."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from explorer.tui.kit.lines_view import LinesView
from explorer.tui.kit.static_widgets import PasteBox
from explorer.tui.screens.signature import SignatureScreen
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

MINE = "cottoncart.manage_my_stores"
AT = 1_700_000_000
BASE = f"v1/manage/my_stores?auth_id=demo1@demostore&auth_ts={AT}"
KEY = "Qm7rT2xKp9LwZ4sB"


def openssl(base: str, key: str = KEY) -> str:
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", key], input=base.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().split()[-1]


async def opened(app: Driver, address: str = MINE) -> SignatureScreen:
    app.app.session.now = lambda: float(AT)
    await app.open(address)
    app.main.panes.request_pane.focus_tabs()
    await app.keys("G")
    await app.until(lambda: isinstance(app.app.screen, SignatureScreen), "the debugger")
    await app.see("Signature debugger")
    screen = app.app.screen
    assert isinstance(screen, SignatureScreen)
    return screen


def told(app: Driver) -> str:
    """The answer and the steps, as text before it was wrapped."""
    return app.app.screen.query_one(LinesView).plain


async def tells(app: Driver, words: str) -> None:
    await app.until(lambda: words in told(app), repr(words))


async def pasted(app: Driver, text: str) -> None:
    app.app.screen.query_one(PasteBox).text = ""
    app.app.screen.query_one(PasteBox).focus()
    await app.write(text)


async def test_the_base_string_is_there_at_every_size_and_its_key_is_not(session: SessionContext) -> None:
    async with driven(session, SIZES[0]) as app:
        await opened(app)
        await tells(app, BASE)
        async for _ in app.at_every_size():
            await app.see("v1/manage/my_stores")
            assert BASE in told(app)
            assert openssl(BASE) in told(app)
            assert KEY not in app.text
        await app.keys("escape")
        await app.until(lambda: app.app.screen is app.main, "the main screen")


async def test_changing_an_input_changes_base_string_and_signature_at_once(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        screen = await opened(app)
        await app.keys("j", "enter")
        await app.write("1329130234")
        await app.keys("enter")
        other = BASE.replace(str(AT), "1329130234")
        await tells(app, other)
        await tells(app, openssl(other))
        await app.see("changed")
        await app.keys("space")  # out with the time
        await tells(app, "v1/manage/my_stores?auth_id=demo1@demostore\n")
        await app.keys("u")
        await tells(app, BASE)
        assert "changed" not in app.text
        await app.keys("j", "j", "space")  # the next order
        await app.see("in the order sent")
        await app.keys("G", "enter")  # the key, the last of the inputs
        await app.write("another-key")
        assert "another-key" not in app.text
        await app.keys("enter")
        await app.see("typed (")
        await tells(app, openssl(BASE, "another-key"))
        assert screen.sheet is not None
        assert screen.sheet.changes() == ("order", "key")


async def test_what_is_pasted_gets_its_cause_named_with_both_in_columns(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await opened(app)
        await app.keys("p")
        await app.write(BASE.replace("@", "%40"))
        await app.see("the values are percent-encoded in the base string")
        await app.see("Join the decoded values")
        await app.see("auth_id=demo1@░░demostore")
        await app.see("^^^")
        await pasted(app, openssl(BASE).upper())
        await app.see("the signature is in uppercase")
        await pasted(app, openssl(BASE))
        await app.see("the same")
        await app.keys("escape", "x")
        await app.until(lambda: "✓ result" not in app.text and "✗ result" not in app.text, "no result")


async def test_signs_that_would_act_on_the_terminal_are_shown_and_still_compared(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await opened(app)
        await app.keys("p")
        await app.write(BASE + "\x1b]0;evil\x07")
        await app.see("no known mistake explains it")
        assert "\x1b" not in app.text
        assert app.app.screen.query_one(PasteBox).raw == BASE + "\x1b]0;evil\x07"


async def test_an_entry_of_the_history_is_judged_by_itself(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        app.app.session.now = lambda: float(AT)
        await app.open(MINE)
        app.main.panes.request_pane.focus_tabs()
        await app.keys("f5")
        await app.see("✓ OK")
        await app.keys("h")
        await app.until(lambda: app.main.panes.history_panel.selected == 1, "the row")
        await app.keys("f8")
        await app.until(lambda: isinstance(app.app.screen, SignatureScreen), "the debugger")
        await app.see("entry 1")
        await app.see("✓ result")
        await app.see("the same")


async def test_a_token_is_looked_at_too_and_never_shown(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await opened(app, "endlessaisles.orders_list")
        await app.see("X-EA-REQUEST-TOKEN: ••••••")
        await app.write("curl https://h.example/ -H 'X-EA-REQUEST-TOKEN: Bearer ea-demo-production-token'")
        await app.see("another environment")
        await app.see("Use the token of the environment you call.")


async def test_an_anonymous_call_says_that_there_is_nothing_to_debug(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await app.open("cottoncart.catalogue_stores")
        app.main.panes.request_pane.focus_tabs()
        await app.keys("G")
        await app.see("uses no authentication")
