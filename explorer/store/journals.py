"""Append-only JSON Lines: evidence on readings, dismissed drift findings, trusted hosts."""

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
    """The facts in the order in which they were added, and a sentence where some could not be read."""
    try:
        data = read_bytes(path)
    except FileError as error:
        return (), (f"{error} (nothing of it is shown)",)
    found: list[T] = []
    bad: list[int] = []
    decoder = msgspec.json.Decoder(kind)
    for number, line in enumerate((data or b"").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            bad.append(number)
    if not bad:
        return tuple(found), ()
    which = f"line {bad[0]}" if len(bad) == 1 else f"{len(bad)} lines, the first of them line {bad[0]},"
    return tuple(found), (f"{path}: {which} cannot be read and is left out; the file is as it was",)


def add_lines(path: Path, facts: Sequence[object]) -> None:
    """Put facts at the end of the file, in one write; what it holds stays as it is.

    Raises:
        StoreError: the file could not be written, or is a link, which is not followed.
    """
    text = b"".join(msgspec.json.encode(one) + b"\n" for one in facts)
    try:
        make_folder(path.parent)
        descriptor = os.open(path, _FLAGS, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size:  # a line that a crash left without its end must not swallow the next one
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                text = text if os.read(descriptor, 1) == b"\n" else b"\n" + text
            os.write(descriptor, text)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        why = "it is a link, which is not followed" if path.is_symlink() else os_reason(error)
        raise StoreError(f"{path} could not be written: {why}", hint="What it held is still there.") from error


class DismissedFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding that is not to be shown; ``back`` shows it again."""

    key: str
    at: float
    """Unix time, seconds."""
    back: bool = False


def dismissed_path(folders: Folders) -> Path:
    """Where they are kept."""
    return folders.data / "drift.jsonl"


def load_dismissed(folders: Folders) -> tuple[frozenset[str], tuple[str, ...]]:
    """The keys of findings that are not to be shown, and a sentence where the file is damaged. Blocking."""
    lines, problems = read_lines(dismissed_path(folders), DismissedFinding)
    last = {one.key: one.back for one in lines}
    return frozenset(key for key, back in last.items() if not back), problems


def dismiss(folders: Folders, key: str, now: float, *, back: bool = False) -> None:
    """Let a finding not be shown from now on, or (*back*) be shown again. Blocking.

    Raises:
        StoreError: the file could not be written.
    """
    add_lines(dismissed_path(folders), [DismissedFinding(key=key, at=now, back=back)])


class TrustedHost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An origin that the credentials of a vendor's environment may go to; ``revoked`` takes that back."""

    origin: str
    """``https://api.example.com`` or ``http://127.0.0.1:8080``: normalized, the scheme's own port left out."""
    vendor: str
    environment: str
    at: float
    """When a person allowed or revoked it: Unix time, seconds."""
    revoked: bool = False


def trusted_path(folders: Folders) -> Path:
    """Return the path of the list."""
    return folders.data / "trusted.jsonl"


def load_trusted(folders: Folders) -> tuple[tuple[TrustedHost, ...], tuple[str, ...]]:
    """Return the trusted hosts in the order in which they were allowed, and a sentence where the file is damaged.
    Blocking."""
    lines, problems = read_lines(trusted_path(folders), TrustedHost)
    last = {(line.origin, line.vendor, line.environment): line for line in lines}
    return tuple(line for line in last.values() if not line.revoked), problems


def add_trusted(folders: Folders, origin: str, vendor: str, environment: str, now: float) -> None:
    """Let the credentials of *vendor* in *environment* go to *origin* from now on. Blocking.

    Raises:
        StoreError: the file could not be written.
    """
    line = TrustedHost(origin=origin, vendor=vendor, environment=environment, at=now)
    add_lines(trusted_path(folders), [line])


def revoke_trusted(folders: Folders, hosts: Iterable[TrustedHost], now: float) -> None:
    """Take *hosts* off the list. Blocking.

    Raises:
        StoreError: the file could not be written.
    """
    lines = [msgspec.structs.replace(host, at=now, revoked=True) for host in hosts]
    if lines:
        add_lines(trusted_path(folders), lines)


EvidenceVerdict = Literal["accepted", "refused", "unclear", "forgotten"]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of one request under one choice of a reading."""

    vendor: str
    endpoint: str
    """The endpoint that was called."""
    key: str
    choice: str
    environment: str
    at: float
    """Unix time, seconds."""
    verdict: EvidenceVerdict
    """``unclear``: no answer, or one that says nothing of the reading (a 500, a 429)."""
    status: int | None = None
    reason: str = ""
    outcome: str = ""
    number: int = 0
    """The entry of the history, or 0."""
    wide: bool = False
    """Whether the reading concerns every call of the vendor."""
    base_url: str = ""
    """Where it went, if not to the environment's own place."""

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """What a later trial takes the place of."""
        where = self.environment + (f" {self.base_url}" if self.base_url else "")
        return (self.vendor, "" if self.wide else self.endpoint, self.key, self.choice, where)


@dataclass(frozen=True)
class EvidenceLog:
    """The trials that count, and what is wrong with the file."""

    trials: tuple[Evidence, ...] = ()
    problems: tuple[str, ...] = ()

    def of(self, vendor: str, endpoint: str, key: str, choice: str) -> tuple[Evidence, ...]:
        """The last trial of a choice in each environment, the newest first; *endpoint* is empty for a reading that
        concerns every call."""
        found = [one for one in self.trials if one.place[:4] == (vendor, endpoint, key, choice)]
        return tuple(sorted(found, key=lambda one: -one.at))

    @property
    def keys(self) -> set[tuple[str, str, str]]:
        """Vendor, endpoint (or empty) and key of every reading that was tried."""
        return {one.place[:3] for one in self.trials}


def evidence_path(folders: Folders) -> Path:
    """Where trials are kept."""
    return folders.data / "evidence.jsonl"


def load_evidence(folders: Folders) -> EvidenceLog:
    """Every trial that counts. Blocking."""
    lines, problems = read_lines(evidence_path(folders), Evidence)
    last = {one.place: one for one in lines}
    return EvidenceLog(tuple(one for one in last.values() if one.verdict != "forgotten"), problems)


def add_evidence(folders: Folders, trials: Sequence[Evidence]) -> None:
    """Keep trials. Blocking.

    Raises:
        StoreError: the file could not be written; what it held is still there.
    """
    add_lines(evidence_path(folders), trials)


def forget_evidence(folders: Folders, trials: Iterable[Evidence], now: float) -> int:
    """Let trials count no more; how many. Blocking.

    Raises:
        StoreError: the file could not be written.
    """
    gone = [msgspec.structs.replace(one, verdict="forgotten", at=now) for one in trials]
    if gone:
        add_lines(evidence_path(folders), gone)
    return len(gone)
