"""Validate a form: match entries to parameters, complete groups, check rules across fields."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from explorer.core.form.values import (
    Checked,
    FieldValue,
    FileRef,
    NumberToken,
    Plain,
    convert,
    format_literal,
    literal_problem,
    value_hint,
)
from explorer.core.text.lenient_json import DEEPEST, depth
from explorer.errors import Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from explorer.core.catalog.model import Endpoint, Location, Parameter, Rule
    from explorer.core.model import Entry


def broken_rules(endpoint: Endpoint, values: Sequence[FieldValue]) -> Iterator[Problem]:
    """Yield the problems of every rule of *endpoint* that *values* break."""
    given: dict[str, list[FieldValue]] = {}
    for value in values:
        if value.param is not None:
            given.setdefault(value.param.name, []).append(value)
    for rule in endpoint.rules:
        if _applies(rule, given):
            yield from _rule_problems(rule, given)


def _applies(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> bool:
    for name, expected in rule.when_value.items():
        if not any(_equals_text(value.value, expected) for value in given.get(name, ())):
            return False
    return not rule.when or any(name in given for name in rule.when)


def _equals_text(value: Plain, text: str) -> bool:
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    return str(value) == text


def _rule_problems(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> Iterator[Problem]:
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
        yield problem(present[-1], f"cannot be combined with {', '.join(present[:-1])}", f"at most one of {listing}")
    elif rule.kind == "together" and present and absent:
        for name in absent:
            yield problem(name, f"is required with {', '.join(present)}")
    elif rule.kind == "equal" and len(present) == 2:
        first, second = (given[name][0].value for name in rule.params)
        if first != second:
            yield problem(rule.params[1], f"differs from {rule.params[0]}", "two equal values")
    elif rule.kind == "ordered" and len(present) == 2:
        yield from _order_problems(rule, given)
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


def _order_problems(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> Iterator[Problem]:
    first, second = (given[name][0] for name in rule.params)
    form = (first.param.date_format if first.param else "") or "%Y-%m-%d"
    try:
        if first.param and first.param.type == "date":
            reversed_order = datetime.strptime(str(first.value), form) > datetime.strptime(str(second.value), form)  # noqa: DTZ007
        else:
            reversed_order = float(str(first.value)) > float(str(second.value))
    except ValueError:
        return
    if reversed_order:
        message = f"{second.value} is before {rule.params[0]} {first.value}"
        yield Problem(rule.params[1], message, rule.text or f"{rule.params[0]} first", rule.level, rule.lines)


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    pattern = re.escape(name).replace(r"\#", "(?P<index>[0-9]+)")
    if name.endswith("[*]"):
        pattern = re.escape(name[:-3]) + r"\[(?P<key>[^\[\]]+)\]"
    return re.compile(pattern)


def find_parameter(endpoint: Endpoint, name: str) -> tuple[Parameter, int] | None:
    """Return the parameter that the concrete *name* belongs to and its index (-1 without one), or None."""
    direct = endpoint.params.get(name)
    if direct is not None and direct.repeat in (None, "append", "comma"):
        return direct, -1
    for param in endpoint.params.values():
        if param.repeat == "append" and param.name == f"{name}[]" and param.location == "json":
            return param, -1
        if param.repeat in ("index", "key"):
            match = _pattern(param.name).fullmatch(name)
            if match:
                return param, int(match["index"]) if param.repeat == "index" else -1
        elif param.name == name:
            return param, -1
    return None


def validate_form(endpoint: Endpoint, entries: Iterable[Entry]) -> Checked:
    """Return the values of *entries* for *endpoint*, and every problem: names, types, ranges, missing fields, rules."""
    validator = FormValidator(endpoint)
    for entry in entries:
        validator.place(entry)
    validator.fill_in()
    validator.require()
    values = validator.ordered()
    problems = [*validator.problems, *broken_rules(endpoint, values)]
    return Checked(values, tuple(problems))


def is_upload(endpoint: Endpoint, entry: Entry) -> bool:
    """Return whether *entry* uploads its file; a string parameter takes the file's contents as its value."""
    if entry.kind != "file":
        return False
    match = find_parameter(endpoint, entry.name)
    return body_location(endpoint) == "multipart" if match is None else match[0].type == "file"


