"""A signature recipe as data: every choice between a request's parameters and the signature is a field.

    SignatureInput ─ select_parameters ─► signed, unsigned ─ sort_parameters ─► ordered ─ join_base_string ─► base
    base string ─ sign ─► signature

The defaults are the recipe of ``002:40-43``. The schemes sign with it. The signature debugger changes one choice at a
time to find another client's mistake.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote_plus

from explorer.core.text.url_pairs import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ParameterPlace = Literal["query", "body", "file", "auth"]
ValueEncoding = Literal["decoded", "percent", "percent_lower", "plus", "blank_plus", "double", "html", "once_more"]
Order = Literal["bytes", "sent", "auth_last", "auth_first", "natural", "caseless", "locale", "reversed", "pairs"]
Output = Literal["hex", "HEX", "base64", "base64url", "base64_of_hex"]
FileTreatment = Literal["left_out", "name", "path", "empty"]
KeyedDigest = Literal["hmac", "key_first", "key_last", "swapped", "none"]

VALUE_ENCODINGS: Final[dict[ValueEncoding, str]] = {
    "decoded": "not escaped",
    "percent": "percent-escaped, %20 for a space (RFC 3986)",
    "percent_lower": "percent-escaped with lowercase hex digits (%2f)",
    "plus": "form-encoded, + for a space",
    "blank_plus": "not escaped, but + for a space",
    "double": "percent-escaped twice",
    "html": "joined with &amp;",
    "once_more": "unescaped twice",
}
ORDERS: Final[dict[Order, str]] = {
    "bytes": "by key, in byte order",
    "sent": "in the order sent",
    "auth_last": "by key, the signature's own last",
    "auth_first": "by key, the signature's own first",
    "natural": "by key, numbers by value",
    "caseless": "by key, case-insensitive",
    "locale": "by key, in locale order",
    "reversed": "by key, reversed",
    "pairs": "by key=value as one string",
}
OUTPUTS: Final[dict[Output, str]] = {
    "hex": "hexadecimal",
    "HEX": "uppercase hexadecimal",
    "base64": "base64",
    "base64url": "base64 for URLs",
    "base64_of_hex": "base64 of the hexadecimal digits",
}


@dataclass(frozen=True, slots=True)
class SignatureParameter:
    """One decoded parameter and its place in the request. A file's ``value`` is its upload name, or its path if
    known."""

    name: str
    value: str = field(repr=False)
    place: ParameterPlace


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """A recipe's input. ``path`` is decoded and below ``root`` (the path of the base URL); ``parts`` are in request
    order."""

    path: str
    parts: tuple[SignatureParameter, ...]
    method: str = "GET"
    origin: str = ""
    """``https://host.example``."""
    root: str = ""


@dataclass(frozen=True, slots=True)
class SignatureRecipe:
    """The choices that produce a signature."""

    base: str = "{path}?{query}"
    signature_param: str = "auth_sig"
    strip_suffix: bool = True
    lead: str = ""
    """Prefix of the base string, before the path."""
    skip_segments: int = 0
    """Number of leading path segments to skip."""
    values: ValueEncoding = "decoded"
    order: Order = "bytes"
    files: FileTreatment = "left_out"
    keep_empty: bool = True
    bare_empty: bool = False
    """Whether an empty value is written without its ``=``."""
    trimmed: bool = False
    """Whether surrounding whitespace is removed from values."""
    left_out: tuple[str, ...] = ()
    """Further parameter names that are not signed."""
    own_signature: str | None = None
    """The value to sign for the signature's own parameter; None to leave it out."""
    ending: str = ""
    charset: str = "utf-8"
    digest: str = "sha256"
    keyed: KeyedDigest = "hmac"
    key_ending: str = ""
    key_form: Literal["text", "hex", "base64"] = "text"
    """How to interpret the key string."""
    output: Output = "hex"


@dataclass(frozen=True, slots=True)
class UnsignedParameter:
    """A parameter that is not signed, and the reason."""

    part: SignatureParameter
    why: str


def select_parameters(
    recipe: SignatureRecipe, material: SignatureInput
) -> tuple[tuple[SignatureParameter, ...], tuple[UnsignedParameter, ...]]:
    """Return the signed parameters in request order, and the unsigned ones."""
    signed: list[SignatureParameter] = []
    unsigned: list[UnsignedParameter] = []
    for parameter in material.parts:
        reason = _exclusion_reason(recipe, parameter)
        if reason:
            unsigned.append(UnsignedParameter(parameter, reason))
        elif parameter.place == "file":
            value = "" if recipe.files == "empty" else parameter.value
            value = value if recipe.files == "path" else value.rpartition("/")[2]
            signed.append(SignatureParameter(parameter.name, value, "file"))
        else:
            signed.append(parameter)
    if recipe.own_signature is not None:
        signed.append(SignatureParameter(recipe.signature_param, recipe.own_signature, "auth"))
    return tuple(signed), tuple(unsigned)


def _exclusion_reason(recipe: SignatureRecipe, part: SignatureParameter) -> str:
    if part.name == recipe.signature_param:
        return "it is the signature itself"
    if part.place == "file" and recipe.files == "left_out":
        return "it is an uploaded file"
    if part.name in recipe.left_out:
        return "left out by choice"
    if not recipe.keep_empty and part.place != "file" and not part.value:
        return "its value is empty"
    return ""


