"""``login``, ``logout`` and ``tokens``: store credentials, get tokens, list their history."""

from __future__ import annotations

import asyncio
import shlex
import sys
import webbrowser
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.session_options import base_url_option, json_option, session_of, trust_host_option
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
@click.option("-e", "--env", "environment", metavar="NAME", help="Environment; usually the sandbox.")
@base_url_option
@trust_host_option
@click.option("--no-browser", is_flag=True, help="Print the consent URL; read the result from stdin.")
@click.option("--show-secrets", is_flag=True, help="Print the tokens as shell exports.")
@json_option
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
    """Store the credentials of VENDOR and request a token.

    Missing credentials are prompted for and stored in the system keyring.
    """
    session = session_of(ctx, keep_history=False)
    vendor = session.vendor(vendor_id)
    environment = environment or session.default_environment(vendor)
    call = Call(vendor=vendor.id, endpoint=next(iter(vendor.endpoints)), environment=environment, base_url=base_url)
    session.base_url(call)
    _prompt_for_missing(session, vendor, environment)

    async def log_in_and_save() -> str:
        async def show(url: str) -> None:
            say(f"Open this page and allow access:\n{url}")
            if not no_browser:
                await asyncio.to_thread(webbrowser.open, url)

        async def paste(_url: str) -> str:
            say("Paste the URL of the page you are redirected to:")
            line: str = await asyncio.to_thread(sys.stdin.readline)
            return line.strip()

        try:
            message: str = await log_in(session, call, open_url=show, paste=paste if no_browser else None)
            await asyncio.to_thread(_save_tokens, session, vendor, environment, call, show_secrets)
            return message
        finally:
            await session.close()

    message: str = asyncio.run(log_in_and_save())
    say(f"{vendor.title}, {environment}: {message}")
    if as_json:
        print_json(
            {
                "vendor": vendor.id,
                "environment": environment,
                "result": message,
                "credentials": _credential_tables(session, vendor, environment),
            }
        )
    return 0


def _prompt_for_missing(session: SessionContext, vendor: Vendor, environment: str) -> None:
    """Prompt for missing credentials if stdin is a terminal, and store them."""
    if not sys.stdin.isatty():
        return
    issued = _issued_credentials(vendor)
    for status in session.vault.status(vendor, environment):
        if status.present or status.name in issued:
            continue
        text = click.prompt(
            f"{status.title} ({status.name}, empty to skip)",
            default="",
            hide_input=status.secret,
            show_default=False,
            err=True,
        )
        if text:
            _save_credential(session, vendor, environment, status.name, Secret(text))


def _issued_credentials(vendor: Vendor) -> set[str]:
    """Return the names of the credentials that the vendor issues in a login."""
    return {name for auth in vendor.auth.values() for name in options_of(auth).issued}


def _save_credential(session: SessionContext, vendor: Vendor, environment: str, name: str, value: Secret) -> None:
    """Store a credential in the system keyring, or for this command if there is none; report which."""
    try:
        session.vault.remember(vendor, environment, name, value, where="keyring")
        say(f"  {name}: stored in the system keyring")
    except CredentialError as error:
        session.vault.remember(vendor, environment, name, value)
        variable = variable_name(vendor.id, name)
        say(f"  {name}: valid for this command only: {error.message}. Set {variable} to use it again.")


def _save_tokens(session: SessionContext, vendor: Vendor, environment: str, call: Call, show: bool) -> None:
    """Store the tokens of an OAuth2 login. Rotating tokens are not stored: the next call logs in again."""
    for auth in vendor.auth.values():
        for kind, name in options_of(auth).stored:
            token = session.tokens(call).current(session.now(), kind)
            if token is None:
                continue
            _save_credential(session, vendor, environment, name, token.value)
            if show:
                print_lines(f"export {variable_name(vendor.id, name)}={shlex.quote(token.value.reveal())}")


def _credential_tables(session: SessionContext, vendor: Vendor, environment: str) -> list[dict[str, object]]:
    return [
        {"name": status.name, "present": status.present, "source": status.source, "variable": status.variable}
        for status in session.vault.status(vendor, environment)
    ]


