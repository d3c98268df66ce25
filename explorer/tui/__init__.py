"""The terminal app. Importing this package loads nothing; ``run`` starts it."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.session.context import SessionContext
    from explorer.tui.app import ExplorerApp


def run(environ: Mapping[str, str]) -> int:
    """Run the app for a person with this environment; gives the exit code.

    What is made before the first frame lives as long as the app: looking for garbage in it would only hold the frame
    up, so that begins after it (``MainScreen._mount_panes``).
    """
    gc.disable()
    from explorer.errors import ExplorerError
    from explorer.session.factory import open_session

    try:
        session = open_session(environ)
    except ExplorerError as error:
        _print_error(f"{error.title}: {error.message}\n{error.hint}")
        return error.exit_code
    from explorer.tui.app import ExplorerApp

    return run_app(session, ExplorerApp)


def run_app(session: SessionContext, make: type[ExplorerApp]) -> int:
    """Run an app over *session* to its end; gives the exit code. A defect is told without any value of the program:
    what it stumbled over may have been a token."""
    from explorer.store.internal_errors import EXIT_CODE, write_crash_report

    words: list[str] = []
    try:
        app = make(session)
        words = app.exit_message
        app.run()
        code = EXIT_CODE if app.defects else app.return_code or 0
    except Exception as error:  # noqa: BLE001 - what nobody expected is told, and told without its locals and its text
        words.append(write_crash_report(error, session.folders))
        code = EXIT_CODE
    for one in words:
        _print_error(one)
    return code


def _print_error(text: str) -> None:
    from explorer.core.text.sanitize import sanitize

    sys.stderr.write(sanitize(f"{text}\n"))
