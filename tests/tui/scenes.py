"""Scenes for pictures: what a person pressed to come to a screen, and what they wait for to be seen.

``SCENES`` are compared in every size and theme (``test_snapshots.py``); ``PICTURES`` are those of the manuals
(``scripts/picture.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.tui.driving import Driver
    from tests.tui.still import Scene


async def start(app: Driver) -> None:
    """Nothing is open yet."""
    await app.see("XSellCast")


async def form_with_errors(app: Driver) -> None:
    """Something wrong and much missing; nothing was sent."""
    await app.open("cottoncart.order_calculate")
    await app.keys(*"many", "enter", "f5")
    await app.until(lambda: app.rows()["item1_product_id"].has_problem, "the error")


async def answered(app: Driver) -> None:
    """A signed call and its answer, judged."""
    await app.main.form.open("cottoncart.order_calculate").wait()
    await app.point_at("cottoncart.order_calculate")
    await app.keys("escape", "x")
    await app.until(lambda: "item1_product_id=16001" in app.url and "auth_sig=" in app.url, "the signed URL")
    await app.keys("f5")
    await app.see("✓ OK · 200 OK")
    if app.main.panes.is_narrow:
        await app.see('"success": true')
    else:
        await app.keys("2")
        await app.until(lambda: app.main.panes.pane == "request", "the request pane")


async def docs(app: Driver) -> None:
    """What the document says of a call."""
    await app.open("cottoncart.order_calculate")
    await app.keys("escape", "left")
    await app.until(lambda: app.main.panes.request_pane.tab == "docs", "the documentation")


async def history(app: Driver) -> None:
    """Calls of two vendors in the history."""
    await answered(app)
    await app.main.form.open("endlessaisles.products_list").wait()
    await app.keys("escape", "f5")
    await app.until(lambda: "endlessaisles.products_list" in app.main.workspace.last, "the answer")
    await app.keys("4")
    await app.until(lambda: app.main.panes.pane == "history", "the history")
    await app.until(lambda: len(app.main.panes.history_panel.rows) == 2, "two rows")


async def help_screen(app: Driver) -> None:
    """What the keys do here."""
    await app.open("cottoncart.order_calculate")
    await app.keys("f1")
    await app.until(lambda: len(app.app.screen_stack) > 1, "the help")


SCENES: dict[str, Scene] = {
    "start": start,
    "form": form_with_errors,
    "answered": answered,
    "docs": docs,
    "history": history,
    "help": help_screen,
}


# --- pictures of the manuals -----------------------------------------------------------------------------------------


async def _answer(app: Driver, address: str, *before: str) -> None:
    """An endpoint opened, *before* pressed in its form, sent, its answer under the cursor."""
    await app.main.form.open(address).wait()
    await app.keys("escape", *before, "f5")
    await app.until(lambda: address in app.main.workspace.last, "the answer")
    await app.keys("3")
    await app.until(lambda: app.main.panes.pane == "response", "the response")


async def table(app: Driver) -> None:
    """An array of records as rows and columns."""
    await _answer(app, "endlessaisles.products_list")
    await app.keys("f", "v")
    await app.see("record 1 of")


async def search(app: Driver) -> None:
    """A word found in the whole body, folds open for it."""
    await _answer(app, "endlessaisles.products_list")
    await app.keys("f", "slash", *"salmon", "enter")
    await app.see("1 of")


async def folds(app: Driver) -> None:
    """All folded to a depth, the path of the cursor below."""
    await _answer(app, "endlessaisles.products_list")
    await app.keys("f", "z")
    await app.see("depth")
    await app.keys("2")
    await app.see("…")


async def filtered(app: Driver) -> None:
    """A JMESPath filter, live."""
    await _answer(app, "endlessaisles.products_list")
    await app.keys("f", "vertical_line")
    await app.write("data[?brand=='Harbour'].{id: id, title: title}")
    await app.see("Harbour")


async def pages(app: Driver) -> None:
    """Every page of a call, checked."""
    await app.main.form.open("endlessaisles.products_list").wait()
    await app.keys("escape", "A")
    await app.see("enter")
    await app.keys("enter")
    await app.see("330")


async def signature(app: Driver) -> None:
    """Somebody else's base string, and what is wrong with it."""
    await app.main.form.open("cottoncart.order_calculate").wait()
    await app.keys("escape", "x")
    await app.until(lambda: "auth_sig=" in app.url, "the signed URL")
    await app.keys("G")
    await app.see("base")
    await app.keys("p")
    await app.write(
        "v1/order/calculate?auth_id=demo1%40demostore&auth_ts=1767225600&item1_colour_id=810003"
        "&item1_product_id=16001&item1_quantity=2&item1_size=M"
    )
    await app.see("different: ")


