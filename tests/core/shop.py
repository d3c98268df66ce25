"""A small made-up vendor for tests of the core: every kind of parameter once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from explorer.core.catalog import Catalog, Endpoint, Vendor
from explorer.core.catalog.load import read_toml
from explorer.core.form import parse_entry
from explorer.store.catalogs import decode

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog, Endpoint, Vendor
    from explorer.core.model import Entry

TOML = """
schema = 1
[vendors.shop]
title = "Shop"
document = "900"
secret_fields = ["token", "pin"]
environments.live = { base_url = "https://shop.example/base", guarded = true }
environments.test = { base_url = "https://test.shop.example" }
version = { style = "accept", accept = "application/x.shop.v2+json" }
credentials.token = { title = "API token", sandbox = "demo-token-123" }
auth.key = { scheme = "token_header", options = { header = "X-Shop-Token", token = "token" } }

[vendors.shop.verdict]
error = "error"
message = "message"
details = "errors"
validation_map = true
message_holds_json = true
statuses = { "404" = "Nothing there." }

[vendors.shop.endpoints.search]
title = "Search"
group = "Goods"
path = "/goods"
also_methods = ["HEAD"]
[vendors.shop.endpoints.search.params]
q = { in = "query" }
start = { in = "query", type = "integer", min = 0 }
count = { in = "query", type = "integer", min = 1, max = 50 }
order = { in = "query", enum = ["asc", "desc"], default = "asc" }
since = { in = "query", type = "date", date_format = "%m-%d-%Y" }
flag = { in = "query", type = "boolean", boolean = "1_0", default = "0" }
sku = { in = "query", type = "integer", comma = true, also = ["all"] }
"filter[brands][]" = { in = "query" }
"filter[*]" = { in = "query", comma = true }
[[vendors.shop.endpoints.search.rules]]
kind = "requires"
when = ["start"]
params = ["count"]
lines = "83"
[vendors.shop.endpoints.search.readings.sort_name]
about = "The sorting parameter has two names."
default = "order"
why = "The table says so."
choices.order = { title = "order", lines = "1" }
choices.sort = { title = "sort", lines = "2", set = { params = { order = { name = "sort" } } } }
choices.gone = { title = "none", lines = "3", set = { params = { order = false } } }

[vendors.shop.endpoints.fetch]
title = "Fetch"
group = "Goods"
path = "/goods/{ids}.{format}"
[vendors.shop.endpoints.fetch.params]
ids = { in = "path", type = "integer", comma = true, required = true }
format = { in = "path", enum = ["json", "xml"], prefill = "json" }

[vendors.shop.endpoints.buy]
title = "Buy"
group = "Orders"
method = "PUT"
path = "/orders"
body = "json"
effect = "order"
[vendors.shop.endpoints.buy.params]
"shipping.city" = { in = "json", required = true }
"shipping.state" = { in = "json", max_length = 2 }
"customer.email" = { in = "json", format = "email", nullable = true }
"line_items[#].id" = { in = "json", type = "integer", required = true }
"line_items[#].price" = { in = "json", type = "number", required = true }
gift = { in = "json", type = "boolean" }
"tags[]" = { in = "json" }
pin = { in = "json", secret = true, min_length = 4 }
pin_again = { in = "json", secret = true }
[vendors.shop.endpoints.buy.groups]
"line_items[#]" = { min = 1 }
[[vendors.shop.endpoints.buy.rules]]
kind = "equal"
params = ["pin", "pin_again"]
[[vendors.shop.endpoints.buy.rules]]
kind = "requires"
when = ["pin"]
params = ["pin_again"]

[vendors.shop.endpoints.cart]
title = "Cart"
group = "Orders"
method = "POST"
path = "/cart"
body = "form"
effect = "create"
effect_when = [{ param = "checkout", equals = "1", effect = "order" }]
[vendors.shop.endpoints.cart.params]
"item#_id" = { in = "form", type = "integer", required = true }
"item#_size" = { in = "form", required = true }
checkout = { in = "form", type = "boolean", boolean = "1_0" }
note = { in = "form" }
website = { in = "form", format = "uri" }
twitter = { in = "form" }
clear = { in = "form", comma = true, enum = ["website", "twitter", "logo"] }
[vendors.shop.endpoints.cart.groups]
"item#" = { min = 1, start = 1, sparse = true }
[[vendors.shop.endpoints.cart.rules]]
kind = "not_listed"
params = ["clear"]

[vendors.shop.endpoints.upload]
title = "Upload"
group = "Goods"
method = "POST"
path = "/upload"
body = "multipart"
auth = "key"
effect = "create"
[vendors.shop.endpoints.upload.params]
title = { in = "multipart", required = true }
"images[#]" = { in = "multipart", type = "file", required = true }
[vendors.shop.endpoints.upload.groups]
"images[#]" = { min = 1 }
"""


@cache
def catalog() -> Catalog:
    """The catalog of the made-up vendor."""
    return decode(read_toml(TOML, "shop.toml"), "shop.toml")


def vendor() -> Vendor:
    """The made-up vendor."""
    return catalog().vendors["shop"]


def endpoint(name: str) -> Endpoint:
    """One of its endpoints."""
    return vendor().endpoints[name]


def entries(*words: str) -> tuple[Entry, ...]:
    """Entries as they are typed on a command line."""
    return tuple(parse_entry(word) for word in words)
