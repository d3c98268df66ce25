"""Validate all values of a request against the parameters, groups and rules of its endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from explorer.core.text.media_type import essence
from explorer.sandbox.incoming_request import UploadedFile
from explorer.sandbox.refusal import Violation, quote_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from explorer.core.catalog import Endpoint, Parameter, Rule
    from explorer.sandbox.decoding import DecodedParameters, SentValue


_COUNTRIES = frozenset(
    re.findall(
        "..",
        "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR"
        "CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU"
        "IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ"
        "MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
        "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW",
    )
)
"""Country codes of ISO 3166-1 alpha-2."""
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)"
_EMAIL = re.compile(r"[^@\s,;<>()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not re.search(r"\s", text)


_FORMATS: dict[str, tuple[str, Callable[[str], object]]] = {
    "email": ("an email address", _EMAIL.fullmatch),
    "uri": ("an absolute URL", _is_uri),
    "country": ("a two-letter ISO 3166 country code", lambda text: text.upper() in _COUNTRIES and len(text) == 2),
    "digits": ("digits only", re.compile(r"[0-9]+").fullmatch),
    "host": ("a host name", _HOST.fullmatch),
    "numeric": ("a number", re.compile(rf"[+]?{_NUMBER}").fullmatch),
    "alphanumeric": ("letters and digits only", re.compile(r"[A-Za-z0-9]+").fullmatch),
    "uuid": ("a UUID", _UUID.fullmatch),
}


class _InvalidValueError(Exception):
    def __init__(self, check: str, expected: str, limit: Any = None) -> None:
        super().__init__(expected)
        self.check, self.expected, self.limit = check, expected, limit


def check_value(sent: SentValue) -> tuple[Any, Violation | None]:
    """Return the typed value and its violation, if any."""
    param, value = sent.param, sent.value
    try:
        if value is None:
            if param.nullable:
                return None, None
            raise _InvalidValueError("null", "a value other than null")
        if param.type == "file" or isinstance(value, UploadedFile):
            return _file(param, value), None
        if param.type == "object":
            return value, None
        if isinstance(value, dict | list):
            raise _InvalidValueError("single", "a single value")
        if value == "" and not param.required and param.empty:
            return value, None
        if param.comma and isinstance(value, str) and value not in param.also:
            return _list(param, value, text=sent.text), None
        return _typed_value(param, value, text=sent.text), None
    except _InvalidValueError as error:
        return value, Violation(
            error.check,
            "invalid",
            f"{sent.name} is invalid",
            sent.name,
            error.expected,
            ""
            if param.secret
            else quote_value(value if isinstance(value, str | int | float | bool | None) else "an array or object"),
            error.limit,
        )


def _list(param: Parameter, value: str, *, text: bool) -> list[Any]:
    items = value.split(",")
    if any(item.strip() == "" for item in items):
        raise _InvalidValueError("comma", "a comma-separated list without empty items")
    return [_typed_value(param, item.strip(), text=text) for item in items]


def _typed_value(param: Parameter, value: Any, *, text: bool) -> Any:
    if str(value) in param.also and isinstance(value, str):
        return value
    typed = _TYPES[param.type](param, value, text)
    spellings = (str(value), str(typed)) if not isinstance(typed, bool) else (str(value).lower(),)
    if param.enum and not any(spelling in param.enum for spelling in spellings):
        raise _InvalidValueError("enum", "one of " + ", ".join((*param.enum, *param.also)))
    if isinstance(typed, int | float) and not isinstance(typed, bool):
        _check_range(param, typed)
    if isinstance(typed, str):
        _check_text(param, typed)
    return typed


def _check_range(param: Parameter, number: float) -> None:
    if param.min is not None and number < param.min:
        raise _InvalidValueError("min", f"at least {param.min:g}", f"{param.min:g}")
    if param.max is not None and number > param.max:
        raise _InvalidValueError("max", f"at most {param.max:g}", f"{param.max:g}")
    if param.pattern and not re.fullmatch(param.pattern, f"{number:g}"):
        raise _InvalidValueError("pattern", f"a value like {param.example}" if param.example else "another format")


def _check_text(param: Parameter, value: str) -> None:
    if param.min_length is not None and len(value) < param.min_length:
        raise _InvalidValueError("min_length", f"at least {param.min_length} characters", param.min_length)
    if param.max_length is not None and len(value) > param.max_length:
        raise _InvalidValueError("max_length", f"at most {param.max_length} characters", param.max_length)
    if param.pattern and not re.fullmatch(param.pattern, value):
        raise _InvalidValueError("pattern", f"a value like {param.example}" if param.example else "another format")
    if param.format:
        description, matches = _FORMATS[param.format]
        if not matches(value):
            raise _InvalidValueError(param.format, description)
    if "\x00" in value:
        raise _InvalidValueError("string", "a string without NUL")


def _string(param: Parameter, value: Any, text: bool) -> Any:  # noqa: ARG001 - common signature
    if isinstance(value, int | float) and not isinstance(value, bool) and param.format == "numeric":
        return value
    if not isinstance(value, str):
        raise _InvalidValueError("string", "a JSON string")
    return value


def _integer(param: Parameter, value: Any, text: bool) -> Any:  # noqa: ARG001 - common signature
    if text and re.fullmatch(r"-?(?:0|[1-9][0-9]*)", value) and len(value) <= 19:
        return int(value)
    if not text and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _InvalidValueError("integer", "an integer" if text else "a JSON integer")


def _decimal(param: Parameter, value: Any, text: bool) -> Any:
    if text and isinstance(value, str) and re.fullmatch(_NUMBER, value, re.ASCII) and len(value) <= 40:
        return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
    if not text and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not text and isinstance(value, str) and param.format == "numeric" and re.fullmatch(_NUMBER, value, re.ASCII):
        return float(value)
    raise _InvalidValueError("number", "a number" if text else "a JSON number")


def _boolean(param: Parameter, value: Any, text: bool) -> Any:
    style = param.boolean or ("true_false" if text else "json")
    if style == "json":
        if isinstance(value, bool):
            return value
        if text and value in ("true", "false"):
            return value == "true"
        raise _InvalidValueError("boolean", "true or false in JSON")
    if style == "1_0":
        if (text and value in ("1", "0")) or (not text and value in (0, 1) and not isinstance(value, bool)):
            return str(value) == "1"
        raise _InvalidValueError("boolean", "1 or 0")
    if value in ("true", "false") and isinstance(value, str):
        return value == "true"
    raise _InvalidValueError("boolean", "true or false")


def _date(param: Parameter, value: Any, text: bool) -> Any:  # noqa: ARG001 - common signature
    pattern = param.date_format or "%Y-%m-%d"
    try:
        moment = datetime.strptime(value, pattern).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        raise _InvalidValueError(
            "date", f"a date such as {datetime(2021, 4, 30, tzinfo=UTC).strftime(pattern)}", pattern
        ) from None
    if moment.strftime(pattern) != value:
        raise _InvalidValueError("date", f"a date such as {moment.strftime(pattern)}", pattern)
    return value


def _file(param: Parameter, value: Any) -> UploadedFile:
    if param.type != "file":
        raise _InvalidValueError("string", "a text field, not a file")
    if not isinstance(value, UploadedFile):
        raise _InvalidValueError("file", "a file part with a filename")
    if value.size == 0:
        raise _InvalidValueError("file", "a non-empty file")
    allowed = [entry.strip().lower() for entry in param.accept.split(",") if entry.strip()]
    kind = essence(value.media_type)
    wildcards = [entry[:-1] for entry in allowed if entry.endswith("/*")]
    if allowed and kind not in allowed and not kind.startswith(tuple(wildcards)):
        raise _InvalidValueError("file_type", "one of " + ", ".join(allowed))
    return value


_TYPES: dict[str, Callable[[Parameter, Any, bool], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _decimal,
    "boolean": _boolean,
    "date": _date,
}


@dataclass
class ValidatedValues:
    """The typed values of a request, and its violations."""

    param: dict[str, Any] = field(default_factory=dict)
    """Catalog name → value; a list for repeated parameters, a dict for ``[*]``."""
    group: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Group → one dict per index, with ``index`` and the values; ``value`` if the name is only the group."""
    violations: list[Violation] = field(default_factory=list)


