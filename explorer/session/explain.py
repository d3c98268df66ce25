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
"""Characters of a pasted text that are looked at."""
_MISSING: Final = Secret("missing")


@dataclass(frozen=True)
class SigningExplanation:
    """How something is signed: by a recipe (``case``), by a token (``wanted``), or not at all."""

    call: Call = field(repr=False)
    scheme: str
    """The scheme's word, ``none`` for an anonymous call."""
    title: str
    at: float
    """The moment that it is signed as of, in Unix seconds."""
    steps: tuple[SigningStep, ...]
    redactor: Redactor = field(repr=False)
    case: SigningCase | None = None
    known: SearchContext = field(default_factory=SearchContext)
    names: SignatureNames | None = None
    wanted: TokenPlacement | None = None
    tokens: tuple[KnownToken, ...] = ()
    number: int = 0
    """The entry of the history, or 0."""
    sent: OtherClientInput | None = None
    """The request as it was sent, of an entry that was signed by a recipe."""
    notes: tuple[str, ...] = ()

    def diagnose(self, text: str, case: SigningCase | None = None) -> Diagnosis:
        """What lies between this and *text*: a base string, signature, URL, curl line, log line, header or token.

        *case* stands in for its own, where a person changed something.

        Raises:
            UsageError: *text* begins like a curl line and is none.
        """
        text = text[:MAX_INPUT]
        if self.wanted is not None:
            return self._token(text)
        case = case or self.case
        if case is None or self.names is None:
            return Diagnosis("nothing", notes=("this call is not signed: there is nothing to compare with",))
        return self.shown(diagnose(case, read_other_client_input(text, self.names, case.material), self.known))

    def with_known_clock(self, at: float) -> SigningExplanation:
        """The same, with a clock that is known: what is pasted should be of that moment."""
        return replace(self, at=at, known=replace(self.known, at=at))

    def is_self_consistent(self) -> Diagnosis | None:
        """Whether the entry's own signature is right for what it sent; None where it has none."""
        if self.case is None or self.sent is None:
            return None
        return self.shown(diagnose(self.case, self.sent, replace(self.known, at=None)))

    def _token(self, text: str) -> Diagnosis:
        from explorer.core.explain.signature.token_mistakes import diagnose_token, read_token

        if self.wanted is None or not text.strip():
            return Diagnosis("nothing")
        return self.shown(diagnose_token(read_token(text, self.wanted), self.wanted, self.tokens, self.at))

    def shown(self, found: Diagnosis) -> Diagnosis:
        """*found* with everything secret in it masked."""
        texts = {name: self.masked(getattr(found, name)) for name in ("our_base", "their_base", "nearest_base")}
        return replace(found, **texts)  # type: ignore[arg-type]  # all three are texts

    def masked(self, base: str) -> str:
        """Return a base string with the values of secret parameters masked, whatever is in them: a value ends where the
        next known parameter begins."""
        names = [part.name for material in self._materials for part in material.parts]
        known = "|".join(sorted({re.escape(name) for name in names}, key=len, reverse=True)) or "(?!)"

        def put(pair: re.Match[str]) -> str:
            name = unquote_plus(pair[1])
            return f"{pair[1]}={MASK}" if pair[2] and self.redactor.is_secret_name(name) else pair[0]

        pattern = rf"(?<![^?&\n;])([^=?&\s;]++)=(.*?)(?=&(?:amp;)?(?:{known})=|\r?\n?\Z)"
        return self.redactor.url(re.sub(pattern, put, base, flags=re.DOTALL)) if base else base

    @property
    def _materials(self) -> tuple[SignatureInput, ...]:
        found = (self.case.material if self.case else None, self.sent.material if self.sent else None)
        return tuple(one for one in found if one is not None)


def explain_call(session: SessionContext, call: Call, at: float | None = None) -> SigningExplanation:
    """How *call* would be signed at *at* (Unix seconds, or now), also where its form has errors. Blocking where the
    keyring is asked for the first time.

    Raises:
        UnknownName: the catalog does not know it.
    """
    call = msgspec.structs.replace(call, force=True)
    at = session.now() if at is None else at
    scheme, notes = _scheme_with_placeholders(session, call)
    request = unsigned_request(session, call, check_call(session, call))
    made = _explained(session, call, scheme, at)
    signer = scheme.signer()
    case = _case(scheme, signer, signer.material(request, at)) if signer is not None else None
    return replace(made, case=case, steps=made.redactor.steps(scheme.explain(request, at)), notes=notes)


