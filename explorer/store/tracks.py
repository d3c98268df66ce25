"""Guided tracks from files, and a person's progress, kept in ``Folders.track_progress``.

Tracks are TOML: those that travel with the program, and a person's own in ``<config>/tracks/*.toml``. One whose id is
known already takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.core.tracks import Track, TrackProgress, decode_track
from explorer.errors import StoreError
from explorer.store.files import FileError, keep_damaged, parse_toml, read_bytes, toml_files, write_atomic
from explorer.store.folders import Folders, shipped_path

if TYPE_CHECKING:
    from pathlib import Path


class ProgressFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's progress: the track under way (its id, or empty) and how far each is."""

    running: str = ""
    standings: dict[str, TrackProgress] = {}


def load_tracks(folders: Folders) -> tuple[dict[str, Track], tuple[str, ...]]:
    """Every track by its id, in order, and a sentence for each file that is left out."""
    tracks: dict[str, Track] = {}
    problems: list[str] = []
    for folder in (shipped_path("tracks"), folders.config / "tracks"):
        try:
            paths = toml_files(folder)
        except FileError as error:
            problems.append(str(error))
            continue
        for path in paths:
            try:
                track = _read(path)
            except (FileError, ValueError) as error:
                problems.append(f"{error} (this track is left out)")
            else:
                tracks[track.id] = track
    return {one.id: one for one in sorted(tracks.values(), key=lambda one: one.order)}, tuple(problems)


def _read(path: Path) -> Track:
    mapping = parse_toml(read_bytes(path) or b"", str(path))
    try:
        return decode_track(mapping)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def load_progress(folders: Folders) -> tuple[ProgressFile, tuple[str, ...]]:
    """The progress, and a sentence where its file could not be read; such a file is set aside, not lost."""
    path = folders.track_progress
    try:
        data = read_bytes(path)
    except FileError as error:
        return ProgressFile(), (f"{error} (the progress of tracks is not shown)",)
    if not data:
        return ProgressFile(), ()
    try:
        return msgspec.json.decode(data, type=ProgressFile), ()
    except (msgspec.MsgspecError, RecursionError) as error:
        return ProgressFile(), (_set_aside(path, data, str(error)),)


def save_progress(folders: Folders, book: ProgressFile) -> None:
    """Write the progress.

    Raises:
        StoreError: it could not be written; the old file is as it was.
    """
    write_atomic(
        folders.track_progress, msgspec.json.format(msgspec.json.encode(book, order="deterministic"), indent=1)
    )


def practice_file(folders: Folders, track: str, name: str) -> Path:
    """Where a practice file of a track is put."""
    return folders.data / "tracks" / track / name


def put_practice_files(folders: Folders, track: Track) -> None:
    """Write the track's practice files.

    Raises:
        StoreError: one could not be written.
    """
    for name, content in track.files.items():
        write_atomic(practice_file(folders, track.id, name), content)


def _set_aside(path: Path, data: bytes, why: str) -> str:
    try:
        beside = keep_damaged(path, data)
        path.unlink()
    except (OSError, StoreError) as error:
        return f"{path} is damaged ({why}) and could not be set aside: {error}"
    return f"{path} is damaged ({why}); it is kept as {beside}, and the tracks begin anew"
