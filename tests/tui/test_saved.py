"""Saved requests on the screen: what a person sees and finds in the files afterwards."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from textual.widgets import Button, Input

from explorer.core.model import Entry
from explorer.session.history import past_exchange, recent_entries
from explorer.session.saved import SavedRequestStore
from explorer.session.sequence import SequenceRunner
from explorer.tui.screens.dialogs import ConfirmDialog
from explorer.tui.screens.saved import SavedScreen
from explorer.tui.screens.saved_dialogs import ConflictDialog, SaveDialog, VariablesDialog
from explorer.tui.screens.saved_run import RunScreen
from tests.cli.test_saved import CART, FETCH, FIND, REFUSED, put
from tests.tui.driving import SIZES, Driver, driven

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.session.context import SessionContext

SEARCH = '# ours\ncall = "fashionphile.product_search"\n[values]\nsearch = "bag" # what\nlimit = "${MANY}"\n'


@pytest.fixture
def folder(session: SessionContext) -> Path:
    return session.folders.data / "saved"


async def open_saved(driver: Driver, name: str) -> None:
    """Open the saved requests, and the one of that name in the form."""
    await driver.keys("escape", "O")
    await driver.until(lambda: isinstance(driver.app.screen, SavedScreen), "the saved requests")
    screen = driver.app.screen
    assert isinstance(screen, SavedScreen)
    await driver.until(lambda: screen.tree.found, "the tree")
    screen.tree.point(name)
    await driver.until(lambda: screen.tree.current and screen.tree.current.name == name, name)
    await driver.keys("enter")
    await driver.until(lambda: driver.main.workspace.draft.saved == name and driver.main.is_current, "the form")
    await driver.until(lambda: driver.main.panes.pane == "request", "the request pane")


async def save_as(driver: Driver, name: str) -> None:
    """Save the form under a name."""
    await driver.keys("ctrl+s")
    await driver.until(lambda: isinstance(driver.app.screen, SaveDialog), "the dialog")
    driver.app.screen.query_one("#name", Input).value = name
    await driver.keys("ctrl+s")


def title(driver: Driver) -> str:
    return str(driver.main.panes.request_pane.border_title)


async def sent(driver: Driver, session: SessionContext, number: int) -> dict[str, object]:
    """What was sent as the entry of that number, once it is answered."""
    await driver.until(lambda: not driver.main.sender.sending, "the answer")
    await driver.see("HTTP")
    request = (await past_exchange(session, number)).request
    return {"method": request.method, "url": request.url, "body": request.body}


async def test_a_form_is_saved_without_its_secret_and_still_sends(session: SessionContext, folder: Path) -> None:
    async with driven(session) as driver:
        await driver.open("fashionphile.sign_in")
        driver.main.panes.request_pane.fill("email", Entry(name="email", value="ada@example.com"))
        driver.main.panes.request_pane.fill("password", Entry(name="password", value="Tr0ub4dor-marked"))
        await driver.keys("ctrl+s")
        await driver.see("password is written as ${PASSWORD}")
        driver.app.screen.query_one("#name", Input).value = "sign/in"
        await driver.keys("ctrl+s")
        await driver.until((folder / "sign" / "in.toml").exists, "the file")
        await driver.see("sign/in")
        text = (folder / "sign" / "in.toml").read_text(encoding="utf-8")
        assert 'password = "${PASSWORD}"' in text
        assert "marked" not in text
        await driver.until(lambda: driver.main.workspace.draft.entries[-1].value == "${PASSWORD}", "the placeholder")
        assert "changed" not in title(driver)
        await driver.keys("f5")
        body = (await sent(driver, session, 1))["body"]
        assert isinstance(body, bytes)
        assert b"ada@example.com" in body
        assert b"${PASSWORD}" not in body
        assert b"marked" not in body


async def test_what_is_changed_is_marked_and_saved_with_its_comments(session: SessionContext, folder: Path) -> None:
    put(folder, **{"bags/search": SEARCH, "environments/sandbox": "[variables]\nMANY = 2\n"})
    async with driven(session) as driver:
        await open_saved(driver, "bags/search")
        assert "bags/search" in title(driver)
        assert "changed" not in title(driver)
        await driver.until(lambda: "limit=2" in driver.url, "the preview with the variable in it")
        driver.main.panes.request_pane.fill("search", Entry(name="search", value="hat"))
        await driver.until(lambda: "● changed" in title(driver), "the mark")
        await save_as(driver, "bags/search")
        await driver.until(lambda: "changed" not in title(driver), "the mark to go")
        text = (folder / "bags" / "search.toml").read_text(encoding="utf-8")
        assert text == SEARCH.replace('"bag"', '"hat"')


async def test_a_variable_without_a_value_is_shown_asked_for_and_sent_as_the_command_line_sends_it(
    session: SessionContext, folder: Path
) -> None:
    put(folder, search=SEARCH + '[expect]\nstatus = 200\n[expect.body]\n"length(data)" = 1\n')
    async with driven(session) as driver:
        await open_saved(driver, "search")
        await driver.see("no value for ${MANY}")
        await driver.keys("f5")
        await driver.until(lambda: isinstance(driver.app.screen, VariablesDialog), "the question")
        await driver.write("2")
        await driver.keys("enter")
        await driver.see("Expectations of search: 2 of 3 passed.")
        await driver.see("✗ length(data) is 1 (got 2)")
        here = await sent(driver, session, 1)
        runner = SequenceRunner(saved := SavedRequestStore(session))
        saved.load()
        saved.given["MANY"] = "2"
        await runner.run("search", ("search",))
        assert await sent(driver, session, 2) == here
        rows = await recent_entries(session, text="tag:saved/search")
        assert [row.id for row in rows] == [2, 1]


@pytest.mark.parametrize("size", SIZES)
async def test_a_folder_is_run_with_its_report(
    session: SessionContext, folder: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    cart = CART.replace("${QUANTITY}", "1")
    put(folder, **{"shop/1-find": FIND, "shop/2-cart": cart, "shop/3-fetch": FETCH, "shop/4-no": REFUSED})
    async with driven(session, size) as driver:
        await driver.keys("tab", "O")
        await driver.see("1-find")
        await driver.keys("a")
        await driver.see("3 passed, 1 failed")
        await driver.see("4-no")
        await driver.see("verdict is OK (got FAILED")
        await driver.keys("k")
        await driver.see("✓ data.id is")
        await driver.keys("s")
        await driver.see("Save report")
        for name in ("r.xml", "r.json", "r.txt"):
            driver.app.screen.query_one(Input).value = str(tmp_path / name)
            await driver.keys("enter")
            await driver.until((tmp_path / name).exists, name)
            await driver.until(lambda: isinstance(driver.app.screen, RunScreen), "the run")
            await driver.keys("s")
            await driver.see("Save report")
        await driver.keys("escape", "enter")
        await driver.until(lambda: driver.main.is_current, "the answer on the main screen")
        await driver.see("From the history")
    suite = ElementTree.parse(tmp_path / "r.xml").getroot().find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["counts"]["passed"] == 3
    assert "3 passed, 1 failed" in (tmp_path / "r.txt").read_text(encoding="utf-8")


async def changed_by_two(driver: Driver, folder: Path) -> None:
    """The form and the file are both changed since it was opened."""
    await open_saved(driver, "search")
    driver.main.panes.request_pane.fill("search", Entry(name="search", value="mine"))
    await driver.until(lambda: "● changed" in title(driver), "the mark")
    put(folder, search=SEARCH.replace("bag", "theirs"))
    await save_as(driver, "search")
    await driver.until(lambda: isinstance(driver.app.screen, ConflictDialog), "the question")


@pytest.mark.parametrize(
    ("keys", "file", "side", "form"),
    [
        ((), "theirs", "mine", "mine"),
        (("j",), "theirs", "", "theirs"),
        (("j", "j"), "mine", "", "mine"),
    ],
)
async def test_when_both_sides_changed_nothing_is_lost(
    session: SessionContext, folder: Path, keys: tuple[str, ...], file: str, side: str, form: str
) -> None:
    put(folder, search=SEARCH)
    async with driven(session) as driver:
        await changed_by_two(driver, folder)
        await driver.keys(*keys, "enter")
        await driver.until(lambda: driver.main.is_current, "the main screen")
        await driver.until(lambda: driver.main.workspace.draft.entries[0].value == form, "the form")
        await driver.until(lambda: "changed" not in title(driver), "no mark")
    assert f'search = "{file}" # what' in (folder / "search.toml").read_text(encoding="utf-8")
    assert (folder / "search.mine.toml").exists() is bool(side)
    if side:
        assert '"mine"' in (folder / "search.mine.toml").read_text(encoding="utf-8")


async def test_escape_in_a_conflict_leaves_both_sides(session: SessionContext, folder: Path) -> None:
    put(folder, search=SEARCH)
    async with driven(session) as driver:
        await changed_by_two(driver, folder)
        await driver.keys("escape")
        await driver.until(lambda: driver.main.is_current, "the main screen")
        assert driver.main.workspace.draft.entries[0].value == "mine"
    assert "theirs" in (folder / "search.toml").read_text(encoding="utf-8")


async def test_a_file_that_only_others_changed_is_read_again(session: SessionContext, folder: Path) -> None:
    put(folder, search=SEARCH)
    async with driven(session) as driver:
        await open_saved(driver, "search")
        put(folder, search=SEARCH.replace("bag", "theirs"))
        driver.app.app_focus = False
        driver.app.app_focus = True
        await driver.until(lambda: driver.main.workspace.draft.entries[0].value == "theirs", "the form")
        await driver.see("changed on disk; the form was updated")
        driver.main.panes.request_pane.fill("search", Entry(name="search", value="mine"))
        await driver.until(lambda: "● changed" in title(driver), "the mark")
        put(folder, search=SEARCH.replace("bag", "again"))
        driver.app.app_focus = False
        driver.app.app_focus = True
        await driver.see("changed on disk and in the form")
        assert driver.main.workspace.draft.entries[0].value == "mine"


async def test_another_name_that_is_taken_is_asked_about(session: SessionContext, folder: Path) -> None:
    put(folder, a=SEARCH, b=FIND)
    async with driven(session) as driver:
        await open_saved(driver, "a")
        await save_as(driver, "b")
        await driver.see("The name is taken")
        await driver.keys("escape")
    assert (folder / "b.toml").read_text(encoding="utf-8") == FIND


async def test_a_saved_form_is_still_one_after_a_restart(session: SessionContext, folder: Path) -> None:
    sign = 'call = "fashionphile.sign_in"\n[values]\nemail = "a@b.example"\npassword = "${PASSWORD}"\n'
    put(folder, sign=sign)
    async with driven(session) as driver:
        await open_saved(driver, "sign")
        driver.main.panes.request_pane.fill("email", Entry(name="email", value="c@d.example"))
        await driver.until(lambda: "● changed" in title(driver), "the mark")
        await driver.keys("ctrl+q")
    async with driven(session) as driver:
        await driver.open("fashionphile.sign_in")
        await driver.until(lambda: "sign ● changed" in title(driver), "the title")
        assert [one.value for one in driver.main.workspace.draft.entries] == ["c@d.example", "${PASSWORD}"]
        await driver.see("no value for ${PASSWORD}")


async def test_the_tree_finds_names_tells_of_bad_files_and_sees_others_changes(
    session: SessionContext, folder: Path
) -> None:
    put(folder, **{"a/good": FIND, "a/bad": "call = 3\n", "b/other": SEARCH})
    async with driven(session) as driver:
        await driver.keys("tab", "O")
        await driver.see("✗ line 1, call")
        await driver.see("✗ 1 with problems")
        await driver.keys("slash")
        await driver.write("oth")
        await driver.until(lambda: "good" not in driver.text, "the filter")
        await driver.keys("enter")
        await driver.see("# ours")
        await driver.keys("slash", "escape")
        await driver.see("good")
        (folder / "a" / "bad.toml").write_text(FIND, encoding="utf-8")
        (folder / "b" / "new.toml").write_text(FIND, encoding="utf-8")
        await driver.until(lambda: "with problems" not in driver.text and "new" in driver.text, "the changes")


async def test_moving_and_deleting(session: SessionContext, folder: Path) -> None:
    put(folder, **{"a/1-find": FIND, "a/2-cart": CART})
    async with driven(session) as driver:
        await driver.keys("tab", "O")
        await driver.see("1-find")
        await driver.keys("j", "m")
        await driver.see("Move a/1-find")
        driver.app.screen.query_one(Input).value = "a/2-cart"
        await driver.keys("enter")
        await driver.see("a/2-cart is taken")
        driver.app.screen.query_one(Input).value = "shop/find"
        await driver.keys("enter")
        await driver.until((folder / "shop" / "find.toml").exists, "the file")
        await driver.see("find")
        screen = driver.app.screen
        assert isinstance(screen, SavedScreen)
        await driver.until(lambda: screen.tree.current and screen.tree.current.name == "shop/find", "the cursor")
        await driver.keys("d")
        await driver.see("Delete this file?")
        await driver.keys("n")
        assert (folder / "shop" / "find.toml").exists()
        await driver.keys("d")
        await driver.see("Delete this file?")
        await driver.keys("y")
        await driver.until(lambda: not (folder / "shop").exists(), "the file to go")


async def test_a_run_is_stopped_and_tells_what_was_not_run(session: SessionContext, folder: Path) -> None:
    put(folder, **{"a/1": FIND, "a/2": FIND.replace('"Find', '"Slow'), "a/3": FIND})
    async with driven(session) as driver:
        await driver.keys("tab", "O")
        await driver.see("a/")
        session.sandbox.set_faults(["slow=60"], session.catalog)
        await driver.keys("a")
        await driver.see("running, 0 of 3")
        await driver.keys("escape")
        await driver.see("3 skipped")
        await driver.see("not run: stopped")
        await driver.keys("escape")
        await driver.until(lambda: isinstance(driver.app.screen, SavedScreen), "the list")


async def test_with_nothing_saved_it_says_how(session: SessionContext) -> None:
    for size in SIZES:
        async with driven(session, size) as driver:
            await driver.keys("tab", "O")
            await driver.see("No saved requests yet")
            await driver.keys("a", "r", "e", "m", "d", "v", "A", "enter", "tab", "j", "k")
            await asyncio.sleep(0)
            await driver.keys("escape")
            await driver.until(lambda: driver.main.is_current, "the main screen")


async def test_what_waits_for_a_value_is_sent_by_no_other_key(session: SessionContext, folder: Path) -> None:
    put(folder, search=SEARCH)
    async with driven(session) as driver:
        await open_saved(driver, "search")
        await driver.keys("escape")
        for key in ("A", "B", "V"):
            await driver.keys(key)
            await driver.see("No value for ${MANY}. Press F5")
            assert driver.main.is_current
            driver.app.clear_notifications()
            await driver.until(lambda: "Press F5 to enter" not in driver.text, "the toast to go")
        await driver.keys("f5")
        await driver.until(lambda: isinstance(driver.app.screen, VariablesDialog), "the question")
        await driver.write("2")
        await driver.keys("enter")
        await sent(driver, session, 1)
        await driver.keys("A")
        await driver.see("pages")


async def test_a_file_that_is_gone_or_bad_keeps_no_form_from_being_sent_and_saved(
    session: SessionContext, folder: Path
) -> None:
    put(folder, search=SEARCH.replace("${MANY}", "2"))
    async with driven(session) as driver:
        await open_saved(driver, "search")
        (folder / "search.toml").unlink()
        driver.app.app_focus = False
        driver.app.app_focus = True
        await driver.see("the file search is missing")
        await driver.keys("f5")
        await sent(driver, session, 1)
        await save_as(driver, "search")
        await driver.until((folder / "search.toml").exists, "the file")
        await driver.until(lambda: driver.main.is_current and "changed" not in title(driver), "no mark")
        (folder / "search.toml").write_text("call = 3", encoding="utf-8")
        driver.main.panes.request_pane.fill("search", Entry(name="search", value="hat"))
        await driver.keys("f5")
        await sent(driver, session, 2)
        await save_as(driver, "search")
        await driver.until(lambda: isinstance(driver.app.screen, ConflictDialog), "the question")
        await driver.keys("enter")
        await driver.until((folder / "search.mine.toml").exists, "the own side")


async def test_a_guarded_environment_asks_before_a_run(session: SessionContext, folder: Path) -> None:
    put(
        folder,
        **{
            "a/1": FIND,
            "a/2": 'call = "endlessaisles.orders_cancel"\nenvironment = "production"\n[values]\nid = "1"\n',
            "environments/production": "[variables]\n",
        },
    )
    async with driven(session) as driver:
        await driver.keys("tab", "O")
        await driver.see("PUT")
        await driver.keys("a")
        await driver.see("Run these requests?")
        await driver.see("a/2: endlessaisles.orders_cancel changes data at")
        await driver.keys("n")
        await driver.until(lambda: isinstance(driver.app.screen, SavedScreen), "the list")
        assert await recent_entries(session) == []


async def test_json_of_a_file_stays_json_in_the_form_and_in_the_file(session: SessionContext, folder: Path) -> None:
    order = (
        'call = "endlessaisles.orders_create"\nforce = true\n[values]\n"shipping.first_name" = { json = "null" }\n'
        '"shipping.city" = { json = \'"Hyrule"\' }\n"line_items[0].id" = { json = "81001" }\n'
        '"line_items[0].price" = { json = "${products: data[0].sizes[0].price}" }\n'
    )
    put(folder, order=order, products='call = "endlessaisles.products_list"\n[values]\nper_page = 1\n')
    async with driven(session) as driver:
        await open_saved(driver, "order")
        await driver.until(lambda: driver.url.endswith("/api/orders"), "the preview")
        driver.main.form.keep_draft()
        driver.main.form.check()
        assert "changed" not in title(driver)
        await driver.keys("f5")
        await sent(driver, session, 2)
        body = json.loads((await past_exchange(session, 2)).request.body)
        assert body["shipping"] == {"first_name": None, "city": "Hyrule"}
        assert body["line_items"] == [{"id": 81001, "price": 18.5}]
        driver.main.panes.request_pane.fill("shipping.city", Entry(name="shipping.city", value="Kakariko"))
        await driver.until(lambda: "● changed" in title(driver), "the mark")
        await save_as(driver, "order")
        await driver.until(lambda: "changed" not in title(driver), "no mark")
    text = (folder / "order.toml").read_text(encoding="utf-8")
    assert text == order.replace("""{ json = '"Hyrule"' }""", '"Kakariko"')


async def test_a_bad_file_of_variables_does_not_end_the_app(session: SessionContext, folder: Path) -> None:
    put(folder, search=SEARCH, **{"environments/sandbox": "[variables]\nMANY = 1.5\n"})
    async with driven(session) as driver:
        await open_saved(driver, "search")
        await driver.see("variables.MANY")
        driver.main.panes.request_pane.fill("search", Entry(name="search", value="hat"))
        await driver.until(lambda: "● changed" in title(driver), "the mark")
        await driver.keys("f5")
        told = driver.app._notifications  # the words themselves: on the screen a long path wraps them anywhere
        await driver.until(lambda: any("in quotes" in one.message for one in told), "what is wrong")
        assert await recent_entries(session) == []


UPLOAD = """
call = "fashionphile.big_vision_authenticate"
[values]
brand = "LouisVuitton"
class = "x"
itemId = 1
itemType = "Product"
"images[0]" = { file = "%s" }
"""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A file that no saved request may upload unasked."""
    path = tmp_path / "id_rsa"
    path.write_text("marked-private-key")
    return path


