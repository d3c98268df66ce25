"""What every registered auth scheme does, from the first send to the exported script. A scheme that is added without
one of these parts fails here by name; the toy scheme shows that one object and one registration are enough."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from explorer.core.auth import AUTH_SCHEMES, options_of, wire
from explorer.core.auth.base import Flow, Scheme, SigningStep
from explorer.core.auth.options import AuthOptions, TokenPlacement
from explorer.core.auth.scheme import AuthScheme
from explorer.core.auth.verifier import Grant, IncomingRequest, Refusal, Verifier
from explorer.core.export.formats import FORMATS
from explorer.core.text.secret import MASK, Secret
from explorer.core.vendor_comparison import compare_vendors
from explorer.errors import CredentialError, CredentialRefused
from explorer.session.context import SessionContext
from explorer.session.doctor import run_checks
from explorer.session.explain import explain_call, explain_exchange, explain_refused
from explorer.session.export import export_call, export_exchanges
from explorer.session.history import past_exchange
from explorer.session.login import log_in
from explorer.session.prepare import auth_scheme, redact
from explorer.session.send import send
from explorer.session.token_overview import past_token_records, token_overviews
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings
from tests.conftest import ROOT
from tests.contracts.auth_worlds import World, world_of
from tests.contracts.exports import body_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    import httpx

    from explorer.core.catalog import Catalog
    from explorer.core.model import SentRequest


class ToyOptions(AuthOptions, frozen=True, kw_only=True):
    """The credential that is the token."""

    token: str = "token"

    @property
    def headers(self) -> tuple[str, ...]:
        return ("X-Toy",)

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    def token_place(self, method: str) -> TokenPlacement:  # noqa: ARG002 - the base class's
        return TokenPlacement("header", "X-Toy")

    @property
    def placement(self) -> tuple[str, str]:
        return "header X-Toy", ""


class Toy(Scheme[ToyOptions]):
    """Sends the token in a header of its own."""

    name = "toy"

    def missing(self) -> tuple[str, ...]:
        return self._absent(self.options.tokens)

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:  # noqa: ARG002 - the base class's
        signed = self.strip(request)
        signed.headers["X-Toy"] = self._require(self.options.token)
        return signed

    def auth_flow(self, request: httpx.Request) -> Flow:
        yield self.preview(request)

    def strip(self, request: httpx.Request) -> httpx.Request:
        bare = wire.copy_request(request)
        bare.headers.pop("X-Toy", None)
        return bare

    def secrets(self) -> tuple[Secret, ...]:
        return self._secrets_of(self.options.token)

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - the base class's
        return (SigningStep(title="Header", text=f"X-Toy: {MASK}"),)


class ToyVerifier(Verifier[ToyOptions]):
    """Knows the token of its accounts."""

    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        account = self.accounts.find({self.options.token: request.headers.get("x-toy", "")})
        return Grant(account.id) if account else Refusal("token_unknown", "no such token")


TOY = AuthScheme(id="toy", options=ToyOptions, client=Toy, verifier=ToyVerifier)


@pytest.fixture(params=[*AUTH_SCHEMES, "toy"])
def world(request: pytest.FixtureRequest, shipped: Catalog) -> Iterator[World]:
    if request.param != "toy":
        yield world_of(request.param, shipped)
        return
    with AUTH_SCHEMES.added("toy", TOY):
        yield world_of("toy", shipped)


@pytest.fixture
async def session(world: World, environ: Mapping[str, str]) -> AsyncIterator[SessionContext]:
    folders = Folders.from_environ(environ)
    opened = SessionContext(
        catalog=world.catalog,
        settings=Settings(sandbox_port=0),
        folders=folders,
        vault=Vault(environ, keyring=None),
        environ=environ,
        open_history=lambda: History(folders.data / "history.sqlite3", now=time.time),
    )
    yield opened
    await opened.close()


def needed(session: SessionContext, world: World) -> tuple[str, ...]:
    """The credentials that a call lacks where nobody has any."""
    bare = {name: msgspec.structs.replace(one, sandbox="") for name, one in world.vendor.credentials.items()}
    vendor = msgspec.structs.replace(world.vendor, credentials=bare)
    catalog = msgspec.structs.replace(session.catalog, vendors={**session.catalog.vendors, vendor.id: vendor})
    stranger = SessionContext(
        catalog=catalog,
        settings=session.settings,
        folders=session.folders,
        vault=Vault(session.environ, keyring=None),
        environ=session.environ,
    )
    return auth_scheme(stranger, world.call).missing()


def spoil(session: SessionContext, world: World) -> None:
    """Give every secret credential a value that the sandbox does not know; ids stay."""
    for name, credential in world.vendor.credentials.items():
        if credential.secret:
            session.vault.remember(world.vendor, "sandbox", name, Secret(f"wrong-{name}-value"))


def secrets_of(session: SessionContext, world: World) -> list[str]:
    held = session.vault.held([world.vendor]) + session.known_tokens(world.call)
    public = {one.sandbox for one in world.vendor.credentials.values() if not one.secret}
    return [secret.reveal() for secret in held if secret.reveal() not in public]


async def test_a_call_is_sent_and_verified_by_the_sandbox(session: SessionContext, world: World) -> None:
    exchange = await send(session, world.call)
    assert exchange.verdict.outcome == "OK", exchange.verdict
    assert exchange.response is not None
    kept = redact(session, exchange)
    options = options_of(world.vendor.auth[auth_key(world)])
    sent = text_of(exchange.request)
    assert any(name.lower() in sent.lower() for name in (*options.headers, *options.params))
    assert not [secret for secret in secrets_of(session, world) if secret in text_of(kept.request)]


async def test_wrong_credentials_are_refused_and_the_cause_is_named(session: SessionContext, world: World) -> None:
    spoil(session, world)
    try:
        exchange = await send(session, world.call)
    except CredentialRefused:
        return  # it was refused when a token was asked for, so that the call itself was not sent
    assert exchange.verdict.outcome == "FAILED"
    why = await explain_refused(session, exchange)
    assert why.top is not None
    assert why.headline
    assert not [secret for secret in secrets_of(session, world) if secret in repr(why)]


async def test_missing_credentials_are_named_before_anything_is_sent(session: SessionContext, world: World) -> None:
    assert needed(session, world)
    assert not set(needed(session, world)) - set(world.vendor.credentials)


async def test_the_steps_of_signing_are_shown_without_a_secret(session: SessionContext, world: World) -> None:
    exchange = await send(session, world.call)
    for explained in (explain_call(session, world.call), explain_exchange(session, redact(session, exchange))):
        assert explained.steps
        assert explained.title
        shown = "\n".join(f"{step.title} {step.text} {step.detail}" for step in explained.steps)
        assert not [secret for secret in secrets_of(session, world) if secret in shown]


async def test_its_own_request_is_what_it_expects(session: SessionContext, world: World) -> None:
    """Whatever carries the proof is pasted back: URL, header line, form."""
    exchange = await send(session, world.call)
    explained = explain_call(session, world.call, exchange.started_at)
    place = options_of(world.vendor.auth[auth_key(world)]).token_place(exchange.request.method)
    if place is not None and place.where == "header":
        name = place.name.lower()
        text = next(f"{key}: {value}" for key, value in exchange.request.headers if key.lower() == name)
    else:
        text = exchange.request.url
    diagnosis = explained.diagnose(text)
    assert diagnosis.same, diagnosis
    assert not explained.diagnose(text[:-3] + "xyz").same


@pytest.mark.parametrize("form", [key for key, export_format in FORMATS.items() if export_format.runs])
async def test_what_is_exported_runs_and_gets_the_verdict(
    session: SessionContext, world: World, form: str, tmp_path: Path
) -> None:
    expected = await send(session, world.call)
    assert expected.response is not None
    script = export_call(session, world.call, form).decode()
    assert not [secret for secret in secrets_of(session, world) if secret in script and len(secret) > 30]
    options = options_of(world.vendor.auth[auth_key(world)])
    assert all(name in script for name in (*options.headers, *options.params))
    body = await asyncio.to_thread(body_of, FORMATS[form], script.rstrip("\n"), tmp_path)
    assert shape(json.loads(body)) == shape(json.loads(bytes(expected.response.body)))


async def test_the_message_names_variables_in_place_of_secrets(session: SessionContext, world: World) -> None:
    await send(session, world.call)
    message = export_exchanges(session, [await past_exchange(session, 1)], "http").decode()
    assert not [secret for secret in secrets_of(session, world) if secret in message]
    assert "$API_EXPLORER_" in message or not options_of(world.vendor.auth[auth_key(world)]).headers


async def test_the_comparison_has_its_cells(world: World) -> None:
    cells = {task.id: task.cells[world.vendor.id] for task in compare_vendors(world.catalog)}
    for row in ("auth", "credential", "token"):
        assert cells[row].points not in ((), ("not documented",)), row


async def test_logging_in_gives_a_token_or_says_that_none_is_needed(session: SessionContext, world: World) -> None:
    shown: list[str] = []

    async def show(url: str) -> None:
        shown.append(url)

    async def paste(_url: str) -> str:
        return "http://127.0.0.1/callback?error=access_denied&state=another"

    try:
        said = await log_in(session, world.call, open_url=show, paste=paste)
    except CredentialError:
        assert shown  # a person's consent is asked for, and this one does not give it
    else:
        assert said


async def test_the_doctor_finds_nothing_wrong(session: SessionContext, world: World) -> None:
    checks = {check.check: check.state async for check in run_checks(session, world.vendor.id)}
    assert set(checks.values()) <= {"ok", "skipped"}, checks
    assert checks["read"] == "ok"


async def test_the_doctor_names_credentials_that_are_wrong(session: SessionContext, world: World) -> None:
    spoil(session, world)
    failed = {check.check async for check in run_checks(session, world.vendor.id) if check.state == "failed"}
    assert failed & {"credentials", "token", "read"}


async def test_its_tokens_are_listed_by_fingerprint(session: SessionContext, world: World) -> None:
    await send(session, world.call)
    scheme = world.vendor.auth[auth_key(world)].scheme
    listed = [board for board in token_overviews(session, past_token_records(session)) if board.scheme == scheme]
    has_tokens = bool(options_of(next(iter(world.vendor.auth.values()))).tokens)
    assert bool(listed) == has_tokens
    assert all(board.token_records for board in listed if board.vendor == world.vendor.id)
    assert not [secret for secret in secrets_of(session, world) if secret in repr(listed)]


def test_the_catalog_names_every_scheme_when_one_is_unknown() -> None:
    from explorer.errors import CatalogError
    from explorer.store.catalogs import decode

    table = {"title": "X", "auth": {"main": {"scheme": "nothing"}}, "endpoints": {}}
    with pytest.raises(CatalogError) as caught:
        decode({"vendors": {"x": table}}, "x.toml")
    assert all(name in str(caught.value) for name in AUTH_SCHEMES)


def test_nothing_outside_names_a_scheme_or_looks_into_its_options() -> None:
    """No id of a scheme is in quotes, and nothing asks for the type of a scheme, a verifier or their options."""
    ids = "|".join(AUTH_SCHEMES)
    named = re.compile(rf"""["'](?:{ids})["']""")
    looked = re.compile(
        r"isinstance\([^)]*(?:Scheme|Options|Verifier|Anonymous)\b|getattr\((?:\w+\.)*(?:options|scheme)\b"
    )
    package = ROOT / "explorer"
    modules = [path for path in package.rglob("*.py") if not path.is_relative_to(package / "core" / "auth")]
    assert len(modules) > 100
    lines = [(path.name, line) for path in modules for line in path.read_text("utf-8").splitlines()]
    assert not [found for found in lines if named.search(found[1]) or looked.search(found[1])]


@pytest.mark.parametrize("scheme", AUTH_SCHEMES)
def test_the_documents_list_it_with_options_that_it_has(scheme: str) -> None:
    text = (ROOT / "docs" / "CATALOG.md").read_text("utf-8")
    row = next(line for line in text.splitlines() if line.startswith(f"| `{scheme}` |"))
    documented = set(re.findall(r"`(\w+)`", row.split("|")[3]))
    assert documented
    assert documented <= {field.name for field in msgspec.structs.fields(AUTH_SCHEMES[scheme].options)}


def test_registering_a_scheme_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="hmac_query"), AUTH_SCHEMES.added("hmac_query", TOY):
        pass


def auth_key(world: World) -> str:
    """The vendor's key of the scheme."""
    return world.vendor.endpoints[world.call.endpoint].auth


def shape(value: object) -> object:
    """The keys of an object, or of the first entry of an array."""
    first = value[0] if isinstance(value, list) and value else value
    return sorted(first) if isinstance(first, dict) else type(first)


def text_of(request: SentRequest) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers)
    return f"{request.method} {request.url}\n{headers}\n\n{bytes(request.body).decode('utf-8', 'replace')}"
