"""Sandbox faults, switched on in the app: what the screen says under each, that escape always works, and that
the title never hides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from textual.widgets import Input

from tests.tui.driving import driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

MINE = "cottoncart.manage_my_stores"

SAID = {
    "slow=60": ("✗ Timed out", "no complete response within 0.5 s", "Next: Send it again, or raise timeout_seconds"),
    "drip=60": ("✗ Timed out", "HTTP 200 and 8 bytes of body.", "✂ Truncated", "drip=60 (A body sent"),
    "cut": ("✗ Broken response", "peer closed connection", "Next: Send it again", "✂ Truncated"),
    "429=60": ("✗ FAILED", "too many requests", "Next: wait 60 s, then send it again (Retry-After)."),
    "500": ("✗ FAILED", "internal error", "Next: the vendor's server failed; send it again"),
    "503=9": ("✗ FAILED", "service unavailable", "Next: wait 9 s, then send it again (Retry-After)."),
    "error200=17": ("✗ FAILED", "HTTP 200, but the body says `success: false`", "code 17"),
    "malformed": ("? UNKNOWN", "declared as JSON, but malformed", "⚠ invalid JSON: expected"),
    "truncated": ("? UNKNOWN", "declared as JSON, but malformed", "⚠ invalid JSON: it ends too early"),
    "content_type": ("✓ OK", "sent as text/html", "⚠ declared text/html, is JSON"),
    "charset=utf-16": ("✓ OK", "the JSON is not UTF-8", "⚠ declared utf-8"),
    "endless": ("✗ Response too large", "was truncated", "Next: Raise max_body_bytes", "✂ Truncated"),
}


async def switched(app: Driver, word: str) -> None:
    """Switch a fault on or off in the dialog."""
    kind, _, value = word.partition("=")
    await app.keys("F")
    await app.see("Sandbox faults")
    from explorer.sandbox.faults import KINDS

    await app.keys(*("k" for _ in KINDS), *("j" for _ in range(list(KINDS).index(kind))))
    if value:
        await app.keys("tab")
        app.app.screen.query_one(Input).value = value
        await app.keys("enter")
    else:
        await app.keys("space")


async def test_every_fault_is_said_and_nothing_hangs(session: SessionContext) -> None:
    patient = msgspec.structs.replace(session.settings, timeout_seconds=20, max_body_bytes=300_000)
    session.settings = patient
    async with driven(session, (200, 50)) as app:
        await app.open(MINE)
        await app.keys("escape", "f5")
        await app.see("✓ OK")
        for word, said in SAID.items():
            session.sandbox.set_faults([word], session.catalog)
            seconds = 0.5 if "no complete response" in said[1] or "bytes of body" in said[1] else 20
            session.settings = msgspec.structs.replace(patient, timeout_seconds=seconds)
            await app.keys("f5")
            for words in said:
                await app.see(words, 10.0)
            await app.see("⚡ FAULTS")
        session.sandbox.set_faults([], session.catalog)
        session.settings = patient
        await app.keys("f5")
        await app.see("200 of 200")
        await app.until(lambda: "⚡" not in app.text, "no mark")


@pytest.mark.parametrize("fault", ["slow=60", "drip=60"])
async def test_escape_stops_waiting_for_a_vendor_that_does_not_answer(session: SessionContext, fault: str) -> None:
    async with driven(session) as app:
        await app.open(MINE)
        session.sandbox.set_faults([fault], session.catalog)
        await app.keys("escape", "f5")
        await app.see("waiting" if fault.startswith("slow") else "8 B")
        await app.keys("escape")
        await app.see("Cancelled")  # within the time of a wait, which is half of the fault's


async def test_faults_are_switched_on_and_off_and_marked_in_the_title(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await app.keys("escape", "F")
        await app.see("Sandbox faults")
        for words in ("A body that never ends", "A page that repeats the last records", "x All off · esc Close"):
            assert words in app.text
        await app.keys("j", "j", "j", "space")
        await app.see("⚡ FAULTS 429=1")
        await app.see("● 429=1")
        await app.keys("tab")
        app.app.screen.query_one(Input).value = "7*2@cottoncart"
        await app.keys("enter")
        await app.see("● 429=7*2@cottoncart")
        await app.keys("escape")
        assert "⚡ FAULTS 429=7*2@cottoncart" in app.text
        assert [str(one) for one in session.sandbox.faults] == ["429=7*2@cottoncart"]
        await app.keys("F", "x", "escape")
        assert session.sandbox.faults == ()
        assert "FAULTS" not in app.text


async def test_a_value_that_cannot_be_is_refused_with_words(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape")
        await switched(app, "slow=soon")
        await app.see("'soon' is not a value of the fault slow")
        assert session.sandbox.faults == ()
        app.app.screen.query_one(Input).value = "2@nobody"
        await app.keys("enter")
        await app.see("nobody")
        assert session.sandbox.faults == ()


async def test_the_mark_goes_when_a_fault_has_worn_out(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open(MINE)
        await app.keys("escape")
        await switched(app, "500=*1")
        await app.keys("escape")
        await app.see("⚡ FAULTS 500*1")
        await app.keys("f5")
        await app.see("✗ FAILED · 500")
        await app.until(lambda: "⚡" not in app.text, "no mark")


async def test_only_the_sandbox_goes_wrong_on_purpose(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("escape")
        await app.main.environment.change_environment("test")
        await app.until(lambda: app.main.workspace.environment == "test", "the vendor's own environment")
        await app.keys("F")
        await app.see("Faults need the sandbox")
        await app.keys("ctrl+p", *"faults")
        await app.pilot.pause(0.3)
        assert "Make the sandbox fail" not in app.text


@pytest.mark.parametrize("fault", ["cut", "slow=60", "500", "truncated"])
async def test_an_order_is_not_to_be_sent_again_before_one_has_looked(session: SessionContext, fault: str) -> None:
    session.settings = msgspec.structs.replace(session.settings, timeout_seconds=0.5)
    async with driven(session, (120, 50)) as app:
        await app.open("endlessaisles.orders_create")
        await app.keys("escape", "x")
        session.sandbox.set_faults([fault], session.catalog)
        await app.keys("f5")
        await app.until(lambda: "took effect" in app.text or "processed it anyway" in app.text, "the warning", 10.0)
        assert "Next: Send it again" not in app.text
