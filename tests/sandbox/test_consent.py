"""The OAuth2 code flow (003:7-11) as RFC 6749, 7636 and 8252 have it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.world import JSON, World, check

if TYPE_CHECKING:
    import httpx

# RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REDIRECT = "http://127.0.0.1:8765/callback"
ASK = {
    "response_type": "code",
    "client_id": "demo-client",
    "redirect_uri": REDIRECT,
    "state": "a state & more",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def ask(world: World, **changes: str | None) -> httpx.Response:
    params = {name: value for name, value in {**ASK, **changes}.items() if value is not None}
    return world.call("quickstart", "GET", "/oauth/authorize", params=params, headers={"Accept": "text/html"})


def decide(world: World, page: httpx.Response, decision: str) -> dict[str, str]:
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    action = re.search(r'action="([^"]+)"', page.text)
    assert ticket is not None
    assert action is not None
    url = f"http://127.0.0.1:{world.port}{action[1]}"
    answer = world.client.post(url, data={"ticket": ticket[1], "decision": decision})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(REDIRECT + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def code(world: World) -> str:
    return decide(world, ask(world), "allow")["code"]


def exchange(world: World, **changes: str | None) -> httpx.Response:
    data = {
        "grant_type": "authorization_code",
        "client_id": "demo-client",
        "client_secret": "demo-client-secret",
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }
    kept = {name: value for name, value in data.items() if value is not None}
    return world.call("quickstart", "POST", "/oauth/token", data=kept, headers=JSON)


def test_a_consent_becomes_a_token_that_opens_the_api(world: World) -> None:
    page = ask(world)
    assert page.headers["content-type"].startswith("text/html")
    assert "demo-client" in page.text
    back = decide(world, page, "allow")
    assert back["state"] == ASK["state"]
    answer = exchange(world, code=back["code"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    assert world.quick("/customers/12", tokens["access_token"]).status_code == 200
    world.now += tokens["expires_in"] + 1
    late = world.quick("/customers/12", tokens["access_token"])
    assert (late.status_code, check(late)) == (401, "token_expired")
    assert late.headers["www-authenticate"] == "Bearer"


def test_a_no_goes_back_as_access_denied(world: World) -> None:
    back = decide(world, ask(world), "deny")
    assert back["error"] == "access_denied"
    assert back["state"] == ASK["state"]
    assert "code" not in back


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": "http://127.0.0.1:9999/callback"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": None},
        {"client_id": "nobody"},
        {"client_id": None},
    ],
)
def test_an_unknown_application_or_address_is_never_redirected_to(world: World, changes: dict[str, Any]) -> None:
    answer = ask(world, **changes)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert check(answer) in ("redirect_uri", "client_id")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_other_faults_go_back_to_the_application(world: World, changes: dict[str, Any], error: str) -> None:
    answer = ask(world, **changes)
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["error"] == [error]
    assert back["state"] == [ASK["state"]]
    assert check(answer) == error


def test_a_decision_is_taken_once(world: World) -> None:
    page = ask(world)
    decide(world, page, "allow")
    with pytest.raises(AssertionError):
        decide(world, page, "allow")


def test_a_code_is_good_once_and_its_tokens_die_with_the_second_use(world: World) -> None:
    once = code(world)
    token = exchange(world, code=once).json()["access_token"]
    again = exchange(world, code=once)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert world.quick("/customers/12", token).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code_verifier": VERIFIER[:-1] + "x"}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:8765/other"}, 400, "invalid_grant"),
        ({"code": "made-up"}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
    ],
)
def test_the_token_call_answers_with_the_codes_of_the_rfc(
    world: World, changes: dict[str, Any], status: int, error: str
) -> None:
    answer = exchange(world, **{"code": code(world), **changes})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert check(answer) == error
    if status == 401:
        assert "www-authenticate" in answer.headers


def test_a_code_does_not_last(world: World) -> None:
    late = code(world)
    world.now += 61
    assert exchange(world, code=late).json()["error"] == "invalid_grant"


def test_a_client_may_use_basic(world: World) -> None:
    basic = base64.b64encode(b"demo-client:demo-client-secret").decode()
    data = {
        "grant_type": "authorization_code",
        "code": code(world),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    headers = {**JSON, "Authorization": f"Basic {basic}"}
    assert world.call("quickstart", "POST", "/oauth/token", data=data, headers=headers).status_code == 200


def test_refreshing_gives_a_new_pair_and_spends_the_old_one(world: World) -> None:
    first = exchange(world, code=code(world)).json()
    refresh = {"grant_type": "refresh_token", "redirect_uri": None, "code_verifier": None}
    second = exchange(world, **refresh, refresh_token=first["refresh_token"]).json()
    assert second["access_token"] != first["access_token"]
    assert world.quick("/customers/12", second["access_token"]).status_code == 200
    assert exchange(world, **refresh, refresh_token=first["refresh_token"]).json()["error"] == "invalid_grant"


def test_the_token_call_takes_a_form_only(world: World) -> None:
    answer = world.call("quickstart", "POST", "/oauth/token", json={"grant_type": "refresh_token"}, headers=JSON)
    assert check(answer) == "content_type"


def test_the_page_shows_what_it_was_given_as_text(world: World) -> None:
    page = ask(world, scope="<script>alert(1)</script>")
    assert "<script>" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
