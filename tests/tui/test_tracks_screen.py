"""Guided tracks in the app: walked by keys, ticked in the strip, kept when one leaves and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from explorer.tui.panes.title_bar import TrackStrip
from explorer.tui.screens.tracks import TracksScreen
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver


async def begun(app: Driver, position: int) -> None:
    """Take up the track at that place of the list."""
    await app.keys("escape", "J")
    await app.see("Guided tracks")
    listing = app.app.screen.query_one("OptionList")
    listing.highlighted = 0  # type: ignore[attr-defined]
    await app.keys(*("j" for _ in range(position)), "enter")
    await app.until(lambda: not isinstance(app.app.screen, TracksScreen), "the main screen")
    await app.until(lambda: app.main.query_one(TrackStrip).line.title, "the strip")


async def typed(app: Driver, name: str, text: str) -> None:
    """Type a value into a field of the form."""
    box = app.rows()[name].query_one(Input)
    box.focus()
    box.value = ""
    await app.write(text)
    await app.keys("escape")


def step(app: Driver) -> str:
    return app.main.query_one(TrackStrip).line.step


async def done(app: Driver, following: str) -> None:
    await app.until(lambda: step(app) == following, f"the step {following!r}, not {step(app)!r}")


async def test_the_first_call_is_walked_with_keys(session: SessionContext) -> None:
    async with driven(session) as app:
        await begun(app, 0)
        await app.until(lambda: app.main.panes.request_pane.address == "endlessaisles.products_list", "the endpoint")
        await app.see("→ Send the product list without changes: F5.")
        await app.keys("f5")
        await done(app, "Ask for less")
        await app.see("✓ OK, and the records are in the Body tab.")
        await app.keys("f5")
        await app.see("… Not yet: per_page was not given.")
        await typed(app, "per_page", "3")
        await app.keys("f5")
        await done(app, "Get one product")
        await app.see("J, enter opens endlessaisles.products_get")
        await app.keys("J")
        await app.see("Guided tracks")
        await app.keys("enter")
        await app.until(lambda: app.main.panes.request_pane.address == "endlessaisles.products_get", "the endpoint")
        await app.until(lambda: "enter opens" not in app.text, "no way to where one is")
        await app.keys("escape", "x", "f5")
        await done(app, "Request a missing product")
        await typed(app, "id", "1")
        await app.keys("f5")
        await app.see("★ You can find, fill in and send a call and read its response.")
        assert step(app) == ""
        await app.keys("J")
        await app.see("Sign in, watch a token rotate  about 4 minutes")
        await app.keys("k")
        await app.see("Repeat")
        await app.see("★ You can find, fill in and send a call and read its response.")
        await app.keys("escape")
        await app.until(lambda: not app.main.query_one(TrackStrip).line.title, "no strip")


async def test_a_signature_is_broken_and_repaired_with_keys(session: SessionContext) -> None:
    async def secret(text: str) -> None:
        await app.keys("K")
        await app.see("Shared secret")
        box = list(app.app.screen.query(Input))[-1]
        box.focus()
        await app.write(text)
        await app.keys("enter")
        await app.until(lambda: app.app.screen is app.main, "the main screen")

    async with driven(session) as app:
        await begun(app, 2)
        await app.until(lambda: app.main.panes.request_pane.address == "cottoncart.manage_my_stores", "the endpoint")
        await app.keys("escape", "f5")
        await done(app, "Break it")
        await secret("wrong")
        await app.keys("f5")
        await done(app, "Fix it")
        await app.see("Rejected by the signature check")
        await app.keys("f5")
        await app.see("That is not the sandbox's secret. It is Qm7rT2xKp9LwZ4sB")
        await secret("Qm7rT2xKp9LwZ4sB")
        await app.keys("f5")
        await done(app, "Sign with the other reading")


async def test_it_goes_on_where_it_stopped(session: SessionContext) -> None:
    async with driven(session) as app:
        await begun(app, 0)
        await app.keys("f5")
        await done(app, "Ask for less")
        await app.main.workers.wait_for_complete()
    async with driven(session) as app:
        await app.see("Ask for less")
        assert "●○○○" in app.text
        await app.keys("escape", "J")
        await app.see("▶ Your first call")
        await app.keys("x")
        await app.until(lambda: "▶ Your" not in app.text, "no track under way")
        await app.keys("D")
        await app.until(lambda: "●" not in app.text, "no progress")


async def test_everything_is_seen_at_every_size(session: SessionContext) -> None:
    async with driven(session, SIZES[0]) as app:
        await app.keys("escape", "J")
        async for _ in app.at_every_size():
            for words in ("Sign in, watch a token rotate", "1. Ask for a list", "esc", "enter"):
                await app.see(words)
        await app.keys("enter")
        async for _ in app.at_every_size():
            await app.see("1. Ask for a list")
            await app.see("→ Send the product list without changes: F5.")


async def test_a_damaged_file_is_said_and_tracks_work(session: SessionContext, home: Path) -> None:
    path = home / "data" / "tracks.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"{{{")
    async with driven(session, (200, 50)) as app:
        await app.see("is damaged")
        await begun(app, 0)
        await app.see("Ask for a list")
