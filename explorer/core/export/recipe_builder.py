"""Build the export recipe of a call: secrets become marks, and the program's encoder builds the request."""

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
"""Only letters and digits, which no encoding changes."""


class MarkGenerator:
    """Generates marks that no encoding changes and that do not occur in *text*."""

    def __init__(self, text: str) -> None:
        number = 0
        while f"Hole{number}q" in text:
            number += 1
        self.stem = f"Hole{number}q"
        self._names: list[str] = []
        self._pattern = re.compile(rf"{self.stem}([0-9]+)z")

    def mark(self, name: str) -> str:
        """Return the mark of the hole *name*, which is the same each time."""
        if name not in self._names:
            self._names.append(name)
        return f"{self.stem}{self._names.index(name)}z"

    def split(self, text: str, code: Code = "raw") -> Text:
        """Return *text* with holes in place of marks."""
        pieces: list[str | Hole] = []
        for number, piece in enumerate(self._pattern.split(text)):
            if number % 2:
                name = self._names[int(piece)]
                pieces.append(Hole(name, "raw" if name in _PUBLIC_MARKS else code))
            elif piece:
                pieces.append(piece)
        return tuple(pieces)


_DEFAULT_HEADERS = {"accept-encoding": ACCEPT_ENCODING, "user-agent": USER_AGENT}
"""Headers of this program, left out of exports unless the user changed them."""
_TRANSPORT = ("host", "content-length", "connection", "transfer-encoding")


def build_message(request: httpx.Request, files: Sequence[FileRef], marks: MarkGenerator) -> Message:
    """Return the message of *request*; *files* are the uploads of its multipart body, in order."""
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
        if low not in _TRANSPORT and _DEFAULT_HEADERS.get(low) != value and not (parts and low == "content-type"):
            headers.append((name, marks.split(value)))
    url = marks.split(str(request.url), "url")
    return Message(request.method, url, tuple(headers), marks.split(body, code), parts)


def _parts(content: bytes, boundary: bytes, files: Sequence[FileRef], marks: MarkGenerator) -> Iterator[RecipePart]:
    uploads = iter(files)
    for part in wire.split_fields(content, boundary):
        name = part.name.replace("%22", '"')
        if part.filename is None:
            yield RecipePart(name, marks.split(part.value.decode("utf-8", "surrogateescape")))
        else:
            path = next(uploads).path
            yield RecipePart(name, (), path, unread_upload(path).media_type)


def unread_upload(path: str) -> Upload:
    """Return the upload of a file without its content."""
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
    """Return the recipe of *call*, with vendor and endpoint under its readings.

    *call* can be masked: masked values become variables. *credential* returns known credentials, *redactor* finds
    secrets.

    Raises:
        UsageError: the base URL, a path value or a header cannot be sent, or the signature needs an unknown key id.
    """
    return RecipeBuilder(vendor, endpoint, call, base_url, credential, redactor).recipe()


