"""Guided tracks in the shell: the list, one of them, and that what is sent counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from explorer.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


def test_a_track_is_taken_up_and_walked_in_the_shell(
    environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["tracks", "start", "first-call"], environ) == 0
    shown = capfd.readouterr().out
    assert "▶ running" in shown
    assert "Send the product list without changes: [send]." in shown
    assert main(["send", "endlessaisles.products_list"], environ) == 0
    said = capfd.readouterr().err
    assert "track first-call, Ask for a list: done." in said
    assert "next: Ask for less." in said
    assert main(["send", "endlessaisles.products_list"], environ) == 0
    assert "per_page was not given" in capfd.readouterr().err
    assert main(["tracks"], environ) == 0
    assert "▶  first-call" in (listed := capfd.readouterr().out)
    assert "1 of 4" in listed
    assert main(["tracks", "stop"], environ) == 0
    assert main(["send", "endlessaisles.products_list", "per_page=3"], environ) == 0
    assert "track" not in capfd.readouterr().err
    assert main(["tracks", "reset", "first-call"], environ) == 0
    capfd.readouterr()
    assert main(["tracks", "list", "--json"], environ) == 0
    tracks = json.loads(capfd.readouterr().out)
    assert len(tracks) == 8
    assert {track["done"] for track in tracks} == {0}
    assert tracks[0]["steps"][0]["endpoint"] == "endlessaisles.products_list"


def test_what_cannot_be_is_said(environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["tracks", "show"], environ) == 2
    assert "show needs a track" in capfd.readouterr().err
    assert main(["tracks", "start", "frist-call"], environ) == 2
    assert "first-call" in capfd.readouterr().err
