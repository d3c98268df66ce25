"""Odd arguments and environments end with the exit code of a usage error, never as an internal error (70)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from explorer.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HUGE = "9" * 23
CALL = "cottoncart.stats_sales"
DEEP = "[" * 5_000 + "]" * 5_000
WORDS = {
    "base url with line breaks": ["send", CALL, "--base-url", "http://a\r\nX-Evil: b"],
    "base url with a blank": ["send", CALL, "--base-url", "http://a b/"],
    "base url with a port beyond all": ["send", CALL, "--base-url", "http://a:99999999"],
    "base url with half an address": ["send", CALL, "--base-url", "http://[::1"],
    "base url with a name that IDNA refuses": ["send", CALL, "--base-url", "http://xn--/"],
    "base url of a doctor": ["doctor", "cottoncart", "--base-url", "http://[::1"],
    "header with line breaks": ["send", CALL, "--header", "X-A: b\r\nc"],
    "header that is not UTF-8": ["send", CALL, "--header", "X-A: \udcff"],
    "moment that is no number": ["prepare", CALL, "--at", "nan"],
    "moment beyond all dates": ["prepare", CALL, "--at", "1e300"],
    "moment before all dates": ["explain", CALL, "--against", "x", "--at", "-1e18"],
    "limit that is no number": ["send", CALL, "--timeout", "nan"],
    "limit of for ever": ["send", CALL, "--timeout", "inf"],
    "entry beyond all": ["history", "show", HUGE],
    "entries before one beyond all": ["history", "list", "--before", HUGE],
    "replay of one beyond all": ["replay", HUGE],
    "difference to one beyond all": ["diff", HUGE, "1"],
    "export of one beyond all": ["export", HUGE, "--as", "curl"],
    "deep JSON": ["prepare", "fashionphile.cart_create", f"cartItems:={DEEP}", "--force"],
    "file of nobody": ["send", "fashionphile.product_image", "title=x", "images[0]=@~nosuchuser/x"],
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
def test_odd_arguments_are_usage_errors(
    words: list[str], environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words, environ) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("folder", ["~nosuchuser/x", "a" * 5_000], ids=["nobody's", "long"])
@pytest.mark.parametrize("words", [["list"], []], ids=["list", "the app"])
def test_a_home_that_cannot_be_is_named(folder: str, words: list[str]) -> None:
    environ = {**os.environ, "API_EXPLORER_HOME": folder}
    if not words:
        code = "import os, sys; from explorer.tui import run; sys.exit(run(os.environ))"
        command = [sys.executable, "-c", code]
    else:
        command = [sys.executable, "-m", "explorer", *words]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2, result.stderr
    assert "API_EXPLORER_HOME" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("kind", ["config", "data", "cache"])
@pytest.mark.parametrize("words", [["list"], ["send", CALL], ["history"]], ids=["list", "send", "history"])
def test_a_file_in_the_place_of_a_folder_is_no_internal_error(words: list[str], kind: str, tmp_path: Path) -> None:
    (tmp_path / kind).write_text("x", encoding="utf-8")
    assert main(words, {"API_EXPLORER_HOME": str(tmp_path)}) in (0, 2, 3)
