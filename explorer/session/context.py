"""What every use case works on: catalog, settings, credentials, tokens, sandbox, history and one HTTP client.

    Call ── operation ──► vendor and endpoint under the chosen readings

A use case is a function of the context in a module of its own; this module imports none. Nothing heavy is imported
here at the top: the first frame of the app and ``list`` need no HTTP library.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from explorer.core.model import SANDBOX
from explorer.errors import CatalogProblem, UnknownName
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
"""Operations that are cached; another reading or environment makes another."""


@dataclass
class SessionContext:
    """The state of one person's session and lookups in it; ``close`` it at the end."""

    catalog: Catalog
    settings: Settings
    folders: Folders
    vault: Vault
    environ: Mapping[str, str]
    catalog_problems: tuple[CatalogProblem, ...] = ()
    settings_problems: tuple[str, ...] = ()
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    """Seconds since any moment, by which time limits are measured."""
    nonce: Callable[[int], str] = secrets.token_urlsafe
    open_history: Callable[[], History] | None = None
    """None where there is no history."""
    on_warning: Callable[[str], None] = lambda _text: None
    on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    """Called with each exchange as soon as it has ended, unredacted, in the event loop that sent it."""
    ask_trust: Callable[[TrustQuestion], Awaitable[bool]] | None = None
    """Asks a person whether credentials may go to a host that they do not belong to; None where nobody can be asked."""
    trusted_here: list[HostPattern] = field(default_factory=list)
    """Hosts that a person named for this run: credentials of every vendor may go there."""
    allowed: set[tuple[str, str, str]] = field(default_factory=set)
    """(origin, vendor, environment) that a person allowed and that could not be written to the list."""
    asking: dict[tuple[str, str, tuple[str, ...]], asyncio.Future[bool]] = field(default_factory=dict)
    """(origin, vendor, environments) → the question that a person has not answered yet."""
    learned: list[Secret] = field(default_factory=list)
    """Secrets from other sources than credentials and forms; masked in whatever is shown and stored."""
    files: RequestFiles = field(default_factory=RequestFiles)
    """The local files that requests may read."""
    sandbox: EmbeddedSandbox = field(default_factory=EmbeddedSandbox)
    """The sandbox within this process; it runs from the first call that goes to it."""
    followed: dict[str, str] = field(default_factory=dict)
    """The readings that the embedded sandbox follows in place of the defaults: ``vendor.key`` or
    ``vendor.endpoint.key`` → choice. ``session.experiments.follow`` changes them."""
    _tokens: dict[tuple[str, str, str], TokenStore] = field(default_factory=dict)
    _client: Client | None = None
    _warned: set[str] = field(default_factory=set)
    """The texts of ``warn_once``."""
    _operations: dict[Any, tuple[Catalog | None, Operation | None]] = field(default_factory=dict)
    _history: History | None = None
    _redacted: tuple[ReferenceType[Exchange], Exchange] | None = None
    """The exchange that was sent last, while somebody refers to it, and its redacted copy."""

    # --- the catalog -----------------------------------------------------------------------------------------------

    def vendor(self, vendor_id: str) -> Vendor:
        """Return the vendor of that id.

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
            UnknownName: vendor, endpoint, environment, reading or choice is not known.
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
        """Return the environment that a person chose for the vendor, or the sandbox."""
        chosen = self.settings.environments.get(vendor.id) or self.settings.default_environment or SANDBOX
        return chosen if chosen in self.environments(vendor) else SANDBOX

    def readings(self, vendor: Vendor, endpoint: Endpoint) -> dict[str, Reading]:
        """Return every ambiguity that concerns the endpoint, the vendor's general ones last."""
        return {**endpoint.readings, **vendor.readings}

    def base_url(self, call: Call) -> str:
        """Return the base URL that *call* goes to; the sandbox's is the one that it has or would have."""
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
        """Return every token that the call's vendor and environment issued in this session."""
        store = self._tokens.get(_token_key(call))
        return tuple(token.value for token in store.history) if store else ()

    def token_stores(self) -> Iterator[tuple[str, str, str, tuple[Token, ...]]]:
        """Yield vendor, environment, base URL and tokens of every place that tokens were requested from."""
        for (vendor, environment, base_url), store in self._tokens.items():
            yield vendor, environment, base_url, store.history

    # --- what runs and is open -------------------------------------------------------------------------------------

    def http(self) -> Client:
        """Return the one client, made when first needed."""
        from explorer.net.client import Client

        if self._client is None:
            self._client = Client(environ=self.environ)
        return self._client

    def history(self) -> History | None:
        """Return the history, opened when first needed; None where there is none. Blocking."""
        if self._history is None and self.open_history is not None:
            self._history = self.open_history()
            for problem in self._history.problems:
                self.on_warning(problem)
        return self._history

    async def ready(self, call: Call) -> None:
        """Start the sandbox if *call* goes there and it does not run yet; elsewhere, load the credentials."""
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
        """Warn of what occurs again and again, such as a damaged file, the first time only."""
        if text not in self._warned:
            self._warned.add(text)
            self.on_warning(text)

    def cached_redacted(self, exchange: Exchange) -> Exchange | None:
        """Return what ``cache_redacted`` was given for *exchange*, or None."""
        if self._redacted is not None and self._redacted[0]() is exchange:
            return self._redacted[1]
        return None

    def cache_redacted(self, exchange: Exchange, redacted: Exchange) -> None:
        """Have *redacted* at hand for *exchange*: a large body takes seconds to search."""

        def forget(reference: ReferenceType[Exchange]) -> None:
            if self._redacted is not None and self._redacted[0] is reference:
                self._redacted = None

        self._redacted = (ref(exchange, forget), redacted)


def _token_key(call: Call) -> tuple[str, str, str]:
    return (call.vendor, call.environment, call.base_url)