def explain_exchange(session: SessionContext, exchange: Exchange) -> SigningExplanation:
    """How an exchange (masked or not) was signed. Blocking.

    Raises:
        UnknownName: the catalog knows its call no more.
    """
    from explorer.session.exact_replay import restore_request

    session.endpoint(exchange.call.address)
    lost = lost_readings(session, exchange.call)
    readings = {key: choice for key, choice in exchange.call.readings.items() if key not in lost}
    entries = tuple(one for one in exchange.call.entries if MASK not in one.value)
    call = msgspec.structs.replace(exchange.call, entries=entries, readings=readings, force=True)
    exactly = restore_request(session, exchange, call)
    plain = msgspec.structs.replace(call, readings={})
    scheme, notes = _scheme_with_placeholders(session, plain)
    signed_at = scheme.signed_at(exactly.request)
    at = exchange.started_at if signed_at is None else signed_at
    made = replace(_explained(session, plain, scheme, at), number=exchange.id)
    notes = (*notes, *(f"sent under the reading {key}={choice}" for key, choice in readings.items()))
    notes += tuple(f"{name} was masked when it was kept, so this cannot be checked" for name in exactly.left)
    signer = scheme.signer()
    if signer is None:
        notes += tuple(_sent_token_lines(made, exchange))
        return replace(made, steps=made.redactor.steps(scheme.explain(exactly.request, at)), notes=notes)
    material, given = signer.sent_material(exactly.request)
    seconds = at / 1000 if at > 1e11 else at
    sent = OtherClientInput("request", signature=given, material=material) if not exactly.left else None
    made = replace(made, case=_case(scheme, signer, signer.material(exactly.request, seconds)), sent=sent)
    steps = made.redactor.steps(scheme.explain(exactly.request, seconds))
    return replace(made, at=seconds, steps=steps, notes=notes)


# --- parts -----------------------------------------------------------------------------------------------------------


def _scheme_with_placeholders(session: SessionContext, call: Call) -> tuple[Scheme, tuple[str, ...]]:
    """The call's scheme; a word stands in for each credential that it lacks, so that the steps can be shown."""
    from explorer.core.auth import scheme_for

    scheme = auth_scheme(session, call)
    missing = scheme.missing()
    if not missing:
        return scheme, ()
    operation = session.operation(call)
    context: AuthContext = auth_context(session, call, operation)
    find: Callable[[str], Secret | None] = context.credential
    stand_in = replace(context, credential=lambda name: find(name) or (_MISSING if name in missing else None))
    notes = tuple(f"the credential {name} is missing; the word 'missing' stands in for it" for name in missing)
    if scheme.signer() is not None:
        return scheme_for(operation.vendor, operation.endpoint, stand_in), notes
    return scheme, tuple(f"the credential {name} is missing" for name in missing)


def _sent_token_lines(made: SigningExplanation, exchange: Exchange) -> Iterator[str]:
    """With which token an entry was sent; the steps are those of a call that is made now."""
    used = exchange.under.used if exchange.under is not None else ()
    known = {one.key.secret.fingerprint(): one.key.name for one in made.tokens}
    for fingerprint in used:
        yield f"it was sent with {known.get(fingerprint, 'a token that is not at hand now')} ({fingerprint})"


