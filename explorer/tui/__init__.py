"""The terminal app. Importing this package loads nothing; ``run`` starts the app."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.session.context import SessionContext
    from explorer.tui.app import ExplorerApp


def run(environ: Mapping[str, str]) -> int:
    """Run the app with the environment variables *environ*. Return the exit code.

    Garbage collection is off until the first frame (``MainScreen._mount_panes``). The objects created so far live as
    long as the app, and a collection would only delay the frame.
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
    """Run an app over *session* until it ends. Return the exit code.

    An internal error is reported without any value of the program, since a value may be a token.
    """
    from explorer.store.internal_errors import EXIT_CODE, write_crash_report

    messages: list[str] = []
    try:
        app = make(session)
        messages = app.exit_message
        app.run()
        code = EXIT_CODE if app.defects else app.return_code or 0
    except Exception as error:  # noqa: BLE001 - reported without its text and its locals
        messages.append(write_crash_report(error, session.folders))
        code = EXIT_CODE
    for message in messages:
        _print_error(message)
    return code


def _print_error(text: str) -> None:
    from explorer.core.text.sanitize import sanitize

    sys.stderr.write(sanitize(f"{text}\n"))
