"""Comparing vendors in the shell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from explorer.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


def test_the_table_stands_beside_or_below(
    environ: Mapping[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns, first in ((170, "Paging              page"), (80, "Paging\n  xsellcast      page; without total")):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main(["compare"], environ) == 0
        out = capfd.readouterr().out
        assert first in out
        assert max(map(len, out.splitlines())) <= columns


def test_one_task_and_data(environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--task", "auth"], environ) == 0
    assert "Signed parameters (HMAC-SHA256)" in capfd.readouterr().out
    assert main(["compare", "--task", "auth", "--json"], environ) == 0
    (row,) = json.loads(capfd.readouterr().out)
    assert row["vendors"]["cottoncart"]["lines"].startswith("002:")
    assert main(["compare", "--task", "aut"], environ) == 2
    assert "auth" in capfd.readouterr().err
