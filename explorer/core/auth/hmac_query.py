"""A signature over the decoded parameters, sent as one of them (``002:28-44``).

    base string  v1/order/calculate?auth_id=…&auth_ts=…&item1_size=S&…      path below the root without suffix; all
                                                                            text parameters, decoded, in byte order
                                                                            of their keys; no files, no signature
    signature    HMAC-SHA256(key = shared secret, base string), lowercase hex

The parameters are read from the finished URL and body. The three new ones are appended.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from explorer.core.auth import wire
from explorer.core.auth.base import Flow, Scheme, SignatureTemplate, SigningStep, is_secret_name
from explorer.core.auth.options import AuthOptions, SignatureParams, TokenSource
from explorer.core.auth.scheme import AuthScheme
from explorer.core.auth.signature_recipe import (
    ORDERS,
    VALUE_ENCODINGS,
    SignatureInput,
    SignatureParameter,
    SignatureRecipe,
    build_base_string,
    join_base_string,
    select_parameters,
    sign,
    sort_parameters,
)
from explorer.core.auth.verifier import Account, Grant, IncomingRequest, Refusal, Verifier, constant_time_equal
from explorer.core.text.secret import MASK, Secret
from explorer.core.text.units import format_utc
from explorer.core.text.url_pairs import Pairs, decode_pairs

if TYPE_CHECKING:
    import httpx


class HmacQueryOptions(AuthOptions, frozen=True, kw_only=True):
    """HMAC over the decoded, sorted parameters, appended to them."""

    key_id: str = "auth_id"
    """Credential that contains the key id."""
    secret: str = "secret"  # noqa: S105 - the name of a credential
    """Credential that contains the shared secret."""
    id_param: str = "auth_id"
    """The parameter that names the key."""
    timestamp_param: str = "auth_ts"
    """The parameter with the time of signing, as Unix seconds."""
    signature_param: str = "auth_sig"
    """The parameter that carries the signature."""
    digest: Literal["sha256"] = "sha256"
    """The hash function."""
    base: str = "{path}?{query}"
    """The base string: ``{path}`` is the path below the base URL without suffix, ``{query}`` the joined parameters."""
    strip_suffix: bool = True
    """Whether the format suffix (``.json``) of the path is removed."""
    escaped: bool = False
    """Whether values are percent-escaped in the base string."""
    order: Literal["bytes", "sent"] = "bytes"
    """How parameters are sorted before they are joined."""
    uppercase: bool = False
    """Whether the hexadecimal digest is in capitals."""
    encode_id: bool = True
    """Whether the id's ``@`` is sent as ``%40``, as in the base string. Otherwise the request omits it, as a printed
    example does (``002:44``), and only the base string contains it."""
    tolerance_seconds: int = 300
    """Allowed clock difference in the sandbox, in seconds."""

    @property
    def params(self) -> tuple[str, ...]:
        return (self.id_param, self.timestamp_param, self.signature_param)

    @property
    def volatile_params(self) -> tuple[str, ...]:
        return (self.timestamp_param, self.signature_param)

    @property
    def signature(self) -> SignatureParams:
        return SignatureParams(self.id_param, self.timestamp_param, self.signature_param)

    @property
    def clock_tolerance(self) -> float:
        return float(self.tolerance_seconds)

    @property
    def placement(self) -> tuple[str, str]:
        names = ", ".join(self.params)
        return f"query: {names}", "The secret is never sent. It signs the path and all parameters."

    @property
    def token_source(self) -> TokenSource:
        detail = f"The sandbox accepts a signature for {self.tolerance_seconds} seconds."
        return TokenSource(("no token: each request is signed",), (detail,))


def recipe_of(options: HmacQueryOptions) -> SignatureRecipe:
    """Return the recipe of the options."""
    return SignatureRecipe(
        base=options.base,
        signature_param=options.signature_param,
        strip_suffix=options.strip_suffix,
        values="percent" if options.escaped else "decoded",
        order=options.order,
        digest=options.digest,
        output="HEX" if options.uppercase else "hex",
    )


def base_string(options: HmacQueryOptions, path: str, pairs: Pairs) -> str:
    """Return the string to sign.

    *path* is decoded and below the base URL. *pairs* are all text parameters including id and timestamp, decoded, in
    request order. Equal keys keep their order.
    """
    parts = tuple(SignatureParameter(name, value, "query") for name, value in pairs)
    return build_base_string(recipe_of(options), SignatureInput(path, parts))


def signature(options: HmacQueryOptions, secret: str, base: str) -> str:
    """Return the hexadecimal HMAC of *base*."""
    return sign(recipe_of(options), secret, base)


def _wire_id(options: HmacQueryOptions, key_id: str) -> str:
    return key_id if options.encode_id else key_id.replace("@", "")


class HmacQuery(Scheme[HmacQueryOptions]):
    """The client side: a signature with a key id and a shared secret."""

    name = "hmac_query"

    def missing(self) -> tuple[str, ...]:
        return self._absent((self.options.key_id, self.options.secret))

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:
        at = self._time(at)  # read once, so that the signed and the sent second are equal
        bare = self.strip(request)
        base = base_string(self.options, self._path(bare), self._signed_pairs(bare, at))
        text = signature(self.options, self._require(self.options.secret), base)
        return self._put(bare, (*self._auth_pairs(at, on_wire=True), (self.options.signature_param, text)))

    def auth_flow(self, request: httpx.Request) -> Flow:
        yield self.preview(request)

    def strip(self, request: httpx.Request) -> httpx.Request:
        names = (self.options.id_param, self.options.timestamp_param, self.options.signature_param)
        return wire.without_parameters(request, names)

    def secrets(self) -> tuple[Secret, ...]:
        return self._secrets_of(self.options.secret, self.options.key_id)

    def signer(self) -> HmacQuery:
        return self

    @property
    def recipe(self) -> SignatureRecipe:
        return recipe_of(self.options)

    @property
    def key_credential(self) -> str:
        return self.options.secret

    def signed_at(self, request: httpx.Request) -> float | None:
        text = dict(decode_pairs(request.url.query) + wire.body_pairs(request)).get(self.options.timestamp_param, "")
        return float(text) if re.fullmatch(r"[0-9]{1,15}", text, re.ASCII) else None

    def material(self, request: httpx.Request, at: float | None = None) -> SignatureInput:
        """Return the recipe's input for *request* at *at* (Unix seconds, default now), id and timestamp last."""
        bare = self.strip(request)
        added = [
            SignatureParameter(name, value, "auth") for name, value in self._auth_pairs(self._time(at), on_wire=False)
        ]
        return self._input(bare, (*signature_parameters(bare), *added))

    def sent_material(self, request: httpx.Request) -> tuple[SignatureInput, str]:
        """Return the recipe's input for a signed request, and its signature (empty if unsigned)."""
        options = self.options
        added = (options.id_param, options.timestamp_param)
        parts = [
            SignatureParameter(parameter.name, parameter.value, "auth") if parameter.name in added else parameter
            for parameter in signature_parameters(request)
        ]
        sent = next((parameter.value for parameter in parts if parameter.name == options.signature_param), "")
        signed = tuple(parameter for parameter in parts if parameter.name != options.signature_param)
        return self._input(request, signed), sent

    def template(self, request: httpx.Request, timestamp: str, signature: str) -> SignatureTemplate:
        options, bare = self.options, self.strip(request)
        key_id = self._require(options.key_id)
        stamp = (options.timestamp_param, timestamp)
        pairs = (*decode_pairs(bare.url.query), *wire.body_pairs(bare), (options.id_param, key_id), stamp)
        added = ((options.id_param, _wire_id(options, key_id)), stamp, (options.signature_param, signature))
        return SignatureTemplate(
            base=base_string(options, self._path(bare), pairs),
            request=self._put(bare, added),
            escaped=options.escaped,
            uppercase=options.uppercase,
            rewritten="" if options.encode_id else options.key_id,
        )

    def _input(self, request: httpx.Request, parts: tuple[SignatureParameter, ...]) -> SignatureInput:
        root, url = wire.root_path(self.context.base_url), request.url
        return SignatureInput(self._path(request), parts, request.method, f"{url.scheme}://{url.netloc.decode()}", root)

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:
        at = self._time(at)
        recipe, material, bare = recipe_of(self.options), self.material(request, at), self.strip(request)
        signed, unsigned = select_parameters(recipe, material)
        shown = [
            replace(parameter, value=MASK) if self._is_secret(parameter.name) else parameter for parameter in signed
        ]
        key = self._require(self.options.secret)
        text = sign(recipe, key, build_base_string(recipe, material))
        stamp = int(at)
        when = format_utc(stamp, "%Y-%m-%d %H:%M:%S UTC")
        ordered = sort_parameters(recipe, shown)
        return (
            SigningStep(title="Time", text=str(stamp), detail=f"{self.options.timestamp_param}: Unix seconds, {when}"),
            SigningStep(
                title="Parameters",
                text=self._mask("\n".join(f"{parameter.name}={parameter.value}" for parameter in shown)),
                detail="decoded, in request order",
                literal=True,
            ),
            *(SigningStep(title="Left out", text=left.part.name, detail=left.why) for left in unsigned),
            SigningStep(
                title="Sorted",
                text=self._mask(" ".join(parameter.name for parameter in ordered)),
                detail=f"{ORDERS[recipe.order]}; values {VALUE_ENCODINGS[recipe.values]}",
            ),
            SigningStep(
                title="Base string",
                text=self._mask(join_base_string(recipe, material, ordered)),
                detail="path below the base URL without suffix, then the parameters",
                literal=True,
            ),
            SigningStep(
                title="Key",
                text=f"{MASK} ({Secret(key).fingerprint()})",
                detail=f"the credential {self.options.secret!r}, shown by its fingerprint",
            ),
            SigningStep(
                title="Signature",
                text=text,
                detail=f"HMAC-{self.options.digest.upper()}, hexadecimal; key: the credential {self.options.secret!r}",
            ),
            SigningStep(
                title="Sent",
                text=f"{self.options.signature_param}={text}",
                detail=f"last in the {'body' if self._in_body(bare) else 'query'}",
            ),
        )

    def _auth_pairs(self, at: float | None, *, on_wire: bool) -> Pairs:
        key_id = self._require(self.options.key_id)
        shown = _wire_id(self.options, key_id) if on_wire else key_id
        return ((self.options.id_param, shown), (self.options.timestamp_param, str(int(self._time(at)))))

    def _signed_pairs(self, bare: httpx.Request, at: float | None) -> Pairs:
        return decode_pairs(bare.url.query) + wire.body_pairs(bare) + self._auth_pairs(at, on_wire=False)

    def _in_body(self, request: httpx.Request) -> bool:
        return wire.takes_form(request, self.context.endpoint.body)

    def _put(self, bare: httpx.Request, pairs: Pairs) -> httpx.Request:
        return wire.add_to_body(bare, pairs) if self._in_body(bare) else wire.add_to_query(bare, pairs)

    def _path(self, request: httpx.Request) -> str:
        return wire.path_below(self.context.base_url, request.url)

    def _is_secret(self, name: str) -> bool:
        return is_secret_name(self.context.vendor, self.context.endpoint, name)


