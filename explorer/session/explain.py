"""Explain how a call is signed and why it was refused; diagnose another client's signature."""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

import msgspec

from explorer.core.explain.refusals import (
    EarlierExchange,
    Explanation,
    RefusalFacts,
    TokenFact,
    explain_refusal,
    was_refused,
)
from explorer.core.explain.signature.case import SearchContext, SigningCase, SigningKey
from explorer.core.explain.signature.diagnosis import Diagnosis, diagnose
from explorer.core.explain.signature.pasted_text import OtherClientInput, SignatureNames, read_other_client_input
from explorer.core.form import find_parameter
from explorer.core.model import SANDBOX
from explorer.core.text.secret import MASK, Secret
from explorer.core.text.units import LAST_SECOND
from explorer.errors import ExplorerError
from explorer.session.prepare import auth_context, auth_scheme, check_call, redactor_for, unsigned_request
from explorer.session.request_context import lost_readings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.auth import AuthOptions
    from explorer.core.auth.base import AuthContext, Scheme, Signer, SigningStep
    from explorer.core.auth.options import TokenPlacement
    from explorer.core.auth.signature_recipe import SignatureInput
    from explorer.core.catalog.model import Vendor
    from explorer.core.explain.signature.token_mistakes import KnownToken
    from explorer.core.model import Call, Exchange
    from explorer.core.redaction import Redactor
    from explorer.errors import Problem
    from explorer.session.context import SessionContext


MAX_INPUT: Final = 20_000
"""Characters of the other client's input that are read."""
_MISSING: Final = Secret("missing")


@dataclass(frozen=True)
class SigningExplanation:
    """How a request is signed: by a recipe (``case``), by a token (``wanted``), or not at all."""

    call: Call = field(repr=False)
    scheme: str
    """The scheme's name, ``none`` for an anonymous call."""
    title: str
    at: float
    """The time of the signature, in Unix seconds."""
    steps: tuple[SigningStep, ...]
    redactor: Redactor = field(repr=False)
    case: SigningCase | None = None
    known: SearchContext = field(default_factory=SearchContext)
    names: SignatureNames | None = None
    wanted: TokenPlacement | None = None
    tokens: tuple[KnownToken, ...] = ()
    number: int = 0
    """The history entry, or 0."""
    sent: OtherClientInput | None = None
    """The request as sent, for an entry signed by a recipe."""
    notes: tuple[str, ...] = ()

    def diagnose(self, text: str, case: SigningCase | None = None) -> Diagnosis:
        """Return the differences from *text*: a base string, signature, URL, curl line, log line, header or token.

        *case* replaces the explanation's own case if the user edited it.

        Raises:
            UsageError: *text* begins like a curl line but is not one.
        """
        text = text[:MAX_INPUT]
        if self.wanted is not None:
            return self._token(text)
        case = case or self.case
        if case is None or self.names is None:
            return Diagnosis("nothing", notes=("this call is not signed, so there is nothing to compare",))
        return self.shown(diagnose(case, read_other_client_input(text, self.names, case.material), self.known))

    def with_known_clock(self, at: float) -> SigningExplanation:
        """Return a copy with a known time: the other client's signature should be from that moment."""
        return replace(self, at=at, known=replace(self.known, at=at))

    def is_self_consistent(self) -> Diagnosis | None:
        """Diagnose the entry's own signature against the request that it sent; None if it has none."""
        if self.case is None or self.sent is None:
            return None
        return self.shown(diagnose(self.case, self.sent, replace(self.known, at=None)))

    def _token(self, text: str) -> Diagnosis:
        from explorer.core.explain.signature.token_mistakes import diagnose_token, read_token

        if self.wanted is None or not text.strip():
            return Diagnosis("nothing")
        return self.shown(diagnose_token(read_token(text, self.wanted), self.wanted, self.tokens, self.at))

    def shown(self, diagnosis: Diagnosis) -> Diagnosis:
        """Return *diagnosis* with its secrets masked."""
        texts = {name: self.masked(getattr(diagnosis, name)) for name in ("our_base", "their_base", "nearest_base")}
        return replace(diagnosis, **texts)  # type: ignore[arg-type]  # all three are strings

    def masked(self, base: str) -> str:
        """Return a base string with the values of secret parameters masked, whatever they contain.

        A value ends where the next known parameter begins.
        """
        names = [part.name for material in self._materials for part in material.parts]
        known = "|".join(sorted({re.escape(name) for name in names}, key=len, reverse=True)) or "(?!)"

        def mask(pair: re.Match[str]) -> str:
            name = unquote_plus(pair[1])
            return f"{pair[1]}={MASK}" if pair[2] and self.redactor.is_secret_name(name) else pair[0]

        pattern = rf"(?<![^?&\n;])([^=?&\s;]++)=(.*?)(?=&(?:amp;)?(?:{known})=|\r?\n?\Z)"
        return self.redactor.url(re.sub(pattern, mask, base, flags=re.DOTALL)) if base else base

    @property
    def _materials(self) -> tuple[SignatureInput, ...]:
        materials = (self.case.material if self.case else None, self.sent.material if self.sent else None)
        return tuple(material for material in materials if material is not None)


