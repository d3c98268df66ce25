"""Comparing bodies: what is reported makes the right side of the left one, no more and no less."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from explorer.core.diff import Change, DiffPart, VolatileMask, parse_patterns
from explorer.core.diff.align import longest_increasing_run, pair_by_content, pair_by_identity
from explorer.core.diff.changes import EQUAL
from tests.core.diffs import compare_bodies, compare_texts
from tests.properties import example, given, settings, st

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON = ("application/json", "application/json")
XML = ("application/xml", "application/xml")

keys = st.sampled_from(["a", "b", "id", "name", "a/b", "m~n", "", "type", "tags"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, 1e300]),
    st.sampled_from(["", "x", "1", "é"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(keys, inner, max_size=4),
        st.lists(st.fixed_dictionaries({"id": st.integers(0, 6), "name": inner}), max_size=5),
    ),
    max_leaves=20,
)


def compared(left: Any, right: Any, volatile: VolatileMask | None = None) -> DiffPart:
    """Two values compared as JSON."""
    bodies = json.dumps(left).encode(), json.dumps(right).encode()
    return compare_bodies(*bodies, JSON, volatile or VolatileMask())


def told(part: DiffPart) -> list[tuple[str, str, str, str]]:
    """Kind, path and both texts of every change that counts."""
    return [(one.kind, one.path, one.left, one.right) for one in part.record.changes if not one.masked]


# --- with the right side's values where a change names them, and only there, the left becomes the right ---------------


def resolved(value: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points to."""
    for step in pointer.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step.replace("~1", "/").replace("~0", "~")]
    return value


class Applied:
    """The changes applied to the left side."""

    def __init__(self, right: Any, changes: Sequence[Change]) -> None:
        self.right = right
        self.changed = {(one.left_at, one.right_at) for one in changes if one.kind == "changed"}
        self.removed = {one.left_at for one in changes if one.kind == "removed"}
        self.added = {one.right_at for one in changes if one.kind == "added"}
        self.moved = {one.left_at: one.right_at for one in changes if one.kind == "moved"}

    def value(self, left: Any, at: str, to: str) -> Any:
        """What *left*, which stands at *at*, becomes at *to*."""
        if (at, to) in self.changed:
            return resolved(self.right, to)
        if isinstance(left, dict):
            table = {}
            for key, one in left.items():
                step = "/" + key.replace("~", "~0").replace("/", "~1")
                if at + step not in self.removed:
                    table[key] = self.value(one, at + step, to + step)
            for pointer in self.added:
                parent, _, step = pointer.rpartition("/")
                if parent == to:
                    table[step.replace("~1", "/").replace("~0", "~")] = resolved(self.right, pointer)
            return table
        if isinstance(left, list):
            return self.elements(left, at, to)
        return left

    def elements(self, left: list[Any], at: str, to: str) -> list[Any]:
        """A list: what is new or moved has its place, the others keep their order around it."""
        places = {pointer: None for pointer in self.added if pointer.rpartition("/")[0] == to}
        moved = {place: i for i in range(len(left)) if (place := self.moved.get(f"{at}/{i}"))}
        staying = [i for i in range(len(left)) if f"{at}/{i}" not in self.removed and f"{at}/{i}" not in self.moved]
        result = []
        for j in range(len(places) + len(moved) + len(staying)):
            place = f"{to}/{j}"
            if place in places:
                result.append(resolved(self.right, place))
            else:
                i = moved[place] if place in moved else staying.pop(0)
                result.append(self.value(left[i], f"{at}/{i}", place))
        return result


