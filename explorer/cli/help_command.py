"""``help``: the help of a command, or the page of a vendor or an endpoint."""

from __future__ import annotations

import click

from explorer.cli.output import print_lines
from explorer.errors import UnknownName, UsageError


@click.command("help")
@click.argument("topic", nargs=-1, metavar="[COMMAND | VENDOR[.ENDPOINT]]")
@click.pass_context
def help_command(ctx: click.Context, topic: tuple[str, ...]) -> int:
    """Show the help of a command, or an endpoint's parameters.

    \b
    Examples:
      api-explorer help send
      api-explorer help history list
      api-explorer help endlessaisles.stock
    """
    context = ctx.find_root()
    commands = context.command.list_commands(context) if isinstance(context.command, click.Group) else []
    if topic and topic[0] not in commands:
        return _show(ctx, topic, commands)
    for name in topic:
        context = _subcommand(context, name)
    print_lines(context.get_help())
    return 0


def _subcommand(context: click.Context, name: str) -> click.Context:
    """Return a context of the command *name* below that of *context*.

    Raises:
        UsageError: there is no such command.
    """
    if not isinstance(context.command, click.Group):
        raise UsageError(
            f"{context.info_name} has no command {name!r}", hint=f"Use api-explorer help {context.info_name}."
        )
    command = context.command.get_command(context, name)
    if command is None:
        raise UnknownName(f"command of {context.command_path}", name, context.command.list_commands(context))
    return click.Context(command, parent=context, info_name=name)


def _show(ctx: click.Context, topic: tuple[str, ...], commands: list[str]) -> int:
    """Print what ``show`` prints of a vendor or an endpoint.

    Raises:
        UsageError: there is none of that name.
    """
    from explorer.cli.catalog_commands import show_command
    from explorer.cli.session_options import session_of

    address, *rest = topic
    if rest:
        raise UsageError(f"{' '.join(topic)!r} is not a command", hint="Example: api-explorer help history list.")
    if "." not in address:
        vendors = session_of(ctx, keep_history=False).catalog.vendors
        if address not in vendors:
            raise UnknownName("command or vendor", address, [*commands, *vendors])
    return int(ctx.invoke(show_command, address=address, as_json=False))
