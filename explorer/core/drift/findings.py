"""Drift findings: compare the shape of responses with the catalog's samples."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from explorer.core.drift.shape import ObservedField, Shape, parent_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from explorer.core.catalog.model import Endpoint, ResponseField, Vendor


DriftKind = Literal["retyped", "missing", "new", "value", "limit"]
Patch = tuple[tuple[str, ...], Any]
"""A path below the vendor's table in the catalog, and its new value."""
DRIFT_KINDS: Final[dict[DriftKind, str]] = {
    "retyped": "other type",
    "missing": "missing field",
    "new": "new field",
    "value": "undocumented value",
    "limit": "other limit",
}
_WEIGHT: Final = tuple(DRIFT_KINDS)


@dataclass(frozen=True)
class DriftFinding:
    """A difference that occurred often enough to report."""

    what: DriftKind
    vendor: str
    endpoint: str
    place: str
    """A path in the response (``data[].owner``) or the name of a parameter."""
    documented: str
    """What the catalog documents, as text."""
    seen: str
    """What was observed, as text."""
    count: int
    """Number of occurrences."""
    of: int
    """Number of places where it could occur."""
    entries: tuple[int, ...] = ()
    """A few history entries that show it."""
    example: str = ""
    patches: tuple[Patch, ...] = ()

    @property
    def key(self) -> str:
        """A stable identifier."""
        return f"{self.vendor}.{self.endpoint}|{self.what}|{self.place}|{self.seen}"

    @property
    def title(self) -> str:
        """``new field data[].colour``."""
        return f"{DRIFT_KINDS[self.what]} {self.place or '(the body)'}"


def sort_findings(findings: Iterable[DriftFinding]) -> list[DriftFinding]:
    """Return *findings* by vendor and endpoint, breaking differences first."""
    return sorted(findings, key=lambda item: (item.vendor, item.endpoint, _WEIGHT.index(item.what), item.place))


MIN_SAMPLES: Final = 3
"""Objects without a field before it is reported as missing: a single one may be a record of another kind."""
_NO_KIND: Final = frozenset({"null", "masked"})


def documented_shape(endpoint: Endpoint) -> Shape:
    """Return the shape of the catalog's successful JSON samples; empty if there are none."""
    shape = Shape()
    for sample in endpoint.samples:
        if 200 <= sample.status < 300 and sample.body:
            try:
                shape.add(json.loads(sample.body))
            except ValueError:
                continue  # an XML sample, or one that the document truncates
    return shape


def compare_shapes(vendor: Vendor, endpoint: Endpoint, observed: Shape) -> list[DriftFinding]:
    """Return where *observed* differs from the responses in the catalog."""
    known = documented_shape(endpoint)
    if not known.bodies or not observed.bodies:
        return []
    comparison = _ShapeComparison(vendor, endpoint, observed, known)
    return [*comparison.type_changes(), *comparison.missing(), *comparison.new(), *comparison.values()]


