"""Clearing, examples and imports can be undone, and what is not sent is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from explorer.core.model import Entry
from explorer.tui.drafts import Draft, DraftUndo
from tests.tui.driving import Driver, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext

ADDRESS = "cottoncart.order_calculate"


def values(app: Driver) -> dict[str, str]:
    return {one.name: one.value for one in app.main.panes.request_pane.entries}


def draft(**entries: str) -> Draft:
    return Draft(tuple(Entry(name=name, value=value) for name, value in entries.items()))


def test_typing_in_one_field_is_one_step_and_clearing_is_another() -> None:
    undo = DraftUndo()
    undo.record("a.b", draft(), draft(x="1"))
    undo.record("a.b", draft(x="1"), draft(x="12"))
    undo.seal("a.b")
    undo.record("a.b", draft(x="12"), draft())
    assert undo.undo("a.b", draft()) == draft(x="12")
    assert undo.undo("a.b", draft(x="12")) == draft()
    assert undo.undo("a.b", draft()) is None
    assert undo.redo("a.b", draft()) == draft(x="12")


def test_a_change_after_an_undo_ends_what_can_be_redone() -> None:
    undo = DraftUndo()
    undo.record("a.b", draft(), draft(x="1"))
    undo.undo("a.b", draft(x="1"))
    undo.record("a.b", draft(), draft(y="1"))
    assert undo.redo("a.b", draft(y="1")) is None


async def test_clearing_the_form_is_undone_and_redone(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open(ADDRESS)
        await app.keys(*"16001", "enter", *"810003", "escape", "D", "y")
        await app.until(lambda: not values(app) and app.main.panes.request_pane.address, "an empty form")
        await app.keys("ctrl+z")
        wanted = {"item1_product_id": "16001", "item1_colour_id": "810003"}
        await app.until(lambda: values(app) == wanted, "the values")
        await app.keys("ctrl+y")
        await app.until(lambda: app.main.panes.request_pane.address and not values(app), "an empty form")


async def test_examples_are_undone_from_inside_a_field(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open(ADDRESS)
        await app.keys(*"77", "escape", "x")
        await app.until(lambda: len(values(app)) > 3, "the examples")
        app.rows()["item1_size"].focus_control()
        await app.keys("ctrl+z")
        await app.until(lambda: values(app) == {"item1_product_id": "77"}, "what was typed")
        assert app.main.focused is app.rows()["item1_size"].query_one(Input)


async def test_an_import_into_a_filled_form_is_undone(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open(ADDRESS)
        await app.keys(*"16001", "escape", "P")
        base = session.base_url(app.main.workspace.call()).rstrip("/")
        path = app.main.workspace.operation.endpoint.path.replace("{format}", "json")
        await app.write(f"curl '{base}{path}?item1_product_id=5'")
        await app.keys("enter")
        await app.until(lambda: values(app).get("item1_product_id") == "5", "the import")
        await app.keys("ctrl+z")
        await app.until(lambda: values(app) == {"item1_product_id": "16001"}, "what was typed")


async def test_an_item_that_was_left_empty_is_said_not_to_be_sent(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.main.form.open(ADDRESS).wait()
        await app.point_at(ADDRESS)
        await app.keys("escape", "x", "plus")
        await app.see("✓ ready to send")
        await app.see("item2 is empty and will not be sent")
        await app.keys(*"16002")
        await app.until(lambda: "will not be sent" not in app.text, "the sentence to go")
