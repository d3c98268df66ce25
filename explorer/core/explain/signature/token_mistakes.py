"""Known mistakes with tokens: in the wrong place, wrongly dressed, not the right one, or no longer good.

pasted ── read_token ──► Sent (where, how dressed, which) ── examine ──► Diagnosis
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
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
    "form": "in the form of the body",
    "bare": "by itself",
}
_WORDS: Final = ("Bearer", "Token", "Basic", "JWT", "OAuth", "ApiKey", "Digest")

TOKEN_MISTAKES: Final = {
    one.id: one
    for one in (
        DescribedMistake("token_absent", "there is no token", "The vendor cannot know who calls.", "Send the token."),
        DescribedMistake(
            "place",
            "the token is in another place than the vendor looks at",
            "A vendor reads it from one place only.",
            "Put it where the scheme has it.",
        ),
        DescribedMistake(
            "header_name",
            "the header has another name",
            "A token in a header of another name is not seen.",
            "Use the header of the scheme.",
        ),
        DescribedMistake(
            "param_name",
            "the parameter has another name",
            "A token in a parameter of another name is not seen.",
            "Use the parameter of the scheme.",
        ),
        DescribedMistake(
            "prefix",
            "the word before the token is not the one of the scheme",
            "The word says how the rest is to be read (RFC 9110, 11.1).",
            "Write it as the scheme has it, with one space after it.",
        ),
        DescribedMistake(
            "blanks",
            "there are blanks or line ends in the token",
            "They came along from a file, a variable or a wrapped line.",
            "Strip them when the token is read.",
        ),
        DescribedMistake(
            "quotes", "there are quotes around the token", "They are sent as part of it.", "Leave them out."
        ),
        DescribedMistake(
            "not_filled_in",
            "the place of the token was not filled in",
            "A name stands where the value should be.",
            "Set the variable, and let the shell or the program fill it in: single quotes keep it from doing so.",
        ),
        DescribedMistake(
            "masked",
            "the token is masked",
            "It was copied from a log or a screen that hides secrets.",
            "Take the token itself.",
        ),
        DescribedMistake(
            "token_escaped",
            "the token is percent-escaped",
            "Headers are not escaped; in a query it is escaped once.",
            "Send it as it is in a header; escape it once in a URL.",
        ),
        DescribedMistake(
            "not_encoded",
            "the credentials are not encoded",
            "The header takes the Base64 of them.",
            "Encode them, once.",
        ),
        DescribedMistake(
            "encoded_twice",
            "the credentials are encoded twice",
            "The vendor decodes them once and finds Base64.",
            "Encode them once; curl -u and most libraries encode by themselves.",
        ),
        DescribedMistake(
            "url_safe",
            "the URL-safe alphabet of Base64 is used",
            "It writes - and _ in place of + and /, and may leave out the = at the end (RFC 4648, 5).",
            "Use the standard alphabet with padding (RFC 4648, 4).",
        ),
        DescribedMistake(
            "line_end_encoded",
            "a line end is encoded with the credentials",
            "A command such as echo adds it before the text is encoded.",
            "Use printf, or echo -n.",
        ),
        DescribedMistake(
            "no_colon",
            "there is no colon in what is encoded",
            "The colon separates the user name from the password.",
            "Encode the user name, a colon and the password.",
        ),
        DescribedMistake(
            "not_base64",
            "the token cannot be decoded",
            "It is not Base64 of UTF-8 (RFC 4648, 4).",
            "Copy the whole of it, or encode the credentials again.",
        ),
        DescribedMistake("cut", "the token is cut short", "Only its beginning is there.", "Copy the whole of it."),
        DescribedMistake(
            "letters",
            "capitals and small letters are changed",
            "Tokens are compared letter by letter.",
            "Do not change its letters.",
        ),
        DescribedMistake(
            "other_environment",
            "it is a token of another environment",
            "Each environment knows its own tokens only.",
            "Take the token of the environment that is called.",
        ),
        DescribedMistake(
            "other_credential",
            "it is another credential, not the token",
            "The vendor does not take it in place of a token.",
            "Take the token.",
        ),
        DescribedMistake(
            "refresh_token",
            "it is a refresh token",
            "A refresh token is good for getting access tokens only (RFC 6749, 1.5).",
            "Send the access token.",
        ),
        DescribedMistake("expired", "the token has expired", "Its time is over.", "Get a new one."),
        DescribedMistake(
            "too_early",
            "the token is not good yet",
            "It says from when on it may be used.",
            "Wait, or look at your clock.",
        ),
        DescribedMistake(
            "used_up",
            "the token was used before and its grace is over",
            "Every answer brings the next token; the one before is good for a moment only.",
            "Use the token of the latest answer.",
        ),
        DescribedMistake(
            "refused_before",
            "the vendor refused this token before",
            "It was signed out, revoked, or never good.",
            "Get a new one.",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token, or another credential, of the vault or the token store. Times are Unix seconds."""

    key: SigningKey
    role: Literal["token", "refresh", "credential"] = "token"
    environment: str = ""
    """Empty where it is that of the call."""
    expires_at: float | None = None
    used_at: float | None = None
    grace: float | None = None
    refused: bool = False
    source: Secret | None = None
    """The text of which the token is the Base64, where it is one."""


