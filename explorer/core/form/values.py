"""What a form holds: values of parameters under their concrete names, and how they are typed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from explorer.core.exchange import Entry
from explorer.core.lenient_json import DEEPEST, depth
from explorer.errors import Problem, UsageError

if TYPE_CHECKING:
    from explorer.core.catalog.model import Location, Parameter


class NumberToken(str):
    """A JSON number exactly as it was typed, so that ``25.0`` and a 64-bit id stay what they are."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file to upload, by its path."""

    path: str


Plain = str | NumberToken | bool | FileRef | None | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of one parameter under its concrete name (``item7_size``), ready to be put into ``location``."""

    param: Parameter | None
    name: str
    location: Location
    value: Plain
    index: int = -1
    given: bool = True
    """False for what the form starts with: nobody typed it."""


@dataclass(frozen=True)
class Checked:
    """The values of a form and everything that is wrong with it."""

    values: tuple[FieldValue, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the form from being sent."""
        return tuple(problem for problem in self.problems if problem.level == "error")


_LITERAL: Final = re.compile(r"\\+@")
"""Begins a text that is typed with one backslash more than it has, so that its ``@`` names no file."""


def typed_text(text: str) -> str:
    """Return *text* as it is typed behind ``name=``: ``@ada`` as ``\\@ada``, so that ``parse_entry`` reads it back."""
    return f"\\{text}" if text.startswith("@") or _LITERAL.match(text) else text


def parse_entry(word: str) -> Entry:
    """Read ``name=value``, ``name:=json`` or ``name=@file`` as an entry; a value ``\\@x`` is the text ``@x``.

    Raises:
        UsageError: there is no ``=``, no name, the JSON is broken, or the word was no UTF-8.
    """
    if any("\ud800" <= sign <= "\udfff" for sign in word):
        raise UsageError(f"{word!a} is not UTF-8", hint="Give the text as UTF-8.")
    name, equals, value = word.partition("=")
    if not equals or not name.strip(":"):
        raise UsageError(f"{word!r} is no form value", hint="Write name=value, name:=json or name=@file.")
    if name.endswith(":"):
        try:
            if depth(value.encode()) > DEEPEST:
                raise ValueError(f"it is nested more than {DEEPEST} deep")
            json.loads(value)
        except ValueError as error:
            raise UsageError(
                f"{name}={value}: not JSON: {error}", hint='Such as name:=null, name:=3, name:=["a"].'
            ) from None
        return Entry(name=name[:-1], kind="json", value=value)
    if value.startswith("@"):
        if value == "@":
            raise UsageError(f"{word}: no file is named", hint=rf"Write {name}=@FILE, or {name}=\@ for a literal @.")
        return Entry(name=name, kind="file", value=value[1:])
    return Entry(name=name, value=value[1:] if _LITERAL.match(value) else value)
