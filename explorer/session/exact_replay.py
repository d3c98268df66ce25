"""Restore the bytes of a masked request, and send them unchanged."""

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
"""Any string; with a colon and a mask behind it, a masked field. It matches at every quote: no text is read twice."""


class MaskedValue(FrozenStruct, frozen=True):
    """A place in a request whose text was masked; the name is empty where only its place is known."""

    place: MaskPlace
    name: str = ""

    def __str__(self) -> str:
        return f"{self.place} {self.name}".strip()


MaskFiller = Callable[[MaskedValue], str | None]
"""The text for a masked place, decoded (for ``json``: as JSON), or None where it is not known."""


def fill_masks(request: SentRequest, fill: MaskFiller) -> tuple[SentRequest, tuple[MaskedValue, ...]]:
    """*request* with its masks filled by *fill*, its length corrected, and the places that stayed masked."""
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
    """*request* with the base URL *new* in place of *old*, the ``Host`` header with it; as it is where it is not below
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

    def put(found: re.Match[str]) -> str:
        one = MaskedValue(place, unquote_plus(found[1]))
        known = fill(one)
        if known is None:
            left.append(one)
            return found[0]
        return f"{found[1]}={escape(known)}"

    _note_unnamed(left, _PAIR.sub("", text), place)
    return _PAIR.sub(put, text)


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

    def put(string: re.Match[str]) -> str:
        if not string[2]:
            return string[0]
        place = MaskedValue("json", decoded(string[1][1:-1]))
        known = fill(place)
        if known is None:
            left.append(place)
            return string[0]
        return string[1] + string[2] + known

    return _JSON.sub(put, text)


def _note_unnamed(left: list[MaskedValue], rest: str, place: MaskPlace) -> None:
    """A mask in *rest* stands for a piece of text of which no name is known."""
    if MASK in rest:
        left.append(MaskedValue(place))


class VerbatimScheme(Scheme):
    """Adds nothing and repeats nothing. ``scheme`` is the one that signed the request then."""

    name = "kept"

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
        return (SigningStep(title="Kept", text="The request is sent as it was kept; nothing is signed anew."),)


@dataclass(frozen=True)
class RestoredRequest:
    """A request as it was, and the scheme that sends it: as it stands where every secret of then was to be had."""

    request: httpx.Request
    scheme: Scheme
    notes: tuple[str, ...]
    left: tuple[str, ...]
    """Names that stayed masked."""


@dataclass
class _MaskFilling:
    """What is known of the masks of one request."""

    kept: SentRequest
    scheme: Scheme
    used: tuple[str, ...]
    values: list[FieldValue]
    loose: dict[str, str]
    """Headers and undocumented parameters of the call."""
    lost: list[str] = field(default_factory=list)
    """Places of the auth scheme whose secret of then is not to be had."""

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
        return self.scheme.options.token_place(self.kept.method)

    def _prefix(self, place: MaskedValue) -> str:
        """The word before a token in a header, where it was masked with the token."""
        whole = any(name == place.name and value == MASK for name, value in self.kept.headers)
        token = self._token_place
        return token.prefix if token is not None and place.place == "header" and whole else ""

    def _original_secret(self) -> Secret | None:
        return next((one for one in self.scheme.secrets() if one.fingerprint() in self.used), None)

    def _value(self, place: MaskedValue) -> str | None:
        """The next value of that name that was not put in yet; JSON knows only the last part of a name."""
        for one in self.values:
            name = one.name.replace("]", "").replace("[", ".").rpartition(".")[2] if place.place == "json" else one.name
            if name.lower() == place.name.lower():
                self.values.remove(one)
                text = json_bytes(one.value).decode("utf-8", "surrogatepass")
                return text if place.place == "json" or not isinstance(one.value, str) else str(one.value)
        return self.loose.get(place.name.lower()) if place.place in ("header", "query") else None


def restore_request(session: SessionContext, origin: Exchange, call: Call) -> RestoredRequest:
    """The request of *origin* made again with the values of *call*, addressed to where its environment is now.

    Raises:
        UsageError: the history has its body no more.
    """
    from explorer.core.form import find_parameter

    if "request" in origin.lost:
        raise UsageError(
            "the file of the body that was sent is missing or damaged, so these bytes are not to be had",
            hint="Send it again signed now, or open it in the form.",
        )
    endpoint, scheme = session.operation(call).endpoint, auth_scheme(session, call)
    secret = {
        entry.name for entry in call.entries if (found := find_parameter(endpoint, entry.name)) and found[0].secret
    }
    values = [one for one in check_call(session, call).values if one.name in secret or _is_masked_in(origin, one.name)]
    loose = {name.lower(): value for name, value in (*call.extra, *call.headers)}
    kept = _first_sent(origin)
    filling = _MaskFilling(kept, scheme, origin.under.used if origin.under else (), values, loose)
    now = session.base_url(call)
    placed = rebase_request(kept, original_base_url(origin, now), now)
    sent, left = fill_masks(placed, filling)
    request = _request(sent)
    notes = [*_base_url_warning(kept, placed), *_length_warning(kept, request)]
    if origin.response is None and sent_request(scheme.strip(request)) == sent_request(request):
        notes.append("it was cut off before its signed bytes were kept, so it is signed now")
        return RestoredRequest(request, scheme, tuple(notes), ())
    signed_at = scheme.signed_at(request)
    if signed_at is not None and left and all(one.name in _signature_params(scheme) for one in left):
        request, left = scheme.preview(request, signed_at), ()
        notes.append("the signature was masked; it is made again as of then")
    other = tuple(one.name or str(one) for one in left if str(one) not in filling.lost)
    if not filling.lost:
        notes += _age_warning(scheme, request, session.now())
        return RestoredRequest(request, _sending_scheme(scheme, request), tuple(notes), other)
    which = ", ".join(filling.lost)
    notes.append(f"the secret of then in {which} is not to be had; that of now is put in its place")
    return RestoredRequest(scheme.strip(request), scheme, tuple(notes), other)


def _signature_params(scheme: Scheme) -> tuple[str, ...]:
    """The parameters that a signing scheme adds and can make again for any moment."""
    names = scheme.options.signature
    return (names.key_id, names.signature) if names is not None else ()


def _request(sent: SentRequest) -> httpx.Request:
    """The request as it goes out; headers that are still masked are left out."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers if MASK not in value]
    request = httpx.Request(sent.method, sent.url, headers=headers, content=sent.body)
    request.read()
    return request


