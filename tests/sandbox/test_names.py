"""Names of queries and forms are read as PHP reads them: by its manual, and by PHP itself where it is there."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from typing import Any

import pytest

from explorer.sandbox.incoming_request import parse_pairs, split_pairs

DOCUMENTED = [
    ("first=value&arr[]=foo+bar&arr[]=baz", {"first": "value", "arr": {"0": "foo bar", "1": "baz"}}),
    ("My Value=Something", {"My_Value": "Something"}),
    ("a.b=1", {"a_b": "1"}),
    (
        "filter[brands][]=louis-vuitton&filter[price][]=lt200",
        {"filter": {"brands": {"0": "louis-vuitton"}, "price": {"0": "lt200"}}},
    ),
    ("a=1&a=2", {"a": "2"}),
    ("a[x]=1&a=2", {"a": "2"}),
    ("a=1&a[x]=2", {"a": {"x": "2"}}),
    ("a[b=1", {"a_b": "1"}),
    ("a[b]c=1", {"a": {"b": "1"}}),
    ("=1&&b", {"b": ""}),
    ("a%5Bx%5D=%2B+%20", {"a": {"x": "+  "}}),
    ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
    ("%20a=1", {"a": "1"}),
]


def tree(query: str) -> dict[str, Any]:
    pairs, _ = split_pairs(query)
    return _texts(parse_pairs(pairs).values)


def _texts(values: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): _texts(value) if isinstance(value, dict) else value for key, value in values.items()}


@pytest.mark.parametrize(("query", "expected"), DOCUMENTED)
def test_reads_names_as_the_manual_says(query: str, expected: dict[str, Any]) -> None:
    assert tree(query) == expected


def _by_php(queries: list[str]) -> list[dict[str, Any]]:
    code = (
        "foreach (json_decode(stream_get_contents(STDIN)) as $q) { parse_str($q, $r); $all[] = $r; }"
        "echo json_encode($all, JSON_FORCE_OBJECT);"
    )
    done = subprocess.run(["php", "-r", code], input=json.dumps(queries), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout).values())


@pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed here")
def test_agrees_with_php_itself() -> None:
    chance = random.Random(20)  # noqa: S311 - sample data
    pieces = [
        "a",
        "b",
        "item1_size",
        "[",
        "]",
        "[]",
        "[x]",
        "[0]",
        "[7]",
        "[-3]",
        "[08]",
        ".",
        " ",
        "+",
        "=",
        "&",
        "1",
        "%5B",
        "%5D",
        "é",
        "_",
    ]
    queries = ["".join(chance.choices(pieces, k=chance.randint(1, 9))) for _ in range(1500)]
    queries += [query for query, _ in DOCUMENTED]
    for query, expected in zip(queries, _by_php(queries), strict=True):
        assert tree(query) == expected, query


def test_tells_what_was_given_twice_and_what_is_no_text() -> None:
    pairs, bad = split_pairs("a=1&a=2&b[]=1&b[]=2&c=%ff")
    found = parse_pairs(pairs, bad)
    assert found.repeated == ["a"]
    assert found.undecodable_names == ["c"]


def test_stops_at_a_thousand_names_as_php_does() -> None:
    found = parse_pairs([(f"n{number}", "x") for number in range(1200)])
    assert len(found.values) == 1000
    assert found.dropped == 200
