"""Nothing typed is lost when the program is ended from outside; a kill costs two seconds at most."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from explorer.store.drafts import load_drafts
from explorer.tui.features import drafts
from tests.tui.draft_kills import LONGEST_LOSS, Typist
from tests.tui.driving import driven

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.session.context import SessionContext


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_while_typing_costs_two_seconds_at_most(home: Path, seed: int) -> None:
    typist = Typist(home, seed)
    typist.open()
    typist.type_for(typist.random.uniform(2.2, 4.2))
    typist.end()
    assert typist.shown[-1][1] > 10
    assert typist.lost_seconds <= LONGEST_LOSS, (typist.seed, typist.saved, typist.shown)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_saves_what_is_on_the_screen(home: Path, number: signal.Signals) -> None:
    typist = Typist(home, 7)
    typist.open()
    typist.type_until_shown(6)
    typist.end(number)
    assert typist.code == 128 + number
    assert typist.saved == typist.text[:6]


def test_a_terminal_that_is_closed_saves_what_is_on_the_screen(home: Path) -> None:
    typist = Typist(home, 8)
    typist.open()
    typist.type_until_shown(6)
    os.close(typist.terminal.fd)
    typist.terminal.ended = True
    os.waitpid(typist.terminal.pid, 0)
    assert typist.saved == typist.text[:6]


async def test_a_send_saves_first(session: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "SAVE_PAUSE", 1000.0)
    address = "cottoncart.order_calculate"
    async with driven(session) as app:
        await app.open(address)
        await app.keys(*"16001", "escape", "exclamation_mark")
        await app.until(lambda: address in app.main.workspace.last, "the response")
        saved, _ = load_drafts(session.folders)
        assert [one.value for one in saved[address].entries] == ["16001"]
