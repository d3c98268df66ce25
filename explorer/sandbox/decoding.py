"""What was sent, by the catalog's parameter names: ``item7_size`` belongs to ``item#_size``."""

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
    """One value that came for a parameter. ``name`` is the concrete name; ``index`` its group, ``key`` its ``[*]``."""

    param: Parameter
    name: str
    value: Any
    index: int | None = None
    key: str | None = None
    text: bool = True
    """Whether it came as text (query, form, path) and not as a JSON value."""


@dataclass
class DecodedParameters:
    """All values of a request that belong to parameters, and what belongs to none."""

    sent: list[SentValue] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def of(self, name: str) -> list[SentValue]:
        """What was sent for the parameter *name* of the catalog."""
        return [one for one in self.sent if one.param.name == name]


@dataclass(frozen=True)
class Segment:
    """One level of a parameter's name: a literal with or without an index in it, ``[]``, ``[#]`` or ``[*]``."""

    kind: str
    pattern: re.Pattern[str]

    def fits(self, key: Key, in_list: bool) -> re.Match[str] | None:
        """The match of one key of what was sent."""
        if self.kind in ("append", "index") and not (in_list or isinstance(key, int)):
            return None
        return self.pattern.fullmatch(str(key))


@lru_cache(maxsize=4096)
def segments_of(name: str, dotted: bool) -> tuple[Segment, ...]:
    """The levels of a parameter's name; *dotted*: a dot is a level (JSON)."""
    made: list[Segment] = []
    for part in name.split(".") if dotted else [name]:
        head, *brackets = part.split("[")
        if head:
            text = head if dotted else re.sub(r"[ .]", "_", head)
            made.append(Segment("literal", re.compile(re.escape(text).replace(r"\#", _INDEX))))
        made.extend(_bracket(bracket.rstrip("]")) for bracket in brackets)
    return tuple(made)


def _bracket(inner: str) -> Segment:
    if inner == "":
        return Segment("append", re.compile(r"\d+"))
    if inner == "#":
        return Segment("index", re.compile(_INDEX))
    if inner == "*":
        return Segment("any", re.compile(r"(.+)", re.DOTALL))
    return Segment("literal", re.compile(re.escape(inner).replace(r"\#", _INDEX)))


def decode(
    endpoint: Endpoint, values: Mapping[str, str], arrival: ParsedRequest, ignore: Iterable[str]
) -> DecodedParameters:
    """The parameters of *endpoint* in *arrival*; *values* are those of the path, *ignore* names that auth takes."""
    made = DecodedParameters()
    by_location: dict[Location, list[Parameter]] = {}
    for param in endpoint.params.values():
        by_location.setdefault(param.location, []).append(param)
    for param in by_location.get("path", []):
        made.sent.append(SentValue(param, param.name, values.get(param.name, "")))
    for param in by_location.get("header", []):
        if param.name.lower() in arrival.headers:
            made.sent.append(SentValue(param, param.name, arrival.headers[param.name.lower()]))
    ignored = set(ignore)
    _tree(made, by_location.get("query", []), arrival.query_tree.values, ignored, endpoint, "query")
    for name in arrival.query_tree.repeated:
        made.violations.append(_repeated_violation(name))
    made.violations.extend(_encoding_violation(name) for name in arrival.query_tree.undecodable_names)
    if endpoint.body in ("form", "multipart") and arrival.kind in ("form", "multipart"):
        fields = [*by_location.get("form", []), *by_location.get("multipart", [])]
        _tree(made, fields, arrival.tree.values, ignored, endpoint, "body")
        made.violations.extend(_repeated_violation(name) for name in arrival.tree.repeated)
        made.violations.extend(_encoding_violation(name) for name in arrival.tree.undecodable_names)
    if endpoint.body == "json" and arrival.kind == "json" and isinstance(arrival.json, dict):
        reader = _ParameterWalk(made, by_location.get("json", []), dotted=True)
        reader.walk(arrival.json, [(param, segments_of(param.name, True), ()) for param in reader.params], "")
    return made


