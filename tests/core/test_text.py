"""The small languages of ``core.text``: what is written is read back, and what is odd is not an exception."""

from __future__ import annotations

from typing import Any

import pytest

from explorer.core.text.json_path import PathStep, format_path, get_at, parse_path, put_at
from explorer.core.text.media_type import essence, is_json, is_xml, parameter
from explorer.core.text.units import (
    format_duration,
    format_exact_size,
    parse_duration,
    parse_http_date,
    parse_size,
)
from tests.properties import given, st

# --- units -----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**15))
def test_an_exact_size_is_read_back(size: int) -> None:
    assert parse_size(format_exact_size(size)) == size


@given(st.integers(1, 10**7))
def test_a_duration_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("800ms", 0.8), ("1.5 s", 1.5), ("10M", 600.0), ("2w", 1_209_600.0), ("5", None), ("-1d", None)],
)
def test_one_parser_reads_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "at"),
    [("Sun, 06 Nov 1994 08:49:37 GMT", 784111777.0), ("", None), ("yesterday", None)],
)
def test_dates_of_headers(text: str, at: float | None) -> None:
    assert parse_http_date(text) == at


# --- media types -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        ('multipart/form-data; boundary="a b;c=d"; charset=x', "boundary", "a b;c=d"),
        ('text/plain; title="charset=latin-1"; CharSet = "utf-8"', "charset", "utf-8"),
        ("text/plain charset=latin-1", "charset", "latin-1"),
        ("text/plain", "charset", ""),
        ('text/plain; charset="utf-8', "charset", "utf-8"),
    ],
)
def test_a_parameter_of_a_media_type(header: str, name: str, value: str) -> None:
    assert parameter(header, name) == value


def test_the_kind_of_a_media_type() -> None:
    assert is_json(essence("Application/VND.api+JSON ; v=1"))
    assert is_xml(essence("text/xml"))
    assert not is_json(essence("")) | is_xml(essence("application/octet-stream"))


# --- paths -----------------------------------------------------------------------------------------------------------

STEPS = st.lists(st.one_of(st.text(min_size=1), st.integers(0, 10**6)), max_size=5).map(tuple)


@given(STEPS)
def test_a_path_is_read_back(steps: tuple[PathStep, ...]) -> None:
    assert parse_path(format_path(steps)) == steps


@given(st.text())
def test_any_text_is_a_path(path: str) -> None:
    get_at({"a": [1]}, parse_path(path))


BODY: Any = {"data": [{"id": 7, "a.b": {"c": None}}], "0": "zero"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", BODY),
        ("data[0].id", 7),
        ("data.0.id", 7),
        ('data[0]["a.b"].c', None),
        ("data[1].id", None),
        ("data.id", None),
        ("0", "zero"),
        ("data[0].id.deeper", None),
        ("data." + "9" * 5000, None),
    ],
)
def test_what_is_at_a_path(path: str, value: object) -> None:
    assert get_at(BODY, path) == value


def test_a_value_is_put_below_what_is_there() -> None:
    assert put_at({"meta": {"total": 3}}, "meta.page.size", 20) == {"meta": {"total": 3, "page": {"size": 20}}}
