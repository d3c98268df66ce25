"""A signature's recipe as data: every choice between a request's parameters and the signature is a field.

    Material ── collect ──► kept, left out ── arranged ──► in order ── base_of ──► base string ── sign ──► signature
    (what the request holds)

The defaults are the recipe of ``002:40-43``. The schemes sign with it, and the signature debugger changes one choice at
a time to find the mistake that another program made.
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
    "decoded": "as they are, not escaped",
    "percent": "percent-escaped, %20 for a space (RFC 3986)",
    "percent_lower": "percent-escaped with small hex digits (%2f)",
    "plus": "form-encoded, + for a space",
    "blank_plus": "as they are, but + for a space",
    "double": "percent-escaped twice",
    "html": "with &amp; between them",
    "once_more": "unescaped once more",
}
ORDERS: Final[dict[Order, str]] = {
    "bytes": "by key, in the order of their bytes",
    "sent": "as they are sent",
    "auth_last": "by key, those of the signature last",
    "auth_first": "by key, those of the signature first",
    "natural": "by key, numbers in it by their value",
    "caseless": "by key, capitals and small letters alike",
    "locale": "by key, as a locale sorts words",
    "reversed": "by key, from the end",
    "pairs": "by key=value as one text",
}
OUTPUTS: Final[dict[Output, str]] = {
    "hex": "hexadecimal",
    "HEX": "hexadecimal in capitals",
    "base64": "base64",
    "base64url": "base64 for URLs",
    "base64_of_hex": "base64 of the hexadecimal digits",
}


@dataclass(frozen=True, slots=True)
class SignatureParameter:
    """One parameter, decoded, and where the request has it. A file's ``value`` is the name that it is uploaded under,
    or its path where that is known."""

    name: str
    value: str = field(repr=False)
    place: ParameterPlace


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """What a request offers to a recipe. ``path`` is decoded and below ``root`` (the path of the base URL); ``parts``
    stand in the order of the request."""

    path: str
    parts: tuple[SignatureParameter, ...]
    method: str = "GET"
    origin: str = ""
    """``https://host.example``."""
    root: str = ""


@dataclass(frozen=True, slots=True)
class SignatureRecipe:
    """How a signature is made."""

    base: str = "{path}?{query}"
    signature_param: str = "auth_sig"
    strip_suffix: bool = True
    lead: str = ""
    """What stands before the path in the base string."""
    skip_segments: int = 0
    """How many of the first segments of the path are left out."""
    values: ValueEncoding = "decoded"
    order: Order = "bytes"
    files: FileTreatment = "left_out"
    keep_empty: bool = True
    bare_empty: bool = False
    """Whether an empty value loses its ``=``."""
    trimmed: bool = False
    """Whether blanks around values are cut off."""
    left_out: tuple[str, ...] = ()
    """Further names that are not signed."""
    own_signature: str | None = None
    """What the signature's own parameter is signed with; None: it is left out."""
    ending: str = ""
    charset: str = "utf-8"
    digest: str = "sha256"
    keyed: KeyedDigest = "hmac"
    key_ending: str = ""
    key_form: Literal["text", "hex", "base64"] = "text"
    """What the text of the key is taken for."""
    output: Output = "hex"


@dataclass(frozen=True, slots=True)
class UnsignedParameter:
    """A parameter that is not signed, and why."""

    part: SignatureParameter
    why: str


