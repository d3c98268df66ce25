"""HTTP Basic (RFC 7617): what is sent, what the vendor lets in, and what is wrong with somebody else's header."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from explorer.core.auth.options import TokenPlacement
from explorer.core.auth.verifier import Grant, IncomingRequest, Refusal
from explorer.core.auth.wire import base64_of
from explorer.core.explain.signature.case import SigningKey
from explorer.core.explain.signature.token_mistakes import KnownToken, diagnose_token, read_token
from explorer.core.text.secret import Secret
from explorer.errors import CredentialError, CredentialMissing
from tests.core.auth_world import NOW, World, arrived, get, vendor
from tests.properties import given, st

if TYPE_CHECKING:
    from collections.abc import Mapping

DEMO = {"username": "Aladdin", "password": "open sesame"}
"""The example of RFC 7617, 2."""
HEADER = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1)


def world(held: Mapping[str, str] = DEMO) -> World:
    return World(vendor("basic", {}, DEMO, password="in another place"), dict(held))


def came(header: str | None) -> IncomingRequest:
    return IncomingRequest("GET", "/x", headers={} if header is None else {"authorization": header})


def test_the_header_is_that_of_the_rfc() -> None:
    signed = world().scheme().preview(get())
    assert signed.headers["authorization"] == HEADER
    verdict = world().verifier.verify(arrived(signed))
    assert isinstance(verdict, Grant)
    assert verdict.account == "demo"
    assert "authorization" not in world().scheme().strip(signed).headers


def test_the_text_is_utf_8() -> None:
    """The second example of RFC 7617, 2.1."""
    signed = world({"username": "test", "password": "123£"}).scheme().preview(get())
    assert signed.headers["authorization"] == "Basic dGVzdDoxMjPCow=="


@given(PRINTABLE.filter(lambda text: ":" not in text), PRINTABLE)
def test_the_vendor_reads_what_is_sent(username: str, password: str) -> None:
    it = World(vendor("basic", {}, {"username": username, "password": password}), {})
    it.held.update(username=username, password=password)
    assert isinstance(it.verifier.verify(arrived(it.scheme().preview(get()))), Grant)


@pytest.mark.parametrize(
    ("username", "password", "named"), [("ada:b", "x", "'username'"), ("a", "x\n", "'password'"), ("a\t", "x", "'user")]
)
def test_what_the_rfc_forbids_is_not_sent(username: str, password: str, named: str) -> None:
    scheme = world({"username": username, "password": password}).scheme()
    with pytest.raises(CredentialError, match=named) as caught:
        scheme.preview(get())
    assert caught.value.hint
    assert "ada:b" not in str(caught.value)


def test_a_missing_password_is_named() -> None:
    scheme = world({"username": "a"}).scheme()
    assert scheme.missing() == ("password",)
    with pytest.raises(CredentialMissing, match="password"):
        next(scheme.auth_flow(get()))


@pytest.mark.parametrize(
    ("header", "check"),
    [
        (None, "token_missing"),
        ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "token_malformed"),
        ("Basic", "token_malformed"),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "token_malformed"),
        ("Basic Aladdin:open", "token_malformed"),
        ("Basic gIA6gIA=", "token_malformed"),
        (f"Basic {base64_of([HEADER[6:]])}", "token_malformed"),
        (f"Basic {base64_of(['Aladdin', 'in another place'])}", "token_environment"),
        (f"Basic {base64_of(['Aladdin', 'open sesame '])}", "credentials"),
        (f"Basic {base64_of(['aladdin', 'open sesame'])}", "credentials"),
        (f"Basic {base64_of(['', ''])}", "credentials"),
    ],
)
def test_the_vendor_is_strict_and_challenges(header: str | None, check: str) -> None:
    refusal = world().verifier.verify(came(header))
    assert isinstance(refusal, Refusal)
    assert refusal.check == check
    assert refusal.headers == (("WWW-Authenticate", 'Basic realm="api", charset="UTF-8"'),)
    assert "sesame" not in repr(refusal)


@pytest.mark.parametrize("header", [HEADER, HEADER.replace("Basic", "basic"), HEADER.replace("Basic", "BASIC")])
def test_the_vendor_takes_the_word_in_any_case(header: str) -> None:
    assert isinstance(world().verifier.verify(came(header)), Grant)


SOURCE = "ada:pass?>"
TOKEN = base64.b64encode(SOURCE.encode()).decode()


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        (f"Authorization: Basic {TOKEN}", []),
        (f"Authorization: Bearer {TOKEN}", ["prefix"]),
        (f"X-Authorization: Basic {TOKEN}", ["header_name"]),
        (f"Authorization: Basic {SOURCE}", ["not_encoded"]),
        (f"Authorization: Basic {base64_of([TOKEN])}", ["encoded_twice"]),
        (f"Authorization: Basic {base64.urlsafe_b64encode(SOURCE.encode()).decode()}", ["url_safe"]),
        (f"Authorization: Basic {base64.urlsafe_b64encode(SOURCE.encode()).decode().rstrip('=')}", ["url_safe"]),
        (f"Authorization: Basic {base64_of([SOURCE + chr(10)])}", ["line_end_encoded"]),
        (f"Authorization: Basic {base64_of(['adapass'])}", ["no_colon"]),
        ("Authorization: Basic ///", ["not_base64"]),
        (f"Authorization: Basic {TOKEN[:9]}", ["cut"]),
        (f"Authorization: Basic {TOKEN.lower()}", ["letters"]),
        (f"curl -H 'Authorization: Basic {base64_of([TOKEN])}' https://api.example/x", ["encoded_twice"]),
    ],
)
def test_what_is_wrong_with_a_pasted_header_is_named(text: str, causes: list[str]) -> None:
    place = TokenPlacement("header", "Authorization", "Basic ")
    known = KnownToken(SigningKey("the credentials", Secret(TOKEN)), source=Secret(SOURCE))
    diagnosis = diagnose_token(read_token(text, place), place, (known,), NOW)
    assert [cause.mistake.id for cause in diagnosis.causes] == causes
    assert diagnosis.same == (not causes)
    assert SOURCE not in repr(diagnosis)
