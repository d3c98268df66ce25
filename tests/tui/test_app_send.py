"""Opening, filling, sending to the real sandbox, and what is seen of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import pytest
from textual.widgets import Button, Input

from explorer.tui.screens.consent import ConsentDialog
from tests.tui.driving import SIZES, driven

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.session.context import SessionContext


@pytest.mark.parametrize("size", SIZES)
async def test_a_call_is_opened_filled_and_sent_and_its_verdict_is_seen(
    session: SessionContext, size: tuple[int, int]
) -> None:
    async with driven(session, size) as app:
        await app.open("cottoncart.order_calculate")
        assert "4 required fields are missing" in app.text
        await app.keys(*"16001", "enter")
        for text in ("810003", "M", "2"):
            await app.write(text)
            await app.keys("enter")
        await app.see("ready to send")
        await app.until(lambda: "item1_product_id=16001" in app.url and "auth_sig=" in app.url, "the signed URL")
        await app.keys("f5")
        await app.see("✓ OK · 200 OK")
        await app.see('"success": true')


async def test_what_is_missing_is_told_and_nothing_is_sent(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.keys("f5")
        await app.see("Not sent: the form has errors")
        assert not session.sandbox.running
        assert app.app.focused is not None
        row = app.app.focused.parent
        assert getattr(row, "field_name", "") == "item1_product_id"


async def test_a_wrong_value_has_its_error_beside_it_before_anything_is_sent(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.write("many")
        await app.see("'many' is not an integer")


async def test_it_can_be_sent_although_it_is_wrong_and_the_vendor_says_no(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.keys("escape", "exclamation_mark")
        await app.see("✗ FAILED")
        verdict = app.main.workspace.last["cottoncart.order_calculate"].verdict
        assert "item1_product_id" in [field.name for field in verdict.fields]


async def test_the_key_for_examples_makes_the_first_request_of_every_vendor_work(session: SessionContext) -> None:
    firsts = (
        "xsellcast.brands_list",
        "fashionphile.category_list",
        "quickstart.customers_list",
        "endlessaisles.products_list",
    )
    async with driven(session, (200, 50)) as app:
        for address in firsts:
            await app.open(address)
            await app.keys("escape", "x", "f5")
            await app.until(lambda wanted=address: wanted in app.main.workspace.last, f"the answer to {address}")  # type: ignore[misc]
            verdict = app.main.workspace.last[address].verdict
            assert verdict.outcome == "OK", (address, verdict)


async def test_the_verdict_of_one_call_does_not_stand_over_another(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("escape", "f5")
        await app.see("OK 200 OK")
        await app.open("endlessaisles.orders_list")
        await app.see("Nothing sent yet")
        assert "200 OK" not in app.text
        await app.open("endlessaisles.products_list")
        await app.see("OK 200 OK")


async def test_the_history_shows_it_and_opens_it(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("escape", "f5")
        await app.see("✓ OK")
        await app.keys("h")
        await app.see("History · 1")
        await app.until(lambda: app.main.panes.history_panel.selected, "the entry")
        await app.keys("enter")
        await app.see("From the history")


async def test_a_secret_is_masked_on_the_screen_and_never_in_a_draft(session: SessionContext) -> None:
    async with driven(session, (200, 50)) as app:
        await app.open("fashionphile.sign_in")
        secrets = [row for row in app.rows().values() if row.param.secret]
        assert secrets
        secrets[0].query_one(Input).focus()
        await app.pilot.pause()
        await app.write("swordfish99")
        await app.until(lambda: app.main.panes.request_pane._preview is not None, "the preview")
        for tab in ("headers", "body", "auth", "docs", "params"):
            app.main.panes.request_pane.open_tab(tab)
            await app.pilot.pause()
            assert "swordfish99" not in app.text
        await app.keys("ctrl+q")
    assert "swordfish99" not in "".join(
        path.read_text(errors="replace") for path in session.folders.data.glob("*.json")
    )


async def test_escape_stops_a_send_at_once(session: SessionContext) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        vendor = session.catalog.vendors["endlessaisles"]
        import msgspec

        changed = msgspec.structs.replace(
            vendor,
            environments={"test": msgspec.structs.replace(vendor.environments["test"], base_url=address)},
        )
        session.catalog = msgspec.structs.replace(
            session.catalog, vendors={**session.catalog.vendors, "endlessaisles": changed}
        )
        session.environ = {**session.environ}
        from explorer.core.text.secret import Secret

        session.vault.remember(changed, "test", "token", Secret("t0"))
        async with driven(session) as app:
            app.main.workspace.chosen["endlessaisles"] = "test"
            await app.open("endlessaisles.products_list")
            await app.keys("escape", "f5")
            await app.see("sending")
            await app.keys("escape")
            await app.see("Cancelled", 2.0)
            assert not app.main.sender.sending


async def test_pages_are_turned_with_keys(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("escape", "f5")
        await app.see("page 1 of")
        await app.keys("3", "n")
        await app.see("page 2 of")
        assert "page=2" in app.url
        await app.keys("3", "p")
        await app.see("page 1 of")


async def test_a_file_is_picked_and_uploaded(session: SessionContext, tmp_path: Path) -> None:
    picture = tmp_path / "harbour.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    async with driven(session, (200, 50)) as app:
        await app.open("cottoncart.manage_create_store")
        row = next(row for row in app.rows().values() if row.param.type == "file")
        row.query_one(Button).press()
        await app.see("Choose" if "Choose" in app.text else "Choose a file for")
        await app.keys("shift+tab")
        await app.write(str(picture))
        await app.keys("enter")
        await app.until(lambda: row.entry is not None, "the path in the field")
        assert row.entry is not None
        assert (row.entry.kind, row.entry.value) == ("file", str(picture))
        await app.keys("escape", "x", "f5")
        await app.until(lambda: app.main.workspace.last, "the answer")
        sent = app.main.workspace.last["cottoncart.manage_create_store"].request
        assert b'filename="harbour.png"' in sent.body


async def consent(url: str, *, follow: bool) -> str:
    """What a browser does: open the consent page, allow it, land on the redirect URL; gives that URL."""
    async with httpx.AsyncClient() as browser:
        page = (await browser.get(url)).text
        action, ticket = re.search(r'action="([^"]+)"', page), re.search(r'name="ticket" value="([^"]+)"', page)
        assert action
        assert ticket
        answer = await browser.post(urljoin(url, action[1]), data={"ticket": ticket[1], "decision": "allow"})
        landed = answer.headers["location"]
        if follow:
            await browser.get(landed)
        return str(landed)


async def test_logging_in_shows_the_consent_page_and_escape_stops_it(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("quickstart.customers_list")
        await app.keys("escape", "I")
        await app.see("Grant access on this page")
        assert "response_type=code" in app.text.replace("\n", "")
        await app.keys("escape")
        await app.see("You canceled the login")


@pytest.mark.parametrize("by", ["redirect", "paste"])
async def test_consent_comes_by_itself_or_is_pasted(session: SessionContext, by: str) -> None:
    async with driven(session) as app:
        await app.open("quickstart.customers_list")
        await app.keys("escape", "I")
        await app.until(lambda: isinstance(app.app.screen, ConsentDialog), "the dialog")
        dialog = app.app.screen
        assert isinstance(dialog, ConsentDialog)
        await app.keys("f2")
        assert app.app.clipboard == dialog.url
        landed = await consent(dialog.url, follow=by == "redirect")
        if by == "paste":
            await app.keys(*"nonsense", "enter")
            await app.see("Paste the full URL")
            await app.keys("ctrl+u")
            await app.write(landed)
            await app.keys("enter")
        await app.see("Logged in: received an access token")
        assert "code=" not in app.text


async def test_a_login_by_the_vendors_own_call_is_told(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("fashionphile.account_fetch")
        await app.keys("escape", "I")
        await app.see("Logged in")


async def test_an_endpoint_is_opened_with_the_mouse(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.write("read stock")
        await app.see("1 found")
        await app.pilot.click("#tree Tree", offset=(12, 1))
        await app.until(lambda: app.main.workspace.address == "endlessaisles.stock", "the endpoint")
