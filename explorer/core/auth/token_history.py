"""What became of each token, by its fingerprint: where it was minted, which requests carried it, what took its place.

Nothing here holds a token. Times are Unix seconds and are given; an exchange is told by its number in the history, 0
where it has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

TokenState = Literal["unused", "good", "grace", "spent", "expired", "refused", "ended", "past"]
"""``grace``: used, and good for a while yet; ``spent``: that while is over; ``ended``: signed out of or forgotten;
``past``: known from the history alone."""
_MAX_RECORDS: Final = 400


@dataclass(frozen=True, slots=True)
class TokenUse:
    """One request that carried a token. ``ended`` is None while it is under way; ``status`` None where none came."""

    by: int
    endpoint: str
    at: float
    ended: float | None = None
    status: int | None = None

    @property
    def in_flight(self) -> bool:
        """Whether its answer is still to come."""
        return self.ended is None


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """The life of one token. ``replaces`` and ``replaced_by`` are fingerprints; ``grace`` is how many seconds it stays
    good after its first use, None for one that may be used again and again."""

    fingerprint: str
    kind: str = "access"
    origin: str = ""
    minted_at: float | None = None
    minted_by: int = 0
    replaces: str = ""
    replaced_by: tuple[str, ...] = ()
    expires_at: float | None = None
    grace: float | None = None
    scope: str = ""
    refused_at: float | None = None
    ended_at: float | None = None
    uses: tuple[TokenUse, ...] = ()
    live: bool = True
    """False where it is known from the history alone."""

    @property
    def first_use(self) -> float | None:
        """When it was first sent."""
        return min((use.at for use in self.uses), default=None)

    def state(self, now: float) -> tuple[TokenState, float | None]:
        """How it stands at *now*, and for how many seconds yet (None: for no told time)."""
        if self.refused_at is not None:
            return "refused", None
        if self.ended_at is not None:
            return "ended", None
        if not self.live:
            return "past", None
        left = None if self.expires_at is None else self.expires_at - now
        if left is not None and left <= 0:
            return "expired", None
        first = self.first_use
        if first is None:
            return "unused", left
        if self.grace is None:
            return "good", left
        until = first + self.grace - now
        return ("grace", until) if until > 0 else ("spent", None)

    def beside(self, use: TokenUse) -> tuple[TokenUse, ...]:
        """The other requests that were under way with this token while *use* was."""
        return tuple(
            other
            for other in self.uses
            if other is not use
            and other.at <= (use.ended if use.ended is not None else other.at)
            and use.at <= (other.ended if other.ended is not None else use.at)
        )


class TokenHistory:
    """The lives of the tokens of one vendor in one environment, in the order in which they became known."""

    def __init__(self, lives: Iterable[TokenRecord] = ()) -> None:
        self._records_by_fingerprint: dict[str, TokenRecord] = {life.fingerprint: life for life in lives}
        self._under_way: dict[int, tuple[str, TokenUse]] = {}
        self._numbers = 0

    @property
    def token_records(self) -> tuple[TokenRecord, ...]:
        """Every life."""
        return tuple(self._records_by_fingerprint.values())

    def minted_by(self, number: int) -> tuple[str, ...]:
        """The fingerprints of the tokens that an exchange brought."""
        return tuple(
            life.fingerprint for life in self._records_by_fingerprint.values() if number and life.minted_by == number
        )

    def begun(self, life: TokenRecord, *, replaces: str = "") -> None:
        """A token has come, in the place of another where *replaces* names it. One that came before begins anew."""
        self._records_by_fingerprint.pop(life.fingerprint, None)
        self.known(life, replaces)

    def known(self, life: TokenRecord, replaces: str = "") -> None:
        """What is known of a token, in the place of another where *replaces* names it."""
        before = self._records_by_fingerprint.get(life.fingerprint)
        uses = before.uses if before is not None else ()
        self._put(replace(life, uses=(*uses, *life.uses)))
        if replaces:
            self.record_replacement(replaces, life.fingerprint)

    def record_replacement(self, former: str, fingerprint: str) -> None:
        """A token took the place of another; both by their fingerprints."""
        old, new = self._records_by_fingerprint.get(former), self._records_by_fingerprint.get(fingerprint)
        if new is not None and former != fingerprint:
            self._put(replace(new, replaces=former))
        if old is not None and former != fingerprint and fingerprint not in old.replaced_by:
            self._put(replace(old, replaced_by=(*old.replaced_by, fingerprint)))

    def used(self, fingerprint: str, origin: str, use: TokenUse) -> int:
        """A request with a token goes out; the number to tell its end with. A token that was not known, such as one
        that a person gave, is known from now on."""
        life = self._records_by_fingerprint.get(fingerprint) or TokenRecord(fingerprint, origin=origin)
        self._put(replace(life, uses=(*life.uses[-_MAX_RECORDS:], use)))
        self._numbers += 1
        if use.in_flight:
            self._under_way[self._numbers] = (fingerprint, use)
        return self._numbers

    def answered(self, number: int, at: float, status: int | None, by: int = 0) -> None:
        """That request has ended, with an answer of *status* or (None) without one. *by* is the exchange that it was
        for, where that was not known when it went out."""
        fingerprint, use = self._under_way.pop(number, ("", None))
        life = self._records_by_fingerprint.get(fingerprint)
        if life is None or use is None:
            return
        done = replace(use, ended=at, status=status, by=use.by or by)
        self._put(replace(life, uses=tuple(done if one is use else one for one in life.uses)))

    def discard_request(self, number: int) -> None:
        """Forget that request: it was not sent after all."""
        fingerprint, use = self._under_way.pop(number, ("", None))
        life = self._records_by_fingerprint.get(fingerprint)
        if life is not None:
            self._put(replace(life, uses=tuple(other for other in life.uses if other is not use)))

    def refused(self, fingerprint: str, at: float) -> None:
        """The vendor did not accept it."""
        life = self._records_by_fingerprint.get(fingerprint)
        if life is not None and life.refused_at is None:
            self._put(replace(life, refused_at=at))

    def ended(self, at: float) -> None:
        """Every token was signed out of, or is forgotten."""
        for life in self.token_records:
            if life.ended_at is None:
                self._put(replace(life, ended_at=at))

    def _put(self, life: TokenRecord) -> None:
        self._records_by_fingerprint[life.fingerprint] = life
        while len(self._records_by_fingerprint) > _MAX_RECORDS:
            del self._records_by_fingerprint[next(iter(self._records_by_fingerprint))]


def merge_records(past: Iterable[TokenRecord], live: Iterable[TokenRecord]) -> tuple[TokenRecord, ...]:
    """What the history tells and what is known now: of a token that both know, the uses of both."""
    found = {life.fingerprint: life for life in past}
    for life in live:
        before = found.pop(life.fingerprint, None)
        if before is not None:
            known = {use.by for use in life.uses if use.by}
            earlier = tuple(use for use in before.uses if use.by and use.by not in known)
            life = replace(
                life,
                uses=tuple(sorted((*earlier, *life.uses), key=lambda use: use.at)),
                minted_by=life.minted_by or before.minted_by,
                replaces=life.replaces or before.replaces,
                replaced_by=life.replaced_by or before.replaced_by,
            )
        found[life.fingerprint] = life
    return tuple(found.values())
