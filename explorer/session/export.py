"""Export calls and history entries to other formats, and import curl lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

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
"""Default limit of entries in an archive of a search."""


def recipe_of(session: SessionContext, call: Call) -> Recipe:
    """Return the recipe of *call*, which may be masked. Blocking when it reads the keyring.

    Raises:
        UsageError: it cannot be built; UnknownName: its vendor, endpoint, environment or reading is unknown.
    """
    from explorer.core.export.recipe_builder import recipe_for

    operation = session.operation(call)

    def credential(name: str) -> Secret | None:
        stored = session.vault.find(operation.vendor, name, call.environment)
        return stored.value if stored else None

    return recipe_for(
        operation.vendor,
        operation.endpoint,
        call,
        session.base_url(call),
        credential=credential,
        redactor=redactor_for(session, call),
    )


def export_call(session: SessionContext, call: Call, format_id: str, *, show_secrets: bool = False) -> bytes:
    """Export a call that was not sent in one of ``FORMATS``. Blocking when it reads the keyring.

    Raises:
        UnknownName: no such format; FormError, CredentialMissing: as ``prepare_call``; UsageError: the format
        cannot hold it.
    """
    try:
        return _format_of(format_id).write(_UnsentSource(session, call, show_secrets))
    except UnicodeEncodeError:
        raise UsageError("a value is not valid UTF-8", hint="Change the value to UTF-8 text.") from None


def export_exchanges(
    session: SessionContext, exchanges: Sequence[Exchange], format_id: str, *, show_secrets: bool = False
) -> bytes:
    """Export redacted exchanges of the history in one of ``FORMATS``; several need an archive format.

    With *show_secrets*, runnable formats contain the current credentials; values stored masked remain masked.
    Blocking when it reads the keyring.

    Raises:
        UnknownName: there is no such format, or the call is no longer in the catalog; UsageError: the format cannot
        hold it.
    """
    return _format_of(format_id).write(_HistorySource(session, tuple(exchanges), format_id, show_secrets))


@dataclass(frozen=True)
class _UnsentSource:
    """The export source for a call that was not sent."""

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
    """The export source for exchanges of the history."""

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
            archives = " or ".join(f"--as {format_id}" for format_id in archive_formats())
            raise UsageError(
                f"{self.format_id} cannot hold {len(self.sent)} entries", hint=f"Choose one entry, or use {archives}."
            )
        return self.sent[0]

    def exchanges(self) -> Sequence[Exchange]:
        return self.sent


def _format_of(format_id: str) -> ExportFormat:
    if format_id not in FORMATS:
        raise UnknownName("export format", format_id, FORMATS)
    return FORMATS[format_id]


async def search_exchanges(session: SessionContext, query: str, *, limit: int = MAX_EXCHANGES) -> list[Exchange]:
    """Return the newest *limit* redacted exchanges that match a history search, oldest first.

    Raises:
        UsageError: a filter is invalid or nothing matches; StoreError: an entry is damaged.
    """
    rows = await recent_entries(session, limit, query)
    if not rows:
        raise UsageError(f"no history entry matches {query!r}")
    return await past_exchanges(session, [row.id for row in reversed(rows)])


def import_curl_line(session: SessionContext, text: str) -> ImportedCall:
    """Parse a curl line into a call.

    Credential variables of the vendor are resolved from the environment; a body file is read if it is allowed.

    Raises:
        UsageError: there is no curl command, no matching endpoint, or a file cannot be read.
    """
    from explorer.core.curl.importing import import_curl
    from explorer.core.curl.match import VendorBaseUrl
    from explorer.sandbox.address import sandbox_base_url

    places = []
    for vendor in session.catalog.vendors.values():
        places += [
            VendorBaseUrl(vendor.id, name, environment.base_url) for name, environment in vendor.environments.items()
        ]
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
    """A curl line parsed for a form: *call* has the values for the form; *notes* name what is left out."""

    call: Call
    shown: Call
    """The redacted call."""
    notes: tuple[str, ...]


def read_curl_line(session: SessionContext, text: str) -> CurlImport:
    """Parse a pasted curl line for a form. Blocking when it reads the keyring.

    Raises:
        UsageError: there is no curl command, or no matching endpoint.
    """
    from explorer.core.form import is_upload
    from explorer.core.text.secret import MASK

    imported = import_curl_line(session, text)
    call = imported.call
    redactor = redactor_for(session, call)
    host = urlsplit(call.base_url).netloc
    notes = [redactor.text(note) for note in imported.notes if not host or host not in note]
    endpoint = session.operation(call).endpoint
    files = [entry for entry in call.entries if entry.kind == "file" and not is_upload(endpoint, entry)]
    notes += [
        f"{entry.name} is not in the line: enter it" for entry in call.entries if MASK in entry.value or entry in files
    ]
    if call.base_url:
        notes.append(f"the base URL {redactor.text(call.base_url)} is ignored: forms use the sandbox or an environment")
        call = msgspec.structs.replace(call, base_url="", environment=SANDBOX)
    entries = tuple(entry for entry in call.entries if MASK not in entry.value and entry not in files)
    call = msgspec.structs.replace(call, entries=entries)
    return CurlImport(call, redactor.call(session.operation(call).endpoint, call), tuple(notes))
