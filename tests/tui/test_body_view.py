"""The body on the screen: what is painted, where the keys go, what a search says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection

from explorer.core.body.document import Document
from explorer.tui.body.view import BodyView

if TYPE_CHECKING:
    from rich.segment import Segment
    from textual.message import Message
    from textual.pilot import Pilot

RECORDS = [{"id": n, "name": f"kettle {n}", "price": 19.5, "sold": None} for n in range(500)]
BODY = json.dumps(RECORDS).encode()


class Bench(App[None]):
    """A screen with nothing but the view."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield BodyView(id="body")

    def on_body_view_search_moved(self, message: BodyView.SearchMoved) -> None:
        self.told.append(message)

    def on_body_view_search_wanted(self, message: BodyView.SearchWanted) -> None:
        self.told.append(message)

    @property
    def view(self) -> BodyView:
        return self.query_one(BodyView)

    def painted(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]

    def segments(self, row: int) -> list[Segment]:
        return list(self.screen._compositor.render_strips()[row])


async def shown(pilot: Pilot[None], document: Document) -> Bench:
    app = pilot.app
    assert isinstance(app, Bench)
    app.animation_level = "none"
    app.view.show(document)
    app.view.focus()
    await app.workers.wait_for_complete()
    await pilot.pause()
    return app


async def searched(pilot: Pilot[None], app: Bench, needle: str) -> BodyView.SearchMoved:
    app.view.search(needle)
    await app.workers.wait_for_complete()
    await pilot.pause()
    last = app.told[-1]
    assert isinstance(last, BodyView.SearchMoved)
    return last


def json_document() -> Document:
    return Document(BODY, "application/json")


async def test_lines_are_painted_with_theme_colours() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, json_document())
        assert [line[:50].rstrip() for line in app.painted()[:4]] == [
            "[",
            "  {",
            '    "id": 0,',
            '    "name": "kettle 0",',
        ]
        colours = {segment.text.strip(): segment.style.color for segment in app.segments(2) if segment.style}
        key, number = colours['"id"'], colours["0"]
        assert key != number
        before = key
        app.theme = "textual-light"
        await pilot.pause()
        after = {segment.text.strip(): segment.style.color for segment in app.segments(2) if segment.style}
        assert after['"id"'] != before, "strips of the old theme are not kept"


@pytest.mark.parametrize(
    ("keys", "first", "cursor"),
    [
        ((), "[", "["),
        (("j", "j", "down"), "[", '    "name": "kettle 0",'),
        (("j", "j", "k"), "[", "  {"),
        (("j",) * 11, '    "id": 0', '    "sold": null'),
        (("pagedown",), '    "name": "kettle 1"', '    "name": "kettle 1",'),
        (("pagedown", "pageup"), "[", "["),
        (("G",), "    ", "]"),
        (("G", "k"), "    ", "  }"),
        (("G", "g"), "[", "["),
        (("end", "home"), "[", "["),
        (("space", "space", "b", "b"), "[", "["),
    ],
)
async def test_keys_move(keys: tuple[str, ...], first: str, cursor: str) -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, json_document())
        await pilot.press(*keys)
        await pilot.pause()
        assert app.painted()[0].startswith(first)
        assert json_document().line(app.view.cursor_line) == cursor
        marked = [row for row in range(10) if app.segments(row)[0].style != app.segments((row + 5) % 10)[0].style]
        assert any(app.painted()[row].rstrip() == cursor for row in marked), "the cursor's line stands out"
        if keys == ("G",):
            assert app.painted()[-1].startswith("]")


async def test_a_long_line_scrolls_and_shows_its_end() -> None:
    line = "".join(f"{n:>9}|" for n in range(2_000))
    async with Bench().run_test(size=(40, 5)) as pilot:
        app = await shown(pilot, Document(line.encode(), "text/plain"))
        assert app.painted()[0][:40] == line[:40]
        await pilot.press("l")
        await pilot.pause()
        assert app.painted()[0][:40] == line[8:48]
        await pilot.press("$")
        await pilot.pause()
        assert app.painted()[0][:40] == line[-40:]
        app.view.scroll_to(x=10_005, animate=False)
        await pilot.pause()
        assert app.painted()[0][:40] == line[10_005:10_045]
        await pilot.press("0")
        await pilot.pause()
        assert app.painted()[0][:40] == line[:40]


