"""Parameter values: entry syntax, conversion and checks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from explorer.core.model import Entry
from explorer.core.text.lenient_json import DEEPEST, depth
from explorer.errors import Problem, UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog.model import Location, Parameter


class NumberToken(str):
    """A JSON number exactly as entered, so that ``25.0`` and 64-bit ids are preserved."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file to upload, by its path."""

    path: str


Plain = str | NumberToken | bool | FileRef | None | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of one parameter under its concrete name (``item7_size``), to be sent in ``location``."""

    param: Parameter | None
    name: str
    location: Location
    value: Plain
    index: int = -1
    given: bool = True
    """False for an initial value of the form that the user did not enter."""


@dataclass(frozen=True)
class Checked:
    """The values of a form and all of its problems."""

    values: tuple[FieldValue, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that prevent sending."""
        return tuple(problem for problem in self.problems if problem.level == "error")


_LITERAL: Final = re.compile(r"\\+@")
"""Matches a value with one extra leading backslash, whose ``@`` does not name a file."""


def typed_text(text: str) -> str:
    """Return *text* in entry syntax (``@ada`` as ``\\@ada``), the inverse of ``parse_entry``."""
    return f"\\{text}" if text.startswith("@") or _LITERAL.match(text) else text


def parse_entry(word: str) -> Entry:
    """Parse ``name=value``, ``name:=json`` or ``name=@file`` as an entry; a value ``\\@x`` is the string ``@x``.

    Raises:
        UsageError: The ``=`` or the name is missing, the JSON is invalid, or *word* is not UTF-8.
    """
    if any("\ud800" <= character <= "\udfff" for character in word):
        raise UsageError(f"{word!a} is not UTF-8", hint="Use UTF-8.")
    name, equals, value = word.partition("=")
    if not equals or not name.strip(":"):
        raise UsageError(f"{word!r} is not a form value", hint="Use name=value, name:=json or name=@file.")
    if name.endswith(":"):
        try:
            if depth(value.encode()) > DEEPEST:
                raise ValueError(f"nested more than {DEEPEST} levels deep")
            json.loads(value)
        except ValueError as error:
            raise UsageError(
                f"{name}={value}: not JSON: {error}", hint='Examples: name:=null, name:=3, name:=["a"].'
            ) from None
        return Entry(name=name[:-1], kind="json", value=value)
    if value.startswith("@"):
        if value == "@":
            raise UsageError(
                f"{word}: the file name is missing", hint=rf"Use {name}=@FILE, or {name}=\@ for a literal @."
            )
        return Entry(name=name, kind="file", value=value[1:])
    return Entry(name=name, value=value[1:] if _LITERAL.match(value) else value)