async def tracks(app: Driver) -> None:
    """The lessons."""
    await app.keys("escape", "J")
    await app.see("Your first call")


async def vendors(app: Driver) -> None:
    """How the vendors do the same things."""
    await app.keys("escape", "C")
    await app.see("Authentication")


async def sequence(app: Driver) -> None:
    """A folder of saved requests after its run: the second takes a value of the first, the third expects too much."""
    folder = app.main.session.folders.data / "saved" / "shop"
    folder.mkdir(parents=True)
    files = {
        "1-find": 'call = "endlessaisles.products_list"\n[values]\nper_page = 1\n[expect.body]\n"length(data)" = 1\n',
        "2-look": 'call = "endlessaisles.products_get"\n[values]\nid = "${find: data[0].id}"\n[expect]\nstatus = 200\n',
        "3-stock": 'call = "endlessaisles.stock"\n[values]\nsku = "81001"\n[expect.body]\n'
        '"data.\\"81001\\"" = { at_least = 100 }\n\'data\' = { type = "object" }\n',
    }
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    await app.keys("escape", "O")
    await app.see("3-stock")
    await app.keys("a")
    await app.see("2 passed, 1 failed")


async def compared(app: Driver) -> None:
    """Two pages of one list, what is volatile masked."""
    await _answer(app, "endlessaisles.products_list")
    await app.keys("n")
    await app.until(lambda: "page=2" in app.url, "the next page")
    await app.keys("4")
    await app.until(lambda: len(app.main.panes.history_panel.rows) == 2, "two rows")
    await app.keys("c", "j", "c")
    await app.see("current_page")


async def refused(app: Driver) -> None:
    """Why an answer says no."""
    await app.open("endlessaisles.orders_get")
    await app.keys(*"99999", "f5")
    await app.see("FAILED")
    await app.keys("escape", "W")
    await app.see("· unknown")


async def life_line(app: Driver) -> None:
    """A token that rotated."""
    await _answer(app, "fashionphile.whoami")
    await app.keys("f5")
    await app.until(lambda: len(app.main.session.tokens(app.main.workspace.call()).history) > 2, "the next token")
    await app.keys("U")
    await app.see("Replaces")


async def wire(app: Driver) -> None:
    """Where every part of a request is from."""
    await answered(app)
    await app.keys("3", "f", "right_square_bracket", "right_square_bracket")
    await app.see("auth_sig")


async def readings(app: Driver) -> None:
    """Two readings of a document, both sent."""
    await app.main.form.open("endlessaisles.products_list").wait()
    await app.keys("escape", "B")
    await app.see("term_needed")
    await app.keys("B")
    await app.see("accepted")


PICTURES: dict[str, tuple[tuple[int, int], Scene]] = {
    "screen": ((120, 36), answered),
    "table": ((120, 30), table),
    "search": ((120, 30), search),
    "folds": ((120, 30), folds),
    "filter": ((120, 30), filtered),
    "pages": ((120, 36), pages),
    "signature": ((120, 36), signature),
    "tracks": ((120, 30), tracks),
    "vendors": ((160, 44), vendors),
    "compare": ((120, 36), compared),
    "refusal": ((120, 36), refused),
    "tokens": ((120, 24), life_line),
    "wire": ((120, 30), wire),
    "readings": ((120, 36), readings),
    "sequence": ((120, 30), sequence),
}
UNSTEADY = {"pages", "sequence"}
"""Pictures that show how long something took: looked at, not compared."""
