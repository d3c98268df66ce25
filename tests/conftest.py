"""Fixtures of every test: a home of its own, a clean environment, the shipped catalog; what tests share to be fast."""

from __future__ import annotations

import gc
import os
import shutil
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
from explorer.store.catalogs import decode, load_catalog
from explorer.store.folders import Folders, make_folder
from tests.shared_styles import share_parsed_styles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from explorer.core.catalog.model import Catalog

gc.set_threshold(20_000, 20, 50)  # every app that was closed is garbage: looking for it less often takes a third less
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a background job: what tests start would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
share_parsed_styles()
_MEMORY = Path("/dev/shm")
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2**31:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))  # a sync to the disk takes longer than most tests
ROOT = Path(__file__).parent.parent
_SURPRISES = ("NO_COLOR", "COLORTERM", "FORCE_COLOR", "CLICOLOR_FORCE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(scope="session")
def decoded_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache file that the program makes of the shipped catalog, made once a process."""
    folders = Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path_factory.mktemp("decoded"))})
    load_catalog(folders)
    (path,) = folders.cache.glob("catalog-*.msgpack")
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoded_catalog: Path) -> Iterator[Path]:
    """Yield a home folder of the test's own beside its ``tmp_path``, with the catalog decoded; hide the user's
    environment."""
    for name in list(os.environ):
        if name.startswith(("API_EXPLORER_", "XDG_")) or name.upper() in _SURPRISES:
            monkeypatch.delenv(name)
    folder = tmp_path.with_name(f"{tmp_path.name}-home")
    monkeypatch.setenv("API_EXPLORER_HOME", str(folder))
    seed_catalog(folder, decoded_catalog)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def seed_catalog(home: Path, decoded: Path) -> None:
    """Put the decoded catalog into *home*, as an earlier start would have: decoding takes longer than most tests."""
    cache = Folders.from_environ({"API_EXPLORER_HOME": str(home)}).cache
    make_folder(cache)
    os.link(decoded, cache / decoded.name)


@pytest.fixture
def environ(home: Path) -> Mapping[str, str]:
    """The environment of a person with that home and nothing else."""
    return {"API_EXPLORER_HOME": str(home)}


@pytest.fixture(scope="session")
def shipped() -> Catalog:
    """The catalog that is shipped, checked."""
    path = ROOT / "endpoint_catalog.toml"
    return decode(read_toml(path.read_text(encoding="utf-8"), path.name), path.name)
