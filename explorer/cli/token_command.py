"""``tokens``: the life of every token, by its fingerprint; the tokens themselves are never printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines, table
from explorer.core.text.units import format_local

if TYPE_CHECKING:
    from explorer.core.auth.lifeline import TokenRecord
    from explorer.session.token_lines import TokenOverview


@click.command("tokens")
@click.argument("vendor_id", metavar="[VENDOR]", required=False)
@click.option("--json", "as_json", is_flag=True, help="The lives as data.")
@click.pass_context
def tokens_command(ctx: click.Context, vendor_id: str | None, as_json: bool) -> int:
    """Tell of every token that the history or the vault knows: where it was minted, who used it, what replaced it."""
    from explorer.session.token_lines import past_or_warning, token_overviews

    session = session_of(ctx)
    if vendor_id:
        session.vendor(vendor_id)
    past, problem = past_or_warning(session)
    if problem:
        say(problem)
    found = [one for one in token_overviews(session, past) if not vendor_id or one.vendor == vendor_id]
    now = session.now()
    if as_json:
        print_json([_board_table(board, now) for board in found])
        return 0
    for board in found:
        none = "" if board.token_records else ": no token is known"
        print_lines(f"{board.title} ({board.vendor}), {' '.join(board.place[1:]).strip()}, {board.scheme}{none}")
        print_lines(table([_row(board, life, now) for life in board.token_records], "  ") + "\n")
    return 0


def _row(board: TokenOverview, life: TokenRecord, now: float) -> tuple[str, ...]:
    uses = ", ".join(f"#{use.by}" for use in life.uses[-8:] if use.by) or "no request"
    replaced = f"replaced by {', '.join(life.replaced_by)}" if life.replaced_by else ""
    minted = f"minted by #{life.minted_by}" if life.minted_by else life.origin
    when = format_local(life.minted_at) if life.minted_at is not None else "-"
    mark = "next" if life.fingerprint in board.current else ""
    return life.fingerprint, life.kind, life.state(now)[0], mark, when, minted, f"used by {uses}", replaced


def _board_table(board: TokenOverview, now: float) -> dict[str, Any]:
    return {
        "vendor": board.vendor,
        "environment": board.environment,
        "base_url": board.place[2],
        "scheme": board.scheme,
        "minting": board.minting,
        "ending": board.ending,
        "grace_seconds": board.grace,
        "tokens": [_life_table(board, life, now) for life in board.token_records],
    }


def _life_table(board: TokenOverview, life: TokenRecord, now: float) -> dict[str, Any]:
    state, left = life.state(now)
    claims = board.claims.get(life.fingerprint)
    return {
        "fingerprint": life.fingerprint,
        "kind": life.kind,
        "state": state,
        "seconds_left": left,
        "next": life.fingerprint in board.current,
        "origin": life.origin,
        "minted_at": life.minted_at,
        "minted_by": life.minted_by or None,
        "expires_at": life.expires_at,
        "scope": life.scope or None,
        "replaces": life.replaces or None,
        "replaced_by": list(life.replaced_by),
        "uses": [
            {"exchange": use.by or None, "endpoint": use.endpoint, "at": use.at, "status": use.status}
            for use in life.uses
        ],
        "claims": {"header": claims.header, "claims": claims.claims} if claims is not None else None,
    }
