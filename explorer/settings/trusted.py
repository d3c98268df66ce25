"""The hosts that a person allowed credentials to go to, beside those of the catalog: ``<data>/trusted.jsonl``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.settings.journal import add_lines, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from explorer.settings.folders import Folders


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
