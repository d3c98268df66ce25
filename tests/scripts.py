"""The scripts as modules, so that a test calls them without another Python."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT

if TYPE_CHECKING:
    from types import ModuleType


def script(name: str) -> ModuleType | Any:
    """Return ``scripts/NAME.py`` as a module; the import path stays as it was."""
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module
