"""Read the vendors' documents, if the user has them, for the Docs tab and the ``docs`` command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError, UsageError
from explorer.store.documents import HOW_TO_SET, documents_folder, read_document

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from explorer.store.documents import VendorDocument


@dataclass(frozen=True)
class DocumentReference:
    """A vendor's document, or the reason why there is none."""

    document: VendorDocument | None = None
    said: str = ""


def load_document(session: SessionContext, vendor_id: str) -> VendorDocument:
    """Read the vendor's document. Blocking.

    Raises:
        UnknownName: there is no such vendor; UsageError: no folder is set, or it has no such file; StoreError: the file
        cannot be read.
    """
    vendor = session.vendor(vendor_id)
    folder = documents_folder(session.settings, session.environ)
    if folder is None:
        raise UsageError("the folder of documents is not set", hint=HOW_TO_SET)
    return read_document(folder, vendor.document)


def find_document(session: SessionContext, vendor_id: str) -> DocumentReference:
    """Return the document of ``load_document``, or the error as a sentence. Blocking."""
    try:
        return DocumentReference(load_document(session, vendor_id))
    except ExplorerError as error:
        return DocumentReference(said=error.sentence)
