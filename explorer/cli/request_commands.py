"""``prepare`` and ``send``: one request, shown or sent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.catalog_commands import session_of
from explorer.cli.narration import say
from explorer.cli.output import put, put_body, put_json
from explorer.core.exchange import Call, Exchange, SentRequest
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.session import Session

_F = TypeVar("_F", bound=Callable[..., Any])


def _request_options(command: _F) -> _F:
    """The options that prepare and send share."""
    for decorate in reversed(
        (
            click.argument("address", metavar="VENDOR.ENDPOINT"),
            click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]..."),
            click.option("--env", "environment", help="The environment; the sandbox unless told."),
            click.option("--base-url", default="", help="Replaces the environment's base URL."),
            click.option("--method", default="", help="Another of the endpoint's methods, such as HEAD."),
            click.option("--reading", "readings", multiple=True, metavar="KEY=CHOICE", help="Take another reading."),
            click.option(
                "--extra", "extra", multiple=True, metavar="NAME=VALUE", help="An undocumented query parameter."
            ),
            click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header of your own."),
            click.option("--force", is_flag=True, help="Go on although the form has errors."),
            click.option("--show-secrets", is_flag=True, help="Do not mask secrets."),
            click.option("--json", "as_json", is_flag=True, help="The result as data."),
        )
    ):
        command = decorate(command)
    return command


def make_call(session: Session, address: str, values: tuple[str, ...], options: dict[str, Any]) -> Call:
    """The call that the words of a command line ask for.

    Raises:
        UsageError: a word cannot be read; UnknownName: vendor, endpoint or environment is not known.
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
@click.option("--at", type=float, metavar="UNIX_TIME", help="Sign as of that moment.")
@click.pass_context
def prepare_command(
    ctx: click.Context,
    /,
    address: str,
    values: tuple[str, ...],
    at: float | None,
    show_secrets: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Print the exact signed request and send nothing."""
    session = session_of(ctx, keep_history=False)
    prepared = session.prepare(make_call(session, address, values, options), at=at)
    for problem in prepared.problems:
        say(f"{problem.level}: {problem}")
    for name in prepared.missing:
        say(f"not signed: the credential {name} is missing")
    if prepared.before:
        say(f"note: {prepared.before}")
    request = prepared.request if show_secrets else prepared.shown
    if as_json:
        steps = [{"title": one.title, "text": one.text, "detail": one.detail} for one in prepared.steps]
        put_json({"request": request_table(request), "before": prepared.before, "steps": steps})
    else:
        put(request_text(request))
    return 0


@click.command("send")
@_request_options
@click.option("--all-pages", is_flag=True, help="Fetch every page, one after the other.")
@click.option("--max-pages", type=click.IntRange(min=1), help="At most so many pages.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the body to this file.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds for the whole exchange.")
@click.option("--yes", is_flag=True, help="Do not ask before a call that a guarded environment asks about.")
@click.pass_context
def send_command(
    ctx: click.Context,
    /,
    address: str,
    values: tuple[str, ...],
    all_pages: bool,
    max_pages: int | None,
    output: Path | None,
    timeout: float | None,
    yes: bool,
    show_secrets: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send the request, print the vendor's answer, and exit with the vendor's verdict."""
    session = session_of(ctx)
    call = make_call(session, address, values, options)
    question = session.confirmation(call)
    if question and not yes:
        _ask(question)
    pages = max_pages if max_pages is not None else (None if all_pages else 1)
    exchanges = asyncio.run(_send(session, call, pages, timeout))
    last = exchanges[-1]
    if output is not None:
        _write(output, last)
    shown = exchanges if show_secrets else [session.redacted(one) for one in exchanges]
    if as_json:
        put_json(exchange_table(shown))
    else:
        _narrate(shown)
        if output is None and shown[-1].response is not None:
            put_body(shown[-1].response.body if len(shown) == 1 else _merged_bytes(shown))
    return exit_code(exchanges)


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{question}, and nobody can be asked", hint="Say --yes if that is what you want.")
    if not click.confirm(f"This {question}. Go on?", default=False, err=True):
        raise click.Abort


async def _send(session: Session, call: Call, pages: int | None, timeout: float | None) -> list[Exchange]:
    exchanges: list[Exchange] = []
    try:
        async for exchange in session.pages(call, max_pages=pages, timeout=timeout):
            exchanges.append(exchange)
            if pages != 1:
                say(f"page {len(exchanges)}: {exchange.verdict.outcome} {exchange.request.url_without_query}")
    finally:
        await session.close()
    return exchanges


def exit_code(exchanges: list[Exchange]) -> int:
    """0 success, 1 the vendor said no, 3 no whole answer, 4 credentials refused (HTTP 401)."""
    for exchange in exchanges:
        if exchange.failure is not None:
            return exchange.failure.exit_code
        if exchange.verdict.outcome == "UNKNOWN":
            return 3
        if exchange.verdict.outcome != "OK":
            return 4 if exchange.verdict.http_status == 401 else 1
    return 0


def _write(path: Path, exchange: Exchange) -> None:
    try:
        path.write_bytes(exchange.response.body if exchange.response else b"")
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror}", hint="Name a file that can be written.") from None


