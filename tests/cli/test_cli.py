"""The command line as a program sees it: stdout is data, stderr is narration, the exit code is the verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from explorer.cli import main
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VECTORS = json.loads((ROOT / "tests/data/signing_vectors.json").read_text(encoding="utf-8"))["signing"]
SIGNER = {"API_EXPLORER_COTTONCART_AUTH_ID": "user123@mystore", "API_EXPLORER_COTTONCART_SECRET": "aB3dE6gH9jK2mN5p"}


class Shell:
    """Runs commands in this process and gives what they wrote."""

    def __init__(self, environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        self.environ = dict(environ)
        self._capsys = capsys
        self.code = 0
        self.out = ""
        self.err = ""

    def run(self, *words: str, **environ: str) -> Any:
        """Run a command; with ``--json`` gives what it printed as a value."""
        self._capsys.readouterr()
        self.code = main(words, {**self.environ, **environ})
        self.out, self.err = self._capsys.readouterr()
        return json.loads(self.out) if "--json" in words and self.out else self.out


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capsys)


def test_list_gives_every_endpoint_in_the_promised_shape(shell: Shell) -> None:
    rows = shell.run("list", "--json")
    assert shell.code == 0
    assert {row["vendor"] for row in rows} == {"xsellcast", "fashionphile", "cottoncart", "quickstart", "endlessaisles"}
    for row in rows:
        assert set(row) == {
            "vendor",
            "id",
            "group",
            "title",
            "method",
            "methods",
            "path",
            "auth",
            "paginated",
            "params",
            "readings",
        }
        for param in row["params"]:
            assert set(param) == {"name", "in", "type", "required", "default", "enum", "repeat", "secret"}
            assert param["in"] in ("path", "query", "form", "json", "multipart", "header")
    assert sum(1 for row in rows for _ in row["readings"]) > 100


def test_list_of_one_vendor_and_show_read_like_a_page(shell: Shell) -> None:
    assert "endlessaisles.stock" in shell.run("list", "endlessaisles")
    page = shell.run("show", "cottoncart.order_checkout")
    assert "item#_quantity" in page
    assert "[002:" in page
    assert "production" in shell.run("show", "cottoncart")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_prepare_signs_as_php_does(shell: Shell, vector: Mapping[str, Any], tmp_path: Path) -> None:
    method, _, name = vector["call"].partition("/")
    words = [f"{key}={value}" for key, value in vector["params"]]
    for key, file in vector["files"].items():
        (tmp_path / file).write_bytes(b"\x89PNG")
        words.append(f"{key}=@{tmp_path / file}")
    readings = ["--reading", "catalogue_auth=signed"] if method == "catalogue" else []
    found = shell.run(
        "prepare",
        f"cottoncart.{method}_{name}",
        *words,
        *readings,
        "--at",
        str(vector["auth_ts"]),
        "--json",
        "--force",
        **SIGNER,
    )
    request = found["request"]
    assert vector["sig"] in f"{request['url']} {request['body']}"


def test_prepare_sends_nothing_and_masks(shell: Shell) -> None:
    found = shell.run(
        "prepare",
        "endlessaisles.stock",
        "sku=1",
        "--env",
        "production",
        "--json",
        API_EXPLORER_ENDLESSAISLES_TOKEN="tok-4711",
    )
    assert shell.code == 0
    assert "tok-4711" not in shell.out + shell.err
    assert found["request"]["url"] == "https://app.endlessaisles.io/api/stock?sku=1"
    found = shell.run(
        "prepare", "endlessaisles.stock", "--show-secrets", "--json", API_EXPLORER_ENDLESSAISLES_TOKEN="tok-4711"
    )
    assert found["request"]["headers"]["X-EA-REQUEST-TOKEN"] == "tok-4711"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("xsellcast.brands_list", []),
        ("fashionphile.whoami", []),
        ("cottoncart.manage_my_stores", ["count=1"]),
        ("quickstart.customers_list", ["page=1"]),
        ("endlessaisles.stock", ["sku=81001"]),
    ],
)
def test_the_first_request_of_every_vendor_works_without_typing_a_secret(
    shell: Shell, address: str, words: list[str]
) -> None:
    found = shell.run("send", address, *words, "--json")
    assert (shell.code, found["verdict"]["outcome"], found["response"]["status"]) == (0, "OK", 200), shell.err
    assert set(found) >= {"request", "response", "verdict", "timings", "pages"}
    assert found["pages"] == 1
    assert {"outcome", "http_status", "code", "message", "fields"} <= set(found["verdict"])
    row = shell.run("history", "list", "--json")[0]
    assert f"{row['vendor']}.{row['endpoint']}" == address
    kept = shell.run("history", "show", str(row["id"]), "--json")
    assert kept["response"]["body"] == found["response"]["body"]


def test_a_form_error_sends_nothing_and_names_the_field(shell: Shell) -> None:
    found = shell.run("send", "cottoncart.manage_my_stores", "start=5", "--json")
    assert shell.code == 2
    assert found["error"]["problems"][0]["field"] == "count"
    assert shell.run("history", "list", "--json") == []


def test_force_sends_what_is_wrong_and_the_vendor_says_no(shell: Shell) -> None:
    found = shell.run("send", "cottoncart.manage_my_stores", "start=5", "--force", "--json")
    assert shell.code == 1
    assert (found["response"]["status"], found["verdict"]["outcome"]) == (200, "FAILED")
    assert [field["name"] for field in found["verdict"]["fields"]] == ["count"]
    assert "sandbox" in found


def test_a_wrong_secret_is_refused(shell: Shell) -> None:
    found = shell.run("send", "cottoncart.stats_balance", "--json", API_EXPLORER_COTTONCART_SECRET="wrong-wrong-wron")
    assert shell.code in (1, 4)
    assert found["verdict"]["outcome"] == "FAILED"
    assert "signature" in found["sandbox"]
    shell.run("send", "endlessaisles.stock", "--json", API_EXPLORER_ENDLESSAISLES_TOKEN="wrong")
    assert shell.code == 4
    shell.run("send", "fashionphile.whoami", "--json", API_EXPLORER_FASHIONPHILE_PASSWORD="wrong")
    assert shell.code == 4


def test_a_missing_credential_names_its_variable(shell: Shell) -> None:
    shell.run("send", "endlessaisles.stock", "--env", "test")
    assert shell.code == 4
    assert "API_EXPLORER_ENDLESSAISLES_TOKEN" in shell.err


def test_nobody_listens(shell: Shell) -> None:
    found = shell.run("send", "endlessaisles.stock", "--base-url", "http://127.0.0.1:9", "--json", "--timeout", "5")
    assert shell.code == 3
    assert found["error"]["kind"] == "ConnectFailed"
    assert found["response"] is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["send", "cottencart.stats_balance"], "cottoncart"),
        (["send", "cottoncart.stats_balanse"], "cottoncart.stats_balance"),
        (["send", "cottoncart.stats_balance", "--env", "prod"], "production"),
        (["send", "cottoncart.stats_balance", "--reading", "nonsense=1"], "no reading"),
        (["send", "cottoncart.stats_balance", "oops"], "name=value"),
        (["lst"], "list"),
        (["history", "show", "99"], "99"),
    ],
)
def test_a_wrong_word_is_a_usage_error_with_a_suggestion(shell: Shell, words: list[str], told: str) -> None:
    shell.run(*words)
    assert shell.code == 2
    assert told in shell.err


def test_a_guarded_environment_asks_before_an_order(shell: Shell) -> None:
    words = [
        "shipping.first_name=A",
        "shipping.last_name=B",
        "shipping.address_line_1=C",
        "shipping.city=D",
        "shipping.state=NC",
    ]
    words += [
        "shipping.zip=27511",
        "line_items[0].id=1",
        "line_items[0].upc=1",
        "line_items[0].price=1",
        "line_items[0].quantity=1",
    ]
    shell.run(
        "send",
        "endlessaisles.orders_create",
        *words,
        "--env",
        "production",
        "--force",
        API_EXPLORER_ENDLESSAISLES_TOKEN="x",
    )
    assert shell.code == 2
    assert "--yes" in shell.err
    assert shell.run("history", "list", "--json") == []


def test_check_reports_every_problem_of_a_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[vendors.mine]\ntitle = "Mine"\ncolour = 1\n[vendors.mine.endpoints.a]\ntitle = "A"\ngroup = "G"\npath = "a"\n'
    )
    problems = shell.run("check", str(file), "--json")
    assert shell.code == 2
    assert [one["path"] for one in problems] == ["vendors.mine.colour", "vendors.mine.endpoints.a.path"]
    assert shell.run("check", str(ROOT / "endpoint_catalog.toml")).endswith("no problems\n")
    assert shell.code == 0


def test_check_also_reads_what_is_meant_for_the_sandbox(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[vendors.endlessaisles.sandbox.handlers.stock]\nrespond = '{\"a\": nonsense(}'\n")
    problems = shell.run("check", str(file), "--json")
    assert shell.code == 2
    assert [one["path"] for one in problems] == ["vendors.endlessaisles.sandbox.handlers.stock.respond"]


def test_a_sixth_vendor_is_a_file(shell: Shell, home: Path) -> None:
    folder = home / "config" / "catalogs"
    folder.mkdir(parents=True)
    (folder / "sixth.toml").write_text(
        '[vendors.sixth]\ntitle = "Sixth"\n[vendors.sixth.endpoints.hello]\ntitle = "Hello"\n'
        'group = "G"\npath = "/hello"\n'
        '[[vendors.sixth.endpoints.hello.samples]]\nbody = \'{"hello": "there"}\'\n'
    )
    found = shell.run("send", "sixth.hello", "--json")
    assert (shell.code, found["response"]["body"]) == (0, {"hello": "there"})


def test_every_page_is_fetched(shell: Shell) -> None:
    found = shell.run("send", "quickstart.customers_list", "page=1", "--all-pages", "--max-pages", "3", "--json")
    assert shell.code == 0, shell.err
    assert (found["pages"], found["checks"], found["verdict"]["outcome"]) == (3, [], "OK")
    assert len({row["id"] for row in found["response"]["body"]}) == 45
    assert found["response"]["status"] == 200


def test_the_body_goes_to_a_file(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    shell.run("send", "endlessaisles.stock", "sku=81001", "--output", str(target))
    assert shell.code == 0
    assert "81001" in json.loads(target.read_text())["data"]


def test_the_app_says_that_it_needs_a_terminal(environ: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "explorer"]
    found = subprocess.run(command, env={**os.environ, **environ}, stdin=subprocess.DEVNULL, capture_output=True)
    assert (found.returncode, found.stdout) == (2, b"")
    assert b"--help" in found.stderr
