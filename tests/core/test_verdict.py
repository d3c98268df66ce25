"""The vendor's own idea of success, on bodies in the shapes that the documents print."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from explorer.core.catalog import Verdict
from explorer.core.exchange import Judgement, ReceivedResponse
from explorer.core.verdict import judge
from tests.core.shop import endpoint, vendor


def judged(body: bytes, status: int = 200, kind: str = "application/json", call: str = "buy", **rule: Any) -> Judgement:
    shop = vendor()
    if rule:
        shop = msgspec.structs.replace(shop, verdict=Verdict(**rule))
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
    assert "success is false" in found.why


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
