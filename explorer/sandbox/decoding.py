"""Assign the values of a request to the catalog's parameters: ``item7_size`` belongs to ``item#_size``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from explorer.core.catalog import Endpoint, Location, Parameter
from explorer.sandbox.incoming_request import ParsedRequest, UploadedFile
from explorer.sandbox.refusal import Violation, quote_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from explorer.sandbox.incoming_request import Key

_INDEX = r"(0|[1-9]\d*)"


@dataclass(frozen=True)
class SentValue:
    """One value sent for a parameter: its concrete ``name``, the ``index`` of its group, the ``key`` of its ``[*]``."""

    param: Parameter
    name: str
    value: Any
    index: int | None = None
    key: str | None = None
    text: bool = True
    """Whether it was sent as text (query, form, path) and not as a JSON value."""


@dataclass
class DecodedParameters:
    """The values of a request that belong to parameters, and violations for the others."""

    sent: list[SentValue] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def of(self, name: str) -> list[SentValue]:
        """Return the values sent for the catalog's parameter *name*."""
        return [value for value in self.sent if value.param.name == name]


@dataclass(frozen=True)
class Segment:
    """One level of a parameter's name: a literal, possibly with an index, or ``[]``, ``[#]`` or ``[*]``."""

    kind: str
    pattern: re.Pattern[str]

    def match(self, key: Key, in_list: bool) -> re.Match[str] | None:
        """Return the match of a key that was sent, or None."""
        if self.kind in ("append", "index") and not (in_list or isinstance(key, int)):
            return None
        return self.pattern.fullmatch(str(key))


@lru_cache(maxsize=4096)
def segments_of(name: str, dotted: bool) -> tuple[Segment, ...]:
    """Return the levels of a parameter's name; *dotted*: a dot separates levels (JSON)."""
    segments: list[Segment] = []
    for part in name.split(".") if dotted else [name]:
        head, *brackets = part.split("[")
        if head:
            text = head if dotted else re.sub(r"[ .]", "_", head)
            segments.append(Segment("literal", re.compile(re.escape(text).replace(r"\#", _INDEX))))
        segments.extend(_bracket_segment(bracket.rstrip("]")) for bracket in brackets)
    return tuple(segments)


def _bracket_segment(inner: str) -> Segment:
    if inner == "":
        return Segment("append", re.compile(r"\d+"))
    if inner == "#":
        return Segment("index", re.compile(_INDEX))
    if inner == "*":
        return Segment("any", re.compile(r"(.+)", re.DOTALL))
    return Segment("literal", re.compile(re.escape(inner).replace(r"\#", _INDEX)))


def decode(
    endpoint: Endpoint, values: Mapping[str, str], request: ParsedRequest, ignore: Iterable[str]
) -> DecodedParameters:
    """Decode the parameters of *endpoint*; *values* are those of the path, *ignore* names that auth uses."""
    decoded = DecodedParameters()
    by_location: dict[Location, list[Parameter]] = {}
    for param in endpoint.params.values():
        by_location.setdefault(param.location, []).append(param)
    for param in by_location.get("path", []):
        decoded.sent.append(SentValue(param, param.name, values.get(param.name, "")))
    for param in by_location.get("header", []):
        if param.name.lower() in request.headers:
            decoded.sent.append(SentValue(param, param.name, request.headers[param.name.lower()]))
    ignored = set(ignore)
    _decode_tree(decoded, by_location.get("query", []), request.query_tree.values, ignored, endpoint, "query")
    for name in request.query_tree.repeated:
        decoded.violations.append(_repeated_violation(name))
    decoded.violations.extend(_encoding_violation(name) for name in request.query_tree.undecodable_names)
    if endpoint.body in ("form", "multipart") and request.kind in ("form", "multipart"):
        fields = [*by_location.get("form", []), *by_location.get("multipart", [])]
        _decode_tree(decoded, fields, request.tree.values, ignored, endpoint, "body")
        decoded.violations.extend(_repeated_violation(name) for name in request.tree.repeated)
        decoded.violations.extend(_encoding_violation(name) for name in request.tree.undecodable_names)
    if endpoint.body == "json" and request.kind == "json" and isinstance(request.json, dict):
        reader = _ParameterWalk(decoded, by_location.get("json", []), dotted=True)
        reader.walk(request.json, [(param, segments_of(param.name, True), ()) for param in reader.params], "")
    return decoded


