"""Check the user's keymap. Textual accepts any string as a key and silently drops the default one."""

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
    """An action with configurable keys. Two actions of the same scope must not share a key.

    The focused widget has priority, so a pane's key can shadow the same key of the empty scope, which applies
    everywhere.
    """

    id: str
    keys: str
    scope: str = ""


def check_keymap(
    keymap: Mapping[str, str], actions: Iterable[KeymapAction], file: str = "settings.toml"
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the valid part of *keymap* in Textual's spelling, and the problems of the rest."""
    known = {action.id: action for action in actions}
    valid: dict[str, str] = {}
    problems: list[str] = []
    for action_id, text in keymap.items():
        at = f"{file}: keymap.{action_id}"
        if action_id not in known:
            near = nearest(action_id, known)
            problems.append(
                f"{at}: unknown action" + (f"; did you mean {near!r}?" if near else "; press ? for the list")
            )
            continue
        keys, key_problems = _keys(text)
        problems += [f"{at}: {problem}" for problem in key_problems]
        if keys and not key_problems:
            valid[action_id] = ",".join(keys)
    _drop_conflicts(valid, known, problems, file)
    return valid, tuple(problems)


def _keys(text: str) -> tuple[list[str], list[str]]:
    keys: list[str] = []
    problems: list[str] = []
    pieces = [","] if text.strip() == "," else text.split(",")
    for piece in pieces:
        key, problem = normal_key(piece.strip())
        if problem:
            problems.append(problem)
        elif key not in keys:
            keys.append(key)
    return keys, problems


def normal_key(text: str) -> tuple[str, str]:
    """Return a key in Textual's spelling (``?`` is ``question_mark``) and its problem (empty: none)."""
    if not text:
        return "", 'a key is missing; write one key, or several separated by commas, such as "f5,ctrl+r"'
    ends_in_plus = text == "+" or text.endswith("++")
    head, base = (text[:-1], "+") if ends_in_plus else text.rpartition("+")[::2]
    modifiers = [modifier.strip().lower() for modifier in head.split("+") if modifier.strip()]
    for modifier in modifiers:
        if modifier not in _MODIFIERS:
            near = nearest(modifier, _MODIFIERS)
            return "", f"{text!r}: {modifier!r} is not a modifier; " + (
                f"did you mean {near!r}?" if near else "use ctrl, alt or shift"
            )
    name = _base_key(base.strip(), bool(modifiers))
    if not name:
        word = base.strip().lower()
        near = _WORDS.get(word) or nearest(word, _NAMED)
        return "", f"{text!r} is not a key; " + (
            f"did you mean {near!r}?" if near else 'examples: "f5", "ctrl+r", "x", "?"'
        )
    key = "+".join([*(modifier for modifier in _MODIFIERS if modifier in modifiers), name])
    if key in _SAME:
        return "", f"{text!r} is the same as {_SAME[key]} in a terminal; choose another key"
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
                character = unicodedata.lookup(spelled)
            except KeyError:
                continue
            return _base_key(character, modified)
    return ""


def _drop_conflicts(valid: dict[str, str], known: Mapping[str, KeymapAction], problems: list[str], file: str) -> None:
    """Remove keys that another action of the same scope has. Actions with default keys take precedence."""
    owners: dict[str, list[KeymapAction]] = {}
    for action in known.values():
        if action.id not in valid:
            for key in _keys(action.keys)[0]:
                owners.setdefault(key, []).append(action)
    for action_id in list(valid):
        action = known[action_id]
        conflicts = [
            (key, owner)
            for key in valid[action_id].split(",")
            for owner in owners.get(key, ())
            if owner.scope == action.scope
        ]
        if conflicts:
            key, owner = conflicts[0]
            at = f"{file}: keymap.{action_id}"
            problems.append(f"{at}: {key!r} is already the key of {owner.id!r}; choose another or change that one")
            del valid[action_id]
            continue
        for key in valid[action_id].split(","):
            owners.setdefault(key, []).append(action)
