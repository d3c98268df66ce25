"""Guided tracks, and the user's progress in ``Folders.track_progress``.

Tracks are TOML files: shipped ones and the user's in ``<config>/tracks/*.toml``. A user's track replaces a shipped one
with the same id.
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
    """The user's progress: the id of the running track, or empty, and the progress in each track."""

    running: str = ""
    standings: dict[str, TrackProgress] = {}


def load_tracks(folders: Folders) -> tuple[dict[str, Track], tuple[str, ...]]:
    """Return every track by id, in order, and the problems of skipped files."""
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
                problems.append(f"{error} (track skipped)")
            else:
                tracks[track.id] = track
    return {track.id: track for track in sorted(tracks.values(), key=lambda track: track.order)}, tuple(problems)


def _read(path: Path) -> Track:
    mapping = parse_toml(read_bytes(path) or b"", str(path))
    try:
        return decode_track(mapping)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def load_progress(folders: Folders) -> tuple[ProgressFile, tuple[str, ...]]:
    """Return the progress and the problems of its file. A damaged file is renamed, not deleted."""
    path = folders.track_progress
    try:
        data = read_bytes(path)
    except FileError as error:
        return ProgressFile(), (f"{error} (track progress is unavailable)",)
    if not data:
        return ProgressFile(), ()
    try:
        return msgspec.json.decode(data, type=ProgressFile), ()
    except (msgspec.MsgspecError, RecursionError) as error:
        return ProgressFile(), (_move_damaged(path, data, str(error)),)


def save_progress(folders: Folders, progress: ProgressFile) -> None:
    """Write the progress.

    Raises:
        StoreError: it could not be written; the old file is unchanged.
    """
    write_atomic(
        folders.track_progress, msgspec.json.format(msgspec.json.encode(progress, order="deterministic"), indent=1)
    )


def practice_file(folders: Folders, track: str, name: str) -> Path:
    """Return the path of a track's practice file."""
    return folders.data / "tracks" / track / name


def put_practice_files(folders: Folders, track: Track) -> None:
    """Write the track's practice files.

    Raises:
        StoreError: one could not be written.
    """
    for name, content in track.files.items():
        write_atomic(practice_file(folders, track.id, name), content)


def _move_damaged(path: Path, data: bytes, why: str) -> str:
    try:
        backup = keep_damaged(path, data)
        path.unlink()
    except (OSError, StoreError) as error:
        return f"{path} is damaged ({why}) and could not be renamed: {error}"
    return f"{path} is damaged ({why}). It was renamed to {backup}; the tracks start over."
