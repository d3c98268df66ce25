"""The app: themes, keys, the main screen, and an orderly shutdown on signals."""

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
"""Seconds allowed for an orderly shutdown; then the process exits in any case."""


def install_end_handlers(end: Callable[[int], None]) -> None:
    """Call *end* in the running loop with the exit code when a signal asks the process to end.

    Call this in the main thread. ``signal`` handlers run before callbacks of the loop. They also run before Textual's
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

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, handle)


def _detach_terminal() -> None:
    """Replace the terminal by ``/dev/null``.

    A write to a terminal that is gone ends Textual's writer thread. The next writes would wait for that thread forever.
    """
    if sys.platform != "win32":
        signal.signal(signal.SIGCONT, signal.SIG_IGN)  # Textual would resume writing to it
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        if os.isatty(stream):
            os.dup2(null, stream)
    os.close(null)


def usable_keymap(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the valid part of *keymap*, and a message for each invalid entry."""
    return check_keymap(keymap, keymap_actions())


def as_theme(file: ThemeFile) -> Theme:
    """Return the theme of a checked theme file, with a value for each of the app's own variables."""
    theme = Theme(name=file.name, primary=file.colours["primary"], dark=file.dark)
    theme.variables = {**default_variables(file.dark), **file.variables}
    for name, colour in file.colours.items():
        setattr(theme, name, colour)
    return theme


def _commands() -> type[Provider]:
    from explorer.tui.screens.palette import ExplorerCommands

    return ExplorerCommands


class ExplorerApp(AppBase):
    """The terminal app over one session, which it closes at the end."""

    TITLE = "API Explorer"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [screen_help_binding()]
    CSS = """
    CommandPalette > Vertical { max-width: 100; }
    """

    def __init__(self, session: SessionContext) -> None:
        self.exit_message: list[str] = []
        """Messages printed after the app ends: errors during shutdown, or the internal error that ended it."""
        self.defects: list[str] = []
        """Names of the internal errors that ended the app; empty if there were none."""
        session.ask_trust = self._ask_trust
        super().__init__(session)
        self._themes_from_files()

    def _themes_from_files(self) -> None:
        themes, problems = load_themes(self.session.folders)
        self.startup_problems += problems
        for theme in themes:
            self.register_theme(as_theme(theme))
        self.theme_names = [theme.name for theme in themes]
        name = self.session.settings.theme
        if name in self.available_themes:
            self.theme = name
        elif self.theme_names:
            self.startup_problems.append(f"no theme named {name!r}; available: {', '.join(self.theme_names)}")
            self.theme = self.theme_names[0]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the app's own variables, for themes that do not define them."""
        theme: Theme = self.current_theme
        return default_variables(theme.dark)

    def get_default_screen(self) -> Screen[None]:
        """Return the main screen."""
        return MainScreen(self.session)

    def on_mount(self) -> None:
        """Install the keymap, the signal handlers and the handler for errors in tasks."""
        asyncio.get_running_loop().set_exception_handler(self._loop_failed)
        if not self.is_headless:
            install_end_handlers(self._end_by_signal)
        if self.session.settings.keymap:
            keymap, problems = usable_keymap(self.session.settings.keymap)
            self.startup_problems += problems
            self.set_keymap(keymap)

    def _end_by_signal(self, code: int) -> None:
        """Write the drafts at once, since the terminal may be gone, and exit."""
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
        """Show help for the top screen. The main screen has its own help."""
        from explorer.tui.screens.help import ScreenHelpScreen

        self.push_screen(ScreenHelpScreen(self.screen, self.session.settings.keymap))

    async def _ask_trust(self, question: TrustQuestion) -> bool:
        """Ask, over any screen, whether credentials may be sent to a host outside their vendor."""
        from explorer.tui.screens.trust import trust_dialog

        decision: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def decided(allowed: bool | None) -> None:
            if not decision.done():
                decision.set_result(bool(allowed))

        await self.push_screen(trust_dialog(question), decided)
        return await decision

    # --- keys --------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Route keys and pastes through the type-ahead queue, other events to Textual."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self.type_ahead.take(event)
        else:
            await super().on_event(event)

    def on_type_ahead_passed(self, event: TypeAhead.Passed) -> None:
        """Release the next key: the previous one has taken effect."""
        self.type_ahead.passed(event)

    # --- internal errors ---------------------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        self._record_error(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Exit. Textual would print the traceback with every local variable, including tokens."""
        self.bell()
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:  # noqa: ARG002 - they may contain values
        """Exit without printing *renderables*."""
        self._fatal_error()

    def _record_error(self, error: BaseException) -> None:
        """Record the first internal error for the exit message. Errors that follow from it add nothing."""
        if not self.defects:
            from explorer.store.internal_errors import write_crash_report

            self.defects.append(type(error).__name__)
            self.exit_message.append(write_crash_report(error, self.session.folders))

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG002 - signature of asyncio
        error = context.get("exception")
        if isinstance(error, Exception) and self.is_running:
            from explorer.store.internal_errors import write_crash_report

            self.tell(write_crash_report(error, self.session.folders), severity="error")

    async def on_unmount(self) -> None:
        """Write the drafts, then close connections, sandbox and history."""
        for save in self.on_end:
            try:
                await asyncio.to_thread(save)
            except ExplorerError as error:
                self.exit_message.append(error.sentence)
        await self.session.close()
