"""The history of each token by its fingerprint: where it was minted, which requests carried it, what replaced it.

No token is stored here. Times are Unix seconds, passed in by the caller. An exchange is identified by its number in the
history, 0 if it has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

TokenState = Literal["unused", "good", "grace", "spent", "expired", "refused", "ended", "past"]
"""``grace``: used but still valid; ``spent``: the grace time is over; ``ended``: signed out or forgotten;
``past``: known only from the history."""
_MAX_RECORDS: Final = 400


@dataclass(frozen=True, slots=True)
class TokenUse:
    """One request that carried a token. ``ended`` is None while in flight; ``status`` is None without a response."""

    by: int
    endpoint: str
    at: float
    ended: float | None = None
    status: int | None = None

    @property
    def in_flight(self) -> bool:
        """Whether the response is still pending."""
        return self.ended is None


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """The history of one token.

    ``replaces`` and ``replaced_by`` are fingerprints. ``grace`` is the number of seconds it stays valid after its first
    use; None if it is reusable.
    """

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
    """False if it is known only from the history."""

    @property
    def first_use(self) -> float | None:
        """The time of its first use."""
        return min((use.at for use in self.uses), default=None)

    def state(self, now: float) -> tuple[TokenState, float | None]:
        """Return its state at *now* and the remaining seconds (None: no known limit)."""
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

    def overlapping(self, use: TokenUse) -> tuple[TokenUse, ...]:
        """Return the other requests that were in flight with this token at the same time as *use*."""
        return tuple(
            other
            for other in self.uses
            if other is not use
            and other.at <= (use.ended if use.ended is not None else other.at)
            and use.at <= (other.ended if other.ended is not None else use.at)
        )


class TokenHistory:
    """The records of one vendor's tokens in one environment, in the order in which they became known."""

    def __init__(self, records: Iterable[TokenRecord] = ()) -> None:
        self._records_by_fingerprint: dict[str, TokenRecord] = {record.fingerprint: record for record in records}
        self._in_flight: dict[int, tuple[str, TokenUse]] = {}
        self._last_number = 0

    @property
    def token_records(self) -> tuple[TokenRecord, ...]:
        """All records."""
        return tuple(self._records_by_fingerprint.values())

    def minted_by(self, number: int) -> tuple[str, ...]:
        """Return the fingerprints of the tokens that an exchange returned."""
        records = self._records_by_fingerprint.values()
        return tuple(record.fingerprint for record in records if number and record.minted_by == number)

    def start(self, record: TokenRecord, *, replaces: str = "") -> None:
        """Start the record of a new token, or restart that of a known one; *replaces* names its predecessor."""
        self._records_by_fingerprint.pop(record.fingerprint, None)
        self.merge(record, replaces)

    def merge(self, record: TokenRecord, replaces: str = "") -> None:
        """Add what is known of a token to its record; *replaces* names its predecessor."""
        previous = self._records_by_fingerprint.get(record.fingerprint)
        uses = previous.uses if previous is not None else ()
        self._put(replace(record, uses=(*uses, *record.uses)))
        if replaces:
            self.record_replacement(replaces, record.fingerprint)

    def record_replacement(self, former: str, fingerprint: str) -> None:
        """Record that a token replaced another; both are fingerprints."""
        old, new = self._records_by_fingerprint.get(former), self._records_by_fingerprint.get(fingerprint)
        if new is not None and former != fingerprint:
            self._put(replace(new, replaces=former))
        if old is not None and former != fingerprint and fingerprint not in old.replaced_by:
            self._put(replace(old, replaced_by=(*old.replaced_by, fingerprint)))

    def record_use(self, fingerprint: str, origin: str, use: TokenUse) -> int:
        """Record a request that carries a token, and return the number for its ``record_response``.

        An unknown token, such as one entered by the user, gets a record.
        """
        record = self._records_by_fingerprint.get(fingerprint) or TokenRecord(fingerprint, origin=origin)
        self._put(replace(record, uses=(*record.uses[-_MAX_RECORDS:], use)))
        self._last_number += 1
        if use.in_flight:
            self._in_flight[self._last_number] = (fingerprint, use)
        return self._last_number

    def record_response(self, number: int, at: float, status: int | None, by: int = 0) -> None:
        """Record the end of that request, with *status* or (None) without a response.

        *by* is its exchange number if that was unknown when it was sent.
        """
        fingerprint, use = self._in_flight.pop(number, ("", None))
        record = self._records_by_fingerprint.get(fingerprint)
        if record is None or use is None:
            return
        finished = replace(use, ended=at, status=status, by=use.by or by)
        self._put(replace(record, uses=tuple(finished if other is use else other for other in record.uses)))

    def discard_request(self, number: int) -> None:
        """Discard that request, because it was not sent."""
        fingerprint, use = self._in_flight.pop(number, ("", None))
        record = self._records_by_fingerprint.get(fingerprint)
        if record is not None:
            self._put(replace(record, uses=tuple(other for other in record.uses if other is not use)))

    def record_refusal(self, fingerprint: str, at: float) -> None:
        """Record that the vendor refused the token."""
        record = self._records_by_fingerprint.get(fingerprint)
        if record is not None and record.refused_at is None:
            self._put(replace(record, refused_at=at))

    def end_all(self, at: float) -> None:
        """Record that every token was signed out or forgotten."""
        for record in self.token_records:
            if record.ended_at is None:
                self._put(replace(record, ended_at=at))

    def _put(self, record: TokenRecord) -> None:
        self._records_by_fingerprint[record.fingerprint] = record
        while len(self._records_by_fingerprint) > _MAX_RECORDS:
            del self._records_by_fingerprint[next(iter(self._records_by_fingerprint))]


def merge_records(past: Iterable[TokenRecord], live: Iterable[TokenRecord]) -> tuple[TokenRecord, ...]:
    """Merge the records of the history with the current ones; a token in both keeps all its uses."""
    records = {record.fingerprint: record for record in past}
    for record in live:
        previous = records.pop(record.fingerprint, None)
        if previous is not None:
            numbers = {use.by for use in record.uses if use.by}
            earlier = tuple(use for use in previous.uses if use.by and use.by not in numbers)
            record = replace(
                record,
                uses=tuple(sorted((*earlier, *record.uses), key=lambda use: use.at)),
                minted_by=record.minted_by or previous.minted_by,
                replaces=record.replaces or previous.replaces,
                replaced_by=record.replaced_by or previous.replaced_by,
            )
        records[record.fingerprint] = record
    return tuple(records.values())
