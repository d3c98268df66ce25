"""Restore the bytes of a masked request and send them unchanged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit

import httpx
import msgspec

from explorer.core.auth.base import Flow, Scheme, SigningStep
from explorer.core.model import REDIRECT_STATUSES, FrozenStruct, SentRequest
from explorer.core.redaction import part_name, parts_of
from explorer.core.request import json_bytes
from explorer.core.secret_fields import decoded
from explorer.core.text.media_type import FORM, MULTIPART, essence
from explorer.core.text.secret import MASK
from explorer.errors import CredentialError, UsageError
from explorer.net.client import sent_request
from explorer.session.prepare import auth_scheme, check_call
from explorer.session.request_context import original_base_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.auth.options import TokenPlacement
    from explorer.core.form import FieldValue
    from explorer.core.model import Call, Exchange, Header
    from explorer.core.text.secret import Secret
    from explorer.session.context import SessionContext


MaskPlace = Literal["url", "query", "header", "form", "multipart", "json", "body"]
_PAIR: Final = re.compile(rf"(?<![^&=?#\s])([^&=?#\s]++)={MASK}(?=&|$)")
_JSON: Final = re.compile(rf'("(?:[^"\\]++|\\.)*+(?:"|\\?\Z))(?:(\s*+:\s*+)"{MASK}")?+', re.DOTALL)
"""Any string; followed by a colon and a mask, it is a masked field. Matching every string keeps the search linear."""


class MaskedValue(FrozenStruct, frozen=True):
    """A masked part of a request; the name is empty if only its place is known."""

    place: MaskPlace
    name: str = ""

    def __str__(self) -> str:
        return f"{self.place} {self.name}".strip()


MaskFiller = Callable[[MaskedValue], str | None]
"""Returns the decoded value of a masked place (for ``json``: as JSON), or None if it is unknown."""


def fill_masks(request: SentRequest, fill: MaskFiller) -> tuple[SentRequest, tuple[MaskedValue, ...]]:
    """Return *request* with its masks filled by *fill* and its length corrected, and the places still masked."""
    left: list[MaskedValue] = []
    head, mark, query = request.url.partition("?")
    _note_unnamed(left, head, "url")
    query = _pairs(query, "query", fill, left)
    headers = tuple((name, _header(name, value, fill, left)) for name, value in request.headers)
    body = _body(request, fill, left)
    if body != request.body:
        headers = _with_header(headers, "content-length", str(len(body)))
    changed = msgspec.structs.replace(request, url=head + mark + query, headers=headers, body=body)
    return changed, tuple(left)


def rebase_request(request: SentRequest, old: str, new: str) -> SentRequest:
    """Return *request* with its base URL *old* and its ``Host`` header replaced by *new*; unchanged if it is not below
    *old*."""
    old, new = old.rstrip("/"), new.rstrip("/")
    if old == new or not request.url.startswith((f"{old}/", f"{old}?")):
        return request
    headers = _with_header(request.headers, "host", urlsplit(new).netloc)
    return msgspec.structs.replace(request, url=new + request.url[len(old) :], headers=headers)


def _with_header(headers: Sequence[Header], wanted: str, value: str) -> tuple[Header, ...]:
    return tuple((name, value if name.lower() == wanted else before) for name, before in headers)


def _header(name: str, value: str, fill: MaskFiller, left: list[MaskedValue]) -> str:
    if MASK not in value:
        return value
    place = MaskedValue("header", name)
    text = fill(place)
    if text is None:
        left.append(place)
        return value
    return value.replace(MASK, text)


def _pairs(text: str, place: Literal["query", "form"], fill: MaskFiller, left: list[MaskedValue]) -> str:
    escape = quote_plus if place == "form" else _escape

    def replacement(pair: re.Match[str]) -> str:
        masked = MaskedValue(place, unquote_plus(pair[1]))
        known = fill(masked)
        if known is None:
            left.append(masked)
            return pair[0]
        return f"{pair[1]}={escape(known)}"

    _note_unnamed(left, _PAIR.sub("", text), place)
    return _PAIR.sub(replacement, text)


def _escape(text: str) -> str:
    return quote(text, safe="")


def _body(request: SentRequest, fill: MaskFiller, left: list[MaskedValue]) -> bytes:
    text = request.body.decode("utf-8", "surrogateescape")
    if MASK not in text:
        return request.body
    kind = essence(next((value for name, value in request.headers if name.lower() == "content-type"), ""))
    if kind == FORM:
        text = _pairs(text, "form", fill, left)
    elif kind == MULTIPART:
        text = _parts(text, fill, left)
    else:
        text = _json(text, fill, left)
    return text.encode("utf-8", "surrogateescape")


def _parts(text: str, fill: MaskFiller, left: list[MaskedValue]) -> str:
    changed, rest = [], []
    for head, content in parts_of(text):
        name = part_name(head)
        if content != MASK or not name:
            changed.append(head + content)
            rest.append(content)
            continue
        place = MaskedValue("multipart", name)
        known = fill(place)
        if known is None:
            left.append(place)
        changed.append(head + (content if known is None else known))
    _note_unnamed(left, "".join(rest), "multipart")
    return "".join(changed)


def _json(text: str, fill: MaskFiller, left: list[MaskedValue]) -> str:
    rest = _JSON.sub(lambda string: "" if string[2] else string[0], text)
    _note_unnamed(left, rest, "body")

    def replacement(string: re.Match[str]) -> str:
        if not string[2]:
            return string[0]
        place = MaskedValue("json", decoded(string[1][1:-1]))
        known = fill(place)
        if known is None:
            left.append(place)
            return string[0]
        return string[1] + string[2] + known

    return _JSON.sub(replacement, text)


def _note_unnamed(left: list[MaskedValue], rest: str, place: MaskPlace) -> None:
    """Add an unnamed place to *left* if *rest* contains a mask."""
    if MASK in rest:
        left.append(MaskedValue(place))


class VerbatimScheme(Scheme):
    """Sends a request unchanged, without signing or retrying. *scheme* is the one that originally signed it."""

    name = "verbatim"

    def __init__(self, scheme: Scheme) -> None:
        super().__init__(scheme.options, scheme.context)
        self._scheme = scheme

    def missing(self) -> tuple[str, ...]:
        return ()

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:  # noqa: ARG002 - the base class's
        return request

    def auth_flow(self, request: httpx.Request) -> Flow:
        yield request

    def strip(self, request: httpx.Request) -> httpx.Request:
        return self._scheme.strip(request)

    def secrets(self) -> tuple[Secret, ...]:
        return self._scheme.secrets()

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - the base class's
        return (SigningStep(title="Unchanged", text="The stored request is sent unchanged; it is not signed again."),)


@dataclass(frozen=True)
class RestoredRequest:
    """A restored request and the scheme that sends it: unchanged if all its original secrets are available."""

    request: httpx.Request
    scheme: Scheme
    notes: tuple[str, ...]
    left: tuple[str, ...]
    """Names that are still masked."""


@dataclass
class _MaskFilling:
    """Fills the masks of one request with known values."""

    stored: SentRequest
    scheme: Scheme
    used: tuple[str, ...]
    values: list[FieldValue]
    loose: dict[str, str]
    """Headers and undocumented parameters of the call."""
    lost: list[str] = field(default_factory=list)
    """Places of the auth scheme whose original secret is unavailable."""

    def __call__(self, place: MaskedValue) -> str | None:
        if self._signs(place):
            secret = self._original_secret()
            if secret is None:
                self.lost.append(str(place))
                return None
            return self._prefix(place) + secret.reveal()
        return self._value(place)

    def _signs(self, place: MaskedValue) -> bool:
        token = self._token_place
        if token is None or (token.where == "header") != (place.place == "header"):
            return False
        return place.name.lower() == token.name.lower()

    @property
    def _token_place(self) -> TokenPlacement | None:
        return self.scheme.options.token_place(self.stored.method)

    def _prefix(self, place: MaskedValue) -> str:
        """Return the prefix of a token in a header if it was masked together with the token."""
        whole = any(name == place.name and value == MASK for name, value in self.stored.headers)
        token = self._token_place
        return token.prefix if token is not None and place.place == "header" and whole else ""

    def _original_secret(self) -> Secret | None:
        return next((secret for secret in self.scheme.secrets() if secret.fingerprint() in self.used), None)

    def _value(self, place: MaskedValue) -> str | None:
        """Return the next unused value of that name; in JSON only the last part of a name is known."""
        for field_value in self.values:
            name = field_value.name
            if place.place == "json":
                name = name.replace("]", "").replace("[", ".").rpartition(".")[2]
            if name.lower() == place.name.lower():
                self.values.remove(field_value)
                value = field_value.value
                if place.place != "json" and isinstance(value, str):
                    return value
                return json_bytes(value).decode("utf-8", "surrogatepass")
        return self.loose.get(place.name.lower()) if place.place in ("header", "query") else None


def restore_request(session: SessionContext, origin: Exchange, call: Call) -> RestoredRequest:
    """Restore the request of *origin* with the values of *call* and the current base URL of its environment.

    Raises:
        UsageError: the history no longer has its body.
    """
    from explorer.core.form import find_parameter

    if "request" in origin.lost:
        raise UsageError(
            "the stored request body is missing or damaged, so the exact bytes cannot be sent",
            hint="Replay it with a new signature, or open it in the form.",
        )
    endpoint, scheme = session.operation(call).endpoint, auth_scheme(session, call)
    secret = {
        entry.name for entry in call.entries if (match := find_parameter(endpoint, entry.name)) and match[0].secret
    }
    values = [
        value for value in check_call(session, call).values if value.name in secret or _is_masked_in(origin, value.name)
    ]
    loose = {name.lower(): value for name, value in (*call.extra, *call.headers)}
    stored = _first_sent(origin)
    filling = _MaskFilling(stored, scheme, origin.under.used if origin.under else (), values, loose)
    base_url = session.base_url(call)
    rebased = rebase_request(stored, original_base_url(origin, base_url), base_url)
    filled, left = fill_masks(rebased, filling)
    request = _request(filled)
    notes = [*_base_url_warning(stored, rebased), *_length_warning(stored, request)]
    if origin.response is None and sent_request(scheme.strip(request)) == sent_request(request):
        notes.append("the original ended before its signed bytes were stored, so it is signed now")
        return RestoredRequest(request, scheme, tuple(notes), ())
    signed_at = scheme.signed_at(request)
    if signed_at is not None and left and all(place.name in _signature_params(scheme) for place in left):
        request, left = scheme.preview(request, signed_at), ()
        notes.append("the signature was masked; it is recreated for the original time")
    other = tuple(place.name or str(place) for place in left if str(place) not in filling.lost)
    if not filling.lost:
        notes += _age_warning(scheme, request, session.now())
        return RestoredRequest(request, _sending_scheme(scheme, request), tuple(notes), other)
    places = ", ".join(filling.lost)
    notes.append(f"the original secret in {places} is unavailable; the current one is used")
    return RestoredRequest(scheme.strip(request), scheme, tuple(notes), other)


def _signature_params(scheme: Scheme) -> tuple[str, ...]:
    """Return the parameters that a signing scheme can recreate for any time."""
    names = scheme.options.signature
    return (names.key_id, names.signature) if names is not None else ()


def _request(sent: SentRequest) -> httpx.Request:
    """Return the HTTP request, without headers that are still masked."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers if MASK not in value]
    request = httpx.Request(sent.method, sent.url, headers=headers, content=sent.body)
    request.read()
    return request