def _tree(
    made: DecodedParameters,
    params: list[Parameter],
    tree: dict[Key, Any],
    ignored: set[str],
    endpoint: Endpoint,
    where: str,
) -> None:
    values = {key: value for key, value in tree.items() if str(key) not in ignored}
    reader = _ParameterWalk(made, params, dotted=False)
    reader.walk(values, [(param, segments_of(param.name, False), ()) for param in params], "")
    for number, flaw in enumerate(made.violations):
        elsewhere = _location_of(endpoint, flaw.param) if flaw.check == "unknown" else ""
        if elsewhere and elsewhere != where:
            made.violations[number] = Violation(
                "location",
                "unknown",
                f"{flaw.param} came in the {where}",
                flaw.param,
                f"it in the {elsewhere}",
            )


def _location_of(endpoint: Endpoint, name: str) -> str:
    for param in endpoint.params.values():
        if param.name == name:
            return param.location if param.location in ("query", "path", "header") else "body"
    return ""


def _repeated_violation(name: str) -> Violation:
    return Violation("repeated", "invalid", f"{name} was sent more than once", name, "it once")


def _encoding_violation(name: str) -> Violation:
    return Violation("encoding", "invalid", f"{name} is not UTF-8 text", name, "percent-encoded UTF-8")


Candidate = tuple[Parameter, tuple[Segment, ...], tuple[str, ...]]


class _ParameterWalk:
    """Goes down what was sent and the names of the parameters at the same time."""

    def __init__(self, made: DecodedParameters, params: list[Parameter], *, dotted: bool) -> None:
        self.made = made
        self.params = params
        self.dotted = dotted

    def walk(self, values: Any, candidates: list[Candidate], at: str) -> None:
        in_list = isinstance(values, list)
        pairs = list(enumerate(values)) if in_list else list(values.items())
        for key, value in pairs:
            name = self._join(at, key, in_list)
            fitting = [
                (rest[0], (param, rest[1:], (*caught, *found.groups())))
                for param, rest, caught in candidates
                if rest and (found := rest[0].fits(key, in_list)) is not None
            ]
            plain = [candidate for segment, candidate in fitting if segment.kind == "literal"]
            self._one(value, plain or [candidate for _, candidate in fitting], name)

    def _one(self, value: Any, fitting: list[Candidate], name: str) -> None:
        ends = [candidate for candidate in fitting if not candidate[1]]
        deeper = [candidate for candidate in fitting if candidate[1]]
        if not fitting:
            self.made.violations.append(
                Violation("unknown", "unknown", f"the call has no parameter {name}", name, self._known())
            )
        elif isinstance(value, dict | list) and deeper and not (ends and ends[0][0].type == "object"):
            self.walk(value, deeper, name)
        elif ends:
            param, _, caught = ends[0]
            self.made.sent.append(_sent(param, name, value, caught, text=not self.dotted))
        elif value is None and deeper[0][0].nullable:
            return
        else:
            self.made.violations.append(
                Violation(
                    "array",
                    "invalid",
                    f"{name} is a single value",
                    name,
                    "a list or table",
                    quote_value(_summarize(value)),
                )
            )

    def _join(self, at: str, key: Key, in_list: bool) -> str:
        if not at:
            return str(key)
        return f"{at}.{key}" if self.dotted and not in_list else f"{at}[{key}]"

    def _known(self) -> str:
        names = [param.name for param in self.params]
        return ("one of " + ", ".join(names[:12])) if names else "none there"


def _sent(param: Parameter, name: str, value: Any, caught: tuple[str, ...], *, text: bool) -> SentValue:
    repeat = param.repeat
    index = int(caught[0]) if repeat == "index" and caught else None
    key = caught[-1] if repeat == "key" and caught else None
    if repeat == "append" and not name.endswith("[]") and text:
        name = param.name
    return SentValue(param, name, value, index, key, text and not isinstance(value, UploadedFile))


def _summarize(value: Any) -> Any:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return f"the file {value.filename}" if isinstance(value, UploadedFile) else value
