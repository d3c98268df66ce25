"""Asking a vendor for a token by one of its own calls: which credentials go in, and which field of the answer it is."""

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
    """Parameter → text for the first of *sets* (parameter → credential) that has all its credentials, or None."""
    for names in sets:
        found = {param: context.credential(name) for param, name in names.items()}
        if found and all(found.values()):
            return {param: secret.reveal() for param, secret in found.items() if secret}
    return None


def mint(
    context: AuthContext, endpoint: str, values: Mapping[str, str], field: str
) -> Generator[httpx.Request, httpx.Response, Secret]:
    """Yield the call that mints a token, and return the token.

    Raises:
        CredentialRefused: the answer is an error, or holds no token in *field*.
    """
    response = yield token_request(context.build(endpoint, values), context.tokens)
    vendor = context.vendor.title
    if not response.is_success:
        raise CredentialRefused(
            f"{vendor} gave no token: {endpoint} answered {response.status_code}",
            hint="Are the credentials right, and are they those of this environment?",
        )
    token = read_token(response, field)
    if token is None:
        raise CredentialRefused(f"{vendor} gave no token: the answer of {endpoint} has no text in {field!r}")
    return token


def mint_handler(key: str, values: Mapping[str, str], field: str) -> Handler:
    """Return what the sandbox does at a minting endpoint: it finds the account by *values* (parameter → credential) and
    puts a token of the auth *key* into *field* of the response."""
    match = {credential: f"param[{param!r}]" for param, credential in values.items()}
    steps = (HandlerStep(do="account", match=match), HandlerStep(do="mint", auth=key))
    return Handler(steps=steps, respond=json.dumps({field: "$token"}))


def read_token(response: httpx.Response, field: str) -> Secret | None:
    """The token in a *field* of a JSON answer, or None."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    text = body.get(field) if isinstance(body, dict) else None
    return Secret(text) if isinstance(text, str) and is_sendable(text) else None
