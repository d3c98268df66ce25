"""``doctor``: check a vendor end to end, with reads only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click

from explorer.cli.output import print_json, print_lines
from explorer.cli.session_options import base_url_option, json_option, session_of, trust_host_option

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from explorer.session.doctor import DoctorCheck

_MARKS: Final = {"ok": "✓", "failed": "✗", "warning": "!", "skipped": "–"}


@click.command("doctor")
@click.argument("vendor", metavar="VENDOR")
@click.option("-e", "--env", "environment", default="", metavar="NAME", help="Environment; usually the sandbox.")
@base_url_option
@trust_host_option
@click.option("--login", is_flag=True, help="Request a token if one is needed.")
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, vendor: str, environment: str, base_url: str, login: bool, as_json: bool) -> int:
    """Check the connection to VENDOR end to end.

    The checks cover host, clock, credentials, token, a read, version, pages and verdict. Only reads are sent.

    Exits with 0 if no check failed, 1 if one did, 3 if the vendor cannot be reached, 4 if credentials are missing or
    refused.
    """
    from explorer.session.doctor import exit_code_of

    session = session_of(ctx)
    checks = asyncio.run(_run_checks(session, vendor, environment, base_url, login, verbose=not as_json))
    if as_json:
        print_json(
            {
                "vendor": vendor,
                "environment": environment or session.default_environment(session.vendor(vendor)),
                "checks": [
                    {
                        "check": check.check,
                        "title": check.title,
                        "state": check.state,
                        "evidence": check.evidence,
                        "mend": check.fix,
                    }
                    for check in checks
                ],
            }
        )
    return exit_code_of(checks)


async def _run_checks(
    session: SessionContext, vendor: str, environment: str, base_url: str, login: bool, *, verbose: bool
) -> list[DoctorCheck]:
    from explorer.session.doctor import run_checks

    checks: list[DoctorCheck] = []
    try:
        async for check in run_checks(session, vendor, environment, base_url=base_url, login=login):
            checks.append(check)
            if verbose:
                print_lines(f"{_MARKS[check.state]} {check.title:<28} {check.evidence}")
                if check.fix and check.state in ("failed", "warning"):
                    print_lines(f"  {'':<28} → {check.fix}")
    finally:
        await session.close()
    return checks
