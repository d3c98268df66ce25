"""The vendor's own idea of success, on bodies in the shapes that the documents print."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from explorer.core.body.value import read_raw, xml_value
from explorer.core.catalog import RequestedIds, Sample, VerdictRules
from explorer.core.model import ReceivedResponse, Verdict
from explorer.core.verdict import judge
from tests.core.shop import endpoint, vendor
from tests.growth import growth


def judged(body: bytes, status: int = 200, kind: str = "application/json", call: str = "buy", **rule: Any) -> Verdict:
    shop = vendor()
    if rule:
        shop = msgspec.structs.replace(shop, verdict=VerdictRules(**rule))
    response = ReceivedResponse(status=status, headers=(("Content-Type", kind),), body=body)
    return judge(shop, endpoint(call), response)


FLAG: dict[str, Any] = {"success": "success", "code": "errorCode", "message": "error", "details": "errorDetails"}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b'{"success": true}', "OK"),
        (b'{"success": "true"}', "OK"),
        (b'{"success": false, "errorCode": 400, "error": "Required parameter missing"}', "FAILED"),
        (b'{"success": "false", "errorCode": 400}', "FAILED"),
        (b'{"stores": []}', "UNKNOWN"),
        (b"", "UNKNOWN"),
    ],
)
def test_a_flag_of_success_counts_as_boolean_or_as_word(body: bytes, outcome: str) -> None:
    assert judged(body, **FLAG).outcome == outcome


def test_a_200_that_says_no_has_failed_and_names_the_field() -> None:
    body = (
        b'{"success": false, "errorCode": 400, "error": "Required parameter missing", "errorDetails": {"param": "pin"}}'
    )
    found = judged(body, **FLAG)
    assert (found.outcome, found.http_status, found.code) == ("FAILED", 200, "400")
    assert found.message == "Required parameter missing"
    assert [one.name for one in found.fields] == ["pin"]
    assert "success: false" in found.why


def test_the_same_answer_as_xml_is_judged_the_same() -> None:
    body = b"<response><success>false</success><errorCode>400</errorCode>"
    body += b"<error>Required parameter missing</error></response>"
    found = judged(body, kind="application/xml", **FLAG)
    assert (found.outcome, found.code, found.message) == ("FAILED", "400", "Required parameter missing")


def test_an_oauth_error_pair() -> None:
    body = b'{"error": "invalid_request", "error_description": "Check the access token parameter."}'
    found = judged(body, 400, error="error", message="error_description")
    assert (found.outcome, found.code, found.message) == (
        "FAILED",
        "invalid_request",
        "Check the access token parameter.",
    )


def test_a_map_of_complaints_names_the_fields() -> None:
    found = judged(b'{"pin": ["The pin field is required."]}', 422, error="error", validation_map=True)
    assert found.outcome == "FAILED"
    assert [(one.name, one.message) for one in found.fields] == [("pin", "The pin field is required.")]


def test_an_empty_list_of_records_is_no_complaint() -> None:
    assert judged(b'{"data": []}', error="error", validation_map=True).outcome == "OK"


def test_an_error_text_that_holds_a_json_array() -> None:
    body = rb'{"error":" [\"The pin field is required.\",\"The gift field is required.\"]"}'
    found = judged(body, 422)
    assert found.message == "The pin field is required.; The gift field is required."
    assert [one.name for one in found.fields] == ["pin", "gift"]


def test_laravels_dotted_index_is_the_forms_bracket() -> None:
    found = judged(b'{"message": "Invalid.", "errors": {"line_items.0.id": ["must be a number"]}}', 422)
    assert [one.name for one in found.fields] == ["line_items[0].id"]


def test_a_documented_status_is_explained() -> None:
    found = judged(b'{"message": "gone", "status_code": 404}', 404)
    assert found.meaning == "Nothing there."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>oops", "application/json"),
        (b'{"a": ', "application/json"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "application/xml"),
        (b"<x>", "text/xml"),
    ],
)
def test_what_cannot_be_read_is_never_ok(body: bytes, kind: str) -> None:
    assert judged(body, kind=kind, **FLAG).outcome == "UNKNOWN"
    assert judged(body, 500, kind=kind, **FLAG).outcome == "FAILED"


# --- several things asked for by id, and not all given ---------------------------------------------------------------


def partly(body: bytes, ids: str, **asked: str) -> Verdict:
    shop = msgspec.structs.replace(vendor(), verdict=VerdictRules())
    call = msgspec.structs.replace(endpoint("buy"), asked=RequestedIds(**asked))
    response = ReceivedResponse(status=200, headers=(("Content-Type", "application/json"),), body=body)
    return judge(shop, call, response, {asked["param"]: ids})


def test_records_that_were_asked_for_and_are_not_there_make_it_partial() -> None:
    body = b'{"data": [{"id": "7", "x": 1}, {"id": 9}]}'
    found = partly(body, "7, 8,9,10,8", param="ids", records="data", key="id")
    assert (found.outcome, found.code) == ("PARTIAL", "")
    assert "missing from the response: 8, 10" in found.why
    assert partly(body, "9,7", param="ids", records="data", key="id").outcome == "OK"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b'{"data": {"7": 3, "8": 0}}', "OK"),
        (b'{"data": {"7": 3}}', "PARTIAL"),
        (b'{"data": []}', "PARTIAL"),
        (b'{"data": "later"}', "OK"),
    ],
)
def test_the_keys_of_a_table_may_be_the_ids(body: bytes, outcome: str) -> None:
    assert partly(body, "7,8", param="sku", records="data").outcome == outcome


def test_nothing_is_missing_where_no_ids_were_asked_for() -> None:
    assert partly(b'{"data": []}', "", param="sku", records="data").outcome == "OK"


def test_a_refusal_stays_a_refusal_although_ids_are_missing() -> None:
    shop = msgspec.structs.replace(vendor(), verdict=VerdictRules(error="error"))
    call = msgspec.structs.replace(endpoint("buy"), asked=RequestedIds(param="ids", records="data", key="id"))
    headers = (("Content-Type", "application/json"),)
    response = ReceivedResponse(status=200, headers=headers, body=b'{"error": "no", "data": []}')
    assert judge(shop, call, response, {"ids": "1"}).outcome == "FAILED"


# --- answers that lie about themselves -------------------------------------------------------------------------------


def test_a_body_that_repeats_a_failing_status_in_a_200_has_failed() -> None:
    found = judged(b'{"message": "Gone", "status_code": 404}', message="message", status_code="status_code")
    assert (found.outcome, found.message) == ("FAILED", "Gone")
    assert "status_code: 404" in found.why


def documented(body: bytes, kind: str) -> Verdict:
    """An answer to a call all of whose documented answers are JSON, of a vendor whose body says nothing of success."""
    call = msgspec.structs.replace(endpoint("buy"), samples=(Sample(body="{}"),))
    response = ReceivedResponse(status=200, headers=(("Content-Type", kind),), body=body)
    return judge(msgspec.structs.replace(vendor(), verdict=VerdictRules(error="error")), call, response)


def test_a_page_of_markup_in_place_of_data_is_not_ok() -> None:
    found = documented(b"<html>Down for maintenance</html>", "text/html")
    assert (found.outcome, "text/html" in found.why) == ("UNKNOWN", True)


def test_json_under_a_wrong_media_type_is_judged_by_what_it_says() -> None:
    assert documented(b'{"data": 1}', "text/html").outcome == "OK"
    assert documented(b'{"error": "no"}', "text/html; charset=utf-8").outcome == "FAILED"


@pytest.mark.parametrize(
    ("body", "kind", "outcome"),
    [
        ('{"success": true, "name": "Zoë"}'.encode("latin-1"), "application/json; charset=iso-8859-1", "OK"),
        ('{"success": true, "name": "Zoë"}'.encode(), "application/json; charset=utf-16", "OK"),
        ('{"success": true, "name": "Zoë"}'.encode("utf-16"), "application/json", "OK"),
        (b"\xef\xbb\xbf" + b'{"success": true}', "application/json", "OK"),
        ('{"success": true, "name": "Zoë"}'.encode("latin-1"), "application/json; charset=utf-8", "UNKNOWN"),
        ('{"success": true, "name": "Zoë"}'.encode("latin-1"), "application/json; charset=nonsense", "UNKNOWN"),
    ],
)
def test_a_wrong_charset_is_seen_through_or_said(body: bytes, kind: str, outcome: str) -> None:
    assert judged(body, kind=kind, **FLAG).outcome == outcome


def test_a_large_xml_reads_as_a_small_one_does() -> None:
    rows = b"".join(b"<item><id>%d</id><tags><t>a &amp; b</t><t/><t>c</t></tags></item>" % n for n in range(30))
    body = b"<r><total>3</total><group><list>" + rows + b"</list></group><group><list>" + rows + b"</list></group></r>"
    plain, unread = xml_value(body), xml_value(body, unread=True)
    assert unread["total"] == "3"
    assert unread["group"][1]["list"]["item"][7] == {"id": "7", "tags": {"t": ["a & b", "", "c"]}}
    assert json.loads(json.dumps(unread, default=read_raw)) == plain


# --- bodies that are cut, empty, or JSON that fits no machine type ----------------------------------------------------


@pytest.mark.parametrize("rule", [{}, {"success": "success"}, {"ok_statuses": [200]}])
def test_a_truncated_body_is_never_ok(rule: dict[str, Any]) -> None:
    response = ReceivedResponse(
        status=200,
        headers=(("Content-Type", "application/json"),),
        body=b'{"success": true}',
        truncated="the gzip data ended early",
    )
    judgement = judge(msgspec.structs.replace(vendor(), verdict=VerdictRules(**rule)), endpoint("buy"), response)
    assert (judgement.outcome, judgement.why) == ("UNKNOWN", "the gzip data ended early")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_an_empty_body_where_data_is_documented_is_not_ok(kind: str) -> None:
    judgement = documented(b"", kind)
    assert (judgement.outcome, judgement.why) == ("UNKNOWN", "the body is empty, but data is documented")
    assert documented(b" \r\n", kind).outcome == "UNKNOWN"


@pytest.mark.parametrize(("status", "method"), [(204, "GET"), (205, "POST"), (200, "HEAD")])
def test_an_empty_body_is_ok_where_none_is_due(status: int, method: str) -> None:
    call = msgspec.structs.replace(endpoint("buy"), samples=(Sample(body="{}"),))
    shop = msgspec.structs.replace(vendor(), verdict=VerdictRules())
    assert judge(shop, call, ReceivedResponse(status=status), method=method).outcome == "OK"


@pytest.mark.parametrize(
    "body", [b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1}{', b"[1,]", b'{"a":01}', b'{"a" 1}', b"[}"]
)
def test_what_python_reads_and_the_rfc_does_not_is_not_json(body: bytes) -> None:
    judgement = judged(body)
    assert judgement.outcome == "UNKNOWN"
    assert "declared as JSON, but malformed" in judgement.why


NESTED = {
    "arrays": b"[" * 20_000 + b"]" * 20_000,
    "objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "just below the stack": b"[" * 950 + b"]" * 950,
}
LONG = {"5,000 digits": b"9" * 5_000, "400,000 digits": b"-" + b"9" * 400_000, "1e400": b"1e400"}
ODD = NESTED | LONG | {"a lone surrogate": b'"\\ud800"'}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("large", [False, True])
def test_deep_or_long_numbered_json_is_judged_by_what_it_says(value: bytes, large: bool) -> None:
    padding = b'"%s"' % (b"x" * 1_000_000) if large else b"0"
    good = b'{"deep": %s, "padding": %s, "success": true}' % (value, padding)
    assert judged(good, **FLAG).outcome == "OK"
    bad = b'{"error": %s, "padding": %s, "success": false}' % (value, padding)
    judgement = judged(bad, **FLAG)
    assert judgement.outcome == "FAILED"
    assert 0 < len(judgement.message) <= 2_001
    msgspec.json.encode(judgement)
    assert judged(good[:-1], **FLAG).outcome == "UNKNOWN"


def test_a_304_is_not_a_redirect() -> None:
    judgement = judged(b"", 304)
    assert judgement.outcome == "UNKNOWN"
    assert "redirect" not in judgement.why


def test_a_message_is_as_long_as_a_person_reads() -> None:
    body = json.dumps({"message": ["The pin field is required."] * 50_000, "error": "x" * 1_000_000}).encode()
    judgement = judged(body, 422, message="message", error="error")
    assert judgement.message.count("The pin field") == 100
    judgement = judged(json.dumps({"error": "pin " * 500_000}).encode(), 422, error="error")
    assert len(judgement.message) == 2_001
    assert [field.name for field in judgement.fields] == ["pin"]


def test_a_large_body_of_tiny_values_is_refused_before_it_fills_the_memory() -> None:
    judgement = judged(b"[" + b"[]," * 2_100_000 + b"[]]")
    assert judgement.outcome == "UNKNOWN"
    assert "too many values to parse (2,100,001)" in judgement.why


def test_large_json_nested_in_itself_is_read_in_time_that_grows_with_its_size() -> None:
    """Each level used to take a pass over what is within, however many levels there were."""

    def nested(levels: int) -> bytes:
        return b'{"a":' * levels + b"[%s0]" % (b'"some words and some more words", ' * 40_000) + b"}" * levels

    assert growth(judged, nested(50), nested(400)) < 2.6


def test_an_unknown_coding_is_part_of_the_verdict() -> None:
    response = ReceivedResponse(
        status=200, headers=(("Content-Type", "application/json"),), body=b"\x1b\x02", note="the content coding 'br' is"
    )
    judgement = judge(vendor(), endpoint("buy"), response)
    assert judgement.outcome == "UNKNOWN"
    assert "the content coding 'br' is" in judgement.why


def test_json_in_another_charset_is_said_to_be_so() -> None:
    text = '{"success": true, "name": "Zoë"}'
    said = judged(text.encode("latin-1"), kind="application/json; charset=iso-8859-1", **FLAG)
    assert (said.outcome, "the JSON is not UTF-8" in said.why) == ("OK", True)
    assert "UTF-8" not in judged(text.encode(), kind="application/json", **FLAG).why
