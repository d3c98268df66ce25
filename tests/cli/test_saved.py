"""``saved`` as a person and a CI job see it: files, exit codes, reports, and no secret in any of them."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from explorer.cli import main
from tests.cli.test_cli import Shell
from tests.cli.test_replay import CLOSED
from tests.conftest import ROOT
from tests.secrets_world import CARD
from tests.test_secrets import CALLS, MARKED, everything_written, spellings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIND = """
description = "Find a bag."
call = "fashionphile.product_search"
[values]
limit = 1
[expect]
status = 200
[expect.body]
"length(data)" = { at_least = 1 }
"""
CART = """
call = "fashionphile.cart_create"
[values]
"cartItems[0].productId" = "${find: data[0].id}"
"cartItems[0].quantity" = "${QUANTITY}"
[expect]
status = "2xx"
"""
FETCH = """
call = "fashionphile.cart_fetch"
[values]
id = "${cart: data.id}"
[expect.body]
"data.id" = "${cart: data.id}"
"included[?type=='products'].id | [0]" = "${find: data[0].id}"
"""
REFUSED = """
call = "fashionphile.cart_fetch"
[values]
id = "999999"
"""


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capsys)


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "data" / "saved"


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def anywhere(request: object) -> str:
    """A request without the sandbox's port, which is another where the usual one is taken."""
    return re.sub(r"127\.0\.0\.1:[0-9]+", "sandbox", json.dumps(request))


def shop(folder: Path) -> None:
    put(folder, **{"shop/1-find": FIND, "shop/2-cart": CART, "shop/3-fetch": FETCH})


def test_a_call_is_saved_shown_listed_and_run_as_send_runs_it(shell: Shell, folder: Path) -> None:
    words = ("fashionphile.product_search", "limit=1", "filter[brands][]=gucci", "filter[brands][]=chanel", "search=")
    shell.run("saved", "add", "bags/gucci", "--from", *words, "--header", "X-Trace: 1", "--description", "Two brands")
    assert (shell.code, "bags/gucci.toml" in shell.err) == (0, True)
    text = (folder / "bags" / "gucci.toml").read_text(encoding="utf-8")
    assert '"filter[brands][]" = ["gucci", "chanel"]' in text
    assert 'search = ""' in text
    assert shell.run("saved", "show", "bags.gucci") == text
    row = shell.run("saved", "list", "--json")[0]
    assert (row["name"], row["address"], row["method"], row["problems"]) == ("bags/gucci", words[0], "GET", [])
    sent = shell.run("send", *words, "--header", "X-Trace: 1", "--json")
    again = shell.run("saved", "run", "bags/gucci", "--json")
    assert shell.code == 0
    assert anywhere(again["request"]) == anywhere(sent["request"])
    assert again["verdict"] == sent["verdict"]
    assert again["expectations"] == [{"text": "verdict is OK", "held": True, "got": None}]
    shell.run("saved", "run", "bags/gucci")
    assert json.loads(shell.out)["meta"] == sent["response"]["body"]["meta"]


def test_an_entry_of_the_history_is_saved(shell: Shell, folder: Path) -> None:
    shell.run("send", "fashionphile.product_search", "search=${HOME} 5$", "limit:=2")
    shell.run("saved", "add", "again", "--from", "1")
    text = (folder / "again.toml").read_text(encoding="utf-8")
    assert 'search = "$${HOME} 5$"' in text
    assert 'limit = {json = "2"}' in text
    sent = shell.run("history", "show", "1", "--json")
    assert anywhere(shell.run("saved", "run", "again", "--json")["request"]) == anywhere(sent["request"])


def test_a_sequence_hands_values_on(shell: Shell, folder: Path, tmp_path: Path) -> None:
    shop(folder)
    shell.run("saved", "run", "shop", "--set", "QUANTITY=1", "--report", "junit", "--output", str(tmp_path / "r.xml"))
    assert shell.code == 0, shell.err
    suite = ElementTree.parse(tmp_path / "r.xml").getroot().find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["3", "0", "0", "0"]
    assert [case.get("name") for case in suite.findall("testcase")] == ["1-find", "2-cart", "3-fetch"]
    rows = shell.run("history", "list", "tag:saved/shop/2-cart", "--json")
    assert [row["endpoint"] for row in rows] == ["cart_create"]


