"""Every refusal is really provoked on the sandbox; the explainer, which does not read what the sandbox tells of its own
check, has to come to the same."""

from __future__ import annotations

import base64
import json
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from explorer.core.model import Call, Entry, Exchange
from explorer.core.text.secret import Secret
from explorer.sandbox.server import SandboxServer
from explorer.session.context import SessionContext
from explorer.session.explain import explain_refused, was_refused
from explorer.session.history import past_exchange, recent_entries
from explorer.session.prepare import auth_scheme, check_call, unsigned_request
from explorer.session.send import send
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from explorer.core.catalog import Catalog
    from explorer.core.explain.refusals import Explanation

CHECK = "x-sandbox-check"


class Clock:
    """A clock that is off by so many seconds."""

    def __init__(self, off: float = 0.0) -> None:
        self.excluded_lines = off

    def __call__(self) -> float:
        return time.time() + self.excluded_lines


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(shipped: Catalog, environ: Mapping[str, str], clock: Clock) -> SessionContext:
    folders = Folders.from_environ(environ)
    return SessionContext(
        catalog=shipped,
        settings=Settings(),
        folders=folders,
        vault=Vault(environ, keyring=None),
        environ=environ,
        now=clock,
        open_history=lambda: History(folders.data / "history.sqlite3", now=clock),
    )


@asynccontextmanager
async def ended(session: SessionContext) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await session.close()


def call(address: str, readings: Mapping[str, str] | None = None, **values: str) -> Call:
    vendor, _, endpoint = address.partition(".")
    entries = tuple(Entry(name=name, value=value) for name, value in values.items())
    return Call(vendor=vendor, endpoint=endpoint, entries=entries, readings=dict(readings or {}), force=True)


def typed(session: SessionContext, vendor: str, **values: str) -> None:
    for name, value in values.items():
        session.vault.remember(session.vendor(vendor), "sandbox", name, Secret(value))


async def explained(session: SessionContext, made: Call | Exchange, check: str) -> Explanation:
    """The explanation of a call that the sandbox refuses with that check; from the history, as it was kept."""
    exchange = await send(session, made) if isinstance(made, Call) else made
    assert exchange.response is not None
    assert exchange.response.header(CHECK) == check, exchange.response.header("x-sandbox-reason")
    assert was_refused(exchange)
    kept = await past_exchange(session, exchange.id)
    response = kept.response
    assert response is not None
    headers = tuple((name, value) for name, value in response.headers if not name.lower().startswith("x-sandbox"))
    kept = msgspec.structs.replace(kept, response=msgspec.structs.replace(response, headers=headers))
    found = await explain_refused(session, kept)
    states = [one.state for one in found.findings]
    assert states == sorted(states, key=["holds", "unknown", "not"].index)
    assert all(one.evidence for one in found.findings)
    return found


def top(found: Explanation) -> tuple[str, str, str]:
    assert found.top is not None
    return found.top.check, found.top.state, found.top.key


STORES = "cottoncart.manage_my_stores"


@pytest.mark.parametrize("off", [-3600.0, 3600.0], ids=["slow", "fast"])
async def test_a_clock_that_is_off_is_told_by_the_date_header(
    shipped: Catalog, session: SessionContext, clock: Clock, off: float
) -> None:
    clock.excluded_lines = off
    server = SandboxServer(shipped)
    server.start()
    async with ended(session):
        made = msgspec.structs.replace(call(STORES), base_url=server.base_url(session.vendor("cottoncart")))
        found = await explained(session, made, "timestamp")
    server.stop()
    assert top(found) == ("clock", "holds", "again")
    assert "60 min" in found.headline
    assert ("before" if off < 0 else "after") + " the vendor's Date" in found.headline
    by_check = {one.check: one.state for one in found.findings}
    assert by_check["signature"] == "not"


