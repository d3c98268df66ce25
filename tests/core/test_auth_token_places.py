"""Tokens that travel as a parameter or in a header of their own."""

from __future__ import annotations

import httpx
import pytest

from explorer.core.auth import scheme_for
from explorer.core.auth.verifier import Grant, IncomingRequest, Refusal
from explorer.core.catalog.model import Endpoint
from explorer.errors import CredentialMissing, CredentialRefused
from tests.core.auth_world import World, arrived, converse, form, get, multipart, vendor
from tests.properties import given, st

OPTIONS = {"mint": "request_token", "mint_values": {"client_id": "client_id", "client_secret": "client_secret"}}
DEMO = {"access_token": "demo token+/=", "client_id": "app", "client_secret": "shh"}
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=15)
names = texts.filter(lambda name: name not in ("", "access_token"))


def param_world(*held: str, **options: object) -> World:
    held_values = {name: DEMO[name] for name in held}
    return World(vendor("token_param", OPTIONS | options, DEMO, access_token="other-env"), held_values)


def server(it: World, request: httpx.Request) -> httpx.Response:
    came = arrived(request)
    if came.path == "/request_token":
        sent = dict(came.form)
        account = it.verifier.accounts.find({name: sent.get(name, "") for name in ("client_id", "client_secret")})
        if account is None:
            return httpx.Response(400)
        return httpx.Response(200, json={"access_token": it.verifier.mint(account.id)})
    return httpx.Response(401 if isinstance(it.verifier.verify(came), Refusal) else 200)


@given(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]), st.lists(st.tuples(names, texts), max_size=4))
def test_each_method_carries_it_in_its_place(method: str, pairs: list[tuple[str, str]]) -> None:
    it = param_world("access_token")
    in_query = method in ("GET", "HEAD")
    request = get("/x", *pairs, method=method) if in_query else form("/x", *pairs, method=method)
    came = arrived(it.scheme().preview(request))
    own = tuple(pairs)
    assert came.query == ((*own, ("access_token", DEMO["access_token"])) if in_query else ())
    assert came.form == (() if in_query else (*own, ("access_token", DEMO["access_token"])))
    assert it.verifier.verify(came) == Grant("demo")
    assert it.scheme().strip(it.scheme().preview(request)).content == request.content


def test_a_delete_without_parameters_gets_a_form() -> None:
    signed = param_world("access_token").scheme().preview(get(method="DELETE"))
    assert signed.content == b"access_token=demo%20token%2B%2F%3D"
    assert signed.headers["content-type"] == "application/x-www-form-urlencoded"
    assert signed.headers["content-length"] == str(len(signed.content))


def test_an_upload_carries_it_as_a_text_field() -> None:
    it = param_world("access_token")
    signed = it.scheme().preview(multipart("/x", {"a": "1"}, {"f": ("f.png", b"\x00", "image/png")}))
    assert arrived(signed).form == (("a", "1"), ("access_token", DEMO["access_token"]))
    assert it.verifier.verify(arrived(signed)) == Grant("demo")


def test_a_json_body_is_left_alone() -> None:
    request = httpx.Request("POST", "https://api.example/root/x", json={"a": 1})
    signed = param_world("access_token").scheme().preview(request)
    assert signed.content == request.content
    assert arrived(signed).query == (("access_token", DEMO["access_token"]),)


def test_a_reading_can_send_it_in_the_form_of_every_method() -> None:
    it = param_world("access_token", query_methods=[])
    signed = it.scheme().preview(get("/x", ("page", "2")))
    assert (arrived(signed).query, arrived(signed).form) == (
        (("page", "2"),),
        (("access_token", DEMO["access_token"]),),
    )
    assert it.verifier.verify(arrived(signed)) == Grant("demo")


def test_a_token_is_minted_once_and_kept() -> None:
    it = param_world("client_id", "client_secret")
    assert "request_token" in it.scheme().prerequisite()
    assert it.scheme().preview(get()).url.params["access_token"] == "{token}"
    paths = [pair[0].url.path for _ in range(3) for pair in converse(it.scheme(), get(), lambda r: server(it, r))]
    assert paths == ["/root/request_token", "/root/x", "/root/x", "/root/x"]
    assert it.scheme().prerequisite() == ""


def test_a_minted_token_that_the_vendor_forgot_is_replaced_for_a_read_only() -> None:
    it = param_world("client_id", "client_secret")
    converse(it.scheme(), get(), lambda r: server(it, r))
    it._verifier = None  # the vendor starts anew and knows nothing
    seen = converse(it.scheme(), get(), lambda r: server(it, r))
    assert [(r.url.path, s.status_code) for r, s in seen] == [
        ("/root/x", 401),
        ("/root/request_token", 200),
        ("/root/x", 200),
    ]
    assert seen[2][0].extensions["explorer.purpose"] == "retry"
    it._verifier = None
    write = form("/x", ("a", "1"))
    assert [s.status_code for _, s in converse(it.scheme(read=False), write, lambda r: server(it, r))] == [401]
    assert [s.status_code for _, s in converse(it.scheme(read=False), write, lambda r: server(it, r))] == [200, 200]


