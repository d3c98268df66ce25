"""Answers that saved requests need of each other: from this run, from before, from the history, or asked for anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.errors import UsageError
from explorer.session.history import past_exchange, recent_entries
from explorer.session.saved import SavedRequestStore, VariableScope
from explorer.session.sequence import SequenceRunner, saved_tag
from tests.session.world import Query, Reply, World, world

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIND = 'call = "shop.one"\nbase_url = "${HOST}"\n'
USE = 'call = "shop.page"\nbase_url = "${HOST}"\n[values]\ncolour = "${find: id}"\n'


def put(here: World, **files: str) -> Path:
    folder = here.session.folders.data / "saved"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def counted() -> tuple[list[int], object]:
    """A vendor that gives another id each time, and what it gave."""
    given: list[int] = []

    def answer(_query: Query) -> Reply:
        given.append(len(given) + 1)
        return 200, {}, b'{"id": "n%d", "big": 9007199254740993, "price": 18.50}' % len(given)

    return given, answer


async def run(here: World, name: str, saved: SavedRequestStore | None = None) -> tuple[SavedRequestStore, list[str]]:
    """Run a request; the names that were sent, in order."""
    saved = saved or SavedRequestStore(here.session)
    saved.load()
    runner = SequenceRunner(saved, VariableScope(given={"HOST": here.url}))
    report = await runner.run(name, (name,))
    assert report.passed, [step.detail for step in report.steps]
    return saved, [step.name for step in report.steps]


@pytest.mark.parametrize(
    ("rule", "at_once", "later"),
    [
        ("missing", ["use"], ["use"]),
        ("never", ["use"], ["use"]),
        ("always", ["find", "use"], ["find", "use"]),
        ("older than 10m", ["use"], ["find", "use"]),
    ],
)
@pytest.mark.parametrize("same_program", [True, False])
async def test_the_rule_decides_on_what_is_kept(
    environ: Mapping[str, str], rule: str, at_once: list[str], later: list[str], same_program: bool
) -> None:
    """With a new program, what is kept is in the history."""
    _, answer = counted()
    async with world(environ, answer, history=True) as here:  # type: ignore[arg-type]
        put(here, find=FIND, use=USE + f'[again]\nfind = "{rule}"\n')
        saved, names = await run(here, "find")
        assert names == ["find"]
        again = saved if same_program else None
        saved, names = await run(here, "use", again)
        assert names == at_once
        here.clock.now += 700
        assert (await run(here, "use", saved if same_program else None))[1] == later
        rows = await recent_entries(here.session, text=f"tag:{saved_tag('use')}")
        assert len(rows) == 2


async def test_without_an_answer_it_is_run_and_never_means_never(environ: Mapping[str, str]) -> None:
    _, answer = counted()
    async with world(environ, answer) as here:  # type: ignore[arg-type]
        put(here, find=FIND, use=USE, strict=USE + '[again]\nfind = "never"\n')
        assert (await run(here, "use"))[1] == ["find", "use"]
        assert here.asked[-1] == {"colour": "n1"}
        saved = SavedRequestStore(here.session)
        saved.load()
        report = await SequenceRunner(saved, VariableScope(given={"HOST": here.url})).run("strict", ("strict",))
        assert "which has not run" in report.steps[0].message
        assert len(here.asked) == 2


async def test_numbers_are_handed_on_as_they_were_sent(environ: Mapping[str, str]) -> None:
    _, answer = counted()
    async with world(environ, answer) as here:  # type: ignore[arg-type]
        put(here, find=FIND, use=USE.replace("${find: id}", "${find: price}/${find: big}"))
        await run(here, "use")
        assert here.asked[-1] == {"colour": "18.50/9007199254740993"}


async def test_what_is_not_there_is_told(environ: Mapping[str, str]) -> None:
    _, answer = counted()
    async with world(environ, answer) as here:  # type: ignore[arg-type]
        put(here, find=FIND, use=USE.replace("id}", "nothing.at[3]}"))
        saved = SavedRequestStore(here.session)
        saved.load()
        report = await SequenceRunner(saved, VariableScope(given={"HOST": here.url})).run("use", ("use",))
        assert report.exit_code == 1
        assert "${find: nothing.at[3]} has no value" in report.steps[-1].message
        assert len(here.asked) == 1


async def test_a_needed_request_that_fails_stops_what_needs_it(environ: Mapping[str, str]) -> None:
    async with world(environ, lambda _query: (500, {}, b"{}")) as here:
        put(here, find=FIND, use=USE)
        saved = SavedRequestStore(here.session)
        saved.load()
        report = await SequenceRunner(saved, VariableScope(given={"HOST": here.url})).run("use", ("use",))
        assert [(step.name, step.outcome) for step in report.steps] == [("find", "failed"), ("use", "error")]
        assert report.exit_code == 1
        assert len(here.asked) == 1


async def test_a_folder_with_a_missing_value_sends_nothing(environ: Mapping[str, str]) -> None:
    _, answer = counted()
    async with world(environ, answer) as here:  # type: ignore[arg-type]
        put(here, a=FIND, b=FIND.replace("HOST", "OTHER"))
        saved = SavedRequestStore(here.session)
        library = saved.load()
        with pytest.raises(UsageError, match=r"b: \$\{OTHER\}"):
            await SequenceRunner(saved, VariableScope(given={"HOST": here.url})).run(".", library.sequence("."))
        assert here.asked == []


async def test_secret_values_of_an_answer_are_masked_in_what_is_kept(environ: Mapping[str, str]) -> None:
    """``pin`` is secret by the catalog: what is taken out of it stays so in another call's plain parameter."""
    async with world(environ, lambda _query: (200, {}, b'{"pin": "s3cret-4711"}'), history=True) as here:
        put(here, find=FIND, use=USE.replace("${find: id}", "<${find: pin}>"))
        saved = SavedRequestStore(here.session)
        saved.load()
        runner = SequenceRunner(saved, VariableScope(given={"HOST": here.url}))
        report = await runner.run("use", ("use",))
        assert here.asked[-1] == {"colour": "<s3cret-4711>"}
        assert "s3cret" not in repr(report)
        for number in (1, 2):
            assert "s3cret" not in repr(await past_exchange(here.session, number))
