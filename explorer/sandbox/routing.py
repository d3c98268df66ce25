"""Match a path and method with an endpoint under the active readings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.core.catalog.readings import apply_readings
from explorer.core.catalog.sandbox import SandboxVendor
from explorer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from explorer.core.catalog import Catalog, Endpoint, Reading, Vendor


class ServedCatalog:
    """The served catalog and the chosen readings, by ``vendor.reading`` and ``vendor.endpoint.reading``.

    Set from any thread; ``version`` grows with every change.
    """

    def __init__(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        check_readings(catalog, readings)
        self.version = 1
        self._current = (catalog, dict(readings))

    @property
    def catalog(self) -> Catalog:
        """The served catalog."""
        return self._current[0]

    @property
    def readings(self) -> Mapping[str, str]:
        """The chosen readings."""
        return self._current[1]

    def set(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        """Serve *catalog* under *readings* from the next request on; records and tokens are unchanged.

        Raises:
            UnknownName: the catalog lacks a reading or a choice; nothing is changed.
        """
        check_readings(catalog, readings)
        self._current = (catalog, dict(readings))
        self.version += 1


def check_readings(catalog: Catalog, readings: Mapping[str, str]) -> None:
    """Check that the catalog has every reading and choice.

    Raises:
        UnknownName: it lacks one.
    """
    known: dict[str, Reading] = {}
    for vendor in catalog.vendors.values():
        known.update({f"{vendor.id}.{key}": reading for key, reading in vendor.readings.items()})
        for endpoint in vendor.endpoints.values():
            known.update({f"{vendor.id}.{endpoint.id}.{key}": reading for key, reading in endpoint.readings.items()})
    for key, choice in readings.items():
        if key not in known:
            raise UnknownName("reading", key, known)
        if choice not in known[key].choices:
            raise UnknownName(f"choice of reading {key}", choice, known[key].choices)


_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Match:
    """An endpoint whose path template matches, and the decoded values of its placeholders."""

    endpoint: Endpoint
    values: Mapping[str, str]


class Route:
    """The compiled path template of one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.parts = endpoint.path.split("/")
        self._patterns = [re.compile(_pattern(part), re.DOTALL) for part in self.parts]
        self.rank = tuple(len(_PLACEHOLDER.findall(part)) for part in self.parts)

    def match(self, segments: Sequence[str]) -> Match | None:
        """Match the decoded *segments* of a path."""
        if len(segments) != len(self._patterns):
            return None
        values: dict[str, str] = {}
        for pattern, segment, part in zip(self._patterns, segments, self.parts, strict=True):
            match = pattern.fullmatch(segment)
            if match is None:
                return None
            values.update(zip(_PLACEHOLDER.findall(part), match.groups(), strict=True))
        return Match(self.endpoint, values)


def _pattern(part: str) -> str:
    pieces = re.split(r"\{[^{}]*\}", part)
    return "(.+)".join(re.escape(piece) for piece in pieces)


@dataclass(frozen=True)
class AlternativeReading:
    """A choice other than the active one, and the endpoint under it."""

    key: str
    choice: str
    endpoint: Endpoint
    lines: str


class Router:
    """The routes of one vendor under the active readings."""

    def __init__(self, documented: Vendor, vendor: Vendor, chosen: Mapping[str, str]) -> None:
        """Create the routes of *vendor*, which is *documented* with the active readings applied.

        *chosen* maps ``vendor.reading`` and ``vendor.endpoint.reading`` to a choice.
        """
        self._documented = documented
        self._alternatives: dict[str, list[AlternativeReading]] = {}
        self._chosen = chosen
        self._routes = sorted((Route(endpoint) for endpoint in vendor.endpoints.values()), key=lambda route: route.rank)

    def candidates(self, method: str, segments: Sequence[str]) -> list[Match]:
        """Return the endpoints of the most literal template that matches and allows *method*."""
        best: list[Match] = []
        rank: tuple[int, ...] | None = None
        for route in self._routes:
            if method not in route.endpoint.methods or (rank is not None and route.rank != rank):
                continue
            match = route.match(segments)
            if match is not None:
                best.append(match)
                rank = route.rank
        return best

    def methods(self, segments: Sequence[str]) -> list[str]:
        """Return every method of the path, in the order of the catalog."""
        routes = [route for route in self._routes if route.match(segments) is not None]
        return list(dict.fromkeys(method for route in routes for method in route.endpoint.methods))

    def alternatives_for(self, endpoint_id: str) -> list[AlternativeReading]:
        """Return the endpoint under every other choice of its own and its vendor's readings; cached."""
        if endpoint_id not in self._alternatives:
            endpoint = self._documented.endpoints[endpoint_id]
            self._alternatives[endpoint_id] = list(_alternatives(self._documented, endpoint, self._chosen))
        return self._alternatives[endpoint_id]

    def readings_matching(self, method: str, segments: Sequence[str]) -> list[AlternativeReading]:
        """Return the readings under which *method* and path match an endpoint."""
        return [
            alternative
            for endpoint_id in self._documented.endpoints
            for alternative in self.alternatives_for(endpoint_id)
            if method in alternative.endpoint.methods and Route(alternative.endpoint).match(segments) is not None
        ]


def readings_of(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the choices in *chosen* that concern *endpoint*, by the key of the reading."""
    choices = {}
    for key in vendor.readings:
        if f"{vendor.id}.{key}" in chosen:
            choices[key] = chosen[f"{vendor.id}.{key}"]
    for key in endpoint.readings:
        if f"{vendor.id}.{endpoint.id}.{key}" in chosen:
            choices[key] = chosen[f"{vendor.id}.{endpoint.id}.{key}"]
    return choices


def _alternatives(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> Iterator[AlternativeReading]:
    alone = msgspec.structs.replace(vendor, endpoints={endpoint.id: endpoint}, sandbox=SandboxVendor())
    active = readings_of(vendor, endpoint, chosen)
    for key, reading in {**vendor.readings, **endpoint.readings}.items():
        current = active.get(key, reading.default)
        for name, choice in reading.choices.items():
            if name == current or not (choice.set or reading.choices[current].set):
                continue
            try:
                _, changed = apply_readings(alone, endpoint, {**active, key: name})
            except UsageError:  # it excludes an active choice
                continue
            yield AlternativeReading(key, name, changed, vendor.cite(choice.lines))


def alternatives_hint(alternatives: Sequence[AlternativeReading]) -> str:
    """Return a sentence that names the readings that explain the request; empty without any."""
    if not alternatives:
        return ""
    options = [
        f"{item.endpoint.id} --reading {item.key}={item.choice}" + (f" [{item.lines}]" if item.lines else "")
        for item in alternatives[:3]
    ]
    return "another reading of the document would explain it: " + " or ".join(options)
