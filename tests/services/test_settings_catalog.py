"""Catalogs: the shipped one, the user's over it, bad ones left out, and what is kept for the next start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.store.catalogs import LoadedCatalog, check_file
from explorer.store.catalogs import load_catalog as load_over
from explorer.store.folders import Folders

ROOT = Path(__file__).parents[2]

SHOP = """
[vendors.corner_shop]
title = "Corner shop"
[vendors.corner_shop.environments.live]
base_url = "https://corner.example/api"
[vendors.corner_shop.endpoints.orders]
title = "List orders"
group = "Orders"
path = "/orders"
"""


BASE = ROOT / "tests" / "data" / "small_catalog.toml"


def load_catalog(folders: Folders) -> LoadedCatalog:
    """The catalog of these folders over a small one (the shipped one takes a second to check)."""
    return load_over(folders, base=BASE)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)})


def own(folders: Folders, name: str, text: str | bytes) -> Path:
    path = folders.config / "catalogs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_of_ones_own_adds_a_vendor(folders: Folders) -> None:
    shipped = load_catalog(folders)
    path = own(folders, "shop.toml", SHOP)
    for _ in range(2):  # decoded, then out of the cache
        loaded = load_catalog(folders)
        assert loaded.problems == ()
        assert list(loaded.catalog.vendors) == [*shipped.catalog.vendors, "corner_shop"]
        vendor = loaded.catalog.vendors["corner_shop"]
        assert (vendor.id, vendor.endpoints["orders"].id) == ("corner_shop", "orders")
        assert loaded.files[-1] == path
    assert loaded.catalog.digest != shipped.catalog.digest


def test_a_later_file_lays_single_keys_over_an_earlier_one(folders: Folders) -> None:
    own(folders, "a.toml", SHOP)
    own(folders, "b.toml", '[vendors.corner_shop.environments.live]\nbase_url = "https://mine.example"\n')
    own(folders, ".hidden.toml", "not read")
    own(folders, "notes.txt", "not read")
    loaded = load_catalog(folders)
    assert loaded.problems == ()
    vendor = loaded.catalog.vendors["corner_shop"]
    assert vendor.environments["live"].base_url == "https://mine.example"
    assert vendor.title == "Corner shop"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[vendors.corner_shop", ["line 1", "not TOML"]),
        (b"\xff\xfe", ["line 1", "UTF-8"]),
        ('[vendors.corner_shop]\ntitel = "x"', ["vendors.corner_shop.titel", "did you mean 'title'"]),
        ("[vendors.new]\nsummary = 'x'", ["vendors.new", "'title' is missing"]),
        ('[vendors.corner_shop.environments.live]\nbase_url = "ftp:"', ["base_url", "https://host.example"]),
        ('[vendors.corner_shop.endpoints.orders]\nauth = "secret"', ["auth", "unknown auth 'secret'"]),
        ("vendors = 3", ["vendors", "[vendors.NAME]"]),
        ("[vendors]\ncorner_shop = 3", ["vendors.corner_shop", "is not a table"]),
        ("[vendor.corner_shop]\ntitle = 'x'", ["vendor", "did you mean 'vendors'"]),
        ("schema = 7", ["schema", "supported: 1"]),
        ("x = " + "[" * 5000, ["nested too deeply"]),
        ("[" + ".".join("a" * 3000) + "]", ["unknown key 'a'"]),
        ("[vendors.corner_shop." + ".".join("a" * 3000) + "]", ["unknown key 'a'"]),
        ("[vendors.corner_shop.endpoints." + ".".join("a" * 3000) + "]", ["unknown key 'a'"]),
    ],
)
def test_a_bad_file_is_left_out_and_told(folders: Folders, text: str | bytes, told: list[str]) -> None:
    own(folders, "a.toml", SHOP)
    bad = own(folders, "b.toml", text)
    own(folders, "c.toml", "[vendors.corner_shop]\nsummary = 'after it'")
    for _ in range(2):
        loaded = load_catalog(folders)
        assert loaded.catalog.vendors["corner_shop"].title == "Corner shop"
        assert loaded.catalog.vendors["corner_shop"].summary == "after it"
        text_of_all = "\n".join(map(str, loaded.problems))
        for part in (str(bad), *told):
            assert part in text_of_all
        assert {one.file for one in loaded.problems} == {str(bad)}
        assert bad not in loaded.files


def test_all_that_is_wrong_with_a_file_is_told_at_once(folders: Folders) -> None:
    own(folders, "b.toml", '[vendors.x]\ntitel = "x"\n[vendors.x.endpoints.y]\npth = "/"\ntitle = 3\n')
    told = "\n".join(map(str, load_catalog(folders).problems))
    assert "titel" in told
    assert "pth" in told
    assert "vendors.x.endpoints.y.title" in told


def test_what_is_no_file_is_told(folders: Folders) -> None:
    (folders.config / "catalogs" / "dir.toml").mkdir(parents=True)
    (folders.config / "catalogs" / "gone.toml").symlink_to("nowhere")
    os.mkfifo(folders.config / "catalogs" / "pipe.toml")
    told = [str(one) for one in load_catalog(folders).problems]
    assert len(told) == 3
    assert sum("is not a regular file" in one for one in told) == 2
    assert sum("the file does not exist" in one for one in told) == 1


def test_a_warm_start_neither_parses_nor_checks(folders: Folders) -> None:
    own(folders, "a.toml", SHOP)
    load_catalog(folders)
    program = """
