"""What calls create can be fetched and deleted, records are the same at every start, and pages fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.world import World, check

if TYPE_CHECKING:
    from tests.sandbox.conftest import Serve

ORDER = {
    "shipping": {
        "first_name": "Wren",
        "last_name": "Alder",
        "address_line_1": "18 Mill Lane",
        "city": "Ithaca",
        "state": "NY",
        "zip": "14850",
    },
    "customer": {"email": "wren@example.com"},
    "line_items": [{"upc": "012345678905", "id": 81001, "price": 18.5, "quantity": 2}],
}


def test_an_order_can_be_placed_seen_and_cancelled_once(world: World) -> None:
    before = world.aisles("GET", "/api/orders").json()
    placed = world.aisles("PUT", "/api/orders", json=ORDER).json()["data"]
    assert (placed["subtotal"], placed["status"]) == (37.0, "Scheduled")
    after = world.aisles("GET", "/api/orders").json()
    assert after["total"] == before["total"] + 1
    assert after["data"][0]["id"] == placed["id"]
    assert world.aisles("PUT", f"/api/orders/{placed['id']}/cancel").json()["data"]["status"] == "Canceled"
    assert world.aisles("GET", f"/api/orders/{placed['id']}").json()["data"]["status"] == "Canceled"
    assert check(world.aisles("PUT", f"/api/orders/{placed['id']}/cancel")) == "status"


def test_an_order_can_be_cancelled_for_half_an_hour(world: World) -> None:
    one, two = (world.aisles("PUT", "/api/orders", json=ORDER).json()["data"]["id"] for _ in range(2))
    world.now += 1800
    assert world.aisles("PUT", f"/api/orders/{one}/cancel").status_code == 200
    world.now += 1
    assert check(world.aisles("PUT", f"/api/orders/{two}/cancel")) == "packed"


def test_the_test_environment_forgets_orders_after_a_day(world: World) -> None:
    placed = world.aisles("PUT", "/api/orders", json=ORDER).json()["data"]["id"]
    world.now += 86_401
    gone = world.aisles("GET", f"/api/orders/{placed}")
    assert (gone.status_code, check(gone)) == (404, "wiped")


def test_stock_is_nought_for_what_the_shop_may_not_sell_and_empty_for_the_unknown(world: World) -> None:
    not_entitled = 80_998 + 3 * 33
    assert world.aisles("GET", f"/api/stock?sku=81001,{not_entitled}").json()["data"] == {
        "81001": 42,
        str(not_entitled): 0,
    }
    assert world.aisles("GET", "/api/stock?sku=1").json() == {"data": []}
    assert len(world.aisles("GET", "/api/stock").json()["data"]) == 990
    before = world.aisles("GET", "/api/stock?sku=81001").json()
    world.aisles("PUT", "/api/orders", json=ORDER)
    assert world.aisles("GET", "/api/stock?sku=81001").json() == before


def test_a_cart_from_its_creation_to_the_order(world: World) -> None:
    made = world.fashion("POST", "/api/carts", json={"cartItems": [{"productId": 10003, "quantity": 1}]}).json()
    cart = f"/api/carts/{made['data']['id']}"
    assert made["meta"]["summary"]["subtotal"] == 420.0
    world.fashion("PATCH", cart, json={"shippingMethod": "Ground"})
    gift = {"paymentMethods": [{"type": "gift_card", "amount": 23.5, "giftCode": "GIFT2026DEMO"}]}
    paid = world.fashion("PATCH", cart, json=gift).json()
    assert paid["data"]["attributes"]["giftCard"] == "GIFT2026DEMO"
    assert paid["meta"]["summary"]["amountDue"] == 406.0
    unknown = {"paymentMethods": [{"type": "gift_card", "amount": 1, "giftCode": "NONE"}]}
    assert check(world.fashion("PATCH", cart, json=unknown)) == "gift_card"
    assert check(world.fashion("POST", f"{cart}/checkout", json={"payment_profile_id": "1"})) == "payment_profile"
    order = world.fashion("POST", f"{cart}/checkout", json={"payment_profile_id": "32000001"}).json()["data"]
    assert order["type"] == "orders"
    assert world.fashion("GET", cart).status_code == 404
    newest = world.fashion("GET", "/api/account/orders?filter=paid&limit=300").json()["data"][-1]
    assert newest["id"] == order["id"]


def test_a_signature_is_waived_only_where_the_cart_allows_it(world: World) -> None:
    for number, may in ((1, True), (2, False)):
        answer = world.fashion("PATCH", f"/api/carts/{number}", json={"isSignatureRequired": False})
        assert answer.status_code == 200
        attributes = answer.json()["data"]["attributes"]
        assert attributes["canWaiveSignature"] is may
        assert attributes["isSignatureRequired"] is not may


def test_a_store_and_its_products(world: World) -> None:
    values = [("store_id", "newstore1"), ("rss_feed_url", "https://n.example/feed"), ("website", "https://n.example")]
    made = world.cotton("manage/create_store.json", values, method="POST").json()
    assert made["store"]["num_products"] == 0
    assert check(world.cotton("manage/create_store.json", values, method="POST")) == "taken"
    product = [
        ("store_id", "newstore1"),
        ("process", "all"),
        ("product_type_id", "all"),
        ("name", "Gulls"),
        ("colours", "all"),
    ]
    products = world.cotton("manage/create_product.json", product, method="POST").json()["products"]
    assert len(products) == 8  # four types by two processes
    info = world.call("cottoncart", "GET", "/v1/catalogue/store_info.json?store_id=newstore1&count=3").json()
    assert info["pagination"] == {"start": 0, "count": 3, "total": 8, "pages": 3, "prev_page": None, "next_page": 3}
    world.cotton("manage/delete_product.json", [("product_id", str(products[0]["product_id"]))])
    assert world.cotton("manage/delete_store.json", [("store_id", "newstore1")]).json()["deleted"] == {
        "store_id": "newstore1"
    }
    assert (
        world.call("cottoncart", "GET", "/v1/catalogue/store_info.json?store_id=newstore1").json()["errorCode"] == 404
    )


def test_addresses_followed_products_and_searches_live(world: World) -> None:
    address = {
        "firstName": "A",
        "lastName": "B",
        "address1": "1",
        "city": "C",
        "state": "OR",
        "country": "US",
        "phone": "1",
        "postalCode": "9",
        "email": "a@example.com",
    }
    number = world.fashion("POST", "/api/addresses", json=address).json()["data"]["id"]
    assert number in [one["id"] for one in world.fashion("GET", "/api/addresses").json()["data"]]
    assert world.fashion("DELETE", f"/api/addresses/{number}").status_code == 204
    assert world.fashion("DELETE", f"/api/addresses/{number}").status_code == 404
    world.fashion("POST", "/api/followed-products", json={"id": 10200})
    assert "10200" in [one["id"] for one in world.fashion("GET", "/api/followed-products").json()["data"]]
    made = world.fashion("POST", "/api/account/searches", json={"searchTerm": "hat", "isFollowed": True}).json()[
        "data"
    ]["id"]
    world.now += 100
    refreshed = world.fashion("PUT", f"/api/account/searches/{made}").json()["data"]["attributes"]
    assert refreshed["refreshedAt"] > refreshed["createdAt"]
    assert world.fashion("POST", "/api/account/searches/delete-many", json={"ids": [made]}).status_code == 204
    assert world.fashion("GET", f"/api/account/searches/{made}").status_code == 404


READS = [
    ("aisles", "/api/products?per_page=50"),
    ("aisles", "/api/orders?per_page=50"),
    ("quick", "/orders?page=2"),
]


@pytest.mark.parametrize(("who", "path"), READS)
def test_records_are_the_same_at_every_start(serve: Serve, who: str, path: str) -> None:
    one, two = (getattr(serve(), who)(*(("GET", path) if who == "aisles" else (path,))).text for _ in range(2))
    assert one == two


# --- pages -----------------------------------------------------------------------------------------------------------


def test_laravel_pages_by_number(world: World) -> None:
    ids: list[int] = []
    number = 1
    body: dict[str, Any] = {"next_page_url": "first"}
    while body["next_page_url"]:
        body = world.aisles("GET", f"/api/products?page={number}&per_page=40").json()
        ids += [product["id"] for product in body["data"]]
        number += 1
    assert len(ids) == len(set(ids)) == body["total"] == 330
    assert body["last_page"] == 9
    assert body["prev_page_url"] == "/?page=8"
    assert (body["from"], body["to"]) == (321, 330)


def test_pages_are_on_for_an_admin_and_off_for_an_agent(world: World) -> None:
    assert isinstance(world.quick("/customers").json(), list)
    assert len(world.quick("/customers").json()) == 240
    paged = world.quick("/customers", "demo-admin-token").json()
    assert (paged["total"], paged["per_page"], len(paged["data"])) == (240, 15, 15)
    url = world.quick("/customers?page=1").json()["next_page_url"]
    assert url == world.url("quickstart", "/customers?page=2")


def test_sorting_and_filtering(world: World) -> None:
    down = [float(order["total"]) for order in world.quick("/orders?sort=-total").json()]
    assert down == sorted(down, reverse=True)
    found = world.quick("/orders?filter[status]=open,paid").json()
    assert {order["status"] for order in found} == {"open", "paid"}
    assert check(world.quick("/orders?sort=colour")) == "enum"
    assert check(world.quick("/orders?filter[colour]=red")) == "enum"


def test_index_pages_of_a_signed_list(world: World) -> None:
    seen: list[Any] = []
    start: int | None = 0
    while start is not None:
        body = world.cotton("manage/my_users.json", [("count", "60"), ("start", str(start))]).json()
        seen += body["users"]
        start = body["pagination"]["next_page"]
    assert len(seen) == 160
    assert "pagination" not in world.cotton("manage/my_users.json").json()


def test_links_end_on_the_last_page(world: World) -> None:
    last = world.fashion("GET", "/api/account/orders?filter=unpaid&limit=10&page=3").json()
    assert last["meta"]["pagination"]["total_pages"] == 3
    assert "next" not in last["links"]
    first = world.fashion("GET", "/api/account/orders?filter=unpaid&limit=10").json()
    assert "next" in first["links"]
    assert check(world.fashion("GET", "/api/account/orders")) == "required"


def test_page_numbers_without_an_envelope(world: World) -> None:
    sizes = [len(world.xsell("GET", "/api/v1/brands", {"page": str(number)}).json()["data"]) for number in range(1, 30)]
    assert sum(sizes) == 220
    assert sizes[-1] == 0
