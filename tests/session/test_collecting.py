"""All pages, over real sockets: what is asked for, in what order what comes is given, and what is said of it."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from explorer.core.model import Entry
from explorer.errors import UsageError
from explorer.session.history import recent_entries
from explorer.session.pages import turn_page
from explorer.session.send import send
from tests.session.world import Query, Reply, all_of, ids, laravel, numbered, rows, until, world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.session.page_fetch import FetchedPage


# --- the ways through ------------------------------------------------------------------------------------------------


async def test_pages_whose_number_is_told_come_several_at_once_and_in_order(environ: Mapping[str, str]) -> None:
    together = asyncio.Barrier(3)

    async def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        if 2 <= number <= 4:
            await together.wait()  # three are under way at the same time, or this test ends in its time limit
        return 200, {}, laravel(number, 7, rows(number))

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"), at_once=3)
        plan = await collector.plan()
        assert (plan.calls, plan.records, plan.concurrency) == (7, 70, 3)
        assert plan.text == "7 calls for 70 records; 3 at once"
        pages = await asyncio.wait_for(all_of(collector), 10)
        assert [page.number for page in pages] == [1, 2, 3, 4, 5, 6, 7]
        assert ids(pages) == list(range(70))
        assert sorted(here.pages_asked()) == [1, 2, 3, 4, 5, 6, 7]
        assert here.most_at_once == 3
        assert (collector.state, collector.findings, collector.verdict.outcome) == ("done", (), "OK")


async def test_other_parameters_and_the_size_are_kept_on_every_page(environ: Mapping[str, str]) -> None:
    async with world(environ, numbered(3)) as here:
        call = here.call("laravel", colour="a b&c", per_page="10")
        tags = (Entry(name="tag[]", value="x"), Entry(name="tag[]", value="y"))
        call = msgspec.structs.replace(call, entries=(*call.entries, *tags), extra=(("beta", "1"),))
        await all_of(here.collector(call))
        queries = sorted(line.split(" ")[1].partition("?")[2] for line in here.lines)
        kept = "colour=a%20b%26c&per_page=10&tag%5B%5D=x&tag%5B%5D=y"
        for query in queries:
            parts = [part for part in query.split("&") if not part.startswith(("page=", "beta="))]
            assert "&".join(sorted(parts)) == kept.replace("%20", "+") or "&".join(sorted(parts)) == kept
            assert "beta=1" in query


async def test_where_no_number_is_told_an_empty_page_ends_it(environ: Mapping[str, str]) -> None:
    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return 200, {}, json.dumps({"data": rows(number) if number <= 3 else []}).encode()

    async with world(environ, answer) as here:
        collector = here.collector(here.call("page"), at_once=8)
        plan = await collector.plan()
        assert (plan.calls, plan.concurrency) == (None, 1)
        assert ids(await all_of(collector)) == list(range(30))
        assert here.pages_asked() == [1, 2, 3, 4]
        assert collector.findings == ()


async def test_the_last_link_tells_how_many_pages_there_are(environ: Mapping[str, str]) -> None:
    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        links = {"first": "http://else.example/x?page=1", "last": "http://else.example/x?page=5"}
        links |= {"next": f"http://else.example/x?page={number + 1}"} if number < 5 else {}
        return 200, {}, json.dumps({"data": rows(number), "links": links}).encode()

    async with world(environ, answer) as here:
        collector = here.collector(here.call("links", limit="10"))
        assert (await collector.plan()).calls == 5
        assert ids(await all_of(collector)) == list(range(50))
        assert {query["limit"] for query in here.asked} == {"10"}
        assert all(line.split(" ")[1].startswith("/links?") for line in here.lines)


async def test_an_index_that_does_not_lead_where_the_number_does_is_followed(environ: Mapping[str, str]) -> None:
    """A vendor that caps the size in silence: 500 asked for, 4 given, and the next index is 4."""

    def answer(query: Query) -> Reply:
        start = int(query.get("start", "0"))
        following = start + 4 if start + 4 < 10 else None
        table = {"start": start, "count": 500, "total": 10, "next_page": following, "prev_page": None}
        return (
            200,
            {},
            json.dumps({"pagination": table, "data": [{"id": n} for n in range(10)][start : start + 4]}).encode(),
        )

    async with world(environ, answer) as here:
        collector = here.collector(here.call("offset", count="500"))
        assert ids(await all_of(collector)) == list(range(10))
        assert [query.get("start", "0") for query in here.asked] == ["0", "4", "8"]
        assert [one.kind for one in collector.findings] == ["size_capped"]
        assert "500" in collector.findings[0].text


async def test_it_begins_at_the_page_that_was_asked_for(environ: Mapping[str, str]) -> None:
    async with world(environ, numbered(5)) as here:
        collector = here.collector(here.call("laravel", page="3"))
        assert (await collector.plan()).text == "3 calls for 30 records; 2 at once"
        assert ids(await all_of(collector)) == list(range(20, 50))
        assert collector.findings == ()


async def test_no_more_pages_than_wanted(environ: Mapping[str, str]) -> None:
    async with world(environ, numbered(50)) as here:
        collector = here.collector(here.call("laravel"), max_pages=3)
        plan = await collector.plan()
        assert (plan.calls, plan.records) == (3, 30)
        assert len(await all_of(collector)) == 3
        assert sorted(here.pages_asked()) == [1, 2, 3]
        assert (collector.state, collector.findings) == ("done", ())


async def test_a_call_that_does_not_page_is_one_page(environ: Mapping[str, str]) -> None:
    async with world(environ, lambda _: (200, {}, b'{"id": 1.0}')) as here:
        collector = here.collector(here.call("one"))
        assert (await collector.plan()).text == "1 call for 1 record; the catalog documents no paging for this call"
        assert [page.records for page in await all_of(collector)] == [(b'{"id":1.0}',)]


@pytest.mark.parametrize(
    ("body", "records", "total"),
    [
        (b'{"products": [{"id": 1}, {"id": 2}], "total": 207}', 2, 207),
        (b'{"success": true, "data": [{"id": 1}, {"id": 2}], "meta": {"pagination": {"total": 207}}}', 2, 207),
        (b'{"data": {"items": [{"id": 1}], "total_count": "207"}, "links": {}}', 1, 207),
        (b'{"data": [], "included": [{"id": 9}]}', 0, None),
        (b'[{"id": 1}, {"id": 2}, {"id": 3}]', 3, None),
        (b'{"id": 5, "total": 67.7, "items": [{"id": 1}, {"id": 2}]}', 1, None),
        (b'{"data": {"id": 5, "items": [{"id": 1}, {"id": 2}]}}', 1, None),
        (b"<stock><total>207</total><product><id>1</id></product><product><id>2</id></product></stock>", 2, 207),
    ],
)
async def test_a_list_without_a_paging_style_is_counted(
    environ: Mapping[str, str], body: bytes, records: int, total: int | None
) -> None:
    kind = {"Content-Type": "application/xml"} if body.startswith(b"<") else {}
    async with world(environ, lambda _: (200, kind, body)) as here:
        collector = here.collector(here.call("one"))
        plan = await collector.plan()
        [page] = await all_of(collector)
        assert (plan.calls, plan.records, len(page.records)) == (1, records, records)
        assert (f"the response has a total of {total}" in plan.text) == (total is not None)
        assert [finding.kind for finding in collector.findings] == ([] if total is None else ["missing"])


async def test_records_are_what_was_sent_to_the_last_digit(environ: Mapping[str, str]) -> None:
    record = b'{"id":1,"price":1.10,"huge":1e400,"big":12345678901234567890,"a":-0,"text":"\\u00e9 \\/"}'
    body = b'{"current_page": 1, "last_page": 1, "data": [' + record.replace(b",", b", \n") + b"]}"
    async with world(environ, lambda _: (200, {}, body)) as here:
        assert (await all_of(here.collector(here.call("laravel"))))[0].records == (record,)


# --- vendors that do not turn pages ----------------------------------------------------------------------------------


async def test_a_vendor_that_gives_the_same_page_for_ever_is_left(environ: Mapping[str, str]) -> None:
    async with world(environ, lambda _: (200, {}, json.dumps({"data": rows(1)}).encode())) as here:
        collector = here.collector(here.call("page"))
        assert ids(await all_of(collector)) == list(range(10))
        assert len(here.asked) == 2
        assert "same_page" in [one.kind for one in collector.findings]


async def test_a_chain_that_leads_back_is_left(environ: Mapping[str, str]) -> None:
    ring = {"0": 10, "10": 20, "20": 30, "30": 10}

    def answer(query: Query) -> Reply:
        start = query.get("start", "0")
        table = {"next_page": ring[start], "prev_page": None}
        return 200, {}, json.dumps({"pagination": table, "data": [{"id": len(here.asked)}]}).encode()

    async with world(environ, answer) as here:
        collector = here.collector(here.call("offset", count="10"))
        pages = await asyncio.wait_for(all_of(collector), 10)
        assert len(pages) <= 5
        assert collector.state == "done"


# --- failing, trying again -------------------------------------------------------------------------------------------


def failing(page: int, *replies: Reply | None, last: int = 5) -> Any:
    """Pages 1 to *last*; the first answers to *page* are *replies* (None: the good one)."""
    left = list(replies)

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        reply = left.pop(0) if number == page and left else None
        return reply or (200, {}, laravel(number, last, rows(number)))

    return answer


BROKEN = [
    (500, {}, b"oops"),
    (503, {}, b'{"error": "later"}'),
    (200, {}, b'{"data": [{"id'),
    (200, {}, b"<html>"),
    (200, {"Content-Length": "9999", "Connection": "close"}, b'{"cut":'),
]


@pytest.mark.parametrize("reply", BROKEN, ids=["500", "503", "truncated", "markup", "cut"])
async def test_a_read_that_failed_is_tried_again_after_a_while(environ: Mapping[str, str], reply: Reply) -> None:
    answer = failing(3, reply, reply)

    async def closing(query: Query) -> Reply:
        return answer(query)  # type: ignore[no-any-return]

    async with world(environ, closing) as here:
        collector = here.collector(here.call("laravel"), timeout=0.5 if "Connection" in reply[1] else 5)
        assert ids(await all_of(collector)) == list(range(50))
        assert Counter(here.pages_asked())[3] == 3
        assert here.clock.slept == [0.5, 1.0]
        assert (collector.verdict.outcome, collector.progress.retries) == ("OK", 2)
        assert len(here.told) == 2
        assert here.told[0].startswith("page 3: ")


async def test_the_vendor_says_how_long_to_wait_and_every_page_waits(environ: Mapping[str, str]) -> None:
    times: list[tuple[int, float]] = []
    answer = failing(2, (429, {"Retry-After": "7"}, b'{"error": "slow down"}'), last=9)

    def timed(query: Query) -> Reply:
        times.append((int(query.get("page", "1")), here.clock.now))
        return answer(query)  # type: ignore[no-any-return]

    async with world(environ, timed) as here:
        collector = here.collector(here.call("laravel"), at_once=2)
        assert ids(await all_of(collector)) == list(range(90))
        assert sum(here.clock.slept) >= 7
        assert [at for number, at in times if number == 2] == [1000.0, 1007.0]
        assert all(at in (1000.0, 1007.0) for _, at in times)
        assert sum(at == 1000.0 for _, at in times) <= 4


async def test_a_vendor_that_asks_to_wait_an_hour_is_told_of_and_not_waited_for(environ: Mapping[str, str]) -> None:
    async with world(environ, lambda _: (429, {"Retry-After": "3600"}, b'{"error": "no"}')) as here:
        collector = here.collector(here.call("laravel"))
        pages = await all_of(collector)
        assert "3600 s" in pages[0].problem
        assert (len(here.asked), here.clock.slept) == (1, [])
        assert (collector.state, collector.verdict.outcome) == ("incomplete", "FAILED")


async def test_a_call_that_is_no_read_is_never_sent_twice(environ: Mapping[str, str]) -> None:
    async with world(environ, failing(2, (503, {}, b"{}"))) as here:
        collector = here.collector(here.call("made"), at_once=8)
        assert (await collector.plan()).concurrency == 1
        pages = await all_of(collector)
        assert Counter(here.pages_asked())[2] == 1
        assert [page.number for page in pages if not page.came] == [2]


async def test_what_the_vendor_refused_for_good_is_not_tried_again(environ: Mapping[str, str]) -> None:
    async with world(environ, failing(2, *[(404, {}, b'{"error": "gone"}')] * 9)) as here:
        collector = here.collector(here.call("laravel"))
        await all_of(collector)
        assert Counter(here.pages_asked())[2] == 1


async def test_one_page_that_does_not_come_makes_it_partial_and_can_be_had_later(environ: Mapping[str, str]) -> None:
    async with world(environ, failing(3, *[(500, {}, b"{}")] * 4)) as here:
        collector = here.collector(here.call("laravel"))
        pages = await all_of(collector)
        assert [(page.number, page.came) for page in pages] == [(1, True), (2, True), (3, False), (4, True), (5, True)]
        assert (collector.state, collector.verdict.outcome) == ("incomplete", "PARTIAL")
        assert "page 3" in collector.verdict.why
        assert [one.kind for one in collector.findings] == ["failed_page"]
        asked = len(here.asked)
        assert ids(await all_of(collector)) == list(range(20, 30))
        assert len(here.asked) == asked + 1
        assert (collector.state, collector.verdict.outcome, collector.findings) == ("done", "OK", ())


async def test_one_of_the_failed_pages_is_had_by_itself(environ: Mapping[str, str]) -> None:
    broken = {2, 3}

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return (404, {}, b"{}") if number in broken else (200, {}, laravel(number, 5, rows(number)))

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"), at_once=1)
        await all_of(collector)
        assert (collector.state, collector.progress.failed) == ("incomplete", 2)
        broken.clear()
        here.asked.clear()
        assert not collector.again(3)
        pages = [page async for page in collector.pages(only=[3])]
        assert [page.number for page in pages] == [3]
        assert here.pages_asked() == [3]
        assert (collector.state, collector.progress.failed) == ("incomplete", 1)
        pages = [page async for page in collector.pages()]
        assert ids(pages) == list(range(10, 20))
        assert (collector.state, collector.findings) == ("done", ())


async def test_a_failed_page_alone_does_not_end_what_was_stopped(environ: Mapping[str, str]) -> None:
    broken = {2, 3, 4}

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return (404, {}, b"{}") if number in broken else (200, {}, laravel(number, 7, rows(number)))

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"), at_once=1)
        await all_of(collector)  # three in a row did not come: no more were asked for
        broken.clear()
        for number in (2, 3, 4):
            assert [page.number async for page in collector.pages(only=[number])] == [number]
        assert collector.state == "incomplete"
        assert sorted(ids([page async for page in collector.pages()])) == list(range(40, 70))
        assert (collector.state, collector.progress.records) == ("done", 70)


async def test_a_failed_page_is_asked_for_again_on_the_way(environ: Mapping[str, str]) -> None:
    broken = {2}

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return (404, {}, b"{}") if number in broken else (200, {}, laravel(number, 5, rows(number)))

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"), at_once=1)
        numbers = []
        async for page in collector.pages():
            numbers.append((page.number, page.came))
            if not page.came:
                broken.clear()
                assert collector.again(2)
        assert sorted(numbers) == [(1, True), (2, False), (2, True), (3, True), (4, True), (5, True)]
        assert (collector.state, collector.verdict.outcome) == ("done", "OK")


async def test_it_gives_up_where_nothing_comes_any_more(environ: Mapping[str, str]) -> None:
    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return (200, {}, laravel(number, 500, rows(number))) if number < 5 else (404, {}, b'{"error": "gone"}')

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"), at_once=2)
        await all_of(collector)
        assert len(here.asked) < 20
        assert collector.state == "incomplete"


async def test_a_refused_credential_stops_it_at_once(environ: Mapping[str, str]) -> None:
    async with world(environ, failing(3, *[(401, {}, b"{}")] * 9, last=90)) as here:
        collector = here.collector(here.call("laravel"), at_once=1)
        await all_of(collector)
        assert len(here.asked) <= 5
        assert (collector.state, collector.verdict.outcome) == ("incomplete", "PARTIAL")


async def test_a_chain_goes_on_where_it_broke(environ: Mapping[str, str]) -> None:
    down = [True]

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        if number == 3 and down[0]:
            return 500, {}, b"{}"
        return 200, {}, json.dumps({"data": rows(number) if number < 6 else []}).encode()

    async with world(environ, answer) as here:
        collector = here.collector(here.call("page"), tries=1)
        assert ids(await all_of(collector)) == list(range(20))
        down[0] = False
        assert ids(await all_of(collector)) == list(range(20, 50))
        assert here.pages_asked() == [1, 2, 3, 3, 4, 5, 6]


async def test_the_first_page_may_fail_and_come_later(environ: Mapping[str, str]) -> None:
    async with world(environ, failing(1, (404, {}, b'{"error": "gone"}'))) as here:
        collector = here.collector(here.call("laravel"))
        assert "the first page failed" in (await collector.plan()).text
        pages = await all_of(collector)
        assert [page.came for page in pages] == [False]
        outcomes = [collector.verdict.outcome]
        assert ids(await all_of(collector)) == list(range(50))
        assert [*outcomes, collector.verdict.outcome] == ["FAILED", "OK"]


# --- pausing, stopping -----------------------------------------------------------------------------------------------


async def test_paused_nothing_is_asked_for_until_it_goes_on(environ: Mapping[str, str]) -> None:
    async with world(environ, numbered(9)) as here:
        collector = here.collector(here.call("laravel"), at_once=1)
        got: list[FetchedPage] = []

        async def take() -> None:
            async for page in collector.pages():
                got.append(page)
                if page.number == 3:
                    collector.pause()

        task = asyncio.create_task(take())
        await until(lambda: collector.state == "paused")
        for _ in range(300):
            await asyncio.sleep(0)
        assert here.pages_asked() == [1, 2, 3]
        assert collector.progress.state == "paused"
        collector.resume()
        await asyncio.wait_for(task, 10)
        assert ids(got) == list(range(90))


async def test_cancelled_it_keeps_what_came_and_goes_on_there(environ: Mapping[str, str]) -> None:
    hold = asyncio.Event()

    async def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        if number == 4:
            await hold.wait()
        return 200, {}, laravel(number, 9, rows(number))

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"), at_once=2)
        got: list[FetchedPage] = []

        async def take() -> None:
            async for page in collector.pages():
                got.append(page)  # noqa: PERF401 - looked at while it grows

        task = asyncio.create_task(take())
        await until(lambda: 4 in here.pages_asked() and len(got) >= 3)
        collector.cancel()
        await asyncio.wait_for(task, 10)
        assert collector.state == "cancelled"
        assert collector.verdict.outcome == "PARTIAL"
        before = ids(got)
        assert before[:30] == list(range(30))
        hold.set()
        await asyncio.wait_for(take(), 10)
        assert sorted(ids(got)) == list(range(90))
        assert Counter(here.pages_asked())[4] == 2
        assert (collector.state, collector.verdict.outcome, collector.findings) == ("done", "OK", ())


async def test_a_caller_that_leaves_leaves_nothing_running(environ: Mapping[str, str]) -> None:
    hold = asyncio.Event()

    async def answer(query: Query) -> Reply:
        if query.get("page", "1") != "1":
            await hold.wait()
        return 200, {}, laravel(1, 9, rows(1))

    async with world(environ, answer) as here:
        pages = here.collector(here.call("laravel")).pages()
        before = asyncio.all_tasks()
        await anext(pages)
        task = asyncio.ensure_future(anext(pages))
        await until(lambda: len(here.asked) >= 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await pages.aclose()
        ours = [one for one in asyncio.all_tasks() - before if "serve" not in repr(one.get_coro())]
        assert ours == []
        hold.set()


async def test_two_cannot_fetch_the_same_pages(environ: Mapping[str, str]) -> None:
    async with world(environ, numbered(3)) as here:
        collector = here.collector(here.call("laravel"))
        pages = collector.pages()
        await anext(pages)
        with pytest.raises(UsageError):
            await anext(collector.pages())
        await pages.aclose()


# --- what is said meanwhile and afterwards ---------------------------------------------------------------------------


async def test_progress_tells_rate_and_time_left(environ: Mapping[str, str]) -> None:
    def answer(query: Query) -> Reply:
        here.clock.now += 2
        return numbered(4)(query)  # type: ignore[return-value]

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"), at_once=1)
        seen = [collector.progress async for _ in collector.pages()]
        assert [(one.pages, one.of_pages, one.records, one.of_records) for one in seen][1] == (2, 4, 20, 40)
        assert seen[1].left == pytest.approx(4, abs=2)
        assert seen[3].rate == pytest.approx(5, rel=0.3)
        assert "4 of 4 pages, 40 records" in collector.progress.text


async def test_pages_that_do_not_fit_together_are_told_of(environ: Mapping[str, str]) -> None:
    content = {1: rows(1), 2: [{"id": 9}, *rows(2)[:9]], 3: [], 4: rows(4)[:7], 5: rows(5)}

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return 200, {}, laravel(number, 5, content[number], total=50 if number < 4 else 51)

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"))
        await all_of(collector)
        texts = {one.kind: one.text for one in collector.findings}
        assert set(texts) == {"duplicates", "total_changed", "empty_page", "short_page", "missing"}
        assert texts["duplicates"] == "1 repeated record: 1 on pages 1 and 2"
        assert texts["total_changed"].endswith("50 on page 1, 51 on page 4")
        assert texts["empty_page"].startswith("page 3 is empty")
        assert texts["short_page"].startswith("page 4 has fewer than 10")
        assert texts["missing"] == "the vendor reports 51 records, but the pages contain 36: 15 missing"


async def test_pages_that_appear_meanwhile_are_fetched_too(environ: Mapping[str, str]) -> None:
    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        last = 3 if number < 3 else 4
        return 200, {}, laravel(number, last, rows(number))

    async with world(environ, answer) as here:
        collector = here.collector(here.call("laravel"))
        assert ids(await all_of(collector)) == list(range(40))
        assert [one.kind for one in collector.findings] == ["total_changed"]


async def test_every_page_is_in_the_history_with_its_secrets_masked(environ: Mapping[str, str]) -> None:
    async with world(environ, numbered(30), history=True) as here:
        collector = here.collector(here.call("laravel", pin="hush-4711"))
        pages = await all_of(collector)
        assert {query["pin"] for query in here.asked} == {"hush-4711"}
        kept = await recent_entries(here.session, limit=100)
        assert len(kept) == 30
        assert {row.status for row in kept} == {200}
        assert "hush-4711" not in "".join(row.url for row in kept)
        assert "hush-4711" not in str([page.shown for page in pages])


async def test_memory_does_not_grow_with_the_pages(environ: Mapping[str, str]) -> None:
    filler = "x" * 4000

    def answer(query: Query) -> Reply:
        number = int(query.get("page", "1"))
        return 200, {}, laravel(number, 130, [{**row, "text": filler} for row in rows(number)])

    async with world(environ, answer) as here:
        sizes = []
        tracemalloc.start()
        try:
            async for page in here.collector(here.call("laravel")).pages():
                here.asked.clear()
                if page.number in (30, 130):
                    del page
                    gc.collect()
                    sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert sizes[1] - sizes[0] < 500_000, "a hundred pages of 40 kB each were given, and not kept"


async def test_turning_pages_by_hand_keeps_everything_else(environ: Mapping[str, str]) -> None:
    async with world(environ, numbered(5)) as here:
        exchange = await send(here.session, here.call("laravel", page="3", per_page="10", colour="red"))
        for to, page in (("next", "4"), ("previous", "2"), ("first", "1"), ("last", "5"), (4, "4")):
            call = turn_page(here.session, exchange, to)
            assert call is not None
            values = {one.name: one.value for one in call.entries}
            assert values == {"page": page, "per_page": "10", "colour": "red"}
        with pytest.raises(UsageError):
            turn_page(here.session, exchange, 6)
        with pytest.raises(UsageError):
            turn_page(here.session, exchange, "sideways")


async def test_a_page_number_in_the_body_is_turned_too(environ: Mapping[str, str]) -> None:
    """A reading may move the parameter of paging out of the query: then the call's own values count."""

    async with world(environ, lambda _: (200, {}, json.dumps({"data": rows(1)}).encode())) as here:
        vendor = here.session.catalog.vendors["shop"]
        params = {"page": msgspec.structs.replace(vendor.endpoints["page"].params["page"], location="form")}
        moved = msgspec.structs.replace(vendor.endpoints["page"], method="POST", body="form", params=params)
        changed = msgspec.structs.replace(vendor, endpoints={**vendor.endpoints, "page": moved})
        here.session.catalog = msgspec.structs.replace(here.session.catalog, vendors={"shop": changed})
        exchange = await send(here.session, here.call("page", page="4"))
        call = turn_page(here.session, exchange, "next")
        assert call is not None
        assert [one.value for one in call.entries if one.name == "page"] == ["5"]
