"""Keys from the settings, checked against the table of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.settings.keymap import check_keymap
from explorer.tui.actions import keymap_actions

if TYPE_CHECKING:
    from collections.abc import Mapping


def usable_keymap(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what of *keymap* can be used, and a sentence for everything that cannot."""
    return check_keymap(keymap, keymap_actions())