def test_what_is_needed_is_run_once_and_named(shell: Shell, folder: Path) -> None:
    shop(folder)
    put(folder, **{"environments/sandbox": "[variables]\nQUANTITY = 1\n"})
    report = shell.run("saved", "run", "shop/fetch", "--report", "json")
    steps = json.loads(report)["steps"]
    assert [(one["name"], one["needed_by"]) for one in steps] == [
        ("shop/1-find", "shop/2-cart"),
        ("shop/2-cart", "shop/3-fetch"),
        ("shop/3-fetch", None),
    ]
    assert shell.code == 0


@pytest.mark.parametrize(
    ("go_on", "outcomes"),
    [
        ((), ["passed", "failed", "passed"]),
        (("--go-on",), ["passed", "failed", "passed"]),
        (("--stop",), ["passed", "failed", "skipped"]),
    ],
)
def test_a_failure_stops_the_sequence_or_does_not(
    shell: Shell, folder: Path, go_on: tuple[str, ...], outcomes: list[str]
) -> None:
    put(folder, **{"a/1": FIND, "a/2": REFUSED, "a/3": FIND})
    table = shell.run("saved", "run", "a", *go_on, "--json")
    assert shell.code == 1
    assert [one["outcome"] for one in table["steps"]] == outcomes
    put(folder, **{"a/_folder": "go_on = false\n"})
    assert shell.run("saved", "run", "a", "--json")["counts"]["skipped"] == 1
    assert shell.run("saved", "run", "a", "--go-on", "--json")["counts"]["skipped"] == 0


def test_only_what_needs_a_failed_request_is_kept_from_running(shell: Shell, folder: Path) -> None:
    needs = 'call = "fashionphile.cart_fetch"\n[values]\nid = "${refused: data.id}"\n'
    put(folder, **{"a/1-refused": REFUSED, "a/2-needs": needs, "a/3-find": FIND})
    table = shell.run("saved", "run", "a", "--json")
    outcomes = {one["name"]: one["outcome"] for one in table["steps"]}
    assert outcomes == {"a/1-refused": "failed", "a/2-needs": "error", "a/3-find": "passed"}
    assert shell.code == 1


def broken_link(folder: Path, kind: str) -> str:
    """Put a link of that kind into *folder*; gives its name."""
    if kind == "file":
        (folder / "lost.toml").symlink_to("nowhere.toml")
        return "lost.toml"
    if kind == "itself":
        (folder / "circle.toml").symlink_to("circle.toml")
        return "circle.toml"
    if kind == "folder":
        (folder / "team").symlink_to(folder / "nowhere")
        return "team"
    if kind in ("above", "outside"):
        (folder / "up").symlink_to(".." if kind == "above" else "../..")
        return "up"
    if kind == "variables":
        (folder.parent / "environments").mkdir()
        (folder.parent / "environments" / "sandbox.toml").symlink_to("nowhere.toml")
        return "environments/sandbox.toml"
    (folder / "_folder.toml").symlink_to("nowhere.toml")
    return "_folder.toml"


@pytest.mark.parametrize("kind", ["file", "itself", "folder", "above", "outside", "variables", "options"])
def test_a_broken_link_is_reported_and_hides_nothing(shell: Shell, folder: Path, kind: str) -> None:
    put(folder, **{"a/find": FIND, "a/other": FIND, "b/find": FIND})
    name = broken_link(folder / "a", kind)
    shell.run("saved", "check")
    assert (shell.code, name in shell.out) == (2, True)
    names = {row["name"] for row in shell.run("saved", "list", "--json")}
    assert {"a/find", "a/other", "b/find"} <= names
    shell.run("saved", "run", "a")
    assert shell.code == 2, shell.out + shell.err
    assert name in shell.err
    assert shell.run("history", "list") == ""
    shell.run("saved", "run", "b/find")
    assert shell.code == (2 if kind == "variables" else 0)


def test_a_link_to_a_folder_is_followed(shell: Shell, folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "team", find=FIND)
    folder.mkdir(parents=True)
    (folder / "team").symlink_to(tmp_path / "team")
    assert [row["name"] for row in shell.run("saved", "list", "--json")] == ["team/find"]
    shell.run("saved", "run", "team")
    assert shell.code == 0


def test_an_expected_refusal_passes(shell: Shell, folder: Path) -> None:
    put(folder, no=REFUSED + '[expect]\nstatus = 404\n[expect.headers]\nContent-Type = { contains = "json" }\n')
    shell.run("saved", "run", "no", "--report", "text")
    assert shell.code == 0, shell.out
    put(folder, no=REFUSED + "[expect]\nstatus = 404\n[expect.body]\nstatus_code = 405\n")
    shell.run("saved", "run", "no", "--report", "text")
    assert shell.code == 1
    assert "✗ status_code is 405 (got 404)" in shell.out


