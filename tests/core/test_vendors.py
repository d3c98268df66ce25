"""The comparison of vendors, against what their documents say (read by a person, cited as document:line)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.vendor_comparison import TASKS, compare_vendors
from explorer.store.catalogs import decode

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog
    from explorer.core.vendor_comparison import ComparisonCell


def cell(catalog: Catalog, task: str, vendor: str) -> ComparisonCell:
    return next(one for one in compare_vendors(catalog) if one.id == task).cells[vendor]


def test_every_task_has_a_cell_for_every_vendor_and_opens_calls_that_exist(shipped: Catalog) -> None:
    rows = compare_vendors(shipped)
    assert [row.id for row in rows] == list(TASKS)
    for row in rows:
        assert list(row.cells) == list(shipped.vendors)
        for vendor, one in row.cells.items():
            assert one.points
            if one.endpoint:
                owner, _, endpoint = one.endpoint.partition(".")
                assert owner == vendor
                assert endpoint in shipped.vendors[vendor].endpoints


def test_where_the_credential_goes(shipped: Catalog) -> None:
    assert cell(shipped, "credential", "xsellcast").short == "parameter access_token"  # 000:80
    assert cell(shipped, "credential", "fashionphile").short == "header Authorization: Bearer …"  # 001:49
    assert cell(shipped, "credential", "cottoncart").short == "query: auth_id, auth_ts, auth_sig"  # 002:32
    assert "X-EA-REQUEST-TOKEN" in cell(shipped, "credential", "endlessaisles").short  # 004:32
    assert "replaced by every response" in cell(shipped, "token", "fashionphile").points  # 001:57


def test_versions_and_paging(shipped: Catalog) -> None:
    assert "application/x.fashionphile.v1+json" in cell(shipped, "version", "fashionphile").short  # 001:18
    assert cell(shipped, "version", "cottoncart").short == "path: /v1/"  # 002:12
    assert "start and count" in cell(shipped, "paging", "cottoncart").points  # 002:83
    assert "page and limit" in cell(shipped, "paging", "fashionphile").points  # 001:430
    assert "page and per_page" in cell(shipped, "paging", "endlessaisles").points  # 004:58
    assert "without total" in cell(shipped, "paging", "xsellcast").points  # 000:81


def test_verdicts_dates_and_orders(shipped: Catalog) -> None:
    assert "success in the body" in cell(shipped, "verdict", "cottoncart").points  # 002:54
    assert "error text contains JSON" in cell(shipped, "verdict", "endlessaisles").points  # 004:1034
    assert "sent as %m-%d-%Y" in cell(shipped, "dates", "endlessaisles").points  # 004:182
    assert "orders ×1 by PUT" in cell(shipped, "effects", "endlessaisles").points  # 004:500
    assert "orders ×1 by GET" in cell(shipped, "effects", "cottoncart").points  # 002:381
    assert any("checkout=1" in text for text in cell(shipped, "effects", "cottoncart").details)  # 002:455
    assert cell(shipped, "effects", "quickstart").short == "reads only"  # 003: GET throughout


def test_money_is_read_off_the_samples() -> None:
    body = '{"price": "12.00", "fee": 3, "cost": "€ 4.50", "meta": {"pagination": {"total": 9}}, "currency": "EUR"}'
    endpoint = {"title": "G", "group": "G", "path": "/g", "samples": [{"body": body}, {"body": "<x/>"}]}
    catalog = decode({"vendors": {"shop": {"title": "Shop", "endpoints": {"g": endpoint}}}}, "test")
    found = cell(catalog, "money", "shop")
    assert set(found.points) == {
        'string (price: "12.00")',
        "number (fee: 3)",
        'string with a symbol (cost: "\\u20ac 4.50")',
    }
    assert "The currency is a separate field: currency: EUR." in found.details


def test_a_vendor_of_whom_next_to_nothing_is_known() -> None:
    catalog = decode({"vendors": {"bare": {"title": "Bare"}}}, "test")
    for row in compare_vendors(catalog):
        assert row.cells["bare"].short
        assert not row.cells["bare"].endpoint
