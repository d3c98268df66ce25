"""Check the sandbox tables of a catalog without serving them: compile every expression and template once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.catalog.sandbox import FAILURE_FALLBACKS, HandlerStep
from explorer.sandbox.expressions import ExpressionError, compiled
from explorer.sandbox.templates import compile_sentence, compile_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.catalog import Vendor

SandboxProblem = tuple[str, str]
"""Dotted path below the vendor's ``sandbox`` table, and the problem."""
_EXPRESSIONS = ("when", "each", "source", "where", "order", "descending", "paged", "that")
_USED_TEMPLATE = re.compile(r'"\$use"\s*:\s*"([^"]*)"')
_REQUIRED_FIELDS = {
    "find": ("collection", "source"),
    "list": ("collection", "source"),
    "create": ("collection",),
    "require": ("that",),
    "let": ("result",),
    "account": ("match",),
    "mint": ("auth",),
    "revoke": ("auth",),
    "consent": ("auth",),
    "exchange": ("auth",),
}


def find_problems(vendor: Vendor) -> list[SandboxProblem]:
    """Return every invalid expression or template, and every unknown name in one."""
    return list(_vendor_problems(vendor))


def _vendor_problems(vendor: Vendor) -> Iterator[SandboxProblem]:
    sandbox = vendor.sandbox
    for name, text in sandbox.templates.items():
        yield from _text_problems(vendor, f"templates.{name}", compile_template, text)
    for name, collection in sandbox.collections.items():
        for number, text in enumerate((collection.record, *collection.fixed)):
            yield from _text_problems(vendor, f"collections.{name}[{number}]", compile_template, text)
    for name, text in sandbox.messages.items():
        yield from _text_problems(vendor, f"messages.{name}", compile_sentence, text)
    for name, template in sandbox.errors.items():
        yield from _text_problems(vendor, f"errors.{name}.body", compile_template, template.body)
    if sandbox.optional_auth and sandbox.optional_auth not in vendor.auth:
        yield "optional_auth", f"no auth named {sandbox.optional_auth!r}"
    for name, handler in sandbox.handlers.items():
        at = f"handlers.{name}"
        if handler.like and handler.like not in sandbox.handlers:
            yield f"{at}.like", f"no handler named {handler.like!r}"
        yield from _text_problems(vendor, f"{at}.respond", compile_template, handler.respond)
        for header, text in handler.headers.items():
            yield from _text_problems(vendor, f"{at}.headers.{header}", compile_sentence, text)
        for kind, template in handler.errors.items():
            yield from _text_problems(vendor, f"{at}.errors.{kind}.body", compile_template, template.body)
        for number, step in enumerate(handler.steps):
            yield from _step_problems(vendor, f"{at}.steps[{number}]", step)


def _step_problems(vendor: Vendor, at: str, step: HandlerStep) -> Iterator[SandboxProblem]:
    values: dict[str, Any] = {field.name: getattr(step, field.name) for field in msgspec.structs.fields(step)}
    for name in _EXPRESSIONS:
        yield from _text_problems(vendor, f"{at}.{name}", compiled, values[name])
    for name, text in step.match.items():
        yield from _text_problems(vendor, f"{at}.match.{name}", compiled, text)
        if name not in vendor.credentials:
            yield f"{at}.match.{name}", f"no credential named {name!r}"
    for name in ("set", "value"):
        yield from _text_problems(vendor, f"{at}.{name}", compile_template, values[name])
    for name in ("message", "param"):
        yield from _text_problems(vendor, f"{at}.{name}", compile_sentence, values[name])
    if step.collection and step.collection not in vendor.sandbox.collections:
        yield f"{at}.in", f"no collection named {step.collection!r}"
    if step.auth and step.auth not in vendor.auth:
        yield f"{at}.auth", f"no auth named {step.auth!r}"
    if step.refuse and step.refuse not in {
        *FAILURE_FALLBACKS,
        *FAILURE_FALLBACKS.values(),
        "method",
        "internal",
        "default",
    }:
        yield f"{at}.refuse", f"no failure kind named {step.refuse!r}"
    required = _REQUIRED_FIELDS.get(step.do, ())
    if required and not any(values[name] for name in required):
        yield at, f"{step.do} needs {' or '.join(required)}"


def _text_problems(vendor: Vendor, at: str, parse: Callable[[str], object], text: str) -> Iterator[SandboxProblem]:
    if not text:
        return
    try:
        parse(text)
    except ExpressionError as error:
        yield at, str(error)
    for name in _USED_TEMPLATE.findall(text):
        if name not in vendor.sandbox.templates:
            yield at, f"no template named {name!r}"
