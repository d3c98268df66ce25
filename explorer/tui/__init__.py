"""The terminal app. Importing this package loads nothing; ``run`` starts it."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(environ: Mapping[str, str]) -> int:
    """Run the app for a person with this environment; gives the exit code.

    What is made before the first frame lives as long as the app: looking for garbage in it would only hold the frame
    up, so that begins after it (``PanesScreen._furnish``).
    """
    gc.disable()
    from explorer.core.sanitise import sanitise
    from explorer.errors import ExplorerError
    from explorer.session_factory import open_session
    from explorer.tui.app import ExplorerApp

    try:
        session = open_session(environ)
    except ExplorerError as error:
        sys.stderr.write(sanitise(f"{error.title}: {error.message}\n{error.hint}\n"))
        return error.exit_code
    app = ExplorerApp(session)
    app.run()
    for words in app.last_words:
        sys.stderr.write(sanitise(f"{words}\n"))
    return app.return_code or 0
