"""The version that a call asks for in its Accept header (RFC 9110, 12.5.1): the documented one and what may be tried
beside it, and whether the answer is of the version that was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from explorer.core.text.media_type import essence

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9])v(\d{1,9})(?![A-Za-z0-9])", re.IGNORECASE)
"""The version in a media type: ``v1`` in ``application/x.some.v1+json``."""


@dataclass(frozen=True)
class VersionOption:
    """One Accept header to try; ``accept`` is empty where none is sent."""

    key: str
    title: str
    accept: str
    documented: bool = False


def number_of(media_type: str) -> int | None:
    """The version that a media type names."""
    found = _NUMBER.search(media_type)
    return int(found[1]) if found else None


def version_variants(accept: str) -> tuple[VersionOption, ...]:
    """The documented *accept* first, then what else can be asked: other versions, none, and one that is malformed."""
    made = [VersionOption("documented", "the documented version", accept, documented=True)]
    number = number_of(accept)
    if number is not None:
        others = [number + 1] if number < 2 else [number - 1, number + 1]
        made += [
            VersionOption(f"v{one}", f"version {one}, which is not documented", _numbered(accept, one))
            for one in others
        ]
    made.append(VersionOption("missing", "no Accept header at all", ""))
    made.append(VersionOption("any", "any media type", "*/*"))
    plain = f"application/{accept.rpartition('+')[2]}" if "+" in accept else "application/json"
    made.append(VersionOption("plain", "the format without vendor and version", plain))
    made.append(VersionOption("malformed", "malformed: the version cut off", _malformed(accept)))
    return tuple(made)


def parse_version(text: str, accept: str) -> VersionOption:
    """What a person means by *text*: the key of a variant, ``v3`` or ``3``, or a whole Accept header."""
    known: Mapping[str, VersionOption] = {one.key: one for one in version_variants(accept)}
    word = text.strip()
    if word.lower() in known:
        return known[word.lower()]
    found = re.fullmatch(r"v?(\d{1,9})", word, re.IGNORECASE)
    if found and number_of(accept) is not None:
        number = int(found[1])
        if number == number_of(accept):
            return known["documented"]
        return VersionOption(f"v{number}", f"version {number}, which is not documented", _numbered(accept, number))
    return VersionOption("own", "as you typed it", word) if word else known["missing"]


def _numbered(accept: str, number: int) -> str:
    return _NUMBER.sub(lambda found: f"{found[0][0]}{number}", accept, count=1)


def _malformed(accept: str) -> str:
    cut = re.sub(r"\.?v\d{1,9}(?![A-Za-z0-9])", "", accept, count=1, flags=re.IGNORECASE)
    return cut if cut != accept else accept.rpartition("/")[0] or f"{accept};"


def version_mismatch(asked: str, content_type: str) -> str:
    """Why the answer is not, or cannot be told to be, of the version that *asked* names; an empty text where it is, or
    where no version was asked for."""
    wanted, got = number_of(asked), essence(content_type)
    if wanted is None or got == essence(asked):
        return ""
    if not got:
        return f"version {wanted} was asked for, and the answer has no Content-Type"
    answered = number_of(got)
    if answered is None:
        return f"version {wanted} was asked for, and the Content-Type {got} names no version"
    if answered != wanted:
        return f"version {wanted} was asked for, and the answer is version {answered} ({got})"
    return f"{asked} was asked for, and the answer is {got}"
