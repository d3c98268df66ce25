"""The options that a catalog gives to each auth scheme, by the scheme's word.

They stand apart from the schemes so that reading a catalog needs no HTTP library.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of an auth scheme."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that it puts on a request."""
        return ()

    @property
    def params(self) -> tuple[str, ...]:
        """The parameters that it puts into the query or the body."""
        return ()

    @property
    def tokens(self) -> tuple[str, ...]:
        """The credentials that are tokens, the one that calls carry first; none for a scheme that signs."""
        return ()

    @property
    def minting(self) -> str:
        """The endpoint that mints a token, or an empty text."""
        return ""

    @property
    def ending(self) -> str:
        """The endpoint that ends a token at the vendor, or an empty text."""
        return ""


class HmacQueryOptions(Options, frozen=True, kw_only=True):
    """HMAC over the decoded, sorted parameters, appended to them."""

    key_id: str = "auth_id"
    """Credential that names the key."""
    secret: str = "secret"  # noqa: S105 - the name of a credential
    """Credential that is the shared secret."""
    id_param: str = "auth_id"
    timestamp_param: str = "auth_ts"
    signature_param: str = "auth_sig"
    digest: Literal["sha256"] = "sha256"
    base: str = "{path}?{query}"
    """The base string: ``{path}`` is the path below the base URL without suffix, ``{query}`` the joined parameters."""
    strip_suffix: bool = True
    """Whether the format suffix (``.json``) of the path is left out."""
    escaped: bool = False
    """Whether values are percent-escaped in the base string."""
    order: Literal["bytes", "sent"] = "bytes"
    uppercase: bool = False
    encode_id: bool = True
    """Whether the ``@`` of the id stands in the request as it does in the base string, as ``%40``; otherwise it is left
    out of the request, as a printed example may have it (``002:44``), and stands in the base string only."""
    tolerance_seconds: int = 300
    """How far the sandbox lets the timestamp be from its clock."""

    @property
    def params(self) -> tuple[str, ...]:
        return (self.id_param, self.timestamp_param, self.signature_param)


class RotatingBearerOptions(Options, frozen=True, kw_only=True):
    """A bearer token that every response replaces."""

    token: str = "token"  # noqa: S105 - the name of a credential
    """Credential to start from, if there is one."""
    header: str = "Authorization"
    prefix: str = "Bearer "
    sign_in: str = ""
    """Endpoint that mints a token."""
    sign_in_values: dict[str, str] = {}
    """Parameter of that endpoint → credential."""
    sign_in_other_values: tuple[dict[str, str], ...] = ()
    """Further sets of parameter → credential, tried in order where the first lacks a credential."""
    also_sign_in: tuple[str, ...] = ()
    """Further endpoints whose answer holds a token, learnt when a person calls them."""
    token_field: str = "token"  # noqa: S105 - the name of a body field
    sign_out: str = ""
    """Endpoint that ends a token."""
    grace_seconds: float = 5.0
    """How long a used token is still good, in seconds (``001:71``)."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    @property
    def minting(self) -> str:
        return self.sign_in

    @property
    def ending(self) -> str:
        return self.sign_out

    @property
    def headers(self) -> tuple[str, ...]:
        return (self.header,)


class TokenParamOptions(Options, frozen=True, kw_only=True):
    """A token that travels as an ordinary parameter."""

    token: str = "access_token"  # noqa: S105 - the name of a credential
    """Credential to use as it is, if there is one."""
    param: str = "access_token"
    query_methods: tuple[str, ...] = ("GET", "HEAD")
    """Methods that carry it in the query; the others carry it in the form."""
    mint: str = ""
    """Endpoint that mints a token."""
    mint_values: dict[str, str] = {}
    """Parameter of that endpoint → credential."""
    token_field: str = "access_token"  # noqa: S105 - the name of a body field
    refused_statuses: tuple[int, ...] = (401,)
    """Statuses that say that a minted token is not good (any more); a read is then tried once with a new one."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    @property
    def minting(self) -> str:
        return self.mint

    @property
    def params(self) -> tuple[str, ...]:
        return (self.param,)


class TokenHeaderOptions(Options, frozen=True, kw_only=True):
    """A token in a header of its own."""

    token: str = "token"  # noqa: S105 - the name of a credential
    header: str = "Authorization"
    prefix: str = ""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    @property
    def headers(self) -> tuple[str, ...]:
        return (self.header,)


class OAuth2Options(Options, frozen=True, kw_only=True):
    """OAuth2 authorization code with PKCE over a loopback redirect (RFC 6749, 7636, 8252)."""

    client_id: str = "client_id"
    client_secret: str = "client_secret"  # noqa: S105 - the name of a credential
    redirect_uri: str = "redirect_uri"
    access_token: str = "access_token"  # noqa: S105 - the name of a credential
    refresh_token: str = "refresh_token"  # noqa: S105 - the name of a credential
    authorize: str = ""
    """Endpoint of the consent page."""
    token: str = ""
    """Endpoint that exchanges codes and refreshes."""
    scopes: tuple[str, ...] = ()
    pkce: bool = True
    header: str = "Authorization"
    prefix: str = "Bearer "
    code_seconds: int = 60
    """How long a code of the sandbox is good, in seconds."""
    access_seconds: int = 3600
    """How long an access token of the sandbox is good, in seconds."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.access_token, self.refresh_token)

    @property
    def minting(self) -> str:
        return self.token

    @property
    def headers(self) -> tuple[str, ...]:
        return (self.header,)


AUTH_OPTIONS: dict[str, type[Options]] = {
    "hmac_query": HmacQueryOptions,
    "rotating_bearer": RotatingBearerOptions,
    "token_param": TokenParamOptions,
    "token_header": TokenHeaderOptions,
    "oauth2": OAuth2Options,
}
