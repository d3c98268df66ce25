"""Editable worksheet of a signature: each input is a line, and every change returns a new worksheet.

SigningSheet ── typed(line, text) | with_next_choice(line) ──► SigningSheet ── .case ──► base string, signature
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
    "swapped": "HMAC, key and data swapped",
    "key_first": "hash of key and data",
    "key_last": "hash of data and key",
    "none": "hash of the data alone",
}
_ENDINGS: Final = {"": "nothing", "\n": "a newline", "\r\n": "a carriage return and a newline"}
_LEADS: Final = {"": "nothing", "/": "a slash"}
_CHOICES: Final[dict[str, tuple[str, dict[Any, str]]]] = {
    "order": ("order", {order: ORDERS[order] for order in get_args(Order)}),
    "values": ("values", {encoding: VALUE_ENCODINGS[encoding] for encoding in get_args(ValueEncoding)}),
    "strip_suffix": ("format", {True: "left out", False: "signed"}),
    "lead": ("before the path", _LEADS),
    "files": ("files", _FILES),
    "keep_empty": ("empty values", {True: "signed as key=", False: "dropped"}),
    "ending": ("at the end", _ENDINGS),
    "digest": ("hash", {"sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5", "sha512": "SHA-512"}),
    "keyed": ("algorithm", _KEYED),
    "output": ("output", {output: OUTPUTS[output] for output in get_args(Output)}),
}
"""Recipe field → its label, and the labels of its choices."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One input of a signature. ``on`` is None if it cannot be left out; a ``secret`` value is masked in ``shown``."""

    kind: LineKind
    name: str
    label: str
    shown: str
    on: bool | None = None
    changed: bool = False
    secret: bool = False

    @property
    def editable(self) -> bool:
        """Whether its value can be typed."""
        return self.kind != "choice"


@dataclass(frozen=True)
class SigningSheet:
    """A signing case and the user's changes to it. ``hides`` returns whether a parameter is secret."""

    start: SigningCase
    id_param: str
    timestamp_param: str
    keys: tuple[SigningKey, ...] = ()
    hides: Callable[[str], bool] = lambda _name: False
    now: SigningCase = field(init=False)
    excluded_lines: frozenset[int] = frozenset()
    """Indexes of the parameters that are left out."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", self.start)

    @property
    def case(self) -> SigningCase:
        """The current case, without the parameters that are left out."""
        parts = tuple(part for at, part in enumerate(self.now.material.parts) if at not in self.excluded_lines)
        return replace(self.now, material=replace(self.now.material, parts=parts))

    @property
    def changed(self) -> bool:
        """Whether anything differs from the start."""
        return bool(self.excluded_lines) or self.now != self.start

    def lines(self) -> tuple[SheetLine, ...]:
        """Return every input, in the order of use."""
        material, first = self.now.material, self.start.material
        lines = [self._parameter_line(at, part, first.parts[at]) for at, part in enumerate(material.parts)]
        lines.append(SheetLine("path", "path", "path", material.path, changed=material.path != first.path))
        lines += [self._choice_line(name) for name in _CHOICES]
        key = self.now.key
        text = f"{key.name} ({key.secret.fingerprint()})"
        lines.append(SheetLine("key", "key", "key", text, changed=key.secret != self.start.key.secret, secret=True))
        return tuple(lines)

    def _parameter_line(self, at: int, part: SignatureParameter, first: SignatureParameter) -> SheetLine:
        kind: LineKind = "time" if part.name == self.timestamp_param else "part"
        hidden = self.hides(part.name)
        shown = MASK if hidden and part.value else part.value
        changed = at in self.excluded_lines or part.value != first.value
        return SheetLine(kind, str(at), part.name, shown, at not in self.excluded_lines, changed, hidden)

    def _choice_line(self, name: str) -> SheetLine:
        label, choices = _CHOICES[name]
        value = getattr(self.now.recipe, name)
        changed = value != getattr(self.start.recipe, name)
        return SheetLine("choice", name, label, choices.get(value, str(value)), changed=changed)

    def text_of(self, line: SheetLine) -> str:
        """Return the editable value of a line; empty if it is secret."""
        if line.secret:
            return ""
        return self.now.material.path if line.kind == "path" else self.now.material.parts[int(line.name)].value

    def typed(self, line: SheetLine, text: str) -> SigningSheet:
        """Return the worksheet with the value of *line* set to *text*."""
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
        """Return the worksheet with the next choice of *line*: for a parameter signed or left out, for the key the next
        key in the vault."""
        if line.kind in ("part", "time"):
            return self._with(self.now, self.excluded_lines ^ {int(line.name)})
        if line.kind == "key":
            others = (key for key in self.keys if key.secret != self.start.key.secret)
            return self._with(replace(self.now, key=_next_choice((self.start.key, *others), self.now.key, step)))
        if line.kind == "choice":
            _, choices = _CHOICES[line.name]
            value = _next_choice(tuple(choices), getattr(self.now.recipe, line.name), step)
            return self._with(self.now.with_recipe(**{line.name: value}))
        return self

    def back(self) -> SigningSheet:
        """Return the worksheet without any changes."""
        return self._with(self.start, frozenset())

    def _with(self, now: SigningCase, excluded: frozenset[int] | None = None) -> SigningSheet:
        sheet = replace(self, excluded_lines=self.excluded_lines if excluded is None else excluded)
        object.__setattr__(sheet, "now", now)
        return sheet

    def changes(self) -> tuple[str, ...]:
        """Return the labels of the changed lines."""
        return tuple(line.label for line in self.lines() if line.changed)


def _next_choice(values: tuple[Any, ...], value: Any, step: int) -> Any:
    """Return the value *step* places after *value*, wrapping around; the first if *value* is not in *values*."""
    return values[(values.index(value) + step) % len(values)] if value in values else values[0]