async def test_a_file_outside_the_folder_is_uploaded_after_a_yes_only(
    session: SessionContext, folder: Path, key: Path
) -> None:
    put(folder, upload=UPLOAD % key)
    async with driven(session) as driver:
        await open_saved(driver, "upload")
        await driver.keys("f5")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog), "the question")
        await driver.see("Upload these files?")
        await driver.keys("escape")
        await driver.until(lambda: driver.main.is_current, "the form")
        assert await recent_entries(session) == []
        await driver.keys("f5")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog), "the question again")
        driver.app.screen.query_one("#yes", Button).press()
        body = (await sent(driver, session, 1))["body"]
        assert isinstance(body, bytes)
        assert b"marked-private-key" in body
        await driver.keys("f5")
        assert b"marked-private-key" in str((await sent(driver, session, 2))["body"]).encode()


async def test_a_run_asks_for_files_outside_the_folder(session: SessionContext, folder: Path, key: Path) -> None:
    put(folder, upload=UPLOAD % key)
    async with driven(session) as driver:
        await driver.keys("escape", "O")
        await driver.until(lambda: isinstance(driver.app.screen, SavedScreen), "the saved requests")
        screen = driver.app.screen
        assert isinstance(screen, SavedScreen)
        await driver.until(lambda: screen.tree.found, "the tree")
        await driver.see("outside the folder")
        await driver.keys("A")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog), "the question")
        await driver.keys("escape")
        await driver.until(lambda: driver.app.screen is screen, "the list")
        assert await recent_entries(session) == []


async def test_a_file_that_is_swapped_on_the_disk_is_asked_for(
    session: SessionContext, folder: Path, key: Path
) -> None:
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "bag.jpg").write_text("a bag")
    put(folder, upload=UPLOAD % "in/bag.jpg")
    async with driven(session) as driver:
        await open_saved(driver, "upload")
        put(folder, upload=UPLOAD % key)
        driver.main.saved_files.refresh_file()
        await driver.until(lambda: str(key) in str(driver.main.panes.request_pane.entries), "the file as it is now")
        await driver.keys("f5")
        await driver.until(lambda: isinstance(driver.app.screen, ConfirmDialog), "the question")
        await driver.keys("escape")
        assert await recent_entries(session) == []


async def test_a_text_that_begins_with_an_at_sign_is_text_in_the_form(session: SessionContext) -> None:
    async with driven(session) as driver:
        await driver.open("fashionphile.product_search")
        driver.main.panes.request_pane.fill("search", Entry(name="search", value="@ada"))
        await driver.keys("f5")
        assert "search=%40ada" in str((await sent(driver, session, 1))["url"])
