"""What servers made of the readings of the document: ``<data>/evidence.jsonl``, one trial to a line.

    {"vendor": "…", "endpoint": "…", "key": "…", "choice": "…", "environment": "production", "at": 1795300000.0,
     "verdict": "accepted", "status": 200, "reason": "OK", "outcome": "OK", "number": 14}

The last line of a choice in an environment counts. Nothing secret is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from explorer.settings.journal import add_lines, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from explorer.settings.folders import Folders

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
