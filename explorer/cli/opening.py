"""The session that a command opens, and closes when it has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from explorer.cli.narration import say
from explorer.cli.trust_options import trust_named_hosts
from explorer.session_factory import open_session

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import click

    from explorer.session.context import SessionContext

T = TypeVar("T")


def session_of(ctx: click.Context, *, keep_history: bool = True) -> SessionContext:
    """The session of this command line; bad files of the user are named on stderr."""
    session = open_session(ctx.obj["environ"], keep_history=keep_history)
    session.on_warning = say
    trust_named_hosts(ctx, session)
    for problem in (*session.catalog_problems, *session.settings_problems):
        say(f"left out: {problem}")
    if keep_history and session.folders.track_progress.exists():
        from explorer.cli.track_telling import report_progress

        report_progress(session)
    return session


def run(session: SessionContext, work: Awaitable[T]) -> T:
    """Wait for *work*, then close the session."""

    async def wait() -> T:
        try:
            return await work
        finally:
            await session.close()

    return asyncio.run(wait())
