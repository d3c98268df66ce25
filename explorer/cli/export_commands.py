"""``export`` and ``import``: convert calls to and from other formats."""

from __future__ import annotations

import asyncio
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.color import color_option
from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, write_bytes
from explorer.cli.request_commands import allow_file_option, call_options, confirm, make_call, print_exchange
from explorer.cli.session_options import json_option, session_of, trust_host_option, yes_option
from explorer.core.export.formats import FORMATS, archive_formats, format_titles
from explorer.core.form import typed_text
from explorer.core.text.secret import MASK
from explorer.errors import UsageError
from explorer.session.history import past_exchange
from explorer.session.prepare import confirmation_for, redactor_for
from explorer.session.send import send

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from explorer.core.curl.importing import ImportedCall
    from explorer.core.model import Call, Entry, Exchange
    from explorer.session.context import SessionContext


_OPTION_NAMES = {"environment": "env", "base_url": "base-url", "readings": "reading", "headers": "header"}


def _help() -> str:
    archive = " or ".join(f"--as {format_id}" for format_id in archive_formats())
    rows = "\n".join(f"{row.id:<8} {row.description}" for row in FORMATS.values())
    return (
        f"Export a history entry or a call.\n\nWrites {format_titles()} to stdout. Secrets become environment "
        "variables, and signatures are computed when the export runs. "
        f"Several NUMBERs, or --search, are written as one archive ({archive}), oldest first.\n\n\b\n{rows}"
    )


