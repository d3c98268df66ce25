"""What a field holds: absent, empty, null and set are four things.

absent ─ space ─► empty ─ space ─► null (JSON only) ─ space ─► set again (where something had been typed) ─► absent
   ▲ typing sets; taking the last character away makes absent
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from explorer.core.exchange import Entry

if TYPE_CHECKING:
    from explorer.core.catalog.model import Parameter

Kind = Literal["absent", "empty", "null", "set"]
MARKS: Final = {"absent": "○", "empty": "◌", "null": "∅", "set": "●"}


@dataclass(frozen=True, slots=True)
class FieldState:
    """``text`` is what was typed last; it stays while the field is absent, empty or null, so that it can come back."""

    kind: Kind = "absent"
    text: str = ""

    def typed(self, text: str) -> FieldState:
        """After the text was changed to *text*."""
        return FieldState("set", text) if text else FieldState("absent", "")

    def cycled(self, param: Parameter) -> FieldState:
        """The next state in turn, of those that the parameter's place can carry."""
        kinds: list[Kind] = ["absent", "empty"]
        if param.type == "file":
            kinds = ["absent"]
        elif param.location == "json":
            kinds.append("null")
        if self.text:
            kinds.append("set")
        following = kinds[(kinds.index(self.kind) + 1) % len(kinds)] if self.kind in kinds else kinds[0]
        return replace(self, kind=following)

    @property
    def shown(self) -> str:
        """The text that stands in the field."""
        return self.text if self.kind == "set" else ""

    def entry(self, param: Parameter, name: str) -> Entry | None:
        """The entry of a call, or None where the field is absent."""
        if self.kind == "absent":
            return None
        if self.kind == "null":
            return Entry(name=name, kind="json", value="null")
        if self.kind == "empty":
            return Entry(name=name)
        return Entry(name=name, kind="file" if param.type == "file" else "text", value=self.text)


def state_of(entry: Entry | None) -> FieldState:
    """The state that a call's entry stands for; a JSON literal becomes the text that says the same."""
    if entry is None:
        return FieldState()
    if entry.kind != "json":
        return FieldState("set", entry.value) if entry.value else FieldState("empty")
    try:
        value = json.loads(entry.value)
    except ValueError:  # a value of a saved request that is still to be filled in
        return FieldState("set", entry.value)
    if value is None:
        return FieldState("null")
    text = value if isinstance(value, str) else entry.value
    return FieldState("set", text) if text else FieldState("empty")


def rule_text(param: Parameter) -> str:
    """The parameter's rule in a few words: ``integer · 1 to 100 · default: 20 (not sent)``."""
    parts = [_type_text(param)]
    parts.append(_limits(param))
    if param.also and not param.enum:
        parts.append(f"or {', '.join(param.also)}")
    if param.nullable:
        parts.append("may be null")
    if param.prefill is not None:
        parts.append(f"starts as {param.prefill} (sent)")
    elif param.default is not None and param.location == "path":
        parts.append(f"default: {param.default} (sent, it stands in the path)")
    elif param.default is not None:
        parts.append(f"default: {param.default} (not sent)")
    if param.inferred:
        parts.append("inferred")
    return " · ".join(part for part in parts if part)


def _type_text(param: Parameter) -> str:
    if param.type == "date":
        return f"date {date_hint(param.date_format or '%Y-%m-%d')}"
    if param.type == "file":
        return f"file {param.accept}".strip()
    if param.type == "object":
        return "JSON"
    if param.enum and not param.comma:
        return "choice"
    words = {"string": param.format or "text", "integer": "integer", "number": "number", "boolean": "true or false"}
    return f"{words[param.type]}, comma-separated" if param.comma else words[param.type]


def date_hint(form: str) -> str:
    """A strftime pattern as people write it: ``yyyy-mm-dd``."""
    for code, word in (("%Y", "yyyy"), ("%m", "mm"), ("%d", "dd"), ("%H", "hh"), ("%M", "mm"), ("%S", "ss")):
        form = form.replace(code, word)
    return form


def _limits(param: Parameter) -> str:
    parts = []
    if param.min is not None and param.max is not None:
        parts.append(f"{param.min:g} to {param.max:g}")
    elif param.min is not None:
        parts.append(f"{param.min:g} or more")
    elif param.max is not None:
        parts.append(f"{param.max:g} or less")
    if param.min_length is not None and param.max_length is not None:
        parts.append(f"{param.min_length} to {param.max_length} characters")
    elif param.max_length is not None:
        parts.append(f"at most {param.max_length} characters")
    elif param.min_length is not None:
        parts.append(f"at least {param.min_length} characters")
    if param.pattern:
        parts.append(f"matches {param.pattern}")
    if param.comma and param.enum:
        parts.append(f"of {', '.join(param.enum)}")
    return " · ".join(parts)
