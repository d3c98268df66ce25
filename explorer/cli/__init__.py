"""The command line: everything the app does, for scripts and screen readers.

``output`` writes data to stdout, ``messages`` writes to stderr, and ``explorer.errors`` defines the exit codes.
A command's module is imported when the command runs, so ``list`` loads no HTTP library.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from explorer import __version__
from explorer.cli.messages import AS_JSON, say_error, say_internal_error
from explorer.cli.output import METER
from explorer.errors import ExplorerError, OutputFailed, ReaderGone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GROUPS: Final = {
    "Call": {
        "send": ("request_commands", "send_command"),
        "prepare": ("request_commands", "prepare_command"),
        "import": ("export_commands", "import_command"),
        "follow": ("replay_commands", "follow_command"),
    },
    "Debug": {
        "explain": ("explain_commands", "explain_command"),
        "doctor": ("doctor_command", "doctor_command"),
        "diff": ("compare_commands", "diff_command"),
        "lens": ("compare_commands", "lens_command"),
        "sandbox": ("sandbox_commands", "sandbox_command"),
    },
    "History and saved": {
        "history": ("history_commands", "history_command"),
        "replay": ("replay_commands", "replay_command"),
        "export": ("export_commands", "export_command"),
        "saved": ("saved_commands", "saved_command"),
    },
    "Catalog": {
        "list": ("catalog_commands", "list_command"),
        "show": ("catalog_commands", "show_command"),
        "docs": ("catalog_commands", "docs_command"),
        "check": ("catalog_commands", "check_command"),
        "compare": ("compare_commands", "compare_command"),
        "readings": ("readings_commands", "readings_command"),
        "drift": ("readings_commands", "drift_command"),
        "tracks": ("track_commands", "tracks_command"),
    },
    "Setup": {
        "login": ("login_commands", "login_command"),
        "logout": ("login_commands", "logout_command"),
        "tokens": ("login_commands", "tokens_command"),
        "trust": ("trust_command", "trust_command"),
        "completion": ("completion", "completion_command"),
        "help": ("help_command", "help_command"),
    },
}
"""Title of a group in the help → the commands in it → their modules and functions."""
_COMMANDS: Final = {name: place for commands in _GROUPS.values() for name, place in commands.items()}


class LazyGroup(click.Group):
    """A group that imports a command when it runs or is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command named *cmd_name*, or None."""
        from importlib import import_module

        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command = getattr(import_module(f"explorer.cli.{module}"), name)
        if not isinstance(command, click.Command):
            return None
        if "completing" in (ctx.obj or {}):
            from explorer.cli.completion import install

            install(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in groups."""
        width = max(len(name) for name in _COMMANDS)
        limit = formatter.width - 6 - width
        for title, commands in _GROUPS.items():
            rows = []
            for name in commands:
                command = self.get_command(ctx, name)
                if command is not None:
                    rows.append((name.ljust(width), command.get_short_help_str(limit)))
            with formatter.section(title):
                formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; fail with the closest name if it is unknown."""
        from explorer.errors import nearest

        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            match = nearest(args[0], _COMMANDS)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {match!r}?" if match else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="api-explorer")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Learn, debug and replay vendors' HTTP APIs.

    Run without a command to start the app.
    """
    ctx.ensure_object(dict)


def main(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run the command line on *arguments* and return the exit code. Never raises."""
    environ = os.environ if environ is None else environ
    settings: dict[str, Any] = {"environ": environ}
    METER.begin()
    try:
        result = cli.main(args=list(arguments), prog_name="api-explorer", standalone_mode=False, obj=settings)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Abort:
        return 130
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except OutputFailed as error:
        return _output_failed(error)
    except ExplorerError as error:
        return say_error(error, as_json=AS_JSON in settings)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - reported without its message and locals, which may be secret
        return say_internal_error(error, environ)
    return result if isinstance(result, int) else 0


def _output_failed(error: OutputFailed) -> int:
    """Report that stdout cannot be written, unless its reader closed the pipe."""
    from explorer.cli.streams import discard_output

    discard_output()
    return error.exit_code if isinstance(error, ReaderGone) else say_error(error)
