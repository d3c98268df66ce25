"""Match a path and method with an endpoint, under the readings that the sandbox follows."""

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
    """The catalog that is served and the choices in place of its defaults, by ``vendor.reading`` and
    ``vendor.endpoint.reading``. Set from any thread; the server looks at ``turn``, which grows with every change."""

    def __init__(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        check_readings(catalog, readings)
        self.turn = 1
        self._now = (catalog, dict(readings))

    @property
    def catalog(self) -> Catalog:
        """The catalog that is served."""
        return self._now[0]

    @property
    def readings(self) -> Mapping[str, str]:
        """The choices in place of the defaults."""
        return self._now[1]

    def set(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        """Serve *catalog* under *readings* from the next request on; records and tokens stay.

        Raises:
            UnknownName: a reading or a choice that the catalog has not; nothing is changed.
        """
        check_readings(catalog, readings)
        self._now = (catalog, dict(readings))
        self.turn += 1


def check_readings(catalog: Catalog, readings: Mapping[str, str]) -> None:
    """See that every reading and choice is the catalog's.

    Raises:
        UnknownName: one is not.
    """
    known: dict[str, Reading] = {}
    for vendor in catalog.vendors.values():
        known.update({f"{vendor.id}.{key}": reading for key, reading in vendor.readings.items()})
        for endpoint in vendor.endpoints.values():
            known.update({f"{vendor.id}.{endpoint.id}.{key}": one for key, one in endpoint.readings.items()})
    for key, choice in readings.items():
        if key not in known:
            raise UnknownName("reading", key, known)
        if choice not in known[key].choices:
            raise UnknownName(f"choice of reading {key}", choice, known[key].choices)


_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Match:
    """An endpoint whose path template fits, and the decoded values of its placeholders."""

    endpoint: Endpoint
    values: Mapping[str, str]


class Route:
    """One endpoint's path template, ready to be compared."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.parts = endpoint.path.split("/")
        self._patterns = [re.compile(_pattern(part), re.DOTALL) for part in self.parts]
        self.rank = tuple(len(_PLACEHOLDER.findall(part)) for part in self.parts)

    def match(self, segments: Sequence[str]) -> Match | None:
        """The match of the decoded *segments* of a path, if they fit."""
        if len(segments) != len(self._patterns):
            return None
        values: dict[str, str] = {}
        for pattern, segment, part in zip(self._patterns, segments, self.parts, strict=True):
            found = pattern.fullmatch(segment)
            if found is None:
                return None
            values.update(zip(_PLACEHOLDER.findall(part), found.groups(), strict=True))
        return Match(self.endpoint, values)


def _pattern(part: str) -> str:
    pieces = re.split(r"\{[^{}]*\}", part)
    return "(.+)".join(re.escape(piece) for piece in pieces)


@dataclass(frozen=True)
class AlternativeReading:
    """A choice of a reading, other than the one in force, and the endpoint as it is under it."""

    key: str
    choice: str
    endpoint: Endpoint
    lines: str


class Router:
    """The routes of one vendor under the readings in force."""

    def __init__(self, documented: Vendor, vendor: Vendor, chosen: Mapping[str, str]) -> None:
        """*documented* is the vendor as the catalog has it, *vendor* with the readings in force applied; *chosen* maps
        ``vendor.reading`` and ``vendor.endpoint.reading`` to a choice."""
        self._documented = documented
        self._others: dict[str, list[AlternativeReading]] = {}
        self._chosen = chosen
        self._routes = sorted((Route(endpoint) for endpoint in vendor.endpoints.values()), key=lambda route: route.rank)

    def candidates(self, method: str, segments: Sequence[str]) -> list[Match]:
        """All endpoints of the most literal template that knows *method*; empty where none does."""
        best: list[Match] = []
        rank: tuple[int, ...] | None = None
        for route in self._routes:
            if method not in route.endpoint.methods or (rank is not None and route.rank != rank):
                continue
            found = route.match(segments)
            if found is not None:
                best.append(found)
                rank = route.rank
        return best

    def methods(self, segments: Sequence[str]) -> list[str]:
        """Every method that the path is known with, in the order of the catalog."""
        found = [route.endpoint.methods for route in self._routes if route.match(segments) is not None]
        return list(dict.fromkeys(method for methods in found for method in methods))

    def alternatives_for(self, endpoint_id: str) -> list[AlternativeReading]:
        """What the readings of one endpoint (and of its vendor) would make of it; worked out when first asked for."""
        if endpoint_id not in self._others:
            endpoint = self._documented.endpoints[endpoint_id]
            self._others[endpoint_id] = list(_alternatives(self._documented, endpoint, self._chosen))
        return self._others[endpoint_id]

    def readings_matching(self, method: str, segments: Sequence[str]) -> list[AlternativeReading]:
        """The readings under which *method* and path would have been an endpoint."""
        return [
            other
            for endpoint_id in self._documented.endpoints
            for other in self.alternatives_for(endpoint_id)
            if method in other.endpoint.methods and Route(other.endpoint).match(segments) is not None
        ]


def readings_of(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> dict[str, str]:
    """The choices in *chosen* (by address) that concern *endpoint*, by the reading's own key."""
    known = {}
    for key in vendor.readings:
        if f"{vendor.id}.{key}" in chosen:
            known[key] = chosen[f"{vendor.id}.{key}"]
    for key in endpoint.readings:
        if f"{vendor.id}.{endpoint.id}.{key}" in chosen:
            known[key] = chosen[f"{vendor.id}.{endpoint.id}.{key}"]
    return known


def _alternatives(vendor: Vendor, endpoint: Endpoint, chosen: Mapping[str, str]) -> Iterator[AlternativeReading]:
    alone = msgspec.structs.replace(vendor, endpoints={endpoint.id: endpoint}, sandbox=SandboxVendor())
    in_force = readings_of(vendor, endpoint, chosen)
    for key, reading in {**vendor.readings, **endpoint.readings}.items():
        current = in_force.get(key, reading.default)
        for name, choice in reading.choices.items():
            if name == current or not (choice.set or reading.choices[current].set):
                continue
            try:
                _, made = apply_readings(alone, endpoint, {**in_force, key: name})
            except UsageError:  # it excludes a choice in force
                continue
            yield AlternativeReading(key, name, made, vendor.cite(choice.lines))


def alternatives_hint(others: Sequence[AlternativeReading]) -> str:
    """A sentence that names the readings which would explain the request; empty for none."""
    if not others:
        return ""
    named = [
        f"{other.endpoint.id} --reading {other.key}={other.choice}" + (f" [{other.lines}]" if other.lines else "")
        for other in others[:3]
    ]
    return "another reading of the document would explain it: " + " or ".join(named)
