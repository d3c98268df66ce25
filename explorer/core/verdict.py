"""Judge an exchange as the vendor's documentation does: by HTTP status and by what the body says.

The body goes before the status: a 200 whose body says that it failed has FAILED (002:54), and the words ``"true"`` and
``"false"`` count as the booleans (002:58). What cannot be judged is UNKNOWN, never OK.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import msgspec

from explorer.core.exchange import JudgedField, Judgement, Outcome, ReceivedResponse

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint, Vendor, Verdict

_PATHS = re.compile(r"[^.\[\]]+")


class NotReadable(ValueError):
    """The body is not what its media type says."""


def judge(vendor: Vendor, endpoint: Endpoint, response: ReceivedResponse) -> Judgement:
    """The vendor's verdict on *response* to a call of *endpoint*."""
    rule = endpoint.verdict or vendor.verdict
    meaning = rule.statuses.get(str(response.status), "")
    try:
        body = read_body(response)
    except NotReadable as error:
        return _unread(response, meaning, str(error))
    said = _body_says(rule, body) if isinstance(body, Mapping) else None
    names = [param.name for param in endpoint.params.values()]
    message = _message(rule, body)
    fields = tuple(_fields(rule, body, message, names))
    outcome, why = _outcome(rule, response, said)
    code = _text(dig(body, rule.code)) if rule.code else ""
    if not code and rule.error and rule.message and outcome == "FAILED":
        code = _text(dig(body, rule.error))
    return Judgement(
        outcome=outcome,
        http_status=response.status,
        code=code or ("" if outcome == "OK" else str(response.status)),
        message="; ".join(message),
        fields=fields if outcome != "OK" else (),
        meaning=meaning,
        why=why,
    )


def _unread(response: ReceivedResponse, meaning: str, wrong: str) -> Judgement:
    failed = response.status >= 400
    return Judgement(
        outcome="FAILED" if failed else "UNKNOWN",
        http_status=response.status,
        code=str(response.status) if failed else "",
        message=wrong,
        meaning=meaning,
        why=f"HTTP {response.status}" if failed else wrong,
    )


def _outcome(rule: Verdict, response: ReceivedResponse, said: tuple[bool, str] | None) -> tuple[Outcome, str]:
    status = response.status
    if said is not None and not said[0]:
        return "FAILED", f"{said[1]} in an HTTP {status}"
    if status >= 400:
        return "FAILED", f"HTTP {status}"
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


def _body_says(rule: Verdict, body: Mapping[str, Any]) -> tuple[bool, str] | None:
    """Whether the body itself says that the call succeeded, and where it says so; None when it says nothing."""
    if rule.success:
        flag = dig(body, rule.success)
        if isinstance(flag, bool):
            return flag, f"{rule.success} is {str(flag).lower()}"
        if isinstance(flag, str) and flag.lower() in ("true", "false"):
            return flag.lower() == "true", f'{rule.success} is "{flag}"'
    if rule.error and dig(body, rule.error) not in (None, "", [], {}):
        return False, f"there is {rule.error!r}"
    if rule.validation_map and _is_validation_map(body):
        return False, "there is a map of complaints"
    return None


def _is_validation_map(body: object) -> bool:
    return (
        isinstance(body, Mapping)
        and bool(body)
        and all(isinstance(one, list) and one and all(isinstance(text, str) for text in one) for one in body.values())
    )


def _message(rule: Verdict, body: Any) -> list[str]:
    if not isinstance(body, Mapping):
        return []
    for path in (rule.message, rule.error):
        found = dig(body, path) if path else None
        if found not in (None, "", [], {}):
            return list(_messages(found, unfold=rule.message_holds_json))
    if rule.validation_map and _is_validation_map(body):
        return [text for texts in body.values() for text in texts]
    return []


def _messages(found: Any, *, unfold: bool) -> Iterator[str]:
    if isinstance(found, str) and unfold and found.strip().startswith("["):
        try:
            found = json.loads(found)
        except ValueError:
            yield found
            return
    if isinstance(found, list):
        yield from (_text(one) for one in found)
    elif isinstance(found, Mapping):
        yield from (_text(text) for one in found.values() for text in (one if isinstance(one, list) else [one]))
    else:
        yield _text(found)


def _fields(rule: Verdict, body: Any, messages: list[str], names: list[str]) -> Iterator[JudgedField]:
    """The guilty fields: keys of a validation map, names in the details, names that a message speaks of."""
    if not isinstance(body, Mapping):
        return
    seen: set[str] = set()
    details = dig(body, rule.details) if rule.details else None
    for source in (details, body if rule.validation_map and _is_validation_map(body) else None):
        if isinstance(source, Mapping):
            for key, value in source.items():
                texts = [_text(one) for one in value] if isinstance(value, list) else [_text(value)]
                for name, message in ((key, "; ".join(texts)), *((text, "; ".join(messages)) for text in texts)):
                    known = _form_name(name, names)
                    if known and known not in seen:
                        seen.add(known)
                        yield JudgedField(name=known, message=message)
    for message in messages:
        for name in names:
            words = re.split(r"[._\[\]#*]+", name.lower())
            plain = " ".join(word for word in words if word)
            told = re.search(rf"(?<![\w.]){re.escape(plain)}(?![\w])", re.sub(r"[._]+", " ", message.lower()))
            if told and name not in seen and "#" not in name:
                seen.add(name)
                yield JudgedField(name=name, message=message)


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
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def dig(body: Any, path: str) -> Any:
    """What stands at a dotted path (``data.error.code``, ``items[0].id``), or None."""
    for step in _PATHS.findall(path):
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body


def read_body(response: ReceivedResponse) -> Any:
    """The body as a value: JSON and ``+json`` (RFC 6839), XML and ``+xml`` below its root element, None otherwise.

    Raises:
        NotReadable: the body is not what its media type says.
    """
    kind = response.header("content-type").split(";")[0].strip().lower()
    body = response.body
    if not body.strip():
        return None
    if kind.endswith(("/json", "+json")):
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if body.lstrip()[:1] == b"<":
                raise NotReadable("said to be JSON, and is markup") from None
            return _tolerant(body, str(error))
    if kind.endswith(("/xml", "+xml")):
        return xml_value(body)
    if kind in ("", "text/plain") and body.lstrip()[:1] in (b"{", b"["):
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
    return None


def _tolerant(body: bytes, wrong: str) -> Any:
    """Numbers such as ``1e400`` are JSON though they fit no machine number; the rest is an error."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise NotReadable(f"said to be JSON, and is not: {wrong}") from None


def xml_value(body: bytes) -> Any:
    """The content of the root element: elements as tables, repeated ones as lists, text as text. A document type is
    refused, so no entity is ever expanded.

    Raises:
        NotReadable: the body is no XML, or declares a document type.
    """
    parser = expat.ParserCreate()
    stack: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]

    def refuse(*_: object) -> None:
        raise NotReadable("the XML declares a document type, which is not read")

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(stack) > 200:
            raise NotReadable("the XML is nested more than 200 deep")
        stack.append((name, {}, []))

    def end(_name: str) -> None:
        name, table, texts = stack.pop()
        value: Any = table or "".join(texts).strip()
        above = stack[-1][1]
        if name in above:
            before = above[name]
            above[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            above[name] = value

    def text(part: str) -> None:
        stack[-1][2].append(part)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise NotReadable(f"said to be XML, and is not: {error}") from None
    return next(iter(stack[0][1].values()), None)
