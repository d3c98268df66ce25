"""Start the app or the command line, importing only what that program needs."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the app without arguments, else the command line. Return the exit code."""
    if len(sys.argv) < 2:
        if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
            if sys.stderr is not None:
                sys.stderr.write("The app needs a terminal. Run `api-explorer --help` for the commands.\n")
            return 2
        from explorer.tui import run

        return run(os.environ)
    from explorer.cli import main as command_line
    from explorer.cli.streams import protect_streams

    protect_streams()
    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
