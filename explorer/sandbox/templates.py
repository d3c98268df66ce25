"""Templates: JSON texts of a catalog, filled from a scope. The language is described in ``core/catalog/sandbox.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from explorer.sandbox.expressions import Code, ExpressionError, Scope, compiled

Template = Callable[[Scope], Any]


class _DropMarker:
    """The value of a key that is not to be there."""

    def __repr__(self) -> str:
        return "drop"

    def __bool__(self) -> bool:
        return False


DROP: Final = _DropMarker()
_HOLE = re.compile(r"\$\$|\$\{([^{}]*)\}")


class TemplateError(ExpressionError):
    """A template that is no JSON text, or whose commands are not well formed: a fault of the catalog."""


@cache
def compile_template(text: str) -> Template:
    """The function of a scope that the JSON text *text* stands for.

    Raises:
        TemplateError, ExpressionError: the text is not a template.
    """
    stripped = text.strip()
    if not stripped.startswith(("{", "[", '"')):
        return _text(stripped)
    try:
        value = json.loads(stripped, strict=False)
    except ValueError as error:
        raise TemplateError(f"the template is no JSON: {error}: {stripped[:80]!r}") from None
    return _part(value)


@cache
def compile_sentence(text: str) -> Template:
    """A plain text with ``${…}`` holes, as a function of a scope."""
    return _compile_holes(text)


def render(text: str, scope: Scope) -> Any:
    """The template *text* filled from *scope*, without the keys that stay inside the sandbox; DROP for nothing."""
    return public_value(compile_template(text)(scope))


def public_value(value: Any) -> Any:
    """*value* without DROPs and without keys that start with an underscore."""
    if isinstance(value, Mapping):
        return {
            key: public_value(inner)
            for key, inner in value.items()
            if inner is not DROP and not (isinstance(key, str) and key.startswith("_"))
        }
    if isinstance(value, list | tuple):
        return [public_value(inner) for inner in value if inner is not DROP]
    return value


def _part(value: Any) -> Template:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return _array([_part(inner) for inner in value])
    if isinstance(value, dict):
        for key, command in _COMMANDS.items():
            if key in value:
                return command(value)
        return _object({key: _part(inner) for key, inner in value.items()})
    return lambda _scope: value


def _text(text: str) -> Template:
    if text.startswith("$") and not text.startswith(("$$", "${")):
        return compiled(text[1:])
    return _compile_holes(text)


def _compile_holes(text: str) -> Template:
    if "$" not in text:
        return lambda _scope: text
    parts: list[str | Code] = []
    at = 0
    for hole in _HOLE.finditer(text):
        parts.append(text[at : hole.start()])
        parts.append("$" if hole.group() == "$$" else compiled(hole.group(1)))
        at = hole.end()
    parts.append(text[at:])
    return lambda scope: "".join(part if isinstance(part, str) else _plain(part(scope)) for part in parts)


def _plain(value: Any) -> str:
    if value is None or value is DROP:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _array(parts: list[Template]) -> Template:
    return lambda scope: [value for value in (part(scope) for part in parts) if value is not DROP]


def _object(parts: dict[str, Template], *, drops: bool = True) -> Template:
    """A table; without *drops* the keys that are to be taken away stay in it as DROP, for a table below."""
    keys = {key: _compile_holes(key) for key in parts}

    def run(scope: Scope) -> dict[str, Any]:
        made = {keys[key](scope): part(scope) for key, part in parts.items()}
        return {key: value for key, value in made.items() if not (drops and value is DROP)}

    return run


def _expression(table: Mapping[str, Any], key: str) -> Code:
    text = table[key]
    if not isinstance(text, str):
        raise TemplateError(f"{key} takes an expression as a text")
    return compiled(text.removeprefix("$"))


def _each(table: dict[str, Any]) -> Template:
    source, give, name = _expression(table, "$each"), _part(table.get("$give", "$it")), str(table.get("$as", "it"))
    test = _expression(table, "$when") if "$when" in table else None
    key = _expression(table, "$key") if "$key" in table else None

    def run(scope: Scope) -> Any:
        inner = dict(scope)
        pairs = []
        for number, item in enumerate(source(scope) or ()):
            inner[name], inner["number"] = item, number
            if test is None or test(inner):
                pairs.append((str(key(inner)) if key else "", give(inner)))
        kept = [(name, value) for name, value in pairs if value is not DROP]
        return dict(kept) if key else [value for _, value in kept]

    return run


def _if(table: dict[str, Any]) -> Template:
    test = _expression(table, "$if")
    yes, no = _part(table.get("$then", "$drop")), _part(table.get("$else", "$drop"))
    return lambda scope: yes(scope) if test(scope) else no(scope)


def _merge(table: dict[str, Any]) -> Template:
    if not isinstance(table["$merge"], list):
        raise TemplateError("$merge takes an array of tables")
    parts = [_merged_part(inner) for inner in table["$merge"]]

    def run(scope: Scope) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for part in parts:
            value = part(scope)
            if isinstance(value, Mapping):
                merged.update(value)
        return {key: value for key, value in merged.items() if value is not DROP}

    return run


def _merged_part(inner: Any) -> Template:
    """A table of a merge: a key that it drops is taken away from the tables before it."""
    if isinstance(inner, dict) and not any(key in _COMMANDS for key in inner):
        return _object({key: _part(value) for key, value in inner.items()}, drops=False)
    return _part(inner)


def _use(table: dict[str, Any]) -> Template:
    name = str(table["$use"])
    given = {key: _part(inner) for key, inner in (table.get("$with") or {}).items()}

    def run(scope: Scope) -> Any:
        text = scope["templates"].get(name)
        if text is None:
            raise TemplateError(f"no template {name!r}")
        return compile_template(text)(
            {**scope, **{key: part(scope) for key, part in given.items()}} if given else scope
        )

    return run


_COMMANDS: dict[str, Callable[[dict[str, Any]], Template]] = {
    "$each": _each,
    "$if": _if,
    "$merge": _merge,
    "$use": _use,
}
