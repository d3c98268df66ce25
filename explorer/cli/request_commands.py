"""``prepare`` and ``send``: print a signed request, or send it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.color import color_option
from explorer.cli.messages import say
from explorer.cli.output import (
    METER,
    exchange_table,
    exit_code,
    is_stdout,
    part_table,
    parts_text,
    print_json,
    print_lines,
    print_request,
    request_table,
    sandbox_reason,
    write_bytes,
)
from explorer.cli.parameters import Seconds, UnixTime
from explorer.cli.response_options import ResponseOptions, refuse_together, response_options
from explorer.cli.session_options import base_url_option, json_option, session_of, trust_host_option, yes_option
from explorer.core.model import Call, Exchange
from explorer.core.text.units import format_elapsed, format_size
from explorer.errors import UsageError
from explorer.session.prepare import confirmation_for, prepare_call, redact
from explorer.session.send import send

if TYPE_CHECKING:
    from explorer.core.text.data import Data
    from explorer.session.context import SessionContext

_F = TypeVar("_F", bound=Callable[..., Any])

_BODY_AND_REPORT = ResponseOptions()
values_argument = click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the body to this file; -: to stdout, bytes unchanged.",
)


def call_options(command: _F) -> _F:
    """Add the options that ``parse_call`` reads to *command*."""
    for decorate in reversed(
        (
            click.option("-e", "--env", "environment", metavar="NAME", help="Environment; usually the sandbox."),
            base_url_option,
            click.option("--method", default="", metavar="METHOD", help="Use another of the endpoint's methods."),
            click.option("-r", "--reading", "readings", multiple=True, metavar="KEY=CHOICE", help="Choose a reading."),
            click.option(
                "-x",
                "--extra",
                "extra",
                multiple=True,
                metavar="NAME=VALUE",
                help="Add an undocumented query parameter.",
            ),
            click.option("-H", "--header", "headers", multiple=True, metavar="NAME:VALUE", help="Add a header."),
            click.option("--ask", multiple=True, metavar="NAME", help="Prompt for a value without echo."),
            click.option("--force", is_flag=True, help="Continue despite form errors."),
        )
    ):
        command = decorate(command)
    return command


def allow_file_option(command: _F) -> _F:
    """Add ``--allow-file`` to *command*, whose requests come from a file or a pasted line."""
    decorate = click.option(
        "--allow-file",
        "allowed",
        multiple=True,
        metavar="PATH",
        help="Let requests read this file or folder.",
    )
    return decorate(command)


def _request_options(command: _F) -> _F:
    """Add the arguments and options that ``prepare`` and ``send`` share to *command*."""
    for decorate in reversed(
        (
            click.argument("address", metavar="VENDOR.ENDPOINT"),
            values_argument,
            call_options,
            click.option("--show-secrets", is_flag=True, help="Print secrets unmasked."),
            json_option,
        )
    ):
        command = decorate(command)
    return command


def make_call(session: SessionContext, address: str, values: tuple[str, ...], options: dict[str, Any]) -> Call:
    """Parse arguments into a call, with its files, variables and standard input read.

    Raises:
        UsageError: an argument cannot be parsed, or its file or variable cannot be read.
        UnknownName: the vendor, endpoint or environment is unknown.
    """
    from explorer.cli.parameters import read_values

    return read_values(session, parse_call(session, address, values, options), options["ask"])


def parse_call(session: SessionContext, address: str, values: tuple[str, ...], options: dict[str, Any]) -> Call:
    """Parse arguments into a call without reading files, variables or standard input.

    Raises:
        UsageError: an argument cannot be parsed.
        UnknownName: the vendor, endpoint or environment is unknown.
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
        readings=dict(parse_pair(word, "=", "--reading KEY=CHOICE") for word in options["readings"]),
        extra=tuple(parse_pair(word, "=", "--extra NAME=VALUE") for word in options["extra"]),
        headers=tuple(_parse_header(word) for word in options["headers"]),
        force=options["force"],
    )


