"""Which hosts a credential may be sent to, and what happens where a request would carry one to another host.

    catalog and overlays ────┐
    --base-url, --trust-host ┼─► belongs there? ── the client asks for each request before it leaves ──► sent
    the list of a person ────┘                                                    └─ no: asked, or UntrustedHost

A credential belongs to the origins (RFC 6454) of its environment. Demo credentials of the sandbox belong to loopback
and are never sent elsewhere. A credential of an https environment is never sent over plain http, loopback aside.
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
"""Bytes of a body up to which it is searched on the spot; a larger one is searched in a thread."""


class BoundSecret(NamedTuple):
    """A secret and the environment that it belongs to."""

    label: str
    """What people call it: ``credential 'token'``."""
    environment: str
    value: Secret
    is_demo: bool = False


def catalog_origins(session: SessionContext, vendor: Vendor, environment: str) -> frozenset[Origin]:
    """Return the origins that credentials of *environment* belong to: its base URL in the catalog, which the user's own
    catalogs and overlays are laid over, and every URL among the options of the vendor's auth schemes. Those of the
    sandbox: where it runs in this process."""
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
    """Return ``catalog_origins`` of the vendor of *call*, as it is and under the readings of the call."""
    vendor, read = session.vendor(call.vendor), session.operation(call).vendor
    return catalog_origins(session, vendor, environment) | catalog_origins(session, read, environment)


def is_foreign(session: SessionContext, call: Call) -> bool:
    """Return whether the base URL of *call* is outside the hosts that the credentials of its environment belong to or
    that a person allowed. A base URL that is not a URL is not foreign. Blocking."""
    origin = Origin.parse(call.base_url) if call.base_url else None
    if origin is None or (call.environment == SANDBOX and origin.is_loopback):
        return False
    if origin in call_origins(session, call, call.environment):
        return False
    return not _is_allowed(session, origin, call.vendor, {call.environment})


def is_downgrade(session: SessionContext, vendor: Vendor, environment: str, origin: Origin) -> bool:
    """Return whether *origin* is plain http while the environment uses https only; loopback does not leave the
    machine and is none."""
    known = catalog_origins(session, vendor, environment) if environment != SANDBOX else frozenset()
    https_only = bool(known) and all(one.scheme == "https" for one in known)
    return https_only and origin.scheme == "http" and not origin.is_loopback


def trusted_hosts(session: SessionContext) -> tuple[TrustedHost, ...]:
    """Return the hosts that a person allowed, in the order in which they did. Blocking."""
    from explorer.store.journals import load_trusted

    hosts, problems = load_trusted(session.folders)
    for problem in problems:
        session.warn_once(problem)
    return hosts


def _is_allowed(session: SessionContext, origin: Origin, vendor: str, environments: Iterable[str]) -> bool:
    """Whether a person allowed *origin*, for this run or on the list, for all of *environments*."""
    if any(pattern.matches(origin) for pattern in session.trusted_here):
        return True
    allowed = {(host.origin, host.vendor, host.environment) for host in trusted_hosts(session)} | session.allowed
    return all((str(origin), vendor, environment) in allowed for environment in environments)


@dataclass(frozen=True)
class TrustGate:
    """Decides for each request of one call whether it may go to its host; the client asks right before it leaves."""

    session: SessionContext
    call: Call

    async def __call__(
        self,
        request: httpx.Request,
        scheme: Scheme | None,
        purpose: Purpose,
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Return where *request*, signed by *scheme*, may be sent. Where a person has to be asked, that is done within
        *paused*.

        Raises:
            UntrustedHost: it carries a secret to a host that the secret does not belong to, and nobody allowed that.
        """
        origin = Origin.of(request.url)
        if origin is None:
            return  # not http: the client refuses it
        foreign = self._foreign(origin)
        if foreign or not self._is_home(self.call.environment, origin):
            carried = await self._carried(request, scheme, purpose, origin, foreign)
            if carried:
                await self._agree(origin, carried, paused)

    # --- what belongs where ------------------------------------------------------------------------------------------

    @property
    def _vendor(self) -> Vendor:
        return self.session.vendor(self.call.vendor)

    def _is_home(self, environment: str, origin: Origin) -> bool:
        """Whether what was made in *environment*, such as a token, may go to *origin*."""
        if environment == SANDBOX and origin.is_loopback:
            return True
        return origin in call_origins(self.session, self.call, environment)

    def _foreign(self, origin: Origin) -> dict[Secret, BoundSecret]:
        """The secrets of the vendor that do not belong to *origin*."""
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
        """Tokens of the vendor that *origin* did not give; a credential that is a token was given by nobody."""
        for vendor, environment, base_url, tokens in self.session.token_stores():
            if vendor != self._vendor.id or origin in call_origins(self.session, self.call, environment):
                continue
            given = self._is_home(environment, origin) or (base_url and origin == Origin.parse(base_url))
            for token in tokens:
                if not given or token.is_credential:
                    yield BoundSecret(f"{token.kind} token", environment, token.value)

    def _values(self, origin: Origin) -> Iterator[BoundSecret]:
        """What is secret in the call itself: fields of the form, and values that were put in place of placeholders."""
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
        """What of *foreign* is in *request*, or signed it."""
        from explorer.core.secret_search import MIN_LENGTH, find_carried

        if len(request.content) > _INLINE_LIMIT:
            matches = await asyncio.to_thread(find_carried, request, foreign)
        else:
            matches = find_carried(request, foreign)
        is_home = self._is_home(self.call.environment, origin)
        signs = False
        if scheme is not None and _is_signed(request, scheme):
            signs, used = not scheme.options.tokens, set(scheme.secrets())
            matches |= {one for one in foreign if one in used and (signs or len(one.reveal()) < MIN_LENGTH)}
        if matches:
            return tuple(foreign[one] for one in foreign if one in matches)
        if not is_home and (signs or purpose == "auth"):
            return (BoundSecret("signature" if signs else "sign-in", self.call.environment, Secret("")),)
        return ()

    # --- asking ------------------------------------------------------------------------------------------------------

    async def _agree(
        self, origin: Origin, carried: tuple[BoundSecret, ...], paused: Callable[[], AbstractContextManager[None]]
    ) -> None:
        session, environments = self.session, {one.environment for one in carried}
        question = self._question(origin, carried)
        what = ", ".join(question.carried)
        if any(one.is_demo for one in carried):
            raise UntrustedHost(
                f"{question.origin} is not on this machine, and demo values go to loopback only. It carries: {what}",
                hint="Choose another environment with --env for a real host.",
            )
        if any(is_downgrade(session, self._vendor, one, origin) for one in environments):
            raise UntrustedHost(
                f"{question.origin} is plain http, and {self._vendor.id} {question.environment} uses https. "
                f"It carries: {what}",
                hint="Use https, or give the environment an http base_url in a catalog of your own.",
            )
        if await asyncio.to_thread(_is_allowed, session, origin, self._vendor.id, environments):
            return
        message = (
            f"{question.origin} is not a host of {self._vendor.id} {question.environment} "
            f"({', '.join(question.usual) or 'loopback only'}). It carries: {what}"
        )
        if session.ask_trust is None:
            hint = f"Pass --trust-host {_masked(origin.authority, origin, carried)} to allow it, or fix the base URL."
            raise UntrustedHost(message, hint=hint)
        with paused():
            allowed = await _ask_once(session, origin, question, sorted(environments))
        if not allowed:
            raise UntrustedHost(
                message, hint="You did not allow it. Send it again to be asked again, or fix the base URL."
            )

    def _question(self, origin: Origin, carried: tuple[BoundSecret, ...]) -> TrustQuestion:
        environment = carried[0].environment
        return TrustQuestion(
            origin=_masked(str(origin), origin, carried),
            vendor=self._vendor.id,
            title=self._vendor.title,
            environment=environment,
            carried=tuple(dict.fromkeys(one.label for one in carried)),
            usual=tuple(sorted(map(str, call_origins(self.session, self.call, environment)))),
        )


def _masked(text: str, origin: Origin, carried: tuple[BoundSecret, ...]) -> str:
    """*text*, or a mask where the host's name itself holds a secret."""
    return MASK if any(one.value and one.value.reveal().lower() in origin.host for one in carried) else text


def _is_signed(request: httpx.Request, scheme: Scheme) -> bool:
    """Whether *scheme* has put anything into *request*."""
    from explorer.net.client import sent_request

    return sent_request(scheme.strip(request)) != sent_request(request)


async def _ask_once(session: SessionContext, origin: Origin, question: TrustQuestion, environments: list[str]) -> bool:
    """Whether a person allows it; requests that wait for the same host at the same time share one question."""
    key = (str(origin), question.vendor, tuple(environments))
    pending = session.asking.get(key)
    if pending is None:
        pending = session.asking[key] = asyncio.ensure_future(_ask_person(session, origin, question, environments))
        pending.add_done_callback(lambda _: session.asking.pop(key, None))
    return await asyncio.shield(pending)


async def _ask_person(
    session: SessionContext, origin: Origin, question: TrustQuestion, environments: list[str]
) -> bool:
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
