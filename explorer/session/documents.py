"""The vendors' documents, where a person has them: read for the Docs tab and for ``docs``."""

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
    """A vendor's document, or in words why there is none."""

    document: VendorDocument | None = None
    said: str = ""


def load_document(session: SessionContext, vendor_id: str) -> VendorDocument:
    """The vendor's document as its file is now. Blocking.

    Raises:
        UnknownName: there is no such vendor; UsageError: no folder was pointed to, or it has no such file; StoreError:
        the file cannot be read.
    """
    vendor = session.vendor(vendor_id)
    folder = documents_folder(session.settings, session.environ)
    if folder is None:
        raise UsageError("No folder of documents was pointed to", hint=HOW_TO_SET)
    return read_document(folder, vendor.document)


def find_document(session: SessionContext, vendor_id: str) -> DocumentReference:
    """``load_document``, or a sentence on why there is none. Blocking."""
    try:
        return DocumentReference(load_document(session, vendor_id))
    except ExplorerError as error:
        return DocumentReference(said=error.sentence)
