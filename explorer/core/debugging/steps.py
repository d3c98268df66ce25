"""A case step by step, for people: what was collected, left out, sorted, joined, with which key and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.auth.base import SigningStep
from explorer.core.auth.recipe import (
    ORDERS,
    OUTPUTS,
    VALUE_ENCODINGS,
    ParameterPlace,
    select_parameters,
    sort_parameters,
)
from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.debugging.case import SigningCase

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