def explain_call(session: SessionContext, call: Call, at: float | None = None) -> SigningExplanation:
    """Explain how *call* would be signed at *at* (Unix seconds, or now), even if its form has errors.

    Blocking when it first reads the keyring.

    Raises:
        UnknownName: the call is not in the catalog.
    """
    call = msgspec.structs.replace(call, force=True)
    at = session.now() if at is None else at
    scheme, notes = _scheme_with_placeholders(session, call)
    request = unsigned_request(session, call, check_call(session, call))
    explanation = _explained(session, call, scheme, at)
    signer = scheme.signer()
    case = _case(scheme, signer, signer.material(request, at)) if signer is not None else None
    steps = explanation.redactor.steps(scheme.explain(request, at))
    return replace(explanation, case=case, steps=steps, notes=notes)


def explain_exchange(session: SessionContext, exchange: Exchange) -> SigningExplanation:
    """Explain how an exchange (redacted or not) was signed. Blocking.

    Raises:
        UnknownName: its call is no longer in the catalog.
    """
    from explorer.session.exact_replay import restore_request

    session.endpoint(exchange.call.address)
    lost = lost_readings(session, exchange.call)
    readings = {key: choice for key, choice in exchange.call.readings.items() if key not in lost}
    entries = tuple(entry for entry in exchange.call.entries if MASK not in entry.value)
    call = msgspec.structs.replace(exchange.call, entries=entries, readings=readings, force=True)
    restored = restore_request(session, exchange, call)
    plain = msgspec.structs.replace(call, readings={})
    scheme, notes = _scheme_with_placeholders(session, plain)
    signed_at = scheme.signed_at(restored.request)
    at = exchange.started_at if signed_at is None else signed_at
    explanation = replace(_explained(session, plain, scheme, at), number=exchange.id)
    notes = (*notes, *(f"sent under the reading {key}={choice}" for key, choice in readings.items()))
    notes += tuple(f"{name} was stored masked, so the signature cannot be checked" for name in restored.left)
    signer = scheme.signer()
    if signer is None:
        notes += tuple(_sent_token_lines(explanation, exchange))
        steps = explanation.redactor.steps(scheme.explain(restored.request, at))
        return replace(explanation, steps=steps, notes=notes)
    material, signature = signer.sent_material(restored.request)
    seconds = at / 1000 if at > 1e11 else at
    sent = OtherClientInput("request", signature=signature, material=material) if not restored.left else None
    case = _case(scheme, signer, signer.material(restored.request, seconds))
    steps = explanation.redactor.steps(scheme.explain(restored.request, seconds))
    return replace(explanation, case=case, sent=sent, at=seconds, steps=steps, notes=notes)


# --- parts -----------------------------------------------------------------------------------------------------------


def _scheme_with_placeholders(session: SessionContext, call: Call) -> tuple[Scheme, tuple[str, ...]]:
    """Return the call's scheme with a placeholder for each missing credential, so that the steps can be shown."""
    from explorer.core.auth import scheme_for

    scheme = auth_scheme(session, call)
    missing = scheme.missing()
    if not missing:
        return scheme, ()
    operation = session.operation(call)
    context: AuthContext = auth_context(session, call, operation)
    find: Callable[[str], Secret | None] = context.credential
    filled = replace(context, credential=lambda name: find(name) or (_MISSING if name in missing else None))
    notes = tuple(f"the credential {name} is missing; 'missing' is used as its value" for name in missing)
    if scheme.signer() is not None:
        return scheme_for(operation.vendor, operation.endpoint, filled), notes
    return scheme, tuple(f"the credential {name} is missing" for name in missing)


