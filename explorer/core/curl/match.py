"""Match a curl command and its body with an endpoint of the catalog."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from explorer.core.auth import options_of
from explorer.core.catalog.readings import apply_readings
from explorer.core.form import NumberToken, find_parameter
from explorer.core.model import Entry
from explorer.core.request import json_bytes
from explorer.core.text.media_type import FORM, JSON, MULTIPART, essence
from explorer.core.text.url_pairs import decode_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from explorer.core.catalog.model import Catalog, Endpoint, Vendor
    from explorer.core.curl.request_line import CurlLine


_KINDS = {"json": JSON, "form": FORM, "multipart": MULTIPART}


def same_type(content_type: str, body: str) -> bool:
    """Return whether a content type matches the catalog's body kind, such as ``form``."""
    kind = essence(content_type)
    return kind == _KINDS.get(body) or (body == "json" and kind.endswith("+json"))


def body_entries(endpoint: Endpoint, line: CurlLine, auth: Collection[str], notes: list[str]) -> Iterator[Entry]:
    """Yield the entries in the body of the command; what is not imported is added to *notes*.

    *auth* are the lowercase names of credentials, which are reported elsewhere.
    """
    if endpoint.body == "none":
        if line.body or line.parts or line.fields:
            notes.append("this call has no body; that of the command was left out")
        return
    entries = list(_entries(endpoint, line, notes))
    names = (entry.name for entry in entries if entry.name.lower() not in auth)
    unknown = [name for name in names if find_parameter(endpoint, name) is None]
    notes.extend(f"{name} is not a field of this call; kept" for name in unknown)
    yield from entries


def _entries(endpoint: Endpoint, line: CurlLine, notes: list[str]) -> Iterator[Entry]:
    kind = essence(line.header("content-type"))
    sent = MULTIPART if line.parts else kind
    if (line.parts or line.body) and not same_type(sent, endpoint.body):
        notes.append(f"the command sends {sent}; this call sends {_KINDS[endpoint.body]}")
    for part in (*line.parts, *line.fields):
        yield Entry(name=part.name, kind="file" if part.file else "text", value=part.file or part.value)
    if line.parts:
        return
    if line.body is not None and (kind.endswith("json") or endpoint.body == "json"):
        yield from _json_entries(endpoint, line.body, notes)
    elif line.body and kind == FORM:
        for name, value in decode_pairs(line.body.encode("utf-8", "surrogateescape")):
            yield Entry(name=name, value=value)
    elif line.body:
        notes.append(f"this call cannot send a body of type {kind or 'none'}; it was left out")


def _json_entries(endpoint: Endpoint, body: str, notes: list[str]) -> Iterator[Entry]:
    if not body.strip():
        return
    try:
        value = json.loads(body, parse_int=NumberToken, parse_float=NumberToken)
    except (ValueError, RecursionError) as error:
        notes.append(f"the body is not JSON and was left out: {error}")
        return
    if not isinstance(value, dict):
        notes.append("the JSON body is not an object and was left out")
        return
    for name, item in value.items():
        yield from _leaves(endpoint, name, item)


def _leaves(endpoint: Endpoint, name: str, value: Any) -> Iterator[Entry]:
    """Yield *value* as entries, nested as deep as the endpoint has parameters."""
    if isinstance(value, dict) and value and _has_parameters(endpoint, f"{name}."):
        for key, item in value.items():
            yield from _leaves(endpoint, f"{name}.{key}", item)
    elif isinstance(value, list) and value and _has_parameters(endpoint, f"{name}["):
        if find_parameter(endpoint, f"{name}[]") is None:
            for index, item in enumerate(value):
                yield from _leaves(endpoint, f"{name}[{index}]", item)
        else:
            yield Entry(name=name, kind="json", value=json_bytes(value).decode("utf-8", "surrogatepass"))
    else:
        yield _leaf(endpoint, name, value)