@pytest.mark.parametrize(
    ("reading", "cause"),
    [
        ({"signed_values": "escaped"}, "the values are percent-encoded in the base string"),
        ({"signing_key": "api_key"}, "it is signed with another secret from the vault"),
        ({"signature_case": "upper"}, "the signature is in uppercase"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
async def test_a_signature_under_a_wrong_reading(session: SessionContext, reading: dict[str, str], cause: str) -> None:
    async with ended(session):
        found = await explained(session, call(STORES, reading), "signature")
    assert top(found) == ("signature", "holds", "signature")
    assert cause in found.headline


async def test_a_key_that_the_vendor_does_not_know_and_a_secret_that_is_not_its_own(session: SessionContext) -> None:
    async with ended(session):
        typed(session, "cottoncart", auth_id="nobody1@demostore")
        found = await explained(session, call(STORES), "key_id")
        assert top(found) == ("unknown_key", "unknown", "credentials")
        assert "auth_id=nobody1@demostore" in found.headline
        typed(session, "cottoncart", auth_id="demo1@demostore", secret="another-secret-1")
        found = await explained(session, call(STORES), "signature")
        assert top(found) == ("unknown_key", "unknown", "credentials")


ACCOUNT = "fashionphile.account_fetch"


async def test_a_token_that_another_request_rotated_away(session: SessionContext, clock: Clock) -> None:
    async with ended(session):
        assert (await send(session, call(ACCOUNT))).verdict.outcome == "OK"
        first = next(one for one in session.tokens(call(ACCOUNT)).history if one.used_at is not None)
        clock.excluded_lines = 30.0
        await send(session, call("fashionphile.order_list"))
        typed(session, "fashionphile", token=first.value.reveal())
        made = await with_token(session, call("fashionphile.address_create"), first.value)
        found = await explained(session, made, "token_blacklisted")
    assert top(found) == ("used_up", "holds", "again")
    assert "its grace period is 5 s" in found.headline
    assert "its successor came with the response of account_fetch" in found.headline


async def with_token(session: SessionContext, made: Call, token: Secret) -> Exchange:
    """What comes of a call that is sent with a token of before, as by a program that kept it."""
    import httpx

    from explorer.session.exact_replay import VerbatimScheme
    from explorer.session.send import Send, perform

    await session.ready(made)
    scheme = auth_scheme(session, made)
    request = unsigned_request(session, made, check_call(session, made))
    request.headers["Authorization"] = f"Bearer {token.reveal()}"
    assert isinstance(request, httpx.Request)
    return await perform(session, Send(made, signed=(request, VerbatimScheme(scheme))))


async def test_a_token_that_was_never_given_out(session: SessionContext) -> None:
    async with ended(session):
        typed(session, "endlessaisles", token="no-such-token")
        found = await explained(session, call("endlessaisles.orders_list"), "token_unknown")
    assert top(found) == ("unknown_token", "unknown", "credentials")
    assert "the credential token of sandbox" in found.headline


async def test_a_token_of_another_environment(session: SessionContext) -> None:
    async with ended(session):
        typed(session, "endlessaisles", token="ea-demo-production-token")
        found = await explained(session, call("endlessaisles.orders_list"), "token_environment")
    assert top(found) == ("other_environment", "holds", "credentials")


async def test_an_expired_json_web_token(session: SessionContext) -> None:
    def part(table: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(table).encode()).decode().rstrip("=")

    expired = f"{part({'alg': 'HS256'})}.{part({'exp': int(time.time()) - 7200})}.c2lnbmF0dXJl"
    async with ended(session):
        typed(session, "quickstart", access_token=expired, refresh_token="none-of-yours")
        made = await with_token(session, call("quickstart.customers_list"), Secret(expired))
        found = await explained(session, made, "token_unknown")
    assert top(found) == ("expired", "holds", "login")
    assert "2 h before" in found.headline


@pytest.mark.parametrize(
    ("address", "reading", "check", "expected"),
    [
        (ACCOUNT, {"authorization_header": "bearer_header"}, "token_malformed", "token_place"),
        ("xsellcast.customers_offer_add", {"token_location": "query_always"}, "token_place", "token_place"),
    ],
)
async def test_a_token_in_the_wrong_place(
    session: SessionContext, address: str, reading: dict[str, str], check: str, expected: str
) -> None:
    async with ended(session):
        found = await explained(session, call(address, reading), check)
    assert top(found) == (expected, "holds", "readings")


async def test_no_token_at_all(session: SessionContext) -> None:
    async with ended(session):
        made = call("endlessaisles.orders_list")
        await session.ready(made)
        request = unsigned_request(session, made, check_call(session, made))
        from explorer.session.exact_replay import VerbatimScheme
        from explorer.session.send import Send, perform

        sent = await perform(session, Send(made, signed=(request, VerbatimScheme(auth_scheme(session, made)))))
        found = await explained(session, sent, "token_missing")
    assert top(found) == ("no_credentials", "holds", "credentials")


async def test_the_wrong_accept_header(session: SessionContext) -> None:
    async with ended(session):
        made = msgspec.structs.replace(call(ACCOUNT), headers=(("Accept", "application/json"),))
        found = await explained(session, made, "accept")
        assert top(found) == ("accept", "holds", "headers")
        assert "instead of application/x.fashionphile.v1+json" in found.headline
        left = await explained(session, call(ACCOUNT, {"accept_needed": "left_out"}), "accept")
        assert top(left) == ("accept", "holds", "readings")


async def test_a_missing_role(session: SessionContext) -> None:
    async with ended(session):
        typed(session, "fashionphile", email="shopper@example.com", password="plain-bag-17")
        made = call("fashionphile.big_vision_authenticate", brand="x", itemId="1", itemType="Product")
        found = await explained(session, made, "role")
        assert top(found) == ("role", "holds", "credentials")
        assert "the developer role [001:1844]" in found.headline
        typed(session, "cottoncart", auth_id="demo3@stranger1", secret="yT4rE9wQ2pL7mK5j")
        found = await explained(session, call("cottoncart.manage_my_users"), "sub_users")
        assert top(found) == ("role", "holds", "credentials")


async def test_an_id_that_nothing_has(session: SessionContext) -> None:
    async with ended(session):
        found = await explained(session, call("xsellcast.brands_get", id="99999999"), "no_record")
        assert top(found) == ("unknown_id", "holds", "field")
        assert "id=99999999" in found.headline
        found = await explained(session, call("cottoncart.manage_delete_store", store_id="nosuchstore"), "no_record")
        assert top(found)[:2] == ("unknown_id", "holds")


async def test_a_test_record_that_the_nightly_renewal_removed(session: SessionContext, clock: Clock) -> None:
    async with ended(session):
        listed = await send(session, call("endlessaisles.orders_list"))
        assert listed.response is not None
        number = str(json.loads(listed.response.body[:])["data"][0]["id"])
        assert (await send(session, call("endlessaisles.orders_get", id=number))).verdict.outcome == "OK"
        clock.excluded_lines = 3 * 86_400.0
        found = await explained(session, call("endlessaisles.orders_get", id=number), "wiped")
    assert top(found) == ("wiped", "holds", "field")
    assert "3 days before" in found.headline
    assert "deletes records after 24 h" in found.headline


async def test_the_address_of_a_page_that_was_followed_as_printed(session: SessionContext) -> None:
    from explorer.session.exact_replay import VerbatimScheme
    from explorer.session.send import Send, perform

    async with ended(session):
        made = call("endlessaisles.orders_list")
        await send(session, made)
        request = auth_scheme(session, made).preview(unsigned_request(session, made, check_call(session, made)))
        request.url = request.url.copy_with(path="/endlessaisles/", query=b"page=2")
        sent = await perform(session, Send(made, signed=(request, VerbatimScheme(auth_scheme(session, made)))))
        found = await explained(session, sent, "path")
    assert top(found) == ("page_url", "holds", "readings")


async def test_a_required_parameter_and_a_misspelt_one(session: SessionContext) -> None:
    async with ended(session):
        found = await explained(session, call("cottoncart.catalogue_store_info"), "required")
        assert top(found) == ("required", "holds", "field")
        assert found.top is not None
        assert found.top.where == "store_id"
        made = msgspec.structs.replace(call("endlessaisles.products_list"), extra=(("per_pag", "5"),))
        found = await explained(session, made, "unknown")
        assert top(found) == ("misspelt", "holds", "field")
        assert "per_pag is unknown; did you mean per_page?" in found.headline
        assert found.top is not None
        assert found.top.where == "per_page"


async def test_a_value_that_is_not_as_documented(session: SessionContext) -> None:
    async with ended(session):
        found = await explained(session, call(STORES, count="many"), "integer")
    assert found.top is not None
    assert (found.top.check, found.top.where) in (("complaint", "count"), ("value", "count"))


async def test_a_wrong_method_and_a_host_that_is_not_the_environments(session: SessionContext) -> None:
    async with ended(session):
        found = await explained(session, call(STORES, {"no_method_named": "post"}), "method")
        assert top(found) == ("method", "holds", "method")
        assert "POST was sent, GET is documented" in found.headline
        good = await send(session, call(STORES))
        url = good.request.url.replace("http://127.0.0.1", "http://localhost")
        moved = msgspec.structs.replace(good, request=msgspec.structs.replace(good.request, url=url))
        moved = msgspec.structs.replace(
            moved,
            call=msgspec.structs.replace(moved.call, base_url="http://localhost:1/cottoncart/api"),
            verdict=msgspec.structs.replace(good.verdict, outcome="FAILED", code="404"),
        )
        found = await explain_refused(session, moved)
    assert {one.check: one.state for one in found.findings}["host"] == "holds"


async def test_what_only_the_vendor_can_know_is_said_to_be_so(session: SessionContext) -> None:
    async with ended(session):
        made = call("xsellcast.request_token", client_id="nobody", client_secret="nothing")
        found = await explained(session, made, "invalid_client")
        assert top(found) == ("given_credentials", "unknown", "field")
        assert "nothing" not in found.headline.replace("nothing is confirmed", "")


async def test_credentials_that_give_no_token(session: SessionContext) -> None:
    from explorer.errors import CredentialRefused

    async with ended(session):
        typed(session, "fashionphile", password="wrong-password")
        with pytest.raises(CredentialRefused):
            await send(session, call(ACCOUNT))
        kept = (await recent_entries(session, limit=1))[0]
        exchange = await past_exchange(session, kept.id)
        assert was_refused(exchange)
        found = await explain_refused(session, exchange)
    assert top(found) == ("login_refused", "holds", "credentials")


@pytest.mark.parametrize(("fault", "check"), [("429=7", "too_many"), ("503=9", "server"), ("500", "server")])
async def test_the_vendors_own_trouble(session: SessionContext, fault: str, check: str) -> None:
    async with ended(session):
        session.sandbox.set_faults([fault], session.catalog)
        exchange = await send(session, call("endlessaisles.products_list"))
        found = await explain_refused(session, exchange)
    assert top(found) == (check, "holds", "again")


def test_the_explainer_does_not_look_at_what_only_the_sandbox_tells() -> None:
    for path in (*Path(ROOT, "explorer/core/explain/refusals").glob("*.py"), ROOT / "explorer/session/explain.py"):
        text = path.read_text("utf-8").lower()
        assert "x-sandbox" not in text
        assert "check_header" not in text
        assert "reason_header" not in text
