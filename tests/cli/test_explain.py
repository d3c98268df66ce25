"""``explain`` as a program sees it: steps, a named cause, a refusal, and the exit code that says which it was."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_cli import SIGNER, Shell
from tests.core.test_debugging import VECTORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

STORE = "cottoncart.manage_edit_store"
AT = "1329130234"
BASE = "v1/manage/edit_store?auth_id=user123@mystore&auth_ts=1329130234&name=My Fine Store&store_id=mystore"
WORDS = (STORE, "store_id=mystore", "name=My Fine Store", "--at", AT)


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell({**environ, **SIGNER}, capsys)


def test_every_step_is_printed_and_no_secret(shell: Shell) -> None:
    text = shell.run("explain", *WORDS)
    assert shell.code == 0
    vector = next(one for one in VECTORS if one["id"] == "space")
    assert vector["base"].replace(" ", "·") in text
    assert vector["sig"] in text
    assert SIGNER["API_EXPLORER_COTTONCART_SECRET"] not in text + shell.err


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: str(one["id"]))
def test_the_vectors_of_php_are_the_same(shell: Shell, vector: Mapping[str, Any], tmp_path: Any) -> None:
    endpoint = f"cottoncart.{vector['call'].replace('/', '_')}"
    words = [f"{name}={value}" for name, value in vector["params"]]
    for name, file in vector["files"].items():
        (tmp_path / file).write_bytes(b"\x89PNG\r\n\x1a\n")
        words.append(f"{name}=@{tmp_path / file}")
    if vector["id"] == "doc-example":
        endpoint, words = "cottoncart.manage_my_stores", []
        base = vector["base"].replace("catalogue/store_info", "manage/my_stores").replace("&store_id=some_store", "")
        answer = shell.run("explain", endpoint, "--at", AT, "--against", base, "--json")
    else:
        answer = shell.run("explain", endpoint, *words, "--at", AT, "--force", "--against", vector["sig"], "--json")
        assert answer["diagnosis"]["right"] == {"base": vector["base"], "signature": vector["sig"]}
    assert (shell.code, answer["diagnosis"]["verdict"]) == (0, "the same")


@pytest.mark.parametrize(
    ("text", "code", "cause"),
    [
        (BASE, 0, None),
        (BASE.replace(" ", "%20").replace("@", "%40"), 1, "escaped"),
        ("f" * 64, 3, None),
        ("nothing like it", 3, None),
    ],
    ids=["same", "named", "signature", "nonsense"],
)
def test_the_exit_code_tells_whether_the_cause_is_known(shell: Shell, text: str, code: int, cause: str | None) -> None:
    answer = shell.run("explain", *WORDS, "--against", text, "--json")
    assert shell.code == code
    assert [one["id"] for one in answer["diagnosis"]["causes"]] == ([cause] if cause else [])
    assert answer["diagnosis"]["same"] == (code == 0)
    words = shell.run("explain", *WORDS, "--against", text)
    assert shell.code == code
    assert answer["diagnosis"]["verdict"] in words


def test_what_is_piped_in_is_compared_with_its_line_end(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(BASE + "\n"))
    answer = shell.run("explain", *WORDS, "--against", "-", "--json")
    assert [one["id"] for one in answer["diagnosis"]["causes"]] == ["newline"]
    assert answer["diagnosis"]["first_difference"]["byte"] == len(BASE)


def test_both_stand_in_columns_with_the_first_byte_that_differs(shell: Shell) -> None:
    lines = shell.run("explain", *WORDS, "--against", BASE.replace("My Fine", "My%20Fine")).splitlines()
    rights = [line for line in lines if line.startswith("  expected ")]
    marks = [line for line in lines if line.strip() and not line.strip(" ^")]
    right = next(line for line in rights if "░" in line)
    theirs = lines[lines.index(right) + 1]
    mark = marks[0].index("^")
    assert (right[mark : mark + 3], theirs[mark : mark + 3]) == ("·░░", "%20")
    assert any("first difference at byte 71: a space / %" in line for line in lines)


def test_a_refused_entry_says_why_and_a_good_one_that_it_was_not(shell: Shell) -> None:
    shell.environ = {name: value for name, value in shell.environ.items() if name not in SIGNER}
    shell.run("send", "cottoncart.manage_my_stores", "--reading", "signature_case=upper")
    assert shell.code == 1
    answer = shell.run("explain", "1", "--json")
    assert shell.code == 1
    assert (answer["refusal"]["cause"], answer["refusal"]["certain"]) == ("signature", True)
    assert answer["diagnosis"]["causes"][0]["id"] == "upper_hex"
    text = shell.run("explain", "1", "--why")
    assert "Why: the signature does not match the request: the signature is in uppercase" in text
    shell.run("send", "endlessaisles.orders_get", "id=424242")
    assert "no record has this id" in shell.run("explain", "2", "--why")
    shell.run("send", "cottoncart.manage_my_stores")
    assert shell.run("explain", "3", "--why") == "Entry 3 was not refused.\n"
    assert shell.code == 0
    assert "the same" in shell.run("explain", "3")
    shell.run("explain", "cottoncart.manage_my_stores", "--why")
    assert shell.code == 2
    shell.run("explain", "99")
    assert shell.code == 2


def test_a_token_in_a_curl_line_is_judged_and_never_printed(shell: Shell) -> None:
    line = "curl https://h.example/api/orders -H 'X-EA-REQUEST-TOKEN: Bearer ea-demo-production-token'"
    text = shell.run("explain", "endlessaisles.orders_list", "--against", line)
    assert shell.code == 1
    assert "the token belongs to another environment" in text
    assert "ea-demo" not in text + shell.err


def test_an_outside_tool_signs_what_explain_says(shell: Shell) -> None:
    answer = shell.run("explain", *WORDS, "--json")
    base = next(step["text"] for step in answer["steps"] if step["title"] == "Base string")
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", SIGNER["API_EXPLORER_COTTONCART_SECRET"]],
        input=base.encode(),
        capture_output=True,
        check=True,
    )
    made = done.stdout.decode().split()[-1]
    assert shell.run("explain", *WORDS, "--against", made, "--json")["diagnosis"]["same"]
    assert json.dumps(answer)