@given(values, values)
@settings(max_examples=400)
@example(
    [{"id": 1, "name": 1}, {"id": 2, "name": 2}], [{"id": 2, "name": 2}, {"id": 3, "name": 0}, {"id": 1, "name": 1}]
)
@example([True, 1], [1, True])
@example({"a": {}}, {"a": {"b": 1}})
@example([[], [1]], [[1], []])
def test_the_changes_make_the_right_side_of_the_left_one(left: Any, right: Any) -> None:
    part = compared(left, right)
    made = Applied(right, part.record.changes).value(left, "", "")
    assert json.dumps(made, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(values)
@settings(max_examples=200)
def test_nothing_differs_from_itself(value: Any) -> None:
    other = json.dumps(value, indent=3, sort_keys=True).encode()
    part = compare_bodies(json.dumps(value).encode(), other, JSON)
    assert part.is_same
    assert part.record.changes == []


def covered(part: DiffPart) -> None:
    """Each line of either side stands in exactly one block, and lines that are called equal are."""
    lefts: list[int] = []
    rights: list[int] = []
    for n in range(part.record.block_count):
        block = part.record.block(n)
        lefts += range(block.left, block.left + block.left_lines)
        rights += range(block.right, block.right + block.right_lines)
        if block.kind == EQUAL and block.left_lines == block.right_lines and block.left_lines != 1:
            one = sorted(part.left.line(block.left + i).rstrip(",") for i in range(block.left_lines))
            assert one == sorted(part.right.line(block.right + i).rstrip(",") for i in range(block.right_lines))
    assert sorted(lefts) == list(range(part.left.line_count))
    assert sorted(rights) == list(range(part.right.line_count))


@given(values, values)
@settings(max_examples=300)
def test_every_line_has_its_place(left: Any, right: Any) -> None:
    part = compared(left, right)
    assert part.note in ("", "the same values; only whitespace, escapes or key order differ")
    covered(part)


@given(values, values)
@settings(max_examples=200)
def test_a_masked_field_never_makes_a_change(left: Any, right: Any) -> None:
    part = compared({"keep": 1, "id": left}, {"keep": 1, "id": right}, VolatileMask(names=frozenset({"id"})))
    assert part.record.found == 0
    assert part.record.masked == (json.dumps(left, sort_keys=True) != json.dumps(right, sort_keys=True))


# --- golden cases -----------------------------------------------------------------------------------------------------


def test_an_element_that_was_put_in_is_one_change() -> None:
    left = {"data": [{"id": n, "name": f"bag {n}"} for n in range(100)]}
    right = {"data": [*left["data"][:3], {"id": 500, "name": "new"}, *left["data"][3:]]}
    assert told(compared(left, right)) == [("added", "data[3]", "", '{"id": 500, "name": "new"}')]


def test_elements_without_identity_are_matched_by_what_they_hold() -> None:
    left = [[n, n * n] for n in range(50)]
    right = [left[0], ["new"], *left[1:20], *left[21:]]
    assert told(compared(left, right)) == [("added", "[1]", "", '["new"]'), ("removed", "[20]", "[20, 400]", "")]


def test_an_element_that_moved_is_told_as_moved_with_what_changed_in_it() -> None:
    left = [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}, {"sku": "c", "n": 3}]
    right = [{"sku": "c", "n": 4}, {"sku": "a", "n": 1}, {"sku": "b", "n": 2}]
    assert told(compared(left, right)) == [("moved", "[2]", "at 2", "at 0"), ("changed", "[2].n", "3", "4")]


def test_json_api_identity_is_type_and_id() -> None:
    left = [{"type": "orders", "id": "1", "n": 1}, {"type": "users", "id": "1", "n": 2}]
    right = [{"type": "users", "id": "1", "n": 3}]
    assert told(compared(left, right)) == [
        ("removed", "[0]", '{"type": "orders", "id": "1", "n": 1}', ""),
        ("changed", "[1].n", "2", "3"),
    ]


def test_a_number_is_its_spelling() -> None:
    part = compare_bodies(b'{"a": 1.0, "b": 1e2, "c": -0, "d": 7}', b'{"a": 1, "b": 100, "c": 0, "d": 7}', JSON)
    assert told(part) == [("changed", "a", "1.0", "1"), ("changed", "b", "1e2", "100"), ("changed", "c", "-0", "0")]


def test_a_number_is_no_text_and_true_is_no_one() -> None:
    part = compare_bodies(b'{"a": 1, "b": true, "c": "2"}', b'{"a": "1", "b": 1, "c": 2}', JSON)
    assert [one[2:] for one in told(part)] == [("1", '"1"'), ("true", "1"), ('"2"', "2")]


def test_keys_that_stand_twice_are_compared_one_by_one() -> None:
    part = compare_bodies(b'{"a": 1, "a": 2, "b": 3}', b'{"a": 1, "a": 5, "b": 3}', JSON)
    assert told(part) == [("changed", "a (repeated, 2)", "2", "5")]


