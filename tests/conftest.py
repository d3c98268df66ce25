"""What every test stands on: a home of its own, an environment without surprises, and the catalog that is shipped."""

from __future__ import annotations

import gc
import os
import signal
from importlib import import_module
from pathlib import Path

os.environ["TEXTUAL_ANIMATIONS"] = "none"
if os.environ.get("EXPLORER_NEXT_HTTPX"):
    import_module("httpx2").alias_httpx()

from typing import TYPE_CHECKING

import pytest

from explorer.core.catalog import Catalog
from explorer.core.catalog.load import read_toml
from explorer.settings.catalog import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog import Catalog

gc.set_threshold(20_000, 20, 50)  # every app that was closed is garbage: looking for it less often takes a third less
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a background job: what tests start would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
ROOT = Path(__file__).parent.parent
_SURPRISES = ("NO_COLOR", "COLORTERM", "FORCE_COLOR", "CLICOLOR_FORCE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own; nothing of the person's environment is seen."""
    for name in list(os.environ):
        if name.startswith(("API_EXPLORER_", "XDG_")) or name.upper() in _SURPRISES:
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("API_EXPLORER_HOME", str(folder))
    return folder


@pytest.fixture
def environ(home: Path) -> Mapping[str, str]:
    """The environment of a person with that home and nothing else."""
    return {"API_EXPLORER_HOME": str(home)}


@pytest.fixture(scope="session")
def shipped() -> Catalog:
    """The catalog that is shipped, checked."""
    path = ROOT / "endpoint_catalog.toml"
    return decode(read_toml(path.read_text(encoding="utf-8"), path.name), path.name)
