"""The tokens of every vendor and environment: what is known of them now, and what the history knows by fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.auth import Options, options_of
from explorer.core.auth.claims import Claims, read_claims
from explorer.core.auth.lifeline import TokenHistory, TokenRecord, TokenUse, merged
from explorer.core.exchange import Call, Exchange
from explorer.errors import CredentialError, ExplorerError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog.model import Vendor
    from explorer.core.text.secret import Secret
    from explorer.session.context import SessionContext

_READ: Final = 300
"""Entries of the history, the newest first, that are looked through for tokens."""
Place = tuple[str, str, str]
"""Vendor, environment, and the base URL where another than the environment's was given."""


@dataclass(frozen=True)
class TokenBoard:
    """The tokens of one vendor in one environment, the oldest first."""

    place: Place
    title: str
    scheme: str
    lives: tuple[TokenRecord, ...]
    current: tuple[str, ...] = ()
    """Fingerprints of those that would be used now."""
    claims: Mapping[str, Claims] = field(default_factory=dict)
    """Fingerprint → what the token says of itself."""
    minting: str = ""
    """The endpoint that mints one."""
    ending: str = ""
    """The endpoint that ends one at the vendor."""
    grace: float | None = None
    """Seconds that a used token stays good; None where tokens may be used again and again."""

    @property
    def vendor(self) -> str:
        """The vendor's id."""
        return self.place[0]

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.place[1]


def past_lives(session: SessionContext, limit: int = _READ) -> dict[Place, tuple[TokenRecord, ...]]:
    """The lives of tokens as the newest entries of the history tell them. Blocking.

    Raises:
        StoreError: the history cannot be read.
    """
    history = session.history()
    found: dict[Place, TokenHistory] = {}
    for row in reversed(history.recent(limit=limit) if history is not None else []):
        vendor = session.catalog.vendors.get(row.vendor)
        if history is None or vendor is None or not _auth(vendor)[1].tokens:
            continue
        try:
            exchange = history.get(row.id, bodies=False)
        except ExplorerError:
            continue  # a damaged or deleted entry; the others still tell
        _remember(found, exchange)
    return {place: tuple(replace(life, live=False) for life in lines.lives) for place, lines in found.items()}


def _remember(found: dict[Place, TokenHistory], exchange: Exchange) -> None:
    call, under = exchange.call, exchange.under
    if under is None or not (under.used or under.minted):
        return
    lines = found.setdefault((call.vendor, call.environment, call.base_url), TokenHistory())
    ended = exchange.started_at + exchange.timings.total
    status = exchange.response.status if exchange.response is not None else None
    for fingerprint in under.used:
        lines.used(fingerprint, "", TokenUse(exchange.id, call.endpoint, exchange.started_at, ended, status))
    for fingerprint in under.minted:
        former = under.used[0] if under.used and under.used[0] not in under.minted else ""
        lines.known(
            TokenRecord(fingerprint, minted_at=ended, minted_by=exchange.id, origin=f"the answer of {call.endpoint}"),
            former,
        )


def boards(session: SessionContext, past: Mapping[Place, tuple[TokenRecord, ...]]) -> tuple[TokenBoard, ...]:
    """The tokens as they are now, with what *past* tells: a board for each vendor whose scheme has tokens, in every
    environment where there is one, and in the one where its calls go. May reach the keyring, and then blocks."""
    found = []
    for vendor in session.catalog.vendors.values():
        key, options = _auth(vendor)
        if not options.tokens:
            continue
        known = {place for place in (*past, *(store[:3] for store in session.token_stores())) if place[0] == vendor.id}
        known.add((vendor.id, session.default_environment(vendor), ""))
        found += [_board(session, vendor, key, options, place, past.get(place, ())) for place in sorted(known)]
    return tuple(found)


def _board(
    session: SessionContext, vendor: Vendor, key: str, options: Options, place: Place, past: tuple[TokenRecord, ...]
) -> TokenBoard:
    store = session.tokens(_call(vendor, key, place))
    lives = list(merged(past, store.lives.lives))
    given = _given(session, vendor, options, place[1])
    for name, secret in given.items():
        fingerprint = secret.fingerprint()
        at = next((at for at, life in enumerate(lives) if life.fingerprint == fingerprint), None)
        kind = "refresh" if name == options.refresh_credential else "access"
        if at is None:
            lives.append(TokenRecord(fingerprint, kind=kind, origin=f"the credential {name!r}", grace=options.grace))
        elif not lives[at].live:
            lives[at] = replace(lives[at], live=True, origin=lives[at].origin or f"the credential {name!r}")
    values = [token.value for token in store.history] + list(given.values())
    claims = {one.fingerprint(): read for one in values if (read := read_claims(one.reveal())) is not None}
    now = session.now()
    used = [token for kind in ("access", "refresh") if (token := store.current(now, kind)) is not None]
    current = [token.value.fingerprint() for token in used] or [one.fingerprint() for one in given.values()]
    return TokenBoard(
        place=place,
        title=vendor.title,
        scheme=vendor.auth[key].scheme,
        lives=tuple(lives),
        current=tuple(current),
        claims=claims,
        minting=options.minting,
        ending=options.ending,
        grace=options.grace,
    )


def _given(session: SessionContext, vendor: Vendor, options: Options, environment: str) -> dict[str, Secret]:
    """The credentials that are tokens, where there are any."""
    found = {}
    for name in options.tokens:
        try:
            one = session.vault.find(vendor, name, environment)
        except CredentialError:
            continue  # one that cannot be sent is no token
        if one is not None:
            found[name] = one.value
    return found


def _auth(vendor: Vendor) -> tuple[str, Options]:
    """The vendor's scheme with tokens, and its options; options without tokens where it has none."""
    for key, auth in vendor.auth.items():
        options = options_of(auth)
        if options.tokens:
            return key, options
    return "", Options()


def _call(vendor: Vendor, key: str, place: Place) -> Call:
    """A call that stands for the place: one that its scheme signs."""
    endpoint = next((one.id for one in vendor.endpoints.values() if one.auth == key), next(iter(vendor.endpoints)))
    return Call(vendor=vendor.id, endpoint=endpoint, environment=place[1], base_url=place[2], force=True)


# --- what a person can do --------------------------------------------------------------------------------------------


async def renew_token(session: SessionContext, board: TokenBoard) -> bool:
    """Ask the vendor for a new token; False where its scheme has no way to.

    Raises:
        CredentialMissing; CredentialRefused; TransportError.
    """
    from explorer.session.login import renew

    vendor = session.vendor(board.vendor)
    return await renew(session, _call(vendor, _auth(vendor)[0], board.place))


def forget_tokens(session: SessionContext, board: TokenBoard) -> None:
    """Let go of every token of the board on this side; the vendor is not told."""
    vendor = session.vendor(board.vendor)
    session.tokens(_call(vendor, _auth(vendor)[0], board.place)).forget(session.now())


def ending_call(session: SessionContext, board: TokenBoard) -> Call | None:
    """The call that ends the token at the vendor, or None where the document has none."""
    if not board.ending:
        return None
    vendor = session.vendor(board.vendor)
    return msgspec.structs.replace(_call(vendor, _auth(vendor)[0], board.place), endpoint=board.ending, force=False)


def past_or_none(session: SessionContext) -> tuple[dict[Place, tuple[TokenRecord, ...]], str]:
    """``past_lives``, and a sentence where the history cannot be read."""
    try:
        return past_lives(session), ""
    except StoreError as error:
        return {}, error.sentence
