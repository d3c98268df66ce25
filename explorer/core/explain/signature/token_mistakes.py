"""Known mistakes with tokens: wrong place, wrong format, wrong token, or no longer valid.

their input ── read_token ──► SentToken ── diagnose_token ──► Diagnosis
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote, urlsplit

from explorer.core.auth import wire
from explorer.core.auth.tokens import read_claims
from explorer.core.explain.signature.diagnosis import Cause, Diagnosis
from explorer.core.explain.signature.mistakes import DescribedMistake
from explorer.core.text.secret import MASK, Secret
from explorer.core.text.url_pairs import decode_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.auth.options import TokenPlacement
    from explorer.core.explain.signature.case import SigningKey

TokenLocation = Literal["header", "query", "form", "bare"]
TOKEN_LOCATIONS: Final[dict[TokenLocation, str]] = {
    "header": "in a header",
    "query": "in the query",
    "form": "in the form body",
    "bare": "by itself",
}
_AUTH_SCHEMES: Final = ("Bearer", "Token", "Basic", "JWT", "OAuth", "ApiKey", "Digest")

TOKEN_MISTAKES: Final = {
    mistake.id: mistake
    for mistake in (
        DescribedMistake(
            "token_absent", "the token is missing", "The vendor cannot identify the caller.", "Send the token."
        ),
        DescribedMistake(
            "place",
            "the token is in the wrong place",
            "The vendor reads the token from one place only.",
            "Send it where the auth scheme expects it.",
        ),
        DescribedMistake(
            "header_name",
            "the header name is wrong",
            "The vendor ignores a token in any other header.",
            "Use the header that the auth scheme names.",
        ),
        DescribedMistake(
            "param_name",
            "the parameter name is wrong",
            "The vendor ignores a token in any other parameter.",
            "Use the parameter that the auth scheme names.",
        ),
        DescribedMistake(
            "prefix",
            "the prefix before the token is wrong",
            "The prefix names the auth scheme (RFC 9110, 11.1).",
            "Use the documented prefix, followed by one space.",
        ),
        DescribedMistake(
            "blanks",
            "the token contains spaces or line breaks",
            "They were copied along from a file, a variable or a wrapped line.",
            "Strip whitespace when you read the token.",
        ),
        DescribedMistake(
            "quotes", "the token is in quotes", "The quotes are sent as part of the token.", "Remove the quotes."
        ),
        DescribedMistake(
            "not_filled_in",
            "the token is an unfilled placeholder",
            "The request contains a variable name instead of its value.",
            "Set the variable, and use double quotes: the shell does not expand variables in single quotes.",
        ),
        DescribedMistake(
            "masked",
            "the token is masked",
            "It was copied from a log or a screen that hides secrets.",
            "Copy the token from its original source.",
        ),
        DescribedMistake(
            "token_escaped",
            "the token is percent-encoded",
            "A header value is not encoded; a query value is encoded once.",
            "Send it unchanged in a header; encode it once in a URL.",
        ),
        DescribedMistake(
            "not_encoded",
            "the credentials are not encoded",
            "The header takes the credentials in Base64.",
            "Encode them once.",
        ),
        DescribedMistake(
            "encoded_twice",
            "the credentials are encoded twice",
            "The vendor decodes once and gets Base64 again.",
            "Encode them once; curl -u and most libraries already encode them.",
        ),
        DescribedMistake(
            "url_safe",
            "the credentials use URL-safe Base64",
            "It uses - and _ instead of + and /, and may omit the = padding (RFC 4648, 5).",
            "Use the standard alphabet with padding (RFC 4648, 4).",
        ),
        DescribedMistake(
            "line_end_encoded",
            "a line break is encoded with the credentials",
            "Commands such as echo add it before the string is encoded.",
            "Use printf, or echo -n.",
        ),
        DescribedMistake(
            "no_colon",
            "the encoded credentials have no colon",
            "A colon separates the user name from the password.",
            "Encode `user:password`.",
        ),
        DescribedMistake(
            "not_base64",
            "the token cannot be decoded",
            "It is not the Base64 of a UTF-8 string (RFC 4648, 4).",
            "Copy the complete token, or encode the credentials again.",
        ),
        DescribedMistake(
            "cut", "the token is truncated", "Only the start of the token was sent.", "Copy the complete token."
        ),
        DescribedMistake(
            "letters",
            "the letter case of the token is changed",
            "Tokens are case-sensitive.",
            "Send the token unchanged.",
        ),
        DescribedMistake(
            "other_environment",
            "the token belongs to another environment",
            "Each environment accepts only its own tokens.",
            "Use the token of the environment you call.",
        ),
        DescribedMistake(
            "other_credential",
            "it is another credential, not the token",
            "The vendor does not accept it as a token.",
            "Send the token.",
        ),
        DescribedMistake(
            "refresh_token",
            "it is a refresh token",
            "A refresh token can only be used to get access tokens (RFC 6749, 1.5).",
            "Send the access token.",
        ),
        DescribedMistake("expired", "the token has expired", "Its expiry time has passed.", "Get a new token."),
        DescribedMistake(
            "too_early",
            "the token is not valid yet",
            "Its start time is in the future.",
            "Wait, or check your clock.",
        ),
        DescribedMistake(
            "used_up",
            "the token was already used and its grace period is over",
            "Every response returns the next token; the previous one stays valid only briefly.",
            "Use the token from the latest response.",
        ),
        DescribedMistake(
            "refused_before",
            "the vendor rejected this token before",
            "It was logged out, revoked, or never valid.",
            "Get a new token.",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token or another credential from the vault or the token store. Times are Unix seconds."""

    key: SigningKey
    role: Literal["token", "refresh", "credential"] = "token"
    environment: str = ""
    """Another environment that it belongs to; empty for that of the call."""
    expires_at: float | None = None
    used_at: float | None = None
    grace: float | None = None
    refused: bool = False
    source: Secret | None = None
    """The string that the token is the Base64 of, if any."""


