"""Some of the hostile responses of `scripts/attack.py`, so that its table, its server and its calls keep working."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from explorer.cli import main
from tests.hostile.calls import CALLS, SECRET, credentials, words, write_home
from tests.hostile.kinds import KINDS
from tests.hostile.server import HostileServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BY_NAME = {kind.name: kind for kind in KINDS}
QUICK = (
    *("nothing", "http-0.9", "reason-markup", "length-twice", "close-before-last-chunk", "two-responses"),
    *("error-before-request", "redirect-self", "chunk-letters", "gzip-cut", "gzip-wrong", "coding-50"),
    *("redirect-port-99999999", "gzip-cut-head", "json-nan", "json-empty", "markup-unclosed"),
    *("escapes-json", "json-cut", "json-deep-900", "xml-external-entity", "xml-encoding-lie", "body-204"),
    *("oauth2-token-lines", "oauth2-token-unicode", "oauth2-lifetime", "oauth2-lifetime-nan", "mint-token-unicode"),
    *("mint-token-types", "next-token-escapes", "token-echoed", "pages-total-text", "offset-same", "links-file"),
)
"""Kinds that take no time."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HostileServer, Path]]:
    """A server, and a home folder that all tests share: its cache of the catalog takes longest to make."""
    with HostileServer() as server:
        home = tmp_path_factory.mktemp("home")
        write_home(home, server.origin, 8)
        yield server, home


@pytest.mark.parametrize("name", QUICK)
def test_the_command_line_survives(
    name: str, server: tuple[HostileServer, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    kind, (sender, home) = BY_NAME[name], server
    sender.begin(kind)
    code = main([*words(kind), "--json"], {"API_EXPLORER_HOME": str(home), **credentials(kind)})
    requests, _ = sender.finish()
    output, narration = capsys.readouterr()
    assert code in kind.exits, narration
    assert requests
    assert sender.errors == []
    assert SECRET not in output + narration
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", narration) is None


def test_the_table_is_as_large_as_it_claims_and_each_name_means_one_kind() -> None:
    assert len(BY_NAME) == len(KINDS) > 300
    assert sum(not kind.call.startswith("pages") for kind in KINDS) > 250
    assert {kind.call for kind in KINDS} == set(CALLS)
    assert all(kind.about for kind in KINDS)
