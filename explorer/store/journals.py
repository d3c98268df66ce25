"""Append-only JSON Lines logs: evidence for readings, dismissed drift findings, trusted hosts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import msgspec

from explorer.errors import StoreError
from explorer.store.files import FileError, os_reason, read_bytes
from explorer.store.folders import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from explorer.store.folders import Folders


T = TypeVar("T")
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


def read_lines(path: Path, kind: type[T]) -> tuple[tuple[T, ...], tuple[str, ...]]:
    """Return the records in the order in which they were added, and the problems of the file."""
    try:
        data = read_bytes(path)
    except FileError as error:
        return (), (f"{error} (ignored)",)
    records: list[T] = []
    unreadable: list[int] = []
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate((data or b"").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            records.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            unreadable.append(number)
    if not unreadable:
        return tuple(records), ()
    lines = (
        f"line {unreadable[0]} is" if len(unreadable) == 1 else f"{len(unreadable)} lines (first: {unreadable[0]}) are"
    )
    return tuple(records), (f"{path}: {lines} unreadable and ignored",)


def add_lines(path: Path, records: Sequence[object]) -> None:
    """Append *records* to the file in one write.

    Raises:
        StoreError: the file could not be written, or is a link, which is not followed.
    """
    text = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    try:
        make_folder(path.parent)
        descriptor = os.open(path, _FLAGS, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size:  # a crash can leave the last line without a newline
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                text = text if os.read(descriptor, 1) == b"\n" else b"\n" + text
            os.write(descriptor, text)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        why = "it is a link, which is not followed" if path.is_symlink() else os_reason(error)
        raise StoreError(f"{path} could not be written: {why}", hint="Its content is unchanged.") from error


class DismissedFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dismissed drift finding; ``back`` shows it again."""

    key: str
    at: float
    """Unix time, seconds."""
    back: bool = False


def dismissed_path(folders: Folders) -> Path:
    """Return the path of the dismissed findings."""
    return folders.data / "drift.jsonl"


def load_dismissed(folders: Folders) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the keys of dismissed findings, and the problems of the file. Blocks."""
    lines, problems = read_lines(dismissed_path(folders), DismissedFinding)
    last = {line.key: line.back for line in lines}
    return frozenset(key for key, back in last.items() if not back), problems


def dismiss(folders: Folders, key: str, now: float, *, back: bool = False) -> None:
    """Dismiss a finding, or show it again (*back*). Blocks.

    Raises:
        StoreError: the file could not be written.
    """
    add_lines(dismissed_path(folders), [DismissedFinding(key=key, at=now, back=back)])


class TrustedHost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An origin that can receive the credentials of a vendor's environment; ``revoked`` cancels that."""

    origin: str
    """``https://api.example.com`` or ``http://127.0.0.1:8080``: normalized, without the scheme's default port."""
    vendor: str
    environment: str
    at: float
    """When the user allowed or revoked it: Unix time, seconds."""
    revoked: bool = False


def trusted_path(folders: Folders) -> Path:
    """Return the path of the list."""
    return folders.data / "trusted.jsonl"


def load_trusted(folders: Folders) -> tuple[tuple[TrustedHost, ...], tuple[str, ...]]:
    """Return the trusted hosts in the order in which they were allowed, and the problems of the file. Blocks."""
    lines, problems = read_lines(trusted_path(folders), TrustedHost)
    last = {(line.origin, line.vendor, line.environment): line for line in lines}
    return tuple(line for line in last.values() if not line.revoked), problems


def add_trusted(folders: Folders, origin: str, vendor: str, environment: str, now: float) -> None:
    """Allow *origin* to receive the credentials of *vendor* in *environment*. Blocks.

    Raises:
        StoreError: the file could not be written.
    """
    line = TrustedHost(origin=origin, vendor=vendor, environment=environment, at=now)
    add_lines(trusted_path(folders), [line])


def revoke_trusted(folders: Folders, hosts: Iterable[TrustedHost], now: float) -> None:
    """Remove *hosts* from the list. Blocks.

    Raises:
        StoreError: the file could not be written.
    """
    lines = [msgspec.structs.replace(host, at=now, revoked=True) for host in hosts]
    if lines:
        add_lines(trusted_path(folders), lines)


EvidenceVerdict = Literal["accepted", "refused", "unclear", "forgotten"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of one request under one choice of a reading."""

    vendor: str
    endpoint: str
    """The endpoint that was called."""
    key: str
    choice: str
    environment: str
    at: float
    """Unix time, seconds."""
    verdict: EvidenceVerdict
    """``unclear``: no response, or one that does not depend on the reading (a 500, a 429)."""
    status: int | None = None
    reason: str = ""
    outcome: str = ""
    number: int = 0
    """Number of the history entry, or 0."""
    wide: bool = False
    """Whether the reading applies to every call of the vendor."""
    base_url: str = ""
    """Base URL of the request if it is not the environment's."""

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """Key of the trial: a later one with the same key replaces it."""
        where = self.environment + (f" {self.base_url}" if self.base_url else "")
        return (self.vendor, "" if self.wide else self.endpoint, self.key, self.choice, where)


@dataclass(frozen=True)
class EvidenceLog:
    """The current trials, and the problems of the file."""

    trials: tuple[Evidence, ...] = ()
    problems: tuple[str, ...] = ()

    def of(self, vendor: str, endpoint: str, key: str, choice: str) -> tuple[Evidence, ...]:
        """Return the last trial of a choice in each environment, newest first. *endpoint* is empty for a reading that
        applies to every call."""
        trials = [trial for trial in self.trials if trial.place[:4] == (vendor, endpoint, key, choice)]
        return tuple(sorted(trials, key=lambda trial: -trial.at))

    @property
    def keys(self) -> set[tuple[str, str, str]]:
        """Vendor, endpoint (or empty) and key of every tried reading."""
        return {trial.place[:3] for trial in self.trials}


def evidence_path(folders: Folders) -> Path:
    """Return the path of the trials."""
    return folders.data / "evidence.jsonl"


def load_evidence(folders: Folders) -> EvidenceLog:
    """Return every current trial. Blocks."""
    lines, problems = read_lines(evidence_path(folders), Evidence)
    last = {line.place: line for line in lines}
    return EvidenceLog(tuple(trial for trial in last.values() if trial.verdict != "forgotten"), problems)


def add_evidence(folders: Folders, trials: Sequence[Evidence]) -> None:
    """Append trials. Blocks.

    Raises:
        StoreError: the file could not be written.
    """
    add_lines(evidence_path(folders), trials)


def forget_evidence(folders: Folders, trials: Iterable[Evidence], now: float) -> int:
    """Discard trials and return their number. Blocks.

    Raises:
        StoreError: the file could not be written.
    """
    discarded = [msgspec.structs.replace(trial, verdict="forgotten", at=now) for trial in trials]
    if discarded:
        add_lines(evidence_path(folders), discarded)
    return len(discarded)