@dataclass(frozen=True, slots=True)
class SentToken:
    """The token in the other client's request: where it was, its prefix, and its value (``raw``, a secret)."""

    where: TokenLocation
    name: str = ""
    prefix: str = ""
    raw: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()


_PARAMETER_NAME: Final = re.compile(r"(?<![\w.-])([\w.-]++)=")
_PARAMETER_VALUE: Final = re.compile(r"[^&\s\"']*")


def read_token(text: str, wanted: TokenPlacement) -> SentToken:
    """Parse the token from a header line, a curl command, a URL, a form, or a bare value."""
    if re.search(r"(?:^|[\s$/])curl(?:\.exe)?\s", text):
        return _parse_curl(text, wanted)
    header = re.search(r"^\s*+[<>*]?\s*+([A-Za-z][A-Za-z0-9-]*)\s*:[ \t]*(.*)", text, re.DOTALL)
    if header and "://" not in header[0].partition("\n")[0].partition("?")[0] and not header[1].startswith("http"):
        return _parse_header(header[1], header[2])
    for parameter in _PARAMETER_NAME.finditer(text):
        if "token" in parameter[1].lower():
            where: TokenLocation = "query" if "?" in text[: parameter.end()] else "form"
            value = _PARAMETER_VALUE.match(text, parameter.end())
            return SentToken(where, parameter[1], raw=_decode_form_value(value[0] if value else ""))
    prefix, rest = _split_prefix(text)
    name = wanted.name if prefix and wanted.where == "header" else ""
    return SentToken("header" if prefix else "bare", name, prefix, rest)


def _parse_curl(text: str, wanted: TokenPlacement) -> SentToken:
    from explorer.core.curl.request_line import read_curl

    line = read_curl(text, {}, ("",))  # every shell variable is empty
    notes = tuple(line.notes)
    names = (wanted.name.lower(), "authorization", wanted.prefix.strip().lower() or "-")
    for name, value in line.headers:
        if name.lower() in names or "token" in name.lower() or "api-key" in name.lower():
            return replace(_parse_header(name, value), notes=notes)
    places: tuple[tuple[TokenLocation, str], ...] = (("query", urlsplit(line.url).query), ("form", line.body or ""))
    for where, query in places:
        for name, value in decode_pairs(query.encode("utf-8", "surrogateescape")):
            if name == wanted.name or "token" in name.lower():
                return SentToken(where, name, raw=value, notes=notes)
    for part in line.parts:
        if part.name == wanted.name or "token" in part.name.lower():
            return SentToken("form", part.name, raw=part.value, notes=notes)
    return SentToken("bare", notes=notes)


