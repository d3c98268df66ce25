"""``prepare`` and ``send``: one request, shown or sent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.messages import say
from explorer.cli.output import (
    METER,
    exchange_table,
    exit_code,
    part_table,
    parts_text,
    print_body,
    print_json,
    print_lines,
    print_request,
    request_table,
    sandbox_reason,
)
from explorer.cli.parameters import Seconds, UnixTime
from explorer.cli.session_options import base_url_option, session_of, trust_host_option
from explorer.core.model import Call, Exchange
from explorer.errors import UsageError
from explorer.session.prepare import confirmation_for, prepare_call, redact
from explorer.session.send import send

if TYPE_CHECKING:
    from explorer.session.context import SessionContext

_F = TypeVar("_F", bound=Callable[..., Any])


def call_options(command: _F) -> _F:
    """What a command needs to know for ``make_call``, its first words aside."""
    for decorate in reversed(
        (
            click.option("--env", "environment", help="The environment; the sandbox unless told."),
            base_url_option,
            click.option("--method", default="", help="Another of the endpoint's methods, such as HEAD."),
            click.option("--reading", "readings", multiple=True, metavar="KEY=CHOICE", help="Take another reading."),
            click.option(
                "--extra", "extra", multiple=True, metavar="NAME=VALUE", help="An undocumented query parameter."
            ),
            click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of your own."),
            click.option("--ask", multiple=True, metavar="NAME", help="Prompt for a value; it is not shown."),
            click.option("--force", is_flag=True, help="Go on although the form has errors."),
        )
    ):
        command = decorate(command)
    return command


def allow_file_option(command: _F) -> _F:
    """``--allow-file`` of a command whose requests come from a file or a pasted line."""
    decorate = click.option(
        "--allow-file",
        "allowed",
        multiple=True,
        metavar="PATH",
        help="A file, or all of a folder, that requests may read although it is outside the folder of saved requests.",
    )
    return decorate(command)


def _request_options(command: _F) -> _F:
    """The options that prepare and send share."""
    for decorate in reversed(
        (
            click.argument("address", metavar="VENDOR.ENDPOINT"),
            click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]..."),
            call_options,
            click.option("--show-secrets", is_flag=True, help="Do not mask secrets."),
            click.option("--json", "as_json", is_flag=True, help="The result as data."),
        )
    ):
        command = decorate(command)
    return command


def make_call(session: SessionContext, address: str, values: tuple[str, ...], options: dict[str, Any]) -> Call:
    """Return the call that the words of a command line ask for, its files, variables and standard input read.

    Raises:
        UsageError: a word, or what it names, cannot be read; UnknownName: vendor, endpoint or environment is not known.
    """
    from explorer.cli.parameters import read_values

    return read_values(session, parse_call(session, address, values, options), options["ask"])


def parse_call(session: SessionContext, address: str, values: tuple[str, ...], options: dict[str, Any]) -> Call:
    """Return the call as the words of a command line spell it; nothing that they name is read.

    Raises:
        UsageError: a word cannot be parsed; UnknownName: vendor, endpoint or environment is not known.
    """
    from explorer.core.form import parse_entry

    vendor, endpoint = session.endpoint(address)
    return Call(
        vendor=vendor.id,
        endpoint=endpoint.id,
        environment=options["environment"] or session.default_environment(vendor),
        method=options["method"].upper(),
        base_url=options["base_url"],
        entries=tuple(parse_entry(word) for word in values),
        readings=dict(_pair(word, "=", "--reading KEY=CHOICE") for word in options["readings"]),
        extra=tuple(_pair(word, "=", "--extra NAME=VALUE") for word in options["extra"]),
        headers=tuple(_header(word) for word in options["headers"]),
        force=options["force"],
    )


def _pair(word: str, sign: str, form: str) -> tuple[str, str]:
    name, found, value = word.partition(sign)
    if not found or not name:
        raise UsageError(f"{word!r} cannot be read", hint=f"Write {form}.")
    return name, value


def _header(word: str) -> tuple[str, str]:
    name, value = _pair(word, ":", "--header NAME:VALUE")
    return name.strip(), value.strip()


@click.command("prepare")
@_request_options
@click.option("--at", type=UnixTime(), help="Sign as of that moment.")
@click.option("--origins", is_flag=True, help="Say before each part where it is from: you, catalog, auth, …")
@click.pass_context
def prepare_command(
    ctx: click.Context,
    /,
    address: str,
    values: tuple[str, ...],
    at: float | None,
    origins: bool,
    show_secrets: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Print the exact signed request and send nothing."""
    from explorer.session.prepare import trace_parts

    session = session_of(ctx, keep_history=False)
    call = make_call(session, address, values, options)
    prepared = prepare_call(session, call, at=at)
    for problem in prepared.problems:
        say(f"{problem.level}: {problem}")
    for name in prepared.missing:
        say(f"not signed: the credential {name} is missing")
    if prepared.before:
        say(f"note: {prepared.before}")
    request = prepared.request if show_secrets else prepared.shown
    if as_json:
        steps = [{"title": one.title, "text": one.text, "detail": one.detail} for one in prepared.steps]
        parts = [part_table(part) for part in trace_parts(session, call, request)]
        print_json({"request": request_table(request), "before": prepared.before, "steps": steps, "origins": parts})
    elif origins:
        print_lines(parts_text(trace_parts(session, call, request)))
    else:
        print_request(request)
    return 0


