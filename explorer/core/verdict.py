"""Judge an exchange as the vendor's documentation does: by HTTP status and by the body.

The body takes precedence: an HTTP 200 whose body reports failure is FAILED (002:54), and the strings ``"true"`` and
``"false"`` count as booleans (002:58). An exchange that cannot be judged is UNKNOWN, never OK. If several records were
requested by id and some are missing, it is PARTIAL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from explorer.core.body.value import UnreadableBody, is_utf8, read_body, read_raw
from explorer.core.model import Outcome, ReceivedResponse, RejectedField, Verdict
from explorer.core.text.data import is_blank
from explorer.core.text.json_path import get_at
from explorer.core.text.media_type import essence, is_json, is_xml

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint, Vendor, VerdictRules

_MAX_MESSAGES = 100
"""Maximum number of messages and rejected fields that are read from a body."""
_MAX_MESSAGE = 2_000


def judge(
    vendor: Vendor,
    endpoint: Endpoint,
    response: ReceivedResponse,
    sent: Mapping[str, str] | None = None,
    *,
    method: str = "",
) -> Verdict:
    """Return the vendor's verdict on *response* to a call of *endpoint*.

    *sent* maps parameter names to the values sent; *method* is the request's.

    Raises:
        Interrupted: The caller stopped the work (``core.checkpoint``).
    """
    rule = endpoint.verdict or vendor.verdict
    meaning = rule.statuses.get(str(response.status), "")
    try:
        body = read_body(response)
    except UnreadableBody as error:
        return _unreadable_verdict(response, meaning, _bounded(response.truncated or str(error)))
    flag = _body_flag(rule, body) if isinstance(body, Mapping) else None
    names = [param.name for param in endpoint.params.values()]
    messages = _message_list(rule, body)
    fields = tuple(_fields(rule, body, messages, names))
    outcome, why = _outcome(rule, response, flag)
    if outcome == "OK" and response.truncated:
        outcome, why = "UNKNOWN", response.truncated
    if outcome == "OK" and body is None and (problem := _no_data_reason(endpoint, response, method)):
        outcome, why = "UNKNOWN", problem
    if outcome == "OK":
        why += _contradiction(endpoint, response, body)
    if outcome == "OK" and (absent := _missing_ids(endpoint, body, sent or {})):
        outcome, why = "PARTIAL", f"missing from the response: {', '.join(absent[:20])}"
    code = _text(get_at(body, rule.code)) if rule.code else ""
    if not code and rule.error and rule.message and outcome == "FAILED":
        code = _text(get_at(body, rule.error))
    return Verdict(
        outcome=outcome,
        http_status=response.status,
        code=_bounded(code) or ("" if outcome in ("OK", "PARTIAL") else str(response.status)),
        message="; ".join(messages),
        fields=fields if outcome != "OK" else (),
        meaning=meaning,
        why=f"{why}; {response.note}" if response.note else why,
    )


def _unreadable_verdict(response: ReceivedResponse, meaning: str, problem: str) -> Verdict:
    failed = response.status >= 400
    problem = f"{problem}; {response.note}" if response.note else problem
    return Verdict(
        outcome="FAILED" if failed else "UNKNOWN",
        http_status=response.status,
        code=str(response.status) if failed else "",
        message=problem,
        meaning=meaning,
        why=f"HTTP {response.status}" if failed else problem,
    )


def _outcome(rule: VerdictRules, response: ReceivedResponse, flag: tuple[bool, str] | None) -> tuple[Outcome, str]:
    status = response.status
    if flag is not None and not flag[0]:
        return "FAILED", f"HTTP {status}, but {flag[1]}" if status < 400 else f"HTTP {status}, and {flag[1]}"
    if status in rule.ok_statuses:
        return "OK", f"HTTP {status}, a success status of this API"
    if status >= 400:
        return "FAILED", f"HTTP {status}"
    if status == 304:
        return "UNKNOWN", "HTTP 304: not modified since the requested version"
    if 300 <= status < 400:
        return "UNKNOWN", f"HTTP {status}: redirect not followed"
    if status < 200:
        return "UNKNOWN", f"HTTP {status}"
    if response.truncated:
        return "UNKNOWN", response.truncated
    if flag is not None:
        return "OK", f"HTTP {status}, `{rule.success}` is true"
    if rule.success and response.body:
        return "UNKNOWN", f"HTTP {status}, but the body has no {rule.success!r}"
    if rule.success:
        return "UNKNOWN", f"HTTP {status}, but the body is empty"
    return "OK", f"HTTP {status}"


def _body_flag(rule: VerdictRules, body: Mapping[str, Any]) -> tuple[bool, str] | None:
    """Return whether the body reports success, and the evidence; None if it reports neither."""
    if rule.success:
        flag = get_at(body, rule.success)
        if isinstance(flag, bool):
            return flag, f"the body says `{rule.success}: {str(flag).lower()}`"
        if isinstance(flag, str) and flag.lower() in ("true", "false"):
            return flag.lower() == "true", f'the body says `{rule.success}: "{flag}"`'
    if rule.error and get_at(body, rule.error) not in (None, "", [], {}):
        return False, f"the body contains {rule.error!r}"
    if rule.validation_map and _is_validation_map(body):
        return False, "the body maps fields to error messages"
    repeated = get_at(body, rule.status_code) if rule.status_code else None
    if isinstance(repeated, int) and not isinstance(repeated, bool) and repeated >= 400:
        return False, f"the body says `{rule.status_code}: {repeated}`"
    return None


def _missing_ids(endpoint: Endpoint, body: Any, sent: Mapping[str, str]) -> list[str]:
    """Return the requested ids that the response lacks, if the catalog defines how to check."""
    asked = endpoint.asked
    if asked is None or not sent.get(asked.param):
        return []
    records = get_at(body, asked.records) if asked.records else body
    if isinstance(records, Mapping) and not asked.key:
        received = {str(key) for key in records}
    elif isinstance(records, list):
        received = {str(get_at(record, asked.key) if asked.key else record) for record in records}
    else:
        return []
    requested = [word.strip() for word in sent[asked.param].split(",")]
    return [word for word in dict.fromkeys(requested) if word and word not in received]


def _no_data_reason(endpoint: Endpoint, response: ReceivedResponse, method: str) -> str:
    """Return why a body without a value contradicts the documentation.

    Empty if the documentation promises no data, or none is due (RFC 9110, sections 9.3.2 and 15.3.5).
    """
    if not _promises_data(endpoint) or method == "HEAD" or response.status in (204, 205):
        return ""
    if is_blank(response.body):
        return "the body is empty, but data is documented"
    kind = essence(response.header("content-type"))
    return "" if _is_data(kind) else f"the body is {kind or 'of no media type'}, but data is documented"


def _promises_data(endpoint: Endpoint) -> bool:
    """Return whether every documented success response of the call has a JSON or XML body."""
    successes = [sample for sample in endpoint.samples if sample.status < 400]
    return bool(successes) and all(_is_data(essence(sample.media_type)) and sample.body.strip() for sample in successes)


def _contradiction(endpoint: Endpoint, response: ReceivedResponse, body: Any) -> str:
    """Return how a successful response contradicts its own headers, as the end of a sentence."""
    if body is None or not response.body:
        return ""
    contradictions = ""
    kind = essence(response.header("content-type"))
    if _promises_data(endpoint) and not _is_data(kind):
        contradictions += f"; sent as {kind or 'no media type'}, but is JSON"
    if not is_xml(kind) and not is_utf8(response.body):
        contradictions += "; the JSON is not UTF-8"
    return contradictions


def _is_data(media_type: str) -> bool:
    return is_json(media_type) or is_xml(media_type)


def _is_validation_map(body: object) -> bool:
    return (
        isinstance(body, Mapping)
        and bool(body)
        and all(
            isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)
            for texts in body.values()
        )
    )


def _message_list(rule: VerdictRules, body: Any) -> list[str]:
    """Return the failure messages of the body, bounded in number and length."""
    return [_bounded(text) for text in islice(_all_messages(rule, body), _MAX_MESSAGES)]


def _all_messages(rule: VerdictRules, body: Any) -> Iterator[str]:
    if not isinstance(body, Mapping):
        return
    for path in (rule.message, rule.error):
        value = get_at(body, path) if path else None
        if value not in (None, "", [], {}):
            yield from _messages(value, unfold=rule.message_holds_json)
            return
    if rule.validation_map and _is_validation_map(body):
        yield from (text for texts in body.values() for text in texts)


def _bounded(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def _messages(value: Any, *, unfold: bool) -> Iterator[str]:
    if isinstance(value, str) and unfold and value.strip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            yield value
            return
    if isinstance(value, list):
        yield from (_text(element) for element in value)
    elif isinstance(value, Mapping):
        yield from (
            _text(text) for element in value.values() for text in (element if isinstance(element, list) else [element])
        )
    else:
        yield _text(value)


def _fields(rule: VerdictRules, body: Any, messages: list[str], names: list[str]) -> Iterator[RejectedField]:
    """Yield the rejected fields: keys of a validation map, names in the details, names in a message."""
    if not isinstance(body, Mapping):
        return
    seen: set[str] = set()
    details = get_at(body, rule.details) if rule.details else None
    for source in (details, body if rule.validation_map and _is_validation_map(body) else None):
        if isinstance(source, Mapping):
            for key, value in islice(source.items(), _MAX_MESSAGES):
                values = islice(value, _MAX_MESSAGES) if isinstance(value, list) else [value]
                texts = [_bounded(_text(value)) for value in values]
                for name, message in ((key, "; ".join(texts)), *((text, "; ".join(messages)) for text in texts)):
                    known = _form_name(name, names)
                    if known and known not in seen:
                        seen.add(known)
                        yield RejectedField(name=known, message=message)
    for message in messages:
        for name in names:
            words = re.split(r"[._\[\]#*]+", name.lower())
            plain = " ".join(word for word in words if word)
            mention = re.search(rf"(?<![\w.]){re.escape(plain)}(?![\w])", re.sub(r"[._]+", " ", message.lower()))
            if mention and name not in seen and "#" not in name:
                seen.add(name)
                yield RejectedField(name=name, message=message)


def _form_name(name: str, names: list[str]) -> str:
    """Return the name in form spelling: Laravel's ``line_items.0.upc`` is ``line_items[0].upc``."""
    if name in names:
        return name
    bracketed = re.sub(r"\.([0-9]+)(?=\.|$)", r"[\1]", name)
    for known in names:
        pattern = re.escape(known).replace(r"\#", "[0-9]+")
        if re.fullmatch(pattern, bracketed):
            return bracketed
    return ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=read_raw)
    except RecursionError:
        return "(nested too deeply to show)"
