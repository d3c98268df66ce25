"""Keys that a person gives to actions. The terminal library takes any text for a key and lets go of the old one without
a word; so what is wrong is found here."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from explorer.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MODIFIERS: Final = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMED_KEYS: Final = """escape enter tab space backspace delete insert home end pageup pagedown up down left right slash
    backslash at minus plus underscore comma full_stop"""
_NAMED: Final = frozenset(_NAMED_KEYS.split()) | {f"f{number}" for number in range(1, 25)}
_SHORT: Final = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_SAME: Final = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+left_square_bracket": "escape"}
_WORDS: Final = {
    "return": "enter",
    "esc": "escape",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
}


class KeymapAction(NamedTuple):
    """An action that keys can be given to. Two actions of the same scope must not share a key; what has the focus comes
    first, so a pane's key may shadow the same key of the empty scope (everywhere), which goes on working elsewhere."""

    id: str
    keys: str
    scope: str = ""


def check_keymap(
    keymap: Mapping[str, str], actions: Iterable[KeymapAction], file: str = "settings.toml"
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What of *keymap* can be used (keys in the library's spelling), and a sentence for everything that cannot."""
    known = {action.id: action for action in actions}
    good: dict[str, str] = {}
    problems: list[str] = []
    for action_id, text in keymap.items():
        at = f"{file}: keymap.{action_id}"
        if action_id not in known:
            near = nearest(action_id, known)
            problems.append(f"{at}: no such action" + (f"; did you mean {near!r}?" if near else "; `?` lists them"))
            continue
        keys, wrong = _keys(text)
        problems += [f"{at}: {one}" for one in wrong]
        if keys and not wrong:
            good[action_id] = ",".join(keys)
    _drop_conflicts(good, known, problems, file)
    return good, tuple(problems)


def _keys(text: str) -> tuple[list[str], list[str]]:
    keys: list[str] = []
    wrong: list[str] = []
    pieces = [","] if text.strip() == "," else text.split(",")
    for piece in pieces:
        key, problem = normal_key(piece.strip())
        if problem:
            wrong.append(problem)
        elif key not in keys:
            keys.append(key)
    return keys, wrong


def normal_key(text: str) -> tuple[str, str]:
    """A key in the library's spelling (``?`` is ``question_mark``), and what is wrong with it (empty: nothing)."""
    if not text:
        return "", 'a key is missing; write one key, or several with commas between, as in "f5,ctrl+r"'
    ends_in_plus = text == "+" or text.endswith("++")
    head, base = (text[:-1], "+") if ends_in_plus else text.rpartition("+")[::2]
    modifiers = [one.strip().lower() for one in head.split("+") if one.strip()]
    for one in modifiers:
        if one not in _MODIFIERS:
            near = nearest(one, _MODIFIERS)
            return "", f"{text!r}: {one!r} is no modifier; " + (
                f"did you mean {near!r}?" if near else "ctrl, alt, shift …"
            )
    name = _base_key(base.strip(), bool(modifiers))
    if not name:
        word = base.strip().lower()
        near = _WORDS.get(word) or nearest(word, _NAMED)
        return "", f"{text!r} is no key; " + (f"did you mean {near!r}?" if near else 'as in "f5", "ctrl+r", "x" or "?"')
    key = "+".join([*(one for one in _MODIFIERS if one in modifiers), name])
    if key in _SAME:
        return "", f"{text!r} cannot be told from {_SAME[key]} in a terminal; choose another key"
    return key, ""


def _base_key(text: str, modified: bool) -> str:
    if len(text) == 1:
        if text.isalnum():
            return text.lower() if modified else text
        name = unicodedata.name(text, "").lower().replace("-", "_").replace(" ", "_")
        return _SHORT.get(name, name)
    word = text.lower()
    if word in _NAMED:
        return word
    if re.fullmatch(r"[a-z]+(?:_[a-z]+)*", word):
        for spelled in (word.replace("_", " "), word.replace("_", "-")):
            try:
                sign = unicodedata.lookup(spelled)
            except KeyError:
                continue
            return _base_key(sign, modified)
    return ""


def _drop_conflicts(good: dict[str, str], known: Mapping[str, KeymapAction], problems: list[str], file: str) -> None:
    """Take away keys that another action of the same scope has; actions that keep their own keys come first."""
    owners: dict[str, list[KeymapAction]] = {}
    for action in known.values():
        if action.id not in good:
            for key in _keys(action.keys)[0]:
                owners.setdefault(key, []).append(action)
    for action_id in list(good):
        action = known[action_id]
        clash = [
            (key, owner)
            for key in good[action_id].split(",")
            for owner in owners.get(key, ())
            if owner.scope == action.scope
        ]
        if clash:
            key, owner = clash[0]
            problems.append(
                f"{file}: keymap.{action_id}: {key!r} is the key of {owner.id!r}; choose another, or move that one"
            )
            del good[action_id]
            continue
        for key in good[action_id].split(","):
            owners.setdefault(key, []).append(action)