@dataclass(frozen=True, slots=True)
class SentToken:
    """The token of what was pasted, and how it stands there. ``raw`` is a secret."""

    where: TokenLocation
    name: str = ""
    word: str = ""
    raw: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()


_PARAMETER_NAME: Final = re.compile(r"(?<![\w.-])([\w.-]++)=")
_PARAMETER_VALUE: Final = re.compile(r"[^&\s\"']*")


def read_token(text: str, wanted: TokenPlacement) -> SentToken:
    """The token in a header line, a curl line, a URL, a form, or alone."""
    if re.search(r"(?:^|[\s$/])curl(?:\.exe)?\s", text):
        return _of_curl(text, wanted)
    header = re.search(r"^\s*+[<>*]?\s*+([A-Za-z][A-Za-z0-9-]*)\s*:[ \t]*(.*)", text, re.DOTALL)
    if header and "://" not in header[0].partition("\n")[0].partition("?")[0] and not header[1].startswith("http"):
        return _of_header(header[1], header[2])
    for name in _PARAMETER_NAME.finditer(text):
        if "token" in name[1].lower():
            where: TokenLocation = "query" if "?" in text[: name.end()] else "form"
            value = _PARAMETER_VALUE.match(text, name.end())
            return SentToken(where, name[1], raw=_form_decoded(value[0] if value else ""))
    word, rest = _split_prefix(text)
    return SentToken("header" if word else "bare", wanted.name if word and wanted.where == "header" else "", word, rest)


def _of_curl(text: str, wanted: TokenPlacement) -> SentToken:
    from explorer.core.curl.request_line import read_curl

    line = read_curl(text, {}, ("",))  # any variable is a value that is not there
    notes = tuple(line.notes)
    names = (wanted.name.lower(), "authorization", wanted.prefix.strip().lower() or "-")
    for name, value in line.headers:
        if name.lower() in names or "token" in name.lower() or "api-key" in name.lower():
            found = _of_header(name, value)
            return SentToken(found.where, found.name, found.word, found.raw, notes)
    places: tuple[tuple[TokenLocation, str], ...] = (("query", urlsplit(line.url).query), ("form", line.body or ""))
    for where, query in places:
        for name, value in decode_pairs(query.encode("utf-8", "surrogateescape")):
            if name == wanted.name or "token" in name.lower():
                return SentToken(where, name, raw=value, notes=notes)
    for part in line.parts:
        if part.name == wanted.name or "token" in part.name.lower():
            return SentToken("form", part.name, raw=part.value, notes=notes)
    return SentToken("bare", notes=notes)


def _of_header(name: str, value: str) -> SentToken:
    word, rest = _split_prefix(value)
    return SentToken("header", name, word, rest)


def _split_prefix(value: str) -> tuple[str, str]:
    """The known first word of a header value with what follows it, and the rest."""
    found = re.match(rf"\s*((?:{'|'.join(_WORDS)})\b:?[ \t]*)", value, re.IGNORECASE)
    return (found[1], value[found.end() :]) if found else ("", value)


def _form_decoded(value: str) -> str:
    return unquote(value.replace("+", " "), errors="surrogateescape")


def diagnose_token(sent: SentToken, wanted: TokenPlacement, known: tuple[KnownToken, ...], now: float) -> Diagnosis:
    """What is wrong with a token as it was sent, at *now* (Unix seconds)."""
    causes = [*_placement_causes(sent, wanted), *_text_causes(sent, known), *_validity_causes(sent, known, now)]
    notes = list(sent.notes)
    bare = sent.raw.strip().strip("\"'")
    match = next((one for one in known if one.key.secret.reveal() == bare), None)
    if bare and match is None and not any(cause.mistake.id in _TEXT_MISTAKES for cause in causes):
        notes.append(
            f"the token ({Secret(bare).fingerprint()}) is none that is known here: whether it is good, cannot be told"
        )
    elif match is not None and match.role == "token" and not match.environment:
        notes.append(f"the token is {match.key.name} ({match.key.secret.fingerprint()})")
    claims = read_claims(bare)
    if claims is not None:
        notes += [f"the token says {line}" for line in claims.lines()]
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
    """What was pasted, with the token masked and what is around it kept."""
    before, text = re.match(r"\s*[\"']?", sent.raw), sent.raw.rstrip()
    after = (text[-1:] if text[-1:] in ("'", '"') else "") + sent.raw[len(text) :]
    inner = f"{before[0] if before else ''}{MASK if sent.raw.strip() else ''}{after}"
    if sent.where == "header":
        return f"{sent.name or '?'}: {sent.word}{inner}"
    return inner if sent.where == "bare" else f"{sent.name}={inner} ({TOKEN_LOCATIONS[sent.where]})"


