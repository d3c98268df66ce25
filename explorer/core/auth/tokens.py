"""The token store of one vendor and environment, and the claims of JSON Web Tokens (RFC 7519)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from explorer.core.auth.token_history import TokenHistory, TokenRecord
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_utc

if TYPE_CHECKING:
    from explorer.core.text.secret import Secret


_TIMES: Final = ("exp", "nbf", "iat", "auth_time")
_MAX_LENGTH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Claims:
    """The header and claims of a token, without its signature."""

    header: dict[str, object]
    claims: dict[str, object]

    def moment(self, name: str) -> float | None:
        """Return a time claim in Unix seconds, or None."""
        value = self.claims.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def lines(self) -> tuple[str, ...]:
        """Return every claim as ``name: value``, times also in UTC."""
        return tuple(f"{sanitize_line(str(name))}: {_format_claim(name, value)}" for name, value in self.claims.items())


def read_claims(token: str) -> Claims | None:
    """Return the claims of a token, or None if it is not a JSON Web Token."""
    parts = token.strip().split(".")
    if len(parts) != 3 or len(token) > _MAX_LENGTH:
        return None
    header, claims = _decode_part(parts[0]), _decode_part(parts[1])
    return Claims(header, claims) if header is not None and claims is not None and "alg" in header else None


def _decode_part(text: str) -> dict[str, object] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _format_claim(name: str, value: object) -> str:
    text = sanitize_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    if name in _TIMES and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return f"{text} ({format_utc(value, '%Y-%m-%d %H:%M:%S UTC')})"
        except (ValueError, OverflowError, OSError):
            return text
    return text


TokenKind = Literal["access", "refresh"]
TOKEN_KINDS: Final[tuple[TokenKind, ...]] = ("access", "refresh")
CREDENTIAL_ORIGIN: Final = "the credential "
"""The prefix of ``Token.origin`` if the token is a credential; the credential's name follows."""
_MAX_TOKENS: Final = 200


@dataclass(frozen=True, slots=True)
class Token:
    """One token. Times are Unix seconds.

    ``origin`` describes its source. ``grace`` is the number of seconds it stays valid after its first use; None if it
    is reusable. The store sets ``line`` and ``generation``.
    """

    value: Secret
    minted_at: float
    origin: str
    used_at: float | None = None
    expires_at: float | None = None
    kind: TokenKind = "access"
    grace: float | None = None
    refused: bool = False
    line: int = 0
    generation: int = 0
    minted_by: int = 0
    """The number of the exchange that returned it, 0 if it has none."""
    scope: str = ""
    """The scope granted by the vendor (RFC 6749, 3.3)."""

    def usable(self, now: float) -> bool:
        """Return whether a request may use it at *now*."""
        if self.refused or (self.expires_at is not None and now >= self.expires_at):
            return False
        return self.grace is None or self.used_at is None or now - self.used_at < self.grace

    @property
    def is_credential(self) -> bool:
        """Whether it was entered by the user rather than issued by a vendor."""
        return self.origin.startswith(CREDENTIAL_ORIGIN)

    @property
    def place(self) -> tuple[int, int]:
        """Its position in the store's order."""
        return (self.line, self.generation)

    @property
    def new_record(self) -> TokenRecord:
        """The first record of its history, without the token itself."""
        return TokenRecord(
            self.value.fingerprint(),
            kind=self.kind,
            origin=self.origin,
            minted_at=self.minted_at,
            minted_by=self.minted_by,
            expires_at=self.expires_at,
            grace=self.grace,
            scope=self.scope,
        )


class TokenStore:
    """The known tokens, oldest first. For use within one event loop: no method blocks or awaits."""

    def __init__(self) -> None:
        self._tokens: list[Token] = []
        self._known: dict[str, None] = {}
        self._line = 0
        self._closed = 0
        """Lines up to this one were signed out."""
        self.token_records = TokenHistory()
        """The history of each token."""

    @property
    def history(self) -> tuple[Token, ...]:
        """All remembered tokens in order of arrival."""
        return tuple(self._tokens)

    def has_seen(self, value: Secret) -> bool:
        """Return whether *value* was ever a token here, including forgotten ones."""
        return _digest(value) in self._known

    def current(self, now: float, kind: TokenKind = "access") -> Token | None:
        """Return the token to use at *now*: unused before one in its grace time, latest first."""
        candidates = [token for token in self._tokens if token.kind == kind]
        if not candidates:
            return None
        front = max(token.place for token in candidates)
        usable = [token for token in candidates if token.place == front and token.usable(now)]
        unused = [token for token in usable if token.used_at is None]
        return (unused or usable)[-1] if usable else None

    def add(self, token: Token, *, after: Token | None = None) -> Token | None:
        """Add the successor of *after*, or the first token of a new line, and return the stored token.

        A successor that is already known changes nothing. A successor of a token that was signed out meanwhile is
        dropped and None is returned.
        """
        if after is None:
            return self.begin(token)
        if self.has_seen(token.value):
            return self._stored(token)
        self._known[_digest(token.value)] = None
        if after.line <= self._closed:
            return None
        successor = self._append(replace(token, line=after.line, generation=after.generation + 1))
        self.token_records.start(successor.new_record, replaces=after.value.fingerprint())
        return successor

    def begin(self, token: Token) -> Token:
        """Begin a new line with a token from a sign-in; the vendor may return a token that it issued before."""
        self._tokens = [known for known in self._tokens if known.value != token.value]
        self._known[_digest(token.value)] = None
        self._line += 1
        first = self._append(replace(token, line=self._line, generation=0))
        self.token_records.start(first.new_record)
        return first

    def mark_used(self, token: Token, now: float) -> Token:
        """Record the first use of a token, which starts its grace time."""
        stored = self._stored(token) or token
        return stored if stored.used_at is not None else self._replace(replace(stored, used_at=now))

    def refuse(self, token: Token, now: float) -> None:
        """Record at *now* that the vendor refused a token, so that it is not used again."""
        self.token_records.record_refusal(token.value.fingerprint(), now)
        self._replace(replace(self._stored(token) or token, refused=True))

    def forget(self, now: float) -> None:
        """Drop all tokens at *now*, as after signing out. Their pending successors are dropped too."""
        self.token_records.end_all(now)
        self._tokens.clear()
        self._closed = self._line

    def _append(self, token: Token) -> Token:
        self._tokens.append(token)
        del self._tokens[:-_MAX_TOKENS]
        return token

    def _stored(self, token: Token) -> Token | None:
        return next((known for known in self._tokens if known.value == token.value), None)

    def _replace(self, new: Token) -> Token:
        self._tokens = [new if known.value == new.value else known for known in self._tokens]
        return new


def _digest(value: Secret) -> str:
    return hashlib.sha256(value.reveal().encode("utf-8", "surrogateescape")).hexdigest()
