"""A mapping → a ``Catalog``, with every problem of it found in one pass.

    text ── read_toml ──► mapping ── merge (overlays) ──► mapping ── decode ──► Catalog
                                                             │
                          origins: which file said it ───────┘──► CatalogProblem(file, path, message, expected, near)

Nothing here opens a file; ``explorer.settings`` reads them and keeps the decoded catalog for the next start.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from explorer.core.auth.options import AUTH_OPTIONS
from explorer.core.catalog.model import Catalog, Endpoint, Parameter, Reading, Rule, Vendor
from explorer.core.pagination.options import PAGINATION_OPTIONS
from explorer.errors import CatalogError, CatalogProblem, UnknownName, UsageError, nearest

Path = tuple[str, ...]
_S = TypeVar("_S", bound=msgspec.Struct)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TOP = ("schema", "edition", "vendors")


def dotted(path: Path) -> str:
    """A path as it would stand in the TOML file, names with other signs in quotes."""
    return ".".join(part if part.startswith("[") or _BARE.fullmatch(part) else f'"{part}"' for part in path).replace(
        ".[", "["
    )


@dataclass
class Report:
    """Collects problems; knows from which file each path came."""

    file: str
    origins: Mapping[Path, str] = field(default_factory=dict)
    problems: list[CatalogProblem] = field(default_factory=list)

    def add(self, path: Path, message: str, expected: str = "", near: str = "") -> None:
        """Note a problem at *path*."""
        self.problems.append(CatalogProblem(self._file_of(path), dotted(path) or "(file)", message, expected, near))

    def unknown(self, path: Path, kind: str, name: str, known: Sequence[str]) -> None:
        """Note that *name* is not among the *known* names."""
        expected = f"known: {', '.join(known[:10])}" if known and len(known) <= 10 else ""
        self.add(path, f"unknown {kind} {name!r}", expected, nearest(name, known) or "")

    def _file_of(self, path: Path) -> str:
        for length in range(len(path), 0, -1):
            found = self.origins.get(path[:length])
            if found is not None:
                return found
        return self.file


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
    mapping: Mapping[str, Any], file: str, *, digest: str = "", origins: Mapping[Path, str] | None = None
) -> Catalog:
    """The catalog in *mapping*.

    Raises:
        CatalogError: with every problem found, not only the first.
    """
    report = Report(file, origins or {})
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
        vendor = _table(Vendor, table, path, report, partial=True)
        if vendor is not None:
            vendor = name_parts(vendor_id, vendor)
            _check_vendor(vendor, path, report)
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
    endpoints = {key: _name_endpoint(key, endpoint) for key, endpoint in vendor.endpoints.items()}
    return msgspec.structs.replace(vendor, id=vendor_id, endpoints=endpoints)


def _name_endpoint(key: str, endpoint: Endpoint) -> Endpoint:
    params = {
        name: param if param.name else msgspec.structs.replace(param, name=name)
        for name, param in endpoint.params.items()
    }
    return msgspec.structs.replace(endpoint, id=key, params=params)


def apply_readings(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> tuple[Vendor, Endpoint]:
    """Vendor and endpoint as they are under the chosen readings (key → choice); the others stay at their default.

    Raises:
        UnknownName: no such reading, or no such choice of it.
    """
    known = {**vendor.readings, **endpoint.readings}
    for key, choice in chosen.items():
        if key not in known:
            raise UnknownName("reading", key, known)
        if choice not in known[key].choices:
            raise UnknownName(f"choice of reading {key}", choice, known[key].choices)
    vendor = _apply(vendor, vendor.readings, chosen)
    endpoint = _apply(endpoint, endpoint.readings, chosen)
    if endpoint.id in vendor.endpoints and vendor.readings:
        overlaid = _apply_vendor_wide(vendor, endpoint, chosen)
        return vendor, overlaid
    return vendor, endpoint


def _apply_vendor_wide(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> Endpoint:
    """The endpoint under ``set.each_endpoint`` of the vendor's chosen readings."""
    for key, reading in vendor.readings.items():
        patch = reading.choices[chosen.get(key, reading.default)].set.get("each_endpoint")
        if patch:
            endpoint = _overlay(endpoint, patch)
    return endpoint


def _apply(thing: _S, readings: Mapping[str, Reading], chosen: Mapping[str, str]) -> _S:
    for key, reading in readings.items():
        patch = reading.choices[chosen.get(key, reading.default)].set
        patch = {name: value for name, value in patch.items() if name != "each_endpoint"}
        if patch:
            thing = _overlay(thing, patch)
    return thing


def _overlay(thing: _S, patch: Mapping[str, Any]) -> _S:
    builtins = typing.cast("dict[str, Any]", msgspec.to_builtins(thing))
    try:
        changed = msgspec.convert(_deep(builtins, patch), type(thing))
    except msgspec.ValidationError as error:
        raise UsageError(
            f"the chosen readings exclude each other: {error}", hint="Take one of them back to its default."
        ) from None
    if isinstance(changed, Endpoint):
        return typing.cast("_S", _name_endpoint(changed.id, changed))
    return changed


