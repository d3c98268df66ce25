"""Prepare a call: check its values and effect, build and sign the request, trace the origin of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.core.model import SANDBOX, Entry, hops_of
from explorer.errors import CredentialMissing, ExplorerError, FormError, UsageError
from explorer.session.operation import Operation, Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from explorer.core.auth.base import AuthContext, Scheme
    from explorer.core.catalog.model import Effect, Endpoint
    from explorer.core.form import Checked
    from explorer.core.model import Call, Exchange, Purpose, SentRequest
    from explorer.core.provenance import RequestPart
    from explorer.core.redaction import Redactor
    from explorer.core.text.secret import Secret
    from explorer.session.context import SessionContext
    from explorer.session.request_files import RequestFiles


_TRUE = ("1", "true", "yes", "on")


def effect_of(session: SessionContext, call: Call) -> Effect:
    """Return the effect of *call*, given its values (``checkout=1`` turns a validation into an order)."""
    operation = session.operation(call)
    effect = operation.endpoint.effect_of(call.method or operation.endpoint.method)
    for when in operation.endpoint.effect_when:
        for entry in call.entries:
            if entry.name == when.param and entry.value.strip().lower() in _flag_values(when.equals):
                effect = when.effect
    return effect


def _flag_values(flag: str) -> tuple[str, ...]:
    """Return the spellings of a flag's value."""
    return _TRUE if flag.lower() in ("1", "true") else (flag.lower(),)


def confirmation_for(session: SessionContext, call: Call) -> str:
    """Return what the user must confirm before *call* is sent, or an empty string.

    A guarded environment asks before everything but reads; an order needs confirmation everywhere but in the sandbox.
    """
    effect = effect_of(session, call)
    environment = session.operation(call).environment
    if environment is None and not call.base_url:
        return ""
    guarded = environment is not None and environment.guarded
    if effect in ("read", "session") or not (guarded or effect == "order"):
        return ""
    what = {"order": "places a real order", "delete": "deletes"}.get(effect, "changes data")
    return f"{call.address} {what} at {session.base_url(call)} ({call.environment})"


def redactor_for(session: SessionContext, call: Call, extra: tuple[Secret, ...] = ()) -> Redactor:
    """Return the redactor of *call*: it masks secret fields by name, and by value those of the vault, the form and
    *extra*."""
    from explorer.core.redaction import Redactor
    from explorer.store.spool import large_spool

    operation = session.operation(call)
    known = [*extra, *session.learned, *session.known_tokens(call)]
    for name, credential in operation.vendor.credentials.items():
        stored = session.vault.find(operation.vendor, name, call.environment) if credential.secret else None
        if stored is not None:
            known.append(stored.value)
    redactor = Redactor(operation.vendor, None, known, large_spool)
    return redactor.with_secrets(redactor.secrets_typed(operation.endpoint, call))


def redact(session: SessionContext, exchange: Exchange) -> Exchange:
    """Return *exchange* redacted, as it is shown and stored. A large body takes seconds."""
    call = exchange.call
    redacted = session.cached_redacted(exchange)
    if redacted is not None:
        return redacted
    redactor = redactor_for(session, call, auth_scheme(session, call).secrets())
    return redactor.exchange(session.operation(call).endpoint, exchange)


def check_call(session: SessionContext, call: Call) -> Checked:
    """Return the values of *call* and their problems."""
    from explorer.core.form import validate_form

    return validate_form(session.operation(call).endpoint, call.entries)


def require_valid(session: SessionContext, call: Call) -> Checked:
    """Return the values of *call*.

    Raises:
        FormError: a value is invalid and the call does not force it.
    """
    checked = check_call(session, call)
    if checked.errors and not call.force:
        raise FormError(checked.errors)
    return checked


def auth_scheme(session: SessionContext, call: Call) -> Scheme:
    """Return a new auth scheme for *call*; schemes of one vendor and environment share tokens."""
    from explorer.core.auth import scheme_for

    operation = session.operation(call)
    return scheme_for(operation.vendor, operation.endpoint, auth_context(session, call, operation))


def require_scheme(session: SessionContext, call: Call) -> Scheme:
    """Return ``auth_scheme`` of *call*.

    Raises:
        CredentialMissing: a credential is missing and the call does not force it.
    """
    scheme = auth_scheme(session, call)
    missing = scheme.missing()
    if missing and not call.force:
        raise missing_credential(call, missing[0])
    return scheme


def missing_credential(call: Call, name: str) -> CredentialMissing:
    """Return the error for the missing credential *name* of the call's vendor."""
    from explorer.core.text.env_names import variable_name

    return CredentialMissing(call.vendor, name, variable_name(call.vendor, name))


def prepare_call(session: SessionContext, call: Call, *, at: float | None = None) -> Prepared:
    """Return the exact request that would be sent now, or at *at* (Unix seconds). Sends nothing.

    Raises:
        FormError: the form has errors and the call does not force it.
        CredentialMissing: a credential is missing and the call does not force it.
    """
    from explorer.net.client import sent_request

    checked = require_valid(session, call)
    unsigned = unsigned_request(session, call, checked)
    scheme = require_scheme(session, call)
    missing = scheme.missing()
    signed = unsigned if missing else scheme.preview(unsigned, at)
    redactor = redactor_for(session, call, scheme.secrets())
    steps = () if missing else scheme.explain(unsigned_request(session, call, checked), at)
    return Prepared(
        request=sent_request(signed),
        problems=checked.problems,
        before=scheme.prerequisite(),
        missing=missing,
        steps=redactor.steps(steps),
        redactor=redactor,
    )


