"""Recipes: a request with holes, and the steps that fill them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from explorer.core.text.secret import Secret

Code = Literal["raw", "url", "json"]
"""Encoding of the value in a hole: verbatim, percent-encoded, or escaped for a JSON string."""
TOKEN = "token"  # noqa: S105 - the name of a variable
TIMESTAMP = "timestamp"
SIGNATURE = "signature"
ENCODED = "credentials"
REFRESH_COMMENT = (
    "When the token has expired, this requests a new one (the response also contains the next refresh token):"
)


@dataclass(frozen=True, slots=True)
class Hole:
    """A value to fill in at run time: an environment variable, or the result of an earlier step."""

    name: str
    code: Code = "raw"


Text = tuple[str | Hole, ...]
"""Text with holes. Bytes that are not UTF-8 are lone surrogates (``surrogateescape``)."""


@dataclass(frozen=True, slots=True)
class RecipePart:
    """One field of a multipart body; ``file`` is the path of an upload, as it was typed."""

    name: str
    value: Text = ()
    file: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A request with a ``body``, ``parts`` or neither."""

    method: str
    url: Text
    headers: tuple[tuple[str, Text], ...] = ()
    body: Text = ()
    parts: tuple[RecipePart, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """The environment variable of a secret.

    ``fallback`` is the sandbox's public demo value; ``value`` is the secret, if known.
    """

    name: str
    fallback: str = ""
    value: Secret | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """The call whose JSON response contains the token in ``field``."""

    request: Message
    field: str


@dataclass(frozen=True, slots=True)
class Signing:
    """A hexadecimal HMAC-SHA256 of ``base`` under ``key``."""

    base: Text
    key: Text
    uppercase: bool = False


@dataclass(frozen=True, slots=True)
class EncodedValue:
    """A value to encode before the request, which fills the hole *name*."""

    name: str
    text: Text
    encoding: Literal["base64"] = "base64"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A call and its preparation steps."""

    address: str
    request: Message
    variables: tuple[EnvironmentVariable, ...] = ()
    sign_in: SignIn | None = None
    """The call that gets the token first."""
    signing: Signing | None = None
    encoded: EncodedValue | None = None
    refresh: SignIn | None = None
    """The call that gets a new token for ``refreshed``, written as a comment."""
    refreshed: str = ""
    """The variable that ``refresh`` fills."""
    refresh_variables: tuple[EnvironmentVariable, ...] = ()
    """Variables that only ``refresh`` needs."""


def holes(*texts: Text) -> set[Hole]:
    """Return every hole in *texts*."""
    return {piece for text in texts for piece in text if isinstance(piece, Hole)}


def texts_of(message: Message) -> tuple[Text, ...]:
    """Return every text of a request that can contain holes."""
    return (
        message.url,
        message.body,
        *(value for _, value in message.headers),
        *(part.value for part in message.parts),
    )
