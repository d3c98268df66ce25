"""What the app's tests stand on: a session over the shipped catalog with a sandbox of its own, and a way to wait."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from explorer.session.context import SessionContext
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago, so that suites can run side by side."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def session(shipped: Catalog, environ: Mapping[str, str], port: int) -> SessionContext:
    """A session without a keyring, with a sandbox of its own."""
    folders = Folders.from_environ(environ)
    return SessionContext(
        catalog=shipped,
        settings=Settings(sandbox_port=port),
        folders=folders,
        vault=Vault(environ, keyring=None),
        environ=environ,
        open_history=lambda: History(folders.data / "history.sqlite3", now=time.time),
    )


@pytest.fixture
def own_theme(environ: Mapping[str, str]) -> Path:
    """Where a person's own themes are."""
    folder = Folders.from_environ(environ).config / "themes"
    folder.mkdir(parents=True)
    return folder
