"""Tokens that every answer replaces (001:57-71)."""

from __future__ import annotations

import pytest

from tests.sandbox.world import FASHION, World, check

UNAUTHORISED = {
    "message": "Failed to authenticate because of bad credentials or an invalid authorization header.",
    "status_code": 401,
}


def whoami(world: World, token: str, header: str = "Authorization", prefix: str = "Bearer ") -> tuple[int, str, str]:
    answer = world.call("fashionphile", "GET", "/api/whoami", headers={**FASHION, header: prefix + token})
    if answer.status_code == 401:
        assert answer.json() == UNAUTHORISED
    return answer.status_code, answer.headers.get("authorization", ""), check(answer)


def test_each_answer_brings_the_next_token(world: World) -> None:
    first = world.fashion_sign_in()
    status, following, _ = whoami(world, first)
    assert status == 200
    assert following.startswith("Bearer ")
    assert following != f"Bearer {first}"
    world.now += 60
    assert whoami(world, following.removeprefix("Bearer "))[0] == 200


def test_a_used_token_is_good_for_five_seconds_more(world: World) -> None:
    token = world.fashion_sign_in()
    assert whoami(world, token)[0] == 200
    world.now += 4.9
    assert whoami(world, token)[0] == 200
    world.now += 0.3
    assert whoami(world, token)[::2] == (401, "token_blacklisted")


def test_an_unused_token_waits(world: World) -> None:
    token = world.fashion_sign_in()
    world.now += 3600
    assert whoami(world, token)[0] == 200


def test_refusals_of_the_call_bring_the_next_token_too(world: World) -> None:
    missing = world.fashion("GET", "/api/carts/999")
    assert missing.status_code == 404
    assert missing.json() == {"message": "404 Not Found", "status_code": 404}
    assert "authorization" in missing.headers
    invalid = world.fashion("POST", "/api/carts/1/cart_items", json={"quantity": 1})
    assert invalid.status_code == 400
    assert "authorization" in invalid.headers


def test_signing_out_ends_the_token_and_its_successors_at_once(world: World) -> None:
    token = world.fashion_sign_in()
    following = whoami(world, token)[1].removeprefix("Bearer ")
    gone = world.call(
        "fashionphile", "DELETE", "/api/authenticate", headers={**FASHION, "Authorization": f"Bearer {token}"}
    )
    assert gone.status_code == 204
    assert "authorization" not in gone.headers
    assert whoami(world, token)[2] == "token_blacklisted"
    assert whoami(world, following)[2] == "token_blacklisted"


@pytest.mark.parametrize(
    ("header", "prefix", "expected"),
    [("Bearer", "", "token_malformed"), ("Authorization", "", "token_malformed"), ("X-Token", "", "token_missing")],
)
def test_the_token_stands_in_one_place_only(world: World, header: str, prefix: str, expected: str) -> None:
    token = world.fashion_sign_in()
    assert whoami(world, token, header, prefix)[::2] == (401, expected)


def test_wrong_credentials_are_refused(world: World) -> None:
    files = {"email": (None, "demo@example.com"), "password": (None, "wrong")}
    answer = world.call("fashionphile", "POST", "/api/authenticate", headers=FASHION, files=files)
    assert answer.status_code == 401
    assert answer.json() == UNAUTHORISED
    assert check(answer) == "credentials"


def test_a_facebook_token_signs_in_at_the_same_address(world: World) -> None:
    files = {"token": (None, "facebook-demo-token")}
    answer = world.call("fashionphile", "POST", "/api/authenticate", headers=FASHION, files=files)
    assert whoami(world, answer.json()["token"])[0] == 200


def test_anonymous_calls_need_no_token(world: World) -> None:
    assert world.call("fashionphile", "GET", "/api/ping", headers=FASHION).json() == {"message": "pong"}


def test_only_a_developer_may_ask_big_vision(world: World) -> None:
    text = {"brand": "Chanel", "class": "ChanelCaviar", "itemId": "10003", "itemType": "Product"}
    files = [(name, (None, value)) for name, value in text.items()] + [
        ("images[0]", ("a.jpg", b"\xff\xd8\xff", "image/jpeg"))
    ]
    allowed = world.fashion("POST", "/api/big-vision/authenticate", files=files)
    assert allowed.status_code == 200
    world.fashion_sign_in("shopper@example.com", "plain-bag-17")
    refused = world.fashion("POST", "/api/big-vision/authenticate", files=files)
    assert refused.status_code == 403
    assert refused.json() == {"message": "Forbidden", "status_code": 403}
    assert check(refused) == "role"


def test_a_new_account_can_sign_in(world: World) -> None:
    made = world.call(
        "fashionphile", "POST", "/api/account", headers=FASHION, json={"email": "new@example.com", "password": "pw"}
    )
    assert made.status_code == 200
    world.fashion_sign_in("new@example.com", "pw")
    assert world.fashion("GET", "/api/whoami").json() == {"message": "new@example.com"}