def _decode_tree(
    decoded: DecodedParameters,
    params: list[Parameter],
    tree: dict[Key, Any],
    ignored: set[str],
    endpoint: Endpoint,
    location: str,
) -> None:
    values = {key: value for key, value in tree.items() if str(key) not in ignored}
    reader = _ParameterWalk(decoded, params, dotted=False)
    reader.walk(values, [(param, segments_of(param.name, False), ()) for param in params], "")
    for number, violation in enumerate(decoded.violations):
        expected = _location_of(endpoint, violation.param) if violation.check == "unknown" else ""
        if expected and expected != location:
            decoded.violations[number] = Violation(
                "location",
                "unknown",
                f"{violation.param} was sent in the {location}",
                violation.param,
                f"it in the {expected}",
            )


def _location_of(endpoint: Endpoint, name: str) -> str:
    for param in endpoint.params.values():
        if param.name == name:
            return param.location if param.location in ("query", "path", "header") else "body"
    return ""


def _repeated_violation(name: str) -> Violation:
    return Violation("repeated", "invalid", f"{name} was sent more than once", name, "one value")


def _encoding_violation(name: str) -> Violation:
    return Violation("encoding", "invalid", f"{name} is not UTF-8", name, "percent-encoded UTF-8")


Candidate = tuple[Parameter, tuple[Segment, ...], tuple[str, ...]]


class _ParameterWalk:
    """Walks the sent values and the levels of the parameter names in parallel."""

    def __init__(self, decoded: DecodedParameters, params: list[Parameter], *, dotted: bool) -> None:
        self.decoded = decoded
        self.params = params
        self.dotted = dotted

    def walk(self, values: Any, candidates: list[Candidate], at: str) -> None:
        in_list = isinstance(values, list)
        pairs = list(enumerate(values)) if in_list else list(values.items())
        for key, value in pairs:
            name = self._join(at, key, in_list)
            matching = [
                (segments[0], (param, segments[1:], (*captured, *match.groups())))
                for param, segments, captured in candidates
                if segments and (match := segments[0].match(key, in_list)) is not None
            ]
            literal = [candidate for segment, candidate in matching if segment.kind == "literal"]
            self._decode_value(value, literal or [candidate for _, candidate in matching], name)

    def _decode_value(self, value: Any, matching: list[Candidate], name: str) -> None:
        ends = [candidate for candidate in matching if not candidate[1]]
        deeper = [candidate for candidate in matching if candidate[1]]
        if not matching:
            self.decoded.violations.append(
                Violation("unknown", "unknown", f"the endpoint has no parameter {name}", name, self._known_names())
            )
        elif isinstance(value, dict | list) and deeper and not (ends and ends[0][0].type == "object"):
            self.walk(value, deeper, name)
        elif ends:
            param, _, captured = ends[0]
            self.decoded.sent.append(_sent_value(param, name, value, captured, text=not self.dotted))
        elif value is None and deeper[0][0].nullable:
            return
        else:
            self.decoded.violations.append(
                Violation(
                    "array",
                    "invalid",
                    f"{name} is a single value",
                    name,
                    "an array or object",
                    quote_value(_summarize(value)),
                )
            )

    def _join(self, at: str, key: Key, in_list: bool) -> str:
        if not at:
            return str(key)
        return f"{at}.{key}" if self.dotted and not in_list else f"{at}[{key}]"

    def _known_names(self) -> str:
        names = [param.name for param in self.params]
        return ("one of " + ", ".join(names[:12])) if names else "no parameters"


def _sent_value(param: Parameter, name: str, value: Any, captured: tuple[str, ...], *, text: bool) -> SentValue:
    repeat = param.repeat
    index = int(captured[0]) if repeat == "index" and captured else None
    key = captured[-1] if repeat == "key" and captured else None
    if repeat == "append" and not name.endswith("[]") and text:
        name = param.name
    return SentValue(param, name, value, index, key, text and not isinstance(value, UploadedFile))


def _summarize(value: Any) -> Any:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return f"the file {value.filename}" if isinstance(value, UploadedFile) else value
