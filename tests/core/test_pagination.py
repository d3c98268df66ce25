"""Turning pages as the documents' samples page, and walking through everything that the other side slices."""

from __future__ import annotations

import json
from typing import Any

import pytest

from explorer.core.catalog.model import Endpoint, Pagination, Vendor
from explorer.core.paging import PAGING_STYLES, PageInfo, Style, style_for
from explorer.core.paging.base import with_params
from explorer.errors import UsageError
from tests.properties import given, st

URL = "https://api.example/root/things"
KEPT = (("filter[brands][]", "a b"), ("filter[brands][]", "c&d"), ("sort", "-name"))


def style(name: str, **options: Any) -> Style:
    return PAGING_STYLES[name].from_options(options)


def laravel(page: int, last: int = 4, **more: Any) -> dict[str, Any]:
    """An answer in the shape of 003:18-34, its links as printed there: with the page and nothing else."""
    url = "http://other.example"
    return {
        "current_page": page,
        "per_page": 15,
        "total": 62,
        "last_page": last,
        "next_page_url": f"{url}?page={page + 1}" if page < last else None,
        "prev_page_url": f"{url}?page={page - 1}" if page > 1 else None,
        "data": [{}] * 15,
    } | more


def jsonapi(page: int, pages: int) -> dict[str, Any]:
    """An answer in the shape of 001:609-620 and 717-731: no next link on the last page, and none back."""
    links = {"self": f"{URL}?page={page}", "first": f"{URL}?page=1", "last": f"{URL}?page={pages}"}
    links |= {"next": f"{URL}?page={page + 1}"} if page < pages else {}
    pagination = {"count": 20, "total": 33, "current_page": page, "total_pages": pages, "per_page": 20}
    return {"data": [{}] * 20, "meta": {"pagination": pagination}, "links": links}


def offset(start: int, count: int, total: int, before: Any, after: Any) -> dict[str, Any]:
    """An answer in the shape of 002:92-101."""
    table = {"start": start, "count": count, "total": total, "prev_page": before, "next_page": after}
    return {"success": True, "pagination": table, "data": [{}] * count}


# --- an index and a count ---------------------------------------------------------------------------------------------


def test_the_next_page_of_an_offset_is_an_index() -> None:
    it = style("offset")
    query = (*KEPT, ("start", "20"), ("count", "10"))
    body = offset(20, 10, 150, 10, 30)
    assert it.next_params(query, body) == (*KEPT, ("start", "30"), ("count", "10"))
    assert it.previous_params(query, body) == (*KEPT, ("start", "10"), ("count", "10"))
    assert it.first_params(query, body) == (*KEPT, ("start", "0"), ("count", "10"))
    assert it.last_params(query, body) == (*KEPT, ("start", "140"), ("count", "10"))
    assert it.goto_params(query, 7, body) == (*KEPT, ("start", "60"), ("count", "10"))
    assert it.page_info(dict(query), body) == PageInfo(3, 10, 150, 15, True, True, 10)


def test_a_count_without_a_start_is_the_first_page() -> None:
    it = style("offset")
    body = offset(0, 10, 150, None, 10)
    assert it.next_params((("count", "10"),), body) == (("count", "10"), ("start", "10"))
    assert it.previous_params((("count", "10"),), body) is None


def test_everything_is_listed_where_no_count_was_asked_for() -> None:
    it = style("offset", items="stores")
    body = {"success": True, "stores": [{}] * 42}
    assert it.page_info({}, body) == PageInfo(1, None, 42, 1, records=42)
    assert it.next_params(KEPT, body) is None
    assert it.first_params(KEPT, body) == (*KEPT, ("start", "0"), ("count", "10"))


def test_an_xml_answer_has_texts_and_empty_elements() -> None:
    it = style("offset")
    query = (("start", "0"), ("count", "10"))
    body = {"pagination": {"total": "150", "prev_page": "", "next_page": "10"}, "data": [{}] * 10}
    assert it.next_params(query, body) == (("start", "10"), ("count", "10"))
    assert it.previous_params(query, body) is None
    assert it.page_info(dict(query), body).pages == 15


