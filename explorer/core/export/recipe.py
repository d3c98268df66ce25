"""A request with holes in it, and what fills them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from explorer.core.text.secret import Secret

Code = Literal["raw", "url", "json"]
"""How the text that fills a hole is written there: as it is, percent-escaped, or escaped as inside a JSON text."""
TOKEN = "token"  # noqa: S105 - the name of a variable
TIMESTAMP = "timestamp"
SIGNATURE = "signature"
ENCODED = "credentials"
REFRESH_COMMENT = "When the token has expired, this asks for another (the answer holds the next refresh token as well):"


@dataclass(frozen=True, slots=True)
class Hole:
    """A place that is filled when the text runs: by an environment variable, or by something computed before."""

    name: str
    code: Code = "raw"


Text = tuple[str | Hole, ...]
"""Text with holes. Bytes that are no UTF-8 stand as lone surrogates (``surrogateescape``)."""


@dataclass(frozen=True, slots=True)
class RecipePart:
    """One field of a multipart body; ``file`` is the path of an upload, as it was typed."""

    name: str
    value: Text = ()
    file: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One request. Either ``body`` or ``parts`` is given, or none of them."""

    method: str
    url: Text
    headers: tuple[tuple[str, Text], ...] = ()
    body: Text = ()
    parts: tuple[RecipePart, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """An environment variable that a secret comes from.

    ``fallback`` is the sandbox's public demo value; ``value`` the secret itself, where it is known.
    """

    name: str
    fallback: str = ""
    value: Secret | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """The call whose JSON answer holds the token in ``field``."""

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
    """A value that is encoded before the request is made, and fills the hole *name*."""

    name: str
    text: Text
    encoding: Literal["base64"] = "base64"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A call and everything that must be there before it can be made."""

    address: str
    request: Message
    variables: tuple[EnvironmentVariable, ...] = ()
    sign_in: SignIn | None = None
    """What is asked first, whose answer is the token."""
    signing: Signing | None = None
    encoded: EncodedValue | None = None
    refresh: SignIn | None = None
    """What gives another token when that of ``refreshed`` has expired; written as a comment."""
    refreshed: str = ""
    """The variable that it fills."""
    refresh_variables: tuple[EnvironmentVariable, ...] = ()
    """What it needs beside ``variables``."""


def holes(*texts: Text) -> set[Hole]:
    """Every hole in *texts*."""
    return {piece for text in texts for piece in text if isinstance(piece, Hole)}


def texts_of(message: Message) -> tuple[Text, ...]:
    """Every text of a request that may have holes."""
    return (message.url, message.body, *(value for _, value in message.headers), *(one.value for one in message.parts))
