"""The options of the OAuth2 scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth.options import HeaderTokenOptions, TokenSource
from explorer.core.catalog.sandbox import Handler, HandlerStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.auth.tokens import TokenKind


class OAuth2Options(HeaderTokenOptions, frozen=True, kw_only=True):
    """OAuth2 authorization code with PKCE over a loopback redirect (RFC 6749, 7636, 8252)."""

    client_id: str = "client_id"
    """The credential with the client id."""
    client_secret: str = "client_secret"  # noqa: S105 - the name of a credential
    """The credential with the client secret."""
    redirect_uri: str = "redirect_uri"
    """The credential with the redirect URI."""
    access_token: str = "access_token"  # noqa: S105 - the name of a credential
    """The credential with an access token."""
    refresh_token: str = "refresh_token"  # noqa: S105 - the name of a credential
    """The credential with a refresh token."""
    authorize: str = ""
    """Endpoint of the consent page."""
    token: str = ""
    """Endpoint that exchanges codes and refresh tokens."""
    scopes: tuple[str, ...] = ()
    """The scopes that are requested."""
    pkce: bool = True
    """Whether the request proves its origin (RFC 7636)."""
    prefix: str = "Bearer "
    """What precedes the token in the header."""
    code_seconds: int = 60
    """Seconds that a sandbox code is valid."""
    access_seconds: int = 3600
    """Seconds that a sandbox access token is valid."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.access_token, self.refresh_token)

    @property
    def refresh_credential(self) -> str:
        return self.refresh_token

    @property
    def minting(self) -> str:
        return self.token

    @property
    def endpoints(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.authorize, self.token)))

    @property
    def stored(self) -> tuple[tuple[TokenKind, str], ...]:
        return (("access", self.access_token), ("refresh", self.refresh_token))

    @property
    def issued(self) -> tuple[str, ...]:
        return self.tokens

    @property
    def token_source(self) -> TokenSource:
        detail = "A code from the consent page is exchanged for a token, which is refreshed when it expires."
        points = ("the user's consent", "PKCE" if self.pkce else "", "refreshed")
        return TokenSource(points, (detail,), self.authorize)

    def handlers(self, key: str) -> Iterator[tuple[str, Handler]]:
        yield self.authorize, Handler(steps=(HandlerStep(do="consent", auth=key),), own_checks=True)
        yield self.token, Handler(steps=(HandlerStep(do="exchange", auth=key),), own_checks=True)