_TABLES_OF_TABLES = ("params", "groups", "environments", "credentials", "auth", "pagination")


def _deep(base: Mapping[str, Any], patch: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    merged = dict(base)
    for key, value in patch.items():
        below = merged.get(key)
        if value is False and (isinstance(below, Mapping) or within in _TABLES_OF_TABLES):
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = _deep(below, value, key)
        else:
            merged[key] = value
    return merged


# --- decoding, one table after the other so that no problem hides another -------------------------------------------


@cache
def _hints(struct: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(struct)


def _table(struct: type[_S], table: object, path: Path, report: Report, *, partial: bool = False) -> _S | None:
    """*table* as *struct*, or None when it has problems (which *report* then holds).

    With *partial* what is well is decoded all the same, so that it can be checked further.
    """
    if not isinstance(table, Mapping):
        report.add(path, "is not a table")
        return None
    before = len(report.problems)
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        known = fields.get(key)
        if known is None:
            report.unknown((*path, key), "key", key, list(fields))
            continue
        decoded = _value(_hints(struct)[known.name], value, (*path, key), report)
        if decoded is not None:
            values[known.name] = decoded
    for key, known in fields.items():
        if known.required and key not in table:
            report.add(path, f"{key!r} is missing")
    if len(report.problems) > before and not (partial and all(f.name in values for f in fields.values() if f.required)):
        return None
    return struct(**values)


def _value(hint: Any, value: object, path: Path, report: Report) -> Any:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _table(hint, value, path, report)
    if origin in (typing.Union, types.UnionType):
        inner = [one for one in arguments if one is not type(None)]
        if len(inner) == 1 and isinstance(inner[0], type) and issubclass(inner[0], msgspec.Struct):
            return _table(inner[0], value, path, report)
    if origin is dict and _holds_tables(arguments[1]):
        if not isinstance(value, Mapping):
            report.add(path, "is not a table")
            return {}
        tables = {key: _value(arguments[1], one, (*path, key), report) for key, one in value.items()}
        return {key: one for key, one in tables.items() if one is not None}
    if origin is tuple and _holds_tables(arguments[0]):
        if not isinstance(value, list | tuple):
            report.add(path, "is not an array")
            return ()
        rows = [_value(arguments[0], one, (*path, f"[{n}]"), report) for n, one in enumerate(value)]
        return tuple(one for one in rows if one is not None)
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        allowed = arguments if origin is typing.Literal else ()
        expected = f"one of: {', '.join(map(str, allowed))}" if allowed else ""
        near = nearest(value, [str(one) for one in allowed]) if isinstance(value, str) and allowed else None
        message = f"{value!r} is not allowed here" if allowed else str(error).replace("Expected", "should be")
        report.add(path, message, expected, near or "")
        return None


def _holds_tables(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


# --- what a single table cannot know --------------------------------------------------------------------------------


_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def _check_keys(kind: str, keys: Iterable[str], path: Path, report: Report) -> None:
    for key in keys:
        if not _KEY.fullmatch(key):
            report.add((*path, key), f"is no name for {kind}", "letters, digits, and . _ - between them")


def _check_vendor(vendor: Vendor, path: Path, report: Report) -> None:
    for kind in ("environments", "credentials", "auth", "pagination", "readings"):
        _check_keys(f"one of {kind}", getattr(vendor, kind), (*path, kind), report)
    for key, environment in vendor.environments.items():
        parts = urlsplit(environment.base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            report.add(
                (*path, "environments", key, "base_url"),
                f"{environment.base_url!r} is no base URL",
                "such as https://host.example/api",
            )
        if key == "sandbox":
            report.add((*path, "environments", key), "the name sandbox is taken", "the sandbox is always there")
    for key, auth in vendor.auth.items():
        _check_options(AUTH_OPTIONS, "auth scheme", auth.scheme, auth.options, (*path, "auth", key), report, "scheme")
    for key, paging in vendor.pagination.items():
        _check_options(
            PAGINATION_OPTIONS,
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
            report.add(at, "is no endpoint id", "lower-case letters, digits and underscores, a letter first")
        _check_endpoint(vendor, endpoint, at, report)
        _check_keys("a reading", endpoint.readings, (*at, "readings"), report)
        for name, reading in endpoint.readings.items():
            if name in vendor.readings:
                report.add((*at, "readings", name), "stands at the vendor as well", "give it another key")
            if _check_reading(reading, (*at, "readings", name), report):
                _check_choices(vendor, endpoint, name, reading, at, report)
    for key in vendor.sandbox.handlers:
        if key not in vendor.endpoints:
            report.unknown((*path, "sandbox", "handlers", key), "endpoint", key, list(vendor.endpoints))


def _check_options(
    known: Mapping[str, type[msgspec.Struct]],
    kind: str,
    word: str,
    options: Mapping[str, Any],
    path: Path,
    report: Report,
    key: str,
) -> None:
    struct = known.get(word)
    if struct is None:
        report.unknown((*path, key), kind, word, list(known))
    else:
        _table(struct, options, (*path, "options"), report)


def _check_endpoint(vendor: Vendor, endpoint: Endpoint, path: Path, report: Report) -> None:
    if endpoint.auth != "none" and endpoint.auth not in vendor.auth:
        report.unknown((*path, "auth"), "auth", endpoint.auth, ["none", *vendor.auth])
    if endpoint.pagination and endpoint.pagination not in vendor.pagination:
        report.unknown((*path, "pagination"), "pagination", endpoint.pagination, list(vendor.pagination))
    if endpoint.asked is not None and endpoint.asked.param not in [one.name for one in endpoint.params.values()]:
        report.unknown((*path, "asked", "param"), "parameter", endpoint.asked.param, list(endpoint.params))
    if not endpoint.path.startswith("/"):
        report.add((*path, "path"), f"{endpoint.path!r} has no leading slash", f"write '/{endpoint.path}'")
    in_path = {param.name for param in endpoint.params.values() if param.location == "path"}
    for name in _PLACEHOLDER.findall(endpoint.path):
        if name not in in_path:
            report.add((*path, "path"), f"{{{name}}} has no parameter", f'add params.{name} = {{ in = "path", … }}')
    for name in in_path - set(_PLACEHOLDER.findall(endpoint.path)):
        report.add((*path, "params", name), "is in the path, and the path has no such place", f"write {{{name}}} there")
    for key, param in endpoint.params.items():
        _check_parameter(endpoint, param, (*path, "params", key), report)
    names = [param.name for param in endpoint.params.values()]
    groups = {param.group for param in endpoint.params.values() if param.group}
    for key in endpoint.groups:
        if key not in groups:
            report.unknown((*path, "groups", key), "group", key, sorted(groups))
    for number, rule in enumerate(endpoint.rules):
        _check_rule(rule, names, (*path, "rules", f"[{number}]"), report)
    for number, when in enumerate(endpoint.effect_when):
        if when.param not in names:
            report.unknown((*path, "effect_when", f"[{number}]", "param"), "parameter", when.param, names)


def _check_parameter(endpoint: Endpoint, param: Parameter, path: Path, report: Report) -> None:
    if param.pattern:
        try:
            re.compile(param.pattern)
        except re.error as error:
            report.add((*path, "pattern"), f"is no regular expression: {error}")
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
        report.add((*path, "in"), "a file travels in multipart only", 'write in = "multipart"')


def _check_rule(rule: Rule, names: Sequence[str], path: Path, report: Report) -> None:
    mentioned = [("params", name) for name in rule.params] + [("when", name) for name in rule.when]
    mentioned += [("when_value", name) for name in rule.when_value] + [("names", name) for name in rule.names.values()]
    for key, name in mentioned:
        if name not in names:
            report.unknown((*path, key), "parameter", name, names)
    if rule.kind in ("equal", "ordered") and len(rule.params) != 2:
        report.add((*path, "params"), f"{rule.kind!r} compares two parameters, {len(rule.params)} given")
    if rule.kind in ("requires", "not_listed", "together", "at_least_one") and not rule.params:
        report.add((*path, "params"), "is empty")


def _check_reading(reading: Reading, path: Path, report: Report) -> bool:
    _check_keys("a choice", reading.choices, (*path, "choices"), report)
    if reading.default not in reading.choices:
        report.unknown((*path, "default"), "choice", reading.default, list(reading.choices))
        return False
    if len(reading.choices) < 2:
        report.add((*path, "choices"), "a reading has at least two choices")
        return False
    return True


def _check_choices(vendor: Vendor, endpoint: Endpoint, name: str, reading: Reading, path: Path, report: Report) -> None:
    for choice_id, choice in reading.choices.items():
        if not choice.set:
            continue
        at = (*path, "readings", name, "choices", choice_id, "set")
        inner = Report(report.file, report.origins)
        merged = _deep(typing.cast("dict[str, Any]", msgspec.to_builtins(endpoint)), choice.set)
        result = _table(Endpoint, merged, at, inner)
        if result is not None:
            bare = msgspec.structs.replace(_name_endpoint(endpoint.id, result), readings={})
            _check_endpoint(vendor, bare, at, inner)
        report.problems.extend(inner.problems)


def _check_vendor_choices(vendor: Vendor, name: str, reading: Reading, path: Path, report: Report) -> None:
    bare = msgspec.structs.replace(vendor, endpoints={}, readings={})
    builtins = typing.cast("dict[str, Any]", msgspec.to_builtins(bare))
    for choice_id, choice in reading.choices.items():
        at = (*path, "readings", name, "choices", choice_id, "set")
        patch = {key: value for key, value in choice.set.items() if key != "each_endpoint"}
        if patch:
            _table(Vendor, _deep(builtins, patch), at, report)
        for key in choice.set.get("each_endpoint", {}):
            if key not in Endpoint.__struct_encode_fields__:
                report.unknown((*at, "each_endpoint", key), "key", key, Endpoint.__struct_encode_fields__)


def addresses(catalog: Catalog) -> Iterator[str]:
    """Every ``vendor.endpoint`` of the catalog."""
    for vendor in catalog.vendors.values():
        for key in vendor.endpoints:
            yield f"{vendor.id}.{key}"
