"""What a person typed → values of parameters, or problems that name the field.

Absent, empty and null are three things: a name without an entry is absent, ``name=`` is empty, ``name:=null`` is null.
The values come out in the catalog's order, groups by their index, whatever order they were typed in; so the same input
makes the same bytes from every shell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from explorer.core.catalog.model import Endpoint, Location, Parameter, Rule
from explorer.core.exchange import Entry
from explorer.errors import Problem, UsageError, nearest

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_FORMATS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "email": (_EMAIL, "an e-mail address such as ada@example.com"),
    "uri": (re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE), "a URL such as https://example.com/shop"),
    "country": (re.compile(r"[A-Za-z]{2}"), "two letters, an ISO 3166 country code such as gb"),
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
_WORDS: Mapping[str, tuple[str, str]] = {"true_false": ("true", "false"), "json": ("true", "false"), "1_0": ("1", "0")}


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


@dataclass(frozen=True)
class Checked:
    """The values of a form and everything that is wrong with it."""

    values: tuple[FieldValue, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the form from being sent."""
        return tuple(problem for problem in self.problems if problem.level == "error")


def parse_entry(word: str) -> Entry:
    """``name=value``, ``name:=json`` or ``name=@file`` as an entry.

    Raises:
        UsageError: there is no ``=``, no name, or the JSON is broken.
    """
    name, equals, value = word.partition("=")
    if not equals or not name.strip(":"):
        raise UsageError(f"{word!r} is no form value", hint="Write name=value, name:=json or name=@file.")
    if name.endswith(":"):
        try:
            json.loads(value)
        except ValueError as error:
            raise UsageError(
                f"{name}={value}: not JSON: {error}", hint='Such as name:=null, name:=3, name:=["a"].'
            ) from None
        return Entry(name=name[:-1], kind="json", value=value)
    if value.startswith("@"):
        return Entry(name=name, kind="file", value=value[1:])
    return Entry(name=name, value=value)


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    pattern = re.escape(name).replace(r"\#", "(?P<index>[0-9]+)")
    if name.endswith("[*]"):
        pattern = re.escape(name[:-3]) + r"\[(?P<key>[^\[\]]+)\]"
    return re.compile(pattern)


def find_parameter(endpoint: Endpoint, name: str) -> tuple[Parameter, int] | None:
    """The parameter that the concrete *name* belongs to and its index (-1 where it has none), or None."""
    direct = endpoint.params.get(name)
    if direct is not None and direct.repeat in (None, "append", "comma"):
        return direct, -1
    for param in endpoint.params.values():
        if param.repeat == "append" and param.name == f"{name}[]" and param.location == "json":
            return param, -1
        if param.repeat in ("index", "key"):
            found = _pattern(param.name).fullmatch(name)
            if found:
                return param, int(found["index"]) if param.repeat == "index" else -1
        elif param.name == name:
            return param, -1
    return None


def check(endpoint: Endpoint, entries: Iterable[Entry]) -> Checked:
    """The values in *entries* for *endpoint*, and every problem: unknown names, types, ranges, missing fields, rules."""
    board = _Board(endpoint)
    for entry in entries:
        board.place(entry)
    board.fill_in()
    board.require()
    values = board.ordered()
    problems = [*board.problems, *_rules(endpoint, values)]
    return Checked(values, tuple(problems))


def body_location(endpoint: Endpoint) -> Location:
    """Where a parameter that the catalog does not know would travel."""
    return "query" if endpoint.body == "none" else endpoint.body


