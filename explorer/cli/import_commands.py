"""``import curl``: a curl line as a call of the catalog."""

from __future__ import annotations

import asyncio
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines
from explorer.cli.request_commands import allow_file_option, confirm, print_exchange
from explorer.cli.trust_options import trust_host_option
from explorer.core.form import typed_text
from explorer.core.text.secret import MASK
from explorer.errors import UsageError
from explorer.session.preparing import confirmation_for, redactor_for
from explorer.session.sending import send

if TYPE_CHECKING:
    from explorer.core.curl.importing import ImportedCall
    from explorer.core.exchange import Call, Entry, Exchange
    from explorer.session.context import SessionContext


@click.group("import")
def import_command() -> None:
    """Take over what was written for another program."""


@import_command.command("curl")
@click.argument("line", required=False, default="-", metavar="[LINE | -]")
@click.option("--json", "as_json", is_flag=True, help="The call (or with --send its result) as data.")
@click.option("--send", is_flag=True, help="Send the call as well.")
@click.option("--force", is_flag=True, help="Send although the form has errors.")
@click.option("--yes", is_flag=True, help="Do not ask before a call that a guarded environment asks about.")
@trust_host_option
@allow_file_option
@click.pass_context
def import_curl_command(
    ctx: click.Context, line: str, as_json: bool, send: bool, force: bool, yes: bool, allowed: tuple[str, ...]
) -> int:
    """Tell which call the curl LINE makes, as a line for this program. LINE is one quoted word, or - for stdin.

    What the catalog has no place for, and what would be sent otherwise, is said on stderr. Of the environment, only
    credential variables of the vendor at the URL fill $NAME in the line; --allow-file reads files that it names.
    The credentials of the vendor's own scheme are left out: they are made anew on sending.
    """
    import msgspec

    from explorer.session.exporting import import_curl_line

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
            print_json({**_table(shown), "notes": [redactor_for(session, call).text(one) for one in imported.notes]})
        else:
            print_lines(shlex.join(["api-explorer", "send", *_command_words(shown)]))
        return 0
    masked = [one.name for one in call.entries if MASK in one.value]
    if masked:
        raise UsageError(f"the value of {', '.join(masked)} is not in the line", hint="Set the variable that it names.")
    call = _with_read_values(session, call, imported)
    say(shlex.join(["api-explorer", "send", *_command_words(shown)]))
    question = confirmation_for(session, call)
    if question and not yes:
        confirm(question)
    exchange = asyncio.run(_send_imported(session, call))
    return print_exchange(session, exchange, None, as_json=as_json)


def _with_read_values(session: SessionContext, call: Call, imported: ImportedCall) -> Call:
    """*call* with what the line takes from elsewhere read.

    Raises:
        UsageError: something of it may not be read, so that another call would be sent.
    """
    from explorer.session.preparing import read_text_files

    if imported.unread:
        where = " and ".join("standard input" if path == "-" else path for path in imported.unread)
        paths = " ".join(f"--allow-file {path}" for path in imported.unread if path != "-")
        hint = f"Pass {paths}." if paths else "Put the body into the line, or into a file."
        raise UsageError(f"the body is in {where}, which is not read; nothing was sent", hint=hint)
    if imported.unexpanded:
        names = ", ".join(imported.unexpanded)
        marks = [sign + name for name in imported.unexpanded for sign in ("$", "${")]
        places = [one.name for one in call.entries if any(mark in one.value for mark in marks)]
        where = f"in {', '.join(places)} " if places else ""
        raise UsageError(
            f"the variable {names} {where}is not expanded; nothing was sent", hint="Put the value in its place."
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


def _command_words(call: Call) -> list[str]:
    """The words after ``send`` that make *call*."""
    words = [call.address, *(_word(one) for one in call.entries), "--env", call.environment]
    for option, value in (("--method", call.method), ("--base-url", call.base_url)):
        words += [option, value] if value else []
    for option, pairs, sign in (
        ("--reading", tuple(call.readings.items()), "="),
        ("--extra", call.extra, "="),
        ("--header", call.headers, ":"),
    ):
        for name, value in pairs:
            words += [option, f"{name}{sign}{value}"]
    return words


def _word(entry: Entry) -> str:
    if entry.kind == "json":
        return f"{entry.name}:={entry.value}"
    return f"{entry.name}=@{entry.value}" if entry.kind == "file" else f"{entry.name}={typed_text(entry.value)}"


def _table(call: Call) -> dict[str, Any]:
    """The call as data."""
    return {
        "address": call.address,
        "environment": call.environment,
        "method": call.method,
        "base_url": call.base_url,
        "entries": [{"name": one.name, "kind": one.kind, "value": one.value} for one in call.entries],
        "readings": call.readings,
        "extra": [list(pair) for pair in call.extra],
        "headers": [list(pair) for pair in call.headers],
    }