def validate(endpoint: Endpoint, decoded: DecodedParameters) -> ValidatedValues:
    """Validate the decoded parameters.

    Violations by unknown names are last, so that a missing or invalid parameter is reported before a misspelled one.
    """
    values = ValidatedValues()
    invalid: list[Violation] = []
    for sent in decoded.sent:
        typed, violation = check_value(sent)
        if _is_blank(sent):
            violation = _missing(sent.name, sent.param)
        if violation is not None:
            invalid.append(violation)
        _store_value(values, sent, typed)
    shapes = [violation for violation in decoded.violations if violation.check == "array"]
    missing = [
        violation
        for violation in _missing_violations(endpoint, decoded)
        if not any(_is_wrong_shape(violation.param, shape) for shape in shapes)
    ]
    reported = {violation.param for violation in invalid}
    violations = shapes + [violation for violation in missing if violation.param not in reported] + invalid
    if not violations:
        violations += list(_rule_violations(endpoint, decoded))
    values.violations = violations + [violation for violation in decoded.violations if violation not in shapes]
    for name in {param.group for param in endpoint.params.values() if param.group}:
        values.group.setdefault(group_key(name or ""), [])
    return values


def group_key(name: str) -> str:
    """Return the key of a group in templates: ``item`` for ``item#``, ``line_items`` for ``line_items[#]``."""
    return name.partition("#")[0].rstrip("[_")