def _placement_causes(sent: SentToken, wanted: TokenPlacement) -> Iterator[Cause]:
    """Place, name and the word before the token."""
    if not sent.raw.strip():
        yield _cause("token_absent", f"{wanted.shown} is expected")
        return
    if sent.where == "bare":
        return
    if sent.where != wanted.where:
        yield _cause("place", f"{TOKEN_LOCATIONS[sent.where]} in place of {wanted.shown}")
    elif sent.name.lower() != wanted.name.lower() and sent.where == "header":
        yield _cause("header_name", f"{sent.name or 'none'} in place of {wanted.name}")
    elif sent.name != wanted.name and sent.where != "header":
        yield _cause("param_name", f"{sent.name} in place of {wanted.name}")
    if sent.where == "header" == wanted.where:
        word, right = sent.word.strip(), wanted.prefix.strip()
        again = _split_prefix(sent.raw)[0].strip()
        if again:
            yield _cause("prefix", f"{word} {again}: it stands twice" if word else again)
        elif word.lower() != right.lower():
            yield _cause("prefix", f"{word or 'none'} in place of {right or 'none'}")
        elif right and not re.fullmatch(r"\S+ ", sent.word):
            yield _cause("prefix", "one space has to follow it")


def _text_causes(sent: SentToken, known: tuple[KnownToken, ...]) -> Iterator[Cause]:
    """The text of the token, compared with those that are known."""
    bare = sent.raw.strip().strip("\"'")
    if not bare:
        return
    if sent.raw != sent.raw.strip() or re.search(r"\s", bare):
        ends = "a line end" if re.search(r"[\r\n]", sent.raw) else "a blank"
        yield _cause("blanks", f"{ends} {'at its beginning' if sent.raw[0].isspace() else 'in it or at its end'}")
    if sent.raw.strip() != bare:
        yield _cause("quotes")
    if re.search(r"[•*…]{2,}|…$|\.\.\.$", bare):
        yield _cause("masked")
        return
    if re.fullmatch(r"\$\{?\w+\}?|\{\{?[\w .]+\}?\}|<[\w -]+>|%\w+%|YOUR[_-].*|TOKEN|xxx+", bare, re.IGNORECASE):
        yield _cause("not_filled_in", bare)
        return
    texts = [one.key.secret.reveal() for one in known]
    if bare in texts:
        return
    if unquote(bare) in texts:
        yield _cause("token_escaped")
    elif any(len(bare) >= 6 and text.startswith(bare) for text in texts):
        yield _cause("cut", f"after {len(bare)} characters")
    elif bare.lower() in (text.lower() for text in texts):
        yield _cause("letters")
    elif sources := [one.source.reveal() for one in known if one.source is not None]:
        yield from _encoding(bare, sources)


def _encoding(bare: str, sources: list[str]) -> Iterator[Cause]:
    """Yield how a token is encoded otherwise than the Base64 of one of *sources*."""
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
    """Whether the token is the right one, and still good."""
    bare = sent.raw.strip().strip("\"'")
    match = [one for one in known if one.key.secret.reveal() == bare]
    own = next((one for one in match if not one.environment), None)
    one = own or next(iter(match), None)
    if one is not None:
        if one.environment:
            yield _cause("other_environment", one.key.name)
        elif one.role == "refresh":
            yield _cause("refresh_token")
        elif one.role == "credential":
            yield _cause("other_credential", one.key.name)
    yield from expiry_causes(one, bare, now)


def expiry_causes(one: KnownToken | None, text: str, now: float) -> Iterator[Cause]:
    """Why a token is no longer good, or not yet, by what is known of it and what it says of itself."""
    claims = read_claims(text)
    expires = one.expires_at if one is not None and one.expires_at is not None else None
    expires = claims.moment("exp") if expires is None and claims is not None else expires
    if expires is not None and now >= expires:
        yield _cause("expired", f"{now - expires:,.0f} seconds ago")
    begins = claims.moment("nbf") if claims is not None else None
    if begins is not None and now < begins:
        yield _cause("too_early", f"for another {begins - now:,.0f} seconds")
    if one is None:
        return
    if one.grace is not None and one.used_at is not None and now - one.used_at > one.grace:
        yield _cause("used_up", f"first used {now - one.used_at:,.1f} seconds ago, good for {one.grace:g} after that")
    elif one.refused:
        yield _cause("refused_before")


def _cause(name: str, detail: str = "") -> Cause:
    return Cause(TOKEN_MISTAKES[name], detail)
