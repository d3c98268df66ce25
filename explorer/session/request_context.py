"""The context of a request (catalog, base URL, credential fingerprints) and how it changed since."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import msgspec

from explorer.core.model import SANDBOX, RequestContext
from explorer.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from explorer.core.model import Call, Exchange, SentRequest
    from explorer.core.text.secret import Secret
    from explorer.session.context import SessionContext

_TOKEN_WINDOW: Final = 65_536
"""Bytes at the beginning and the end of a body that are searched for tokens; the middle is uploaded data."""


def request_context(session: SessionContext, call: Call) -> RequestContext:
    """Return the current context of *call*. Blocking when it first reads the keyring.

    Raises:
        UnknownName: the call is not in the catalog.
    """
    vendor, endpoint = session.endpoint(call.address)
    shape = msgspec.json.encode((endpoint, vendor.auth, vendor.version))
    return RequestContext(
        edition=session.catalog.edition,
        catalog=session.catalog.digest,
        endpoint=hashlib.sha256(shape).hexdigest()[:16],
        base_url=session.base_url(call),
        credentials={
            name: fingerprint for name in vendor.credentials if (fingerprint := _fingerprint(session, call, name))
        },
    )


def _fingerprint(session: SessionContext, call: Call, name: str) -> str:
    """Return the fingerprint of a credential; empty if it is missing, or unusable and so was not sent."""
    try:
        stored = session.vault.find(session.vendor(call.vendor), name, call.environment)
    except CredentialError:
        return ""
    return stored.value.fingerprint() if stored else ""


def fingerprints_in(request: SentRequest, secrets: Iterable[Secret]) -> tuple[str, ...]:
    """Return the fingerprints of the *secrets* that the request contains."""
    headers = "\n".join(value for _, value in request.headers)
    places = (request.url.encode(), headers.encode(), request.body[:_TOKEN_WINDOW], request.body[-_TOKEN_WINDOW:])
    fingerprints = []
    for secret in secrets:
        text = secret.reveal()
        encodings = {text.encode("utf-8", "surrogateescape"), quote(text, safe="").encode()} if text else ()
        if any(encoding in place for encoding in encodings for place in places):
            fingerprints.append(secret.fingerprint())
    return tuple(dict.fromkeys(fingerprints))


def lost_readings(session: SessionContext, call: Call) -> dict[str, str]:
    """Return the readings of *call* that the catalog no longer has: key → choice."""
    known = session.readings(*session.endpoint(call.address))
    return {
        key: choice for key, choice in call.readings.items() if key not in known or choice not in known[key].choices
    }


def changes_since(session: SessionContext, exchange: Exchange) -> tuple[str, ...]:
    """Return what changed since *exchange*, as sentences without secrets.

    Raises:
        UnknownName: the vendor, endpoint or environment is no longer in the catalog.
    """
    call, original = exchange.call, exchange.under
    lost = [
        f"the reading {key}={choice} is no longer in the catalog; using the default"
        for key, choice in lost_readings(session, call).items()
    ]
    if original is None:
        return ("the original context was not recorded, so changes since then are unknown", *lost)
    current = request_context(session, call)
    return (
        *_catalog_changes(original, current),
        *lost,
        *_base_url_changes(call, original, current),
        *_credential_changes(original, current),
    )


def _catalog_changes(original: RequestContext, current: RequestContext) -> list[str]:
    editions = f" (edition {original.edition}, now {current.edition})" if original.edition != current.edition else ""
    if original.endpoint != current.endpoint:
        return [f"the catalog's description of this call changed{editions}"]
    return []


def _base_url_changes(call: Call, original: RequestContext, current: RequestContext) -> list[str]:
    if call.environment == SANDBOX or call.base_url or original.base_url == current.base_url:
        return []
    return [f"the base URL of {call.environment} changed from {original.base_url} to {current.base_url}"]


def _credential_changes(original: RequestContext, current: RequestContext) -> list[str]:
    changes = []
    for name in sorted({*original.credentials, *current.credentials}):
        before, after = original.credentials.get(name), current.credentials.get(name)
        if before == after:
            continue
        if after is None:
            changes.append(f"the credential {name} ({before}) is no longer set")
        elif before is None:
            changes.append(f"the credential {name} was not set")
        else:
            changes.append(f"the credential {name} changed from {before} to {after}")
    return changes


def original_base_url(origin: Exchange, current: str) -> str:
    """Return the base URL of the original request. A sandbox entry without a recorded context has the path of
    *current*."""
    if origin.under is not None:
        return origin.under.base_url
    if origin.call.environment != SANDBOX or origin.call.base_url:
        return current
    url = urlsplit(origin.request.url)
    return f"{url.scheme}://{url.netloc}{urlsplit(current).path}"
