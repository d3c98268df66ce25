"""What the call of an imported line would send otherwise than the line does."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from explorer.core.auth import wire
from explorer.core.auth.base import is_secret_name
from explorer.core.form import validate_form
from explorer.core.request import build_request
from explorer.core.text.media_type import FORM
from explorer.core.text.url_pairs import decode_pairs
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import httpx

    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.curl.line import CurlLine
    from explorer.core.exchange import Call


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
