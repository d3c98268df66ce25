"""Mask the secrets of requests and responses. All text that leaves the process passes through here.

Secrets are recognized in two ways. By *name*: headers and fields that are secret everywhere, and names that the catalog
marks. By *value*: every secret that was sent, or set by the server as a cookie, also percent-encoded, escaped or within
Base64. Masking changes nothing else: number tokens, order and whitespace are preserved. A secret of fewer than four
characters is masked only by name, because its value occurs in too many words.

All functions run in linear time for any input.
"""

from __future__ import annotations

import base64
import html
import json
import re
from copy import copy
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec

from explorer.core.auth import options_of
from explorer.core.form import find_parameter
from explorer.core.model import Call, Entry, Exchange, Header, ReceivedResponse, SentRequest, hops_of
from explorer.core.secret_fields import Fields, FieldScanner, decoded, mask_packed, mask_pairs, mask_user, secret_values
from explorer.core.secret_names import is_secret_header, is_well_known, last_part
from explorer.core.text.data import MemoryStore
from explorer.core.text.media_type import FORM, JSON, MULTIPART, essence
from explorer.core.text.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from explorer.core.auth.base import SigningStep
    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.text.data import Data, Store

ASCII_MASK: Final = "******"
_MIN_SECRET: Final = 4
_MIN_BASE64_SECRET: Final = 8
_LARGE: Final = 1_000_000
"""Bytes from which a body is masked in pieces, so that other threads can run in between."""
_FEW: Final = 100
"""Number of known values up to which each is searched individually, even in a long text."""
_LONG_TEXT: Final = 4096
_WORD: Final = r"A-Za-z0-9_.~+/%=-"
_LONG_WORD: Final = re.compile(rf"(?<![{_WORD}])[{_WORD}]{{16,}}+")
_ONLY_LONG_WORD: Final = re.compile(rf"[{_WORD}]{{16,}}")
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]+")
"""Text that every encoding leaves unchanged."""
_SCHEME = re.compile(r"((?:Bearer|Basic|Token):?\s+)(.+)", re.IGNORECASE | re.DOTALL)
_BASIC = re.compile(r"Basic:?\s+(.+)", re.IGNORECASE | re.DOTALL)
_PART_NAME = re.compile(r';\s*+name="?([^"\r\n;]*+)', re.IGNORECASE)
_ORDINARY: Final = frozenset({"true", "false", "null", "none", "undefined"})
_MAX_LEARNED: Final = 500
_LONG_COOKIE: Final = 16
_SECRET_COOKIE = re.compile(r"sess|sid$|token|auth|jwt|secret|csrf|xsrf|ticket|remember", re.IGNORECASE)
_IDENTIFIERS: Final = frozenset({"kind", "outcome", "purpose", "replayed", "endpoint"})
"""Fields of an exchange that contain enumerated values of this program, or a digest."""


