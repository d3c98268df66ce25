"""The options of an auth scheme and the facts derived from them: headers, parameters, tokens, endpoints.

Code outside ``core.auth`` uses these facts and never names a scheme. Importing this module needs no HTTP library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import TypeVar

    from explorer.core.auth.tokens import TokenKind
    from explorer.core.catalog.sandbox import Handler

DEFAULT_CLOCK_TOLERANCE: Final = 300.0
"""Allowed clock difference, in seconds, for a vendor that documents none."""
_PLACES: Final = {"query": "in the query", "form": "in the form of the body"}


@dataclass(frozen=True, slots=True)
class TokenPlacement:
    """The header, with its prefix, or the parameter that carries the token."""

    where: Literal["header", "query", "form"]
    name: str
    prefix: str = ""

    @property
    def shown(self) -> str:
        """The token's expected form, masked."""
        if self.where == "header":
            return f"{self.name}: {self.prefix}{MASK}"
        return f"{self.name}={MASK} ({_PLACES[self.where]})"


@dataclass(frozen=True, slots=True)
class SignatureParams:
    """The names of the three parameters that a signature adds."""

    key_id: str
    timestamp: str
    signature: str


@dataclass(frozen=True, slots=True)
class TokenSource:
    """The source of a token, for the vendor comparison: key points, sentences, and the endpoint to open (or empty)."""

    points: tuple[str, ...]
    details: tuple[str, ...] = ()
    endpoint: str = ""


class AuthOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options that a catalog sets for a scheme, and the facts derived from them.

    The defaults describe a scheme that adds nothing.
    """

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that the scheme sets."""
        return ()

    @property
    def params(self) -> tuple[str, ...]:
        """The parameters that the scheme adds to the query or the body."""
        return ()

    @property
    def volatile_params(self) -> tuple[str, ...]:
        """The subset of ``params`` that changes with every request."""
        return self.params

    @property
    def signature(self) -> SignatureParams | None:
        """The names of the signature parameters; None for a scheme that does not sign."""
        return None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The credentials that are tokens, the one sent with calls first; empty for a scheme that signs."""
        return ()

    @property
    def encoded(self) -> tuple[str, ...]:
        """The credentials that form the token, joined by colons and Base64-encoded (``wire.base64_of``).

        Empty if the token is sent unencoded.
        """
        return ()

    @property
    def refresh_credential(self) -> str:
        """The name of the refresh token credential, or an empty string."""
        return ""

    @property
    def stored(self) -> tuple[tuple[TokenKind, str], ...]:
        """The kind and credential name of each token that is stored for later runs."""
        return ()

    @property
    def issued(self) -> tuple[str, ...]:
        """The credentials that the vendor issues at login; the user need not enter them."""
        return ()

    @property
    def token_fields(self) -> tuple[str, ...]:
        """The response fields that contain a token."""
        return ()

    @property
    def minting(self) -> str:
        """The endpoint that mints a token, or an empty string."""
        return ""

    @property
    def minting_values(self) -> tuple[Mapping[str, str], ...]:
        """Sets of parameter → credential for the minting endpoint, the preferred one first."""
        return ()

    @property
    def prefers_minting(self) -> bool:
        """Whether to mint a fresh token even if a token credential is set, because each use replaces it."""
        return False

    @property
    def ending(self) -> str:
        """The endpoint that revokes a token, or an empty string."""
        return ""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Every endpoint that the scheme calls or takes a token from."""
        return tuple(filter(None, (self.minting, self.ending)))

    @property
    def grace(self) -> float | None:
        """Seconds that a used token stays valid; None if use does not end a token."""
        return None

    @property
    def clock_tolerance(self) -> float:
        """Allowed difference between the two clocks, in seconds."""
        return DEFAULT_CLOCK_TOLERANCE

    def token_place(self, method: str) -> TokenPlacement | None:  # noqa: ARG002 - for schemes that need it
        """Return where a *method* request carries its token; None for a scheme without one."""
        return None

    @property
    def placement(self) -> tuple[str, str]:
        """Where a request carries its credentials: a short phrase and a sentence."""
        return ("", "")

    @property
    def token_source(self) -> TokenSource:
        """The source of a token."""
        return TokenSource(("entered manually",))

    def handlers(self, key: str) -> Iterator[tuple[str, Handler]]:  # noqa: ARG002 - for schemes that need it
        """Yield endpoint id and sandbox handler for each endpoint that the server side implements.

        *key* is the key in the ``auth`` table.
        """
        return iter(())


class HeaderTokenOptions(AuthOptions, frozen=True, kw_only=True):
    """A token in a header, after a prefix."""

    header: str = "Authorization"
    prefix: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        return (self.header,)

    def token_place(self, method: str) -> TokenPlacement:  # noqa: ARG002 - the same for every method
        return TokenPlacement("header", self.header, self.prefix)

    @property
    def placement(self) -> tuple[str, str]:
        return (f"header {self.header}: {self.prefix}…", "")


if TYPE_CHECKING:
    O_co = TypeVar("O_co", bound=AuthOptions, covariant=True, default=AuthOptions)
else:
    import typing

    O_co = typing.TypeVar("O_co", bound=AuthOptions, covariant=True)  # a default needs Python 3.13
