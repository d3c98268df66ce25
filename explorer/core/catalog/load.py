"""A mapping → a ``Catalog``, with every problem of it found in one pass.

    text ── read_toml ──► mapping ── merge (overlays) ──► mapping ── decode ──► Catalog
                                                             │
                          origins: which file said it ───────┘──► CatalogProblem(file, path, message, expected, near)

Nothing here opens a file; ``explorer.settings`` reads them and keeps the decoded catalog for the next start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from explorer.core.catalog.checks import OptionTypes, check_vendor
from explorer.core.catalog.model import Catalog, Vendor
from explorer.core.catalog.readings import name_endpoint
from explorer.core.catalog.report import Path, ProblemReport
from explorer.core.catalog.tables import decode_table
from explorer.errors import CatalogError, CatalogProblem

__all__ = ["OptionTypes", "decode", "decode_checked", "merge", "name_parts", "read_toml"]
_TOP = ("schema", "edition", "vendors")


def read_toml(text: str, file: str) -> dict[str, Any]:
    """The mapping in a TOML text.

    Raises:
        CatalogError: the text is not TOML; names the line.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+), column (\d+)", str(error))
        path = f"line {where[1]}, column {where[2]}" if where else "(file)"
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise CatalogError([CatalogProblem(file, path, f"not TOML: {message}", "see https://toml.io")]) from None


def merge(
    base: Mapping[str, Any], overlay: Mapping[str, Any], file: str, origins: dict[Path, str], at: Path = ()
) -> dict[str, Any]:
    """*base* with the single keys of *overlay* laid over it; *origins* learns which file said what."""
    merged = dict(base)
    for key, value in overlay.items():
        path = (*at, key)
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = merge(below, value, file, origins, path)
        else:
            merged[key] = value
            origins[path] = file
    return merged


def decode(
    mapping: Mapping[str, Any],
    file: str,
    types: OptionTypes,
    *,
    digest: str = "",
    origins: Mapping[Path, str] | None = None,
) -> Catalog:
    """Return the catalog in *mapping*, whose auth schemes and paging styles are those of *types*.

    Raises:
        CatalogError: with every problem found, not only the first.
    """
    report = ProblemReport(file, origins or {})
    for key in mapping:
        if key not in _TOP:
            report.unknown((key,), "key", key, _TOP)
    schema = mapping.get("schema", 1)
    if schema != 1:
        report.add(("schema",), f"schema {schema!r} is not known", "this program reads schema 1")
    vendors: dict[str, Vendor] = {}
    tables = mapping.get("vendors", {})
    if not isinstance(tables, Mapping):
        report.add(("vendors",), "is not a table", "write [vendors.NAME]")
        tables = {}
    for vendor_id, table in tables.items():
        path = ("vendors", vendor_id)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", vendor_id):
            report.add(path, "is no vendor id", "lower-case letters, digits and underscores, a letter first")
        vendor = decode_table(Vendor, table, path, report, partial=True)
        if vendor is not None:
            vendor = name_parts(vendor_id, vendor)
            check_vendor(vendor, types, path, report)
            vendors[vendor_id] = vendor
    if report.problems:
        raise CatalogError(report.problems)
    return Catalog(edition=str(mapping.get("edition", "")), digest=digest, vendors=vendors)


def decode_checked(mapping: Mapping[str, Any], *, digest: str = "") -> Catalog:
    """The catalog in a mapping that was checked before (``decode``): a fraction of the time, no word on errors.

    Raises:
        msgspec.ValidationError: it is not well after all.
    """
    vendors = msgspec.convert(mapping.get("vendors", {}), dict[str, Vendor])
    named = {key: name_parts(key, vendor) for key, vendor in vendors.items()}
    return Catalog(edition=str(mapping.get("edition", "")), digest=digest, vendors=named)


def name_parts(vendor_id: str, vendor: Vendor) -> Vendor:
    """*vendor* with ids and parameter names filled in from the keys of their tables."""
    endpoints = {key: name_endpoint(key, endpoint) for key, endpoint in vendor.endpoints.items()}
    return msgspec.structs.replace(vendor, id=vendor_id, endpoints=endpoints)