def _narrate(exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
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


def sandbox_reason(exchange: Exchange) -> str:
    """What the sandbox says of a refusal: which check failed, what it expected and what it got; or an empty text."""
    from urllib.parse import unquote

    response = exchange.response
    reason = unquote(response.header("x-sandbox-reason")) if response else ""
    return f"sandbox, check {response.header('x-sandbox-check')}: {reason}" if response and reason else ""


def request_text(request: SentRequest) -> str:
    """A request as lines: request line, headers, an empty line, the body as text."""
    lines = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers)]
    if request.body:
        lines += ["", request.body.decode("utf-8", "replace")]
    return "\n".join(lines)


def request_table(request: SentRequest) -> dict[str, Any]:
    """A request as data: ``{method, url, headers, body}``."""
    return {
        "method": request.method,
        "url": request.url,
        "headers": _header_table(request.headers),
        "body": body_value(request.body),
    }


def _header_table(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def body_value(body: bytes) -> Any:
    """Parsed JSON where it is JSON, otherwise text; None for no body."""
    import json

    if not body:
        return None
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def exchange_table(exchanges: list[Exchange]) -> dict[str, Any]:
    """``send --json``: the last exchange, with the records of all pages merged where there were several."""
    last = exchanges[-1]
    response, verdict = last.response, last.verdict
    table: dict[str, Any] = {
        "request": request_table(last.request),
        "response": None
        if response is None
        else {
            "status": response.status,
            "reason": response.reason,
            "headers": _header_table(response.headers),
            "body": body_value(response.body) if len(exchanges) == 1 else _merged(exchanges),
        },
        "verdict": {
            "outcome": verdict.outcome,
            "http_status": verdict.http_status,
            "code": verdict.code,
            "message": verdict.message,
            "fields": [{"name": one.name, "message": one.message} for one in verdict.fields],
            "why": verdict.why,
            "meaning": verdict.meaning,
        },
        "timings": {
            "connected": last.timings.connected,
            "sent": last.timings.sent,
            "first_byte": last.timings.first_byte,
            "total": last.timings.total,
        },
        "pages": len(exchanges),
        "history": last.id or None,
    }
    if response is not None and response.truncated:
        table["response"]["truncated"] = response.truncated
    if last.failure is not None:
        table["error"] = {
            "kind": last.failure.kind,
            "title": last.failure.title,
            "message": last.failure.message,
            "hint": last.failure.hint,
        }
    reason = sandbox_reason(last)
    if reason:
        table["sandbox"] = reason
    return table


def _merged(exchanges: list[Exchange]) -> Any:
    return [body_value(one.response.body) for one in exchanges if one.response is not None]


def _merged_bytes(exchanges: list[Exchange]) -> bytes:
    bodies = [one.response.body.rstrip() for one in exchanges if one.response is not None]
    return b"\n".join(bodies) + b"\n"
