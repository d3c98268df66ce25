"""Registries: the members of one kind by id, in display order.

A member is an object or its name (``package.module:ATTRIBUTE``), whose module is imported on first use. Adding a member
takes one module and one line in the registry. Reading ids imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """A read-only mapping of id to member.

    *kind* names a member in error messages. *members* are pairs of id and member; *modules* maps ids to member names.

    Raises:
        ValueError: An id is repeated.
    """

    def __init__(
        self, kind: str, *, members: Iterable[tuple[str, T]] = (), modules: Mapping[str, str] | None = None
    ) -> None:
        self._kind = kind
        self._members: dict[str, T | None] = {}
        self._modules: Mapping[str, str] = dict(modules or {})
        for key in self._modules:
            self._add(key, None)
        for key, member in members:
            self._add(key, member)

    def __getitem__(self, key: str) -> T:
        member = self._members[key]
        if member is None:
            module, _, attribute = self._modules[key].partition(":")
            member = self._members[key] = self._load(module, attribute)
        return member

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    @contextmanager
    def added(self, key: str, member: T) -> Iterator[T]:
        """Register *member* for the duration of a ``with`` block.

        Raises:
            ValueError: *key* is already registered.
        """
        self._add(key, member)
        try:
            yield member
        finally:
            del self._members[key]

    def _add(self, key: str, member: T | None) -> None:
        if key in self._members:
            raise ValueError(f"two {self._kind}s have the id {key!r}")
        self._members[key] = member

    def _load(self, module: str, attribute: str) -> T:
        member: T = getattr(import_module(module), attribute)
        return member
