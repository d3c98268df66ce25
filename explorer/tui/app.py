"""The app: themes, keys, the main screen, and an orderly end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.app import App

from explorer.core.sanitise import sanitise
from explorer.errors import ExplorerError
from explorer.settings import default_variables, load_themes
from explorer.tui.screens.main import MainScreen
from explorer.tui.themes import as_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.command import Provider
    from textual.screen import Screen
    from textual.theme import Theme

    from explorer.session import Session


def _commands() -> type[Provider]:
    from explorer.tui.screens.palette import ExplorerCommands

    return ExplorerCommands


class ExplorerApp(App[int]):
    """The terminal app over one session, which it closes when it ends."""

    TITLE = "API Explorer"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    CSS = """
    CommandPalette > Vertical { max-width: 100; }
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.startup_problems: list[str] = []
        """What is wrong with files of a person's, to be told after the first frame."""
        self.on_end: list[Callable[[], object]] = []
        """What is to be written when the app ends; may block."""
        self.last_words: list[str] = []
        """What went wrong after the screen was gone."""
        super().__init__()
        self._themes_from_files()

    def _themes_from_files(self) -> None:
        themes, problems = load_themes(self.session.folders)
        self.startup_problems += problems
        for one in themes:
            self.register_theme(as_theme(one))
        self.theme_names = [one.name for one in themes]
        wanted = self.session.settings.theme
        if wanted in self.available_themes:
            self.theme = wanted
        elif self.theme_names:
            self.startup_problems.append(f"no theme named {wanted!r}; known: {', '.join(self.theme_names)}")
            self.theme = self.theme_names[0]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for themes that do not name them."""
        theme: Theme = self.current_theme
        return default_variables(theme.dark)

    def get_default_screen(self) -> Screen[None]:
        """The one screen that everything happens on."""
        return MainScreen(self.session)

    def on_mount(self) -> None:
        """Keys from the settings."""
        if self.session.settings.keymap:
            from explorer.tui.keymap import usable_keymap

            keymap, problems = usable_keymap(self.session.settings.keymap)
            self.startup_problems += problems
            self.set_keymap(keymap)

    def tell(self, text: str, *, severity: str = "information") -> None:
        """Say something that needs no answer."""
        level = severity if severity in ("information", "warning", "error") else "information"
        self.notify(sanitise(text), severity=level, markup=False)  # type: ignore[arg-type]

    async def on_unmount(self) -> None:
        """Write the drafts; let go of connections, the sandbox and the history."""
        for save in self.on_end:
            try:
                await asyncio.to_thread(save)
            except ExplorerError as error:
                self.last_words.append(f"{error.message}. {error.hint}")
        await self.session.close()
