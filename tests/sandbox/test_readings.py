"""The sandbox follows one reading of each contradiction, and names the other where it would explain a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.errors import UnknownName
from explorer.sandbox.server import create_app
from explorer.store.catalogs import decode
from tests.sandbox.world import World, check, reason

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog
    from tests.sandbox.conftest import Serve

TWO_WAYS = {
    "vendors": {
        "shop": {
            "title": "Shop",
            "readings": {
                "version": {
                    "about": "two versions",
                    "default": "one",
                    "why": "it is printed first",
                    "choices": {
                        "one": {"title": "v1"},
                        "two": {"title": "v2", "set": {"version": {"accept": "application/v2"}}},
                    },
                }
            },
            "endpoints": {
                "cancel": {
                    "title": "Cancel",
                    "group": "Orders",
                    "method": "PUT",
                    "path": "/orders/{id}/cancel",
                    "params": {"id": {"in": "path", "type": "integer", "required": True}, "why": {"in": "query"}},
                    "samples": [{"body": '{"done": true}'}],
                    "readings": {
                        "verb": {
                            "about": "heading against request",
                            "default": "put",
                            "why": "it writes",
                            "choices": {
                                "put": {"title": "PUT"},
                                "get": {"title": "GET", "lines": "536", "set": {"method": "GET"}},
                            },
                        },
                        "name": {
                            "about": "two spellings",
                            "default": "why",
                            "why": "table",
                            "choices": {
                                "why": {"title": "why"},
                                "reason": {
                                    "title": "reason",
                                    "set": {"params": {"why": False, "reason": {"in": "query"}}},
                                },
                            },
                        },
                    },
                }
            },
        }
    }
}


@pytest.fixture
def two_ways() -> Catalog:
    return decode(TWO_WAYS, "test")


def test_the_default_reading_is_followed_and_the_other_is_named(serve: Serve, two_ways: Catalog) -> None:
    world = serve(catalog=two_ways)
    assert world.call("shop", "PUT", "/orders/1/cancel").json() == {"done": True}
    refused = world.call("shop", "GET", "/orders/1/cancel")
    assert (refused.status_code, check(refused)) == (400, "method")
    assert "--reading verb=get" in reason(refused)


def test_another_name_of_a_parameter_is_explained_as_well(serve: Serve, two_ways: Catalog) -> None:
    refused = serve(catalog=two_ways).call("shop", "PUT", "/orders/1/cancel?reason=late")
    assert check(refused) == "unknown"
    assert "--reading name=reason" in reason(refused)


def test_a_reading_can_be_chosen_at_the_start(serve: Serve, two_ways: Catalog) -> None:
    world = serve(catalog=two_ways, readings={"shop.cancel.verb": "get"})
    assert world.call("shop", "GET", "/orders/1/cancel").status_code == 200
    assert "--reading verb=put" in reason(world.call("shop", "PUT", "/orders/1/cancel"))


def test_a_reading_of_the_whole_vendor_can_be_chosen(serve: Serve, two_ways: Catalog) -> None:
    world = serve(catalog=two_ways, readings={"shop.version": "two"})
    assert check(world.call("shop", "PUT", "/orders/1/cancel", headers={"Accept": "application/v1"})) == "accept"
    assert world.call("shop", "PUT", "/orders/1/cancel", headers={"Accept": "application/v2"}).status_code == 200


@pytest.mark.parametrize("readings", [{"shop.cancel.verbs": "get"}, {"shop.cancel.verb": "post"}, {"verb": "get"}])
def test_unknown_readings_are_an_error_at_the_start(two_ways: Catalog, readings: dict[str, str]) -> None:
    with pytest.raises(UnknownName):
        create_app(two_ways, now=lambda: 0.0, nonce=str, readings=readings)


def test_the_shipped_contradictions_of_paths_are_explained(world: World) -> None:
    # 001:84 prints another path than its example (001:77); 004:536 another verb than its heading (004:530)
    headers = {"Accept": "application/x.fashionphile.v1+json"}
    path = world.call("fashionphile", "POST", "/api/authentication", headers=headers, data={"email": "a@example.com"})
    assert path.status_code == 404
    assert "--reading" in reason(path)
    verb = world.aisles("GET", "/api/orders/20418/cancel")
    assert verb.status_code == 405
    assert "--reading" in reason(verb)


def test_readings_that_exclude_each_other_are_no_defect(serve: Serve) -> None:
    world = serve(readings={"endlessaisles.stock.sku_separator": "repeated"})
    answer = world.aisles("GET", "/api/stock?sku=81001,81002")
    assert (answer.status_code, check(answer)) == (422, "array")
    assert world.aisles("GET", "/api/stock?sku[]=81001").json() == {"data": {"81001": 42}}


def test_another_form_of_a_date_and_several_fields_to_sort_by(serve: Serve) -> None:
    world = serve(readings={"endlessaisles.orders_list.since_form": "year_first"})
    assert world.aisles("GET", "/api/orders?since=2026-03-01").status_code == 200
    world = serve(readings={"quickstart.orders_list.sort_fields": "several"})
    rows = world.quick("/orders?sort=status,total").json()
    assert rows == sorted(rows, key=lambda row: (row["status"], float(row["total"])))


def test_an_id_that_is_taken_for_a_text_still_names_its_record(serve: Serve) -> None:
    world = serve(readings={"xsellcast.brands_get.id_type": "string"})
    assert world.xsell("GET", "/api/v1/brand/3").status_code == 200


def test_a_key_that_a_merge_drops_is_not_in_the_answer(world: World) -> None:
    answer = world.cotton("catalogue/store_info.json", [("store_id", "demostore")])
    assert answer.json()["success"] is True
    assert "store_id" not in answer.json()


def test_another_reading_is_followed_from_the_next_request_on_and_tokens_stay(shipped: Catalog) -> None:
    import httpx

    from explorer.sandbox.server import SandboxServer

    with SandboxServer(shipped) as server, httpx.Client(trust_env=False) as client:
        world = World(shipped, server.port, client, 0.0)
        token = world.xsell_token()
        assert world.xsell("GET", "/api/v1/brands").status_code == 200
        server.served_catalog.set(shipped, {"xsellcast.brands_list.example_verb": "post"})
        assert world.xsell("GET", "/api/v1/brands").status_code == 405
        assert world.xsell("POST", "/api/v1/brands").status_code == 200
        assert world.tokens["xsellcast"] == token
        with pytest.raises(UnknownName):
            server.served_catalog.set(shipped, {"xsellcast.brands_list.example_verb": "put"})
        server.served_catalog.set(shipped, {})
        assert world.xsell("GET", "/api/v1/brands").status_code == 200