def _leaf(endpoint: Endpoint, name: str, value: Any) -> Entry:
    match = find_parameter(endpoint, name)
    if isinstance(value, NumberToken):
        if match is not None and match[0].type in ("integer", "number") and not match[0].comma:
            return Entry(name=name, value=str(value))
    elif isinstance(value, str) and (match is None or (match[0].type in ("string", "date"))):
        return Entry(name=name, value=value)
    return Entry(name=name, kind="json", value=json_bytes(value).decode("utf-8", "surrogatepass"))


def _has_parameters(endpoint: Endpoint, prefix: str) -> bool:
    plain = re.sub(r"\[[0-9]+\]", "[#]", prefix)
    return any(param.name.startswith(plain) for param in endpoint.params.values())


_MATCHED_SETTINGS: Final = ("path", "method", "auth", "body")
"""Settings of a reading that affect the match."""


@dataclass(frozen=True, slots=True)
class VendorBaseUrl:
    """A base URL of a vendor. ``any_port``: the port is not compared (a sandbox on loopback)."""

    vendor: str
    environment: str
    base_url: str
    any_port: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint that matches the command."""

    vendor: Vendor
    endpoint: Endpoint
    readings: dict[str, str]
    environment: str
    base_url: str
    """Set if it is not one of the vendor's."""
    values: dict[str, str]
    """Values of the path parameters."""
    score: tuple[int, ...]


def find_candidates(catalog: Catalog, line: CurlLine, places: Sequence[VendorBaseUrl]) -> Iterator[Candidate]:
    """Yield the endpoints that match *line*, at a known base URL if there is one, else at any."""
    known = [(place, path) for place in places if (path := _path_below(line.url, place)) is not None]
    for place, path in known:
        yield from _matching_endpoints(catalog.vendors[place.vendor], line, path, place.environment, "")
    if known:
        return
    parts = urlsplit(line.url)
    for vendor in catalog.vendors.values():
        environment = next(iter(vendor.environments), "sandbox")
        for match in re.finditer("/", parts.path):
            base = f"{parts.scheme}://{parts.netloc}{parts.path[: match.start()]}"
            yield from _matching_endpoints(vendor, line, parts.path[match.start() :], environment, base)


def _path_below(url: str, place: VendorBaseUrl) -> str | None:
    """Return the path of *url* below that of *place*, or None. The scheme is not compared."""
    parts, base = urlsplit(url), urlsplit(place.base_url)
    if place.any_port:
        if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            return None
    elif (parts.hostname, _port(parts.port, parts.scheme)) != (base.hostname, _port(base.port, parts.scheme)):
        return None
    root = base.path.rstrip("/")
    return parts.path[len(root) :] if parts.path.startswith(f"{root}/") else None


def vendors_at(url: str, places: Sequence[VendorBaseUrl]) -> tuple[str, ...]:
    """Return the vendors with a base URL above *url* and the same scheme."""
    scheme = urlsplit(url).scheme.lower()
    known = (place for place in places if place.any_port or urlsplit(place.base_url).scheme.lower() == scheme)
    return tuple(dict.fromkeys(place.vendor for place in known if _path_below(url, place) is not None))


def _port(port: int | None, scheme: str) -> int | None:
    return port or {"http": 80, "https": 443}.get(scheme)


def _matching_endpoints(
    vendor: Vendor, line: CurlLine, path: str, environment: str, base_url: str
) -> Iterator[Candidate]:
    for plain in vendor.endpoints.values():
        for readings in _variations(vendor, plain):
            template = next((_settings(vendor, plain, *reading).get("path") for reading in readings.items()), None)
            if template is None and readings and not _match_template(plain.path, path):
                continue
            if template is not None and not _match_template(str(template), path):
                continue
            adapted, endpoint = apply_readings(vendor, plain, readings)
            values = _match_template(endpoint.path, path)
            if values is None or line.method not in endpoint.methods:
                continue
            score = _rank(adapted, endpoint, line, values, readings, base_url)
            yield Candidate(adapted, endpoint, readings, environment, base_url, values, score)


def _variations(vendor: Vendor, endpoint: Endpoint) -> Iterator[dict[str, str]]:
    """Yield the default readings, and each other single choice that affects the match."""
    yield {}
    for key, reading in {**vendor.readings, **endpoint.readings}.items():
        for choice in reading.choices:
            settings = _settings(vendor, endpoint, key, choice)
            if choice != reading.default and any(name in settings for name in _MATCHED_SETTINGS):
                yield {key: choice}


