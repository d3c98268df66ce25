"""What a person sees when the vendor goes wrong in every way that the sandbox knows: nothing hangs or is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from explorer.cli import main
from explorer.core.model import Call, Entry
from explorer.errors import UnknownName, UsageError
from explorer.sandbox.faults import KINDS, ActiveFaults, Fault, parse_fault
from explorer.sandbox.server import SandboxServer
from explorer.session.collection import Collector
from explorer.session.factory import open_session
from explorer.session.history import recent_entries
from explorer.session.send import send

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog

Send = Callable[..., dict[str, Any]]
LIST = ("cottoncart.manage_my_stores", "count=5")


@pytest.fixture(scope="module")
def sandbox(shipped: Catalog) -> Iterator[SandboxServer]:
    server = SandboxServer(shipped)
    server.start()
    yield server
    server.stop()


@pytest.fixture(name="send")
def send_fixture(
    sandbox: SandboxServer, shipped: Catalog, environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> Iterator[Send]:
    """Send under faults; gives what ``--json`` printed, and beside it ``code``, ``told`` (stderr) and the history."""

    def run(faults: str, address: str, *words: str) -> dict[str, Any]:
        sandbox.faults.set([parse_fault(word, shipped) for word in faults.split()])
        url = sandbox.base_url(shipped.vendors[address.partition(".")[0]])
        capsys.readouterr()
        code = main(("send", address, *words, "--base-url", url, "--json"), environ)
        out, told = capsys.readouterr()
        main(("history", "list", "--json"), environ)
        return {**json.loads(out), "code": code, "told": told, "kept": json.loads(capsys.readouterr().out)}

    yield run
    sandbox.faults.set([])


SINGLE = [
    ("slow=60", 3, "UNKNOWN", "", "TimedOut"),
    ("drip=60", 3, "UNKNOWN", "", "TimedOut"),
    ("cut", 3, "UNKNOWN", "the connection was lost before the body was complete", "BrokenAnswer"),
    ("cut=0", 3, "UNKNOWN", "the connection was lost before the body was complete", "BrokenAnswer"),
    ("429=60", 1, "FAILED", "429", ""),
    ("500", 1, "FAILED", "500", ""),
    ("503", 1, "FAILED", "503", ""),
    ("error200=17", 1, "FAILED", "HTTP 200, but the body says `success: false`", ""),
    ("malformed", 3, "UNKNOWN", "declared as JSON, but malformed", ""),
    ("truncated", 3, "UNKNOWN", "declared as JSON, but malformed", ""),
    ("content_type", 0, "OK", "sent as text/html, but is JSON", ""),
    ("charset=utf-16", 0, "OK", "the JSON is not UTF-8", ""),
    ("endless", 3, "UNKNOWN", "exceeds 300,000 bytes and was truncated", "TooLarge"),
]


@pytest.mark.parametrize(("fault", "code", "outcome", "why", "error"), SINGLE, ids=[one[0] for one in SINGLE])
def test_one_call_under_a_fault(
    send: Send, home: Path, fault: str, code: int, outcome: str, why: str, error: str
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text("max_body_bytes = 300_000\n")
    patience = ["--timeout", "0.4"] if error == "TimedOut" else []
    found = send(fault, *LIST, *patience)
    assert (found["code"], found["verdict"]["outcome"]) == (code, outcome), found["told"]
    assert why in found["verdict"]["why"]
    assert found.get("error", {"kind": ""})["kind"] == error
    (row,) = found["kept"]
    assert row["outcome"] == outcome
    if found["response"] is not None:
        assert found["response"]["headers"]["x-sandbox-fault"] == str(parse_fault_of(fault))
    honest = send("", *LIST)
    assert (honest["code"], len(honest["kept"])) == (0, 2)


def parse_fault_of(word: str) -> Fault:
    """A fault that needs no catalog to be read."""
    name, _, value = word.partition("=")
    return Fault(name, value or KINDS[name].default)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("error200", "FAILED"), ("malformed", "UNKNOWN"), ("truncated", "UNKNOWN"), ("cut", "UNKNOWN")],
)
def test_xml_goes_wrong_as_json_does(send: Send, fault: str, outcome: str) -> None:
    found = send(fault, *LIST, "format=xml")
    assert found["verdict"]["outcome"] == outcome
    assert isinstance(found["response"]["body"], str)


@pytest.mark.parametrize(
    "address",
    ["xsellcast.brands_list", "quickstart.customers_list", "endlessaisles.orders_list", "fashionphile.whoami"],
)
def test_an_error_in_a_200_is_seen_with_every_vendor(send: Send, address: str) -> None:
    found = send(f"error200@{address}", address)
    assert (found["code"], found["verdict"]["outcome"], found["response"]["status"]) == (1, "FAILED", 200)
    assert "injected by the sandbox" in found["verdict"]["message"]


def test_a_vendor_that_says_when_to_come_back_says_so_to_the_caller(send: Send) -> None:
    assert send("429=60", *LIST)["response"]["headers"]["retry-after"] == "60"


def test_the_partial_body_of_a_broken_answer_is_kept(send: Send) -> None:
    found = send("cut=40", *LIST)
    assert len(found["response"]["body"]) == 40
    assert found["response"]["truncated"]
    whole = send("", *LIST)
    assert json.dumps(whole["response"]["body"])[:10].replace(" ", "") in found["response"]["body"].replace(" ", "")


# --- all pages under faults --------------------


def test_records_that_shift_between_pages_are_found(send: Send) -> None:
    found = send("overlap=2", *LIST, "--all-pages", "--max-pages", "4", "--concurrency", "1")
    kinds = {one["kind"]: one["text"] for one in found["checks"]}
    assert kinds["duplicates"].startswith("6 repeated records: 2 on pages 1 and 2")
    assert len(found["response"]["body"]) == 20
    assert "check: 6 repeated records" in found["told"]


def test_totals_that_change_are_found(send: Send) -> None:
    found = send("totals=3", "quickstart.customers_list", "page=1", "--all-pages", "--max-pages", "3")
    (check,) = found["checks"]
    assert check["kind"] == "total_changed"
    assert "on page 1" in check["text"]


def test_a_page_that_is_refused_once_is_asked_for_again(send: Send) -> None:
    found = send("429=0*1", *LIST, "--all-pages", "--max-pages", "3")
    assert (found["code"], found["pages"], found["checks"]) == (0, 3, [])
    assert "retrying in 0.0 s" in found["told"]
    assert [row["status"] for row in found["kept"]].count(429) == 1
    assert len(found["kept"]) == 4


def test_where_the_first_page_does_not_come_the_refusal_is_what_is_printed(send: Send) -> None:
    found = send("error200=400", *LIST, "--all-pages")
    assert (found["code"], found["verdict"]["outcome"]) == (1, "FAILED")
    assert found["response"]["body"]["success"] is False


PASSING = ["cut*2", "500*2", "503*2", "malformed*2", "truncated*2", "429=9*2", "error200=503*2"]


@pytest.mark.parametrize("fault", PASSING)
async def test_faults_that_pass_cost_time_and_no_records(
    sandbox: SandboxServer, shipped: Catalog, environ: Mapping[str, str], fault: str
) -> None:
    session = open_session(environ)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    url = sandbox.base_url(shipped.vendors["cottoncart"])
    call = Call(
        vendor="cottoncart", endpoint="manage_my_stores", base_url=url, entries=(Entry(name="count", value="20"),)
    )
    collector = Collector(session, call, sleep=sleep, clock=lambda: sum(slept), chance=lambda: 0.0)
    await collector.plan()
    sandbox.faults.set([parse_fault(fault, shipped)])
    pages = [page async for page in collector.pages()]
    await session.close()
    assert sum(len(page.records) for page in pages) == 200
    assert (collector.state, collector.verdict.outcome, collector.findings) == ("done", "OK", ())
    assert collector.progress.retries == 2
    assert sum(slept) >= (9 if fault.startswith("429") else 0.5)


async def test_a_fault_that_stays_leaves_what_came(
    sandbox: SandboxServer, shipped: Catalog, environ: Mapping[str, str]
) -> None:
    session = open_session(environ)

    async def sleep(_seconds: float) -> None:
        await asyncio.sleep(0)

    url = sandbox.base_url(shipped.vendors["quickstart"])
    call = Call(vendor="quickstart", endpoint="customers_list", base_url=url, entries=(Entry(name="page", value="1"),))
    collector = Collector(session, call, sleep=sleep, at_once=1)
    numbers = []
    async for page in collector.pages():
        if page.came:
            numbers.append(page.number)
        if page.number == 4:
            sandbox.faults.set([parse_fault("500", shipped)])
    assert (collector.state, collector.verdict.outcome, numbers) == ("incomplete", "PARTIAL", [1, 2, 3, 4])
    sandbox.faults.set([])
    more = [page.number async for page in collector.pages()]
    await session.close()
    assert more == list(range(5, 17))
    assert (collector.verdict.outcome, collector.findings) == ("OK", ())


# --- the embedded sandbox, told while it runs --------------------


async def test_the_running_sandbox_is_told_and_told_to_be_honest_again(environ: Mapping[str, str]) -> None:
    session = open_session(environ)
    call = Call(vendor="endlessaisles", endpoint="stock", entries=(Entry(name="sku", value="81001"),))
    try:
        assert (await send(session, call)).verdict.outcome == "OK"
        assert [str(one) for one in session.sandbox.set_faults(["503@endlessaisles.stock"], session.catalog)] == [
            "503@endlessaisles.stock"
        ]
        assert (await send(session, call)).verdict.http_status == 503
        other = Call(vendor="quickstart", endpoint="customers_list")
        assert (await send(session, other)).verdict.outcome == "OK"
        with pytest.raises(UnknownName):
            session.sandbox.set_faults(["slo"], session.catalog)
        assert [str(one) for one in session.sandbox.faults] == ["503@endlessaisles.stock"]
        session.sandbox.set_faults(["500*1"], session.catalog)
        assert (await send(session, call)).verdict.http_status == 500
        assert session.sandbox.faults == ()
        session.sandbox.set_faults([], session.catalog)
        assert (await send(session, call)).verdict.outcome == "OK"
    finally:
        await session.close()


@pytest.mark.parametrize("fault", ["slow=60", "drip=60", "endless"])
async def test_a_send_that_hangs_is_cancelled_at_once_and_kept(environ: Mapping[str, str], fault: str) -> None:
    session = open_session(environ)
    session.sandbox.set_faults([fault], session.catalog)
    call = Call(vendor="quickstart", endpoint="customers_list")
    waiting = asyncio.Event()

    def watch(progress: Any) -> None:
        if progress.phase in ("waiting", "receiving"):
            waiting.set()

    try:
        task = asyncio.create_task(send(session, call, on_progress=watch))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        (row,) = await recent_entries(session)
        assert row.outcome != "OK"
        session.sandbox.set_faults([], session.catalog)
        assert (await send(session, call)).verdict.outcome == "OK"
    finally:
        await asyncio.wait_for(session.close(), 10)


# --- saying it --------------------


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("slo=3", "slow"),
        ("slow=soon", "seconds"),
        ("500=3", "takes no value"),
        ("charset=nonsense", "charset"),
        ("content_type=a\r\nb: c", "media type"),
        ("slow@cottencart", "cottoncart"),
        ("slow@cottoncart.nothing", "nothing"),
        ("", "is not a fault"),
    ],
)
def test_a_fault_that_cannot_be_understood_is_said_so(shipped: Catalog, word: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_fault(word, shipped)
    assert told in f"{error.value.message} {error.value.hint}"


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_can_be_said_and_read_back(shipped: Catalog, name: str) -> None:
    fault = parse_fault(f"{name}*3@cottoncart.stats_balance", shipped)
    assert parse_fault(str(fault), shipped) == fault
    assert (fault.times, fault.vendor, fault.endpoint) == (3, "cottoncart", "stats_balance")


def test_faults_wear_out_and_keep_to_their_place() -> None:
    board = ActiveFaults([Fault("500", times=2, vendor="a"), Fault("slow", "1", vendor="a", endpoint="x")])
    assert [one.kind for one in board.take("a", ["x"])] == ["500", "slow"]
    assert board.take("b", ["x"]) == []
    assert [one.kind for one in board.take("a", ["y"])] == ["500"]
    assert [one.kind for one in board.faults] == ["slow"]


def test_the_kinds_are_listed(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("sandbox", "--faults"), environ) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in KINDS)
    assert main(("sandbox", "--fault", "slo"), environ) == 2
    assert "slow" in capsys.readouterr().err
