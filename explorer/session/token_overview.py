"""The tokens of every vendor and environment: what is known of them now, and what the history knows by fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.auth import AuthOptions, options_of
from explorer.core.auth.token_history import TokenHistory, TokenRecord, TokenUse, merge_records
from explorer.core.auth.tokens import Claims, read_claims
from explorer.core.model import Call, Exchange
from explorer.errors import CredentialError, ExplorerError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog.model import Vendor
    from explorer.core.text.secret import Secret
    from explorer.session.context import SessionContext

_READ: Final = 300
"""Entries of the history, the newest first, that are looked through for tokens."""
TokenScope = tuple[str, str, str]
"""Vendor, environment, and the base URL where another than the environment's was given."""


@dataclass(frozen=True)
class TokenOverview:
    """The tokens of one vendor in one environment, the oldest first."""

    place: TokenScope
    title: str
    scheme: str
    token_records: tuple[TokenRecord, ...]
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


def past_token_records(session: SessionContext, limit: int = _READ) -> dict[TokenScope, tuple[TokenRecord, ...]]:
    """The lives of tokens as the newest entries of the history tell them. Blocking.

    Raises:
        StoreError: the history cannot be read.
    """
    history = session.history()
    found: dict[TokenScope, TokenHistory] = {}
    for row in reversed(history.recent(limit=limit) if history is not None else []):
        vendor = session.catalog.vendors.get(row.vendor)
        if history is None or vendor is None or not _auth(vendor)[1].tokens:
            continue
        try:
            exchange = history.get(row.id, bodies=False)
        except ExplorerError:
            continue  # a damaged or deleted entry; the others still tell
        _add_exchange(found, exchange)
    return {place: tuple(replace(life, live=False) for life in lines.token_records) for place, lines in found.items()}


def _add_exchange(found: dict[TokenScope, TokenHistory], exchange: Exchange) -> None:
    call, under = exchange.call, exchange.under
    if under is None or not (under.used or under.minted):
        return
    lines = found.setdefault((call.vendor, call.environment, call.base_url), TokenHistory())
    ended = exchange.started_at + exchange.timings.total
    status = exchange.response.status if exchange.response is not None else None
    for fingerprint in under.used:
        lines.record_use(fingerprint, "", TokenUse(exchange.id, call.endpoint, exchange.started_at, ended, status))
    for fingerprint in under.minted:
        former = under.used[0] if under.used and under.used[0] not in under.minted else ""
        lines.merge(
            TokenRecord(fingerprint, minted_at=ended, minted_by=exchange.id, origin=f"the answer of {call.endpoint}"),
            former,
        )


def token_overviews(
    session: SessionContext, past: Mapping[TokenScope, tuple[TokenRecord, ...]]
) -> tuple[TokenOverview, ...]:
    """The tokens as they are now, with what *past* tells: a board for each vendor whose scheme has tokens, in every
    environment where there is one, and in the one where its calls go. May reach the keyring, and then blocks."""
    found = []
    for vendor in session.catalog.vendors.values():
        key, options = _auth(vendor)
        if not options.tokens:
            continue
        known = {place for place in (*past, *(store[:3] for store in session.token_stores())) if place[0] == vendor.id}
        known.add((vendor.id, session.default_environment(vendor), ""))
        found += [_overview(session, vendor, key, options, place, past.get(place, ())) for place in sorted(known)]
    return tuple(found)


def _overview(
    session: SessionContext,
    vendor: Vendor,
    key: str,
    options: AuthOptions,
    place: TokenScope,
    past: tuple[TokenRecord, ...],
) -> TokenOverview:
    store = session.tokens(_call(vendor, key, place))
    lives = list(merge_records(past, store.token_records.token_records))
    given = _token_credentials(session, vendor, options, place[1])
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
    return TokenOverview(
        place=place,
        title=vendor.title,
        scheme=vendor.auth[key].scheme,
        token_records=tuple(lives),
        current=tuple(current),
        claims=claims,
        minting=options.minting,
        ending=options.ending,
        grace=options.grace,
    )


def _token_credentials(
    session: SessionContext, vendor: Vendor, options: AuthOptions, environment: str
) -> dict[str, Secret]:
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


def _auth(vendor: Vendor) -> tuple[str, AuthOptions]:
    """The vendor's scheme with tokens, and its options; options without tokens where it has none."""
    for key, auth in vendor.auth.items():
        options = options_of(auth)
        if options.tokens:
            return key, options
    return "", AuthOptions()


def _call(vendor: Vendor, key: str, place: TokenScope) -> Call:
    """A call that stands for the place: one that its scheme signs."""
    endpoint = next((one.id for one in vendor.endpoints.values() if one.auth == key), next(iter(vendor.endpoints)))
    return Call(vendor=vendor.id, endpoint=endpoint, environment=place[1], base_url=place[2], force=True)


# --- what a person can do --------------------------------------------------------------------------------------------


async def renew_token(session: SessionContext, board: TokenOverview) -> bool:
    """Ask the vendor for a new token; False where its scheme has no way to.

    Raises:
        CredentialMissing; CredentialRefused; TransportError.
    """
    from explorer.session.login import renew_login

    vendor = session.vendor(board.vendor)
    return await renew_login(session, _call(vendor, _auth(vendor)[0], board.place))


def forget_tokens(session: SessionContext, board: TokenOverview) -> None:
    """Let go of every token of the board on this side; the vendor is not told."""
    vendor = session.vendor(board.vendor)
    session.tokens(_call(vendor, _auth(vendor)[0], board.place)).forget(session.now())


def logout_call(session: SessionContext, board: TokenOverview) -> Call | None:
    """The call that ends the token at the vendor, or None where the document has none."""
    if not board.ending:
        return None
    vendor = session.vendor(board.vendor)
    return msgspec.structs.replace(_call(vendor, _auth(vendor)[0], board.place), endpoint=board.ending, force=False)


def past_or_warning(session: SessionContext) -> tuple[dict[TokenScope, tuple[TokenRecord, ...]], str]:
    """``past_token_records``, and a sentence where the history cannot be read."""
    try:
        return past_token_records(session), ""
    except StoreError as error:
        return {}, error.sentence
