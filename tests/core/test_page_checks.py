"""What is odd about pages, and how records are cut out of bodies: no sockets, only values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from explorer.core.body.value import UnreadableBody
from explorer.core.model import Call, Exchange, Failure, ReceivedResponse, SentRequest, Verdict
from explorer.core.paging import PageInfo
from explorer.core.paging.checks import PageChecks, fingerprint
from explorer.core.paging.records import cut_records, unpaged_records
from explorer.session.page_fetch import backoff, is_retryable, retry_after


def response(body: bytes, kind: str = "application/json") -> ReceivedResponse:
    return ReceivedResponse(status=200, headers=(("Content-Type", kind),), body=body)


# --- cutting ---------------------------------------------------------------------------------------------------------


def test_records_keep_every_byte_that_means_something() -> None:
    record = b'{"b":1.0,"a":1e400,"a":-0,"n":900719925474099312345,"t":"\\u00e9\\/, : \\n"}'
    body = b'\n{"meta": {"x": []}, "data" : [ ' + record + b' ,\n[1 , 2], "x, y", null ] }'
    assert cut_records(response(body), "data") == (record, b"[1,2]", b'"x, y"', b"null")


def test_a_deep_path_a_bare_list_and_a_lone_table() -> None:
    assert cut_records(response(b'{"a": {"b": [1, {"c": 2}]}}'), "a.b") == (b"1", b'{"c":2}')
    assert cut_records(response(b"[1, 2]"), "data") == (b"1", b"2")
    assert cut_records(response(b'{"data": {"id": 1}}'), "data") == (b'{"id":1}',)
    assert cut_records(response(b'{"data": null}'), "data") == ()
    assert cut_records(response(b'{"other": [1]}'), "data") == ()
    assert cut_records(response(b""), "data") == ()


def test_a_body_of_which_nothing_is_known_is_its_list_or_itself() -> None:
    assert unpaged_records(response(b'{"a": 1}'), {"a": 1}) == ((b'{"a":1}',), None)
    assert unpaged_records(response(b"[1, 2]"), [1, 2]) == ((b"1", b"2"), None)
    assert unpaged_records(response(b""), None) == ((), None)


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ("<shop><id>1</id></shop><shop><id>2</id></shop>", [{"id": "1"}, {"id": "2"}]),
        ("<shop><id>1</id><name>A</name></shop>", [{"id": "1", "name": "A"}]),
        ("", []),
    ],
)
def test_xml_lists_are_records_too(children: str, expected: list[Any]) -> None:
    body = f"<response><success>true</success><shops>{children}</shops></response>".encode()
    found = cut_records(response(body, "application/xml"), "shops")
    assert [json.loads(record) for record in found] == expected


@pytest.mark.parametrize(
    "body", [b'{"data": [1, 2', b"<html>", b"nonsense", b"3", b'{"data": [1] ] }', b'{"a":"\xff"}']
)
def test_what_is_no_page_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        cut_records(response(body), "data")


def test_another_charset_is_turned_into_utf8() -> None:
    body = '{"data": [{"name": "Zoë"}]}'
    for raw in (body.encode("utf-16"), body.encode()):
        assert [json.loads(one) for one in cut_records(response(raw), "data")] == [{"name": "Zoë"}]


# --- checking --------------------------------------------------------------------------------------------------------


def records(*numbers: int) -> list[bytes]:
    return [json.dumps({"id": number}).encode() for number in numbers]


def kinds(checks: PageChecks, *, complete: bool = True) -> list[str]:
    return [one.kind for one in checks.findings(whole=complete)]


def info(total: int | None = None, size: int | None = None, *, more: bool = True) -> PageInfo:
    return PageInfo(total=total, size=size, has_next=more)


def test_pages_that_fit_together_are_nothing_to_speak_of() -> None:
    checks = PageChecks(2)
    checks.page(1, records(1, 2), info(5, 2))
    checks.page(2, records(3, 4), info(5, 2))
    checks.page(3, records(5), info(5, 2, more=False))
    assert kinds(checks) == []
    assert checks.different == 5


def test_records_are_told_apart_by_type_and_id_or_by_all_they_hold() -> None:
    assert fingerprint(b'{"id": 1, "x": 1}') == fingerprint(b'{"x": 2, "id": 1}')
    assert fingerprint(b'{"id": 1, "type": "a"}') != fingerprint(b'{"id": 1, "type": "b"}')
    assert fingerprint(b'{"name": 1}') != fingerprint(b'{"name": 2}')
    assert fingerprint(b'{"id": {"a": 1}, "x": 1}') != fingerprint(b'{"id": {"a": 1}, "x": 2}')
    assert fingerprint(b'{"id": null, "x": 1}') != fingerprint(b'{"id": null, "x": 2}')


def test_duplicates_name_the_pages() -> None:
    checks = PageChecks()
    checks.page(1, records(1, 2, 2), info())
    checks.page(2, records(2, 3), info())
    (found,) = checks.findings(whole=False)
    assert found.text == "2 repeated records: 1 twice on page 1; 1 on pages 1 and 2"
    assert found.pages == (1, 2)


def test_the_very_same_page_is_known_again() -> None:
    checks = PageChecks()
    assert not checks.page(1, records(1, 2), info())
    assert checks.page(2, records(1, 2), info())
    assert not checks.page(3, records(2, 1), info())
    assert not checks.page(4, [], info())
    assert not checks.page(5, [], info())


def test_a_silent_cap_needs_a_size_that_was_asked_for() -> None:
    for asked, expected in ((None, []), (2, []), (50, ["size_capped"])):
        checks = PageChecks(asked)
        checks.page(1, records(1, 2), info(size=2))
        assert kinds(checks, complete=False) == expected


def test_a_last_page_may_be_short_and_one_before_may_not() -> None:
    checks = PageChecks()
    checks.page(1, records(1, 2), info(size=2))
    checks.page(2, records(3), info(size=2))
    assert kinds(checks) == []
    checks.page(3, records(4), info(size=2, more=False))
    assert kinds(checks) == ["short_page"]


def test_what_is_missing_is_counted_only_when_all_was_fetched() -> None:
    checks = PageChecks()
    checks.page(1, records(1, 2), info(4))
    checks.page(2, records(3), info(4, more=False))
    assert kinds(checks, complete=False) == []
    assert "the pages contain 3: 1 missing" in checks.findings(whole=True)[0].text
    checks.failed(3)
    assert kinds(checks) == ["failed_page"]
    checks.page(3, records(4, 5), info(4, more=False))
    assert "surplus" in kinds(checks)


# --- trying again ----------------------------------------------------------------------------------------------------


def exchange(status: int = 200, outcome: Any = "OK", failure: str = "", code: str = "", **headers: str) -> Exchange:
    return Exchange(
        call=Call(vendor="v", endpoint="e"),
        started_at=0,
        request=SentRequest(method="GET", url="http://a/"),
        response=ReceivedResponse(status=status, headers=tuple((k.replace("_", "-"), v) for k, v in headers.items())),
        verdict=Verdict(outcome=outcome, http_status=status, code=code),
        failure=Failure(kind=failure, title="T", message="M") if failure else None,
    )


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_statuses_that_pass(status: int) -> None:
    assert is_retryable(exchange(status, "FAILED"))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 501, 505])
def test_statuses_that_stay(status: int) -> None:
    assert not is_retryable(exchange(status, "FAILED", code=str(status)))


def test_failures_and_errors_inside_a_200() -> None:
    assert is_retryable(exchange(failure="TimedOut"))
    assert is_retryable(exchange(failure="BrokenAnswer"))
    assert not is_retryable(exchange(failure="TooLarge"))
    assert is_retryable(exchange(200, "UNKNOWN"))
    assert not is_retryable(exchange(302, "UNKNOWN"))
    assert is_retryable(exchange(200, "FAILED", code="503"))
    assert not is_retryable(exchange(200, "FAILED", code="400"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 59),
        ("Fri, 31 Dec 1999 23:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    # 1999-12-31 23:59:00 UTC is 946684740 (date -u -d '1999-12-31 23:59:00' +%s)
    assert retry_after(exchange(Retry_After=text), 946684740.0) == seconds


def test_pauses_double_and_end_at_half_a_minute() -> None:
    assert [backoff(attempt, None, 0.0) for attempt in (1, 2, 3, 4)] == [0.5, 1, 2, 4]
    assert backoff(50, None, 0.0) == 30
    assert backoff(2, None, 1.0) == 0.5
    assert backoff(1, 7.0, 0.9) == 7


def test_what_is_counted_is_said_in_words() -> None:
    checks = PageChecks()
    checks.page(1, records(1, 2), info(1, more=False))
    (surplus,) = checks.findings(whole=True)
    assert surplus.text == "the vendor reports 1 record, but the pages contain 2"
    checks.page(2, records(3), info(2, more=False))
    assert "totals differ: 1 on page 1, 2 on page 2" in [finding.text for finding in checks.findings(whole=True)]


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        ([3], "page 3 failed"),
        ([5, 3], "pages 3 and 5 failed"),
        (list(range(1, 9)), "pages 1, 2, 3, 4, 5, 6, 7 and 8 failed"),
        (list(range(1, 11)), "pages 1, 2, 3, 4, 5, 6, 7, 8 and 2 more failed"),
    ],
)
def test_pages_that_failed_are_named_up_to_eight(failed: list[int], words: str) -> None:
    checks = PageChecks()
    for number in failed:
        checks.failed(number)
    (finding,) = checks.findings(whole=False)
    assert finding.text == words
    assert finding.pages == tuple(sorted(failed))


def test_a_page_that_came_empty_and_one_that_was_short_are_named() -> None:
    checks = PageChecks()
    checks.page(1, records(1), info(size=2))
    checks.page(2, [], info(size=2))
    checks.page(3, records(2, 3), info(size=2, more=False))
    findings = {finding.kind: finding for finding in checks.findings(whole=True)}
    assert findings["empty_page"].text == "page 2 is empty, but later pages are not"
    assert findings["empty_page"].pages == (2,)
    assert findings["short_page"].text == "page 1 has fewer than 2 records, but more pages follow"
    assert findings["short_page"].pages == (1,)
