"""The session state that use cases share: catalog, settings, credentials, tokens, sandbox, history and HTTP client.

Use cases are functions of the context in modules of their own; this module imports none of them. It imports nothing
heavy at the top: the first frame of the app and ``list`` need no HTTP library.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from explorer.core.model import SANDBOX
from explorer.errors import CatalogProblem, UnknownName, UsageError
from explorer.session.embedded_sandbox import EmbeddedSandbox
from explorer.session.operation import resolve_operation
from explorer.session.request_files import RequestFiles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from explorer.core.auth.tokens import Token, TokenStore
    from explorer.core.catalog.model import Catalog, Endpoint, Reading, Vendor
    from explorer.core.model import Call, Exchange
    from explorer.core.origin import HostPattern, TrustQuestion
    from explorer.core.text.secret import Secret
    from explorer.net.client import Client
    from explorer.session.operation import Operation
    from explorer.store.credentials import Vault
    from explorer.store.folders import Folders
    from explorer.store.history import History
    from explorer.store.preferences import Settings

_MAX_OPERATIONS = 200
"""Operations cached, one for each combination of endpoint, environment and readings."""


@dataclass
class SessionContext:
    """The state of one session and lookups in it. Call ``close`` at the end."""

    catalog: Catalog
    settings: Settings
    folders: Folders
    vault: Vault
    environ: Mapping[str, str]
    catalog_problems: tuple[CatalogProblem, ...] = ()
    settings_problems: tuple[str, ...] = ()
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    """Monotonic seconds, for time limits."""
    nonce: Callable[[int], str] = secrets.token_urlsafe
    open_history: Callable[[], History] | None = None
    """None: no history."""
    on_warning: Callable[[str], None] = lambda _text: None
    on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    """Called with each exchange when it ends, unredacted, in the event loop that sent it."""
    ask_trust: Callable[[TrustQuestion], Awaitable[bool]] | None = None
    """Asks the user whether to send credentials to an untrusted host; None: non-interactive."""
    trusted_here: list[HostPattern] = field(default_factory=list)
    """Hosts that the user trusts for this run, with the credentials of every vendor."""
    allowed: set[tuple[str, str, str]] = field(default_factory=set)
    """(origin, vendor, environment) that the user allowed but that could not be saved to the list."""
    asking: dict[tuple[str, str, tuple[str, ...]], asyncio.Future[bool]] = field(default_factory=dict)
    """(origin, vendor, environments) → the pending question."""
    learned: list[Secret] = field(default_factory=list)
    """Secrets from sources other than credentials and forms; masked in everything shown and stored."""
    files: RequestFiles = field(default_factory=RequestFiles)
    """The local files that requests may read."""
    sandbox: EmbeddedSandbox = field(default_factory=EmbeddedSandbox)
    """The sandbox in this process, started by the first call to it."""
    followed: dict[str, str] = field(default_factory=dict)
    """The readings that the embedded sandbox follows instead of the defaults: ``vendor.key`` or
    ``vendor.endpoint.key`` → choice. Changed by ``session.experiments.follow``."""
    _tokens: dict[tuple[str, str, str], TokenStore] = field(default_factory=dict)
    _client: Client | None = None
    _warned: set[str] = field(default_factory=set)
    """The warnings that ``warn_once`` gave."""
    _operations: dict[Any, tuple[Catalog | None, Operation | None]] = field(default_factory=dict)
    _history: History | None = None
    _redacted: tuple[ReferenceType[Exchange], Exchange] | None = None
    """The last exchange, as long as it is referenced, and its redacted copy."""

    # --- the catalog -----------------------------------------------------------------------------------------------

    def vendor(self, vendor_id: str) -> Vendor:
        """Return the vendor with this id.

        Raises:
            UnknownName: there is none.
        """
        try:
            return self.catalog.vendors[vendor_id]
        except KeyError:
            raise UnknownName("vendor", vendor_id, self.catalog.vendors) from None

    def endpoint(self, address: str) -> tuple[Vendor, Endpoint]:
        """Return the vendor and endpoint at ``vendor.endpoint``.

        Raises:
            UnknownName: there is no such vendor or endpoint.
        """
        vendor_id, _, endpoint_id = address.partition(".")
        vendor = self.vendor(vendor_id)
        if endpoint_id not in vendor.endpoints:
            known = [f"{vendor.id}.{key}" for key in vendor.endpoints]
            raise UnknownName("endpoint", address, known)
        return vendor, vendor.endpoints[endpoint_id]

    def operation(self, call: Call) -> Operation:
        """Return vendor and endpoint of *call* under its readings.

        Raises:
            UnknownName: the vendor, endpoint, environment, reading or choice is unknown.
        """
        key = (call.address, call.environment, tuple(sorted(call.readings.items())))
        catalog, operation = self._operations.get(key, (None, None))
        if operation is None or catalog is not self.catalog:
            operation = resolve_operation(*self.endpoint(call.address), call)
            if len(self._operations) > _MAX_OPERATIONS:
                self._operations.clear()
            self._operations[key] = (self.catalog, operation)
        return operation

    def environments(self, vendor: Vendor) -> tuple[str, ...]:
        """Return the names of the vendor's environments, the sandbox first."""
        return (SANDBOX, *vendor.environments)

    def default_environment(self, vendor: Vendor) -> str:
        """Return the environment that the user chose for the vendor, or the sandbox."""
        chosen = self.settings.environments.get(vendor.id) or self.settings.default_environment or SANDBOX
        return chosen if chosen in self.environments(vendor) else SANDBOX

    def readings(self, vendor: Vendor, endpoint: Endpoint) -> dict[str, Reading]:
        """Return the ambiguities of the endpoint, then the vendor's."""
        return {**endpoint.readings, **vendor.readings}

    def base_url(self, call: Call) -> str:
        """Return the base URL of *call*; for the sandbox, the one that it has or would have."""
        return call.base_url or self.base_url_of(self.vendor(call.vendor), call.environment)

    def base_url_of(self, vendor: Vendor, environment: str) -> str:
        """Return the base URL of one of the vendor's environments.

        Raises:
            UnknownName: it has no such environment.
        """
        if environment != SANDBOX:
            if environment not in vendor.environments:
                raise UnknownName(f"environment of {vendor.id}", environment, self.environments(vendor))
            return vendor.environments[environment].base_url
        return self.sandbox.base_url(vendor, self.settings.sandbox_port)

    # --- tokens ----------------------------------------------------------------------------------------------------

    def tokens(self, call: Call) -> TokenStore:
        """Return the tokens of the call's vendor and environment."""
        from explorer.core.auth.tokens import TokenStore

        key = _token_key(call)
        if key not in self._tokens:
            self._tokens[key] = TokenStore()
        return self._tokens[key]

    def known_tokens(self, call: Call) -> tuple[Secret, ...]:
        """Return all tokens that the call's vendor and environment issued in this session."""
        store = self._tokens.get(_token_key(call))
        return tuple(token.value for token in store.history) if store else ()

    def token_stores(self) -> Iterator[tuple[str, str, str, tuple[Token, ...]]]:
        """Yield vendor, environment, base URL and tokens for each environment and base URL that issued tokens."""
        for (vendor, environment, base_url), store in self._tokens.items():
            yield vendor, environment, base_url, store.history

    # --- resources -------------------------------------------------------------------------------------------------

    def http(self) -> Client:
        """Return the HTTP client, created on first use."""
        from explorer.net.client import Client

        if self._client is None:
            self._client = Client(environ=self.environ)
        return self._client

    def history(self) -> History | None:
        """Return the history, opened on first use, or None. Blocking."""
        if self._history is None and self.open_history is not None:
            self._history = self.open_history()
            for problem in self._history.problems:
                self.on_warning(problem)
        return self._history

    def require_history(self) -> History:
        """Return ``history``. Blocking.

        Raises:
            UsageError: there is none.
        """
        history = self.history()
        if history is None:
            raise UsageError("there is no history")
        return history

    async def ready(self, call: Call) -> None:
        """Prepare for *call*: start the sandbox if the call needs it, otherwise load the credentials."""
        if call.environment != SANDBOX:
            await asyncio.to_thread(self.vault.status, self.vendor(call.vendor), call.environment)
        elif not call.base_url:
            await self.sandbox.start(
                self.catalog, self.settings.sandbox_port, now=self.now, nonce=self.nonce, readings=self.followed
            )

    async def close(self) -> None:
        """Close connections, the sandbox and the history."""
        if self._client is not None:
            await self._client.close()
            self._client = None
        await self.sandbox.stop()
        if self._history is not None:
            await asyncio.to_thread(self._history.close)
            self._history = None

    # --- warnings and redacted copies ------------------------------------------------------------------------------

    def warn_once(self, text: str) -> None:
        """Give a recurring warning, such as one about a damaged file, only once."""
        if text not in self._warned:
            self._warned.add(text)
            self.on_warning(text)

    def cached_redacted(self, exchange: Exchange) -> Exchange | None:
        """Return the redacted copy of *exchange* if ``cache_redacted`` has it, or None."""
        if self._redacted is not None and self._redacted[0]() is exchange:
            return self._redacted[1]
        return None

    def cache_redacted(self, exchange: Exchange, redacted: Exchange) -> None:
        """Cache the redacted copy of *exchange*: searching a large body for secrets takes seconds."""

        def forget(reference: ReferenceType[Exchange]) -> None:
            if self._redacted is not None and self._redacted[0] is reference:
                self._redacted = None

        self._redacted = (ref(exchange, forget), redacted)


def _token_key(call: Call) -> tuple[str, str, str]:
    return (call.vendor, call.environment, call.base_url)
