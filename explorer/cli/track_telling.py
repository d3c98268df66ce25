"""What a command's sends mean for the guided track under way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from explorer.cli.narration import say

if TYPE_CHECKING:
    from explorer.core.tracks import Feedback, Track
    from explorer.session.context import SessionContext


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