def _is_wrong_shape(name: str, shape: Violation) -> bool:
    """Whether a parameter is missing only because its array or object was sent as a single value."""
    return name == shape.param or name.startswith((shape.param + "[", shape.param + "."))


def _is_blank(sent: SentValue) -> bool:
    return sent.param.required and (sent.value == "" or sent.value is None)


def _store_value(values: ValidatedValues, sent: SentValue, typed: Any) -> None:
    param = sent.param
    if param.group is not None and sent.index is not None:
        members = values.group.setdefault(group_key(param.group), [])
        member = next((member for member in members if member["index"] == sent.index), None)
        if member is None:
            member = {"index": sent.index}
            members.append(member)
        name = param.name[len(param.group) :].lstrip("._[").rstrip("]") or "value"
        member[name] = typed
        return
    if param.repeat == "append":
        values.param.setdefault(param.name, []).append(typed)
    elif param.repeat == "key":
        values.param.setdefault(param.name, {})[sent.key] = typed
    else:
        values.param[param.name] = typed


def _missing(name: str, param: Parameter) -> Violation:
    kind = "a file" if param.type == "file" else "a value"
    return Violation("required", "missing", f"{name} is required", name, kind)


def _missing_violations(endpoint: Endpoint, decoded: DecodedParameters) -> Iterable[Violation]:
    present = {sent.param.name for sent in decoded.sent}
    indexes = _indexes(endpoint, decoded)
    for param in endpoint.params.values():
        if not param.required:
            continue
        if param.group is None:
            if param.name not in present:
                yield _missing(param.name, param)
            continue
        present_indexes = {sent.index for sent in decoded.sent if sent.param.name == param.name}
        for index in indexes.get(param.group, ()):
            if index not in present_indexes:
                yield _missing(param.name.replace("#", str(index), 1), param)
    yield from _group_violations(endpoint, indexes)


def _indexes(endpoint: Endpoint, decoded: DecodedParameters) -> dict[str, list[int]]:
    """Return the indexes sent for each group. A required group without any counts as sent once."""
    indexes: dict[str, list[int]] = {}
    for sent in decoded.sent:
        if sent.param.group is None or sent.index is None:
            continue
        group_indexes = indexes.setdefault(sent.param.group, [])
        if sent.index not in group_indexes:
            group_indexes.append(sent.index)
    for name, group in endpoint.groups.items():
        if group.min > 0 and not indexes.get(name):
            indexes[name] = [group.start]
    return indexes


def _group_violations(endpoint: Endpoint, indexes: Mapping[str, list[int]]) -> Iterable[Violation]:
    for name, group in endpoint.groups.items():
        sent = indexes.get(name, [])
        key = group_key(name)
        required = any(param.required for param in endpoint.params.values() if param.group == name)
        if len(sent) < group.min or (group.min and sent == [group.start] and not required and not _any(endpoint, name)):
            yield Violation("group_min", "missing", f"too few {key}", key, f"at least {group.min}", str(len(sent)))
        if group.max is not None and len(sent) > group.max:
            yield Violation("group_max", "invalid", f"too many {key}", key, f"at most {group.max}", str(len(sent)))
        if not group.sparse and sent and "[" in name and sorted(sent) != list(range(len(sent))):
            got = ", ".join(map(str, sorted(sent)))
            yield Violation("group_order", "invalid", f"indexes of {key} have gaps", key, "0, 1, 2 …", got)


def _any(endpoint: Endpoint, group: str) -> bool:
    return any(param.group == group for param in endpoint.params.values())


