"""Drift: what is told of answers that differ from the catalog, and what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from explorer.core.drift import AcceptedRequest, Shape, compare_shapes, find_request_drift
from explorer.core.text.secret import MASK
from explorer.store.catalogs import decode

if TYPE_CHECKING:
    from explorer.core.catalog import Endpoint, Vendor
from tests.properties import given, settings, st

if TYPE_CHECKING:
    from explorer.core.catalog import Endpoint, Vendor

SAMPLE = {
    "data": [
        {"id": 1, "name": "Lamp", "price": 9.5, "tags": ["new"], "owner": {"id": 3}, "note": None},
        {"id": 2, "name": "Rug", "price": 12, "tags": [], "owner": {"id": 4}, "note": None, "sale": True},
    ],
    "meta": {},
}


def shop(**more: Any) -> tuple[Vendor, Endpoint]:
    """A vendor with one list."""
    endpoint = {
        "title": "Goods",
        "group": "G",
        "path": "/goods",
        "params": {
            "colour": {"in": "query", "enum": ["red", "blue"]},
            "limit": {"in": "query", "type": "integer", "max": 100, "default": "15"},
        },
        "samples": [{"body": json.dumps(SAMPLE)}, {"status": 404, "body": '{"error": "no"}'}],
        **more,
    }
    catalog = decode({"vendors": {"shop": {"title": "Shop", "endpoints": {"goods": endpoint}}}}, "test")
    vendor = catalog.vendors["shop"]
    return vendor, vendor.endpoints["goods"]


def record(**changes: Any) -> dict[str, Any]:
    """A record as documented, but for *changes*; None takes a field away."""
    made = {"id": 7, "name": "Bowl", "price": 3.25, "tags": ["old"], "owner": {"id": 5}, "note": "x", **changes}
    return {key: value for key, value in made.items() if value != "gone"}


def told(*bodies: Any, **more: Any) -> list[tuple[str, str, str]]:
    """What is found in these bodies: what, where, and what was seen."""
    vendor, endpoint = shop(**more)
    shape = Shape()
    for number, body in enumerate(bodies, 1):
        shape.add(body, number)
    return [(one.what, one.place, one.seen) for one in compare_shapes(vendor, endpoint, shape)]


def page(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An answer."""
    return {"data": list(records), "meta": {}, **more}


def test_an_answer_as_documented_tells_nothing() -> None:
    assert told(page(record(), record(price=4, note=None, sale=False))) == []
    assert told(page(), page(record(tags=[], price=1))) == []


def test_a_new_field_is_told_once_and_not_what_is_in_it() -> None:
    assert told(page(record(maker={"name": "x", "places": [1]}))) == [("new", "data[].maker", "table")]
    assert told(page(record(), total=3)) == [("new", "total", "integer")]


def test_a_field_of_another_kind_is_told_and_whole_numbers_are_numbers() -> None:
    assert told(page(record(id="7"))) == [("retyped", "data[].id", "string")]
    assert told(page(record(price=3))) == []
    assert told(page(record(owner=[]))) == [("retyped", "data[].owner", "list")]
    assert told([record()]) == [("retyped", "", "list")]


def test_null_is_no_other_kind() -> None:
    assert told(page(record(name=None), record(owner=None))) == []


def test_a_missing_field_is_told_when_it_is_never_there_in_several_records() -> None:
    assert told(page(record(name="gone"))) == []
    assert told(page(*(record(name="gone") for _ in range(3)))) == [("missing", "data[].name", "not there")]
    assert told(page(*(record(name="gone") for _ in range(3)), record())) == []


def test_a_field_that_only_some_samples_have_is_never_missing() -> None:
    assert told(page(*(record() for _ in range(5)))) == []


def test_tables_that_are_empty_in_the_sample_may_hold_anything() -> None:
    assert told(page(record(), meta={"took": 3})) == []