def parse_pair(word: str, separator: str, usage: str) -> tuple[str, str]:
    """Split *word* at *separator* into a name and a value; *usage* is what an error suggests.

    Raises:
        UsageError: the separator or the name is missing.
    """
    name, separated, value = word.partition(separator)
    if not separated or not name:
        raise UsageError(f"{word!r} has no {separator!r} after a name", hint=f"Use {usage}.")
    return name, value


def _parse_header(word: str) -> tuple[str, str]:
    name, value = parse_pair(word, ":", "--header NAME:VALUE")
    return name.strip(), value.strip()


@click.command("prepare")
@_request_options
@click.option("--at", type=UnixTime(), help="Sign as of this time.")
@click.option("--origins", is_flag=True, help="Print the origin of each part: you, catalog, auth …")
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
    """Print the exact signed request without sending it.

    NAME=VALUE is a string, NAME:=JSON any JSON value, NAME=@FILE a file.

    \b
    Examples:
      api-explorer prepare endlessaisles.stock sku=81001
      api-explorer prepare cottoncart.stats_sales --at 1329130234
      api-explorer prepare fashionphile.product_search --origins
    """
    from explorer.session.prepare import trace_parts

    session = session_of(ctx, keep_history=False)
    call = make_call(session, address, values, options)
    prepared = prepare_call(session, call, at=at)
    for problem in prepared.problems:
        say(f"{problem.level}: {problem}")
    for name in prepared.missing:
        say(f"not signed: credential {name} is missing")
    if prepared.before:
        say(f"note: {prepared.before}")
    request = prepared.request if show_secrets else prepared.shown
    if as_json:
        steps = [{"title": step.title, "text": step.text, "detail": step.detail} for step in prepared.steps]
        parts = [part_table(part) for part in trace_parts(session, call, request)]
        print_json({"request": request_table(request), "before": prepared.before, "steps": steps, "origins": parts})
    elif origins:
        print_lines(parts_text(trace_parts(session, call, request)))
    else:
        print_request(request)
    return 0


