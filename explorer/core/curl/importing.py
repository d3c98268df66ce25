"""Import a curl command as a call of the catalog, with notes on what was not imported."""

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
    """Yield a note for each parameter that would be added or changed, and for a changed JSON body."""
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
        yield f"it cannot be sent unchanged: {error.message}"
        return
    given = [*decode_pairs(urlsplit(line.url).query.encode("utf-8", "surrogateescape")), *_fields(line)]
    fields = wire.body_pairs(built) if line.parts or line.header("content-type").startswith(FORM) else ()
    sent = [*decode_pairs(built.url.query), *fields]
    for name, old, new in _changed_pairs([pair for pair in given if pair[0].lower() not in auth], sent):
        if is_secret_name(vendor, endpoint, name):
            yield f"{name} is sent with a different value"
        else:
            yield f"{name}={new} is also sent" if old is None else f"{name}={old} is sent as {name}={new}"
    if endpoint.body == "json" and line.body is not None and not _same_json(line.body, built):
        yield "the JSON body differs from that of the command; compare it with `prepare`"


def _fields(line: CurlLine) -> Iterator[tuple[str, str]]:
    yield from ((part.name, part.value) for part in line.parts if not part.file)
    if line.body is not None and line.header("content-type").startswith(FORM):
        yield from decode_pairs(line.body.encode("utf-8", "surrogateescape"))


