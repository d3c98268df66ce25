"""Saved requests as files: what is written is read back, comments stay, nothing is half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from explorer.core.model import Call, Entry
from explorer.core.saved.model import Assertion, Expectations, RerunRule, SavedRequest
from explorer.core.saved.placeholders import escape
from explorer.core.saved.toml import group_entries, read_request, request_table
from explorer.errors import StoreError, UsageError
from explorer.store.saved_files import FileChanged, delete, load_library, move, save, stamps
from explorer.store.saved_files.writing import ANY_DIGEST, render_request, update_text
from tests.conftest import ROOT
from tests.properties import given, settings, st

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
JSON = st.sampled_from(["null", "3", "25.0", "1e400", '"a\\"b"', '{"a": [1, "x"]}', "true"])
ENTRY = st.one_of(
    st.builds(lambda name, value: Entry(name=name, value=escape(value)), NAME, TEXT),
    st.builds(lambda name, value: Entry(name=name, kind="json", value=value), NAME, JSON),
    st.builds(lambda name, value: Entry(name=name, kind="file", value=escape(value)), NAME, TEXT),
)
PAIRS = st.lists(st.tuples(NAME, TEXT.map(escape)), max_size=4).map(tuple)
CALL = st.builds(
    lambda entries, extra, headers, method, force, readings: Call(
        vendor="shop",
        endpoint="order",
        entries=group_entries(entries),
        extra=extra,
        headers=headers,
        method=method,
        force=force,
        readings=readings,
    ),
    st.lists(ENTRY, max_size=6),
    PAIRS,
    PAIRS,
    st.sampled_from(["", "HEAD"]),
    st.booleans(),
    st.dictionaries(NAME, NAME, max_size=2),
)
VALUE = st.one_of(TEXT, st.integers(-(2**53), 2**53), st.booleans(), st.lists(st.integers(0, 9), max_size=3))
EXPECT = st.builds(
    lambda verdict, status, body: Expectations(verdict=verdict, status=status, body=body),
    st.sampled_from(["", "OK", "any"]),
    st.sampled_from([(), ("201",), ("2xx", ">=400")]),
    st.sampled_from([(), (("data.id", (Assertion(operator="exists", value=True),)),)]),
)
REQUEST = st.builds(
    lambda call, description, expect, again: SavedRequest(
        call=call, description=description, expect=expect, again=again
    ),
    CALL,
    TEXT,
    EXPECT,
    st.sampled_from([{}, {"login": RerunRule("older", 600.0)}, {"login": RerunRule("never")}]),
)


def read(text: str) -> SavedRequest:
    request, problems = read_request(tomllib.loads(text), "f", text)
    assert request is not None, problems
    return request


@given(REQUEST)
@settings(max_examples=150)
def test_what_is_written_is_read_back(request: SavedRequest) -> None:
    """Absent, empty, null, JSON and file stay apart, and every sign of every text is there."""
    text = render_request(request)
    assert read(text) == request
    assert render_request(read(text)) == text


@given(REQUEST, REQUEST)
@settings(max_examples=100)
def test_any_file_can_be_changed_into_any_other(old: SavedRequest, new: SavedRequest) -> None:
    text = update_text(render_request(old), old, new)
    assert request_table(read(text)) == request_table(new)
    assert update_text(text, read(text), read(text)) == text


COMMENTED = """\
# Reviewed by the team.
description = "An order"  # short
call = 'shop.order'
environment = "test"

# what is ordered
[values]
size = 41 # European
"shipping.city" = "Hyrule"
gift = { json = "null" } # none

[headers]
# for tracing
X-Trace = "abc"

