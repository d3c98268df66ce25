"""Build the session from the environment: folders, catalog, settings, credentials, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.session.context import SessionContext
from explorer.store.catalogs import load_catalog
from explorer.store.credentials import Vault
from explorer.store.folders import Folders, restrict_permissions
from explorer.store.preferences import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.store.history import History


def open_session(environ: Mapping[str, str], *, keep_history: bool = True) -> SessionContext:
    """Return a session for these environment variables. An invalid user file is a warning, not an error.

    Raises:
        CatalogError: the shipped catalog is invalid.
    """
    folders = Folders.from_environ(environ)
    restrict_permissions(folders.own())
    settings, problems = load_settings(folders)
    loaded = load_catalog(folders)

    def open_history() -> History:
        import time

        from explorer.store.history import History

        return History(
            folders.data / "history.sqlite3",
            now=time.time,
            max_entries=settings.history_max_entries,
            max_bytes=settings.history_max_bytes,
            keep_days=settings.history_keep_days,
            body_limit=settings.history_body_limit,
        )

    return SessionContext(
        catalog=loaded.catalog,
        settings=settings,
        folders=folders,
        vault=Vault(environ),
        environ=environ,
        catalog_problems=loaded.problems,
        settings_problems=problems,
        open_history=open_history if keep_history else None,
    )
