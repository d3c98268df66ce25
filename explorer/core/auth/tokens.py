"""The tokens of one vendor in one environment, and which of them is good now.

Tokens stand in an order that no late answer can turn back:

    line        one for each sign-in; a later sign-in is always ahead of everything before it
    generation  within a line: a token that came in answer to the use of another is one further than that one

``current`` looks only at the foremost place of that order. A used token with a grace time stays good for it; if its
successor has not come by then, nothing is current and the caller signs in again. Signing out empties the store and
closes the lines: an answer that was still under way brings nothing back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from explorer.core.auth.lifeline import TokenRecord

if TYPE_CHECKING:
    from explorer.core.text.secret import Secret
from explorer.core.auth.lifeline import TokenHistory

if TYPE_CHECKING:
    from explorer.core.text.secret import Secret

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
