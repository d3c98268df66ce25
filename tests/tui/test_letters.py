"""A letter typed anywhere in a form is text, never a command."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Button, Input, Select

from explorer.core.model import Entry
from explorer.tui.drafts import Draft
from explorer.tui.main import MainScreen
from explorer.tui.panes.request.field_row import FieldMark
from explorer.tui.panes.request.field_state import ChoiceLine
from explorer.tui.panes.request.form import Form
from tests.tui.driving import Driver, driven

if TYPE_CHECKING:
    from textual.widget import Widget

    from explorer.session.context import SessionContext

LETTERS = string.ascii_letters + string.digits


async def type_all(app: Driver, text: str) -> None:
    """Type *text* as one burst."""
    from textual import events

    for character in text:
        app.app.post_message(events.Key(character, character))
    await app.pilot.pause()


async def test_a_name_typed_on_the_mark_of_an_optional_field_is_its_value(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.orders_create")
        name = next(key for key, row in app.rows().items() if not row.param.required and row.query(Input))
        row = app.rows()[name]
        row.query_one(FieldMark).focus()
        await app.pilot.pause()
        await app.keys(*"Dyer Street")
        assert len(app.app.screen_stack) == 1
        assert row.query_one(Input).value == "Dyer Street"


@pytest.mark.parametrize("address", ["cottoncart.order_calculate", "endlessaisles.products_list"])
async def test_no_letter_or_digit_runs_a_command_from_any_widget_of_a_form(
    session: SessionContext, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    async def run_action(self: object, action: object, *rest: object, **named: object) -> bool:
        ran.append(str(action))
        return True

    async with driven(session) as app:
        vendor, _, endpoint = address.partition(".")
        params = session.catalog.vendors[vendor].endpoints[endpoint].params.values()
        given = tuple(Entry(name=one.name, value=one.example) for one in params if one.example and "#" not in one.name)
        await app.main.form.open(address, Draft(given, extra=(("debug", "1"),))).wait()
        form = app.main.query_one(Form)
        for box in form.query("RepeatBox"):
            await box.add()  # type: ignore[attr-defined]
        await app.pilot.pause()
        monkeypatch.setattr(app.app, "run_action", run_action.__get__(app.app))
        kinds: set[type[Widget]] = set()
        for widget in [one for one in app.main.focus_chain if form in one.ancestors]:
            kinds.add(type(widget))
            if not widget.is_attached:  # typing made a line of a choice
                continue
            app.main.set_focus(widget)
            await type_all(app, LETTERS)
        assert {Button, FieldMark} <= kinds
        assert kinds & {ChoiceLine, Select} or address != "cottoncart.order_calculate"
        assert not ran
        assert isinstance(app.app.screen, MainScreen)


async def test_the_headers_of_ones_own_take_letters_as_text_too(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        app.main.panes.request_pane.open_tab("headers")
        await app.until(lambda: app.main.query("HeadersTab HeadingBar Button"), "the headers")
        app.main.query("HeadersTab HeadingBar Button").first().focus()
        await app.pilot.pause()
        await type_all(app, "XDKT")
        assert len(app.app.screen_stack) == 1


async def test_letters_on_a_choice_choose_and_text_that_is_no_choice_is_kept_whole(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        line = app.rows()["format"].query_one(ChoiceLine)
        app.main.set_focus(line)
        await app.keys("x")
        assert line.value == "xml"
        await type_all(app, "hr")
        await app.until(lambda: [one.value for one in app.rows()["format"].query(Input)] == ["xhr"], "the whole text")


async def test_a_group_is_added_to_and_removed_from_inside_a_field(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.keys("f3")
        await type_all(app, "16002")
        assert app.rows()["item2_product_id"].query_one(Input).value == "16002"
        await app.keys("f4")
        await app.until(lambda: "item2_product_id" not in app.rows(), "the item to go")
