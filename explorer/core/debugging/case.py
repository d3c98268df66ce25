"""One way of signing one request: recipe, material and key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from explorer.core.auth.recipe import SignatureInput, SignatureParameter, SignatureRecipe, build_base_string, sign

if TYPE_CHECKING:
    from explorer.core.text.secret import Secret


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and the words for where it is from; never its text."""

    name: str
    secret: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class SearchContext:
    """What a search for mistakes may use beside the case itself."""

    id_param: str = ""
    timestamp_param: str = ""
    tolerance: float = 300.0
    """Seconds that a timestamp may be off."""
    keys: tuple[SigningKey, ...] = ()
    """Further keys of the same vault."""
    at: float | None = None
    """The moment (Unix seconds) that the request should be of; None: it is not known."""


@dataclass(frozen=True, slots=True)
class SigningCase:
    """Recipe, material and key; what is signed and what comes of it follow."""

    recipe: SignatureRecipe
    material: SignatureInput
    key: SigningKey

    @property
    def base(self) -> str:
        """The base string."""
        return build_base_string(self.recipe, self.material)

    def sign(self, base: str) -> str:
        """The signature of *base*."""
        return sign(self.recipe, self.key.secret.reveal(), base)

    def value(self, name: str) -> str | None:
        """The value of the first parameter of that name, or None."""
        return next((part.value for part in self.material.parts if part.name == name), None)

    def with_recipe(self, **changes: object) -> SigningCase:
        """The case with other choices in its recipe."""
        return replace(self, recipe=replace(self.recipe, **changes))  # type: ignore[arg-type]  # names of its fields

    def with_value(self, name: str, value: str) -> SigningCase:
        """The case with another value of a parameter."""
        parts = tuple(
            SignatureParameter(part.name, value, part.place) if part.name == name else part
            for part in self.material.parts
        )
        return replace(self, material=replace(self.material, parts=parts))
