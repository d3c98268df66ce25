"""One way to sign one request: recipe, material and key; and its steps for people."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from explorer.core.auth.base import SigningStep
from explorer.core.auth.signature_recipe import (
    ORDERS,
    OUTPUTS,
    VALUE_ENCODINGS,
    ParameterPlace,
    SignatureInput,
    SignatureParameter,
    SignatureRecipe,
    build_base_string,
    select_parameters,
    sign,
    sort_parameters,
)
from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Callable

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


_PLACES: Final[dict[ParameterPlace, str]] = {
    "query": "query",
    "body": "body",
    "file": "files",
    "auth": "for the signature",
}


def steps_of(case: SigningCase, masked: Callable[[str], str] = str) -> tuple[SigningStep, ...]:
    """The steps of *case*; *masked* takes secrets out of the base string."""
    recipe, material = case.recipe, case.material
    kept, left = select_parameters(recipe, material)
    places = [
        f"{word}: {' '.join(part.name for part in kept if part.place == place)}"
        for place, word in _PLACES.items()
        if any(part.place == place for part in kept)
    ]
    base = case.base
    size = len(base.encode("utf-8", "surrogateescape"))
    how = f"{'HMAC' if recipe.keyed == 'hmac' else recipe.keyed} {recipe.digest}, {OUTPUTS[recipe.output]}"
    return (
        SigningStep(title="Collected", text="\n".join(places) or "nothing", detail=f"{len(kept)} parameters, decoded"),
        *(SigningStep(title="Left out", text=one.part.name, detail=one.why) for one in left),
        SigningStep(
            title="Sorted",
            text=" ".join(part.name for part in sort_parameters(recipe, kept)),
            detail=f"{ORDERS[recipe.order]}; values {VALUE_ENCODINGS[recipe.values]}",
        ),
        SigningStep(title="Base string", text=masked(base), detail=f"{size} bytes", literal=True),
        SigningStep(title="Key", text=f"{MASK} ({case.key.secret.fingerprint()})", detail=case.key.name),
        SigningStep(title="Digest", text=how),
        SigningStep(title="Signature", text=case.sign(base)),
    )
