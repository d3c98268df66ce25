"""Wire, timing and headers as rows: what is in them, in which order, and what they never pull onto the screen."""

from __future__ import annotations

import itertools

import pytest

from explorer.core.model import Hop, ReceivedResponse, SentRequest, Timings
from explorer.core.text.units import format_elapsed, format_size
from explorer.tui.kit.lines_view import LinesView, Row, span_width
from explorer.tui.panes.response.tabs import STOPPED, header_rows, phases, timing_rows
from explorer.tui.panes.response.wire_view import wire_rows
from tests.tui.exchanges import FAILED, OK, TOKEN_HOP, UNREACHED, Bench, changed


def lines(rows: list[Row]) -> list[str]:
    return ["".join(text for _, text in (*row.gutter, *row.spans)).rstrip() for row in rows]


def test_the_wire_shows_the_request_as_sent_and_the_head_of_the_answer() -> None:
    assert lines(wire_rows(changed(OK, headers=(("Content-Type", "application/json"),)))) == [
        "▍call · HTTP 200  api.teahouse.test",
        " → POST /v1/order.json?sig=••••••&filter%5Bname%5D=a+b HTTP/1.1",
        " → Host: api.teahouse.test",
        " → Authorization: Bearer ••••••",
        " → Content-Type: application/x-www-form-urlencoded",
        " →",
        " → item1_id=16361&city=Hyrule%20Castle",
        "",
        " ← HTTP/1.1 200 OK",
        " ← Content-Type: application/json",
        " ←",
        " ← (398 B body, shown on the Body tab)",
    ]


def test_every_hop_stands_there_in_order_with_its_purpose() -> None:
    moved = Hop(
        purpose="call",
        request=SentRequest(method="GET", url="https://api.teahouse.test/old"),
        response=ReceivedResponse(status=302, reason="Found", headers=(("Location", "/v1/order.json"),)),
    )
    found = [text for text in lines(wire_rows(changed(OK, hops=(TOKEN_HOP, moved)))) if text.startswith("▍")]
    assert found == [
        "▍1 of 3 · token request · HTTP 200  api.teahouse.test",
        "▍2 of 3 · call · HTTP 302  api.teahouse.test",
        "▍3 of 3 · redirect · HTTP 200  api.teahouse.test",
    ]


def test_a_second_try_is_called_one() -> None:
    refused = Hop(purpose="call", request=OK.request, response=ReceivedResponse(status=401, reason="Unauthorized"))
    assert any("2 of 2 · retry" in text for text in lines(wire_rows(changed(OK, hops=(refused,)))))


def test_an_upload_of_megabytes_is_cut_and_says_so() -> None:
    request = SentRequest(method="POST", url="http://h/", body=b"x" * 100 + b"\n" + b"y\n" * 3_000_000)
    rows = lines(wire_rows(changed(OK, request=request)))
    assert len(rows) < 300
    assert any("truncated; the body is 6.0 MB" in text for text in rows)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://h", "/"),
        ("http://h?a=1", "/?a=1"),
        ("http://h:80/a%20b?x=/y#z", "/a%20b?x=/y"),
        ("http://[::1]:8/p?u=http://q/r", "/p?u=http://q/r"),
    ],
)
def test_the_request_line_holds_path_and_query(url: str, target: str) -> None:
    rows = wire_rows(changed(OK, request=SentRequest(method="GET", url=url)))
    assert lines(rows)[1] == f" → GET {target} HTTP/1.1"


def test_the_phases_follow_each_other_without_gaps() -> None:
    found = phases(OK)
    assert [phase.name for phase in found] == ["connect", "send", "wait", "receive"]
    assert found[0].start == 0.0
    assert found[-1].end == pytest.approx(0.173)
    assert all(one.end == following.start for one, following in itertools.pairwise(found))


def test_an_open_connection_is_no_time_to_connect() -> None:
    found = phases(changed(OK, timings=Timings(sent=0.001, first_byte=0.1, total=0.2)))
    assert (found[0].name, found[0].end, found[0].note) == ("connect", 0.0, "reused an open connection")
    assert (found[1].name, found[1].start) == ("send", 0.0)


def test_a_failure_stands_at_the_phase_that_it_ended() -> None:
    waited = changed(UNREACHED, timings=Timings(connected=0.01, sent=0.02, total=30.0))
    assert [(one.name, one.note) for one in phases(waited)] == [("connect", ""), ("send", ""), ("wait", STOPPED)]
    assert [(one.name, one.note) for one in phases(UNREACHED)] == [("connect", STOPPED)]


@pytest.mark.parametrize("width", [30, 78, 118, 198])
def test_the_waterfall_fits_its_width_and_the_bars_add_up(width: int) -> None:
    rows = timing_rows(OK, width)
    assert all(span_width(row.spans) <= max(width, 36) for row in rows[:5])
    text = lines(rows)
    assert text[0].startswith(" connect")
    assert text[2].endswith("120 ms")
    assert text[2].count("█") > text[0].count("█") > 0
    assert text[4].endswith("173 ms")


def test_the_sizes_on_the_wire_and_decoded_are_told() -> None:
    text = "\n".join(lines(timing_rows(changed(OK, hops=(TOKEN_HOP,)), 80)))
    assert "90 B on the wire (gzip), 398 B decoded" in text
    assert "2  (token request, call)" in text
    assert "35 B body" in text


def test_headers_are_aligned_and_every_character_is_there() -> None:
    assert FAILED.response is not None
    rows = lines(header_rows(FAILED.response.headers, 60))
    assert rows[0] == " Content-Type      application/json"
    assert rows[1] == " X-Long            " + "v" * 300


async def test_long_values_wrap_in_their_column_and_follow_the_width() -> None:
    app = Bench(LinesView())
    async with app.run_test(size=(40, 12)) as pilot:
        app.widget.show(header_rows((("A", "界" * 30), ("Bcd", "x")), 40))
        await pilot.pause()
        narrow = app.painted().splitlines()
        await pilot.resize_terminal(80, 12)
        await pilot.pause()
        wide = app.painted().splitlines()
    assert narrow[0].startswith(" A    界")
    assert narrow[1].startswith("      界")
    assert sum(line.count("界") for line in narrow) == 30
    assert wide[0].count("界") == 30
    assert "".join(wide).count("Bcd  x") == 1


async def test_a_flood_of_headers_scrolls() -> None:
    app = Bench(LinesView())
    async with app.run_test(size=(60, 10)) as pilot:
        app.widget.show(header_rows([(f"X-{n}", str(n)) for n in range(5000)], 60))
        app.widget.focus()
        await pilot.press("G")
        await pilot.pause()
        assert "X-4999" in app.painted()
        await pilot.press("g")
        await pilot.pause()
        assert "X-0" in app.painted()


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4_049, "4.0 kB"), (999_600, "1.0 MB"), (50_000_000, "50.0 MB")],
)
def test_sizes(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.173, "173 ms"),
        (0.9999, "1.00 s"),
        (1.234, "1.23 s"),
        (12.34, "12.3 s"),
        (125, "2 min 05 s"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_elapsed(seconds) == text