def _sent_token_lines(explanation: SigningExplanation, exchange: Exchange) -> Iterator[str]:
    """Yield the tokens that an entry was sent with; its steps are those of a new call."""
    used = exchange.under.used if exchange.under is not None else ()
    known = {token.key.secret.fingerprint(): token.key.name for token in explanation.tokens}
    for fingerprint in used:
        yield f"it was sent with {known.get(fingerprint, 'a token that is no longer available')} ({fingerprint})"


def _explained(session: SessionContext, call: Call, scheme: Scheme, at: float) -> SigningExplanation:
    operation = session.operation(call)
    auth = operation.vendor.auth.get(operation.endpoint.auth)
    explanation = SigningExplanation(
        call=call,
        scheme=scheme.name,
        title=(auth.title or auth.scheme) if auth is not None else "No authentication",
        at=at,
        steps=(),
        redactor=redactor_for(session, call, scheme.secrets()),
    )
    options, signed = scheme.options, scheme.options.signature
    if signed is not None:
        keys = tuple(_keys(session, operation.vendor, call.environment))
        known = SearchContext(signed.key_id, signed.timestamp, options.clock_tolerance, keys)
        return replace(
            explanation, known=known, names=SignatureNames(signed.key_id, signed.timestamp, signed.signature)
        )
    place = options.token_place(call.method or operation.endpoint.method)
    if place is None:
        return explanation
    from explorer.session.tokens import known_tokens

    return replace(explanation, wanted=place, tokens=tuple(known_tokens(session, call, options)))


def _case(scheme: Scheme, signer: Signer, material: SignatureInput) -> SigningCase:
    name = signer.key_credential
    secret = scheme.context.credential(name) or _MISSING
    return SigningCase(signer.recipe, material, SigningKey(f"{name} of {scheme.context.environment}", secret))


def _keys(session: SessionContext, vendor: Vendor, environment: str) -> Iterator[SigningKey]:
    """Yield every available credential that could have been mistaken for the key, labeled with its source."""
    seen: set[Secret] = set()
    for key in _all_keys(session, vendor, environment):
        if key.secret not in seen:
            seen.add(key.secret)
            yield key


def _all_keys(session: SessionContext, vendor: Vendor, environment: str) -> Iterator[SigningKey]:
    for place in (environment, *(name for name in session.environments(vendor) if name != environment)):
        for name in vendor.credentials:
            stored = session.vault.find(vendor, name, place)
            if stored is not None:
                yield SigningKey(f"{name} of {place}", stored.value)
    if environment == SANDBOX:
        for account_id, account in vendor.sandbox.accounts.items():
            for name, value in account.credentials.items():
                yield SigningKey(f"{name} of the sandbox account {account_id}", Secret(value))
    for other in session.catalog.vendors.values():
        for name, credential in other.credentials.items() if other.id != vendor.id else ():
            stored = session.vault.find(other, name, SANDBOX) if credential.secret else None
            if stored is not None:
                yield SigningKey(f"{name} of {other.id}", stored.value)


def parse_moment(text: str) -> float:
    """Parse Unix seconds, or a date and time in UTC (``2012-02-13 10:50:34``); return Unix seconds.

    Raises:
        UsageError: it is neither.
    """
    from datetime import UTC, datetime

    from explorer.errors import UsageError

    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds):
        if not 0 <= seconds <= LAST_SECOND:
            raise UsageError(f"{text!r} is not a time", hint="Use Unix seconds between the years 1970 and 9999.")
        return seconds
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{text!r} is not a time", hint="Use Unix seconds or ISO 8601, such as 2012-02-13T10:50:34Z."
        ) from None
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()


_MAX_ENTRIES: Final = 40
"""History entries that are searched for an id."""


async def explain_refused(session: SessionContext, exchange: Exchange) -> Explanation:
    """Explain why *exchange* (redacted or not) was refused, most likely cause first. Sends nothing.

    Raises:
        UnknownName: its call is no longer in the catalog.
    """
    return await asyncio.to_thread(lambda: explain_refusal(facts_of(session, exchange)))


