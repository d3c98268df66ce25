"""The records of one vendor: there from the start, the same at every start, and changed by calls until the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.sandbox.expressions import Clock, Function, SeededRandom
from explorer.sandbox.templates import compile_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog.sandbox import RecordCollection, SandboxVendor

Record = dict[str, Any]


class SandboxState:
    """The collections of one vendor, each made when it is first asked for."""

    def __init__(self, vendor_id: str, sandbox: SandboxVendor, started: float) -> None:
        """*started* is the Unix time that dates in records hang on."""
        self._vendor_id = vendor_id
        self._sandbox = sandbox
        self._clock = Clock(started).functions()
        self._rows: dict[str, list[Record]] = {}
        self._next: dict[str, int] = {}

    def rows(self, name: str) -> list[Record]:
        """All records of a collection, in the order in which they were made.

        Raises:
            KeyError: no collection of that name.
        """
        if name not in self._rows:
            self._seed(name, self._sandbox.collections[name])
        return self._rows[name]

    def lookup(self, name: str, key: str, value: Any) -> Record | None:
        """The first record of a collection whose *key* has *value*, compared as text."""
        wanted = str(value)
        return next((row for row in self.rows(name) if str(row.get(key)) == wanted), None)

    def next_id(self, name: str) -> int:
        """The number for a new record."""
        self.rows(name)
        self._next[name] += 1
        return self._next[name] - 1

    def add(self, name: str, record: Record) -> None:
        """Put a record at the end of a collection."""
        self.rows(name).append(record)

    def remove(self, name: str, doomed: list[Record]) -> None:
        """Take records away, by identity."""
        gone = {id(record) for record in doomed}
        rows = self.rows(name)
        rows[:] = [row for row in rows if id(row) not in gone]

    def select_records(self, name: str, key: str, value: Any) -> list[Record]:
        """The records of a collection whose *key* has *value*, compared as text."""
        wanted = str(value)
        return [row for row in self.rows(name) if str(row.get(key)) == wanted]

    def functions(self) -> dict[str, Function]:
        """``rows(name)``, ``lookup(name, key, value)`` and ``matching(name, key, value)`` for expressions."""
        return {"rows": self.rows, "lookup": self.lookup, "matching": self.select_records}

    def _seed(self, name: str, collection: RecordCollection) -> None:
        rows: list[Record] = []
        self._rows[name] = rows
        self._next[name] = collection.first + collection.count
        rows.extend(self._make(name, collection, n) for n in range(1, collection.count + 1))

    def _make(self, name: str, collection: RecordCollection, n: int) -> Record:
        fate = SeededRandom(f"{self._vendor_id}.{name}.{n}").functions()
        scope: Mapping[str, Any] = {
            "n": n,
            "id": collection.first + n - 1,
            "words": self._sandbox.words,
            "templates": self._sandbox.templates,
            "drop": None,
            "()": {**fate, **self._clock, **self.functions()},
        }
        made = compile_template(collection.record)(scope) if collection.record else {}
        if n <= len(collection.fixed):
            made = {**made, **compile_template(collection.fixed[n - 1])({**scope, "record": made})}
        return dict(made)
