"""Calls as text to be pasted elsewhere: what ``core.export`` needs to know is looked up here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.export.formats import FORMATS, archive_formats
from explorer.core.model import SANDBOX, Exchange
from explorer.errors import UnknownName, UsageError
from explorer.session.history import past_exchanges, recent_entries
from explorer.session.prepare import prepare_call, redactor_for, require_valid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.catalog.model import Vendor
    from explorer.core.curl.importing import ImportedCall
    from explorer.core.export.format import ExportFormat
    from explorer.core.export.recipe import Recipe
    from explorer.core.model import Call
    from explorer.core.text.secret import Secret
    from explorer.session.context import SessionContext


MAX_EXCHANGES: Final = 1000
"""Entries that one archive of a search holds, unless told otherwise."""


def recipe_of(session: SessionContext, call: Call) -> Recipe:
    """The recipe of *call*, which may be one that was kept masked. May reach the keyring, and then blocks.

    Raises:
        UsageError: it cannot be built; UnknownName: vendor, endpoint, environment or reading are not known any more.
    """
    from explorer.core.export.recipe_builder import recipe_for

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
        redactor=redactor_for(session, call),
    )


def export_call(session: SessionContext, call: Call, format_id: str, *, show_secrets: bool = False) -> bytes:
    """Return a call that was not sent in one of ``FORMATS``. May reach the keyring, and then blocks.

    Raises:
        UnknownName: no such format; FormError, CredentialMissing: as ``prepare_call``; UsageError: the format
        cannot hold it.
    """
    try:
        return _format_of(format_id).write(_UnsentSource(session, call, show_secrets))
    except UnicodeEncodeError:
        raise UsageError("a value holds bytes that are no UTF-8", hint="Values are text.") from None


def export_exchanges(
    session: SessionContext, exchanges: Sequence[Exchange], format_id: str, *, show_secrets: bool = False
) -> bytes:
    """Return exchanges of the history (redacted) in one of ``FORMATS``; more than one only as an archive.

    With *show_secrets* the credentials that there are now stand in what runs; what was redacted when it was stored
    stays so. May reach the keyring, and then blocks.

    Raises:
        UnknownName: no such format, or the catalog does not know the call any more; UsageError: the format cannot hold
        it.
    """
    return _format_of(format_id).write(_HistorySource(session, tuple(exchanges), format_id, show_secrets))


@dataclass(frozen=True)
class _UnsentSource:
    """A call that was not sent, as a format asks for it."""

    session: SessionContext
    call: Call
    show_secrets: bool

    @property
    def vendor(self) -> Vendor:
        return self.session.vendor(self.call.vendor)

    def recipe(self) -> Recipe:
        require_valid(self.session, self.call)
        return recipe_of(self.session, self.call)

    def exchange(self) -> Exchange:
        prepared = prepare_call(self.session, self.call)
        request = prepared.request if self.show_secrets else prepared.shown
        return Exchange(call=self.call, started_at=self.session.now(), request=request)

    def exchanges(self) -> Sequence[Exchange]:
        return (self.exchange(),)


@dataclass(frozen=True)
class _HistorySource:
    """Exchanges of the history, as a format asks for them."""

    session: SessionContext
    sent: Sequence[Exchange]
    format_id: str
    show_secrets: bool

    @property
    def vendor(self) -> Vendor:
        return self.session.vendor(self.sent[0].call.vendor)

    def recipe(self) -> Recipe:
        return recipe_of(self.session, msgspec.structs.replace(self.exchange().call, force=True))

    def exchange(self) -> Exchange:
        if len(self.sent) != 1:
            archive = " or ".join(f"--as {format_id}" for format_id in archive_formats())
            raise UsageError(
                f"{len(self.sent)} entries do not fit into {self.format_id}", hint=f"Name one, or take {archive}."
            )
        return self.sent[0]

    def exchanges(self) -> Sequence[Exchange]:
        return self.sent


def _format_of(format_id: str) -> ExportFormat:
    if format_id not in FORMATS:
        raise UnknownName("export format", format_id, FORMATS)
    return FORMATS[format_id]


async def search_exchanges(session: SessionContext, words: str, *, limit: int = MAX_EXCHANGES) -> list[Exchange]:
    """The exchanges (masked) that a search of the history finds, the oldest first, at most the newest *limit*.

    Raises:
        UsageError: a filter cannot be read, or nothing is found; StoreError: an entry is damaged.
    """
    rows = await recent_entries(session, limit, words)
    if not rows:
        raise UsageError(f"nothing in the history fits {words!r}")

    return await past_exchanges(session, [row.id for row in reversed(rows)])


def import_curl_line(session: SessionContext, text: str) -> ImportedCall:
    """Return the call of a curl line. Credential variables of the vendor at its URL are looked up in the environment; a
    file that holds the body is read where it is allowed.

    Raises:
        UsageError: there is no curl command in it, the catalog knows no call like it, or a file cannot be read.
    """
    from explorer.core.curl.importing import import_curl
    from explorer.core.curl.match import VendorBaseUrl
    from explorer.sandbox.address import sandbox_base_url

    places = []
    for vendor in session.catalog.vendors.values():
        places += [VendorBaseUrl(vendor.id, name, one.base_url) for name, one in vendor.environments.items()]
        places.append(
            VendorBaseUrl(vendor.id, SANDBOX, sandbox_base_url(vendor, session.settings.sandbox_port), any_port=True)
        )
    files = session.files
    return import_curl(
        session.catalog,
        text,
        places,
        session.environ,
        lambda path: files.read(path) if files.is_allowed_file(path) else None,
    )


@dataclass(frozen=True)
class CurlImport:
    """A curl line as it was understood. *call* is what a form is filled with: what the line does not hold itself, and
    what a form has no place for, is left out of it and told in *notes*."""

    call: Call
    shown: Call
    """The same with its secrets masked."""
    notes: tuple[str, ...]


def read_curl_line(session: SessionContext, text: str) -> CurlImport:
    """What a pasted curl line asks for. May reach the keyring, and then blocks.

    Raises:
        UsageError: there is no curl command in it, or the catalog knows no call like it.
    """
    from explorer.core.form import is_upload
    from explorer.core.text.secret import MASK

    imported = import_curl_line(session, text)
    call = imported.call
    redactor = redactor_for(session, call)
    notes = [redactor.text(one) for one in imported.notes]
    endpoint = session.operation(call).endpoint
    texts = [one for one in call.entries if one.kind == "file" and not is_upload(endpoint, one)]
    notes += [f"{one.name} is not in the line: type it" for one in call.entries if MASK in one.value or one in texts]
    if call.base_url:
        notes = [one for one in notes if not one.endswith("; kept as base URL")]
        notes.append(f"the line goes to {redactor.text(call.base_url)}, which a form has no place for")
        call = msgspec.structs.replace(call, base_url="", environment=SANDBOX)
    entries = tuple(one for one in call.entries if MASK not in one.value and one not in texts)
    call = msgspec.structs.replace(call, entries=entries)
    return CurlImport(call, redactor.call(session.operation(call).endpoint, call), tuple(notes))
