"""``export``: a call, sent or not, as something that runs elsewhere."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.opening import session_of
from explorer.cli.output import print_lines
from explorer.cli.request_commands import call_options, make_call
from explorer.core.export.formats import FORMATS, archive_formats, format_titles
from explorer.errors import UsageError
from explorer.session.remembering import past_exchange

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from explorer.core.exchange import Exchange
    from explorer.session.context import SessionContext

_OPTION_NAMES = {"environment": "env", "base_url": "base-url", "readings": "reading", "headers": "header"}


def _help() -> str:
    archive = " or ".join(f"--as {format_id}" for format_id in archive_formats())
    rows = "\n".join(f"{row.id:<8} {row.description}" for row in FORMATS.values())
    return (
        f"Write an entry of the history, or a call that was not sent, as {format_titles()}.\n\n"
        "Secrets are environment variables in what is written; a call that has to be signed is signed when it runs. "
        f"Several NUMBERs, or a --search, make one archive ({archive}), the oldest entry first.\n\n\b\n{rows}"
    )


class _FormatChoice(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """One of the registered export formats, as they are when the command line is read."""

    name = "choice"

    @property
    def _choice(self) -> click.Choice[str]:
        return click.Choice(list(FORMATS))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return self._choice.get_metavar(param, ctx)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return self._choice.convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return self._choice.shell_complete(ctx, param, incomplete)


class _ExportCommand(click.Command):
    """A command whose help names the registered formats, as they are when it is asked for."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = _help()
        super().format_help_text(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        self.help = _help()
        return super().get_short_help_str(limit)


@click.command("export", cls=_ExportCommand)
@click.argument("target", metavar="[NUMBER | VENDOR.ENDPOINT]", required=False, default="")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE | NUMBER]...")
@click.option(
    "--as",
    "format_id",
    type=_FormatChoice(),
    default=next(iter(FORMATS)),
    show_default=True,
    help="What to write.",
)
@click.option(
    "--search",
    metavar="WORDS",
    help=f"All entries of the history that the words ask for (--as {', '.join(archive_formats())}).",
)
@click.option("--limit", type=click.IntRange(min=1), help="How many entries of a search at most.  [default: 1000]")
@click.option("--show-secrets", is_flag=True, help="Put the secrets themselves in place of variables.")
@call_options
@click.pass_context
def export_command(
    ctx: click.Context,
    /,
    target: str,
    values: tuple[str, ...],
    format_id: str,
    search: str | None,
    limit: int | None,
    show_secrets: bool,
    **options: Any,
) -> int:
    """Write an export to stdout."""
    from explorer.session.exporting import export_call, export_exchanges

    if search is not None:
        if target or values:
            raise UsageError("a search and an entry are both given", hint="Name entries, or search for them.")
        session = session_of(ctx)
        exchanges = asyncio.run(_search_exchanges(session, search, limit))
        _put_bytes(export_exchanges(session, exchanges, format_id, show_secrets=show_secrets))
        return 0
    if not target:
        raise UsageError("nothing to export is named", hint="Name an entry, VENDOR.ENDPOINT, or --search WORDS.")
    if not target.isdecimal():
        session = session_of(ctx, keep_history=False)
        call = make_call(session, target, values, options)
        _put_bytes(export_call(session, call, format_id, show_secrets=show_secrets))
        return 0
    odd = [word for word in values if not word.isdecimal()]
    given = [name for name, value in options.items() if value]
    if odd or given:
        what = odd[0] if odd else f"--{_OPTION_NAMES.get(given[0], given[0])}"
        raise UsageError(f"{what!r} has no place beside an entry of the history", hint="It is written as it was sent.")
    session = session_of(ctx)
    exchanges = asyncio.run(_load_exchanges(session, [int(word) for word in (target, *values)]))
    _put_bytes(export_exchanges(session, exchanges, format_id, show_secrets=show_secrets))
    return 0


async def _search_exchanges(session: SessionContext, words: str, limit: int | None) -> list[Exchange]:
    from explorer.session.exporting import MAX_EXCHANGES, search_exchanges

    try:
        return await search_exchanges(session, words, limit=limit or MAX_EXCHANGES)
    finally:
        await session.close()


async def _load_exchanges(session: SessionContext, numbers: list[int]) -> list[Exchange]:
    try:
        return [await past_exchange(session, number) for number in numbers]
    finally:
        await session.close()


def _put_bytes(data: bytes) -> None:
    """Byte for byte into a pipe or file; sanitized on a terminal."""
    if sys.stdout.isatty():
        print_lines(data.decode("utf-8", "replace").removesuffix("\n"))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