@pytest.mark.parametrize("after", [0, 10, -10, None, "", "x", 12.5, True, [20], {}])
def test_an_index_that_does_not_lead_on_is_no_page(after: Any) -> None:
    it = style("offset")
    query = (("start", "10"), ("count", "10"))
    assert it.next_params(query, offset(10, 10, 150, None, after)) is None
    assert not it.page_info(dict(query), offset(10, 10, 150, None, after)).has_next


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"start": "10"}, "count"),
        ({"start": "10", "count": ""}, "count"),
        ({"count": "0"}, "count"),
        ({"count": "ten"}, "count"),
        ({"count": "5", "start": "-1"}, "start"),
        ({"count": "5", "start": "1.5"}, "start"),
    ],
)
def test_the_vendor_wants_a_count_beside_a_start(query: dict[str, str], param: str) -> None:
    cut = style("offset").slice(query, range(50), URL)
    assert cut.problem_param == param
    assert param in cut.problem
    assert cut.records == ()


def test_the_envelope_of_an_offset_as_documented() -> None:
    cut = style("offset").slice({"start": "0", "count": "10"}, range(133), URL)
    table = {"total": 133, "pages": 14, "start": 0, "count": 10, "next_page": 10, "prev_page": None}
    assert cut.envelope == {"pagination": table}
    assert cut.records == tuple(range(10))
    assert cut.wanted
    everything = style("offset").slice({}, range(150), URL)
    assert (len(everything.records), everything.envelope, everything.wanted) == (150, {}, False)


# --- JSON:API ---------------------------------------------------------------------------------------------------------


def test_jsonapi_links_give_the_number_and_the_other_parameters_stay() -> None:
    it = style("jsonapi_links")
    query = (*KEPT, ("limit", "20"))
    assert it.next_params(query, jsonapi(1, 2)) == (*query, ("page", "2"))
    assert it.next_params((*query, ("page", "2")), jsonapi(2, 2)) is None
    assert it.previous_params((*query, ("page", "2")), jsonapi(2, 2)) == (*query, ("page", "1"))
    assert it.previous_params(query, jsonapi(1, 2)) is None
    assert it.last_params(query, jsonapi(1, 2)) == (*query, ("page", "2"))
    assert it.page_info(dict(query), jsonapi(1, 2)) == PageInfo(1, 20, 33, 2, True, False, 20)


def test_a_link_may_be_a_table() -> None:
    body = jsonapi(1, 3)
    body["links"]["next"] = {"href": f"{URL}?page=2&limit=20"}
    assert style("jsonapi_links").next_params((), body) == (("page", "2"),)


def test_the_envelope_of_jsonapi_as_documented() -> None:
    it = style("jsonapi_links", default_size=20)
    cut = it.slice({"sort": "-name"}, range(33), f"{URL}?sort=-name")
    assert cut.envelope == {
        "meta": {"pagination": {"current_page": 1, "count": 20, "total_pages": 2, "per_page": 20, "total": 33}},
        "links": {
            "self": f"{URL}?page=1",
            "first": f"{URL}?page=1",
            "next": f"{URL}?page=2",
            "last": f"{URL}?page=2",
        },
    }
    assert "next" not in it.slice({"page": "2"}, range(33), URL).envelope["links"]
    beyond = it.slice({"page": "9"}, range(33), URL)
    assert (beyond.records, "next" in beyond.envelope["links"]) == ((), False)


# --- Laravel ----------------------------------------------------------------------------------------------------------


def test_an_absolute_link_gives_its_number_and_is_never_gone_to() -> None:
    it = style("laravel")
    query = (("access_token", "t"), ("page", "1"))
    assert it.next_params(query, laravel(1)) == (("access_token", "t"), ("page", "2"))
    assert it.next_params(query, laravel(4)) is None
    assert it.next_params(query, None) is None