ValueProblem = tuple[str, str]
"""A problem with a value: the message and the expected value."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_FORMATS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "email": (_EMAIL, "an email address, example: ada@example.com"),
    "uri": (re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE), "a URL, example: https://example.com/shop"),
    "country": (re.compile(r"[A-Za-z]{2}"), "a two-letter country code (ISO 3166), example: gb"),
    "digits": (re.compile(r"[0-9]+"), "digits only"),
    "numeric": (re.compile(r"[+-]?[0-9]+(\.[0-9]+)?"), "a number"),
    "alphanumeric": (re.compile(r"[A-Za-z0-9]+"), "letters and digits only"),
    "host": (re.compile(r"[A-Za-z0-9.-]+"), "a host name"),
    "uuid": (re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "a UUID"),
}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_BOOLEANS: Mapping[str, tuple[str, str]] = {
    "true_false": ("true", "false"),
    "json": ("true", "false"),
    "1_0": ("1", "0"),
}


def convert(param: Parameter, text: str) -> tuple[Plain, ValueProblem | None]:
    """Return *text* as the parameter's value, and its problem as (message, expected), or None.

    A value is returned even if it is invalid, because an explorer must be able to send invalid values. For a secret,
    the message does not quote the value, because problems are shown and stored.
    """
    value, problem = _convert(param, text)
    if problem is not None and param.secret:
        problem = (_without_value(problem[0], text), problem[1])
    return value, problem


def _without_value(message: str, text: str) -> str:
    """Return *message* without the quoted value or list element."""
    for word in (text, *text.split(","), *(word.strip() for word in text.split(","))):
        message = message.replace(repr(word), "the value")
    return f"the value{message.removeprefix(text)}" if text and message.startswith(text) else message


def _convert(param: Parameter, text: str) -> tuple[Plain, ValueProblem | None]:
    if text == "":
        return _empty(param)
    if text in param.also:
        return text, None
    if param.comma:
        return _comma(param, text)
    if param.type == "object":
        try:
            return json.loads(text, parse_int=NumberToken, parse_float=NumberToken), None
        except (ValueError, RecursionError) as error:
            return text, (f"is not JSON: {error}", 'example: {"a": 1}')
    return _scalar(param, text)


def _empty(param: Parameter) -> tuple[Plain, ValueProblem | None]:
    if param.required:
        return "", None
    if not param.empty:
        return "", ("must not be empty", "omit it, or enter a value")
    if param.type in ("integer", "number", "boolean") and not param.comma:
        return "", (f"is empty, which is not a valid {param.type}", "omit it, or enter a value")
    return "", None


def _comma(param: Parameter, text: str) -> tuple[Plain, ValueProblem | None]:
    for word in text.split(","):
        if word in param.also:
            continue
        if not word.strip():
            return text, ("contains an empty element", "values separated by single commas")
        if word != word.strip():
            return text, (f"contains spaces around {word.strip()!r}", "commas without spaces")
        _, problem = _scalar(param, word)
        if problem:
            message, expected = problem
            return text, (message if word in message else f"{word!r} {message}", expected)
    return text, None


def _scalar(param: Parameter, text: str) -> tuple[Plain, ValueProblem | None]:
    """Convert one plain value by type, and check enum, range, length, pattern and format."""
    value: Plain = text
    if param.type == "boolean":
        return _boolean(param, text)
    if param.type == "integer":
        if not _INTEGER.fullmatch(text):
            return text, (f"{text!r} is not an integer", _range_text(param) or "example: 3")
    elif param.type == "number" and not _NUMBER.fullmatch(text):
        return text, (f"{text!r} is not a number", _range_text(param) or "example: 12.50")
    if param.type in ("integer", "number"):
        if param.location == "json" and _JSON_NUMBER.fullmatch(text):
            value = NumberToken(text)
        problem = _out_of_range(param, text)
        if problem:
            return value, problem
    if param.type == "date":
        form = param.date_format or "%Y-%m-%d"
        if not _is_date(text, form):
            return text, (
                f"{text!r} is not a valid date",
                f"{_date_words(form)}, example: {_date_example(form)}",
            )
    return value, _text_problem(param, text)


def _boolean(param: Parameter, text: str) -> tuple[Plain, ValueProblem | None]:
    lowered = text.lower()
    words = _BOOLEANS[param.boolean or ("json" if param.location == "json" else "true_false")]
    if lowered not in _TRUE | _FALSE:
        return text, (f"{text!r} is neither true nor false", f"{words[0]} or {words[1]}")
    truth = lowered in _TRUE
    if param.location == "json" and param.boolean in (None, "json"):
        return truth, None
    word = words[0] if truth else words[1]
    return (NumberToken(word) if param.location == "json" and param.boolean == "1_0" else word), None


def _out_of_range(param: Parameter, text: str) -> ValueProblem | None:
    number = float(text)
    if (param.min is not None and number < param.min) or (param.max is not None and number > param.max):
        return f"{text} is out of range", _range_text(param)
    return None


def _range_text(param: Parameter) -> str:
    if param.min is not None and param.max is not None:
        return f"{param.min:g} to {param.max:g}"
    if param.min is not None:
        return f"{param.min:g} or more"
    return f"{param.max:g} or less" if param.max is not None else ""


def _text_problem(param: Parameter, text: str) -> ValueProblem | None:
    if param.enum and text not in param.enum:
        near = nearest(text, [*param.enum, *param.also])
        expected = f"one of: {', '.join([*param.enum, *param.also])}" + (f"; did you mean {near!r}?" if near else "")
        return f"{text!r} is not allowed", expected
    if param.min_length is not None and len(text) < param.min_length:
        return f"has {len(text)} characters", f"at least {param.min_length}"
    if param.max_length is not None and len(text) > param.max_length:
        return f"has {len(text)} characters", f"at most {param.max_length}"
    if param.pattern and not re.fullmatch(param.pattern, text):
        return f"{text!r} does not match the pattern", f"must match {param.pattern}"
    if param.format:
        pattern, expected = _FORMATS[param.format]
        if not pattern.fullmatch(text):
            return f"{text!r} is not valid", expected
    return None


def _is_date(text: str, form: str) -> bool:
    try:
        parsed = datetime.strptime(text, form)  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        return False
    return parsed.strftime(form) == text


def _date_words(form: str) -> str:
    words = {"%Y": "yyyy", "%m": "mm", "%d": "dd", "%H": "hh", "%M": "mm", "%S": "ss"}
    return re.sub("%[YmdHMS]", lambda match: words[match.group()], form)


def _date_example(form: str) -> str:
    return datetime(2026, 11, 21).strftime(form)  # noqa: DTZ001 - an example only


def literal_problem(param: Parameter, value: Any) -> ValueProblem | None:
    """Return the problem of a JSON literal as the parameter's value, or None."""
    if value is None:
        if param.location != "json":
            return "cannot be null outside a JSON body", "omit it, or send it empty"
        return None if param.nullable else ("must not be null", "omit it, or enter a value")
    if isinstance(value, bool):
        return None if param.type == "boolean" else (f"is a boolean, not a {param.type}", "")
    if isinstance(value, NumberToken):
        if param.type not in ("integer", "number"):
            return None if param.type == "object" else (f"is a number, not a {param.type}", "quote it")
        return _scalar(param, value)[1]
    if isinstance(value, str):
        if value in param.also or param.type in ("string", "date"):
            return None if value in param.also else _scalar(param, value)[1]
        return f"is a string, not a {param.type}", ""
    return None if param.type == "object" else ("is an object or array, not a single value", "")


def format_literal(param: Parameter, value: Any) -> str:
    """Return a JSON literal in its wire form."""
    if isinstance(value, bool):
        words = _BOOLEANS[param.boolean or "true_false"]
        return words[0] if value else words[1]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_hint(param: Parameter) -> str:
    if param.enum:
        return f"one of: {', '.join(param.enum)}"
    return f"example: {param.example}" if param.example and not param.secret else ""
