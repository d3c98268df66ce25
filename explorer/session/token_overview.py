"""The tokens of all vendors and environments, from this session and, by fingerprint, from the history."""

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

_MAX_ENTRIES: Final = 300
"""The newest history entries that are searched for tokens."""
TokenScope = tuple[str, str, str]
"""Vendor, environment, and the base URL if it is not the environment's."""


@dataclass(frozen=True)
class TokenOverview:
    """The tokens of one vendor in one environment, oldest first."""

    place: TokenScope
    title: str
    scheme: str
    token_records: tuple[TokenRecord, ...]
    current: tuple[str, ...] = ()
    """Fingerprints of the tokens that the next call would use."""
    claims: Mapping[str, Claims] = field(default_factory=dict)
    """Fingerprint → the token's claims."""
    minting: str = ""
    """The endpoint that issues tokens."""
    ending: str = ""
    """The endpoint that revokes a token."""
    grace: float | None = None
    """Seconds that a used token stays valid; None: tokens are reusable."""

    @property
    def vendor(self) -> str:
        """The vendor's id."""
        return self.place[0]

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.place[1]


def past_token_records(session: SessionContext, limit: int = _MAX_ENTRIES) -> dict[TokenScope, tuple[TokenRecord, ...]]:
    """Return the token records in the newest history entries. Blocking.

    Raises:
        StoreError: the history cannot be read.
    """
    history = session.history()
    histories: dict[TokenScope, TokenHistory] = {}
    for row in reversed(history.recent(limit=limit) if history is not None else []):
        vendor = session.catalog.vendors.get(row.vendor)
        if history is None or vendor is None or not _auth(vendor)[1].tokens:
            continue
        try:
            exchange = history.get(row.id, bodies=False)
        except ExplorerError:
            continue  # damaged or deleted meanwhile
        _add_exchange(histories, exchange)
    return {
        place: tuple(replace(record, live=False) for record in token_history.token_records)
        for place, token_history in histories.items()
    }


def _add_exchange(histories: dict[TokenScope, TokenHistory], exchange: Exchange) -> None:
    call, under = exchange.call, exchange.under
    if under is None or not (under.used or under.minted):
        return
    token_history = histories.setdefault((call.vendor, call.environment, call.base_url), TokenHistory())
    ended = exchange.started_at + exchange.timings.total
    status = exchange.response.status if exchange.response is not None else None
    for fingerprint in under.used:
        token_history.record_use(
            fingerprint, "", TokenUse(exchange.id, call.endpoint, exchange.started_at, ended, status)
        )
    for fingerprint in under.minted:
        former = under.used[0] if under.used and under.used[0] not in under.minted else ""
        token_history.merge(
            TokenRecord(fingerprint, minted_at=ended, minted_by=exchange.id, origin=f"the response of {call.endpoint}"),
            former,
        )


def token_overviews(
    session: SessionContext, past: Mapping[TokenScope, tuple[TokenRecord, ...]]
) -> tuple[TokenOverview, ...]:
    """Return the current tokens merged with the *past* records.

    There is an overview for each vendor with tokens, in its default environment and every one that has a token.
    Blocking when it reads the keyring.
    """
    overviews = []
    for vendor in session.catalog.vendors.values():
        key, options = _auth(vendor)
        if not options.tokens:
            continue
        known = {place for place in (*past, *(store[:3] for store in session.token_stores())) if place[0] == vendor.id}
        known.add((vendor.id, session.default_environment(vendor), ""))
        overviews += [_overview(session, vendor, key, options, place, past.get(place, ())) for place in sorted(known)]
    return tuple(overviews)


def _overview(
    session: SessionContext,
    vendor: Vendor,
    key: str,
    options: AuthOptions,
    place: TokenScope,
    past: tuple[TokenRecord, ...],
) -> TokenOverview:
    store = session.tokens(_call(vendor, key, place))
    records = list(merge_records(past, store.token_records.token_records))
    credentials = _token_credentials(session, vendor, options, place[1])
    for name, secret in credentials.items():
        fingerprint = secret.fingerprint()
        at = next((at for at, record in enumerate(records) if record.fingerprint == fingerprint), None)
        kind = "refresh" if name == options.refresh_credential else "access"
        if at is None:
            records.append(TokenRecord(fingerprint, kind=kind, origin=f"the credential {name!r}", grace=options.grace))
        elif not records[at].live:
            records[at] = replace(records[at], live=True, origin=records[at].origin or f"the credential {name!r}")
    secrets = [token.value for token in store.history] + list(credentials.values())
    claims = {
        secret.fingerprint(): of_token for secret in secrets if (of_token := read_claims(secret.reveal())) is not None
    }
    now = session.now()
    used = [token for kind in ("access", "refresh") if (token := store.current(now, kind)) is not None]
    current = [token.value.fingerprint() for token in used] or [secret.fingerprint() for secret in credentials.values()]
    return TokenOverview(
        place=place,
        title=vendor.title,
        scheme=vendor.auth[key].scheme,
        token_records=tuple(records),
        current=tuple(current),
        claims=claims,
        minting=options.minting,
        ending=options.ending,
        grace=options.grace,
    )


def _token_credentials(
    session: SessionContext, vendor: Vendor, options: AuthOptions, environment: str
) -> dict[str, Secret]:
    """Return the credentials that are tokens: name → value."""
    credentials = {}
    for name in options.tokens:
        try:
            stored = session.vault.find(vendor, name, environment)
        except CredentialError:
            continue  # an unusable value is not a token
        if stored is not None:
            credentials[name] = stored.value
    return credentials


def _auth(vendor: Vendor) -> tuple[str, AuthOptions]:
    """Return the key and options of the vendor's scheme with tokens; empty options if there is none."""
    for key, auth in vendor.auth.items():
        options = options_of(auth)
        if options.tokens:
            return key, options
    return "", AuthOptions()


def _call(vendor: Vendor, key: str, place: TokenScope) -> Call:
    """Return a call of the scope that uses the scheme *key*."""
    endpoint = next(
        (endpoint.id for endpoint in vendor.endpoints.values() if endpoint.auth == key), next(iter(vendor.endpoints))
    )
    return Call(vendor=vendor.id, endpoint=endpoint, environment=place[1], base_url=place[2], force=True)


# --- actions ---------------------------------------------------------------------------------------------------------


async def renew_token(session: SessionContext, overview: TokenOverview) -> bool:
    """Request a new token from the vendor; return False if its scheme cannot.

    Raises:
        CredentialMissing; CredentialRefused; TransportError.
    """
    from explorer.session.login import renew_login

    vendor = session.vendor(overview.vendor)
    return await renew_login(session, _call(vendor, _auth(vendor)[0], overview.place))


def forget_tokens(session: SessionContext, overview: TokenOverview) -> None:
    """Forget all tokens of the scope locally; they are not revoked."""
    vendor = session.vendor(overview.vendor)
    session.tokens(_call(vendor, _auth(vendor)[0], overview.place)).forget(session.now())


def logout_call(session: SessionContext, overview: TokenOverview) -> Call | None:
    """Return the call that revokes the token, or None if the vendor has none."""
    if not overview.ending:
        return None
    vendor = session.vendor(overview.vendor)
    return msgspec.structs.replace(
        _call(vendor, _auth(vendor)[0], overview.place), endpoint=overview.ending, force=False
    )


def past_or_warning(session: SessionContext) -> tuple[dict[TokenScope, tuple[TokenRecord, ...]], str]:
    """Return ``past_token_records``, and an error message if the history cannot be read."""
    try:
        return past_token_records(session), ""
    except StoreError as error:
        return {}, error.sentence
