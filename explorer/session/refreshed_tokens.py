"""Keep the tokens of a refresh: a server that rotates refresh tokens accepts each of them once (RFC 6749, section 6).

A token from the system keyring is replaced there. One from an environment variable cannot be replaced where it is, so
its successor goes to the keyring and is used in its place; where there is no keyring, the person is warned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth import options_of
from explorer.core.exchange import SANDBOX
from explorer.errors import CredentialError

if TYPE_CHECKING:
    from explorer.core.auth.tokens import TokenKind
    from explorer.core.exchange import Call
    from explorer.session.context import SessionContext


def save_refreshed(session: SessionContext, call: Call) -> None:
    """Keep each token of the call's vendor and environment that the vendor has replaced. Blocking: it may ask the
    system keyring."""
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
            f"{vendor.title} replaced the token in {source.variable}; the new one is in the system keyring."
        )


def _lost_token_warning(call: Call, variable: str, error: CredentialError) -> str:
    """What to tell of a new token that could not be kept."""
    if not variable:
        return error.sentence
    log_in = f"api-explorer login {call.vendor} --env {call.environment} --show-secrets"
    return (
        f"The refresh token in {variable} was replaced and is no longer valid. The new one is lost when this program "
        f"ends: {error.message}. Before the next run: {log_in}"
    )
