"""List the tokens and credentials of a session, and store refreshed tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth import options_of
from explorer.core.auth.wire import base64_of
from explorer.core.explain.signature.case import SigningKey
from explorer.core.explain.signature.token_mistakes import KnownToken
from explorer.core.model import SANDBOX
from explorer.core.text.secret import Secret
from explorer.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.auth import AuthOptions
    from explorer.core.auth.tokens import TokenKind
    from explorer.core.model import Call
    from explorer.session.context import SessionContext


def known_tokens(session: SessionContext, call: Call, options: AuthOptions) -> Iterator[KnownToken]:
    """Yield the known tokens: first those of the token store, which have the most details, then the vault's.

    Tokens of the call's own environment come before those of others.
    """
    vendor = session.operation(call).vendor
    seen: set[str] = set()
    for token in reversed(session.tokens(call).history):
        seen.add(token.value.reveal())
        yield KnownToken(
            key=SigningKey(f"from {token.origin}", token.value),
            role="refresh" if token.kind == "refresh" else "token",
            expires_at=token.expires_at,
            used_at=token.used_at,
            grace=token.grace,
            refused=token.refused,
        )
    yield from _encoded(session, call, options.encoded)
    names, refresh = options.tokens[:1], options.refresh_credential
    own = call.environment
    for place in (own, *(name for name in session.environments(vendor) if name != own)):
        for name in vendor.credentials:
            stored = session.vault.find(vendor, name, place)
            if stored is None or stored.value.reveal() in seen:
                continue
            seen.add(stored.value.reveal())
            foreign = vendor.credentials[name].sandbox_foreign if own == SANDBOX else ()
            elsewhere = "" if place == own else place
            if not elsewhere and name in names:
                elsewhere = (
                    "another environment"
                    if stored.value.reveal() in foreign
                    else _shared_environment(session, call, name)
                )
            role = "token" if name in names else "refresh" if name == refresh else "credential"
            yield KnownToken(
                key=SigningKey(f"the credential {name} of {place}", stored.value),
                role=role,  # type: ignore[arg-type]  # one of its three values
                environment=elsewhere,
            )
    for name, credential in vendor.credentials.items():
        for value in credential.sandbox_foreign if name in names and own == SANDBOX else ():
            if value not in seen:
                yield KnownToken(
                    SigningKey(f"the demo {name} of another environment", Secret(value)),
                    environment="another environment",
                )


def _encoded(session: SessionContext, call: Call, names: Sequence[str]) -> Iterator[KnownToken]:
    """Yield the tokens encoded from the credentials *names*, the environment's own first."""
    vendor, own = session.operation(call).vendor, call.environment
    seen: set[str] = set()
    for place in (own, *(name for name in session.environments(vendor) if name != own)) if names else ():
        credentials = [session.vault.find(vendor, name, place) for name in names]
        source = ":".join(credential.value.reveal() for credential in credentials if credential is not None)
        if None in credentials or source in seen:
            continue
        seen.add(source)
        yield KnownToken(
            key=SigningKey(f"the credentials {' and '.join(names)} of {place}", Secret(base64_of([source]))),
            environment="" if place == own else place,
            source=Secret(source),
        )


def _shared_environment(session: SessionContext, call: Call, name: str) -> str:
    """Return another environment that has the same value from a different source, or empty."""
    vendor = session.operation(call).vendor
    here = session.vault.find(vendor, name, call.environment)
    for place in session.environments(vendor):
        there = session.vault.find(vendor, name, place) if place != call.environment else None
        if here is not None and there is not None and there.value == here.value and there.source != here.source:
            return place
    return ""


def save_refreshed(session: SessionContext, call: Call) -> None:
    """Store each replaced token of the call's vendor and environment. Blocking: may use the system keyring."""
    operation = session.operation(call)
    if call.environment == SANDBOX:
        return
    for kind, name in options_of(operation.vendor.auth.get(operation.endpoint.auth)).stored:
        _save_token(session, call, kind, name)


def _save_token(session: SessionContext, call: Call, kind: TokenKind, name: str) -> None:
    vendor = session.operation(call).vendor
    token = session.tokens(call).current(session.now(), kind)
    source = session.vault.find(vendor, name, call.environment)
    if token is None or source is None or source.value == token.value or not source.lasting:
        return
    try:
        session.vault.replace(vendor, call.environment, name, token.value)
    except CredentialError as error:
        if kind == "refresh" or not source.variable:
            session.warn_once(_lost_token_warning(call, source.variable, error))
        return
    if kind == "refresh" and source.variable and not source.replaced:
        session.warn_once(
            f"{vendor.title} replaced the token in {source.variable}. The new one is in the system keyring."
        )


def _lost_token_warning(call: Call, variable: str, error: CredentialError) -> str:
    """Return the warning about a new token that could not be stored."""
    if not variable:
        return error.sentence
    log_in = f"api-explorer login {call.vendor} --env {call.environment} --show-secrets"
    return (
        f"The refresh token in {variable} was replaced and is no longer valid. The new one could not be stored: "
        f"{error.message}. It is lost when the program ends; then run `{log_in}`."
    )
