"""The rotating bearer token: the client against the verifier, and by hand where several calls are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from explorer.core.auth import scheme_for
from explorer.core.auth.base import Anonymous
from explorer.core.auth.verifier import Grant, IncomingRequest, Refusal
from explorer.core.catalog.model import Endpoint
from explorer.core.text.secret import Secret
from explorer.errors import CredentialMissing, CredentialRefused
from tests.core.auth_world import World, arrived, converse, endpoint, get, vendor

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = {
    "sign_in": "sign_in",
    "sign_in_values": {"email": "email", "password": "password"},
    "sign_in_other_values": [{"token": "facebook_token"}],
    "also_sign_in": ["sign_in_facebook"],
    "sign_out": "sign_out",
}
DEMO = {"email": "ada@shop.example", "password": "engine", "facebook_token": "fb-1", "token": "demo-start"}


def world(*held: str) -> World:
    return World(vendor("rotating_bearer", OPTIONS, DEMO), {name: DEMO[name] for name in held})


def server(it: World, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    """The vendor: signs in, signs out, and answers every other call that its verifier lets in with *status*."""

    def answer(request: httpx.Request) -> httpx.Response:
        came = arrived(request)
        if came.path == "/sign_in":
            token = it.verifier.sign_in(dict(came.form))
            return httpx.Response(401) if isinstance(token, Refusal) else httpx.Response(200, json={"token": token})
        verdict = it.verifier.verify(came)
        if isinstance(verdict, Refusal):
            return httpx.Response(401, json={"message": verdict.check})
        if came.path == "/sign_out":
            it.verifier.revoke(it.verifier.token_of(came))
        return httpx.Response(status, headers=list(verdict.headers), json={})

    return answer


def bearer(request: httpx.Request) -> str:
    return str(request.headers.get("authorization", ""))


def test_it_signs_in_first_and_uses_each_new_token_once() -> None:
    it = world("email", "password")
    paths, tokens = [], []
    for _ in range(4):
        it.clock.now += 60
        for request, response in converse(it.scheme(), get(), server(it)):
            paths.append(request.url.path)
            tokens.append(bearer(request))
            assert response.status_code == 200
    assert paths == ["/root/sign_in", "/root/x", "/root/x", "/root/x", "/root/x"]
    assert tokens[0] == ""
    assert len(set(tokens[1:])) == 4
    assert all(token.startswith("Bearer ") for token in tokens[1:])


def test_the_sign_in_is_marked_as_a_step_of_its_own() -> None:
    it = world("email", "password")
    flow = it.scheme().auth_flow(get())
    assert next(flow).extensions["explorer.purpose"] == "auth"
    assert "explorer.purpose" not in flow.send(httpx.Response(200, json={"token": "T0"})).extensions


@pytest.mark.parametrize("status", [200, 404, 422, 500])
def test_the_next_token_is_taken_from_every_answer(status: int) -> None:
    it = world("email", "password")
    for _ in range(3):
        it.clock.now += 60
        assert converse(it.scheme(), get(), server(it, status))[-1][1].status_code == status
    assert len([one for one in it.tokens.history if one.origin == "sign_in"]) == 1


def test_a_given_token_is_used_first_and_never_again() -> None:
    it = world("token")
    assert it.scheme().missing() == ()
    sent = [bearer(pair[0]) for _ in range(3) for pair in converse(it.scheme(), get(), server(it))]
    assert sent[0] == "Bearer demo-start"
    assert "Bearer demo-start" not in sent[1:]


def test_a_facebook_token_signs_in_where_there_is_no_password() -> None:
    it = world("facebook_token")
    requests = [request for request, _ in converse(it.scheme(), get(), server(it))]
    assert requests[0].content == b"token=fb-1"
    assert bearer(requests[1]).startswith("Bearer s")


def test_two_calls_at_once_share_a_token_within_its_grace() -> None:
    it = world("token")
    one, two = it.scheme().auth_flow(get()), it.scheme().auth_flow(get())
    first, second = next(one), next(two)
    assert bearer(first) == bearer(second) == "Bearer demo-start"
    answer = server(it)
    late = answer(first)
    it.clock.now += 4.9
    for flow, response in ((two, answer(second)), (one, late)):
        assert response.status_code == 200
        with pytest.raises(StopIteration):
            flow.send(response)
    third = next(it.scheme().auth_flow(get()))
    assert bearer(third) == late.headers["authorization"]


def test_a_used_token_without_a_successor_is_not_used_after_its_grace() -> None:
    it = world("token", "email", "password")
    next(it.scheme().auth_flow(get()))
    it.clock.now += 4
    assert bearer(next(it.scheme().auth_flow(get()))) == "Bearer demo-start"
    it.clock.now += 1
    assert next(it.scheme().auth_flow(get())).url.path == "/root/sign_in"


def test_a_slow_answer_does_not_bring_an_old_token_back() -> None:
    it = world("email", "password")
    slow, answer = it.scheme().auth_flow(get()), server(it)
    request = slow.send(answer(next(slow)))
    late = answer(request)
    it.clock.now += 1
    for _ in range(2):
        converse(it.scheme(), get(), answer)
    newest = it.tokens.current(it.clock.now)
    with pytest.raises(StopIteration):
        slow.send(late)
    assert it.tokens.current(it.clock.now) == newest


def test_a_refused_read_is_tried_once_more_with_the_token_that_came_meanwhile() -> None:
    it = world("token")
    flow = it.scheme().auth_flow(get())
    next(flow)
    converse(it.scheme(), get(), server(it))
    second = flow.send(httpx.Response(401))
    assert second.extensions["explorer.purpose"] == "retry"
    assert bearer(second) not in ("", "Bearer demo-start")
    with pytest.raises(StopIteration):
        flow.send(server(it)(second))


def test_a_refused_read_signs_in_again_once() -> None:
    it = world("token", "email", "password")
    seen = converse(
        it.scheme(),
        get(),
        lambda request: server(it)(request) if "sign_in" in str(request.url) else httpx.Response(401),
    )
    assert [request.url.path for request, _ in seen] == ["/root/x", "/root/sign_in", "/root/x"]


def test_a_refused_write_is_not_sent_again_and_its_token_not_used_again() -> None:
    it = world("token", "email", "password")
    seen = converse(it.scheme(read=False), get(method="POST"), lambda _: httpx.Response(401))
    assert len(seen) == 1
    assert next(it.scheme(read=False).auth_flow(get(method="POST"))).url.path == "/root/sign_in"


def test_signing_out_forgets_the_token_here_and_kills_it_there() -> None:
    it = world("email", "password")
    converse(it.scheme(), get(), server(it))
    seen = converse(it.scheme(endpoint("sign_out"), read=False), get("/sign_out", method="DELETE"), server(it))
    dead = [arrived(request) for request, _ in seen] + [
        IncomingRequest("GET", "/x", headers={"authorization": seen[-1][1].headers["authorization"]})
    ]
    for came in dead:
        verdict = it.verifier.verify(came)
        assert isinstance(verdict, Refusal)
        assert verdict.check == "token_blacklisted"
    assert it.tokens.history == ()
    assert next(it.scheme().auth_flow(get())).url.path == "/root/sign_in"


def test_a_failed_sign_out_forgets_nothing() -> None:
    it = world("token")
    converse(it.scheme(endpoint("sign_out"), read=False), get("/sign_out"), lambda _: httpx.Response(503))
    assert it.tokens.current(it.clock.now) is not None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"message": "no"}),
        httpx.Response(200, json={"jwt": "T0"}),
        httpx.Response(200, json={"token": ""}),
        httpx.Response(200, json=["token"]),
        httpx.Response(200, text="<html>"),
    ],
)
def test_a_sign_in_without_a_token_is_said_and_shows_no_password(answer: httpx.Response) -> None:
    it = world("email", "password")
    with pytest.raises(CredentialRefused) as caught:
        converse(it.scheme(), get(), lambda _: answer)
    assert "sign_in" in caught.value.message
    assert "engine" not in caught.value.message + caught.value.hint


def test_nothing_is_sent_without_credentials() -> None:
    it = world("email")
    assert it.scheme().missing() == ("password",)
    with pytest.raises(CredentialMissing):
        next(it.scheme().auth_flow(get()))


def test_the_preview_says_that_a_token_comes_first_and_makes_none_up() -> None:
    it = world("email", "password")
    assert it.scheme().preview(get()).headers["authorization"] == "Bearer {token}"
    assert "sign_in" in it.scheme().prerequisite()
    it.held["token"] = "given"
    assert it.scheme().preview(get()).headers["authorization"] == "Bearer given"
    assert it.scheme().prerequisite() == ""
    text = repr(it.scheme().explain(get()))
    assert "given" not in text
    assert {"given", "engine"} <= {secret.reveal() for secret in it.scheme().secrets()}
    assert "authorization" not in it.scheme().strip(it.scheme().preview(get())).headers


@pytest.mark.parametrize("name", ["sign_in", "sign_in_facebook"])
def test_signing_in_by_hand_gives_the_token_of_the_next_call(name: str) -> None:
    it = world("token")
    call = Endpoint(id=name, title="Sign in", group="Test", path="/sign_in", auth="none")
    scheme = scheme_for(it.vendor, call, it.context(call))
    assert isinstance(scheme, Anonymous)
    converse(scheme, get("/sign_in"), lambda _: httpx.Response(200, json={"token": "by-hand"}))
    assert bearer(next(it.scheme().auth_flow(get()))) == "Bearer by-hand"


def test_an_anonymous_call_carries_and_learns_nothing() -> None:
    it = world("token")
    call = Endpoint(id="ping", title="Ping", group="Test", path="/ping")
    scheme = scheme_for(it.vendor, call, it.context(call))
    seen = converse(scheme, get("/ping"), lambda _: httpx.Response(200, json={"token": "x"}))
    assert "authorization" not in seen[0][0].headers
    assert not it.tokens.has_seen(Secret("x"))


@pytest.mark.parametrize(
    ("headers", "check"),
    [
        ({}, "token_missing"),
        ({"bearer": "demo-start"}, "token_malformed"),
        ({"authorization": "Bearer: demo-start"}, "token_malformed"),
        ({"authorization": "demo-start"}, "token_malformed"),
        ({"authorization": "Bearer"}, "token_malformed"),
        ({"authorization": "Bearer "}, "token_malformed"),
        ({"authorization": "Bearer demo start"}, "token_malformed"),
        ({"authorization": "Basic ZGVtbw=="}, "token_malformed"),
        ({"authorization": "Bearer nobody"}, "token_unknown"),
    ],
)
def test_malformed_headers_and_strange_tokens_are_refused(headers: dict[str, str], check: str) -> None:
    refused = world().verifier.verify(IncomingRequest("GET", "/x", headers=headers))
    assert isinstance(refused, Refusal)
    assert refused.check == check
    assert "demo-start" not in refused.message + refused.got + refused.expected


def test_the_word_bearer_is_taken_in_any_case() -> None:
    granted = world().verifier.verify(IncomingRequest("GET", "/x", headers={"authorization": "bearer demo-start"}))
    assert isinstance(granted, Grant)


@pytest.mark.parametrize(("after", "good"), [(0.0, True), (5.0, True), (5.1, False), (3600.0, False)])
def test_the_vendor_lets_a_used_token_in_for_five_seconds(after: float, good: bool) -> None:
    it = world()
    came = IncomingRequest("GET", "/x", headers={"authorization": f"Bearer {it.verifier.mint('demo')}"})
    assert isinstance(it.verifier.verify(came), Grant)
    it.clock.now += after
    verdict = it.verifier.verify(came)
    assert isinstance(verdict, Grant) if good else isinstance(verdict, Refusal) and verdict.check == "token_blacklisted"


@pytest.mark.parametrize(
    "values", [{}, {"email": DEMO["email"]}, {"email": DEMO["email"], "password": "x"}, {"token": "fb-2"}]
)
def test_the_vendor_gives_no_token_for_wrong_credentials(values: dict[str, str]) -> None:
    refused = world().verifier.sign_in(values)
    assert isinstance(refused, Refusal)
    assert refused.check == "credentials"
