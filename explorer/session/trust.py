"""Decide which hosts a credential may be sent to; ask the user or refuse otherwise.

A credential belongs to the origins (RFC 6454) of its environment. Other origins need the user's permission:
``--base-url``, ``--trust-host``, the list of trusted hosts, or a dialog. The sandbox's demo credentials are only sent
to loopback. A credential of an https environment is never sent over plain http, except to loopback.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.model import SANDBOX
from explorer.core.origin import Origin, TrustQuestion
from explorer.core.text.secret import MASK, Secret
from explorer.errors import StoreError, UntrustedHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    import httpx

    from explorer.core.auth.base import Scheme
    from explorer.core.catalog.model import Vendor
    from explorer.core.model import Call, Purpose
    from explorer.session.context import SessionContext
    from explorer.store.journals import TrustedHost

_INLINE_LIMIT = 200_000
"""Bytes of a body that is searched in the event loop; a larger one is searched in a thread."""


class BoundSecret(NamedTuple):
    """A secret and its environment."""

    label: str
    """A display name: ``credential 'token'``."""
    environment: str
    value: Secret
    is_demo: bool = False


def catalog_origins(session: SessionContext, vendor: Vendor, environment: str) -> frozenset[Origin]:
    """Return the origins that the credentials of *environment* belong to.

    These are the base URL in the catalog, including the user's catalogs and overlays, and all URLs in the options of
    the vendor's auth schemes; for the sandbox, its address in this process.
    """
    if environment == SANDBOX:
        urls = [session.base_url_of(vendor, SANDBOX)] if session.sandbox.running else []
    elif environment not in vendor.environments:
        urls = []
    else:
        options = [option for auth in vendor.auth.values() for option in auth.options.values()]
        urls = [vendor.environments[environment].base_url]
        urls += [option for option in options if isinstance(option, str) and "://" in option]
    return frozenset(origin for url in urls if (origin := Origin.parse(url)) is not None)


def call_origins(session: SessionContext, call: Call, environment: str) -> frozenset[Origin]:
    """Return ``catalog_origins`` of the vendor of *call*, with and without the readings of the call."""
    vendor, read = session.vendor(call.vendor), session.operation(call).vendor
    return catalog_origins(session, vendor, environment) | catalog_origins(session, read, environment)


def is_foreign(session: SessionContext, call: Call) -> bool:
    """Return whether the base URL of *call* is neither a host of its environment nor allowed by the user.

    An invalid base URL is not foreign. Blocking.
    """
    origin = Origin.parse(call.base_url) if call.base_url else None
    if origin is None or (call.environment == SANDBOX and origin.is_loopback):
        return False
    if origin in call_origins(session, call, call.environment):
        return False
    return not _is_allowed(session, origin, call.vendor, {call.environment})


def is_downgrade(session: SessionContext, vendor: Vendor, environment: str, origin: Origin) -> bool:
    """Return whether *origin* is plain http, not loopback, and the environment uses https only."""
    known = catalog_origins(session, vendor, environment) if environment != SANDBOX else frozenset()
    https_only = bool(known) and all(host.scheme == "https" for host in known)
    return https_only and origin.scheme == "http" and not origin.is_loopback


def trusted_hosts(session: SessionContext) -> tuple[TrustedHost, ...]:
    """Return the hosts that the user allowed, oldest first. Blocking."""
    from explorer.store.journals import load_trusted

    hosts, problems = load_trusted(session.folders)
    for problem in problems:
        session.warn_once(problem)
    return hosts


def _is_allowed(session: SessionContext, origin: Origin, vendor: str, environments: Iterable[str]) -> bool:
    """Return whether the user allowed *origin* for all *environments*, for this run or on the list."""
    if any(pattern.matches(origin) for pattern in session.trusted_here):
        return True
    allowed = {(host.origin, host.vendor, host.environment) for host in trusted_hosts(session)} | session.allowed
    return all((str(origin), vendor, environment) in allowed for environment in environments)


@dataclass(frozen=True)
class TrustGate:
    """Decides whether a request of *call* may be sent to its host; the client calls it right before sending."""

    session: SessionContext
    call: Call

    async def __call__(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Purpose,
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Check that *request*, signed by *scheme*, may be sent; ask the user within *paused* if necessary.

        Raises:
            UntrustedHost: it carries a secret of another host, and the user did not allow it.
        """
        origin = Origin.of(request.url)
        if origin is None:
            return  # not http: the client refuses it
        foreign = self._foreign(origin)
        if foreign or not self._is_home(self.call.environment, origin):
            carried = await self._carried(request, scheme, purpose, origin, foreign)
            if carried:
                await self._agree(origin, carried, paused)

    # --- secrets and their hosts -------------------------------------------------------------------------------------

    @property
    def _vendor(self) -> Vendor:
        return self.session.vendor(self.call.vendor)

    def _is_home(self, environment: str, origin: Origin) -> bool:
        """Return whether *origin* is a host of *environment*."""
        if environment == SANDBOX and origin.is_loopback:
            return True
        return origin in call_origins(self.session, self.call, environment)

    def _foreign(self, origin: Origin) -> dict[Secret, BoundSecret]:
        """Return the vendor's secrets that do not belong to *origin*."""
        here: set[Secret] = set()
        foreign: dict[Secret, BoundSecret] = {}
        places = (SANDBOX, *self._vendor.environments)
        hosts = {place: call_origins(self.session, self.call, place) for place in places}
        for name, environment, value, is_demo in self.session.vault.available_credentials(
            self._vendor, self.call.environment
        ):
            if origin.is_loopback if is_demo else origin in hosts[environment]:
                here.add(value)
            else:
                foreign.setdefault(value, BoundSecret(f"credential {name!r}", environment, value, is_demo))
        for bound in (*self._tokens(origin), *self._values(origin)):
            foreign.setdefault(bound.value, bound)
        return {value: bound for value, bound in foreign.items() if value not in here}

    def _tokens(self, origin: Origin) -> Iterator[BoundSecret]:
        """Yield the vendor's tokens that *origin* did not issue; a token from a credential has no issuer."""
        for vendor, environment, base_url, tokens in self.session.token_stores():
            if vendor != self._vendor.id or origin in call_origins(self.session, self.call, environment):
                continue
            is_issuer = self._is_home(environment, origin) or (base_url and origin == Origin.parse(base_url))
            for token in tokens:
                if not is_issuer or token.is_credential:
                    yield BoundSecret(f"{token.kind} token", environment, token.value)

    def _values(self, origin: Origin) -> Iterator[BoundSecret]:
        """Yield the secrets of the call itself: secret fields and values of placeholders."""
        from explorer.core.form import find_parameter

        environment = self.call.environment
        if self._is_home(environment, origin):
            return
        endpoint = self.session.operation(self.call).endpoint
        for entry in self.call.entries:
            match = find_parameter(endpoint, entry.name)
            if match is not None and match[0].secret and entry.value:
                text = entry.value.strip('"') if entry.kind == "json" else entry.value
                yield BoundSecret(f"field {entry.name!r}", environment, Secret(text))
        for value in self.session.learned:
            yield BoundSecret("value of a placeholder", environment, value)

    async def _carried(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Purpose,
        origin: Origin,
        foreign: dict[Secret, BoundSecret],
    ) -> tuple[BoundSecret, ...]:
        """Return the secrets of *foreign* that are in *request* or signed it."""
        from explorer.core.secret_search import MIN_LENGTH, find_carried

        if len(request.content) > _INLINE_LIMIT:
            matches = await asyncio.to_thread(find_carried, request, foreign)
        else:
            matches = find_carried(request, foreign)
        is_home = self._is_home(self.call.environment, origin)
        signs = False
        if scheme is not None and _is_signed(request, scheme):
            signs, used = not scheme.options.tokens, set(scheme.secrets())
            matches |= {secret for secret in foreign if secret in used and (signs or len(secret.reveal()) < MIN_LENGTH)}
        if matches:
            return tuple(foreign[secret] for secret in foreign if secret in matches)
        if not is_home and (signs or purpose == "auth"):
            return (BoundSecret("signature" if signs else "sign-in", self.call.environment, Secret("")),)
        return ()

    # --- asking ------------------------------------------------------------------------------------------------------

    async def _agree(
        self, origin: Origin, carried: tuple[BoundSecret, ...], paused: Callable[[], AbstractContextManager[None]]
    ) -> None:
        session, environments = self.session, {secret.environment for secret in carried}
        question = self._question(origin, carried)
        secrets = ", ".join(question.carried)
        if any(secret.is_demo for secret in carried):
            raise UntrustedHost(
                f"{question.origin} is not this machine, and demo credentials are only sent to loopback. "
                f"The request carries: {secrets}",
                hint="For a real host, choose another environment with --env.",
            )
        if any(is_downgrade(session, self._vendor, environment, origin) for environment in environments):
            raise UntrustedHost(
                f"{question.origin} is plain http, but {self._vendor.id} {question.environment} uses https. "
                f"The request carries: {secrets}",
                hint="Use https, or set an http base_url for the environment in your own catalog.",
            )
        if await asyncio.to_thread(_is_allowed, session, origin, self._vendor.id, environments):
            return
        message = (
            f"{question.origin} is not a host of {self._vendor.id} {question.environment} "
            f"({', '.join(question.usual) or 'loopback only'}). The request carries: {secrets}"
        )
        if session.ask_trust is None:
            hint = f"Pass --trust-host {_masked(origin.authority, origin, carried)} to allow it, or fix the base URL."
            raise UntrustedHost(message, hint=hint)
        with paused():
            allowed = await _ask_once(session, origin, question, sorted(environments))
        if not allowed:
            raise UntrustedHost(
                message, hint="You did not allow it. Send again to change your answer, or fix the base URL."
            )

    def _question(self, origin: Origin, carried: tuple[BoundSecret, ...]) -> TrustQuestion:
        environment = carried[0].environment
        return TrustQuestion(
            origin=_masked(str(origin), origin, carried),
            vendor=self._vendor.id,
            title=self._vendor.title,
            environment=environment,
            carried=tuple(dict.fromkeys(secret.label for secret in carried)),
            usual=tuple(sorted(map(str, call_origins(self.session, self.call, environment)))),
        )