def test_keys_that_are_ids_are_no_fields() -> None:
    sample = [{"body": '{"stock": {"101": {"count": 1}, "102": {"count": 2}}}'}]
    assert told({"stock": {"900": {"count": 4}}}, samples=sample) == []
    assert told({"stock": {"900": {"count": 4, "at": "x"}}}, samples=sample) == [("new", "stock.{}.at", "string")]


def test_masked_values_have_no_kind() -> None:
    assert told(page(record(id=MASK))) == []


def test_a_value_that_the_document_does_not_list_is_told() -> None:
    known = {"data[].name": {"enum": ["Lamp", "Rug"]}}
    assert told(page(record(name="Lamp")), answer=known) == []
    assert told(page(record(name="Sofa")), answer=known) == [("value", "data[].name", "Sofa")]


def test_what_was_accepted_into_the_catalog_is_told_no_more() -> None:
    strange = page(record(id="7", maker={}), record(name="gone"), record(name="gone"), record(name="gone"))
    vendor, endpoint = shop()
    shape = Shape()
    shape.add({**strange, "data": strange["data"][1:]}, 1)
    shape.add(page(record(id="7", maker={}, name="gone")), 2)
    answer: dict[str, Any] = {}
    for one in compare_shapes(vendor, endpoint, shape):
        for (_, _, _, place, key), value in one.patches:
            answer.setdefault(place, {})[key] = value
    assert set(answer) == {"data[].id", "data[].maker", "data[].name"}
    changed_vendor, changed = shop(answer=answer)
    assert compare_shapes(changed_vendor, changed, shape) == []


def test_evidence_names_the_entries_that_show_it() -> None:
    vendor, endpoint = shop()
    shape = Shape()
    shape.add(page(record()), 11)
    shape.add(page(record(maker="x")), 12)
    (found,) = compare_shapes(vendor, endpoint, shape)
    assert (found.entries, found.count, found.of, found.example) == ((12,), 1, 2, '"x"')


def asked(number: int, **more: Any) -> AcceptedRequest:
    """A request for a page."""
    return AcceptedRequest(number, size_param="limit", **more)


def limits(*requests: AcceptedRequest) -> list[tuple[str, str, Any]]:
    """What is told of requests: the place, what was seen, the patch."""
    return [(one.place, one.seen, one.patches[0][1]) for one in find_request_drift(*shop(), requests)]


def test_a_value_that_was_accepted_although_it_is_not_listed() -> None:
    request = AcceptedRequest(3, (("colour", "green"), ("limit", "200")))
    assert limits(request) == [("colour", "green was accepted", ["green"]), ("limit", "200 was accepted", 200)]
    assert limits(AcceptedRequest(3, (("colour", "red"), ("limit", "100"), ("unknown", "x")))) == []


def test_of_several_values_beyond_a_limit_the_farthest_is_told() -> None:
    requests = [AcceptedRequest(number, (("limit", text),)) for number, text in enumerate(("200", "900", "300"), 1)]
    assert limits(*requests) == [("limit", "900 was accepted", 900)]


def test_a_page_that_is_capped_below_what_was_asked_for() -> None:
    assert limits(asked(1, requested=100, records=50, more=True)) == [("limit", "at most 50 records per page", 50)]
    assert limits(asked(1, requested=100, records=50, more=False)) == []
    assert limits(asked(1, requested=50, records=50, more=True)) == []


def test_a_default_size_that_is_another() -> None:
    assert limits(asked(1, records=20, more=True)) == [("limit", "20 records per page by default", "20")]
    assert limits(asked(1, records=15, more=True), asked(2, records=15, more=True)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc.[]{}", max_size=4), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=60)
@given(JSON)
def test_a_sample_never_drifts_from_itself(body: Any) -> None:
    assert told(body, samples=[{"body": json.dumps(body)}]) == []


@pytest.mark.parametrize("body", ["", "not json", "<xml/>"])
def test_a_call_without_a_sample_in_json_tells_nothing(body: str) -> None:
    assert told({"a": 1}, samples=[{"body": body}] if body else []) == []