def body_location(endpoint: Endpoint) -> Location:
    """Return where an undocumented parameter is sent."""
    return "query" if endpoint.body == "none" else endpoint.body


@dataclass
class FormValidator:
    """The state of a form during validation."""

    endpoint: Endpoint
    values: list[FieldValue] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    def problem(self, name: str, message: str, expected: str = "", lines: str = "") -> None:
        self.failed.add(name)
        self.problems.append(Problem(name, message, expected, lines=lines))

    def place(self, entry: Entry) -> None:
        if entry.kind == "json" and depth(entry.value.encode("utf-8", "replace")) > DEEPEST:
            self.problem(entry.name, "is nested too deeply", f"at most {DEEPEST} levels")
            return
        match = find_parameter(self.endpoint, entry.name)
        if entry.kind == "json" and (match is None or match[0].repeat == "append"):
            parts = list(
                _flatten(
                    self.endpoint, entry.name, json.loads(entry.value, parse_int=NumberToken, parse_float=NumberToken)
                )
            )
            if parts:
                for name, value in parts:
                    self._literal(name, value)
                return
        if match is None:
            self._unknown(entry)
            return
        param, index = match
        if entry.kind == "json":
            self._literal(entry.name, json.loads(entry.value, parse_int=NumberToken, parse_float=NumberToken))
        elif param.type == "file":
            if entry.kind != "file":
                self.problem(entry.name, "is a file", f"use {entry.name}=@PATH", param.lines)
            else:
                self._set(param, entry.name, FileRef(entry.value), index)
        else:
            if entry.kind == "file":
                self._report_unread(entry)
                return
            value, problem = convert(param, entry.value)
            self._set(param, entry.name, value, index)
            if problem:
                self.problem(entry.name, *problem, lines=param.lines)

    def _set(self, param: Parameter, name: str, value: Plain, index: int) -> None:
        if param.repeat == "append" and not name.endswith("[]"):
            name = param.name
        duplicate = any(known.name == name for known in self.values)
        if duplicate and param.repeat != "append":
            self.problem(name, "is set twice", "set it once")
        self.values.append(FieldValue(param, name, param.location, value, index))

    def _literal(self, name: str, value: Any) -> None:
        match = find_parameter(self.endpoint, name)
        if match is None:
            known = [param.name for param in self.endpoint.params.values()]
            self.values.append(FieldValue(None, name, body_location(self.endpoint), value))
            self._report_unknown(name, known)
            return
        param, index = match
        problem = literal_problem(param, value)
        if param.location != "json" and not isinstance(value, str | type(None)):
            value = format_literal(param, value)
        self._set(param, name, value, index)
        if problem:
            self.problem(name, *problem, lines=param.lines)

    def _unknown(self, entry: Entry) -> None:
        location = body_location(self.endpoint)
        value: Plain = entry.value
        if entry.kind == "json":
            value = json.loads(entry.value, parse_int=NumberToken, parse_float=NumberToken)
        elif entry.kind == "file":
            if location != "multipart":
                self._report_unread(entry)
                return
            value = FileRef(entry.value)
        self.values.append(FieldValue(None, entry.name, location, value))
        self._report_unknown(entry.name, [param.name for param in self.endpoint.params.values()])

    def _report_unread(self, entry: Entry) -> None:
        """Report an unread file whose contents are the value of a string parameter; nothing is sent for it."""
        self.problem(entry.name, "takes a string, but the file was not read", f"enter the contents of {entry.value}")

    def _report_unknown(self, name: str, known: Sequence[str]) -> None:
        near = nearest(name, known)
        expected = (
            f"did you mean {near!r}?"
            if near
            else ("known: " + ", ".join(known[:8]) if known else "it has no parameters")
        )
        self.problem(name, "is not a parameter of this endpoint", expected)

    def fill_in(self) -> None:
        """Add the form's initial values: prefills, and the defaults of path parameters."""
        set_names = {value.name for value in self.values}
        for param in self.endpoint.params.values():
            start = param.prefill if param.prefill is not None or param.location != "path" else param.default
            if start is None:
                continue
            value, _ = convert(param, start)
            if param.repeat in (None, "comma") and param.name not in set_names:
                self.values.append(FieldValue(param, param.name, param.location, value, given=False))
            elif param.group is not None:
                for index in self._indexes(param.group):
                    name = param.name.replace("#", str(index), 1)
                    if name not in set_names:
                        self.values.append(FieldValue(param, name, param.location, value, index, given=False))

    def _indexes(self, group: str) -> list[int]:
        return sorted({value.index for value in self.values if value.param is not None and value.param.group == group})

    def require(self) -> None:
        """Report required parameters that are absent or empty."""
        by_param: dict[str, list[FieldValue]] = {}
        for value in self.values:
            if value.param is not None:
                by_param.setdefault(value.param.name, []).append(value)
        for param in self.endpoint.params.values():
            if not param.required or param.group is not None:
                continue
            self._require_one(param, param.name, by_param.get(param.name, []))
        for key in _groups(self.endpoint):
            self._require_group(key, by_param)

    def _require_one(self, param: Parameter, name: str, given: Sequence[FieldValue]) -> None:
        if not given:
            if name not in self.failed:
                self.problem(name, "is required", value_hint(param), param.lines)
        elif any(value.value == "" for value in given):
            self.problem(name, "is required, but empty", value_hint(param), param.lines)

    def _require_group(self, key: str, by_param: Mapping[str, Sequence[FieldValue]]) -> None:
        members = [param for param in self.endpoint.params.values() if param.group == key]
        group = self.endpoint.groups.get(key)
        indexes = sorted({value.index for param in members for value in by_param.get(param.name, ())})
        minimum = group.min if group else 0
        start = group.start if group else 0
        fresh = (number for number in range(start, start + 10_000) if number not in indexes)
        while len(indexes) < minimum:
            indexes.append(next(fresh))
        for index in indexes:
            for param in members:
                if param.required:
                    name = param.name.replace("#", str(index), 1)
                    given = [value for value in by_param.get(param.name, ()) if value.index == index]
                    self._require_one(param, name, given)
        if group and group.max is not None and len(indexes) > group.max:
            self.problem(key, f"is set {len(indexes)} times", f"at most {group.max}", group.lines)
        if group and not group.sparse and indexes and sorted(indexes) != list(range(start, start + len(indexes))):
            self.problem(key, f"has the indexes {indexes}", f"consecutive indexes from {start}", group.lines)

    def ordered(self) -> tuple[FieldValue, ...]:
        """Return the values in catalog order, group members together by index, unknown ones last."""
        names = [param.name for param in self.endpoint.params.values()]
        group_at: dict[str, int] = {}
        for position, param in enumerate(self.endpoint.params.values()):
            if param.group:
                group_at.setdefault(param.group, position)

        def position_of(value: FieldValue) -> tuple[int, int, int]:
            if value.param is None:
                return (len(names), 0, 0)
            position = names.index(value.param.name)
            if value.param.group:
                return (group_at[value.param.group], value.index, position)
            return (position, 0, 0)

        return tuple(sorted(self.values, key=position_of))


