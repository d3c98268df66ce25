"""From an id in an answer to the call that takes it, and back."""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING

from textual.app import App, ComposeResult

from explorer.core.body.document import Document
from explorer.core.body.structure import Outline
from explorer.core.links import Links
from explorer.tui.body.link_marks import LineLinks
from explorer.tui.body.panel import BodyPanel
from explorer.tui.panes.title_bar import Breadcrumbs
from tests.growth import growth
from tests.tui.driving import driven

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver


def entries(app: Driver) -> dict[str, str]:
    return {entry.name: entry.value for entry in app.main.panes.request_pane.entries}


def line_of(app: Driver, words: str) -> int:
    """The line of the body that holds *words*."""
    document = app.main.panes.response_pane.body_panel.shown_document
    assert document is not None
    return next(number for number in range(document.line_count) if words in document.line(number))


def underlined(app: Driver) -> list[str]:
    """What is marked as a link on the screen."""
    strips = app.app.screen._compositor.render_strips()
    return [segment.text for strip in strips for segment in strip if segment.style and segment.style.underline]


async def sent(app: Driver, address: str) -> None:
    await app.open(address)
    await app.keys("escape", "f5")
    await app.until(lambda: app.main.panes.response_pane.exchange is not None, "an answer")
    await app.see("OK · 200")
    await app.keys("3")


async def test_enter_opens_the_call_filled_in_and_escape_goes_back(session: SessionContext) -> None:
    async with driven(session, (120, 50)) as app:
        await sent(app, "quickstart.orders_list")
        view = app.main.panes.response_pane.body_panel.view
        first = app.main.panes.response_pane.exchange
        assert first is not None
        assert isinstance(view.document, Document)
        at = line_of(app, '"customer_id"')
        view.go_to_line(at)
        await app.see("[0].customer_id  ↵ follow")
        number = view.document.line(at).split(":")[1].strip(" ,")
        assert number in underlined(app)
        await app.keys("enter")
        await app.until(
            lambda: app.main.panes.request_pane.address == "quickstart.customers_get", "the customer's form"
        )
        await app.until(lambda: entries(app) == {"id": number}, "the id in the form")
        await app.see(f"orders_list › #{first.id} [0].customer_id={number} › customers_get")
        await app.keys("f5")
        await app.until(lambda: app.main.panes.response_pane.exchange is not first, "another answer")
        await app.see("OK · 200")
        second = app.main.panes.response_pane.exchange
        assert second is not None
        assert second.call.endpoint == "customers_get"
        await app.keys("escape", "escape")
        await app.until(lambda: app.main.panes.request_pane.address == "quickstart.orders_list", "the list")
        await app.until(lambda: app.main.panes.response_pane.exchange is first, "the answer of then")
        await app.until(
            lambda: app.main.panes.response_pane.body_panel.view.cursor_line == at, "the line that was followed"
        )
        assert not app.main.query_one(Breadcrumbs).display


async def test_where_several_calls_take_the_id_one_is_asked_for(session: SessionContext) -> None:
    async with driven(session, (120, 50)) as app:
        await sent(app, "endlessaisles.products_list")
        view = app.main.panes.response_pane.body_panel.view
        sizes = line_of(app, '"sizes"')
        view.go_to_line(sizes + 2)
        await app.see("↵ follow")
        await app.keys("enter")
        await app.see("Follow data[0].sizes[0].id=")
        await app.see("Fetch a product option")
        assert app.text.index("Read stock") < app.text.index("Place an order")
        await app.keys("escape")
        await app.until(lambda: app.app.screen is app.main, "the answer again")
        assert app.main.panes.request_pane.address == "endlessaisles.products_list"
        await app.keys("enter")
        await app.see("Follow data[0].sizes[0].id=")
        await app.keys("j", "k", "enter")
        await app.until(lambda: app.main.panes.request_pane.address != "endlessaisles.products_list", "another form")
        await app.see("products_list › #")
        await app.keys("escape", "backspace")
        await app.until(lambda: app.main.panes.request_pane.address == "endlessaisles.products_list", "the list again")
        await app.keys("backspace")
        await app.see("No id was followed")


