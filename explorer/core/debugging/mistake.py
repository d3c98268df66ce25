"""What a mistake of a program that signs requests is, and the kinds of them: each a small class that makes it again.

A mistake varies a case: one choice of the recipe, one value, or the key. What it gives is what the other program would
have signed if it had made that mistake. ``mistakes`` names those that are known, ``moments`` those of the clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.auth.recipe import SignatureParameter
    from explorer.core.debugging.case import SearchContext, SigningCase

MistakeVariant = tuple["SigningCase", str]
"""A case with the mistake in it, and what exactly was done (empty where the title says it all)."""


@dataclass(frozen=True)
class DescribedMistake:
    """``title`` says what the other program did, ``why`` what is wrong with it, ``mend`` what to do."""

    id: str
    title: str
    why: str
    fix: str


class Mistake(DescribedMistake, ABC):
    """A mistake that can be made again, to see whether it gives the same."""

    @abstractmethod
    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        """Every way in which the mistake is made; none where it cannot be."""


@dataclass(frozen=True)
class RecipeMistake(Mistake):
    """Other choices in the recipe: detail → fields."""

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - the same for all
        for detail, fields in self.changes.items():
            if any(getattr(case.recipe, name) != value for name, value in fields.items()):
                yield case.with_recipe(**fields), detail


class PrefixMistake(Mistake):
    """Host or root path before the path."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        origin, root = case.material.origin, case.material.root.strip("/")
        host = origin.partition("://")[2]
        whole = [f"{origin}/{root}/", f"{host}/{root}/"] if root else []
        for lead in dict.fromkeys([*whole, f"{origin}/", f"{host}/"] if host else []):
            yield case.with_recipe(lead=lead), f"it begins with {lead}"


class BasePathMistake(Mistake):
    """The path of the base URL before the path."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        root = case.material.root.strip("/")
        for lead in (f"{root}/", f"/{root}/") if root else ():
            yield case.with_recipe(lead=lead), f"it begins with {lead}"


class MethodMistake(Mistake):
    """The HTTP method before the path."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        for word in (case.material.method, case.material.method.lower()):
            for sign, name in (("&", "&"), ("\n", "a newline"), (" ", "a space"), ("", "nothing")):
                yield case.with_recipe(lead=word + sign), f"{word} and {name} stand before the path"


class PathCaseMistake(Mistake):
    """The path in other letters."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        for path in (case.material.path.lower(), case.material.path.upper()):
            if path != case.material.path:
                yield replace(case, material=replace(case.material, path=path)), ""


class MissingAtSignMistake(Mistake):
    """The id without its ``@``."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        key_id = case.value(known.id_param) or ""
        if "@" in key_id:
            yield case.with_value(known.id_param, key_id.replace("@", "")), "it is lost"
            yield case.with_value(known.id_param, key_id.replace("@", "%40")), "it is escaped as %40"
            yield case.with_value(known.id_param, key_id.partition("@")[0]), "what follows it is lost too"


class MillisecondsMistake(Mistake):
    """Milliseconds where seconds are due, or the other way round."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        stamp = case.value(known.timestamp_param) or ""
        if stamp.isdigit() and len(stamp) < 12:
            yield case.with_value(known.timestamp_param, f"{stamp}000"), f"{stamp}000 was signed"
        elif stamp.isdigit():
            seconds = stamp[:-3]
            yield case.with_value(known.timestamp_param, seconds), f"{seconds} was signed, {stamp} was sent"
        if stamp.isdigit():
            yield case.with_value(known.timestamp_param, f"{stamp}.0"), f"{stamp}.0 was signed"


class UnsignedParameterMistake(Mistake):
    """The id or the time is not signed."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        names = (known.timestamp_param, known.id_param)
        for left in ((names[0],), (names[1],), names):
            if all(left):
                yield case.with_recipe(left_out=left), f"without {' and '.join(left)}"


class SelfSignedMistake(Mistake):
    """The signature's own parameter is signed too."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the recipe only
        name = case.recipe.signature_param
        given = case.value(name)
        if given:
            yield case.with_recipe(own_signature=given), f"with a value of {len(given)} characters"
        yield case.with_recipe(own_signature=""), f"{name}= with an empty value"
        for text in ("null", "None", "0"):
            yield case.with_recipe(own_signature=text), f"{name}={text}"


class WrongKeyMistake(Mistake):
    """Another secret of the same vault."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        for key in known.keys:
            if key.secret != case.key.secret:
                yield replace(case, key=key), f"it is {key.name} ({key.secret.fingerprint()})"


class MissingParametersMistake(Mistake):
    """Parameters of one place are not signed."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        places = {part.place for part in case.material.parts}
        for place, word in (("body", "of the body"), ("query", "of the query")):
            if place in places:
                parts: tuple[SignatureParameter, ...] = tuple(
                    part for part in case.material.parts if part.place != place
                )
                yield replace(case, material=replace(case.material, parts=parts)), f"those {word} are missing"
