"""Auth schemes: one class per scheme and side. Reading a catalog needs only ``options``; the rest loads when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.auth.accounts import AccountBook
    from explorer.core.auth.base import AuthContext, Scheme, Verifier
    from explorer.core.catalog.model import Endpoint, Vendor

    AUTH_SCHEMES: dict[str, SchemeClasses]

__all__ = ["AUTH_SCHEMES", "SchemeClasses", "scheme_for", "scheme_of", "verifier_for"]


@dataclass(frozen=True)
class SchemeClasses:
    """Both sides of a scheme."""

    scheme: type[Scheme]
    verifier: type[Verifier]


def __getattr__(name: str) -> Any:
    if name != "AUTH_SCHEMES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()["AUTH_SCHEMES"] = _load()
    return found


def _load() -> dict[str, SchemeClasses]:
    from explorer.core.auth import hmac_query, oauth2, oauth2_server, rotating_bearer, token_header, token_param

    return {
        "hmac_query": SchemeClasses(hmac_query.HmacQuery, hmac_query.HmacQueryVerifier),
        "rotating_bearer": SchemeClasses(rotating_bearer.RotatingBearer, rotating_bearer.RotatingBearerVerifier),
        "token_param": SchemeClasses(token_param.TokenParam, token_param.TokenParamVerifier),
        "token_header": SchemeClasses(token_header.TokenHeader, token_header.TokenHeaderVerifier),
        "oauth2": SchemeClasses(oauth2.OAuth2, oauth2_server.OAuth2Verifier),
    }


def scheme_for(vendor: Vendor, endpoint: Endpoint, context: AuthContext) -> Scheme:
    """The scheme of a call. A call without authentication gets one that adds nothing, and that takes in the token of
    the answer where the call is one that mints it."""
    from explorer.core.auth.base import Anonymous
    from explorer.core.auth.options import Options

    if endpoint.auth != "none":
        return scheme_of(vendor, endpoint.auth, context)
    for key in vendor.auth:
        scheme = scheme_of(vendor, key, context)
        if scheme.mints(endpoint.id):
            return Anonymous(Options(), context, scheme)
    return Anonymous(Options(), context)


def scheme_of(vendor: Vendor, key: str, context: AuthContext) -> Scheme:
    """The scheme under that key of the vendor's ``auth`` table."""
    auth = vendor.auth[key]
    return _classes()[auth.scheme].scheme(_options(vendor, key), context)


def verifier_for(
    vendor: Vendor, key: str, accounts: AccountBook, now: Callable[[], float], nonce: Callable[[int], str]
) -> Verifier:
    """The vendor's side of the scheme under that key of its ``auth`` table."""
    return _classes()[vendor.auth[key].scheme].verifier(_options(vendor, key), accounts, now, nonce)


def _classes() -> dict[str, SchemeClasses]:
    found: dict[str, SchemeClasses] = globals().get("AUTH_SCHEMES") or __getattr__("AUTH_SCHEMES")
    return found


def _options(vendor: Vendor, key: str) -> Any:
    import msgspec

    from explorer.core.auth.options import AUTH_OPTIONS

    auth = vendor.auth[key]
    return msgspec.convert(auth.options, AUTH_OPTIONS[auth.scheme])
