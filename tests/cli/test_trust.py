"""On the command line a credential goes to its own host, and to another one only where a person named it."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_cli import Shell
from tests.foreign import CREDENTIALS, TOKEN, Server, catalog_text, two_hosts
from tests.secrets_world import spellings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@pytest.fixture
def hosts() -> Iterator[tuple[Server, Server]]:
    with two_hosts() as servers:
        yield servers


@pytest.fixture
def home_host(hosts: tuple[Server, Server]) -> Server:
    return hosts[0]


@pytest.fixture
def foreign(hosts: tuple[Server, Server]) -> Server:
    return hosts[1]


@pytest.fixture
def shell(environ: Mapping[str, str], home: Path, home_host: Server, capsys: pytest.CaptureFixture[str]) -> Shell:
    catalogs = home / "config" / "catalogs"
    catalogs.mkdir(parents=True)
    (catalogs / "shop.toml").write_text(catalog_text(home_host), encoding="utf-8")
    return Shell({**environ, **CREDENTIALS}, capsys)


def save(home: Path, name: str, text: str) -> None:
    """Put a saved request where a colleague or an attacker would."""
    path = home / "data" / "saved" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def refused(shell: Shell, foreign: Server, credential: str) -> None:
    """Nothing arrived at the other host, and the message says which host, which credential and what to do."""
    assert shell.code == 4, shell.err
    assert foreign.requests == []
    said = shell.out + shell.err
    assert foreign.url in said
    assert credential in said
    assert f"--trust-host 127.0.0.1:{foreign.port}" in said
    assert not any(one in said for value in CREDENTIALS.values() for one in spellings(value))


@pytest.mark.parametrize(
    ("text", "credential"),
    [
        ('call = "shop.goods"', "credential 'token'"),
        ('call = "shop.signed"', "credential 'key'"),
        ('call = "shop.rotating"', "credential 'password'"),
        ('call = "shop.oauth"', "credential 'refresh_token'"),
        ('call = "shop.sign_in"\n[values]\npassword = "${credential: password}"', "credential 'password'"),
        ('call = "shop.news"\n[values]\nq = "${credential: token}"', "credential 'token'"),
        ('call = "shop.news"\n[headers]\nX-Note = "a ${credential: token} b"', "credential 'token'"),
        ('call = "shop.news"\n[extra]\nnote = "${credential: client_secret}"', "credential 'client_secret'"),
        ('call = "shop.news"\n[headers]\nX-Note = "${TOKEN}"', "credential 'token'"),
    ],
)
def test_a_saved_request_takes_no_credential_to_another_host(
    shell: Shell, home: Path, foreign: Server, text: str, credential: str
) -> None:
    call, _, more = text.partition("\n")
    save(home, "theirs", f'{call}\nenvironment = "production"\nbase_url = "{foreign.url}"\n{more}\n')
    shell.run("saved", "run", "theirs", API_EXPLORER_VAR_TOKEN=TOKEN)
    refused(shell, foreign, credential)
    shell.run("saved", "run", "theirs", "--trust-host", f"127.0.0.1:{foreign.port}", API_EXPLORER_VAR_TOKEN=TOKEN)
    assert foreign.requests, shell.err


def test_a_secret_in_a_host_name_is_neither_looked_up_nor_shown(shell: Shell, home: Path) -> None:
    save(
        home,
        "theirs",
        'call = "shop.news"\nenvironment = "production"\nbase_url = "http://${credential: token}.invalid"\n',
    )
    shell.run("saved", "run", "theirs")
    assert shell.code == 4
    assert "credential 'token'" in shell.err
    assert TOKEN not in shell.out + shell.err


def test_an_anonymous_call_without_a_secret_goes_anywhere(shell: Shell, home: Path, foreign: Server) -> None:
    save(home, "theirs", f'call = "shop.news"\nenvironment = "production"\nbase_url = "{foreign.url}"\n')
    shell.run("saved", "run", "theirs")
    assert shell.code == 0, shell.err
    assert [one.split("\n")[0] for one in foreign.requests] == ["GET /news HTTP/1.1"]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_pasted_curl_line_takes_no_credential_to_another_host(shell: Shell, foreign: Server, as_json: bool) -> None:
    words = ("import", "curl", f"curl {foreign.url}/goods", "--send", *(["--json"] if as_json else []))
    shell.run(*words)
    refused(shell, foreign, "credential 'token'")
    if as_json:
        error = json.loads(shell.out)["error"]
        assert (error["kind"], error["exit_code"]) == ("UntrustedHost", 4)
    shell.run(*words, "--trust-host", f"127.0.0.1:{foreign.port}")
    assert shell.code == 0
    assert TOKEN in foreign.requests[0]


def test_a_base_url_that_was_typed_is_trusted_for_that_run_only(shell: Shell, foreign: Server) -> None:
    shell.run("send", "shop.goods", "--env", "production", "--base-url", foreign.url)
    assert shell.code == 0
    assert TOKEN in foreign.requests.pop()
    shell.run("replay", "1")
    refused(shell, foreign, "credential 'token'")
    shell.run("replay", "1", "--exact")
    refused(shell, foreign, "credential 'token'")
    assert shell.run("trust", "list", "--json") == []
    shell.run("replay", "1", "--trust-host", f"127.0.0.1:{foreign.port}")
    assert shell.code == 0
    assert TOKEN in foreign.requests[0]


def test_what_was_not_sent_is_in_the_history_without_a_secret(shell: Shell, home: Path, foreign: Server) -> None:
    save(home, "theirs", f'call = "shop.goods"\nenvironment = "production"\nbase_url = "{foreign.url}"\n')
    shell.run("saved", "run", "theirs")
    text = shell.run("history", "show", "1")
    assert "untrusted host" in text + shell.err
    assert TOKEN not in text


def test_a_redirect_takes_no_secret_along(shell: Shell, home_host: Server, foreign: Server) -> None:
    home_host.redirect(f"{foreign.url}/elsewhere")
    shell.run("send", "shop.goods", "--env", "production")
    assert TOKEN in home_host.requests[0]
    assert [one.split("\n")[0] for one in foreign.requests] == ["GET /elsewhere HTTP/1.1"]
    assert TOKEN not in foreign.requests.pop()
    home_host.redirect(f"{foreign.url}/elsewhere?note={TOKEN}")
    shell.run("send", "shop.goods", "--env", "production")
    refused(shell, foreign, "credential 'token'")


def test_pages_are_asked_of_the_same_host_wherever_their_links_point(
    shell: Shell, home_host: Server, foreign: Server
) -> None:
    home_host.headers["Link"] = f'<{foreign.url}/goods?page=2>; rel="next"'
    page = {"current_page": 1, "last_page": 2, "per_page": 1, "total": 2, "data": [{"id": 1}]}
    home_host.body = json.dumps({**page, "next_page_url": f"{foreign.url}/goods?page=2"}).encode()
    shell.run("send", "shop.goods", "--env", "production", "--all-pages")
    assert len(home_host.requests) >= 2
    assert foreign.requests == []


def test_a_credential_never_goes_from_https_to_http(shell: Shell) -> None:
    words = ("send", "shop.goods", "--env", "secure", "--base-url", "http://shop.invalid", "--json")
    shell.run(*words, "--trust-host", "shop.invalid")
    error = json.loads(shell.out)["error"]
    assert (shell.code, error["kind"]) == (4, "UntrustedHost")
    assert "http://shop.invalid is plain http" in error["message"]
    shell.run("trust", "add", "shop", "http://shop.invalid", "--env", "secure")
    assert shell.code == 2


def test_demo_credentials_go_to_loopback_only(shell: Shell, foreign: Server, home: Path) -> None:
    for name in CREDENTIALS:
        del shell.environ[name]
    save(home, "demo", f'call = "shop.goods"\nenvironment = "sandbox"\nbase_url = "{foreign.url}"\n')
    shell.run("saved", "run", "demo")
    assert shell.code == 0
    assert "demo-token-4720" in foreign.requests.pop()
    for call, credential in (("shop.goods", "token"), ("shop.signed", "key")):
        shell.run("send", call, "--env", "sandbox", "--base-url", "http://shop.invalid")
        assert shell.code == 4
        assert f"only sent to loopback. The request carries: credential {credential!r}" in shell.err


def test_a_real_credential_goes_to_no_other_sandbox_without_being_named(
    shell: Shell, foreign: Server, home: Path
) -> None:
    save(home, "demo", f'call = "shop.goods"\nenvironment = "sandbox"\nbase_url = "{foreign.url}"\n')
    shell.run("saved", "run", "demo")
    refused(shell, foreign, "credential 'token'")
    shell.run("send", "shop.goods", "--env", "sandbox", "--base-url", foreign.url)
    assert shell.code == 0
    assert TOKEN in foreign.requests[0]


def test_login_and_doctor_ask_before_the_password_goes_anywhere(shell: Shell, foreign: Server) -> None:
    shell.run("doctor", "shop", "--env", "production", "--base-url", foreign.url)  # no probe: nothing to try
    assert shell.code == 2
    shell.run("login", "shop", "--env", "production", "--base-url", foreign.url, "--trust-host", "other.example")
    assert shell.code == 0


def test_the_list_of_trusted_hosts_is_seen_and_cleared(shell: Shell, foreign: Server, home: Path) -> None:
    save(home, "theirs", f'call = "shop.goods"\nenvironment = "production"\nbase_url = "{foreign.url}/"\n')
    shell.run("trust", "add", "shop", f"{foreign.url}/v1", "--env", "production")
    assert (shell.code, shell.out, shell.err) == (0, "", "")
    (host,) = shell.run("trust", "list", "--json")
    assert (host["origin"], host["vendor"], host["environment"]) == (foreign.url, "shop", "production")
    assert foreign.url in shell.run("trust", "list", "shop")
    shell.run("saved", "run", "theirs")
    assert shell.code == 0
    assert TOKEN in foreign.requests.pop()
    shell.run("trust", "remove", "shop", foreign.url)
    assert shell.run("trust", "list", "--json") == []
    shell.run("saved", "run", "theirs")
    refused(shell, foreign, "credential 'token'")
    shell.run("trust", "add", "shop", foreign.url, "--env", "guarded")
    shell.run("saved", "run", "theirs")
    refused(shell, foreign, "credential 'token'")
    shell.run("trust", "clear")
    assert shell.run("trust", "list", "--json") == []
    shell.run("trust", "remove", "shop", foreign.url)
    assert shell.code == 2


@pytest.mark.parametrize("host", ["*", "a/b", "user@host"])
def test_a_host_that_cannot_be_read_is_an_error(shell: Shell, host: str) -> None:
    shell.run("send", "shop.goods", "--trust-host", host)
    assert shell.code == 2
    assert f"{host!r} is not a host" in shell.err


def test_check_reports_foreign_hosts(shell: Shell, home: Path, home_host: Server, foreign: Server) -> None:
    own = f'call = "shop.goods"\nenvironment = "production"\nbase_url = "{home_host.url}/v2"\n'
    save(home, "own", own)
    save(home, "sandbox", f'call = "shop.goods"\nenvironment = "sandbox"\nbase_url = "{foreign.url}"\n')
    shell.run("saved", "check")
    assert shell.code == 0, shell.out
    save(home, "theirs", f'call = "shop.goods"\nenvironment = "production"\nbase_url = "{foreign.url}"\n')
    save(home, "demo", 'call = "shop.news"\nenvironment = "sandbox"\nbase_url = "https://evil.example"\n')
    save(home, "other", 'call = "shop.news"\nenvironment = "production"\nbase_url = "http://${HOST}.example"\n')
    problems = shell.run("saved", "check", "--json", API_EXPLORER_VAR_HOST="evil")
    assert shell.code == 2
    assert sorted((one["path"], one["message"]) for one in problems) == [
        ("line 3, base_url", f"{foreign.url} is not a host of shop production"),
        ("line 3, base_url", "http://evil.example is not a host of shop production"),
        ("line 3, base_url", "https://evil.example is not a host of shop sandbox"),
    ]


def test_a_guarded_environment_asks_before_a_delete_without_effect(shell: Shell, home_host: Server) -> None:
    shell.run("send", "shop.goods_delete", "--env", "guarded")
    assert shell.code == 2
    assert "deletes" in shell.err
    assert home_host.requests == []
    shell.run(*shlex.split("send shop.goods_delete --env guarded --yes"))
    assert home_host.requests[0].startswith("DELETE /goods")