def facts_of(session: SessionContext, exchange: Exchange) -> RefusalFacts:
    """Return what the refusal checks examine. Blocking: searches the history."""
    call = _with_default_readings(exchange.call)
    operation = session.operation(call)
    options = auth_scheme(session, call).options
    wanted, signing = options.token_place(exchange.request.method), options.signature
    return RefusalFacts(
        exchange=exchange,
        vendor=operation.vendor,
        endpoint=operation.endpoint,
        environment=operation.environment,
        base_url=session.base_url_of(operation.vendor, call.environment),
        wanted=wanted,
        signing=(signing.key_id, signing.timestamp, signing.signature) if signing is not None else None,
        tolerance=options.clock_tolerance,
        token=_token_fact(session, exchange, call, options) if wanted is not None else None,
        missing=auth_scheme(session, call).missing(),
        signature=_signature(session, exchange) if signing is not None else None,
        problems=tuple(_problems(session, exchange.call, call)),
        seen=tuple(_earlier_exchanges(session, exchange)),
    )


def _with_default_readings(call: Call) -> Call:
    """Return *call* with the catalog's default readings, which the vendor is assumed to follow."""
    return msgspec.structs.replace(call, readings={}, force=True)


def _problems(session: SessionContext, given: Call, call: Call) -> Iterator[Problem]:
    """Yield the form's problems with the call, except those of masked fields: their values are unknown."""
    masked = {entry.name for entry in given.entries if MASK in entry.value}
    for problem in check_call(session, call).problems:
        if problem.field not in masked:
            yield problem


def _signature(session: SessionContext, exchange: Exchange) -> Diagnosis | None:
    try:
        return explain_exchange(session, exchange).is_self_consistent()
    except ExplorerError:
        return None


def _token_fact(session: SessionContext, exchange: Exchange, call: Call, options: AuthOptions) -> TokenFact | None:
    """Return what is known about the token in the request, which is identified by its stored fingerprint."""
    from explorer.core.auth.tokens import read_claims
    from explorer.session.tokens import known_tokens

    used = exchange.under.used if exchange.under is not None else ()
    candidates = [token for token in known_tokens(session, call, options) if token.key.secret.fingerprint() in used]
    known = next((token for token in candidates if token.role == "token"), next(iter(candidates), None))
    if known is None:
        return None
    claims = read_claims(known.key.secret.reveal())
    expires = known.expires_at
    if expires is None and claims is not None:
        expires = claims.moment("exp")
    store = session.tokens(call)
    stored = next((token for token in store.history if token.value == known.key.secret), None)
    successor = ""
    if stored is not None:
        successors = [token for token in store.history if token.place == (stored.line, stored.generation + 1)]
        successor = successors[0].origin if successors else ""
    return TokenFact(
        fingerprint=known.key.secret.fingerprint(),
        name=known.key.name,
        role=known.role,
        environment=known.environment,
        expires_at=expires,
        begins_at=claims.moment("nbf") if claims is not None else None,
        used_at=known.used_at,
        grace=known.grace,
        successor=successor,
        signed_out=stored is None and store.has_seen(known.key.secret),
    )


def _earlier_exchanges(session: SessionContext, exchange: Exchange) -> Iterator[EarlierExchange]:
    """Yield earlier exchanges of the same vendor and environment that contain an id of this one."""
    history = session.history()
    if history is None or exchange.response is None:
        return
    call = exchange.call
    _, endpoint = session.endpoint(call.address)
    for entry in call.entries:
        match = find_parameter(endpoint, entry.name)
        if match is None or not entry.value or MASK in entry.value or match[0].enum or not _may_be_id(entry.value):
            continue
        text = f'vendor:{call.vendor} env:{call.environment} "{entry.value}"'
        try:
            rows = history.recent(limit=_MAX_ENTRIES, text=text, before=exchange.id or None)
        except ExplorerError:
            continue  # an unreadable history only means fewer facts
        for row in rows:
            if (
                row.vendor == call.vendor
                and row.environment == call.environment
                and row.started_at < exchange.started_at
            ):
                yield EarlierExchange(entry.name, entry.value, row.started_at, row.id, row.outcome == "OK")


def _may_be_id(text: str) -> bool:
    """Return whether *text* may identify a record: a single word that is not a flag."""
    return text.replace("-", "").replace("_", "").isalnum() and text not in ("0", "1", "true", "false")


__all__ = ["explain_refused", "was_refused"]
