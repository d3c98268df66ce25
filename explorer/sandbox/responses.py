"""HTTP responses of the sandbox, and refusals in the vendor's format."""

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
    """A response before serialization. ``value`` is a string, data for JSON or XML, or None (no body)."""

    status: int
    value: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = ""


def response(reply: Reply, *, as_xml: bool, root: str, item: str) -> Response:
    """Serialize *reply* to an HTTP response with a Content-Length."""
    if reply.value is None:
        body, media = b"", ""
    elif isinstance(reply.value, str):
        body, media = reply.value.encode(), reply.media_type or JSON
    elif as_xml:
        body, media = to_xml(reply.value, root, item).encode(), XML
    else:
        body, media = json.dumps(reply.value, ensure_ascii=False, separators=(",", ":")).encode(), JSON
    result = Response(body, reply.status)
    if media:
        result.headers["content-type"] = media if media == JSON else f"{media}; charset=utf-8"
    for name, value in reply.headers:
        result.headers[name] = value
    return result


def to_xml(value: Any, root: str, item: str) -> str:
    """Return *value* as XML.

    A key becomes an element, null an empty element, a boolean ``true`` or ``false``. An array item becomes an element
    named after the array without its plural s, or *item*.
    """
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
    """Creates the refusals of one vendor."""

    def __init__(self, sandbox: SandboxVendor, now: Callable[[], float]) -> None:
        self.sandbox = sandbox
        self._now = now

    def reply(self, refused: Refused, handler: Handler | None, granted: tuple[tuple[str, str], ...]) -> Reply:
        """Return the response to *refused*; *granted* are headers that the auth scheme adds to every response."""
        template = _template_for(refused.first, handler.errors if handler else {}, self.sandbox.errors)
        problems = [self._problem(violation) for violation in refused.violations]
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
            value = render(template.body, scope) if template.body else None
        except ExpressionError as error:
            value = {"error": f"error in the catalog's sandbox tables: {error}"}
        headers = [(name, str(compile_sentence(text)(scope))) for name, text in template.headers.items()]
        headers += granted
        headers += [(CHECK_HEADER, refused.first.check), (REASON_HEADER, header_text(refused.reason)), *refused.headers]
        return Reply(self.sandbox.status_always or template.status, value, tuple(headers), template.media_type)

    def _problem(self, violation: Violation) -> dict[str, Any]:
        problem = {
            "param": violation.param,
            "label": _label(violation.param),
            "dotted": _dotted(violation.param),
            "check": violation.check,
            "kind": violation.kind,
            "message": violation.message,
            "expected": violation.expected,
            "got": violation.got,
            "limit": violation.limit,
            "sentence": violation.sentence,
        }
        message = self.sandbox.messages.get(violation.check) or self.sandbox.messages.get(violation.kind)
        problem["said"] = str(compile_sentence(message)({"problem": problem})) if message else violation.sentence
        return problem


def _label(name: str) -> str:
    """Return a name as Laravel writes it: ``searchTerm`` → ``search term``, ``item[0].upc`` → ``item.0.upc``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", _dotted(name)).lower().replace("_", " ").strip()


def _dotted(name: str) -> str:
    """Return a name with dots for brackets: ``line_items[0].upc`` → ``line_items.0.upc``."""
    return re.sub(r"\[(\w+)\]", r".\1", name).replace("[]", "")


def _template_for(
    violation: Violation, own: Mapping[str, ErrorTemplate], vendors: Mapping[str, ErrorTemplate]
) -> ErrorTemplate:
    for table in (own, vendors):
        if violation.check in table:
            return table[violation.check]
        kind: str | None = violation.kind
        while kind is not None:
            if kind in table:
                return table[kind]
            kind = FAILURE_FALLBACKS.get(kind)
    return own.get("default") or vendors.get("default") or _PLAIN
