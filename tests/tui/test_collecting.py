"""Pages on the screen, from the real sandbox: turned by hand, and all of them with plan, pause, stop, failed pages,
going on and findings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.widgets import Input

from explorer.core.body.table import RecordTable
from explorer.session.history import recent_entries
from explorer.tui.body.panel import BodyPanel
from tests.tui.driving import driven

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

PRODUCTS = "endlessaisles.products_list"
MINE = "cottoncart.manage_my_stores"


async def small_pages(app: Driver, address: str, name: str, size: str) -> None:
    """Open an endpoint and ask for pages of that size."""
    await app.open(address)
    app.rows()[name].query_one(Input).focus()
    await app.pilot.pause()
    await app.write(size)
    await app.until(lambda: any(one.value == size for one in app.main.workspace.draft.entries), "the page size")
    await app.keys("escape")


async def planned(app: Driver) -> None:
    """Ask for all pages of the 200 stores, 50 at a time, and see the plan."""
    await small_pages(app, MINE, "count", "50")
    await app.keys("A")
    await app.see("4 calls for 200 records; 3 at once")


def merged(app: Driver) -> list[Any]:
    """The records that the Body tab shows."""
    exchange = app.main.panes.response_pane.exchange
    assert exchange is not None
    assert exchange.response is not None
    found = json.loads(exchange.response.body[:])
    assert isinstance(found, list)
    return found


# --- by hand ---------------------------------------------------------------------------------------------------------


async def test_the_last_the_first_and_any_page_have_a_key(session: SessionContext) -> None:
    async with driven(session) as app:
        await small_pages(app, PRODUCTS, "per_page", "50")
        await app.keys("f5")
        await app.see("page 1 of 7")
        await app.see("# page")
        await app.keys("3", "greater_than_sign")
        await app.see("page 7 of 7")
        await app.keys("3", "less_than_sign")
        await app.see("page 1 of 7")
        await app.keys("3", "number_sign")
        await app.see("Go to page")
        await app.keys("9", "enter")
        await app.see("The last page is 7")
        await app.keys("backspace", "4", "enter")
        await app.see("page 4 of 7")
        assert "page=4" in app.url
        assert "per_page=50" in app.url


async def test_a_page_that_does_not_come_can_be_left_again(session: SessionContext) -> None:
    async with driven(session) as app:
        await small_pages(app, PRODUCTS, "per_page", "50")
        await app.keys("f5")
        await app.see("page 1 of 7")
        session.sandbox.set_faults(["500*1"], session.catalog)
        await app.keys("3", "n")
        await app.see("✗ FAILED · 500")
        await app.see("the vendor's server failed; send it again")
        assert "of 0 records" not in app.text
        await app.keys("3", "p")
        await app.see("page 1 of 7")
        await app.keys("3", "n")
        await app.see("page 2 of 7")


async def test_a_key_goes_to_the_field_that_the_vendor_complains_about(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.keys("escape", "exclamation_mark")
        await app.see("✗ FAILED")
        await app.keys("3")
        await app.until(lambda: app.main.panes.pane == "response", "the response")
        await app.keys("e")
        await app.until(lambda: app.main.panes.pane == "request", "the form")
        assert app.app.focused is not None
        assert getattr(app.app.focused.parent, "field_name", "") == "item1_product_id"


async def test_what_the_vendor_complains_about_stands_beside_the_field_until_it_is_changed(
    session: SessionContext,
) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.catalogue_store_info")
        await app.write("nowhere")
        await app.keys("escape", "f5")
        await app.see("! the vendor: Not found")
        await app.open("cottoncart.catalogue_stores")
        await app.open("cottoncart.catalogue_store_info")
        await app.see("! the vendor: Not found")
        app.rows()["store_id"].query_one(Input).focus()
        await app.keys("x")
        await app.until(lambda: "the vendor:" not in app.text, "no complaint about another value")
        await app.keys("backspace")
        await app.see("! the vendor: Not found")


async def test_a_vendor_that_tells_no_last_page_is_said(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("xsellcast.brands_list")
        await app.keys("escape", "f5")
        await app.see("there may be more")
        await app.keys("3", "greater_than_sign")
        await app.see("The vendor does not report the last page.")


# --- all of them -----------------------------------------------------------------------------------------------------


async def test_all_pages_are_planned_fetched_checked_and_shown_as_one_document(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        await app.see("enter start")
        await app.keys("enter")
        await app.see("All pages: 200 records from 4 pages")
        await app.see("✓ Checked: no duplicates, nothing missing.")
        await app.see("all pages · 200 records")
        records = merged(app)
        assert len({one["store_id"] for one in records}) == 200
        await app.until(lambda: app.main.panes.pane == "response", "the body")
        assert len(await recent_entries(session, limit=10)) == 4


async def test_no_to_the_plan_leaves_the_first_page(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        await app.keys("escape")
        await app.see("page 1 of 4")
        assert len(await recent_entries(session, limit=10)) == 1


async def test_a_call_of_one_page_says_so(session: SessionContext) -> None:
    async with driven(session) as app:
        _lasting(app)
        await small_pages(app, MINE, "count", "500")
        await app.keys("A")
        await app.see("all records are in the first response")
        await app.open("cottoncart.order_calculate")
        await app.keys("escape", "A")
        await app.see("The catalog documents no paging for this call")


async def test_it_is_paused_gone_on_with_stopped_and_resumed_where_it_stopped(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        session.sandbox.set_faults(["slow=60*6"], session.catalog)
        await app.keys("enter")
        await app.see("1 of 4 pages, 50 records")
        await app.keys("space")
        await app.see("‖ PAUSED")
        await app.keys("space")
        await app.see("⇅ ALL PAGES")
        await app.keys("escape")
        await app.see("◐ PARTIAL   stopped after 1 page", 3.0)
        await app.see("Received: 50 records from 1 page")
        assert len(merged(app)) == 50
        session.sandbox.set_faults([], session.catalog)
        await app.keys("r")
        await app.see("All pages: 200 records from 4 pages")
        assert len({one["store_id"] for one in merged(app)}) == 200


async def test_failed_pages_are_listed_and_a_key_asks_for_them_again(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        session.sandbox.set_faults(["endless*1"], session.catalog)
        session.settings = _limited(session)
        await app.keys("enter")
        await app.see("◐ PARTIAL   1 page failed")
        await app.see("Response too large")
        assert len(merged(app)) == 150
        await app.keys("r")
        await app.see("All pages: 200 records from 4 pages")
        ids = [one["store_id"] for one in merged(app)]
        assert len(set(ids)) == 200


async def test_one_failed_page_is_asked_for_again_by_enter(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        session.sandbox.set_faults(["endless*2"], session.catalog)
        session.settings = _limited(session)
        await app.keys("enter")
        await app.see("◐ PARTIAL   2 pages failed")
        failed = [number for number in (2, 3, 4) if f"✗ page {number}" in app.text]
        assert len(failed) == 2
        await app.keys("j", "enter")
        await app.see("1 page failed")
        assert f"✗ page {failed[0]}" in app.text
        assert f"✗ page {failed[1]}" not in app.text
        assert len(merged(app)) == 150
        await app.keys("enter")
        await app.see("All pages: 200 records from 4 pages")
        assert len({one["store_id"] for one in merged(app)}) == 200
        await app.see("✓ Checked: no duplicates, nothing missing.")


async def test_a_failed_page_is_asked_for_again_while_others_come(session: SessionContext) -> None:
    async with driven(session, (120, 50)) as app:
        await planned(app)
        session.sandbox.set_faults(["endless*1"], session.catalog)
        session.settings = _limited(session)
        await app.keys("enter")
        await app.see("✗ page")
        if app.main.panes.response_pane._collection.active:
            await app.keys("tab", "enter")
        else:
            await app.keys("enter")
        await app.see("All pages: 200 records from 4 pages")


async def test_the_records_are_seen_while_they_come(session: SessionContext) -> None:
    async with driven(session, (120, 50)) as app:
        await planned(app)
        session.sandbox.set_faults(["slow=60*6"], session.catalog)
        await app.keys("enter")
        await app.see("1 of 4 pages, 50 records")
        body = app.main.panes.response_pane.query_one(BodyPanel)
        await app.until(lambda: body.arriving, "a body that grows")
        await app.until(lambda: body.view.document is not None and body.view.document.line_count > 500, "50 records")
        session.sandbox.set_faults([], session.catalog)
        await app.keys("escape")
        await app.see("Received: 50 records from 1 page")
        assert not body.arriving
        await app.keys("r")
        await app.see("All pages: 200 records from 4 pages")
        assert len(merged(app)) == 200
        await app.until(lambda: body.document is not None and body.document.complete, "the whole of it")
        assert body.document is not None
        assert len(json.loads(bytes(body.document.body))) == 200


async def test_the_table_is_there_while_records_come(session: SessionContext) -> None:
    async with driven(session, (160, 50)) as app:
        await planned(app)
        session.sandbox.set_faults(["slow=60*6"], session.catalog)
        await app.keys("enter")
        await app.see("1 of 4 pages, 50 records")
        body = app.main.panes.response_pane.query_one(BodyPanel)
        await app.until(lambda: body.arriving, "a body that grows")
        body.view.focus()
        await app.keys("v")
        await app.see("JSON table")
        await app.see("of 50")
        await app.see("demostore")
        assert isinstance(body.view.document, RecordTable)
        await app.keys("escape")
        await app.see("Received: 50 records")


class _Growing(App[None]):
    def compose(self) -> ComposeResult:
        yield BodyPanel()


async def test_the_table_takes_in_what_comes() -> None:
    app = _Growing()
    async with app.run_test(size=(100, 30)) as pilot:
        panel = app.query_one(BodyPanel)
        records = [b'{"id": 1}']
        panel.begin("application/json")
        panel.coming = records
        panel.feed(b'[{"id": 1}')
        panel.view.focus()
        await pilot.press("v")
        await app.workers.wait_for_complete()
        table = panel.view.document
        assert isinstance(table, RecordTable)
        assert (table.line_count, table.columns) == (1, ["id"])
        records += [b'{"id": 2, "name": "x"}', b'{"id": 3}']
        panel.feed(b',\n{"id": 2, "name": "x"},\n{"id": 3}')
        await app.workers.wait_for_complete()
        assert panel.view.document is table
        assert (table.line_count, table.columns) == (3, ["id", "name"])
        panel.finish(b'[{"id": 1},\n{"id": 2, "name": "x"},\n{"id": 3}]', "application/json")
        await app.workers.wait_for_complete()
        assert panel.document is not None
        assert panel.document.complete


async def test_what_is_odd_is_said_above_the_records(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        session.sandbox.set_faults(["overlap=2", "totals=1"], session.catalog)
        await app.keys("enter")
        await app.see("repeated records: ")
        await app.see("totals differ")
        await app.see("missing")


async def test_a_first_page_that_fails_is_shown_as_any_answer(session: SessionContext) -> None:
    async with driven(session) as app:
        await small_pages(app, MINE, "count", "50")
        session.sandbox.set_faults(["429=600*1"], session.catalog)
        await app.keys("A")
        await app.see("✗ FAILED · 429")
        await app.see("No further page was fetched. Press A to try again.")
        await app.see("wait 600 s, then send it again (Retry-After).")


async def test_it_goes_on_while_another_endpoint_is_looked_at(session: SessionContext) -> None:
    async with driven(session) as app:
        _lasting(app)
        await small_pages(app, MINE, "count", "10")
        await app.keys("A")
        await app.see("20 calls for 200 records")
        session.sandbox.set_faults(["slow=0.7*20"], session.catalog)
        await app.keys("enter")
        await app.see("⇅ ALL PAGES")
        await app.keys("space")
        await app.see("‖ PAUSED")
        await app.open("cottoncart.order_calculate")
        gathering = app.main.collection.page_buffer
        assert gathering is not None
        session.sandbox.set_faults([], session.catalog)
        gathering.collector.resume()
        await app.see("manage_my_stores: 200 records from 20 pages")
        assert not app.main.panes.response_pane.collecting
        await app.open(MINE)
        await app.see("All pages: 200 records from 20 pages")


async def test_a_new_send_takes_the_place_of_the_collection(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        await app.keys("enter")
        await app.see("All pages: 200 records")
        await app.keys("f5")
        await app.see("page 1 of 4")
        assert not app.main.panes.response_pane.collecting


def _lasting(app: Driver) -> None:
    """What is said stays until it was read, however busy this machine is."""
    app.app.NOTIFICATION_TIMEOUT = 60  # type: ignore[misc]  # for this app alone


def _limited(session: SessionContext) -> Any:
    import msgspec

    return msgspec.structs.replace(session.settings, max_body_bytes=200_000)


async def test_escape_ends_the_wait_that_the_vendor_asked_for(session: SessionContext) -> None:
    async with driven(session) as app:
        await small_pages(app, MINE, "count", "50")
        session.sandbox.set_faults(["429=60"], session.catalog)
        await app.keys("A")
        await app.see("retrying in 60.0 s")
        await app.keys("escape")
        await app.see("You stopped the request before the first page arrived.", 3.0)
        assert not app.main.sender.sending


async def test_the_app_can_be_left_while_pages_come(session: SessionContext) -> None:
    async with driven(session) as app:
        await planned(app)
        session.sandbox.set_faults(["slow=60"], session.catalog)
        await app.keys("enter")
        await app.see("1 of 4 pages, 50 records")
        await app.keys("ctrl+q")
    assert app.app.exit_message == []
