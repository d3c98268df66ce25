"""What a person keeps on disk beside the history: folders, catalogs, settings, themes, drafts.

    Folders ─┬─ config ─ settings.toml          (preferences)
             │           catalogs/*.toml        (catalog)
             │           themes/*.toml          (themes)
             ├─ data ─── drafts.json, history   (drafts; explorer.history)
             └─ cache ── *.msgpack              (kept: decoded files for the next start)

Importing this package loads none of its modules: each name is fetched from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.settings.catalog import LoadedCatalog, check_file, load_catalog
    from explorer.settings.drafts import load_drafts, save_drafts
    from explorer.settings.folders import Folders
    from explorer.settings.keymap import Action, check_keymap
    from explorer.settings.preferences import Settings, change_settings, load_settings, save_settings
    from explorer.settings.themes import ThemeFile, default_variables, load_themes

__all__ = [
    "Action",
    "Folders",
    "LoadedCatalog",
    "Settings",
    "ThemeFile",
    "change_settings",
    "check_file",
    "check_keymap",
    "default_variables",
    "load_catalog",
    "load_drafts",
    "load_settings",
    "load_themes",
    "save_drafts",
    "save_settings",
]

_MODULES = {
    "Action": "keymap",
    "Folders": "folders",
    "LoadedCatalog": "catalog",
    "Settings": "preferences",
    "ThemeFile": "themes",
    "change_settings": "preferences",
    "check_file": "catalog",
    "check_keymap": "keymap",
    "default_variables": "themes",
    "load_catalog": "catalog",
    "load_drafts": "drafts",
    "load_settings": "preferences",
    "load_themes": "themes",
    "save_drafts": "drafts",
    "save_settings": "preferences",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
