"""Versions in an Accept header: what can be asked for, and what an answer says."""

from __future__ import annotations

import pytest

from explorer.core.versions import parse_version, version_mismatch, version_variants

ACCEPT = "application/x.shop.v1+json"


def test_the_documented_version_is_first_and_what_else_can_be_asked_follows() -> None:
    asked = {one.key: one.accept for one in version_variants(ACCEPT)}
    assert asked == {
        "documented": ACCEPT,
        "v2": "application/x.shop.v2+json",
        "missing": "",
        "any": "*/*",
        "plain": "application/json",
        "malformed": "application/x.shop+json",
    }
    assert [one.key for one in version_variants(ACCEPT) if one.documented] == ["documented"]
    assert [one.key for one in version_variants("application/vnd.a-v3+xml")][:3] == ["documented", "v2", "v4"]


@pytest.mark.parametrize(
    ("text", "accept"),
    [
        ("v2", "application/x.shop.v2+json"),
        ("7", "application/x.shop.v7+json"),
        ("V1", ACCEPT),
        ("missing", ""),
        ("  ", ""),
        ("text/html", "text/html"),
    ],
)
def test_a_word_is_a_variant_a_number_or_a_media_type(text: str, accept: str) -> None:
    assert parse_version(text, ACCEPT).accept == accept


@pytest.mark.parametrize(
    ("asked", "got", "told"),
    [
        (ACCEPT, ACCEPT, ""),
        (ACCEPT, f"{ACCEPT}; charset=utf-8", ""),
        ("*/*", "application/json", ""),
        ("", "application/json", ""),
        (ACCEPT, "application/json", "version 1 was requested, but the Content-Type application/json has no version"),
        (
            "application/x.shop.v2+json",
            ACCEPT,
            "version 2 was requested, but the response is version 1 (application/x.shop.v1+json)",
        ),
        (ACCEPT, "", "version 1 was requested, but the response has no Content-Type"),
    ],
)
def test_an_answer_that_is_not_of_the_version_asked_for_is_told(asked: str, got: str, told: str) -> None:
    assert version_mismatch(asked, got) == told


def test_a_content_type_with_a_version_of_any_length_is_read() -> None:
    said = version_mismatch("application/x.shop.v1+json", f"application/x.shop.v{'1' * 5_000}+json")
    assert said.endswith("has no version")
