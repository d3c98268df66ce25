"""What somebody pasted: a signature, a base string, a URL, a curl line, a line of a log."""

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
"""Bytes that hash functions give."""
MAX_LENGTH: Final = 100_000
"""Characters that are read."""


@dataclass(frozen=True, slots=True)
class SignatureNames:
    """The parameters that a scheme adds."""

    key_id: str
    timestamp: str
    signature: str


@dataclass(frozen=True, slots=True)
class OtherClientInput:
    """What it is; ``signature`` and ``base`` where it holds one, ``material`` where it is a request."""

    kind: Kind
    signature: str = ""
    base: str = ""
    material: SignatureInput | None = None
    notes: tuple[str, ...] = ()


def read_other_client_input(text: str, names: SignatureNames, own: SignatureInput) -> OtherClientInput:
    """What *text* is. *own* is the request that it is to be compared with: its path tells a base string from a URL,
    and fills in what a logged line leaves out."""
    text = text[:MAX_LENGTH]
    if not text.strip():
        return OtherClientInput("nothing")
    if (found := _lone_signature(text, names)) is not None:
        return OtherClientInput("signature", signature=found)
    if re.search(r"(?:^|[\s$/])curl(?:\.exe)?\s", text):
        return _curl(text, names, own)
    plain = text.replace("\\u0026", "&").replace("\\/", "/")
    base = _base(plain, own)
    if base is not None:
        return OtherClientInput("base", base=base)
    token = _request_token(plain, names)
    if token is not None:
        return _request(*token, names, own)
    return OtherClientInput("base", base=plain)


def _lone_signature(text: str, names: SignatureNames) -> str | None:
    """A digest and nothing else, perhaps with its name before it."""
    bare = re.sub(
        rf"^({re.escape(names.signature)}|sha256|signature|sig)\s*[=:]\s*", "", text.strip(), flags=re.IGNORECASE
    )
    bare = bare.strip("\"'")
    if _HEX.fullmatch(bare) and len(bare) // 2 in _DIGEST_LENGTHS and len(bare) % 2 == 0:
        return bare
    if _BASE64.fullmatch(bare) and len(bare.rstrip("=")) * 3 // 4 in _DIGEST_LENGTHS:
        return bare
    return None


def _base(text: str, own: SignatureInput) -> str | None:
    """The base string in a line of a log, recognised by the path of the call without its format; None where a URL
    goes on to the left of it, or where it is not there."""
    path = re.sub(r"\.[A-Za-z0-9]+$", "", own.path.lstrip("/"))
    start = text.find(f"{path}?") if path else -1
    if start < 0 or (start and text[start - 1] == "/"):
        return None
    before = text[:start]
    if before[-1:] in ("'", '"', "`"):
        end = text.rfind(before[-1])
        return text[start:end] if end > start else text[start:]
    return text[start:] if re.search(r"[:=]\s+$", before) else text


def _request_token(text: str, names: SignatureNames) -> tuple[str, str] | None:
    """Method and URL (or form) of the word that holds a signature."""
    found = re.search(rf"(?:^|[?&\"'\s]){re.escape(names.signature)}=[^\s\"'<>&]{{16,}}[^\s\"'<>]*", text)
    if found is None:
        return None
    # The word may go on to the left. Looked for in the pattern, each character of a text would begin a search.
    start = max((edge.end() for edge in re.finditer(r"[\s\"'<>]", text[: found.start()])), default=0)
    method = re.search(r"\b(GET|HEAD|POST|PUT|PATCH|DELETE)\b", text[:start])
    return (method[1] if method else ""), text[start : found.end()].strip().lstrip("\"'").rstrip(".,;)")


def _curl(text: str, names: SignatureNames, own: SignatureInput) -> OtherClientInput:
    from explorer.core.curl.request_line import read_curl

    line = read_curl(text, {}, ("",))  # any variable is a value that is not there
    parts: list[SignatureParameter] = []
    if line.body is not None:
        parts += _parts(decode_pairs(line.body.encode("utf-8", "surrogateescape")), "body", names)
    parts += [
        SignatureParameter(one.name, one.file or one.value, "file" if one.file else _place(one.name, "body", names))
        for one in line.parts
    ]
    return _request(line.method, line.url, names, own, parts, tuple(line.notes))


def _request(
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
        raise UsageError(f"the URL cannot be read: {error}") from None
    query, path = split.query, split.path
    if not split.query and "=" in path and "?" not in url:
        query, path = path, ""  # the parameters of a form, without any URL
    pairs = decode_pairs(query.encode("utf-8", "surrogateescape"))
    parts = [*_parts(pairs, "query", names), *more]
    given = [part.value for part in parts if part.name == names.signature]
    if len(given) > 1:
        notes = (*notes, f"{names.signature} stands {len(given)} times")
    if not given:
        notes = (*notes, f"it has no {names.signature}")
    root, below = _below(path, own)
    origin = f"{split.scheme}://{split.netloc}" if split.netloc else own.origin
    if not path:
        notes = (*notes, "it names no path, so that of your call is taken")
    kept = tuple(part for part in parts if part.name != names.signature)
    material = SignatureInput(below, kept, method or own.method, origin, root)
    return OtherClientInput("request", signature=given[0] if given else "", material=material, notes=notes)


def _parts(pairs: Pairs, place: ParameterPlace, names: SignatureNames) -> list[SignatureParameter]:
    return [SignatureParameter(name, value, _place(name, place, names)) for name, value in pairs]


def _place(name: str, place: ParameterPlace, names: SignatureNames) -> ParameterPlace:
    return "auth" if name in (names.key_id, names.timestamp) else place


def _below(path: str, own: SignatureInput) -> tuple[str, str]:
    """Root and path below it: as the call has them, or cut where the path of the call begins."""
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
