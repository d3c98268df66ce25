"""Secret values among the pairs ``name=value`` of a URL, a form or a line of text.

Every pattern begins only after a delimiter and gives nothing back, so that the time grows with the length of the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus, unquote_plus

from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAIR: Final = re.compile(r"(?<![^&=?#;\s])([^&=?#;\s]++)=")
_VALUE: Final = re.compile(r"[^&#\s]*+")
_QUOTED: Final = re.compile(r"""[^&#\s"'<>,]*+""")
_ENCODED_VALUE: Final = re.compile(r"(?<![^&=?#;\s])[^&=?#;\s%]*+%[^&=?#;\s]++")
_HINT: Final = re.compile(r"%(?:25)*+(?:3[dD]|22)")
_DEEPEST: Final = 3
_USER: Final = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")


def secret_values(text: str, is_secret: Callable[[str], bool], *, quoted: bool = False) -> Iterator[tuple[int, int]]:
    """Yield where the values of secret names are in *text*. *quoted*: in a line where a quote or comma ends a value."""
    end = _QUOTED if quoted else _VALUE
    at = 0
    for pair in _PAIR.finditer(text):
        name = pair[1]
        if not is_secret(unquote_plus(name) if "%" in name else name) or pair.start() < at:
            continue
        value = end.match(text, pair.end())
        if value is not None and value[0]:
            at = value.end()
            yield value.span()


def mask_pairs(text: str, is_secret: Callable[[str], bool], *, quoted: bool = False) -> str:
    """Return *text* with the values of secret names masked."""
    parts, at = [], 0
    for start, end in secret_values(text, is_secret, quoted=quoted):
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def mask_packed(text: str, mask: Callable[[str], str], depth: int = 0) -> str:
    """Return *text* with what is percent-encoded within its values (a URL in a parameter, JSON in a field) masked by
    *mask*, as far as three levels down."""
    if depth == _DEEPEST or _HINT.search(text) is None:
        return text

    def masked(packed: re.Match[str]) -> str:
        if _HINT.search(packed[0]) is None:
            return packed[0]
        plain = unquote_plus(packed[0])
        changed = mask(mask_packed(plain, mask, depth + 1))
        if changed == plain:
            return packed[0]
        escape = quote_plus if "+" in packed[0] else _escape
        return MASK.join(escape(part) for part in changed.split(MASK))

    return _ENCODED_VALUE.sub(masked, text)


def mask_user(text: str, mask: str) -> str:
    """Return *text* with the user information of every URL in it replaced by *mask*."""
    return _USER.sub(f"{mask}@", text) if "@" in text else text


def _escape(text: str) -> str:
    return quote(text, safe="")
