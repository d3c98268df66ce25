"""The command palette: every action with its key, every endpoint, the environments, the themes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import ACTIONS, format_key, keys_of
from explorer.tui.kit.key_bar import keys_of_screen
from explorer.tui.main import MainScreen
from explorer.tui.panes.tree import leaves_of, searchable_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.screen import Screen

    from explorer.tui.app_base import AppBase

LIMIT = 40
"""How many hits are shown."""


class PaletteEntry(NamedTuple):
    """Something that can be done: what is shown, what is searched, what it does."""

    title: str
    key: str
    help: str
    search_text: str
    run: Callable[[], object]


class ExplorerCommands(Provider):
    """Everything that can be done, by name."""

    @property
    def _main(self) -> MainScreen:
        return cast("MainScreen", self.screen)

    async def startup(self) -> None:
        """Gather what can be done."""
        if not isinstance(self.screen, MainScreen):
            self._entries = list(self._keys_on_top())
            return
        self._entries = [*self._actions(), *self._environments(), *self._endpoints(), *self._themes()]

    def _keys_on_top(self) -> Iterator[PaletteEntry]:
        """On a screen over the main one: what can be done on that."""
        screen, app = self.screen, cast("AppBase", self.app)
        for one in keys_of_screen(screen, app.session.settings.keymap):
            if one.run:
                hay = f"{one.title} {one.help}".lower()
                yield PaletteEntry(one.title, one.keys[0], one.help, hay, _run_action(screen, one.run))

    def _actions(self) -> Iterator[PaletteEntry]:
        keymap = self._main.session.settings.keymap
        for one in ACTIONS:
            if one.id == "faults" and not self._main.faults.is_available:
                continue
            if one.run and not one.scope and one.id != "palette":
                key = format_key(keys_of(one.id, keymap)[0])
                yield PaletteEntry(
                    one.title, key, one.help, f"{one.title} {one.id} {one.help}".lower(), self._runs(one.run)
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
            now = "(in use)" if name == main.workspace.environment else ""
            run = _run_on_main(main, name)
            yield PaletteEntry(title, now, "Send this vendor's calls there.", title.lower(), run)

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
            )

    def _themes(self) -> Iterator[PaletteEntry]:
        main = self._main
        own = main._app.theme_names
        for name in [*own, *(one for one in main.app.available_themes if one not in own)]:
            yield PaletteEntry(f"Theme: {name}", "", "Wear it from now on.", f"theme {name}", _change_theme(main, name))

    async def discover(self) -> Hits:
        """What stands there before anything is typed: the actions."""
        for entry in self._entries[:LIMIT]:
            if entry.key:
                yield DiscoveryHit(_shown(entry), entry.run, text=entry.title, help=sanitize_line(entry.help))

    async def search(self, query: str) -> Hits:
        """Those that hold every word; a word in the title counts for more."""
        words = query.lower().split()
        count = 0
        for number, entry in enumerate(self._entries):
            if number % 200 == 199:
                await asyncio.sleep(0)
            if not all(word in entry.search_text for word in words):
                continue
            title = entry.title.lower()
            score = sum(2.0 if title.startswith(word) else 1.5 if word in title else 1.0 for word in words)
            yield Hit(
                score / len(words), _shown(entry, words), entry.run, text=entry.title, help=sanitize_line(entry.help)
            )
            count += 1
            if count >= LIMIT:
                return


def _shown(entry: PaletteEntry, words: list[str] | None = None) -> Content:
    title = sanitize_line(entry.title)
    content = Content(title)
    for word in words or ():
        at = title.lower().find(word)
        if at >= 0:
            content = content.stylize("underline bold", at, at + len(word))
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
