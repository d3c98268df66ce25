"""``login``, ``logout`` and ``tokens``."""

from __future__ import annotations

import asyncio
import shlex
import sys
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.session_options import base_url_option, session_of, trust_host_option
from explorer.core.auth import options_of
from explorer.core.model import Call
from explorer.core.text.env_names import variable_name
from explorer.core.text.secret import Secret
from explorer.core.text.units import format_local
from explorer.errors import CredentialError, UsageError
from explorer.session.login import log_in

if TYPE_CHECKING:
    from explorer.core.auth.token_history import TokenRecord
    from explorer.core.catalog.model import Vendor
    from explorer.session.context import SessionContext
    from explorer.session.token_overview import TokenOverview


@click.command("login")
@click.argument("vendor_id", metavar="VENDOR")
@click.option("--env", "environment", help="The environment; the vendor's default unless told.")
@base_url_option
@trust_host_option
@click.option("--no-browser", is_flag=True, help="Print the consent page's URL and paste the URL you land on.")
@click.option("--show-secrets", is_flag=True, help="Print the tokens as lines for a shell.")
@click.option("--json", "as_json", is_flag=True, help="What there is now as data.")
@click.pass_context
def login_command(
    ctx: click.Context,
    vendor_id: str,
    environment: str | None,
    base_url: str,
    no_browser: bool,
    show_secrets: bool,
    as_json: bool,
) -> int:
    """Ask for what is missing, keep it in the system's vault, and get a token where the vendor gives one."""
    session = session_of(ctx, keep_history=False)
    vendor = session.vendor(vendor_id)
    where = environment or session.default_environment(vendor)
    call = Call(vendor=vendor.id, endpoint=next(iter(vendor.endpoints)), environment=where, base_url=base_url)
    session.base_url(call)
    _ask_for_missing(session, vendor, where)

    async def go() -> str:
        async def show(url: str) -> None:
            say(f"Open this page and allow it:\n{url}")
            if not no_browser:
                await asyncio.to_thread(webbrowser.open, url)

        async def paste(_url: str) -> str:
            say("Paste the URL that you land on:")
            line: str = await asyncio.to_thread(sys.stdin.readline)
            return line.strip()

        try:
            said: str = await log_in(session, call, open_url=show, paste=paste if no_browser else None)
            await asyncio.to_thread(_save_tokens, session, vendor, where, call, show_secrets)
            return said
        finally:
            await session.close()

    said: str = asyncio.run(go())
    say(f"{vendor.title}, {where}: {said}")
    if as_json:
        print_json(
            {
                "vendor": vendor.id,
                "environment": where,
                "result": said,
                "credentials": _statuses(session, vendor, where),
            }
        )
    return 0


def _ask_for_missing(session: SessionContext, vendor: Vendor, environment: str) -> None:
    """Type what is missing, on a terminal only; each value goes to the vault, or stays for this call."""
    minted = _issued_credentials(vendor)
    for status in session.vault.status(vendor, environment):
        if status.present or status.name in minted:
            continue
        if not sys.stdin.isatty():
            continue
        text = click.prompt(
            f"{status.title} ({status.name}, empty to leave out)",
            default="",
            hide_input=status.secret,
            show_default=False,
            err=True,
        )
        if text:
            _save_credential(session, vendor, environment, status.name, Secret(text))


def _issued_credentials(vendor: Vendor) -> set[str]:
    """Credentials that the vendor itself gives out in a login."""
    return {name for auth in vendor.auth.values() for name in options_of(auth).issued}


def _save_credential(session: SessionContext, vendor: Vendor, environment: str, name: str, value: Secret) -> None:
    """Into the system's vault where there is one, else for this command only; says which."""
    try:
        session.vault.remember(vendor, environment, name, value, where="keyring")
        say(f"  {name}: kept in the system keyring")
    except CredentialError as error:
        session.vault.remember(vendor, environment, name, value)
        variable = variable_name(vendor.id, name)
        say(f"  {name}: good for this command only: {error.message}. Set {variable} to use it again.")


def _save_tokens(session: SessionContext, vendor: Vendor, environment: str, call: Call, show: bool) -> None:
    """Keep an OAuth2 login's tokens in the vault; a token that rotates is never kept, the next call signs in again."""
    for auth in vendor.auth.values():
        for kind, name in options_of(auth).stored:
            token = session.tokens(call).current(session.now(), kind)
            if token is None:
                continue
            _save_credential(session, vendor, environment, name, token.value)
            if show:
                print_lines(f"export {variable_name(vendor.id, name)}={shlex.quote(token.value.reveal())}")


def _statuses(session: SessionContext, vendor: Vendor, environment: str) -> list[dict[str, object]]:
    return [
        {"name": one.name, "present": one.present, "source": one.source, "variable": one.variable}
        for one in session.vault.status(vendor, environment)
    ]


@click.command("logout")
@click.argument("vendor_id", metavar="VENDOR")
@click.option("--env", "environment", help="The environment; the vendor's default unless told.")
@click.pass_context
def logout_command(ctx: click.Context, vendor_id: str, environment: str | None) -> int:
    """Forget what the system's vault holds for VENDOR."""
    session = session_of(ctx, keep_history=False)
    vendor = session.vendor(vendor_id)
    where = environment or session.default_environment(vendor)
    if where == "sandbox":
        raise UsageError("the sandbox's credentials are demo values and are not kept", hint="Name another --env.")
    for name in vendor.credentials:
        session.vault.forget(vendor, where, name)
    say(f"{vendor.title}, {where}: forgotten")
    return 0


@click.command("tokens")
@click.argument("vendor_id", metavar="[VENDOR]", required=False)
@click.option("--json", "as_json", is_flag=True, help="The lives as data.")
@click.pass_context
def tokens_command(ctx: click.Context, vendor_id: str | None, as_json: bool) -> int:
    """Tell of every token that the history or the vault knows: where it was minted, who used it, what replaced it."""
    from explorer.session.token_overview import past_or_warning, token_overviews

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
