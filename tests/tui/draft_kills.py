"""The program killed while somebody types: how much of what was on the screen is in the drafts afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "fashionphile.address_create"
LENGTH = 8
"""Characters for each field, so that a field shows all of its text."""
LONGEST_LOSS = 2.0
"""Seconds of typing that a kill may cost."""


@dataclass
class Typist:
    """Types random text into the fields of one form, and notes when how much of it was on the screen."""

    home: Path
    seed: int
    shown: list[tuple[float, int]] = field(default_factory=list)
    """(time, characters of ``text`` that were on the screen by then)."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - repeatable, nothing secret
        self.texts = [
            f"Q{number}" + "".join(self.random.choices("bcdfghjkmnpqrstvwxz", k=LENGTH - 2)) for number in range(6)
        ]
        self.text = "".join(self.texts)
        self.terminal = Terminal([sys.executable, "-m", "explorer"], str(self.home))

    def open(self) -> None:
        """Wait for the program and open the form."""
        terminal = self.terminal
        terminal.until(b"Cotton Cart", 60)
        since = terminal.type(ADDRESS)
        terminal.until(b"1 found", 60, since=since)
        self.since = terminal.type("\r")
        terminal.until(b"required", 60, since=self.since)

    def type_for(self, seconds: float) -> None:
        """Type until *seconds* have gone or there is nothing left to type."""
        end = time.monotonic() + seconds
        keys = "\r".join(self.texts)
        while time.monotonic() < end:
            self.terminal.type(keys[:1])
            keys = keys[1:]
            self.terminal.drain(min(self.random.uniform(0.02, 0.14), max(0.0, end - time.monotonic())))
            self.shown.append((time.monotonic(), self._count()))

    def type_until_shown(self, count: int) -> None:
        """Type the first characters and wait until they are on the screen."""
        self.terminal.type(self.text[:count])
        self.terminal.until(self.text[:count].encode(), 60, since=self.since)
        self.shown.append((time.monotonic(), count))

    def _count(self) -> int:
        seen = self.terminal.seen[self.since :]
        for number in range(len(self.texts) - 1, -1, -1):
            for length in range(LENGTH, 1, -1):
                if self.texts[number][:length].encode() in seen:
                    return number * LENGTH + length
        return 0

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the program by a signal."""
        self.ended = time.monotonic()
        os.kill(self.terminal.pid, number)
        if number is signal.SIGKILL:
            self.terminal.end()
        else:
            self.code = self.terminal.until_end()

    @property
    def saved(self) -> str:
        """What the drafts hold of the text."""
        for file in self.home.rglob("drafts.json"):
            entries = json.loads(file.read_bytes()).get(ADDRESS, {}).get("entries", [])
            return "".join(entry["value"] for entry in entries)
        return ""

    @property
    def lost_seconds(self) -> float:
        """How long before the end the first character was on the screen that is not saved; 0 where all is.

        Raises:
            ValueError: something is saved that was not typed so.
        """
        saved = self.saved
        if not self.text.startswith(saved):
            raise ValueError(f"{saved!r} was saved, {self.text!r} was typed")
        return next((self.ended - at for at, count in self.shown if count > len(saved)), 0.0)
