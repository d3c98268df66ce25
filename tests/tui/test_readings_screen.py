"""Readings as experiments on screen: what a person sees and what each key does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.session.history import recent_entries
from explorer.tui.panes.title_bar import TitleBar
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

BRANDS = "xsellcast.brands_list"


async def opened(app: Driver, address: str = BRANDS) -> None:
    """The readings of a call on screen."""
    await app.open(address)
    await app.keys("escape", "B")
    await app.see(f"Readings of {address}")


async def test_both_ways_are_sent_with_one_key_and_said_at_every_size(session: SessionContext) -> None:
    async with driven(session, SIZES[0]) as app:
        await opened(app)
        async for _ in app.at_every_size():
            await app.see("▸ (○) post")
        await app.keys("B")
        async for _ in app.at_every_size():
            await app.see("→ The server follows get")
            await app.see("✓get  ✗post")
            await app.see("405 Method Not Allowed")


async def test_what_was_found_stands_at_the_reading_in_the_form(session: SessionContext) -> None:
    async with driven(session, (200, 50)) as app:
        await opened(app)
        await app.keys("B")
        await app.see("→ The server follows get")
        await app.keys("escape")
        await app.open(BRANDS)
        await app.keys("escape", "R")
        await app.see("sandbox: accepted 2")
        await app.see("405 Method Not Allowed #")


async def test_a_choice_for_this_call_makes_the_form_anew(session: SessionContext) -> None:
    async with driven(session) as app:
        await opened(app)
        await app.keys("space")
        await app.see("(●) post")
        await app.keys("escape")
        await app.until(lambda: app.main.query_one(TitleBar).place.method == "POST", "the other method")
        await app.see("example_verb=post")


async def test_an_adopted_reading_is_the_form_s_from_then_on_and_u_takes_it_back(session: SessionContext) -> None:
    async with driven(session) as app:
        await opened(app)
        await app.keys("a")
        await app.see("post is now the default")
        await app.keys("escape")
        await app.until(lambda: app.main.query_one(TitleBar).place.method == "POST", "the other method")
        await app.keys("f5")
        await app.see("✓ OK")
        await app.keys("2", "B")
        await app.see("★")
        await app.keys("u", "y")
        await app.until(lambda: "★" not in app.text, "no star")
        await app.keys("escape")
        await app.until(lambda: app.main.query_one(TitleBar).place.method == "GET", "the catalog's own")


async def test_the_sandbox_follows_what_it_is_told(session: SessionContext) -> None:
    async with driven(session) as app:
        await opened(app)
        await app.keys("f")
        await app.see("used by the sandbox")
        await app.keys("B")
        await app.see("→ The server follows post")
        await app.keys("c")
        await app.until(lambda: type(app.app.screen).__name__ == "ComparingScreen", "the comparison")
        await app.keys("escape")
        await app.see("Readings of")
        await app.keys("escape")
        await app.see("sandbox follows example_verb=post")


async def test_one_choice_alone_is_sent_and_said(session: SessionContext) -> None:
    async with driven(session) as app:
        await opened(app)
        await app.keys("s")
        await app.see("✗ post")
        await app.see("→ Only post was sent")
        await app.keys("right", "s")
        await app.see("✓ get")
        await app.keys("space")
        await app.see("For this call: example_verb=get")
        await app.see("▸ (●) get")


async def test_fields_that_are_asked_for_are_filled_with_examples(session: SessionContext) -> None:
    async with driven(session) as app:
        await opened(app, "xsellcast.brands_get")
        await app.keys("B")
        await app.see("GET /xsellcast/api/v1/brand/3")
        await app.see("→ The server follows get")


async def test_what_is_no_read_asks_first_even_in_the_sandbox(session: SessionContext) -> None:
    async with driven(session) as app:
        await opened(app, "fashionphile.sign_in")
        await app.keys("B")
        await app.see("is not a read (session)")
        await app.keys("n")
        await app.until(lambda: "is not a read" not in app.text, "the dialog to go")
        assert not await recent_entries(session)


async def test_the_passage_of_the_document_stands_under_the_choice(session: SessionContext, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "000.txt").write_text("\n".join(f"line {number} of it" for number in range(1, 101)))
    session.environ = {**session.environ, "API_EXPLORER_DOCUMENTS": str(folder)}
    async with driven(session) as app:
        await opened(app)
        await app.see("47 │ line 47 of it")
        await app.see("36 │ line 36 of it")


async def test_a_reading_that_changes_nothing_sent_says_so(session: SessionContext) -> None:
    async with driven(session) as app:
        await opened(app)
        await app.see("8 more with v")
        await app.keys("v", *("down" for _ in range(13)))
        await app.see("Changes only how the response is interpreted")
        await app.keys("B")
        await app.see("This ambiguity does not change")


async def test_a_field_that_is_in_doubt_has_its_badge(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("xsellcast.brands_get")
        await app.see("id* ◆")
        await app.see("◆ id_type: B tries both")
