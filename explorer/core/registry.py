"""Registries: the members of one kind by id, each in a module of its own that loads on first use.

Adding a member is one file and one line in the registry. A test adds one for its duration with ``added``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """A read-only mapping of id to member. *modules* maps each id to ``package.module:ATTRIBUTE``."""

    def __init__(self, kind: type[T], modules: Mapping[str, str]) -> None:
        self._kind = kind
        self._modules = dict(modules)
        self._loaded: dict[str, T] = {}

    def __getitem__(self, key: str) -> T:
        if key not in self._loaded:
            module, _, attribute = self._modules[key].partition(":")
            member = getattr(import_module(module), attribute)
            if not isinstance(member, self._kind):
                raise TypeError(f"{self._modules[key]} is not a {self._kind.__name__}")
            self._loaded[key] = member
        return self._loaded[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    @contextmanager
    def added(self, key: str, member: T) -> Iterator[T]:
        """Register *member* for the duration of a ``with`` block.

        Raises:
            ValueError: *key* is registered already.
        """
        if key in self._modules:
            raise ValueError(f"{key!r} is registered already")
        self._modules[key], self._loaded[key] = "", member
        try:
            yield member
        finally:
            del self._modules[key], self._loaded[key]
