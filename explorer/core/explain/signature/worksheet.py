"""The inputs of a signature as lines that can be changed one by one; base string and signature follow.

Sheet(case, keys) ── changed(line, text) | turned(line) ──► another Sheet ── .case ──► base, signature
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from explorer.core.auth.signature_recipe import (
    ORDERS,
    OUTPUTS,
    VALUE_ENCODINGS,
    FileTreatment,
    KeyedDigest,
    Order,
    Output,
    SignatureParameter,
    ValueEncoding,
)
from explorer.core.explain.signature.case import SigningCase, SigningKey
from explorer.core.text.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

LineKind = Literal["time", "value", "key", "path", "choice", "part"]
_FILES: Final[dict[FileTreatment, str]] = {
    "left_out": "left out",
    "name": "by name",
    "path": "by path",
    "empty": "as empty",
}
_KEYED: Final[dict[KeyedDigest, str]] = {
    "hmac": "HMAC",
    "swapped": "HMAC, key and text exchanged",
    "key_first": "hash of key and text",
    "key_last": "hash of text and key",
    "none": "hash of the text alone",
}
_ENDINGS: Final = {"": "nothing", "\n": "a newline", "\r\n": "a carriage return and a newline"}
_LEADS: Final = {"": "nothing", "/": "a slash"}
_CHOICES: Final[dict[str, tuple[str, dict[Any, str]]]] = {
    "order": ("order", {one: ORDERS[one] for one in get_args(Order)}),
    "values": ("values", {one: VALUE_ENCODINGS[one] for one in get_args(ValueEncoding)}),
    "strip_suffix": ("format", {True: "left out", False: "signed too"}),
    "lead": ("before the path", _LEADS),
    "files": ("files", _FILES),
    "keep_empty": ("empty values", {True: "signed as key=", False: "dropped"}),
    "ending": ("at the end", _ENDINGS),
    "digest": ("hash", {"sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5", "sha512": "SHA-512"}),
    "keyed": ("made as", _KEYED),
    "output": ("written", {one: OUTPUTS[one] for one in get_args(Output)}),
}
"""Field of the recipe → what it is called, and its choices in words."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One input. ``on`` is None where it cannot be left out; a ``secret`` value is masked in ``shown``."""

    kind: LineKind
    name: str
    label: str
    shown: str
    on: bool | None = None
    changed: bool = False
    secret: bool = False

    @property
    def editable(self) -> bool:
        """Whether it can be typed."""
        return self.kind != "choice"


@dataclass(frozen=True)
class SigningSheet:
    """A case with what a person changed in it. ``hides`` says which parameters are secret."""

    start: SigningCase
    id_param: str
    timestamp_param: str
    keys: tuple[SigningKey, ...] = ()
    hides: Callable[[str], bool] = lambda _name: False
    now: SigningCase = field(init=False)
    excluded_lines: frozenset[int] = frozenset()
    """Parts that are left out, by their place."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", self.start)

    @property
    def case(self) -> SigningCase:
        """The case as it is now, without what is left out."""
        parts = tuple(part for at, part in enumerate(self.now.material.parts) if at not in self.excluded_lines)
        return replace(self.now, material=replace(self.now.material, parts=parts))

    @property
    def changed(self) -> bool:
        """Whether anything is other than at the start."""
        return bool(self.excluded_lines) or self.now != self.start

    def lines(self) -> tuple[SheetLine, ...]:
        """Every input, in the order in which they are used."""
        material, first = self.now.material, self.start.material
        lines = [self._part(at, part, first.parts[at]) for at, part in enumerate(material.parts)]
        lines.append(SheetLine("path", "path", "path", material.path, changed=material.path != first.path))
        lines += [self._choice(name) for name in _CHOICES]
        key = self.now.key
        text = f"{key.name} ({key.secret.fingerprint()})"
        lines.append(SheetLine("key", "key", "key", text, changed=key.secret != self.start.key.secret, secret=True))
        return tuple(lines)

    def _part(self, at: int, part: SignatureParameter, first: SignatureParameter) -> SheetLine:
        kind: LineKind = "time" if part.name == self.timestamp_param else "part"
        hidden = self.hides(part.name)
        shown = MASK if hidden and part.value else part.value
        changed = at in self.excluded_lines or part.value != first.value
        return SheetLine(kind, str(at), part.name, shown, at not in self.excluded_lines, changed, hidden)

    def _choice(self, name: str) -> SheetLine:
        label, words = _CHOICES[name]
        value = getattr(self.now.recipe, name)
        changed = value != getattr(self.start.recipe, name)
        return SheetLine("choice", name, label, words.get(value, str(value)), changed=changed)

    def text_of(self, line: SheetLine) -> str:
        """What stands in a line, to be edited; empty for what is secret."""
        if line.secret:
            return ""
        return self.now.material.path if line.kind == "path" else self.now.material.parts[int(line.name)].value

    def typed(self, line: SheetLine, text: str) -> SigningSheet:
        """Another value for a line."""
        if line.kind == "key":
            return self._with(replace(self.now, key=SigningKey("typed", Secret(text)))) if text else self
        material = self.now.material
        if line.kind == "path":
            return self._with(replace(self.now, material=replace(material, path=text)))
        at = int(line.name)
        parts = list(material.parts)
        parts[at] = SignatureParameter(parts[at].name, text, parts[at].place)
        return self._with(replace(self.now, material=replace(material, parts=tuple(parts))))

    def with_next_choice(self, line: SheetLine, step: int = 1) -> SigningSheet:
        """The next choice of a line: in or out for a parameter, the next key of the vault for the key."""
        if line.kind in ("part", "time"):
            return self._with(self.now, self.excluded_lines ^ {int(line.name)})
        if line.kind == "key":
            return self._with(replace(self.now, key=_next_choice((self.start.key, *self._others), self.now.key, step)))
        if line.kind == "choice":
            _, words = _CHOICES[line.name]
            value = _next_choice(tuple(words), getattr(self.now.recipe, line.name), step)
            return self._with(self.now.with_recipe(**{line.name: value}))
        return self

    @property
    def _others(self) -> tuple[SigningKey, ...]:
        return tuple(key for key in self.keys if key.secret != self.start.key.secret)

    def back(self) -> SigningSheet:
        """As it was at the start."""
        return self._with(self.start, frozenset())

    def _with(self, now: SigningCase, off: frozenset[int] | None = None) -> SigningSheet:
        other = replace(self, excluded_lines=self.excluded_lines if off is None else off)
        object.__setattr__(other, "now", now)
        return other

    def changes(self) -> tuple[str, ...]:
        """The labels of what was changed."""
        return tuple(line.label for line in self.lines() if line.changed)


def _next_choice(values: tuple[Any, ...], value: Any, step: int) -> Any:
    """The one after *value*, round and round; the first for one that is not among them."""
    return values[(values.index(value) + step) % len(values)] if value in values else values[0]
