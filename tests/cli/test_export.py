"""What is exported runs: curl and Python against the sandbox on a port, with the verdict of the call itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from explorer.core.form import parse_entry
from explorer.core.model import Call
from explorer.sandbox.server import SandboxServer
from explorer.session.export import export_call, import_curl_line
from explorer.session.factory import open_session
from explorer.session.prepare import check_call, redactor_for, unsigned_request
from tests.cli.test_cli import SIGNER, VECTORS, Shell
from tests.conftest import seed_catalog
from tests.contracts.exports import CALLS, exported, run, stand_in, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog
    from explorer.session.context import SessionContext


@pytest.fixture(scope="module")
def server(shipped: Catalog) -> Iterator[SandboxServer]:
    found = SandboxServer(shipped)
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, decoded_catalog: Path) -> SessionContext:
    folder = tmp_path_factory.mktemp("session")
    seed_catalog(folder, decoded_catalog)
    session = open_session({"API_EXPLORER_HOME": str(folder)})
    session.nonce = lambda size: "n" * size
    return session


@pytest.fixture
def shell(environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capfd)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_the_snippets_sign_as_php_does(shell: Shell, vector: Mapping[str, Any], tmp_path: Path) -> None:
    """At the moment of the vector: the shell is given another clock, the program another httpx."""
    method, _, name = vector["call"].partition("/")
    words = [f"{key}={value}" for key, value in vector["params"]]
    words += [f"{key}=@{file}" for key, file in vector["files"].items()]
    readings = ["--reading", "catalogue_auth=signed"] if method == "catalogue" else []
    command = ["export", f"cottoncart.{method}_{name}", *words, *readings, "--force", "--as"]
    script, program = (str(shell.run(*command, form, **SIGNER)) for form in ("curl", "python"))
    stand_in(tmp_path, "date", f"print({vector['auth_ts']})")
    stand_in(tmp_path, "curl", "import sys; print(sys.argv[1:])")
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    out = subprocess.run(["bash", "-c", script], env={**os.environ, **SIGNER, "PATH": path}, capture_output=True)
    assert vector["sig"] in out.stdout.decode(), out.stderr.decode()
    fixed = program.replace("time.time()", str(vector["auth_ts"])).partition("\nresponse = ")[0]
    assert vector["sig"] in run(sys.executable, "-c", f"{fixed}\nprint(signature)", **SIGNER)


@pytest.mark.parametrize(
    "reading",
    [
        "signing_key=api_key",
        "signed_values=escaped",
        "auth_id_sign=dropped",
        "parameter_order=as_sent",
        "signature_case=upper",
    ],
)
def test_a_reading_of_the_signature_is_kept(shell: Shell, reading: str, tmp_path: Path) -> None:
    words = ["cottoncart.manage_create_user", "name=Zoë & co/+", "email=a@b.co", "--reading", reading]
    expected = shell.run("prepare", *words, "--at", "1329130234", "--show-secrets", "--json")["request"]["body"]
    script = str(shell.run("export", *words))
    stand_in(tmp_path, "date", "print(1329130234)")
    stand_in(tmp_path, "curl", "import sys; print(sys.argv[-1], end='')")
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    out = subprocess.run(["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True)
    assert out.stdout.decode() == expected
    program = str(shell.run("export", *words, "--as", "python")).replace("time.time()", "1329130234")
    (tmp_path / "httpx.py").write_text(
        "def request(*words, **more):\n    print(more['content'].decode(), end='')\n    raise SystemExit\n"
    )
    assert run(sys.executable, "-c", program, PYTHONPATH=str(tmp_path)) == expected


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call[0]))
def test_what_is_exported_comes_back_as_the_same_call(session: SessionContext, call: tuple[str, ...]) -> None:
    vendor, _, endpoint = call[0].partition(".")
    entries = tuple(parse_entry(word.replace("{photo}", __file__)) for word in call[1:])
    original = Call(vendor=vendor, endpoint=endpoint, entries=entries, force=True)
    session.files.allow_file(__file__)
    line = export_call(session, original, "curl").decode()
    imported = import_curl_line(session, line).call
    assert imported.address == original.address
    assert imported.environment == "sandbox"
    masked = redactor_for(session, original).call(session.vendor(vendor).endpoints[endpoint], original)
    first, second = (unsigned_request(session, one, check_call(session, one)) for one in (masked, imported))
    if endpoint in ("request_token", "sign_in"):  # their secrets are the demo account's, which the line falls back on
        first = unsigned_request(session, original, check_call(session, original))
    assert (second.method, str(second.url), second.content) == (first.method, str(first.url), first.content)
    assert {*second.headers.raw} == {*first.headers.raw}


def test_an_entry_of_the_history_is_exported_and_runs(shell: Shell, shipped: Catalog, server: SandboxServer) -> None:
    url = server.base_url(shipped.vendors["cottoncart"])
    shell.run("send", "cottoncart.stats_balance", "--base-url", url, "--json")
    script = str(shell.run("export", "1"))
    body = run("bash", "-c", script)
    assert told(shipped, "cottoncart.stats_balance", 200, body)[0] == "OK"
    sent = shell.run("export", "1", "--as", "http")
    assert sent.startswith("GET /cottoncart/api/v1/stats/balance.json?")
    assert "auth_sig=" in sent
    shell.run("send", "endlessaisles.stock", "sku=81001")
    log = json.loads(shell.run("export", "1", "2", "--as", "har"))["log"]
    assert [entry["response"]["status"] for entry in log["entries"]] == [200, 200]


def test_without_demo_values_a_command_says_which_variable_it_wants(shell: Shell) -> None:
    script = str(shell.run("export", "endlessaisles.stock", "--env", "production"))
    assert shell.code == 0
    found = subprocess.run(["bash", "-c", script], capture_output=True)
    assert found.returncode != 0
    assert b"API_EXPLORER_ENDLESSAISLES_TOKEN" in found.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["export", "99"], "99"),
        (["export", "1", "sku=2"], "sku=2"),
        (["export", "1", "--env", "production"], "--env"),
        (["export", "1", "2"], "har"),
        (["export", "endlessaisles.stok"], "endlessaisles.stock"),
        (["export", "endlessaisles.stock", "sku=x"], "not an integer"),
        (["export", "endlessaisles.stock", "--as", "postman"], "postman"),
        (["export", "endlessaisles.stock", "sku=\udcff", "--force"], "UTF-8"),
        (["import", "curl", "wget x"], "no curl command"),
    ],
)
def test_a_wrong_word_is_told(shell: Shell, words: list[str], told: str) -> None:
    shell.run("send", "endlessaisles.stock")
    shell.run("send", "endlessaisles.stock")
    shell.run(*words)
    assert shell.code == 2
    assert told in shell.err


def test_an_imported_line_is_told_or_sent(shell: Shell) -> None:
    line = "curl 'http://127.0.0.1:8710/endlessaisles/api/stock?sku=81001&odd=1' -H 'X-EA-REQUEST-TOKEN: abc-hush'"
    out = shell.run("import", "curl", line)
    assert out == "api-explorer send endlessaisles.stock sku=81001 --env sandbox --extra odd=1\n"
    assert "X-EA-REQUEST-TOKEN" in shell.err
    assert "abc-hush" not in shell.err
    found = shell.run("import", "curl", line, "--json")
    assert found["address"] == "endlessaisles.stock"
    assert found["extra"] == [["odd", "1"]]
    found = shell.run("import", "curl", line.replace("&odd=1", ""), "--send", "--json")
    assert shell.code == 0, shell.err
    assert found["verdict"]["outcome"] == "OK"


def test_a_value_that_the_line_does_not_hold_is_asked_for(shell: Shell) -> None:
    line = 'curl http://127.0.0.1:8710/fashionphile/api/authenticate -F email=demo@example.com -F "password=$NAME"'
    shell.run("import", "curl", line, "--send", NAME="sandbox-bag-42")
    assert shell.code == 2
    assert "password" in shell.err
    assert "sandbox-bag-42" not in shell.out + shell.err
    line = line.replace("$NAME", "$API_EXPLORER_FASHIONPHILE_PASSWORD")
    found = shell.run("import", "curl", line, "--send", "--json", API_EXPLORER_FASHIONPHILE_PASSWORD="sandbox-bag-42")
    assert (shell.code, found["verdict"]["outcome"]) == (0, "OK")
    assert "sandbox-bag-42" not in shell.out + shell.err


def test_a_body_in_a_file_is_sent_only_where_it_is_allowed(shell: Shell, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"email": "new@example.com", "password": "p4ss-w0rd"}')
    line = f"curl -d @{body} http://127.0.0.1:8710/fashionphile/api/account -H 'Content-Type: application/json'"
    shell.run("import", "curl", line, "--send")
    assert (shell.code, "--allow-file" in shell.err, shell.run("history", "list")) == (2, True, "")
    shell.run("import", "curl", line, "--send", "--json", "--allow-file", str(body))
    assert shell.code == 0, shell.err
    upload = f"curl http://127.0.0.1:8710/fashionphile/api/authenticate -F email=a@b.co -F 'password=<{body}'"
    shell.run("import", "curl", upload, "--send")
    assert (shell.code, str(body) in shell.err) == (2, True)


def uncommented(script: str, before: str) -> str:
    """*script* with its commented lines in force, and what it prints last put before them."""
    return before + "\n".join(line.removeprefix("# ") for line in script.splitlines() if "expired" not in line)


@pytest.mark.parametrize("form", ["curl", "python"])
def test_the_line_that_refreshes_a_token_runs(shell: Shell, shipped: Catalog, form: str) -> None:
    server = SandboxServer(shipped)  # its refresh token is good for once
    server.start()
    try:
        text = exported(shell, shipped, server, ("quickstart.customers_list", "page=1"), form)
        if form == "curl":
            script = uncommented(text, "API_EXPLORER_QUICKSTART_ACCESS_TOKEN=stale\n")
            status = run("bash", "-c", f"{script} -sS -w '\\n%{{http_code}}'").rpartition("\n")[2]
        else:
            out = run(sys.executable, "-c", uncommented(text, ""), API_EXPLORER_QUICKSTART_ACCESS_TOKEN="stale")
            status = out.partition("\n")[0]
    finally:
        server.stop()
    assert status == "200"


def test_a_refresh_token_alone_is_enough(shell: Shell, environ: Mapping[str, str]) -> None:
    words = ["export", "quickstart.customers_list", "--env", "example", "--base-url", "https://shop.example"]
    shell.environ = {**environ, "API_EXPLORER_QUICKSTART_REFRESH_TOKEN": "marked-refresh-1"}
    text = shell.run(*words)
    assert text.startswith("urlencode()")
    assert "token=$(curl -sS https://shop.example/oauth/token" in text
    assert "#" not in text
    assert "marked-refresh-1" not in text


def test_a_search_becomes_one_archive(shell: Shell) -> None:
    for words in (("endlessaisles.stock", "sku=81001"), ("cottoncart.stats_balance",), ("endlessaisles.stock",)):
        shell.run("send", *words)
    archive = json.loads(shell.run("export", "--search", "endpoint:stock", "--as", "har"))
    assert [one["request"]["url"].endswith("sku=81001") for one in archive["log"]["entries"]] == [True, False]
    shell.run("export", "--search", "nothing-like-this", "--as", "har")
    assert "no history entry matches" in shell.err
    shell.run("export", "--search", "stock", "--limit", "1", "--as", "curl")
    assert shell.code == 0
    shell.run("export", "1", "--search", "stock")
    assert "--search cannot be combined with 1" in shell.err
    shell.run("export")
    assert "nothing to export" in shell.err
