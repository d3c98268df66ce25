"""Turn a call into an export recipe: secrets become marks, and the program's own encoder makes the request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from explorer.core.auth import wire
from explorer.core.auth.base import AuthContext
from explorer.core.auth.tokens import TokenStore
from explorer.core.export.recipe import (
    ENCODED,
    SIGNATURE,
    TIMESTAMP,
    TOKEN,
    EncodedValue,
    EnvironmentVariable,
    Hole,
    Message,
    Recipe,
    RecipePart,
    SignIn,
    Signing,
    holes,
    texts_of,
)
from explorer.core.form import FieldValue, FileRef, NumberToken, validate_form
from explorer.core.model import SANDBOX, Entry
from explorer.core.request import ACCEPT_ENCODING, USER_AGENT, build_request, upload_of
from explorer.core.text.env_names import variable_name
from explorer.core.text.media_type import FORM
from explorer.core.text.secret import MASK, Secret
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import httpx

    from explorer.core.auth.base import Scheme, Signer
    from explorer.core.auth.options import AuthOptions
    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.export.recipe import Code, Text
    from explorer.core.model import Call
    from explorer.core.redaction import Redactor
    from explorer.core.request import Upload


_PUBLIC_MARKS = (TIMESTAMP, SIGNATURE)
"""Digits and letters only: written the same everywhere."""


class MarkGenerator:
    """Hands out words that no encoding spells otherwise and that do not occur in *taken*."""

    def __init__(self, taken: str) -> None:
        number = 0
        while f"Hole{number}q" in taken:
            number += 1
        self.stem = f"Hole{number}q"
        self._names: list[str] = []
        self._pattern = re.compile(rf"{self.stem}([0-9]+)z")

    def mark(self, name: str) -> str:
        """The word for the hole *name*; the same one each time."""
        if name not in self._names:
            self._names.append(name)
        return f"{self.stem}{self._names.index(name)}z"

    def split(self, text: str, code: Code = "raw") -> Text:
        """*text* with holes in place of marks."""
        pieces: list[str | Hole] = []
        for number, piece in enumerate(self._pattern.split(text)):
            if number % 2:
                name = self._names[int(piece)]
                pieces.append(Hole(name, "raw" if name in _PUBLIC_MARKS else code))
            elif piece:
                pieces.append(piece)
        return tuple(pieces)


_OWN_HEADERS = {"accept-encoding": ACCEPT_ENCODING, "user-agent": USER_AGENT}
"""Headers that are this program's own business, where a person did not set them otherwise."""
_TRANSPORT = ("host", "content-length", "connection", "transfer-encoding")


def build_message(request: httpx.Request, files: Sequence[FileRef], marks: MarkGenerator) -> Message:
    """The message of *request*; *files* are the uploads of its multipart body, in order."""
    kind = request.headers.get("content-type", "")
    boundary = wire.boundary_of(kind)
    parts: tuple[RecipePart, ...] = ()
    body = ""
    if boundary is not None and request.content:
        parts = tuple(_parts(request.content, boundary, files, marks))
    else:
        body = request.content.decode("utf-8", "surrogateescape")
    code: Code = "url" if kind.startswith(FORM) else "json" if "json" in kind else "raw"
    headers = []
    for raw_name, raw_value in request.headers.raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        low = name.lower()
        if low not in _TRANSPORT and _OWN_HEADERS.get(low) != value and not (parts and low == "content-type"):
            headers.append((name, marks.split(value)))
    url = marks.split(str(request.url), "url")
    return Message(request.method, url, tuple(headers), marks.split(body, code), parts)


def _parts(content: bytes, boundary: bytes, files: Sequence[FileRef], marks: MarkGenerator) -> Iterator[RecipePart]:
    waiting = iter(files)
    for one in wire.split_fields(content, boundary):
        name = one.name.replace("%22", '"')
        if one.filename is None:
            yield RecipePart(name, marks.split(one.value.decode("utf-8", "surrogateescape")))
        else:
            path = next(waiting).path
            yield RecipePart(name, (), path, unread_upload(path).media_type)


def unread_upload(path: str) -> Upload:
    """The upload that a file would make, without its content."""
    return upload_of(path, b"")


def recipe_for(
    vendor: Vendor,
    endpoint: Endpoint,
    call: Call,
    base_url: str,
    *,
    credential: Callable[[str], Secret | None],
    redactor: Redactor,
) -> Recipe:
    """The recipe of *call*, with vendor and endpoint as they are under its readings.

    A call that was kept masked will do as well: what is masked in it becomes a variable. *credential* gives what is
    known now, *redactor* tells what is secret.

    Raises:
        UsageError: base URL, a path value or a header cannot be sent; or a signature cannot be made without the key id.
    """
    return RecipeBuilder(vendor, endpoint, call, base_url, credential, redactor).recipe()


