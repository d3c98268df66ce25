"""A key whose action is not possible now says why; none is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from explorer.tui.actions import ACTIONS, SCOPES, WIDGETS, keys_of
from explorer.tui.key_reasons import PANES
from explorer.tui.panes.tree import EndpointTree
from tests.tui.driving import driven

if TYPE_CHECKING:
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

QUIET: Final = {"pane_tree", "quit"}
"""Actions without a visible effect on the screen below: the focus is in the tree already; the program ends."""
NAVIGATION: Final = {"space", "tab", "shift+tab"}
"""Keys that Textual's own widgets handle."""


def state(app: Driver) -> tuple[object, ...]:
    """Everything a key can change: screens, messages, focus, panes, and the tree's cursor and lines."""
    panes, tree = app.main.panes, app.main.query_one(EndpointTree).listing
    return (
        app.app.screen,
        len(app.app._notifications),
        app.main.focused,
        panes.zoomed,
        panes.history_open,
        tree.cursor_line,
        tree.last_line,
    )


async def rest(app: Driver) -> None:
    """Leave only the main screen, without messages, and the focus in the middle of the tree."""
    while app.app.screen is not app.main:
        screen = app.app.screen
        await app.pilot.press("escape")
        await app.until(lambda screen=screen: app.app.screen is not screen, "the end of the screen")  # type: ignore[misc]
    panes = app.main.panes
    if panes.history_open:
        app.main.history.close()
    panes.zoomed = False
    panes.go("tree")
    tree = app.main.query_one(EndpointTree).listing
    tree.root.children[0].expand()
    tree.cursor_line = 5
    await app.pilot.pause()
    app.app.clear_notifications()
    await app.until(lambda: not app.app._notifications, "the end of the messages")


async def responds(app: Driver, key: str) -> bool:
    """Press a key; return whether it changed anything or was explained."""
    before = state(app)
    await app.pilot.press(key)
    for _ in range(100):
        if state(app) != before:
            return True
        await app.pilot.pause(0.01)
    return False


async def explains(app: Driver, key: str, words: str) -> None:
    """Press a key and wait for a message that contains *words*. On screen, it may be wrapped."""
    app.app.clear_notifications()
    await app.until(lambda: not app.app._notifications, "the end of the messages")
    await app.keys(key)
    await app.until(lambda: any(words in message.message for message in app.app._notifications), words, 10.0)


async def test_every_action_changes_the_screen_or_says_why_not(session: SessionContext) -> None:
    keys = {key: action.id for action in reversed(ACTIONS) for key in keys_of(action.id, {})}
    silent = []
    async with driven(session) as app:
        for key, name in keys.items():
            if name not in QUIET and key not in NAVIGATION:
                await rest(app)
                if not await responds(app, key):
                    silent.append(f"{key} ({name})")
    assert silent == []


async def test_keys_of_the_response_say_what_it_lacks(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape")
        await explains(app, "n", "Next page: open an endpoint first.")
        await app.open("endlessaisles.stock")
        await app.keys(*"81001", "escape")
        await explains(app, "n", "Next page: there is no response yet. Press F5 to send.")
        await explains(app, "v", "View: there is no response yet. Press F5 to send.")
        await explains(app, "3", "There is no response yet. Press F5 to send.")
        await explains(app, "W", "there is no response yet. Press F5 to send.")
        await app.keys("f5")
        await app.see("✓ OK")
        await app.keys("escape", "2")
        await explains(app, "n", "Next page: this response has no pages.")
        await explains(app, "e", "Go to rejected field: the vendor rejected no field.")
        await explains(app, "v", "View: this key works in the response. Press 3 to go there.")
        await explains(app, "W", "this call was not refused")


async def test_a_response_with_pages_names_the_page_that_is_missing(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.products_list")
        await app.keys("f5")
        await app.see("✓ OK")
        await app.keys("escape", "2")
        await explains(app, "n", "Next page: this key works in the response. Press 3 to go there.")
        await explains(app, "p", "Previous page: there is no previous page.")
        await app.keys("3")
        await explains(app, "p", "Previous page: there is no previous page.")


async def test_the_debugger_names_a_call_without_a_signature(session: SessionContext) -> None:
    unsigned = next(
        f"{vendor.id}.{endpoint.id}"
        for vendor in session.catalog.vendors.values()
        for endpoint in vendor.endpoints.values()
        if endpoint.auth == "none"
    )
    async with driven(session) as app:
        await app.open(unsigned)
        await explains(app, "f8", "uses no authentication")


async def test_keys_of_a_field_say_why_they_do_nothing_there(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.open("endlessaisles.stock")
        await explains(app, "insert", "Other value: this field has no choices.")
        await explains(app, "f4", "Remove item: the focus is not in an item of a list.")


async def test_a_key_of_several_panes_names_them(session: SessionContext) -> None:
    async with driven(session) as app:
        await app.keys("escape")
        await explains(app, "r", "Elsewhere: Resume (the response), Send again (the history).")
        await explains(app, "q", "q has no function here. Press ? for every key.")
        await explains(app, "escape", "There is nothing to leave. Press ctrl+q to quit.")


def test_every_scope_of_the_main_screen_has_a_pane() -> None:
    assert {scope for scope in SCOPES if scope} <= set(PANES)
    assert {scope.id for scope in WIDGETS} - set(PANES) == {
        "files_tree",
        "signature_inputs",
        "paste",
        "changes",
        "diff",
        "saved_tree",
    }
