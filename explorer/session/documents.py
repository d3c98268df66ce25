"""The vendors' documents, where a person has them: read for the Docs tab and for ``docs``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError, UsageError
from explorer.settings.documents import HOW, documents_folder, read_document

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from explorer.settings.documents import Document


@dataclass(frozen=True)
class Reference:
    """A vendor's document, or in words why there is none."""

    document: Document | None = None
    said: str = ""


def document_of(session: SessionContext, vendor_id: str) -> Document:
    """The vendor's document as its file is now. Blocking.

    Raises:
        UnknownName: there is no such vendor; UsageError: no folder was pointed to, or it has no such file; StoreError:
        the file cannot be read.
    """
    vendor = session.vendor(vendor_id)
    folder = documents_folder(session.settings, session.environ)
    if folder is None:
        raise UsageError("No folder of documents was pointed to", hint=HOW)
    return read_document(folder, vendor.document)


def reference(session: SessionContext, vendor_id: str) -> Reference:
    """``document_of``, or a sentence on why there is none. Blocking."""
    try:
        return Reference(document_of(session, vendor_id))
    except ExplorerError as error:
        return Reference(said=error.sentence)
