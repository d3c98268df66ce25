"""A vendor for each auth scheme: one of the shipped catalog where it has one, else a table that stands here.

A scheme that is registered without either fails the contract tests by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.core.model import Call, Entry
from explorer.store.catalogs import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog import Catalog, Vendor


@dataclass(frozen=True)
class World:
    """A catalog with one vendor that uses the scheme, and a call of it that reads."""

    catalog: Catalog
    vendor: Vendor
    call: Call


PLAIN: dict[str, dict[str, Any]] = {
    "basic": {
        "scheme": "basic",
        "credentials": {"username": "ada", "password": "sandbox-engine-1"},
    },
    "toy": {
        "scheme": "toy",
        "credentials": {"token": "sandbox-toy-token"},
    },
}
"""Scheme → its word, options and demo credentials, for schemes that no shipped vendor uses."""


def world_of(scheme: str, shipped: Catalog) -> World:
    """Return the world of *scheme*.

    Raises:
        LookupError: neither the shipped catalog nor ``PLAIN`` has a vendor with that scheme.
    """
    for vendor in shipped.vendors.values():
        keys = {key for key, auth in vendor.auth.items() if auth.scheme == scheme}
        if keys:
            endpoint = next(one for one in vendor.endpoints.values() if one.auth in keys and one.id == vendor.probe)
            return _world(shipped, vendor, endpoint.id)
    if scheme not in PLAIN:
        raise LookupError(f"give the scheme {scheme!r} a vendor in tests/contracts/auth_worlds.py")
    catalog = decode({"vendors": {"workshop": _vendor(PLAIN[scheme])}}, "contract")
    return _world(catalog, catalog.vendors["workshop"], "tools")


def _vendor(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": "Workshop",
        "probe": "tools",
        "environments": {"live": {"base_url": "https://workshop.example/api"}},
        "auth": {"main": {"scheme": plain["scheme"], "title": "Sign", "options": plain.get("options", {})}},
        "credentials": {
            name: {"title": name.title(), "sandbox": value} for name, value in plain["credentials"].items()
        },
        "verdict": {"error": "error"},
        "endpoints": {
            "tools": {
                "title": "List tools",
                "group": "Tools",
                "path": "/tools",
                "auth": "main",
                "params": {"page": {"in": "query", "type": "integer", "example": "1"}},
                "samples": [{"body": '{"tools": [{"id": 7, "name": "Difference engine"}]}'}],
            }
        },
    }


def _world(catalog: Catalog, vendor: Vendor, endpoint_id: str) -> World:
    endpoint = vendor.endpoints[endpoint_id]
    entries = tuple(Entry(name=param.name, value=param.example) for param in endpoint.params.values() if param.required)
    return World(catalog, vendor, Call(vendor=vendor.id, endpoint=endpoint_id, entries=entries))
