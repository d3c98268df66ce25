"""The registry of export formats. The command line, the dialog and the session read ``FORMATS`` and name no format.

To add one, write a file here that defines ``FORMAT``, and add a line to ``FORMATS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.core.registry import Registry

if TYPE_CHECKING:
    from explorer.core.export.format import ExportFormat

FORMATS: Final[Registry[ExportFormat]] = Registry(
    "export format",
    modules={
        "curl": "explorer.core.export.formats.curl:FORMAT",
        "httpie": "explorer.core.export.formats.httpie:FORMAT",
        "python": "explorer.core.export.formats.python:FORMAT",
        "http": "explorer.core.export.formats.http:FORMAT",
        "har": "explorer.core.export.formats.har:FORMAT",
        "wget": "explorer.core.export.formats.wget:FORMAT",
    },
)
"""In display order; the first is the default."""


def archive_formats() -> tuple[str, ...]:
    """Return the ids of the formats for many exchanges."""
    return tuple(export_format.id for export_format in FORMATS.values() if export_format.kind == "archive")


def format_titles() -> str:
    """Return the titles for a sentence: ``curl, HTTPie or HAR``."""
    *names, last = (export_format.title for export_format in FORMATS.values())
    return f"{', '.join(names)} or {last}"
