"""The records of a page, cut out of its body as they stand there: number tokens, key order and escapes stay.

A record is a JSON text without line breaks (as bytes), so that records of many pages make one array or one NDJSON
stream without ever being decoded. XML has no such form: its records are written as JSON tables of texts.
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
"""Members of a body that describe the array beside them."""
_TABLE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def cut_records(response: ReceivedResponse, path: str) -> tuple[Record, ...]:
    """The records at a dotted path of the body; those of the body itself where that is a list. One lone table at the
    path is one record; where nothing stands there, there are none.

    Raises:
        NotReadable: the body is not what its media type says.
    """
    kind = essence(response.header("content-type"))
    if is_xml(kind):
        return _of_value(xml_value(response.body), path)
    text = json_text(response)
    if not text.strip():
        return ()
    try:
        return tuple(_one_line(one) for one in _raw_records(text, path))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableBody(f"said to be JSON, and is not: {error}") from None


def unpaged_records(response: ReceivedResponse, body: Any) -> tuple[tuple[Record, ...], int | None]:
    """Return the records of a call without a paging style, and how many the response says there are in all, if it does.

    The records are those of the body where it is an array, or of the one array in it beside members that only describe
    it, such as ``total`` and ``links``. Anything else is one record. *body* is the decoded response.

    Raises:
        NotReadable: the body is not what its media type says.
    """
    path = _list_path(body)
    if path is not None:
        return cut_records(response, path), _total(body, path)
    if is_xml(essence(response.header("content-type"))):
        return (msgspec.json.encode(body),), None
    text = json_text(response)
    return ((_one_line(text),) if text.strip() else ()), None


def _list_path(body: Any) -> str | None:
    """The dotted path of the array that a body is a list of; None where it is something else."""
    if isinstance(body, list):
        return ""
    members = body if isinstance(body, dict) else {}
    told = [name for name in members if not _METADATA_KEY.fullmatch(name)]
    if len(told) != 1 or "." in told[0]:
        return None
    inner = _list_path(members[told[0]])
    return None if inner is None else f"{told[0]}.{inner}".removesuffix(".")


def _total(body: Any, path: str) -> int | None:
    """How many records there are, as the members beside the array at *path* say."""
    places = [get_at(body, path.rpartition(".")[0] if "." in path else ""), body]
    places += [get_at(body, name) for name in ("meta", "pagination", "meta.pagination", "paging")]
    counts = [
        parse_whole_number(place.get(name))
        for place in places
        if isinstance(place, dict)
        for name in _TOTAL_KEYS
        if name in place
    ]
    return next((count for count in counts if count is not None), None)


def _raw_records(text: bytes, path: str) -> list[bytes]:
    if text.lstrip()[:1] == b"[":
        return [bytes(one) for one in _LIST.decode(text)]
    parts = path.split(".") if path else []
    for depth, part in enumerate(parts):
        table = _TABLE.decode(text) if not depth or text.lstrip()[:1] == b"{" else {}
        text = bytes(table.get(part, b""))
    first = text.lstrip()[:1]
    if first == b"[":
        return [bytes(one) for one in _LIST.decode(text)]
    return [text] if first == b"{" and path else []


def _of_value(value: Any, path: str) -> tuple[Record, ...]:
    """The records in a decoded XML body, where a lone child stands for a list of one."""
    value = get_at(value, path)
    if isinstance(value, dict) and len(value) == 1:
        only = next(iter(value.values()))
        value = only if isinstance(only, list | dict) else value
    rows = value if isinstance(value, list) else [value] if isinstance(value, dict) and path else []
    return tuple(msgspec.json.encode(one) for one in rows)


def _one_line(text: bytes) -> Record:
    return msgspec.json.format(text, indent=-1) if b"\n" in text or b": " in text or b", " in text else text
