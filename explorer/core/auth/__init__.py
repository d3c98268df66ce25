"""Auth schemes, one module each with the client and the sandbox side. Needs no HTTP library to read a catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.auth.options import AuthOptions
from explorer.core.auth.scheme import AuthScheme
from explorer.core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.auth.base import AuthContext, Scheme
    from explorer.core.auth.verifier import AccountBook, Verifier
    from explorer.core.catalog.model import Auth, Endpoint, Vendor

__all__ = ["AUTH_SCHEMES", "AuthOptions", "AuthScheme", "options_of", "scheme_for", "scheme_of", "verifier_for"]

AUTH_SCHEMES: Final[Registry[AuthScheme[AuthOptions]]] = Registry(
    "auth scheme",
    modules={
        "hmac_query": "explorer.core.auth.hmac_query:SCHEME",
        "rotating_bearer": "explorer.core.auth.rotating_bearer:SCHEME",
        "token_param": "explorer.core.auth.token_param:SCHEME",
        "token_header": "explorer.core.auth.token_header:SCHEME",
        "basic": "explorer.core.auth.basic:SCHEME",
        "oauth2": "explorer.core.auth.oauth2:SCHEME",
    },
)


def options_of(auth: Auth | None) -> AuthOptions:
    """Return the options of an ``auth`` table; without a table, those of a scheme that adds nothing."""
    return AuthOptions() if auth is None else AUTH_SCHEMES[auth.scheme].read(auth)


def scheme_for(vendor: Vendor, endpoint: Endpoint, context: AuthContext) -> Scheme:
    """Return the scheme of a call.

    A call without authentication gets a scheme that adds nothing. If the call mints a token, that scheme stores it.
    """
    from explorer.core.auth.base import Anonymous

    if endpoint.auth != "none":
        return scheme_of(vendor, endpoint.auth, context)
    for key in vendor.auth:
        scheme = scheme_of(vendor, key, context)
        if scheme.mints(endpoint.id):
            return Anonymous(AuthOptions(), context, scheme)
    return Anonymous(AuthOptions(), context)


def scheme_of(vendor: Vendor, key: str, context: AuthContext) -> Scheme:
    """Return the scheme under *key* in the vendor's ``auth`` table."""
    auth = vendor.auth[key]
    return AUTH_SCHEMES[auth.scheme].client_for(auth, context)


def verifier_for(
    vendor: Vendor, key: str, accounts: AccountBook, now: Callable[[], float], nonce: Callable[[int], str]
) -> Verifier:
    """Return the server side of the scheme under *key* in the vendor's ``auth`` table."""
    auth = vendor.auth[key]
    return AUTH_SCHEMES[auth.scheme].verifier_for(auth, accounts, now, nonce)
