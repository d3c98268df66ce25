"""Reading a body: fold, path, copy, views, filter, save, spool, and what the lines below say."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Input, Static

from explorer.tui.body.loader import PROCESS_FROM
from explorer.tui.body.panel import BodyPanel
from explorer.tui.body.view import BodyView

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

RECORDS = [
    {
        "id": n,
        "type": "kettle",
        "attributes": {"name": f"kettle {n}", "price": {"amount": 19.5, "currency": "EUR"}, "tags": ["a", "b"]},
    }
    for n in range(50)
]
API = json.dumps({"data": RECORDS, "meta": {"total": 50}}).encode().replace(b"19.5", b"19.50")
XML = (
    b"<shop><kettle id='1'><name>Blue</name></kettle><kettle id='2'><name>Red</name><price>9.90</price></kettle></shop>"
)


class Bench(App[None]):
    """A screen with nothing but the panel."""

    def __init__(self, environ: dict[str, str] | None = None) -> None:
        super().__init__()
        self.environ = environ or {}

    def compose(self) -> ComposeResult:
        yield BodyPanel(environ=self.environ)

    @property
    def panel(self) -> BodyPanel:
        return self.query_one(BodyPanel)

    @property
    def view(self) -> BodyView:
        return self.query_one(BodyView)

    def painted(self) -> list[str]:
        return [strip.text.rstrip(" ▁▂▃▄▅▆▇█▏▎▍▌▋▊▉") for strip in self.screen._compositor.render_strips()]

    def status(self) -> str:
        return str(self.query_one("#body-status", Static).content)

    def note(self) -> str:
        return str(self.query_one("#body-note", Static).content)

    def problem(self, bar: str) -> str:
        return str(self.query_one(f"#body-{bar} .problem", Static).content)


async def shown(pilot: Pilot[None], body: bytes, content_type: str = "application/json") -> Bench:
    app = pilot.app
    assert isinstance(app, Bench)
    app.animation_level = "none"
    app.panel.show(body, content_type)
    app.view.focus()
    await settled(pilot)
    return app


def down(app: Bench, lines: int) -> None:
    """As many presses of j."""
    app.view.go_to_line(app.view.cursor_line + lines)


async def settled(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    """Wait until what another process or a typing delay brings is there."""
    async with asyncio.timeout(20):
        while not true():
            await pilot.pause(0.02)


async def typed(pilot: Pilot[None], text: str) -> None:
    box = pilot.app.focused
    assert isinstance(box, Input)
    box.value = text
    await pilot.pause()


async def test_the_status_line_tells_what_it_is_and_where_the_cursor_is() -> None:
    async with Bench().run_test(size=(100, 20)) as pilot:
        app = await shown(pilot, API)
        assert app.status() == "JSON · 6.7 kB · line 1 of 757"
        down(app, 8)
        await settled(pilot)
        assert "line 9 of" in app.status()
        assert app.status().endswith("data[0].attributes.price.amount")
        await pilot.press("G", *["k"] * 6)
        await settled(pilot)
        assert app.status().endswith("data[49].attributes")


async def test_folding_at_the_cursor_shows_a_count_and_comes_back() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        before = app.painted()
        await pilot.press("j", "j", "enter")
        await settled(pilot)
        assert app.painted()[2] == "     { … 3 items, 14 lines … },"
        assert app.painted()[3] == "     {"
        assert "1 folded" in app.status()
        await pilot.press("j")
        await settled(pilot)
        assert app.status().endswith("data[1]"), "the cursor goes on behind the fold"
        await pilot.press("k", "enter")
        await settled(pilot)
        assert app.painted()[:-1] == before[:-1]


async def test_minus_folds_what_the_cursor_is_in_and_plus_unfolds_it() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        down(app, 8)
        await pilot.press("minus")
        await settled(pilot)
        assert app.status().split("  ")[-1] == "data[0].attributes.price"
        assert app.painted()[7].strip() == '"price": { … 2 items, 3 lines … },'
        await pilot.press("minus")
        await settled(pilot)
        assert app.status().endswith("data[0].attributes")
        await pilot.press("plus")
        await settled(pilot)
        assert app.painted()[6].strip() == '"name": "kettle 0",'


async def test_folding_to_a_depth_all_and_none() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        await pilot.press("z", "a")
        await settled(pilot)
        assert app.painted()[:4] == [
            " {",
            '   "data": [ … 50 items, 751 lines … ],',
            '   "meta": { … 1 item, 2 lines … }',
            " }",
        ]
        await pilot.press("z", "2")
        await settled(pilot)
        assert "50 folded" in app.status()
        assert app.painted()[1] == '   "data": ['
        assert app.painted()[2] == app.painted()[3] == "     { … 3 items, 14 lines … },"
        await pilot.press("z", "u")
        await settled(pilot)
        assert "folded" not in app.status()


async def test_a_view_without_folds_says_so() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        for _ in range(2):
            await pilot.press("v")
            await settled(pilot)
            await pilot.press("z")
            assert "this view has no folds" in app.status()


async def test_a_search_finds_what_is_folded_away_and_unfolds_it() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        await pilot.press("z", "a")
        await settled(pilot)
        await pilot.press("slash")
        await typed(pilot, "kettle 37")
        await pilot.press("enter")
        await settled(pilot)
        assert any('"kettle 37"' in line for line in app.painted())
        assert app.status().endswith("data[37].attributes.name")


@pytest.mark.parametrize(
    ("keys", "copied"),
    [
        ("y", "kettle 0"),
        ("p", "data[0].attributes.name"),
        ("l", '        "name": "kettle 0",'),
        ("s", "kettle 0"),
        ("a", API.decode()),
    ],
)
async def test_copying_gives_what_was_sent(keys: str, copied: str) -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        down(app, 6)
        await pilot.press("y", keys)
        await settled(pilot)
        assert app.clipboard == copied
        assert "copied" in app.status()


async def test_a_subtree_is_copied_from_the_margin_and_numbers_stay_as_sent() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        down(app, 7)
        await pilot.press("y", "s")
        await settled(pilot)
        assert app.clipboard == '{\n  "amount": 19.50,\n  "currency": "EUR"\n}'


async def test_more_than_a_terminal_takes_is_not_copied_and_said() -> None:
    async with Bench().run_test(size=(120, 12)) as pilot:
        app = await shown(pilot, b'"' + b"x" * 80_000 + b'"')
        for key in "ysal":
            await pilot.press("y", key)
            await settled(pilot)
            assert app.clipboard == ""
            assert "terminals accept at most 75.0 kB. Press S to save" in app.status()


async def test_the_table_flattens_records_and_leads_to_them() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        await pilot.press("v")
        await settled(pilot)
        assert app.painted()[0].split() == ["#", "id", "type", "name", "price.amount", "price.currency", "tags"]
        assert app.painted()[1].split() == ["0", "0", "kettle", "kettle", "0", "19.50", "EUR", '["a",', '"b"]']
        assert "record 1 of 50" in app.status()
        await pilot.press("G")
        await settled(pilot)
        assert app.painted()[0].split()[0] == "#", "the header stays"
        assert app.painted()[10].split()[:2] == ["49", "49"]
        assert app.status().endswith("data[49]")
        await pilot.press("y", "y")
        await settled(pilot)
        assert json.loads(app.clipboard) == json.loads(API)["data"][49]
        await pilot.press("enter")
        await settled(pilot)
        assert app.status().endswith("data[49]")
        assert app.view.document is app.panel.document


async def test_views_go_round_by_one_key() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        firsts = []
        for _ in range(4):
            firsts.append(app.painted()[0].split()[0])
            await pilot.press("v")
            await settled(pilot)
        assert firsts == ["{", "#", '{"data":', "{"]
        await shown(pilot, b"plain", "text/plain")
        await pilot.press("v")
        await settled(pilot)
        assert app.painted()[0].strip() == "plain"


async def test_csv_is_a_table_too() -> None:
    body = b'name;price\n"kettle; blue";19,50\n"two\nlines";3\n'
    async with Bench().run_test(size=(60, 12)) as pilot:
        app = await shown(pilot, body, "text/csv")
        await pilot.press("v")
        await settled(pilot)
        assert [line.split() for line in app.painted()[:3]] == [
            ["#", "name", "price"],
            ["0", "kettle;", "blue", "19,50"],
            ["1", "two", "lines", "3"],
        ]


async def test_search_in_a_table_sees_what_is_cut_off() -> None:
    body = json.dumps([{"text": "x" * 200 + f" kettle {n}"} for n in range(40)]).encode()
    async with Bench().run_test(size=(80, 12)) as pilot:
        app = await shown(pilot, body)
        await pilot.press("v", "slash")
        await typed(pilot, "kettle 33")
        await pilot.press("enter")
        await settled(pilot)
        assert "record 34 of 40" in app.status()


async def test_a_filter_is_live_keeps_tokens_and_the_original_is_one_key_away() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        await pilot.press("vertical_line")
        await typed(pilot, "data[?id > `47`].attributes.price.amount")
        await until(pilot, lambda: "filtered" in app.status())
        assert [line.strip() for line in app.painted()[:4]] == ["[", "19.50,", "19.50", "]"]
        await typed(pilot, "data[?id >")
        await until(pilot, lambda: app.problem("filter") != "")
        await until(pilot, lambda: any("Incomplete expression" in line for line in app.painted()))
        assert "19.50" in app.painted()[1], "what was there stays while the expression is unfinished"
        await typed(pilot, "length(data)")
        await until(pilot, lambda: app.painted()[0].strip() == "50")
        assert app.problem("filter") == ""
        await pilot.press("escape")
        await settled(pilot)
        assert app.painted()[1].strip() == '"data": ['
        assert "filtered" not in app.status()
        assert app.focused is app.view


async def test_xml_is_filtered_by_paths_and_by_words() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, XML, "application/xml")
        await pilot.press("j", "j", "j", "j", "j")
        await settled(pilot)
        assert app.status().endswith("/shop/kettle[2]/name[1]")
        await pilot.press("vertical_line")
        wanted = {"//kettle[@id='2']/price/text()": "9.90", "/shop/kettle/@id": "1", "Red": "<name>Red</name>"}
        for expression, first in wanted.items():
            await typed(pilot, expression)
            await until(pilot, lambda: app.painted()[0].strip().startswith(first))  # noqa: B023


async def test_an_expression_that_takes_for_ever_holds_up_nothing() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, json.dumps(["a" * 60 + "!", "needle"]).encode())
        app.view.search("(a|aa)+$", regex=True)
        await pilot.pause(0.3)
        await pilot.press("j")
        await pilot.pause()
        assert "line 2 of" in app.status()
        app.view.search("need.e", regex=True)
        await until(pilot, lambda: app.view.hits == 1 and app.view.cursor_line == 2)


async def test_regular_expressions_by_ctrl_r() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        await pilot.press("slash", "ctrl+r")
        await typed(pilot, r"kettle 4\d")
        await until(pilot, lambda: app.view.hits == 10)
        await pilot.press("enter")
        await until(pilot, lambda: app.status().endswith("data[40].attributes.name"))
        await pilot.press("N")
        await until(pilot, lambda: app.status().endswith("data[49].attributes.name"))


async def test_wrapping_shows_all_of_a_long_line() -> None:
    text = "".join(f"{n:04d}" for n in range(500))
    async with Bench().run_test(size=(42, 30)) as pilot:
        app = await shown(pilot, f"first\n{text}\nlast".encode(), "text/plain")
        await pilot.press("w")
        await settled(pilot)
        await settled(pilot)
        lines = [line.strip() for line in app.painted()]
        assert "".join(lines[1:28]).startswith(text[:500])
        await pilot.press("G")
        await settled(pilot)
        assert app.status().split("  ")[0].startswith("text · 2.0 kB · line 3 of 3")
        assert [line.strip() for line in app.painted()][28] == "last"
        await pilot.press("w", "g")
        await settled(pilot)
        assert app.painted()[2].strip() == "last"


async def test_saving_writes_the_bytes_and_asks_before_it_writes_over_a_file(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("precious")
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = await shown(pilot, API)
        await pilot.press("S")
        await typed(pilot, str(target))
        await pilot.press("enter")
        await until(pilot, lambda: "already exists" in app.problem("save"))
        assert target.read_text() == "precious"
        await pilot.press("enter")
        await until(pilot, lambda: target.read_bytes() == API)
        await until(pilot, lambda: "saved" in app.status())
        await pilot.press("S")
        await typed(pilot, str(tmp_path / "no" / "such"))
        await pilot.press("enter")
        await until(pilot, lambda: "No such file" in app.problem("save"))


async def test_a_large_body_is_readable_while_it_is_made_ready_and_its_end_is_its_end() -> None:
    body = json.dumps([{"id": n, "name": "kettle", "note": "x" * 60} for n in range(110_000)]).encode()
    assert len(body) > PROCESS_FROM
    async with Bench().run_test(size=(80, 12)) as pilot:
        app = pilot.app
        assert isinstance(app, Bench)
        app.panel.show(body, "application/json")
        app.view.focus()
        await until(pilot, lambda: app.painted()[0].strip() == "[")
        await pilot.press("G")
        await settled(pilot)
        assert app.painted()[10].strip() == "]"
        assert f"line {110_000 * 5 + 2:,} of {110_000 * 5 + 2:,}" in app.status()
        await pilot.press("k", "k")
        await settled(pilot)
        assert app.status().endswith("[109999].note")
        app.view.search('"id": 10999[0-9]', regex=True)
        await until(pilot, lambda: app.view.counted)
        assert app.view.hits == 10
        await until(pilot, lambda: app.status().endswith("[109990].id"))
        app.view.search("kettle")
        await until(pilot, lambda: app.view.counted)
        assert app.view.hits == 110_000
        app.panel.clear()
        await pilot.pause()
        assert app.view.document is None


async def test_a_search_in_a_body_that_still_arrives_is_counted_to_its_end() -> None:
    async with Bench().run_test(size=(100, 12)) as pilot:
        app = pilot.app
        assert isinstance(app, Bench)
        app.panel.begin("application/json")
        app.panel.feed(API[:600])
        app.view.focus()
        await pilot.press("slash")
        await typed(pilot, "kettle 1")
        await pilot.press("enter")
        await until(pilot, lambda: app.view.hits == 1)
        assert "1 of 1+" in app.painted()[-2]
        app.panel.finish(API, "application/json")
        await until(pilot, lambda: app.view.hits == 11 and app.view.counted)
        await until(pilot, lambda: "1 of 11 " in app.painted()[-2] + " ")


async def test_invalid_json_says_where() -> None:
    async with Bench().run_test(size=(80, 12)) as pilot:
        app = await shown(pilot, b'{"a": 1,\n "b": oops}')
        assert "invalid JSON" in app.note()
        assert "line 2, column 7" in app.note()
        assert app.painted()[2].strip() == '"b": oops}'