def nothing_was_sent(shell: Shell) -> bool:
    return bool(shell.run("history", "list", "--json") == [])


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a/1": FIND, "a/2": "call = 3"}, "a/2.toml: line 1, call"),
        ({"a/1": FIND, "a/2": 'call = "fashionphile.product_serch"'}, "product_search"),
        ({"a/1": FIND, "a/2": CART.replace("find: data", "1: data")}, "--set QUANTITY"),
        ({"a/1": CART.replace("find: data[0].id", "2: x"), "a/2": CART.replace("find", "1")}, "a/1 → a/2 → a/1"),
    ],
)
def test_nothing_is_sent_while_something_is_wrong(shell: Shell, folder: Path, files: dict[str, str], said: str) -> None:
    put(folder, **files)
    shell.run("saved", "run", "a")
    assert shell.code == 2
    assert said in shell.err
    assert nothing_was_sent(shell)
    shell.run("saved", "run", "nowhere")
    assert shell.code == 2


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("always", 0, "needed by"),
        ("missing", 0, "needed by"),
        ("never", 2, "which has not run"),
        ("older than 10m", 0, ""),
    ],
)
def test_the_rule_says_whether_a_request_is_run_again(
    shell: Shell, folder: Path, rule: str, code: int, said: str
) -> None:
    put(folder, find=FIND, cart=CART.replace("${QUANTITY}", "1") + f'[again]\nfind = "{rule}"\n')
    shell.run("saved", "run", "cart")
    assert shell.code == code
    assert said in shell.err


def test_a_guarded_environment_needs_a_yes_before_anything_is_sent(shell: Shell, home: Path, folder: Path) -> None:
    (home / "config" / "catalogs").mkdir(parents=True)
    (home / "config" / "catalogs" / "closed.toml").write_text(CLOSED, encoding="utf-8")
    make = 'call = "closed.make"\nenvironment = "live"\n[values]\nname = "box"\npin = "${PIN}"\n'
    put(folder, **{"a/1": FIND, "a/2": make})
    shell.run("saved", "run", "a", "--set", "PIN=no-number-holds-this")
    assert (shell.code, "--yes" in shell.err, nothing_was_sent(shell)) == (2, True, True)
    table = shell.run("saved", "run", "a", "--yes", "--json", API_EXPLORER_VAR_PIN="no-number-holds-this")
    assert (shell.code, table["steps"][1]["error"]["kind"]) == (3, "ConnectFailed")
    assert "no-number-holds-this" not in shell.out + shell.err


def test_variables_come_by_hand_then_from_the_process_then_from_the_file(shell: Shell, folder: Path) -> None:
    put(
        folder,
        one='call = "fashionphile.product_search"\n[values]\nsearch = "${WHAT}"\nlimit = "${MANY}"\n',
        **{
            "environments/default": "[variables]\nMANY = 3\nWHAT = 'd'\n",
            "environments/ci": "[variables]\nWHAT = 'f'\n",
        },
    )

    def url(*words: str, **environ: str) -> str:
        return str(shell.run("saved", "run", "one", "--json", *words, **environ)["request"]["url"]).partition("?")[2]

    assert url() == "search=d&limit=3"
    assert url("--env-file", "ci") == "search=f&limit=3"
    assert url("--env-file", "ci", API_EXPLORER_VAR_WHAT="p") == "search=p&limit=3"
    assert url("--env-file", "ci", "--set", "WHAT=h=1", API_EXPLORER_VAR_WHAT="p") == "search=h%3D1&limit=3"
    shell.run("saved", "run", "one", "--env-file", "cj")
    assert (shell.code, "ci" in shell.err) == (2, True)


