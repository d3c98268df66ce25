"""The words of a search are read as a person means them, and what cannot be read is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from explorer.core.history_search import Phrase, StatusTest, parse_search
from explorer.errors import UsageError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()


def found(text: str) -> dict[str, Any]:
    """What the words ask for, without what they do not ask for."""
    search = parse_search(text, NOW)
    table = {name: getattr(search, name) for name in search.__struct_fields__}
    return {name: value for name, value in table.items() if value not in ((), None)}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", {}),
        ("  ", {}),
        ("zelda", {"phrases": (Phrase("zelda"),)}),
        ("zelda hyr", {"phrases": (Phrase("zelda", whole=True), Phrase("hyr"))}),
        ("zel* hyr", {"phrases": (Phrase("zel*"), Phrase("hyr"))}),
        ("zelda z", {"phrases": (Phrase("zelda", whole=True), Phrase("z", whole=True))}),
        ("zel status:404", {"phrases": (Phrase("zel"),), "statuses": ((StatusTest("=", 404),),)}),
        ('"two words" xy', {"phrases": (Phrase("two words", whole=True), Phrase("xy"))}),
        ('"not closed', {"phrases": (Phrase("not closed", whole=True),)}),
        ("https://shop.example/v1", {"phrases": (Phrase("https://shop.example/v1"),)}),
        ("sku:81001", {"phrases": (Phrase("sku:81001"),)}),
        ("12:30", {"phrases": (Phrase("12:30"),)}),
        ("vendor:Shop", {"vendors": ("shop",)}),
        ("VENDOR:shop,other", {"vendors": ("shop", "other")}),
        ("vendor:shop vendor:other", {"vendors": ("shop", "other")}),
        ("endpoint:shop.orders env:sandbox", {"endpoints": ("shop.orders",), "environments": ("sandbox",)}),
        ("method:post,PUT", {"methods": ("POST", "PUT")}),
        ("verdict:failed", {"verdicts": ("FAILED",)}),
        ("verdict:ok,part", {"verdicts": ("OK", "PARTIAL")}),
        ("status:404", {"statuses": ((StatusTest("=", 404),),)}),
        ("status:>=400", {"statuses": ((StatusTest(">=", 400),),)}),
        ("status:<300", {"statuses": ((StatusTest("<", 300),),)}),
        ("status:4xx", {"statuses": ((StatusTest(">=", 400), StatusTest("<", 500)),)}),
        ("status:500-503", {"statuses": ((StatusTest(">=", 500), StatusTest("<=", 503)),)}),
        ("status:none,404", {"statuses": ((StatusTest("none"),), (StatusTest("=", 404),))}),
        ("since:2h", {"since": NOW - 7200}),
        ("since:45s", {"since": NOW - 45}),
        ("since:30m until:10M", {"since": NOW - 1800, "until": NOW - 600}),
        ("since:2w", {"since": NOW - 14 * 86400}),
        ("since:today", {"since": NOW - 43200}),
        ("since:2026-11-20", {"since": NOW - 129600}),
        ("since:2026-11-21T13:00+02:00", {"since": NOW - 3600}),
        ("tag:later tag:slow", {"tags": ("later", "slow")}),
        ('tag:"later"', {"tags": ("later",)}),
        (
            "zelda status:>=400 verdict:failed",
            {"phrases": (Phrase("zelda"),), "statuses": ((StatusTest(">=", 400),),), "verdicts": ("FAILED",)},
        ),
    ],
)
def test_words_are_read(text: str, wanted: dict[str, Any]) -> None:
    assert found(text) == wanted


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("vendor:", "vendor:", "vendor:shop"),
        ("x status: y", "status:", "status:>=400"),
        ("status:soon", "status:soon", "4xx"),
        ("status:>=", "status:>=", ">=400"),
        ("verdict:good", "verdict:good", "failed"),
        ("since:noon", "since:noon", "2h"),
        ("since:2026-13-01", "since:2026-13-01", "UTC"),
        ("vendr:shop", "vendr:", "vendor:"),
        ("statuss:404", "statuss:404", "status:"),
        ("tag:,", "tag:,", "commas"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_search(text, NOW)
    assert said in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize("text", ["\0", "\ud800", '"' * 9, "a:b:c", ":", "::", "vendor", "::vendor:x", "*" * 5000])
def test_any_other_text_is_just_text(text: str) -> None:
    parse_search(text, NOW)
