"""One way of signing one request: recipe, material and key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from explorer.core.auth.recipe import Material, Part, Recipe, base_of, sign

if TYPE_CHECKING:
    from explorer.core.text.secret import Secret


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the words for where it is from; never its text."""

    name: str
    secret: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What a search for mistakes may use beside the case itself."""

    id_param: str = ""
    timestamp_param: str = ""
    tolerance: float = 300.0
    """Seconds that a timestamp may be off."""
    keys: tuple[Key, ...] = ()
    """Further keys of the same vault."""
    at: float | None = None
    """The moment (Unix seconds) that the request should be of; None: it is not known."""


@dataclass(frozen=True, slots=True)
class Case:
    """Recipe, material and key; what is signed and what comes of it follow."""

    recipe: Recipe
    material: Material
    key: Key

    @property
    def base(self) -> str:
        """The base string."""
        return base_of(self.recipe, self.material)

    def sign(self, base: str) -> str:
        """The signature of *base*."""
        return sign(self.recipe, self.key.secret.reveal(), base)

    def value(self, name: str) -> str | None:
        """The value of the first parameter of that name, or None."""
        return next((part.value for part in self.material.parts if part.name == name), None)

    def with_recipe(self, **changes: object) -> Case:
        """The case with other choices in its recipe."""
        return replace(self, recipe=replace(self.recipe, **changes))  # type: ignore[arg-type]  # names of its fields

    def with_value(self, name: str, value: str) -> Case:
        """The case with another value of a parameter."""
        parts = tuple(Part(part.name, value, part.place) if part.name == name else part for part in self.material.parts)
        return replace(self, material=replace(self.material, parts=parts))