class RecipeBuilder:
    """Builds the recipe of a call."""

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
        """The credential that the sign-in call returns, if any."""

    def recipe(self) -> Recipe:
        """Return the recipe."""
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
        names = {hole.name for hole in used}
        variables = tuple(variable for name, variable in self.variables.items() if name in names)
        if refresh is None:
            return Recipe(self.original.address, message, variables, sign_in, signing, encoded)
        needed = {hole.name for hole in holes(*texts_of(refresh.request))} - names
        refresh_variables = tuple(variable for name, variable in self.variables.items() if name in needed)
        refreshed = self._credential_variable(scheme.options.tokens[0])
        return Recipe(
            self.original.address,
            message,
            variables,
            sign_in,
            signing,
            encoded,
            refresh,
            refreshed,
            refresh_variables,
        )

    # --- unsigned request ---------------------------------------------------------------------------------------------

    def _unsigned(self) -> tuple[httpx.Request, tuple[FileRef, ...]]:
        masked = self.masked
        pairs = zip(masked.entries, self.original.entries, strict=True)
        entries = tuple(self._entry(entry, original) for entry, original in pairs)
        values = tuple(_keep_number(value, self.marks.stem) for value in validate_form(self.endpoint, entries).values)
        extra = [(name, self._unmask(value, name)) for name, value in masked.extra]
        headers = [(name, self._unmask(value, name)) for name, value in masked.headers]
        return self._build(self.endpoint, values, self.original.method, extra, headers)

    def _entry(self, entry: Entry, original: Entry) -> Entry:
        if MASK not in entry.value:
            return entry
        if entry.value == MASK and original.value != MASK:
            credential = self._same_credential(original.value)
            text = original.value.strip('"') if original.kind == "json" else original.value
            name = credential or self._variable(entry.name, Secret(text))
        else:
            name = self._variable(entry.name, None)
        return msgspec.structs.replace(entry, value=entry.value.replace(MASK, self.marks.mark(name)))

    def _same_credential(self, value: str) -> str:
        for name in self.vendor.credentials:
            secret = self.known(name)
            if secret and secret.reveal() == value:
                return self._credential_variable(name)
        return ""

    def _variable(self, name: str, value: Secret | None) -> str:
        """Return the variable for a secret that was entered as *name*.

        It is a credential's variable only in the sign-in call: elsewhere, ``password`` may be a new password.
        """
        leaf = name.rpartition(".")[2]
        if leaf in self.vendor.credentials:
            if not self._signs_in():
                name = f"{self.endpoint.id}.{name}"
            elif value is None:
                return self._credential_variable(leaf)
        variable = variable_name(self.vendor.id, name)
        self.variables.setdefault(variable, EnvironmentVariable(variable, "", value))
        return variable

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
        parts = (field.value for field in values if field.location == "multipart")
        files = tuple(value for value in parts if isinstance(value, FileRef))
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
            build=self._build_call,
            base_url=self.base_url,
        )

    def _build_call(self, endpoint: str, values: Mapping[str, str]) -> httpx.Request:
        target = self.vendor.endpoints[endpoint]
        entries = tuple(Entry(name=name, value=value) for name, value in values.items())
        return self._build(target, validate_form(target, entries).values)[0]

    def _credential(self, name: str) -> Secret:
        """Return a credential for the schemes: a mark, or the value if the catalog does not declare it secret."""
        if self.minted and name == self.minted:
            return Secret(self.marks.mark(TOKEN))
        declaration = self.vendor.credentials.get(name)
        secret = self.known(name)
        if declaration is not None and not declaration.secret and secret:
            return secret
        return Secret(self.marks.mark(self._credential_variable(name)))

    def _credential_variable(self, name: str) -> str:
        variable = variable_name(self.vendor.id, name)
        self.variables.setdefault(variable, EnvironmentVariable(variable, self._demo(name), self.known(name)))
        return variable

    def _demo(self, name: str) -> str:
        """Return the sandbox's public demo value if it is in use, or an empty string."""
        declaration = self.vendor.credentials.get(name)
        if declaration is None or self.environment != SANDBOX:
            return ""
        secret = self.known(name)
        return declaration.sandbox if secret is None or secret.reveal() == declaration.sandbox else ""

    def _sign_in(self, scheme: Scheme) -> SignIn | None:
        """Return the sign-in call, or None if the scheme has none or a permanent token is known."""
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
        """Return the call that gets a new token for a refresh token, or None."""
        try:
            request = scheme.refresh_call()
        except UsageError:  # plain http to another machine: it must not receive a token
            return None
        return None if request is None else SignIn(build_message(request, (), self.marks), "access_token")

    def _only_refreshes(self, scheme: Scheme) -> bool:
        """Return whether a refresh token is known but no access token."""
        options = scheme.options
        return bool(self.known(options.refresh_credential)) and not self.known(options.tokens[0])

    def _complete(self, sets: Sequence[Mapping[str, str]]) -> Mapping[str, str] | None:
        """Return the first set of which every credential is known, or None."""
        return next((names for names in sets if names and all(map(self.known, names.values()))), None)

    def _encoded(self, options: AuthOptions, request: httpx.Request) -> EncodedValue | None:
        """Replace the encoded credentials in the headers of *request* by a mark, and return its value, or None."""
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
                f"this reading rewrites the key id, so the export needs it: {variable} is not set",
                hint=f"Set {variable}.",
            )
        key = self._credential(signer.key_credential).reveal()
        code: Code = "url" if template.escaped else "raw"
        signing = Signing(self.marks.split(template.base, code), self.marks.split(key), template.uppercase)
        return signing, template.request


def _keep_number(field: FieldValue, stem: str) -> FieldValue:
    """Return *field* with a mark of a secret number in a JSON body as a number token."""
    numeric = field.param is not None and field.param.type in ("integer", "number") and field.location == "json"
    if numeric and isinstance(field.value, str) and field.value.startswith(stem):
        return FieldValue(field.param, field.name, field.location, NumberToken(field.value), field.index)
    return field
