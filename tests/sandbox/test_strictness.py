"""What is not as documented is refused, in the vendor's own shape, and says why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import FASHION, JSON, World, check, reason

ITEM: dict[str, Any] = {"upc": "012345678905", "id": 81001, "price": 18.5, "quantity": 1}
SHIPPING: dict[str, Any] = {
    "first_name": "Wren",
    "last_name": "Alder",
    "address_line_1": "18 Mill Lane",
    "city": "Ithaca",
    "state": "NY",
    "zip": "14850",
}
LINE = [("item7_product_id", "16001"), ("item7_colour_id", "810003"), ("item7_size", "M"), ("item7_quantity", "2")]


def order(**changes: Any) -> dict[str, Any]:
    return {"shipping": SHIPPING, "line_items": [ITEM], **changes}


# --- Cotton Cart: HTTP 200, success false, errorCode -----------------------------------------------------------------


@pytest.mark.parametrize("missing", range(4))
def test_each_index_of_an_order_needs_all_four_parameters(world: World, missing: int) -> None:
    pairs = [pair for number, pair in enumerate(LINE) if number != missing]
    answer = world.cotton("order/calculate.json", pairs)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": False,
        "errorCode": 400,
        "error": "Required parameter missing",
        "errorDetails": {"param": LINE[missing][0]},
    }
    assert check(answer) == "required"


def test_an_order_needs_an_item_and_indexes_may_have_gaps(world: World) -> None:
    assert world.cotton("order/calculate.json").json()["errorDetails"] == {"param": "item1_product_id"}
    other = [(name.replace("7", "12"), value) for name, value in LINE]
    answer = world.cotton("order/calculate.json", LINE + other).json()
    # 27.50 each; shipping of a line: 2.20 for the first piece, 0.90 for the second
    assert (answer["subtotal"], answer["shipping"], answer["total"]) == (110.0, 6.2, 116.2)


def test_start_needs_count(world: World) -> None:
    answer = world.call("cottoncart", "GET", "/v1/catalogue/stores.json?start=10")
    assert answer.json()["errorDetails"] == {"param": "count"}
    assert check(answer) == "requires"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/catalogue/stores.json?count=ten", "integer"),
        ("/v1/catalogue/stores.json?count=0", "min"),
        ("/v1/catalogue/stores.json?count=1.0", "integer"),
        ("/v1/catalogue/stores.json?count=1&count=2", "repeated"),
        ("/v1/catalogue/stores.json?count[]=1", "single"),
        ("/v1/catalogue/stores.json?limit=10", "unknown"),
        ("/v1/catalogue/stores.yaml", "enum"),
        ("/v1/catalogue/product_info.json?product_id=1x", "integer"),
        ("/v1/catalogue/product_info.json?product_id=16001&country=uk", "country"),
        ("/v1/catalogue/product_info.json?product_id=%ff", "integer"),
        ("/v1/catalogue/store_info.json?store_id=", "required"),
        ("/v1/catalogue/shops.json", "path"),
    ],
)
def test_catalogue_calls_mind_types_names_and_places(world: World, path: str, expected: str) -> None:
    answer = world.call("cottoncart", "GET", path)
    assert answer.status_code == 200
    assert answer.json()["success"] is False
    assert check(answer) == expected
    assert reason(answer)


def test_errors_are_xml_where_xml_was_asked_for(world: World) -> None:
    answer = world.call("cottoncart", "GET", "/v1/catalogue/store_info.xml")
    assert answer.headers["content-type"].startswith("application/xml")
    squeezed = "".join(line.strip() for line in answer.text.splitlines())
    assert squeezed == (
        '<?xml version="1.0" encoding="UTF-8"?><response><success>false</success><errorCode>400</errorCode>'
        "<error>Required parameter missing</error><errorDetails><param>store_id</param></errorDetails></response>"
    )


def test_a_value_cannot_be_set_and_cleared_and_one_contact_must_remain(world: World) -> None:
    both = world.cotton(
        "manage/edit_store.json",
        [("store_id", "demostore"), ("website", "https://a.example"), ("clear", "website")],
        method="POST",
    )
    assert check(both) == "not_listed"
    last = world.cotton(
        "manage/edit_store.json",
        [("store_id", "demostore"), ("clear", "website,facebook_url,twitter_id")],
        method="POST",
    )
    assert check(last) == "last_contact"
    unknown = world.cotton("manage/edit_store.json", [("store_id", "demostore"), ("clear", "name")], method="POST")
    assert check(unknown) == "enum"
    none = world.cotton(
        "manage/create_store.json", [("store_id", "new1"), ("rss_feed_url", "https://a.example/f")], method="POST"
    )
    assert check(none) == "at_least_one"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("scale", "4", "min"),
        ("scale", "101", "max"),
        ("horiz", "-101", "min"),
        ("vert", "101", "max"),
        ("product_type_id", "some", "integer"),
    ],
)
def test_ranges_of_a_new_product(world: World, name: str, value: str, expected: str) -> None:
    pairs = [("store_id", "demostore"), ("process", "flex"), ("name", "Gulls"), (name, value)]
    assert check(world.cotton("manage/create_product.json", pairs, method="POST")) == expected


# --- XSellCast: the OAuth pair, and a map of fields ------------------------------------------------------------------


def test_missing_and_long_fields_come_as_laravels_map(world: World) -> None:
    answer = world.xsell("POST", "/api/v1/users/store", {"lastname": "x" * 256})
    assert answer.status_code == 422
    assert answer.json() == {
        "firstname": ["The firstname field is required."],
        "lastname": ["The lastname may not be greater than 255 characters."],
    }


def test_a_body_in_another_encoding_is_refused(world: World) -> None:
    token = world.xsell_token()
    body = {"access_token": token, "firstname": "Ada", "lastname": "Lovelace"}
    as_json = world.call("xsellcast", "POST", "/api/v1/users/store", headers=JSON, json=body)
    assert (as_json.status_code, check(as_json)) == (400, "token_missing")
    fashion = world.fashion("POST", "/api/addresses", data={"city": "Portland"})
    assert (fashion.status_code, check(fashion)) == (400, "content_type")
    assert set(fashion.json()) == {"message", "status_code"}
    aisles = world.aisles("PUT", "/api/orders", data={"shipping": "x"})
    assert (aisles.status_code, check(aisles)) == (400, "content_type")


# --- Accept and methods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/x.fashionphile.v2+json", ""])
def test_another_accept_than_the_vendors_is_refused(world: World, accept: str) -> None:
    answer = world.call("fashionphile", "GET", "/api/ping", headers={"Accept": accept})
    assert (answer.status_code, check(answer)) == (400, "accept")
    assert FASHION["Accept"] in reason(answer)


def test_accept_may_be_one_of_several_with_parameters(world: World) -> None:
    accept = f"text/html;q=0.5, {FASHION['Accept']};q=1"
    assert world.call("fashionphile", "GET", "/api/ping", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize(
    ("vendor", "method", "path", "status", "headers"),
    [
        ("fashionphile", "DELETE", "/api/ping", 405, FASHION),
        ("xsellcast", "PUT", "/api/v1/brands", 405, JSON),
        ("endlessaisles", "DELETE", "/api/stock", 405, {}),
        ("quickstart", "POST", "/customers", 405, JSON),
        ("fashionphile", "GET", "/api/nothing", 404, FASHION),
        ("endlessaisles", "GET", "/api/stock/", 404, {}),
        ("endlessaisles", "GET", "/api//stock", 404, {}),
    ],
)
def test_unknown_paths_and_methods(
    world: World, vendor: str, method: str, path: str, status: int, headers: dict[str, str]
) -> None:
    answer = world.call(vendor, method, path, headers=headers)
    assert answer.status_code == status
    assert check(answer) == ("method" if status == 405 else "path")
    assert ("allow" in answer.headers) is (status == 405)
    assert answer.headers["content-type"] == "application/json"


# --- Endless Aisles: an error text that holds a JSON array -----------------------------------------------------------


def test_a_malformed_order_is_told_in_a_text_that_holds_an_array(world: World) -> None:
    answer = world.aisles("PUT", "/api/orders", json=order(shipping={**SHIPPING, "state": "New York", "city": ""}))
    assert answer.status_code == 422
    assert answer.json() == {
        "error": ' ["The shipping.city field is required.","The shipping.state may not be greater than 2 characters."]'
    }


@pytest.mark.parametrize(
    ("change", "param", "expected"),
    [
        ({"line_items": []}, "line_items[0].upc", "required"),
        ({"line_items": [ITEM, {**ITEM, "quantity": "2"}]}, "line_items[1].quantity", "integer"),
        ({"line_items": [{**ITEM, "price": True}]}, "line_items[0].price", "number"),
        ({"line_items": [{**ITEM, "upc": "12x"}]}, "line_items[0].upc", "numeric"),
        ({"line_items": [{**ITEM, "upc": "999999999999"}]}, "line_items[0].upc", "upc"),
        ({"line_items": [{**ITEM, "id": 80998 + 3 * 33, "upc": "200000000099"}]}, "line_items[0].id", "entitled"),
        ({"line_items": [{**ITEM, "id": 5}]}, "line_items[0].id", "exists"),
        ({"line_items": ITEM}, "line_items.upc", "unknown"),
        ({"line_items": "one"}, "line_items", "array"),
        ({"customer": {"email": "not an address"}}, "customer.email", "email"),
        ({"customer": {"email": None}}, "customer.email", "null"),
        ({"shipping": SHIPPING | {"zip": 14850}}, "shipping.zip", "string"),
        ({"shipping": SHIPPING | {"zip": ["1"]}}, "shipping.zip", "single"),
        ({"tax_rate": "8"}, "tax_rate", "number"),
        ({"gift": True}, "gift", "unknown"),
    ],
)
def test_json_values_have_their_types(world: World, change: dict[str, Any], param: str, expected: str) -> None:
    answer = world.aisles("PUT", "/api/orders", json=order(**change))
    assert answer.status_code == 422
    found = (
        check(answer),
        param in reason(answer) or param in answer.text.replace(".0.", "[0].").replace(".1.", "[1]."),
    )
    if expected == "unknown" and param == "line_items.upc":
        assert check(answer) in ("unknown", "required")
    else:
        assert found == (expected, True), reason(answer)


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"a": NaN}', b"[]", b'"text"', b"null", b"\xff\xfe", pytest.param(b"[" * 100_000, id="deep")],
)
def test_a_body_that_is_no_json_object_is_refused(world: World, body: bytes) -> None:
    headers = {"X-EA-REQUEST-TOKEN": "ea-demo-test-token", "Content-Type": "application/json"}
    answer = world.call("endlessaisles", "PUT", "/api/orders", headers=headers, content=body)
    assert (answer.status_code, check(answer)) == (400, "malformed")


def test_a_date_of_the_wrong_form_is_overlooked_where_the_document_says_so(world: World) -> None:
    everything = world.aisles("GET", "/api/orders").json()["total"]
    assert world.aisles("GET", "/api/orders?since=2026-01-01").json()["total"] == everything
    assert world.aisles("GET", "/api/orders?since=01-15-2027").json()["total"] < everything
    strict = world.cotton("stats/sales.json", [("start_date", "01-15-2027")])
    assert check(strict) == "date"


# --- words, lists, files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "good"), [("1", True), ("0", True), ("true", False), ("yes", False)])
def test_a_flag_of_ones_and_noughts(world: World, word: str, good: bool) -> None:
    person = {
        "name": "Ada",
        "email": "ada@example.com",
        "address_1": "1 Row",
        "city": "Whitby",
        "region": "Yorks",
        "postcode": "YO22",
        "return_url": "https://a.example/x",
    }
    answer = world.cotton("order/checkout.json", [*person.items(), *LINE, ("checkout", word)])
    assert answer.json()["success"] is good
    if good:
        assert answer.json()["status"] == ("accepted" if word == "1" else "valid")


@pytest.mark.parametrize(("word", "good"), [("true", True), ("false", True), ("1", False), ("True", False)])
def test_a_flag_of_words(world: World, word: str, good: bool) -> None:
    assert (world.fashion("GET", f"/api/products?showFeaturedFirst={word}").status_code == 200) is good


def test_php_brackets_filter_products(world: World) -> None:
    found = world.fashion(
        "GET", "/api/products?filter[brands][]=chanel&filter[price][]=lt200&filter[price][]=200to500&limit=100"
    )
    prices = [float(product["attributes"]["price"]) for product in found.json()["data"]]
    assert prices
    assert max(prices) < 500
    assert check(world.fashion("GET", "/api/products?filter[brands]=chanel")) == "array"
    assert check(world.fashion("GET", "/api/products?filter[shape][]=tote")) == "unknown"
    assert check(world.fashion("GET", "/api/products?filter[brands][]=nobody")) == "filter"


def test_a_file_is_a_file_and_a_text_is_none(world: World) -> None:
    pairs = [("store_id", "demostore")]
    fine = world.cotton(
        "manage/edit_store.json", pairs, method="POST", files=[("logo_file", ("l.png", b"png", "image/png"))]
    )
    assert fine.json()["success"] is True
    empty = world.cotton(
        "manage/edit_store.json", pairs, method="POST", files=[("logo_file", ("l.png", b"", "image/png"))]
    )
    assert check(empty) == "file"
    text = world.cotton("manage/edit_store.json", [*pairs, ("logo_file", "text")], method="POST")
    assert check(text) == "file"
    other = world.cotton(
        "manage/edit_store.json", pairs, method="POST", files=[("name", ("n.txt", b"name", "text/plain"))]
    )
    assert check(other) in ("string", "file")


def test_a_broken_multipart_body_is_refused(world: World) -> None:
    headers = {**FASHION, "Content-Type": "multipart/form-data"}
    answer = world.call("fashionphile", "POST", "/api/forgot", headers=headers, content=b"--x\r\nnonsense")
    assert (answer.status_code, check(answer)) == (400, "malformed")


def test_a_call_without_a_body_takes_none(world: World) -> None:
    assert check(world.fashion("PUT", "/api/account/searches/1", json={"x": 1})) == "body"
    assert (
        world.fashion("PUT", "/api/account/searches/1", headers={"Content-Type": "application/json"}).status_code == 200
    )


# --- quick start -----------------------------------------------------------------------------------------------------


def test_aggregates_need_a_page(world: World) -> None:
    answer = world.quick("/invoices?metadata=1")
    assert (answer.status_code, check(answer)) == (422, "requires")
    assert answer.json() == {
        "message": "The given data was invalid.",
        "errors": {"page": ["The page field is required."]},
    }
    assert set(world.quick("/invoices?metadata=1&page=1").json()["metadata"]) == {"count", "total_sum"}


def test_equal_fields_and_dependent_ones(world: World) -> None:
    lone = world.fashion("PUT", "/api/account/2", json={"password": "abc"})
    assert check(lone) == "requires"
    unequal = world.fashion("PUT", "/api/account/2", json={"password": "abc", "password_confirmation": "abd"})
    assert check(unequal) == "equal"
    assert world.fashion("PUT", "/api/account/3", json={"firstName": "Eve"}).status_code == 403


def test_a_search_list_takes_texts_only(world: World) -> None:
    assert world.fashion("POST", "/api/account/searches/refresh-many", json={"ids": ["1", "2"]}).status_code == 200
    assert check(world.fashion("POST", "/api/account/searches/refresh-many", json={"ids": [1]})) == "string"
    assert check(world.fashion("POST", "/api/account/searches/refresh-many", json={"ids": "1,2"})) == "array"
    assert check(world.fashion("POST", "/api/account/searches/refresh-many", json={"ids": []})) == "required"