def sort_parameters(recipe: SignatureRecipe, parts: Iterable[SignatureParameter]) -> tuple[SignatureParameter, ...]:
    """Return the parameters in signing order; equal keys keep their order."""
    parts = tuple(parts)
    if recipe.order == "sent":
        return parts
    if recipe.order in ("auth_last", "auth_first"):
        last = recipe.order == "auth_last"
        return tuple(sorted(parts, key=lambda part: ((part.place == "auth") == last, _bytes(part.name))))
    in_order = sorted(parts, key=_SORT_KEYS.get(recipe.order, lambda part: _bytes(part.name)))
    return tuple(reversed(in_order)) if recipe.order == "reversed" else tuple(in_order)


def _natural_key(part: SignatureParameter) -> list[tuple[int, int, bytes]]:
    """Return a key that sorts ``item10`` after ``item2``."""
    pieces = re.split(r"([0-9]+)", part.name)
    return [(0, int(piece), b"") if piece.isdigit() else (1, 0, _bytes(piece)) for piece in pieces if piece]


def _locale_key(part: SignatureParameter) -> tuple[str, str]:
    """Return a key of letters and digits without case first, as C library locales sort; then the whole name."""
    return (re.sub(r"[\W_]", "", part.name).casefold(), part.name)


_SORT_KEYS: Final[dict[Order, Callable[[SignatureParameter], tuple[str, ...] | list[tuple[int, int, bytes]]]]] = {
    "natural": _natural_key,
    "caseless": lambda part: (part.name.lower(),),
    "locale": _locale_key,
    "pairs": lambda part: (f"{part.name}={part.value}",),
}


def build_base_string(recipe: SignatureRecipe, material: SignatureInput) -> str:
    """Return the string to sign; invalid UTF-8 appears as lone surrogates."""
    signed, _ = select_parameters(recipe, material)
    return join_base_string(recipe, material, sort_parameters(recipe, signed))


def join_base_string(recipe: SignatureRecipe, material: SignatureInput, parts: Iterable[SignatureParameter]) -> str:
    """Return the string to sign for parameters that are already in order."""
    pairs = [(part.name, part.value.strip() if recipe.trimmed else part.value) for part in parts]
    joiner = "&amp;" if recipe.values == "html" else "&"
    encode = partial(_encode_value, _VALUE_ENCODERS[recipe.values])
    query = joiner.join(
        encode(name) if recipe.bare_empty and not value else f"{encode(name)}={encode(value)}" for name, value in pairs
    )
    places = {"path": signed_path(recipe, material.path), "query": query}
    return recipe.lead + re.sub(r"\{(path|query)\}", lambda match: places[match[1]], recipe.base) + recipe.ending


def _encode_value(encode: Callable[[str], str], text: str) -> str:
    """Return *text* encoded, skipping the call for text that every encoding leaves unchanged."""
    return text if _PLAIN.fullmatch(text) else encode(text)


def signed_path(recipe: SignatureRecipe, path: str) -> str:
    """Return the path as it appears in the base string."""
    bare = path.lstrip("/")
    if recipe.strip_suffix:
        bare = re.sub(r"\.[A-Za-z0-9]+$", "", bare)
    return "/".join(bare.split("/")[recipe.skip_segments :]) if recipe.skip_segments else bare


def sign(recipe: SignatureRecipe, key: str, base: str) -> str:
    """Return the signature of *base*. A key that is invalid for ``key_form`` is used as text."""
    return encode_digest(recipe.output, _digest(recipe, _key_bytes(recipe, key), _encode(base, recipe.charset)))


def encode_digest(output: Output, raw: bytes) -> str:
    """Return a digest as a string."""
    if output == "base64":
        return base64.b64encode(raw).decode()
    if output == "base64url":
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")
    if output == "base64_of_hex":
        return base64.b64encode(raw.hex().encode()).decode()
    return raw.hex().upper() if output == "HEX" else raw.hex()


def _digest(recipe: SignatureRecipe, key: bytes, text: bytes) -> bytes:
    if recipe.keyed == "hmac":
        return hmac.digest(key, text, recipe.digest)
    if recipe.keyed == "swapped":
        return hmac.digest(text, key, recipe.digest)
    whole = {"key_first": key + text, "key_last": text + key, "none": text}[recipe.keyed]
    return hashlib.new(recipe.digest, whole, usedforsecurity=False).digest()


def _key_bytes(recipe: SignatureRecipe, key: str) -> bytes:
    try:
        if recipe.key_form == "hex":
            return bytes.fromhex(key)
        if recipe.key_form == "base64":
            return base64.b64decode(key + "=" * (-len(key) % 4), validate=True)
    except ValueError:
        pass  # such a key rules this mistake out; as text it changes nothing
    return _bytes(key + recipe.key_ending)


def _encode(text: str, charset: str) -> bytes:
    return _bytes(text) if charset == "utf-8" else text.encode(charset, "replace")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]*")
"""Text that every encoding leaves unchanged."""


def _lowercase_escapes(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), escape(text))


def _double_encode(text: str) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(_bytes(text)).decode("utf-8", "surrogateescape")


_VALUE_ENCODERS: Final[dict[ValueEncoding, Callable[[str], str]]] = {
    "decoded": str,
    "percent": escape,
    "percent_lower": _lowercase_escapes,
    "plus": lambda text: quote_plus(text, errors="surrogateescape"),
    "blank_plus": lambda text: text.replace(" ", "+"),
    "double": lambda text: escape(escape(text)),
    "html": lambda text: text.replace("&", "&amp;"),
    "once_more": _double_encode,
}
