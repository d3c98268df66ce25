"""The command palette: actions with their keys, endpoints, environments and themes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import ACTIONS, format_key, keys_of
from explorer.tui.kit.key_bar import keys_of_screen
from explorer.tui.main import MainScreen
from explorer.tui.match_rank import match_rank
from explorer.tui.panes.tree import leaves_of, searchable_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.screen import Screen

    from explorer.tui.app_base import AppBase

LIMIT = 40
"""Maximum number of hits."""


class PaletteEntry(NamedTuple):
    """A command: its title, key, help, searched text and function."""

    title: str
    key: str
    help: str
    search_text: str
    run: Callable[[], object]
    names: tuple[str, ...] = ()
    """Titles and ids that rank a match; without them, the title."""
    order: tuple[bool, ...] = ()
    """Sorts equally good matches: the open vendor first, then calls that change nothing."""


class ExplorerCommands(Provider):
    """Provides every command by name."""

    @property
    def _main(self) -> MainScreen:
        return cast("MainScreen", self.screen)

    async def startup(self) -> None:
        """Collect the commands."""
        if not isinstance(self.screen, MainScreen):
            self._entries = list(self._keys_on_top())
            return
        self._entries = [*self._actions(), *self._environments(), *self._endpoints(), *self._themes()]

    def _keys_on_top(self) -> Iterator[PaletteEntry]:
        """Yield the commands of a screen above the main one."""
        screen, app = self.screen, cast("AppBase", self.app)
        for key in keys_of_screen(screen, app.session.settings.keymap):
            if key.run:
                text = f"{key.title} {key.help}".lower()
                yield PaletteEntry(key.title, key.keys[0], key.help, text, _run_action(screen, key.run))

    def _actions(self) -> Iterator[PaletteEntry]:
        keymap = self._main.session.settings.keymap
        for action in ACTIONS:
            if action.id == "faults" and not self._main.faults.is_available:
                continue
            if action.run and not action.scope and action.id != "palette":
                key = format_key(keys_of(action.id, keymap)[0])
                yield PaletteEntry(
                    action.title,
                    key,
                    action.help,
                    f"{action.title} {action.id} {action.help}".lower(),
                    self._runs(action.run),
                    (action.title, action.id),
                )

    def _runs(self, action: str) -> Callable[[], object]:
        async def run() -> None:
            await self._main.run_action(action)

        return lambda: self._main.call_later(run)

    def _environments(self) -> Iterator[PaletteEntry]:
        main = self._main
        if not main.workspace.address:
            return
        vendor = main.session.vendor(main.workspace.vendor_id)
        for name in main.session.environments(vendor):
            title = f"Environment: {vendor.title} › {name}"
            state = "(current)" if name == main.workspace.environment else ""
            run = _run_on_main(main, name)
            yield PaletteEntry(title, state, "Send this vendor's calls to it.", title.lower(), run)

    def _endpoints(self) -> Iterator[PaletteEntry]:
        main = self._main
        for leaf in leaves_of(main.session.catalog):
            title = f"{leaf.endpoint.method} {leaf.endpoint.title} › {leaf.vendor.title}"
            yield PaletteEntry(
                title,
                "",
                f"{leaf.address}  {leaf.endpoint.path}",
                searchable_text(leaf),
                _open_endpoint(main, leaf.address),
                (leaf.endpoint.title, leaf.endpoint.id, leaf.address),
                (leaf.vendor.id != main.workspace.vendor_id, leaf.changes_data),
            )

    def _themes(self) -> Iterator[PaletteEntry]:
        main = self._main
        own = main._app.theme_names
        for name in [*own, *(theme for theme in main.app.available_themes if theme not in own)]:
            yield PaletteEntry(
                f"Theme: {name}", "", "Switch to this theme.", f"theme {name}", _change_theme(main, name)
            )

    async def discover(self) -> Hits:
        """Yield the actions, shown before the user types."""
        for entry in self._entries[:LIMIT]:
            if entry.key:
                yield DiscoveryHit(_shown(entry), entry.run, text=entry.title, help=sanitize_line(entry.help))

    async def search(self, query: str) -> Hits:
        """Yield entries that contain every word, the best match first."""
        words = query.lower().split()
        matches: list[tuple[int, tuple[bool, ...], int, PaletteEntry]] = []
        for number, entry in enumerate(self._entries):
            if number % 200 == 199:
                await asyncio.sleep(0)
            if all(word in entry.search_text for word in words):
                rank = match_rank(query, entry.names or (entry.title,))
                matches.append((rank, entry.order, number, entry))
        matches.sort()
        for place, (*_, entry) in enumerate(matches[:LIMIT]):
            score = 1 - place / LIMIT
            yield Hit(score, _shown(entry, words), entry.run, text=entry.title, help=sanitize_line(entry.help))


def _shown(entry: PaletteEntry, words: list[str] | None = None) -> Content:
    title = sanitize_line(entry.title)
    content = Content(title)
    for word in words or ():
        start = title.lower().find(word)
        if start >= 0:
            content = content.stylize("underline bold", start, start + len(word))
    return Content.assemble(content, "  ", (entry.key, "$footer-key-foreground")) if entry.key else content


def _run_action(node: Screen[object], action: str) -> Callable[[], object]:
    async def run() -> None:
        await node.run_action(action)

    return lambda: node.call_later(run)


def _run_on_main(main: MainScreen, name: str) -> Callable[[], object]:
    return lambda: main.call_later(main.environment.change_environment, name)


def _open_endpoint(main: MainScreen, address: str) -> Callable[[], object]:
    return lambda: main.form.open(address)


def _change_theme(main: MainScreen, name: str) -> Callable[[], object]:
    return lambda: main.environment.change_theme(name)
