"""No bytes of a server, and no pasted text, take time that grows faster than they do.

One parser is measured with a whole body of one repeated character, delimiter or opener: twice the input takes at most
2.6 times the processor time (median of five). What takes so little time that even quadratic growth would stay below a
few seconds at 1 MB is not measured twice.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Final

import pytest

from explorer.core.body.lexer import lex_markup
from tests.core.parsers import AFTER, PARSERS, UNITS
from tests.growth import growth

if TYPE_CHECKING:
    from collections.abc import Callable

_SMALL: Final = 4_000
_NEGLIGIBLE: Final = 0.0002
"""Seconds for the double of ``_SMALL``; quadratic growth would make about 3 s of it at 1 MB."""
_MOST: Final = 2.6
_SIGNS: Final = {
    "json": b"{[\\",
    "json lines": b"{[",
    "xml": b"<&",
    "html": b"<&",
    "csv": b'",',
    "form": b"&=%",
    "text": b"-",
    "unknown": b"{<",
}


def _body(shape: tuple[bytes, bytes], size: int) -> bytes:
    opener, unit = shape
    return opener + (unit * (size // len(unit) + 1))[:size]


def _seconds(work: Callable[[bytes], object], data: bytes) -> float:
    start = process_time()
    work(data)
    return process_time() - start


def _grows_too_fast(work: Callable[[bytes], object], shape: tuple[bytes, bytes]) -> float:
    """How many times longer twice as many bytes take, where that is too much; 0 where it is not.

    What looks so is measured again at twice and four times the size: a step to another way of reading is at one size,
    while time that grows faster than the input does so at each.
    """
    small, large = _body(shape, _SMALL), _body(shape, 2 * _SMALL)
    long = _seconds(work, large)
    if long < _NEGLIGIBLE or long <= _MOST * _seconds(work, small):
        return 0
    for times in (4, 8):
        ratio = growth(work, large, _body(shape, times * _SMALL))
        if ratio <= _MOST:
            return 0
        large = _body(shape, times * _SMALL)
    return ratio


def _shapes(parser: str) -> list[tuple[bytes, bytes]]:
    """What the parser is fed: of several bytes, what its kind of body knows."""
    shapes = [*((b"", unit) for unit in UNITS), *AFTER]
    known = _SIGNS.get(parser.partition(": ")[2])
    if known is None:
        return shapes
    return [(opener, unit) for opener, unit in shapes if len(opener + unit) == 1 or set(opener + unit) & set(known)]


@pytest.mark.parametrize("parser", PARSERS)
def test_time_grows_no_faster_than_the_input(parser: str) -> None:
    work = PARSERS[parser]
    work(b"a")  # what is loaded at the first use is not measured
    too_fast = {shape: round(ratio, 1) for shape in _shapes(parser) if (ratio := _grows_too_fast(work, shape))}
    assert not too_fast


@pytest.mark.parametrize("kind", ["xml", "html"])
@pytest.mark.parametrize(
    "text", ["<a " + "b" * 2000 + '="c" ' + "d" * 700 + ">", "e" * 500, "<" + "f" * 300 + ">g</" + "f" * 300]
)
def test_a_long_name_keeps_each_character_and_its_kind(kind: str, text: str) -> None:
    tokens = lex_markup(kind, text)
    assert "".join(value for _, value in tokens) == text
    short = lex_markup(kind, re.sub(r"(\w)\1{9,}", r"\1\1", text))
    assert [of for of, _ in tokens] == [of for of, _ in short]


@pytest.mark.parametrize("kind", ["xml", "html"])
def test_ampersands_are_colored_in_time_that_grows_as_their_number(kind: str) -> None:
    assert growth(lambda text: lex_markup(kind, text), "&" * 2_000, "&" * 4_000) <= _MOST
    tokens = lex_markup(kind, "a&lt;b&c&" + "d" * 80 + ";&#x41;")
    assert [value for of, value in tokens if of == "constant"] == ["&lt;", "&#x41;"]


# --- the table is whole -----------------------------------------------------------------------------------------------

_DOCUMENT: Final = Path(__file__).parents[2] / "explorer" / "core" / "body"
_NOT_BYTES_OF_A_SERVER: Final = {
    "filters.worker_main": "the frame around Filter in another process",
    "filters.answer_filters": "the frame around Filter in another process",
    "search.worker_main": "the frame around Search in another process",
    "search.write_matches": "in another process; a user's pattern may never end, and is stopped",
    "image_worker.worker_main": "Pillow in another process, which is ended when it takes too long",
    "image_worker.make_thumbnail": "Pillow in another process, which is ended when it takes too long",
    "media.signature": "compares the first bytes with constants",
    "lexer.preload": "takes the name of a kind",
    "search.find": "slices of a fixed size, searched for a constant",
    "search.find_last": "slices of a fixed size, searched for constants",
    "search.find_pattern": "what it matches is given by the caller; fold and outline are measured through it",
    "value.json_value": "measured through read_body",
    "value.xml_value": "measured through read_body",
    "json_text.has_surrogate": "a part of format_json",
    "lexer.lex_json": "sees at most one chunk of a line; measured by painting",
    "lexer.lex_markup": "sees at most one chunk of a line; measured by painting",
}


def _public_functions() -> dict[str, str]:
    """Each public function of ``core.body`` that takes bytes or text, and what reads them."""
    functions: dict[str, str] = {}
    for path in sorted(_DOCUMENT.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                kinds = {ast.unparse(argument.annotation) for argument in node.args.args if argument.annotation}
                if kinds & {"bytes", "str", "Data", "BinaryIO"}:
                    functions[f"{path.stem}.{node.name}"] = path.stem
    return functions


def test_every_reader_of_a_body_is_measured_or_has_a_reason_not_to_be() -> None:
    source = (Path(__file__).parent / "parsers.py").read_text(encoding="utf-8")
    measured = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    measured |= {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    functions = _public_functions()
    assert [
        name for name in functions if name.split(".")[1] not in measured and name not in _NOT_BYTES_OF_A_SERVER
    ] == []
    assert set(_NOT_BYTES_OF_A_SERVER) - set(functions) == set()
