"""Placeholders, expectations, chains, names and reports of saved requests."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from explorer.core.model import Call, Entry, Exchange, ReceivedResponse, SentRequest, Timings, Verdict
from explorer.core.saved.expectations import ExpectationResult, check_expectations
from explorer.core.saved.filling import fill_call
from explorer.core.saved.model import Assertion, Expectations, SavedRequest
from explorer.core.saved.naming import check_chain, match_name, unnumbered
from explorer.core.saved.placeholders import (
    CredentialPlaceholder,
    Placeholder,
    PlaceholderProblem,
    PlaceholderValue,
    ResponsePlaceholder,
    VariablePlaceholder,
    escape,
    fill_json,
    fill_text,
    parse,
)
from explorer.core.saved.report import RunReport, RunStep, report_junit, report_table, report_text
from explorer.core.text.env_names import saved_variable_name
from explorer.errors import UnknownName, UsageError
from tests.properties import given, st


def nothing(_one: Placeholder) -> PlaceholderValue | None:
    return None


def known(**values: str) -> object:
    def look(one: Placeholder) -> PlaceholderValue | None:
        return (
            PlaceholderValue.from_text_value(values[one.name])
            if isinstance(one, VariablePlaceholder) and one.name in values
            else None
        )

    return look


@given(st.text())
def test_an_escaped_text_is_itself(text: str) -> None:
    assert "".join(str(part) for part in parse(escape(text))) == text
    assert fill_text(escape(text), nothing) == text


@given(st.text(), st.text(), st.text())
def test_what_is_filled_in_is_not_read_again(before: str, value: str, after: str) -> None:
    text = f"{escape(before)}x${{A}}{escape(after)}"
    found = PlaceholderValue.from_text_value(value)
    if not before.endswith("$"):
        assert fill_text(text, lambda _one: found) == f"{before}x{value}{after}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("${A}", (VariablePlaceholder("A"),)),
        ("a${A_1}b", ("a", VariablePlaceholder("A_1"), "b")),
        ("${credential: token}", (CredentialPlaceholder("token"),)),
        ("${orders.create: data.id}", (ResponsePlaceholder("orders.create", "data.id"),)),
        ("${a/2-b: items[?id=='}'].{x: y} | [0]}", (ResponsePlaceholder("a/2-b", "items[?id=='}'].{x: y} | [0]"),)),
        ("$${A}", ("${A}",)),
        ("$$${A}", ("$${A}",)),
        ("cost $5 {A}", ("cost $5 {A}",)),
    ],
)
def test_placeholders_are_read(text: str, parts: tuple[object, ...]) -> None:
    assert parse(text) == parts


@pytest.mark.parametrize("text", ["${", "${}", "${1a}", "${a b}", "${: x}", "${a:}", "${A"])
def test_what_is_no_placeholder_is_told(text: str) -> None:
    with pytest.raises(PlaceholderProblem, match=r"\$\$\{"):
        parse(text)


def test_in_json_a_value_stays_what_it_is() -> None:
    values = {
        "a": PlaceholderValue.from_json_value(b"25.00"),
        "b": PlaceholderValue.from_json_value(b'"say \\"hi\\""'),
        "c": PlaceholderValue.from_json_value(b"[1]"),
    }

    def look(one: Placeholder) -> PlaceholderValue | None:
        return values.get(one.path) if isinstance(one, ResponsePlaceholder) else None

    text = '{"price": ${r: a}, "text": "<${r: b}>", "whole": ${r: b}, "list": ${r: c}, "as text": "${r: a}"}'
    filled = fill_json(text, look)
    assert '"price": 25.00,' in filled
    assert json.loads(filled) == {
        "price": 25,
        "text": '<say "hi">',
        "whole": 'say "hi"',
        "list": [1],
        "as text": "25.00",
    }


def test_what_is_not_known_stays_as_it_is_written() -> None:
    call = Call(vendor="v", endpoint="e", entries=(Entry(name="a", value="${A}-${B}-$${C}"),), extra=(("x", "${A}"),))
    filled = fill_call(
        call, lambda one: PlaceholderValue.from_text_value("1") if one == VariablePlaceholder("A") else None
    )
    assert filled.entries[0].value == "1-${B}-$${C}"
    assert filled.extra == (("x", "1"),)
    assert fill_call(filled, lambda _one: PlaceholderValue.from_text_value("2")).entries[0].value == "1-2-${C}"


def test_json_that_is_none_once_filled_is_told() -> None:
    call = Call(vendor="v", endpoint="e", entries=(Entry(name="a", kind="json", value="[${A}]"),))
    with pytest.raises(UsageError, match="a is not JSON"):
        fill_call(call, lambda _one: PlaceholderValue.from_text_value("x y"))


# --- expectations --------------------------------------------------------------------------------------------------


def answered(body: bytes, status: int = 200, kind: str = "application/json", outcome: str = "OK") -> Exchange:
    return Exchange(
        call=Call(vendor="v", endpoint="e"),
        started_at=0.0,
        request=SentRequest(method="GET", url="http://x/"),
        response=ReceivedResponse(status=status, headers=(("Content-Type", kind), ("X-Id", "7")), body=body),
        verdict=Verdict(outcome=outcome, message="why"),  # type: ignore[arg-type]
        timings=Timings(total=0.5),
    )


BODY = b'{"id": 9007199254740993, "n": 1.50, "t": true, "s": "caf\xc3\xa9", "l": [1, 2], "o": {"k": null}}'


@pytest.mark.parametrize(
    ("path", "operator", "value", "held"),
    [
        ("id", "equals", 9007199254740993, True),
        ("id", "equals", 9007199254740992, False),
        ("n", "equals", 1.5, True),
        ("t", "equals", 1, False),
        ("t", "equals", True, True),
        ("s", "contains", "fé", True),
        ("s", "matches", "^c.*é$", True),
        ("s", "type", "string", True),
        ("l", "contains", 2, True),
        ("l", "length", 2, True),
        ("length(l)", "at_least", 2, True),
        ("length(l)", "above", 2, False),
        ("n", "below", "1.6", True),
        ("s", "below", 5, False),
        ("o.k", "exists", False, True),
        ("o", "exists", True, True),
        ("o", "equals", {"k": None}, True),
        ("missing", "exists", True, False),
        ("missing", "not", "x", True),
        ("o.k", "type", "null", True),
    ],
)
def test_a_body_is_compared(path: str, operator: str, value: object, held: bool) -> None:
    expect = Expectations(body=((path, (Assertion(operator=operator, value=value),)),))  # type: ignore[arg-type]
    exchange = answered(BODY)
    verdict, result = check_expectations(expect, exchange, exchange, str)
    assert verdict.held
    assert result.held is held
    assert bool(result.got) is not held


def test_xml_is_compared_below_its_root() -> None:
    exchange = answered(b"<r><stores><id>5</id></stores></r>", kind="application/xml")
    expect = Expectations(body=(("stores.id", (Assertion(operator="equals", value="5"),)),))
    assert all(one.held for one in check_expectations(expect, exchange, exchange, str))


@pytest.mark.parametrize(
    ("status", "verdict", "code", "outcome", "held"),
    [
        ((), "", 200, "OK", True),
        ((), "", 200, "FAILED", False),
        (("200",), "", 200, "FAILED", False),
        (("404",), "", 404, "FAILED", True),
        ((">=400",), "", 422, "FAILED", True),
        (("4xx",), "", 500, "FAILED", False),
        (("200-299", "404"), "any", 404, "FAILED", True),
        ((), "FAILED", 200, "FAILED", True),
        ((), "any", 500, "UNKNOWN", True),
    ],
)
def test_status_and_verdict(status: tuple[str, ...], verdict: str, code: int, outcome: str, held: bool) -> None:
    exchange = answered(b"{}", code, outcome=outcome)
    results = check_expectations(Expectations(status=status, verdict=verdict), exchange, exchange, str)
    assert all(one.held for one in results) is held


def test_headers_and_time() -> None:
    expect = Expectations(
        within=0.4,
        headers=(
            ("x-id", (Assertion(operator="equals", value="7"),)),
            ("X-No", (Assertion(operator="exists", value=True),)),
        ),
    )
    exchange = answered(b"{}")
    assert [one.held for one in check_expectations(expect, exchange, exchange, str)] == [True, False, True, False]


def test_what_was_got_is_told_from_the_masked_answer() -> None:
    real, shown = answered(b'{"token": "s3cret"}'), answered(b'{"token": "****"}')
    expect = Expectations(body=(("token", (Assertion(operator="length", value=3),)),))
    result = check_expectations(expect, real, shown, str)[1]
    assert (result.held, result.got) == (False, '"****"')


# --- chains and names ----------------------------------------------------------------------------------------------


def requests(**needed: str) -> dict[str, SavedRequest]:
    return {
        name: SavedRequest(call=Call(vendor="v", endpoint="e", entries=(Entry(name="a", value=value),)))
        for name, value in needed.items()
    }


def test_a_chain_is_in_order() -> None:
    files = requests(c="${b: x} ${a: y}", b="${a: x}", a="", d="")
    assert check_chain("c", files) == ("a", "b", "c")


@pytest.mark.parametrize("start", ["a", "b", "c"])
def test_a_cycle_is_refused_with_its_chain(start: str) -> None:
    files = requests(a="${b: x}", b="${c: x}", c="${a: x}")
    with pytest.raises(UsageError, match="→") as caught:
        check_chain(start, files)
    assert caught.value.message.count("→") == 3


def test_a_request_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="creat") as caught:
        check_chain("b", requests(b="${creat: x}", create=""))
    assert "create" in caught.value.hint


def test_names_are_found_without_their_numbers() -> None:
    names = ["orders/10-create", "orders/get", "10-create", "x/1-a", "x/2-a"]
    assert match_name("create", names, "orders") == "orders/10-create"
    assert match_name("create", names) == "10-create"
    assert match_name("orders.create", names) == "orders/10-create"
    assert unnumbered("1-a/2-b") == "a/b"
    with pytest.raises(UsageError, match="is ambiguous: x/1-a or x/2-a"):
        match_name("x/a", names)


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("password", "PASSWORD"),
        ("paymentMethods[0].cvvCode", "CVV_CODE"),
        ("user[password]", "PASSWORD"),
        ("X-Api-Key", "X_API_KEY"),
        ("3ds", "SECRET_3_DS"),
    ],
)
def test_the_variable_of_a_secret(name: str, variable: str) -> None:
    assert saved_variable_name(name) == variable


# --- reports -------------------------------------------------------------------------------------------------------


def report() -> RunReport:
    steps = (
        RunStep(name="shop/1-a", address="v.a", seconds=0.1, exchange=answered(b"{}"), results=()),
        RunStep(
            name="shop/2-b",
            address="v.b",
            outcome="failed",
            seconds=0.2,
            exchange=answered(b"{}", 404),
            results=(ExpectationResult(text="status is <200>", held=False, got='404 & "more" \x00\x1b'),),
        ),
        RunStep(name="shop/3-c", address="v.c", outcome="error", message="Could not connect: no", exit_code=3),
        RunStep(name="d", address="v.d", outcome="skipped", message="not run"),
    )
    return RunReport(title="shop", started_at=0.0, seconds=0.3, steps=steps)


def test_junit_is_xml_whose_counts_are_right() -> None:
    top = ElementTree.fromstring(report_junit(report()))  # noqa: S314 - our own
    suite = top.find("testsuite")
    assert suite is not None
    for one in (top, suite):
        assert [one.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    cases = suite.findall("testcase")
    assert [(case.get("classname"), case.get("name")) for case in cases] == [
        ("shop", "1-a"),
        ("shop", "2-b"),
        ("shop", "3-c"),
        ("shop", "d"),
    ]
    assert [[inner.tag for inner in case if inner.tag != "system-out"] for case in cases] == [
        [],
        ["failure"],
        ["error"],
        ["skipped"],
    ]
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.get("message") == 'status is <200> (got 404 & "more" \ufffd\ufffd)'
    assert suite.get("timestamp") == "1970-01-01T00:00:00"


def test_text_and_data_tell_the_same() -> None:
    made = report()
    text = report_text(made)
    assert "1 passed, 1 failed, 1 error, 1 skipped in 0.3 s" in text
    assert "✗ status is <200>" in text
    table = report_table(made)
    assert table["counts"] == {"passed": 1, "failed": 1, "error": 1, "skipped": 1}
    assert [one["outcome"] for one in table["steps"]] == ["passed", "failed", "error", "skipped"]
    assert table["steps"][1]["response"]["status"] == 404
    assert made.exit_code == 1


def test_the_code_of_an_error_is_its_own() -> None:
    only = RunStep(name="a", address="v.a", outcome="error", exit_code=3)
    assert RunReport(title="", started_at=0.0, steps=(only,)).exit_code == 3
