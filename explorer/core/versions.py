"""API versions in the Accept header (RFC 9110, 12.5.1): the documented version, variants to try, and whether the
response has the requested version."""

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
    """One Accept header to try; an empty ``accept`` sends none."""

    key: str
    title: str
    accept: str
    documented: bool = False


def number_of(media_type: str) -> int | None:
    """Return the version in a media type, or None."""
    match = _NUMBER.search(media_type)
    return int(match[1]) if match else None


def version_variants(accept: str) -> tuple[VersionOption, ...]:
    """Return the documented *accept*, then the variants: other versions, none, and a malformed one."""
    options = [VersionOption("documented", "the documented version", accept, documented=True)]
    number = number_of(accept)
    if number is not None:
        others = [number + 1] if number < 2 else [number - 1, number + 1]
        options += [
            VersionOption(f"v{other}", f"version {other}, undocumented", _with_number(accept, other))
            for other in others
        ]
    options.append(VersionOption("missing", "no Accept header", ""))
    options.append(VersionOption("any", "any media type", "*/*"))
    plain = f"application/{accept.rpartition('+')[2]}" if "+" in accept else "application/json"
    options.append(VersionOption("plain", "the format without vendor and version", plain))
    options.append(VersionOption("malformed", "malformed: without the version", _malformed(accept)))
    return tuple(options)


def parse_version(text: str, accept: str) -> VersionOption:
    """Return the option for the user's *text*: the key of a variant, ``v3`` or ``3``, or a whole Accept header."""
    known: Mapping[str, VersionOption] = {option.key: option for option in version_variants(accept)}
    word = text.strip()
    if word.lower() in known:
        return known[word.lower()]
    match = re.fullmatch(r"v?(\d{1,9})", word, re.IGNORECASE)
    if match and number_of(accept) is not None:
        number = int(match[1])
        if number == number_of(accept):
            return known["documented"]
        return VersionOption(f"v{number}", f"version {number}, undocumented", _with_number(accept, number))
    return VersionOption("own", "as entered", word) if word else known["missing"]


def _with_number(accept: str, number: int) -> str:
    return _NUMBER.sub(lambda match: f"{match[0][0]}{number}", accept, count=1)


def _malformed(accept: str) -> str:
    cut = re.sub(r"\.?v\d{1,9}(?![A-Za-z0-9])", "", accept, count=1, flags=re.IGNORECASE)
    return cut if cut != accept else accept.rpartition("/")[0] or f"{accept};"


def version_mismatch(asked: str, content_type: str) -> str:
    """Return why the response is not, or may not be, of the version requested by *asked*; otherwise empty."""
    requested, received = number_of(asked), essence(content_type)
    if requested is None or received == essence(asked):
        return ""
    if not received:
        return f"version {requested} was requested, but the response has no Content-Type"
    number = number_of(received)
    if number is None:
        return f"version {requested} was requested, but the Content-Type {received} has no version"
    if number != requested:
        return f"version {requested} was requested, but the response is version {number} ({received})"
    return f"{asked} was requested, but the response is {received}"
