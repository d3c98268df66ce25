"""Moving about: drafts, guard, readings, environments, footer, palette, help, themes, sizes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import msgspec
import pytest
from textual.widgets import Input

from explorer.core.text.secret import Secret
from explorer.session.history import recent_entries
from explorer.tui.actions import BY_ID, FOOTERS, MAIN_ACTIONS
from explorer.tui.drafts import Draft
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.panes.title_bar import TitleBar
from tests.tui.driving import SIZES, Driver, driven

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.session.context import SessionContext


async def test_a_draft_stays_when_one_moves_away_and_after_a_restart(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        await app.write("16001")
        await app.open("endlessaisles.stock")
        await app.open("cottoncart.order_calculate")
        assert app.rows()["item1_product_id"].query_one(Input).value == "16001"
        await app.keys("ctrl+q")
    async with driven(session) as app:
        await app.open("cottoncart.order_calculate")
        assert app.rows()["item1_product_id"].query_one(Input).value == "16001"


async def test_readings_method_own_headers_and_parameters_stay_after_a_restart(session: SessionContext) -> None:
    draft = Draft(readings={"http_method": "post"}, headers=(("X-Mine", "1"),), extra=(("debug", "2"),), entries=())
    async with driven(session, (200, 50)) as app:
        await app.open("cottoncart.order_calculate")
        await app.main.form.open("cottoncart.order_calculate", draft).wait()
        await app.open("xsellcast.brands_list")
        await app.keys("escape", "m")
        await app.keys("ctrl+q")
    async with driven(session, (200, 50)) as app:
        await app.open("cottoncart.order_calculate")
        assert app.main.workspace.draft == draft
        await app.until(lambda: "debug=2" in app.url, "the undocumented parameter")
        assert app.main.query_one(TitleBar).place.method == "POST"
        assert app.main.panes.request_pane.extra_headers == (("X-Mine", "1"),)
        await app.open("xsellcast.brands_list")
        assert app.main.query_one(TitleBar).place.method == "HEAD"


async def test_a_sandbox_on_any_free_port_is_started_for_the_preview(session: SessionContext) -> None:
    session.settings = msgspec.structs.replace(session.settings, sandbox_port=0)
    async with driven(session) as app:
        await app.open("endlessaisles.stock")
        await app.keys(*"81001")
        await app.until(lambda: "sku=81001" in app.url, "the URL")
        assert ":0/" not in app.url
        await app.keys("f5")
        await app.see("✓ OK")


async def test_the_url_has_the_port_of_the_sandbox_if_another_program_uses_its_own(session: SessionContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        session.settings = msgspec.structs.replace(session.settings, sandbox_port=port)
        async with driven(session) as app:
            await app.open("endlessaisles.stock")
            await app.keys(*"81001")
            await app.until(lambda: "sku=81001" in app.url, "the URL")
            assert f":{port}/" not in app.url
            await app.keys("escape", "Y")
            await app.until(lambda: app.app.clipboard, "the copied URL")
            assert app.app.clipboard == app.url
            await app.keys("f5")
            await app.see("✓ OK")
            assert app.main.workspace.last["endlessaisles.stock"].request.url == app.url


async def test_the_url_follows_a_sandbox_that_lost_its_port_before_the_send(session: SessionContext) -> None:
    port = session.settings.sandbox_port
    async with driven(session) as app:
        await app.open("endlessaisles.stock")
        await app.keys(*"81001")
        await app.until(lambda: f":{port}/" in app.url and "sku=81001" in app.url, "the URL")
        with socket.create_server(("127.0.0.1", port)):
            await app.keys("f5")
            await app.see("✓ OK")
            await app.until(lambda: f":{port}/" not in app.url, "the other port")


async def test_the_status_of_the_previous_environment_is_cleared(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("cottoncart.stats_balance")
        await app.keys("f5")
        await app.until(lambda: "200" in app.main.query_one(TitleBar).state, "the status")
        await app.keys("escape")
        await use(app, "production")
        assert app.main.query_one(TitleBar).state == ""
        await app.open("endlessaisles.stock")
        await app.open("cottoncart.stats_balance")
        await app.see("OK")
        assert app.main.query_one(TitleBar).state == ""


async def test_what_is_missing_in_the_path_is_named_in_the_url(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.orders_cancel")
        await app.until(lambda: app.url.endswith("/orders/{id}/cancel"), "the path as it is documented")
        await app.keys(*"20418")
        await app.until(lambda: app.url.endswith("/orders/20418/cancel"), "the path")


async def test_a_key_that_needs_an_endpoint_says_so(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape")
        for key in ("x", "m", "R", "Y", "D", "E", "K", "I", "right_square_bracket", "f5", "2", "3"):
            await app.says(key, "Open an endpoint first")


async def test_a_key_for_which_there_is_no_room_says_so(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await app.open("endlessaisles.stock")
        await app.keys("escape")
        for key in ("f", "L"):
            await app.says(key, "Below 100 columns")
            assert not app.main.panes.zoomed


async def test_a_global_key_may_be_one_that_a_pane_has_too(session: SessionContext) -> None:
    session.settings = msgspec.structs.replace(session.settings, keymap={"sidebar": "b"})
    async with driven(session) as app:
        await app.open("endlessaisles.stock")
        await app.keys("escape", "b")
        assert "tree" not in app.main.panes.visible_panes()


async def test_a_reading_changes_the_request_and_is_marked(session: SessionContext) -> None:
    async with driven(session, (200, 50)) as app:
        await app.open("cottoncart.order_calculate")
        assert "readings" in " ".join(app.main.query_one(TitleBar).place.badges)
        await app.keys("escape", "R")
        await app.see("The docs name no HTTP method")
        await app.keys("down", "space")
        await app.see("http_method=post")
        await app.until(lambda: app.main.query_one(TitleBar).place.method == "POST", "the method to follow")


async def test_the_documentation_has_both_versions_their_lines_and_why(session: SessionContext) -> None:
    async with driven(session, (200, 50)) as app:
        await app.open("cottoncart.order_calculate")
        await app.keys("escape", "left_square_bracket", "f")
        await app.see("Ambiguities")
        shown = app.text
        for _ in range(6):
            await app.keys("pagedown")
            await app.pilot.pause()
            shown += app.text
        for words in ("POST with form parameters", "002:45,305,381", "Why:"):
            assert words in shown


async def use(app: Driver, environment: str) -> None:
    """Choose an environment of the open vendor with the keys that a person would use."""
    vendor = app.main.session.vendor(app.main.workspace.vendor_id)
    names = app.main.session.environments(vendor)
    now = names.index(app.main.workspace.environment)
    await app.keys("escape", "E")
    await app.see("Environment ·")
    steps = names.index(environment) - now
    await app.keys(*["down"] * steps, "enter")
    await app.until(lambda: app.main.workspace.environment == environment, f"the environment {environment}")


async def test_a_guarded_environment_is_red_and_asks_before_it_sends(session: SessionContext) -> None:
    session.vault.remember(session.vendor("endlessaisles"), "production", "token", Secret("made-up"))
    async with driven(session) as app:
        await app.open("endlessaisles.orders_cancel")
        await use(app, "production")
        assert app.main.query_one(TitleBar).has_class("-guarded")
        assert "GUARDED" in app.text
        await app.keys("x", "f5")
        await app.until(lambda: app.app.screen is not app.main, "the question")
        await app.see("endlessaisles.orders_cancel")
        await app.see("https://app.endlessaisles.io")
        await app.keys("enter")
        await app.see("Nothing was sent")
        assert not app.main.sender.sending
        assert session.history() is not None
        assert not await recent_entries(session)


async def test_a_read_in_a_guarded_environment_does_not_ask(session: SessionContext) -> None:
    vendor = session.vendor("endlessaisles")
    dead = msgspec.structs.replace(vendor.environments["production"], base_url="http://127.0.0.1:9")
    changed = msgspec.structs.replace(vendor, environments={**vendor.environments, "production": dead})
    session.catalog = msgspec.structs.replace(
        session.catalog, vendors={**session.catalog.vendors, "endlessaisles": changed}
    )
    session.vault.remember(changed, "production", "token", Secret("made-up"))
    async with driven(session) as app:
        app.main.workspace.chosen["endlessaisles"] = "production"
        await app.open("endlessaisles.orders_list")
        await app.keys("escape", "f5")
        await app.see("Could not connect")


async def test_a_missing_credential_is_told_and_can_be_typed(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.orders_list")
        await use(app, "test")
        await app.keys("f5")
        await app.see("Missing credential")
        await app.keys("K")
        await app.see("Credentials ·")
        await app.write("typed-token")
        assert "typed-token" not in app.text
        await app.keys("enter")
        app.main.panes.request_pane.open_tab("auth")
        await app.see("entered in this session")
        assert "typed-token" not in app.text


async def test_every_size_shows_the_panes_that_fit(session: SessionContext) -> None:
    async with driven(session, SIZES[0]) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("escape")
        async for size in app.at_every_size():
            seen = app.main.panes.visible_panes()
            assert seen == ({"request"} if size[0] < 100 else {"tree", "request", "response"})
            for key, pane in (("1", "tree"), ("3", "response"), ("2", "request")):
                await app.keys(key)
                assert app.main.panes.pane == pane
                assert app.main.query_one(f"#{pane}").display
            await app.keys("f")
            assert app.main.panes.visible_panes() == {"request"}
            await app.keys("f")
            assert app.main.panes.visible_panes() == seen


async def test_the_response_stands_beside_the_request_on_demand(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("escape")
        response = app.main.query_one("#response")
        assert response.region.y > app.main.query_one("#request").region.y
        await app.keys("L")
        assert response.region.y == app.main.query_one("#request").region.y


def test_the_footer_names_only_keys_that_there_are() -> None:
    for names in FOOTERS.values():
        assert len(names) <= 6
        assert all(name in BY_ID for name in names)


def test_no_two_actions_of_one_place_have_the_same_key() -> None:
    seen: dict[tuple[str, str], str] = {}
    for action in MAIN_ACTIONS:
        for key in action.keys.split(","):
            for scope in (
                {action.scope, ""}
                if action.run and action.scope not in ("tree", "field", "history")
                else {action.scope}
            ):
                assert (scope, key) not in seen or not action.run, (action.id, seen[scope, key])
                seen[scope, key] = action.id


async def test_the_keys_of_the_footer_do_what_they_say(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("xsellcast.brands_get")
        await app.keys("escape")
        hints = {one.title: one.key for one in app.main.query_one(KeyBar).fitting}
        assert {"Help", "Commands"} <= set(hints)
        assert len(hints) <= 8
        await app.keys("question_mark")
        await app.see("Everywhere (letters only outside input fields)")
        await app.keys("escape", "ctrl+p")
        await app.until(lambda: type(app.app.screen).__name__ == "CommandPalette", "the palette")
        await app.keys("escape", "right_square_bracket")
        assert app.main.panes.request_pane.tab == "headers"
        await app.keys("m")
        assert app.main.query_one(TitleBar).place.method == "HEAD"
        await app.keys("x")
        await app.keys("f5")
        await app.see("HEAD")
        await app.until(lambda: "xsellcast.brands_get" in app.main.workspace.last, "the answer")


async def test_a_click_on_the_footer_does_it(session: SessionContext) -> None:
    async with driven(session) as app:
        bar = app.main.query_one(KeyBar)
        at = bar.render().plain.index("Help") + 1
        await app.pilot.click(KeyBar, offset=(at, 0))
        await app.see("Everywhere")


async def test_the_palette_finds_endpoints_with_brackets_and_opens_them(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("ctrl+p")
        await app.write("read stock")
        await app.see("endlessaisles.stock")
        await app.keys("down", "enter")
        await app.until(lambda: app.main.workspace.address == "endlessaisles.stock", "the endpoint")


async def test_jump_mode_goes_to_a_tab(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.stock")
        await app.keys("f2", "r")
        await app.until(lambda: app.main.panes.request_pane.tab == "auth", "the auth tab")


@pytest.mark.parametrize("theme", ["explorer-light", "explorer-dark", "high-contrast"])
async def test_themes_are_worn(session: SessionContext, theme: str) -> None:
    session.settings = msgspec.structs.replace(session.settings, theme=theme)
    async with driven(session) as app:
        assert app.app.theme == theme
        await app.open("endlessaisles.stock")
        await app.see("Read stock")


async def test_a_bad_theme_of_ones_own_is_a_message(session: SessionContext, own_theme: Path) -> None:
    (own_theme / "mine.toml").write_text('name = "mine"\n[colours]\nprimary = "blurple"\n')
    async with driven(session, (200, 50)) as app:
        await app.see("mine.toml")


async def test_without_colour_everything_is_still_told(
    session: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven(session) as app:
        await app.open("endlessaisles.orders_cancel")
        await use(app, "production")
        assert "GUARDED" in app.text
        for words in ("PUT", "required", "✗" if "✗" in app.text else "•"):
            assert words in app.text


async def test_a_key_from_the_settings_takes_the_place_of_the_usual_one(session: SessionContext) -> None:
    session.settings = msgspec.structs.replace(session.settings, keymap={"sidebar": "Z", "no_such": "x"})
    async with driven(session, (200, 50)) as app:
        await app.see("unknown action")
        await app.open("endlessaisles.stock")
        await app.keys("escape", "Z")
        assert "tree" not in app.main.panes.visible_panes()


async def test_the_filter_finds_by_any_words_and_enter_opens_the_first(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.write("aisles stock")
        await app.see("1 found")
        await app.keys("enter")
        await app.until(lambda: app.main.workspace.address == "endlessaisles.stock", "the endpoint")


async def test_the_tree_is_walked_with_keys(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape", "j", "right", "j", "enter")
        await app.until(lambda: app.main.workspace.address.startswith("xsellcast."), "an endpoint of the first group")


async def test_what_is_typed_into_the_filter_again_takes_the_place_of_what_was_there(session: SessionContext) -> None:
    async with driven(session, (80, 24)) as app:
        await app.keys("s", "t", "o", "c", "k", "escape", "slash")
        assert "4 History" not in app.text, "a digit is text here"
        await app.keys("c", "a", "r", "t")
        box = app.main.query_one("#tree").query_one(Input)
        assert box.value == "cart"
