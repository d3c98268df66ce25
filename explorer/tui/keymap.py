"""Keys from the settings, checked against every binding that has an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from explorer.settings.keymap import Action, check_keymap
from explorer.tui.actions import BY_ID, keymap_actions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def usable_keymap(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """What of *keymap* can be used, and a sentence for everything that cannot."""
    return check_keymap(keymap, [*keymap_actions(), *_of_widgets()])


def _of_widgets() -> Iterator[Action]:
    """The bindings that widgets declare themselves: their id's first word is the scope."""
    from explorer.tui.body.bars import TypeBar
    from explorer.tui.body.panel import BodyPanel
    from explorer.tui.body.reading import BodyReading
    from explorer.tui.body.view import BodyView
    from explorer.tui.widgets.history_list import HistoryList
    from explorer.tui.widgets.history_panel import HistoryPanel
    from explorer.tui.widgets.lines_view import LinesView
    from explorer.tui.widgets.response_pane import ResponsePane

    for widget in (ResponsePane, BodyPanel, BodyReading, BodyView, TypeBar, LinesView, HistoryPanel, HistoryList):
        for binding in widget.BINDINGS:
            if isinstance(binding, Binding) and binding.id and binding.id not in BY_ID:
                yield Action(binding.id, binding.key, binding.id.partition(".")[0])
