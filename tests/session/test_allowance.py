"""The time limit and a cancel hold for the work on a response that has arrived, whatever its bytes."""

from __future__ import annotations

import asyncio
import json
import threading
from itertools import count
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from explorer.core.body.value import json_value, xml_value
from explorer.core.checkpoint import Interrupted
from explorer.core.model import Call
from explorer.core.text.data import pieces
from explorer.net.client import Client
from explorer.session.factory import open_session
from explorer.session.history import past_exchange
from explorer.session.pages import page_info
from explorer.session.prepare import redact
from explorer.session.response_stream import TimeBudget
from explorer.session.send import form_send, perform, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.session.context import SessionContext

CALL = Call(vendor="cottoncart", endpoint="stats_sales")
SMALL = json.dumps({"success": True, "password": "hunter22"}).encode()
LARGE = json.dumps({"success": True, "password": "hunter22", "padding": "x" * 1_200_000}).encode()


def answered_with(environ: Mapping[str, str], body: bytes) -> SessionContext:
    """A session whose vendors give every request *body*."""
    session = open_session(environ)

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body, headers={"Content-Type": "application/json"})

    session._client = Client(transport=httpx.MockTransport(answer))
    return session


async def test_work_ends_at_the_first_piece_after_the_limit() -> None:
    seconds = count(0, 2)
    allowance = TimeBudget(10, 3, lambda: next(seconds))
    seen: list[bytes] = []

    def job() -> None:
        seen.extend(pieces(b"x" * 100, 1))

    with pytest.raises(Interrupted):
        await allowance.work(job)
    assert 0 < len(seen) < 5
    assert "10 s allowed" in allowance.timed_out("it").message


@pytest.mark.parametrize(
    "read",
    [
        lambda: xml_value(b"<a>" + b"<b/>" * 250_000 + b"</a>"),
        lambda: json_value(b"{" + b",".join(b'"%06d": ""' % number for number in range(100_000)) + b"}"),
    ],
    ids=["xml", "json"],
)
async def test_a_body_of_tiny_values_ends_within_a_megabyte(read: Callable[[], object]) -> None:
    seconds = count()
    allowance = TimeBudget(9, 0, lambda: next(seconds))
    with pytest.raises(Interrupted):
        await allowance.work(read)


async def test_a_cancel_ends_the_thread_as_well() -> None:
    allowance = TimeBudget(3600, 0, lambda: 0.0)
    began, ended = threading.Event(), threading.Event()

    def job() -> None:
        try:
            for _ in range(10**9):
                began.set()
                list(pieces(b"x"))
        finally:
            ended.set()

    task = asyncio.ensure_future(allowance.work(job))
    assert await asyncio.to_thread(began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 10)


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
async def test_a_response_that_cannot_be_judged_in_time_is_a_time_out(environ: Mapping[str, str], body: bytes) -> None:
    session = answered_with(environ, body)
    seconds = count(0, 1000)
    session.clock = lambda: next(seconds)
    try:
        exchange = await send(session, CALL)
        assert exchange.failure is not None
        assert (exchange.failure.kind, exchange.failure.exit_code) == ("TimedOut", 3)
        assert "30 s allowed" in exchange.failure.message
        assert exchange.verdict.outcome == "UNKNOWN"
        past, shown = await past_exchange(session, exchange.id), redact(session, exchange)
    finally:
        await session.close()
    for known in (past, shown):
        assert known.failure == exchange.failure
        assert known.response is not None
        assert b"hunter22" not in known.response.body[:]
        if body is LARGE:
            assert known.response.body == b""
            assert "not shown: the time limit passed before they were redacted" in known.response.truncated


async def test_a_cancel_while_the_response_is_judged_is_kept_as_such(environ: Mapping[str, str]) -> None:
    session = answered_with(environ, SMALL)
    try:
        sending = form_send(CALL)
        task = asyncio.ensure_future(perform(session, sending))

        def cancel() -> float:  # the allowance asks for the time when the transfer is over
            session.clock = lambda: 0.0
            task.cancel()
            return 0.0

        session.clock = cancel
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert type(caught.value) is asyncio.CancelledError
        assert vars(caught.value) == {}
        exchange = sending.stopped
        assert exchange is not None
        assert exchange.failure is not None
        assert exchange.failure.kind == "Cancelled"
        past = await past_exchange(session, exchange.id)
    finally:
        await session.close()
    assert past.failure == exchange.failure
    assert past.response is not None
    assert past.response.status == 200


async def test_what_is_shown_is_what_was_kept_and_not_searched_twice(environ: Mapping[str, str]) -> None:
    session = answered_with(environ, SMALL)
    try:
        exchange = await send(session, CALL)
        shown = redact(session, exchange)
        assert redact(session, exchange) is shown
        assert shown.response is not None
        assert b"hunter22" not in shown.response.body[:]
    finally:
        await session.close()


async def test_a_page_that_is_not_whole_is_not_read_again(environ: Mapping[str, str]) -> None:
    session = answered_with(environ, b'{"data": [{"id": 1}]}')
    try:
        exchange = await send(session, Call(vendor="endlessaisles", endpoint="products_list"))
        assert exchange.response is not None
        assert page_info(session, exchange) is not None
        cut = msgspec.structs.replace(exchange.response, truncated="the connection broke")
        assert page_info(session, msgspec.structs.replace(exchange, response=cut)) is None
    finally:
        await session.close()