@dataclass
class _Board:
    """The form while it is being filled."""

    endpoint: Endpoint
    values: list[FieldValue] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    def problem(self, name: str, message: str, expected: str = "", lines: str = "") -> None:
        self.failed.add(name)
        self.problems.append(Problem(name, message, expected, lines=lines))

    def place(self, entry: Entry) -> None:
        found = find_parameter(self.endpoint, entry.name)
        if entry.kind == "json" and (found is None or found[0].repeat == "append"):
            parts = list(
                _flatten(
                    self.endpoint, entry.name, json.loads(entry.value, parse_int=NumberToken, parse_float=NumberToken)
                )
            )
            if parts:
                for name, value in parts:
                    self._literal(name, value)
                return
        if found is None:
            self._unknown(entry)
            return
        param, index = found
        if entry.kind == "json":
            self._literal(entry.name, json.loads(entry.value, parse_int=NumberToken, parse_float=NumberToken))
        elif param.type == "file":
            if entry.kind != "file":
                self.problem(entry.name, "is a file", f"write {entry.name}=@PATH", param.lines)
            else:
                self._set(param, entry.name, FileRef(entry.value), index)
        else:
            text = f"@{entry.value}" if entry.kind == "file" else entry.value
            value, wrong = convert(param, text)
            self._set(param, entry.name, value, index)
            if wrong:
                self.problem(entry.name, *wrong, lines=param.lines)

    def _set(self, param: Parameter, name: str, value: Plain, index: int) -> None:
        if param.repeat == "append" and not name.endswith("[]"):
            name = param.name
        taken = any(one.name == name for one in self.values)
        if taken and param.repeat != "append":
            self.problem(name, "is given twice", "give it once")
        self.values.append(FieldValue(param, name, param.location, value, index))

    def _literal(self, name: str, value: Any) -> None:
        found = find_parameter(self.endpoint, name)
        if found is None:
            known = [param.name for param in self.endpoint.params.values()]
            self.values.append(FieldValue(None, name, body_location(self.endpoint), value))
            self._no_such(name, known)
            return
        param, index = found
        wrong = _literal_problem(param, value)
        if param.location != "json" and not isinstance(value, str | type(None)):
            value = _as_text(param, value)
        self._set(param, name, value, index)
        if wrong:
            self.problem(name, *wrong, lines=param.lines)

    def _unknown(self, entry: Entry) -> None:
        location = body_location(self.endpoint)
        value: Plain = entry.value
        if entry.kind == "json":
            value = json.loads(entry.value, parse_int=NumberToken, parse_float=NumberToken)
        elif entry.kind == "file":
            value = FileRef(entry.value) if location == "multipart" else f"@{entry.value}"
        self.values.append(FieldValue(None, entry.name, location, value))
        self._no_such(entry.name, [param.name for param in self.endpoint.params.values()])

    def _no_such(self, name: str, known: Sequence[str]) -> None:
        near = nearest(name, known)
        expected = (
            f"did you mean {near!r}?" if near else ("known: " + ", ".join(known[:8]) if known else "it takes none")
        )
        self.problem(name, "is no parameter of this endpoint", expected)

    def fill_in(self) -> None:
        """Put in what the form starts with: prefills, and defaults of places in the path."""
        set_names = {one.name for one in self.values}
        for param in self.endpoint.params.values():
            start = param.prefill if param.prefill is not None or param.location != "path" else param.default
            if start is None:
                continue
            value, _ = convert(param, start)
            if param.repeat in (None, "comma") and param.name not in set_names:
                self.values.append(FieldValue(param, param.name, param.location, value))
            elif param.group is not None:
                for index in self._indexes(param.group):
                    name = param.name.replace("#", str(index), 1)
                    if name not in set_names:
                        self.values.append(FieldValue(param, name, param.location, value, index))

    def _indexes(self, group: str) -> list[int]:
        return sorted({one.index for one in self.values if one.param is not None and one.param.group == group})

    def require(self) -> None:
        """Note what is required and absent or empty."""
        by_param: dict[str, list[FieldValue]] = {}
        for one in self.values:
            if one.param is not None:
                by_param.setdefault(one.param.name, []).append(one)
        for param in self.endpoint.params.values():
            if not param.required or param.group is not None:
                continue
            self._require_one(param, param.name, by_param.get(param.name, []))
        for key in _groups(self.endpoint):
            self._require_group(key, by_param)

    def _require_one(self, param: Parameter, name: str, given: Sequence[FieldValue]) -> None:
        if not given:
            if name not in self.failed:
                self.problem(name, "is required", _hint(param), param.lines)
        elif any(one.value == "" for one in given):
            self.problem(name, "is required and empty", _hint(param), param.lines)

    def _require_group(self, key: str, by_param: Mapping[str, Sequence[FieldValue]]) -> None:
        members = [param for param in self.endpoint.params.values() if param.group == key]
        group = self.endpoint.groups.get(key)
        indexes = sorted({one.index for param in members for one in by_param.get(param.name, ())})
        wanted = group.min if group else 0
        start = group.start if group else 0
        fresh = (number for number in range(start, start + 10_000) if number not in indexes)
        while len(indexes) < wanted:
            indexes.append(next(fresh))
        for index in indexes:
            for param in members:
                if param.required:
                    name = param.name.replace("#", str(index), 1)
                    given = [one for one in by_param.get(param.name, ()) if one.index == index]
                    self._require_one(param, name, given)
        if group and group.max is not None and len(indexes) > group.max:
            self.problem(key, f"is given {len(indexes)} times", f"at most {group.max}", group.lines)
        if group and not group.sparse and indexes and sorted(indexes) != list(range(start, start + len(indexes))):
            self.problem(key, f"has the indexes {indexes}", f"number them from {start} without gaps", group.lines)

    def ordered(self) -> tuple[FieldValue, ...]:
        """The values in the catalog's order; a group's members together, by index; unknown ones last."""
        names = [param.name for param in self.endpoint.params.values()]
        group_at: dict[str, int] = {}
        for position, param in enumerate(self.endpoint.params.values()):
            if param.group:
                group_at.setdefault(param.group, position)

        def place(one: FieldValue) -> tuple[int, int, int]:
            if one.param is None:
                return (len(names), 0, 0)
            position = names.index(one.param.name)
            if one.param.group:
                return (group_at[one.param.group], one.index, position)
            return (position, 0, 0)

        return tuple(sorted(self.values, key=place))


