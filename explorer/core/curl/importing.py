"""Import a curl command as a call of the catalog, and report what has no place in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from explorer.core.auth import wire
from explorer.core.auth.base import is_secret_name
from explorer.core.curl.match import (
    Candidate,
    VendorBaseUrl,
    all_auth_names,
    auth_names,
    body_entries,
    find_candidates,
    no_match_reason,
    vendors_at,
)
from explorer.core.curl.request_line import read_curl
from explorer.core.form import find_parameter, validate_form
from explorer.core.model import Call, Entry
from explorer.core.request import build_request
from explorer.core.text.env_names import variable_name
from explorer.core.text.media_type import FORM
from explorer.core.text.url_pairs import decode_pairs
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import httpx

    from explorer.core.catalog.model import Catalog, Endpoint, Vendor
    from explorer.core.curl.request_line import CurlLine, ReadFile


def call_differences(
    vendor: Vendor, endpoint: Endpoint, call: Call, line: CurlLine, auth: Collection[str]
) -> Iterator[str]:
    """One sentence for each parameter that would be added, missing or changed, and for a changed JSON body."""
    values = validate_form(endpoint, call.entries).values
    try:
        built = build_request(
            vendor,
            endpoint,
            values,
            "http://host.invalid",
            method=call.method,
            extra=call.extra,
            headers=call.headers,
            boundary="boundary",
        )
    except UsageError as error:
        yield f"it cannot be sent as it is: {error.message}"
        return
    given = [*decode_pairs(urlsplit(line.url).query.encode("utf-8", "surrogateescape")), *_fields(line)]
    fields = wire.body_pairs(built) if line.parts or line.header("content-type").startswith(FORM) else ()
    made = [*decode_pairs(built.url.query), *fields]
    for name, old, new in _pairs([one for one in given if one[0].lower() not in auth], made):
        if is_secret_name(vendor, endpoint, name):
            yield f"{name} is not quite sent as the line has it"
        else:
            yield f"{name}={new} is sent as well" if old is None else f"{name}={old} is sent as {name}={new}"
    if endpoint.body == "json" and line.body is not None and not _same_json(line.body, built):
        yield "the JSON body would not be quite that of the line; compare it with `prepare`"


def _fields(line: CurlLine) -> Iterator[tuple[str, str]]:
    yield from ((one.name, one.value) for one in line.parts if not one.file)
    if line.body is not None and line.header("content-type").startswith(FORM):
        yield from decode_pairs(line.body.encode("utf-8", "surrogateescape"))


def _pairs(given: Iterable[tuple[str, str]], made: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str | None, str]]:
    """Name, value in the line (None: it has none) and value as it would be sent, of each that is not the same."""
    there, here = Counter(given), Counter(made)
    lost, added = there - here, here - there
    new = dict(added.keys())
    for name, value in lost:
        if name in new:
            yield name, value, new.pop(name)
    yield from ((name, None, value) for name, value in new.items())


def _same_json(body: str, built: httpx.Request) -> bool:
    try:
        return bool(json.loads(body) == json.loads(built.content))
    except (ValueError, RecursionError):
        return False


_TRANSPORT: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "expect", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class ImportedCall:
    """The call, and what a person must know of what became of the line."""

    call: Call
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Files that hold (part of) the body and may not be read: the call is not that of the line without them."""
    unexpanded: tuple[str, ...] = ()
    """Variables that stay as they are written, ``$`` left out."""


def import_curl(
    catalog: Catalog,
    text: str,
    places: Sequence[VendorBaseUrl],
    variables: Mapping[str, str],
    read_file: ReadFile = lambda _path: None,
) -> ImportedCall:
    """Return the call that the curl command in *text* makes.

    Of *variables* (environment), only those that begin as the credentials of the vendor at the URL do
    (``API_EXPLORER_<VENDOR>_``) fill ``$NAME``: a pasted line must not send others to a host that it names. *read_file*
    gives the bytes of a file that holds the body.

    Raises:
        UsageError: *text* holds no curl command, or the catalog knows no call like it; what *read_file* raises.
    """
    vendors = vendors_at(_checked(read_curl(text, {})).url, places)
    prefixes = tuple(f"{variable_name(vendor, '')}_" for vendor in vendors)
    line = _checked(read_curl(text, variables, prefixes, read_file))
    if vendors_at(line.url, places) != vendors:  # a variable would make another host of it
        line = _checked(read_curl(text, {}, (), read_file))
    found = sorted(find_candidates(catalog, line, places), key=lambda one: one.score, reverse=True)
    if not found:
        raise UsageError(no_match_reason(catalog, line, places), hint="`api-explorer list` shows every call.")
    return _import_candidate(line, found[0])


