"""What is really loaded, looked up in a process of its own: the static floors cannot see what is imported late."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("textual", "httpx", "httpx2", "uvicorn", "starlette", "oauthlib", "keyring", "sqlite3", "click")


def loaded(code: str) -> set[str]:
    """The heavy packages that are loaded after *code*."""
    script = f"import sys, json\n{code}\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    return set(json.loads(out.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import explorer.cli", {"click"}),
        ("import explorer.session.context", set()),
        ("import explorer.session.prepare, explorer.session.send, explorer.session.history", set()),
        ("import explorer.core.catalog", set()),
        ("import explorer.store", set()),
        ("import explorer.tui", set()),
        ("import explorer.sandbox.address", set()),
        ("import explorer.__main__", set()),
        (
            (
                "import io, contextlib\nfrom explorer.cli import main\n"
                "with contextlib.redirect_stdout(io.StringIO()): main(['list'])"
            ),
            {"click"},
        ),
        (
            (
                "import io, contextlib\nfrom explorer.cli import main\n"
                "with contextlib.redirect_stdout(io.StringIO()): main(['prepare', 'cottoncart.catalogue_stores'])"
            ),
            {"click", "httpx"},
        ),
    ],
)
def test_only_what_is_needed_is_loaded(code: str, allowed: set[str]) -> None:
    assert loaded(code) <= allowed


def test_the_first_frame_needs_no_network_no_server_and_no_vault() -> None:
    code = """
import asyncio, os
from explorer.session.factory import open_session
from explorer.tui.app import ExplorerApp

async def frame():
    app = ExplorerApp(open_session(os.environ))
    seen = []
    class Stop(Exception): ...
    async with app.run_test(size=(120, 40)):
        seen.extend(name for name in %r if name in sys.modules)
    return seen

first = asyncio.run(frame())
assert not set(first) & {"uvicorn", "starlette", "oauthlib", "keyring"}, first
"""
    assert loaded(code % (HEAVY,)) <= set(HEAVY)
