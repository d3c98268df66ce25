"""All pages from the command line: five vendors' ways of paging, one array, a stream, a file; interrupted, cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from explorer.cli import main
from explorer.cli.page_output import ascii_json
from explorer.sandbox.faults import parse_fault
from explorer.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog

Run = Any


@pytest.fixture(scope="module")
def sandbox(shipped: Catalog) -> Iterator[SandboxServer]:
    server = SandboxServer(shipped)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def run(
    sandbox: SandboxServer, shipped: Catalog, environ: Mapping[str, str], capsysbinary: pytest.CaptureFixture[bytes]
) -> Run:
    """Send and give the exit code, stdout and stderr."""

    def send(address: str, *words: str) -> tuple[int, bytes, str]:
        url = sandbox.base_url(shipped.vendors[address.partition(".")[0]])
        capsysbinary.readouterr()
        code = main(("send", address, *words, "--base-url", url), environ)
        out, told = capsysbinary.readouterr()
        return code, out, told.decode()

    return send


EVERY = [
    ("xsellcast.brands_list", (), 1),
    ("fashionphile.product_search", ("limit=60", "search=a"), 7),
    ("fashionphile.category_list", ("limit=20", "sortDirection=desc"), 5),
    ("cottoncart.manage_my_stores", ("count=40",), 8),
    ("cottoncart.manage_my_stores", ("count=40", "format=xml"), 8),
    ("cottoncart.catalogue_stores", (), 8),
    ("quickstart.customers_list", ("page=1", "sort=-name"), 8),
    ("quickstart.customers_list", (), 8),
    ("endlessaisles.products_list", ("per_page=50",), 8),
]


@pytest.mark.parametrize(("address", "words", "at_once"), EVERY, ids=[" ".join([one[0], *one[1]]) for one in EVERY])
def test_every_record_of_every_vendor_comes_once(run: Run, address: str, words: tuple[str, ...], at_once: int) -> None:
    code, out, told = run(address, *words, "--all-pages", "--concurrency", str(at_once), "--json")
    found = json.loads(out)
    assert (code, found["checks"], found["verdict"]["outcome"]) == (0, [], "OK"), told
    records = found["response"]["body"]
    assert len(records) == found["records"] >= 40
    texts = [json.dumps(record, sort_keys=True) for record in records]
    assert len(set(texts)) == len(texts)
    assert found["request"]["method"] == "GET"
    assert set(found) >= {"request", "response", "verdict", "timings", "pages", "checks"}
    assert not [character for character in out.decode() if ord(character) > 0x7E]


@pytest.mark.parametrize(
    ("address", "words", "absent"),
    [
        ("endlessaisles.stock", ("sku=81001,99999999",), "99999999"),
        ("fashionphile.product_fetch", ("ids=10001,77,10002",), "77"),
        ("endlessaisles.stock", ("sku=81001",), ""),
        ("fashionphile.product_fetch", ("ids=10002,10001",), ""),
    ],
)
def test_what_was_asked_for_by_id_and_is_not_there_is_named(
    run: Run, address: str, words: tuple[str, ...], absent: str
) -> None:
    code, out, _ = run(address, *words, "--json")
    verdict = json.loads(out)["verdict"]
    assert (code, verdict["outcome"]) == ((1, "PARTIAL") if absent else (0, "OK"))
    assert not absent or f"missing from the response: {absent}" in verdict["why"]


def test_the_plan_comes_first_and_the_sum_last(run: Run) -> None:
    _, _, told = run("endlessaisles.orders_list", "per_page=50", "--all-pages", "--concurrency", "3")
    lines = told.splitlines()
    assert lines[0].endswith("3 at once")
    assert "5 calls for" in lines[0]
    assert lines[-1].startswith("OK  5 of 5 pages")


def test_one_array_is_what_comes_out(run: Run) -> None:
    _, whole, _ = run("quickstart.customers_list", "page=1", "--all-pages")
    _, lines, _ = run("quickstart.customers_list", "page=1", "--all-pages", "--ndjson")
    _, bare, _ = run("quickstart.customers_list")
    assert json.loads(whole) == [json.loads(line) for line in lines.splitlines()]
    assert json.loads(bare) in (json.loads(whole), {"data": json.loads(whole)})


def test_a_stream_of_one_page_holds_its_records(run: Run) -> None:
    code, out, _ = run("quickstart.customers_list", "page=2", "--ndjson")
    assert code == 0
    assert len(out.splitlines()) == 15


def test_a_call_that_does_not_page_says_so_and_is_sent(run: Run) -> None:
    code, out, told = run("cottoncart.stats_balance", "--all-pages", "--json")
    assert (code, "documents no paging" in told) == (0, True)
    assert json.loads(out)["response"]["body"]["success"] is True


def test_the_merged_records_go_to_a_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "all.json"
    code, out, _ = run("quickstart.customers_list", "page=1", "--max-pages", "3", "--output", str(target))
    assert (code, out, len(json.loads(target.read_bytes()))) == (0, b"", 45)
    code, _, told = run("quickstart.customers_list", "page=1", "--all-pages", "--output", str(tmp_path))
    assert (code, "--output" in told) == (2, True)


def test_two_forms_at_once_are_refused(run: Run) -> None:
    code, _, told = run("quickstart.customers_list", "--json", "--ndjson")
    assert (code, "cannot be combined" in told) == (2, True)


def test_no_records_are_an_empty_array(run: Run) -> None:
    _, out, _ = run("quickstart.customers_list", "page=999", "--all-pages")
    assert json.loads(out) == []


def test_what_stands_in_strings_cannot_reach_a_terminal() -> None:
    text = ascii_json(b'"\x7f\xc2\x9b31m\xe2\x80\xae\xf0\x9f\x91\x9c\xc3\xab"')
    assert text.isascii()
    assert "\x7f" not in text
    assert json.loads(text) == "\x7f\x9b31m\u202e\U0001f45c\u00eb"


# --- in a process of its own ------------------------------------------------------------------------------------------


def start(sandbox: SandboxServer, shipped: Catalog, environ: Mapping[str, str], *words: str) -> subprocess.Popen[bytes]:
    """``send`` of pages in another process, unbuffered."""
    url = sandbox.base_url(shipped.vendors["quickstart"])
    command = [sys.executable, "-m", "explorer", "send", "quickstart.customers_list", "page=1", "--base-url", url]
    return subprocess.Popen(
        [*command, "--all-pages", *words],
        bufsize=0,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **environ},
    )


@pytest.mark.parametrize("form", ["--ndjson", "--json", ""])
def test_interrupted_what_came_is_whole(
    sandbox: SandboxServer, shipped: Catalog, environ: Mapping[str, str], form: str
) -> None:
    sandbox.faults.set([])
    process = start(sandbox, shipped, environ, *([form] if form else []), "--concurrency", "1")
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        sandbox.faults.set([parse_fault("slow=600", shipped)])
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=30)
    finally:
        sandbox.faults.set([])
        process.kill()
    out = first + out
    assert process.returncode == 130, told
    assert b"Traceback" not in told
    records: Any = [json.loads(line) for line in out.splitlines()] if form == "--ndjson" else json.loads(out)
    if form == "--json":
        assert records["verdict"]["outcome"] == "PARTIAL"
        records = records["response"]["body"]
    assert len(records) % 15 == 0


def test_a_reader_that_has_enough_ends_it_quietly(
    sandbox: SandboxServer, shipped: Catalog, environ: Mapping[str, str]
) -> None:
    process = start(sandbox, shipped, environ, "--ndjson")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 141
    assert b"Traceback" not in told
