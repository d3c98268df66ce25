"""Comparing on screen, driven by keys: from the history, after a replay, under two versions; folded and masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from explorer.core.model import Call, Entry, Exchange, ReceivedResponse, SentRequest, Verdict
from explorer.session.history import recent_entries
from explorer.session.send import send
from explorer.tui.panes.comparison.change_list import ChangeList
from explorer.tui.panes.comparison.diff_view import DiffView
from explorer.tui.screens.comparison import LARGE, ComparingScreen
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver


def exchange(status: int, value: object, query: str = "") -> Exchange:
    return Exchange(
        call=Call(vendor="endlessaisles", endpoint="stock"),
        started_at=1_900_000_000.0,
        request=SentRequest(method="GET", url=f"http://127.0.0.1:1/stock{query}"),
        response=ReceivedResponse(
            status=status,
            headers=(("Content-Type", "application/json"), ("Date", str(status))),
            body=json.dumps(value).encode(),
        ),
        verdict=Verdict(outcome="OK" if status == 200 else "FAILED"),
    )


LEFT = {"data": [{"id": n, "name": f"lamp {n}", "updated_at": "then"} for n in range(40)], "total": 40}
RIGHT = json.loads(json.dumps(LEFT))
RIGHT["data"].insert(5, {"id": 900, "name": "new", "updated_at": "now"})
RIGHT["data"][30]["name"] = "another lamp"
RIGHT["total"] = 41


async def compared(driver: Driver, left: Exchange, right: Exchange) -> ComparingScreen:
    screen = ComparingScreen(driver.app.session, left, right, ("the first", "the second"))
    driver.app.push_screen(screen)
    await driver.until(lambda: screen.comparison is not None and screen.comparison.done, "the comparison")
    view = screen.query_one(DiffView)
    await driver.until(
        lambda: (view.cursor or not view.change_count) and "comparing …" not in driver.text, "the changes"
    )
    return screen


async def test_changes_are_told_in_words_and_shown_in_their_lines(session: SessionContext) -> None:
    async with driven(session, SIZES[0]) as driver:
        await compared(driver, exchange(200, LEFT), exchange(200, RIGHT, "?page=2"))
        async for _ in driver.at_every_size():
            await driver.see("2 changed, 1 added")
            text = driver.text
            assert "response: 2 changed, 1 added · request: 1 added" in " ".join(text.split())
            assert "the first" in text
            assert '"name": "new"' in text
            assert "equal lines" in text
            assert "data[5]" in text
            assert "lamp 20" not in text


async def test_keys_go_from_change_to_change_and_fold(session: SessionContext) -> None:
    async with driven(session) as driver:
        screen = await compared(driver, exchange(200, LEFT), exchange(200, RIGHT))
        view = screen.query_one(DiffView)
        await driver.see("change 1 of 3")
        await driver.keys("n")
        await driver.see("change 2 of 3")
        assert '"another lamp"' in driver.text
        await driver.keys("n", "n")
        await driver.see("No further change")
        await driver.see("change 3 of 3")
        await driver.keys("p")
        await driver.see("change 2 of 3")
        folded = view.virtual_size.height
        await driver.keys("a")
        await driver.until(lambda: view.virtual_size.height > 160, "all lines")
        assert "another lamp" in driver.text  # it stays where it was
        await driver.keys("a")
        await driver.until(lambda: view.virtual_size.height == folded, "only the changes")
        await driver.keys("right_square_bracket")
        await driver.see("Query · identical")
        await driver.keys("1")
        await driver.see("Body · 2 changed, 1 added")
        await driver.keys("escape")
        await driver.until(lambda: driver.app.screen is driver.main, "the main screen")


async def test_the_cursor_stays_at_its_change_when_the_window_changes(session: SessionContext) -> None:
    async with driven(session) as driver:
        await compared(driver, exchange(200, LEFT), exchange(200, RIGHT))
        await driver.keys("n")
        await driver.see("change 2 of 3")
        for size in ((80, 24), (200, 50)):
            await driver.pilot.resize_terminal(*size)
            await driver.until(lambda wanted=size: driver.app.size == wanted, "the new size")  # type: ignore[misc]
            await driver.see("change 2 of 3")
            await driver.see("another lamp")


async def test_a_click_in_the_list_goes_to_the_change_under_the_mouse(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as driver:
        screen = await compared(driver, exchange(200, LEFT), exchange(200, RIGHT))
        changes = screen.query_one(ChangeList)
        await driver.until(lambda: changes.count == 3 and changes.size.height >= 2, "the list")
        await driver.pilot.click(changes, offset=(5, 2))
        await driver.until(lambda: changes.cursor == 1, "the change in the second row below the line")
        await driver.see("change 2 of 3")


async def test_the_list_leads_to_the_lines(session: SessionContext) -> None:
    async with driven(session, (200, 50)) as driver:
        screen = await compared(driver, exchange(200, LEFT), exchange(401, RIGHT))
        await driver.keys("tab")
        await driver.until(lambda: screen.query_one(ChangeList).has_focus, "the list")
        await driver.keys("G", "enter")
        await driver.until(lambda: screen.query_one(DiffView).has_focus, "the lines")
        row = screen.query_one(DiffView).row
        assert (row.change > 0, '"total"' in driver.text) == (True, True)
        await driver.keys("y")
        await driver.see("Copied total.")
        await driver.keys("l")
        await driver.until(lambda: not screen.query_one(ChangeList).display, "no list")


async def test_a_field_is_ignored_by_one_key_and_taken_out_again(session: SessionContext) -> None:
    async with driven(session) as driver:
        left, right = exchange(200, {"a": 1, "stamp": 1}), exchange(200, {"a": 1, "stamp": 2})
        await compared(driver, left, right)
        await driver.see("response: 1 changed")
        await driver.keys("i")
        await driver.see("the same · 1 volatile masked")
        assert session.settings.ignored == {"endlessaisles": ("$.stamp",)}
        await driver.keys("m")
        await driver.see("masking is off")
        await driver.see("response: 1 changed")
        await driver.keys("m")
        await driver.see("the same · 1 volatile masked")
        await driver.keys("I")
        await driver.see("Ignored in comparisons of endlessaisles")
        await driver.keys("x")
        await driver.see("response: 1 changed")
        assert session.settings.ignored == {}


async def test_two_rows_of_the_history_are_compared(session: SessionContext) -> None:
    for sku in ("81001", "81002"):
        await send(session, Call(vendor="endlessaisles", endpoint="stock", entries=(Entry(name="sku", value=sku),)))
    async with driven(session) as driver:
        await driver.keys("escape", "h")
        await driver.see("endlessaisles.stock")
        await driver.keys("space")
        await driver.see("#2 marked, c on another compares")
        await driver.keys("j", "c")
        await driver.see("endlessaisles.stock #1")
        assert "#2" in driver.text
        await driver.keys("2")
        await driver.see("sku = 81002")
        await driver.keys("escape")
        await driver.until(lambda: driver.app.screen is driver.main, "the history")
        assert "marked" not in driver.text


async def test_a_replay_is_compared_with_its_origin_from_the_answer_and_from_the_history(
    session: SessionContext,
) -> None:
    sent = await send(
        session, Call(vendor="endlessaisles", endpoint="stock", entries=(Entry(name="sku", value="81001"),))
    )
    async with driven(session) as driver:
        await driver.keys("escape", "h")
        await driver.see("endlessaisles.stock")
        await driver.keys("r")
        await driver.see(f"Press c to compare it with #{sent.id}.")
        await driver.keys("c")
        await driver.see("a replay of #1, signed again")
        await driver.see("the same")
        await driver.keys("escape", "4")
        await driver.until(lambda: driver.main.panes.pane == "history", "the history")
        await driver.keys("g", "c")
        await driver.see("a replay of #1, signed again")


async def test_the_lens_sends_two_versions_and_compares(session: SessionContext) -> None:
    async with driven(session) as driver:
        await driver.open("fashionphile.product_search")
        await driver.keys("escape", "V")
        await driver.see("Compare versions")
        await driver.see("application/x.fashionphile.v2+json")
        await driver.keys("j", "enter")
        await driver.see("status 200 → 400")
        await driver.see("+ missing: no Accept header")
        await driver.see("has no version")
        await driver.keys("2")
        await driver.see("Accept: application/x.fashionphile.v1+json")
    assert len(await recent_entries(session)) >= 2


async def test_a_vendor_without_a_versioned_header_is_told_so(session: SessionContext) -> None:
    async with driven(session) as driver:
        await driver.open("cottoncart.stats_balance")
        await driver.keys("escape", "V")
        await driver.see("has its version in the path")


async def test_secrets_are_masked_on_screen(session: SessionContext) -> None:
    call = Call(
        vendor="fashionphile",
        endpoint="sign_in",
        entries=(Entry(name="email", value="a@b.example"), Entry(name="password", value="marked-secret-8123")),
    )
    one = await send(session, call)
    other = msgspec.structs.replace(call, entries=(call.entries[0], Entry(name="password", value="marked-secret-8124")))
    two = await send(session, other)
    async with driven(session, (200, 50)) as driver:
        await compared(driver, one, two)
        for keys in (("a",), ("2",), ("m",)):
            await driver.keys(*keys)
            await driver.pilot.pause()
            assert "marked-secret" not in driver.text
        await driver.see("email")


async def test_large_bodies_are_compared_by_another_process_while_the_screen_answers(session: SessionContext) -> None:
    left = {"data": [{"id": n, "text": "x" * 200} for n in range(LARGE // 200)]}
    right = {"data": [*left["data"][:900], {"id": -1, "text": "new"}, *left["data"][900:]]}
    async with driven(session) as driver:
        screen = ComparingScreen(session, exchange(200, left), exchange(200, right), ("one", "two"))
        driver.app.push_screen(screen)
        await driver.see("one")
        await driver.keys("l")  # keys work while it is under way
        await driver.see("response: 1 added")
        await driver.see('"text": "new"')