[expect]
status = 201 # made
"""


def test_comments_and_spelling_stay_where_the_change_is_elsewhere() -> None:
    old = read(COMMENTED)
    entries = tuple(
        msgspec.structs.replace(one, value="Kakariko") if one.name == "shipping.city" else one
        for one in old.call.entries
    )
    new = msgspec.structs.replace(
        old, call=msgspec.structs.replace(old.call, entries=(*entries, Entry(name="note", value="")), environment="")
    )
    text = update_text(COMMENTED, old, new)
    lines = COMMENTED.replace("Hyrule", "Kakariko").replace('environment = "test"\n', "").splitlines()
    assert [line for line in text.splitlines() if line.strip()] == [
        piece
        for line in lines
        if line.strip()
        for piece in ([line, 'note = ""'] if line.startswith("gift") else [line])
    ]


def test_a_changed_value_keeps_the_comment_behind_it() -> None:
    old = read(COMMENTED)
    new = msgspec.structs.replace(old, description="Another")
    assert 'description = "Another"  # short' in update_text(COMMENTED, old, new)


BAD = [
    ('call = "shop"', "line 1, call", "vendor.endpoint"),
    ('call = "a.b"\nvalue = {}', "line 2, value", "values"),
    ('call = "a.b"\n[values]\nx = 1.5', "line 3, values.x", '"1.5"'),
    ('call = "a.b"\n[values]\n"a.b" = []', 'line 3, values."a.b"', "delete the key"),
    ('call = "a.b"\n[values]\nx = { json = "{" }', "line 3, values.x", "JSON"),
    ('call = "a.b"\n[values]\nx = "${A"', "line 3, values.x", "${NAME}"),
    ('call = "a.b"\n[expect]\nstatus = "teapot"', "line 3, expect.status", "2xx"),
    ('call = "a.b"\n[expect]\nverdict = "OKAY"', "line 3, expect.verdict", "OK"),
    ('call = "a.b"\n[expect]\nwithin = "soon"', "line 3, expect.within", "800ms"),
    ('call = "a.b"\n[expect.body]\n"data[" = 1', 'line 3, expect.body."data["', "jmespath"),
    ('call = "a.b"\n[expect.body]\nx = { at_last = 1 }', "line 3, expect.body.x.at_last", "at_least"),
    ('call = "a.b"\n[again]\nlogin = "sometimes"', "line 3, again.login", "older than 10m"),
    ("[values]\nx = 1", "", "'call' is missing"),
]


@pytest.mark.parametrize(("text", "where", "right"), BAD)
def test_a_bad_file_is_told_of_with_its_line_and_what_would_be_right(
    tmp_path: Path, text: str, where: str, right: str
) -> None:
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    (tmp_path / "good.toml").write_text('call = "shop.order"', encoding="utf-8")
    library = load_library(tmp_path)
    file = library.files["bad"]
    assert file.request is None
    said = "\n".join(map(str, file.problems))
    assert where in said
    assert right in said
    assert library.files["good"].request is not None


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = 'call = "shop"\nvalue = 1\n[expect]\nstatus = 7\n[values]\nx = []\n'
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    assert len(load_library(tmp_path).files["bad"].problems) == 4


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a = ", b"x = 1\n\n[[", b"\x00", b'call = "a.b"\ncall = "a.b"'])
def test_what_is_no_toml_is_a_problem_with_a_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.toml").write_bytes(data)
    problems = load_library(tmp_path).files["bad"].problems
    assert len(problems) == 1
    assert problems[0].path.startswith("line ")


@pytest.mark.parametrize("name", ["", "../x", "a/../b", "a//b", ".hid", "a.b", "environments/x", "_x", "con", "a\nb"])
def test_names_stay_below_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        save(tmp_path / "deep", name, simple())
    assert not list(tmp_path.rglob("*.toml"))


def simple(**values: str) -> SavedRequest:
    entries = tuple(Entry(name=name, value=value) for name, value in values.items())
    return SavedRequest(call=Call(vendor="shop", endpoint="order", environment="", entries=entries))


def test_a_file_that_changed_since_is_not_overwritten(tmp_path: Path) -> None:
    mine = save(tmp_path, "orders/create", simple(size="41"))
    theirs = save(tmp_path, "orders/create", simple(size="42"), digest=mine.digest)
    with pytest.raises(FileChanged) as caught:
        save(tmp_path, "orders/create", simple(size="43"), digest=mine.digest)
    assert caught.value.file.digest == theirs.digest
    assert "orders/create.mine" in caught.value.hint
    assert load_library(tmp_path).files["orders/create"].request == simple(size="42")
    save(tmp_path, "orders/create.mine", simple(size="43"))
    library = load_library(tmp_path)
    assert library.files["orders/create.mine"].is_side
    assert library.sequence("orders") == ("orders/create",)
    save(tmp_path, "orders/create", simple(size="43"), digest=ANY_DIGEST)
    assert load_library(tmp_path).files["orders/create"].request == simple(size="43")


def test_a_new_name_that_is_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    save(tmp_path, "a", simple(size="1"))
    with pytest.raises(FileChanged, match="already exists"):
        save(tmp_path, "a", simple(size="2"))


def test_files_of_a_form_are_counted_from_the_request(tmp_path: Path) -> None:
    picture = tmp_path / "pictures" / "bag.png"
    request = SavedRequest(
        call=Call(
            vendor="shop",
            endpoint="order",
            environment="",
            entries=(Entry(name="image", kind="file", value=str(picture)),),
        )
    )
    file = save(tmp_path, "uploads/bag", request)
    assert 'file = "../pictures/bag.png"' in file.text
    assert file.request is not None
    assert Path(file.request.call.entries[0].value).resolve() == picture.resolve()


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    save(tmp_path, "a", simple(size="1"))
    save(tmp_path, "b", simple(size="1"))
    first = load_library(tmp_path)
    assert load_library(tmp_path, first) is first
    save(tmp_path, "b", simple(size="2"), digest=ANY_DIGEST)
    second = load_library(tmp_path, first)
    assert second.files["a"] is first.files["a"]
    assert second.files["b"].request == simple(size="2")
    assert stamps(tmp_path) == second.stamps


def test_moving_and_deleting_leave_no_empty_folder(tmp_path: Path) -> None:
    file = save(tmp_path, "deep/a", simple())
    save(tmp_path, "b", simple())
    with pytest.raises(UsageError, match="already exists"):
        move(tmp_path, file, "b")
    moved = move(tmp_path, file, "other/a")
    assert sorted(load_library(tmp_path).files) == ["b", "other/a"]
    delete(tmp_path, moved)
    assert [one.name for one in tmp_path.iterdir()] == ["b.toml"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """RLIMIT_FSIZE makes the kernel refuse to write, as a full disk does."""
    old = save(tmp_path, "a", simple(size="1"))
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from tests.services.test_saved_files import simple\nfrom explorer.store.saved_files import save\n"
        "from explorer.errors import StoreError\nfrom explorer.store.saved_files.writing import ANY_DIGEST\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        f"try:\n    save(Path({str(tmp_path)!r}), 'a', simple(size='2'), digest=ANY_DIGEST)\n"
        "except StoreError as error:\n    print(error.message)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "could not be written" in out
    assert (tmp_path / "a.toml").read_text(encoding="utf-8") == old.text
    assert [one.name for one in tmp_path.iterdir()] == ["a.toml"]


def test_kill_at_any_moment_of_writing_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nfrom tests.services.test_saved_files import simple\n"
        "from explorer.store.saved_files import save\nfrom explorer.store.saved_files.writing import ANY_DIGEST\n"
        f"folder = Path({str(tmp_path)!r})\nnumber = 0\n"
        "save(folder, 'a', simple(size='x0'), digest=ANY_DIGEST)\nprint('ready', flush=True)\n"
        "while True:\n    number += 1\n    save(folder, 'a', simple(size=f'x{number}' * 2000), digest=ANY_DIGEST)\n"
    )
    for pause in (b"1", b"22", b"333"):
        worker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        seen: set[str] = set()
        while len(seen) < 2 * len(pause):
            request = load_library(tmp_path).files["a"].request
            assert request is not None
            seen.add(request.call.entries[0].value)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        file = load_library(tmp_path).files["a"]
        assert file.request is not None
        value = file.request.call.entries[0].value
        assert value == "x0" or (value[: len(value) // 2000] * 2000 == value)
        assert set(load_library(tmp_path).files) == {"a"}


def test_an_unwritable_folder_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "saved").write_text("a file", encoding="utf-8")
    with pytest.raises(StoreError):
        save(tmp_path / "saved", "a", simple())


def test_a_folder_runs_by_number_and_name_or_as_it_says(tmp_path: Path) -> None:
    for name in ("10-pay", "2-cart", "9-more/b", "9-more/a", "1-login", "9-more/10-c"):
        save(tmp_path, name, simple())
    assert load_library(tmp_path).sequence(".") == (
        "1-login",
        "2-cart",
        "9-more/10-c",
        "9-more/a",
        "9-more/b",
        "10-pay",
    )
    (tmp_path / "_folder.toml").write_text('order = ["pay", "2-cart"]\n', encoding="utf-8")
    (tmp_path / "9-more" / "_folder.toml").write_text('order = ["b", "nowhere"]\n', encoding="utf-8")
    library = load_library(tmp_path)
    assert library.sequence(".") == ("10-pay", "2-cart", "1-login", "9-more/b", "9-more/10-c", "9-more/a")
    assert library.sequence("more") == ("9-more/b", "9-more/10-c", "9-more/a")
    assert ["nowhere" in str(one) for one in library.folder_problems["9-more"]] == [True]


def table_of(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def test_the_order_of_a_file_is_always_the_same() -> None:
    call = Call(
        vendor="shop", endpoint="order", environment="test", method="PUT", readings={"b": "1", "a": "2"}, force=True
    )
    request = SavedRequest(call=call, description="d", expect=Expectations(verdict="OK"))
    text = render_request(request)
    assert list(table_of(text)) == ["description", "call", "environment", "method", "force", "readings", "expect"]
    assert list(table_of(text)["readings"]) == ["a", "b"]
