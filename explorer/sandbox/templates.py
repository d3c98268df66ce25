"""Templates of a catalog: JSON with expressions. ``core/catalog/sandbox.py`` documents the language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from explorer.sandbox.expressions import Code, ExpressionError, Scope, compiled

Template = Callable[[Scope], Any]


class _DropMarker:
    """The value of a key that is left out."""

    def __repr__(self) -> str:
        return "drop"

    def __bool__(self) -> bool:
        return False


DROP: Final = _DropMarker()
_PLACEHOLDER = re.compile(r"\$\$|\$\{([^{}]*)\}")


class TemplateError(ExpressionError):
    """A template that is not JSON or has an invalid command: an error in the catalog."""


@cache
def compile_template(text: str) -> Template:
    """Compile the JSON template *text* to a function of a scope.

    Raises:
        TemplateError: *text* is not a template.
        ExpressionError: an expression in it is invalid.
    """
    stripped = text.strip()
    if not stripped.startswith(("{", "[", '"')):
        return _string(stripped)
    try:
        value = json.loads(stripped, strict=False)
    except ValueError as error:
        raise TemplateError(f"the template is not JSON: {error}: {stripped[:80]!r}") from None
    return _compile(value)


@cache
def compile_sentence(text: str) -> Template:
    """Compile a string with ``${…}`` placeholders to a function of a scope."""
    return _placeholders(text)


def render(text: str, scope: Scope) -> Any:
    """Render the template *text* without private keys; DROP if there is nothing."""
    return public_value(compile_template(text)(scope))


def public_value(value: Any) -> Any:
    """Return *value* without DROP and without keys that start with an underscore."""
    if isinstance(value, Mapping):
        return {
            key: public_value(inner)
            for key, inner in value.items()
            if inner is not DROP and not (isinstance(key, str) and key.startswith("_"))
        }
    if isinstance(value, list | tuple):
        return [public_value(inner) for inner in value if inner is not DROP]
    return value


def _compile(value: Any) -> Template:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return _array([_compile(inner) for inner in value])
    if isinstance(value, dict):
        for key, command in _COMMANDS.items():
            if key in value:
                return command(value)
        return _object({key: _compile(inner) for key, inner in value.items()})
    return lambda _scope: value


def _string(text: str) -> Template:
    if text.startswith("$") and not text.startswith(("$$", "${")):
        return compiled(text[1:])
    return _placeholders(text)


def _placeholders(text: str) -> Template:
    if "$" not in text:
        return lambda _scope: text
    parts: list[str | Code] = []
    position = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append(text[position : match.start()])
        parts.append("$" if match.group() == "$$" else compiled(match.group(1)))
        position = match.end()
    parts.append(text[position:])
    return lambda scope: "".join(part if isinstance(part, str) else _to_text(part(scope)) for part in parts)


def _to_text(value: Any) -> str:
    if value is None or value is DROP:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _array(parts: list[Template]) -> Template:
    return lambda scope: [value for value in (part(scope) for part in parts) if value is not DROP]


def _object(parts: dict[str, Template], *, keep_dropped: bool = False) -> Template:
    """Compile an object; *keep_dropped* keeps keys with the value DROP for ``$merge``."""
    keys = {key: _placeholders(key) for key in parts}

    def run(scope: Scope) -> dict[str, Any]:
        values = {keys[key](scope): part(scope) for key, part in parts.items()}
        return {key: value for key, value in values.items() if keep_dropped or value is not DROP}

    return run


def _expression(table: Mapping[str, Any], key: str) -> Code:
    text = table[key]
    if not isinstance(text, str):
        raise TemplateError(f"{key} must be an expression in a string")
    return compiled(text.removeprefix("$"))


def _each(table: dict[str, Any]) -> Template:
    source, element, name = (
        _expression(table, "$each"),
        _compile(table.get("$give", "$it")),
        str(table.get("$as", "it")),
    )
    test = _expression(table, "$when") if "$when" in table else None
    key = _expression(table, "$key") if "$key" in table else None

    def run(scope: Scope) -> Any:
        inner = dict(scope)
        pairs = []
        for number, item in enumerate(source(scope) or ()):
            inner[name], inner["number"] = item, number
            if test is None or test(inner):
                value = element(inner)
                if value is not DROP:
                    pairs.append((str(key(inner)) if key else "", value))
        return dict(pairs) if key else [value for _, value in pairs]

    return run


def _if(table: dict[str, Any]) -> Template:
    test = _expression(table, "$if")
    yes, no = _compile(table.get("$then", "$drop")), _compile(table.get("$else", "$drop"))
    return lambda scope: yes(scope) if test(scope) else no(scope)


def _merge(table: dict[str, Any]) -> Template:
    if not isinstance(table["$merge"], list):
        raise TemplateError("$merge must be an array of objects")
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
    """Compile an object of ``$merge``: a key that it drops is removed from the objects before it."""
    if isinstance(inner, dict) and not any(key in _COMMANDS for key in inner):
        return _object({key: _compile(value) for key, value in inner.items()}, keep_dropped=True)
    return _compile(inner)


def _use(table: dict[str, Any]) -> Template:
    name = str(table["$use"])
    arguments = {key: _compile(inner) for key, inner in (table.get("$with") or {}).items()}

    def run(scope: Scope) -> Any:
        text = scope["templates"].get(name)
        if text is None:
            raise TemplateError(f"no template named {name!r}")
        return compile_template(text)(
            {**scope, **{key: part(scope) for key, part in arguments.items()}} if arguments else scope
        )

    return run


_COMMANDS: dict[str, Callable[[dict[str, Any]], Template]] = {
    "$each": _each,
    "$if": _if,
    "$merge": _merge,
    "$use": _use,
}
