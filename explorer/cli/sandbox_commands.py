"""``sandbox``: the vendors as a local server, for curl and for anything else that speaks HTTP."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from explorer.cli.messages import say
from explorer.cli.output import print_lines, table
from explorer.cli.request_commands import _pair
from explorer.cli.session_options import session_of
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.sandbox.faults import FaultKind


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The loopback port; any free one unless told.")
@click.option(
    "--reading", "readings", multiple=True, metavar="VENDOR[.ENDPOINT].KEY=CHOICE", help="Take another reading."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[=VALUE][*TIMES][@VENDOR[.ENDPOINT]]",
    help="Go wrong on purpose; --faults lists how.",
)
@click.option("--faults", "list_faults", is_flag=True, help="List the kinds of faults and end.")
@click.option("--accept-environment", is_flag=True, help="Also know the credentials in API_EXPLORER_* variables.")
@click.pass_context
def sandbox_command(
    ctx: click.Context,
    port: int,
    readings: tuple[str, ...],
    faults: tuple[str, ...],
    list_faults: bool,
    accept_environment: bool,
) -> int:
    """Serve the vendors on loopback until interrupted. Demo credentials and base URLs are printed."""
    from explorer.sandbox.faults import KINDS, parse_fault
    from explorer.sandbox.server import SandboxServer

    if list_faults:
        kinds = [(kind.name, kind.title, _value_of(kind)) for kind in KINDS.values()]
        print_lines(table([("fault", "what goes wrong", "value"), *kinds]))
        return 0
    session = session_of(ctx, keep_history=False)
    chosen = dict(_pair(word, "=", "--reading VENDOR[.ENDPOINT].KEY=CHOICE") for word in readings)
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
        raise UsageError(f"port {port} is taken", hint="Take another --port.")
    try:
        rows = [("vendor", "base URL", "demo credentials")]
        for vendor in session.catalog.vendors.values():
            demo = [f"{name}={one.sandbox}" for name, one in vendor.credentials.items() if one.sandbox]
            rows.append((vendor.id, server.base_url(vendor), " ".join(demo)))
        print_lines(table(rows))
        for fault in server.faults.faults:
            say(f"fault: {fault}")
        say("Serving; ctrl+c ends it.")
        threading.Event().wait()
    except KeyboardInterrupt:
        say("Ended.")
    finally:
        server.stop()
    return 0


def _value_of(kind: FaultKind) -> str:
    return kind.value + (f" ({kind.default})" if kind.default else "")
