"""Help for a pane or a screen, and every key, from the one table of actions."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from explorer.tui.actions import PANE_WIDGETS, SCOPES, actions_of, bindings, format_key, keys_of
from explorer.tui.kit.key_bar import keys_of_screen, keys_of_widgets
from explorer.tui.kit.screens import ClosingScreen
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.screen import Screen

ABOUT: Final = {
    "tree": (
        "The endpoints of every vendor. ◆ counts the ambiguities in the docs that change this request. Ambiguities of "
        "every call of the vendor are added when it is open. `inferred` marks what the docs do not name."
    ),
    "request": (
        "The request to send. Each field shows its state (○ absent, ◌ empty, ∅ null, ● set, ◐ sent as given), its rule "
        "and its problems. The URL and the other tabs update as you type."
    ),
    "response": (
        "The response and its verdict, which also considers the vendor's own success marker, not only the HTTP status. "
        "The Wire tab shows every byte that was sent, with secrets masked."
    ),
    "history": "Every request sent, with secrets masked. enter shows it, r signs and sends it again, b sends the exact "
    "bytes, o loads it into the form. / searches by words and filters such as status:>=400, since:2h, tag:later.",
}

LEFT: Final = 36
"""Width of the key and title columns, in cells."""


class HelpScreen(ModalScreen[None], ClosingScreen[None]):
    """A scrolling text; escape closes it."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > Vertical { width: 92; max-width: 96%; height: 90%; padding: 0 1; }
        & > Vertical { border: round $border; background: $surface; }
        & VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
        & Static { height: auto; margin: 0 0 1 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("help")

    def __init__(self, pane: str, keymap: Mapping[str, str]) -> None:
        self._keymap = keymap
        self._pane = pane
        self._heading, self._about = f"The {pane}", ABOUT.get(pane, "")
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the description of the pane, then the keys by scope."""
        with Vertical() as box:
            box.border_title = "Help"
            box.border_subtitle = "esc Close"
            with VerticalScroll():
                yield Static(Content.assemble((f"{self._heading}\n", "bold"), self._about), markup=False)
                for title, lines in self._parts():
                    if lines:
                        heading = Content.styled(title, "bold $text-primary")
                        yield Static(Content("\n").join([heading, *lines]), markup=False)

    def _parts(self) -> Iterator[tuple[str, list[Content]]]:
        """Yield each scope's title and the lines of its keys."""
        for scope, title in SCOPES.items():
            yield title, list(self._keys(scope))

    def _keys(self, scope: str) -> Iterator[Content]:
        for name in (scope, *PANE_WIDGETS.get(scope, ())):
            for action in actions_of(name):
                yield self._line(keys_of(action.id, self._keymap), action.title, action.help)

    def _line(self, keys: Sequence[str], title: str, text: str) -> Content:
        return self._row([format_key(key.strip()) for key in keys], title, text)

    def _row(self, keys: Sequence[str], title: str, text: str) -> Content:
        """Return keys, title and wrapped text as one row."""
        room = max(20, min(92, int(self.app.size.width * 0.96)) - 4 - LEFT)
        lines = textwrap.wrap(text, room) or [""]
        names = _fitting(dict.fromkeys(keys))
        start = Content.assemble((f"{names:<13}", "$footer-key-foreground bold"), f" {title:<20} ")
        rest = ("\n" + " " * start.cell_length).join(lines)
        return Content.assemble(start, (rest, MUTED))

    def on_mount(self) -> None:
        """Focus the text, so that arrow keys scroll."""
        self.query_one(VerticalScroll).focus()

    def action_down(self) -> None:
        """Scroll down one line."""
        self.query_one(VerticalScroll).scroll_down(animate=False)

    def action_up(self) -> None:
        """Scroll up one line."""
        self.query_one(VerticalScroll).scroll_up(animate=False)


def _fitting(keys: Iterable[str], room: int = 13) -> str:
    """Return the first of *keys*, and the following ones that fit into *room* cells."""
    names = ""
    for key in keys:
        longer = f"{names} {key}".strip()
        if names and len(longer) > room:
            break
        names = longer
    return names


class ScreenHelpScreen(HelpScreen):
    """Help for a screen above the main one: its title, its ``HELP`` and its keys."""

    def __init__(self, screen: Screen[object], keymap: Mapping[str, str]) -> None:
        super().__init__("", keymap)
        self._heading, self._about = screen.title or "This screen", screen.HELP or ""
        self._screen_keys = keys_of_screen(screen, keymap)
        self._widget_keys = keys_of_widgets(screen, keymap)

    def _parts(self) -> Iterator[tuple[str, list[Content]]]:
        for title, keys in (("On this screen", self._screen_keys), ("In its lists and text", self._widget_keys)):
            yield title, [self._row(key.keys, key.title, key.help) for key in keys]
