"""``${…}`` in a text: what stands there, and the text with it filled in.

    ${NAME}                    a variable
    ${credential: NAME}        a credential of the vendor, from wherever credentials come
    ${orders/create: data.id}  a value out of the answer to another saved request (JMESPath)
    $${                        the two characters ${ themselves

In a JSON text a placeholder between quotes is filled as part of the string; elsewhere it stands for a whole JSON value.
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
    """A placeholder that cannot be read: *message* says what is wrong, *expected* what would be right."""

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
    """``${REQUEST: PATH}``: a value out of the answer to another saved request."""

    request: str
    path: str

    def __str__(self) -> str:
        return f"${{{self.request}: {self.path}}}"


Placeholder = VariablePlaceholder | CredentialPlaceholder | ResponsePlaceholder
TextPart = str | Placeholder


@dataclass(frozen=True, slots=True)
class PlaceholderValue:
    """What a placeholder stands for: *text* as it is put into a text or a JSON string, *literal* as the JSON value that
    it is elsewhere in a JSON text."""

    text: str
    literal: str

    @classmethod
    def from_text_value(cls, text: str) -> PlaceholderValue:
        """A text; where a JSON value is wanted it is taken as one."""
        return cls(text, text)

    @classmethod
    def from_json_value(cls, source: bytes) -> PlaceholderValue:
        """A JSON value, its number tokens as they are."""
        literal = source.decode()
        value = json.loads(literal)
        return cls(value if isinstance(value, str) else literal, literal)


Lookup = Callable[[Placeholder], PlaceholderValue | None]
"""What a placeholder stands for, or None where that is not known (yet)."""


def escape(text: str) -> str:
    """*text* as it is written so that nothing in it is a placeholder."""
    return text.replace("${", "$${")


def parse(text: str) -> tuple[TextPart, ...]:
    """The parts of *text*: plain texts, unescaped, and placeholders.

    Raises:
        PlaceholderProblem: a placeholder has no end, or is none of the three kinds.
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
        parts.append(_read(text[mark + 2 : end]))
        at = end + 1
    plain.append(text[at:])
    if "".join(plain):
        parts.append("".join(plain))
    return tuple(parts)


def placeholders(text: str) -> tuple[Placeholder, ...]:
    """The placeholders in *text*; none where it cannot be read."""
    if "${" not in text:
        return ()
    try:
        return tuple(part for part in parse(text) if not isinstance(part, str))
    except PlaceholderProblem:
        return ()


def fill_text(text: str, lookup: Lookup) -> str:
    """*text* with what is known filled in; what is not known stays as it is written, and so do escapes beside it.

    Raises:
        PlaceholderProblem: see ``parse``.
    """
    if "${" not in text:
        return text
    parts, whole = _look_up_parts(text, lookup)
    return "".join(_filled(part, found.text if found else None, whole) for part, found in parts)


def fill_json(text: str, lookup: Lookup) -> str:
    """The JSON text *text* with what is known filled in, as ``fill_text`` does.

    Raises:
        PlaceholderProblem: see ``parse``.
    """
    if "${" not in text:
        return text
    parts, whole = _look_up_parts(text, lookup)
    written: list[str] = []
    quoted = False
    for part, found in parts:
        if isinstance(part, str):
            quoted = _quoted(part, quoted)
        value = None
        if found is not None:
            value = json.dumps(found.text, ensure_ascii=False)[1:-1] if quoted else found.literal
        written.append(_filled(part, value, whole))
    return "".join(written)


def _look_up_parts(text: str, lookup: Lookup) -> tuple[list[tuple[TextPart, PlaceholderValue | None]], bool]:
    """Each part of *text* with what is known for it, and whether something is known for every placeholder."""
    parts = [(part, None if isinstance(part, str) else lookup(part)) for part in parse(text)]
    return parts, all(isinstance(part, str) or found is not None for part, found in parts)


def _filled(part: TextPart, value: str | None, whole: bool) -> str:
    if isinstance(part, str):
        return part if whole else escape(part)
    return str(part) if value is None else value if whole else escape(value)


def _quoted(text: str, quoted: bool) -> bool:
    """Whether one is within a JSON string behind *text*."""
    escaped = False
    for sign in text:
        if escaped:
            escaped = False
        elif sign == "\\" and quoted:
            escaped = True
        elif sign == '"':
            quoted = not quoted
    return quoted


def _end(text: str, at: int) -> int:
    """Where the brace is that ends a placeholder whose inside begins at *at*; braces in quotes and pairs do not."""
    depth, quote, begin = 0, "", at
    while at < len(text):
        sign = text[at]
        if quote:
            if sign == "\\":
                at += 1
            elif sign == quote:
                quote = ""
        elif sign in "'\"`" and ":" in text[begin:at]:
            quote = sign
        elif sign == "{":
            depth += 1
        elif sign == "}":
            if not depth:
                return at
            depth -= 1
        at += 1
    raise PlaceholderProblem(f"{text[begin - 2 : begin + 20]!r} has no end", "write ${NAME}, or $${ for the signs ${")


def _read(inside: str) -> Placeholder:
    head, colon, rest = inside.partition(":")
    head, rest = head.strip(), rest.strip()
    if not colon and _NAME.fullmatch(head):
        return VariablePlaceholder(head)
    if colon and head == CREDENTIAL and _NAME.fullmatch(rest):
        return CredentialPlaceholder(rest)
    if colon and rest and _REQUEST.fullmatch(head):
        return ResponsePlaceholder(head.strip("/"), rest)
    raise PlaceholderProblem(
        f"${{{inside}}} is no placeholder",
        "write ${NAME}, ${credential: NAME} or ${folder/request: path.to.value}; $${ for the signs ${",
    )