def _is_masked_in(origin: Exchange, name: str) -> bool:
    return any(entry.name == name and MASK in entry.value for entry in origin.call.entries)


def _first_sent(origin: Exchange) -> SentRequest:
    """The request of the call itself, before any redirect that was followed."""
    for hop in origin.hops:
        if hop.purpose == "call" and hop.response is not None and hop.response.status in REDIRECT_STATUSES:
            return hop.request
    return origin.request


def _sending_scheme(scheme: Scheme, request: httpx.Request) -> Scheme:
    """The scheme itself where it would send the very same bytes (its token is in use, and the answer may hold the next
    one); otherwise one that adds nothing. A signature of this moment is another the next second."""
    if scheme.signed_at(request) is not None:
        return VerbatimScheme(scheme)
    try:
        same = sent_request(scheme.preview(request)) == sent_request(request)
    except CredentialError:
        same = False
    return scheme if same else VerbatimScheme(scheme)


def _base_url_warning(kept: SentRequest, placed: SentRequest) -> list[str]:
    if kept.url == placed.url:
        return []
    return [f"sent to {placed.url_without_query} in place of {kept.url_without_query}"]


def _length_warning(kept: SentRequest, request: httpx.Request) -> list[str]:
    """A warning where what was given again cannot be what stood there: the length of then is known."""
    then = next((value for name, value in kept.headers if name.lower() == "content-length"), "")
    now = str(len(request.content))
    if not then.isdigit() or MASK in str(request.content, "utf-8", "replace") or then == now:
        return []
    return [f"the body has {now} bytes and had {then} then: what was put in is not what stood there"]


def _age_warning(scheme: Scheme, request: httpx.Request, now: float) -> list[str]:
    at = scheme.signed_at(request)
    return [] if at is None else [f"signed as of then, {max(0, now - at):,.0f} seconds ago"]
