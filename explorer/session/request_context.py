"""What a call is made under (catalog, base URL, credentials by fingerprint), and what of it changed since."""

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
"""Bytes at the beginning and the end of a body where a token is looked for: between them lies what is uploaded."""


def request_context(session: SessionContext, call: Call) -> RequestContext:
    """What *call* is made under now. Blocking where the keyring is asked for the first time.

    Raises:
        UnknownName: the catalog does not know it.
    """
    vendor, endpoint = session.endpoint(call.address)
    shape = msgspec.json.encode((endpoint, vendor.auth, vendor.version))
    return RequestContext(
        edition=session.catalog.edition,
        catalog=session.catalog.digest,
        endpoint=hashlib.sha256(shape).hexdigest()[:16],
        base_url=session.base_url(call),
        credentials={name: text for name in vendor.credentials if (text := _fingerprint(session, call, name))},
    )


def _fingerprint(session: SessionContext, call: Call, name: str) -> str:
    """Of a credential that is there; empty for one that is not, or that cannot be sent and so was not."""
    try:
        found = session.vault.find(session.vendor(call.vendor), name, call.environment)
    except CredentialError:
        return ""
    return found.value.fingerprint() if found else ""


def fingerprints_in(request: SentRequest, secrets: Iterable[Secret]) -> tuple[str, ...]:
    """The fingerprints of those *secrets* that stand in the request."""
    headers = "\n".join(value for _, value in request.headers)
    places = (request.url.encode(), headers.encode(), request.body[:_TOKEN_WINDOW], request.body[-_TOKEN_WINDOW:])
    found = []
    for secret in secrets:
        text = secret.reveal()
        spelled = {text.encode("utf-8", "surrogateescape"), quote(text, safe="").encode()} if text else ()
        if any(one in place for one in spelled for place in places):
            found.append(secret.fingerprint())
    return tuple(dict.fromkeys(found))


def lost_readings(session: SessionContext, call: Call) -> dict[str, str]:
    """The readings of *call* that the catalog offers no more: key → choice."""
    known = session.readings(*session.endpoint(call.address))
    return {
        key: choice for key, choice in call.readings.items() if key not in known or choice not in known[key].choices
    }


def changes_since(session: SessionContext, exchange: Exchange) -> tuple[str, ...]:
    """What changed since *exchange* was made, in sentences that hold no secret.

    Raises:
        UnknownName: the catalog knows vendor, endpoint or environment no more.
    """
    call, then = exchange.call, exchange.under
    lost = [
        f"the reading {key}={choice} is no longer in the catalog; the default is taken"
        for key, choice in lost_readings(session, call).items()
    ]
    if then is None:
        return ("what it was made under was not kept then, so changes since cannot be told", *lost)
    now = request_context(session, call)
    return (*_catalog_changes(then, now), *lost, *_base_url_changes(call, then, now), *_credential_changes(then, now))


def _catalog_changes(then: RequestContext, now: RequestContext) -> list[str]:
    editions = f" (edition {then.edition}, now {now.edition})" if then.edition != now.edition else ""
    if then.endpoint != now.endpoint:
        return [f"what the catalog says of this call changed since{editions}"]
    return []


def _base_url_changes(call: Call, then: RequestContext, now: RequestContext) -> list[str]:
    if call.environment == SANDBOX or call.base_url or then.base_url == now.base_url:
        return []
    return [f"the environment {call.environment} was at {then.base_url} and is now at {now.base_url}"]


def _credential_changes(then: RequestContext, now: RequestContext) -> list[str]:
    told = []
    for name in sorted({*then.credentials, *now.credentials}):
        before, after = then.credentials.get(name), now.credentials.get(name)
        if before == after:
            continue
        if after is None:
            told.append(f"the credential {name} of then ({before}) is not there now")
        elif before is None:
            told.append(f"the credential {name} was not there then")
        else:
            told.append(f"the credential {name} is another than then ({before}, now {after})")
    return told


def original_base_url(origin: Exchange, now: str) -> str:
    """The base URL that the request of then was made with; of an entry that does not tell, in the sandbox, the one
    that has the same path as *now* has."""
    if origin.under is not None:
        return origin.under.base_url
    if origin.call.environment != SANDBOX or origin.call.base_url:
        return now
    then, here = urlsplit(origin.request.url), urlsplit(now)
    return f"{then.scheme}://{then.netloc}{here.path}"
