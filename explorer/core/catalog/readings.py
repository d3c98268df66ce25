"""Apply readings: vendor and endpoint with the chosen readings merged in."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from explorer.core.catalog.model import Endpoint, Reading, Vendor
from explorer.errors import UnknownName, UsageError

_S = TypeVar("_S", bound=msgspec.Struct)
_TABLES_OF_TABLES = ("params", "groups", "environments", "credentials", "auth", "pagination")


def apply_readings(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> tuple[Vendor, Endpoint]:
    """Return vendor and endpoint under the *chosen* readings (key → choice); other readings use their default.

    Raises:
        UnknownName: The reading, or its choice, does not exist.
    """
    known = {**vendor.readings, **endpoint.readings}
    for key, choice in chosen.items():
        if key not in known:
            raise UnknownName("reading", key, known)
        if choice not in known[key].choices:
            raise UnknownName(f"choice of reading {key}", choice, known[key].choices)
    vendor = _apply_choices(vendor, vendor.readings, chosen)
    endpoint = _apply_choices(endpoint, endpoint.readings, chosen)
    if endpoint.id in vendor.endpoints and vendor.readings:
        endpoint = _apply_vendor_wide(vendor, endpoint, chosen)
    return vendor, endpoint


def _apply_vendor_wide(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> Endpoint:
    """Return the endpoint under ``set.each_endpoint`` of the vendor's chosen readings."""
    for key, reading in vendor.readings.items():
        patch = reading.choices[chosen.get(key, reading.default)].set.get("each_endpoint")
        if patch:
            endpoint = _patch_struct(endpoint, patch)
    return endpoint


def _apply_choices(struct: _S, readings: Mapping[str, Reading], chosen: Mapping[str, str]) -> _S:
    for key, reading in readings.items():
        patch = reading.choices[chosen.get(key, reading.default)].set
        patch = {name: value for name, value in patch.items() if name != "each_endpoint"}
        if patch:
            struct = _patch_struct(struct, patch)
    return struct


def ambiguous_parameters(readings: Mapping[str, Reading]) -> dict[str, tuple[str, ...]]:
    """Return the parameters affected by readings, each with the keys of those readings."""
    keys_by_name: dict[str, tuple[str, ...]] = {}
    for key, reading in readings.items():
        names: dict[str, None] = {}
        for choice in reading.choices.values():
            for table in (choice.set, choice.set.get("each_endpoint", {})):
                names.update(dict.fromkeys(table.get("params", {})))
        for name in names:
            keys_by_name[name] = (*keys_by_name.get(name, ()), key)
    return keys_by_name


def _patch_struct(struct: _S, patch: Mapping[str, Any]) -> _S:
    builtins = typing.cast("dict[str, Any]", msgspec.to_builtins(struct))
    try:
        changed = msgspec.convert(merge_patch(builtins, patch), type(struct))
    except msgspec.ValidationError as error:
        raise UsageError(
            f"the chosen readings exclude each other: {error}", hint="Reset one of them to its default."
        ) from None
    if isinstance(changed, Endpoint):
        return typing.cast("_S", name_endpoint(changed.id, changed))
    return changed


def merge_patch(base: Mapping[str, Any], patch: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """Return *base* with *patch* merged in; ``false`` removes a table. *within* is the key that contains *base*."""
    merged = dict(base)
    for key, value in patch.items():
        below = merged.get(key)
        if value is False and (isinstance(below, Mapping) or within in _TABLES_OF_TABLES):
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = merge_patch(below, value, key)
        else:
            merged[key] = value
    return merged


def name_endpoint(key: str, endpoint: Endpoint) -> Endpoint:
    """Return *endpoint* with its id set to *key* and its parameter names set from their keys."""
    params = {
        name: param if param.name else msgspec.structs.replace(param, name=name)
        for name, param in endpoint.params.items()
    }
    return msgspec.structs.replace(endpoint, id=key, params=params)