def test_the_order_of_keys_and_the_spelling_of_text_make_no_change_but_are_told() -> None:
    part = compare_bodies(b'{"a": 1, "b": "\\u00e9"}', '{"b": "é", "a": 1}'.encode(), JSON)
    assert told(part) == []
    assert part.note == "the same values; only whitespace, escapes or key order differ"


def test_a_page_of_other_records_is_not_taken_for_changes_of_the_same() -> None:
    part = compared([{"id": 1, "n": "a"}, {"id": 2, "n": "b"}], [{"id": 3, "n": "a"}, {"id": 4, "n": "b"}])
    assert part.record.counts == {"changed": 0, "added": 2, "removed": 2, "moved": 0}


def test_volatile_paths_reach_through_lists_and_leave_their_namesakes_alone() -> None:
    left = {"data": [{"at": 1, "x": {"at": 1}}], "at": 1}
    right = {"data": [{"at": 2, "x": {"at": 2}}], "at": 2}
    part = compared(left, right, parse_patterns(["data[*].at"]))
    assert told(part) == [("changed", "data[0].x.at", "1", "2"), ("changed", "at", "1", "2")]
    assert part.record.masked == 1
    assert told(compared(left, right, parse_patterns(["$.at", "data[0]"]))) == []


def test_elements_that_differ_in_volatile_fields_only_are_still_matched() -> None:
    left = [{"v": n, "stamp": n} for n in range(20)]
    right = [{"v": "new", "stamp": 0}, *({"v": n, "stamp": n + 100} for n in range(20))]
    part = compared(left, right, parse_patterns(["stamp"]))
    assert told(part) == [("added", "[0]", "", '{"v": "new", "stamp": 0}')]
    assert part.record.masked == 20


def test_json_against_a_page_of_html_is_one_change() -> None:
    part = compare_bodies(b'{"a": 1}', b"<html><body>no</body></html>", ("application/json", "text/html"))
    assert told(part) == [("changed", "(whole body)", "JSON, 8 bytes", "HTML, 28 bytes")]


def test_json_that_breaks_off_is_compared_by_lines() -> None:
    part = compare_bodies(b'{"a": 1,\n"b": 2', b'{"a": 1,\n"b": 3', JSON)
    assert part.record.found >= 1
    assert part.note.startswith("compared by lines")


def test_json_nested_deeper_than_can_be_walked_is_compared_all_the_same() -> None:
    left, right = b"[" * 5000 + b"1" + b"]" * 5000, b"[" * 5000 + b"2" + b"]" * 5000
    assert compare_bodies(left, right, JSON).record.found >= 1


def test_a_large_body_is_parsed_in_pieces_to_the_same_effect() -> None:
    left = {"a": [{"id": n, "t": "x" * 50, "l": [n, {"": n}], "": {"k": n}} for n in range(9000)], "": 1, "z": {"": 2}}
    right = json.loads(json.dumps(left))
    right["a"][8000]["l"][1][""] = "other"
    right["z"][""] = 3
    part = compared(left, right)
    assert told(part) == [("changed", 'a[8000].l[1][""]', "8000", '"other"'), ("changed", 'z[""]', "2", "3")]
    covered(part)


def test_forms_are_compared_by_name() -> None:
    media = ("application/x-www-form-urlencoded",) * 2
    part = compare_bodies(b"a=1&b=x+y&sig=1", b"b=x%20y&a=2&a=3&sig=2", media, parse_patterns(["param:sig"]))
    assert told(part) == [("changed", "a", "1", "2"), ("added", "a", "", "3")]
    assert part.record.masked == 1


def test_the_boundary_of_a_multipart_body_is_no_change() -> None:
    def body(boundary: str, value: str) -> bytes:
        return f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{value}\r\n--{boundary}--\r\n'.encode()

    media = ("multipart/form-data; boundary=one", "multipart/form-data; boundary=two")
    assert told(compare_bodies(body("one", "1"), body("two", "2"), media)) == [("changed", "line 4", "1", "2")]


def test_binary_bodies_are_compared_by_rows() -> None:
    left = bytes(range(256))
    part = compare_bodies(left, left[:100] + b"\x00" + left[101:], ("image/png", "image/png"))
    assert [one[:2] for one in told(part)] == [("changed", "row 7")]
    covered(part)


# --- text and alignment ----------------------------------------------------------------------------------------------

lines = st.lists(st.sampled_from(["a", "b", "c", "", "d e"]), max_size=30)


