"""Every call of the shipped catalog: its examples succeed, and without any one required parameter it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.sandbox.checks import find_problems
from tests.conftest import ROOT
from tests.sandbox.world import World, check, reason

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog
    from tests.sandbox.conftest import Serve


def _addresses() -> list[str]:
    from explorer.core.catalog.load import read_toml
    from explorer.store.catalogs import decode

    path = ROOT / "endpoint_catalog.toml"
    catalog = decode(read_toml(path.read_text(encoding="utf-8"), path.name), path.name)
    return [f"{vendor.id}.{name}" for vendor in catalog.vendors.values() for name in vendor.endpoints]


ADDRESSES = _addresses()
# What the documents ask for beside the parameters that are always required.
ALSO = {
    "cottoncart.manage_create_store": {"website": "https://www.harbour.example"},
    "fashionphile.cart_update": {"shippingMethod": "Ground"},
    "fashionphile.cart_set_addresses": {"billing_address_id": "2"},
    "fashionphile.cart_checkout": {"payment_profile_id": "32000001"},
    "quickstart.token": {"refresh_token": "demo-refresh-token"},
    "quickstart.authorize": {
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    },
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_examples_succeed(world: World, shipped: Catalog, address: str) -> None:
    vendor_id, _, name = address.partition(".")
    vendor = shipped.vendors[vendor_id]
    answer = world.example(vendor, vendor.endpoints[name], also=ALSO.get(address))
    assert check(answer) == "", f"{reason(answer)}: {answer.text[:300]}"
    assert answer.status_code < 300
    if vendor_id == "cottoncart":
        assert answer.json()["success"] in (True, "true")


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_a_required_parameter_it_is_refused(serve: Serve, shipped: Catalog, address: str) -> None:
    vendor_id, _, name = address.partition(".")
    vendor = shipped.vendors[vendor_id]
    endpoint = vendor.endpoints[name]
    for param in endpoint.params.values():
        group = endpoint.groups.get(param.group or "")
        always = param.group is None or (group is not None and group.min > 0)
        if not param.required or param.location == "path" or not always:
            continue
        answer = serve().example(vendor, endpoint, without=param.name, also=ALSO.get(address))
        assert check(answer), f"{param.name} can be left out: {answer.status_code} {answer.text[:200]}"
        assert reason(answer)
        assert answer.status_code >= 300 or vendor_id == "cottoncart"


@pytest.mark.parametrize("address", [one for one in ADDRESSES if not one.endswith((".authorize", ".token"))])
def test_a_name_that_is_not_known_is_refused(world: World, shipped: Catalog, address: str) -> None:
    vendor_id, _, name = address.partition(".")
    vendor = shipped.vendors[vendor_id]
    endpoint = vendor.endpoints[name]
    path = endpoint.path
    for param in endpoint.params.values():
        path = path.replace("{" + param.name + "}", param.example)
    headers = {"Accept": endpoint.accept or vendor.version.accept or "*/*"}
    if endpoint.auth != "none":
        return
    answer = world.call(vendor_id, endpoint.method, path + "?surprise=1", headers=headers)
    assert "surprise" in reason(answer)


def test_the_sandbox_part_of_the_catalog_has_no_loose_ends(shipped: Catalog) -> None:
    for vendor in shipped.vendors.values():
        assert find_problems(vendor) == []


def test_every_foreign_account_and_collection_can_be_made(serve: Serve, shipped: Catalog) -> None:
    from explorer.sandbox.state import SandboxState

    for vendor in shipped.vendors.values():
        state = SandboxState(vendor.id, vendor.sandbox, 1_800_000_000.0)
        for name, collection in vendor.sandbox.collections.items():
            rows = state.rows(name)
            assert len(rows) == collection.count
            keys = [row["id"] for row in rows if "id" in row]
            assert len(keys) == len(set(keys))
