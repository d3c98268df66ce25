"""Decode a mapping into a ``Catalog`` and report all of its problems in one pass."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from explorer.core.catalog.model import Catalog, Endpoint, Parameter, Reading, Rule, Vendor
from explorer.core.catalog.readings import merge_patch, name_endpoint
from explorer.core.catalog.table import Path, ProblemReport, decode_table
from explorer.errors import CatalogError, CatalogProblem

if typing.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class OptionTypes:
    """The structs for decoding ``options`` tables, by the name of the auth scheme or paging style."""

    auth: Mapping[str, type[msgspec.Struct]] = field(default_factory=dict)
    paging: Mapping[str, type[msgspec.Struct]] = field(default_factory=dict)


def check_vendor(vendor: Vendor, types: OptionTypes, path: Path, report: ProblemReport) -> None:
    """Report every problem of a decoded vendor; *types* defines the known schemes and styles."""
    for kind in ("environments", "credentials", "auth", "pagination", "readings"):
        _check_keys(kind, getattr(vendor, kind), (*path, kind), report)
    for key, environment in vendor.environments.items():
        parts = urlsplit(environment.base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            report.add(
                (*path, "environments", key, "base_url"),
                f"{environment.base_url!r} is not a base URL",
                "example: https://host.example/api",
            )
        if key == "sandbox":
            report.add((*path, "environments", key), "the name 'sandbox' is reserved", "choose another name")
    for key, auth in vendor.auth.items():
        _check_options(types.auth, "auth scheme", auth.scheme, auth.options, (*path, "auth", key), report, "scheme")
    for key, paging in vendor.pagination.items():
        _check_options(
            types.paging,
            "paging style",
            paging.style,
            paging.options,
            (*path, "pagination", key),
            report,
            "style",
        )
    for key, reading in vendor.readings.items():
        if _check_reading(reading, (*path, "readings", key), report):
            _check_vendor_choices(vendor, key, reading, path, report)
    for key, endpoint in vendor.endpoints.items():
        at = (*path, "endpoints", key)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            report.add(at, "is not an endpoint id", "lowercase letters, digits and underscores, starting with a letter")
        _check_endpoint(vendor, endpoint, at, report)
        _check_keys("readings", endpoint.readings, (*at, "readings"), report)
        for name, reading in endpoint.readings.items():
            if name in vendor.readings:
                report.add((*at, "readings", name), "is also a reading of the vendor", "use another key")
            if _check_reading(reading, (*at, "readings", name), report):
                _check_choices(vendor, endpoint, name, reading, at, report)
    _check_links(vendor, path, report)
    _check_probe(vendor, path, report)
    for key in vendor.sandbox.handlers:
        if key not in vendor.endpoints:
            report.unknown((*path, "sandbox", "handlers", key), "endpoint", key, list(vendor.endpoints))


def _check_links(vendor: Vendor, path: Path, report: ProblemReport) -> None:
    """Report id links without a target: every consuming parameter must exist, every produced kind be consumed."""
    all_names = {param.name for endpoint in vendor.endpoints.values() for param in endpoint.params.values()}
    consumed_kinds = set(vendor.consumes.values())
    for name in vendor.consumes:
        if name not in all_names:
            report.unknown((*path, "consumes", name), "parameter", name, sorted(all_names))
    for key, endpoint in vendor.endpoints.items():
        names = [param.name for param in endpoint.params.values()]
        consumed_kinds |= set(endpoint.consumes.values())
        for name in endpoint.consumes:
            if name not in names:
                report.unknown((*path, "endpoints", key, "consumes", name), "parameter", name, names)
    sources = [(path, vendor.produces)]
    sources += [((*path, "endpoints", key), endpoint.produces) for key, endpoint in vendor.endpoints.items()]
    for at, produced in sources:
        for number, source in enumerate(produced):
            if source.kind not in consumed_kinds:
                kinds = sorted(consumed_kinds)
                report.unknown((*at, "produces", f"[{number}]", "kind"), "kind of id", source.kind, kinds)


def _check_probe(vendor: Vendor, path: Path, report: ProblemReport) -> None:
    if not vendor.probe:
        return
    endpoint = vendor.endpoints.get(vendor.probe)
    if endpoint is None:
        report.unknown((*path, "probe"), "endpoint", vendor.probe, list(vendor.endpoints))
    elif endpoint.effect != "read":
        report.add((*path, "probe"), f"{vendor.probe} is not a read", "a call with the effect read")


def _check_keys(kind: str, keys: Iterable[str], path: Path, report: ProblemReport) -> None:
    for key in keys:
        if not _KEY.fullmatch(key):
            report.add((*path, key), f"is not a valid key for {kind}", "letters and digits, with . _ - between them")


def _check_options(
    known: Mapping[str, type[msgspec.Struct]],
    kind: str,
    name: str,
    options: Mapping[str, Any],
    path: Path,
    report: ProblemReport,
    key: str,
) -> None:
    struct = known.get(name)
    if struct is None:
        report.unknown((*path, key), kind, name, list(known))
    else:
        decode_table(struct, options, (*path, "options"), report)


def _check_endpoint(vendor: Vendor, endpoint: Endpoint, path: Path, report: ProblemReport) -> None:
    if endpoint.auth != "none" and endpoint.auth not in vendor.auth:
        report.unknown((*path, "auth"), "auth", endpoint.auth, ["none", *vendor.auth])
    if endpoint.pagination and endpoint.pagination not in vendor.pagination:
        report.unknown((*path, "pagination"), "pagination", endpoint.pagination, list(vendor.pagination))
    param_names = [param.name for param in endpoint.params.values()]
    if endpoint.asked is not None and endpoint.asked.param not in param_names:
        report.unknown((*path, "asked", "param"), "parameter", endpoint.asked.param, list(endpoint.params))
    if not endpoint.path.startswith("/"):
        report.add((*path, "path"), f"{endpoint.path!r} has no leading slash", f"write '/{endpoint.path}'")
    in_path = {param.name for param in endpoint.params.values() if param.location == "path"}
    for name in _PLACEHOLDER.findall(endpoint.path):
        if name not in in_path:
            report.add((*path, "path"), f"{{{name}}} has no parameter", f'add params.{name} = {{ in = "path", … }}')
    for name in in_path - set(_PLACEHOLDER.findall(endpoint.path)):
        report.add((*path, "params", name), "is a path parameter without a placeholder", f"add {{{name}}} to the path")
    for key, param in endpoint.params.items():
        _check_parameter(endpoint, param, (*path, "params", key), report)
    groups = {param.group for param in endpoint.params.values() if param.group}
    for key in endpoint.groups:
        if key not in groups:
            report.unknown((*path, "groups", key), "group", key, sorted(groups))
    for number, rule in enumerate(endpoint.rules):
        _check_rule(rule, param_names, (*path, "rules", f"[{number}]"), report)
    for number, when in enumerate(endpoint.effect_when):
        if when.param not in param_names:
            report.unknown((*path, "effect_when", f"[{number}]", "param"), "parameter", when.param, param_names)


def _check_parameter(endpoint: Endpoint, param: Parameter, path: Path, report: ProblemReport) -> None:
    if param.pattern:
        try:
            re.compile(param.pattern)
        except re.error as error:
            report.add((*path, "pattern"), f"is not a regular expression: {error}")
    if param.min is not None and param.max is not None and param.min > param.max:
        report.add(path, f"min {param.min:g} is above max {param.max:g}")
    bodies = {"form": ("form", "multipart"), "json": ("json",), "multipart": ("multipart",)}
    if param.location in bodies and endpoint.body not in bodies[param.location]:
        report.add((*path, "in"), f"is {param.location!r} while the body is {endpoint.body!r}", "set body to match")
    for key in ("default", "prefill"):
        value = getattr(param, key)
        if param.enum and value is not None and value not in (*param.enum, *param.also):
            report.add((*path, key), f"{value!r} is not in enum", f"one of: {', '.join(param.enum)}")
    if param.type == "file" and param.location != "multipart":
        report.add((*path, "in"), "a file requires multipart", 'write in = "multipart"')


def _check_rule(rule: Rule, names: Sequence[str], path: Path, report: ProblemReport) -> None:
    mentioned = [("params", name) for name in rule.params] + [("when", name) for name in rule.when]
    mentioned += [("when_value", name) for name in rule.when_value] + [("names", name) for name in rule.names.values()]
    for key, name in mentioned:
        if name not in names:
            report.unknown((*path, key), "parameter", name, names)
    if rule.kind in ("equal", "ordered") and len(rule.params) != 2:
        report.add((*path, "params"), f"{rule.kind!r} needs two parameters, not {len(rule.params)}")
    if rule.kind in ("requires", "not_listed", "together", "at_least_one") and not rule.params:
        report.add((*path, "params"), "is empty")


def _check_reading(reading: Reading, path: Path, report: ProblemReport) -> bool:
    _check_keys("choices", reading.choices, (*path, "choices"), report)
    if reading.default not in reading.choices:
        report.unknown((*path, "default"), "choice", reading.default, list(reading.choices))
        return False
    if len(reading.choices) < 2:
        report.add((*path, "choices"), "a reading needs at least two choices")
        return False
    return True


def _check_choices(
    vendor: Vendor, endpoint: Endpoint, name: str, reading: Reading, path: Path, report: ProblemReport
) -> None:
    for choice_id, choice in reading.choices.items():
        if not choice.set:
            continue
        at = (*path, "readings", name, "choices", choice_id, "set")
        inner = ProblemReport(report.file, report.origins)
        merged = merge_patch(typing.cast("dict[str, Any]", msgspec.to_builtins(endpoint)), choice.set)
        result = decode_table(Endpoint, merged, at, inner)
        if result is not None:
            bare = msgspec.structs.replace(name_endpoint(endpoint.id, result), readings={})
            _check_endpoint(vendor, bare, at, inner)
        report.problems.extend(inner.problems)


def _check_vendor_choices(vendor: Vendor, name: str, reading: Reading, path: Path, report: ProblemReport) -> None:
    bare = msgspec.structs.replace(vendor, endpoints={}, readings={})
    builtins = typing.cast("dict[str, Any]", msgspec.to_builtins(bare))
    for choice_id, choice in reading.choices.items():
        at = (*path, "readings", name, "choices", choice_id, "set")
        patch = {key: value for key, value in choice.set.items() if key != "each_endpoint"}
        if patch:
            decode_table(Vendor, merge_patch(builtins, patch), at, report)
        for key in choice.set.get("each_endpoint", {}):
            if key not in Endpoint.__struct_encode_fields__:
                report.unknown((*at, "each_endpoint", key), "key", key, Endpoint.__struct_encode_fields__)


_TOP = ("schema", "edition", "vendors")


def read_toml(text: str, file: str) -> dict[str, Any]:
    """Parse TOML into a mapping.

    Raises:
        CatalogError: The text is not TOML; the problem names the line.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        position = re.search(r"at line (\d+), column (\d+)", str(error))
        path = f"line {position[1]}, column {position[2]}" if position else "(file)"
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise CatalogError([CatalogProblem(file, path, f"not TOML: {message}", "see https://toml.io")]) from None


