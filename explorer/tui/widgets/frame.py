"""The frame of a pane, which is heavy while the focus is within.

Not by ``:focus-within``: with a rule for that, each move of the focus reckons the styles of all in the pane anew,
which takes tens of milliseconds. The class that is set here is looked at for the pane alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from textual.widget import Widget

INSIDE: Final = "-inside"
"""The class of a pane that has the focus within. No rule of it may be for anything inside the pane."""


def follow_focus(pane: Widget) -> None:
    """Keep the class of *pane*, which is mounted, as the focus moves on its screen."""

    def mark() -> None:
        inside = pane.has_focus_within
        if inside != pane.has_class(INSIDE):
            pane.set_class(inside, INSIDE, update=False)
            pane.app.stylesheet.update_nodes([pane])

    pane.watch(pane.screen, "focused", mark)