@given(lines, lines)
@settings(max_examples=200)
def test_text_changes_make_the_right_side_of_the_left_one(left: list[str], right: list[str]) -> None:
    part = compare_texts("".join(f"{one}\n" for one in left), "".join(f"{one}\n" for one in right))
    if not left or not right:
        return
    made = []
    for n in range(part.record.block_count):
        block = part.record.block(n)
        source, at, count = (
            (left, block.left, block.left_lines) if block.kind == EQUAL else (right, block.right, block.right_lines)
        )
        made += source[at : at + count]
    assert made == right
    covered(part)


def test_a_huge_text_of_repeated_lines_takes_no_longer_than_its_length() -> None:
    left = "\n".join(str(n % 7) for n in range(60_000))
    right = "\n".join(str((n + 3) % 7) for n in range(60_001))
    assert compare_texts(left, right).record.found > 0


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_pairs_hold_every_element_once_and_in_order(left: list[int], right: list[int]) -> None:
    pairs = pair_by_content(left, right)
    assert [one.left for one in pairs if one.left >= 0] == list(range(len(left)))
    assert [one.right for one in pairs if one.right >= 0] == list(range(len(right)))


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20), unique=True))
def test_what_has_an_identity_is_found_wherever_it_went(left: list[int], right: list[int]) -> None:
    pairs = pair_by_identity(left, right)
    both = {(left[i], right[j]) for i, j, _ in pairs if i >= 0 and j >= 0}
    assert both == {(one, one) for one in set(left) & set(right)}
    assert sorted(j for _, j, _ in pairs if j >= 0) == list(range(len(right)))
    staying = [j for i, j, moved in pairs if i >= 0 and j >= 0 and not moved]
    assert staying == sorted(staying)


@given(st.lists(st.integers(0, 50), unique=True, max_size=12))
def test_the_longest_growing_run_is_the_longest(numbers: list[int]) -> None:
    run = [numbers[place] for place in longest_increasing_run(numbers)]
    assert run == sorted(run)
    best = [0] * len(numbers)
    for n, number in enumerate(numbers):
        best[n] = 1 + max((best[i] for i in range(n) if numbers[i] < number), default=0)
    assert len(run) == max(best, default=0)


# --- XML -------------------------------------------------------------------------------------------------------------

names = st.sampled_from(["item", "id", "name", "x:y"])
texts = st.sampled_from(["", "one", "1.0", "a &amp; b", "two\nlines", "é"])


def elements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    attributes = st.sampled_from(["", ' id="1"', ' id="2" when="now"', ' when="then"'])
    return st.builds(
        lambda name, attribute, children: f"<{name}{attribute}>{children}</{name}>",
        names,
        attributes,
        st.one_of(texts, st.lists(inner, max_size=4).map("".join)),
    )


trees = st.recursive(elements(st.just("<leaf/>")), elements, max_leaves=12).map(
    lambda text: f'<root xmlns:x="urn:x">{text}</root>'
)


def canonical(text: str) -> str:
    """The standard library's canonical form (C14N), blank space between elements and around texts left out."""
    return ElementTree.canonicalize(text, strip_text=True)


@given(trees, trees)
@settings(max_examples=300)
def test_xml_differs_where_its_canonical_form_does(left: str, right: str) -> None:
    part = compare_bodies(left.encode(), right.encode(), XML)
    assert part.note in ("", "the same values; only whitespace, escapes or key order differ")
    assert part.is_same == (canonical(left) == canonical(right))
    covered(part)


def test_xml_is_told_by_paths() -> None:
    left = b'<order id="1"><item><id>1</id><n>2</n></item><item><id>2</id><n>2</n></item><t>x</t></order>'
    right = (
        b'<order id="2"><item><id>9</id></item><item><id>1</id><n>2</n></item><item><id>2</id><n>3</n></item></order>'
    )
    assert told(compare_bodies(left, right, XML, parse_patterns(["/order/@id"]))) == [
        ("added", "/order/item[1]", "", "<item>…</item>"),
        ("changed", "/order/item[2]/n[1]", "2", "3"),
        ("removed", "/order/t[1]", "<t>x</t>", ""),
    ]


def test_an_xml_body_that_declares_entities_is_compared_as_text() -> None:
    left = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    part = compare_bodies(left, left.replace(b"<a>", b"<a>d"), XML)
    assert part.record.found == 1
    assert part.note.startswith("compared by lines")