def merge(
    base: Mapping[str, Any], overlay: Mapping[str, Any], file: str, origins: dict[Path, str], at: Path = ()
) -> dict[str, Any]:
    """Return *base* with the keys of *overlay* merged in; *origins* records the file of each merged key."""
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
    """Return the catalog in *mapping*; *types* defines its auth schemes and paging styles.

    Raises:
        CatalogError: With every problem, not only the first.
    """
    report = ProblemReport(file, origins or {})
    for key in mapping:
        if key not in _TOP:
            report.unknown((key,), "key", key, _TOP)
    schema = mapping.get("schema", 1)
    if schema != 1:
        report.add(("schema",), f"schema {schema!r} is not supported", "supported: 1")
    vendors: dict[str, Vendor] = {}
    tables = mapping.get("vendors", {})
    if not isinstance(tables, Mapping):
        report.add(("vendors",), "is not a table", "write [vendors.NAME]")
        tables = {}
    for vendor_id, table in tables.items():
        path = ("vendors", vendor_id)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", vendor_id):
            report.add(path, "is not a vendor id", "lowercase letters, digits and underscores, starting with a letter")
        vendor = decode_table(Vendor, table, path, report, partial=True)
        if vendor is not None:
            vendor = name_parts(vendor_id, vendor)
            check_vendor(vendor, types, path, report)
            vendors[vendor_id] = vendor
    if report.problems:
        raise CatalogError(report.problems)
    return Catalog(edition=str(mapping.get("edition", "")), digest=digest, vendors=vendors)


def decode_checked(mapping: Mapping[str, Any], *, digest: str = "") -> Catalog:
    """Return the catalog in a mapping that ``decode`` has checked before, in a fraction of the time.

    Raises:
        msgspec.ValidationError: The mapping is invalid after all.
    """
    vendors = msgspec.convert(mapping.get("vendors", {}), dict[str, Vendor])
    named = {key: name_parts(key, vendor) for key, vendor in vendors.items()}
    return Catalog(edition=str(mapping.get("edition", "")), digest=digest, vendors=named)


def name_parts(vendor_id: str, vendor: Vendor) -> Vendor:
    """Return *vendor* with ids and parameter names set from the keys of their tables."""
    endpoints = {key: name_endpoint(key, endpoint) for key, endpoint in vendor.endpoints.items()}
    return msgspec.structs.replace(vendor, id=vendor_id, endpoints=endpoints)


__all__ = ["OptionTypes", "decode", "decode_checked", "merge", "name_parts", "read_toml"]