class RecipeBuilder:
    """Builds the recipe of one call."""

    def __init__(
        self,
        vendor: Vendor,
        endpoint: Endpoint,
        call: Call,
        base_url: str,
        credential: Callable[[str], Secret | None],
        redactor: Redactor,
    ) -> None:
        self.vendor = vendor
        self.endpoint = endpoint
        self.environment = call.environment
        self.known = credential
        self.original = call
        self.masked = redactor.call(endpoint, call)
        self.marks = MarkGenerator(repr(call) + base_url)
        self.variables: dict[str, EnvironmentVariable] = {}
        self.base_url = self._unmask(redactor.text(base_url), "base_url")
        self.minted = ""
        """The credential that is asked for first, where one is."""

    def recipe(self) -> Recipe:
        request, files = self._unsigned()
        scheme = self._scheme()
        refresh = self._refresh(scheme)
        sign_in = self._sign_in(scheme)
        if sign_in is None and refresh is not None and self._only_refreshes(scheme):
            sign_in, refresh, self.minted = refresh, None, scheme.options.tokens[0]
        signing, signer = None, scheme.signer()
        if signer is not None:
            signing, request = self._signed(signer, request)
        else:
            request = scheme.preview(request)
        encoded = self._encoded(scheme.options, request)
        message = build_message(request, files, self.marks)
        used = holes(*texts_of(message))
        if sign_in:
            used |= holes(*texts_of(sign_in.request))
        if signing:
            used |= holes(signing.base, signing.key)
        if encoded:
            used |= holes(encoded.text)
        names = {one.name for one in used}
        variables = tuple(one for name, one in self.variables.items() if name in names)
        if refresh is None:
            return Recipe(self.original.address, message, variables, sign_in, signing, encoded)
        needed = {one.name for one in holes(*texts_of(refresh.request))} - names
        more = tuple(one for name, one in self.variables.items() if name in needed)
        refreshed = self._credential_variable(scheme.options.tokens[0])
        return Recipe(self.original.address, message, variables, sign_in, signing, encoded, refresh, refreshed, more)

    # --- the request before it is signed -----------------------------------------------------------------------------

    def _unsigned(self) -> tuple[httpx.Request, tuple[FileRef, ...]]:
        masked = self.masked
        entries = tuple(self._entry(one, was) for one, was in zip(masked.entries, self.original.entries, strict=True))
        values = tuple(_keep_number(one, self.marks.stem) for one in validate_form(self.endpoint, entries).values)
        extra = [(name, self._unmask(value, name)) for name, value in masked.extra]
        headers = [(name, self._unmask(value, name)) for name, value in masked.headers]
        return self._build(self.endpoint, values, self.original.method, extra, headers)

    def _entry(self, entry: Entry, was: Entry) -> Entry:
        if MASK not in entry.value:
            return entry
        if entry.value == MASK and was.value != MASK:
            credential = self._same_credential(was.value)
            text = was.value.strip('"') if was.kind == "json" else was.value
            name = credential or self._variable(entry.name, Secret(text))
        else:
            name = self._variable(entry.name, None)
        return msgspec.structs.replace(entry, value=entry.value.replace(MASK, self.marks.mark(name)))

    def _same_credential(self, value: str) -> str:
        for name in self.vendor.credentials:
            found = self.known(name)
            if found and found.reveal() == value:
                return self._credential_variable(name)
        return ""

    def _variable(self, name: str, value: Secret | None) -> str:
        """The variable for a secret that was typed under *name*.

        It is that of a credential only where the call is the one that signs in: a new password is not the password.
        """
        last = name.rpartition(".")[2]
        if last in self.vendor.credentials:
            if not self._signs_in():
                name = f"{self.endpoint.id}.{name}"
            elif value is None:
                return self._credential_variable(last)
        text = variable_name(self.vendor.id, name)
        self.variables.setdefault(text, EnvironmentVariable(text, "", value))
        return text

    def _signs_in(self) -> bool:
        from explorer.core.auth import scheme_of

        return any(scheme_of(self.vendor, key, self._context()).mints(self.endpoint.id) for key in self.vendor.auth)

    def _unmask(self, text: str, name: str) -> str:
        if MASK not in text:
            return text
        variable = variable_name(self.vendor.id, name)
        self.variables.setdefault(variable, EnvironmentVariable(variable))
        return text.replace(MASK, self.marks.mark(variable))

    def _build(
        self,
        endpoint: Endpoint,
        values: Sequence[FieldValue],
        method: str = "",
        extra: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> tuple[httpx.Request, tuple[FileRef, ...]]:
        files = tuple(one.value for one in values if one.location == "multipart" and isinstance(one.value, FileRef))
        request = build_request(
            self.vendor,
            endpoint,
            values,
            self.base_url,
            method=method,
            extra=extra,
            headers=headers,
            boundary=f"{self.marks.stem}boundary",
            read_file=unread_upload,
        )
        return request, files

    # --- auth --------------------------------------------------------------------------------------------------------

    def _scheme(self) -> Scheme:
        from explorer.core.auth import scheme_for

        return scheme_for(self.vendor, self.endpoint, self._context())

    def _context(self) -> AuthContext:
        return AuthContext(
            vendor=self.vendor,
            endpoint=self.endpoint,
            environment=self.environment,
            now=lambda: 0.0,
            nonce=lambda _size: "",
            credential=self._credential,
            tokens=TokenStore(),
            build=self._built,
            base_url=self.base_url,
        )

    def _built(self, endpoint: str, values: Mapping[str, str]) -> httpx.Request:
        target = self.vendor.endpoints[endpoint]
        entries = tuple(Entry(name=name, value=value) for name, value in values.items())
        return self._build(target, validate_form(target, entries).values)[0]

    def _credential(self, name: str) -> Secret:
        """A credential as the schemes get it: a mark, or the text itself where the catalog does not call it secret."""
        if self.minted and name == self.minted:
            return Secret(self.marks.mark(TOKEN))
        table = self.vendor.credentials.get(name)
        found = self.known(name)
        if table is not None and not table.secret and found:
            return found
        return Secret(self.marks.mark(self._credential_variable(name)))

    def _credential_variable(self, name: str) -> str:
        text = variable_name(self.vendor.id, name)
        self.variables.setdefault(text, EnvironmentVariable(text, self._demo(name), self.known(name)))
        return text

    def _demo(self, name: str) -> str:
        """The sandbox's public demo value, where it is the one that is used."""
        table = self.vendor.credentials.get(name)
        if table is None or self.environment != SANDBOX:
            return ""
        found = self.known(name)
        return table.sandbox if found is None or found.reveal() == table.sandbox else ""

    def _sign_in(self, scheme: Scheme) -> SignIn | None:
        """The call that gives the token, where the scheme has one and no lasting token is at hand."""
        options = scheme.options
        sets = tuple(values for values in options.minting_values if values)
        if not options.minting or not sets:
            return None
        token = options.tokens[0]
        if self.known(token) and not (options.prefers_minting and self._complete(sets)):
            return None
        names = self._complete(sets) or sets[0]
        entries = tuple(Entry(name=param, value=self._credential(name).reveal()) for param, name in names.items())
        target = self.vendor.endpoints[options.minting]
        request, _ = self._build(target, validate_form(target, entries).values)
        self.minted = token
        return SignIn(build_message(request, (), self.marks), options.token_fields[0])

    def _refresh(self, scheme: Scheme) -> SignIn | None:
        """The call that gives a new token for a refresh token, where the scheme has one and it may be called."""
        try:
            request = scheme.refresh_call()
        except UsageError:  # plain http, not on this machine: no token goes there
            return None
        return None if request is None else SignIn(build_message(request, (), self.marks), "access_token")

    def _only_refreshes(self, scheme: Scheme) -> bool:
        """Whether a refresh token is known, and no access token."""
        options = scheme.options
        return bool(self.known(options.refresh_credential)) and not self.known(options.tokens[0])

    def _complete(self, sets: Sequence[Mapping[str, str]]) -> Mapping[str, str] | None:
        """The first set of which every credential is known."""
        return next((one for one in sets if one and all(self.known(name) for name in one.values())), None)

    def _encoded(self, options: AuthOptions, request: httpx.Request) -> EncodedValue | None:
        """Put a mark in the place of the encoded credentials in the headers of *request*; what fills it, or None."""
        if not options.encoded:
            return None
        texts = [self._credential(name).reveal() for name in options.encoded]
        value, mark = wire.base64_of(texts), self.marks.mark(ENCODED)
        for name in options.headers:
            request.headers[name] = request.headers[name].replace(value, mark)
        return EncodedValue(ENCODED, self.marks.split(":".join(texts)))

    def _signed(self, signer: Signer, request: httpx.Request) -> tuple[Signing, httpx.Request]:
        template = signer.template(request, self.marks.mark(TIMESTAMP), self.marks.mark(SIGNATURE))
        if template.rewritten and self.marks.stem in self._credential(template.rewritten).reveal():
            variable = variable_name(self.vendor.id, template.rewritten)
            raise UsageError(
                f"under this reading the key id is changed on its way, so it has to be known: {variable} is not set",
                hint=f"Set {variable}.",
            )
        key = self._credential(signer.key_credential).reveal()
        code: Code = "url" if template.escaped else "raw"
        signing = Signing(self.marks.split(template.base, code), self.marks.split(key), template.uppercase)
        return signing, template.request


def _keep_number(one: FieldValue, stem: str) -> FieldValue:
    """A secret number of a JSON body stays a number."""
    numeric = one.param is not None and one.param.type in ("integer", "number") and one.location == "json"
    if numeric and isinstance(one.value, str) and one.value.startswith(stem):
        return FieldValue(one.param, one.name, one.location, NumberToken(one.value), one.index)
    return one
