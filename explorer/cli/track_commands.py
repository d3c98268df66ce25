"""``tracks``: the guided tracks and how far each is. What ``send`` does counts for the one under way, too."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.session_options import action_words, session_of

if TYPE_CHECKING:
    from explorer.core.tracks import Track
    from explorer.session.tracks import TrackSession


@click.command("tracks")
@click.argument("what", type=click.Choice(["list", "show", "start", "stop", "reset"]), default="list")
@click.argument("track_id", metavar="[TRACK]", default="")
@click.option("--json", "as_json", is_flag=True, help="The tracks with their steps and progress as data.")
@click.pass_context
def tracks_command(ctx: click.Context, what: str, track_id: str, as_json: bool) -> int:
    """Guided tracks: lessons in the sandbox that check what was really sent.

    list; show, start or reset TRACK; stop following the one under way. What stands in [brackets] in their texts are
    actions of the app, which shows tracks with J; what `send` does counts for the track under way as well.
    """
    from explorer.errors import UsageError
    from explorer.session.tracks import open_track_session

    tutor = open_track_session(session_of(ctx, keep_history=False))
    for problem in tutor.problems:
        say(problem)
    if what in ("show", "start", "reset") and not track_id:
        raise UsageError(f"which track to {what}?", hint=f"One of: {', '.join(tutor.tracks)}.")
    if what == "start":
        tutor.start(track_id)
    elif what == "stop":
        tutor.stop_track()
    elif what == "reset":
        tutor.reset(track_id)
    chosen = [tutor.track(track_id)] if track_id else list(tutor.tracks.values())
    if as_json:
        print_json([track_table(tutor, one) for one in chosen])
    elif track_id:
        _print_track(tutor, chosen[0])
    else:
        _print_tracks(tutor)
    return 0


def track_table(tutor: TrackSession, track: Track) -> dict[str, Any]:
    """A track as data, with its progress."""
    known = tutor.progress_of(track).done
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
                "done_at": known.get(step.id),
            }
            for step in track.steps
        ],
    }


def _print_tracks(tutor: TrackSession) -> None:
    rows = [("", "track", "steps", "what it is about")]
    for one in tutor.tracks.values():
        done, of = tutor.done(one), len(one.steps)
        mark = "▶" if tutor.running is one else "✓" if done == of else ""
        rows.append((mark, one.id, f"{done} of {of}", one.title))
    print_lines(table(rows))


def _print_track(tutor: TrackSession, track: Track) -> None:
    keys, now, known = action_words(track), tutor.step(track), tutor.progress_of(track).done
    print_lines(f"{track.title} ({track.id})" + ("  ▶ under way" if tutor.running is track else ""))
    print_lines(textwrap.fill(track.about, 100))
    for at, step in enumerate(track.steps, 1):
        sign = "✓" if step.id in known else "▸" if step is now else "○"
        print_lines(f"\n{sign} {at}. {step.title}  ({step.address})")
        for text in (step.brief, step.text) if step is now else (step.learned,) if step.id in known else ():
            filled = tutor.words(track, text, keys)
            if filled:
                print_lines(textwrap.indent(textwrap.fill(filled, 96), "     "))
    if now is None:
        print_lines(f"\n★ {track.ending}")