def unsigned_request(session: SessionContext, call: Call, checked: Checked) -> httpx.Request:
    """Return the unsigned request of *call*.

    Raises:
        FileNotAllowed: the user did not allow a file that it uploads; UsageError: a file cannot be read.
    """
    from explorer.core.request import build_request, upload_of

    operation = session.operation(call)
    return build_request(
        operation.vendor,
        operation.endpoint,
        checked.values,
        session.base_url(call),
        method=call.method,
        extra=call.extra,
        headers=call.headers,
        boundary=f"explorer-{session.nonce(12)}" if operation.endpoint.body == "multipart" else "",
        read_file=lambda path: upload_of(path, session.files.read(path)),
    )


def auth_context(session: SessionContext, call: Call, operation: Operation) -> AuthContext:
    """Return the context of the auth scheme of *call*."""
    from explorer.core.auth.base import AuthContext

    def credential(name: str) -> Secret | None:
        stored = session.vault.find(operation.vendor, name, call.environment)
        return stored.value if stored else None

    def inner(endpoint_id: str, values: Mapping[str, str]) -> httpx.Request:
        entries = tuple(Entry(name=name, value=value) for name, value in values.items())
        other = msgspec.structs.replace(
            call, endpoint=endpoint_id, entries=entries, extra=(), headers=(), method="", readings={}, force=True
        )
        return unsigned_request(session, other, check_call(session, other))

    return AuthContext(
        vendor=operation.vendor,
        endpoint=operation.endpoint,
        environment=call.environment,
        now=session.now,
        nonce=session.nonce,
        credential=credential,
        tokens=session.tokens(call),
        forget_cached=lambda name: session.vault.forget_cached(operation.vendor, name, call.environment),
        build=inner,
        base_url=session.base_url(call),
        safe_to_retry=effect_of(session, call) == "read",
    )


def read_text_files(session: SessionContext, call: Call) -> Call:
    """Return *call* with file paths replaced by the files' contents where a parameter takes text. Blocking.

    Raises:
        FileNotAllowed, UsageError: as ``RequestFiles.read_text``.
    """
    endpoint = session.operation(call).endpoint
    entries = tuple(_with_text(session.files, endpoint, entry) for entry in call.entries)
    return msgspec.structs.replace(call, entries=entries)


def readable_entries(session: SessionContext, call: Call) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Return the entries of *call* as ``read_text_files`` does, and the names of entries whose files are unreadable or
    not allowed. The environment may be empty. Blocking."""
    endpoint = session.operation(msgspec.structs.replace(call, environment=call.environment or SANDBOX)).endpoint
    entries: list[Entry] = []
    unread: list[str] = []
    for entry in call.entries:
        try:
            entries.append(_with_text(session.files, endpoint, entry))
        except UsageError:
            unread.append(entry.name)
    return tuple(entries), tuple(unread)


def _with_text(files: RequestFiles, endpoint: Endpoint, entry: Entry) -> Entry:
    """Return *entry*, with its file's contents as the value if its parameter takes text.

    Raises:
        FileNotAllowed, UsageError: as ``RequestFiles.read_text``.
    """
    from explorer.core.form import is_upload

    if entry.kind != "file" or is_upload(endpoint, entry):
        return entry
    return msgspec.structs.replace(entry, kind="text", value=files.read_text(entry.name, entry.value))


@dataclass(frozen=True)
class Preview:
    """A call as it would be sent now, redacted."""

    prepared: Prepared
    request: SentRequest
    parts: tuple[RequestPart, ...]


def preview_of(session: SessionContext, call: Call) -> Preview:
    """Return the result of ``prepare_call``, redacted, with the origins of its parts.

    Blocking: may read the keyring.

    Raises:
        As ``prepare_call``.
    """
    prepared = prepare_call(session, call)
    shown = prepared.shown
    return Preview(prepared, shown, trace_parts(session, call, shown))


def trace_parts(
    session: SessionContext, call: Call, request: SentRequest, base_url: str = "", purpose: Purpose = "call"
) -> tuple[RequestPart, ...]:
    """Return the parts of *request*, built from *call* for *base_url* (default: the current one), with their origins.

    Raises:
        UnknownName: the call is not in the catalog.
    """
    from explorer.core.provenance import TraceSubject, trace_request

    operation = session.operation(call)
    subject = TraceSubject(
        vendor=operation.vendor,
        endpoint=operation.endpoint,
        call=call,
        values=check_call(session, call).values,
        base_url=base_url or session.base_url(call),
        purpose=purpose,
    )
    return trace_request(subject, request)


def trace_exchange(session: SessionContext, exchange: Exchange) -> tuple[tuple[RequestPart, ...], ...]:
    """Return the parts of each hop's request in wire order; empty if the call is no longer in the catalog."""
    from explorer.session.request_context import original_base_url

    call = exchange.call
    try:
        base_url = original_base_url(exchange, session.base_url(call))
        return tuple(trace_parts(session, call, hop.request, base_url, hop.purpose) for hop in hops_of(exchange))
    except ExplorerError:
        return ()
