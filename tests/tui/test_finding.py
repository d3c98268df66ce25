"""What is typed into the filter and the palette opens what it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from explorer.tui.match_rank import ELSEWHERE, EXACT, PREFIX, WORD_STARTS, WORDS, match_rank
from explorer.tui.panes.tree import leaves_of, match_leaves
from tests.tui.driving import driven

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog
    from explorer.session.context import SessionContext

FIRST = {
    "balance": "cottoncart.stats_balance",
    "create a store": "cottoncart.manage_create_store",
    "stats_balance": "cottoncart.stats_balance",
    "quickstart.orders_get": "quickstart.orders_get",
    "list or": "quickstart.orders_list",
}


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("List  orders", EXACT),
        ("orders_list", EXACT),
        ("list o", PREFIX),
        ("orders li", WORD_STARTS),
        ("rders", WORDS),
        ("customers", ELSEWHERE),
    ],
)
def test_the_better_a_name_is_matched_the_lower_its_rank(text: str, rank: int) -> None:
    assert match_rank(text, ("List orders", "orders_list")) == rank


@pytest.mark.parametrize("text", FIRST)
def test_the_first_match_is_what_was_named(shipped: Catalog, text: str) -> None:
    assert match_leaves(leaves_of(shipped), text)[0].address == FIRST[text]


@pytest.mark.parametrize("vendor", ["quickstart", "endlessaisles"])
def test_the_open_vendor_comes_before_others(shipped: Catalog, vendor: str) -> None:
    assert match_leaves(leaves_of(shipped), "list orders", vendor)[0].address == f"{vendor}.orders_list"


@pytest.mark.parametrize("text", ["balance", "create a store"])
async def test_enter_in_the_filter_opens_the_first_match(session: SessionContext, text: str) -> None:
    async with driven(session) as app:
        await app.write(text)
        await app.keys("enter")
        await app.until(lambda: app.main.workspace.address, "an endpoint")
        assert app.main.workspace.address == FIRST[text]


@pytest.mark.parametrize("text", ["balance", "create a store"])
async def test_enter_in_the_palette_opens_the_first_match(session: SessionContext, text: str) -> None:
    async with driven(session) as app:
        await app.keys("ctrl+p")
        await app.until(lambda: app.app.screen is not app.main, "the palette")
        await app.write(text)
        await app.see(FIRST[text])
        await app.keys("enter")
        await app.until(lambda: app.main.workspace.address, "an endpoint")
        assert app.main.workspace.address == FIRST[text]


async def test_the_filter_prefers_the_open_vendor(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.stock")
        app.main.action_filter()
        app.main.query_one("#tree").query_one(Input).value = ""
        await app.write("list orders")
        await app.keys("enter")
        await app.until(lambda: app.main.workspace.address == "endlessaisles.orders_list", "the open vendor's call")
