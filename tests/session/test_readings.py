"""Readings as experiments: trying both against the sandbox, what is kept of it, adopting one, and what survives a bad
file."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from explorer.core.model import Call, Entry
from explorer.errors import SettingsError, UsageError
from explorer.net.client import Client
from explorer.session.ambiguity_status import adopt_choice, evidence_words, find_ambiguity, reset_ambiguity
from explorer.session.experiments import Experiment, follow_readings, run_experiment
from explorer.session.factory import open_session
from explorer.session.prepare import prepare_call
from explorer.session.send import send
from explorer.session.variants import plan_experiment
from explorer.store.folders import Folders
from explorer.store.journals import evidence_path, load_evidence
from explorer.store.overlay import overlay_path
from explorer.store.preferences import settings_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from explorer.session.context import SessionContext

VERB = ("xsellcast", "brands_list", "example_verb")


async def tried(session: SessionContext, vendor: str, endpoint: str, key: str, **values: str) -> Experiment:
    """Both ways, sent."""
    entries = tuple(Entry(name=name, value=value) for name, value in values.items())
    call = Call(vendor=vendor, endpoint=endpoint, entries=entries)
    return await run_experiment(session, await asyncio.to_thread(plan_experiment, session, call, key))


def verdicts(experiment: Experiment) -> dict[str, str]:
    """Choice → what the server made of it."""
    return {one.variant.choice: one.verdict for one in experiment.trials}


@pytest.fixture
def mine(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment whose sandbox has a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = settings_path(Folders.from_environ(environ))
    path.parent.mkdir(parents=True)
    path.write_text(f"sandbox_port = {port}\n")
    return dict(environ)


async def test_both_ways_against_the_sandbox_one_is_accepted_and_one_refused(mine: dict[str, str]) -> None:
    session = open_session(mine)
    try:
        found = await tried(session, *VERB)
        assert verdicts(found) == {"get": "accepted", "post": "refused"}
        assert [one.variant.line.split()[0] for one in found.trials] == ["GET", "POST"]
        assert "follows get" in found.conclusion
        follow_readings(session, {"xsellcast.brands_list.example_verb": "post"})
        assert verdicts(await tried(session, *VERB)) == {"get": "refused", "post": "accepted"}
        follow_readings(session, {})
        assert verdicts(await tried(session, *VERB)) == {"get": "accepted", "post": "refused"}
    finally:
        await session.close()


async def test_a_value_that_only_one_reading_allows_is_put_in(mine: dict[str, str]) -> None:
    session = open_session(mine)
    try:
        found = await tried(session, "fashionphile", "product_search", "sort_word_case")
        assert verdicts(found) == {"made_available_at": "accepted", "madeAvailableAt": "refused"}
        sent = [one.exchange.request.url.partition("?")[2] for one in found.trials if one.exchange]
        assert sent == ["sortField=made_available_at", "sortField=madeAvailableAt"]
    finally:
        await session.close()


async def test_where_every_choice_makes_the_same_request_it_says_so_and_keeps_nothing(mine: dict[str, str]) -> None:
    session = open_session(mine)
    try:
        found = await tried(session, "xsellcast", "brands_get", "id_type", id="3")
        assert "same request" in found.conclusion
        assert not found.followed_choice
        assert load_evidence(session.folders).trials == ()
    finally:
        await session.close()


async def test_what_the_server_accepted_is_shown_at_the_next_start(mine: dict[str, str]) -> None:
    session = open_session(mine)
    found = await tried(session, *VERB)
    await session.close()
    again = open_session(mine)
    doubt = find_ambiguity(again, "xsellcast.brands_list", "example_verb")
    said = {choice: evidence_words(one[0], "today") for choice, one in doubt.evidence.items()}
    numbers = [one.exchange.id for one in found.trials if one.exchange]
    assert said == {
        "get": f"sandbox: accepted today 200 OK #{numbers[0]}",
        "post": f"sandbox: refused today 405 Method Not Allowed #{numbers[1]}",
    }


async def test_an_adopted_reading_is_what_is_prepared_from_then_on(mine: dict[str, str]) -> None:
    session = open_session(mine)
    call = Call(vendor="xsellcast", endpoint="brands_list")
    assert prepare_call(session, call).request.method == "GET"
    adopt_choice(session, find_ambiguity(session, "xsellcast.brands_list", "example_verb"), "post")
    assert prepare_call(session, call).request.method == "POST"
    later = open_session(mine)
    assert prepare_call(later, call).request.method == "POST"
    assert find_ambiguity(later, "xsellcast.brands_list", "example_verb").adopted
    reset_ambiguity(later, find_ambiguity(later, "xsellcast.brands_list", "example_verb"))
    assert prepare_call(open_session(mine), call).request.method == "GET"
    assert "[vendors" not in overlay_path(later.folders, "xsellcast").read_text()


async def test_a_sandbox_that_runs_takes_the_adopted_reading_up_and_keeps_its_tokens(mine: dict[str, str]) -> None:
    session = open_session(mine)
    try:
        await tried(session, *VERB)
        adopt_choice(session, find_ambiguity(session, "xsellcast.brands_list", "example_verb"), "post")
        exchange = await send(session, Call(vendor="xsellcast", endpoint="brands_list"))
        assert (exchange.request.method, exchange.verdict.outcome, exchange.hops) == ("POST", "OK", ())
    finally:
        await session.close()


async def test_what_is_no_read_is_never_tried_without_asking(mine: dict[str, str]) -> None:
    session = open_session(mine)
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    session._client = Client(transport=httpx.MockTransport(answer))
    try:
        call = Call(vendor="fashionphile", endpoint="sign_in", force=True)
        found = plan_experiment(session, call, "body_encoding")
        assert "not a read" in found.question
        with pytest.raises(UsageError):
            await run_experiment(session, found)
        abroad = Call(vendor="xsellcast", endpoint="brands_list", environment="development")
        assert "POST" in plan_experiment(session, abroad, "example_verb").question
        assert sent == []
    finally:
        await session.close()


async def test_a_call_sent_under_a_choice_of_one_s_own_is_a_trial_as_well(mine: dict[str, str]) -> None:
    session = open_session(mine)
    try:
        call = Call(vendor="xsellcast", endpoint="brands_list", readings={"example_verb": "post"}, force=True)
        number = (await send(session, call)).id
        doubt = find_ambiguity(session, "xsellcast.brands_list", "example_verb")
        assert [evidence_words(one, "today") for one in doubt.evidence["post"]] == [
            f"sandbox: refused today 405 Method Not Allowed #{number}"
        ]
        same = Call(
            vendor="xsellcast",
            endpoint="brands_get",
            entries=(Entry(name="id", value="3"),),
            readings={"id_type": "string"},
        )
        await send(session, same)
        assert not find_ambiguity(session, "xsellcast.brands_get", "id_type").tried
    finally:
        await session.close()


async def test_a_busy_server_is_no_evidence_for_a_refusal(mine: dict[str, str]) -> None:
    session = open_session(mine)
    try:
        await send(session, Call(vendor="xsellcast", endpoint="brands_list"))
        session.sandbox.set_faults(["503"], session.catalog)
        found = await tried(session, *VERB)
        assert set(verdicts(found).values()) == {"unclear"}
        assert "Undecided" in found.conclusion
    finally:
        await session.close()


async def test_a_bad_line_of_evidence_loses_no_other_and_stays(mine: dict[str, str]) -> None:
    session = open_session(mine)
    await tried(session, *VERB)
    path = evidence_path(session.folders)
    good = path.read_bytes()
    path.write_bytes(b'{"vendor": "xsellcast", broken\n' + good + b'{"vendor": "cut o')
    book = load_evidence(session.folders)
    assert len(book.trials) == 2
    assert "line" in book.problems[0]
    await tried(session, *VERB)
    await session.close()
    assert path.read_bytes().startswith(b'{"vendor": "xsellcast", broken\n' + good + b'{"vendor": "cut o\n{')
    assert len(load_evidence(session.folders).trials) == 2


async def test_two_instances_keep_what_both_found(mine: dict[str, str]) -> None:
    one, other = open_session(mine), open_session(mine)
    await tried(one, *VERB)
    await tried(other, "fashionphile", "product_search", "sort_word_case")
    adopt_choice(one, find_ambiguity(one, "xsellcast.brands_list", "example_verb"), "post")
    adopt_choice(other, find_ambiguity(other, "xsellcast.brands_get", "path_number"), "uniform")
    await one.close()
    await other.close()
    later = open_session(mine)
    assert find_ambiguity(later, "xsellcast.brands_list", "example_verb").adopted
    assert find_ambiguity(later, "xsellcast.brands_get", "path_number").adopted
    assert find_ambiguity(later, "xsellcast.brands_list", "example_verb").tried
    assert find_ambiguity(later, "fashionphile.product_search", "sort_word_case").tried


def overlay(environ: Mapping[str, str], text: str) -> Path:
    """A person's own overlay of the vendor."""
    path = overlay_path(Folders.from_environ(environ), "xsellcast")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_a_bad_entry_of_an_overlay_names_its_line_and_the_rest_holds(mine: dict[str, str]) -> None:
    path = overlay(
        mine,
        """# mine
[vendors.xsellcast.endpoints.brands_list.readings.example_verb]
default = "pst"

[vendors.xsellcast.readings.first_page]
default = "zero"

[vendors.xsellcast.endpoints.gone_list.readings.verb]
default = "post"
""",
    )
    session = open_session(mine)
    said = [str(one) for one in session.catalog_problems]
    assert len(said) == 2
    assert f"{path}: line 3, vendors.xsellcast.endpoints.brands_list.readings.example_verb.default" in said[0]
    assert "did you mean 'post'" in said[0]
    assert "line 8" in said[1]
    assert "no endpoint 'gone_list'" in said[1]
    assert session.vendor("xsellcast").readings["first_page"].default == "zero"
    adopt_choice(session, find_ambiguity(session, "xsellcast.brands_get", "path_number"), "uniform")
    text = path.read_text()
    assert text.startswith("# mine\n[vendors.xsellcast.endpoints.brands_list.readings.example_verb]\n")
    assert 'default = "pst"' in text
    assert 'default = "uniform"' in text


def test_an_overlay_that_is_no_toml_is_named_by_its_line_and_never_written_over(mine: dict[str, str]) -> None:
    path = overlay(mine, 'a = 1\nb = "x\n')
    session = open_session(mine)
    assert "line 2" in str(session.catalog_problems[0])
    with pytest.raises(SettingsError, match="line 2"):
        adopt_choice(session, find_ambiguity(session, "xsellcast.brands_get", "path_number"), "uniform")
    assert path.read_text() == 'a = 1\nb = "x\n'


def test_the_lines_of_evidence_are_plain_json(mine: dict[str, str]) -> None:
    session = open_session(mine)

    async def both() -> None:
        await tried(session, *VERB)
        await session.close()

    asyncio.run(both())
    rows = [json.loads(line) for line in evidence_path(session.folders).read_text().splitlines()]
    assert [(row["choice"], row["verdict"], row["environment"]) for row in rows] == [
        ("get", "accepted", "sandbox"),
        ("post", "refused", "sandbox"),
    ]
