"""Judge an exchange as the vendor's documentation does: by HTTP status and by what the body says.

The body goes before the status: a 200 whose body says that it failed has FAILED (002:54), and the words ``"true"`` and
``"false"`` count as the booleans (002:58). What cannot be judged is UNKNOWN, never OK. Where several things were asked
for by id and not all of them are there, it is PARTIAL.
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
"""Messages of a body, and fields that it complains about, that are looked at: the rest nobody reads."""
_MAX_MESSAGE = 2_000


def judge(
    vendor: Vendor,
    endpoint: Endpoint,
    response: ReceivedResponse,
    sent: Mapping[str, str] | None = None,
    *,
    method: str = "",
) -> Verdict:
    """Return the vendor's verdict on *response* to a call of *endpoint*; *sent* maps names to what was sent for them,
    *method* is that of the request.

    Raises:
        Interrupted: the work was ended early (``core.checkpoint``).
    """
    rule = endpoint.verdict or vendor.verdict
    meaning = rule.statuses.get(str(response.status), "")
    try:
        body = read_body(response)
    except UnreadableBody as error:
        return _unreadable_verdict(response, meaning, _bounded(response.truncated or str(error)))
    said = _body_says(rule, body) if isinstance(body, Mapping) else None
    names = [param.name for param in endpoint.params.values()]
    message = _message(rule, body)
    fields = tuple(_fields(rule, body, message, names))
    outcome, why = _outcome(rule, response, said)
    if outcome == "OK" and response.truncated:
        outcome, why = "UNKNOWN", response.truncated
    if outcome == "OK" and body is None and (problem := _no_data_reason(endpoint, response, method)):
        outcome, why = "UNKNOWN", problem
    if outcome == "OK":
        why += _contradiction(endpoint, response, body)
    if outcome == "OK" and (absent := _missing_ids(endpoint, body, sent or {})):
        outcome, why = "PARTIAL", f"not all that was asked for is there: {', '.join(absent[:20])} not given"
    code = _text(get_at(body, rule.code)) if rule.code else ""
    if not code and rule.error and rule.message and outcome == "FAILED":
        code = _text(get_at(body, rule.error))
    return Verdict(
        outcome=outcome,
        http_status=response.status,
        code=_bounded(code) or ("" if outcome in ("OK", "PARTIAL") else str(response.status)),
        message="; ".join(message),
        fields=fields if outcome != "OK" else (),
        meaning=meaning,
        why=f"{why}; {response.note}" if response.note else why,
    )


def _unreadable_verdict(response: ReceivedResponse, meaning: str, wrong: str) -> Verdict:
    failed = response.status >= 400
    wrong = f"{wrong}; {response.note}" if response.note else wrong
    return Verdict(
        outcome="FAILED" if failed else "UNKNOWN",
        http_status=response.status,
        code=str(response.status) if failed else "",
        message=wrong,
        meaning=meaning,
        why=f"HTTP {response.status}" if failed else wrong,
    )


def _outcome(rule: VerdictRules, response: ReceivedResponse, said: tuple[bool, str] | None) -> tuple[Outcome, str]:
    status = response.status
    if said is not None and not said[0]:
        return "FAILED", f"{said[1]} in an HTTP {status}"
    if status in rule.ok_statuses:
        return "OK", f"HTTP {status}, which means success here"
    if status >= 400:
        return "FAILED", f"HTTP {status}"
    if status == 304:
        return "UNKNOWN", "HTTP 304: not modified since the version that the request names"
    if 300 <= status < 400:
        return "UNKNOWN", f"HTTP {status}: a redirect that was not followed"
    if status < 200:
        return "UNKNOWN", f"HTTP {status}"
    if response.truncated:
        return "UNKNOWN", response.truncated
    if said is not None:
        return "OK", f"{said[1]} in an HTTP {status}"
    if rule.success and response.body:
        return "UNKNOWN", f"HTTP {status}, and no {rule.success!r} in the body"
    if rule.success:
        return "UNKNOWN", f"HTTP {status} with an empty body"
    return "OK", f"HTTP {status}"


def _body_says(rule: VerdictRules, body: Mapping[str, Any]) -> tuple[bool, str] | None:
    """Whether the body itself says that the call succeeded, and where it says so; None when it says nothing."""
    if rule.success:
        flag = get_at(body, rule.success)
        if isinstance(flag, bool):
            return flag, f"{rule.success} is {str(flag).lower()}"
        if isinstance(flag, str) and flag.lower() in ("true", "false"):
            return flag.lower() == "true", f'{rule.success} is "{flag}"'
    if rule.error and get_at(body, rule.error) not in (None, "", [], {}):
        return False, f"there is {rule.error!r}"
    if rule.validation_map and _is_validation_map(body):
        return False, "there is a map of complaints"
    repeated = get_at(body, rule.status_code) if rule.status_code else None
    if isinstance(repeated, int) and not isinstance(repeated, bool) and repeated >= 400:
        return False, f"{rule.status_code} is {repeated}"
    return None


def _missing_ids(endpoint: Endpoint, body: Any, sent: Mapping[str, str]) -> list[str]:
    """The ids that were asked for and are not in the answer, where the catalog says how to tell."""
    asked = endpoint.asked
    if asked is None or not sent.get(asked.param):
        return []
    found = get_at(body, asked.records) if asked.records else body
    if isinstance(found, Mapping) and not asked.key:
        given = {str(key) for key in found}
    elif isinstance(found, list):
        given = {str(get_at(one, asked.key) if asked.key else one) for one in found}
    else:
        return []
    words = [word.strip() for word in sent[asked.param].split(",")]
    return [word for word in dict.fromkeys(words) if word and word not in given]


def _no_data_reason(endpoint: Endpoint, response: ReceivedResponse, method: str) -> str:
    """Why a body without a value cannot be what the document promises; empty where it promises no data, or none is due
    (RFC 9110, sections 9.3.2 and 15.3.5)."""
    if not _promises_data(endpoint) or method == "HEAD" or response.status in (204, 205):
        return ""
    if is_blank(response.body):
        return "an empty body, where data is documented"
    kind = essence(response.header("content-type"))
    return "" if _is_data(kind) else f"{kind or 'no media type'}, where data is documented"


def _promises_data(endpoint: Endpoint) -> bool:
    """Whether every documented good response of the call has a body of JSON or XML."""
    good = [sample for sample in endpoint.samples if sample.status < 400]
    return bool(good) and all(_is_data(essence(sample.media_type)) and sample.body.strip() for sample in good)


def _contradiction(endpoint: Endpoint, response: ReceivedResponse, body: Any) -> str:
    """What a good answer says of itself that is not so, as the end of a sentence."""
    if body is None or not response.body:
        return ""
    lies = ""
    kind = essence(response.header("content-type"))
    if _promises_data(endpoint) and not _is_data(kind):
        lies += f"; said to be {kind or 'nothing'}, and is JSON"
    if not is_xml(kind) and not is_utf8(response.body):
        lies += "; the JSON is not in UTF-8"
    return lies


def _is_data(media_type: str) -> bool:
    return is_json(media_type) or is_xml(media_type)


def _is_validation_map(body: object) -> bool:
    return (
        isinstance(body, Mapping)
        and bool(body)
        and all(isinstance(one, list) and one and all(isinstance(text, str) for text in one) for one in body.values())
    )


def _message(rule: VerdictRules, body: Any) -> list[str]:
    """What the body says of a failure, as much of it as a person would read."""
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


def _messages(found: Any, *, unfold: bool) -> Iterator[str]:
    if isinstance(found, str) and unfold and found.strip().startswith("["):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            yield found
            return
    if isinstance(found, list):
        yield from (_text(one) for one in found)
    elif isinstance(found, Mapping):
        yield from (_text(text) for one in found.values() for text in (one if isinstance(one, list) else [one]))
    else:
        yield _text(found)


def _fields(rule: VerdictRules, body: Any, messages: list[str], names: list[str]) -> Iterator[RejectedField]:
    """The guilty fields: keys of a validation map, names in the details, names that a message speaks of."""
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
            told = re.search(rf"(?<![\w.]){re.escape(plain)}(?![\w])", re.sub(r"[._]+", " ", message.lower()))
            if told and name not in seen and "#" not in name:
                seen.add(name)
                yield RejectedField(name=name, message=message)


def _form_name(name: str, names: list[str]) -> str:
    """The name as the form spells it: Laravel's ``line_items.0.upc`` is ``line_items[0].upc``."""
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
        return "(nested too deep to be shown here)"
