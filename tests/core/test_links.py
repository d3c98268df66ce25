"""Ids that lead from an answer to another call: in the shipped catalog, and case by case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from explorer.core.body.document import Document
from explorer.core.body.structure import siblings
from explorer.core.catalog.load import read_toml
from explorer.core.form import find_parameter
from explorer.core.links import Links, consumed_kinds, link_targets, object_scalars, steps_of
from explorer.core.model import Call, Entry, Exchange, ReceivedResponse, SentRequest
from explorer.core.text.json_path import format_path
from explorer.errors import CatalogError
from explorer.session.context import SessionContext
from explorer.session.links import resolve_link
from explorer.store.catalogs import decode
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.preferences import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from explorer.core.catalog import Catalog

VENDORS = ("xsellcast", "fashionphile", "cottoncart", "quickstart", "endlessaisles")


def scalars(value: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Path, value and what stands beside it, of every scalar of a body."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        if isinstance(one, str | int) and not isinstance(one, bool):
            yield format_path((*steps, key)), str(one), object_scalars(value)
        else:
            yield from scalars(one, (*steps, key))


@pytest.mark.parametrize("vendor_id", VENDORS)
def test_every_kind_that_is_taken_stands_in_some_sample(shipped: Catalog, vendor_id: str) -> None:
    """A parameter that takes an id can be reached from an answer that the document shows."""
    vendor = shipped.vendors[vendor_id]
    taken = {kind for endpoint in vendor.endpoints.values() for kind in consumed_kinds(vendor, endpoint).values()}
    found = set()
    for endpoint in vendor.endpoints.values():
        links = Links(vendor, endpoint)
        for sample in endpoint.samples:
            if sample.status >= 300 or sample.body[:1] not in ("{", "["):
                continue
            for path, value, beside in scalars(json.loads(sample.body)):
                kinds = links.kinds(path, value, beside)
                found |= {kind for kind, _ in kinds}
                for way in link_targets(vendor, kinds, {}):
                    assert find_parameter(way.endpoint, way.field) is not None, (endpoint.id, path, way.field)
    assert taken
    only_here = {
        kind
        for kind in taken
        if sum(kind in consumed_kinds(vendor, one).values() for one in vendor.endpoints.values()) == 1
    }
    assert taken - found <= only_here


def test_each_named_parameter_takes_the_id_that_the_sample_shows(shipped: Catalog) -> None:
    """The ids of samples fit the parameters: an integer is never asked to hold a text."""
    from explorer.core.form import validate_form

    for vendor in shipped.vendors.values():
        for endpoint in vendor.endpoints.values():
            links = Links(vendor, endpoint)
            for sample in endpoint.samples:
                if sample.status >= 300 or sample.body[:1] not in ("{", "["):
                    continue
                for path, value, beside in scalars(json.loads(sample.body)):
                    for way in link_targets(vendor, links.kinds(path, value, beside), {}):
                        problems = [
                            one for one in validate_form(way.endpoint, way.entries).errors if one.field == way.field
                        ]
                        assert not problems, (endpoint.id, path, way.endpoint.id, problems)


def test_a_name_that_leads_nowhere_is_a_mistake_of_the_catalog(shipped: Catalog) -> None:
    text = """
    [vendors.shop]
    title = "Shop"
    consumes = { gone = "thing" }
    produces = [{ path = "**.id", kind = "thin" }]
    [vendors.shop.endpoints.one]
    title = "One"
    group = "G"
    path = "/one/{id}"
    consumes = { ident = "thing" }
    params = { id = { in = "path" } }
    """
    with pytest.raises(CatalogError) as caught:
        decode(read_toml(text, "x"), "x")
    said = str(caught.value)
    assert "vendors.shop.consumes.gone" in said
    assert "unknown parameter 'ident'; known: id" in said
    assert "unknown kind of id 'thin'" in said


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("data[3].attributes.price", ("data", 3, "attributes", "price")),
        ('["odd key"].x', ("odd key", "x")),
        ('data["81001"]', ("data", "81001")),
        ("[2].id", (2, "id")),
        ("/response/stores[1]/item[2]/store_id[1]", ("stores", "item", "store_id")),
        ("", ()),
    ],
)
def test_paths_as_the_body_writes_them(path: str, steps: tuple[str | int, ...]) -> None:
    assert steps_of(path) == steps


# --- following -------------------------------------------------------------------------------------------------------


@pytest.fixture
def session(shipped: Catalog, environ: Mapping[str, str]) -> SessionContext:
    folders = Folders.from_environ(environ)
    return SessionContext(
        catalog=shipped, settings=Settings(), folders=folders, vault=Vault(environ, keyring=None), environ=environ
    )


def answered(address: str, body: Any, *entries: Entry) -> Exchange:
    vendor, _, endpoint = address.partition(".")
    return Exchange(
        call=Call(vendor=vendor, endpoint=endpoint, entries=entries),
        started_at=0.0,
        request=SentRequest(method="GET", url="http://127.0.0.1/x"),
        response=ReceivedResponse(status=200, body=json.dumps(body).encode()),
    )


def followed(session: SessionContext, exchange: Exchange, path: str, value: str) -> list[tuple[str, dict[str, str]]]:
    found = resolve_link(session, exchange, path, value, {})
    return [(way.endpoint.id, {entry.name: entry.value for entry in way.entries}) for way in found.link_targets]


def test_what_else_a_call_needs_comes_from_around_the_id(session: SessionContext) -> None:
    """The size of a product needs the product's id as well: it stands in the record around it."""
    body = {"data": [{"id": 1, "sizes": []}, {"id": 70101, "sizes": [{"id": 81001}]}]}
    found = dict(followed(session, answered("endlessaisles.products_list", body), "data[1].sizes[0].id", "81001"))
    assert found["product_option"] == {"productId": "70101", "optionId": "81001"}
    assert found["products_by_size"] == {"id": "81001"}
    assert found["stock"] == {"sku": "81001"}
    assert found["orders_create"] == {"line_items[0].id": "81001"}
    assert "products_get" not in found
    assert next(iter(found)) != "orders_create", "reads come first"


