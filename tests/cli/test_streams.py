"""Exit codes and narration when a standard stream is full, closed or read no further, on the real command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEND = "send cottoncart.stats_sales"


def shell(line: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run *line* in a shell, where ``X`` is the program; the exit code is that of the program."""
    environ = {**os.environ, "API_EXPLORER_HOME": str(home), "X": f"{sys.executable} -m explorer", **variables}
    return subprocess.run(
        ["bash", "-c", line], env=environ, capture_output=True, text=True, timeout=60, check=False, errors="replace"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("words", ["list", f"{SEND} --json", "--help"])
def test_a_full_stdout_ends_with_74_and_says_so(words: str, home: Path) -> None:
    result = shell(f"$X {words} >/dev/full", home)
    assert result.returncode == 74, result.stderr
    assert "stdout cannot be written: No space left on device" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("words", ["list", SEND])
def test_a_closed_stdout_ends_with_74_and_no_file_takes_its_place(words: str, home: Path) -> None:
    result = shell(f"$X {words} >&-", home)
    assert result.returncode == 74, result.stderr
    assert "stdout is closed" in result.stderr
    assert "Exception ignored" not in result.stderr
    again = shell("$X history", home)
    assert again.returncode == 0, again.stderr
    assert ("stats_sales" in again.stdout) == words.startswith("send")


@pytest.mark.parametrize("words", ["list --json", f"{SEND} --json", "--help"])
def test_a_reader_that_closes_the_pipe_early_ends_it_with_141_and_nothing_is_said(words: str, home: Path) -> None:
    result = shell(f"$X {words} | true; exit ${{PIPESTATUS[0]}}", home)
    assert result.returncode == 141, result.stderr
    for word in ("Traceback", "Could not", "Broken pipe", "Exception ignored"):
        assert word not in result.stderr


@pytest.mark.parametrize("ending", ["2>/dev/full", "<&- 2>&-"])
def test_narration_that_is_lost_and_a_closed_stdin_change_nothing(ending: str, home: Path) -> None:
    result = shell(f"$X {SEND} {ending}", home)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("{")
    assert shell(f"$X nonsense {ending}", home).returncode == 2


def test_with_every_stream_closed_the_verdict_is_still_the_exit_code(home: Path) -> None:
    assert shell(f"$X {SEND} --output {home}/body <&- >&- 2>&-", home).returncode == 0
    assert (home / "body").stat().st_size > 0


def test_a_terminal_without_unicode_gets_escapes(home: Path) -> None:
    result = shell("$X show fashionphile", home, PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()


def test_the_app_without_streams_says_what_it_needs(home: Path) -> None:
    assert shell("$X <&- >&-", home).returncode == 2
    assert shell("$X <&- >&- 2>&-", home).returncode == 2
