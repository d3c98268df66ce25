"""OAuth2: the client's pieces against the RFCs' own examples and against the server's side."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from explorer.core.auth import scheme_for
from explorer.core.auth.base import TokensChanged
from explorer.core.auth.oauth2.client import OAuth2, is_loopback, read_redirect, read_token_response
from explorer.core.auth.verifier import ConsentRequest, Grant, IncomingRequest, Refusal
from explorer.core.catalog.model import Endpoint
from explorer.core.text.secret import Secret
from explorer.errors import CredentialMissing, CredentialRefused, UsageError
from tests.core.auth_world import World, arrived, converse, get, vendor

OPTIONS: dict[str, Any] = {"authorize": "authorize", "token": "token", "scopes": ["read", "write"]}
DEMO = {
    "client_id": "app-1",
    "client_secret": "client shh+",
    "redirect_uri": "http://127.0.0.1:8765/callback",
    "access_token": "demo-access",
    "refresh_token": "demo-refresh",
}
APP = ("client_id", "client_secret", "redirect_uri")


def world(*held: str, **options: Any) -> World:
    return World(vendor("oauth2", OPTIONS | options, DEMO), {name: DEMO[name] for name in held})


def oauth(it: World, *, read: bool = True) -> OAuth2:
    scheme = it.scheme(read=read)
    assert isinstance(scheme, OAuth2)
    return scheme


def params(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def consent(it: World, url: str) -> Any:
    return it.verifier.consent(IncomingRequest("GET", "/authorize", query=tuple(parse_qsl(urlsplit(url).query))))


def exchange(it: World, request: httpx.Request) -> Any:
    return it.verifier.token(arrived(request))


def server(it: World, request: httpx.Request) -> httpx.Response:
    came = arrived(request)
    if came.path == "/token":
        table = it.verifier.token(came)
        if isinstance(table, Refusal):
            return httpx.Response(400, json={"error": table.check, "error_description": table.message})
        return httpx.Response(200, json=table)
    return httpx.Response(401 if isinstance(it.verifier.verify(came), Refusal) else 200)


def log_in(it: World) -> tuple[httpx.Request, dict[str, Any]]:
    """The whole way: consent, redirect, exchange; the exchange and its answer."""
    scheme = oauth(it)
    asked = scheme.authorization_url()
    code = read_redirect(it.verifier.approve(consent(it, asked.url)), asked.state)
    request = scheme.exchange_request(code, asked.verifier)
    table = exchange(it, request)
    assert isinstance(table, dict)
    scheme.accept(read_token_response(json.dumps(table).encode(), it.clock.now))
    return request, table


def test_the_challenge_of_rfc_7636_appendix_b() -> None:
    it = world(*APP)
    it.dice = lambda _: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # type: ignore[assignment]  # one throw
    asked = oauth(it).authorization_url()
    assert params(asked.url)["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert asked.verifier.reveal() not in asked.url.replace(asked.state, "")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_challenge_as_openssl_computes_it() -> None:
    asked = oauth(world(*APP)).authorization_url()
    script = "openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '='"
    done = subprocess.run(["sh", "-c", script], input=asked.verifier.reveal().encode(), capture_output=True, check=True)
    assert params(asked.url)["code_challenge"] == done.stdout.decode()


def test_the_consent_url_has_everything_once() -> None:
    asked = oauth(world(*APP)).authorization_url()
    found = params(asked.url)
    assert asked.url.startswith("https://api.example/root/authorize?")
    assert found.pop("code_challenge")
    assert found == {
        "response_type": "code",
        "client_id": "app-1",
        "redirect_uri": "http://127.0.0.1:8765/callback",
        "scope": "read write",
        "state": asked.state,
        "code_challenge_method": "S256",
    }
    assert 43 <= len(asked.verifier.reveal()) <= 128
    assert asked.verifier.reveal() not in repr(asked)


def test_a_vendor_without_pkce_gets_no_challenge() -> None:
    asked = oauth(world(*APP, pkce=False)).authorization_url("https://app.example/cb")
    assert not any(name.startswith("code_") for name in params(asked.url))
    assert params(asked.url)["redirect_uri"] == "https://app.example/cb"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [("127.0.0.1:8710", True), ("[::1]:8710", True), ("localhost:8710", True), ("a.example", False)],
)
def test_plain_http_is_for_loopback_only_and_no_switch_is_left_behind(host: str, allowed: bool) -> None:
    it = world(*APP)
    before = dict(os.environ)
    context = it.context()
    context.build = lambda name, _values: httpx.Request("POST", f"http://{host}/{name}")
    scheme = OAuth2(oauth(it).options, context)
    if allowed:
        assert scheme.authorization_url().url.startswith(f"http://{host}/authorize?")
        assert scheme.exchange_request("c", Secret("v")).url == f"http://{host}/token"
        assert read_redirect(f"http://{host}/cb?code=c&state=s", "s") == "c"
    else:
        for attempt in (
            scheme.authorization_url,
            lambda: scheme.exchange_request("c", Secret("v")),
            lambda: scheme.refresh_request(Secret("r")),
            lambda: read_redirect(f"http://{host}/cb?code=c&state=s", "s"),
        ):
            with pytest.raises(UsageError):
                attempt()
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.8.8.8", True), ("::1", True), ("LOCALHOST", True), ("127.0.0.1.example", False), ("", False)],
)
def test_what_is_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/cb?code=c&state=other",
        "https://app.example/cb?code=c",
        "https://app.example/cb?state=s",
        "https://app.example/cb?error=access_denied&state=s",
        "https://app.example/cb?error=made_up&error_description=No%20way&state=s",
        "https://app.example/cb?code=c&code=d&state=s",
        "https://app.example/cb",
    ],
)
def test_a_bad_redirect_is_refused(url: str) -> None:
    with pytest.raises(CredentialRefused):
        read_redirect(url, "s")


def test_the_example_redirect_of_rfc_6749() -> None:
    url = "https://client.example.com/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz"
    assert read_redirect(url, "xyz") == "SplxlOBeZQQYbYS6WxSbIA"


def test_the_example_token_response_of_rfc_6750() -> None:
    body = (
        b'{"access_token":"mF_9.B5f-4.1JqM","token_type":"Bearer","expires_in":3600,'
        b'"refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA"}'
    )
    access, refresh = read_token_response(body, 1000.0)
    assert (access.value.reveal(), access.expires_at, access.kind) == ("mF_9.B5f-4.1JqM", 4600.0, "access")
    assert (refresh.value.reveal(), refresh.expires_at, refresh.kind) == ("tGzv3JOkF0XG5Qx2TlKWIA", None, "refresh")


def test_the_scope_of_a_token_is_kept() -> None:
    body = b'{"access_token": "t", "token_type": "Bearer", "scope": "read write"}'
    assert read_token_response(body, 0.0)[0].scope == "read write"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"error": "invalid_grant"}',
        b'{"error": "invalid_grant", "error_description": "spent"}',
        b'{"access_token": 3}',
        b'{"access_token": ""}',
        b'{"access_token": "t", "token_type": "mac"}',
        b'{"access_token": "t", "expires_in": "soon"}',
        b'{"access_token": "t", "scope": 3}',
        b"\xff\xfe\x00",
        b"access_token=t",
        b"[" * 100_000,
    ],
)
def test_what_is_no_token_response_is_refused(body: bytes) -> None:
    with pytest.raises(CredentialRefused):
        read_token_response(body, 0.0)


def test_the_whole_login_and_what_it_sends() -> None:
    it = world(*APP)
    assert it.scheme().missing() == ("access_token",)
    request, table = log_in(it)
    form = dict(arrived(request).form)
    verifier = form.pop("code_verifier")
    assert len(verifier) == 64
    assert form.pop("code")
    assert form == {
        "grant_type": "authorization_code",
        "client_id": "app-1",
        "client_secret": "client shh+",
        "redirect_uri": "http://127.0.0.1:8765/callback",
    }
    assert request.extensions["explorer.purpose"] == "auth"
    sent = converse(it.scheme(), get(), lambda r: server(it, r))
    assert [(r.headers["authorization"], s.status_code) for r, s in sent] == [(f"Bearer {table['access_token']}", 200)]


def test_an_expired_token_is_refreshed_before_the_call_whatever_the_call_is() -> None:
    it = world(*APP)
    _, table = log_in(it)
    it.clock.now += 3600
    assert "token" in it.scheme().prerequisite()
    assert it.scheme().preview(get()).headers["authorization"] == "Bearer {token}"
    seen = converse(it.scheme(read=False), get(method="POST"), lambda r: server(it, r))
    assert [(r.url.path, s.status_code) for r, s in seen] == [("/root/token", 200), ("/root/x", 200)]
    assert seen[0][0].extensions["explorer.purpose"] == "auth"
    assert dict(arrived(seen[0][0]).form) == {
        "grant_type": "refresh_token",
        "refresh_token": table["refresh_token"],
        "client_id": "app-1",
        "client_secret": "client shh+",
    }


def test_a_refused_read_refreshes_once_and_a_write_does_not() -> None:
    it = world(*APP, "access_token", "refresh_token")
    it.held["access_token"] = "revoked"
    seen = converse(it.scheme(), get(), lambda r: server(it, r))
    assert [(r.url.path, s.status_code) for r, s in seen] == [("/root/x", 401), ("/root/token", 200), ("/root/x", 200)]
    assert seen[2][0].extensions["explorer.purpose"] == "retry"
    it.held["access_token"] = "revoked too"
    assert len(converse(it.scheme(read=False), get(method="PUT"), lambda r: server(it, r))) == 1
    always = [
        r.url.path
        for r, _ in converse(
            it.scheme(), get(), lambda r: httpx.Response(401) if "x" in r.url.path[-1] else server(it, r)
        )
    ]
    assert always == ["/root/token", "/root/x", "/root/token", "/root/x"]


def test_a_refresh_that_is_refused_asks_for_a_new_login() -> None:
    it = world(*APP, "refresh_token")
    it.held["refresh_token"] = "spent"
    with pytest.raises(CredentialRefused) as caught:
        converse(it.scheme(), get(), lambda r: server(it, r))
    assert "invalid_grant" in caught.value.message
    assert "spent" not in str(caught.value)
    assert it.scheme().missing() == ("access_token",)


def test_a_renewal_takes_the_token_that_another_call_was_asking_for() -> None:
    it = world(*APP, "access_token", "refresh_token")
    renewal = it.scheme().renew()
    assert next(renewal).url.path == "/root/token"
    again = renewal.throw(TokensChanged())  # the other call was stopped: there is no new token
    assert again.url.path == "/root/token"
    oauth(it).accept(read_token_response(b'{"access_token": "brought by the other"}', it.clock.now))
    with pytest.raises(StopIteration):
        renewal.throw(TokensChanged())
    assert it.scheme().preview(get()).headers["authorization"] == "Bearer brought by the other"


def test_a_login_is_newer_than_the_token_credentials_that_are_there() -> None:
    it = world(*APP, "access_token", "refresh_token")
    _, table = log_in(it)
    assert it.scheme().preview(get()).headers["authorization"] == f"Bearer {table['access_token']}"
    it.held["access_token"] = "typed-later"
    assert it.scheme().preview(get()).headers["authorization"] == "Bearer typed-later"


def test_asking_for_a_token_by_hand_logs_in() -> None:
    it = world(*APP)
    call = Endpoint(id="token", title="Token", group="Test", path="/token")
    scheme = scheme_for(it.vendor, call, it.context(call))
    converse(scheme, get("/token"), lambda _: httpx.Response(200, json={"access_token": "by-hand"}))
    assert it.scheme().preview(get()).headers["authorization"] == "Bearer by-hand"
    converse(scheme, get("/token"), lambda _: httpx.Response(200, json={"nothing": "here"}))
    assert it.scheme().preview(get()).headers["authorization"] == "Bearer by-hand"


def test_nothing_is_sent_without_a_token() -> None:
    it = world(*APP)
    with pytest.raises(CredentialMissing):
        next(it.scheme().auth_flow(get()))
    with pytest.raises(CredentialMissing):
        it.scheme().preview(get())


def test_no_secret_is_shown() -> None:
    it = world(*APP)
    _, table = log_in(it)
    text = repr(it.scheme().explain(get())) + repr(it.tokens.history)
    known = {secret.reveal() for secret in it.scheme().secrets()}
    assert {table["access_token"], table["refresh_token"], "client shh+"} <= known
    assert not any(secret in text for secret in known)
    assert "authorization" not in it.scheme().strip(it.scheme().preview(get())).headers


# --- the server's side ----------------------------------------------------------------------------------------------


def asked_for(**changes: str) -> tuple[World, Any]:
    it = world(*APP)
    query = params(oauth(it).authorization_url().url) | changes
    return it, it.verifier.consent(
        IncomingRequest("GET", "/authorize", query=tuple((n, v) for n, v in query.items() if v))
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_id", "other"),
        ("client_id", ""),
        ("redirect_uri", "http://127.0.0.1:8765/callback/"),
        ("redirect_uri", "http://127.0.0.1:9999/callback"),
        ("redirect_uri", ""),
    ],
)
def test_nobody_is_sent_to_a_redirect_url_that_is_not_registered(name: str, value: str) -> None:
    assert isinstance(asked_for(**{name: value})[1], Refusal)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "read admin", "invalid_scope"),
    ],
)
def test_a_wrong_question_goes_back_with_its_error_and_state(name: str, value: str, error: str) -> None:
    _, request = asked_for(**{name: value})
    assert isinstance(request, ConsentRequest)
    assert request.error == error
    back = params(request.denied())
    assert (back["error"], back["state"]) == (error, request.state)


def test_who_does_not_consent_is_sent_back_with_access_denied() -> None:
    it, request = asked_for()
    with pytest.raises(CredentialRefused, match="access_denied"):
        read_redirect(request.denied(), request.state)
    assert it.verifier.approve(request).startswith("http://127.0.0.1:8765/callback?code=")


def grant(it: World, **changes: str) -> Any:
    scheme = oauth(it)
    asked = scheme.authorization_url()
    code = read_redirect(it.verifier.approve(consent(it, asked.url)), asked.state)
    form = dict(arrived(scheme.exchange_request(code, asked.verifier)).form) | changes
    return it.verifier.token(IncomingRequest("POST", "/token", form=tuple(form.items()))), form


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "other"}, "invalid_grant"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:8765/other"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "app-2"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_a_code_is_bound_to_everything_it_was_given_for(changes: dict[str, str], error: str) -> None:
    refused, _ = grant(world(*APP), **changes)
    assert isinstance(refused, Refusal)
    assert refused.check == error


def test_a_code_is_good_once_and_its_second_use_ends_its_tokens() -> None:
    it = world(*APP)
    table, form = grant(it)
    came = IncomingRequest("GET", "/x", headers={"authorization": f"Bearer {table['access_token']}"})
    assert it.verifier.verify(came) == Grant("demo")
    refused = it.verifier.token(IncomingRequest("POST", "/token", form=tuple(form.items())))
    assert isinstance(refused, Refusal)
    assert refused.check == "invalid_grant"
    assert it.verifier.verify(came).check == "token_blacklisted"


def test_a_code_expires() -> None:
    it = world(*APP)
    scheme = oauth(it)
    asked = scheme.authorization_url()
    code = read_redirect(it.verifier.approve(consent(it, asked.url)), asked.state)
    it.clock.now += 60
    refused = exchange(it, scheme.exchange_request(code, asked.verifier))
    assert isinstance(refused, Refusal)
    assert refused.check == "invalid_grant"


def test_a_refresh_token_is_good_once_and_its_second_use_ends_the_family() -> None:
    it = world(*APP)
    table, _ = grant(it)
    scheme = oauth(it)
    first = exchange(it, scheme.refresh_request(Secret(table["refresh_token"])))
    assert {"access_token", "refresh_token", "expires_in", "token_type"} <= set(first)
    again = exchange(it, scheme.refresh_request(Secret(table["refresh_token"])))
    assert isinstance(again, Refusal)
    stolen = exchange(it, scheme.refresh_request(Secret(first["refresh_token"])))
    assert isinstance(stolen, Refusal)
    came = IncomingRequest("GET", "/x", headers={"authorization": f"Bearer {first['access_token']}"})
    assert it.verifier.verify(came).check == "token_blacklisted"


def test_the_client_may_authenticate_by_basic_but_not_twice() -> None:
    it = world(*APP)
    basic = "Basic YXBwLTE6Y2xpZW50K3NoaCUyQg=="  # printf 'app-1:client+shh%2B' | base64
    form = (("grant_type", "refresh_token"), ("refresh_token", "demo-refresh"))
    once = IncomingRequest("POST", "/token", form=form, headers={"authorization": basic})
    assert "access_token" in it.verifier.token(once)
    twice = IncomingRequest(
        "POST", "/token", form=(*form, ("client_secret", "client shh+")), headers={"authorization": basic}
    )
    assert it.verifier.token(twice).check == "invalid_request"


@pytest.mark.parametrize(
    ("later", "token", "check"),
    [(0, "", "token_malformed"), (0, "nobody", "token_unknown"), (3600, None, "token_expired"), (3599, None, None)],
)
def test_access_tokens_are_checked(later: int, token: str | None, check: str | None) -> None:
    it = world(*APP)
    table, _ = grant(it)
    it.clock.now += later
    value = table["access_token"] if token is None else token
    verdict = it.verifier.verify(IncomingRequest("GET", "/x", headers={"authorization": f"Bearer {value}"}))
    assert verdict == Grant("demo") if check is None else verdict.check == check


def test_a_refresh_token_is_no_access_token() -> None:
    it = world(*APP)
    table, _ = grant(it)
    came = IncomingRequest("GET", "/x", headers={"authorization": f"Bearer {table['refresh_token']}"})
    assert it.verifier.verify(came).check == "token_unknown"
