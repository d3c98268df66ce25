"""``sandbox``: serve the vendors on a local port for any HTTP client."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from explorer.cli.messages import say
from explorer.cli.output import print_lines, table
from explorer.cli.request_commands import parse_pair
from explorer.cli.session_options import session_of
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.sandbox.faults import FaultKind


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="Loopback port (default: any).")
@click.option(
    "-r",
    "--reading",
    "readings",
    multiple=True,
    metavar="VENDOR[.ENDPOINT].KEY=CHOICE",
    help="Choose a reading; repeatable.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[=VALUE][*TIMES][@VENDOR[.ENDPOINT]]",
    help="Inject a fault; --faults lists the kinds.",
)
@click.option("--faults", "list_faults", is_flag=True, help="List the kinds of faults and exit.")
@click.option("--accept-environment", is_flag=True, help="Accept credentials in API_EXPLORER_* variables.")
@click.pass_context
def sandbox_command(
    ctx: click.Context,
    port: int,
    readings: tuple[str, ...],
    faults: tuple[str, ...],
    list_faults: bool,
    accept_environment: bool,
) -> int:
    """Serve the vendors on loopback until interrupted.

    Base URLs and demo credentials are printed first.
    """
    from explorer.sandbox.faults import KINDS, parse_fault
    from explorer.sandbox.server import SandboxServer

    if list_faults:
        kinds = [(kind.name, kind.title, _value_text(kind)) for kind in KINDS.values()]
        print_lines(table([("fault", "effect", "value"), *kinds]))
        return 0
    session = session_of(ctx, keep_history=False)
    chosen = dict(parse_pair(word, "=", "--reading VENDOR[.ENDPOINT].KEY=CHOICE") for word in readings)
    accounts = ctx.obj["environ"] if accept_environment else {}
    server = SandboxServer(
        session.catalog,
        now=session.now,
        nonce=session.nonce,
        accounts_from=accounts,
        readings=chosen,
        faults=[parse_fault(word, session.catalog) for word in faults],
    )
    server.start(port)
    if port and server.port != port:
        server.stop()
        raise UsageError(f"port {port} is in use", hint="Choose another --port.")
    try:
        rows = [("vendor", "base URL", "demo credentials")]
        for vendor in session.catalog.vendors.values():
            demo = [f"{name}={item.sandbox}" for name, item in vendor.credentials.items() if item.sandbox]
            rows.append((vendor.id, server.base_url(vendor), " ".join(demo)))
        print_lines(table(rows))
        for fault in server.faults.faults:
            say(f"fault: {fault}")
        say("Serving. Press Ctrl+C to stop.")
        threading.Event().wait()
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        server.stop()
    return 0


def _value_text(kind: FaultKind) -> str:
    return kind.value + (f" ({kind.default})" if kind.default else "")
