"""A catalog file with errors: all of them at once, each with its place and what would be right."""

from __future__ import annotations

import pytest

from explorer.core.catalog.load import merge, read_toml
from explorer.core.catalog.readings import apply_readings
from explorer.errors import CatalogError, UnknownName
from explorer.store.catalogs import decode
from tests.core.shop import TOML, endpoint, vendor


def problems(text: str) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        decode(read_toml(text, "mine.toml"), "mine.toml")
    return [str(one) for one in caught.value.problems]


def test_a_broken_toml_file_names_the_line() -> None:
    with pytest.raises(CatalogError, match=r"mine\.toml: line 2, column"):
        read_toml("a = 1\nb = = 2", "mine.toml")


def test_every_problem_is_reported_at_once() -> None:
    text = """
[vendors.a]
title = "A"
titel = "B"
[vendors.a.environments.p]
base_url = "no-url"
[vendors.a.auth.k]
scheme = "token_heder"
[vendors.a.auth.l]
scheme = "token_header"
options = { heder = "X" }
[vendors.a.endpoints.one]
title = "One"
group = "G"
path = "one/{id}"
auth = "m"
[vendors.a.endpoints.two]
title = "Two"
group = "G"
path = "/two"
[vendors.a.endpoints.two.params]
x = { in = "qery", type = "int" }
[vendors.a.endpoints.three]
group = "G"
path = "/three"
[vendors.a.endpoints.four]
title = "Four"
group = "G"
path = "/four"
params.y = { in = "query", pattern = "[", min = 5, max = 1, enum = ["a"], default = "b" }
params.f = { in = "query", type = "file" }
params.j = { in = "json" }
rules = [{ kind = "requires", params = ["z"] }]
readings.r = { about = "?", default = "q", why = ".", choices = { a = { title = "a" } } }
"""
    found = "\n".join(problems(text))
    for told in (
        "mine.toml: vendors.a.titel: unknown key 'titel'",
        "did you mean 'title'",
        "vendors.a.environments.p.base_url: 'no-url' is not a base URL",
        "vendors.a.auth.k.scheme: unknown auth scheme 'token_heder'",
        "vendors.a.auth.l.options.heder: unknown key 'heder'",
        "vendors.a.endpoints.one.auth: unknown auth 'm'",
        "vendors.a.endpoints.one.path: 'one/{id}' has no leading slash",
        "{id} has no parameter",
        "vendors.a.endpoints.two.params.x.in: 'qery' is not allowed here",
        "did you mean 'query'",
        "vendors.a.endpoints.two.params.x.type: 'int' is not allowed here",
        "vendors.a.endpoints.three: 'title' is missing",
        "params.y.pattern: is not a regular expression",
        "params.y: min 5 is above max 1",
        "params.y.default: 'b' is not in enum",
        "params.f.in: a file requires multipart",
        "params.j.in: is 'json' while the body is 'none'",
        "rules[0].params: unknown parameter 'z'",
        "readings.r.default: unknown choice 'q'",
    ):
        assert told in found, told


def test_a_choice_that_breaks_the_endpoint_is_found() -> None:
    broken = TOML.replace("set = { params = { order = { name", "set = { paht = 1, params = { order = { name")
    assert "choices.sort.set.paht: unknown key 'paht'; did you mean 'path'?" in "\n".join(problems(broken))


def test_an_overlay_changes_single_keys_and_its_errors_name_its_own_file() -> None:
    base = read_toml(TOML, "shipped.toml")
    overlay = read_toml('[vendors.shop.endpoints.search.params.count]\nmax = 99\nmin = "x"', "mine.toml")
    origins: dict[tuple[str, ...], str] = {}
    merged = merge(base, overlay, "mine.toml", origins)
    with pytest.raises(CatalogError) as caught:
        decode(merged, "shipped.toml", origins=origins)
    assert [(one.file, one.path) for one in caught.value.problems] == [
        ("mine.toml", "vendors.shop.endpoints.search.params.count.min")
    ]
    overlay = read_toml("[vendors.shop.endpoints.search.params.count]\nmax = 99", "mine.toml")
    param = decode(merge(base, overlay, "mine.toml", {}), "x").vendors["shop"].endpoints["search"].params["count"]
    assert (param.max, param.min) == (99, 1)


def test_a_reading_is_laid_over_the_endpoint() -> None:
    shop, search = vendor(), endpoint("search")
    assert apply_readings(shop, search, {})[1].params["order"].name == "order"
    assert apply_readings(shop, search, {"sort_name": "sort"})[1].params["order"].name == "sort"
    assert "order" not in apply_readings(shop, search, {"sort_name": "gone"})[1].params
    with pytest.raises(UnknownName, match="choice"):
        apply_readings(shop, search, {"sort_name": "srot"})
    with pytest.raises(UnknownName, match="reading"):
        apply_readings(shop, search, {"sortname": "sort"})


@pytest.mark.parametrize(
    ("method", "stated", "effect"),
    [
        ("GET", "", "read"),
        ("HEAD", "", "read"),
        ("OPTIONS", "", "read"),
        ("POST", "", "create"),
        ("PUT", "", "update"),
        ("PATCH", "", "update"),
        ("DELETE", "", "delete"),
        ("PURGE", "", "update"),
        ("POST", 'effect = "read"', "read"),
        ("GET", 'effect = "delete"', "delete"),
    ],
)
def test_an_endpoint_without_an_effect_does_what_its_method_does(method: str, stated: str, effect: str) -> None:
    text = f"""
[vendors.a]
title = "A"
[vendors.a.endpoints.one]
title = "One"
group = "G"
method = "{method}"
also_methods = ["DELETE"]
path = "/one"
{stated}
"""
    one = decode(read_toml(text, "mine.toml"), "mine.toml").vendors["a"].endpoints["one"]
    assert one.effect == effect
    assert one.effect_of("DELETE") == (effect if stated else "delete")


def test_a_wrong_effect_is_reported_with_the_words_that_are_right() -> None:
    text = """
[vendors.a]
title = "A"
[vendors.a.endpoints.one]
title = "One"
group = "G"
path = "/one"
effect = "deletes"
"""
    (problem,) = problems(text)
    assert "one of: read, session, create, update, delete, order" in problem
    assert "did you mean 'delete'" in problem
