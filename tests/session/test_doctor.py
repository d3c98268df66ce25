"""The doctor over every vendor of the sandbox, and over what can be wrong; that it sends nothing but reads."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import pytest

from explorer.core.origin import HostPattern
from explorer.core.text.secret import Secret
from explorer.sandbox.server import SandboxServer, create_app
from explorer.session.context import SessionContext
from explorer.session.doctor import DoctorCheck, exit_code_of, run_checks
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings
from tests.cli.test_cli import Shell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog import Catalog

VENDORS = ("xsellcast", "fashionphile", "cottoncart", "quickstart", "endlessaisles")
CHECKS = ["reach", "tls", "clock", "credentials", "token", "read", "signature", "version", "pages", "verdict"]


@pytest.fixture
def session(shipped: Catalog, environ: Mapping[str, str]) -> SessionContext:
    return session_of(shipped, environ)


def session_of(shipped: Catalog, environ: Mapping[str, str], **variables: str) -> SessionContext:
    folders = Folders.from_environ(environ)
    return SessionContext(
        catalog=shipped,
        settings=Settings(),
        folders=folders,
        vault=Vault({**environ, **variables}, keyring=None),
        environ=environ,
        open_history=lambda: History(folders.data / "history.sqlite3", now=time.time),
    )


async def examined(session: SessionContext, vendor: str, **options: Any) -> dict[str, DoctorCheck]:
    try:
        return {one.check: one async for one in run_checks(session, vendor, **options)}
    finally:
        await session.close()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_healthy_vendor_has_nothing_that_failed(session: SessionContext, vendor: str) -> None:
    found = await examined(session, vendor)
    assert list(found) == CHECKS
    assert {one.state for one in found.values()} <= {"ok", "skipped"}, found
    assert found["read"].state == found["pages"].state == found["verdict"].state == "ok"
    assert "the next page has" in found["pages"].evidence
    assert exit_code_of(list(found.values())) == 0
    rows = session.history()
    assert rows is not None
    endpoint = session.vendor(vendor)
    for row in rows.recent(limit=50):
        assert endpoint.endpoints[row.endpoint].effect in ("read", "session")


async def test_a_wrong_secret_is_told_with_its_reason(session: SessionContext) -> None:
    session.vault.remember(session.vendor("endlessaisles"), "sandbox", "token", Secret("ea-demo-production-token"))
    found = await examined(session, "endlessaisles")
    assert found["read"].state == "failed"
    assert "the token belongs to another environment" in found["read"].evidence
    assert found["pages"].state == "skipped"
    assert exit_code_of(list(found.values())) == 1
    assert "ea-demo-production-token" not in repr(found)


async def test_a_clock_that_is_off_is_found(shipped: Catalog, session: SessionContext) -> None:
    session.now = lambda: time.time() - 4000
    with SandboxServer(shipped) as server:
        base = server.base_url(session.vendor("cottoncart"))
        found = await examined(session, "cottoncart", base_url=base)
    assert found["clock"].state == "failed"
    assert "behind the vendor's" in found["clock"].evidence
    assert "clock" in found["read"].evidence


async def test_without_credentials_or_a_host_the_rest_is_skipped_with_its_reason(session: SessionContext) -> None:
    found = await examined(session, "endlessaisles", environment="test", base_url="http://127.0.0.1:9")
    assert found["reach"].state == "failed"
    assert found["tls"].state == "warning"
    assert found["credentials"].state == "failed"
    assert "API_EXPLORER_ENDLESSAISLES_TEST_TOKEN" in found["credentials"].fix
    assert {found[name].state for name in ("clock", "token", "read", "version", "pages", "verdict")} == {"skipped"}
    assert exit_code_of(list(found.values())) == 3


@pytest.mark.parametrize("login", [False, True])
async def test_a_token_is_asked_for_only_when_it_is_allowed(
    shipped: Catalog, environ: Mapping[str, str], login: bool
) -> None:
    held = {
        "API_EXPLORER_FASHIONPHILE_EMAIL": "demo@example.com",
        "API_EXPLORER_FASHIONPHILE_PASSWORD": "sandbox-bag-42",
    }
    session = session_of(shipped, environ, **held)
    asked: list[tuple[str, str]] = []
    inner = create_app(shipped, now=time.time, nonce=secrets.token_urlsafe)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append((scope["method"], scope["path"]))
        await inner(scope, receive, send)

    with SandboxServer(shipped, app=app) as server:
        base = server.base_url(session.vendor("fashionphile"))
        session.trusted_here.append(HostPattern.parse(base.split("/")[2]))
        found = await examined(session, "fashionphile", environment="test", base_url=base, login=login)
    assert ("POST" in {method for method, _ in asked}) is login
    if login:
        assert found["token"].state == found["read"].state == "ok"
    else:
        assert [method for method, _ in asked] == ["HEAD"]
        assert found["token"].state == found["read"].state == "skipped"
        assert "pass --login" in found["token"].evidence


def test_the_command_prints_each_check_and_exits_with_the_result(
    environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(environ, capsys)
    text = shell.run("doctor", "cottoncart")
    assert shell.code == 0
    assert "✓ Read accepted" in text
    assert "– Connection encrypted" in text
    answer = shell.run("doctor", "cottoncart", "--json")
    assert [one["check"] for one in answer["checks"]] == CHECKS
    shell.run("doctor", "endlessaisles", "--env", "test", "--base-url", "http://127.0.0.1:9")
    assert shell.code == 3
    shell.run("doctor", "nobody")
    assert shell.code == 2
