"""Compare the shape of responses with the catalog's samples; one finding for each difference."""

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
"""A path below the vendor's table in the catalog, and the value to stand there."""
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
    """A difference, seen often enough to be told."""

    what: DriftKind
    vendor: str
    endpoint: str
    place: str
    """A path in the answer (``data[].owner``) or the name of a parameter."""
    documented: str
    """What the catalog says, in words."""
    seen: str
    """What was seen, in words."""
    count: int
    """In how many places it was seen."""
    of: int
    """Out of how many."""
    entries: tuple[int, ...] = ()
    """Entries of the history that show it, a few."""
    example: str = ""
    patches: tuple[Patch, ...] = ()

    @property
    def key(self) -> str:
        """What tells it from every other; the same when it is seen again."""
        return f"{self.vendor}.{self.endpoint}|{self.what}|{self.place}|{self.seen}"

    @property
    def title(self) -> str:
        """``new field data[].colour``."""
        return f"{DRIFT_KINDS[self.what]} {self.place or '(the body)'}"


def sort_findings(findings: Iterable[DriftFinding]) -> list[DriftFinding]:
    """Findings in the order in which they matter: by vendor and call, what breaks programs first."""
    return sorted(findings, key=lambda one: (one.vendor, one.endpoint, _WEIGHT.index(one.what), one.place))


MIN_SAMPLES: Final = 3
"""Tables in which a field has to be missing before it is told: one alone may be a record of another kind."""
_NO_KIND: Final = frozenset({"null", "masked"})


def documented_shape(endpoint: Endpoint) -> Shape:
    """The shape of the catalog's good samples; empty where it has none that is JSON."""
    shape = Shape()
    for sample in endpoint.samples:
        if 200 <= sample.status < 300 and sample.body:
            try:
                shape.add(json.loads(sample.body))
            except ValueError:
                continue  # a sample in XML, or one that the document itself cut short
    return shape


def compare_shapes(vendor: Vendor, endpoint: Endpoint, observed: Shape) -> list[DriftFinding]:
    """Where *observed* differs from what the catalog says of the call's answers."""
    known = documented_shape(endpoint)
    if not known.bodies or not observed.bodies:
        return []
    judge = _ShapeComparison(vendor, endpoint, observed, known)
    return [*judge.type_changes(), *judge.missing(), *judge.new(), *judge.values()]


class _ShapeComparison:
    """Both shapes, and what is told already: nothing below that is told again."""

    def __init__(self, vendor: Vendor, endpoint: Endpoint, observed: Shape, known: Shape) -> None:
        self._vendor, self._endpoint = vendor, endpoint
        self._observed, self._known = observed, known
        self._fields = {**vendor.answer, **endpoint.answer}
        self._told: set[str] = set()

    def type_changes(self) -> Iterator[DriftFinding]:
        """Fields of another kind than in every sample."""
        for path, seen in self._observed.seen.items():
            said = self._kinds(path)
            if not said or self._is_already_reported(path):
                continue
            other = [kind for kind in seen.kinds if kind not in _NO_KIND and not _is_documented_kind(kind, said)]
            if not other:
                continue
            self._told.add(path)
            count = sum(seen.kinds[kind] for kind in other)
            yield self._finding(
                "retyped",
                path,
                " or ".join(sorted(said)),
                " or ".join(sorted(other)),
                count,
                seen.count,
                tuple(number for kind in other for number in seen.entries.get(kind, ())),
                seen.example.get(other[0], ""),
                ("types", sorted({*said, *other})),
            )

    def missing(self) -> Iterator[DriftFinding]:
        """Fields that every sample has, and no answer."""
        for path, said in self._known.seen.items():
            parent = parent_of(path)
            field = self._fields.get(path)
            if not path or path.endswith(("[]", "{}")) or path in self._observed.seen or (field and field.optional):
                continue
            there, known = self._observed.seen.get(parent), self._known.seen[parent]
            if (
                there is None
                or there.tables < MIN_SAMPLES
                or said.count < known.tables
                or self._is_already_reported(path)
            ):
                continue
            self._told.add(path)
            entries = tuple(there.entries.get("table", ()))
            example = there.example.get("table", "")
            kinds = " or ".join(sorted(said.kinds))
            patch = ("optional", True)
            yield self._finding(
                "missing", path, kinds, "not there", there.tables, there.tables, entries, example, patch
            )

    def new(self) -> Iterator[DriftFinding]:
        """Fields that no sample has, in tables that samples have."""
        for path, seen in self._observed.seen.items():
            if not path or path in self._known.seen or path in self._fields or self._is_already_reported(path):
                continue
            parent = parent_of(path)
            known = self._known.seen.get(parent)
            if known is None or not (known.items if path.endswith("[]") else self._has_fields(parent)):
                continue
            self._told.add(path)
            kinds = sorted(kind for kind in seen.kinds if kind != "masked") or ["string"]
            entries = tuple(number for kind in kinds for number in seen.entries.get(kind, ()))
            there = self._observed.seen[parent]
            example = next((seen.example[kind] for kind in kinds if kind in seen.example and kind != "null"), "null")
            of = there.items if path.endswith("[]") else there.tables
            patch = ("types", kinds)
            yield self._finding(
                "new", path, "no such field", " or ".join(kinds), seen.count, of, entries, example, patch
            )

    def values(self) -> Iterator[DriftFinding]:
        """Values that are not among those that the catalog lists for a field."""
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
        """Whether the samples show what stands in that table: an empty one shows nothing."""
        return bool(self._known.fields.get(path))

    def _is_already_reported(self, path: str) -> bool:
        parent = path
        while parent:
            parent = parent_of(parent)
            if parent in self._told:
                return True
        return False

    def _finding(
        self,
        what: Any,
        path: str,
        said: str,
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
            said,
            seen,
            count,
            of,
            numbers,
            example,
            ((where, patch[1]),),
        )


def _is_documented_kind(kind: str, said: set[str]) -> bool:
    return kind in said or (kind == "integer" and "number" in said) or (kind == "number" and "integer" in said)
