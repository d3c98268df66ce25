"""What ``send`` prints of a response: ``--include``, ``--verbose``, ``--body``, ``--filter`` and ``--table``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.filtering import JmesPath, filter_body, print_body_table
from explorer.cli.messages import say
from explorer.cli.output import print_body, print_line, print_lines, print_request_body, write_bytes
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.core.model import Exchange, Header, ReceivedResponse, SentRequest

_F = TypeVar("_F", bound=Callable[..., Any])
_BOLD = "1"


@dataclass(frozen=True, slots=True)
class ResponseOptions:
    """The parts of an exchange to print besides the body of the response."""

    include: bool = False
    """Also the status line and the headers of the response."""
    verbose: bool = False
    """Also the request, the status line and the headers of the response."""
    body: bool = False
    """Only the body: no report on stderr."""
    expression: str | None = None
    """The JMESPath expression whose result is printed instead of the body."""
    table: bool = False
    """Records as an aligned table."""

    def report(self, text: str) -> None:
        """Report *text* on stderr unless only the body is printed. Failures are reported with ``say``."""
        if not self.body:
            say(text)

    def print_head(self, exchange: Exchange) -> None:
        """Print what precedes the body; *exchange* is redacted."""
        response = exchange.response
        if self.verbose:
            _print_sent(exchange.request, response.http_version if response is not None else "HTTP/1.1")
        if response is not None and (self.include or self.verbose):
            _print_heading(f"{response.http_version} {response.status} {response.reason}".rstrip(), response.headers)

    def print_body(self, response: ReceivedResponse, *, unchanged: bool) -> None:
        """Print the body of the redacted *response*; *unchanged* also on a terminal."""
        body, content_type = response.body, response.header("content-type")
        if self.expression is not None:
            result = filter_body(body, content_type, self.expression)
            if result is None:
                return
            body, content_type = result, "application/json"
        if self.table:
            print_body_table(body, content_type)
        elif unchanged:
            write_bytes(body)
        else:
            print_body(body, content_type)


def response_options(command: _F) -> _F:
    """Add the options of ``ResponseOptions`` to *command*."""
    for decorate in reversed(
        (
            click.option("-i", "--include", is_flag=True, help="Print status line and headers, too."),
            click.option("-v", "--verbose", is_flag=True, help="Print the request, status line and headers, too."),
            click.option("-b", "--body", is_flag=True, help="Print only the body, with no report on stderr."),
            click.option("--filter", "expression", type=JmesPath(), help="Print the result for the JSON body."),
            click.option("--table", is_flag=True, help="Print the records as a table."),
        )
    ):
        command = decorate(command)
    return command


def refuse_together(*options: tuple[str, bool]) -> None:
    """Check that at most one of *options*, pairs of name and whether it is given, is given.

    Raises:
        UsageError: more than one is.
    """
    names = [name for name, is_given in options if is_given]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)} cannot be combined", hint="Use one of them.")


def _print_sent(request: SentRequest, http_version: str) -> None:
    """Print *request* as it is on the wire."""
    path = request.url.partition("://")[2].partition("/")[2]
    _print_heading(f"{request.method} /{path} {http_version}", request.headers)
    if request.body:
        print_request_body(request)
        print_lines("")


def _print_heading(first: str, headers: tuple[Header, ...]) -> None:
    print_line(sanitize_line(first), _BOLD)
    for name, value in headers:
        print_line(sanitize_line(f"{name}: {value}"))
    print_lines("")
