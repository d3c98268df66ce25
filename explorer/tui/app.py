"""The app: themes, keys, the main screen, and an orderly exit on signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import events
from textual.theme import Theme

from explorer.errors import ExplorerError
from explorer.store.keymap import check_keymap
from explorer.store.themes import default_variables, load_themes
from explorer.tui.actions import keymap_actions, screen_help_binding
from explorer.tui.app_base import AppBase
from explorer.tui.main import MainScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import RenderableType
    from textual.binding import BindingType
    from textual.command import Provider
    from textual.screen import Screen

    from explorer.core.origin import TrustQuestion
    from explorer.session.context import SessionContext
    from explorer.store.themes import ThemeFile
    from explorer.tui.type_ahead import TypeAhead


MAX_SHUTDOWN: Final = 5.0
"""Seconds that an orderly end may take; the process ends then, whatever it waits for."""


def install_end_handlers(end: Callable[[int], None]) -> None:
    """Have *end* called in the running loop with the exit code when a signal asks the process to end.

    Called in the main thread. Handlers of ``signal`` run before the callbacks of the loop and before the library's
    handler for SIGCONT, which the kernel sends together with SIGHUP.
    """
    if sys.platform == "win32":
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, _frame: object) -> None:
        watchdog = threading.Timer(MAX_SHUTDOWN, os._exit, (128 + number,))
        watchdog.daemon = True
        watchdog.start()
        if number == signal.SIGHUP:
            _detach_terminal()
        loop.call_soon_threadsafe(end, 128 + number)

    for one in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(one, handle)


def _detach_terminal() -> None:
    """Put ``/dev/null`` in its place: a write to a terminal that is gone ends the library's writing thread, and then
    the next writes wait for that thread for ever."""
    if sys.platform != "win32":
        signal.signal(signal.SIGCONT, signal.SIG_IGN)  # the library would start to write to it anew
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        if os.isatty(stream):
            os.dup2(null, stream)
    os.close(null)


def usable_keymap(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what of *keymap* can be used, and a sentence for everything that cannot."""
    return check_keymap(keymap, keymap_actions())


def as_theme(file: ThemeFile) -> Theme:
    """The theme of a file whose values have been checked, with a value for each of our own variables."""
    theme = Theme(name=file.name, primary=file.colours["primary"], dark=file.dark)
    theme.variables = {**default_variables(file.dark), **file.variables}
    for name, colour in file.colours.items():
        setattr(theme, name, colour)
    return theme


def _commands() -> type[Provider]:
    from explorer.tui.screens.palette import ExplorerCommands

    return ExplorerCommands


class ExplorerApp(AppBase):
    """The terminal app over one session, which it closes when it ends."""

    TITLE = "API Explorer"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [screen_help_binding()]
    CSS = """
    CommandPalette > Vertical { max-width: 100; }
    """

    def __init__(self, session: SessionContext) -> None:
        self.exit_message: list[str] = []
        """What is to be said after the screen is gone: what went wrong at the end, or the defect that was the end."""
        self.defects: list[str] = []
        """What ended the app though nobody expected it; empty where all is well."""
        session.ask_trust = self._ask_trust
        super().__init__(session)
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
        """Keys from the settings; a task that fails where nobody waits for it is told of like any defect."""
        asyncio.get_running_loop().set_exception_handler(self._loop_failed)
        if not self.is_headless:
            install_end_handlers(self._end_by_signal)
        if self.session.settings.keymap:
            keymap, problems = usable_keymap(self.session.settings.keymap)
            self.startup_problems += problems
            self.set_keymap(keymap)

    def _end_by_signal(self, code: int) -> None:
        """Write the drafts at once, since the terminal may be gone and nobody waits for long; then end."""
        for screen in self.screen_stack:
            if isinstance(screen, MainScreen):
                screen.form.keep_draft()
        for save in self.on_end:
            try:
                save()
            except ExplorerError as error:
                self.exit_message.append(error.sentence)
        self.exit(return_code=code)

    def action_screen_help(self) -> None:
        """What the screen on top is, and every key of it; the main screen has help of its own."""
        from explorer.tui.screens.help import ScreenHelpScreen

        self.push_screen(ScreenHelpScreen(self.screen, self.session.settings.keymap))

    async def _ask_trust(self, question: TrustQuestion) -> bool:
        """Ask, over whatever screen is open, whether credentials may go to a host that they do not belong to."""
        from explorer.tui.screens.trust import trust_dialog

        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def answered(allowed: bool | None) -> None:
            if not answer.done():
                answer.set_result(bool(allowed))

        await self.push_screen(trust_dialog(question), answered)
        return await answer

    # --- keys --------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Pass keys and pastes on in turn; everything else as the library does."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self.type_ahead.take(event)
        else:
            await super().on_event(event)

    def on_type_ahead_passed(self, event: TypeAhead.Passed) -> None:
        """A key has taken effect."""
        self.type_ahead.passed(event)

    # --- defects -----------------------------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        self._defect(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End. The library would print the traceback with every local variable, and tokens are among those."""
        self.bell()
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:  # noqa: ARG002 - they may show values
        """End, showing nothing of what the error holds."""
        self._fatal_error()

    def _defect(self, error: BaseException) -> None:
        """Write down the first defect, for the last words; those that follow from it say nothing new."""
        if not self.defects:
            from explorer.store.internal_errors import write_crash_report

            self.defects.append(type(error).__name__)
            self.exit_message.append(write_crash_report(error, self.session.folders))

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG002 - the base class's
        error = context.get("exception")
        if isinstance(error, Exception) and self.is_running:
            from explorer.store.internal_errors import write_crash_report

            self.tell(write_crash_report(error, self.session.folders), severity="error")

    async def on_unmount(self) -> None:
        """Write the drafts; let go of connections, the sandbox and the history."""
        for save in self.on_end:
            try:
                await asyncio.to_thread(save)
            except ExplorerError as error:
                self.exit_message.append(error.sentence)
        await self.session.close()