def select_parameters(
    recipe: SignatureRecipe, material: SignatureInput
) -> tuple[tuple[SignatureParameter, ...], tuple[UnsignedParameter, ...]]:
    """The parameters that are signed, in the order of the request, and those that are not."""
    kept: list[SignatureParameter] = []
    left: list[UnsignedParameter] = []
    for part in material.parts:
        why = _exclusion_reason(recipe, part)
        if why:
            left.append(UnsignedParameter(part, why))
        elif part.place == "file":
            value = "" if recipe.files == "empty" else part.value
            kept.append(
                SignatureParameter(part.name, value if recipe.files == "path" else value.rpartition("/")[2], "file")
            )
        else:
            kept.append(part)
    if recipe.own_signature is not None:
        kept.append(SignatureParameter(recipe.signature_param, recipe.own_signature, "auth"))
    return tuple(kept), tuple(left)


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
    """The parts in the order in which they are signed; equal keys keep their order."""
    parts = tuple(parts)
    if recipe.order == "sent":
        return parts
    if recipe.order in ("auth_last", "auth_first"):
        last = recipe.order == "auth_last"
        return tuple(sorted(parts, key=lambda part: ((part.place == "auth") == last, _bytes(part.name))))
    in_order = sorted(parts, key=_SORT_KEYS.get(recipe.order, lambda part: _bytes(part.name)))
    return tuple(reversed(in_order)) if recipe.order == "reversed" else tuple(in_order)


def _natural_key(part: SignatureParameter) -> list[tuple[int, int, bytes]]:
    """``item10`` after ``item2``, as people count."""
    pieces = re.split(r"([0-9]+)", part.name)
    return [(0, int(one), b"") if one.isdigit() else (1, 0, _bytes(one)) for one in pieces if one]


def _locale_key(part: SignatureParameter) -> tuple[str, str]:
    """Letters and digits first and without case, as the locales of C libraries do; then everything."""
    return (re.sub(r"[\W_]", "", part.name).casefold(), part.name)


_SORT_KEYS: Final[dict[Order, Callable[[SignatureParameter], tuple[str, ...] | list[tuple[int, int, bytes]]]]] = {
    "natural": _natural_key,
    "caseless": lambda part: (part.name.lower(),),
    "locale": _locale_key,
    "pairs": lambda part: (f"{part.name}={part.value}",),
}


def build_base_string(recipe: SignatureRecipe, material: SignatureInput) -> str:
    """The text that is signed; text that is no UTF-8 stands in it as lone surrogates."""
    kept, _ = select_parameters(recipe, material)
    return join_base_string(recipe, material, sort_parameters(recipe, kept))


def join_base_string(recipe: SignatureRecipe, material: SignatureInput, parts: Iterable[SignatureParameter]) -> str:
    """The text that is signed for parts that are arranged already."""
    pairs = [(part.name, part.value.strip() if recipe.trimmed else part.value) for part in parts]
    joiner = "&amp;" if recipe.values == "html" else "&"
    spell = partial(_encode_value, _VALUE_ENCODERS[recipe.values])
    query = joiner.join(
        spell(name) if recipe.bare_empty and not value else f"{spell(name)}={spell(value)}" for name, value in pairs
    )
    places = {"path": signed_path(recipe, material.path), "query": query}
    return recipe.lead + re.sub(r"\{(path|query)\}", lambda place: places[place[1]], recipe.base) + recipe.ending


def _encode_value(spelling: Callable[[str], str], text: str) -> str:
    """*text* in a spelling; what no spelling changes stays."""
    return text if _PLAIN.fullmatch(text) else spelling(text)


def signed_path(recipe: SignatureRecipe, path: str) -> str:
    """The path as it stands in the base string."""
    bare = path.lstrip("/")
    if recipe.strip_suffix:
        bare = re.sub(r"\.[A-Za-z0-9]+$", "", bare)
    return "/".join(bare.split("/")[recipe.skip_segments :]) if recipe.skip_segments else bare


def sign(recipe: SignatureRecipe, key: str, base: str) -> str:
    """The signature of *base*. A key that is not what ``key_form`` says is taken as text."""
    return encode_digest(recipe.output, _digest(recipe, _key_bytes(recipe, key), _encoded(base, recipe.charset)))


def encode_digest(output: Output, raw: bytes) -> str:
    """The bytes of a digest as text."""
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
        pass  # the mistake cannot have been made with such a key; as text it changes nothing
    return _bytes(key + recipe.key_ending)


def _encoded(text: str, charset: str) -> bytes:
    return _bytes(text) if charset == "utf-8" else text.encode(charset, "replace")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]*")
"""A text that is the same however it is spelled."""


def _lowercase_escapes(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), escape(text))


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