def _masked(text: str, origin: Origin, carried: tuple[BoundSecret, ...]) -> str:
    """Return *text*, or a mask if the host name itself contains a secret."""
    return MASK if any(bound.value and bound.value.reveal().lower() in origin.host for bound in carried) else text


def _is_signed(request: httpx.Request, scheme: Scheme) -> bool:
    """Return whether *scheme* added anything to *request*."""
    from explorer.net.client import sent_request

    return sent_request(scheme.strip(request)) != sent_request(request)


async def _ask_once(session: SessionContext, origin: Origin, question: TrustQuestion, environments: list[str]) -> bool:
    """Return whether the user allows it; concurrent requests to the same host share one question."""
    key = (str(origin), question.vendor, tuple(environments))
    pending = session.asking.get(key)
    if pending is None:
        pending = session.asking[key] = asyncio.ensure_future(_ask_user(session, origin, question, environments))
        pending.add_done_callback(lambda _: session.asking.pop(key, None))
    return await asyncio.shield(pending)


async def _ask_user(session: SessionContext, origin: Origin, question: TrustQuestion, environments: list[str]) -> bool:
    from explorer.store.journals import add_trusted

    if session.ask_trust is None or not await session.ask_trust(question):
        return False
    for environment in environments:
        try:
            await asyncio.to_thread(
                add_trusted, session.folders, str(origin), question.vendor, environment, session.now()
            )
        except StoreError as error:
            session.allowed.add((str(origin), question.vendor, environment))
            session.on_warning(error.sentence)
    return True
