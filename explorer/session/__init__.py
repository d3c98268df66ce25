"""What a person can do, once: open, check, prepare, send, turn pages, replay, log in. Both shells call only this.

    Call ── operation ──► (vendor, endpoint) under its readings
         ── check ──────► values and problems
         ── prepare ────► Prepared: the exact signed request, nothing sent
         ── send ───────► Exchange: kept in the history, judged

Nothing heavy is imported here at the top: the first frame of the app and ``list`` need no HTTP library.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import ReferenceType, ref

from explorer.errors import CatalogProblem, CredentialMissing, FormError, UnknownName
from explorer.session.embedded import EmbeddedSandbox
from explorer.session.operation import Operation
from explorer.session.request_files import RequestFiles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    import httpx

    from explorer.client import Client, OnProgress
    from explorer.core.auth.base import AuthContext, Scheme
    from explorer.core.auth.tokens import Token, TokenStore
    from explorer.core.catalog.model import Catalog, Effect, Endpoint, Reading, Vendor
    from explorer.core.exchange import Call, Entry, Exchange
    from explorer.core.form import Checked
    from explorer.core.origin import HostPattern
    from explorer.core.paging.base import PageInfo
    from explorer.core.redaction import Redactor
    from explorer.core.text.secret import Secret
    from explorer.credentials import CredentialStatus, Vault
    from explorer.history import History, HistoryRow
    from explorer.sandbox.fault_kinds import Fault
    from explorer.session.arriving import OnArrival
    from explorer.session.collecting import Collector
    from explorer.session.operation import Prepared
    from explorer.session.remembering import Kept
    from explorer.session.replaying import How, Replay
    from explorer.session.trust import Gate, TrustQuestion
    from explorer.settings.folders import Folders
    from explorer.settings.preferences import Settings

SANDBOX = "sandbox"
_KNOWN = 200
"""How many operations are remembered; another reading or environment makes another."""


@dataclass
class Session:
    """One person's session: a catalog, settings, credentials, tokens, a sandbox, a history and one client."""

    catalog: Catalog
    settings: Settings
    folders: Folders
    vault: Vault
    environ: Mapping[str, str]
    catalog_problems: tuple[CatalogProblem, ...] = ()
    settings_problems: tuple[str, ...] = ()
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    """Seconds since any moment, by which time limits are kept."""
    nonce: Callable[[int], str] = secrets.token_urlsafe
    open_history: Callable[[], History] | None = None
    """None where nothing is kept."""
    on_warning: Callable[[str], None] = lambda _text: None
    on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    """Called with each exchange when it has ended, as it was; at once, in the loop that sent it."""
    ask_trust: Callable[[TrustQuestion], Awaitable[bool]] | None = None
    """Asks a person whether credentials may go to a host that they do not belong to; None where nobody can be asked."""
    trusted_here: list[HostPattern] = field(default_factory=list)
    """Hosts that a person named for this run: credentials of every vendor may go there."""
    allowed: set[tuple[str, str, str]] = field(default_factory=set)
    """(origin, vendor, environment) that a person allowed and that could not be written to the list."""
    asking: dict[tuple[str, str, tuple[str, ...]], asyncio.Future[bool]] = field(default_factory=dict)
    """(origin, vendor, environments) → the question that a person has not answered yet."""
    learned: list[Secret] = field(default_factory=list)
    """Secrets that came by another way than credentials and forms: they are masked in whatever is shown and kept."""
    files: RequestFiles = field(default_factory=RequestFiles)
    """The local files that requests may read."""
    _tokens: dict[tuple[str, str, str], TokenStore] = field(default_factory=dict)
    _client: Client | None = None
    sandbox: EmbeddedSandbox = field(default_factory=EmbeddedSandbox)
    """The sandbox within this process; it runs from the first call that goes to it."""
    followed: dict[str, str] = field(default_factory=dict)
    """The readings that the embedded sandbox follows in place of the defaults: ``vendor.key`` or
    ``vendor.endpoint.key`` → choice. ``session.experiments.follow`` changes them."""
    _warned: set[str] = field(default_factory=set)
    """What ``on_warning`` was told of a file that is read again and again."""
    _operations: dict[Any, tuple[Catalog | None, Operation | None]] = field(default_factory=dict)
    _history: History | None = None
    _masked: tuple[ReferenceType[Exchange], Exchange] | None = None
    """The exchange that was sent last, while somebody has it, and the same with its secrets masked."""

    # --- looking things up -----------------------------------------------------------------------------------------

    def vendor(self, vendor_id: str) -> Vendor:
        """The vendor of that id.

        Raises:
            UnknownName: there is none.
        """
        try:
            return self.catalog.vendors[vendor_id]
        except KeyError:
            raise UnknownName("vendor", vendor_id, self.catalog.vendors) from None

    def endpoint(self, address: str) -> tuple[Vendor, Endpoint]:
        """The vendor and endpoint at ``vendor.endpoint``.

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
        """Vendor and endpoint of *call* under its readings.

        Raises:
            UnknownName: vendor, endpoint, environment, reading or choice is not known.
        """
        key = (call.address, call.environment, tuple(sorted(call.readings.items())))
        catalog, found = self._operations.get(key, (None, None))
        if found is None or catalog is not self.catalog:
            found = self._operation(call)
            if len(self._operations) > _KNOWN:
                self._operations.clear()
            self._operations[key] = (self.catalog, found)
        return found

    def _operation(self, call: Call) -> Operation:
        from explorer.core.catalog.readings import apply_readings

        vendor, endpoint = self.endpoint(call.address)
        vendor, endpoint = apply_readings(vendor, endpoint, call.readings)
        environment = None
        if call.environment != SANDBOX:
            if call.environment not in vendor.environments:
                names = [SANDBOX, *vendor.environments]
                raise UnknownName(f"environment of {vendor.id}", call.environment, names)
            environment = vendor.environments[call.environment]
        return Operation(vendor, endpoint, environment)

    def environments(self, vendor: Vendor) -> tuple[str, ...]:
        """The names of the vendor's environments, the sandbox first."""
        return (SANDBOX, *vendor.environments)

    def default_environment(self, vendor: Vendor) -> str:
        """The environment that a person chose for the vendor, or the sandbox."""
        chosen = self.settings.environments.get(vendor.id) or self.settings.default_environment or SANDBOX
        return chosen if chosen in self.environments(vendor) else SANDBOX

    def readings(self, vendor: Vendor, endpoint: Endpoint) -> dict[str, Reading]:
        """Every contradiction that concerns the endpoint, the vendor's general ones last."""
        return {**endpoint.readings, **vendor.readings}

    def credentials(self, vendor: Vendor, environment: str) -> tuple[CredentialStatus, ...]:
        """Where each credential of the vendor comes from; never what it is."""
        return self.vault.status(vendor, environment)

    # --- before sending --------------------------------------------------------------------------------------------

    def base_url(self, call: Call) -> str:
        """The base URL that *call* goes to; the sandbox's is the one that it has or would have."""
        return call.base_url or self.base_url_of(self.vendor(call.vendor), call.environment)

    def base_url_of(self, vendor: Vendor, environment: str) -> str:
        """The base URL of one of the vendor's environments.

        Raises:
            UnknownName: it has no such environment.
        """
        if environment != SANDBOX:
            if environment not in vendor.environments:
                raise UnknownName(f"environment of {vendor.id}", environment, self.environments(vendor))
            return vendor.environments[environment].base_url
        return self.sandbox.base_url(vendor, self.settings.sandbox_port)

    def effect(self, call: Call) -> Effect:
        """How grave *call* is, its values considered (``checkout=1`` makes an order of a validation)."""
        from explorer.session.preparing import effect

        return effect(self, call)

    def confirmation(self, call: Call) -> str:
        """What a person must say yes to before *call* is sent, or an empty text.

        A guarded environment asks before everything that is not a read; an order is asked for in every environment but
        the sandbox.
        """
        from explorer.session.preparing import confirmation

        return confirmation(self, call)

    def check(self, call: Call) -> Checked:
        """The values of *call* and everything that is wrong with them."""
        from explorer.core.form import check

        return check(self.operation(call).endpoint, call.entries)

    def redactor(self, call: Call, extra: tuple[Secret, ...] = ()) -> Redactor:
        """What masks the traffic of *call*: secrets by name, and by value what the vault and the form hold."""
        from explorer.session.preparing import redactor

        return redactor(self, call, extra)

    def prepare(self, call: Call, *, at: float | None = None) -> Prepared:
        """The exact request that ``send`` would make now (or as of *at*, Unix seconds); sends nothing.

        Raises:
            FormError: the form has errors and the call does not force it.
            CredentialMissing: the scheme needs a credential that is not to be had.
        """
        from explorer.session.preparing import prepare

        return prepare(self, call, at)

    def build(self, call: Call, checked: Checked) -> httpx.Request:
        """The unsigned request of *call*."""
        from explorer.session.preparing import build

        return build(self, call, checked)

    def scheme(self, call: Call) -> Scheme:
        """A fresh auth scheme for *call*; those of one vendor and environment share their tokens."""
        from explorer.core.auth import scheme_for

        operation = self.operation(call)
        return scheme_for(operation.vendor, operation.endpoint, self.auth_context(call, operation))

    def tokens(self, call: Call) -> TokenStore:
        """The tokens of the call's vendor and environment."""
        from explorer.core.auth.tokens import TokenStore

        key = self._token_key(call)
        if key not in self._tokens:
            self._tokens[key] = TokenStore()
        return self._tokens[key]

    def known_tokens(self, call: Call) -> tuple[Secret, ...]:
        """Every token that the call's vendor and environment gave in this session; none where none did."""
        store = self._tokens.get(self._token_key(call))
        return tuple(token.value for token in store.history) if store else ()

    def token_stores(self) -> Iterator[tuple[str, str, str, tuple[Token, ...]]]:
        """Yield the tokens of every vendor, environment and base URL that tokens were asked for at."""
        for (vendor, environment, base_url), store in self._tokens.items():
            yield vendor, environment, base_url, store.history

    @property
    def token_places(self) -> tuple[tuple[str, str, str], ...]:
        """Vendor, environment and base URL of every place that tokens were asked for in this session."""
        return tuple(self._tokens)

    def _token_key(self, call: Call) -> tuple[str, str, str]:
        return (call.vendor, call.environment, call.base_url)

    def auth_context(self, call: Call, operation: Operation) -> AuthContext:
        """What the auth scheme of *call* is given to work with."""
        from explorer.session.preparing import auth_context

        return auth_context(self, call, operation)

    def checked(self, call: Call) -> Checked:
        """The values of *call*.

        Raises:
            FormError: something is wrong with them, and the call does not force it.
        """
        checked = self.check(call)
        if checked.errors and not call.force:
            raise FormError(checked.errors)
        return checked

    def raise_missing(self, call: Call, name: str) -> NoReturn:
        """Raises CredentialMissing for the credential *name* of the call's vendor."""
        from explorer.core.text.env_names import variable_name

        raise CredentialMissing(call.vendor, name, variable_name(call.vendor, name))

    # --- sending ---------------------------------------------------------------------------------------------------

    async def send(
        self,
        call: Call,
        *,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        on_arrival: OnArrival | None = None,
        origin: int = 0,
    ) -> Exchange:
        """Send *call* and give what came of it, judged and kept in the history; *origin* is the entry that it was put
        into the form from, or 0. *on_arrival* is told of the answer while it arrives, masked.

        A failure of the network is part of the exchange, not an exception.

        Raises:
            FormError: the form has errors and the call does not force it; nothing was sent.
            CredentialMissing: the scheme needs a credential that is not to be had; nothing was sent.
            CredentialRefused: the vendor refused to give a token.
            UntrustedHost: a credential would have gone to a host that it does not belong to.
            asyncio.CancelledError: cancelled; the exchange is kept as such.
        """
        from explorer.session.sending import Replayed, send

        how: Replayed = "form" if origin else ""
        exchange = await send(self, call, timeout, on_progress, origin=origin, replayed=how, on_arrival=on_arrival)
        if call.readings:
            from explorer.session.experiments import note_sent

            await asyncio.to_thread(note_sent, self, call, exchange)
        return exchange

    async def replay(self, number: int, how: How, given: Sequence[Entry] = ()) -> Replay:
        """Make an entry of the history ready to be sent again: ``again`` (signed now), ``exact`` (these bytes) or
        ``form`` (nothing is sent). *given* are values that were masked when it was kept. Sends nothing; the ``Replay``
        tells what changed since and what to ask, and has a ``send``.

        Raises:
            UnknownName: there is no such entry, or the catalog knows its call no more; UsageError: *given* is none of
            its values.
        """
        from explorer.session.replaying import replay

        return await replay(self, number, how, given)

    async def ready(self, call: Call) -> None:
        """Start the sandbox if *call* goes there and it does not run yet."""
        if call.environment != SANDBOX:
            await asyncio.to_thread(self.vault.status, self.vendor(call.vendor), call.environment)
            return
        if not call.base_url:
            await self.sandbox.start(self)

    def set_faults(self, words: Sequence[str]) -> tuple[Fault, ...]:
        """Tell the embedded sandbox what to do wrong from now on: ``KIND[=VALUE][*TIMES][@vendor[.endpoint]]`` each, in
        place of what it was told before; nothing makes it honest again. Gives the faults as they were understood.

        Raises:
            UsageError: a word cannot be read, and nothing is changed; UnknownName: no such kind, vendor or endpoint.
        """
        return self.sandbox.set_faults(words, self.catalog)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What the embedded sandbox does wrong on purpose; those that wore out are gone."""
        return self.sandbox.faults

    @property
    def sandbox_running(self) -> bool:
        """Whether the embedded sandbox accepts requests."""
        return self.sandbox.running

    def warn_once(self, text: str) -> None:
        """Warn of what is found again and again, such as a damaged file, the first time only."""
        if text not in self._warned:
            self._warned.add(text)
            self.on_warning(text)

    def gate(self, call: Call) -> Gate:
        """Return what decides which hosts the requests of *call* may carry credentials to."""
        from explorer.session.trust import Gate

        return Gate(self, call)

    def http(self) -> Client:
        """The one client, made when first asked for."""
        from explorer.client import Client

        if self._client is None:
            self._client = Client(environ=self.environ)
        return self._client

    async def close(self) -> None:
        """Close connections, the sandbox and the history."""
        if self._client is not None:
            await self._client.close()
            self._client = None
        await self.sandbox.stop()
        if self._history is not None:
            await asyncio.to_thread(self._history.close)
            self._history = None

    # --- logging in ------------------------------------------------------------------------------------------------

    async def log_in(
        self, call: Call, *, open_url: Callable[[str], Awaitable[None]], paste: Callable[[str], Awaitable[str]] | None
    ) -> str:
        """Get a token for the call's vendor and environment, and say in a sentence what there is now.

        *open_url* is given the consent page of an OAuth2 login; where *paste* is given, nothing listens and *paste*
        gives the URL that the person landed on.

        Raises:
            UsageError: the vendor has nothing to log in to; CredentialMissing; CredentialRefused; TransportError.
        """
        from explorer.session.login import log_in

        return await log_in(self, call, open_url=open_url, paste=paste)

    # --- pages -----------------------------------------------------------------------------------------------------

    def page_info(self, exchange: Exchange) -> PageInfo | None:
        """Which page an exchange holds and what is around it; None where its endpoint does not page."""
        from explorer.session.pages import page_info

        return page_info(self, exchange)

    def turn(self, exchange: Exchange, to: str | int) -> Call | None:
        """The call for another page of *exchange*: ``next``, ``previous``, ``first``, ``last`` or a page number; None
        where there is no such page."""
        from explorer.session.pages import turn

        return turn(self, exchange, to)

    def collect(
        self,
        call: Call,
        *,
        max_pages: int | None = None,
        at_once: int = 4,
        timeout: float | None = None,
        masked: bool = True,
        tell: Callable[[str], None] = lambda _text: None,
    ) -> Collector:
        """What fetches every page of *call*: planned, up to *at_once* at a time, checked, in order.

        *timeout* is seconds for each page. Records are *masked* as ``redacted`` masks an exchange. *tell* is told of
        every page that is asked for again.
        """
        from explorer.session.collecting import Collector

        return Collector(self, call, max_pages=max_pages, at_once=at_once, timeout=timeout, masked=masked, tell=tell)

    # --- history ---------------------------------------------------------------------------------------------------

    def history(self) -> History | None:
        """The history, opened when first asked for; None where nothing is kept. Blocking."""
        if self._history is None and self.open_history is not None:
            self._history = self.open_history()
            for problem in self._history.problems:
                self.on_warning(problem)
        return self._history

    async def recent(self, limit: int = 200, text: str = "", before: int | None = None) -> list[HistoryRow]:
        """The newest rows of the history that the words of *text* ask for (``core.search_words``), below *before*.

        Raises:
            UsageError: a filter in *text* cannot be read.
        """
        from explorer.session.remembering import recent

        return await asyncio.to_thread(recent, self, limit, text, before)

    async def past(self, number: int) -> Exchange:
        """The exchange of that number, as it was kept (redacted).

        Raises:
            UnknownName: there is none.
        """
        from explorer.session.remembering import past

        return await asyncio.to_thread(past, self, number)

    async def kept(self, number: int) -> Kept:
        """The entry of that number: the exchange as it was kept, its note and tags, and its replays.

        Raises:
            UnknownName: there is none.
        """
        from explorer.session.remembering import kept

        return await asyncio.to_thread(kept, self, number)

    async def annotate(
        self, number: int, *, note: str | None = None, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> HistoryRow:
        """Replace the note of an entry (None leaves it) and add and remove tags; the entry as it is then.

        Raises:
            UnknownName: there is no such entry; UsageError: a tag cannot be one.
        """
        from explorer.history.annotations import Annotation
        from explorer.session.remembering import annotate

        annotation = Annotation(note=note, add=tuple(add), remove=tuple(remove))
        return await asyncio.to_thread(annotate, self, number, annotation)

    def redacted(self, exchange: Exchange) -> Exchange:
        """*exchange* with its secrets masked, as it is shown and kept."""
        if self._masked is not None and self._masked[0]() is exchange:
            return self._masked[1]
        operation = self.operation(exchange.call)
        return self.redactor(exchange.call, self._known(exchange.call)).exchange(operation.endpoint, exchange)

    def remember_masked(self, exchange: Exchange, masked: Exchange) -> None:
        """Have ``redacted`` give *masked* for *exchange*: a large body takes seconds to search."""

        def forget(reference: ReferenceType[Exchange]) -> None:
            if self._masked is not None and self._masked[0] is reference:
                self._masked = None

        self._masked = (ref(exchange, forget), masked)

    def _known(self, call: Call) -> tuple[Secret, ...]:
        return self.scheme(call).secrets()