def _groups(endpoint: Endpoint) -> list[str]:
    keys = [param.group for param in endpoint.params.values() if param.group]
    return list(dict.fromkeys(keys))


def _flatten(endpoint: Endpoint, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a JSON literal under the names that the endpoint knows; nothing when it knows none of them."""
    found = find_parameter(endpoint, name)
    if isinstance(value, list) and find_parameter(endpoint, f"{name}[]") and not name.endswith("[]"):
        yield from ((f"{name}[]", one) for one in value)
    elif found is not None and found[0].repeat == "append" and isinstance(value, list):
        yield from ((name, one) for one in value)
    elif found is not None:
        yield name, value
    elif isinstance(value, dict) and _knows(endpoint, f"{name}."):
        for key, one in value.items():
            below = list(_flatten(endpoint, f"{name}.{key}", one))
            yield from below or [(f"{name}.{key}", one)]
    elif isinstance(value, list) and _knows(endpoint, f"{name}["):
        for index, one in enumerate(value):
            below = list(_flatten(endpoint, f"{name}[{index}]", one))
            yield from below or [(f"{name}[{index}]", one)]


def _knows(endpoint: Endpoint, prefix: str) -> bool:
    plain = re.sub(r"\[[0-9]+\]", "[#]", prefix)
    return any(param.name.startswith(plain) for param in endpoint.params.values())


def convert(param: Parameter, text: str) -> tuple[Plain, tuple[str, str] | None]:
    """*text* as the parameter's value, and what is wrong with it as (message, expected), or None.

    The value is given even when it is wrong: a playground must be able to send what is wrong.
    """
    if text == "":
        return _empty(param)
    if text in param.also:
        return text, None
    if param.comma:
        return _comma(param, text)
    if param.type == "object":
        try:
            return json.loads(text, parse_int=NumberToken, parse_float=NumberToken), None
        except ValueError as error:
            return text, (f"is not JSON: {error}", 'such as {"a": 1}')
    return _scalar(param, text)


def _empty(param: Parameter) -> tuple[Plain, tuple[str, str] | None]:
    if param.required:
        return "", None
    if not param.empty:
        return "", ("may not be empty", "leave it out, or give a value")
    if param.type in ("integer", "number", "boolean") and not param.comma:
        return "", (f"is empty, and that is no {param.type}", "leave it out, or give a value")
    return "", None


def _comma(param: Parameter, text: str) -> tuple[Plain, tuple[str, str] | None]:
    for word in text.split(","):
        if word in param.also:
            continue
        if not word.strip():
            return text, ("has an empty word in its list", "words with single commas between them")
        if word != word.strip():
            return text, (f"has blanks around {word.strip()!r}", "commas without blanks")
        _, wrong = _scalar(param, word)
        if wrong:
            return text, (f"{word!r} {wrong[0]}", wrong[1])
    return text, None


def _scalar(param: Parameter, text: str) -> tuple[Plain, tuple[str, str] | None]:
    """One plain value: by type, then by enum, range, length, pattern and format."""
    value: Plain = text
    if param.type == "boolean":
        return _boolean(param, text)
    if param.type == "integer":
        if not _INTEGER.fullmatch(text):
            return text, (f"{text!r} is no integer", _range_text(param) or "digits, such as 3")
    elif param.type == "number" and not _NUMBER.fullmatch(text):
        return text, (f"{text!r} is no number", _range_text(param) or "such as 12.50")
    if param.type in ("integer", "number"):
        if param.location == "json" and _JSON_NUMBER.fullmatch(text):
            value = NumberToken(text)
        wrong = _out_of_range(param, text)
        if wrong:
            return value, wrong
    if param.type == "date":
        form = param.date_format or "%Y-%m-%d"
        if not _is_date(text, form):
            return text, (
                f"{text!r} is no date in the form asked for",
                f"{_date_words(form)}, such as {_date_example(form)}",
            )
    return value, _text_problem(param, text)


def _boolean(param: Parameter, text: str) -> tuple[Plain, tuple[str, str] | None]:
    lowered = text.lower()
    words = _WORDS[param.boolean or ("json" if param.location == "json" else "true_false")]
    if lowered not in _TRUE | _FALSE:
        return text, (f"{text!r} is neither true nor false", f"{words[0]} or {words[1]}")
    truth = lowered in _TRUE
    if param.location == "json" and param.boolean in (None, "json"):
        return truth, None
    word = words[0] if truth else words[1]
    return (NumberToken(word) if param.location == "json" and param.boolean == "1_0" else word), None


def _out_of_range(param: Parameter, text: str) -> tuple[str, str] | None:
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


def _text_problem(param: Parameter, text: str) -> tuple[str, str] | None:
    if param.enum and text not in param.enum:
        near = nearest(text, [*param.enum, *param.also])
        expected = f"one of: {', '.join([*param.enum, *param.also])}" + (f"; did you mean {near!r}?" if near else "")
        return f"{text!r} is not allowed", expected
    if param.min_length is not None and len(text) < param.min_length:
        return f"has {len(text)} characters", f"at least {param.min_length}"
    if param.max_length is not None and len(text) > param.max_length:
        return f"has {len(text)} characters", f"at most {param.max_length}"
    if param.pattern and not re.fullmatch(param.pattern, text):
        return f"{text!r} does not fit", f"must match {param.pattern}"
    if param.format:
        pattern, expected = _FORMATS[param.format]
        if not pattern.fullmatch(text):
            return f"{text!r} does not fit", expected
    return None


def _is_date(text: str, form: str) -> bool:
    try:
        parsed = datetime.strptime(text, form)  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        return False
    return parsed.strftime(form) == text


def _date_words(form: str) -> str:
    words = {"%Y": "yyyy", "%m": "mm", "%d": "dd", "%H": "hh", "%M": "mm", "%S": "ss"}
    return re.sub("%[YmdHMS]", lambda found: words[found.group()], form)


def _date_example(form: str) -> str:
    return datetime(2026, 11, 21).strftime(form)  # noqa: DTZ001 - an example only


def _literal_problem(param: Parameter, value: Any) -> tuple[str, str] | None:
    """What is wrong with a JSON literal for the parameter."""
    if value is None:
        if param.location != "json":
            return "cannot be null outside a JSON body", "leave it out, or send it empty"
        return None if param.nullable else ("may not be null", "leave it out, or give a value")
    if isinstance(value, bool):
        return None if param.type == "boolean" else (f"is a boolean, and should be a {param.type}", "")
    if isinstance(value, NumberToken):
        if param.type not in ("integer", "number"):
            return None if param.type == "object" else (f"is a number, and should be a {param.type}", "quote it")
        return _scalar(param, value)[1]
    if isinstance(value, str):
        if value in param.also or param.type in ("string", "date"):
            return None if value in param.also else _scalar(param, value)[1]
        return f"is a text, and should be a {param.type}", ""
    return None if param.type == "object" else ("is a structure, and should be one value", "")


def _as_text(param: Parameter, value: Any) -> str:
    if isinstance(value, bool):
        words = _WORDS[param.boolean or "true_false"]
        return words[0] if value else words[1]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _hint(param: Parameter) -> str:
    if param.enum:
        return f"one of: {', '.join(param.enum)}"
    return f"such as {param.example}" if param.example and not param.secret else ""


# --- rules across fields -------------------------------------------------------------------------------------------


def _rules(endpoint: Endpoint, values: Sequence[FieldValue]) -> Iterator[Problem]:
    given: dict[str, list[FieldValue]] = {}
    for one in values:
        if one.param is not None:
            given.setdefault(one.param.name, []).append(one)
    for rule in endpoint.rules:
        if _applies(rule, given):
            yield from _broken(rule, given)


def _applies(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> bool:
    for name, wanted in rule.when_value.items():
        if not any(_same(one.value, wanted) for one in given.get(name, ())):
            return False
    return not rule.when or any(name in given for name in rule.when)


def _same(value: Plain, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == ("true" if value else "false")
    return str(value) == wanted


def _broken(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> Iterator[Problem]:
    present = [name for name in rule.params if name in given]
    absent = [name for name in rule.params if name not in given]
    listing = ", ".join(rule.params)

    def problem(name: str, message: str, expected: str = "") -> Problem:
        return Problem(name, message, expected or rule.text, rule.level, rule.lines)

    if rule.kind == "requires":
        because = " and ".join([*rule.when, *(f"{name}={value}" for name, value in rule.when_value.items())])
        for name in absent:
            yield problem(name, f"is required with {because}" if because else "is required")
    elif rule.kind == "at_least_one" and not present:
        yield problem(rule.params[0], f"at least one of {listing} is required")
    elif rule.kind == "exactly_one" and len(present) != 1:
        yield problem((present or rule.params)[0], f"exactly one of {listing} is required")
    elif rule.kind == "at_most_one" and len(present) > 1:
        yield problem(present[-1], f"cannot stand beside {', '.join(present[:-1])}", f"at most one of {listing}")
    elif rule.kind == "together" and present and absent:
        for name in absent:
            yield problem(name, f"is required with {', '.join(present)}")
    elif rule.kind == "equal" and len(present) == 2:
        first, second = (given[name][0].value for name in rule.params)
        if first != second:
            yield problem(rule.params[1], f"differs from {rule.params[0]}", "the same value twice")
    elif rule.kind == "ordered" and len(present) == 2:
        yield from _disordered(rule, given)
    elif rule.kind == "not_listed" and present:
        words = str(given[rule.params[0]][0].value).split(",")
        for word in words:
            name = rule.names.get(word, word)
            if name in given:
                yield problem(
                    rule.params[0], f"lists {word!r} while {name} is given", f"take {word!r} out, or leave {name} out"
                )
    elif rule.kind == "advice" and (rule.when or rule.when_value):
        name = (rule.params or rule.when or tuple(rule.when_value))[0]
        yield Problem(name, rule.text, "", "warning", rule.lines)


def _disordered(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> Iterator[Problem]:
    first, second = (given[name][0] for name in rule.params)
    form = (first.param.date_format if first.param else "") or "%Y-%m-%d"
    try:
        if first.param and first.param.type == "date":
            wrong = datetime.strptime(str(first.value), form) > datetime.strptime(str(second.value), form)  # noqa: DTZ007 - days
        else:
            wrong = float(str(first.value)) > float(str(second.value))
    except ValueError:
        return
    if wrong:
        message = f"{second.value} comes before {rule.params[0]} {first.value}"
        yield Problem(rule.params[1], message, rule.text or f"{rule.params[0]} first", rule.level, rule.lines)
