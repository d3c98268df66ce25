"""``follow``: from an entry of the history to the calls that take its ids."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from explorer.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


def test_an_id_leads_to_a_command_that_works(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", "endlessaisles.products_list", "--json"], environ) == 0
    number = str(json.loads(capsys.readouterr().out)["history"])
    assert main(["follow", number], environ) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in listed] == ["data[0].id", "data[0].sizes[0].id"]
    assert main(["follow", number, "data[0].sizes[0].id"], environ) == 0
    lines = capsys.readouterr().out.splitlines()
    option = next(line for line in lines if "product_option" in line)
    words = shlex.split(option, comments=True)
    assert words[:3] == ["api-explorer", "send", "endlessaisles.product_option"]
    assert main([*words[1:], "--json"], environ) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"]["outcome"] == "OK"
    assert main(["follow", number, "data[0].sizes[0].id", "--json"], environ) == 0
    ways = json.loads(capsys.readouterr().out)["ways"]
    assert ways[0]["effect"] == "read"
    assert ways[-1]["effect"] == "order"
    assert main(["follow", number, "total"], environ) == 2
    assert main(["follow", number, "data[0]"], environ) == 2
    assert "a path is written as data[0].id" in capsys.readouterr().err