def signature_parameters(request: httpx.Request) -> tuple[SignatureParameter, ...]:
    """Return the decoded parameters of a request in order; files are represented by their upload names."""
    boundary = wire.boundary_of(request.headers.get("content-type", ""))
    fields = wire.split_fields(request.content, boundary) if boundary is not None else []
    return (
        *(SignatureParameter(name, value, "query") for name, value in decode_pairs(request.url.query)),
        *(SignatureParameter(name, value, "body") for name, value in wire.body_pairs(request)),
        *(SignatureParameter(field.name, field.filename, "file") for field in fields if field.filename is not None),
    )


class HmacQueryVerifier(Verifier[HmacQueryOptions]):
    """The server side, which recomputes the signature of a request.

    Refuses with ``key_id``, ``timestamp`` or ``signature``. Whether a call without an id is anonymous (``002:28``) is
    the caller's decision; it then skips this check.
    """

    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        pairs = request.query + request.form
        values_by_name = {name: [value for key, value in pairs if key == name] for name in self._names()}
        for name, values in values_by_name.items():
            if len(values) > 1:
                return Refusal(self._check(name), f"{name} is sent {len(values)} times", "once", str(len(values)))
        key_id, stamp, sent = ("".join(values_by_name[name]) for name in self._names())
        account = self._account(key_id)
        if not key_id or account is None:
            message = f"{self.options.id_param} is not a known key" if key_id else f"{self.options.id_param} is missing"
            return Refusal("key_id", message, "the id of a key, such as user@store", key_id or "nothing")
        return self._stale(stamp) or self._mismatch(request, account, sent) or Grant(account.id)

    def _names(self) -> tuple[str, str, str]:
        return (self.options.id_param, self.options.timestamp_param, self.options.signature_param)

    def _check(self, name: str) -> str:
        return dict(zip(self._names(), ("key_id", "timestamp", "signature"), strict=True))[name]

    def _account(self, key_id: str) -> Account | None:
        for account in self.accounts.accounts:
            known = account.value(self.options.key_id)
            if known and constant_time_equal(_wire_id(self.options, known), key_id):
                return account
        return None

    def _stale(self, stamp: str) -> Refusal | None:
        tolerance, now = self.options.tolerance_seconds, int(self.now())
        name = self.options.timestamp_param
        if not re.fullmatch(r"[0-9]{1,15}", stamp, re.ASCII):
            return Refusal("timestamp", f"{name} is not a whole number of seconds", "a Unix time", stamp or "nothing")
        if abs(now - int(stamp)) > tolerance:
            expected = f"within {tolerance} seconds of {now}"
            return Refusal("timestamp", f"{name} is {abs(now - int(stamp))} seconds off", expected, stamp)
        return None

    def _mismatch(self, request: IncomingRequest, account: Account, sent: str) -> Refusal | None:
        key_id = account.value(self.options.key_id)
        pairs = tuple(
            (name, key_id if name == self.options.id_param else value) for name, value in request.query + request.form
        )
        base = base_string(self.options, request.path, pairs)
        expected = signature(self.options, account.value(self.options.secret), base)
        if constant_time_equal(expected, sent):
            return None
        message = f"{self.options.signature_param} does not match the base string {base}"
        return Refusal("signature", message, expected, sent or "nothing")


SCHEME = AuthScheme(id="hmac_query", options=HmacQueryOptions, client=HmacQuery, verifier=HmacQueryVerifier)
