"""The records of one vendor: the same at every start, and changed by requests until the server stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.sandbox.expressions import Clock, Function, SeededRandom
from explorer.sandbox.templates import compile_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog.sandbox import RecordCollection, SandboxVendor

Record = dict[str, Any]


class SandboxState:
    """The collections of one vendor, each created at its first use."""

    def __init__(self, vendor_id: str, sandbox: SandboxVendor, started: float) -> None:
        """Create the state; dates in records are relative to *started* (Unix seconds)."""
        self._vendor_id = vendor_id
        self._sandbox = sandbox
        self._clock = Clock(started).functions()
        self._rows: dict[str, list[Record]] = {}
        self._next: dict[str, int] = {}

    def rows(self, name: str) -> list[Record]:
        """Return all records of a collection in the order of their creation.

        Raises:
            KeyError: there is no collection of that name.
        """
        if name not in self._rows:
            self._seed(name, self._sandbox.collections[name])
        return self._rows[name]

    def lookup(self, name: str, key: str, value: Any) -> Record | None:
        """Return the first record whose *key* has *value*, compared as strings."""
        text = str(value)
        return next((row for row in self.rows(name) if str(row.get(key)) == text), None)

    def next_id(self, name: str) -> int:
        """Return the id for a new record."""
        self.rows(name)
        self._next[name] += 1
        return self._next[name] - 1

    def add(self, name: str, record: Record) -> None:
        """Append a record to a collection."""
        self.rows(name).append(record)

    def remove(self, name: str, records: list[Record]) -> None:
        """Remove records, compared by identity."""
        removed = {id(record) for record in records}
        rows = self.rows(name)
        rows[:] = [row for row in rows if id(row) not in removed]

    def select_records(self, name: str, key: str, value: Any) -> list[Record]:
        """Return the records whose *key* has *value*, compared as strings."""
        text = str(value)
        return [row for row in self.rows(name) if str(row.get(key)) == text]

    def functions(self) -> dict[str, Function]:
        """Return ``rows(name)``, ``lookup(name, key, value)`` and ``matching(name, key, value)`` for expressions."""
        return {"rows": self.rows, "lookup": self.lookup, "matching": self.select_records}

    def _seed(self, name: str, collection: RecordCollection) -> None:
        rows: list[Record] = []
        self._rows[name] = rows
        self._next[name] = collection.first + collection.count
        rows.extend(self._seed_record(name, collection, n) for n in range(1, collection.count + 1))

    def _seed_record(self, name: str, collection: RecordCollection, n: int) -> Record:
        random_functions = SeededRandom(f"{self._vendor_id}.{name}.{n}").functions()
        scope: Mapping[str, Any] = {
            "n": n,
            "id": collection.first + n - 1,
            "words": self._sandbox.words,
            "templates": self._sandbox.templates,
            "drop": None,
            "()": {**random_functions, **self._clock, **self.functions()},
        }
        record = compile_template(collection.record)(scope) if collection.record else {}
        if n <= len(collection.fixed):
            record = {**record, **compile_template(collection.fixed[n - 1])({**scope, "record": record})}
        return dict(record)
