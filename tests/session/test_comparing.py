"""Comparing entries of the history: what each vendor's answers always differ in is masked, secrets stay masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from explorer.core.model import Call, Entry
from explorer.errors import FormError, UsageError
from explorer.session.comparison import (
    compare,
    ignore_pattern,
    ignored_patterns,
    previous_entry,
    stop_ignoring,
    volatile_of,
)
from explorer.session.experiments import compare_versions, versioned_call
from explorer.session.factory import open_session
from explorer.session.history import recent_entries
from explorer.session.send import send
from explorer.store.preferences import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from explorer.core.diff import Comparison
    from explorer.session.context import SessionContext


@pytest.fixture
async def session(environ: Mapping[str, str]) -> AsyncIterator[SessionContext]:
    session = open_session(environ)
    session.settings = msgspec.structs.replace(session.settings, sandbox_port=0)
    yield session
    await session.close()


def call(vendor: str, endpoint: str, *entries: str, **more: Any) -> Call:
    pairs = (entry.partition("=") for entry in entries)
    made = tuple(Entry(name=name, value=value) for name, _, value in pairs)
    return Call(vendor=vendor, endpoint=endpoint, entries=made, **more)


def counted(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(part.side, change.kind, change.path) for part, change in comparison.changes() if not change.masked]


@pytest.mark.parametrize(
    ("vendor", "endpoint", "params", "headers", "names"),
    [
        ("xsellcast", "brands_list", {"access_token"}, set(), {"access_token"}),
        ("fashionphile", "product_search", set(), {"authorization"}, {"token", "createdat", "updatedat"}),
        ("cottoncart", "stats_balance", {"auth_ts", "auth_sig"}, set(), set()),
        ("quickstart", "customers_list", set(), {"authorization"}, {"created_at", "updated_at"}),
        ("endlessaisles", "stock", set(), {"x-ea-request-token"}, {"created_at", "updated_at", "last_updated"}),
    ],
)
async def test_what_each_vendor_documents_is_volatile(
    session: SessionContext, vendor: str, endpoint: str, params: set[str], headers: set[str], names: set[str]
) -> None:
    volatile = volatile_of(session, call(vendor, endpoint))
    assert params <= volatile.params
    assert headers | {"date", "x-request-id"} <= volatile.headers
    assert names <= volatile.names
    assert params | headers == volatile.placed
    assert "auth_id" not in volatile.params  # who signs is not what differs every time


async def test_the_same_call_signed_twice_differs_in_nothing_that_counts(session: SessionContext) -> None:
    moments = iter(range(1_900_000_000, 1_900_009_999))
    session.now = lambda: float(next(moments))
    for _ in range(2):
        await send(session, call("cottoncart", "stats_balance"))
    comparison = await compare(session, 1, 2)
    assert counted(comparison) == []
    assert {"auth_ts", "auth_sig"} <= {change.path for _, change in comparison.changes() if change.masked}


async def test_a_token_that_rotates_is_masked(session: SessionContext) -> None:
    await send(session, call("fashionphile", "whoami"))
    await send(session, call("fashionphile", "whoami"))
    comparison = await compare(session, 1, 2)
    assert counted(comparison) == []
    assert "authorization" not in comparison.headline


async def test_secrets_stay_masked_in_what_is_compared(session: SessionContext) -> None:
    one = await send(session, call("fashionphile", "sign_in", "email=demo@example.com", "password=marked-secret-7302"))
    two = await send(session, call("fashionphile", "sign_in", "email=demo@example.com", "password=marked-secret-7301"))
    for comparison in (await compare(session, one, two), await compare(session, one.id, two.id)):
        texts = [text for _, change in comparison.changes() for text in (change.left, change.right)]
        for part in comparison.parts:
            for source in (part.left, part.right):
                texts += [source.line(n) for n in range(source.line_count)]
        assert "marked-secret" not in "\n".join(texts)
        assert "demo" in "\n".join(texts)


async def test_what_a_person_ignores_is_masked_from_now_on_and_kept(session: SessionContext) -> None:
    await send(session, call("endlessaisles", "stock", "sku=81001"))
    await send(session, call("endlessaisles", "stock", "sku=81002"))
    assert ("request", "changed", "sku") in counted(await compare(session, 1, 2))
    before = len(counted(await compare(session, 1, 2)))
    await ignore_pattern(session, "endlessaisles", "sku")
    assert len(counted(await compare(session, 1, 2))) < before
    assert load_settings(session.folders)[0].ignored == {"endlessaisles": ("sku",)}
    assert ignored_patterns(session, "cottoncart") == ()
    await stop_ignoring(session, "endlessaisles", "sku")
    assert ignored_patterns(session, "endlessaisles") == ()
    assert len(counted(await compare(session, 1, 2))) == before
    assert load_settings(session.folders)[0].ignored == {}


async def test_the_answer_before_is_the_last_one_of_the_same_call(session: SessionContext) -> None:
    first = await send(session, call("endlessaisles", "stock", "sku=81001"))
    await send(session, call("cottoncart", "stats_balance"))
    last = await send(session, call("endlessaisles", "stock", "sku=81002"))
    assert await previous_entry(session, last) == first.id
    assert await previous_entry(session, first) == 0


async def test_two_versions_of_a_call_are_sent_and_told_apart(session: SessionContext) -> None:
    through = versioned_call(session, call("fashionphile", "product_search"))
    assert through.question == ""
    missing, documented = through.variant("missing"), through.variant("documented")
    seen = await compare_versions(session, through, missing, documented)
    assert [one.response.status for one in seen.exchanges if one.response] == [400, 200]
    sent = [[name.lower() for name, _ in one.request.headers] for one in seen.exchanges]
    assert ["accept" in names for names in sent] == [False, True]
    assert seen.notes == ("documented: version 1 was requested, but the Content-Type application/json has no version",)
    with pytest.raises(UsageError, match="versions are the same"):
        await compare_versions(session, through, documented, through.variant("v1"))
    with pytest.raises(UsageError, match="in the path"):
        versioned_call(session, call("cottoncart", "stats_balance"))


async def test_what_is_no_read_is_not_sent_twice_unasked(session: SessionContext) -> None:
    through = versioned_call(session, call("fashionphile", "product_follow", "id=10247"))
    assert "would be sent twice" in through.question
    with pytest.raises(UsageError, match="twice"):
        await compare_versions(session, through, *through.variants[:2])
    assert await recent_entries(session) == []
    with pytest.raises(FormError):
        await compare_versions(
            session, versioned_call(session, call("fashionphile", "product_fetch")), *through.variants[:2]
        )