@click.command("send")
@_request_options
@click.option("--all-pages", is_flag=True, help="Fetch every page; their records are merged into one array.")
@click.option("--max-pages", type=click.IntRange(min=1), help="Fetch pages, at most so many.")
@click.option(
    "--concurrency", type=click.IntRange(1, 64), default=4, help="Pages at once, where their number is told (4)."
)
@click.option("--ndjson", is_flag=True, help="The records alone, one a line, as they arrive.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the body to this file.")
@click.option("--timeout", type=Seconds(), help="Seconds for each request; a page that fails is tried again.")
@click.option("--yes", is_flag=True, help="Do not ask before a call that a guarded environment asks about.")
@trust_host_option
@click.pass_context
def send_command(
    ctx: click.Context,
    /,
    address: str,
    values: tuple[str, ...],
    all_pages: bool,
    max_pages: int | None,
    concurrency: int,
    ndjson: bool,
    output: Path | None,
    timeout: float | None,
    yes: bool,
    show_secrets: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send the request, print the vendor's answer, and exit with the vendor's verdict."""
    from explorer.session.collection import Collector

    if ndjson and as_json:
        raise UsageError("--ndjson and --json exclude each other", hint="Take one of them.")
    session = session_of(ctx)
    call = make_call(session, address, values, options)
    question = confirmation_for(session, call)
    if question and not yes:
        confirm(question)
    several = all_pages or max_pages is not None
    if several and not ndjson and not session.operation(call).endpoint.pagination:
        say("note: the catalog documents no paging for this call")
        several = False
    if several or ndjson:
        from explorer.cli.page_output import send_pages

        form = "ndjson" if ndjson else "json" if as_json else "array"
        most = max_pages if several else 1
        collector = Collector(
            session, call, max_pages=most, at_once=concurrency, timeout=timeout, masked=not show_secrets, tell=say
        )
        return asyncio.run(send_pages(session, collector, form, output))
    exchange = asyncio.run(_send(session, call, timeout))
    return print_exchange(session, exchange, output, as_json=as_json, show_secrets=show_secrets)


def print_exchange(
    session: SessionContext, exchange: Exchange, output: Path | None, *, as_json: bool, show_secrets: bool = False
) -> int:
    """Print what came of a send, and give the exit code of the vendor's verdict.

    Raises:
        UsageError: *output* cannot be written.
    """
    if output is not None:
        _write(output, exchange)
    shown = exchange if show_secrets else redact(session, exchange)
    past = f", or `api-explorer history show {exchange.id} | less`" if exchange.id else ""
    METER.hint = f"See all of it with --output FILE{past}."
    if as_json:
        print_json(exchange_table(shown))
    else:
        _report_exchange(shown)
        if output is None and shown.response is not None:
            print_body(shown.response.body, shown.response.header("content-type"))
    return exit_code(exchange)


def confirm(question: str) -> None:
    """Ask a person whether to go on.

    Raises:
        UsageError: there is nobody to ask; click.Abort: they said no.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{question}, and nobody can be asked", hint="Say --yes if that is what you want.")
    if not click.confirm(f"This {question}. Go on?", default=False, err=True):
        raise click.Abort


async def _send(session: SessionContext, call: Call, timeout: float | None) -> Exchange:
    try:
        return await send(session, call, timeout=timeout)
    finally:
        await session.close()


def _write(path: Path, exchange: Exchange) -> None:
    try:
        path.write_bytes(exchange.response.body if exchange.response else b"")
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror}", hint="Name a file that can be written.") from None


def _report_exchange(exchange: Exchange) -> None:
    verdict = exchange.verdict
    say(f"{exchange.request.method} {exchange.request.url}")
    if exchange.failure is not None:
        say(f"{exchange.failure.title}: {exchange.failure.message}")
        if exchange.failure.hint:
            say(f"  {exchange.failure.hint}")
    if exchange.response is not None:
        response = exchange.response
        say(
            f"{verdict.outcome}  HTTP {response.status} {response.reason}  {len(response.body):,} bytes  "
            f"{exchange.timings.total * 1000:.0f} ms  ({verdict.why})"
        )
        for text in (verdict.message, verdict.meaning, sandbox_reason(exchange)):
            if text:
                say(f"  {text}")
        for one in verdict.fields:
            say(f"  field {one.name}: {one.message}")
    if exchange.id:
        say(f"  kept as {exchange.id}")
