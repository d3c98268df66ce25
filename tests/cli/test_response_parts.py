"""``send -i``, ``-v`` and ``-b``: what is on stdout and on stderr, masked, and what cannot be combined."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from explorer.core.text.secret import MASK
from tests.cli.test_cli import shell  # noqa: F401 - a fixture
from tests.cli.test_terminal_output import PNG, answering, catalog, shown

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_cli import Shell

CALL = ("send", "endlessaisles.stock", "sku=81001")
SIGN_IN = ("send", "fashionphile.sign_in", "email=demo@example.com", "password=MarkedSecretCc73")
TOKEN = ("send", "xsellcast.request_token", "client_id=demo-client", "client_secret=demo-client-secret")
BODY = '{"data":{"81001":42}}'


@pytest.mark.parametrize("option", ["-i", "--include"])
def test_include_prints_the_status_line_and_headers_before_the_body(option: str, shell: Shell) -> None:  # noqa: F811
    head, _, body = shell.run(*CALL, option).partition("\n\n")
    assert shell.code == 0
    lines = head.split("\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert "content-type: application/json" in lines
    assert body == BODY
    assert "OK  HTTP 200 OK" in shell.err


def test_verbose_prints_the_request_as_it_is_on_the_wire(shell: Shell) -> None:  # noqa: F811
    request, response, body = shell.run(*CALL, "-v").split("\n\n")
    lines = request.split("\n")
    assert lines[0].startswith("GET /")
    assert lines[0].endswith("/api/stock?sku=81001 HTTP/1.1")
    assert any(line.startswith("Host: 127.0.0.1:") for line in lines)
    assert f"X-EA-REQUEST-TOKEN: {MASK}" in lines
    assert response.startswith("HTTP/1.1 200 OK\n")
    assert body == BODY


def test_verbose_masks_the_body_of_the_request_unless_asked_not_to(shell: Shell) -> None:  # noqa: F811
    text = shell.run(*SIGN_IN, "--verbose")
    assert shell.code in (1, 4)
    assert 'name="password"' in text
    assert "MarkedSecretCc73" not in text + shell.err
    assert "MarkedSecretCc73" in shell.run(*SIGN_IN, "--verbose", "--show-secrets")


def test_response_headers_are_masked(home: Path, shell: Shell) -> None:  # noqa: F811
    with answering(b"{}", "application/json\r\nSet-Cookie: session=MarkedSecretCc73") as port:
        catalog(home, port)
        text = shell.run("send", "big.get", "-e", "live", "-i")
    assert "set-cookie: " in text.lower()
    assert "MarkedSecretCc73" not in text


def test_a_request_without_a_response_is_printed(shell: Shell) -> None:  # noqa: F811
    text = shell.run(*CALL, "-v", "--base-url", "http://127.0.0.1:9")
    assert shell.code == 3
    assert text.startswith("GET /api/stock?sku=81001 HTTP/1.1\nHost: 127.0.0.1:9\n")
    assert shell.run(*CALL, "-i", "--base-url", "http://127.0.0.1:9") == ""


def test_the_head_is_on_stdout_and_the_body_in_the_file(tmp_path: Path, shell: Shell) -> None:  # noqa: F811
    text = shell.run(*CALL, "-i", "-o", str(tmp_path / "body"))
    assert text.startswith("HTTP/1.1 200 OK\n")
    assert BODY not in text
    assert (tmp_path / "body").read_text(encoding="utf-8") == BODY
    assert shell.run(*CALL, "-i", "-o", "-").endswith("\n\n" + BODY)


def test_body_is_quiet(shell: Shell) -> None:  # noqa: F811
    assert shell.run(*CALL, "-b") == BODY == shell.run(*CALL)
    assert shell.err != ""
    shell.run(*CALL, "--body")
    assert (shell.code, shell.err) == (0, "")
    shell.run(*SIGN_IN, "-b")
    assert (shell.code, shell.err) == (4, "")


def test_body_still_reports_that_there_is_none(shell: Shell) -> None:  # noqa: F811
    shell.run(*CALL, "-b", "--base-url", "http://127.0.0.1:9")
    assert shell.code == 3
    assert "Could not connect" in shell.err


def test_body_of_pages_is_quiet(shell: Shell) -> None:  # noqa: F811
    words = ("send", "quickstart.customers_list", "page=1", "--max-pages", "2")
    rows = json.loads(shell.run(*words))
    assert "page" in shell.err
    assert [row["id"] for row in json.loads(shell.run(*words, "-b"))] == [row["id"] for row in rows]
    assert (shell.code, shell.err) == (0, "")


def test_a_terminal_shows_the_head_of_binary_data(home: Path) -> None:
    with answering(PNG, "image/png") as port:
        catalog(home, port)
        code, seen = shown(home, "send", "big.get", "-e", "live", "-v")
    assert code == 0
    assert b"GET /x HTTP/1.1" in seen
    assert b"HTTP/1.1 200 OK" in seen
    assert b"binary data is not shown" in seen


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("-i", "-b"), ("--include", "--body")),
        (("-v", "-b"), ("--verbose", "--body")),
        (("-i", "-j"), ("--include", "--json")),
        (("-v", "--ndjson"), ("--verbose", "--ndjson")),
        (("-i", "--all-pages"), ("--include", "--all-pages")),
        (("-v", "--max-pages", "2"), ("--verbose", "--max-pages")),
        (("-b", "-j"), ("--body", "--json")),
    ],
)
def test_what_cannot_be_combined_is_named_and_nothing_is_sent(
    words: tuple[str, ...],
    named: tuple[str, str],
    shell: Shell,  # noqa: F811
) -> None:
    shell.run(*CALL, *words)
    assert shell.code == 2
    assert f"{named[0]} and {named[1]} cannot be combined" in shell.err
    assert json.loads(shell.run("history", "list", "-j")) == []