class _ShapeComparison:
    """Compares two shapes. Nothing below a reported path is reported again."""

    def __init__(self, vendor: Vendor, endpoint: Endpoint, observed: Shape, known: Shape) -> None:
        self._vendor, self._endpoint = vendor, endpoint
        self._observed, self._known = observed, known
        self._fields = {**vendor.answer, **endpoint.answer}
        self._reported: set[str] = set()

    def type_changes(self) -> Iterator[DriftFinding]:
        """Yield fields whose type differs from every sample."""
        for path, seen in self._observed.seen.items():
            documented = self._kinds(path)
            if not documented or self._is_already_reported(path):
                continue
            other = [kind for kind in seen.kinds if kind not in _NO_KIND and not _is_documented_kind(kind, documented)]
            if not other:
                continue
            self._reported.add(path)
            count = sum(seen.kinds[kind] for kind in other)
            yield self._finding(
                "retyped",
                path,
                " or ".join(sorted(documented)),
                " or ".join(sorted(other)),
                count,
                seen.count,
                tuple(number for kind in other for number in seen.entries.get(kind, ())),
                seen.example.get(other[0], ""),
                ("types", sorted({*documented, *other})),
            )

    def missing(self) -> Iterator[DriftFinding]:
        """Yield fields that every sample has and no response."""
        for path, documented in self._known.seen.items():
            parent = parent_of(path)
            field = self._fields.get(path)
            if not path or path.endswith(("[]", "{}")) or path in self._observed.seen or (field and field.optional):
                continue
            observed, known = self._observed.seen.get(parent), self._known.seen[parent]
            if (
                observed is None
                or observed.tables < MIN_SAMPLES
                or documented.count < known.tables
                or self._is_already_reported(path)
            ):
                continue
            self._reported.add(path)
            entries = tuple(observed.entries.get("table", ()))
            example = observed.example.get("table", "")
            kinds = " or ".join(sorted(documented.kinds))
            patch = ("optional", True)
            yield self._finding(
                "missing", path, kinds, "not there", observed.tables, observed.tables, entries, example, patch
            )

    def new(self) -> Iterator[DriftFinding]:
        """Yield fields that no sample has, in objects that samples have."""
        for path, seen in self._observed.seen.items():
            if not path or path in self._known.seen or path in self._fields or self._is_already_reported(path):
                continue
            parent = parent_of(path)
            known = self._known.seen.get(parent)
            if known is None or not (known.items if path.endswith("[]") else self._has_fields(parent)):
                continue
            self._reported.add(path)
            kinds = sorted(kind for kind in seen.kinds if kind != "masked") or ["string"]
            entries = tuple(number for kind in kinds for number in seen.entries.get(kind, ()))
            observed = self._observed.seen[parent]
            example = next((seen.example[kind] for kind in kinds if kind in seen.example and kind != "null"), "null")
            of = observed.items if path.endswith("[]") else observed.tables
            patch = ("types", kinds)
            yield self._finding(
                "new", path, "no such field", " or ".join(kinds), seen.count, of, entries, example, patch
            )

    def values(self) -> Iterator[DriftFinding]:
        """Yield values that the catalog does not list for an enumerated field."""
        for path, field in self._fields.items():
            seen = self._observed.seen.get(path)
            if seen is None or not field.enum:
                continue
            for value, count in seen.values.items():
                if value in field.enum:
                    continue
                yield self._finding(
                    "value",
                    path,
                    f"one of {', '.join(field.enum)}",
                    value,
                    count,
                    seen.count,
                    tuple(seen.value_entries.get(value, ())),
                    json.dumps(value, ensure_ascii=False),
                    ("enum", [*field.enum, value]),
                )

    def _kinds(self, path: str) -> set[str]:
        known: ObservedField | None = self._known.seen.get(path)
        field: ResponseField | None = self._fields.get(path)
        kinds = {kind for kind in known.kinds if kind not in _NO_KIND} if known else set()
        return kinds | set(field.types) if field else kinds

    def _has_fields(self, path: str) -> bool:
        """Return whether the samples show fields of that object."""
        return bool(self._known.fields.get(path))

    def _is_already_reported(self, path: str) -> bool:
        parent = path
        while parent:
            parent = parent_of(parent)
            if parent in self._reported:
                return True
        return False

    def _finding(
        self,
        what: Any,
        path: str,
        documented: str,
        seen: str,
        count: int,
        of: int,
        entries: tuple[int, ...],
        example: str,
        patch: tuple[str, Any],
    ) -> DriftFinding:
        where = ("endpoints", self._endpoint.id, "answer", path, patch[0])
        numbers = tuple(dict.fromkeys(entries))[:5]
        return DriftFinding(
            what,
            self._vendor.id,
            self._endpoint.id,
            path,
            documented,
            seen,
            count,
            of,
            numbers,
            example,
            ((where, patch[1]),),
        )


def _is_documented_kind(kind: str, documented: set[str]) -> bool:
    """Return whether *kind* is documented; ``integer`` and ``number`` are interchangeable."""
    numeric = {"integer", "number"}
    return kind in documented or (kind in numeric and bool(numeric & documented))
