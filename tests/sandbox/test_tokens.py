"""Tokens as a parameter (000:49, 407, 459) and in a header of their own (004:20-42)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.world import JSON, World, check

if TYPE_CHECKING:
    from tests.sandbox.conftest import Serve

PAIR = {
    "error": "invalid_request",
    "error_description": "The request is missing a required parameter, includes an invalid parameter value, includes a "
    'parameter more than once, or is otherwise malformed. Check the "access token" parameter.',
}


def test_a_missing_token_gives_the_printed_pair(world: World) -> None:
    answer = world.call("xsellcast", "GET", "/api/v1/brands", headers=JSON)
    assert answer.status_code == 400
    assert answer.json() == PAIR
    assert check(answer) == "token_missing"


def test_the_list_of_users_gives_a_map_in_its_place(world: World) -> None:
    answer = world.call("xsellcast", "GET", "/api/v1/users", headers=JSON)
    assert answer.status_code == 422
    assert answer.json() == {"access_token": ["The access token field is required."]}


def test_the_token_goes_where_the_method_has_it(world: World) -> None:
    token = world.xsell_token()
    body = {"customer_id": "12", "offer_id": "9"}
    in_query = world.call(
        "xsellcast", "POST", "/api/v1/customer/offer", headers=JSON, params={"access_token": token}, data=body
    )
    assert check(in_query) == "token_place"
    in_form = world.call(
        "xsellcast", "POST", "/api/v1/customer/offer", headers=JSON, data={**body, "access_token": token}
    )
    assert in_form.status_code == 200
    get_with_body = world.call("xsellcast", "GET", "/api/v1/brands", headers=JSON, data={"access_token": token})
    assert check(get_with_body) == "token_place"
    twice = world.call("xsellcast", "GET", f"/api/v1/brands?access_token={token}&access_token={token}", headers=JSON)
    assert check(twice) == "token_repeated"


def test_head_answers_as_get_does_without_the_body(world: World) -> None:
    got, headed = world.xsell("GET", "/api/v1/brands"), world.xsell("HEAD", "/api/v1/brands")
    assert headed.status_code == 200
    assert headed.content == b""
    assert headed.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
    assert world.xsell("HEAD", "/api/v1/brand/999999").status_code == 404


def test_delete_takes_a_form_and_a_post_can_stand_for_it(world: World) -> None:
    values = {"customer_id": "12", "offer_id": "5", "_method": "DELETE"}
    assert world.xsell("DELETE", "/api/v1/customer/offer", values).json() == {
        "data": {"customer_id": 12, "offer_id": 5}
    }
    assert world.xsell("DELETE", "/api/v1/customer/offer", values).status_code == 404
    over_post = world.xsell("POST", "/api/v1/customer/offer", {**values, "offer_id": "8"})
    assert over_post.json() == {"data": {"customer_id": 12, "offer_id": 8}}


def test_an_unknown_token_is_denied(world: World) -> None:
    answer = world.call("xsellcast", "GET", "/api/v1/brands?access_token=made-up", headers=JSON)
    assert answer.status_code == 401
    assert answer.json()["error"] == "access_denied"


def test_wrong_client_credentials_mint_nothing(world: World) -> None:
    data = {"client_id": "demo-client", "client_secret": "wrong"}
    answer = world.call("xsellcast", "POST", "/api/oauth/request-token", headers=JSON, data=data)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "token_missing"),
        ({"X-EA-REQUEST-TOKEN": "made-up"}, "token_unknown"),
        ({"X-EA-REQUEST-TOKEN": "ea-demo-production-token"}, "token_environment"),
        ({"Authorization": "ea-demo-test-token"}, "token_missing"),
        ({"X-EA-REQUEST-TOKEN": "{ea-demo-test-token}"}, "token_unknown"),
    ],
)
def test_only_the_test_token_in_its_header_opens_the_shop(world: World, headers: dict[str, str], expected: str) -> None:
    answer = world.call("endlessaisles", "GET", "/api/stock", headers=headers)
    assert (answer.status_code, check(answer)) == (401, expected)
    assert answer.json() == {"error": "Unauthenticated."}


def test_a_shop_sees_its_own_orders_only(world: World) -> None:
    assert world.aisles("GET", "/api/orders/20418").status_code == 200
    assert world.aisles("GET", "/api/orders/20418", token="ea-demo-other-shop-token").status_code == 404


def test_credentials_of_the_environment_are_one_more_account(serve: Serve) -> None:
    world = serve(accounts={"API_EXPLORER_ENDLESSAISLES_TOKEN": "my-own"})
    assert world.aisles("GET", "/api/orders/20418", token="my-own").status_code == 200
    assert world.aisles("GET", "/api/orders/20418").status_code == 200
