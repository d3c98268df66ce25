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
    """Whether a body of that type is one of the kind that the catalog calls *body* (``form``)."""
    kind = essence(content_type)
    return kind == _KINDS.get(body) or (body == "json" and kind.endswith("+json"))


def body_entries(endpoint: Endpoint, line: CurlLine, auth: Collection[str], notes: list[str]) -> Iterator[Entry]:
    """What the line sends in its body; *notes* take up what has no place. *auth*: names, in lower case, that carry
    credentials and are spoken of elsewhere."""
    if endpoint.body == "none":
        if line.body or line.parts or line.fields:
            notes.append("this call has no body; that of the line is left out")
        return
    entries = list(_entries(endpoint, line, notes))
    names = (entry.name for entry in entries if entry.name.lower() not in auth)
    unknown = [name for name in names if find_parameter(endpoint, name) is None]
    notes.extend(f"{name} is no field of this call; kept as it is" for name in unknown)
    yield from entries


def _entries(endpoint: Endpoint, line: CurlLine, notes: list[str]) -> Iterator[Entry]:
    kind = essence(line.header("content-type"))
    sent = MULTIPART if line.parts else kind
    if (line.parts or line.body) and not same_type(sent, endpoint.body):
        notes.append(f"the line sends {sent}; this call sends {_KINDS[endpoint.body]}")
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
        notes.append(f"a body of the type {kind or 'none'} has no place in this call; it is left out")


def _json_entries(endpoint: Endpoint, body: str, notes: list[str]) -> Iterator[Entry]:
    if not body.strip():
        return
    try:
        value = json.loads(body, parse_int=NumberToken, parse_float=NumberToken)
    except (ValueError, RecursionError) as error:
        notes.append(f"the body is no JSON, so it is left out: {error}")
        return
    if not isinstance(value, dict):
        notes.append("the JSON body is no table of fields, so it is left out")
        return
    for name, one in value.items():
        yield from _leaves(endpoint, name, one)


def _leaves(endpoint: Endpoint, name: str, value: Any) -> Iterator[Entry]:
    """*value* under *name* as entries, as deep as the endpoint has names for."""
    if isinstance(value, dict) and value and _knows(endpoint, f"{name}."):
        for key, one in value.items():
            yield from _leaves(endpoint, f"{name}.{key}", one)
    elif isinstance(value, list) and value and _knows(endpoint, f"{name}["):
        if find_parameter(endpoint, f"{name}[]") is None:
            for index, one in enumerate(value):
                yield from _leaves(endpoint, f"{name}[{index}]", one)
        else:
            yield Entry(name=name, kind="json", value=json_bytes(value).decode("utf-8", "surrogatepass"))
    else:
        yield _leaf(endpoint, name, value)


def _leaf(endpoint: Endpoint, name: str, value: Any) -> Entry:
    found = find_parameter(endpoint, name)
    if isinstance(value, NumberToken):
        if found is not None and found[0].type in ("integer", "number") and not found[0].comma:
            return Entry(name=name, value=str(value))
    elif isinstance(value, str) and (found is None or (found[0].type in ("string", "date"))):
        return Entry(name=name, value=value)
    return Entry(name=name, kind="json", value=json_bytes(value).decode("utf-8", "surrogatepass"))


def _knows(endpoint: Endpoint, prefix: str) -> bool:
    plain = re.sub(r"\[[0-9]+\]", "[#]", prefix)
    return any(param.name.startswith(plain) for param in endpoint.params.values())


_CHANGING: Final = ("path", "method", "auth", "body")
"""What a reading may set so that a line fits to it alone."""


@dataclass(frozen=True, slots=True)
class VendorBaseUrl:
    """A base URL under which a vendor is served. ``any_port``: the port does not tell (a sandbox on loopback)."""

    vendor: str
    environment: str
    base_url: str
    any_port: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint that the line may mean."""

    vendor: Vendor
    endpoint: Endpoint
    readings: dict[str, str]
    environment: str
    base_url: str
    """Given where it is none of the vendor's."""
    values: dict[str, str]
    """Of the places in the path."""
    score: tuple[int, ...]


def find_candidates(catalog: Catalog, line: CurlLine, places: Sequence[VendorBaseUrl]) -> Iterator[Candidate]:
    known = [(one, path) for one in places if (path := _path_below(line.url, one)) is not None]
    for place, path in known:
        yield from _matching_endpoints(catalog.vendors[place.vendor], line, path, place.environment, "")
    if known:
        return
    parts = urlsplit(line.url)
    for vendor in catalog.vendors.values():
        environment = next(iter(vendor.environments), "sandbox")
        for found in re.finditer("/", parts.path):
            base = f"{parts.scheme}://{parts.netloc}{parts.path[: found.start()]}"
            yield from _matching_endpoints(vendor, line, parts.path[found.start() :], environment, base)


def _path_below(url: str, place: VendorBaseUrl) -> str | None:
    """The path of *url* below that of *place*, or None where it is not there. The scheme does not tell."""
    one, other = urlsplit(url), urlsplit(place.base_url)
    if place.any_port:
        if one.hostname not in ("127.0.0.1", "localhost", "::1"):
            return None
    elif (one.hostname, _port(one.port, one.scheme)) != (other.hostname, _port(other.port, one.scheme)):
        return None
    root = other.path.rstrip("/")
    return one.path[len(root) :] if one.path.startswith(f"{root}/") else None


