"""HTTP Basic: user name and password in the ``Authorization`` header (RFC 7617).

Authorization: Basic BASE64(UTF-8(user name ":" password))
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.core.auth import wire
from explorer.core.auth.base import Flow, Scheme, SigningStep
from explorer.core.auth.options import HeaderTokenOptions, TokenSource
from explorer.core.auth.scheme import AuthScheme
from explorer.core.auth.verifier import (
    Account,
    Grant,
    IncomingRequest,
    Refusal,
    Verifier,
    constant_time_equal,
    header_token,
)
from explorer.core.text.secret import MASK, Secret
from explorer.errors import CredentialError

if TYPE_CHECKING:
    import httpx


class BasicOptions(HeaderTokenOptions, frozen=True, kw_only=True):
    """A user name and a password, Base64-encoded in a header."""

    username: str = "username"
    """Name of the credential that contains the user name."""
    password: str = "password"  # noqa: S105 - the name of a credential
    """Name of the credential that contains the password."""
    prefix: str = "Basic "
    """What precedes the encoded credentials in the header."""
    realm: str = "api"
    """The realm in the sandbox's challenge."""

    @property
    def encoded(self) -> tuple[str, ...]:
        return (self.username, self.password)

    @property
    def placement(self) -> tuple[str, str]:
        return (
            f"header {self.header}: {self.prefix}…",
            "Base64 of user name, colon and password: readable by anyone.",
        )

    @property
    def token_source(self) -> TokenSource:
        return TokenSource(("no token: user name and password in every call",))


class Basic(Scheme[BasicOptions]):
    """The client side of HTTP Basic."""

    name = "basic"

    def missing(self) -> tuple[str, ...]:
        return self._absent(self.options.encoded)

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:  # noqa: ARG002 - the base class's
        signed = self.strip(request)
        signed.headers[self.options.header] = self.options.prefix + self._token()
        return signed

    def auth_flow(self, request: httpx.Request) -> Flow:
        signed, names = self.preview(request), " and ".join(map(repr, self.options.encoded))
        yield from self._send(signed, Secret(self._token()), f"the credentials {names}")

    def strip(self, request: httpx.Request) -> httpx.Request:
        bare = wire.copy_request(request)
        bare.headers.pop(self.options.header, None)
        return bare

    def secrets(self) -> tuple[Secret, ...]:
        held = self._secrets_of(*self.options.encoded)
        return held if self.missing() else (Secret(wire.base64_of(map(self._require, self.options.encoded))), *held)

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - the base class's
        options = self.options
        return (
            SigningStep(title="User name and password", text=f"{MASK}:{MASK}", detail="joined by a colon, in UTF-8"),
            SigningStep(title="Base64", text=MASK, detail="standard alphabet with padding, on one line (RFC 4648, 4)"),
            SigningStep(title="Header", text=f"{options.header}: {options.prefix}{MASK}"),
        )

    def _token(self) -> str:
        """Return the credentials encoded for the header.

        Raises:
            CredentialMissing: A credential is missing.
            CredentialError: The user name contains a colon, or either contains a control character (RFC 7617, 2).
        """
        texts = {name: self._require(name) for name in self.options.encoded}
        for name, text in texts.items():
            if any(unicodedata.category(character) == "Cc" for character in text):
                raise CredentialError(
                    f"the credential {name!r} contains a control character, which HTTP Basic does not allow",
                    hint="Check it for a trailing line break.",
                )
        if ":" in texts[self.options.username]:
            raise CredentialError(
                f"the credential {self.options.username!r} contains a colon, which ends a user name in HTTP Basic",
                hint=f"Set only the user name; the password belongs in the credential {self.options.password!r}.",
            )
        return wire.base64_of(texts.values())


class BasicVerifier(Verifier[BasicOptions]):
    """The server side of HTTP Basic, with strict decoding and constant-time comparison."""

    def verify(self, request: IncomingRequest) -> Grant | Refusal:
        verdict = self._verdict(request)
        if isinstance(verdict, Refusal):
            challenge = f'{self.options.prefix}realm="{self.options.realm}", charset="UTF-8"'
            return replace(verdict, headers=(("WWW-Authenticate", challenge),))
        return verdict

    def _verdict(self, request: IncomingRequest) -> Grant | Refusal:
        token = header_token(request, self.options.header, self.options.prefix)
        if isinstance(token, Refusal):
            return token
        text = _decoded(token)
        if text is None:
            expected = f"{self.options.prefix}and standard Base64 of UTF-8 (RFC 4648, 4)"
            return Refusal("token_malformed", "the encoded part cannot be decoded", expected, "something else")
        _, colon, password = text.partition(":")
        if not colon:
            return Refusal("token_malformed", "the decoded value contains no colon", "user name, colon, password", "…")
        if self.accounts.is_foreign(self.options.password, password):
            message = "the password belongs to another environment"
            return Refusal("token_environment", message, "a password of this environment", "a password of another")
        account = self._account(text)
        if account is None:
            return Refusal("credentials", "wrong user name or password", "the credentials of an account", "others")
        return Grant(account.id)

    def _account(self, text: str) -> Account | None:
        match = None
        for account in self.accounts.accounts:
            username, password = (account.value(name) for name in self.options.encoded)
            if constant_time_equal(f"{username}:{password}", text) and username and password:
                match = account
        return match


def _decoded(token: str) -> str | None:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


SCHEME = AuthScheme(id="basic", options=BasicOptions, client=Basic, verifier=BasicVerifier)