def _settings(vendor: Vendor, endpoint: Endpoint, key: str, choice: str) -> dict[str, object]:
    reading = endpoint.readings.get(key) or vendor.readings[key]
    return reading.choices[choice].set


def _match_template(template: str, path: str) -> dict[str, str] | None:
    """Return the decoded path parameters, or None if *path* does not match *template*."""
    names = re.findall(r"\{([^{}]*)\}", template)
    literals = re.split(r"\{[^{}]*\}", template)
    pattern = "([^/]+)".join(map(re.escape, literals))
    match = re.fullmatch(pattern, path) or re.fullmatch(pattern, unquote(path))
    return dict(zip(names, map(unquote, match.groups()), strict=True)) if match else None


def _rank(
    vendor: Vendor,
    endpoint: Endpoint,
    line: CurlLine,
    values: Mapping[str, str],
    readings: Mapping[str, str],
    base_url: str,
) -> tuple[int, ...]:
    """Return a sort key, greater is better: known fields, credentials in place, a longer template, fewer readings."""
    names = list(_field_names(line, endpoint))
    auth = auth_names(vendor, endpoint)
    known = sum(find_parameter(endpoint, name) is not None for name in names if name.lower() not in auth)
    unknown = sum(1 for name in names if name.lower() not in auth) - known
    required = sum(
        param.required and param.location != "path" and "#" not in param.name and param.name not in names
        for param in endpoint.params.values()
    )
    allowed = all(
        (param := endpoint.params.get(name)) is None or not param.enum or value in (*param.enum, *param.also)
        for name, value in values.items()
    )
    present = {name.lower() for name in names} | {name.lower() for name, _ in line.headers}
    signed = len(auth & present) if auth else -len(all_auth_names(vendor) & present)
    literal = len(re.sub(r"\{[^{}]*\}", "", endpoint.path))
    fits = _body_fits(endpoint, line)
    return (allowed, known - unknown - required, fits, signed, literal, -len(readings), -len(base_url))


def _field_names(line: CurlLine, endpoint: Endpoint) -> Iterator[str]:
    """Yield the names of all fields in the query and body of the command, as the endpoint names them."""
    yield from (name for name, _ in decode_pairs(urlsplit(line.url).query.encode("utf-8", "surrogateescape")))
    yield from (entry.name for entry in body_entries(endpoint, line, (), []))


def _body_fits(endpoint: Endpoint, line: CurlLine) -> bool:
    if line.parts:
        return endpoint.body == "multipart"
    return not line.body or (endpoint.body != "none" and same_type(line.header("content-type"), endpoint.body))


def auth_names(vendor: Vendor, endpoint: Endpoint) -> set[str]:
    """Return the lowercase parameter and header names of the endpoint's auth scheme."""
    options = options_of(vendor.auth.get(endpoint.auth))
    return {name.lower() for name in (*options.params, *options.headers)}


def all_auth_names(vendor: Vendor) -> set[str]:
    """Return the lowercase parameter and header names of all auth schemes of the vendor."""
    endpoint = next(iter(vendor.endpoints.values()), None)
    if endpoint is None:
        return set()
    return {name for key in vendor.auth for name in auth_names(vendor, msgspec.structs.replace(endpoint, auth=key))}


def no_match_reason(catalog: Catalog, line: CurlLine, places: Sequence[VendorBaseUrl]) -> str:
    """Return why no call matches: another method at this path, or an unknown path."""
    url = line.url.partition("?")[0]
    methods: set[str] = set()
    for place in places:
        path = _path_below(line.url, place)
        if path is not None:
            for endpoint in catalog.vendors[place.vendor].endpoints.values():
                methods |= set(endpoint.methods) if _match_template(endpoint.path, path) is not None else set()
    if methods:
        return f"{url} accepts {', '.join(sorted(methods))}, not {line.method}"
    return f"the catalog has no call matching {line.method} {url}"