def _groups(endpoint: Endpoint) -> list[str]:
    keys = [param.group for param in endpoint.params.values() if param.group]
    return list(dict.fromkeys(keys))


def _flatten(endpoint: Endpoint, name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a JSON literal under the endpoint's parameter names; nothing if it has none of them."""
    match = find_parameter(endpoint, name)
    if isinstance(value, list) and find_parameter(endpoint, f"{name}[]") and not name.endswith("[]"):
        yield from ((f"{name}[]", element) for element in value)
    elif match is not None and match[0].repeat == "append" and isinstance(value, list):
        yield from ((name, element) for element in value)
    elif match is not None:
        yield name, value
    elif isinstance(value, dict) and _has_prefix(endpoint, f"{name}."):
        for key, member in value.items():
            below = list(_flatten(endpoint, f"{name}.{key}", member))
            yield from below or [(f"{name}.{key}", member)]
    elif isinstance(value, list) and _has_prefix(endpoint, f"{name}["):
        for index, element in enumerate(value):
            below = list(_flatten(endpoint, f"{name}[{index}]", element))
            yield from below or [(f"{name}[{index}]", element)]


def _has_prefix(endpoint: Endpoint, prefix: str) -> bool:
    plain = re.sub(r"\[[0-9]+\]", "[#]", prefix)
    return any(param.name.startswith(plain) for param in endpoint.params.values())
