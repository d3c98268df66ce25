"""Drift in the history: nothing on honest answers of every read, everything that a vendor changed, and what is accepted
or dismissed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from explorer.core.model import Call, Entry
from explorer.net.client import Client
from explorer.session.drift import accept_finding, dismiss_finding, find_drift
from explorer.session.factory import open_session
from explorer.session.prepare import check_call
from explorer.session.send import send
from explorer.session.variants import with_examples
from explorer.store.journals import dismissed_path
from explorer.store.overlay import overlay_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.session.context import SessionContext

STOCK = Call(vendor="endlessaisles", endpoint="orders_list", environment="production")


def changed(session: SessionContext, monkey: Any) -> None:
    """Let the vendor answer with the sandbox's sample of orders, changed by *monkey*."""
    sample = session.vendor("endlessaisles").endpoints["orders_list"].samples[0]

    def answer(_request: httpx.Request) -> httpx.Response:
        body = json.loads(sample.body)
        monkey(body)
        return httpx.Response(200, json=body)

    session._client = Client(transport=httpx.MockTransport(answer))


def here(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of somebody with a token."""
    return {**environ, "API_EXPLORER_ENDLESSAISLES_TOKEN": "a-token-of-mine"}


async def found(session: SessionContext) -> list[tuple[str, str, str]]:
    """What differs."""
    return [(one.what, one.place, one.seen) for one in (await find_drift(session)).findings]


async def test_honest_answers_of_every_read_of_every_vendor_are_no_drift(environ: Mapping[str, str]) -> None:
    session = open_session(environ)
    sent = 0
    try:
        for vendor in session.catalog.vendors.values():
            for endpoint in vendor.endpoints.values():
                if endpoint.effect != "read":
                    continue
                call, _ = with_examples(session, Call(vendor=vendor.id, endpoint=endpoint.id))
                for _ in range(3):
                    sent += (await send(session, call)).verdict.outcome in ("OK", "PARTIAL")
        drift = await find_drift(session)
        assert [(one.vendor, one.endpoint, one.title, one.seen) for one in drift.findings] == []
        assert drift.answers == sent > 150
        assert drift.calls > 60
        assert drift.unknown == 0
    finally:
        await session.close()


async def test_a_new_a_retyped_and_a_missing_field_and_an_unlisted_value_are_found(environ: Mapping[str, str]) -> None:
    session = open_session(here(environ))

    def monkey(body: dict[str, Any]) -> None:
        for order in body["data"]:
            order["gift_wrap"] = True
            order["id"] = str(order["id"])
            order["status"] = "Parked"
            del order["created_at"]

    changed(session, monkey)
    try:
        for _ in range(3):
            await send(session, STOCK)
        seen = await found(session)
        assert ("new", "data[].gift_wrap", "boolean") in seen
        assert ("retyped", "data[].id", "string") in seen
        assert ("missing", "data[].created_at", "not there") in seen
        assert ("value", "data[].status", "Parked") in seen
        assert len(seen) == 4
    finally:
        await session.close()


async def test_what_is_accepted_is_known_from_then_on_and_what_is_dismissed_is_not_shown(
    environ: Mapping[str, str],
) -> None:
    session = open_session(here(environ))

    def monkey(body: dict[str, Any]) -> None:
        for order in body["data"]:
            order["gift_wrap"] = True
            order["colour"] = "red"

    changed(session, monkey)
    try:
        await send(session, STOCK)
        first, second = (await find_drift(session)).findings
        assert (first.place, second.place) == ("data[].colour", "data[].gift_wrap")
        accept_finding(session, first)
        assert [place for _, place, _ in await found(session)] == ["data[].gift_wrap"]
        dismiss_finding(session, second)
        assert await found(session) == []
        assert (
            'answer."data[].colour"]\ntypes = ["string"]' in overlay_path(session.folders, "endlessaisles").read_text()
        )
    finally:
        await session.close()
    later = open_session(here(environ))
    try:
        drift = await find_drift(later)
        assert (drift.findings, len(drift.hidden)) == ([], 1)
        assert [one.place for one in (await find_drift(later, every=True)).findings] == ["data[].gift_wrap"]
    finally:
        await later.close()


async def test_a_damaged_file_of_dismissals_loses_nothing(environ: Mapping[str, str]) -> None:
    session = open_session(here(environ))
    changed(session, lambda body: body.update(surprise=1))
    try:
        await send(session, STOCK)
        (one,) = (await find_drift(session)).findings
        dismiss_finding(session, one)
        path = dismissed_path(session.folders)
        path.write_bytes(b"\x00 broken\n" + path.read_bytes())
        drift = await find_drift(session)
        assert drift.findings == []
        assert "line 1" in drift.problems[0]
    finally:
        await session.close()


async def test_an_accepted_value_is_offered_and_allowed_by_the_form(environ: Mapping[str, str]) -> None:
    session = open_session(here(environ))
    changed(session, lambda _body: None)
    call = Call(
        vendor="endlessaisles",
        endpoint="orders_list",
        environment="production",
        entries=(Entry(name="status", value="parked"),),
        force=True,
    )
    try:
        assert [one.field for one in check_call(session, call).errors] == ["status"]
        await send(session, call)
        drift = await find_drift(session)
        assert ("status", "parked was accepted") in [(one.place, one.seen) for one in drift.findings]
        for one in drift.findings:
            accept_finding(session, one)
        assert not check_call(session, call).errors
        assert "parked" in session.endpoint("endlessaisles.orders_list")[1].params["status"].also
    finally:
        await session.close()


async def test_answers_that_went_wrong_on_purpose_or_are_failures_are_left_out(environ: Mapping[str, str]) -> None:
    session = open_session(environ)
    try:
        session.sandbox.set_faults(["totals"], session.catalog)
        await send(session, Call(vendor="endlessaisles", endpoint="orders_list"))
        session.sandbox.set_faults(["500"], session.catalog)
        await send(session, Call(vendor="endlessaisles", endpoint="orders_list"))
        drift = await find_drift(session)
        assert (drift.answers, drift.findings) == (0, [])
    finally:
        await session.close()


async def test_two_values_accepted_one_after_the_other_are_both_known(environ: Mapping[str, str]) -> None:
    session = open_session(here(environ))

    def monkey(body: dict[str, Any]) -> None:
        for order, status in zip(body["data"], ("Parked", "Lost"), strict=False):
            order["status"] = status

    changed(session, monkey)
    try:
        await send(session, STOCK)
        findings = (await find_drift(session)).findings
        assert [one.seen for one in findings] == ["Parked", "Lost"]
        for one in findings:
            accept_finding(session, one)
        assert await found(session) == []
    finally:
        await session.close()
