"""Signing case: a recipe, its material and its key, and the steps that the UI shows for them."""

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
    """A signing key and a description of its source. The key itself is never shown."""

    name: str
    secret: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class SearchContext:
    """What a search for mistakes may use besides the case itself."""

    id_param: str = ""
    timestamp_param: str = ""
    tolerance: float = 300.0
    """Allowed clock skew, in seconds."""
    keys: tuple[SigningKey, ...] = ()
    """Other keys in the same vault."""
    at: float | None = None
    """Expected signing time in Unix seconds, or None if unknown."""


@dataclass(frozen=True, slots=True)
class SigningCase:
    """Recipe, material and key of one request; the base string and the signature are derived from them."""

    recipe: SignatureRecipe
    material: SignatureInput
    key: SigningKey

    @property
    def base(self) -> str:
        """Return the base string."""
        return build_base_string(self.recipe, self.material)

    def sign(self, base: str) -> str:
        """Return the signature of *base*."""
        return sign(self.recipe, self.key.secret.reveal(), base)

    def value(self, name: str) -> str | None:
        """Return the value of the first parameter called *name*, or None."""
        return next((part.value for part in self.material.parts if part.name == name), None)

    def with_recipe(self, **changes: object) -> SigningCase:
        """Return the case with *changes* applied to its recipe."""
        return replace(self, recipe=replace(self.recipe, **changes))  # type: ignore[arg-type]  # field names

    def with_value(self, name: str, value: str) -> SigningCase:
        """Return the case with the parameter *name* set to *value*."""
        parts = tuple(
            SignatureParameter(part.name, value, part.place) if part.name == name else part
            for part in self.material.parts
        )
        return replace(self, material=replace(self.material, parts=parts))


_PLACE_LABELS: Final[dict[ParameterPlace, str]] = {
    "query": "query",
    "body": "body",
    "file": "files",
    "auth": "added for signing",
}


def steps_of(case: SigningCase, masked: Callable[[str], str] = str) -> tuple[SigningStep, ...]:
    """Return the signing steps of *case*; *masked* redacts the base string."""
    recipe, material = case.recipe, case.material
    signed, unsigned = select_parameters(recipe, material)
    places = [
        f"{label}: {' '.join(part.name for part in signed if part.place == place)}"
        for place, label in _PLACE_LABELS.items()
        if any(part.place == place for part in signed)
    ]
    base = case.base
    size = len(base.encode("utf-8", "surrogateescape"))
    digest = f"{'HMAC' if recipe.keyed == 'hmac' else recipe.keyed} {recipe.digest}, {OUTPUTS[recipe.output]}"
    return (
        SigningStep(title="Collected", text="\n".join(places) or "none", detail=f"{len(signed)} parameters, decoded"),
        *(SigningStep(title="Left out", text=parameter.part.name, detail=parameter.why) for parameter in unsigned),
        SigningStep(
            title="Sorted",
            text=" ".join(part.name for part in sort_parameters(recipe, signed)),
            detail=f"{ORDERS[recipe.order]}; values {VALUE_ENCODINGS[recipe.values]}",
        ),
        SigningStep(title="Base string", text=masked(base), detail=f"{size} bytes", literal=True),
        SigningStep(title="Key", text=f"{MASK} ({case.key.secret.fingerprint()})", detail=case.key.name),
        SigningStep(title="Digest", text=digest),
        SigningStep(title="Signature", text=case.sign(base)),
    )
