"""The body of a curl line as form entries, under the names that the endpoint knows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from explorer.core.exchange import Entry
from explorer.core.form import NumberToken, find_parameter
from explorer.core.request import json_bytes
from explorer.core.text.media_type import FORM, JSON, MULTIPART, essence
from explorer.core.text.url_pairs import decode_pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from explorer.core.catalog.model import Endpoint
    from explorer.core.curl.line import CurlLine


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
