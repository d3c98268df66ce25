"""What some schemes can do beyond signing: ``Signer`` (how a signature is made), ``ConsentFlow`` (a login that needs a
person's consent).

A scheme that has a capability returns it from the method of that name; the others return None. Those of the vendor's
side are in ``verifier``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx

    from explorer.core.auth.recipe import SignatureInput, SignatureRecipe
    from explorer.core.text.secret import Secret


@dataclass(frozen=True)
class SignatureTemplate:
    """A signed request in which placeholders stand for time and signature."""

    base: str
    """The base string, with the placeholder for the time."""
    request: httpx.Request
    escaped: bool
    """Whether values are percent-escaped in the base string."""
    uppercase: bool
    """Whether the hexadecimal signature is in capitals."""
    rewritten: str = ""
    """The credential that is sent otherwise than it is signed, so that no placeholder can stand for it; or empty."""


class Signer(Protocol):
    """What a scheme that signs by a recipe lets the signature debugger see."""

    @property
    def recipe(self) -> SignatureRecipe:
        """How its signature is made."""

    @property
    def key_credential(self) -> str:
        """The credential that is the signing key."""

    def material(self, request: httpx.Request, at: float | None = None) -> SignatureInput:
        """Return what *request* offers to the recipe, signed at *at* (Unix seconds, or now)."""

    def sent_material(self, request: httpx.Request) -> tuple[SignatureInput, str]:
        """Return what a signed request offers, and its signature (empty where it has none)."""

    def template(self, request: httpx.Request, timestamp: str, signature: str) -> SignatureTemplate:
        """Return *request* as it is signed with placeholders for time and signature, for an export.

        Raises:
            CredentialMissing: there is no key id.
        """


@dataclass(frozen=True)
class AuthorizationRequest:
    """Where to send the person who consents, and what to remember until the redirect comes back."""

    url: str
    state: str
    verifier: Secret
    """The PKCE code verifier; an empty secret where the vendor does without."""


class ConsentFlow(Protocol):
    """What a scheme offers whose token needs a person's consent in a browser."""

    @property
    def redirect_credential(self) -> str:
        """The credential that is the redirect URL."""

    def authorization_url(self) -> AuthorizationRequest:
        """Return the consent page's URL with a fresh state and PKCE challenge."""

    def redeem(self, landed: str, request: AuthorizationRequest) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request that turns the code in the URL *landed* into tokens, and store them.

        Raises:
            CredentialRefused: the redirect or the response carries an error.
        """