import os, sys
from explorer.store.catalogs import load_catalog
from explorer.store.folders import Folders
from pathlib import Path
loaded = load_catalog(Folders.from_environ(os.environ), base=Path(sys.argv[1]))
assert "corner_shop" in loaded.catalog.vendors
assert "tomllib" not in sys.modules
"""
    environ = {"API_EXPLORER_HOME": str(folders.config.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(BASE)], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert done.stderr == ""


def test_a_cache_that_is_damaged_or_cannot_be_written_costs_nothing_but_time(folders: Folders) -> None:
    own(folders, "a.toml", SHOP)
    first = load_catalog(folders)
    (kept,) = folders.cache.glob("catalog-*.msgpack")
    whole = kept.read_bytes()
    for broken in (b"", b"\0" * 10, whole[:-3], whole[:50] + b"\xff" + whole[51:], whole[:4] + b"\xc0"):
        kept.write_bytes(broken)
        assert load_catalog(folders) == first
        assert kept.read_bytes() == whole
    kept.unlink()
    folders.cache.rmdir()
    folders.cache.write_text("a file where the folder should be")
    assert load_catalog(folders) == first


def test_old_states_do_not_pile_up(folders: Folders) -> None:
    for number in range(8):
        own(folders, "a.toml", SHOP + f"summary = 'state {number}'\n")
        load_catalog(folders)
    assert len(list(folders.cache.glob("catalog-*.msgpack"))) == 4
    assert list(folders.cache.glob(".*")) == []


def test_check_reads_a_file_as_it_would_be_used(folders: Folders, tmp_path: Path) -> None:
    whole = tmp_path / "shop.toml"
    whole.write_text(SHOP)
    assert check_file(whole, base=BASE) == ()

    overlay = tmp_path / "z_overlay.toml"
    overlay.write_text('[vendors.corner_shop.endpoints.orders]\nmethod = "PUT"\n')
    assert "'title' is missing" in str(check_file(overlay, base=BASE)[0])
    own(folders, "a.toml", SHOP)
    assert check_file(overlay, folders, base=BASE) == ()

    overlay.write_text('[vendors.corner_shop.endpoints.orders]\nmethd = "PUT"\n')
    (problem,) = check_file(overlay, folders, base=BASE)
    assert (problem.path, problem.near) == ("vendors.corner_shop.endpoints.orders.methd", "method")
    assert "the file does not exist" in str(check_file(tmp_path / "none.toml", base=BASE)[0])
    assert check_file(BASE, base=BASE) == ()


def test_the_shipped_catalog_is_well_and_is_found() -> None:
    shipped = ROOT / "endpoint_catalog.toml"
    assert check_file(shipped) == ()
