"""Responses of the sandbox: in one piece, and refusals in the vendor's own shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from starlette.responses import Response

from explorer.core.catalog.sandbox import FAILURE_FALLBACKS, ErrorTemplate, Handler, SandboxVendor
from explorer.core.text.media_type import JSON
from explorer.sandbox.address import CHECK_HEADER, REASON_HEADER
from explorer.sandbox.expressions import Clock, ExpressionError
from explorer.sandbox.refusal import Refused, Violation, header_text
from explorer.sandbox.templates import DROP, compile_sentence, render

if TYPE_CHECKING:
    from collections.abc import Callable


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


_PLAIN = ErrorTemplate(status=400, body='{"error": "$problem.message"}')


class ErrorResponder:
    """Words refusals as one vendor does."""

    def __init__(self, sandbox: SandboxVendor, now: Callable[[], float]) -> None:
        self.sandbox = sandbox
        self._now = now

    def reply(self, refused: Refused, handler: Handler | None, granted: tuple[tuple[str, str], ...]) -> Reply:
        """The answer to *refused*; *granted* are headers that the auth scheme puts into every answer."""
        answer = _template_for(refused.first, handler.errors if handler else {}, self.sandbox.errors)
        problems = [self._problem(flaw) for flaw in refused.violations]
        fields: dict[str, list[str]] = {}
        for problem in problems:
            if problem["param"]:
                fields.setdefault(problem["param"], []).append(problem["said"])
        scope = {
            "problem": problems[0],
            "problems": problems,
            "messages": [problem["said"] for problem in problems],
            "fields": fields,
            "words": self.sandbox.words,
            "templates": self.sandbox.templates,
            "drop": DROP,
            "()": Clock(self._now()).functions(),
        }
        try:
            value = render(answer.body, scope) if answer.body else None
        except ExpressionError as error:
            value = {"error": f"the catalog's sandbox part is at fault: {error}"}
        headers = [(name, str(compile_sentence(text)(scope))) for name, text in answer.headers.items()]
        headers += granted
        headers += [(CHECK_HEADER, refused.first.check), (REASON_HEADER, header_text(refused.reason)), *refused.headers]
        return Reply(self.sandbox.status_always or answer.status, value, tuple(headers), answer.media_type)

    def _problem(self, flaw: Violation) -> dict[str, Any]:
        problem = {
            "param": flaw.param,
            "label": _label(flaw.param),
            "dotted": _dotted(flaw.param),
            "check": flaw.check,
            "kind": flaw.kind,
            "message": flaw.message,
            "expected": flaw.expected,
            "got": flaw.got,
            "limit": flaw.limit,
            "sentence": flaw.sentence,
        }
        said = self.sandbox.messages.get(flaw.check) or self.sandbox.messages.get(flaw.kind)
        problem["said"] = str(compile_sentence(said)({"problem": problem})) if said else flaw.sentence
        return problem


def _label(name: str) -> str:
    """A parameter's name as Laravel words it: ``searchTerm`` → ``search term``, ``item[0].upc`` → ``item.0.upc``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", _dotted(name)).lower().replace("_", " ").strip()


def _dotted(name: str) -> str:
    """``line_items[0].upc`` → ``line_items.0.upc``."""
    return re.sub(r"\[(\w+)\]", r".\1", name).replace("[]", "")


def _template_for(
    flaw: Violation, own: Mapping[str, ErrorTemplate], vendors: Mapping[str, ErrorTemplate]
) -> ErrorTemplate:
    for table in (own, vendors):
        if flaw.check in table:
            return table[flaw.check]
        kind: str | None = flaw.kind
        while kind is not None:
            if kind in table:
                return table[kind]
            kind = FAILURE_FALLBACKS.get(kind)
    return own.get("default") or vendors.get("default") or _PLAIN
