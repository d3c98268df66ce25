"""The options that say which hosts credentials may go to, and what they mean to the session of a command.

A ``--base-url`` that a person typed is consent for its origin; a base URL from anywhere else is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.core.origin import HostPattern, Origin

if TYPE_CHECKING:
    from explorer.session.context import SessionContext

_F = TypeVar("_F", bound=Callable[..., Any])
_KEY = "trusted_hosts"


def base_url_option(command: _F) -> _F:
    """Add ``--base-url`` to *command*."""
    return click.option(
        "--base-url",
        default="",
        callback=_base_url_option,
        help="Replaces the environment's base URL; its host is trusted.",
    )(command)


def trust_host_option(command: _F) -> _F:
    """Add ``--trust-host``, which every command that sends has, to *command*."""
    return click.option(
        "--trust-host",
        multiple=True,
        metavar="HOST[:PORT]",
        expose_value=False,
        callback=_hosts_option,
        help="Let credentials go to this host, too, in this run.",
    )(command)


def trust_named_hosts(ctx: click.Context, session: SessionContext) -> None:
    """Let *session* trust the hosts that were named on the command line."""
    session.trusted_here.extend(ctx.obj.get(_KEY, ()))


def _base_url_option(ctx: click.Context, _option: click.Parameter, value: str) -> str:
    origin = Origin.parse(value) if value else None
    if origin is not None:
        _remember(ctx, HostPattern(origin.host, origin.port, origin.scheme))
    return value


def _hosts_option(ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> None:
    for value in values:
        _remember(ctx, HostPattern.parse(value))


def _remember(ctx: click.Context, pattern: HostPattern) -> None:
    ctx.ensure_object(dict).setdefault(_KEY, []).append(pattern)
