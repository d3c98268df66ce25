"""Pictures of the main screens, compared with those that were looked at and found good.

``python -m pytest tests/tui/test_snapshots.py --snapshot-update`` takes new ones; look at them before they are kept.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import textual

from tests.tui.driving import SIZES
from tests.tui.scenes import SCENES
from tests.tui.still import play, still_app
from tests.unseen_frames import draw_when_looked_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from explorer.core.catalog import Catalog

DARK, LIGHT = "explorer-dark", "explorer-light"
SMALL, MIDDLE, LARGE = SIZES
CASES = [("answered", theme, size) for theme in (DARK, LIGHT) for size in SIZES]
CASES += [("form", DARK, size) for size in SIZES]
CASES += [("start", DARK, SMALL), ("start", LIGHT, MIDDLE), ("docs", DARK, MIDDLE), ("docs", LIGHT, SMALL)]
CASES += [("history", DARK, SMALL), ("history", LIGHT, LARGE), ("help", DARK, MIDDLE)]
TAKEN_WITH = ("8.2", (3, 11))
"""The library and the Python that the pictures were taken with. Another library draws borders and scrollbars its own
way; another Python must come to the same picture, but not make it."""


@pytest.fixture(autouse=True)
def _one_hand(request: pytest.FixtureRequest) -> None:
    library, python = TAKEN_WITH
    if request.config.getoption("--snapshot-update") and sys.version_info[:2] != python:
        pytest.exit(f"pictures are taken with Python {python[0]}.{python[1]} only", returncode=4)
    if not textual.__version__.startswith(f"{library}."):
        pytest.skip(f"the pictures were taken with textual {library}, this is {textual.__version__}")


@pytest.mark.parametrize(
    ("scene", "theme", "size"),
    CASES,
    ids=[f"{scene}-{theme.removeprefix('explorer-')}-{size[0]}x{size[1]}" for scene, theme, size in CASES],
)
def test_the_screen_looks_as_it_did(
    scene: str,
    theme: str,
    size: tuple[int, int],
    home: Path,
    shipped: Catalog,
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    went_wrong: list[BaseException] = []

    async def run(pilot: Pilot[int]) -> None:
        try:
            await play(pilot, SCENES[scene])
        except AssertionError as error:
            went_wrong.append(error)

    app = still_app(home, shipped, theme)
    draw_when_looked_at(app)
    same = snap_compare(app, terminal_size=size, run_before=run)
    if went_wrong:
        raise went_wrong[0]
    assert same, "the screen has changed: look at the report, and take the picture anew if it is better"
