"""Before a call is sent: how grave it is, its unsigned and its signed request, and what of it is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.core.exchange import Entry
from explorer.session.operation import Operation, Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from explorer.core.auth.base import AuthContext
    from explorer.core.catalog.model import Effect
    from explorer.core.exchange import Call
    from explorer.core.form import Checked
    from explorer.core.redaction import Redactor
    from explorer.core.text.secret import Secret
    from explorer.session import Session

_TRUE = ("1", "true", "yes", "on")


def effect(session: Session, call: Call) -> Effect:
    """How grave *call* is, its values considered."""
    operation = session.operation(call)
    found = operation.endpoint.effect_of(call.method or operation.endpoint.method)
    for when in operation.endpoint.effect_when:
        for entry in call.entries:
            if entry.name == when.param and entry.value.strip().lower() in _spellings(when.equals):
                found = when.effect
    return found


def _spellings(flag: str) -> tuple[str, ...]:
    """The words that stand for the same value of a flag."""
    return _TRUE if flag.lower() in ("1", "true") else (flag.lower(),)


def confirmation(session: Session, call: Call) -> str:
    """What a person must say yes to before *call* is sent, or an empty text."""
    grave = session.effect(call)
    environment = session.operation(call).environment
    if environment is None and not call.base_url:
        return ""
    guarded = environment is not None and environment.guarded
    if grave == "read" or grave == "session" or not (guarded or grave == "order"):
        return ""
    what = {"order": "places a real order", "delete": "deletes"}.get(grave, "changes data")
    return f"{call.address} {what} at {session.base_url(call)} ({call.environment})"


def redactor(session: Session, call: Call, extra: tuple[Secret, ...] = ()) -> Redactor:
    """What masks the traffic of *call*; *extra* are further secrets."""
    from explorer.core.redaction import Redactor
    from explorer.spool import large

    operation = session.operation(call)
    known = [*extra, *session.learned, *session.known_tokens(call)]
    for name, credential in operation.vendor.credentials.items():
        found = session.vault.find(operation.vendor, name, call.environment) if credential.secret else None
        if found is not None:
            known.append(found.value)
    redactor = Redactor(operation.vendor, None, known, large)
    return redactor.knowing(redactor.secrets_typed(operation.endpoint, call))


def prepare(session: Session, call: Call, at: float | None) -> Prepared:
    """The exact request that would be sent now, or as of *at* (Unix seconds).

    Raises:
        FormError, CredentialMissing: as ``Session.prepare`` tells.
    """
    checked = session.checked(call)
    scheme = session.scheme(call)
    unsigned = session.build(call, checked)
    missing = scheme.missing()
    if missing and not call.force:
        session.raise_missing(call, missing[0])
    signed = unsigned if missing else scheme.preview(unsigned, at)
    from explorer.client import sent_request

    redactor = session.redactor(call, scheme.secrets())
    steps = () if missing else scheme.explain(session.build(call, checked), at)
    return Prepared(
        request=sent_request(signed),
        problems=checked.problems,
        before=scheme.needs_before(),
        missing=missing,
        steps=redactor.steps(steps),
        redactor=redactor,
    )


def build(session: Session, call: Call, checked: Checked) -> httpx.Request:
    """The unsigned request of *call*.

    Raises:
        FileNotAllowed: nobody allowed a file that it uploads; UsageError: a file cannot be read.
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


def auth_context(session: Session, call: Call, operation: Operation) -> AuthContext:
    """What the auth scheme of *call* is given to work with."""
    from explorer.core.auth.base import AuthContext

    def credential(name: str) -> Secret | None:
        found = session.vault.find(operation.vendor, name, call.environment)
        return found.value if found else None

    def inner(endpoint_id: str, values: Mapping[str, str]) -> httpx.Request:
        entries = tuple(Entry(name=name, value=value) for name, value in values.items())
        other = msgspec.structs.replace(
            call, endpoint=endpoint_id, entries=entries, extra=(), headers=(), method="", readings={}, force=True
        )
        return session.build(other, session.check(other))

    return AuthContext(
        vendor=operation.vendor,
        endpoint=operation.endpoint,
        environment=call.environment,
        now=session.now,
        nonce=session.nonce,
        credential=credential,
        tokens=session.tokens(call),
        look_again=lambda name: session.vault.look_again(operation.vendor, name, call.environment),
        build=inner,
        base_url=session.base_url(call),
        safe_to_retry=session.effect(call) == "read",
    )