def test_asking_for_a_token_by_hand_gives_the_token_of_the_next_call() -> None:
    it = param_world()
    call = Endpoint(id="request_token", title="Token", group="Test", path="/request_token")
    scheme = scheme_for(it.vendor, call, it.context(call))
    converse(scheme, get("/request_token"), lambda _: httpx.Response(200, json={"access_token": "by-hand"}))
    assert it.scheme().preview(get()).url.params["access_token"] == "by-hand"


def test_a_given_token_that_is_refused_is_not_replaced() -> None:
    it = param_world("client_id", "client_secret")
    it.held["access_token"] = "mine"
    assert len(converse(it.scheme(), get(), lambda r: server(it, r))) == 1


def test_wrong_or_missing_client_credentials_are_said() -> None:
    it = param_world("client_id")
    assert it.scheme().missing() == ("client_secret",)
    with pytest.raises(CredentialMissing):
        it.scheme().preview(get())
    it.held["client_secret"] = "wrong"
    with pytest.raises(CredentialRefused) as caught:
        converse(it.scheme(), get(), lambda r: server(it, r))
    assert "wrong" not in str(caught.value)


TOKEN = ("access_token", DEMO["access_token"])


@pytest.mark.parametrize(
    ("came", "check"),
    [
        (IncomingRequest("GET", "/x"), "token_missing"),
        (IncomingRequest("GET", "/x", query=(("access_token", ""),)), "token_missing"),
        (IncomingRequest("GET", "/x", form=(TOKEN,)), "token_place"),
        (IncomingRequest("POST", "/x", query=(TOKEN,)), "token_place"),
        (IncomingRequest("DELETE", "/x", query=(TOKEN,)), "token_place"),
        (IncomingRequest("GET", "/x", query=(TOKEN, TOKEN)), "token_repeated"),
        (IncomingRequest("POST", "/x", query=(TOKEN,), form=(TOKEN,)), "token_repeated"),
        (IncomingRequest("GET", "/x", query=(("access_token", "nobody"),)), "token_unknown"),
        (IncomingRequest("GET", "/x", query=(("access_token", "other-env"),)), "token_environment"),
    ],
)
def test_the_vendor_is_strict_about_the_parameter(came: IncomingRequest, check: str) -> None:
    refused = param_world().verifier.verify(came)
    assert isinstance(refused, Refusal)
    assert refused.check == check
    assert DEMO["access_token"] not in refused.message + refused.got


def header_world() -> World:
    held = {"token": "live-1"}
    shop = vendor("token_header", {"header": "X-Shop-Token", "token": "token"}, held, token="production-1")
    return World(shop, dict(held))


@given(st.text("abcXYZ019-._~+/=", min_size=1, max_size=40))
def test_a_header_token_arrives_as_it_is(text: str) -> None:
    held = {"token": text}
    it = World(vendor("token_header", {"header": "X-Shop-Token"}, held), held)
    signed = it.scheme().preview(get())
    assert signed.headers["X-Shop-Token"] == text
    assert it.verifier.verify(arrived(signed)) == Grant("demo")
    tampered = IncomingRequest("GET", "/x", headers={"x-shop-token": text + "x"})
    refused = it.verifier.verify(tampered)
    assert isinstance(refused, Refusal)
    assert refused.check == "token_unknown"


def test_the_header_replaces_one_that_was_typed_and_can_be_stripped() -> None:
    it = header_world()
    request = get()
    request.headers["x-shop-token"] = "typed"
    sent = converse(it.scheme(), request, lambda _: httpx.Response(200))[0][0]
    assert sent.headers.get_list("X-Shop-Token") == ["live-1"]
    assert "X-Shop-Token" not in it.scheme().strip(sent).headers
    assert "live-1" not in repr(it.scheme().explain(request))


@pytest.mark.parametrize(
    ("headers", "check"),
    [
        ({}, "token_missing"),
        ({"authorization": "live-1"}, "token_missing"),
        ({"x-shop-token": "nobody"}, "token_unknown"),
        ({"x-shop-token": "production-1"}, "token_environment"),
        ({"x-shop-token": ""}, "token_malformed"),
        ({"x-shop-token": "Bearer live-1"}, "token_malformed"),
    ],
)
def test_the_vendor_knows_its_tokens_from_others(headers: dict[str, str], check: str) -> None:
    refused = header_world().verifier.verify(IncomingRequest("GET", "/x", headers=headers))
    assert isinstance(refused, Refusal)
    assert refused.check == check


def test_a_new_token_is_asked_for_only_with_the_credentials_for_it() -> None:
    request = next(param_world("client_id", "client_secret").scheme().renew())
    assert request.url.path.endswith("/request_token")
    assert list(param_world("access_token").scheme().renew()) == []
