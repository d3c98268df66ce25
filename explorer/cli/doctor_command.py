"""``doctor``: a vendor looked over end to end, with reads only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import click

from explorer.cli.output import print_json, print_lines
from explorer.cli.session_options import base_url_option, session_of, trust_host_option

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from explorer.session.doctor import DoctorCheck

_SIGNS: Final = {"ok": "✓", "failed": "✗", "warning": "!", "skipped": "–"}


@click.command("doctor")
@click.argument("vendor", metavar="VENDOR")
@click.option("--env", "environment", default="", help="The environment; the vendor's default unless told.")
@base_url_option
@trust_host_option
@click.option("--login", is_flag=True, help="Allow to ask the vendor for a token, where one is needed.")
@click.option("--json", "as_json", is_flag=True, help="The checks as data.")
@click.pass_context
def doctor_command(ctx: click.Context, vendor: str, environment: str, base_url: str, login: bool, as_json: bool) -> int:
    """Look a VENDOR over end to end: host, clock, credentials, token, a read, version, pages, verdict.

    Only reads are sent. Exits with 0 when nothing failed, 1 when a check did, 3 when the vendor cannot be reached, 4
    when credentials are missing or refused.
    """
    from explorer.session.doctor import exit_code_of

    session = session_of(ctx)
    found = asyncio.run(_examined(session, vendor, environment, base_url, login, tell=not as_json))
    if as_json:
        print_json(
            {
                "vendor": vendor,
                "environment": environment or session.default_environment(session.vendor(vendor)),
                "checks": [
                    {
                        "check": one.check,
                        "title": one.title,
                        "state": one.state,
                        "evidence": one.evidence,
                        "mend": one.fix,
                    }
                    for one in found
                ],
            }
        )
    return exit_code_of(found)


async def _examined(
    session: SessionContext, vendor: str, environment: str, base_url: str, login: bool, *, tell: bool
) -> list[DoctorCheck]:
    from explorer.session.doctor import run_checks

    found: list[DoctorCheck] = []
    try:
        async for one in run_checks(session, vendor, environment, base_url=base_url, login=login):
            found.append(one)
            if tell:
                print_lines(f"{_SIGNS[one.state]} {one.title:<28} {one.evidence}")
                if one.fix and one.state in ("failed", "warning"):
                    print_lines(f"  {'':<28} → {one.fix}")
    finally:
        await session.close()
    return found
