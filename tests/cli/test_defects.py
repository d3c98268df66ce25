"""A defect in the command line: one sentence, a file of places, and no value of what the program held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from explorer.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Broken(Mapping[str, str]):
    """An environment that fails when it is asked for anything but the folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __getitem__(self, key: str) -> str:
        if key == "API_EXPLORER_HOME":
            return str(self.home)
        raise RuntimeError("MARKED-LOCAL-4711 \x1b]0;pwned\x07")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("MARKED-LOCAL-4711")

    def __len__(self) -> int:
        return 1


def test_a_defect_is_told_without_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["prepare", "cottoncart.stats_sales"], Broken(tmp_path))
    assert code == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert "Internal error (RuntimeError)" in err
    assert "Traceback" not in err
    (file,) = (tmp_path / "data" / "defects").iterdir()
    text = file.read_text(encoding="utf-8")
    assert "RuntimeError" in text
    assert "MARKED" not in text + err