@click.command("send")
@_request_options
@click.option("--all-pages", is_flag=True, help="Fetch every page and merge the records.")
@click.option("--max-pages", type=click.IntRange(min=1), metavar="N", help="Fetch at most N pages.")
@click.option(
    "--concurrency", type=click.IntRange(1, 64), default=4, metavar="N", help="Fetch N pages at a time (default 4)."
)
@click.option("--ndjson", is_flag=True, help="Print one record per line as it arrives.")
@output_option
@response_options
@click.option("-t", "--timeout", type=Seconds(), help="Time limit of each request.")
@yes_option
@trust_host_option
@color_option
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
    include: bool,
    verbose: bool,
    body: bool,
    expression: str | None,
    table: bool,
    timeout: float | None,
    yes: bool,
    show_secrets: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send a request and print the response.

    NAME=VALUE is a string, NAME:=JSON any JSON value, NAME=@FILE a file.

    Exits with the verdict: 0 success, 1 failure, 2 not sent, 3 no complete response, 4 credentials missing or refused.

    \b
    Examples:
      api-explorer send endlessaisles.stock sku=81001
      api-explorer send quickstart.customers_list page=1 --all-pages --ndjson
      api-explorer send cottoncart.stats_sales --env production --json
    """
    from explorer.session.collection import Collector

    several = all_pages or max_pages is not None
    refuse_together(("--ndjson", ndjson), ("--json", as_json))
    refuse_together(("--json", as_json), ("--output -", is_stdout(output)))
    for name, is_given in (("--include", include), ("--verbose", verbose)):
        refuse_together((name, is_given), ("--body", body))
        refuse_together((name, is_given), ("--json", as_json))
        refuse_together((name, is_given), ("--ndjson", ndjson))
        refuse_together((name, is_given), ("--all-pages" if all_pages else "--max-pages", several))
    for name, is_given in (("--body", body), ("--filter", expression is not None), ("--table", table)):
        refuse_together((name, is_given), ("--json", as_json))
    for name, is_given in (("--filter", expression is not None), ("--table", table)):
        refuse_together((name, is_given), ("--output", output is not None))
    refuse_together(("--table", table), ("--ndjson", ndjson))
    printed = ResponseOptions(include, verbose, body, expression, table)
    session = session_of(ctx)
    call = make_call(session, address, values, options)
    question = confirmation_for(session, call)
    if question and not yes:
        confirm(question)
    if several and not ndjson and not session.operation(call).endpoint.pagination:
        printed.report(f"note: the catalog documents no paging for {address}")
        several = False
    if several or ndjson:
        from explorer.cli.page_output import send_pages

        output_format = "ndjson" if ndjson else "json" if as_json else "array"
        limit = max_pages if several else 1
        collector = Collector(
            session,
            call,
            max_pages=limit,
            at_once=concurrency,
            timeout=timeout,
            masked=not show_secrets,
            tell=printed.report,
        )
        return asyncio.run(send_pages(session, collector, output_format, output, printed))
    exchange = asyncio.run(_send(session, call, timeout))
    return print_exchange(session, exchange, output, as_json=as_json, show_secrets=show_secrets, printed=printed)


def print_exchange(
    session: SessionContext,
    exchange: Exchange,
    output: Path | None,
    *,
    as_json: bool,
    show_secrets: bool = False,
    printed: ResponseOptions = _BODY_AND_REPORT,
) -> int:
    """Print the response, as *printed* selects its parts, and return the exit code of its verdict.

    Raises:
        UsageError: *output* cannot be written.
    """
    if output is not None and not is_stdout(output):
        write_file(output, exchange.response.body if exchange.response else b"")
    shown = exchange if show_secrets else redact(session, exchange)
    command = f", or run `api-explorer history show {exchange.id} | less`" if exchange.id else ""
    METER.hint = f"Write it to a file with --output FILE{command}."
    if as_json:
        print_json(exchange_table(shown))
    else:
        _report_exchange(shown, printed)
        printed.print_head(shown)
        if shown.response is not None and (output is None or is_stdout(output)):
            printed.print_body(shown.response, unchanged=output is not None)
    return exit_code(exchange)


def confirm(question: str) -> None:
    """Ask the user to confirm; *question* states the consequence.

    Raises:
        UsageError: there is no terminal to ask on.
        click.Abort: the user declined.
    """
    if not sys.stdin.isatty():
        raise UsageError(question, hint="Pass --yes to confirm.")
    if not click.confirm(f"{question}. Continue?", default=False, err=True):
        raise click.Abort


async def _send(session: SessionContext, call: Call, timeout: float | None) -> Exchange:
    try:
        return await send(session, call, timeout=timeout)
    finally:
        await session.close()


def write_file(path: Path, data: Data) -> None:
    """Write *data* to the file of ``--output``; ``-`` is stdout, also if it is a terminal.

    Raises:
        UsageError: it cannot be written.
    """
    if is_stdout(path):
        write_bytes(data)
        return
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror}", hint="Choose a file that can be written.") from None


def _report_exchange(exchange: Exchange, printed: ResponseOptions) -> None:
    verdict = exchange.verdict
    printed.report(f"{exchange.request.method} {exchange.request.url}")
    if exchange.failure is not None:
        say(f"{exchange.failure.title}: {exchange.failure.message}")
        if exchange.failure.hint:
            say(f"  {exchange.failure.hint}")
    if exchange.response is not None:
        response = exchange.response
        printed.report(
            f"{verdict.outcome}  HTTP {response.status} {response.reason}  {format_size(len(response.body))}  "
            f"{format_elapsed(exchange.timings.total)}  ({verdict.why})"
        )
        for text in (verdict.message, verdict.meaning, sandbox_reason(exchange)):
            if text:
                printed.report(f"  {text}")
        for field in verdict.fields:
            printed.report(f"  field {field.name}: {field.message}")
    if exchange.id:
        printed.report(f"  history {exchange.id}")
