"""Calls as text to be pasted elsewhere: what ``core.export`` needs to know is looked up here."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.exchange import Exchange
from explorer.core.export import FORMS
from explorer.errors import UnknownName, UsageError
from explorer.session import SANDBOX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.curl.importing import Imported
    from explorer.core.exchange import Call
    from explorer.core.export.recipe import Recipe
    from explorer.core.secret import Secret
    from explorer.session import Session


ENDINGS: Final = {"curl": ".sh", "httpie": ".sh", "python": ".py", "http": ".http", "har": ".har"}
"""The usual ending of a file that holds an export."""
MOST: Final = 1000
"""Entries that one archive of a search holds, unless told otherwise."""


def recipe_of(session: Session, call: Call) -> Recipe:
    """The recipe of *call*, which may be one that was kept masked. May reach the keyring, and then blocks.

    Raises:
        UsageError: it cannot be built; UnknownName: vendor, endpoint, environment or reading are not known any more.
    """
    from explorer.core.export import recipe_for

    operation = session.operation(call)

    def credential(name: str) -> Secret | None:
        found = session.vault.find(operation.vendor, name, call.environment)
        return found.value if found else None

    return recipe_for(
        operation.vendor,
        operation.endpoint,
        call,
        session.base_url(call),
        credential=credential,
        redactor=session.redactor(call),
    )


def export_call(session: Session, call: Call, form: str, *, show_secrets: bool = False) -> bytes:
    """A call that was not sent, as one of ``FORMS``.

    Raises:
        UnknownName: no such form; FormError, CredentialMissing: as from ``Session.prepare``; UsageError: *form* cannot
        hold it.
    """
    _known_form(form)
    try:
        if form not in ("http", "har"):
            session.checked(call)
            return _as_command(session, call, form, show_secrets)
        prepared = session.prepare(call)
    except UnicodeEncodeError:
        raise UsageError("a value holds bytes that are no UTF-8", hint="Values are text.") from None
    request = prepared.request if show_secrets else prepared.shown
    exchange = Exchange(call=call, started_at=session.now(), request=request)
    return _as_sent(session, [exchange], form)


def export_past(session: Session, exchanges: Sequence[Exchange], form: str, *, show_secrets: bool = False) -> bytes:
    """Exchanges of the history (masked), as one of ``FORMS``; more than one only as ``har``. With *show_secrets* the
    credentials that are there now stand in the commands; what was masked when it was kept stays so.

    Raises:
        UnknownName: no such form, or the catalog does not know the call any more; UsageError: *form* cannot hold it.
    """
    _known_form(form)
    if form == "har":
        return _as_sent(session, exchanges, form)
    if len(exchanges) != 1:
        raise UsageError(f"{len(exchanges)} entries do not fit into {form}", hint="Name one, or take --as har.")
    if form == "http":
        if "request" in exchanges[0].lost:
            raise UsageError("the file of the body that was sent is missing or damaged", hint="curl makes it again.")
        return _as_sent(session, exchanges, form)
    call = msgspec.structs.replace(exchanges[0].call, force=True)
    return _as_command(session, call, form, show_secrets)


async def found(session: Session, words: str, *, limit: int = MOST) -> list[Exchange]:
    """The exchanges (masked) that a search of the history finds, the oldest first, at most the newest *limit*.

    Raises:
        UsageError: a filter cannot be read, or nothing is found; StoreError: an entry is damaged.
    """
    rows = await session.recent(limit, words)
    if not rows:
        raise UsageError(f"nothing in the history fits {words!r}")

    def read() -> list[Exchange]:
        from explorer.session.remembering import past

        return [past(session, row.id) for row in reversed(rows)]

    return await asyncio.to_thread(read)


def _as_command(session: Session, call: Call, form: str, show_secrets: bool) -> bytes:
    from explorer.core.export import curl, httpie, python

    recipe = recipe_of(session, call)
    write = {"curl": curl, "httpie": httpie, "python": python}[form]
    text = write(recipe, show_secrets=show_secrets)
    return (text + "\n").encode("utf-8", "surrogateescape")


def _as_sent(session: Session, exchanges: Sequence[Exchange], form: str) -> bytes:
    from explorer.core.export import har, raw_http

    if form == "har":
        return (json.dumps(har(exchanges), indent=2) + "\n").encode()
    return raw_http(session.vendor(exchanges[0].call.vendor), exchanges[0].request)


def _known_form(form: str) -> None:
    if form not in FORMS:
        raise UnknownName("form of export", form, FORMS)


def import_line(session: Session, text: str) -> Imported:
    """The call of a curl line; ``$NAME`` in it is looked up in the environment.

    Raises:
        UsageError: there is no curl command in it, or the catalog knows no call like it.
    """
    from explorer.core.curl.importing import import_curl
    from explorer.core.curl.match import Place
    from explorer.sandbox.address import sandbox_base_url

    places = []
    for vendor in session.catalog.vendors.values():
        places += [Place(vendor.id, name, one.base_url) for name, one in vendor.environments.items()]
        places.append(Place(vendor.id, SANDBOX, sandbox_base_url(vendor, session.settings.sandbox_port), any_port=True))
    return import_curl(session.catalog, text, places, session.environ)


@dataclass(frozen=True)
class Line:
    """A curl line as it was understood. *call* is what a form is filled with: what the line does not hold itself, and
    what a form has no place for, is left out of it and told in *notes*."""

    call: Call
    shown: Call
    """The same with its secrets masked."""
    notes: tuple[str, ...]


def read_line(session: Session, text: str) -> Line:
    """What a pasted curl line asks for. May reach the keyring, and then blocks.

    Raises:
        UsageError: there is no curl command in it, or the catalog knows no call like it.
    """
    from explorer.core.secret import MASK

    imported = import_line(session, text)
    call = imported.call
    redactor = session.redactor(call)
    notes = [redactor.text(one) for one in imported.notes]
    notes += [f"{one.name} is not in the line: type it" for one in call.entries if MASK in one.value]
    if call.base_url:
        notes = [one for one in notes if not one.endswith("; kept as base URL")]
        notes.append(f"the line goes to {redactor.text(call.base_url)}, which a form has no place for")
        call = msgspec.structs.replace(call, base_url="", environment=SANDBOX)
    call = msgspec.structs.replace(call, entries=tuple(one for one in call.entries if MASK not in one.value))
    return Line(call, redactor.call(session.operation(call).endpoint, call), tuple(notes))
