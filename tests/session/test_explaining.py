"""The debugger over a session: calls, entries of the history, other keys of the vault, tokens; and that no secret of
any kind is in what it says."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from explorer.core.model import Call, Entry
from explorer.core.text.secret import Secret
from explorer.errors import UsageError
from explorer.session.context import SessionContext
from explorer.session.explain import explain_call, explain_exchange, parse_moment
from explorer.session.history import past_exchange
from explorer.session.send import send
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog import Catalog

AT = 1329130234
DEMO = "Qm7rT2xKp9LwZ4sB"
PRODUCTION = "PrOdUcTiOn123456"
BASE = "v1/manage/edit_store?auth_id=demo1@demostore&auth_ts=1329130234&name=My Fine Store&store_id=mystore"


@pytest.fixture
def session(shipped: Catalog, environ: Mapping[str, str]) -> SessionContext:
    folders = Folders.from_environ(environ)
    vault = Vault({**environ, "API_EXPLORER_COTTONCART_PRODUCTION_SECRET": PRODUCTION}, keyring=None)
    return SessionContext(
        catalog=shipped,
        settings=Settings(),
        folders=folders,
        vault=vault,
        environ=environ,
        now=lambda: float(AT),
        open_history=lambda: History(folders.data / "history.sqlite3", now=lambda: float(AT)),
    )


def store(**more: object) -> Call:
    entries = (Entry(name="store_id", value="mystore"), Entry(name="name", value="My Fine Store"))
    return Call(vendor="cottoncart", endpoint="manage_edit_store", entries=entries, **more)  # type: ignore[arg-type]


def openssl(base: str, key: str) -> str:
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", key], input=base.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().split()[-1]


def test_every_step_is_there_and_the_key_is_told_by_its_fingerprint(session: SessionContext) -> None:
    explained = explain_call(session, store())
    texts = {step.title: step.text for step in explained.steps}
    assert list(texts) == ["Time", "Parameters", "Sorted", "Base string", "Key", "Signature", "Sent"]
    assert texts["Base string"] == BASE
    assert texts["Signature"] == openssl(BASE, DEMO)
    assert texts["Sorted"] == "auth_id auth_ts name store_id"
    assert DEMO not in repr(explained)
    assert Secret(DEMO).fingerprint() in texts["Key"]


def test_the_secret_of_another_environment_is_named_and_not_shown(session: SessionContext) -> None:
    found = explain_call(session, store()).diagnose(openssl(BASE, PRODUCTION))
    assert [cause.mistake.id for cause in found.causes] == ["wrong_secret"]
    assert found.causes[0].detail == f"secret of production ({Secret(PRODUCTION).fingerprint()})"
    assert PRODUCTION not in repr(found)


def test_without_credentials_the_steps_are_shown_all_the_same(session: SessionContext) -> None:
    session.vault = Vault({}, keyring=None)
    explained = explain_call(session, store(environment="production"))
    assert "the credential secret is missing; 'missing' is used as its value" in explained.notes
    assert explained.diagnose("v1/manage/edit_store.json?x").kind == "base"


async def test_an_entry_that_was_signed_under_a_wrong_reading_is_explained(session: SessionContext) -> None:
    try:
        right = await send(session, Call(vendor="cottoncart", endpoint="manage_my_stores"))
        escaped = {"signed_values": "escaped"}
        wrong = await send(session, Call(vendor="cottoncart", endpoint="manage_my_stores", readings=escaped))
        assert (right.verdict.outcome, wrong.verdict.outcome) == ("OK", "FAILED")
        good, bad = [explain_exchange(session, await past_exchange(session, entry.id)) for entry in (right, wrong)]
    finally:
        await session.close()
    first, second = good.is_self_consistent(), bad.is_self_consistent()
    assert first is not None
    assert first.same
    assert second is not None
    assert [cause.mistake.id for cause in second.causes] == ["escaped"]
    assert bad.notes == ("sent under the reading signed_values=escaped",)
    assert bad.number == wrong.id


async def test_a_masked_value_is_not_guessed(session: SessionContext) -> None:
    entries = (
        Entry(name="name", value="x"),
        Entry(name="email", value="a@b.example"),
        Entry(name="password", value="hidden!"),
    )
    call = Call(vendor="cottoncart", endpoint="manage_create_user", entries=entries, force=True)
    try:
        exchange = await send(session, call)
        explained = explain_exchange(session, await past_exchange(session, exchange.id))
    finally:
        await session.close()
    assert explained.is_self_consistent() is None
    assert "password was stored masked, so the signature cannot be checked" in explained.notes
    theirs = explain_call(session, call).diagnose(BASE + "&password=hidden!")
    assert "hidden!" not in repr(theirs)


@pytest.mark.parametrize("password", ["my pass&word", "a=b c", "x&amp;y z", "line\nbreak &"])
def test_a_secret_value_is_masked_to_its_end_whatever_stands_in_it(session: SessionContext, password: str) -> None:
    entries = (
        Entry(name="name", value="x"),
        Entry(name="email", value="a@b.example"),
        Entry(name="password", value=password),
    )
    call = Call(vendor="cottoncart", endpoint="manage_create_user", entries=entries)
    explained = explain_call(session, call)
    assert explained.case is not None
    base = explained.case.base
    pieces = [piece for piece in (*password.split(), password) if len(piece) > 3]
    shown = [explained.masked(base), repr(explained), *(step.text for step in explained.steps)]
    theirs = base.replace("name=x", "name=y")
    shown += [repr(explained.diagnose(theirs)), repr(explained.diagnose(base.replace(password, "another one & more")))]
    for text in shown:
        assert not [piece for piece in pieces if piece in text]
        assert "one & more" not in text


TOKEN = "ea-demo-test-token"


def shop(**more: object) -> Call:
    return Call(vendor="endlessaisles", endpoint="orders_list", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "mistake", "told"),
    [
        (f"X-EA-REQUEST-TOKEN: {TOKEN}", "", ""),
        (f"curl https://h.example/api/orders -H 'X-EA-REQUEST-TOKEN: {TOKEN}'", "", ""),
        (f"Authorization: {TOKEN}", "header_name", "Authorization instead of X-EA-REQUEST-TOKEN"),
        (f"X-EA-REQUEST-TOKEN: Bearer {TOKEN}", "prefix", "Bearer instead of none"),
        (f"https://h.example/api/orders?token={TOKEN}", "place", "in the query instead of"),
        (f"X-EA-REQUEST-TOKEN: {TOKEN}\n", "blanks", "a line break"),
        (f"X-EA-REQUEST-TOKEN:  {TOKEN[:7]} {TOKEN[7:]}", "blanks", "a space"),
        (f'X-EA-REQUEST-TOKEN: "{TOKEN}"', "quotes", ""),
        ("X-EA-REQUEST-TOKEN: $TOKEN", "not_filled_in", "$TOKEN"),
        ("X-EA-REQUEST-TOKEN: ••••••", "masked", ""),
        (f"X-EA-REQUEST-TOKEN: {TOKEN[:-3]}", "cut", "after 15 characters"),
        (f"X-EA-REQUEST-TOKEN: {TOKEN.upper()}", "letters", ""),
        ("X-EA-REQUEST-TOKEN: ea-demo-production-token", "other_environment", "another environment"),
        ("X-EA-REQUEST-TOKEN:", "token_absent", "is expected"),
    ],
)
def test_a_token_that_is_sent_wrongly_is_named(session: SessionContext, text: str, mistake: str, told: str) -> None:
    found = explain_call(session, shop()).diagnose(text)
    assert [cause.mistake.id for cause in found.causes] == ([mistake] if mistake else []), found.verdict
    assert found.same == (not mistake)
    assert told in found.verdict
    assert TOKEN not in repr(found)
    assert "ea-demo-production-token" not in repr(found)


def test_a_token_that_nobody_knows_is_not_judged(session: SessionContext) -> None:
    found = explain_call(session, shop()).diagnose("X-EA-REQUEST-TOKEN: some-other-thing")
    assert not found.same
    assert not found.causes
    assert "its validity is unknown" in found.notes[0]
    assert "some-other-thing" not in repr(found)


def test_a_json_web_token_tells_its_claims_and_that_it_has_expired(session: SessionContext) -> None:
    # The example of RFC 7519, section 3.1: it expires at 1300819380.
    token = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
        "LmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )
    call = Call(vendor="quickstart", endpoint="customers_list")
    found = explain_call(session, call).diagnose(f"Authorization: Bearer {token}")
    assert [cause.mistake.id for cause in found.causes] == ["expired"]
    assert "token claim: iss: joe" in found.notes
    assert "token claim: exp: 1300819380 (2011-03-22 18:43:00 UTC)" in found.notes
    assert token not in repr(found)


def test_a_refresh_token_and_another_credential_are_told_from_the_token(session: SessionContext) -> None:
    explained = explain_call(session, Call(vendor="quickstart", endpoint="customers_list"))
    for text, mistake in (("demo-refresh-token", "refresh_token"), ("demo-client-secret", "other_credential")):
        found = explained.diagnose(f"Authorization: Bearer {text}")
        assert [cause.mistake.id for cause in found.causes] == [mistake]


def test_moments_are_read_as_people_write_them() -> None:
    assert (
        parse_moment("1329130234") == parse_moment("2012-02-13T10:50:34Z") == parse_moment("2012-02-13 10:50:34") == AT
    )
    with pytest.raises(UsageError):
        parse_moment("yesterday")


def test_a_secret_parameter_that_the_call_does_not_have_is_masked_in_what_was_pasted(session: SessionContext) -> None:
    diagnosis = explain_call(session, store()).diagnose(f"{BASE}&amp;access_token=foreign-4711&password=foreign-4712")
    assert diagnosis.kind == "base"
    assert "foreign-471" not in repr(diagnosis)