def test_links_that_name_no_call_are_not_followed() -> None:
    it = style("laravel", follow_links=False)
    body = laravel(1, next_page_url="/?page=7")
    assert it.next_params(KEPT, body) == (*KEPT, ("page", "2"))
    assert it.next_params(KEPT, laravel(1, next_page_url=None)) == (*KEPT, ("page", "2"))
    assert it.next_params(KEPT, laravel(4, next_page_url="/?page=5")) is None
    cut = it.slice({"page": "2", "per_page": "10"}, range(13), URL)
    assert cut.envelope == {
        "total": 13,
        "per_page": 10,
        "current_page": 2,
        "last_page": 2,
        "first_page_url": "/?page=1",
        "last_page_url": "/?page=2",
        "next_page_url": None,
        "prev_page_url": "/?page=1",
        "path": "/",
        "from": 11,
        "to": 13,
    }


def test_paging_that_must_be_asked_for() -> None:
    it = style("laravel", opt_in=True)
    everything = it.slice({"per_page": "5"}, range(40), URL)
    assert (len(everything.records), everything.wanted, everything.envelope) == (40, False, {})
    assert it.slice({"page": "1"}, range(40), URL).wanted
    bodies: tuple[Any, ...] = ([{}] * 3, {"data": [{}] * 3})
    for body in bodies:
        assert it.next_params(KEPT, body) is None
        assert it.page_info({}, body).records == 3
    assert it.first_params(KEPT) == (*KEPT, ("page", "1"))


def test_the_envelope_of_laravel_as_documented() -> None:
    cut = style("laravel").slice({"page": "1"}, range(62), "https://pages.example/list")
    links = {name: cut.envelope.pop(f"{name}_page_url") for name in ("first", "prev", "next", "last")}
    assert {name: link and link.removeprefix("https://pages.example/list?") for name, link in links.items()} == {
        "last": "page=5",
        "next": "page=2",
        "prev": None,
        "first": "page=1",
    }
    assert cut.envelope == {
        "path": "https://pages.example/list",
        "from": 1,
        "to": 15,
        "last_page": 5,
        "current_page": 1,
        "per_page": 15,
        "total": 62,
    }
    empty = style("laravel").slice({"page": "9"}, range(62), URL)
    assert (empty.records, empty.envelope["from"], empty.envelope["to"]) == ((), None, None)


# --- a page number and no more ----------------------------------------------------------------------------------------


def test_what_is_not_known_is_a_guess_that_says_so() -> None:
    it = style("page")
    guess = it.page_info({"page": "2"}, {"data": [{}] * 3})
    assert (guess.number, guess.has_next, guess.has_previous, guess.certain) == (2, True, True, False)
    assert it.next_params((("page", "2"),), {"data": [{}]}) == (("page", "3"),)
    assert it.next_params((("a", "b"),), [{}]) == (("a", "b"), ("page", "2"))
    end = it.page_info({"page": "3"}, {"data": []})
    assert (end.has_next, end.certain) == (False, True)
    assert it.last_params((), {"data": [{}]}) is None


@pytest.mark.parametrize("body", [None, {}, "text", 3, {"error": "invalid_request"}, {"data": None}])
def test_without_records_there_is_no_next_page(body: Any) -> None:
    assert style("page").next_params((), body) is None


def test_an_answer_that_tells_its_end_is_believed() -> None:
    it = style("page")
    assert it.next_params((("page", "4"),), {"data": [{}], "current_page": 4, "last_page": 4}) is None
    assert it.page_info({"page": "2"}, {"data": [{}], "current_page": 2, "last_page": 4}).certain
    assert it.next_params((("page", "4"),), {"data": [{}], "last_page": 4}) is not None


def test_pages_may_count_from_zero() -> None:
    it = style("page", first=0)
    assert it.next_params((), {"data": [{}]}) == (("page", "1"),)
    assert it.previous_params((("page", "1"),), {"data": []}) == (("page", "0"),)
    assert it.previous_params((("page", "0"),), {"data": [{}]}) is None
    assert it.slice({"page": "0"}, range(20), URL).records == tuple(range(15))


