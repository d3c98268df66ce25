"""Type-ahead on a real terminal: what is sent in one burst lands where typing it slowly would put it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALUES = {
    "item1_product_id": "16001",
    "item1_colour_id": "810003",
    "item1_size": "M",
    "item1_quantity": "2",
    "item2_product_id": "16002",
    "item2_colour_id": "810004",
}
F3, CTRL_O, CTRL_Q = "\x1bOR", "\x0f", "\x11"


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    """The program, ready for keys."""
    terminal = Terminal([sys.executable, "-m", "explorer"], str(home))
    terminal.until(b"Cotton Cart")
    yield terminal
    terminal.end()


def drafts(terminal: Terminal, home: Path) -> dict[str, dict[str, str]]:
    """What is in the forms after an orderly end."""
    terminal.type(CTRL_Q)
    assert terminal.until_end() == 0
    found = json.loads(next(home.rglob("drafts.json")).read_bytes()) if list(home.rglob("drafts.json")) else {}
    return {key: {one["name"]: one.get("value", "") for one in draft["entries"]} for key, draft in found.items()}


def opened(terminal: Terminal, address: str) -> None:
    """Open an endpoint and wait for its form."""
    since = terminal.type(address)
    terminal.until(b"1 found", since=since)
    since = terminal.type("\r")
    terminal.until(b"required", since=since)


@pytest.mark.parametrize("key", ["\r", "\t"], ids=["enter", "tab"])
def test_six_values_in_one_burst_land_in_six_fields(terminal: Terminal, home: Path, key: str) -> None:
    opened(terminal, "fashionphile.address_create")
    names = [f"v{number}" for number in range(6)]
    # an optional field has two stops for tab: its mark and its line; text on the mark goes into the line
    terminal.type(key.join(names) + key)
    terminal.until(b"v5")
    values = list(drafts(terminal, home)["fashionphile.address_create"].values())
    assert values == names


def test_a_burst_opens_a_form_fills_it_adds_an_item_and_fills_that(terminal: Terminal, home: Path) -> None:
    values = list(VALUES.values())
    terminal.type("cottoncart.order_calculate\r" + "\r".join(values[:4]) + F3 + "\r".join(values[4:]))
    terminal.until(b"810004")
    assert drafts(terminal, home)["cottoncart.order_calculate"] == VALUES


@pytest.mark.parametrize("burst", ["xyzxyz", "33333", "qwert", "\x1b\x1b", "2\r\r\r"])
def test_what_comes_together_with_a_jump_does_not_end_the_program(terminal: Terminal, home: Path, burst: str) -> None:
    opened(terminal, "cottoncart.order_calculate")
    terminal.type("16001")
    terminal.until(b"16001")
    terminal.type(CTRL_O + burst)
    terminal.drain(0.5)  # what comes at the same time is ignored, so ctrl+q comes later
    assert drafts(terminal, home)["cottoncart.order_calculate"] == {"item1_product_id": "16001"}


def test_several_keys_at_once_on_the_jump_screen_do_not_end_the_program(terminal: Terminal, home: Path) -> None:
    opened(terminal, "cottoncart.order_calculate")
    since = terminal.type(CTRL_O)
    terminal.until(b"Type a letter", since=since)
    terminal.type("qwerty")
    terminal.drain(0.5)
    assert drafts(terminal, home) == {}
