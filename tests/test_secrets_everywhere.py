"""Every feature is driven with marked secrets that the vendors take; then every file that was written, every export,
report and log, and the raw output of the terminal are searched for them. ``pytest -rP`` lists what was searched."""

from __future__ import annotations

import base64
import re
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Input

from explorer.cli import main
from explorer.core.export.formats import FORMATS
from explorer.session.factory import open_session
from explorer.store.folders import Folders
from explorer.store.internal_errors import write_crash_report
from explorer.tui.app import ExplorerApp
from tests.secrets_world import (
    CARD,
    CVV,
    ECHOED,
    ENVIRONMENT,
    MARKED,
    MINTED,
    PUBLIC,
    TYPED,
    echo_server,
    files_of,
    found_in,
    marked_home,
    marked_server,
    spellings,
)
from tests.tui.driving import Driver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from explorer.core.catalog import Catalog
    from explorer.sandbox.server import SandboxServer

XS_SECRET = MARKED["API_EXPLORER_XSELLCAST_CLIENT_SECRET"]
REFRESH = MARKED["API_EXPLORER_QUICKSTART_REFRESH_TOKEN"]
PASSWORD = MARKED["API_EXPLORER_FASHIONPHILE_PASSWORD"]
CALLS: tuple[tuple[str, ...], ...] = (
    ("xsellcast.brands_list", "page=1"),
    (
        "xsellcast.request_token",
        "client_id=demo-client",
        f"client_secret={MARKED['API_EXPLORER_XSELLCAST_CLIENT_SECRET']}",
    ),
    ("fashionphile.whoami",),
    ("fashionphile.sign_in", "email=demo@example.com", f"password={PASSWORD}"),
    ("fashionphile.sign_in", "email=demo@example.com", f"password={TYPED}"),
    (
        "fashionphile.payment_profile_create",
        "id=1",
        f"credit_card_number={CARD}",
        "expiration_month=12",
        "expiration_year=2030",
        f"verification_number={CVV}",
    ),
    ("cottoncart.stats_balance",),
    ("cottoncart.manage_create_user", "email=new@example.com", "name=New"),
    ("quickstart.customers_list", "page=1"),
    (
        "quickstart.token",
        "grant_type=refresh_token",
        f"refresh_token={REFRESH}",
    ),
    ("endlessaisles.stock", "sku=81001"),
)
FIRST = (
    "xsellcast.brands_list",
    "fashionphile.whoami",
    "cottoncart.stats_balance",
    "quickstart.customers_list",
    "endlessaisles.stock",
)
"""A read of every vendor."""


@pytest.fixture(scope="module")
def server(shipped: Catalog) -> Iterator[SandboxServer]:
    with marked_server(shipped) as found:
        yield found


def tell(texts: dict[str, str], what: str) -> None:
    """List what was searched, for ``pytest -rP``."""
    for name, text in sorted(texts.items()):
        print(f"searched {what:<7} {name} ({len(text):,} characters)")  # noqa: T201


class Searched:
    """What the commands wrote, each under the words that made it."""

    def __init__(self, capfd: pytest.CaptureFixture[str], environ: dict[str, str]) -> None:
        self.outputs: dict[str, str] = {}
        self.codes: dict[str, int] = {}
        self.environ = environ
        self._capfd = capfd

    def run(self, *words: str) -> str:
        """Run a command; what it wrote to both streams."""
        self._capfd.readouterr()
        code = main(words, self.environ)
        out, err = self._capfd.readouterr()
        name = " ".join(words)
        for secret in (*MARKED.values(), *ECHOED.values(), CARD, CVV, TYPED):
            name = name.replace(secret, "…")
        while name in self.outputs:
            name += "'"
        self.outputs[name], self.codes[name] = out + err, code
        assert code != 70, out + err
        return out

    def count(self, command: str, code: int) -> int:
        """How many runs of a command ended with that code."""
        return sum(found == code for name, found in self.codes.items() if name.startswith(f"{command} "))

    def check(self, files: dict[str, str]) -> None:
        """Fail on every secret that stands somewhere; list what was searched."""
        bad = [f"{name}: {hit}" for name, text in {**self.outputs, **files}.items() for hit in found_in(text)]
        tell(files, "file")
        tell(self.outputs, "output")
        assert not bad, "\n".join(bad[:20])