def _explained(session: SessionContext, call: Call, scheme: Scheme, at: float) -> SigningExplanation:
    operation = session.operation(call)
    auth = operation.vendor.auth.get(operation.endpoint.auth)
    made = SigningExplanation(
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
        return replace(made, known=known, names=SignatureNames(signed.key_id, signed.timestamp, signed.signature))
    place = options.token_place(call.method or operation.endpoint.method)
    if place is None:
        return made
    from explorer.session.tokens import known_tokens

    return replace(made, wanted=place, tokens=tuple(known_tokens(session, call, options)))


def _case(scheme: Scheme, signer: Signer, material: SignatureInput) -> SigningCase:
    name = signer.key_credential
    secret = scheme.context.credential(name) or _MISSING
    return SigningCase(signer.recipe, material, SigningKey(f"{name} of {scheme.context.environment}", secret))


def _keys(session: SessionContext, vendor: Vendor, environment: str) -> Iterator[SigningKey]:
    """Every credential at hand that could have been taken for the key, with words for where it is from."""
    seen: set[Secret] = set()
    for key in _all_keys(session, vendor, environment):
        if key.secret not in seen:
            seen.add(key.secret)
            yield key


def _all_keys(session: SessionContext, vendor: Vendor, environment: str) -> Iterator[SigningKey]:
    for place in (environment, *(one for one in session.environments(vendor) if one != environment)):
        for name in vendor.credentials:
            found = session.vault.find(vendor, name, place)
            if found is not None:
                yield SigningKey(f"{name} of {place}", found.value)
    if environment == SANDBOX:
        for account, about in vendor.sandbox.accounts.items():
            for name, value in about.credentials.items():
                yield SigningKey(f"{name} of the sandbox account {account}", Secret(value))
    for other in session.catalog.vendors.values():
        for name, credential in other.credentials.items() if other.id != vendor.id else ():
            found = session.vault.find(other, name, SANDBOX) if credential.secret else None
            if found is not None:
                yield SigningKey(f"{name} of {other.id}", found.value)


def parse_moment(text: str) -> float:
    """A moment that a person typed: Unix seconds, or a date and time in UTC (``2012-02-13 10:50:34``).

    Raises:
        UsageError: it is neither.
    """
    from datetime import UTC, datetime

    from explorer.errors import UsageError

    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if math.isfinite(found):
        if not 0 <= found <= LAST_SECOND:
            raise UsageError(f"{text!r} is no moment", hint="A date from 1970 to 9999 in Unix seconds.")
        return found
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is no moment", hint="Unix seconds, or as in 2012-02-13T10:50:34Z.") from None
    return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()


_MAX_ENTRIES: Final = 40
"""Entries of the history in which an id is looked for."""


async def explain_refused(session: SessionContext, exchange: Exchange) -> Explanation:
    """What may be the reason that *exchange* (masked or not) was refused, the likeliest first. Sends nothing.

    Raises:
        UnknownName: the catalog knows its call no more.
    """
    return await asyncio.to_thread(lambda: explain_refusal(facts_of(session, exchange)))


def facts_of(session: SessionContext, exchange: Exchange) -> RefusalFacts:
    """Everything that the checks look at. Blocking: the history is searched."""
    call = _with_default_readings(session, exchange.call)
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


def _with_default_readings(session: SessionContext, call: Call) -> Call:
    """The call under the catalog's default readings; those are what the vendor is taken to follow."""
    session.endpoint(call.address)
    lost_readings(session, call)
    return msgspec.structs.replace(call, readings={}, force=True)


def _problems(session: SessionContext, given: Call, call: Call) -> Iterator[Problem]:
    """What the form has against the call; of what was masked nothing is known."""
    masked = {entry.name for entry in given.entries if MASK in entry.value}
    for one in check_call(session, call).problems:
        if one.field not in masked:
            yield one


def _signature(session: SessionContext, exchange: Exchange) -> Diagnosis | None:
    try:
        return explain_exchange(session, exchange).is_self_consistent()
    except ExplorerError:
        return None


def _token_fact(session: SessionContext, exchange: Exchange, call: Call, options: AuthOptions) -> TokenFact | None:
    """What is known of the token that stood in the request, found by the fingerprints that were kept of it."""
    from explorer.core.auth.tokens import read_claims
    from explorer.session.tokens import known_tokens

    used = exchange.under.used if exchange.under is not None else ()
    at_hand = [one for one in known_tokens(session, call, options) if one.key.secret.fingerprint() in used]
    known = next((one for one in at_hand if one.role == "token"), next(iter(at_hand), None))
    if known is None:
        return None
    claims = read_claims(known.key.secret.reveal())
    expires = known.expires_at
    if expires is None and claims is not None:
        expires = claims.moment("exp")
    store = session.tokens(call)
    kept = next((one for one in store.history if one.value == known.key.secret), None)
    successor = ""
    if kept is not None:
        after = [one for one in store.history if one.place == (kept.line, kept.generation + 1)]
        successor = after[0].origin if after else ""
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
        signed_out=kept is None and store.has_seen(known.key.secret),
    )


def _earlier_exchanges(session: SessionContext, exchange: Exchange) -> Iterator[EarlierExchange]:
    """Earlier exchanges of the same vendor and environment in which an id of this one stands."""
    history = session.history()
    if history is None or exchange.response is None:
        return
    call = exchange.call
    _, endpoint = session.endpoint(call.address)
    for entry in call.entries:
        found = find_parameter(endpoint, entry.name)
        if found is None or not entry.value or MASK in entry.value or found[0].enum or not _plain_word(entry.value):
            continue
        text = f'vendor:{call.vendor} env:{call.environment} "{entry.value}"'
        try:
            rows = history.recent(limit=_MAX_ENTRIES, text=text, before=exchange.id or None)
        except ExplorerError:
            continue  # a history that cannot be read leaves the question open
        for row in rows:
            if (
                row.vendor == call.vendor
                and row.environment == call.environment
                and row.started_at < exchange.started_at
            ):
                yield EarlierExchange(entry.name, entry.value, row.started_at, row.id, row.outcome == "OK")


def _plain_word(text: str) -> bool:
    """Whether it can name a record: one word, not a flag."""
    return text.replace("-", "").replace("_", "").isalnum() and text not in ("0", "1", "true", "false")


__all__ = ["explain_refused", "was_refused"]
