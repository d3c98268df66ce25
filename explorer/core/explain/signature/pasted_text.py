"""Parser for the other client's input: a signature, a base string, a URL, a curl command, or a log line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from explorer.core.auth.signature_recipe import ParameterPlace, SignatureInput, SignatureParameter
from explorer.core.text.url_pairs import Pairs, decode_pairs
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["nothing", "signature", "base", "request", "token"]
KINDS: Final[dict[Kind, str]] = {
    "nothing": "nothing",
    "signature": "a signature",
    "base": "a base string",
    "request": "a signed request",
    "token": "a token",
}
_HEX: Final = re.compile(r"[0-9A-Fa-f]{32,128}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{21,}={0,2}")
_DIGEST_LENGTHS: Final = frozenset((16, 20, 28, 32, 48, 64))
"""Digest lengths of the usual hash functions, in bytes."""
MAX_LENGTH: Final = 100_000
"""Most characters to parse."""


@dataclass(frozen=True, slots=True)
class SignatureNames:
    """Names of the parameters that a signing scheme adds."""

    key_id: str
    timestamp: str
    signature: str


@dataclass(frozen=True, slots=True)
class OtherClientInput:
    """Parsed input of the other client; ``material`` is set for a request."""

    kind: Kind
    signature: str = ""
    base: str = ""
    material: SignatureInput | None = None
    notes: tuple[str, ...] = ()


def read_other_client_input(text: str, names: SignatureNames, own: SignatureInput) -> OtherClientInput:
    """Parse *text*. *own* is the request to compare with: its path distinguishes a base string from a URL, and is the
    default for a log line without a path.

    Raises:
        UsageError: the URL or the curl command is malformed.
    """
    text = text[:MAX_LENGTH]
    if not text.strip():
        return OtherClientInput("nothing")
    if (signature := _parse_signature(text, names)) is not None:
        return OtherClientInput("signature", signature=signature)
    if re.search(r"(?:^|[\s$/])curl(?:\.exe)?\s", text):
        return _parse_curl(text, names, own)
    plain = text.replace("\\u0026", "&").replace("\\/", "/")
    base = _find_base(plain, own)
    if base is not None:
        return OtherClientInput("base", base=base)
    signed_url = _find_signed_url(plain, names)
    if signed_url is not None:
        return _parse_request(*signed_url, names, own)
    return OtherClientInput("base", base=plain)


def _parse_signature(text: str, names: SignatureNames) -> str | None:
    """Return the digest if *text* is nothing else, apart from a parameter name before it."""
    bare = re.sub(
        rf"^({re.escape(names.signature)}|sha256|signature|sig)\s*[=:]\s*", "", text.strip(), flags=re.IGNORECASE
    )
    bare = bare.strip("\"'")
    if _HEX.fullmatch(bare) and len(bare) // 2 in _DIGEST_LENGTHS and len(bare) % 2 == 0:
        return bare
    if _BASE64.fullmatch(bare) and len(bare.rstrip("=")) * 3 // 4 in _DIGEST_LENGTHS:
        return bare
    return None


def _find_base(text: str, own: SignatureInput) -> str | None:
    """Return the base string in a log line, recognized by the call's path without its format; None if there is none,
    or if the path is part of a URL."""
    path = re.sub(r"\.[A-Za-z0-9]+$", "", own.path.lstrip("/"))
    start = text.find(f"{path}?") if path else -1
    if start < 0 or (start and text[start - 1] == "/"):
        return None
    before = text[:start]
    if before[-1:] in ("'", '"', "`"):
        end = text.rfind(before[-1])
        return text[start:end] if end > start else text[start:]
    return text[start:] if re.search(r"[:=]\s+$", before) else text


def _find_signed_url(text: str, names: SignatureNames) -> tuple[str, str] | None:
    """Return the method and the URL (or form) that contains a signature."""
    match = re.search(rf"(?:^|[?&\"'\s]){re.escape(names.signature)}=[^\s\"'<>&]{{16,}}[^\s\"'<>]*", text)
    if match is None:
        return None
    # The URL may extend to the left. Matching that in the pattern would start a search at every character.
    start = max((edge.end() for edge in re.finditer(r"[\s\"'<>]", text[: match.start()])), default=0)
    method = re.search(r"\b(GET|HEAD|POST|PUT|PATCH|DELETE)\b", text[:start])
    return (method[1] if method else ""), text[start : match.end()].strip().lstrip("\"'").rstrip(".,;)")


def _parse_curl(text: str, names: SignatureNames, own: SignatureInput) -> OtherClientInput:
    from explorer.core.curl.request_line import read_curl

    line = read_curl(text, {}, ("",))  # every shell variable is empty
    parts: list[SignatureParameter] = []
    if line.body is not None:
        parts += _parts(decode_pairs(line.body.encode("utf-8", "surrogateescape")), "body", names)
    parts += [
        SignatureParameter(
            part.name, part.file or part.value, "file" if part.file else _place(part.name, "body", names)
        )
        for part in line.parts
    ]
    return _parse_request(line.method, line.url, names, own, parts, tuple(line.notes))


def _parse_request(
    method: str,
    url: str,
    names: SignatureNames,
    own: SignatureInput,
    more: Iterable[SignatureParameter] = (),
    notes: tuple[str, ...] = (),
) -> OtherClientInput:
    try:
        split = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"the URL is malformed: {error}") from None
    query, path = split.query, split.path
    if not split.query and "=" in path and "?" not in url:
        query, path = path, ""  # form parameters without a URL
    pairs = decode_pairs(query.encode("utf-8", "surrogateescape"))
    parts = [*_parts(pairs, "query", names), *more]
    signatures = [part.value for part in parts if part.name == names.signature]
    if len(signatures) > 1:
        notes = (*notes, f"{names.signature} appears {len(signatures)} times")
    if not signatures:
        notes = (*notes, f"it has no {names.signature}")
    root, path_below = _split_root(path, own)
    origin = f"{split.scheme}://{split.netloc}" if split.netloc else own.origin
    if not path:
        notes = (*notes, "it has no path; your call's path is used")
    unsigned = tuple(part for part in parts if part.name != names.signature)
    material = SignatureInput(path_below, unsigned, method or own.method, origin, root)
    return OtherClientInput("request", signature=signatures[0] if signatures else "", material=material, notes=notes)


def _parts(pairs: Pairs, place: ParameterPlace, names: SignatureNames) -> list[SignatureParameter]:
    return [SignatureParameter(name, value, _place(name, place, names)) for name, value in pairs]


def _place(name: str, place: ParameterPlace, names: SignatureNames) -> ParameterPlace:
    return "auth" if name in (names.key_id, names.timestamp) else place


def _split_root(path: str, own: SignatureInput) -> tuple[str, str]:
    """Split a path into root and the path below it, at the call's root or at the first segment of the call's path."""
    from urllib.parse import unquote

    path = unquote(path, errors="surrogateescape")
    if not path:
        return own.root, own.path
    if own.root and path.startswith(own.root + "/"):
        return own.root, path[len(own.root) :]
    first = "/" + own.path.lstrip("/").partition("/")[0] + "/"
    at = path.find(first)
    if at >= 0:
        return path[:at], path[at:]
    return "", path if path.startswith("/") else f"/{path}"
