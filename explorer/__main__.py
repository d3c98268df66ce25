"""The door: start the shell that was asked for, and import nothing that it does not need."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the app when no command is given, else the command line; gives the exit code."""
    if len(sys.argv) < 2:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            sys.stderr.write("The app needs a terminal. `api-explorer --help` shows the command line.\n")
            return 2
        from explorer.tui import run

        return run(os.environ)
    from explorer.cli import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