def _parse_header(name: str, value: str) -> SentToken:
    prefix, rest = _split_prefix(value)
    return SentToken("header", name, prefix, rest)


def _split_prefix(value: str) -> tuple[str, str]:
    """Split a header value into a known auth scheme (with its separator) and the rest."""
    match = re.match(rf"\s*((?:{'|'.join(_AUTH_SCHEMES)})\b:?[ \t]*)", value, re.IGNORECASE)
    return (match[1], value[match.end() :]) if match else ("", value)


def _decode_form_value(value: str) -> str:
    return unquote(value.replace("+", " "), errors="surrogateescape")


def diagnose_token(sent: SentToken, wanted: TokenPlacement, known: tuple[KnownToken, ...], now: float) -> Diagnosis:
    """Diagnose a token as it was sent, at *now* (Unix seconds)."""
    causes = [*_placement_causes(sent, wanted), *_text_causes(sent, known), *_validity_causes(sent, known, now)]
    notes = list(sent.notes)
    bare = sent.raw.strip().strip("\"'")
    match = next((token for token in known if token.key.secret.reveal() == bare), None)
    if bare and match is None and not any(cause.mistake.id in _TEXT_MISTAKES for cause in causes):
        notes.append(f"the token ({Secret(bare).fingerprint()}) is not in the vault, so its validity is unknown")
    elif match is not None and match.role == "token" and not match.environment:
        notes.append(f"the token is {match.key.name} ({match.key.secret.fingerprint()})")
    claims = read_claims(bare)
    if claims is not None:
        notes += [f"token claim: {line}" for line in claims.lines()]
    good = match is not None and match.role == "token" and not match.environment
    return Diagnosis(
        "token",
        same=not causes and good,
        causes=tuple(causes),
        notes=tuple(notes),
        our_base=wanted.shown,
        their_base=_shown(sent),
    )


_ENCODINGS: Final = ("not_encoded", "encoded_twice", "url_safe", "line_end_encoded", "no_colon", "not_base64")
_TEXT_MISTAKES: Final = ("not_filled_in", "masked", "cut", "letters", "token_escaped", "token_absent", *_ENCODINGS)


def _shown(sent: SentToken) -> str:
    """Return the sent token with its value masked, and its name, prefix, quotes and whitespace unchanged."""
    before, text = re.match(r"\s*[\"']?", sent.raw), sent.raw.rstrip()
    after = (text[-1:] if text[-1:] in ("'", '"') else "") + sent.raw[len(text) :]
    inner = f"{before[0] if before else ''}{MASK if sent.raw.strip() else ''}{after}"
    if sent.where == "header":
        return f"{sent.name or '?'}: {sent.prefix}{inner}"
    return inner if sent.where == "bare" else f"{sent.name}={inner} ({TOKEN_LOCATIONS[sent.where]})"


def _placement_causes(sent: SentToken, wanted: TokenPlacement) -> Iterator[Cause]:
    """Yield mistakes in the place, the name and the prefix of the token."""
    if not sent.raw.strip():
        yield _cause("token_absent", f"{wanted.shown} is expected")
        return
    if sent.where == "bare":
        return
    if sent.where != wanted.where:
        yield _cause("place", f"{TOKEN_LOCATIONS[sent.where]} instead of {wanted.shown}")
    elif sent.name.lower() != wanted.name.lower() and sent.where == "header":
        yield _cause("header_name", f"{sent.name or 'none'} instead of {wanted.name}")
    elif sent.name != wanted.name and sent.where != "header":
        yield _cause("param_name", f"{sent.name} instead of {wanted.name}")
    if sent.where == "header" == wanted.where:
        prefix, expected = sent.prefix.strip(), wanted.prefix.strip()
        second = _split_prefix(sent.raw)[0].strip()
        if second:
            yield _cause("prefix", f"{prefix} {second}: it is there twice" if prefix else second)
        elif prefix.lower() != expected.lower():
            yield _cause("prefix", f"{prefix or 'none'} instead of {expected or 'none'}")
        elif expected and not re.fullmatch(r"\S+ ", sent.prefix):
            yield _cause("prefix", "exactly one space must follow it")


