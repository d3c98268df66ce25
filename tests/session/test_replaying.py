"""Replays: signed now, byte for byte, or into the form; what changed since is said; a replay knows its origin."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from explorer.core.form import parse_entry
from explorer.core.model import Call, Entry, Failure
from explorer.errors import UnknownName, UsageError
from explorer.session.context import SessionContext
from explorer.session.history import history_entry, past_exchange
from explorer.session.replay import prepare_replay
from explorer.session.send import perform, send
from explorer.store.catalogs import decode
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.history import History
from explorer.store.preferences import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from explorer.core.catalog import Catalog

HMAC = {"scheme": "hmac_query", "options": {"key_id": "id", "secret": "key"}}
HEADER = {"scheme": "token_header", "options": {"token": "token", "header": "X-Twin", "prefix": "Key "}}
SIGNED = {"title": "Signed", "group": "G", "path": "/signed.json", "auth": "hmac"}
FORM = {
    "title": "Form",
    "group": "G",
    "path": "/form",
    "auth": "hmac",
    "method": "POST",
    "body": "form",
    "effect": "create",
}
JSON = {**FORM, "title": "Json", "path": "/json", "auth": "token", "body": "json"}
PARTS = {**FORM, "title": "Parts", "path": "/parts", "auth": "token", "body": "multipart"}


def params(place: str) -> dict[str, Any]:
    """Parameters of a call, one of them secret."""
    return {
        "q": {"in": place},
        "pin": {"in": place, "secret": True},
        "card.number" if place == "json" else "number": {"in": place, "secret": True, "type": "integer"},
    }


TABLES: dict[str, Any] = {
    "edition": "one",
    "vendors": {
        "twin": {
            "title": "Twin",
            "environments": {"raw": {"base_url": "http://127.0.0.1:1/base", "guarded": True}},
            "credentials": {"id": {"title": "Id", "secret": False}, "key": {"title": "Key"}, "token": {"title": "T"}},
            "auth": {"hmac": HMAC, "token": HEADER},
            "endpoints": {
                "signed": {**SIGNED, "params": params("query")},
                "form": {**FORM, "params": params("form")},
                "json": {**JSON, "params": params("json")},
                "parts": {**PARTS, "params": params("multipart")},
            },
            "readings": {
                "where": {
                    "about": "?",
                    "default": "a",
                    "why": ".",
                    "choices": {"a": {"title": "A"}, "b": {"title": "B", "set": {"summary": "b"}}},
                }
            },
        }
    },
}


def catalog(port: int, change: Callable[[Any], None] = lambda _tables: None) -> Catalog:
    """The catalog with its environment at *port*, changed."""
    tables = msgspec.json.decode(msgspec.json.encode(TABLES))
    tables["vendors"]["twin"]["environments"]["raw"]["base_url"] = f"http://127.0.0.1:{port}/base"
    change(tables)
    return decode(tables, "test")


@dataclass
class World:
    """A session on a clock, and the requests that arrived at its vendor."""

    session: SessionContext
    environ: dict[str, str]
    port: int
    seen: list[bytes] = field(default_factory=list)
    clock: float = 1_700_000_000.0

    async def send(self, endpoint: str, *words: str, **more: Any) -> int:
        entries = tuple(parse_entry(word) for word in words)
        call = Call(vendor="twin", endpoint=endpoint, environment="raw", entries=entries, **more)
        exchange = await send(self.session, call)
        assert exchange.response is not None
        return exchange.id


@pytest.fixture
async def world(environ: Mapping[str, str]) -> AsyncIterator[World]:
    async with recorder() as (port, seen):
        given = {
            **environ,
            "API_EXPLORER_TWIN_ID": "ada@shop",
            "API_EXPLORER_TWIN_KEY": "marked-key-1",
            "API_EXPLORER_TWIN_TOKEN": "marked-token-1",
        }
        folders = Folders.from_environ(environ)
        session = SessionContext(
            catalog=catalog(port),
            settings=Settings(),
            folders=folders,
            vault=Vault(given, keyring=None),
            environ=given,
            open_history=lambda: History(folders.data / "history.sqlite3", now=lambda: 0.0),
        )
        here = World(session, given, port, seen)
        session.now = lambda: here.clock
        yield here
        await session.close()


@asynccontextmanager
async def recorder() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that keeps the bytes of each request and answers an empty object."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        seen.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


async def test_again_is_signed_now_and_exact_has_the_bytes_of_then(world: World) -> None:
    number = await world.send("signed", "q=a b/é")
    world.clock += 3600
    again = await perform(world.session, (await prepare_replay(world.session, number, "again")).to_send())
    plan = await prepare_replay(world.session, number, "exact")
    exact = await perform(world.session, plan.to_send())
    first, second, third = world.seen
    assert third == first
    assert b"auth_ts=1700000000&" in first
    assert b"auth_ts=1700003600&" in second
    assert second.split(b"auth_sig=")[1] != first.split(b"auth_sig=")[1]
    assert plan.changes == ()
    assert any("3,600 s ago" in note for note in plan.notes)

    for exchange, how in ((again, "again"), (exact, "exact")):
        kept = await history_entry(world.session, exchange.id)
        assert (kept.row.origin, kept.exchange.replayed) == (number, how)
    assert (await history_entry(world.session, number)).replays == (again.id, exact.id)


@pytest.mark.parametrize(
    ("endpoint", "number"), [("signed", "number"), ("form", "number"), ("json", "card.number"), ("parts", "number")]
)
async def test_masked_values_given_again_make_the_very_bytes(world: World, endpoint: str, number: str) -> None:
    words = ("q=1 & 2", "pin=so secret+é", f"{number}=4444111144441111")
    kept = await world.send(endpoint, *words)
    exact = await prepare_replay(world.session, kept, "exact")
    assert exact.masked == ("pin", number)
    with pytest.raises(UsageError, match="pin"):
        await perform(world.session, exact.to_send())
    assert len(world.seen) == 1

    world.clock += 50
    given = tuple(parse_entry(word) for word in words[1:])
    await perform(world.session, (await prepare_replay(world.session, kept, "exact", given)).to_send())
    assert world.seen[1] == world.seen[0]
    await perform(world.session, (await prepare_replay(world.session, kept, "again", given)).to_send())
    assert world.seen[2].partition(b"\r\n\r\n")[2].startswith(b"q=1") or b"4444111144441111" in world.seen[2]


async def test_a_value_of_another_length_than_then_is_told(world: World) -> None:
    kept = await world.send("json", "pin=abc")
    plan = await prepare_replay(world.session, kept, "exact", (Entry(name="pin", value="abcd"),))
    assert any("bytes instead of" in note for note in plan.notes)
    plan = await prepare_replay(world.session, kept, "exact", (Entry(name="pin", value="abc"),))
    assert not any("bytes instead of" in note for note in plan.notes)


async def test_a_value_that_the_entry_has_not_is_refused(world: World) -> None:
    kept = await world.send("json", "pin=abc")
    with pytest.raises(UsageError, match="colour"):
        await prepare_replay(world.session, kept, "again", (Entry(name="colour", value="red"),))


async def test_another_token_than_then_is_told_and_put_in(world: World) -> None:
    kept = await world.send("json", "q=1")
    world.environ["API_EXPLORER_TWIN_TOKEN"] = "marked-token-2"
    plan = await prepare_replay(world.session, kept, "exact")
    assert any("credential token changed from" in change for change in plan.changes)
    assert any("X-Twin" in note and "unavailable" in note for note in plan.notes)
    assert "marked" not in repr(plan.changes) + repr(plan.notes)
    await perform(world.session, plan.to_send())
    assert world.seen[1] == world.seen[0].replace(b"marked-token-1", b"marked-token-2")


async def test_the_signature_of_then_needs_no_key(world: World) -> None:
    kept = await world.send("signed", "q=1")
    world.environ["API_EXPLORER_TWIN_KEY"] = "marked-key-2"
    plan = await prepare_replay(world.session, kept, "exact")
    assert any("key changed from" in change for change in plan.changes)
    await perform(world.session, plan.to_send())
    assert world.seen[1] == world.seen[0]


async def test_exact_bytes_stay_those_of_then_when_the_second_turns_before_they_go(world: World) -> None:
    kept = await world.send("signed", "q=1")
    plan = await prepare_replay(world.session, kept, "exact")
    world.clock += 1
    await perform(world.session, plan.to_send())
    assert world.seen[1] == world.seen[0]


async def test_a_masked_signature_is_made_again_as_of_then(world: World) -> None:
    world.session.catalog = catalog(
        world.port, lambda tables: tables["vendors"]["twin"]["credentials"]["id"].update(secret=True)
    )
    kept = await world.send("signed", "q=1")
    assert "ada" not in (await past_exchange(world.session, kept)).request.url
    world.clock += 500
    plan = await prepare_replay(world.session, kept, "exact")
    assert any("recreated for the original time" in note for note in plan.notes)
    await perform(world.session, plan.to_send())
    assert world.seen[1] == world.seen[0]


async def test_what_changed_in_the_catalog_is_told(world: World) -> None:
    kept = await world.send("signed", "q=1", readings={"where": "b"})
    assert (await prepare_replay(world.session, kept, "again")).changes == ()

    def change(tables: Any) -> None:
        vendor = tables["vendors"]["twin"]
        tables["edition"] = "two"
        vendor["endpoints"]["signed"]["params"]["new"] = {"in": "query"}
        vendor["environments"]["raw"]["base_url"] += "/v2"
        del vendor["readings"]["where"]

    world.session.catalog = catalog(world.port, change)
    plan = await prepare_replay(world.session, kept, "again")
    told = "\n".join(plan.changes)
    assert "the catalog's description of this call changed" in told
    assert "edition one, now two" in told
    assert "where=b is no longer" in told
    assert "/base to " in told
    await perform(world.session, plan.to_send())
    assert b"GET /base/v2/signed.json" in world.seen[1]

    other = catalog(world.port, lambda tables: tables["vendors"]["twin"]["endpoints"]["form"].update(title="New"))
    world.session.catalog = other
    assert not any(
        "catalog's description" in change for change in (await prepare_replay(world.session, kept, "again")).changes
    )


async def test_a_call_that_is_gone_is_named(world: World) -> None:
    kept = await world.send("signed")
    world.session.catalog = catalog(
        world.port, lambda tables: tables["vendors"]["twin"]["endpoints"].pop("signed") and None
    )
    with pytest.raises(UnknownName, match=r"twin\.signed"):
        await prepare_replay(world.session, kept, "again")
    with pytest.raises(UnknownName):
        await prepare_replay(world.session, 99, "again")


async def test_a_guarded_environment_asks(world: World) -> None:
    read, change = await world.send("signed"), await world.send("form", "q=1")
    for how in ("again", "exact"):
        assert (await prepare_replay(world.session, read, how)).question == ""
        assert "twin.form" in (await prepare_replay(world.session, change, how)).question


async def test_the_form_gets_what_is_known_and_what_to_type(world: World) -> None:
    kept = await world.send("form", "q=1", "pin=secret-pin", readings={"where": "b"}, extra=(("more", "yes"),))
    plan = await prepare_replay(world.session, kept, "form")
    assert plan.call.entries == (Entry(name="q", value="1"),)
    assert (plan.masked, plan.question) == (("pin",), "")
    assert (plan.call.readings, plan.call.extra) == ({"where": "b"}, (("more", "yes"),))
    with pytest.raises(UsageError):
        await perform(world.session, plan.to_send())
    sent = await send(world.session, plan.call, origin=kept)
    assert (await past_exchange(world.session, sent.id)).replayed == "form"


async def test_an_entry_that_was_cut_off_before_it_was_signed_is_signed_now(world: World) -> None:
    kept = await world.send("signed", "q=1")
    history = world.session.history()
    assert history is not None
    whole = history.get(kept)
    bare = msgspec.structs.replace(whole.request, url=whole.request.url.partition("&auth_id")[0])
    cut = msgspec.structs.replace(
        whole, request=bare, response=None, failure=Failure(kind="Cancelled", title="Cancelled", message="stopped")
    )
    plan = await prepare_replay(world.session, history.complete(0, cut), "exact")
    assert any("signed now" in note for note in plan.notes)
    await perform(world.session, plan.to_send())
    assert b"auth_sig=" in world.seen[1]


async def test_an_entry_of_an_older_version_can_be_replayed(world: World) -> None:
    kept = await world.send("signed", "q=1")
    history = world.session.history()
    assert history is not None
    old = history.complete(0, msgspec.structs.replace(history.get(kept), under=None))
    plan = await prepare_replay(world.session, old, "exact")
    assert "are unknown" in plan.changes[0]
    await perform(world.session, plan.to_send())
    assert world.seen[1] == world.seen[0]
