"""What every registered fault keeps: it can be said and read back, it is listed and switched on in the app, it is seen
in what comes back, and the sandbox is honest after it. A fault is one entry."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest

from explorer.cli import main
from explorer.errors import UsageError
from explorer.sandbox.faults import FAULT_HEADER, KINDS, Fault, FaultKind, OutgoingResponse, parse_fault
from explorer.sandbox.server import SandboxServer
from tests.tui.driving import driven

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from explorer.core.catalog import Catalog
    from explorer.session.context import SessionContext

PATIENCE: Final = 0.3
"""Seconds that a read waits; what is late or drips is told to take a minute."""
MOST: Final = 300_000
"""Bytes after which a body counts as one that never ends."""
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
Seen = tuple[int, str, str, bytes]
"""Status, media type, how the reading of the body ended, and the body."""


@pytest.fixture(scope="module")
def sandbox(shipped: Catalog) -> Iterator[SandboxServer]:
    server = SandboxServer(shipped)
    server.start()
    yield server
    server.stop()


def _reverse(out: OutgoingResponse, fault: Fault) -> None:
    out.body = out.body[::-1] * int(fault.amount)


@pytest.fixture
def toy() -> Iterator[FaultKind]:
    """A fault registered as one more entry would be, after the dialog is imported."""
    import explorer.tui.screens.faults  # noqa: F401 - loaded before the fault is registered

    kind = FaultKind("backwards", "The body comes backwards", _reverse, "how many times", "2")
    with KINDS.added(kind.name, kind):
        yield kind


def word_of(kind: FaultKind) -> str:
    """The fault as it is said; one that takes seconds takes a minute, or asks to wait for one."""
    return f"{kind.name}=60" if kind.value.startswith("seconds") else kind.name


def asked(sandbox: SandboxServer, shipped: Catalog) -> Seen:
    """One call whose response has records, a total and a next page."""
    url = urlsplit(sandbox.base_url(shipped.vendors["quickstart"]))
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=PATIENCE)
    token = shipped.vendors["quickstart"].credentials["access_token"].sandbox
    body, ended = b"", "whole"
    try:
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("GET", f"{url.path}/customers?page=1", headers=headers)
        response = connection.getresponse()
        while block := response.read1(65_536):
            body += block
            if len(body) > MOST:
                ended = "endless"
                break
        if ended == "whole" and int(response.headers.get("content-length", len(body))) != len(body):
            ended = "cut"
    except TimeoutError:
        ended = "late"
        if not body:
            return 0, "", ended, body
    except http.client.IncompleteRead as error:
        body, ended = body + error.partial, "cut"
    finally:
        connection.close()
    return response.status, response.headers.get("content-type", ""), ended, body


# --- words -----------------------------------------------------------------------------------------------------------


def check_words(kind: FaultKind, shipped: Catalog) -> None:
    fault = parse_fault(f"{word_of(kind)}*3@cottoncart.stats_balance", shipped)
    assert parse_fault(str(fault), shipped) == fault
    assert (fault.kind, fault.times, fault.vendor, fault.endpoint) == (kind.name, 3, "cottoncart", "stats_balance")
    assert kind.title
    assert kind.title[0].isupper()
    with pytest.raises(UsageError) as error:
        parse_fault(f"{kind.name}=\x00", shipped)
    assert error.value.hint
    if not kind.value:
        assert not kind.default


def check_listed(kind: FaultKind, environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("sandbox", "--faults"), environ) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.split()[0] == kind.name)
    assert kind.title in line
    assert kind.value in line
    assert kind.default in line


@kinds
def test_it_can_be_said_and_read_back(shipped: Catalog, kind: FaultKind) -> None:
    check_words(kind, shipped)


@kinds
def test_the_command_line_lists_it(
    kind: FaultKind, environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    check_listed(kind, environ, capsys)


# --- effects ---------------------------------------------------------------------------------------------------------


def check_effect(kind: FaultKind, sandbox: SandboxServer, shipped: Catalog) -> None:
    """It is seen at the first or the second call, and not once it is switched off."""
    honest = asked(sandbox, shipped)
    assert (honest[0], honest[2]) == (200, "whole")
    assert asked(sandbox, shipped) == honest
    sandbox.faults.set([parse_fault(word_of(kind), shipped)])
    try:
        assert [asked(sandbox, shipped) for _ in range(2)] != [honest, honest]
    finally:
        sandbox.faults.set([])
    assert asked(sandbox, shipped) == honest


@kinds
def test_it_is_seen_and_the_sandbox_is_honest_after_it(
    kind: FaultKind, sandbox: SandboxServer, shipped: Catalog
) -> None:
    check_effect(kind, sandbox, shipped)


# --- the app ---------------------------------------------------------------------------------------------------------


async def check_dialog(session: SessionContext, names: Sequence[str]) -> None:
    async with driven(session, (120, 40)) as app:
        await app.keys("escape", "F")
        await app.see("Sandbox faults")
        for name, kind in KINDS.items():
            assert kind.title in app.text
            if name in names:
                await app.keys("space")
                await app.see(f"● {name}")
                assert [fault.kind for fault in session.sandbox.faults] == [name]
                await app.see(f"⚡ FAULTS {name}")
                await app.keys("x")
            await app.keys("j")
        assert session.sandbox.faults == ()


async def test_the_app_switches_every_fault_on_and_off(session: SessionContext) -> None:
    await check_dialog(session, list(KINDS))


# --- one entry -------------------------------------------------------------------------------------------------------


async def test_a_fault_that_is_registered_is_offered_everywhere(toy: FaultKind, session: SessionContext) -> None:
    await check_dialog(session, [toy.name])


def test_a_fault_that_is_registered_has_its_effect(
    toy: FaultKind,
    sandbox: SandboxServer,
    shipped: Catalog,
    environ: Mapping[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    check_words(toy, shipped)
    check_listed(toy, environ, capsys)
    check_effect(toy, sandbox, shipped)
    with pytest.raises(ValueError, match="backwards"), KINDS.added(toy.name, toy):
        pass


def test_a_response_says_which_faults_it_suffers_from(sandbox: SandboxServer, shipped: Catalog) -> None:
    sandbox.faults.set([parse_fault("500", shipped), parse_fault("malformed", shipped)])
    url = urlsplit(sandbox.base_url(shipped.vendors["quickstart"]))
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=10)
    try:
        connection.request("GET", f"{url.path}/customers")
        assert connection.getresponse().headers[FAULT_HEADER] == "500 malformed"
    finally:
        connection.close()
        sandbox.faults.set([])