def _text_causes(sent: SentToken, known: tuple[KnownToken, ...]) -> Iterator[Cause]:
    """Yield mistakes in the value of the token, compared with the known tokens."""
    bare = sent.raw.strip().strip("\"'")
    if not bare:
        return
    if sent.raw != sent.raw.strip() or re.search(r"\s", bare):
        whitespace = "a line break" if re.search(r"[\r\n]", sent.raw) else "a space"
        yield _cause("blanks", f"{whitespace} {'at the start' if sent.raw[0].isspace() else 'inside or at the end'}")
    if sent.raw.strip() != bare:
        yield _cause("quotes")
    if re.search(r"[•*…]{2,}|…$|\.\.\.$", bare):
        yield _cause("masked")
        return
    if re.fullmatch(r"\$\{?\w+\}?|\{\{?[\w .]+\}?\}|<[\w -]+>|%\w+%|YOUR[_-].*|TOKEN|xxx+", bare, re.IGNORECASE):
        yield _cause("not_filled_in", bare)
        return
    texts = [token.key.secret.reveal() for token in known]
    if bare in texts:
        return
    if unquote(bare) in texts:
        yield _cause("token_escaped")
    elif any(len(bare) >= 6 and text.startswith(bare) for text in texts):
        yield _cause("cut", f"after {len(bare)} characters")
    elif bare.lower() in (text.lower() for text in texts):
        yield _cause("letters")
    elif sources := [token.source.reveal() for token in known if token.source is not None]:
        yield from _encoding_causes(bare, sources)


def _encoding_causes(bare: str, sources: list[str]) -> Iterator[Cause]:
    """Yield why a token is not the standard Base64 of one of *sources*."""
    spellings = {
        "not_encoded": [*sources],
        "encoded_twice": [wire.base64_of([wire.base64_of([text])]) for text in sources],
        "url_safe": [_url_safe(text) for text in sources],
        "line_end_encoded": [wire.base64_of([text + end]) for text in sources for end in ("\n", "\r\n")],
    }
    for name, texts in spellings.items():
        if bare in texts or (name == "url_safe" and bare in [text.rstrip("=") for text in texts]):
            yield _cause(name)
            return
    try:
        decoded = base64.b64decode(bare, validate=True).decode()
    except ValueError:
        yield _cause("not_base64")
        return
    if ":" not in decoded:
        yield _cause("no_colon")


def _url_safe(text: str) -> str:
    return wire.base64_of([text]).translate(str.maketrans("+/", "-_"))


def _validity_causes(sent: SentToken, known: tuple[KnownToken, ...], now: float) -> Iterator[Cause]:
    """Yield why the token is the wrong one, or not valid now."""
    bare = sent.raw.strip().strip("\"'")
    matches = [token for token in known if token.key.secret.reveal() == bare]
    own = next((token for token in matches if not token.environment), None)
    match = own or next(iter(matches), None)
    if match is not None:
        if match.environment:
            yield _cause("other_environment", match.key.name)
        elif match.role == "refresh":
            yield _cause("refresh_token")
        elif match.role == "credential":
            yield _cause("other_credential", match.key.name)
    yield from _expiry_causes(match, bare, now)


def _expiry_causes(token: KnownToken | None, text: str, now: float) -> Iterator[Cause]:
    """Yield why a token is expired or not valid yet, from its stored state (*token*) and its own claims (*text*)."""
    claims = read_claims(text)
    expires = token.expires_at if token is not None else None
    expires = claims.moment("exp") if expires is None and claims is not None else expires
    if expires is not None and now >= expires:
        yield _cause("expired", f"{now - expires:,.0f} seconds ago")
    begins = claims.moment("nbf") if claims is not None else None
    if begins is not None and now < begins:
        yield _cause("too_early", f"for another {begins - now:,.0f} seconds")
    if token is None:
        return
    if token.grace is not None and token.used_at is not None and now - token.used_at > token.grace:
        age = now - token.used_at
        yield _cause("used_up", f"first used {age:,.1f} seconds ago, grace period {token.grace:g} seconds")
    elif token.refused:
        yield _cause("refused_before")


def _cause(name: str, detail: str = "") -> Cause:
    return Cause(TOKEN_MISTAKES[name], detail)
