"""Limit the history: statistics, the retention policy, pruning on request and in the background."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from explorer.errors import StoreError
from explorer.store.history.retention import DAY, Pruning, RetentionPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.session.context import SessionContext
    from explorer.store.history import History
    from explorer.store.history.retention import HistoryStats
    from explorer.store.preferences import Settings

T = TypeVar("T")
STEP: Final = 50
"""Entries deleted per background step; other writers wait for one step at most."""
PAUSE: Final = 0.05
"""Seconds between background steps."""


def retention_policy(settings: Settings) -> RetentionPolicy:
    """Return the retention policy of the settings."""
    return RetentionPolicy(
        entries=settings.history_max_entries,
        size=settings.history_max_bytes,
        seconds=settings.history_keep_days * DAY,
    )


async def history_stats(session: SessionContext) -> HistoryStats:
    """Return the size of the history.

    Raises:
        UsageError: there is no history; StoreError: the file could not be read.
    """
    return await _with_history(session, lambda history: history.figures())


async def plan_pruning(session: SessionContext, older: float = 0.0) -> Pruning:
    """Return what ``prune`` would delete: by the policy, or entries more than *older* seconds old if given.

    Raises:
        UsageError: there is no history; StoreError: the file could not be read.
    """
    return await _with_history(session, lambda history: history.plan(_policy(session, older)))


async def prune(
    session: SessionContext, older: float = 0.0, on_progress: Callable[[Pruning], None] | None = None
) -> Pruning:
    """Delete what ``plan_pruning`` returns in steps, calling *on_progress*; return what was deleted.

    Raises:
        UsageError: there is no history; StoreError: the file could not be written; earlier steps stay deleted.
    """
    policy = _policy(session, older)
    deleted = Pruning()
    while (step := await _with_history(session, lambda history: history.prune_step(policy))).entries:
        deleted = _add_prunings(deleted, step)
        if on_progress is not None:
            on_progress(deleted)
    await _with_history(session, lambda history: history.remove_orphan_files())
    return deleted


async def vacuum(session: SessionContext) -> int:
    """Compact the database file; return the bytes saved.

    Raises:
        UsageError: there is no history; StoreError: another instance is using it, or the disk is full.
    """
    return await _with_history(session, lambda history: history.vacuum())


async def prune_in_background(session: SessionContext) -> None:
    """Apply the policy in small steps and delete orphan files. An error is a warning; the next start tries again."""
    if session.open_history is None:
        return
    try:
        while (await _with_history(session, lambda history: history.prune_step(most=STEP))).entries:  # noqa: ASYNC110 - a pause
            await asyncio.sleep(PAUSE)
        await _with_history(session, lambda history: history.remove_orphan_files())
    except StoreError as error:
        session.on_warning(error.sentence)


async def change_retention(session: SessionContext, **changes: Any) -> tuple[str, ...]:
    """Change the history settings; return notes about the settings file.

    Raises:
        SettingsError: a value is invalid; StoreError: the file could not be written.
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
    """Return the policy of the settings, or one with only the age limit *older*."""
    if not older:
        return retention_policy(session.settings)
    return RetentionPolicy(entries=1 << 60, size=1 << 60, seconds=older)


def _add_prunings(earlier: Pruning, later: Pruning) -> Pruning:
    return Pruning(
        entries=earlier.entries + later.entries,
        size=earlier.size + later.size,
        oldest=earlier.oldest or later.oldest,
        newest=later.newest,
    )


async def _with_history(session: SessionContext, work: Callable[[History], T]) -> T:
    return await asyncio.to_thread(lambda: work(session.require_history()))
