"""``versioned_call``: the same call under two versions, and what differs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.diff_command import comparison_table, print_comparison
from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.param_types import Seconds
from explorer.cli.request_commands import call_options, confirm, make_call
from explorer.cli.trust_options import trust_host_option

if TYPE_CHECKING:
    from explorer.core.diff import Comparison
    from explorer.session.context import SessionContext
    from explorer.session.versions import VersionComparison, VersionedCall


@click.command("lens")
@click.argument("address", metavar="VENDOR.ENDPOINT")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]...")
@call_options
@click.option("--version", "versions", multiple=True, metavar="WORD", help="A version to ask for; give two.")
@click.option("--all", "everything", is_flag=True, help="All lines, not only the changes with three around them.")
@click.option("--timeout", type=Seconds(), help="Seconds for each exchange.")
@click.option("--yes", is_flag=True, help="Do not ask before a call that is no read.")
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
@trust_host_option
@click.pass_context
def lens_command(
    ctx: click.Context,
    /,
    address: str,
    values: tuple[str, ...],
    versions: tuple[str, ...],
    everything: bool,
    timeout: float | None,
    yes: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send a call under two versions of a vendor's Accept header, and compare what comes back.

    Without --version the versions that can be asked for are listed and nothing is sent; one is compared with the
    documented version. A WORD is one of that list, a number (v2), or a whole media type.

    Exits with 0 where nothing differs but what is volatile and the version asked for, and with 1 where something does.
    """
    from explorer.session.versions import versioned_call

    session = session_of(ctx)
    call = make_call(session, address, values, options)
    through = versioned_call(session, call)
    if not versions:
        return _list_versions(through, as_json=as_json)
    if len(versions) > 2:
        raise click.UsageError("Give two versions at most.")
    if through.question and not yes:
        confirm(through.question)
    words = versions if len(versions) == 2 else ("documented", versions[0])
    seen, comparison = asyncio.run(_compare(session, through, words, timeout))
    for note in seen.notes:
        say(f"note: {note}")
    if as_json:
        rows = [{"key": one.key, "accept": one.accept or None, "documented": one.documented} for one in seen.variants]
        print_json({"versions": rows, "notes": seen.notes, **comparison_table(comparison)})
        return 1 if comparison.found("response") else 0
    print_comparison(comparison, None, everything=everything, as_json=False)
    return 1 if comparison.found("response") else 0


def _list_versions(through: VersionedCall, *, as_json: bool) -> int:
    if as_json:
        print_json(
            [
                {"key": one.key, "accept": one.accept or None, "documented": one.documented, "title": one.title}
                for one in through.variants
            ]
        )
        return 0
    if through.note:
        say(through.note)
    print_lines(table([(one.key, one.accept or "(none)", one.title) for one in through.variants]))
    return 0


async def _compare(
    session: SessionContext, through: VersionedCall, words: tuple[str, ...], timeout: float | None
) -> tuple[VersionComparison, Comparison]:
    from explorer.session.comparing import compare
    from explorer.session.versions import compare_versions

    try:
        one, other = (through.variant(word) for word in words)
        seen = await compare_versions(session, through, one, other, agreed=True, timeout=timeout)
        return seen, await compare(session, *seen.exchanges)
    finally:
        await session.close()
