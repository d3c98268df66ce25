"""Calls at the same time ask for one token: the others wait for it, whatever becomes of the one that asks.

The server is the sandbox's own authorization server, which revokes the whole family when one refresh token is used
twice (RFC 9700, 4.14.2), behind a transport that can hold back every token response.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from explorer.errors import CredentialRefused
from explorer.net.client import Client, Limits, Transfer
from tests.core import test_auth_oauth2 as oauth2
from tests.core import test_auth_rotating as rotating
from tests.core.auth_world import World, get
from tests.session.world import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.auth.base import Scheme

AT_ONCE = 8


@dataclass
class Vendor(httpx.AsyncBaseTransport):
    """The vendor's side. ``hold`` is cleared to keep token requests waiting; ``break_off`` breaks them."""

    world: World
    answer: Callable[[httpx.Request], httpx.Response]
    path: str = "/root/token"
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    break_off: bool = False
    asked: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        response = self.answer(request)
        if request.url.path == self.path:
            await self.hold.wait()
            if self.break_off:
                raise httpx.ConnectError("refused", request=request)
        return response

    @property
    def token_requests(self) -> int:
        return self.asked.count(self.path)


def oauth2_vendor(*held: str) -> Vendor:
    world = oauth2.world(*oauth2.APP, *held)
    return Vendor(world, lambda request: oauth2.server(world, request))


async def _open(*_: object, **_named: object) -> None:
    """A gate that lets every request pass."""


def start(client: Client, vendor: Vendor, count: int, *, total: float = 20) -> list[asyncio.Task[Transfer]]:
    limits = Limits(total=total)

    def scheme() -> Scheme:
        return vendor.world.scheme()

    return [asyncio.create_task(client.send(get(), scheme, limits, _open)) for _ in range(count)]


def statuses(transfers: list[Transfer]) -> list[int | None]:
    return [transfer.response.status if transfer.response else None for transfer in transfers]


@pytest.mark.parametrize("expired", [True, False], ids=["no access token", "all refused with 401"])
async def test_calls_at_once_refresh_once(expired: bool) -> None:
    vendor = oauth2_vendor("refresh_token", *(() if expired else ("access_token",)))
    if not expired:
        vendor.world.held["access_token"] = "revoked-by-the-vendor"
    async with Client(transport=vendor) as client:
        calls = start(client, vendor, AT_ONCE)
        await until(lambda: vendor.token_requests > 0)
        vendor.hold.set()
        assert statuses(await asyncio.gather(*calls)) == [200] * AT_ONCE
    assert vendor.token_requests == 1
    uses = [life.uses for life in vendor.world.tokens.token_records.token_records if life.kind == "refresh"]
    assert sorted(map(len, uses)) == [0, 1]  # those that waited did not use the refresh token


async def test_where_the_one_that_refreshes_is_stopped_the_next_does() -> None:
    vendor = oauth2_vendor("refresh_token")
    withheld, vendor.answer = vendor.answer, lambda _: httpx.Response(500)
    async with Client(transport=vendor) as client:
        first, *others = start(client, vendor, 4)
        await until(lambda: vendor.token_requests > 0)
        vendor.answer = withheld
        first.cancel()
        await until(lambda: vendor.token_requests == 2)
        vendor.hold.set()
        assert statuses(await asyncio.gather(*others)) == [200] * 3
        with pytest.raises(asyncio.CancelledError):
            await first
    assert vendor.token_requests == 2


async def test_one_that_waits_can_be_stopped_and_has_its_own_time_limit() -> None:
    vendor = oauth2_vendor("refresh_token")
    async with Client(transport=vendor) as client:
        [first] = start(client, vendor, 1)
        await until(lambda: vendor.token_requests > 0)
        [hasty] = start(client, vendor, 1, total=0.01)
        [stopped] = start(client, vendor, 1)
        failure = (await hasty).failure
        assert failure is not None
        assert failure.kind == "TimedOut"
        stopped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopped
        vendor.hold.set()
        assert statuses([await first]) == [200]
    assert vendor.asked == ["/root/token", "/root/x"]


async def test_a_refusal_is_everyone_s_and_is_asked_for_once() -> None:
    vendor = oauth2_vendor("refresh_token")
    vendor.world.held["refresh_token"] = "spent"
    async with Client(transport=vendor) as client:
        calls = start(client, vendor, AT_ONCE)
        await until(lambda: vendor.token_requests > 0)
        vendor.hold.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [CredentialRefused] * AT_ONCE
    assert all("invalid_grant" in str(outcome) for outcome in outcomes)
    assert vendor.asked == ["/root/token"]


async def test_a_broken_connection_is_everyone_s_and_the_next_call_tries_again() -> None:
    vendor = oauth2_vendor("refresh_token")
    vendor.break_off = True
    served, vendor.answer = vendor.answer, lambda _: httpx.Response(500)
    async with Client(transport=vendor) as client:
        calls = start(client, vendor, 4)
        await until(lambda: vendor.token_requests > 0)
        vendor.hold.set()
        transfers = await asyncio.gather(*calls)
        assert [transfer.failure and transfer.failure.kind for transfer in transfers] == ["ConnectFailed"] * 4
        assert vendor.token_requests == 1
        vendor.break_off, vendor.answer = False, served
        assert statuses(await asyncio.gather(*start(client, vendor, 2))) == [200] * 2
    assert vendor.token_requests == 2


async def test_two_places_do_not_wait_for_each_other() -> None:
    here, there = oauth2_vendor("refresh_token"), oauth2_vendor("refresh_token")
    here.answer = lambda _: httpx.Response(200, json={"access_token": "given"})
    async with Client(transport=here) as client:
        calls = start(client, here, 1) + start(client, there, 1)
        await until(lambda: here.token_requests == 2)
        here.hold.set()
        assert statuses(await asyncio.gather(*calls)) == [200] * 2


async def test_calls_at_once_sign_in_once() -> None:
    world = rotating.world("email", "password")
    vendor = Vendor(world, rotating.server(world), path="/root/sign_in")
    async with Client(transport=vendor) as client:
        calls = start(client, vendor, AT_ONCE)
        await until(lambda: vendor.token_requests > 0)
        vendor.hold.set()
        assert statuses(await asyncio.gather(*calls)) == [200] * AT_ONCE
    assert vendor.token_requests == 1
