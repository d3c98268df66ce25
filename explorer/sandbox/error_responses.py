"""A refusal in the vendor's own shape, with the headers that say what failed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from explorer.core.catalog.sandbox import FAILURE_FALLBACKS, ErrorTemplate, Handler, SandboxVendor
from explorer.sandbox.address import CHECK_HEADER, REASON_HEADER
from explorer.sandbox.answers import Reply
from explorer.sandbox.expressions import ExpressionError
from explorer.sandbox.functions import Clock
from explorer.sandbox.refusal import Refused, Violation, header_text
from explorer.sandbox.templates import DROP, compile_sentence, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
