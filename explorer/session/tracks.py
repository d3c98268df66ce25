"""Guided tracks as a person walks them: which is under way, what each send meant for it, and how far all are.

on_exchange ──► Tutor.take ── deed_of, take (core.tracks) ──► Heard ──► a shell says it; Tutor.save
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

_READ: Final = 2_000_000
"""Bytes of a body up to which it is asked which page it holds."""


class TrackSession:
    """The tracks of a session and a person's progress in them. Made by ``open_track_session``."""

    def __init__(
        self, session: SessionContext, tracks: Mapping[str, Track], book: ProgressFile, problems: tuple[str, ...]
    ) -> None:
        self._session = session
        self.tracks = dict(tracks)
        self.problems = problems
        """What was wrong with files of tracks or of the progress."""
        self.running: Track | None = self.tracks.get(book.running)
        self.feedback: Feedback | None = None
        """What the last send meant for the track under way."""
        self._track_progress = dict(book.standings)

    # --- how far it is -----------------------------------------------------------------------------------------------

    def track(self, track_id: str) -> Track:
        """The track of that id.

        Raises:
            UnknownName: there is none.
        """
        if track_id not in self.tracks:
            raise UnknownName("track", track_id, self.tracks)
        return self.tracks[track_id]

    def progress_of(self, track: Track) -> TrackProgress:
        """How far a track is."""
        return self._track_progress.get(track.id, TrackProgress())

    def step(self, track: Track | None = None) -> TrackStep | None:
        """The step that is to be done next, of the track under way unless one is given; None: all are done."""
        track = track or self.running
        return current_step(track, self.progress_of(track)) if track is not None else None

    def done(self, track: Track) -> int:
        """How many steps of a track are done."""
        known = self.progress_of(track).done
        return sum(step.id in known for step in track.steps)

    def words(self, track: Track, text: str, keys: Mapping[str, str]) -> str:
        """A text of a track with its placeholders filled in; *keys*: action → how its key is written."""
        known = {f"key:{name}": key for name, key in keys.items()}
        known |= {f"file:{one}": str(practice_file(self._session.folders, track.id, one)) for one in track.files}
        for vendor in self._session.catalog.vendors.values():
            known |= {f"demo:{vendor.id}.{name}": one.sandbox for name, one in vendor.credentials.items()}
        return fill_placeholders(text.strip(), known)

    # --- what a person does ------------------------------------------------------------------------------------------

    def start(self, track_id: str) -> Track:
        """Take up a track, where it stopped; one that was done begins anew. Writes its practice files. Blocking.

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
        """Follow no track; what was done is kept. Blocking.

        Raises:
            StoreError: the progress could not be written.
        """
        self.running = self.feedback = None
        self.save()

    def reset(self, track_id: str) -> None:
        """Forget what was done of a track. Blocking.

        Raises:
            UnknownName: there is no such track; StoreError: the progress could not be written.
        """
        self._track_progress.pop(self.track(track_id).id, None)
        self.feedback = None
        self.save()

    def take(self, exchange: Exchange) -> Feedback | None:
        """What *exchange* (as it was sent) means for the track under way; None: nothing, or there is no track."""
        if self.running is None or self.step() is None:
            return None
        deed = activity_of(self._masked(exchange), self._page(exchange))
        standing, heard = advance(self.running, self.progress_of(self.running), deed, self._session.now())
        self._track_progress[self.running.id] = standing
        if heard is not None:
            self.feedback = heard
        if heard is not None and heard.kind == "finished":
            self.running = None
        return heard

    def save(self) -> None:
        """Write the progress. Blocking.

        Raises:
            StoreError: it could not be written.
        """
        running = self.running.id if self.running is not None else ""
        save_progress(self._session.folders, ProgressFile(running=running, standings=self._track_progress))

    def _masked(self, exchange: Exchange) -> Exchange:
        """Without its bodies, which no track looks at."""
        response = exchange.response
        bare = msgspec.structs.replace(response, body=b"") if response is not None else None
        request = msgspec.structs.replace(exchange.request, body=b"")
        return redact(self._session, msgspec.structs.replace(exchange, request=request, response=bare))

    def _page(self, exchange: Exchange) -> PageInfo | None:
        if exchange.response is None or len(exchange.response.body) > _READ:
            return None
        try:
            return page_info(self._session, exchange)
        except ExplorerError:
            return None


def open_track_session(session: SessionContext) -> TrackSession:
    """The tracks and the progress in them. Blocking."""
    tracks, problems = load_tracks(session.folders)
    book, more = load_progress(session.folders)
    return TrackSession(session, tracks, book, (*problems, *more))


def watch_sends(session: SessionContext, tutor: TrackSession, tell: Callable[[Feedback], None]) -> None:
    """From now on, tell of each send of *session* that means something for the track under way."""

    before = session.on_exchange

    def heard(exchange: Exchange) -> None:
        before(exchange)
        found = tutor.take(exchange)
        if found is not None:
            tell(found)

    session.on_exchange = heard
