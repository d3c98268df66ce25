"""What an export format is, and what it is given to write."""

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
"""A script for a shell, a program, one message as it was on the wire, or a file of many exchanges."""


class ExportSource(Protocol):
    """What is exported. A format asks it for a recipe or for exchanges, whichever it is written from."""

    @property
    def show_secrets(self) -> bool:
        """Whether secrets are written in place of variables."""

    @property
    def vendor(self) -> Vendor:
        """The vendor of the first exchange."""

    def recipe(self) -> Recipe:
        """Return the recipe of the one call.

        Raises:
            UsageError: there are several, or it cannot be built.
        """

    def exchange(self) -> Exchange:
        """Return the one exchange, redacted unless secrets are to be shown.

        Raises:
            UsageError: there are several.
        """

    def exchanges(self) -> Sequence[Exchange]:
        """Return the exchanges, redacted unless secrets are to be shown."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One format: how it is named, and how it is written."""

    id: str
    """The value of ``--as``, and of the key binding ``export.<id>``."""
    title: str
    description: str
    extension: str
    """Of a file that holds such an export, with its dot."""
    kind: FormatKind
    write: Callable[[ExportSource], bytes]
    """Writes it, with a last line end where it is text.

    Raises:
        UsageError: this format cannot hold the call; it says why, and what to take instead.
    """

    @property
    def runs(self) -> bool:
        """Whether the export can be run: such a one is made from the recipe, and signs and signs in by itself."""
        return self.kind in ("shell", "program")


def recipe_writer(render: Callable[[Recipe, bool], str]) -> Callable[[ExportSource], bytes]:
    """Return a ``write`` for a format that is text made from a recipe and from whether secrets are shown."""

    def write(source: ExportSource) -> bytes:
        text = render(source.recipe(), source.show_secrets)
        return f"{text}\n".encode("utf-8", "surrogateescape")

    return write


def unsupported_call(title: str, what: str, *, instead: str) -> UsageError:
    """Return the refusal of a call that a format cannot hold."""
    return UsageError(f"{title} cannot write {what}", hint=f"Export it as {instead}.")
