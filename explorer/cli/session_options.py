"""Open the session of a command, with its options for hosts and files, and its track progress."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.messages import say
from explorer.core.origin import HostPattern, Origin
from explorer.session.factory import open_session

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from explorer.core.tracks import Feedback, Track
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


T = TypeVar("T")


def session_of(ctx: click.Context, *, keep_history: bool = True) -> SessionContext:
    """The session of this command line; bad files of the user are named on stderr."""
    session = open_session(ctx.obj["environ"], keep_history=keep_history)
    session.on_warning = say
    trust_named_hosts(ctx, session)
    for problem in (*session.catalog_problems, *session.settings_problems):
        say(f"left out: {problem}")
    if keep_history and session.folders.track_progress.exists():
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


def report_progress(session: SessionContext) -> None:
    """Let what this command sends count for the track under way, and say what it meant."""
    from explorer.errors import StoreError
    from explorer.session.tracks import open_track_session, watch_sends

    tutor = open_track_session(session)
    track = tutor.running
    if track is None:
        return

    def tell(heard: Feedback) -> None:
        say(
            f"track {track.id}, {heard.step.title}: {heard.kind}. {tutor.words(track, heard.text, action_words(track))}"
        )
        step = tutor.step(track)
        if step is not None and heard.kind in ("done", "back"):
            say(f"  next: {step.title}. {tutor.words(track, step.brief, action_words(track))}")
        try:
            tutor.save()
        except StoreError as error:
            say(error.sentence)

    watch_sends(session, tutor, tell)


def action_words(track: Track) -> dict[str, str]:
    """The actions that a track's texts name, as words: which keys they have is the app's affair."""
    texts = [f"{one.brief} {one.text} {one.learned} {' '.join(slip.text for slip in one.slips)}" for one in track.steps]
    return {name: f"[{name.replace('_', ' ')}]" for name in re.findall(r"\{key:(\w+)\}", " ".join(texts))}
