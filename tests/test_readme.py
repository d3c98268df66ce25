"""What the README and the manuals show is true: the picture, the keys, and every command line."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
import textual

from explorer.cli import cli
from tests.conftest import ROOT
from tests.scripts import script
from tests.tui.scenes import PICTURES
from tests.tui.test_snapshots import TAKEN_WITH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.catalog import Catalog

MANUALS = ("README.md", "CONTRIBUTING.md", "docs/CATALOG.md", "docs/PAGES.md", "docs/DEBUGGING.md")


def command_lines() -> Iterator[tuple[str, str]]:
    """Every line of a shell block that calls the program, and every such call in running text."""
    for name in MANUALS:
        text = (ROOT / name).read_text(encoding="utf-8")
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            for line in block.splitlines():
                if line.startswith("api-explorer "):
                    yield name, line
        for call in re.findall(r"`(api-explorer [^`]*)`", text):
            yield name, re.sub(r"\[[^ ]*", "", call.replace("KIND", "429"))


def words_of(line: str) -> list[str]:
    """The arguments of a line: without its comment, and without what it is piped into."""
    words = shlex.split(line, comments=True)[1:]
    return words[: words.index("|")] if "|" in words else words


LINES = list(command_lines())


def test_there_are_lines_to_check() -> None:
    assert len([name for name, _ in LINES if name == "README.md"]) >= 10


@pytest.mark.parametrize(("name", "line"), LINES, ids=[line for _, line in LINES])
def test_a_command_line_is_understood_and_names_what_there_is(name: str, line: str, shipped: Catalog) -> None:
    command: click.Command = cli
    context = click.Context(cli, info_name="api-explorer")
    words = words_of(line)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"{name}: no command {words[0]!r}"
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    parsed = command.make_context(command.name, list(words), parent=context.parent)
    address = parsed.params.get("address")
    if address:
        vendor, _, endpoint = address.partition(".")
        assert endpoint in shipped.vendors[vendor].endpoints, f"{name}: no endpoint {address}"
    vendor_id = parsed.params.get("vendor_id")
    assert vendor_id in (None, "VENDOR") or vendor_id in shipped.vendors, f"{name}: no vendor {vendor_id}"


def test_the_table_of_keys_is_fresh() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert script("readme").with_fresh_keys(text) == text, "run python scripts/readme.py --write"


@pytest.mark.skipif(
    not textual.__version__.startswith(f"{TAKEN_WITH[0]}."), reason="the picture was taken with another library"
)
@pytest.mark.parametrize("name", ["screen", "signature", "compare", "refusal"])
async def test_the_picture_is_fresh(name: str, shipped: Catalog) -> None:
    pictures = script("picture")
    fresh = await pictures.picture(shipped, name)
    assert fresh == pictures.place(name).read_text(encoding="utf-8"), "run python scripts/picture.py and look at it"


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_shown(name: str) -> None:
    pages = (ROOT / "README.md", ROOT / "docs" / "GALLERY.md")
    assert any(f"/{name}.svg)" in page.read_text(encoding="utf-8") for page in pages)
