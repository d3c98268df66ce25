"""A token in its own header, sent unchanged with every call (``004:20-22``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth import wire
from explorer.core.auth.base import Flow, Scheme, SigningStep
from explorer.core.auth.options import HeaderTokenOptions
from explorer.core.auth.scheme import AuthScheme
from explorer.core.auth.verifier import Grant, IncomingRequest, Refusal, Verifier, header_token
from explorer.core.text.secret import MASK, Secret

if TYPE_CHECKING:
    import httpx


class TokenHeaderOptions(HeaderTokenOptions, frozen=True, kw_only=True):
    """A token in its own header."""

    token: str = "token"  # noqa: S105 - the name of a credential
    """The credential that is the token."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.token,)


class TokenHeader(Scheme[TokenHeaderOptions]):
    """The client side, which sets the header."""

    name = "token_header"

    def missing(self) -> tuple[str, ...]:
        return self._absent((self.options.token,))

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:  # noqa: ARG002 - the base class's
        signed = self.strip(request)
        signed.headers[self.options.header] = self.options.prefix + self._require(self.options.token)
        return signed

    def auth_flow(self, request: httpx.Request) -> Flow:
        signed = self.preview(request)
        token = Secret(self._require(self.options.token))
        yield from self._send(signed, token, f"the credential {self.options.token!r}")

    def strip(self, request: httpx.Request) -> httpx.Request:
        bare = wire.copy_request(request)
        bare.headers.pop(self.options.header, None)
        return bare

    def secrets(self) -> tuple[Secret, ...]:
        return self._secrets_of(self.options.token)

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - the base class's
        text = f"{self.options.header}: {self.options.prefix}{MASK}"
        return (SigningStep(title="Header", text=text, detail=f"the credential {self.options.token!r}, unencoded"),)


class TokenHeaderVerifier(Verifier[TokenHeaderOptions]):
    """The server side, which also recognizes tokens of another environment."""

    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        token = header_token(request, self.options.header, self.options.prefix)
        if isinstance(token, Refusal):
            return token
        foreign = self.refuse_foreign(self.options.token, token)
        if foreign is not None:
            return foreign
        account = self.accounts.find({self.options.token: token})
        if account is None:
            return Refusal("token_unknown", "unknown or revoked token", "a known token", "another")
        return Grant(account.id)


SCHEME = AuthScheme(id="token_header", options=TokenHeaderOptions, client=TokenHeader, verifier=TokenHeaderVerifier)