def _is_masked_in(origin: Exchange, name: str) -> bool:
    return any(entry.name == name and MASK in entry.value for entry in origin.call.entries)


def _first_sent(origin: Exchange) -> SentRequest:
    """Return the request of the call itself, before redirects."""
    for hop in origin.hops:
        if hop.purpose == "call" and hop.response is not None and hop.response.status in REDIRECT_STATUSES:
            return hop.request
    return origin.request


def _sending_scheme(scheme: Scheme, request: httpx.Request) -> Scheme:
    """Return *scheme* if it would send the same bytes, else ``VerbatimScheme``.

    The scheme itself keeps its token state up to date: the response may contain the next token. A signature with a
    timestamp differs a second later, so it is always sent verbatim.
    """
    if scheme.signed_at(request) is not None:
        return VerbatimScheme(scheme)
    try:
        same = sent_request(scheme.preview(request)) == sent_request(request)
    except CredentialError:
        same = False
    return scheme if same else VerbatimScheme(scheme)


def _base_url_warning(stored: SentRequest, rebased: SentRequest) -> list[str]:
    if stored.url == rebased.url:
        return []
    return [f"sent to {rebased.url_without_query} instead of {stored.url_without_query}"]


def _length_warning(stored: SentRequest, request: httpx.Request) -> list[str]:
    """Return a warning if the body's length differs from the original's: a value then differs from the original."""
    original = next((value for name, value in stored.headers if name.lower() == "content-length"), "")
    length = str(len(request.content))
    if not original.isdigit() or MASK in str(request.content, "utf-8", "replace") or original == length:
        return []
    return [f"the body has {length} bytes instead of {original}: a filled-in value differs from the original"]


def _age_warning(scheme: Scheme, request: httpx.Request, now: float) -> list[str]:
    at = scheme.signed_at(request)
    return [] if at is None else [f"the original signature is used, made {max(0, now - at):,.0f} s ago"]
