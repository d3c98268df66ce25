"""Help: what the pane is, and every key, from the one table of actions."""

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
        "The endpoints of every vendor. ◆ counts the places where the vendor's document contradicts itself about this "
        "very call, in a way that changes the request; those about every call of the vendor are added when it is open. "
        "`inferred` marks what the document does not name."
    ),
    "request": (
        "What will be sent. Each field shows its state (○ absent, ◌ empty, ∅ null, ● set, ◐ sent as given), its rule, "
        "and what is wrong with it. The URL above and the tabs follow as you type."
    ),
    "response": (
        "What came back and the vendor's verdict on it: its own words for success count, not only the HTTP status. "
        "Wire shows every byte that was sent, secrets masked."
    ),
    "history": "Everything that was sent, secrets masked: enter shows it, r sends it again signed now, b exactly its "
    "bytes, o puts it into the form. / finds by words and filters such as status:>=400, since:2h, tag:later.",
}

LEFT: Final = 36
"""Cells of the columns of keys and titles."""


class HelpScreen(ModalScreen[None], ClosingScreen[None]):
    """A text that scrolls; escape closes it."""

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
        """The pane, then the keys by where they work."""
        with Vertical() as box:
            box.border_title = "Help"
            box.border_subtitle = "esc closes"
            with VerticalScroll():
                yield Static(Content.assemble((f"{self._heading}\n", "bold"), self._about), markup=False)
                for title, lines in self._parts():
                    if lines:
                        heading = Content.styled(title, "bold $text-primary")
                        yield Static(Content("\n").join([heading, *lines]), markup=False)

    def _parts(self) -> Iterator[tuple[str, list[Content]]]:
        """Where keys work, and a line for each of them."""
        for scope, title in SCOPES.items():
            yield title, list(self._keys(scope))

    def _keys(self, scope: str) -> Iterator[Content]:
        for name in (scope, *PANE_WIDGETS.get(scope, ())):
            for action in actions_of(name):
                yield self._line(keys_of(action.id, self._keymap), action.title, action.help)

    def _line(self, keys: Sequence[str], title: str, text: str) -> Content:
        return self._row([format_key(key.strip()) for key in keys], title, text)

    def _row(self, keys: Sequence[str], title: str, text: str) -> Content:
        """Keys as people write them, title and text; the text keeps to its column."""
        room = max(20, min(92, int(self.app.size.width * 0.96)) - 4 - LEFT)
        lines = textwrap.wrap(text, room) or [""]
        names = _fitting(dict.fromkeys(keys))
        start = Content.assemble((f"{names:<13}", "$footer-key-foreground bold"), f" {title:<20} ")
        rest = ("\n" + " " * start.cell_length).join(lines)
        return Content.assemble(start, (rest, MUTED))

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_down(self) -> None:
        """One line down."""
        self.query_one(VerticalScroll).scroll_down(animate=False)

    def action_up(self) -> None:
        """One line up."""
        self.query_one(VerticalScroll).scroll_up(animate=False)


def _fitting(keys: Iterable[str], room: int = 13) -> str:
    """The first of *keys* at least, and those that fit beside it; the usual one stands first."""
    names = ""
    for key in keys:
        longer = f"{names} {key}".strip()
        if names and len(longer) > room:
            break
        names = longer
    return names


class ScreenHelpScreen(HelpScreen):
    """The same of a screen over the main one: its title, its ``HELP``, its keys."""

    def __init__(self, screen: Screen[object], keymap: Mapping[str, str]) -> None:
        super().__init__("", keymap)
        self._heading, self._about = screen.title or "This screen", screen.HELP or ""
        self._screen_keys = keys_of_screen(screen, keymap)
        self._widget_keys = keys_of_widgets(screen, keymap)

    def _parts(self) -> Iterator[tuple[str, list[Content]]]:
        for title, keys in (("On this screen", self._screen_keys), ("In its lists and texts", self._widget_keys)):
            yield title, [self._row(one.keys, one.title, one.help) for one in keys]
