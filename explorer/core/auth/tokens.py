"""The tokens of one vendor and environment, and the claims of JSON Web Tokens (RFC 7519)."""

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
    """Header and claims of a token; never its signature."""

    header: dict[str, object]
    claims: dict[str, object]

    def moment(self, name: str) -> float | None:
        """A time among the claims, in Unix seconds, or None."""
        found = self.claims.get(name)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    def lines(self) -> tuple[str, ...]:
        """Every claim as ``name: value``, times in UTC beside the number."""
        return tuple(f"{sanitize_line(str(name))}: {_shown(name, value)}" for name, value in self.claims.items())


def read_claims(token: str) -> Claims | None:
    """The claims of a token, or None where it is no JSON Web Token."""
    parts = token.strip().split(".")
    if len(parts) != 3 or len(token) > _MAX_LENGTH:
        return None
    header, claims = _part(parts[0]), _part(parts[1])
    return Claims(header, claims) if header is not None and claims is not None and "alg" in header else None


def _part(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _shown(name: str, value: object) -> str:
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
"""How ``Token.origin`` begins where the token is a credential; its name follows."""
_MAX_TOKENS: Final = 200


@dataclass(frozen=True, slots=True)
class Token:
    """One token. Times are Unix seconds.

    ``origin`` says in words where it is from; ``grace`` is how long it stays good after its first use, in seconds, and
    None for one that may be used again and again. ``line`` and ``generation`` are given by the store.
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
    """The number of the exchange that brought it, 0 where it has none."""
    scope: str = ""
    """What it is good for, as the vendor said it (RFC 6749, 3.3)."""

    def usable(self, now: float) -> bool:
        """Whether it may be put into a request at *now*."""
        if self.refused or (self.expires_at is not None and now >= self.expires_at):
            return False
        return self.grace is None or self.used_at is None or now - self.used_at < self.grace

    @property
    def is_credential(self) -> bool:
        """Whether a person gave it, and no vendor."""
        return self.origin.startswith(CREDENTIAL_ORIGIN)

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the order of the store."""
        return (self.line, self.generation)

    @property
    def new_record(self) -> TokenRecord:
        """What its history begins with: everything but the token itself."""
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
    """The tokens that are known, oldest first. Made for one event loop: no call of it waits for anything."""

    def __init__(self) -> None:
        self._tokens: list[Token] = []
        self._known: dict[str, None] = {}
        self._line = 0
        self._closed = 0
        """Lines up to this one were signed out of."""
        self.token_records = TokenHistory()
        """What became of each of them."""

    @property
    def history(self) -> tuple[Token, ...]:
        """Every token that is remembered, in the order of arrival."""
        return tuple(self._tokens)

    def has_seen(self, value: Secret) -> bool:
        """Whether this text was ever a token here, forgotten ones included."""
        return _digest(value) in self._known

    def current(self, now: float, kind: TokenKind = "access") -> Token | None:
        """The token to use at *now*: an unused one before one in its grace time, the latest arrival first."""
        mine = [token for token in self._tokens if token.kind == kind]
        if not mine:
            return None
        front = max(token.place for token in mine)
        good = [token for token in mine if token.place == front and token.usable(now)]
        unused = [token for token in good if token.used_at is None]
        return (unused or good)[-1] if good else None

    def add(self, token: Token, *, after: Token | None = None) -> Token | None:
        """Take in a token: the successor of *after*, or the first of a new line.

        Returns it as kept. A successor whose text is known already changes nothing; the successor of a token that was
        signed out of in the meantime is dropped, and None given back. A new line is always begun.
        """
        if after is None:
            return self.begin(token)
        if self.has_seen(token.value):
            return next((one for one in self._tokens if one.value == token.value), None)
        self._known[_digest(token.value)] = None
        if after.line <= self._closed:
            return None
        kept = self._keep(replace(token, line=after.line, generation=after.generation + 1))
        self.token_records.begun(kept.new_record, replaces=after.value.fingerprint())
        return kept

    def begin(self, token: Token) -> Token:
        """Begin a new line with a token that was signed in for; a vendor may give a text that it gave before."""
        self._tokens = [one for one in self._tokens if one.value != token.value]
        self._known[_digest(token.value)] = None
        self._line += 1
        kept = self._keep(replace(token, line=self._line, generation=0))
        self.token_records.begun(kept.new_record)
        return kept

    def mark_used(self, token: Token, now: float) -> Token:
        """Note the first use of a token; its grace time runs from there."""
        kept = next((one for one in self._tokens if one.value == token.value), token)
        return kept if kept.used_at is not None else self._swap(replace(kept, used_at=now))

    def refuse(self, token: Token, now: float) -> None:
        """Note at *now* that the vendor did not accept a token: it is not used again."""
        self.token_records.refused(token.value.fingerprint(), now)
        kept = next((one for one in self._tokens if one.value == token.value), token)
        self._swap(replace(kept, refused=True))

    def forget(self, now: float) -> None:
        """Drop every token at *now*, as after signing out. What is under way for them brings nothing back."""
        self.token_records.ended(now)
        self._tokens.clear()
        self._closed = self._line

    def _keep(self, token: Token) -> Token:
        self._tokens.append(token)
        del self._tokens[:-_MAX_TOKENS]
        return token

    def _swap(self, new: Token) -> Token:
        self._tokens = [new if one.value == new.value else one for one in self._tokens]
        return new


def _digest(value: Secret) -> str:
    return hashlib.sha256(value.reveal().encode("utf-8", "surrogateescape")).hexdigest()
