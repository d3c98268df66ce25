"""Guided tracks: the running track, the feedback on each send, and the saved progress.

on_exchange ──► TrackSession.take ── activity_of, advance (core.tracks) ──► Feedback ──► the UI; TrackSession.save
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from explorer.core.tracks import (
    Feedback,
    Track,
    TrackProgress,
    TrackStep,
    activity_of,
    advance,
    current_step,
    fill_placeholders,
)
from explorer.errors import ExplorerError, UnknownName
from explorer.session.pages import page_info
from explorer.session.prepare import redact
from explorer.store.tracks import (
    ProgressFile,
    load_progress,
    load_tracks,
    practice_file,
    put_practice_files,
    save_progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.core.model import Exchange
    from explorer.core.paging.base import PageInfo
    from explorer.session.context import SessionContext

_MAX_BODY: Final = 2_000_000
"""Bytes of a body; larger ones are not parsed for their page number."""


class TrackSession:
    """The tracks of a session and the user's progress. Created by ``open_track_session``."""

    def __init__(
        self, session: SessionContext, tracks: Mapping[str, Track], saved: ProgressFile, problems: tuple[str, ...]
    ) -> None:
        self._session = session
        self.tracks = dict(tracks)
        self.problems = problems
        """Problems of the track and progress files."""
        self.running: Track | None = self.tracks.get(saved.running)
        self.feedback: Feedback | None = None
        """The feedback on the last send."""
        self._track_progress = dict(saved.standings)

    # --- progress ----------------------------------------------------------------------------------------------------

    def track(self, track_id: str) -> Track:
        """Return the track with this id.

        Raises:
            UnknownName: there is none.
        """
        if track_id not in self.tracks:
            raise UnknownName("track", track_id, self.tracks)
        return self.tracks[track_id]

    def progress_of(self, track: Track) -> TrackProgress:
        """Return the progress of a track."""
        return self._track_progress.get(track.id, TrackProgress())

    def step(self, track: Track | None = None) -> TrackStep | None:
        """Return the next step of *track* (default: the running one); None if all are done."""
        track = track or self.running
        return current_step(track, self.progress_of(track)) if track is not None else None

    def done(self, track: Track) -> int:
        """Return the number of completed steps."""
        completed = self.progress_of(track).done
        return sum(step.id in completed for step in track.steps)

    def words(self, track: Track, text: str, keys: Mapping[str, str]) -> str:
        """Return a text of a track with its placeholders filled; *keys*: action → its key."""
        known = {f"key:{name}": key for name, key in keys.items()}
        known |= {f"file:{name}": str(practice_file(self._session.folders, track.id, name)) for name in track.files}
        for vendor in self._session.catalog.vendors.values():
            known |= {f"demo:{vendor.id}.{name}": credential.sandbox for name, credential in vendor.credentials.items()}
        return fill_placeholders(text.strip(), known)

    # --- actions -----------------------------------------------------------------------------------------------------

    def start(self, track_id: str) -> Track:
        """Start or resume a track; a completed one restarts. Writes its practice files. Blocking.

        Raises:
            UnknownName: there is no such track; StoreError: a file could not be written.
        """
        track = self.track(track_id)
        if self.step(track) is None:
            self._track_progress.pop(track.id, None)
        put_practice_files(self._session.folders, track)
        self._session.files.allow_folder(practice_file(self._session.folders, track.id, "."))
        self.running, self.feedback = track, None
        self.save()
        return track

    def stop_track(self) -> None:
        """Stop the running track and save its progress. Blocking.

        Raises:
            StoreError: the progress could not be written.
        """
        self.running = self.feedback = None
        self.save()

    def reset(self, track_id: str) -> None:
        """Reset the progress of a track. Blocking.

        Raises:
            UnknownName: there is no such track; StoreError: the progress could not be written.
        """
        self._track_progress.pop(self.track(track_id).id, None)
        self.feedback = None
        self.save()

    def take(self, exchange: Exchange) -> Feedback | None:
        """Advance the running track with *exchange* (unredacted); return feedback if there is any."""
        if self.running is None or self.step() is None:
            return None
        activity = activity_of(self._masked(exchange), self._page(exchange))
        progress, feedback = advance(self.running, self.progress_of(self.running), activity, self._session.now())
        self._track_progress[self.running.id] = progress
        if feedback is not None:
            self.feedback = feedback
        if feedback is not None and feedback.kind == "finished":
            self.running = None
        return feedback

    def save(self) -> None:
        """Save the progress. Blocking.

        Raises:
            StoreError: it could not be written.
        """
        running = self.running.id if self.running is not None else ""
        save_progress(self._session.folders, ProgressFile(running=running, standings=self._track_progress))

    def _masked(self, exchange: Exchange) -> Exchange:
        """Return *exchange* redacted and without bodies, which no track uses."""
        response = exchange.response
        bare = msgspec.structs.replace(response, body=b"") if response is not None else None
        request = msgspec.structs.replace(exchange.request, body=b"")
        return redact(self._session, msgspec.structs.replace(exchange, request=request, response=bare))

    def _page(self, exchange: Exchange) -> PageInfo | None:
        if exchange.response is None or len(exchange.response.body) > _MAX_BODY:
            return None
        try:
            return page_info(self._session, exchange)
        except ExplorerError:
            return None


def open_track_session(session: SessionContext) -> TrackSession:
    """Load the tracks and the progress. Blocking."""
    tracks, track_problems = load_tracks(session.folders)
    saved, progress_problems = load_progress(session.folders)
    return TrackSession(session, tracks, saved, (*track_problems, *progress_problems))


def watch_sends(session: SessionContext, tutor: TrackSession, tell: Callable[[Feedback], None]) -> None:
    """Call *tell* with the feedback on each later send of *session*."""
    earlier = session.on_exchange

    def advance_track(exchange: Exchange) -> None:
        earlier(exchange)
        feedback = tutor.take(exchange)
        if feedback is not None:
            tell(feedback)

    session.on_exchange = advance_track