class Redactor:
    """A masker for the secrets of one vendor's traffic.

    Methods never raise and leave everything else unchanged. *new_store* creates the buffer for a large masked body.
    """

    def __init__(
        self,
        vendor: Vendor,
        endpoint: Endpoint | None = None,
        secrets: Iterable[Secret] = (),
        new_store: Callable[[], Store] = MemoryStore,
    ) -> None:
        self._new_store = new_store
        names = {name.lower() for name in vendor.secret_fields}
        endpoints = [endpoint] if endpoint is not None else list(vendor.endpoints.values())
        for documented in endpoints:
            for param in documented.params.values():
                if param.secret:
                    names.add(last_part(param.name))
        self._headers: set[str] = set()
        for auth in vendor.auth.values():
            placement = options_of(auth).token_place("GET")
            if placement is not None:
                (self._headers if placement.where == "header" else names).add(placement.name.lower())
        self._names = frozenset(names)
        self._scanner = FieldScanner(self._names, self.is_secret_name)
        self._set_values(spellings(secrets))

    def _set_values(self, values: set[str]) -> None:
        self._values = sorted(values, key=lambda value: (-len(value), value))
        self._long_words = [value for value in self._values if _ONLY_LONG_WORD.fullmatch(value)]
        self._others = [value for value in self._values if not _ONLY_LONG_WORD.fullmatch(value)]

    def with_secrets(self, secrets: Iterable[Secret]) -> Redactor:
        """Return a redactor that also knows *secrets*."""
        more = spellings(secrets).difference(self._values)
        if not more:
            return self
        redactor = copy(self)
        redactor._set_values(more.union(self._values))
        return redactor

    def is_secret_name(self, name: str) -> bool:
        """Return whether a parameter, field or query key of this name is secret."""
        last = last_part(name)
        return last in self._names or is_well_known(last) or name.lower() in self._names

    def _is_secret_header(self, name: str) -> bool:
        return name.lower() in self._headers or is_secret_header(name)

    # --- strings -----------------------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Return *text* with every known secret value masked."""
        for value in self.find_known(text):
            text = text.replace(value, MASK)
        return text

    def find_known(self, text: str) -> list[str]:
        """Return the known secret values in *text*, as spelled there, longest first.

        Compiling a pattern of hundreds of rotated tokens is slower than searching for each. In a long text, most of
        them are searched only in its long words.
        """
        if len(self._values) <= _FEW or len(text) < _LONG_TEXT:
            return [value for value in self._values if value in text]
        words = "\n".join(_LONG_WORD.findall(text))
        present = {value for value in self._long_words if value in words}
        present.update(value for value in self._others if value in text)
        return [value for value in self._values if value in present] if present else []

    def steps(self, steps: Iterable[SigningStep]) -> tuple[SigningStep, ...]:
        """Return signing steps with secret values masked.

        A base string is not always encoded, so known values may contain delimiters. They are masked first.
        """
        return tuple(
            msgspec.structs.replace(
                step, text=self.mask_text(self.text(step.text)), detail=self.mask_text(self.text(step.detail))
            )
            for step in steps
        )

    def mask_text(self, text: str) -> str:
        """Return *text*, such as a message, with secret fields, pairs and known values masked."""
        text = self._scanner.scan(text).masked(text)
        return self.text(mask_pairs(mask_user(text, ASCII_MASK), self.is_secret_name, quoted=True))

    def url(self, url: str) -> str:
        """Return *url* with secret query values, fragment values and user information masked."""
        return self._pairs(mask_user(url, ASCII_MASK))

    def _pairs(self, text: str) -> str:
        return self.text(mask_packed(mask_pairs(text, self.is_secret_name), self._mask_decoded))

    def _mask_decoded(self, text: str) -> str:
        """Mask a percent-decoded value: a URL, pairs or JSON."""
        return mask_pairs(self._scanner.scan(text).masked(text), self.is_secret_name)

    # --- headers -----------------------------------------------------------------------------------------------------

    def headers(self, headers: Iterable[Header]) -> tuple[Header, ...]:
        """Return *headers* with secret values masked; the word before a token (``Bearer``) remains."""
        return tuple((name, self._header(name, value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        if self._is_secret_header(name):
            scheme = _SCHEME.fullmatch(value)
            return scheme[1] + MASK if scheme else MASK
        if name.lower() in ("location", "referer", "content-location"):
            return self.url(value)
        if name.lower() == "link":
            return ">".join(map(self.url, value.split(">")))
        return self.mask_text(value)

    @property
    def names(self) -> frozenset[str]:
        """Lowercase names that are secret in addition to those that are secret everywhere."""
        return self._names

    @property
    def values(self) -> tuple[str, ...]:
        """Known secret values in every spelling, longest first."""
        return tuple(self._values)

    # --- bodies ------------------------------------------------------------------------------------------------------

    def body(self, body: bytes, content_type: str = "") -> bytes:
        """Return *body* with secret fields and known values masked and all other bytes unchanged.

        If nothing is masked, return *body* itself.
        """
        return self.data(body, content_type)[:]

    def data(self, body: Data, content_type: str = "") -> Data:
        """Return a body that may be a memory map, masked as by ``body``."""
        if len(body) > _LARGE:
            from explorer.core.redaction_stream import mask_in_pieces

            return mask_in_pieces(self, body, content_type, self._new_store)
        return self.mask_piece(body[:], content_type)

    def mask_piece(self, body: bytes, content_type: str) -> bytes:
        """Mask a body, or a part of it that splits nothing, in one pass."""
        if not body:
            return body
        kind = essence(content_type)
        text = body.decode("utf-8", "surrogateescape")
        if kind == FORM:
            text = self._pairs(text)
        elif kind == MULTIPART:
            text = self.text(self._multipart(text))
        else:
            text = self.text(self.fields(text).masked(text))
        return text.encode("utf-8", "surrogateescape")

    def fields(self, text: str) -> Fields:
        """Return the secret fields of *text*, in JSON or XML."""
        return self._scanner.scan(text)

    def _multipart(self, text: str) -> str:
        return "".join(self._part(*part) for part in parts_of(text))

    def _part(self, head: str, content: str) -> str:
        if content and self.is_secret_name(part_name(head)):
            return head + MASK
        return head + self._scanner.scan(content).masked(content)

    # --- requests and responses --------------------------------------------------------------------------------------

    def request(self, request: SentRequest) -> SentRequest:
        """Return a request with its secrets masked."""
        return msgspec.structs.replace(
            request,
            url=self.url(request.url),
            headers=self.headers(request.headers),
            body=self.body(request.body, _content_type(request)),
        )

    def response(self, response: ReceivedResponse | None) -> ReceivedResponse | None:
        """Return a response with its secrets masked in every field."""
        if response is None:
            return None
        texts = {name: getattr(response, name) for name in response.__struct_fields__}
        masked = {name: self.mask_text(text) for name, text in texts.items() if isinstance(text, str) and text}
        return msgspec.structs.replace(
            response,
            **masked,
            headers=self.headers(response.headers),
            body=self.data(response.body, response.header("content-type")),
        )

    def call(self, endpoint: Endpoint, call: Call) -> Call:
        """Return a call with the values of secret entries masked."""
        entries = tuple(self._entry(endpoint, entry) for entry in call.entries)
        headers = self.headers(call.headers)
        extra = tuple((name, MASK if self.is_secret_name(name) else self.text(value)) for name, value in call.extra)
        return msgspec.structs.replace(
            call, entries=entries, headers=headers, extra=extra, base_url=self.url(call.base_url)
        )

    def _entry(self, endpoint: Endpoint, entry: Entry) -> Entry:
        if self._is_secret_entry(endpoint, entry):
            return Entry(name=entry.name, value=MASK if entry.value else "")
        if entry.kind == "json":
            value = self.body(entry.value.encode(), JSON).decode()
            return msgspec.structs.replace(entry, value=value)
        return msgspec.structs.replace(entry, value=self.text(self.fields(entry.value).masked(entry.value)))

    def _is_secret_entry(self, endpoint: Endpoint, entry: Entry) -> bool:
        parameter = find_parameter(endpoint, entry.name)
        return (parameter is not None and parameter[0].secret) or self.is_secret_name(entry.name)

    def exchange(self, endpoint: Endpoint, exchange: Exchange) -> Exchange:
        """Return an exchange fit for storage: no secret in any part, including those that the server repeats."""
        redactor = self.with_secrets(self.secrets_of(endpoint, exchange))
        return redactor._exchange(endpoint, exchange)

    def _exchange(self, endpoint: Endpoint, exchange: Exchange) -> Exchange:
        masked: Exchange = self._mask_struct(exchange)
        entered = [
            entry.value for entry in exchange.call.entries if self._is_secret_entry(endpoint, entry) and entry.value
        ]
        return msgspec.structs.replace(
            masked,
            call=self.call(endpoint, exchange.call),
            problems=tuple(self._problem(problem, entered) for problem in masked.problems),
        )

    def _mask_struct(self, struct: Any) -> Any:
        """Return *struct* with every string in it masked, including fields added in the future."""
        changed = {
            name: self._mask_value(value)
            for name in struct.__struct_fields__
            if name not in _IDENTIFIERS and (value := getattr(struct, name)) and not isinstance(value, (int, float))
        }
        return msgspec.structs.replace(struct, **changed)

    def _mask_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, SentRequest):
            return self.request(value)
        if isinstance(value, ReceivedResponse):
            return self.response(value)
        if isinstance(value, Call):
            return value
        if isinstance(value, msgspec.Struct):
            return self._mask_struct(value)
        if isinstance(value, tuple | list):
            return type(value)(map(self._mask_value, value))
        if isinstance(value, dict):
            return {key: self._mask_value(item) for key, item in value.items()}
        return value

    def _problem(self, problem: dict[str, Any], entered: list[str]) -> dict[str, Any]:
        """Return a form problem with quoted secret values masked, whatever their length."""
        if not self.is_secret_name(str(problem.get("field", ""))):
            return problem
        message = str(problem.get("message", ""))
        for value in entered:
            message = message.replace(f"'{value}'", MASK)
        return {**problem, "message": message}

    # --- sent secrets ------------------------------------------------------------------------------------------------

    def secrets_of(self, endpoint: Endpoint, exchange: Exchange) -> Iterator[Secret]:
        """Yield the secrets of *exchange* under secret names: entered, sent, or set as a cookie by the server."""
        requests = chain.from_iterable(self.secrets_sent(hop.request, hop.response) for hop in hops_of(exchange))
        return chain(self.secrets_typed(endpoint, exchange.call), requests)

    def secrets_typed(self, endpoint: Endpoint, call: Call) -> Iterator[Secret]:
        """Yield the values of *call* with secret names: entries, fields of JSON entries, headers and extras."""
        texts: list[str] = []
        for entry in call.entries:
            if self._is_secret_entry(endpoint, entry):
                texts.append(decoded(entry.value.strip('"')) if entry.kind == "json" else entry.value)
            elif entry.kind == "json":
                texts += self._field_values(entry.value)
        texts += (value for name, value in call.extra if self.is_secret_name(name))
        texts += chain.from_iterable(self._header_values(name, value) for name, value in call.headers)
        return _secrets(texts)

    def secrets_sent(self, request: SentRequest, response: ReceivedResponse | None = None) -> Iterator[Secret]:
        """Yield the values sent under secret names, and the cookies that *response* sets."""
        texts = self._pair_values(request.url)
        texts += chain.from_iterable(self._header_values(name, value) for name, value in request.headers)
        if len(request.body) <= _LARGE:
            texts += self._body_values(request)
        set_cookies = (value for name, value in response.headers if name.lower() == "set-cookie") if response else ()
        texts += chain.from_iterable(_cookie_values(value.partition(";")[0]) for value in set_cookies)
        return _secrets(texts)

    def _header_values(self, name: str, value: str) -> list[str]:
        if name.lower() == "cookie":
            return _cookie_values(value)
        if not self._is_secret_header(name):
            return self._pair_values(value)
        scheme = _SCHEME.fullmatch(value)
        text, basic = scheme[2] if scheme else value, _BASIC.fullmatch(value)
        return [text, _basic_password(basic[1])] if basic else [text]

    def _pair_values(self, text: str) -> list[str]:
        return [unquote_plus(text[start:end]) for start, end in secret_values(text, self.is_secret_name)]

    def _field_values(self, text: str) -> list[str]:
        raw = (text[edit.start : edit.end] for edit in self._scanner.scan(text).edits)
        return [decoded(value) if "\\" in value else html.unescape(value) for value in raw]

    def _body_values(self, request: SentRequest) -> list[str]:
        text = request.body.decode("utf-8", "surrogateescape")
        kind = essence(_content_type(request))
        if kind == FORM:
            return self._pair_values(text)
        if kind != MULTIPART:
            return self._field_values(text)
        values: list[str] = []
        for head, content in parts_of(text):
            values += [content] if self.is_secret_name(part_name(head)) else self._field_values(content)
        return values


def _content_type(request: SentRequest) -> str:
    return next((value for name, value in request.headers if name.lower() == "content-type"), "")


def parts_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a multipart body (RFC 2046, section 5.1.1).

    Each is the delimiter, including the line break before it, with the headers; and the content. Joined they equal
    *text*.
    """
    boundary = text.partition("\n")[0].rstrip() if text.startswith("--") else "--"
    start = 0
    while start < len(text):
        end = text.find(f"\n{boundary}", start + 2)  # after the delimiter of this part
        end = len(text) if end < 0 else end - (text[end - 1] == "\r")
        part = text[start:end]
        blank = re.search(r"\r?\n\r?\n", part)
        content = blank.end() if blank else len(part)
        yield part[:content], part[content:]
        start = end


def part_name(head: str) -> str:
    """Return the field name in the headers *head*, or an empty string."""
    name = _PART_NAME.search(head)
    return name[1] if name else ""


def _cookie_values(text: str) -> list[str]:
    pairs = (pair.strip().partition("=") for pair in text.split(";"))
    plain = ((name, value.strip('"')) for name, _, value in pairs)
    return [value for name, value in plain if len(value) >= _LONG_COOKIE or _SECRET_COOKIE.search(name)]


def _basic_password(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _secrets(texts: Iterable[str]) -> Iterator[Secret]:
    distinct = dict.fromkeys(text for text in texts if MASK not in text and text.lower() not in _ORDINARY)
    return map(Secret, list(distinct)[:_MAX_LEARNED])


def spellings(secrets: Iterable[Secret]) -> set[str]:
    """Return every spelling of *secrets*: literal, percent-encoded, escaped in JSON or HTML, and Base64.

    Base64 includes fragments within a longer encoded text, such as ``id:secret``. A secret of fewer than four
    characters has no spellings: it occurs in too many words, and is masked by name.
    """
    variants: set[str] = set()
    for secret in secrets:
        text = secret.reveal()
        if len(text) < _MIN_SECRET:
            continue
        packed = {
            base64.b64encode(text.encode("utf-8", "surrogateescape")).decode().rstrip("="),
            *_base64_fragments(text),
        }
        variants |= {text, *packed}
        variants |= {quote(variant, safe="") for variant in packed} | {
            variant.replace("/", "\\/") for variant in packed
        }
        if not _PLAIN.fullmatch(text):
            variants |= _escaped(text)
    return variants


def _base64_fragments(text: str) -> Iterator[str]:
    """Yield the invariant part of any Base64 text that contains *text*, for each of the three alignments."""
    data = text.encode("utf-8", "surrogateescape")
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        whole = base64.b64encode(bytes(before) + data).decode()
        common = whole[first:last]
        if len(common) >= _MIN_BASE64_SECRET:
            yield common
            yield common.replace("+", "-").replace("/", "_")


def _escaped(text: str) -> set[str]:
    percent = {quote(text, safe="", errors="surrogateescape"), quote(text, errors="surrogateescape")}
    percent.add(quote_plus(text, errors="surrogateescape"))
    inner = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    inner |= {variant.replace("/", "\\/") for variant in inner}
    outer = {json.dumps(variant, ensure_ascii=False)[1:-1] for variant in inner}
    markup = {html.escape(text), html.escape(text, quote=False), html.escape(text).replace("&#x27;", "&#039;")}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda escape: escape[0].lower(), variant) for variant in percent}
    return percent | lower | inner | outer | markup