# --- all of them ------------------------------------------------------------------------------------------------------

STYLES = {
    "page": ({}, ()),
    "offset": ({}, (("count", "7"),)),
    "jsonapi_links": ({}, (("limit", "7"),)),
    "laravel": ({}, (("per_page", "7"),)),
    "laravel ": ({"follow_links": False, "opt_in": True}, (("page", "1"), ("per_page", "7"))),
}


@given(st.sampled_from(sorted(STYLES)), st.integers(0, 60), st.booleans())
def test_walking_through_all_pages_sees_every_record_once(name: str, total: int, backwards: bool) -> None:
    options, start = STYLES[name]
    it = style(name.strip(), **options)
    records = [{"id": number} for number in range(total)]

    def answer(query: Any) -> Any:
        cut = it.slice(dict(query), records, URL)
        assert cut.problem == ""
        return json.loads(json.dumps({"data": list(cut.records)} | cut.envelope))

    query: Any = (*KEPT, *start)
    pages: list[Any] = []
    queries: list[Any] = []
    while query is not None:
        assert query[: len(KEPT)] == KEPT
        assert len(pages) < 70
        body = answer(query)
        pages.append(body["data"])
        queries.append(query)
        query = it.next_params(query, body)
    assert [row for page in pages for row in page] == records
    if backwards:
        for at in range(len(queries) - 1, 0, -1):
            before = it.previous_params(queries[at], answer(queries[at]))
            assert before is not None
            assert answer(before)["data"] == pages[at - 1]
        assert it.previous_params(queries[0], answer(queries[0])) is None


members = st.sampled_from(
    [
        "data",
        "meta",
        "links",
        "pagination",
        "next",
        "prev",
        "next_page",
        "prev_page",
        "total",
        "per_page",
        "last_page",
        "current_page",
        "total_pages",
        "next_page_url",
        "prev_page_url",
    ]
)
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(sorted(STYLES)), json_values)
def test_no_answer_breaks_a_style(name: str, body: Any) -> None:
    options, start = STYLES[name]
    it = style(name.strip(), **options)
    info = it.page_info(dict(start), body)
    assert info.records >= 0
    it.next_params(start, body)
    it.previous_params(start, body)
    it.last_params(start, body)
    it.first_params(start, body)


@pytest.mark.parametrize("name", ["page", "jsonapi_links", "laravel"])
@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "１"])
def test_a_wrong_page_number_is_a_problem_with_its_parameter(name: str, text: str) -> None:
    cut = style(name).slice({"page": text}, range(5), URL)
    assert (cut.problem_param, cut.records) == ("page", ())
    assert "page" in cut.problem


@pytest.mark.parametrize(("name", "param"), [("offset", "count"), ("jsonapi_links", "limit"), ("laravel", "per_page")])
def test_a_page_is_no_larger_than_the_vendor_gives(name: str, param: str) -> None:
    assert len(style(name, max_size=25).slice({param: "1000"}, range(100), URL).records) == 25


@pytest.mark.parametrize("number", [0, -3, 5])
def test_there_is_no_page_outside(number: int) -> None:
    with pytest.raises(UsageError):
        style("laravel").goto_params((), number, laravel(1, last=4))


def test_parameters_are_changed_where_they_stand() -> None:
    query = (("a", "1"), ("page", "2"), ("b", ""), ("page", "9"))
    assert with_params(query, {"page": 3}) == (("a", "1"), ("page", "3"), ("b", ""))
    assert with_params(query, {"page": None, "c": "x"}) == (("a", "1"), ("b", ""), ("c", "x"))


def test_the_style_of_an_endpoint_comes_from_the_catalog() -> None:
    shop = Vendor(title="Shop", pagination={"p": Pagination(style="offset", options={"default_size": 3})})
    paged = Endpoint(title="List", group="Test", path="/x", pagination="p")
    found = style_for(shop, paged)
    assert found is not None
    assert found.first_params(()) == (("start", "0"), ("count", "3"))
    assert style_for(shop, Endpoint(title="One", group="Test", path="/x")) is None
