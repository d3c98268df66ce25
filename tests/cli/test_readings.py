"""``readings`` and ``drift`` in the shell: stdout is data, the exit code tells, and the overlay is what changes."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from explorer.cli import main
from explorer.store.folders import Folders
from explorer.store.overlay import overlay_path
from explorer.store.preferences import settings_path

if TYPE_CHECKING:
    from collections.abc import Mapping

Shell = Callable[..., tuple[int, str, str]]
VERB = ("xsellcast.brands_list", "example_verb")


@pytest.fixture
def shell(environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run a command; its exit code, stdout and stderr."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = settings_path(Folders.from_environ(environ))
    path.parent.mkdir(parents=True)
    path.write_text(f"sandbox_port = {port}\n")

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(words, environ)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_both_are_tried_and_the_evidence_is_listed_next_time(shell: Shell) -> None:
    code, out, err = shell("readings", "try", *VERB)
    assert code == 0
    assert "get     accepted  GET" in out
    assert "post    refused   POST" in out
    assert "The server follows get" in out
    assert "post: refused, 405" in err
    code, out, _ = shell("readings", "xsellcast.brands_list", "--json")
    rows = {row["key"]: row for row in json.loads(out)}
    told = {one["choice"]: (one["verdict"], one["status"]) for one in rows["example_verb"]["evidence"]}
    assert told == {"get": ("accepted", 200), "post": ("refused", 405)}
    assert rows["token_location"]["evidence"] == []
    assert rows["token_location"]["endpoint"] is None


def test_the_result_is_data_with_both_exchanges(shell: Shell) -> None:
    code, out, _ = shell("readings", "try", *VERB, "--json")
    found = json.loads(out)
    assert (code, found["follows"], found["environment"]) == (0, "get", "sandbox")
    assert [one["exchange"]["response"]["status"] for one in found["trials"]] == [200, 405]
    assert "demo-client-secret" not in out


def test_adopting_changes_what_is_prepared_and_forgetting_takes_it_back(
    shell: Shell, environ: Mapping[str, str]
) -> None:
    assert shell("prepare", "xsellcast.brands_list")[1].startswith("GET ")
    code, out, _ = shell("readings", "adopt", *VERB, "post")
    assert (code, "default changed from get to post" in out) == (0, True)
    assert shell("prepare", "xsellcast.brands_list")[1].startswith("POST ")
    assert "(adopted)" in shell("readings", "xsellcast.brands_list")[1]
    path = overlay_path(Folders.from_environ(environ), "xsellcast")
    assert shell("check", str(path))[0] == 0
    assert shell("readings", "forget", *VERB)[0] == 0
    assert shell("prepare", "xsellcast.brands_list")[1].startswith("GET ")
    assert shell("readings", "forget", *VERB)[0] == 2


def test_what_is_no_read_is_not_sent_where_nobody_can_be_asked(shell: Shell) -> None:
    code, _, err = shell("readings", "try", "fashionphile.sign_in", "body_encoding", "email=a@b.example", "password=x")
    assert code == 2
    assert "is not a read" in err
    assert json.loads(shell("history", "list", "--json")[1]) == []


def test_wrong_words_name_the_nearest(shell: Shell) -> None:
    code, _, err = shell("readings", "try", "xsellcast.brands_list", "exemple_verb")
    assert (code, "example_verb" in err) == (2, True)
    code, _, err = shell("readings", "adopt", *VERB, "put")
    assert (code, "no choice of reading example_verb named 'put'" in err) == (2, True)
    assert shell("readings", "xsellcast.nowhere")[0] == 2


def test_a_form_with_errors_is_not_sent(shell: Shell) -> None:
    code, _, err = shell("readings", "try", "xsellcast.brands_get", "example_verb")
    assert (code, "id: is required" in err) == (2, True)


def test_every_contradiction_that_changes_a_request_is_listed(shell: Shell) -> None:
    rows = json.loads(shell("readings", "--json")[1])
    assert sum(row["changes_request"] for row in rows) == 277


def test_the_sandbox_takes_a_reading_of_a_call_and_of_a_whole_vendor(shell: Shell) -> None:
    code, _, err = shell("sandbox", "--reading", "xsellcast.first_page=nine")
    assert (code, "first_page" in err) == (2, True)
    code, _, err = shell("sandbox", "--reading", "xsellcast.brands_list.example_verb=put")
    assert (code, "example_verb" in err) == (2, True)


def test_drift_is_nothing_on_an_honest_history_and_numbers_are_checked(shell: Shell) -> None:
    assert shell("send", "xsellcast.brands_list", "--json")[0] == 0
    code, out, err = shell("drift", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert "responses: 1;" in err
    code, _, err = shell("drift", "--accept", "1")
    assert (code, "no finding 1" in err) == (2, True)
    assert shell("drift", "nobody")[0] == 2