@pytest.fixture
def searched(
    home: Path,
    server: SandboxServer,
    shipped: Catalog,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Searched:
    marked_home(home, shipped, server, more="history_body_limit = 1000")
    work = home / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return Searched(capfd, {"API_EXPLORER_HOME": str(home), **PUBLIC, **MARKED})


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """A search that finds nothing anywhere would prove nothing."""
    import sqlite3
    import zlib

    (tmp_path / "plain").write_text(f"x {PASSWORD} y")
    (tmp_path / "packed").write_bytes(zlib.compress(TYPED.encode()))
    with sqlite3.connect(tmp_path / "rows") as connection:
        connection.execute("CREATE TABLE t (a, b)")
        connection.execute("INSERT INTO t VALUES (?, ?)", (f"n={CARD}", zlib.compress(MINTED.encode())))
    connection.close()
    found = {name: "\n".join(found_in(text)) for name, text in files_of(tmp_path).items()}
    assert PASSWORD in found["plain"]
    assert TYPED in found["packed"]
    assert CARD in found["rows"]
    assert MINTED in found["rows"]
    for spelled in spellings(TYPED):
        assert found_in(f"… {spelled} …")


VENDORS = tuple(dict.fromkeys(address.partition(".")[0] for address, *_ in CALLS))


@pytest.mark.parametrize("vendor", VENDORS)
def test_nothing_that_the_command_line_writes_holds_a_secret(searched: Searched, home: Path, vendor: str) -> None:
    run = searched.run
    calls = [words for words in CALLS if words[0].startswith(f"{vendor}.")]
    for words in calls:
        run("prepare", *words, "--env", ENVIRONMENT, "--force")
        run("prepare", *words, "--env", ENVIRONMENT, "--force", "--json")
        run("explain", *words, "--env", ENVIRONMENT, "--force")
        run("send", *words, "--env", ENVIRONMENT, "--force", "--yes")
        run("send", *words, "--env", ENVIRONMENT, "--force", "--yes", "--json")
        for export_format in FORMATS:
            run("export", *words, "--env", ENVIRONMENT, "--force", "--as", export_format)
    assert searched.count("send", 0) >= 1, searched.codes
    assert searched.count("prepare", 0) == 2 * len(calls), searched.codes
    assert searched.count("export", 0) == len(FORMATS) * len(calls), searched.codes
    _history(searched, calls)
    _saved(searched, home, calls)
    _looking(searched, vendor)
    files = files_of(home)
    assert vendor in files["data/history.sqlite3"]
    searched.check(files)


def test_no_secret_of_one_vendor_is_in_what_is_written_of_another(searched: Searched, home: Path) -> None:
    """What is done across vendors: pages, imports, login, comparison of versions and of entries."""
    run = searched.run
    run("send", "quickstart.orders_list", "page=1", "--env", ENVIRONMENT, "--all-pages", "--ndjson")
    for words in CALLS:
        run("send", *words, "--env", ENVIRONMENT, "--force", "--yes")
    assert searched.count("send", 0) >= 7, searched.codes
    _imports(searched)
    for words in (("list",), ("show", "fashionphile.sign_in"), ("readings",), ("drift",), ("tokens",), ("tracks",)):
        run(*words)
    for words in (("drift",), ("tokens",), ("history", "size"), ("lens", "xsellcast.brands_list")):
        run(*words, "--json")
    run("login", "fashionphile", "--env", ENVIRONMENT)
    run("logout", "fashionphile", "--env", ENVIRONMENT)
    for right in ("2", "4", "5", "6"):
        run("diff", "3", right)
        run("diff", "3", right, "--json")
    assert searched.count("diff", 2) == 0, searched.codes
    somebody = "auth_id=mark1%40demostore&auth_ts=1329130234&auth_sig=" + "0" * 64
    run("explain", "cottoncart.stats_balance", "--env", ENVIRONMENT, "--force", "--against", somebody)
    tried = ("email=a@b.c", f"password={TYPED}", "--env", ENVIRONMENT)
    run("readings", "try", "fashionphile.sign_in", "path_prefix", *tried)
    run("lens", "xsellcast.brands_list", "--env", ENVIRONMENT, "--version", "v2")
    files = files_of(home)
    assert any(name.startswith("data/history.bodies/") for name in files)
    assert "payment-profiles" in files["data/history.sqlite3"]
    searched.check(files)


def _looking(searched: Searched, vendor: str) -> None:
    """What looks a vendor over, and what there is of its tokens."""
    searched.run("doctor", vendor, "--env", ENVIRONMENT, "--login")
    searched.run("doctor", vendor, "--env", ENVIRONMENT, "--login", "--json")
    searched.run("tokens")
    searched.run("diff", "1", "2", "--json")
    assert searched.count("doctor", 0) >= 1, searched.codes
    assert searched.count("diff", 2) == 0, searched.codes


SECRET_NAMES = ("password", "credit_card_number", "verification_number", "client_secret", "refresh_token")


def _history(searched: Searched, calls: Sequence[tuple[str, ...]]) -> None:
    run = searched.run
    for index, (_, *values) in enumerate(calls):
        number = str(2 * index + 1)
        given = [value for value in values if value.partition("=")[0] in SECRET_NAMES]
        wrong = [f"{value.partition('=')[0]}={TYPED}" for value in given]
        run("history", "note", number, f"tried {' '.join(MARKED.values())}")
        run("history", "tag", number, "tried")
        run("history", "show", number)
        run("history", "show", number, "--json")
        run("explain", number)
        for export_format in FORMATS:
            run("export", number, "--as", export_format)
        for put in {(), tuple(given), tuple(wrong)}:
            run("replay", number, *put, "--yes")
            run("replay", number, *put, "--yes", "--exact")
            run("replay", number, *put, "--yes", "--json")
    assert searched.count("replay", 0) >= len(calls), searched.codes
    run("history", "list", "tried")
    run("history", "list", "status:>=200", "--json")
    run("export", "--search", "tag:tried", "--as", "har")
    assert "tried" in searched.outputs["history list tried"]


def _imports(searched: Searched) -> None:
    session = open_session(searched.environ)
    url = f"{session.base_url_of(session.vendor('fashionphile'), ENVIRONMENT)}/api/authenticate"
    line = f"curl {url} -H 'Authorization: Bearer {TYPED}' --data-urlencode 'password={TYPED}' -d email=a@b.c"
    for words in ((), ("--json",), ("--send", "--force", "--yes"), ("--send", "--force", "--yes", "--json")):
        searched.run("import", "curl", line, *words)
    assert searched.count("import", 2) == 0, searched.codes


def _saved(searched: Searched, home: Path, calls: Sequence[tuple[str, ...]]) -> None:
    run = searched.run
    for index, (address, *values) in enumerate(calls):
        run("saved", "add", f"all/from{index}", "--from", str(2 * index + 1))
        run("saved", "add", f"all/call{index}", *values, "--from", address, "--env", ENVIRONMENT, "--force")
        run("saved", "show", f"all/call{index}")
    run("saved", "list")
    run("saved", "check")
    texts = "".join(path.read_text(encoding="utf-8") for path in (home / "data" / "saved").rglob("*.toml"))
    given = []
    for name in sorted(set(re.findall(r"\$\{([A-Z0-9_]+)\}", texts))):
        value = CARD if "CARD" in name else CVV if "VERIFICATION" in name else PASSWORD if "PASSWORD" in name else TYPED
        given += ["--set", f"{name}={value}"]
    for report in ("text", "json", "junit"):
        run("saved", "run", "all", "--go-on", "--report", report, "--yes", *given)
        run("saved", "run", "all", "--go-on", "--report", report, "--yes", "--output", f"report.{report}", *given)
        assert f"call{len(calls) - 1}" in (home / "work" / f"report.{report}").read_text(encoding="utf-8")
    run("saved", "run", "all/call0", "--json", "--yes")


class Recording(HeadlessDriver):
    """What a terminal would be sent, byte for byte."""

    written: ClassVar[list[str]] = []

    @property
    def is_headless(self) -> bool:
        """It writes, like the driver of a terminal."""
        return False

    def write(self, data: str) -> None:
        self.written.append(data)


@asynccontextmanager
async def recorded(home: Path, shipped: Catalog, server: SandboxServer, *words: str) -> AsyncIterator[Driver]:
    """The app with marked secrets. At its end *words* are in what the terminal was sent, and no secret is anywhere."""
    marked_home(home, shipped, server, more="history_body_limit = 1000")
    Recording.written.clear()
    app = ExplorerApp(open_session({"API_EXPLORER_HOME": str(home), **PUBLIC, **MARKED}))
    app.driver_class = Recording
    async with app.run_test(headless=False, size=(160, 48), notifications=True) as pilot:
        driver = Driver(app, pilot)
        await driver.until(driver.main.ready.is_set, "the panes")
        yield driver
    raw, files = "".join(Recording.written), files_of(home)
    for expected in words:
        assert expected in raw, expected
    tell(files, "file")
    tell({"the terminal's raw output": raw, "the clipboard": app.clipboard}, "output")
    assert not found_in(raw)
    assert not [f"{name}: {hit}" for name, text in files.items() for hit in found_in(text)]


async def test_no_secret_of_an_answer_is_written_to_the_terminal(
    home: Path, server: SandboxServer, shipped: Catalog
) -> None:
    async with recorded(home, shipped, server, "Wire") as app:
        await _answers(app, FIRST)


async def test_no_secret_of_the_history_is_written_to_the_terminal(
    home: Path, server: SandboxServer, shipped: Catalog
) -> None:
    async with recorded(home, shipped, server, "replay of", "Copied as", "app-export.sh") as app:
        await _answers(app, FIRST[2:])
        await _history_of(app, home)
    assert "app-export.sh" in files_of(home)


async def test_no_secret_that_is_typed_is_written_to_the_terminal(
    home: Path, server: SandboxServer, shipped: Catalog
) -> None:
    async with recorded(home, shipped, server, "was masked", "Import a curl command") as app:
        await _typed(app)


async def _answers(app: Driver, addresses: Sequence[str]) -> None:
    """A call of each vendor, answered, with every tab."""
    for address in addresses:
        await app.open(address)
        await app.keys("escape", "x", "f5")
        await app.until(lambda wanted=address: wanted in app.main.workspace.last, f"the answer to {address}")  # type: ignore[misc]
        assert app.main.workspace.last[address].verdict.outcome == "OK", app.main.workspace.last[address].verdict
        await app.until(lambda: not app.main.sender.sending, "the end")
        if address in FIRST[1:3]:
            await app.keys("2", *["right_square_bracket"] * 5, "3", *["right_square_bracket"] * 4)


async def _history_of(app: Driver, home: Path) -> None:
    """Every key on an entry, where the history has three."""
    panel = app.main.panes.history_panel
    for number, key in ((4, "r"), (5, "b")):
        await app.keys("4")
        await app.until(lambda: app.main.panes.pane == "history" and panel.selected, "the history")
        panel.listing.select(2)
        await app.keys(key)
        await app.until(lambda wanted=number: _shown(app, wanted) or app.app.screen is not app.main, "the question")  # type: ignore[misc]
        if app.app.screen is not app.main:
            await app.keys("enter")
        await app.until(lambda wanted=number: _shown(app, wanted), "the replay")  # type: ignore[misc]
    await app.keys("4")
    await app.until(lambda: app.main.panes.pane == "history", "the history")
    await app.keys("X")
    await app.see("Export ·")
    for key in "23451":
        await app.keys(key)
        await app.pilot.pause(0.2)
    await app.keys("y")
    await app.see("Copied as")
    await app.keys("s", "ctrl+u")
    await app.write(f"{home}/app-export.sh")
    await app.keys("enter")
    await app.see("Saved as")
    await app.keys("escape")
    await app.until(lambda: app.app.screen is app.main, "the main screen")
    await app.keys("o")
    await app.see("Loaded the values of")


def _shown(app: Driver, number: int) -> bool:
    """Whether the answer of that entry is shown."""
    exchange = app.main.panes.response_pane.exchange
    return exchange is not None and exchange.id == number and not app.main.sender.sending


async def _typed(app: Driver) -> None:
    """Secrets that a person types: into a form, for a replay, and within a curl line."""
    await app.open("fashionphile.sign_in")
    rows = app.rows()
    rows["password"].query_one(Input).focus()
    await app.pilot.pause()
    await app.write(TYPED)
    await app.keys("escape", "exclamation_mark")
    await app.until(lambda: "fashionphile.sign_in" in app.main.workspace.last, "the answer")
    await app.until(lambda: not app.main.sender.sending, "the end")
    await app.keys("4")
    await app.until(lambda: app.main.panes.pane == "history", "the history")
    await app.keys("g", "r")
    await app.see("password was masked")
    await app.write(TYPED)
    await app.keys("enter")
    await app.see("replay of")
    await app.until(lambda: app.app.screen is app.main, "the main screen")
    await app.keys("escape", "P")
    await app.see("Import a curl command")
    await app.keys("escape")


# --- a server that repeats what it gets ------------------------------------------------------------------------------

BASIC = base64.b64encode(f"client:{ECHOED['basic']}".encode()).decode()
OWN = (
    *("--header", f"X-Session-Token: {ECHOED['own header']}", "--header", f"Cookie: sid={ECHOED['own cookie']}"),
    *("--header", f"X-Proxy-Authorization: Basic {BASIC}", "--extra", f"access_token={ECHOED['extra']}"),
)
"""What a person adds that the catalog does not know."""
ECHO_CALLS: tuple[tuple[str, ...], ...] = (
    ("endlessaisles.stock", "sku=81001", *OWN),
    ("quickstart.customers_list", "page=1", *OWN),
    ("cottoncart.stats_balance", *OWN),
    ("xsellcast.brands_list", "page=1", *OWN),
    ("fashionphile.sign_in", "email=demo@example.com", f"password={TYPED}", *OWN),
    (
        "fashionphile.payment_profile_create",
        "id=1",
        f"credit_card_number={CARD}",
        f"verification_number={ECHOED['bad field']}",
    ),
)


def test_nothing_that_a_server_repeats_is_kept_or_shown(
    home: Path, shipped: Catalog, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In headers, an error code, nested JSON, JSON in JSON and Base64; of entries, own headers, extras and cookies."""
    work = home / "work"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    searched = Searched(capfd, {"API_EXPLORER_HOME": str(home), **PUBLIC, **MARKED})
    run = searched.run
    with echo_server() as base_url:
        marked_home(home, shipped, base_url, more="history_body_limit = 1000")
        for number, words in enumerate(ECHO_CALLS, 1):
            run("prepare", *words, "--env", ENVIRONMENT, "--force", "--json")
            run("send", *words, "--env", ENVIRONMENT, "--force", "--yes", *(["--json"] if number % 2 else []))
        for number in range(1, len(ECHO_CALLS) + 1):
            run("history", "show", str(number))
            run("history", "show", str(number), "--json")
            run("explain", str(number))
            run("saved", "add", f"echo/from{number}", "--from", str(number))
            for form in FORMATS if number in (1, 5) else ():
                run("export", str(number), "--as", form)
            run("replay", str(number), "--yes", "--exact")
        run("history", "list", "--json")
        run("diff", "1", "2")
        run("doctor", "endlessaisles", "--env", ENVIRONMENT, "--login")
    write_crash_report(_crash(), Folders.from_environ(searched.environ))
    assert searched.count("send", 4) == len(ECHO_CALLS), searched.codes
    assert searched.count("export", 0) == 2 * len(FORMATS), searched.codes
    files = files_of(home)
    assert any(name.startswith("data/history.bodies/") for name in files)
    assert any(name.startswith("data/defects/") for name in files)
    assert "X-Echo-0" in files["data/history.sqlite3"]
    searched.check(files)


def _crash() -> RuntimeError:
    """An error that has secrets in its text and in the variables of its frames."""
    secret = " ".join(ECHOED.values())
    try:
        raise RuntimeError(secret)
    except RuntimeError as error:
        return error


async def test_nothing_that_a_server_repeats_is_written_to_the_terminal(home: Path, shipped: Catalog) -> None:
    Recording.written.clear()
    with echo_server() as base_url:
        marked_home(home, shipped, base_url, more="history_body_limit = 1000")
        app = ExplorerApp(open_session({"API_EXPLORER_HOME": str(home), **PUBLIC, **MARKED}))
        app.driver_class = Recording
        async with app.run_test(headless=False, size=(160, 48), notifications=True) as pilot:
            driver = Driver(app, pilot)
            await driver.until(driver.main.ready.is_set, "the panes")
            for address in FIRST[2::2]:
                await driver.open(address)
                await driver.keys("escape", "x", "f5")
                last = driver.main.workspace.last
                await driver.until(partial(last.__contains__, address), f"the response to {address}")
                await driver.until(lambda: not driver.main.sender.sending, "the end")
                await driver.keys("2", *["right_square_bracket"] * 5, "3", *["right_square_bracket"] * 4)
    raw, files = "".join(Recording.written), files_of(home)
    assert "401" in raw
    assert "X-Echo-0" in raw
    tell(files, "file")
    assert not found_in(raw)
    assert not [f"{name}: {hit}" for name, text in files.items() for hit in found_in(text)]
