"""Drift on screen: what is said of the history, and what each key does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from explorer.core.model import Call, Entry
from explorer.net.client import Client
from explorer.session.send import send
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

ORDERS = "endlessaisles.orders_list"


async def strange(session: SessionContext) -> None:
    """Three answers of a vendor that is no longer as documented."""
    session.environ = {**session.environ, "API_EXPLORER_ENDLESSAISLES_TOKEN": "a-token-of-mine"}
    session.vault = type(session.vault)(session.environ, keyring=None)
    sample = session.vendor("endlessaisles").endpoints["orders_list"].samples[0]

    def answer(_request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = json.loads(sample.body)
        for order in body["data"]:
            order["gift_wrap"] = "\x1b]0;evil\x07yes"
            order["id"] = str(order["id"])
        return httpx.Response(200, json=body)

    session._client = Client(transport=httpx.MockTransport(answer))
    for _ in range(3):
        await send(session, Call(vendor="endlessaisles", endpoint="orders_list", environment="production"))


async def looked(app: Driver) -> None:
    """The findings on screen."""
    await app.keys("escape", "N")
    await app.see("3 responses")


@pytest.mark.parametrize("size", SIZES)
async def test_findings_have_their_evidence_and_their_patch_at_every_size(
    session: SessionContext, size: tuple[int, int]
) -> None:
    await strange(session)
    async with driven(session, size) as app:
        await looked(app)
        await app.see("2 findings")
        await app.see("other type data[].id")
        await app.see("6 of 6  in #3 #2 #1")
        await app.see("Documented        integer")
        await app.keys("down")
        await app.see("new field data[].gift_wrap")
        assert "\x1b" not in app.text


async def test_one_is_accepted_and_one_dismissed_and_comes_back(session: SessionContext) -> None:
    await strange(session)
    async with driven(session) as app:
        await looked(app)
        await app.keys("space")
        await app.see("1 finding ·")
        await app.see("new field data[].gift_wrap")
        await app.keys("x")
        await app.see("match the catalog")
        await app.see("1 dismissed")
        await app.keys("v")
        await app.see("Dismissed. Press x to restore it")
        await app.keys("x")
        await app.until(lambda: "dismissed" not in app.text, "it is back")
        await app.keys("t")
        await app.see("Drift · endlessaisles")
        await app.keys("t", "r")
        await app.see("Drift · all vendors")


async def test_enter_shows_an_answer_that_shows_it(session: SessionContext) -> None:
    await strange(session)
    async with driven(session) as app:
        await looked(app)
        await app.keys("enter")
        await app.see("From the history: #")
        await app.until(lambda: app.main.workspace.address == ORDERS, "the call")


async def test_an_empty_history_says_what_to_do(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape", "N")
        await app.see("Send a request first")
        await app.keys("space", "x", "enter", "t", "v", "r", "j", "k", "escape")
        await app.see("Choose an endpoint on the left")


async def test_the_form_knows_an_accepted_value_at_once(session: SessionContext) -> None:
    await strange(session)
    call = Call(vendor="endlessaisles", endpoint="orders_list", environment="production", force=True)
    await send(session, msgspec.structs.replace(call, entries=(Entry(name="status", value="parked"),)))
    async with driven(session, (200, 50)) as app:
        await app.open(ORDERS)
        await app.keys("escape", "N")
        await app.see("∉ status")
        await app.keys("j", "j")
        await app.see("undocumented value status")
        await app.keys("space")
        await app.see("Added to your overlay: undocumented value status")
        await app.keys("escape")
        await app.until(lambda: "parked" in app.rows()["status"].param.also, "the value in the form")
