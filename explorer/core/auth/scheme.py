"""The descriptor of an auth scheme: its options, the client that signs, and the server side for the sandbox.

    catalog ── options table ──► Options (facts: which headers, parameters, tokens, endpoints)
                                    │
    AuthScheme(id, options, client, verifier) ── client ──► Scheme (signs)   ── verifier ──► Verifier (sandbox)

Code outside ``core.auth`` never names a scheme or reads its option fields. It uses ``Options`` for facts and ``Scheme``
for behavior. Importing this module needs no HTTP library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

import msgspec

from explorer.core.auth.options import O_co

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.auth.base import AuthContext, Scheme
    from explorer.core.auth.verifier import AccountBook, Verifier
    from explorer.core.catalog.model import Auth


@dataclass(frozen=True, kw_only=True)
class AuthScheme(Generic[O_co]):
    """One auth scheme: its options, the client that signs, and the server side for the sandbox."""

    id: str
    options: type[O_co]
    client: Callable[[O_co, AuthContext], Scheme[O_co]]
    verifier: Callable[[O_co, AccountBook, Callable[[], float], Callable[[int], str]], Verifier[O_co]]

    def read(self, auth: Auth) -> O_co:
        """Return the options of a catalog's ``auth`` table."""
        return msgspec.convert(auth.options, self.options)

    def client_for(self, auth: Auth, context: AuthContext) -> Scheme[O_co]:
        """Return the client side with the options of *auth*."""
        return self.client(self.read(auth), context)

    def verifier_for(
        self, auth: Auth, accounts: AccountBook, now: Callable[[], float], nonce: Callable[[int], str]
    ) -> Verifier[O_co]:
        """Return the server side with the options of *auth*."""
        return self.verifier(self.read(auth), accounts, now, nonce)