async def test_a_relationship_jumps_to_what_is_included_and_back(session: SessionContext) -> None:
    async with driven(session, (120, 50)) as app:
        await sent(app, "fashionphile.search_list")
        panel = app.main.panes.response_pane.body_panel
        relationship = line_of(app, '"relationships"')
        document = panel.shown_document
        assert document is not None
        at = next(n for n in range(relationship, document.line_count) if '"id"' in document.line(n))
        panel.view.go_to_line(at)
        await app.see("↵ follow")
        await app.keys("enter")
        await app.see("› included[")
        place = panel.view.cursor_line
        assert place > line_of(app, '"included"')
        await app.keys("escape")
        await app.until(lambda: panel.view.cursor_line == at, "the relationship again")


async def test_enter_still_folds_where_nothing_leads_on(session: SessionContext) -> None:
    async with driven(session, (120, 50)) as app:
        await sent(app, "quickstart.orders_list")
        panel = app.main.panes.response_pane.body_panel
        panel.view.go_to_line(line_of(app, "{"))
        await app.keys("enter")
        assert panel.view.folded == 1


async def test_opening_something_else_ends_the_trail(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await sent(app, "quickstart.orders_list")
        app.main.panes.response_pane.body_panel.view.go_to_line(line_of(app, '"customer_id"'))
        await app.keys("enter")
        await app.see("› customers_get")
        await app.open("quickstart.invoices_list")
        await app.until(lambda: not app.main.query_one(Breadcrumbs).display, "no trail")


async def test_marks_cost_a_large_body_no_frame(shipped: Catalog) -> None:
    """An id on every fifth line: painting the end of five megabytes takes as long as painting the end of some lines."""
    vendor = shipped.vendors["quickstart"]
    rows = [{"id": n, "customer_id": n, "name": "x" * 40, "note": "y" * 40} for n in range(40_000)]

    class Host(App[None]):
        def compose(self) -> ComposeResult:
            yield BodyPanel(id="small")
            yield BodyPanel(id="large")

    def paint(panel: BodyPanel) -> None:
        panel.view.repaint()
        for y in range(20):
            panel.view.render_line(y)

    app = Host()
    async with app.run_test(size=(120, 50)) as pilot:
        panels = []
        for name, count in (("small", 40), ("large", 40_000)):
            panel = app.query_one(f"#{name}", BodyPanel)
            panel.links = Links(vendor, vendor.endpoints["orders_list"])
            panel.show(json.dumps({"data": rows[:count]}).encode(), "application/json")
            while not (panel.document and panel.document.complete):
                await pilot.pause(0.05)
            panel.view.focus()
            panel.view.to_end()
            panels.append(panel)
        assert growth(paint, *panels) < 5
        panel = panels[1]
        await pilot.press("k", "k", "k", "k")  # a cursor that rests finds its path, and the marks about it
        deadline = perf_counter() + 20
        while "↵ follow" not in str(panel.query_one("#body-status").render()) and perf_counter() < deadline:
            await pilot.press("k")
            await pilot.pause(0.3)
        strips = [panel.view.render_line(y) for y in range(20)]
        assert any(segment.style and segment.style.underline for strip in strips for segment in strip)


def test_a_line_whose_place_is_not_found_in_time_is_looked_at_again(shipped: Catalog) -> None:
    vendor = shipped.vendors["quickstart"]
    document = Document(b'[{"id": 7, "customer_id": 1}]', "application/json")
    line = next(number for number in range(document.line_count) if "customer_id" in document.line(number))
    busy, now, asked = True, 0.0, list[float]()

    def clock() -> float:
        nonlocal now
        now += 1.0 if busy else 0.0
        return now

    links = Links(vendor, vendor.endpoints["orders_list"])
    marks = LineLinks(document, Outline(document), links, asked.append, clock)
    assert not marks(line)
    assert len(asked) == 1
    busy, now = False, now + asked[0]
    assert marks(line)