@click.command("logout")
@click.argument("vendor_id", metavar="VENDOR")
@click.option("-e", "--env", "environment", metavar="NAME", help="Environment; usually the sandbox.")
@click.pass_context
def logout_command(ctx: click.Context, vendor_id: str, environment: str | None) -> int:
    """Delete the credentials of VENDOR from the keyring."""
    session = session_of(ctx, keep_history=False)
    vendor = session.vendor(vendor_id)
    environment = environment or session.default_environment(vendor)
    if environment == "sandbox":
        raise UsageError("the sandbox has demo credentials, which are not stored", hint="Choose another --env.")
    for name in vendor.credentials:
        session.vault.forget(vendor, environment, name)
    say(f"{vendor.title}, {environment}: credentials deleted")
    return 0


@click.command("tokens")
@click.argument("vendor_id", metavar="[VENDOR]", required=False)
@json_option
@click.pass_context
def tokens_command(ctx: click.Context, vendor_id: str | None, as_json: bool) -> int:
    """List the known tokens, their use and replacement.

    Tokens come from the history and the stored credentials, and are shown as fingerprints.
    """
    from explorer.session.token_overview import past_or_warning, token_overviews

    session = session_of(ctx)
    if vendor_id:
        session.vendor(vendor_id)
    past, problem = past_or_warning(session)
    if problem:
        say(problem)
    overviews = [
        overview for overview in token_overviews(session, past) if not vendor_id or overview.vendor == vendor_id
    ]
    now = session.now()
    if as_json:
        print_json([_overview_table(overview, now) for overview in overviews])
        return 0
    for overview in overviews:
        note = "" if overview.token_records else ": no known token"
        place = " ".join(overview.place[1:]).strip()
        print_lines(f"{overview.title} ({overview.vendor}), {place}, {overview.scheme}{note}")
        print_lines(table([_token_cells(overview, token, now) for token in overview.token_records], "  ") + "\n")
    return 0


def _token_cells(overview: TokenOverview, token: TokenRecord, now: float) -> tuple[str, ...]:
    users = ", ".join(f"#{use.by}" for use in token.uses[-8:] if use.by)
    used = f"used by {users}" if users else "not used"
    replaced = f"replaced by {', '.join(token.replaced_by)}" if token.replaced_by else ""
    issued = f"issued by #{token.minted_by}" if token.minted_by else token.origin
    issued_at = format_local(token.minted_at) if token.minted_at is not None else "-"
    mark = "next" if token.fingerprint in overview.current else ""
    return token.fingerprint, token.kind, token.state(now)[0], mark, issued_at, issued, used, replaced


def _overview_table(overview: TokenOverview, now: float) -> dict[str, Any]:
    return {
        "vendor": overview.vendor,
        "environment": overview.environment,
        "base_url": overview.place[2],
        "scheme": overview.scheme,
        "minting": overview.minting,
        "ending": overview.ending,
        "grace_seconds": overview.grace,
        "tokens": [_token_table(overview, token, now) for token in overview.token_records],
    }


def _token_table(overview: TokenOverview, token: TokenRecord, now: float) -> dict[str, Any]:
    state, left = token.state(now)
    claims = overview.claims.get(token.fingerprint)
    return {
        "fingerprint": token.fingerprint,
        "kind": token.kind,
        "state": state,
        "seconds_left": left,
        "next": token.fingerprint in overview.current,
        "origin": token.origin,
        "minted_at": token.minted_at,
        "minted_by": token.minted_by or None,
        "expires_at": token.expires_at,
        "scope": token.scope or None,
        "replaces": token.replaces or None,
        "replaced_by": list(token.replaced_by),
        "uses": [
            {"exchange": use.by or None, "endpoint": use.endpoint, "at": use.at, "status": use.status}
            for use in token.uses
        ],
        "claims": {"header": claims.header, "claims": claims.claims} if claims is not None else None,
    }