def test_what_was_sent_fills_the_way_back_in(session: SessionContext) -> None:
    body = {
        "data": {
            "type": "carts",
            "id": "7",
            "relationships": {"cartItems": {"data": [{"type": "cartItems", "id": "3"}]}},
        }
    }
    exchange = answered("fashionphile.cart_fetch", body, Entry(name="id", value="7"))
    found = followed(session, exchange, "data.relationships.cartItems.data[0].id", "3")
    assert found == [("cart_item_remove", {"cartId": "7", "cartItemId": "3"})]
    assert "cart_fetch" not in dict(followed(session, exchange, "data.id", "7"))


def test_a_key_may_be_the_id(session: SessionContext) -> None:
    exchange = answered("endlessaisles.stock", {"data": {"81001": 5}})
    found = dict(followed(session, exchange, 'data["81001"]', "5"))
    assert found["products_by_size"] == {"id": "81001"}


def test_the_type_tells_ids_of_json_api_apart(session: SessionContext) -> None:
    body = {
        "data": {"type": "carts", "id": "7"},
        "included": [{"type": "brands", "id": "10003"}, {"type": "products", "id": "10003"}],
    }
    exchange = answered("fashionphile.cart_fetch", body)
    assert followed(session, exchange, "included[0].id", "10003") == []
    assert "product_fetch" in dict(followed(session, exchange, "included[1].id", "10003"))


def test_a_relationship_leads_to_the_object_that_is_included(session: SessionContext) -> None:
    body = {
        "data": [
            {"type": "user_searches", "id": "1", "relationships": {"search": {"data": {"type": "search", "id": "9"}}}}
        ],
        "included": [{"type": "search", "id": "1"}, {"type": "other", "id": "9"}, {"type": "search", "id": "9"}],
    }
    exchange = answered("fashionphile.search_list", body)
    for member, value in (("id", "9"), ("type", "search")):
        found = resolve_link(session, exchange, f"data[0].relationships.search.data.{member}", value, {})
        assert found.included == 2
    assert resolve_link(session, exchange, "included[2].id", "9", {}).included is None
    missing = msgspec.structs.replace(exchange, response=ReceivedResponse(status=200, body=b'{"data": []}'))
    beside = {"type": "search", "id": "9"}
    assert resolve_link(session, missing, "data[0].relationships.search.data.id", "9", beside).included is None


def test_masked_and_empty_values_lead_nowhere(session: SessionContext) -> None:
    exchange = answered("quickstart.orders_list", {"data": [{"customer_id": "••••••"}, {"customer_id": None}]})
    assert followed(session, exchange, "data[0].customer_id", "••••••") == []
    assert followed(session, exchange, "data[1].customer_id", "null") == []


def test_siblings_are_read_off_the_lines(shipped: Catalog) -> None:
    body = {"data": [{"type": "carts", "id": "1", "deep": {"id": "2", "type": "x"}, "last": 5}, {"id": "3"}]}
    document = Document(json.dumps(body).encode(), "application/json")
    lines = [document.line(number).strip() for number in range(document.line_count)]
    at = lines.index('"id": "1",')
    assert siblings(document, at) == {"type": "carts", "id": "1", "last": "5"}
    assert siblings(document, lines.index('"id": "2",')) == {"id": "2", "type": "x"}
    assert siblings(document, lines.index('"id": "3"')) == {"id": "3"}


def test_ids_of_xml_lead_on_as_well(session: SessionContext) -> None:
    body = b"<response><stores><store><store_id>demostore</store_id></store></stores></response>"
    exchange = msgspec.structs.replace(
        answered("cottoncart.catalogue_stores", {}),
        response=ReceivedResponse(status=200, headers=(("Content-Type", "text/xml"),), body=body),
    )
    found = dict(followed(session, exchange, "/response/stores[1]/store[1]/store_id[1]", "demostore"))
    assert found["catalogue_store_info"] == {"store_id": "demostore"}