def _changed_pairs(
    given: Iterable[tuple[str, str]], sent: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str | None, str]]:
    """Yield name, value in the command (None: absent) and value to be sent of each changed pair."""
    old, current = Counter(given), Counter(sent)
    new = dict((current - old).keys())
    for name, value in old - current:
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
    """The imported call, and notes for the user."""

    call: Call
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Files with (part of) the body that must not be read. Without them, the call is incomplete."""
    unexpanded: tuple[str, ...] = ()
    """Variables that were not expanded, without ``$``."""


def import_curl(
    catalog: Catalog,
    text: str,
    places: Sequence[VendorBaseUrl],
    variables: Mapping[str, str],
    read_file: ReadFile = lambda _path: None,
) -> ImportedCall:
    """Return the call that the curl command in *text* makes.

    Of *variables* (environment), only the credential variables of the vendor at the URL (``API_EXPLORER_<VENDOR>_``)
    are expanded: a pasted command must not send others to its host. *read_file* returns the bytes of a body file.

    Raises:
        UsageError: *text* has no curl command, or the catalog has no matching call; what *read_file* raises.
    """
    vendors = vendors_at(_checked(read_curl(text, {})).url, places)
    prefixes = tuple(f"{variable_name(vendor, '')}_" for vendor in vendors)
    line = _checked(read_curl(text, variables, prefixes, read_file))
    if vendors_at(line.url, places) != vendors:  # a variable would change the host
        line = _checked(read_curl(text, {}, (), read_file))
    candidates = sorted(find_candidates(catalog, line, places), key=lambda item: item.score, reverse=True)
    if not candidates:
        raise UsageError(no_match_reason(catalog, line, places), hint="Run `api-explorer list` to see every call.")
    return _import_candidate(line, candidates[0])


def _checked(line: CurlLine) -> CurlLine:
    """Return *line* if its URL is valid.

    Raises:
        UsageError: it is invalid.
    """
    try:
        urlsplit(line.url).port  # noqa: B018 - the access raises
    except ValueError as error:
        raise UsageError(
            f"{line.url!r} is not a valid URL: {error}", hint="Use a URL such as https://host.example/path."
        ) from None
    return line


def _import_candidate(line: CurlLine, candidate: Candidate) -> ImportedCall:
    notes: list[str] = list(line.notes)
    auth = auth_names(candidate.vendor, candidate.endpoint)
    dropped: list[str] = []
    entries = list(_path_entries(candidate))
    extra: list[tuple[str, str]] = []
    for name, value in decode_pairs(urlsplit(line.url).query.encode("utf-8", "surrogateescape")):
        param = find_parameter(candidate.endpoint, name)
        if name.lower() in auth and param is None:
            dropped.append(name)
        elif param is not None and param[0].location == "query":
            entries.append(Entry(name=name, value=value))
        else:
            extra.append((name, value))
            notes.append(f"{name} is not a query parameter of this call; kept as an extra parameter")
    for entry in body_entries(candidate.endpoint, line, auth, notes):
        if entry.name.lower() in auth and find_parameter(candidate.endpoint, entry.name) is None:
            dropped.append(entry.name)
        else:
            entries.append(entry)
    headers = list(_headers(line, candidate, entries, dropped))
    pairs = [*((entry.name, entry.value) for entry in entries), *extra, *headers]
    if any(re.search("[\\ud800-\\udfff]", text) for pair in pairs for text in pair):
        raise UsageError("the command contains bytes that are not UTF-8", hint="Form values must be UTF-8 text.")
    if dropped:
        notes.append(f"left out, since sending computes it: {', '.join(dropped)}")
    if candidate.base_url:
        notes.append(f"{urlsplit(line.url).netloc} is not a known host of {candidate.vendor.title}; kept as base URL")
    call = Call(
        vendor=candidate.vendor.id,
        endpoint=candidate.endpoint.id,
        environment=candidate.environment,
        method="" if line.method == candidate.endpoint.method else line.method,
        base_url=candidate.base_url,
        entries=tuple(entries),
        readings=candidate.readings,
        extra=tuple(extra),
        headers=tuple(headers),
    )
    notes += [f"the reading {key} is {choice!r}, as in the command" for key, choice in candidate.readings.items()]
    notes += call_differences(candidate.vendor, candidate.endpoint, call, line, auth)
    notes += _unread_inputs(line)
    return ImportedCall(call, tuple(dict.fromkeys(notes)), tuple(line.unread), tuple(line.unexpanded))


def _unread_inputs(line: CurlLine) -> Iterator[str]:
    """Yield a note for each file or variable of the command that was not read."""
    for path in line.unread:
        where = "standard input" if path == "-" else path
        hint = "" if path == "-" else f"pass --allow-file {path}, or "
        yield f"the body in {where} was not read: {hint}fill in the fields"
    for part in line.fields:
        yield f"{part.name} is the content of {part.file}, without a trailing newline"
    for name in line.unexpanded:
        yield f"the variable {name} was not expanded: only credential variables of the vendor at the URL are"


def _path_entries(candidate: Candidate) -> Iterator[Entry]:
    for name, value in candidate.values.items():
        param = candidate.endpoint.params.get(name)
        initial = None if param is None else param.prefill if param.prefill is not None else param.default
        if value not in (initial, f"{{{name}}}"):
            yield Entry(name=name, value=value)


def _headers(
    line: CurlLine, candidate: Candidate, entries: list[Entry], dropped: list[str]
) -> Iterable[tuple[str, str]]:
    """Yield the headers that the user added. Header parameters become entries, auth headers are dropped."""
    endpoint, vendor = candidate.endpoint, candidate.vendor
    secret = all_auth_names(vendor) if endpoint.auth == "none" else auth_names(vendor, endpoint)
    parameters = {name.lower(): name for name, param in endpoint.params.items() if param.location == "header"}
    accept = endpoint.accept or vendor.version.accept or "*/*"
    for name, value in line.headers:
        low = name.lower()
        if low in parameters:
            entries.append(Entry(name=parameters[low], value=value))
        elif low in secret:
            dropped.append(name)
        elif not (
            low in _TRANSPORT
            or (low == "accept" and value in (accept, "*/*"))
            or (low == "content-type" and (endpoint.body != "none" or not line.body))
            or (low == "user-agent" and value.startswith(("curl/", "api-explorer/")))
        ):
            yield name, value