def test_a_secret_becomes_a_variable_and_stands_in_no_file(shell: Shell, home: Path, folder: Path) -> None:
    marked = "Tr0ub4dor-marked"
    shell.run(
        "saved",
        "add",
        "sign/in",
        "--from",
        "fashionphile.sign_in",
        "email=ada@example.com",
        f"password={marked}",
        "--header",
        f"Authorization: Bearer {marked}",
    )
    text = (folder / "sign" / "in.toml").read_text(encoding="utf-8")
    assert 'password = "${PASSWORD}"' in text
    assert 'Authorization = "Bearer ${AUTHORIZATION}"' in text
    given = ("--set", f"PASSWORD={marked}", "--set", f"AUTHORIZATION={marked}")
    shell.run("saved", "run", "sign", *given, "--report", "json", "--output", str(home / "r.json"))
    assert shell.code in (1, 4)
    shell.run("saved", "run", "sign", *given, "--report", "junit", "--output", str(home / "r.xml"))
    shell.run("saved", "add", "note", "--from", "fashionphile.product_search", f"search={marked}", "--description", "x")
    for root, _, files in os.walk(home):
        for name in files:
            if name != "note.toml":
                with open(os.path.join(root, name), "rb") as file:  # noqa: PTH118, PTH123
                    assert marked.encode() not in file.read(), name


def test_a_known_secret_is_refused_anywhere_in_a_file(shell: Shell, folder: Path) -> None:
    secret = {"API_EXPLORER_FASHIONPHILE_PASSWORD": "Tr0ub4dor-marked"}
    words = ("saved", "add", "a", "--from", "fashionphile.product_search")
    shell.run(*words, "search=is Tr0ub4dor-marked it", **secret)
    assert (shell.code, "values.search" in shell.err) == (2, True)
    shell.run(*words, "--description", "with Tr0ub4dor-marked", **secret)
    assert (shell.code, "description" in shell.err) == (2, True)
    assert not folder.exists()


def test_check_finds_every_problem_and_secrets_too(shell: Shell, folder: Path) -> None:
    put(
        folder,
        good=FIND,
        bad="call =",
        wrong='call = "fashionphile.product_search"\n[values]\nlimit = "many"\nsnickers = 1\n',
        secret='call = "fashionphile.sign_in"\n[values]\nemail = "a@b.example"\npassword = "hunter22"\n',
        hidden='call = "fashionphile.sign_in"\n[values]\nemail = "a@b.example"\npassword = "${PASSWORD}"\n',
        **{"environments/x": '[variables]\nPASSWORD = "hunter22"\n1a = 3\n'},
    )
    shell.run("saved", "check")
    assert shell.code == 2
    for words in (
        "bad.toml: line 1",
        "wrong.toml: line 3, values.limit",
        "wrong.toml: line 4, values.snickers",
        "secret.toml: line 4, values.password: is a secret; write ${PASSWORD}",
        "environments/x.toml: line 3, variables.1a",
    ):
        assert words in shell.out
    assert len(shell.run("saved", "check", "--json")) == len(shell.out and json.loads(shell.out))
    put(folder, **{"environments/x": '[variables]\nPASSWORD = "hunter22"\n'})
    shell.run("saved", "check")
    assert "API_EXPLORER_VAR_PASSWORD" in shell.out
    for name in ("bad", "wrong", "secret", "environments/x"):
        (folder / f"{name}.toml").unlink()
    shell.run("saved", "check")
    assert (shell.code, shell.out) == (0, "")


def test_a_value_that_is_secret_is_masked_wherever_it_goes(shell: Shell, home: Path, folder: Path) -> None:
    """The token of one answer is put into another call: neither report nor history shows it."""
    put(
        folder,
        login='call = "fashionphile.sign_in"\n[values]\nemail = "${credential: email}"\n'
        'password = "${credential: password}"\n',
        use='call = "fashionphile.product_search"\n[values]\nsearch = "<${login: @ | to_string(@)}>"\n',
    )
    table = shell.run("saved", "run", "use", "--json")
    assert shell.code == 0, shell.err
    assert "••••" in json.dumps(table["request"], ensure_ascii=False) or "%E2%80%A2" in table["request"]["url"]


def test_overwriting_asks_for_a_word_and_keeps_comments(shell: Shell, folder: Path) -> None:
    put(folder, a="# ours\n" + FIND)
    shell.run("saved", "add", "a", "--from", "fashionphile.product_search", "limit=2")
    assert (shell.code, "already exists" in shell.err) == (2, True)
    shell.run("saved", "add", "a", "--from", "fashionphile.product_search", "limit=2", "--overwrite")
    text = (folder / "a.toml").read_text(encoding="utf-8")
    assert text == ("# ours\n" + FIND).replace("limit = 1", 'limit = "2"')