def _checked(line: CurlLine) -> CurlLine:
    """*line*, whose URL can be read.

    Raises:
        UsageError: it cannot.
    """
    try:
        urlsplit(line.url).port  # noqa: B018 - it is the reading that fails
    except ValueError as error:
        raise UsageError(f"{line.url!r} is no URL: {error}", hint="Such as https://host.example/path.") from None
    return line


def _import_candidate(line: CurlLine, found: Candidate) -> ImportedCall:
    notes: list[str] = list(line.notes)
    auth = auth_names(found.vendor, found.endpoint)
    dropped: list[str] = []
    entries = list(_path_entries(found))
    extra: list[tuple[str, str]] = []
    for name, value in decode_pairs(urlsplit(line.url).query.encode("utf-8", "surrogateescape")):
        param = find_parameter(found.endpoint, name)
        if name.lower() in auth and param is None:
            dropped.append(name)
        elif param is not None and param[0].location == "query":
            entries.append(Entry(name=name, value=value))
        else:
            extra.append((name, value))
            notes.append(f"{name} is no query parameter of this call; kept as an extra one")
    for entry in body_entries(found.endpoint, line, auth, notes):
        if entry.name.lower() in auth and find_parameter(found.endpoint, entry.name) is None:
            dropped.append(entry.name)
        else:
            entries.append(entry)
    headers = list(_headers(line, found, entries, dropped))
    pairs = [*((one.name, one.value) for one in entries), *extra, *headers]
    if any(re.search("[\\ud800-\\udfff]", text) for pair in pairs for text in pair):
        raise UsageError("the line holds bytes that are no UTF-8, and a form holds text", hint="Write them as text.")
    if dropped:
        notes.append(f"left out, since it is made anew on sending: {', '.join(dropped)}")
    if found.base_url:
        notes.append(f"{urlsplit(line.url).netloc} is no host of {found.vendor.title} in the catalog; kept as base URL")
    call = Call(
        vendor=found.vendor.id,
        endpoint=found.endpoint.id,
        environment=found.environment,
        method="" if line.method == found.endpoint.method else line.method,
        base_url=found.base_url,
        entries=tuple(entries),
        readings=found.readings,
        extra=tuple(extra),
        headers=tuple(headers),
    )
    notes += [f"{key} is read as {choice!r}, as the line has it" for key, choice in found.readings.items()]
    notes += call_differences(found.vendor, found.endpoint, call, line, auth)
    notes += _unread_inputs(line)
    return ImportedCall(call, tuple(dict.fromkeys(notes)), tuple(line.unread), tuple(line.unexpanded))


def _unread_inputs(line: CurlLine) -> Iterator[str]:
    """A sentence for each thing that the line takes from elsewhere and that was not read."""
    for path in line.unread:
        where = "standard input" if path == "-" else path
        hint = "" if path == "-" else f"give --allow-file {path}, or "
        yield f"the body is in {where}, which is not read: {hint}fill in the fields"
    for part in line.fields:
        yield f"{part.name} is the contents of {part.file}, without a line break at its end"
    for name in line.unexpanded:
        yield f"the variable {name} is not expanded: only credential variables of the vendor at the URL are"


def _path_entries(found: Candidate) -> Iterator[Entry]:
    for name, value in found.values.items():
        param = found.endpoint.params.get(name)
        start = None if param is None else param.prefill if param.prefill is not None else param.default
        if value not in (start, f"{{{name}}}"):
            yield Entry(name=name, value=value)


def _headers(line: CurlLine, found: Candidate, entries: list[Entry], dropped: list[str]) -> Iterable[tuple[str, str]]:
    """The headers that a person added; those of the call itself become entries or are left to it."""
    endpoint, vendor = found.endpoint, found.vendor
    secret = all_auth_names(vendor) if endpoint.auth == "none" else auth_names(vendor, endpoint)
    own = {name.lower(): name for name, one in endpoint.params.items() if one.location == "header"}
    accept = endpoint.accept or vendor.version.accept or "*/*"
    for name, value in line.headers:
        low = name.lower()
        if low in own:
            entries.append(Entry(name=own[low], value=value))
        elif low in secret:
            dropped.append(name)
        elif not (
            low in _TRANSPORT
            or (low == "accept" and value in (accept, "*/*"))
            or (low == "content-type" and (endpoint.body != "none" or not line.body))
            or (low == "user-agent" and value.startswith(("curl/", "api-explorer/")))
        ):
            yield name, value