class _FormatChoice(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """One of the export formats that are registered when the arguments are parsed."""

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
    """A command whose help lists the export formats that are registered when it is shown."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = _help()
        super().format_help_text(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        self.help = _help()
        return super().get_short_help_str(limit)


@click.command("export", cls=_ExportCommand)
@click.argument("target", metavar="[NUMBER | VENDOR.ENDPOINT]", required=False, default="")
@click.argument("values", nargs=-1, metavar="[NUMBER | NAME=VALUE]...")
@click.option(
    "--as",
    "format_id",
    type=_FormatChoice(),
    default=next(iter(FORMATS)),
    show_default=True,
    help="Output format.",
)
@click.option(
    "--search",
    metavar="WORDS",
    help=f"Export the matching entries (as {' or '.join(archive_formats())}).",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Export at most N matches (default 1000).")
@click.option("--show-secrets", is_flag=True, help="Write secrets instead of variables.")
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
    """Write an export to stdout. ``_help`` is the help text."""
    from explorer.session.export import export_call, export_exchanges

    if search is not None:
        if target or values:
            raise UsageError(f"--search cannot be combined with {target}", hint="Pass numbers or --search.")
        session = session_of(ctx)
        exchanges = asyncio.run(_search_exchanges(session, search, limit))
        _print_bytes(export_exchanges(session, exchanges, format_id, show_secrets=show_secrets))
        return 0
    if not target:
        raise UsageError("nothing to export", hint="Pass a history number, VENDOR.ENDPOINT or --search WORDS.")
    if not target.isdecimal():
        session = session_of(ctx, keep_history=False)
        call = make_call(session, target, values, options)
        _print_bytes(export_call(session, call, format_id, show_secrets=show_secrets))
        return 0
    arguments = [word for word in values if not word.isdecimal()]
    changes = arguments or [f"--{_OPTION_NAMES.get(name, name)}" for name, value in options.items() if value]
    if changes:
        raise UsageError(
            f"{changes[0]!r} cannot change a history entry",
            hint="An entry is exported as it was sent. Pass VENDOR.ENDPOINT to export another call.",
        )
    session = session_of(ctx)
    exchanges = asyncio.run(_load_exchanges(session, [int(word) for word in (target, *values)]))
    _print_bytes(export_exchanges(session, exchanges, format_id, show_secrets=show_secrets))
    return 0


async def _search_exchanges(session: SessionContext, words: str, limit: int | None) -> list[Exchange]:
    from explorer.session.export import MAX_EXCHANGES, search_exchanges

    try:
        return await search_exchanges(session, words, limit=limit or MAX_EXCHANGES)
    finally:
        await session.close()


async def _load_exchanges(session: SessionContext, numbers: list[int]) -> list[Exchange]:
    try:
        return [await past_exchange(session, number) for number in numbers]
    finally:
        await session.close()


def _print_bytes(data: bytes) -> None:
    """Write *data* byte for byte into a pipe or file, sanitized on a terminal."""
    if sys.stdout.isatty():
        print_lines(data.decode("utf-8", "replace").removesuffix("\n"))
        return
    write_bytes(data)


@click.group("import")
def import_command() -> None:
    """Import calls written for other programs."""


@import_command.command("curl")
@click.argument("line", required=False, default="-", metavar="[LINE | -]")
@json_option
@click.option("--send", is_flag=True, help="Send the call, too.")
@click.option("--force", is_flag=True, help="Send despite form errors.")
@yes_option
@trust_host_option
@allow_file_option
@color_option
@click.pass_context
def import_curl_command(
    ctx: click.Context, line: str, as_json: bool, send: bool, force: bool, yes: bool, allowed: tuple[str, ...]
) -> int:
    """Convert a curl LINE to a command of this program.

    LINE is one quoted argument, or - for standard input. Differences from the original request are reported on stderr.
    Credentials of the vendor's auth scheme are left out, because sending creates them again. Only credential variables
    of the vendor replace $NAME in the line; only files passed with --allow-file are read.
    """
    import msgspec

    from explorer.session.export import import_curl_line

    session = session_of(ctx, keep_history=send)
    for path in allowed:
        session.files.allow(path)
    text = sys.stdin.read() if line == "-" else line
    imported = import_curl_line(session, text)
    call = msgspec.structs.replace(imported.call, force=force)
    shown = redactor_for(session, call).call(session.operation(call).endpoint, call)
    for note in imported.notes:
        say(f"note: {redactor_for(session, call).text(note)}")
    if not send:
        if as_json:
            print_json(
                {**_call_table(shown), "notes": [redactor_for(session, call).text(note) for note in imported.notes]}
            )
        else:
            print_lines(shlex.join(["api-explorer", "send", *_send_arguments(shown)]))
        return 0
    masked = [entry.name for entry in call.entries if MASK in entry.value]
    if masked:
        raise UsageError(f"the value of {', '.join(masked)} is masked", hint="Set the variable that the line names.")
    call = _with_read_values(session, call, imported)
    say(shlex.join(["api-explorer", "send", *_send_arguments(shown)]))
    question = confirmation_for(session, call)
    if question and not yes:
        confirm(question)
    exchange = asyncio.run(_send_imported(session, call))
    return print_exchange(session, exchange, None, as_json=as_json)


def _with_read_values(session: SessionContext, call: Call, imported: ImportedCall) -> Call:
    """Return *call* with the files of the line read.

    Raises:
        UsageError: a file or variable of the line may not be read.
    """
    from explorer.session.prepare import read_text_files

    if imported.unread:
        where = " and ".join("standard input" if path == "-" else path for path in imported.unread)
        paths = " ".join(f"--allow-file {path}" for path in imported.unread if path != "-")
        hint = f"Pass {paths}." if paths else "Put the body into the line or a file."
        raise UsageError(f"the body is in {where}, which was not read; nothing was sent", hint=hint)
    if imported.unexpanded:
        names = ", ".join(imported.unexpanded)
        marks = [sign + name for name in imported.unexpanded for sign in ("$", "${")]
        fields = [entry.name for entry in call.entries if any(mark in entry.value for mark in marks)]
        where = f"in {', '.join(fields)} " if fields else ""
        raise UsageError(
            f"the variable {names} {where}was not expanded; nothing was sent", hint="Replace it with its value."
        )
    for entry in call.entries:
        if entry.kind == "file":
            session.files.check(entry.value)
    return read_text_files(session, call)


async def _send_imported(session: SessionContext, call: Call) -> Exchange:
    try:
        return await send(session, call)
    finally:
        await session.close()


def _send_arguments(call: Call) -> list[str]:
    """Return the arguments of ``send`` that reproduce *call*."""
    arguments = [call.address, *(_value_argument(entry) for entry in call.entries), "--env", call.environment]
    for option, value in (("--method", call.method), ("--base-url", call.base_url)):
        arguments += [option, value] if value else []
    for option, pairs, separator in (
        ("--reading", tuple(call.readings.items()), "="),
        ("--extra", call.extra, "="),
        ("--header", call.headers, ":"),
    ):
        for name, value in pairs:
            arguments += [option, f"{name}{separator}{value}"]
    return arguments


def _value_argument(entry: Entry) -> str:
    if entry.kind == "json":
        return f"{entry.name}:={entry.value}"
    return f"{entry.name}=@{entry.value}" if entry.kind == "file" else f"{entry.name}={typed_text(entry.value)}"


def _call_table(call: Call) -> dict[str, Any]:
    """Return *call* as JSON data."""
    return {
        "address": call.address,
        "environment": call.environment,
        "method": call.method,
        "base_url": call.base_url,
        "entries": [{"name": entry.name, "kind": entry.kind, "value": entry.value} for entry in call.entries],
        "readings": call.readings,
        "extra": [list(pair) for pair in call.extra],
        "headers": [list(pair) for pair in call.headers],
    }