async def test_wide_characters_keep_their_cells() -> None:
    async with Bench().run_test(size=(40, 5)) as pilot:
        app = await shown(pilot, Document(("中文" * 2_000).encode(), "text/plain"))
        app.view.scroll_to(x=6_000, animate=False)
        await pilot.pause()
        assert app.painted()[0][:20] == "中文" * 10
        assert sum(segment.cell_length for segment in app.segments(0)) == 40


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/plain", "application/xml", ""])
async def test_no_escape_reaches_the_screen(content_type: str) -> None:
    hostile = '{"a": "\x1b]52;c;ZXZpbA==\x07", "\x9b2J": "\u202e"} <p \x1b[2J>[@click=app.quit]x[/] [/red]</p>'
    async with Bench().run_test(size=(100, 10)) as pilot:
        app = await shown(pilot, Document(hostile.encode(), content_type))
        screen = "\n".join(app.painted())
        assert "␛]52" in screen
        assert "[@click=app.quit]x[/]" in screen
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(screen)


async def test_search_counts_the_whole_body_and_goes_round() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, json_document())
        told = await searched(pilot, app, "kettle 4")
        assert (told.count, told.current, told.complete) == (111, 1, True)
        assert any('"kettle 4"' in line for line in app.painted())
        await pilot.press("n")
        await pilot.pause()
        assert any('"kettle 40"' in line for line in app.painted()), "far outside of what was painted"
        await pilot.press("N", "N")
        await pilot.pause()
        last = app.told[-1]
        assert isinstance(last, BodyView.SearchMoved)
        assert (last.current, last.wrapped) == (111, True)
        assert any('"kettle 499"' in line for line in app.painted())


async def test_matches_stand_out_and_go_when_the_search_ends() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, json_document())

        def ground(row: int, text: str) -> object:
            return next(s.style.bgcolor for s in app.segments(row) if s.style and text in s.text)

        plain = ground(3, "kettle")
        await searched(pilot, app, "kettle")
        current, other = ground(3, "kettle"), ground(9, "kettle")
        assert len({plain, current, other}) == 3, "the current match stands out from the others"
        assert ground(9, '"name"') == plain
        app.view.search("")
        await pilot.pause()
        assert ground(9, "kettle") == plain


async def test_a_needle_that_cannot_be_is_said() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, json_document())
        app.view.search("(", regex=True)
        await pilot.pause()
        last = app.told[-1]
        assert isinstance(last, BodyView.SearchMoved)
        assert "missing )" in last.problem
        told = await searched(pilot, app, "no such thing")
        assert (told.count, told.current, told.complete, told.problem) == (0, 0, True, "")


async def test_a_match_far_to_the_right_is_scrolled_to() -> None:
    async with Bench().run_test(size=(40, 5)) as pilot:
        app = await shown(pilot, Document(b"x" * 30_000 + b"needle" + b"y" * 100, "text/plain"))
        await searched(pilot, app, "needle")
        assert "needle" in app.painted()[0]


async def test_slash_asks_for_a_needle() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, json_document())
        await pilot.press("slash")
        await pilot.pause()
        assert isinstance(app.told[-1], BodyView.SearchWanted)


async def test_another_document_ends_the_search_and_starts_at_the_top() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, json_document())
        await searched(pilot, app, "kettle 400")
        await shown(pilot, Document(b"short", "text/plain"))
        assert app.painted()[0].startswith("short")
        assert app.painted()[1].strip() == ""
        assert app.view.hits == 0
        app.view.show(None)
        await pilot.pause()
        assert not "".join(app.painted()).strip()


async def test_a_selection_gives_the_text_shown() -> None:
    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, Document(b"one two\nthree\nfour", "text/plain"))
        picked = app.view.get_selection(Selection(Offset(4, 0), Offset(2, 1)))
        assert picked == ("two\nth", "\n")
        assert app.view.get_selection(Selection(None, None)) == ("one two\nthree\nfour", "\n")


async def test_a_line_that_cannot_be_painted_does_not_end_the_app() -> None:
    class Torn(Document):
        def tokens(self, n: int) -> list[tuple[str, str]]:  # noqa: ARG002 - the base class's
            raise OSError("the spool is gone")

    async with Bench().run_test(size=(60, 10)) as pilot:
        app = await shown(pilot, Torn(b"one", "text/plain"))
        assert "could not be shown" in app.painted()[0]