def test_another_folder_can_be_chosen(shell: Shell, home: Path, tmp_path: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text(f'saved_folder = "{tmp_path}/team"\n', encoding="utf-8")
    shell.run("saved", "add", "a", "--from", "fashionphile.ping")
    assert (tmp_path / "team" / "a.toml").exists()


def test_no_secret_of_any_scheme_is_in_a_file_a_report_or_on_the_terminal(
    home: Path, environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Every scheme's credentials, typed passwords, a card, and a token that one answer hands to another call."""
    everything = {**environ, **MARKED}
    card = (
        "fashionphile.payment_profile_create",
        "id=1",
        f"credit_card_number={CARD}",
        "expiration_month=12",
        "expiration_year=2030",
        "verification_number=8731",
        "save_for_later=true",
    )
    for number, words in enumerate((*CALLS, card)):
        main(["saved", "add", f"all/{number}", "--from", *words, "--force"], everything)
        main(["send", *words, "--force"], everything)
        main(["saved", "add", f"past/{number}", "--from", str(number + 1)], everything)
    typed = ["--set", "CLIENT_SECRET=marked-secret-typed-1", "--set", "PASSWORD=marked-secret-typed-2"]
    typed += ["--set", "CLIENT_ID=demo-client", "--set", f"CREDIT_CARD_NUMBER={CARD}"]
    typed += ["--set", "VERIFICATION_NUMBER=8731"]
    for form in ("text", "json", "junit"):
        for folder in ("all", "past"):
            run = ["saved", "run", folder, "--go-on", "--report", form, *typed]
            main([*run, "--output", str(home / f"{folder}.{form}")], everything)
    main(["saved", "run", ".", "--go-on", *typed], everything)
    main(["saved", "run", f"all/{len(CALLS)}", "--json", *typed], environ)
    for command in (["list"], ["list", "--json"], ["check"], ["show", "all/3", "--json"], ["run", "all/3", *typed]):
        main(["saved", *command], everything)
    out, err = capfd.readouterr()
    kept = everything_written(home)
    assert f"saved/all/{len(CALLS)}" in kept, "the one with the card was sent"
    assert "VERIFICATION_NUMBER" in kept
    for secret in (*MARKED.values(), "marked-secret-typed-1", "marked-secret-typed-2", CARD):
        for spelled in spellings(secret):
            for place in (out, err, kept):
                assert spelled not in place, secret


def test_the_example_of_the_manual_runs(shell: Shell, folder: Path) -> None:
    manual = (ROOT / "docs" / "SAVED.md").read_text(encoding="utf-8")
    request, options = re.findall(r"```toml\n(.*?)```", manual, flags=re.DOTALL)
    products = 'call = "endlessaisles.products_list"\n[values]\nper_page = 1\n'
    put(folder, **{"orders/1-products": products, "orders/2-create": request, "orders/_folder": options})
    assert (shell.run("saved", "check"), shell.code) == ("", 0), shell.err
    table = shell.run("saved", "run", "orders", "--set", "QUANTITY=2", "--json")
    assert (shell.code, table["counts"]["passed"]) == (0, 2), shell.err
    assert table["steps"][1]["request"]["body"]["line_items"][0]["price"] == 18.5


def test_a_bad_file_of_variables_is_told_of_and_nothing_is_sent(shell: Shell, folder: Path) -> None:
    one = 'call = "fashionphile.product_search"\n[values]\nlimit = "${MANY}"\n'
    put(folder, one=one, **{"environments/sandbox": "[variables]\nMANY = 1.5\n"})
    shell.run("saved", "check")
    assert (shell.code, "environments/sandbox.toml: line 2, variables.MANY" in shell.out) == (2, True)
    shell.run("saved", "run", "one")
    assert (shell.code, "variables.MANY" in shell.err, nothing_was_sent(shell)) == (2, True, True)
    put(folder, **{"environments/sandbox": "[variables\n"})
    shell.run("saved", "list")
    assert (shell.code, "sandbox.toml: line 1" in shell.err) == (0, True)
    shell.run("saved", "show", "one")
    assert (shell.code, "sandbox.toml" in shell.err) == (2, True)


def test_a_set_says_where_calls_go(shell: Shell, folder: Path) -> None:
    where = '[environments]\nendlessaisles = "test"\n'
    put(folder, one='call = "endlessaisles.stock"\n', **{"environments/default": where})
    table = shell.run("saved", "run", "one", "--json", "--timeout", "0.001", "--env", "sandbox")
    assert table["environment"] == "sandbox"
    table = shell.run(
        "saved", "run", "one", "--json", API_EXPLORER_ENDLESSAISLES_TOKEN="marked", HTTPS_PROXY="http://127.0.0.1:1"
    )
    assert (table["environment"], shell.code) == ("test", 3)
