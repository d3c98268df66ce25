"""Mint a token with one of the vendor's own calls: which credentials it sends, and which response field is the
token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from explorer.core.auth.base import AuthContext, token_request
from explorer.core.auth.wire import is_sendable
from explorer.core.catalog.sandbox import Handler, HandlerStep
from explorer.core.text.secret import Secret
from explorer.errors import CredentialRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    import httpx


def mint_values(context: AuthContext, sets: Iterable[Mapping[str, str]]) -> dict[str, str] | None:
    """Return parameter → string for the first of *sets* (parameter → credential) whose credentials are all set, or
    None."""
    for names in sets:
        secrets = {param: context.credential(name) for param, name in names.items()}
        if secrets and all(secrets.values()):
            return {param: secret.reveal() for param, secret in secrets.items() if secret}
    return None


def mint(
    context: AuthContext, endpoint: str, values: Mapping[str, str], field: str
) -> Generator[httpx.Request, httpx.Response, Secret]:
    """Yield the call that mints a token, and return the token.

    Raises:
        CredentialRefused: The response is an error, or *field* contains no token.
    """
    response = yield token_request(context.build(endpoint, values), context.tokens)
    vendor = context.vendor.title
    if not response.is_success:
        raise CredentialRefused(
            f"{vendor} issued no token: {endpoint} returned HTTP {response.status_code}",
            hint="Check the credentials, and that they belong to this environment.",
        )
    token = read_token(response, field)
    if token is None:
        raise CredentialRefused(f"{vendor} issued no token: the response of {endpoint} has no string in {field!r}")
    return token


def mint_handler(key: str, values: Mapping[str, str], field: str) -> Handler:
    """Return the sandbox handler of a minting endpoint.

    It finds the account by *values* (parameter → credential) and writes a token of the auth *key* to *field*.
    """
    match = {credential: f"param[{param!r}]" for param, credential in values.items()}
    steps = (HandlerStep(do="account", match=match), HandlerStep(do="mint", auth=key))
    return Handler(steps=steps, respond=json.dumps({field: "$token"}))


def read_token(response: httpx.Response, field: str) -> Secret | None:
    """Return the token in *field* of a JSON response, or None."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    text = body.get(field) if isinstance(body, dict) else None
    return Secret(text) if isinstance(text, str) and is_sendable(text) else None
