"""Handlers that follow from a vendor's auth options: signing in and out, minting a token, the two ends of OAuth2.

They stand in where the catalog's sandbox part has no handler of its own, so that a new vendor can be used at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.auth.options import (
    AUTH_OPTIONS,
    OAuth2Options,
    RotatingBearerOptions,
    TokenParamOptions,
)
from explorer.core.catalog.sandbox import Handler, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from explorer.core.catalog import Vendor


def derived_handlers(vendor: Vendor) -> dict[str, Handler]:
    """Endpoint id → handler, for the endpoints that the vendor's auth options name."""
    made: dict[str, Handler] = {}
    for key, auth in vendor.auth.items():
        options = msgspec.convert(auth.options, AUTH_OPTIONS[auth.scheme])
        made.update({name: handler for name, handler in _handlers(key, options) if name in vendor.endpoints})
    return made


def _handlers(key: str, options: Any) -> Iterator[tuple[str, Handler]]:
    if isinstance(options, OAuth2Options):
        yield options.authorize, Handler(steps=(Step(do="consent", auth=key),), own_checks=True)
        yield options.token, Handler(steps=(Step(do="exchange", auth=key),), own_checks=True)
    elif isinstance(options, RotatingBearerOptions):
        yield options.sign_in, _minting(key, options.sign_in_values, options.token_field)
        for endpoint, values in zip(options.also_sign_in, options.sign_in_other_values, strict=False):
            yield endpoint, _minting(key, values, options.token_field)
        yield options.sign_out, Handler(steps=(Step(do="revoke", auth=key),), status=204)
    elif isinstance(options, TokenParamOptions):
        yield options.mint, _minting(key, options.mint_values, options.token_field)


def _minting(key: str, values: Mapping[str, str], token_field: str) -> Handler:
    match = {credential: f"param[{param!r}]" for param, credential in values.items()}
    answer = json.dumps({token_field: "$token"})
    return Handler(steps=(Step(do="account", match=match), Step(do="mint", auth=key)), respond=answer)
