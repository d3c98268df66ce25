"""The registry of export formats: command line, dialog, session and documents read ``FORMATS`` and name no format.

To add one: a file here that defines ``FORMAT``, and its name in ``_MODULES``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from explorer.core.export.format import ExportFormat

_MODULES: Final = (
    "curl",
    "httpie",
    "python",
    "http",
    "har",
    "wget",
)
"""In the order in which they are offered; the first is the default."""
FORMATS: Final[dict[str, ExportFormat]] = {}
"""Every export format by its id."""


def register(export_format: ExportFormat) -> None:
    """Add *export_format* to those that are offered.

    Raises:
        ValueError: its id is taken.
    """
    if export_format.id in FORMATS:
        raise ValueError(f"two export formats are called {export_format.id!r}")
    FORMATS[export_format.id] = export_format


def archives() -> tuple[str, ...]:
    """Return the ids of the formats that hold many exchanges."""
    return tuple(export_format.id for export_format in FORMATS.values() if export_format.kind == "archive")


def names_in_words() -> str:
    """Return what formats there are, for a sentence: ``curl, HTTPie or HAR``."""
    *names, last = (export_format.title for export_format in FORMATS.values())
    return f"{', '.join(names)} or {last}"


for _name in _MODULES:
    register(import_module(f"{__name__}.{_name}").FORMAT)
