"""The session of a command, the options that commands share, and the progress of the running track."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.messages import AS_JSON, say
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
        metavar="URL",
        help="Use this base URL and trust its host.",
    )(command)


def trust_host_option(command: _F) -> _F:
    """Add ``--trust-host`` to *command*, which sends requests."""
    return click.option(
        "--trust-host",
        multiple=True,
        metavar="HOST[:PORT]",
        expose_value=False,
        callback=_hosts_option,
        help="Trust this host for this run.",
    )(command)


def trust_named_hosts(ctx: click.Context, session: SessionContext) -> None:
    """Trust the hosts named on the command line in *session*."""
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


def json_flag(text: str) -> Callable[[_F], _F]:
    """Return the decorator that adds ``-j``/``--json`` with the help *text* to a command."""
    return click.option("-j", "--json", "as_json", is_flag=True, is_eager=True, callback=_note_json, help=text)


def _note_json(ctx: click.Context, _option: click.Parameter, value: bool) -> bool:
    """Note in the context that errors are reported as JSON, too; eager, so that other options' errors are."""
    if value:
        ctx.ensure_object(dict)[AS_JSON] = True
    return value


json_option = json_flag("Print JSON.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Skip the confirmation.")

T = TypeVar("T")


def session_of(ctx: click.Context, *, keep_history: bool = True) -> SessionContext:
    """Open the session of a command; report invalid user files on stderr."""
    session = open_session(ctx.obj["environ"], keep_history=keep_history)
    session.on_warning = say
    trust_named_hosts(ctx, session)
    for problem in (*session.catalog_problems, *session.settings_problems):
        say(f"ignored: {problem}")
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
    """Count what this command sends as progress of the running track, and report the feedback."""
    from explorer.errors import StoreError
    from explorer.session.tracks import open_track_session, watch_sends

    tutor = open_track_session(session)
    track = tutor.running
    if track is None:
        return

    def report(feedback: Feedback) -> None:
        text = tutor.words(track, feedback.text, action_words(track))
        say(f"track {track.id}, {feedback.step.title}: {feedback.kind}. {text}")
        step = tutor.step(track)
        if step is not None and feedback.kind in ("done", "back"):
            say(f"  next: {step.title}. {tutor.words(track, step.brief, action_words(track))}")
        try:
            tutor.save()
        except StoreError as error:
            say(error.sentence)

    watch_sends(session, tutor, report)


def action_words(track: Track) -> dict[str, str]:
    """Return the actions that the texts of *track* mention by name: the command line has no keys."""
    texts = [
        f"{step.brief} {step.text} {step.learned} {' '.join(slip.text for slip in step.slips)}" for step in track.steps
    ]
    return {name: f"[{name.replace('_', ' ')}]" for name in re.findall(r"\{key:(\w+)\}", " ".join(texts))}
