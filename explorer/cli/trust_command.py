"""``trust``: list, add and remove hosts that may receive credentials besides those of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.session_options import json_option, session_of
from explorer.core.origin import Origin
from explorer.core.text.units import format_utc
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from explorer.store.journals import TrustedHost


@click.group("trust")
def trust_command() -> None:
    """List, add and remove hosts that may receive credentials.

    The hosts of the catalog are always trusted. This list contains the others that you allowed.
    """


@trust_command.command("list")
@click.argument("vendor_id", metavar="[VENDOR]", required=False)
@json_option
@click.pass_context
def trust_list(ctx: click.Context, vendor_id: str | None, as_json: bool) -> int:
    """List the trusted hosts, or those of VENDOR."""
    hosts = [host for host in _hosts(session_of(ctx, keep_history=False)) if vendor_id in (None, host.vendor)]
    if as_json:
        print_json(
            [
                {"origin": host.origin, "vendor": host.vendor, "environment": host.environment, "at": host.at}
                for host in hosts
            ]
        )
    elif hosts:
        print_lines(table([(host.origin, host.vendor, host.environment, format_utc(host.at)) for host in hosts]))
    else:
        say("no trusted hosts besides those of the catalog")
    return 0


@trust_command.command("add")
@click.argument("vendor_id", metavar="VENDOR")
@click.argument("url", metavar="URL")
@click.option("-e", "--env", "environment", required=True, metavar="NAME", help="Environment of the credentials.")
@click.pass_context
def trust_add(ctx: click.Context, vendor_id: str, url: str, environment: str) -> int:
    """Trust the host of URL with the credentials of VENDOR."""
    from explorer.session.trust import is_downgrade
    from explorer.store.journals import add_trusted

    session = session_of(ctx, keep_history=False)
    vendor = session.vendor(vendor_id)
    session.base_url_of(vendor, environment)
    origin = Origin.parse(url)
    if origin is None:
        raise UsageError(f"{url!r} is not a URL", hint="Example: https://api.example.com or http://127.0.0.1:8080.")
    if is_downgrade(session, vendor, environment, origin):
        raise UsageError(
            f"{origin} is plain http, and {vendor.id} {environment} uses https",
            hint="Use https, or give the environment an http base_url in a catalog of your own.",
        )
    add_trusted(session.folders, str(origin), vendor.id, environment, session.now())
    return 0


@trust_command.command("remove")
@click.argument("vendor_id", metavar="VENDOR")
@click.argument("url", metavar="URL")
@click.option("-e", "--env", "environment", metavar="NAME", help="Only for this environment.")
@click.pass_context
def trust_remove(ctx: click.Context, vendor_id: str, url: str, environment: str | None) -> int:
    """Remove the host of URL from the hosts of VENDOR."""
    from explorer.store.journals import revoke_trusted

    session = session_of(ctx, keep_history=False)
    origin = str(Origin.parse(url) or url)
    hosts = [
        host
        for host in _hosts(session)
        if (host.origin, host.vendor) == (origin, vendor_id) and environment in (None, host.environment)
    ]
    if not hosts:
        raise UsageError(
            f"{origin} is not a trusted host of {vendor_id}", hint="`api-explorer trust list` shows all of them."
        )
    revoke_trusted(session.folders, hosts, session.now())
    return 0


@trust_command.command("clear")
@click.pass_context
def trust_clear(ctx: click.Context) -> int:
    """Remove every host; the app asks again."""
    from explorer.store.journals import revoke_trusted

    session = session_of(ctx, keep_history=False)
    hosts = _hosts(session)
    revoke_trusted(session.folders, hosts, session.now())
    say(f"removed {len(hosts)} host{'' if len(hosts) == 1 else 's'}")
    return 0


def _hosts(session: SessionContext) -> tuple[TrustedHost, ...]:
    from explorer.session.trust import trusted_hosts

    return trusted_hosts(session)
