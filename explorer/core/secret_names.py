"""Names that are secret in every API, and patterns that match them quickly."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

WELL_KNOWN: Final = frozenset(
    (
        "access_token",
        "refresh_token",
        "id_token",
        "auth_token",
        "bearer_token",
        "session_token",
        "api_token",
        "token",
        "csrf_token",
        "xsrf_token",
        "client_secret",
        "consumer_secret",
        "app_secret",
        "shared_secret",
        "api_secret",
        "token_secret",
        "secret",
        "secret_key",
        "secret_access_key",
        "client_assertion",
        "code_verifier",
        "device_code",
        "api_key",
        "x_api_key",
        "x_auth_token",
        "x_access_token",
        "private_key",
        "signing_key",
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "password_confirmation",
        "password_confirm",
        "confirm_password",
        "new_password",
        "old_password",
        "current_password",
        "user_password",
        "one_time_password",
        "otp",
        "authorization",
        "proxy_authorization",
        "session",
        "session_id",
        "phpsessid",
        "jsessionid",
        "cookie",
        "set_cookie",
        "card_number",
        "credit_card_number",
        "cvv",
        "cvv2",
        "cvc",
        "cvc2",
        "cvv_code",
        "cvc_code",
        "card_cvv",
        "card_cvc",
        "security_code",
        "card_security_code",
    )
)
"""Names that are secret regardless of the catalog, as words. Matched with ``_``, with ``-`` and in camel case.

Omitted on purpose, because documentation also uses them for values that are not secret: ``code``, ``key``, ``number``,
``pin``, ``auth``, ``signature``, ``client_id``, ``token_type`` and ``next_page_token``. A catalog lists these where
they are secret.
"""
SECRET_HEADERS: Final = frozenset({"www-authenticate-token"})
_HEADER_ENDINGS: Final = ("token", "secret", "password", "passwd", "apikey", "authorization", "cookie", "session")
_LONGEST_PART: Final = re.compile(r"[^.\[\]]+")
_CANONICAL: Final = frozenset(name.replace("_", "") for name in WELL_KNOWN)
_SEPARATOR: Final = "[_-]?"
_ANY: Final = "\0"
"""Placeholder for any character before a name that is shorter than the lookahead."""
_WITHOUT_SEPARATORS: Final = str.maketrans("", "", "_-")
_LOOKAHEAD_LENGTH: Final = 3
"""Number of leading characters that the lookahead checks."""


def canonical(name: str) -> str:
    """Return *name* in lowercase without ``_`` and ``-``, equal for ``X-Api-Key``, ``x_api_key`` and ``xApiKey``."""
    return name.lower().translate(_WITHOUT_SEPARATORS)


def is_well_known(name: str) -> bool:
    """Return whether a field, parameter or query key of this name is secret in every API."""
    return canonical(last_part(name)) in _CANONICAL


def is_secret_header(name: str) -> bool:
    """Return whether a header of this name is secret: well known, or named as a token, API key or session."""
    return name.lower() in SECRET_HEADERS or canonical(name) in _CANONICAL or canonical(name).endswith(_HEADER_ENDINGS)


def last_part(name: str) -> str:
    """Return the innermost name in lowercase: ``number`` of ``card.number``, ``password`` of ``user[password]``."""
    if "." not in name and "[" not in name:
        return name.lower()
    words = [part for part in _LONGEST_PART.findall(name) if not part.isdigit() and part not in ("#", "*")]
    return words[-1].lower() if words else name.lower()


@cache
def name_pattern(names: frozenset[str]) -> str:
    """Return a case-insensitive regular expression for *names* (lowercase) and the well-known names.

    It is a tree that branches by character, after a lookahead on the first three, which rule out most names in a text.
    """
    tree: dict[str, Any] = {}
    own = [name for name in names if name and canonical(name) not in _CANONICAL]
    words = (*map(_exact_patterns, own), *map(_word_patterns, WELL_KNOWN))
    for atoms in words:
        node = tree
        for atom in atoms:
            node = node.setdefault(atom, {})
        node[""] = {}
    return f"{_look_ahead([*own, *WELL_KNOWN])}(?:{_branches(tree)})"


def _look_ahead(names: list[str]) -> str:
    """Return a lookahead for the first characters of the names; a separator may precede any of them."""
    sets = []
    for place in range(min(_LOOKAHEAD_LENGTH, *map(len, names))):
        characters = {cased for name in names for cased in _cases(name[place])}
        characters |= {"_", "-"} | {cased for name in names for cased in _cases(name.replace("_", "")[place:][:1])}
        sets.append(f"[{''.join(sorted(re.escape(character) for character in characters))}]")
    return f"(?={''.join(sets)})"


@cache
def ending_pattern(names: frozenset[str], sign: str) -> str:
    """Return a regular expression that matches after *sign* if a secret name may end there.

    The characters at each position rule out most names before the endings are compared one by one.
    """
    spelled = {spelling for name in (*names, *WELL_KNOWN) if name for spelling in (name, canonical(name))}
    ends = {name[-_LOOKAHEAD_LENGTH:].rjust(_LOOKAHEAD_LENGTH, _ANY) for name in spelled}
    positions = [_one_of(signs) for signs in zip(*ends, strict=True)]
    endings = sorted("".join(map(_one_of, end)) for end in ends)
    return f"(?<={''.join(positions)}{sign})(?<=(?:{'|'.join(endings)}){sign})"


def _one_of(signs: Iterable[str]) -> str:
    """Return a pattern for one character: any of *signs*, in either case; a separator matches any separator."""
    characters = {cased for sign in signs for cased in (("_", "-") if sign in "_-" else _cases(sign))}
    return "." if _ANY in characters else f"[{''.join(sorted(map(re.escape, characters)))}]"


def _exact_patterns(name: str) -> list[str]:
    return [_either_case(character) for character in name]


def _word_patterns(name: str) -> list[str]:
    return [_SEPARATOR if character == "_" else _either_case(character) for character in name]


def _either_case(character: str) -> str:
    cases = _cases(character)
    return f"[{''.join(cases)}]" if len(cases) > 1 else re.escape(character)


def _cases(character: str) -> tuple[str, ...]:
    upper, lower = character.upper(), character.lower()
    return (lower, upper) if upper != lower and len(upper) == len(lower) == 1 else (character,)[: len(character)]


def _branches(node: dict[str, Any]) -> str:
    texts = sorted((atom + _branches(below) for atom, below in node.items() if atom), reverse=True)
    if not texts:
        return ""
    group = texts[0] if len(texts) == 1 and "" not in node else f"(?:{'|'.join(texts)})"
    return f"{group}?" if "" in node else group
