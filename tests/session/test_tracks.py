"""Guided tracks: each can be walked to its end by real sends to the sandbox, and by nothing else; progress lasts."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from explorer.core.form import parse_entry
from explorer.core.model import Call
from explorer.core.origin import HostPattern
from explorer.core.text.secret import Secret
from explorer.errors import UnknownName
from explorer.session.collection import Collector
from explorer.session.context import SessionContext
from explorer.session.login import log_in
from explorer.session.pages import turn_page
from explorer.session.send import send
from explorer.session.tracks import TrackSession, open_track_session, watch_sends
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.preferences import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog
    from explorer.core.model import Exchange
    from explorer.core.tracks import Feedback

ORDER = (
    "shipping.first_name=Wren shipping.last_name=Alder shipping.address_line_1=Mill shipping.city=Ithaca "
    "shipping.state=NY shipping.zip=14850 line_items[0].upc=012345678905 line_items[0].id=81001 "
    "line_items[0].price=18.5 line_items[0].quantity=1"
)
BAG = "brand=LouisVuitton class={} itemId=10003 itemType=Product images[0]=@{}"


class Pupil:
    """Somebody who walks a track."""

    def __init__(self, session: SessionContext, tutor: TrackSession) -> None:
        self.session, self.tutor = session, tutor
        self.feedback: list[Feedback] = []
        watch_sends(session, tutor, self.feedback.append)

    def call(self, address: str, words: str = "", **options: Any) -> Call:
        vendor, _, endpoint = address.partition(".")
        entries = tuple(parse_entry(word) for word in words.split())
        return Call(vendor=vendor, endpoint=endpoint, entries=entries, **options)

    async def send(self, address: str, words: str = "", **options: Any) -> Exchange:
        return await send(self.session, self.call(address, words, **options))

    async def step(self, step_id: str, address: str, words: str = "", **options: Any) -> Exchange:
        """Send, and see that just this step is done by it."""
        now = self.tutor.step()
        assert now is not None
        assert now.id == step_id
        exchange = await self.send(address, words, **options)
        assert self.feedback, exchange
        assert (self.feedback[-1].kind in ("done", "finished"), self.feedback[-1].step.id) == (True, step_id), (
            self.feedback[-1]
        )
        return exchange

    async def nothing(self, address: str, words: str = "", **options: Any) -> str:
        """Send, and see that the step is as open as before; what was said."""
        before, said = self.tutor.step(), len(self.feedback)
        await self.send(address, words, **options)
        assert self.tutor.step() is before
        return self.feedback[-1].text if len(self.feedback) > said else ""

    def remember(self, vendor: str, name: str, value: str) -> None:
        self.session.vault.remember(self.session.vendor(vendor), "sandbox", name, Secret(value))

    @property
    def finished(self) -> bool:
        return self.feedback[-1].kind == "finished" and self.tutor.running is None


@pytest.fixture
def session(shipped: Catalog, environ: Mapping[str, str]) -> SessionContext:
    folders = Folders.from_environ(environ)
    vault = Vault(environ, keyring=None)
    return SessionContext(catalog=shipped, settings=Settings(), folders=folders, vault=vault, environ=environ)


@asynccontextmanager
async def pupil(session: SessionContext, track: str) -> AsyncIterator[Pupil]:
    tutor = open_track_session(session)
    tutor.start(track)
    try:
        yield Pupil(session, tutor)
    finally:
        await session.close()


def test_eight_tracks_are_shipped_and_speak_of_calls_that_exist(session: SessionContext) -> None:
    tutor = open_track_session(session)
    assert tutor.problems == ()
    assert len(tutor.tracks) == 8
    for track in tutor.tracks.values():
        for address in track.addresses:
            session.endpoint(address)
        for step in track.steps:
            texts = (step.brief, step.text, step.learned, *(slip.text for slip in step.slips))
            assert "{" not in "".join(tutor.words(track, text, _Keys()) for text in texts if "{id}" not in text)


class _Keys(dict[str, str]):
    """Every action of the app has a key."""

    def __init__(self) -> None:
        from explorer.tui.actions import ACTIONS, format_key

        super().__init__({one.id: format_key(one.keys.split(",")[0]) for one in ACTIONS})


def test_every_key_that_a_track_names_is_an_action(session: SessionContext) -> None:
    import re

    tutor = open_track_session(session)
    for track in tutor.tracks.values():
        for step in track.steps:
            texts = (step.brief, step.text, step.learned, *(slip.text for slip in step.slips))
            assert set(re.findall(r"\{key:(\w+)\}", " ".join(texts))) <= set(_Keys())


async def test_first_call(session: SessionContext) -> None:
    async with pupil(session, "first-call") as one:
        assert await one.nothing("cottoncart.catalogue_stores") == ""
        await one.step("ask", "endlessaisles.products_list")
        assert "per_page was not given" in await one.nothing("endlessaisles.products_list")
        await one.step("narrow", "endlessaisles.products_list", "per_page=3")
        assert "No product has that id" in await one.nothing("endlessaisles.products_get", "id=1")
        await one.step("one", "endlessaisles.products_get", "id=70101")
        assert "did not refuse" in await one.nothing("endlessaisles.products_get", "id=70101")
        await one.step("gone", "endlessaisles.products_get", "id=1")
        assert one.finished


async def test_rotating_token(session: SessionContext) -> None:
    async with pupil(session, "rotating-token") as one:
        assert "does not know these credentials" in await one.nothing(
            "fashionphile.sign_in", "email=a@b.example password=no"
        )
        await one.step("sign-in", "fashionphile.sign_in", "email=demo@example.com password=sandbox-bag-42")
        await one.step("use", "fashionphile.whoami")
        assert await one.nothing("fashionphile.account_fetch") == ""
        await one.step("again", "fashionphile.whoami")
        assert await one.nothing("fashionphile.whoami") == ""
        await one.step("sign-out", "fashionphile.sign_out")
        await one.step("by-itself", "fashionphile.whoami")
        assert one.finished


async def test_signature(session: SessionContext) -> None:
    stores = "cottoncart.manage_my_stores"
    async with pupil(session, "signature") as one:
        await one.step("signed", stores, "count=2")
        assert "did not refuse" in await one.nothing(stores, "count=2")
        one.remember("cottoncart", "auth_id", "nobody@nowhere")
        assert "The key ID was changed" in await one.nothing(stores, "count=2")
        one.remember("cottoncart", "auth_id", "demo1@demostore")
        assert "by a reading" in await one.nothing(stores, "count=2", readings={"signed_values": "escaped"})
        one.remember("cottoncart", "secret", "wrong")
        await one.step("broken", stores, "count=2")
        assert "not the sandbox's secret" in await one.nothing(stores, "count=2")
        one.remember("cottoncart", "secret", "Qm7rT2xKp9LwZ4sB")
        await one.step("repaired", stores, "count=2")
        assert "reading signed_values" in await one.nothing(stores, "count=2")
        await one.step("misread", stores, "count=2", readings={"signed_values": "escaped"})
        await one.step("settled", stores, "count=2")
        assert one.finished


async def test_all_pages(session: SessionContext) -> None:
    search = "fashionphile.product_search"
    async with pupil(session, "all-pages") as one:
        await one.step("first", search, "limit=60")
        assert "not the page after" in await one.nothing(search, "limit=60 page=5")
        exchange = await one.step("next", search, "limit=60 page=2")
        assert "it is page 3 of 7" in await one.nothing(search, "limit=60 page=3")
        call = turn_page(session, exchange, "last")
        assert call is not None
        assert {entry.name: entry.value for entry in call.entries}["page"] == "7"
        await send(session, call)
        assert one.feedback[-1].step.id == "last"
        assert "1 of 7 pages fetched" in await one.nothing(search, "limit=60 page=3")
        one.tutor.feedback = None
        collector = Collector(session, one.call(search, "limit=60"))
        await collector.plan()
        async for _ in collector.pages():
            pass
        assert (one.feedback[-1].kind, one.feedback[-1].step.id) == ("done", "all")
        assert "no fault was active" in await one.nothing(search, "limit=60 page=7")
        session.sandbox.set_faults(["overlap"], session.catalog)
        collector = Collector(session, one.call(search, "limit=60"))
        async for _ in collector.pages():
            pass
        assert one.finished
        assert "duplicates" in {finding.kind for finding in collector.findings}


async def test_two_hundred(session: SessionContext) -> None:
    info = "cottoncart.catalogue_store_info"
    async with pupil(session, "two-hundred") as one:
        assert "That store exists" in await one.nothing(info, "store_id=demostore")
        await one.step("nowhere", info, "store_id=nowhere")
        await one.step("mend", info, "store_id=demostore")
        await one.step("anyway", info, force=True)
        assert "no fault was active" in await one.nothing("endlessaisles.products_list")
        session.sandbox.set_faults(["error200"], session.catalog)
        await one.step("sudden", "endlessaisles.products_list")
        assert "the verdict was FAILED" in await one.nothing("endlessaisles.products_list")
        session.sandbox.set_faults([], session.catalog)
        await one.step("honest", "endlessaisles.products_list")
        assert one.finished


async def test_upload_of_the_practice_file(session: SessionContext) -> None:
    check = "fashionphile.big_vision_authenticate"
    async with pupil(session, "upload") as one:
        track = one.tutor.track("upload")
        picture = one.tutor.words(track, "{file:bag.png}", {})
        with open(picture, "rb") as file:  # noqa: ASYNC230, PTH123 - a few bytes
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"
        await one.step("codes", "fashionphile.big_vision_brands")
        assert "no file was sent" in await one.nothing(check, BAG.rsplit(" ", 1)[0].format("Gold"), force=True)
        await one.step("upload", check, BAG.format("LouisVuittonMonogram", picture))
        await one.step("wrong", check, BAG.format("Gold", picture))
        await one.step("mended", check, BAG.format("LouisVuittonMonogram", picture))
        assert one.finished


async def test_oauth2_with_consent(session: SessionContext) -> None:
    async with pupil(session, "oauth2") as one:
        words = "response_type=code client_id=demo-client redirect_uri=http://127.0.0.1:8765/callback"
        await one.step("bare", "quickstart.authorize", words)
        await one.step("demo", "quickstart.customers_list")
        assert "the same token as before" in await one.nothing("quickstart.customers_list")
        await log_in(session, one.call("quickstart.customers_list"), open_url=_nowhere, paste=_allow)
        await one.step("consent", "quickstart.customers_list")
        await one.step("keep", "quickstart.orders_list")
        assert one.finished


async def _nowhere(url: str) -> None:
    """No browser."""


async def _allow(url: str) -> str:
    """What a person does in a browser: press Allow, and see where that leads."""
    import re

    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(url)
        form = {"ticket": re.findall(r'name="ticket" value="([^"]+)"', page.text)[0], "decision": "allow"}
        action = re.findall(r'action="([^"]+)"', page.text)[0]
        answer = await browser.post(str(page.url.join(action)), data=form)
        return answer.headers["location"]


async def test_an_order_is_not_sent_twice(session: SessionContext) -> None:
    create, listing = "endlessaisles.orders_create", "endlessaisles.orders_list"
    order = ORDER
    async with pupil(session, "order-once") as one:
        await one.step("place", create, order)
        assert "placed one more order" in await one.nothing(create, order)
        session.sandbox.set_faults(["cut*1"], session.catalog)
        await one.step("lost", create, order)
        await one.send(create, order)
        assert one.feedback[-1].kind == "back"
        assert "one too many" in one.feedback[-1].text
        session.sandbox.set_faults(["cut*1"], session.catalog)
        await one.step("lost", create, order)
        found = await one.step("look", listing)
        assert found.response is not None
        newest = json.loads(found.response.body[:])["data"][0]["id"]
        assert "No order has that id" in await one.nothing("endlessaisles.orders_cancel", "id=1")
        await one.step("undo", "endlessaisles.orders_cancel", f"id={newest}")
        assert one.finished


async def test_what_goes_elsewhere_does_not_count(session: SessionContext) -> None:
    async with pupil(session, "first-call") as one:
        one.session.vault.remember(session.vendor("endlessaisles"), "test", "token", Secret("mine"))
        one.session.trusted_here.append(HostPattern.parse("127.0.0.1:9"))
        call = one.call("endlessaisles.products_list", environment="test", base_url="http://127.0.0.1:9")
        await send(session, call)
        assert "tracks count in the sandbox" in one.feedback[-1].text


async def test_progress_is_kept_and_holds_no_secret(session: SessionContext, home: Path) -> None:
    assert not session.folders.track_progress.exists()
    async with pupil(session, "rotating-token") as one:
        await one.step("sign-in", "fashionphile.sign_in", "email=demo@example.com password=sandbox-bag-42")
        one.tutor.save()
    kept = (home / "data" / "tracks.json").read_text()
    assert "sandbox-bag-42" not in kept
    again = open_track_session(session)
    assert again.running is not None
    step = again.step()
    assert step is not None
    assert step.id == "use"
    again.stop_track()
    assert open_track_session(session).running is None
    assert open_track_session(session).done(again.track("rotating-token")) == 1
    again.reset("rotating-token")
    assert open_track_session(session).done(again.track("rotating-token")) == 0
    with pytest.raises(UnknownName, match="rotating"):
        again.start("rotating")


@pytest.mark.parametrize("content", [b"{", b'{"running": 5}', b"\xff\xfe", b"[]", b'{"standings": {"x": {"done": 1}}}'])
def test_a_damaged_file_is_set_aside(session: SessionContext, home: Path, content: bytes) -> None:
    path = home / "data" / "tracks.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    tutor = open_track_session(session)
    assert "is damaged" in tutor.problems[0]
    assert path.with_name("tracks.json.bad").read_bytes() == content
    tutor.start("first-call")
    assert open_track_session(session).problems == ()


def test_own_tracks_are_read_and_wrong_ones_told(session: SessionContext, home: Path) -> None:
    folder = home / "config" / "tracks"
    folder.mkdir(parents=True)
    step = '[[steps]]\nid = "a"\ntitle = "A"\nbrief = "b"\ndone = { call = ["endlessaisles.stock"] }\n'
    (folder / "own.toml").write_text(f'id = "own"\ntitle = "Own"\nabout = "x"\norder = 1\n{step}')
    (folder / "bad.toml").write_text(f'id = "bad"\ntitle = "Bad"\nabout = "x"\ncolour = 1\n{step}')
    (folder / "back.toml").write_text(
        f'id = "back"\ntitle = "B"\nabout = "x"\n{step}slips = [{{ when = {{}}, text = "t", back = "z" }}]\n'
    )
    tutor = open_track_session(session)
    assert next(iter(tutor.tracks)) == "own"
    assert len(tutor.tracks) == 9
    assert any("colour" in text for text in tutor.problems)
    assert any("refers to z" in text for text in tutor.problems)
