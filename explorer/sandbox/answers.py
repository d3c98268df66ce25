"""What the sandbox says back: a status, headers and a body that leave in one piece; JSON or XML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from starlette.responses import Response

from explorer.core.text.media_type import JSON

XML = "application/xml"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True)
class Reply:
    """An answer before it has a form: ``value`` is text (sent as it is), or what becomes JSON or XML; None: no body."""

    status: int
    value: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = ""


def response(reply: Reply, *, as_xml: bool, root: str, item: str) -> Response:
    """The HTTP response for *reply*; the body has a length and is one message."""
    if reply.value is None:
        body, media = b"", ""
    elif isinstance(reply.value, str):
        body, media = reply.value.encode(), reply.media_type or JSON
    elif as_xml:
        body, media = to_xml(reply.value, root, item).encode(), XML
    else:
        body, media = json.dumps(reply.value, ensure_ascii=False, separators=(",", ":")).encode(), JSON
    made = Response(body, reply.status)
    if media:
        made.headers["content-type"] = media if media == JSON else f"{media}; charset=utf-8"
    for name, value in reply.headers:
        made.headers[name] = value
    return made


def to_xml(value: Any, root: str, item: str) -> str:
    """*value* as XML: a key is an element, null an empty element, true and false words; an entry of an array is an
    element named after the array without its plural s, or *item*."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "".join(_element(root, value, item)) + "\n"


def _element(name: str, value: Any, item: str) -> Iterable[str]:
    if not _NAME.fullmatch(name):
        tag, close = f'{item} key="{escape(_clean(name), {chr(34): "&quot;"})}"', item
    else:
        tag = close = name
    if value is None or value == "":
        yield f"<{tag} />"
        return
    yield f"<{tag}>"
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _element(str(key), inner, item)
    elif isinstance(value, list | tuple):
        single = name[:-1] if name.endswith("s") and len(name) > 1 and _NAME.fullmatch(name) else item
        for inner in value:
            yield from _element(single, inner, item)
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield escape(_clean(text))
    yield f"</{close}>"


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