# --- rules -----------------------------------------------------------------------------------------------------------


class _FieldScope:
    """The values of the whole request, or of the group members with one index."""

    def __init__(self, sent: Sequence[SentValue], index: int | None) -> None:
        self._texts: dict[str, list[str]] = {}
        self.index = index
        for item in sent:
            if item.param.group is None or index is None or item.index == index:
                self._texts.setdefault(item.param.name, []).append(_as_text(item.value))

    def has(self, name: str) -> bool:
        return any(text != "" for text in self._texts.get(name, ()))

    def text(self, name: str) -> str:
        return next(iter(self._texts.get(name, ())), "")

    def name(self, name: str) -> str:
        return name.replace("#", str(self.index), 1) if self.index is not None else name


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _rule_violations(endpoint: Endpoint, decoded: DecodedParameters) -> Iterable[Violation]:
    for rule in endpoint.rules:
        if rule.level != "error" or rule.kind == "advice":
            continue
        for fields in _field_scopes(endpoint, rule, decoded):
            violation = _RULES[rule.kind](rule, fields)
            if violation is not None:
                yield violation


def _field_scopes(endpoint: Endpoint, rule: Rule, decoded: DecodedParameters) -> list[_FieldScope]:
    names = (*rule.params, *rule.when, *rule.when_value)
    groups = {endpoint.params[name].group for name in names if name in endpoint.params}
    groups.discard(None)
    if len(groups) != 1:
        return [_FieldScope(decoded.sent, None)]
    group = next(iter(groups))
    indexes = sorted({sent.index for sent in decoded.sent if sent.param.group == group and sent.index is not None})
    return [_FieldScope(decoded.sent, index) for index in indexes]


def _violation(rule: Rule, fields: _FieldScope, param: str, expected: str) -> Violation:
    return Violation(rule.kind, "rule", rule.text or f"{param} violates a rule", fields.name(param), expected)


def _requires(rule: Rule, fields: _FieldScope) -> Violation | None:
    by_value = any(fields.text(name) == value and fields.has(name) for name, value in rule.when_value.items())
    if not by_value and not any(fields.has(name) for name in rule.when):
        return None
    missing = [name for name in rule.params if not fields.has(name)]
    return _violation(rule, fields, missing[0], "a value") if missing else None


def _count(low: int, high: int | None) -> Callable[[Rule, _FieldScope], Violation | None]:
    def check(rule: Rule, fields: _FieldScope) -> Violation | None:
        given = [name for name in rule.params if fields.has(name)]
        if len(given) >= low and (high is None or len(given) <= high):
            return None
        expected = "at least one of " if high is None else ("at most one of " if low == 0 else "exactly one of ")
        name = given[1] if len(given) > 1 else rule.params[0]
        return _violation(rule, fields, name, expected + ", ".join(rule.params))

    return check


def _together(rule: Rule, fields: _FieldScope) -> Violation | None:
    given = [name for name in rule.params if fields.has(name)]
    if not given or len(given) == len(rule.params):
        return None
    missing = next(name for name in rule.params if name not in given)
    return _violation(rule, fields, missing, "all of " + ", ".join(rule.params) + " or none")


def _not_listed(rule: Rule, fields: _FieldScope) -> Violation | None:
    for word in fields.text(rule.params[0]).split(","):
        field_name = rule.names.get(word.strip(), word.strip())
        if word.strip() and fields.has(field_name):
            return _violation(rule, fields, rule.params[0], f"a list without {word.strip()}, which is also set")
    return None


def _equal(rule: Rule, fields: _FieldScope) -> Violation | None:
    first, second = rule.params
    if fields.text(first) == fields.text(second):
        return None
    return _violation(rule, fields, second, f"the same value as {first}")


def _ordered(rule: Rule, fields: _FieldScope) -> Violation | None:
    low, high = (fields.text(name) for name in rule.params)
    if not low or not high:
        return None
    try:
        is_ordered = float(low) <= float(high)
    except ValueError:
        is_ordered = low <= high
    return None if is_ordered else _violation(rule, fields, rule.params[0], f"at most {rule.params[1]}")


_RULES: dict[str, Callable[[Rule, _FieldScope], Violation | None]] = {
    "requires": _requires,
    "at_least_one": _count(1, None),
    "at_most_one": _count(0, 1),
    "exactly_one": _count(1, 1),
    "together": _together,
    "not_listed": _not_listed,
    "equal": _equal,
    "ordered": _ordered,
}