def vendors_at(url: str, places: Sequence[VendorBaseUrl]) -> tuple[str, ...]:
    """Return the vendors that *url* belongs to: below one of their places, scheme included."""
    here = urlsplit(url).scheme.lower()
    known = (one for one in places if one.any_port or urlsplit(one.base_url).scheme.lower() == here)
    return tuple(dict.fromkeys(one.vendor for one in known if _path_below(url, one) is not None))


def _port(port: int | None, scheme: str) -> int | None:
    return port or {"http": 80, "https": 443}.get(scheme)


def _matching_endpoints(
    vendor: Vendor, line: CurlLine, path: str, environment: str, base_url: str
) -> Iterator[Candidate]:
    for plain in vendor.endpoints.values():
        for readings in _variations(vendor, plain):
            wanted = next((_set(vendor, plain, *one).get("path") for one in readings.items()), None)
            if wanted is None and readings and not _match_template(plain.path, path):
                continue
            if wanted is not None and not _match_template(str(wanted), path):
                continue
            owner, endpoint = apply_readings(vendor, plain, readings)
            values = _match_template(endpoint.path, path)
            if values is None or line.method not in endpoint.methods:
                continue
            score = _rank(owner, endpoint, line, values, readings, base_url)
            yield Candidate(owner, endpoint, readings, environment, base_url, values, score)


def _variations(vendor: Vendor, endpoint: Endpoint) -> Iterator[dict[str, str]]:
    """The default readings, and each single other choice that changes what a line is told by."""
    yield {}
    for key, reading in {**vendor.readings, **endpoint.readings}.items():
        for choice in reading.choices:
            if choice != reading.default and any(one in _set(vendor, endpoint, key, choice) for one in _CHANGING):
                yield {key: choice}


def _set(vendor: Vendor, endpoint: Endpoint, key: str, choice: str) -> dict[str, object]:
    reading = endpoint.readings.get(key) or vendor.readings[key]
    return reading.choices[choice].set


def _match_template(template: str, path: str) -> dict[str, str] | None:
    """The texts of the template's places, decoded, or None where the path is another."""
    names = re.findall(r"\{([^{}]*)\}", template)
    literals = re.split(r"\{[^{}]*\}", template)
    found = re.fullmatch("([^/]+)".join(re.escape(one) for one in literals), path)
    if not found:
        found = re.fullmatch("([^/]+)".join(re.escape(one) for one in literals), unquote(path))
    return dict(zip(names, map(unquote, found.groups()), strict=True)) if found else None


def _rank(
    vendor: Vendor,
    endpoint: Endpoint,
    line: CurlLine,
    values: Mapping[str, str],
    readings: Mapping[str, str],
    base_url: str,
) -> tuple[int, ...]:
    """Greater is likelier: fields that are known, credentials in the right way, a longer template, fewer readings."""
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
    carried = {name.lower() for name in names} | {name.lower() for name, _ in line.headers}
    signed = len(auth & carried) if auth else -len(all_auth_names(vendor) & carried)
    literal = len(re.sub(r"\{[^{}]*\}", "", endpoint.path))
    fits = _body_fits(endpoint, line)
    return (allowed, known - unknown - required, fits, signed, literal, -len(readings), -len(base_url))


def _field_names(line: CurlLine, endpoint: Endpoint) -> Iterator[str]:
    """The names of everything that the line sends beside headers, as the endpoint would have them."""
    yield from (name for name, _ in decode_pairs(urlsplit(line.url).query.encode("utf-8", "surrogateescape")))
    yield from (entry.name for entry in body_entries(endpoint, line, (), []))


def _body_fits(endpoint: Endpoint, line: CurlLine) -> bool:
    if line.parts:
        return endpoint.body == "multipart"
    return not line.body or (endpoint.body != "none" and same_type(line.header("content-type"), endpoint.body))


def auth_names(vendor: Vendor, endpoint: Endpoint) -> set[str]:
    """What carries the credentials of the endpoint's own scheme, in lower case."""
    options = options_of(vendor.auth.get(endpoint.auth))
    return {name.lower() for name in (*options.params, *options.headers)}


def all_auth_names(vendor: Vendor) -> set[str]:
    some = next(iter(vendor.endpoints.values()), None)
    if some is None:
        return set()
    return {name for key in vendor.auth for name in auth_names(vendor, msgspec.structs.replace(some, auth=key))}


def no_match_reason(catalog: Catalog, line: CurlLine, places: Sequence[VendorBaseUrl]) -> str:
    """Why no call fits: the methods of those with this path, or nothing like it."""
    other = line.url.partition("?")[0]
    methods: set[str] = set()
    for place in places:
        path = _path_below(line.url, place)
        if path is not None:
            for endpoint in catalog.vendors[place.vendor].endpoints.values():
                methods |= set(endpoint.methods) if _match_template(endpoint.path, path) is not None else set()
    if methods:
        return f"{other} takes {', '.join(sorted(methods))}, and not {line.method}"
    return f"the catalog knows no call like {line.method} {other}"
