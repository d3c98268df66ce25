"""The bytes of a request that was kept masked: values from the call, secrets of then told by their fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from explorer.client import sent_request
from explorer.core.auth.kept import VerbatimScheme
from explorer.core.exchange import REDIRECT_STATUSES
from explorer.core.request import json_bytes
from explorer.core.text.secret import MASK
from explorer.core.unmasking import MaskedValue, fill_masks, rebase_request
from explorer.errors import CredentialError, UsageError
from explorer.session.circumstances import original_base_url
from explorer.session.preparing import auth_scheme, check_call

if TYPE_CHECKING:
    from explorer.core.auth.base import Scheme
    from explorer.core.auth.options import TokenPlacement
    from explorer.core.exchange import Call, Exchange, SentRequest
    from explorer.core.form import FieldValue
    from explorer.core.text.secret import Secret
    from explorer.session.context import SessionContext


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
