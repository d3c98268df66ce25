"""Findings of drift that a person looked at and does not want to see again: ``<data>/drift.jsonl``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.settings.journal import add_lines, read_lines

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.settings.folders import Folders


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
