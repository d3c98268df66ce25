"""What a person types becomes values, or a problem that names the field and says what would be right."""

from __future__ import annotations

import pytest

from explorer.core.catalog.model import Parameter
from explorer.core.form import Checked, NumberToken, parse_entry, typed_text, validate_form
from explorer.core.form.values import convert
from explorer.core.model import Entry
from explorer.errors import UsageError
from tests.core.shop import endpoint, entries


def checked(name: str, *words: str) -> Checked:
    return validate_form(endpoint(name), entries(*words))


def problems(name: str, *words: str) -> dict[str, str]:
    return {one.field: str(one) for one in checked(name, *words).problems}


def values(name: str, *words: str) -> dict[str, object]:
    result = checked(name, *words)
    assert result.problems == ()
    return {one.name: one.value for one in result.values}


@pytest.mark.parametrize(
    ("word", "kind", "value"),
    [
        ("a=b=c", "text", "b=c"),
        ("a=", "text", ""),
        ("a:=null", "json", "null"),
        ("a=@x.png", "file", "x.png"),
        ("a=@-", "file", "-"),
        (r"a=\@ada", "text", "@ada"),
        (r"a=\\@ada", "text", r"\@ada"),
        (r"a=\ada", "text", r"\ada"),
        (r"a=b\@c", "text", r"b\@c"),
    ],
)
def test_a_word_is_an_entry(word: str, kind: str, value: str) -> None:
    entry = parse_entry(word)
    assert (entry.name, entry.kind, entry.value) == ("a", kind, value)


@pytest.mark.parametrize("word", ["a", "=b", ":=3", "a:={", "a:=nul", "a=@"])
def test_a_word_that_cannot_be_read_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        parse_entry(word)


def test_absent_empty_and_null_are_three_things() -> None:
    assert "note" not in values("cart", "item1_id=1", "item1_size=L")
    assert values("cart", "item1_id=1", "item1_size=L", "note=")["note"] == ""
    base = ("shipping.city=Oslo", "line_items[0].id=1", "line_items[0].price=2")
    assert values("buy", *base, "customer.email:=null")["customer.email"] is None
    assert "null" in problems("buy", *base, "shipping.state:=null")["shipping.state"]
    assert "null" in problems("search", "q:=null")["q"]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("start=x", "not an integer"),
        ("start=-1", "0 or more"),
        ("count=51", "1 to 50"),
        ("count=", "empty"),
        ("order=dsc", "did you mean 'desc'"),
        ("since=2026-11-21", "mm-dd-yyyy"),
        ("since=02-30-2026", "not a valid date"),
        ("flag=maybe", "1 or 0"),
        ("sku=1,,2", "empty element"),
        ("sku=1, 2", "spaces"),
        ("sku=1,x", "not an integer"),
        ("sort=asc", "is not a parameter"),
        ("ordr=asc", "did you mean 'order'"),
    ],
)
def test_a_wrong_value_names_the_field_and_says_what_is_right(word: str, told: str) -> None:
    found = problems("search", "count=1", word) if not word.startswith("count") else problems("search", word)
    assert told in found[word.partition("=")[0]]


@pytest.mark.parametrize(
    "word", ["sku=1,2,3", "sku=all", "flag=1", "flag=false", "since=11-21-2026", "q=[x]", "count=50"]
)
def test_a_right_value_is_taken(word: str) -> None:
    assert problems("search", word) == {}


def test_a_wrong_word_of_a_list_is_named_once() -> None:
    assert problems("search", "count=1", "sku=1,3A")["sku"].count("3A") == 1


def test_flags_are_written_as_the_vendor_writes_them() -> None:
    assert values("search", "flag=false")["flag"] == "0"
    assert values("search", "flag=true")["flag"] == "1"
    assert values("buy", "shipping.city=x", "line_items[0].id=1", "line_items[0].price=2", "gift=yes")["gift"] is True


def test_json_numbers_keep_their_digits() -> None:
    found = values("buy", "shipping.city=x", "line_items[0].id=18446744073709551617", "line_items[0].price=25.0")
    assert found["line_items[0].id"] == NumberToken("18446744073709551617")
    assert found["line_items[0].price"] == "25.0"


