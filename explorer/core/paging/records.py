"""Extract the records of a page as written: number tokens, key order and escapes are preserved.

A record is JSON without line breaks (as bytes). The records of many pages can form one array or NDJSON stream without
decoding. XML records are converted to JSON objects of strings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.body.value import UnreadableBody, json_text, xml_value
from explorer.core.paging.base import parse_whole_number
from explorer.core.text.json_path import get_at
from explorer.core.text.media_type import essence, is_xml

if TYPE_CHECKING:
    from explorer.core.model import ReceivedResponse

Record = bytes
_TOTAL_KEYS = ("total", "total_count", "totalCount", "total_results", "totalResults", "total_items", "totalItems")
_METADATA_KEY = re.compile(
    "total.*|count|.*_count|links?|_links|meta|pagination|paging|page.*|per_?page|limit|offset|skip|start|size|from|to"
    "|next.*|prev.*|first.*|last.*|current.*|has_?(next|more).*|cursor|path|success|status|code|message|errors?"
    "|included|jsonapi|version|time.*|took|request_?id",
    re.IGNORECASE,
)
"""Members of a body that describe the array next to them."""
_TABLE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def cut_records(response: ReceivedResponse, path: str) -> tuple[Record, ...]:
    """Return the records at a dotted path of the body, or of the body itself if it is an array.

    A single object at the path is one record. If the path does not exist, there are none.

    Raises:
        UnreadableBody: The body contradicts its media type.
    """
    kind = essence(response.header("content-type"))
    if is_xml(kind):
        return _xml_records(xml_value(response.body), path)
    text = json_text(response)
    if not text.strip():
        return ()
    try:
        return tuple(_one_line(record) for record in _raw_records(text, path))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(f"declared as JSON, but is not: {error}") from None


def unpaged_records(response: ReceivedResponse, body: Any) -> tuple[tuple[Record, ...], int | None]:
    """Return the records of a call without a paging style, and the total that the response states, if any.

    The records are those of an array body, or of the only array among members that merely describe it, such as
    ``total`` and ``links``. Any other body is one record. *body* is the decoded response.

    Raises:
        UnreadableBody: The body contradicts its media type.
    """
    path = _list_path(body)
    if path is not None:
        return cut_records(response, path), _total(body, path)
    if is_xml(essence(response.header("content-type"))):
        return (msgspec.json.encode(body),), None
    text = json_text(response)
    return ((_one_line(text),) if text.strip() else ()), None


def _list_path(body: Any) -> str | None:
    """Return the dotted path of the body's only array; None if there is none."""
    if isinstance(body, list):
        return ""
    members = body if isinstance(body, dict) else {}
    candidates = [name for name in members if not _METADATA_KEY.fullmatch(name)]
    if len(candidates) != 1 or "." in candidates[0]:
        return None
    inner = _list_path(members[candidates[0]])
    return None if inner is None else f"{candidates[0]}.{inner}".removesuffix(".")


def _total(body: Any, path: str) -> int | None:
    """Return the total stated by the members next to the array at *path*."""
    containers = [get_at(body, path.rpartition(".")[0] if "." in path else ""), body]
    containers += [get_at(body, name) for name in ("meta", "pagination", "meta.pagination", "paging")]
    counts = [
        parse_whole_number(container.get(name))
        for container in containers
        if isinstance(container, dict)
        for name in _TOTAL_KEYS
        if name in container
    ]
    return next((count for count in counts if count is not None), None)


def _raw_records(text: bytes, path: str) -> list[bytes]:
    if text.lstrip()[:1] == b"[":
        return [bytes(record) for record in _LIST.decode(text)]
    parts = path.split(".") if path else []
    for depth, part in enumerate(parts):
        table = _TABLE.decode(text) if not depth or text.lstrip()[:1] == b"{" else {}
        text = bytes(table.get(part, b""))
    first = text.lstrip()[:1]
    if first == b"[":
        return [bytes(record) for record in _LIST.decode(text)]
    return [text] if first == b"{" and path else []


def _xml_records(value: Any, path: str) -> tuple[Record, ...]:
    """Return the records in a decoded XML body, where a single child is an array of one."""
    value = get_at(value, path)
    if isinstance(value, dict) and len(value) == 1:
        only = next(iter(value.values()))
        value = only if isinstance(only, list | dict) else value
    rows = value if isinstance(value, list) else [value] if isinstance(value, dict) and path else []
    return tuple(msgspec.json.encode(row) for row in rows)


def _one_line(text: bytes) -> Record:
    return msgspec.json.format(text, indent=-1) if b"\n" in text or b": " in text or b", " in text else text
