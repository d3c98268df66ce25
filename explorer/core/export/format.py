"""The interfaces of an export format and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.core.catalog.model import Vendor
    from explorer.core.export.recipe import Recipe
    from explorer.core.model import Exchange

FormatKind = Literal["shell", "program", "raw", "archive"]
"""A shell script, a program, one message as on the wire, or a file of many exchanges."""


class ExportSource(Protocol):
    """The source of an export: a recipe or exchanges, depending on the format."""

    @property
    def show_secrets(self) -> bool:
        """Whether to write secrets instead of variables."""

    @property
    def vendor(self) -> Vendor:
        """The vendor of the first exchange."""

    def recipe(self) -> Recipe:
        """Return the recipe of the call.

        Raises:
            UsageError: there are several calls, or the recipe cannot be built.
        """

    def exchange(self) -> Exchange:
        """Return the exchange, redacted unless ``show_secrets``.

        Raises:
            UsageError: there are several.
        """

    def exchanges(self) -> Sequence[Exchange]:
        """Return the exchanges, redacted unless ``show_secrets``."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """An export format."""

    id: str
    """The value of ``--as``, and of the key binding ``export.<id>``."""
    title: str
    description: str
    extension: str
    """File name extension, with its dot."""
    kind: FormatKind
    write: Callable[[ExportSource], bytes]
    """Returns the export; text ends with a newline.

    Raises:
        UsageError: this format cannot express the call; the error names another format.
    """

    @property
    def runs(self) -> bool:
        """Whether the export can be run. It is then built from the recipe, and signs in and signs the request
        itself."""
        return self.kind in ("shell", "program")


def recipe_writer(render: Callable[[Recipe, bool], str]) -> Callable[[ExportSource], bytes]:
    """Return a ``write`` function that renders a recipe and whether to show secrets as text."""

    def write(source: ExportSource) -> bytes:
        text = render(source.recipe(), source.show_secrets)
        return f"{text}\n".encode("utf-8", "surrogateescape")

    return write


def unsupported_call(title: str, what: str, *, instead: str) -> UsageError:
    """Return the error for a call that a format cannot express."""
    return UsageError(f"{title} cannot write {what}", hint=f"Export it as {instead}.")
