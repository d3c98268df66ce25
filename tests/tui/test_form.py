"""The form: what a field holds, and what the widgets make of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, Select

from explorer.core.catalog.model import Parameter
from explorer.core.model import Entry
from explorer.tui.panes.request.field_row import FieldMark, FieldRow, joined_lines
from explorer.tui.panes.request.field_state import ChoiceLine, FieldState, rule_text, state_of
from explorer.tui.panes.request.form import Form
from explorer.tui.panes.request.repeated_fields import GroupBox, PairRow
from tests.tui.driving import Driver, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext


def test_absent_empty_null_and_set_are_four_things() -> None:
    param = Parameter(name="note", location="json")
    state = FieldState()
    seen = []
    for _ in range(3):
        seen.append(state.entry(param, "note"))
        state = state.cycled(param)
    assert seen == [None, Entry(name="note"), Entry(name="note", kind="json", value="null")]
    assert state.entry(param, "note") is None


def test_null_is_offered_only_where_it_can_be_written() -> None:
    param = Parameter(name="note", location="query")
    assert [FieldState("absent").cycled(param).kind, FieldState("empty").cycled(param).kind] == ["empty", "absent"]


def test_what_was_typed_comes_back_after_the_other_states() -> None:
    param = Parameter(name="note", location="query")
    state = FieldState().typed("hello")
    for _ in range(3):
        state = state.cycled(param)
    assert state.entry(param, "note") == Entry(name="note", value="hello")


@pytest.mark.parametrize(
    ("entry", "kind", "text"),
    [
        (Entry(name="a", kind="json", value="null"), "null", ""),
        (Entry(name="a", kind="json", value='"x y"'), "set", "x y"),
        (Entry(name="a", kind="json", value="3.50"), "set", "3.50"),
        (Entry(name="a"), "empty", ""),
        (None, "absent", ""),
    ],
)
def test_a_call_from_the_command_line_fills_the_same_states(entry: Entry | None, kind: str, text: str) -> None:
    assert state_of(entry) == FieldState(kind, text)  # type: ignore[arg-type]


def test_the_rule_of_a_field_is_told_in_a_few_words() -> None:
    param = Parameter(name="count", location="query", type="integer", min=1, max=100, default="20")
    assert rule_text(param) == "integer · 1 to 100 · default: 20 (not sent)"
    assert rule_text(Parameter(name="day", location="query", type="date", date_format="%d/%m/%Y")) == "date dd/mm/yyyy"


def entries(app: Driver) -> dict[str, str]:
    """What the form would send, by name."""
    return {one.name: one.value for one in app.main.panes.request_pane.entries}


async def test_a_group_is_added_to_and_removed_from_and_keeps_its_indexes(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.write("16001")
        await app.keys("escape", "plus")
        await app.until(lambda: "item2_product_id" in app.rows(), "a second item")
        await app.write("16002")
        assert entries(app) == {"item1_product_id": "16001", "item2_product_id": "16002"}
        app.rows()["item1_product_id"].query_one(Input).focus()
        await app.pilot.pause()
        await app.main.panes.request_pane.action_remove_item()
        await app.until(lambda: "item1_product_id" not in app.rows(), "the first item to go")
        assert entries(app) == {"item2_product_id": "16002"}
        await app.keys("ctrl+r")
        await app.see("item2_colour_id")


async def test_a_group_is_added_to_with_the_mouse(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.pilot.click("GroupBox > HeadingBar > Button")
        await app.until(lambda: "item2_size" in app.rows(), "a second item")


async def test_a_map_takes_keys_of_ones_own(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("quickstart.customers_list")
        form = app.main.query_one(Form)
        box = next(part for part in form._parts if type(part).__name__ == "MapBox")
        await box.add()  # type: ignore[union-attr]
        name, value = app.main.query(PairRow).first().query(Input)
        name.value, value.value = "email", "ada@example.com"
        await app.until(lambda: "ada%40example.com" in app.url, "the filter in the URL")
        assert "filter%5Bemail%5D=" in app.url or "filter[email]=" in app.url


async def test_an_optional_field_goes_through_its_states_with_space(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        row = app.rows()["country"]
        row.query_one(FieldMark).focus()
        await app.keys("space")
        await app.see("sent empty")
        assert entries(app)["country"] == ""
        await app.keys("space")
        assert "country" not in entries(app)


async def test_choices_are_chosen_with_keys(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        line = app.rows()["format"].query_one(ChoiceLine)
        line.focus()
        await app.keys("right")
        await app.until(lambda: "calculate.xml" in app.url, "the URL to follow")


async def test_a_choice_takes_a_value_that_is_not_among_it(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        row = app.rows()["sort"]
        row.focus_control()
        await app.keys(*"sideways")
        await app.until(lambda: "sort=sideways" in app.url, "the URL")
        await app.keys("escape", "exclamation_mark")
        await app.until(lambda: app.main.workspace.last, "the answer")
        assert app.main.workspace.last["endlessaisles.products_list"].verdict.outcome == "FAILED"
        await app.open("endlessaisles.stock")
        await app.open("endlessaisles.products_list")
        assert app.rows()["sort"].query_one(Input).value == "sideways"
        app.rows()["sort"].focus_control()
        await app.keys(*["backspace"] * 8, "up")
        await app.until(lambda: app.rows()["sort"].query(ChoiceLine), "the choices again")


async def test_a_long_list_of_choices_has_a_way_out_too(session: SessionContext) -> None:
    async with driven(session) as app:
        for address, vendor in (
            (f"{one.id}.{key}", one) for one in session.catalog.vendors.values() for key in one.endpoints
        ):
            params = vendor.endpoints[address.partition(".")[2]].params.values()
            wanted = next(
                (p for p in params if p.enum and not p.comma and not p.repeat and len("".join(p.enum)) > 40), None
            )
            if wanted is not None and not wanted.group:
                break
        else:
            raise AssertionError("the catalog has no long choice")
        await app.open(address)
        row = app.rows()[wanted.name]
        assert row.query(Select)
        row.focus_control()
        await app.keys("enter", "end", "enter")
        await app.until(lambda: row.query(Input), "a line to type in")
        await app.keys(*"odd")
        assert row.entry == Entry(name=wanted.name, value="odd")


async def test_secrets_are_typed_behind_dots(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("fashionphile.sign_in")
        secret = [row for row in app.rows().values() if row.param.secret]
        assert all(row.query_one(Input).password for row in secret)


async def test_every_kind_of_endpoint_has_a_form_that_opens(session: SessionContext) -> None:
    async with driven(session) as app:
        seen: set[object] = set()
        for vendor in session.catalog.vendors.values():
            for key, endpoint in vendor.endpoints.items():
                params = endpoint.params.values()
                kinds = frozenset((one.location, one.type, one.repeat, bool(one.enum)) for one in params)
                if kinds <= seen:
                    continue
                seen |= kinds
                await app.main.form.open(f"{vendor.id}.{key}").wait()
                shown = {row.param.name for row in app.rows().values()}
                plain = {one.name for one in endpoint.params.values() if one.repeat in (None, "comma")}
                assert plain <= shown, (vendor.id, key)


async def test_hostile_text_in_a_field_changes_nothing_on_the_screen(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        app.rows()["item1_size"].query_one(Input).value = "[red]x[/blue][@click=app.quit]\x1b]0;owned\x07"
        await app.pilot.pause()
        await app.until(lambda: "item1_size" in app.url, "the preview")
        assert "\x1b" not in app.text
        await app.keys("f5")
        assert app.app.is_running


async def test_f5_goes_to_the_first_offending_field_from_any_tab(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.orders_create")
        await app.write("Wren")
        await app.until(lambda: app.rows()["shipping.first_name"].field_state.kind == "set", "the value")
        await app.keys("escape", "right_square_bracket")
        assert app.main.panes.request_pane.tab == "headers"
        await app.keys("f5")
        await app.see("Not sent: the form has errors")
        await app.until(lambda: app.main.panes.request_pane.focused_field == "shipping.last_name", "the field")
        assert app.main.panes.request_pane.tab == "params"


async def test_f5_in_a_narrow_terminal_shows_the_offending_field(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await app.open("endlessaisles.orders_cancel")
        await app.keys("escape", "3", "f5")
        await app.until(lambda: app.main.panes.request_pane.focused_field == "id", "the field")
        assert app.main.panes.visible_panes() == {"request"}


async def test_the_first_offending_field_is_the_first_of_the_form(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.orders_create")
        form = app.main.query_one(Form)
        assert form.first_of(["shipping.zip", "shipping.city", "line_items[0].id"]) == "shipping.city"
        group = form.query_one(GroupBox).key
        assert form.first_of([group, "no_such"]) == group
        assert form.first_of(["no_such"]) == ""


@pytest.mark.parametrize("address", ["endlessaisles.orders_create", "cottoncart.manage_create_store"])
async def test_a_form_nobody_touched_shows_what_is_required_and_no_error(session: SessionContext, address: str) -> None:
    async with driven(session) as app:
        await app.open(address)
        await app.see("• required")
        assert "✗" not in app.text


@pytest.mark.parametrize(
    ("address", "name", "text", "value", "message"),
    [
        ("endlessaisles.stock", "sku", "81001\n81002,\n", "81001,81002", "Pasted 2 lines as one, joined with commas."),
        ("endlessaisles.stock", "sku", "81001\r\n", "81001", ""),
        ("endlessaisles.stock", "sku", "\n\n", "", ""),
        (
            "endlessaisles.products_list",
            "term",
            "tee\nshirt",
            "tee shirt",
            "Pasted 2 lines as one, joined with spaces.",
        ),
    ],
)
async def test_every_pasted_line_is_kept(
    session: SessionContext, address: str, name: str, text: str, value: str, message: str
) -> None:
    async with driven(session) as app:
        await app.open(address)
        assert app.main.panes.request_pane.focus_field(name)
        app.app.clear_notifications()
        await app.write(text)
        assert app.rows()[name].query_one(Input).value == value
        assert [note.message for note in app.app._notifications] == ([message] if message else [])


def test_a_pasted_json_object_keeps_its_meaning() -> None:
    row = FieldRow(Parameter(name="options", location="json", type="object"), "options")
    assert json.loads(joined_lines(row, '{\n  "a": [1,\n    2]\n}\n')) == {"a": [1, 2]}
