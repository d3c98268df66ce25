"""The inputs of a signature as lines that can be changed one by one; base string and signature follow.

Sheet(case, keys) ── changed(line, text) | turned(line) ──► another Sheet ── .case ──► base, signature
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from explorer.core.auth.recipe import ORDERS, OUTPUTS, VALUES, Files, Keyed, Order, Output, Part, Values
from explorer.core.debugging.case import Case, Key
from explorer.core.text.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

LineKind = Literal["time", "value", "key", "path", "choice", "part"]
_FILES: Final[dict[Files, str]] = {"left_out": "left out", "name": "by name", "path": "by path", "empty": "as empty"}
_KEYED: Final[dict[Keyed, str]] = {
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
    "values": ("values", {one: VALUES[one] for one in get_args(Values)}),
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
class Line:
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
class Sheet:
    """A case with what a person changed in it. ``hides`` says which parameters are secret."""

    start: Case
    id_param: str
    timestamp_param: str
    keys: tuple[Key, ...] = ()
    hides: Callable[[str], bool] = lambda _name: False
    now: Case = field(init=False)
    off: frozenset[int] = frozenset()
    """Parts that are left out, by their place."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", self.start)

    @property
    def case(self) -> Case:
        """The case as it is now, without what is left out."""
        parts = tuple(part for at, part in enumerate(self.now.material.parts) if at not in self.off)
        return replace(self.now, material=replace(self.now.material, parts=parts))

    @property
    def changed(self) -> bool:
        """Whether anything is other than at the start."""
        return bool(self.off) or self.now != self.start

    def lines(self) -> tuple[Line, ...]:
        """Every input, in the order in which they are used."""
        material, first = self.now.material, self.start.material
        lines = [self._part(at, part, first.parts[at]) for at, part in enumerate(material.parts)]
        lines.append(Line("path", "path", "path", material.path, changed=material.path != first.path))
        lines += [self._choice(name) for name in _CHOICES]
        key = self.now.key
        text = f"{key.name} ({key.secret.fingerprint()})"
        lines.append(Line("key", "key", "key", text, changed=key.secret != self.start.key.secret, secret=True))
        return tuple(lines)

    def _part(self, at: int, part: Part, first: Part) -> Line:
        kind: LineKind = "time" if part.name == self.timestamp_param else "part"
        hidden = self.hides(part.name)
        shown = MASK if hidden and part.value else part.value
        changed = at in self.off or part.value != first.value
        return Line(kind, str(at), part.name, shown, at not in self.off, changed, hidden)

    def _choice(self, name: str) -> Line:
        label, words = _CHOICES[name]
        value = getattr(self.now.recipe, name)
        changed = value != getattr(self.start.recipe, name)
        return Line("choice", name, label, words.get(value, str(value)), changed=changed)

    def text_of(self, line: Line) -> str:
        """What stands in a line, to be edited; empty for what is secret."""
        if line.secret:
            return ""
        return self.now.material.path if line.kind == "path" else self.now.material.parts[int(line.name)].value

    def typed(self, line: Line, text: str) -> Sheet:
        """Another value for a line."""
        if line.kind == "key":
            return self._with(replace(self.now, key=Key("typed", Secret(text)))) if text else self
        material = self.now.material
        if line.kind == "path":
            return self._with(replace(self.now, material=replace(material, path=text)))
        at = int(line.name)
        parts = list(material.parts)
        parts[at] = Part(parts[at].name, text, parts[at].place)
        return self._with(replace(self.now, material=replace(material, parts=tuple(parts))))

    def turned(self, line: Line, step: int = 1) -> Sheet:
        """The next choice of a line: in or out for a parameter, the next key of the vault for the key."""
        if line.kind in ("part", "time"):
            return self._with(self.now, self.off ^ {int(line.name)})
        if line.kind == "key":
            return self._with(replace(self.now, key=_following((self.start.key, *self._others), self.now.key, step)))
        if line.kind == "choice":
            _, words = _CHOICES[line.name]
            value = _following(tuple(words), getattr(self.now.recipe, line.name), step)
            return self._with(self.now.with_recipe(**{line.name: value}))
        return self

    @property
    def _others(self) -> tuple[Key, ...]:
        return tuple(key for key in self.keys if key.secret != self.start.key.secret)

    def back(self) -> Sheet:
        """As it was at the start."""
        return self._with(self.start, frozenset())

    def _with(self, now: Case, off: frozenset[int] | None = None) -> Sheet:
        other = replace(self, off=self.off if off is None else off)
        object.__setattr__(other, "now", now)
        return other

    def changes(self) -> tuple[str, ...]:
        """The labels of what was changed."""
        return tuple(line.label for line in self.lines() if line.changed)


def _following(values: tuple[Any, ...], value: Any, step: int) -> Any:
    """The one after *value*, round and round; the first for one that is not among them."""
    return values[(values.index(value) + step) % len(values)] if value in values else values[0]
