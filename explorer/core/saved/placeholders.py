"""Parse and fill placeholders (``${…}``) in a string.

    ${NAME}                    a variable
    ${credential: NAME}        a credential of the vendor
    ${orders/create: data.id}  a value of the response to another saved request (JMESPath)
    $${                        a literal ${

In JSON, a placeholder in quotes is filled as part of the string; elsewhere it is a whole JSON value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REQUEST: Final = re.compile(r"[\w][\w ./+-]*")
CREDENTIAL: Final = "credential"


class PlaceholderProblem(ValueError):
    """An invalid placeholder: *message* is the problem, *expected* the correct form."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(f"{message}; {expected}")
        self.message = message
        self.expected = expected


@dataclass(frozen=True, slots=True)
class VariablePlaceholder:
    """``${NAME}``."""

    name: str

    def __str__(self) -> str:
        return f"${{{self.name}}}"


@dataclass(frozen=True, slots=True)
class CredentialPlaceholder:
    """``${credential: NAME}``."""

    name: str

    def __str__(self) -> str:
        return f"${{{CREDENTIAL}: {self.name}}}"


@dataclass(frozen=True, slots=True)
class ResponsePlaceholder:
    """``${REQUEST: PATH}``: a value of the response to another saved request."""

    request: str
    path: str

    def __str__(self) -> str:
        return f"${{{self.request}: {self.path}}}"


Placeholder = VariablePlaceholder | CredentialPlaceholder | ResponsePlaceholder
TextPart = str | Placeholder


@dataclass(frozen=True, slots=True)
class PlaceholderValue:
    """The value of a placeholder: *text* in strings, *literal* as a JSON value outside of JSON strings."""

    text: str
    literal: str

    @classmethod
    def from_text_value(cls, text: str) -> PlaceholderValue:
        """Return the value for a string, which is also its JSON literal."""
        return cls(text, text)

    @classmethod
    def from_json_value(cls, source: bytes) -> PlaceholderValue:
        """Return the value for JSON; number tokens are unchanged."""
        literal = source.decode()
        value = json.loads(literal)
        return cls(value if isinstance(value, str) else literal, literal)


Lookup = Callable[[Placeholder], PlaceholderValue | None]
"""Returns the value of a placeholder, or None if it is unknown."""


def escape(text: str) -> str:
    """Return *text* escaped, so that it contains no placeholder."""
    return text.replace("${", "$${")


def parse(text: str) -> tuple[TextPart, ...]:
    """Split *text* into placeholders and unescaped plain strings.

    Raises:
        PlaceholderProblem: a placeholder has no closing brace or is not one of the three kinds.
    """
    parts: list[TextPart] = []
    plain: list[str] = []
    at = 0
    while at < len(text):
        mark = text.find("${", at)
        if mark < 0:
            break
        if mark > at and text[mark - 1] == "$":
            plain.append(text[at : mark - 1] + "${")
            at = mark + 2
            continue
        plain.append(text[at:mark])
        end = _end(text, mark + 2)
        if "".join(plain):
            parts.append("".join(plain))
        plain = []
        parts.append(_parse_content(text[mark + 2 : end]))
        at = end + 1
    plain.append(text[at:])
    if "".join(plain):
        parts.append("".join(plain))
    return tuple(parts)


def placeholders(text: str) -> tuple[Placeholder, ...]:
    """Return the placeholders in *text*; none if one is invalid."""
    if "${" not in text:
        return ()
    try:
        return tuple(part for part in parse(text) if not isinstance(part, str))
    except PlaceholderProblem:
        return ()


def fill_text(text: str, lookup: Lookup) -> str:
    """Return *text* with known placeholders filled. If any is unknown, it stays, and escapes stay escaped.

    Raises:
        PlaceholderProblem: as ``parse``.
    """
    if "${" not in text:
        return text
    parts, complete = _look_up_parts(text, lookup)
    return "".join(_filled(part, value.text if value else None, complete) for part, value in parts)


def fill_json(text: str, lookup: Lookup) -> str:
    """Return the JSON *text* with known placeholders filled, as ``fill_text`` does.

    Raises:
        PlaceholderProblem: as ``parse``.
    """
    if "${" not in text:
        return text
    parts, complete = _look_up_parts(text, lookup)
    filled: list[str] = []
    in_string = False
    for part, value in parts:
        if isinstance(part, str):
            in_string = _ends_in_string(part, in_string)
        replacement = None
        if value is not None:
            replacement = json.dumps(value.text, ensure_ascii=False)[1:-1] if in_string else value.literal
        filled.append(_filled(part, replacement, complete))
    return "".join(filled)


def _look_up_parts(text: str, lookup: Lookup) -> tuple[list[tuple[TextPart, PlaceholderValue | None]], bool]:
    """Return each part of *text* with its value, and whether every placeholder has one."""
    parts = [(part, None if isinstance(part, str) else lookup(part)) for part in parse(text)]
    return parts, all(isinstance(part, str) or value is not None for part, value in parts)


def _filled(part: TextPart, value: str | None, complete: bool) -> str:
    if isinstance(part, str):
        return part if complete else escape(part)
    return str(part) if value is None else value if complete else escape(value)


def _ends_in_string(text: str, in_string: bool) -> bool:
    """Return whether the end of *text* is within a JSON string."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and in_string:
            escaped = True
        elif character == '"':
            in_string = not in_string
    return in_string


def _end(text: str, at: int) -> int:
    """Return the position of the closing brace of a placeholder whose content starts at *at*.

    Quoted and nested braces are skipped.
    """
    depth, quote, start = 0, "", at
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "'\"`" and ":" in text[start:at]:
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if not depth:
                return at
            depth -= 1
        at += 1
    raise PlaceholderProblem(
        f"{text[start - 2 : start + 20]!r} has no closing brace", "write ${NAME}, or $${ for a literal ${"
    )


def _parse_content(content: str) -> Placeholder:
    head, colon, rest = content.partition(":")
    head, rest = head.strip(), rest.strip()
    if not colon and _NAME.fullmatch(head):
        return VariablePlaceholder(head)
    if colon and head == CREDENTIAL and _NAME.fullmatch(rest):
        return CredentialPlaceholder(rest)
    if colon and rest and _REQUEST.fullmatch(head):
        return ResponsePlaceholder(head.strip("/"), rest)
    raise PlaceholderProblem(
        f"${{{content}}} is not a placeholder",
        "write ${NAME}, ${credential: NAME} or ${folder/request: path.to.value}, or $${ for a literal ${",
    )
