"""The options of an auth scheme and the facts that follow from them: headers, parameters, tokens, endpoints.

Everybody outside ``core.auth`` asks these facts and names no scheme. Loading this module needs no HTTP library.
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
"""Seconds that a clock may be off where a vendor documents nothing."""
_PLACES: Final = {"query": "in the query", "form": "in the form of the body"}


@dataclass(frozen=True, slots=True)
class TokenPlacement:
    """Where a request carries its token: a header with a word before it, or a parameter."""

    where: Literal["header", "query", "form"]
    name: str
    prefix: str = ""

    @property
    def shown(self) -> str:
        """How it should look, the token masked."""
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
    """Where a token comes from, for the comparison of vendors: a few words each, sentences, and the endpoint id of a
    call to look at (empty where there is none)."""

    points: tuple[str, ...]
    details: tuple[str, ...] = ()
    endpoint: str = ""


class AuthOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options that a catalog gives to a scheme, and the facts that follow from them. The defaults describe a scheme
    that adds nothing."""

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
        """Those of ``params`` that differ from one request to the next."""
        return self.params

    @property
    def signature(self) -> SignatureParams | None:
        """The parameters of a signature; None for a scheme that does not sign."""
        return None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The credentials that are tokens, the one that calls carry first; none for a scheme that signs."""
        return ()

    @property
    def encoded(self) -> tuple[str, ...]:
        """The credentials that make the token, joined by colons and Base64-encoded (``wire.base64_of``); none where
        the token is sent as it is."""
        return ()

    @property
    def refresh_credential(self) -> str:
        """The credential that is a refresh token, or an empty string."""
        return ""

    @property
    def stored(self) -> tuple[tuple[TokenKind, str], ...]:
        """Kind and credential of each token that stays good until a later run, so that it is stored."""
        return ()

    @property
    def issued(self) -> tuple[str, ...]:
        """The credentials that the vendor gives out when one logs in; nobody needs to type them."""
        return ()

    @property
    def token_fields(self) -> tuple[str, ...]:
        """The fields of responses that hold a token."""
        return ()

    @property
    def minting(self) -> str:
        """The endpoint that mints a token, or an empty string."""
        return ""

    @property
    def minting_values(self) -> tuple[Mapping[str, str], ...]:
        """Sets of parameter → credential that the minting endpoint takes, the preferred one first."""
        return ()

    @property
    def prefers_minting(self) -> bool:
        """Whether a fresh token is better than a token credential that is there, since use replaces it."""
        return False

    @property
    def ending(self) -> str:
        """The endpoint that ends a token at the vendor, or an empty string."""
        return ""

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Every endpoint that the scheme itself calls, or learns a token from."""
        return tuple(filter(None, (self.minting, self.ending)))

    @property
    def grace(self) -> float | None:
        """Seconds that a used token stays good; None where use does not end a token."""
        return None

    @property
    def clock_tolerance(self) -> float:
        """Seconds that the caller's clock may be off."""
        return DEFAULT_CLOCK_TOLERANCE

    def token_place(self, method: str) -> TokenPlacement | None:  # noqa: ARG002 - for schemes that need it
        """Where a request of that method carries its token; None for a scheme without one."""
        return None

    @property
    def placement(self) -> tuple[str, str]:
        """In which part of a request the proof is, in a few words, and a sentence about it."""
        return ("", "")

    @property
    def token_source(self) -> TokenSource:
        """Where a token comes from."""
        return TokenSource(("given by hand",))

    def handlers(self, key: str) -> Iterator[tuple[str, Handler]]:  # noqa: ARG002 - for schemes that need it
        """Endpoint id and sandbox handler for each endpoint that the vendor needs on its side; *key* is the key of the
        ``auth`` table."""
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