def test_a_literal_spreads_over_the_fields_below_it() -> None:
    found = values("buy", 'shipping:={"city": "Oslo"}', 'line_items:=[{"id": 1, "price": 2.50}]', 'tags:=["a", "b"]')
    assert found["shipping.city"] == "Oslo"
    assert found["line_items[0].price"] == "2.50"
    result = checked("buy", "shipping.city=x", 'line_items:=[{"id": 1, "price": 2}]', 'tags:=["a", "b"]')
    assert [one.value for one in result.values if one.name == "tags[]"] == ["a", "b"]


def test_a_group_is_whole_for_each_index_and_indexes_may_have_gaps() -> None:
    assert problems("cart", "item3_id=1", "item3_size=L", "item10_id=2", "item10_size=S") == {}
    assert list(problems("cart", "item3_id=1", "item3_size=L", "item7_id=2")) == ["item7_size"]
    assert set(problems("cart")) == {"item1_id", "item1_size"}


def test_a_dense_group_has_no_gaps() -> None:
    words = (
        "shipping.city=x",
        "line_items[0].id=1",
        "line_items[0].price=2",
        "line_items[2].id=1",
        "line_items[2].price=2",
    )
    assert "consecutive indexes" in problems("buy", *words)["line_items[#]"]


def test_rules_across_fields() -> None:
    assert "required with start" in problems("search", "start=0")["count"]
    assert "900" not in problems("search", "start=0")["count"]
    words = ("shipping.city=x", "line_items[0].id=1", "line_items[0].price=2")
    assert "required with pin" in problems("buy", *words, "pin=1234")["pin_again"]
    assert "differs" in problems("buy", *words, "pin=1234", "pin_again=1235")["pin_again"]
    item = ("item1_id=1", "item1_size=L")
    assert "website" in problems("cart", *item, "clear=website,logo", "website=https://a.example/x")["clear"]
    assert problems("cart", *item, "clear=twitter", "website=https://a.example/x") == {}


def test_required_fields_are_listed_also_when_they_are_empty() -> None:
    assert "required" in problems("buy", "line_items[0].id=1", "line_items[0].price=2")["shipping.city"]
    assert "empty" in problems("buy", "shipping.city=", "line_items[0].id=1", "line_items[0].price=2")["shipping.city"]


def test_the_same_input_in_another_order_gives_the_same_values() -> None:
    one = checked(
        "cart", "note=x", "item7_size=L", "item7_id=2", "item10_id=3", "item10_size=S", "item1_id=1", "item1_size=M"
    )
    other = checked(
        "cart", "item1_size=M", "item10_size=S", "item1_id=1", "item10_id=3", "note=x", "item7_id=2", "item7_size=L"
    )
    assert one.values == other.values
    assert [value.name for value in one.values[:4]] == ["item1_id", "item1_size", "item7_id", "item7_size"]


def test_a_file_is_a_file_and_an_at_sign_is_text_where_it_is_escaped() -> None:
    assert "is a file" in problems("upload", "title=x", "images[0]=x.png")["images[0]"]
    assert values("cart", "item1_id=1", "item1_size=L", r"twitter=\@ada")["twitter"] == "@ada"


def test_a_file_that_was_not_read_is_never_sent_as_its_name() -> None:
    assert "not read" in problems("cart", "item1_id=1", "item1_size=L", "twitter=@ada")["twitter"]


@pytest.mark.parametrize("text", ["@ada", r"\@ada", r"\\@", r"\ada", "a@b", "", "@"])
def test_a_text_is_typed_so_that_it_is_read_back(text: str) -> None:
    assert parse_entry(f"a={typed_text(text)}") == Entry(name="a", value=text)


def test_a_value_given_twice_is_told_unless_it_may_repeat() -> None:
    assert "twice" in problems("search", "q=a", "q=b")["q"]
    assert problems("search", "filter[brands][]=a", "filter[brands][]=b", "filter[name]=x,y", "filter[size]=L") == {}


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"pattern": "[0-9]+"}, "my card"),
        ({"type": "integer"}, "8731x"),
        ({"type": "integer", "max": 5}, "8731"),
        ({"type": "boolean"}, "8731"),
        ({"enum": ("a",)}, "8731"),
        ({"comma": True, "type": "integer"}, "1, my card,2"),
        ({"type": "date"}, "8731"),
    ],
)
def test_what_is_wrong_with_a_secret_is_told_without_it(limits: dict[str, object], text: str) -> None:
    _, wrong = convert(Parameter(name="x", location="query", secret=True, **limits), text)  # type: ignore[arg-type]
    assert wrong is not None
    assert "the value" in wrong[0]
    assert "8731" not in wrong[0]
    assert "my card" not in wrong[0]
