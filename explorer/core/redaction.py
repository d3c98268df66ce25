"""What is secret in a request and a response, and how it is masked: the only way to text that leaves the process.

Two nets, one behind the other: by *name* (headers that are secret everywhere, names that the catalog marks) and by
*value* (every secret that was put on the wire, also percent-encoded or escaped). Masking keeps everything else as it
stood: number tokens, order, white space.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

import msgspec

from explorer.core.document.store import Memory
from explorer.core.exchange import Call, Entry, Exchange, Header, Hop, ReceivedResponse, SentRequest
from explorer.core.form import find_parameter
from explorer.core.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.document.store import Data, Store

SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "www-authenticate-token"}
)
ASCII_MASK: Final = "******"
_SHORTEST: Final = 4
_LARGE: Final = 1_000_000
"""Bytes of a body from which on it is masked in pieces, so that other threads may run in between."""
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]+")
"""A text that no encoding spells otherwise."""
_PAIR = re.compile(r"([^&=?#\s]+)=([^&#\s]*)")
_SCHEME = re.compile(r"((?:Bearer|Basic|Token):?\s+)(.+)", re.IGNORECASE | re.DOTALL)


class Redactor:
    """Masks the secrets of one vendor's traffic. Every method is total and leaves what is not secret as it was.
    *new_store* makes a place for what is left of a large body."""

    def __init__(
        self,
        vendor: Vendor,
        endpoint: Endpoint | None = None,
        secrets: Iterable[Secret] = (),
        new_store: Callable[[], Store] = Memory,
    ) -> None:
        self._new_store = new_store
        names = {name.lower() for name in vendor.secret_fields}
        endpoints = [endpoint] if endpoint is not None else list(vendor.endpoints.values())
        self._params: set[str] = set()
        for one in endpoints:
            for param in one.params.values():
                if param.secret:
                    self._params.add(param.name)
                    names.add(_last_part(param.name))
        self._headers = set(SECRET_HEADERS)
        for auth in vendor.auth.values():
            if "header" in auth.options:
                self._headers.add(str(auth.options["header"]).lower())
            if "param" in auth.options:
                names.add(str(auth.options["param"]).lower())
        self._names = names
        self._values = sorted(spellings(secrets), key=len, reverse=True)
        words = "|".join(re.escape(name) for name in sorted(names)) or "(?!)"
        self._json = re.compile(
            rf'("(?:{words})"\s*:\s*)("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false)', re.IGNORECASE
        )
        self._xml = re.compile(rf"(<({words})(?:\s[^>]*)?>)([^<]+)(</)", re.IGNORECASE)
        self._part = re.compile(
            rf'(name="(?:[^"]*[.\[])?(?:{words})\]?"[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n)(.*?)(?=\r\n--)',
            re.IGNORECASE | re.DOTALL,
        )

    def is_secret_name(self, name: str) -> bool:
        """Whether a parameter, field or query key of this name is secret."""
        return _last_part(name) in self._names or name.lower() in self._names

    def text(self, text: str) -> str:
        """*text* with every known secret value masked."""
        for value in self._values:  # a pattern of hundreds of rotated tokens would cost more to make than this to do
            if value in text:
                text = text.replace(value, MASK)
        return text

    def url(self, url: str) -> str:
        """A URL with secret query values and user information masked."""
        url = re.sub(r"(?<=://)[^/@\s]+@", f"{ASCII_MASK}@", url)
        head, mark, query = url.partition("?")
        return self.text(head) + mark + self._pairs(query)

    def _pairs(self, text: str) -> str:
        from urllib.parse import unquote_plus

        def mask(found: re.Match[str]) -> str:
            return f"{found[1]}={MASK}" if found[2] and self.is_secret_name(unquote_plus(found[1])) else found[0]

        return self.text(_PAIR.sub(mask, text))

    def headers(self, headers: Iterable[Header]) -> tuple[Header, ...]:
        """Headers with secret values masked; the word before a token (``Bearer``) stays."""
        return tuple((name, self._header(name, value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        if name.lower() in self._headers:
            found = _SCHEME.fullmatch(value)
            return found[1] + MASK if found else MASK
        if name.lower() in ("location", "referer", "content-location", "link"):
            return self.url(value)
        return self.text(value)

    @property
    def names(self) -> frozenset[str]:
        """Secret names, in lower case."""
        return frozenset(self._names)

    @property
    def values(self) -> tuple[str, ...]:
        """Known secret values in every spelling, the longest first."""
        return tuple(self._values)

    def body(self, body: bytes, content_type: str = "") -> bytes:
        """A body with secret fields and known secret values masked, everything else byte for byte; *body* itself where
        there is nothing to mask."""
        return self.data(body, content_type)[:]

    def data(self, body: Data, content_type: str = "") -> Data:
        """The same of a body that may be a map of a file."""
        if len(body) > _LARGE:
            from explorer.core.redaction_stream import masked_in_pieces

            return masked_in_pieces(self, body, content_type, self._new_store)
        return self.piece(body[:], content_type)

    def piece(self, body: bytes, content_type: str) -> bytes:
        """A body, or a part of one that cuts nothing in two, masked in one go."""
        if not body:
            return body
        kind = content_type.split(";")[0].strip().lower()
        text = body.decode("utf-8", "surrogateescape")
        if kind == "application/x-www-form-urlencoded":
            text = self._pairs(text)
        elif kind == "multipart/form-data":
            text = self.text(self._part.sub(lambda found: found[1] + MASK, text))
        else:
            text = self._json.sub(lambda found: f'{found[1]}"{MASK}"', text)
            text = self._xml.sub(lambda found: found[1] + MASK + found[4], text)
            text = self.text(text)
        return text.encode("utf-8", "surrogateescape")

    def request(self, request: SentRequest) -> SentRequest:
        """A request with its secrets masked."""
        kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        return msgspec.structs.replace(
            request,
            url=self.url(request.url),
            headers=self.headers(request.headers),
            body=self.body(request.body, kind),
        )

    def response(self, response: ReceivedResponse | None) -> ReceivedResponse | None:
        """A response with its secrets masked."""
        if response is None:
            return None
        return msgspec.structs.replace(
            response,
            reason=self.text(response.reason),
            headers=self.headers(response.headers),
            body=self.data(response.body, response.header("content-type")),
        )

    def call(self, endpoint: Endpoint, call: Call) -> Call:
        """A call whose secret entries hold the mask in place of the value."""
        entries = tuple(self._entry(endpoint, entry) for entry in call.entries)
        headers = self.headers(call.headers)
        extra = tuple((name, MASK if self.is_secret_name(name) else self.text(value)) for name, value in call.extra)
        return msgspec.structs.replace(
            call, entries=entries, headers=headers, extra=extra, base_url=self.url(call.base_url)
        )

    def _entry(self, endpoint: Endpoint, entry: Entry) -> Entry:
        found = find_parameter(endpoint, entry.name)
        if (found and found[0].secret) or self.is_secret_name(entry.name):
            return Entry(name=entry.name, value=MASK if entry.value else "")
        if entry.kind == "json":
            value = self.body(entry.value.encode(), "application/json").decode()
            return msgspec.structs.replace(entry, value=value)
        return msgspec.structs.replace(entry, value=self.text(entry.value))

    def exchange(self, endpoint: Endpoint, exchange: Exchange) -> Exchange:
        """An exchange fit to be kept: nothing secret left in any part of it."""
        verdict = exchange.verdict
        failure = exchange.failure
        under = exchange.under
        return msgspec.structs.replace(
            exchange,
            call=self.call(endpoint, exchange.call),
            request=self.request(exchange.request),
            response=self.response(exchange.response),
            hops=tuple(self._hop(hop) for hop in exchange.hops),
            verdict=msgspec.structs.replace(
                verdict,
                message=self.text(verdict.message),
                fields=tuple(msgspec.structs.replace(one, message=self.text(one.message)) for one in verdict.fields),
            ),
            failure=msgspec.structs.replace(failure, message=self.text(failure.message)) if failure else None,
            under=msgspec.structs.replace(under, base_url=self.url(under.base_url)) if under else None,
        )

    def _hop(self, hop: Hop) -> Hop:
        return msgspec.structs.replace(hop, request=self.request(hop.request), response=self.response(hop.response))


def _last_part(name: str) -> str:
    """``card.number`` → ``number``, ``paymentMethods[0].cvvCode`` → ``cvvcode``, ``user[password]`` → ``password``."""
    parts = re.findall(r"[^.\[\]]+", name)
    words = [part for part in parts if not part.isdigit() and part not in ("#", "*")]
    return words[-1].lower() if words else name.lower()


def spellings(secrets: Iterable[Secret]) -> set[str]:
    """Return every way in which *secrets* may be written: as they are, in base64, percent-encoded, escaped in JSON.

    A secret of fewer than four characters has none: it is part of too many words, and is masked by its place."""
    ways: set[str] = set()
    for secret in secrets:
        text = secret.reveal()
        if len(text) < _SHORTEST:
            continue
        ways |= {text, base64.b64encode(text.encode()).decode().rstrip("=")}
        if not _PLAIN.fullmatch(text):
            ways |= {quote(text, safe=""), quote(text), quote_plus(text), json.dumps(text)[1:-1]}
    return ways


def mask_json(value: Any, redactor: Redactor) -> Any:
    """A decoded JSON value with secret fields masked, for output that is made from values."""
    if isinstance(value, dict):
        return {
            key: MASK
            if redactor.is_secret_name(key) and isinstance(one, str | int | float)
            else mask_json(one, redactor)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [mask_json(one, redactor) for one in value]
    return redactor.text(value) if isinstance(value, str) else value
