"""What holds for every registry: an id is the member's own, given once; looking at the ids loads no member."""

from __future__ import annotations

import subprocess
import sys

import pytest

from explorer.core.auth import AUTH_SCHEMES
from explorer.core.explain.refusals.reasons import CHECKS
from explorer.core.export.formats import FORMATS
from explorer.core.paging import PAGING_STYLES
from explorer.core.registry import Registry
from explorer.sandbox.faults import KINDS


def test_every_member_is_registered_under_its_own_id() -> None:
    assert {key: scheme.id for key, scheme in AUTH_SCHEMES.items()} == {key: key for key in AUTH_SCHEMES}
    assert {key: export_format.id for key, export_format in FORMATS.items()} == {key: key for key in FORMATS}
    assert {key: style.name for key, style in PAGING_STYLES.items()} == {key: key for key in PAGING_STYLES}
    assert {key: check.id for key, check in CHECKS.items()} == {key: key for key in CHECKS}
    assert {key: kind.name for key, kind in KINDS.items()} == {key: key for key in KINDS}


def test_an_id_is_given_once() -> None:
    with pytest.raises(ValueError, match="two tools have the id 'saw'"):
        Registry("tool", members=[("saw", 1), ("saw", 2)])
    tools = Registry("tool", members=[("saw", 1)])
    with tools.added("file", 2):
        assert list(tools.items()) == [("saw", 1), ("file", 2)]
        with pytest.raises(ValueError, match="two tools have the id 'file'"), tools.added("file", 3):
            pass
    assert list(tools) == ["saw"]


def test_a_member_is_loaded_when_it_is_asked_for() -> None:
    code = (
        "import sys\n"
        "from explorer.core.export.formats import FORMATS\n"
        "from explorer.core.auth import AUTH_SCHEMES\n"
        "assert next(iter(FORMATS)) and 'token_header' in AUTH_SCHEMES\n"
        "assert not [name for name in sys.modules if name.endswith(('formats.curl', 'auth.token_header'))]\n"
        "assert FORMATS['curl'].id == 'curl' and 'explorer.core.export.formats.har' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
