"""The history in the app: found as one types, replayed with intent, noted, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from textual.widgets import Input

from explorer.core.model import Call, Entry
from explorer.core.text.secret import Secret
from explorer.session.history import past_exchange, recent_entries
from explorer.session.prepare import redact
from explorer.session.replay import prepare_replay
from explorer.session.send import perform, send
from explorer.tui.screens.dialogs import ConfirmDialog
from explorer.tui.screens.history_annotation import AnnotationDialog
from explorer.tui.screens.replay import ReplayDialog
from tests.tui.driving import driven

if TYPE_CHECKING:
    from explorer.core.model import Exchange
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

BALANCE = Call(vendor="cottoncart", endpoint="stats_balance")
STOCK = Call(vendor="endlessaisles", endpoint="stock", entries=(Entry(name="sku", value="81001"),))


async def sent(session: SessionContext, *calls: Call) -> list[Exchange]:
    """Calls in the history, before the app starts."""
    return [await send(session, call) for call in calls]


async def opened(app: Driver) -> None:
    await app.keys("escape", "h")
    await app.until(lambda: app.main.panes.pane == "history" and app.main.panes.history_panel.rows, "the rows")


def numbers(app: Driver) -> list[int]:
    return [row.id for row in app.main.panes.history_panel.rows]


async def test_rows_are_found_as_one_types_and_a_wrong_filter_keeps_the_last_ones(session: SessionContext) -> None:
    await sent(session, BALANCE, STOCK, BALANCE)
    async with driven(session) as app:
        await opened(app)
        assert numbers(app) == [3, 2, 1]
        await app.keys("slash")
        await app.write("endpoint:sto")
        await app.until(lambda: numbers(app) == [2], "the entry of stock")
        await app.keys("tab")
        assert app.main.panes.history_panel.search == "endpoint:stock"
        await app.write(" status:x")
        await app.see("✗ status:x: x is not a status")
        assert numbers(app) == [2]
        await app.keys(*["backspace"] * 9, "enter")
        await app.until(lambda: "is not a status" not in app.text, "the end of the problem")


async def test_a_send_refreshes_the_rows_of_the_search_that_stands_there(session: SessionContext) -> None:
    await sent(session, STOCK)
    async with driven(session, (200, 50)) as app:
        await app.open("endlessaisles.products_list")
        await opened(app)
        await app.keys("slash")
        await app.write("endpoint:stock")
        await app.until(lambda: numbers(app) == [1], "the entry")
        await app.keys("enter", "2", "f5")
        await app.until(lambda: "endlessaisles.products_list" in app.main.workspace.last, "the answer")
        await app.until(lambda: not app.main.sender.sending, "the end")
        assert numbers(app) == [1]


async def test_again_sends_it_signed_now_and_says_so(session: SessionContext) -> None:
    first = (await sent(session, STOCK))[0]
    async with driven(session, (200, 50)) as app:
        await opened(app)
        await app.keys("r")
        await app.see("of #1")
        await app.until(lambda: len(app.main.panes.history_panel.rows) == 2, "the row of the replay")
        assert app.main.panes.history_panel.rows[0].origin == first.id
    again = await past_exchange(session, 2)
    assert (again.origin, again.replayed, again.call.entries) == (1, "again", STOCK.entries)


async def test_these_bytes_are_shown_before_they_go_and_are_signed_as_of_then(session: SessionContext) -> None:
    first = (await sent(session, BALANCE))[0]
    async with driven(session) as app:
        await opened(app)
        await app.keys("b")
        await app.until(lambda: isinstance(app.app.screen, ReplayDialog), "the question")
        await app.see("the original signature is used")
        await app.keys("enter")
        await app.see("of #1")
    exact = await past_exchange(session, 2)
    assert (exact.replayed, exact.request.url) == ("exact", redact(session, first).request.url)


async def test_what_changed_is_told_first_and_escape_sends_nothing(session: SessionContext) -> None:
    await sent(session, BALANCE)
    session.vault.remember(session.vendor("cottoncart"), "sandbox", "secret", Secret("AnotherOne12"))
    async with driven(session) as app:
        await opened(app)
        await app.see("Changed: the credential secret changed from")
        await app.keys("r")
        await app.see("Changed since: the credential secret changed from")
        await app.keys("escape")
        await app.until(lambda: not isinstance(app.app.screen, ReplayDialog), "the main screen")
        await app.keys("r")
        await app.until(lambda: isinstance(app.app.screen, ReplayDialog), "the question")
        await app.keys("enter")
        await app.see("of #1")
        assert app.main.panes.pane == "response"
    assert [row.id for row in await recent_entries(session)] == [2, 1]


async def test_masked_values_are_asked_for_and_kept_masked_again(session: SessionContext) -> None:
    call = Call(
        vendor="fashionphile",
        endpoint="payment_profile_create",
        entries=(
            Entry(name="id", value="1"),
            Entry(name="credit_card_number", value="4444111144441111"),
            Entry(name="expiration_month", value="12"),
            Entry(name="expiration_year", value="2030"),
        ),
        force=True,
    )
    await sent(session, call)
    async with driven(session) as app:
        await opened(app)
        await app.keys("r")
        await app.see("credit_card_number is masked in the history")
        await app.keys("enter")
        await app.see("Enter every value")
        await app.write("4111111111111111")
        assert "4111111111111111" not in app.text
        await app.keys("enter")
        await app.see("of #1")
        assert "4111111111111111" not in app.text
    again = await past_exchange(session, 2)
    assert again.call.entries[1].value == "••••••"
    assert b"4111111111111111" not in again.request.body


async def test_a_guarded_environment_asks_and_no_has_the_focus(session: SessionContext) -> None:
    vendor = next(
        (vendor.id, name)
        for vendor in session.catalog.vendors.values()
        for name, one in vendor.environments.items()
        if one.guarded
    )
    vendor_id, environment = vendor
    writing = next(
        one.id for one in session.vendor(vendor_id).endpoints.values() if one.effect not in ("read", "session")
    )
    call = Call(vendor=vendor_id, endpoint=writing, force=True)
    first = (await sent(session, call))[0]
    history = session.history()
    assert history is not None
    kept = history.get(first.id)
    history.complete(
        first.id, msgspec.structs.replace(kept, call=msgspec.structs.replace(kept.call, environment=environment))
    )
    async with driven(session) as app:
        await opened(app)
        await app.keys("r")
        await app.until(lambda: isinstance(app.app.screen, ReplayDialog), "the question")
        await app.see("⚠")
        await app.keys("enter")
        await app.until(lambda: not isinstance(app.app.screen, ReplayDialog), "the main screen")
    assert len(await recent_entries(session)) == 1


async def test_the_form_has_the_values_and_readings_of_then_and_what_it_sends_is_linked(
    session: SessionContext,
) -> None:
    vendor = session.vendor("endlessaisles")
    readings = {key: next(iter(set(one.choices) - {one.default})) for key, one in vendor.readings.items()}
    call = msgspec.structs.replace(STOCK, readings=dict(list(readings.items())[:1]), force=True)
    await sent(session, call)
    async with driven(session, (200, 50)) as app:
        await opened(app)
        await app.keys("o")
        await app.until(lambda: app.main.panes.request_pane.address == "endlessaisles.stock", "the form")
        await app.see("Loaded the values of #1")
        assert app.main.workspace.draft.entries == STOCK.entries
        assert app.main.workspace.draft.readings == call.readings
        await app.keys("escape", "f5")
        await app.see("of #1")
    form = await past_exchange(session, 2)
    assert (form.origin, form.replayed) == (1, "form")


async def test_tags_and_a_note_are_typed_and_found(session: SessionContext) -> None:
    await sent(session, BALANCE, STOCK)
    async with driven(session) as app:
        await opened(app)
        await app.keys("t")
        await app.until(lambda: isinstance(app.app.screen, AnnotationDialog), "the dialog")
        await app.write("#Later a:b")
        await app.keys("enter")
        await app.see("'a:b' is not a valid tag")
        app.app.screen.query_one(Input).value = "#Later slow"
        await app.keys("tab")
        await app.write("why so [/slow]?")
        await app.keys("ctrl+s")
        await app.see("#later #slow")
        await app.see("why so [/slow]?")
        await app.keys("slash")
        await app.write("tag:slo")
        await app.until(lambda: numbers(app) == [2], "the tagged entry")
    row = (await recent_entries(session, text="why"))[0]
    assert (row.id, row.tag_names) == (2, ("later", "slow"))


async def test_deleting_asks_first(session: SessionContext) -> None:
    await sent(session, BALANCE, STOCK)
    async with driven(session) as app:
        await opened(app)
        for answer, left in (("n", [2, 1]), ("y", [1])):
            await app.keys("delete")
            await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the question")
            await app.keys(answer)
            await app.until(lambda wanted=left: numbers(app) == wanted, "the rows")  # type: ignore[misc]


async def test_an_opened_entry_says_what_it_is_a_replay_of(session: SessionContext) -> None:
    first = (await sent(session, STOCK))[0]
    await perform(session, (await prepare_replay(session, first.id, "again")).to_send())
    async with driven(session) as app:
        await opened(app)
        await app.see("of #1")
        await app.keys("enter")
        await app.see("From the history: #2")
        await app.see("of #1")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("status:", "status: has no value. Example: status:>=400"),
        ("status:>", "status:> has no number. Example: status:>=400"),
        ("verd", "No entry contains 'verd'. Filters need a value: verdict:failed"),
    ],
)
async def test_a_half_typed_filter_keeps_the_rows_and_says_what_is_missing(
    session: SessionContext, text: str, missing: str
) -> None:
    await sent(session, BALANCE, STOCK)
    async with driven(session) as app:
        await opened(app)
        await app.keys("slash")
        await app.write(text)
        await app.see(missing)
        assert numbers(app) == [2, 1]


async def test_the_status_is_offered_next_to_the_verdict(session: SessionContext) -> None:
    await sent(session, BALANCE)
    async with driven(session, (80, 24)) as app:
        await opened(app)
        await app.keys("slash")
        await app.see("verdict:failed")
        await app.see("status:>=400")
        await app.write("verdict:f")
        await app.see("verdict:failed  status:>=400")


async def test_the_title_names_the_last_sent_entry_that_the_search_hides(session: SessionContext) -> None:
    await sent(session, STOCK, BALANCE)
    async with driven(session) as app:
        await opened(app)
        await app.keys("slash")
        await app.write("endpoint:stock")
        await app.see("search hides #2, the last sent")
        assert numbers(app) == [1]
        await app.keys(*["backspace"] * 14)
        await app.until(lambda: numbers(app) == [2, 1], "all rows")
        assert "search hides" not in app.text


async def test_what_was_sent_last_is_highlighted(session: SessionContext) -> None:
    await sent(session, STOCK, BALANCE)
    async with driven(session, (200, 50)) as app:
        await app.open("endlessaisles.products_list")
        await opened(app)
        await app.keys("j", "2", "f5")
        await app.until(lambda: numbers(app) == [3, 2, 1], "the new row")
        await app.until(lambda: app.main.panes.history_panel.selected == 3, "the highlighted row")
