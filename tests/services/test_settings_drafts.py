"""Drafts: what was typed is there again, and a secret never is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.core.model import Entry
from explorer.store.catalogs import decode
from explorer.store.drafts import Draft, load_drafts, save_drafts
from explorer.store.folders import Folders

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.core.catalog import Catalog


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)})


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    def param(location: str = "form", **more: object) -> dict[str, object]:
        return {"in": location, **more}

    endpoint = {
        "title": "Pay",
        "group": "Orders",
        "path": "/pay",
        "method": "POST",
        "body": "form",
        "params": {
            "name": param(),
            "item#_size": param(),
            "cards[#][number]": param(secret=True),
            "password": param(secret=True),
        },
    }
    shop = {"title": "Shop", "secret_fields": ["token"], "endpoints": {"pay": endpoint}}
    return decode({"vendors": {"shop": shop}}, "test.toml")


def entry(name: str, value: str = "v") -> Entry:
    return Entry(name=name, value=value)


def test_drafts_come_back_as_they_were_typed(folders: Folders, catalog: Catalog) -> None:
    typed = (entry("name", "é\n\0\x1b[31m"), Entry(name="item1_size", kind="json", value="null"), entry("unknown", ""))
    save_drafts(folders, {"shop.pay": Draft(typed)}, catalog)
    assert load_drafts(folders) == ({"shop.pay": Draft(typed)}, ())


def test_secrets_are_never_written(folders: Folders, catalog: Catalog) -> None:
    secret = "correct-horse-battery"
    typed = (
        entry("name", "Zelda"),
        entry("password", secret),
        entry("cards[0][number]", secret),
        entry("user[token]", secret),
        Entry(name="extra", kind="json", value=f'{{"token": "{secret}"}}'),
    )
    save_drafts(folders, {"shop.pay": Draft(typed)}, catalog)
    assert load_drafts(folders)[0] == {"shop.pay": Draft((entry("name", "Zelda"),))}
    for file in folders.data.rglob("*"):
        assert secret.encode() not in file.read_bytes()


def test_drafts_of_another_instance_stay(folders: Folders, catalog: Catalog) -> None:
    path = folders.data / "drafts.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"gone.away": [{"name": "a", "value": "1"}], "shop.pay": [{"name": "name", "value": "old"}]}')
    save_drafts(folders, {"shop.pay": Draft(), "not.known": Draft((entry("a"),))}, catalog)
    assert load_drafts(folders)[0] == {"gone.away": Draft((entry("a", "1"),))}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": [{"nam": 1}]}', '{"a": ' + "[" * 5000, "\udcff"])
def test_a_damaged_file_is_set_aside(folders: Folders, catalog: Catalog, text: str) -> None:
    path = folders.data / "drafts.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = path.read_bytes()
    problems = save_drafts(folders, {"shop.pay": Draft((entry("name"),))}, catalog)
    assert "drafts.damaged-1.json" in problems[0]
    assert (folders.data / "drafts.damaged-1.json").read_bytes() == before
    assert load_drafts(folders) == ({"shop.pay": Draft((entry("name"),))}, ())


def test_all_that_was_set_comes_back_and_nothing_secret(folders: Folders, catalog: Catalog) -> None:
    secret = "correct-horse-battery"
    whole = Draft(
        (entry("name", "Zelda"), entry("password", secret)),
        {"which": "other"},
        (("X-Mine", "1"), ("Authorization", f"Bearer {secret}"), ("Cookie", secret)),
        (("debug", "1"), ("token", secret)),
        "HEAD",
    )
    save_drafts(folders, {"shop.pay": whole}, catalog)
    kept = Draft((entry("name", "Zelda"),), {"which": "other"}, (("X-Mine", "1"),), (("debug", "1"),), "HEAD")
    assert load_drafts(folders) == ({"shop.pay": kept}, ())
    assert secret.encode() not in (folders.data / "drafts.json").read_bytes()


def test_a_draft_of_readings_alone_is_kept(folders: Folders, catalog: Catalog) -> None:
    save_drafts(folders, {"shop.pay": Draft(readings={"which": "other"})}, catalog)
    assert load_drafts(folders)[0]["shop.pay"].readings == {"which": "other"}
