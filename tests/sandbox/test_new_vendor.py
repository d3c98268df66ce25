"""A vendor that is only a TOML file: it is served at once, signing in included, and hostile texts in it do no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from explorer.core.catalog import Catalog
from explorer.core.catalog.load import read_toml
from explorer.sandbox.checks import find_problems
from explorer.sandbox.expressions import ExpressionError, compiled
from explorer.sandbox.templates import render
from explorer.store.catalogs import decode
from tests.sandbox.world import check

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog
    from tests.sandbox.conftest import Serve

SIXTH = """
[vendors.bookshop]
title = "Book shop"
environments.live = { base_url = "https://books.example/rest/v3" }
credentials.user = { title = "User", sandbox = "demo" }
credentials.password = { title = "Password", sandbox = "pw" }
[vendors.bookshop.auth.main]
scheme = "rotating_bearer"
[vendors.bookshop.auth.main.options]
sign_in = "login"
sign_in_values = { user = "user", password = "password" }
sign_out = "logout"
token_field = "token"
[vendors.bookshop.endpoints.login]
title = "Sign in"
group = "Session"
method = "POST"
path = "/login"
body = "form"
params.user = { in = "form", required = true }
params.password = { in = "form", required = true, secret = true }
[vendors.bookshop.endpoints.logout]
title = "Sign out"
group = "Session"
method = "DELETE"
path = "/login"
auth = "main"
[vendors.bookshop.endpoints.books]
title = "Books"
group = "Books"
path = "/books"
auth = "main"
params.page = { in = "query", type = "integer", min = 1 }
samples = [{ status = 404, body = "{}" }, { body = '[{"id": 1}]' }]
[vendors.bookshop.endpoints.cover]
title = "Cover"
group = "Books"
path = "/books/{id}/cover"
params.id = { in = "path", type = "integer", required = true }
samples = [{ media_type = "text/plain", body = "a picture" }]
[vendors.bookshop.endpoints.nothing]
title = "Nothing"
group = "Books"
path = "/nothing"
"""


@pytest.fixture
def sixth() -> Catalog:
    return decode(read_toml(SIXTH, "test"), "test")


def test_a_vendor_without_a_sandbox_part_is_served_from_its_samples(serve: Serve, sixth: Catalog) -> None:
    world = serve(catalog=sixth)
    token = world.call("bookshop", "POST", "/rest/v3/login", data={"user": "demo", "password": "pw"}).json()["token"]
    answer = world.call("bookshop", "GET", "/rest/v3/books", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == [{"id": 1}]
    assert world.tokens["bookshop"] != token
    cover = world.call("bookshop", "GET", "/rest/v3/books/1/cover")
    assert (cover.text, cover.headers["content-type"]) == ("a picture", "text/plain; charset=utf-8")
    assert world.call("bookshop", "GET", "/rest/v3/nothing").status_code == 204


def test_it_is_as_strict_as_the_others(serve: Serve, sixth: Catalog) -> None:
    world = serve(catalog=sixth)
    assert check(world.call("bookshop", "GET", "/rest/v3/books")) == "token_missing"
    token = world.call("bookshop", "POST", "/rest/v3/login", data={"user": "demo", "password": "pw"}).json()["token"]
    assert (
        check(world.call("bookshop", "GET", "/rest/v3/books?page=0", headers={"Authorization": f"Bearer {token}"}))
        == "min"
    )
    assert (
        check(world.call("bookshop", "POST", "/rest/v3/login", data={"user": "demo", "password": "no"}))
        == "credentials"
    )
    assert check(world.call("bookshop", "GET", "/books")) == "path"


# --- the expressions of a catalog ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "'a'.upper()",
        "(lambda: 1)()",
        "[x async for x in y]",
        "2 ** 99999999",
        "'a' * 999999999",
        "f'{1}'",
        "x := 1",
        "open('/etc/passwd')",
        "1 << 999999",
        "b'bytes'",
        "{**x}",
        "x.y.z()",
        "1 +",
        "(" * 200,
        "'" + "a" * 5000 + "'",
        "a < b < c",
        "eval",
        "len(items=1)",
    ],
)
def test_nothing_but_the_small_language_can_be_said(text: str) -> None:
    with pytest.raises(ExpressionError):
        compiled(text)({"x": {"y": {}}, "y": [1], "a": 1, "b": 1, "c": 1})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("record.id", 7),
        ("record.nothing.deeper", None),
        ("record['tags'][0]", "new"),
        ("record.tags[9]", None),
        ("[t for t in record.tags if t != 'new']", ["old"]),
        ("[a + b for a in [1, 2] for b in [10, 20] if a + b != 21]", [11, 12, 22]),
        ("'x' if record.id > 5 else 'y'", "x"),
        ("record.none < 3", False),
        ("not record.id or 'fallback'", "fallback"),
        ("sum([1, 2, 3]) / 2", 3.0),
        ("round(2.675 * 100) % 7", 2),
        ("among(7, ['7', '8'])", True),
        ("join(['a', 'b'], '-') + 'c'", "a-bc"),
    ],
)
def test_what_expressions_give(text: str, expected: Any) -> None:
    assert compiled(text)({"record": {"id": 7, "tags": ["new", "old"], "none": None}}) == expected


def test_templates_keep_types_drop_keys_and_hide_what_is_inside() -> None:
    text = """{"id": "$record.id", "text": "no. ${record.id} costs $$5", "none": null, "gone": "$drop", "_inner": 1,
      "list": {"$each": "record.tags", "$as": "t", "$when": "t != 'old'", "$give": {"t": "$t"}},
      "map": {"$each": "record.tags", "$key": "it", "$give": "$number"},
      "both": {"$merge": [{"a": 1}, "$record.none", {"$if": "record.id", "$then": {"b": 2}}]}}"""
    from explorer.sandbox.templates import DROP

    made = render(text, {"record": {"id": 7, "tags": ["new", "old"], "none": None, "_secret": 1}, "drop": DROP})
    assert made == {
        "id": 7,
        "text": "no. 7 costs $5",
        "none": None,
        "list": [{"t": "new"}],
        "map": {"new": 0, "old": 1},
        "both": {"a": 1, "b": 2},
    }


BROKEN = (
    SIXTH
    + """
[vendors.bookshop.sandbox.handlers.nothing]
steps = [{ do = "find", in = "shelves", where = "it.id ==" }, { do = "let" }, { do = "account", match = { pin = "1" } }]
respond = '{"a": {"$use": "nowhere"}}'
"""
)


def test_loose_ends_of_a_sandbox_part_are_all_found(serve: Serve) -> None:
    broken = decode(read_toml(BROKEN, "test"), "test")
    places = [place for place, _ in find_problems(broken.vendors["bookshop"])]
    assert places == [
        "handlers.nothing.respond",
        "handlers.nothing.steps[0].where",
        "handlers.nothing.steps[0].in",
        "handlers.nothing.steps[1]",
        "handlers.nothing.steps[2].match.pin",
    ]
    answer = serve(catalog=broken).call("bookshop", "GET", "/rest/v3/nothing")
    assert check(answer) == "catalog"
