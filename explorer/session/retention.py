"""How much of the history is kept: what there is, the rules, what they would take away, taking it away.

start of the app ── tend ── a little at a time, with pauses ── rules applied, files that nothing needs swept
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from explorer.errors import StoreError, UsageError
from explorer.store.history.retention import DAY, Pruning, RetentionPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.session.context import SessionContext
    from explorer.store.history import History
    from explorer.store.history.retention import HistoryStats
    from explorer.store.preferences import Settings

T = TypeVar("T")
STEP: Final = 50
"""Entries that go at once in the background: other writers wait no longer than that takes."""
PAUSE: Final = 0.05
"""Seconds between two such steps."""


def retention_policy(settings: Settings) -> RetentionPolicy:
    """What the settings let stay."""
    return RetentionPolicy(
        entries=settings.history_max_entries,
        size=settings.history_max_bytes,
        seconds=settings.history_keep_days * DAY,
    )


async def history_stats(session: SessionContext) -> HistoryStats:
    """What there is.

    Raises:
        UsageError: nothing is kept; StoreError: the file could not be read.
    """
    return await _with_history(session, lambda history: history.figures())


async def plan_pruning(session: SessionContext, older: float = 0.0) -> Pruning:
    """What would go by the rules, or what is *older* (seconds) where that is given; nothing does.

    Raises:
        UsageError: nothing is kept; StoreError: the file could not be read.
    """
    return await _with_history(session, lambda history: history.plan(_policy(session, older)))


async def prune(session: SessionContext, older: float = 0.0, told: Callable[[Pruning], None] | None = None) -> Pruning:
    """Take away what ``plan_pruning`` names, step by step; *told* is told how far it is. What went.

    Raises:
        UsageError: nothing is kept; StoreError: the file could not be written; what went before is gone.
    """
    rules = _policy(session, older)
    gone = Pruning()
    while (step := await _with_history(session, lambda history: history.prune_step(rules))).entries:
        gone = _add_prunings(gone, step)
        if told is not None:
            told(gone)
    await _with_history(session, lambda history: history.remove_orphan_files())
    return gone


async def vacuum(session: SessionContext) -> int:
    """Give back the room that nothing uses; how many bytes the file is smaller.

    Raises:
        UsageError: nothing is kept; StoreError: another instance is using it, or the disk is full.
    """
    return await _with_history(session, lambda history: history.vacuum())


async def prune_in_background(session: SessionContext) -> None:
    """Apply the rules a little at a time, and sweep. For the background: what goes wrong is tried again next time."""
    if session.open_history is None:
        return
    try:
        while (await _with_history(session, lambda history: history.prune_step(most=STEP))).entries:  # noqa: ASYNC110 - a pause
            await asyncio.sleep(PAUSE)
        await _with_history(session, lambda history: history.remove_orphan_files())
    except StoreError as error:
        session.on_warning(error.sentence)


async def change_retention(session: SessionContext, **changes: Any) -> tuple[str, ...]:
    """Change the settings that rule the history; what there is to say of the settings' file.

    Raises:
        SettingsError: a value is not right; StoreError: the file could not be written.
    """
    from explorer.store.preferences import change_settings

    settings, notes = await asyncio.to_thread(lambda: change_settings(session.folders, **changes))
    chosen = {name: getattr(settings, name) for name in changes}
    session.settings = msgspec.structs.replace(session.settings, **chosen)
    history = await asyncio.to_thread(session.history)
    if history is not None:
        history.rules = retention_policy(session.settings)
        history.bodies.limit = session.settings.history_body_limit
    return notes


def _policy(session: SessionContext, older: float) -> RetentionPolicy:
    """Those of the settings; where an age is given, that alone."""
    if not older:
        return retention_policy(session.settings)
    return RetentionPolicy(entries=1 << 60, size=1 << 60, seconds=older)


def _add_prunings(one: Pruning, other: Pruning) -> Pruning:
    return Pruning(
        entries=one.entries + other.entries,
        size=one.size + other.size,
        oldest=one.oldest or other.oldest,
        newest=other.newest,
    )


async def _with_history(session: SessionContext, work: Callable[[History], T]) -> T:
    def run() -> T:
        history = session.history()
        if history is None:
            raise UsageError("there is no history")
        return work(history)

    return await asyncio.to_thread(run)
