"""Every request of a call is checked right before it leaves: the call, what gets its token, pages, redirects."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from explorer.core.catalog.load import read_toml
from explorer.core.model import Call, Entry
from explorer.core.origin import HostPattern, Origin, TrustQuestion
from explorer.core.text.secret import Secret
from explorer.errors import UntrustedHost
from explorer.session.context import SessionContext
from explorer.session.login import log_in
from explorer.session.send import send
from explorer.session.trust import TrustGate, call_origins, catalog_origins
from explorer.store.catalogs import decode
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.preferences import Settings
from tests.foreign import CREDENTIALS, PASSWORD, REFRESH, TOKEN, Server, catalog_text, two_hosts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from explorer.core.auth.tokens import TokenStore
    from explorer.core.catalog import Catalog


@pytest.fixture
def hosts() -> Iterator[tuple[Server, Server]]:
    with two_hosts() as servers:
        yield servers


@pytest.fixture
def foreign(hosts: tuple[Server, Server]) -> Server:
    return hosts[1]


@pytest.fixture
async def session(hosts: tuple[Server, Server], environ: Mapping[str, str]) -> AsyncIterator[SessionContext]:
    variables = {**environ, **CREDENTIALS}
    session = SessionContext(
        catalog=decode(read_toml(catalog_text(hosts[0]), "shop"), "shop"),
        settings=Settings(),
        folders=Folders.from_environ(environ),
        vault=Vault(variables, keyring=None),
        environ=variables,
    )
    yield session
    await session.close()


def call_to(host: Server | None, endpoint: str = "goods", environment: str = "production", **values: str) -> Call:
    entries = tuple(Entry(name=name, value=value) for name, value in values.items())
    base_url = host.url if host is not None else ""
    return Call(vendor="shop", endpoint=endpoint, environment=environment, base_url=base_url, entries=entries)


def tokens_of(host: Server) -> None:
    """Let *host* answer as a token endpoint does."""
    host.body = json.dumps({"access_token": "access-4730", "token_type": "bearer", "expires_in": 60}).encode()


async def nobody(_url: str) -> None:
    raise AssertionError("a page was opened")


async def test_a_token_is_refreshed_at_its_own_host_only(
    session: SessionContext, hosts: tuple[Server, Server], foreign: Server
) -> None:
    home = hosts[0]
    tokens_of(home)
    await send(session, call_to(None, "oauth"))
    assert REFRESH in home.requests[0]
    assert "access-4730" in home.requests[1]
    with pytest.raises(UntrustedHost, match="credential 'refresh_token'"):
        await send(session, call_to(foreign, "oauth"))
    assert foreign.requests == []


async def test_a_token_of_one_environment_is_not_for_the_host_of_another(
    session: SessionContext, hosts: tuple[Server, Server], foreign: Server
) -> None:
    tokens_of(hosts[0])
    await send(session, call_to(None, "oauth"))
    with pytest.raises(UntrustedHost, match="access token"):
        await send(session, call_to(foreign, "news", q="access-4730"))
    assert foreign.requests == []
    assert _store(session, "").history[-1].value == Secret("access-4730")


def _store(session: SessionContext, base_url: str) -> TokenStore:
    return session._tokens["shop", "production", base_url]


async def test_a_token_may_go_back_to_the_host_that_gave_it(session: SessionContext, foreign: Server) -> None:
    session.trusted_here.append(HostPattern.parse(f"127.0.0.1:{foreign.port}"))
    tokens_of(foreign)
    await send(session, call_to(foreign, "oauth"))
    session.trusted_here.clear()
    await send(session, call_to(foreign, "oauth"))
    assert "access-4730" in foreign.requests[-1]
    assert REFRESH not in foreign.requests[-1]


async def test_no_consent_page_of_another_host_is_opened(session: SessionContext, foreign: Server) -> None:
    for scheme in ("key", "hmac", "rotating"):  # a login is for the vendor's first scheme
        del session.catalog.vendors["shop"].auth[scheme]
    session.vault = Vault({**session.environ, "API_EXPLORER_SHOP_REDIRECT_URI": "http://127.0.0.1:1/"}, keyring=None)

    async def paste(_url: str) -> str:
        raise AssertionError("a code was asked for")

    with pytest.raises(UntrustedHost, match="sign-in"):
        await log_in(session, call_to(foreign, "oauth"), open_url=nobody, paste=paste)


async def test_a_login_takes_no_password_to_another_host(session: SessionContext, foreign: Server) -> None:
    for scheme in ("key", "hmac"):
        del session.catalog.vendors["shop"].auth[scheme]
    with pytest.raises(UntrustedHost, match="credential 'password'"):
        await log_in(session, call_to(foreign, "rotating"), open_url=nobody, paste=None)
    assert foreign.requests == []


async def test_a_password_typed_into_a_form_asks_too(session: SessionContext, foreign: Server) -> None:
    with pytest.raises(UntrustedHost, match="field 'password'"):
        await send(session, call_to(foreign, "sign_in", password="typed-4740"))
    assert foreign.requests == []


async def test_a_secret_at_the_end_of_a_large_body_is_found(session: SessionContext, foreign: Server) -> None:
    with pytest.raises(UntrustedHost, match="credential 'password'"):
        await send(session, call_to(foreign, "sign_in", password="x" * 3_000_000 + PASSWORD))
    assert foreign.requests == []


async def test_requests_at_the_same_time_share_one_question(session: SessionContext, foreign: Server) -> None:
    questions: list[TrustQuestion] = []
    waiting: list[int] = []
    all_wait = asyncio.Event()
    answer = False

    async def ask(question: TrustQuestion) -> bool:
        questions.append(question)
        await all_wait.wait()
        return answer

    @contextmanager
    def paused() -> Iterator[None]:
        waiting.append(1)
        if len(waiting) % 4 == 0:
            all_wait.set()
        yield

    async def four() -> list[object]:
        all_wait.clear()
        request = httpx.Request("GET", foreign.url, headers={"X-Shop-Token": TOKEN})
        gates = [TrustGate(session, call_to(foreign))(request, None, "call", paused) for _ in range(4)]
        return await asyncio.gather(*gates, return_exceptions=True)

    session.ask_trust = ask
    assert [type(one) for one in await four()] == [UntrustedHost] * 4
    assert len(questions) == 1
    answer = True
    assert await four() == [None] * 4
    assert len(questions) == 2
    assert (questions[0].origin, questions[0].environment) == (foreign.url, "production")
    assert questions[0].carried == ("credential 'token'",)
    session.ask_trust = None
    await send(session, call_to(foreign))
    assert TOKEN in foreign.requests[0]


async def test_a_typed_credential_for_one_environment_stays_there(
    session: SessionContext, hosts: tuple[Server, Server]
) -> None:
    vendor = session.vendor("shop")
    session.vault.remember(vendor, "secure", "token", Secret("only-secure-4750"))
    with pytest.raises(UntrustedHost, match=r"is plain http|is not a host of shop secure"):
        await send(session, call_to(None, "news", q="only-secure-4750"))
    assert hosts[0].requests == []
    await send(session, call_to(None))
    assert TOKEN in hosts[0].requests[0]


def test_the_hosts_of_an_environment_are_those_of_its_catalog(session: SessionContext) -> None:
    vendor = session.vendor("shop")
    vendor.auth["oauth"].options["authorize"] = "https://login.shop.example/authorize"
    assert {str(one) for one in catalog_origins(session, vendor, "secure")} == {
        str(Origin.parse(vendor.environments["secure"].base_url)),
        "https://login.shop.example",
    }
    assert catalog_origins(session, vendor, "sandbox") == frozenset()


async def test_a_token_credential_that_the_catalog_does_not_list_is_bound_as_well(
    session: SessionContext, foreign: Server
) -> None:
    for endpoint, variable in (("oauth", "API_EXPLORER_SHOP_ACCESS"), ("rotating", "API_EXPLORER_SHOP_SESSION")):
        session.vault = Vault({**session.environ, variable: "old-4760-marked"}, keyring=None)
        with pytest.raises(UntrustedHost, match=r"credential '(access|session)'"):
            await send(session, call_to(foreign, endpoint))
        session.vault = Vault(session.environ, keyring=None)
        with pytest.raises(UntrustedHost, match="access token"):
            await send(session, call_to(foreign, "news", q="old-4760-marked"))
    assert foreign.requests == []


async def test_the_host_that_a_reading_of_the_catalog_names_is_trusted(
    shipped: Catalog, session: SessionContext
) -> None:
    session.catalog = shipped
    call = Call(vendor="fashionphile", endpoint="whoami", environment="test")
    key = next(key for key, one in shipped.vendors["fashionphile"].readings.items() if "bare_test" in one.choices)
    read = msgspec.structs.replace(call, readings={key: "bare_test"})
    assert {str(one) for one in call_origins(session, call, "test")} == {"http://www.fashionphile.test"}
    assert {str(one) for one in call_origins(session, read, "test")} == {
        "http://www.fashionphile.test",
        "http://fashionphile.test",
    }
