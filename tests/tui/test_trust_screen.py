"""In the app a person is asked before a credential goes to another host, and sees and clears what was allowed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Button, OptionList

from explorer.core.catalog.load import read_toml
from explorer.session.send import send
from explorer.session.trust import trusted_hosts
from explorer.store.catalogs import decode
from explorer.store.credentials import Vault
from explorer.tui.screens.dialogs import ConfirmDialog
from explorer.tui.screens.trust import TrustedHostsDialog
from tests.foreign import CREDENTIALS, TOKEN, Server, catalog_text, two_hosts
from tests.tui.driving import SIZES, Driver, driven
from tests.tui.test_saved import open_saved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from explorer.session.context import SessionContext


@pytest.fixture
def hosts() -> Iterator[tuple[Server, Server]]:
    with two_hosts() as servers:
        yield servers


@pytest.fixture
def foreign(hosts: tuple[Server, Server]) -> Server:
    return hosts[1]


@pytest.fixture
def shop(session: SessionContext, hosts: tuple[Server, Server]) -> SessionContext:
    """The session over the vendor of ``tests.foreign``, with a saved request that names another host."""
    session.catalog = decode(read_toml(catalog_text(hosts[0]), "shop"), "shop")
    session.environ = {**session.environ, **CREDENTIALS}
    session.vault = Vault(session.environ, keyring=None)
    save(session.folders.data / "saved", "theirs", hosts[1])
    return session


def save(folder: Path, name: str, host: Server) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = f'call = "shop.goods"\nenvironment = "production"\nbase_url = "{host.url}"\n'
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


async def asked(driver: Driver) -> None:
    await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog), "the question")
    await driver.pilot.pause()


async def test_a_saved_request_asks_before_its_host_gets_a_credential(shop: SessionContext, foreign: Server) -> None:
    async with driven(shop, SIZES[0]) as driver:
        await open_saved(driver, "theirs")
        await driver.keys("f5")
        await asked(driver)
        async for _ in driver.at_every_size():
            for words in (foreign.url, "Shop, production", "credential 'token'"):
                assert words in driver.text
            assert isinstance(driver.app.focused, Button)
            assert driver.app.focused.id == "no"
            assert TOKEN not in driver.text
        await driver.keys("enter")
        await driver.see("You did not allow it")
        assert foreign.requests == []
        assert trusted_hosts(shop) == ()


async def test_a_host_is_asked_about_once_and_its_trust_can_be_taken_back(
    shop: SessionContext, foreign: Server
) -> None:
    async with driven(shop) as driver:
        await open_saved(driver, "theirs")
        await driver.keys("f5")
        await asked(driver)
        await driver.keys("tab", "enter")
        await driver.until(lambda: foreign.requests, "the request")
        await driver.until(lambda: not driver.main.sender.sending, "the answer")
        await driver.keys("f5")
        await driver.until(lambda: len(foreign.requests) == 2, "the second request, without a question")
        await driver.until(lambda: not driver.main.sender.sending, "the answer")
        assert TOKEN in foreign.requests[1]
        await driver.keys("escape", "H")
        await driver.until(lambda: isinstance(driver.app.screen, TrustedHostsDialog), "the list")
        await driver.see(foreign.url)
        await driver.keys("x")
        await driver.see("You have not allowed any other host")
        await driver.keys("escape", "f5")
        await asked(driver)
        await driver.keys("escape")
        await driver.see("You did not allow it")
        assert len(foreign.requests) == 2


async def test_all_trusted_hosts_are_removed_at_once(shop: SessionContext) -> None:
    from explorer.store.journals import add_trusted

    for number in range(3):
        add_trusted(shop.folders, f"https://{number}.example", "shop", "production", 0.0)
    async with driven(shop) as driver:
        await driver.open("shop.news")
        await driver.keys("escape", "H")
        await driver.until(lambda: isinstance(driver.app.screen, TrustedHostsDialog), "the list")
        assert driver.app.screen.query_one(OptionList).option_count == 3
        await driver.keys("X")
        await driver.see("You have not allowed any other host")
    assert trusted_hosts(shop) == ()


async def test_a_person_may_take_longer_than_the_time_limit(shop: SessionContext, foreign: Server) -> None:
    from tests.session.test_trust import call_to

    async with driven(shop) as driver:
        sending = asyncio.create_task(send(shop, call_to(foreign), timeout=0.5))
        await asked(driver)
        await asyncio.wait([sending], timeout=0.8)
        assert not sending.done()
        await driver.keys("tab", "enter")
        exchange = await sending
    assert exchange.response is not None
    assert exchange.timings.total < 0.5


async def test_an_entry_of_the_history_asks_before_it_is_sent_again(shop: SessionContext, foreign: Server) -> None:
    from explorer.core.origin import HostPattern
    from tests.session.test_trust import call_to

    shop.trusted_here.append(HostPattern.parse(f"127.0.0.1:{foreign.port}"))
    await send(shop, call_to(foreign))
    shop.trusted_here.clear()
    foreign.requests.clear()
    async with driven(shop) as driver:
        await driver.open("shop.news")
        await driver.keys("escape", "h")
        await driver.see("shop.goods")
        await driver.keys("r")
        await asked(driver)
        assert foreign.url in driver.text
        await driver.keys("escape")
        await driver.until(lambda: not driver.main.sender.sending, "the end")
    assert foreign.requests == []
