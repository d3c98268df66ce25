"""Where each part of a request is from: on the wire tab, and before it is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from explorer.tui.kit.lines_view import LinesView
from explorer.tui.panes.request.preview import OriginsView
from explorer.tui.panes.response.wire_view import WireView
from tests.tui.driving import driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext


def rows(text: str, origin: str) -> list[str]:
    """What stands on the screen behind an origin."""
    found = (re.search(rf"[│┃→ ] {origin} +(\S.*)", line) for line in text.splitlines())
    return [one[1].strip(" │┃█▉▇▆▅▄▃▂▁") for one in found if one is not None]


async def test_the_wire_tells_origins_and_keys_change_what_is_told(session: SessionContext) -> None:
    async with driven(session, (108, 50)) as app:
        await app.open("cottoncart.catalogue_stores")
        app.rows()["count"].focus_control()
        await app.write("7")
        await app.keys("f5")
        await app.see("OK · 200")
        await app.keys("escape", "3", "f")
        app.main.panes.response_pane.show_tab("wire")
        await app.see("version rule")
        assert rows(app.text, "you") == ["?count=7 HTTP/1.1"]
        assert rows(app.text, "version rule") == ["/v1"]
        assert "json" in rows(app.text, "default")
        await app.see("o Origins  u Only mine")
        copied = app.main.query_one(WireView).plain.splitlines()
        assert "GET /cottoncart/api/v1/catalogue/stores.json?count=7 HTTP/1.1" in copied
        await app.keys("u")
        await app.until(lambda: "Accept-Encoding" not in app.text, "only what was typed")
        assert rows(app.text, "you") == ["?count=7"]
        await app.keys("o")
        await app.see("Accept-Encoding")
        assert rows(app.text, "you")
        await app.keys("o")
        await app.until(lambda: not rows(app.text, "you"), "the wire as it is")
        assert "GET /cottoncart/api/v1/catalogue/stores.json?count=7 HTTP/1.1" in app.text
        assert isinstance(app.app.focused, LinesView)


async def test_a_token_call_before_the_call_is_the_schemes_own(session: SessionContext) -> None:
    async with driven(session, (108, 50)) as app:
        await app.open("fashionphile.whoami")
        await app.keys("f5")
        await app.see("OK · 200")
        await app.keys("escape", "3", "f")
        app.main.panes.response_pane.show_tab("wire")
        await app.see("token request")
        auth = rows(app.text, "auth")
        assert sum(line.startswith("--explorer-") for line in auth) == 2  # e-mail and password
        assert (
            any(line.startswith("Authorization: Bearer") for line in auth)
            or "Authorization" in app.main.query_one(WireView).plain
        )


async def test_before_sending_each_part_tells_where_it_is_from(session: SessionContext) -> None:
    async with driven(session, (120, 40)) as app:
        await app.open("fashionphile.account_create")
        app.rows()["email"].focus_control()
        await app.write("a@b.example")
        await app.keys("escape", "right_square_bracket")
        await app.see("What will be sent")
        await app.see("version rule")
        assert rows(app.text, "version rule") == ["Accept: application/x.fashionphile.v1+json"]
        await app.keys("right_square_bracket")
        await app.see('{"email":"a@b.example"}')
        assert rows(app.text, "you") == ['{"email":"a@b.example"}']
        app.main.query_one("#body").query_one(OriginsView).focus()
        await app.keys("u")
        await app.until(lambda: rows(app.text, "you") == ['"email":"a@b.example"'], "only the field")
        await app.keys("o")
        await app.until(lambda: not rows(app.text, "you") and '{"email":"a@b.example"}' in app.text, "the bytes")
