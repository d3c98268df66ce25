"""The response pane: verdicts, failures, tabs, pages, progress; what a person sees and what the keys do."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from textual.app import App
from textual.widgets import Input, OptionList, Static

from explorer.core.model import Verdict
from explorer.core.paging import PageInfo
from explorer.net.client import SendProgress
from explorer.tui.body.view import BodyView
from explorer.tui.panes.response.pane import ResponsePane
from tests.tui.exchanges import BODY, CUT, FAILED, OK, TOKEN_HOP, UNREACHED, Bench, changed
from tests.tui.test_body_panel import until

PAGE = PageInfo(number=2, size=25, total=340, pages=14, has_next=True, has_previous=True, records=25)
HOSTILE = "\x1b]52;c;aGk=\x07[/red][@click=app.quit]\u202ex"


def bench(clock: float = 12.5) -> Bench[ResponsePane]:
    return Bench(ResponsePane(clock=lambda: clock))


async def test_a_refusal_shows_the_verdict_its_meaning_and_the_guilty_fields() -> None:
    app = bench()
    async with app.run_test(size=(80, 24)) as pilot:
        app.widget.show_exchange(FAILED)
        await pilot.pause()
        text = app.painted()
    assert "✗ FAILED · 200 OK" in text
    assert "173 ms" in text
    for words in (
        "HTTP 200, but the body says `success: false`",
        "code 412",
        "the order cannot be made",
        "→ item1_size",
        "→ city",
    ):
        assert words in text
    assert '"success": false' in text


async def test_enter_on_a_guilty_field_asks_for_that_field() -> None:
    app = bench()
    async with app.run_test(size=(80, 24), message_hook=app.note) as pilot:
        app.widget.show_exchange(FAILED)
        await pilot.pause()
        app.query_one(OptionList).focus()
        await pilot.press("down", "enter")
        await pilot.pause()
    assert [one.name for one in app.of(ResponsePane.FieldRequested)] == ["city"]


async def test_the_sandboxs_reason_is_decoded() -> None:
    reason = quote("expected abc…, got [red]")
    app = bench()
    async with app.run_test(size=(100, 24)) as pilot:
        app.widget.show_exchange(
            changed(FAILED, headers=(("X-Sandbox-Check", "signature"), ("X-Sandbox-Reason", reason)))
        )
        await pilot.pause()
        assert "Sandbox check: signature: expected abc…, got [red]" in app.painted()


async def test_the_tabs_turn_with_brackets_and_the_focus_follows() -> None:
    app = bench()
    async with app.run_test(size=(80, 24)) as pilot:
        app.widget.show_exchange(changed(OK, hops=(TOKEN_HOP,)))
        app.widget.focus_content()
        await pilot.pause()
        assert isinstance(app.focused, BodyView)
        seen = []
        for key in ("]", "]", "]", "]", "["):
            await pilot.press(key)
            await pilot.pause()
            seen.append((type(app.focused).__name__, app.painted()))
    names = [name for name, _ in seen]
    assert names == ["HeadersView", "WireView", "TimingView", "BodyView", "TimingView"]
    assert "Content-Encoding  gzip" in seen[0][1]
    assert "→ POST /oauth/token HTTP/1.1" in seen[1][1]
    assert "receive" in seen[2][1]


async def test_pages_turn_only_where_there_are_some() -> None:
    app = bench()
    async with app.run_test(size=(100, 24), message_hook=app.note) as pilot:
        app.widget.show_exchange(OK, PAGE)
        app.widget.focus_content()
        await pilot.pause()
        assert "page 2 of 14 · 25 of 340 records" in app.painted()
        await pilot.press("n", "p")
        app.widget.show_exchange(OK, PageInfo(has_next=False, has_previous=True, records=3))
        await pilot.press("n", "p")
        app.widget.show_exchange(OK, None)
        await pilot.press("n", "p")
        await pilot.pause()
    assert [one.to for one in app.of(ResponsePane.PageRequested)] == ["next", "previous", "previous"]


async def test_n_walks_the_matches_while_a_search_is_on() -> None:
    app = bench()
    async with app.run_test(size=(100, 30), message_hook=app.note) as pilot:
        app.widget.show_exchange(OK, PAGE)
        app.widget.focus_content()
        await pilot.press("slash", *"id", "enter")
        await until(pilot, lambda: "1 of 30" in app.painted())
        await pilot.press("n")
        await until(pilot, lambda: "2 of 30" in app.painted())
        assert app.of(ResponsePane.PageRequested) == []
        await pilot.press("escape", "n")
        await pilot.pause()
        assert not app.query_one(Input).has_focus
        assert "of 30 " not in app.painted()
    assert [one.to for one in app.of(ResponsePane.PageRequested)] == ["next"]


async def test_no_connection_says_what_to_do_and_the_request_is_still_shown() -> None:
    app = bench()
    async with app.run_test(size=(80, 20)) as pilot:
        app.widget.show_exchange(UNREACHED)
        await pilot.pause()
        text = app.painted()
        for words in ("✗ Could not connect", "no connection: refused", "Next: Look up.", "No response. The Wire tab"):
            assert words in text
        app.widget.focus_content()
        await pilot.press("]", "]")
        await pilot.pause()
        wire = app.painted()
        assert "POST /v1/order.json?sig=••••••&filter%5Bname%5D=a+b HTTP/1.1" in wire.replace("\n", "")
        assert "no response: no connection: refused" in wire or "· no response" in wire


async def test_a_cut_body_is_shown_as_far_as_it_came() -> None:
    app = bench()
    async with app.run_test(size=(80, 24)) as pilot:
        app.widget.show_exchange(CUT)
        await pilot.pause()
        text = app.painted()
    assert "Broken response" in text
    assert "HTTP 200 and 40 bytes of body" in text
    assert "Truncated: the connection was lost before the body was complete" in text
    assert "invalid JSON" in text
    assert '"no si' in text


async def test_a_failure_before_the_send_is_in_the_pane_with_its_hint() -> None:
    app = bench()
    async with app.run_test(size=(80, 20)) as pilot:
        app.widget.show_failure("Missing credential", "teahouse needs 'secret'", "Set API_EXPLORER_TEAHOUSE_SECRET.")
        app.widget.explain("Press K to type it.")
        await pilot.pause()
        text = app.painted()
        assert "Timing" not in text
        app.widget.show_exchange(OK)
        await pilot.pause()
        assert "Press K" not in app.painted()
    for words in (
        "✗ Missing credential",
        "teahouse needs 'secret'",
        "Next: Set API_EXPLORER_",
        "Press K to type it.",
    ):
        assert words in text


async def test_a_send_shows_seconds_and_bytes_and_escape_cancels() -> None:
    app = bench(clock=12.5)
    async with app.run_test(size=(80, 14), message_hook=app.note) as pilot:
        app.widget.show_exchange(OK)
        app.widget.focus_content()
        await pilot.pause()
        app.widget.show_sending(10.0)
        app.widget.progress(SendProgress("receiving", 2.4, 345_000, 900_000))
        await pilot.pause()
        text = app.painted()
        await pilot.press("escape")
        await pilot.pause()
        assert len(app.of(ResponsePane.CancelRequested)) == 1
        app.widget.show_exchange(OK)
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.focused, BodyView)
    for words in ("2.5 s", "receiving the response", "345 kB of 900 kB", "esc cancel"):
        assert words in text
    assert len(app.of(ResponsePane.CancelRequested)) == 1


async def test_a_late_body_is_dropped() -> None:
    """A large body is laid out in a thread; when another answer is shown meanwhile, that one stays."""
    large = json.dumps([{"first": n} for n in range(40_000)]).encode()
    app = bench()
    async with app.run_test(size=(80, 24)) as pilot:
        app.widget.show_exchange(changed(OK, body=large))
        app.widget.show_exchange(changed(OK, body=b'{"second": 1}'))
        await app.workers.wait_for_complete()
        await pilot.pause()
        text = app.painted()
    assert '"second": 1' in text
    assert "first" not in text


async def test_a_large_body_says_that_it_is_being_formatted_and_then_stands_there() -> None:
    large = json.dumps([{"first": n} for n in range(40_000)]).encode()
    app = bench()
    async with app.run_test(size=(80, 24)) as pilot:
        app.widget.show_exchange(changed(OK, body=large))
        assert "formatting" in str(app.query_one("#body-status", Static).content)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert '"first": 0' in app.painted()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"body": b"", "status": 204, "reason": "No Content"}, "204 No Content: the response has no body."),
        ({"body": b"<html>", "headers": (("Content-Type", "application/json"),)}, "HTML"),
        ({"body": b'{"a": 1,}', "headers": (("Content-Type", "application/json"),)}, "line 1"),
        ({"body": "é".encode("latin-1"), "headers": (("Content-Type", "text/plain; charset=utf-8"),)}, "⚠"),
    ],
)
async def test_what_is_wrong_with_a_body_is_said(change: dict[str, object], words: str) -> None:
    app = bench()
    async with app.run_test(size=(80, 24)) as pilot:
        app.widget.show_exchange(changed(OK, **change))
        await pilot.pause()
        assert words in app.painted()


async def test_nothing_hostile_acts() -> None:
    hostile = changed(
        FAILED,
        status=500,
        reason=HOSTILE,
        body=HOSTILE.encode(),
        headers=((HOSTILE, HOSTILE), ("Content-Type", HOSTILE)),
        truncated=HOSTILE,
        verdict=Verdict(outcome="FAILED", message=HOSTILE, meaning=HOSTILE, why=HOSTILE, code=HOSTILE),
    )
    app = bench()
    async with app.run_test(size=(120, 40)) as pilot:
        app.widget.show_exchange(hostile, PAGE, HOSTILE)
        app.widget.focus_content()
        app.widget.explain(HOSTILE)
        texts = []
        for _ in range(4):
            await pilot.press("]")
            await pilot.pause()
            texts.append(app.painted())
        app.widget.show_failure(HOSTILE, HOSTILE, HOSTILE)
        await pilot.pause()
        texts.append(app.painted())
        app.widget.show_idle(HOSTILE)
        await pilot.pause()
        texts.append(app.painted())
    for text in texts:
        assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert "[/red][@click=app.quit]" in texts[-1]


@pytest.mark.parametrize(
    ("size", "theme"),
    [((80, 24), "textual-light"), ((120, 40), "textual-dark"), ((200, 50), "nord"), ((40, 10), "ansi-dark")],
)
async def test_every_state_paints_at_every_size_and_theme(size: tuple[int, int], theme: str) -> None:
    app = bench()
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        app.widget.show_exchange(FAILED)
        await pilot.pause()
        assert "FAILED" in app.painted()
        app.widget.show_sending(10.0)
        await pilot.pause()
        assert "cancel" in app.painted()


async def test_without_colour_the_words_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = bench()
    assert isinstance(app, App)
    async with app.run_test(size=(80, 24)) as pilot:
        app.widget.show_exchange(FAILED)
        await pilot.pause()
        text = app.painted()
        styles = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip]
    assert "✗ FAILED" in text
    triplets = [style.color.get_truecolor() for style in styles if style is not None and style.color is not None]
    assert all(one.red == one.green == one.blue for one in triplets)


async def test_the_selected_text_of_the_wire_is_as_it_was_before_wrapping() -> None:
    app = bench()
    url = "https://api.teahouse.test/v1/" + "a" * 200
    async with app.run_test(size=(60, 30)) as pilot:
        assert OK.request is not None
        request = type(OK.request)(method="GET", url=url, headers=(("Host", "api.teahouse.test"),), body=BODY)
        app.widget.show_exchange(changed(OK, request=request))
        app.widget.show_tab("wire")
        await pilot.pause()
        app.screen.text_select_all()
        await pilot.pause()
        copied = app.screen.get_selected_text()
    assert copied is not None
    assert f"GET /v1/{'a' * 200} HTTP/1.1\nHost: api.teahouse.test\n" in copied
