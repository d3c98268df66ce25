"""The records of a page, cut out of its body as they stand there: number tokens, key order and escapes stay.

A record is a JSON text without line breaks (as bytes), so that records of many pages make one array or one NDJSON
stream without ever being decoded. XML has no such form: its records are written as JSON tables of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.body_value import NotReadable, json_text, media_type, xml_value

if TYPE_CHECKING:
    from explorer.core.exchange import ReceivedResponse

Record = bytes
_TABLE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def cut(response: ReceivedResponse, path: str) -> tuple[Record, ...]:
    """The records at a dotted path of the body; those of the body itself where that is a list. One lone table at the
    path is one record; where nothing stands there, there are none.

    Raises:
        NotReadable: the body is not what its media type says.
    """
    kind = media_type(response)
    if kind.endswith(("/xml", "+xml")):
        return _of_value(xml_value(response.body), path)
    text = json_text(response)
    if not text.strip():
        return ()
    try:
        return tuple(_one_line(one) for one in _raw_records(text, path))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotReadable(f"said to be JSON, and is not: {error}") from None


def whole(response: ReceivedResponse) -> tuple[Record, ...]:
    """The records of an answer of which nothing is known: those of a list, otherwise the body as the only one.

    Raises:
        NotReadable: the body is not what its media type says.
    """
    text = json_text(response)
    found = cut(response, "")
    return found if text.lstrip()[:1] == b"[" or not text.strip() else (found or (_one_line(text),))


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
    for part in path.split(".") if path else ():
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict) and len(value) == 1:
        only = next(iter(value.values()))
        value = only if isinstance(only, list | dict) else value
    rows = value if isinstance(value, list) else [value] if isinstance(value, dict) and path else []
    return tuple(msgspec.json.encode(one) for one in rows)


def _one_line(text: bytes) -> Record:
    return msgspec.json.format(text, indent=-1) if b"\n" in text or b": " in text or b", " in text else text
