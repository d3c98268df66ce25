"""The life of tokens over real calls to the sandbox: minted, used side by side, replaced, signed out, remembered."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

import pytest

from explorer.cli import main
from explorer.core.auth.token_history import TokenHistory, TokenRecord, TokenUse
from explorer.core.auth.tokens import Token
from explorer.core.model import Call, Entry
from explorer.core.text.secret import Secret
from explorer.core.text.units import format_countdown
from explorer.session.context import SessionContext
from explorer.session.history import past_exchange
from explorer.session.send import send
from explorer.session.token_overview import forget_tokens, logout_call, past_token_records, renew_token, token_overviews
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings
from explorer.tui.screens.tokens import format_moment, state_text, token_record_rows, use_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog import Catalog
    from explorer.session.token_overview import TokenOverview

WHOAMI = Call(vendor="fashionphile", endpoint="whoami")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(shipped: Catalog, environ: Mapping[str, str], clock: Clock) -> SessionContext:
    return opened(shipped, environ, clock)


def opened(shipped: Catalog, environ: Mapping[str, str], clock: Clock) -> SessionContext:
    folders = Folders.from_environ(environ)
    return SessionContext(
        catalog=shipped,
        settings=Settings(sandbox_port=0),
        folders=folders,
        vault=Vault(environ, keyring=None),
        environ=environ,
        now=clock,
        open_history=lambda: History(folders.data / "history.sqlite3", now=clock),
    )


def board(session: SessionContext, vendor: str = "fashionphile") -> TokenOverview:
    return next(one for one in token_overviews(session, past_token_records(session)) if one.vendor == vendor)


async def test_every_answer_replaces_the_token_and_the_chain_tells_which_did(
    session: SessionContext, clock: Clock
) -> None:
    first = await send(session, WHOAMI)
    clock.now += 1
    second = await send(session, WHOAMI)
    lives = board(session).token_records
    assert [life.minted_by for life in lives] == [first.id, first.id, second.id]
    assert lives[0].origin == "sign_in"
    assert [use.by for use in lives[0].uses] == [first.id]
    assert lives[0].replaced_by == (lives[1].fingerprint,)
    assert lives[2].replaces == lives[1].fingerprint
    assert board(session).current == (lives[2].fingerprint,)
    state, left = lives[1].state(clock.now)
    assert state == "grace"
    assert left == pytest.approx(5.0)
    clock.now += 4
    assert lives[0].state(clock.now)[0] == "spent"
    state, left = lives[1].state(clock.now)
    assert state == "grace"
    assert left == pytest.approx(1.0)
    assert state_text(lives[1], clock.now) == "used, in its grace period, 1.0 s left"
    assert lives[2].state(clock.now) == ("unused", None)
    await session.close()


async def test_two_requests_in_flight_are_shown_as_what_they_are(session: SessionContext, clock: Clock) -> None:
    await send(session, WHOAMI)
    session.sandbox.set_faults(["slow=0.4*2"], session.catalog)
    both = asyncio.gather(send(session, WHOAMI), send(session, WHOAMI))
    shared: TokenRecord | None = None
    for _ in range(500):
        await asyncio.sleep(0.01)
        shared = next((life for life in board(session).token_records if len(life.uses) == 2), None)
        if shared is not None:
            break
    assert shared is not None, "one token for two requests"
    assert state_text(shared, clock.now).endswith("2 in flight")
    one, other = await both
    shared = next(life for life in board(session).token_records if life.fingerprint == shared.fingerprint)
    assert {use.by for use in shared.uses} == {one.id, other.id}
    assert [use.status for use in shared.uses] == [200, 200]
    assert len(shared.replaced_by) == 2, "each answer brought a token of its own"
    words = [use_text(shared, use) for use in shared.uses]
    assert f"at the same time as #{shared.uses[1].by}" in words[0]
    assert f"at the same time as #{shared.uses[0].by}" in words[1]
    assert len(board(session).current) == 1
    await session.close()


async def test_a_new_session_knows_the_tokens_of_before_by_their_fingerprints(
    shipped: Catalog, environ: Mapping[str, str], clock: Clock
) -> None:
    session = opened(shipped, environ, clock)
    first = await send(session, WHOAMI)
    second = await send(session, WHOAMI)
    before = board(session).token_records
    texts = [token.value.reveal() for token in session.tokens(WHOAMI).history]
    await session.close()
    later = opened(shipped, environ, clock)
    after = {life.fingerprint: life for life in board(later).token_records}
    assert set(after) == {life.fingerprint for life in before}
    used = after[before[1].fingerprint]
    assert [use.by for use in used.uses] == [second.id]
    assert used.minted_by == first.id
    assert used.replaced_by == (before[2].fingerprint,)
    assert used.state(clock.now)[0] == "past"
    stored = b"".join(path.read_bytes() for path in later.folders.data.glob("history*"))
    assert not any(text.encode() in stored for text in texts)
    await later.close()


async def test_a_login_and_a_new_token_are_exchanges_of_the_history(session: SessionContext) -> None:
    assert await renew_token(session, board(session))
    (life,) = board(session).token_records
    kept = await past_exchange(session, life.minted_by)
    assert kept.call.endpoint == "sign_in"
    assert kept.response is not None
    assert "••••••" in kept.response.body[:].decode()
    assert kept.verdict.outcome == "OK"
    assert kept.under is not None
    assert kept.under.minted == (life.fingerprint,)
    assert await renew_token(session, board(session)), "also while a good one is there"
    assert len(board(session).token_records) == 2
    assert not await renew_token(session, board(session, "endlessaisles")), "this vendor gives tokens out by hand"
    await session.close()


async def test_oauth_tokens_are_refreshed_and_the_old_one_is_there_to_be_seen(session: SessionContext) -> None:
    call = Call(vendor="quickstart", endpoint="customers_list")
    await send(session, call)
    assert await renew_token(session, board(session, "quickstart"))
    lives = board(session, "quickstart").token_records
    fresh = [life for life in lives if life.expires_at is not None]
    assert fresh
    assert fresh[0].state(session.now())[1] == pytest.approx(3600, abs=1)
    assert fresh[0].fingerprint in board(session, "quickstart").current
    old = next(life for life in lives if life.fingerprint == fresh[0].replaces)
    assert old.origin == "the credential 'access_token'"
    assert old.replaced_by == (fresh[0].fingerprint,)
    refresh = next(life for life in lives if life.kind == "refresh" and life.uses)
    assert refresh.uses[0].by == fresh[0].minted_by, "the request that carried the refresh token brought the new one"
    await session.close()


async def test_signing_out_ends_the_lives(session: SessionContext, clock: Clock) -> None:
    await send(session, WHOAMI)
    call = logout_call(session, board(session))
    assert call is not None
    assert call.endpoint == "sign_out"
    assert (await send(session, call)).verdict.outcome == "OK"
    assert {life.state(clock.now)[0] for life in board(session).token_records} == {"ended"}
    assert board(session).current == ()
    assert logout_call(session, board(session, "quickstart")) is None
    await send(session, WHOAMI)
    forget_tokens(session, board(session))
    assert {life.state(clock.now)[0] for life in board(session).token_records} == {"ended"}
    await session.close()


async def test_a_refused_token_is_told_of(session: SessionContext, clock: Clock) -> None:
    session.vault.remember(session.vendor("fashionphile"), "sandbox", "token", Secret("nobody-knows-this-one"))
    call = Call(vendor="fashionphile", endpoint="whoami", entries=(Entry(name="x", value="1"),), force=True)
    await send(session, call)
    life = next(
        one for one in board(session).token_records if one.fingerprint == Secret("nobody-knows-this-one").fingerprint()
    )
    assert life.state(clock.now)[0] == "refused"
    assert life.minted_by == 0
    await session.close()


def jwt(header: dict[str, object], claims: dict[str, object]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in (header, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


def test_claims_are_read_and_their_times_are_told(session: SessionContext, clock: Clock) -> None:
    token = jwt({"alg": "HS256", "typ": "JWT"}, {"sub": "ada\x1b[31m", "exp": clock.now + 90, "iat": clock.now - 10})
    session.vault.remember(session.vendor("endlessaisles"), "sandbox", "token", Secret(token))
    here = board(session, "endlessaisles")
    text = "\n".join(
        "".join(part for _, part in row.spans) for row in token_record_rows(here, here.token_records[0], clock.now)
    )
    assert "alg: HS256" in text
    assert "sub: ada␛[31m" in text
    assert "(in 1:30 min)" in text
    assert "(10 s ago)" in text
    assert token not in text


def test_words_for_times() -> None:
    assert [format_countdown(one) for one in (3.21, 42, 3599, 7500, 400_000)] == [
        "3.2 s",
        "42 s",
        "59:59 min",
        "2 h 05 min",
        "4 days",
    ]
    assert format_moment(1e300, 0) == "1e+300"


def test_a_life_holds_no_token() -> None:
    line = TokenHistory()
    line.start(Token(Secret("swordfish"), 1.0, "test").new_record)
    line.record_response(line.record_use(Secret("swordfish").fingerprint(), "", TokenUse(1, "x", 2.0)), 3.0, 200)
    assert "swordfish" not in repr(line.token_records)
    assert line.token_records[0].uses == (TokenUse(1, "x", 2.0, 3.0, 200),)


def test_the_command_line_tells_of_tokens(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", "fashionphile.whoami", "--json"], environ) == 0
    number = json.loads(capsys.readouterr().out)["history"]
    assert main(["tokens", "fashionphile", "--json"], environ) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert [one["minted_by"] for one in found["tokens"]] == [number, number]
    assert found["tokens"][0]["uses"][0]["exchange"] == number
    assert found["grace_seconds"] == 5.0
    assert main(["tokens"], environ) == 0
    out = capsys.readouterr().out
    assert f"issued by #{number}" in out
    assert "XSellCast (xsellcast), sandbox, token_param: no known token" in out
    assert main(["tokens", "fashionfile"], environ) == 2
