"""Bytes that are too many for memory: in a file that nobody else has, gone with whoever wanted it; and a body that is
kept there goes the way of one in memory."""

from __future__ import annotations

import gc
import os
import stat
import subprocess
import sys
from mmap import mmap
from pathlib import Path

import msgspec
import pytest

from explorer.core.body.document import Document
from explorer.core.body.value import is_utf8, read_body
from explorer.core.model import ReceivedResponse
from explorer.core.redaction import Redactor
from explorer.core.text.data import Data, first_nonblank, is_blank, pieces
from explorer.core.text.secret import Secret
from explorer.store.history import History
from explorer.store.spool import Spool, large_spool
from tests.core.shop import vendor
from tests.services.history_worker import made

FULL = """
import resource, signal, sys
from explorer.store.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
spool = Spool(above=1000)
whole = b""
for number in range(40):
    piece = bytes([number]) * 7000
    whole += piece
    spool.append(piece)
print(spool.data == whole, spool.problem)
"""


def mapped(data: bytes) -> Data:
    """*data* in a file."""
    spool = Spool()
    spool.append(data)
    found = spool.data
    assert isinstance(found, mmap)
    return found


def test_a_spool_is_nobody_elses_and_gone_when_closed() -> None:
    spool = Spool()
    spool.append(b"one\n")
    assert spool._file is not None
    state = os.fstat(spool._file.fileno())
    assert stat.S_IMODE(state.st_mode) & 0o077 == 0
    assert state.st_nlink == 0
    early = spool.data
    spool.append(b"two\n")
    assert (bytes(early), bytes(spool.data)) == (b"one\n", b"one\ntwo\n")
    spool.close()
    assert spool.data == b""
    spool.close()


def test_few_bytes_stay_in_memory_and_more_go_to_a_file() -> None:
    spool = Spool(above=10)
    spool.append(b"12345")
    kept = [spool.data]
    spool.append(b"67890")
    kept.append(spool.data)
    spool.append(b"!")
    kept.append(spool.data)
    assert [one[:] for one in kept] == [b"12345", b"1234567890", b"1234567890!"]
    assert [isinstance(one, mmap) for one in kept] == [False, False, True]
    assert (spool.size, spool.problem) == (11, "")


@pytest.mark.skipif(sys.platform != "linux", reason="open files are looked for in /proc")
def test_what_was_given_out_keeps_the_file_and_nothing_else_does() -> None:
    def files() -> int:
        """Files without a name that this process has open."""
        links = [str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
        return (Path("/proc/self/maps").read_text() + "".join(links)).count("(deleted)")

    gc.collect()
    before = files()
    data = mapped(b"x" * 10_000)
    assert data[9_990:] == b"x" * 10
    assert files() > before
    del data
    assert files() == before


def test_on_a_full_disk_the_bytes_go_on_in_memory() -> None:
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert done.stdout == "True cannot write a temporary file: File too large\n"


@pytest.mark.parametrize("body", [b"", b" \n", b' {"a": [1, "\xc3\xa9"]}', b"\xff\xfe", b"<a><b>1</b><b>2</b></a>"])
def test_bytes_in_a_file_are_read_as_those_in_memory(body: bytes) -> None:
    there = mapped(body) if body else body
    assert b"".join(pieces(there, 4096)) == body
    assert (is_blank(there), first_nonblank(there), is_utf8(there)) == (
        is_blank(body),
        first_nonblank(body),
        is_utf8(body),
    )
    kind = "application/xml" if body.startswith(b"<") else "text/plain"
    answers = [ReceivedResponse(status=200, headers=(("Content-Type", kind),), body=one) for one in (body, there)]
    assert read_body(answers[0]) == read_body(answers[1])
    shown = [Document(one, kind) for one in (body, there)]
    assert [one.line(n) for one in shown for n in range(one.line_count)] == 2 * [
        shown[0].line(n) for n in range(shown[0].line_count)
    ]
    assert (shown[0].kind, shown[0].note, shown[0].charset) == (shown[1].kind, shown[1].note, shown[1].charset)


def test_large_xml_in_a_file_is_read_once() -> None:
    body = mapped(b"<shop>" + b"<product><id>7</id></product>" * 40_000 + b"</shop>")
    answer = ReceivedResponse(status=200, headers=(("Content-Type", "text/xml"),), body=body)
    first = read_body(answer)
    assert len(first["product"]) == 40_000
    assert first["product"][39_999] == {"id": "7"}
    assert read_body(answer) is first


def test_a_large_body_in_a_file_is_masked_into_another() -> None:
    redactor = Redactor(vendor(), None, [Secret("hunter2hunter")], large_spool)
    body = b"[" + b'{"name": "kettle"},' * 500_000 + b'{"note": "hunter2hunter"}]'
    there = mapped(body)
    masked = redactor.data(there, "application/json")
    assert isinstance(masked, mmap)
    assert masked[:] == body.replace(b"hunter2hunter", "••••••".encode())
    plain = mapped(body[:9_000_000])
    assert redactor.data(plain, "application/json") is plain


def test_a_body_in_a_file_is_kept_and_comes_back(tmp_path: Path) -> None:
    body = os.urandom(1000) * 9_000
    with_limit = History(tmp_path / "history.sqlite3", now=lambda: 0.0, body_limit=1 << 40)
    spooled = ReceivedResponse(status=200, body=mapped(body))
    number = with_limit.complete(0, msgspec.structs.replace(made(1), response=spooled))
    kept = with_limit.get(number).response
    assert kept is not None
    assert isinstance(kept.body, mmap)
    assert kept.body[:] == body
    assert with_limit.recent()[0].size == len(body)
    with_limit.close()
