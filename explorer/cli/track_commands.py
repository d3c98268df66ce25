"""``tracks``: list, start and follow guided lessons."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.session_options import action_words, json_option, session_of

if TYPE_CHECKING:
    from explorer.core.tracks import Track
    from explorer.session.tracks import TrackSession


@click.command("tracks")
@click.argument("action", type=click.Choice(["list", "show", "start", "stop", "reset"]), default="list")
@click.argument("track_id", metavar="[TRACK]", default="")
@json_option
@click.pass_context
def tracks_command(ctx: click.Context, action: str, track_id: str, as_json: bool) -> int:
    """List, show, start, stop or reset guided lessons.

    A lesson checks what is really sent to the sandbox; what `send` does counts for the running track. [Brackets] in its
    texts are actions of the app. `show`, `start` and `reset` need a TRACK.
    """
    from explorer.errors import UsageError
    from explorer.session.tracks import open_track_session

    tutor = open_track_session(session_of(ctx, keep_history=False))
    for problem in tutor.problems:
        say(problem)
    if action in ("show", "start", "reset") and not track_id:
        raise UsageError(f"{action} needs a track", hint=f"Choose one of: {', '.join(tutor.tracks)}.")
    if action == "start":
        tutor.start(track_id)
    elif action == "stop":
        tutor.stop_track()
    elif action == "reset":
        tutor.reset(track_id)
    tracks = [tutor.track(track_id)] if track_id else list(tutor.tracks.values())
    if as_json:
        print_json([track_table(tutor, track) for track in tracks])
    elif track_id:
        _print_track(tutor, tracks[0])
    else:
        _print_tracks(tutor)
    return 0


def track_table(tutor: TrackSession, track: Track) -> dict[str, Any]:
    """Return a track and its progress as JSON data."""
    done_at = tutor.progress_of(track).done
    return {
        "id": track.id,
        "title": track.title,
        "about": track.about,
        "running": tutor.running is track,
        "done": tutor.done(track),
        "steps": [
            {
                "id": step.id,
                "title": step.title,
                "brief": tutor.words(track, step.brief, action_words(track)),
                "endpoint": step.address,
                "done_at": done_at.get(step.id),
            }
            for step in track.steps
        ],
    }


def _print_tracks(tutor: TrackSession) -> None:
    rows = [("", "track", "steps", "title")]
    for track in tutor.tracks.values():
        done, total = tutor.done(track), len(track.steps)
        mark = "▶" if tutor.running is track else "✓" if done == total else ""
        rows.append((mark, track.id, f"{done} of {total}", track.title))
    print_lines(table(rows))


def _print_track(tutor: TrackSession, track: Track) -> None:
    actions, current, done = action_words(track), tutor.step(track), tutor.progress_of(track).done
    print_lines(f"{track.title} ({track.id})" + ("  ▶ running" if tutor.running is track else ""))
    print_lines(textwrap.fill(track.about, 100))
    for number, step in enumerate(track.steps, 1):
        mark = "✓" if step.id in done else "▸" if step is current else "○"
        print_lines(f"\n{mark} {number}. {step.title}  ({step.address})")
        for text in (step.brief, step.text) if step is current else (step.learned,) if step.id in done else ():
            filled = tutor.words(track, text, actions)
            if filled:
                print_lines(textwrap.indent(textwrap.fill(filled, 96), "     "))
    if current is None:
        print_lines(f"\n★ {track.ending}")
