"""Refusal checks on the request (host, path, version, encoding, parameters, records) and on server failures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import unquote, urlsplit

from explorer.core.explain.refusals.facts import Check, CheckResult, EarlierExchange, Fix, RefusalFacts
from explorer.core.form import find_parameter
from explorer.core.text.media_type import FORM, MULTIPART, essence
from explorer.core.text.units import format_age
from explorer.errors import nearest

if TYPE_CHECKING:
    from explorer.errors import Problem

REQUEST_STATUSES: Final = frozenset((400, 404, 405, 409, 422))
_BODY_TYPES: Final = {"form": FORM, "multipart": MULTIPART, "json": "json"}


class ServerFailure(Check):
    """The vendor's server failed."""

    id = "server"
    title = "The vendor's server failed"
    statuses = frozenset(range(500, 600))
    weight = 97
    fix = "Send again later, and check the vendor's status page."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        return self.confirmed(facts, f"status {facts.status}") if facts.status >= 500 else None


class RateLimited(Check):
    """Too many requests were sent."""

    id = "too_many"
    title = "Too many requests in a short time"
    statuses = frozenset((429,))
    weight = 97
    fix = "Wait, then send again."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.status != 429 or facts.exchange.response is None:
            return None
        wait = facts.exchange.response.header("retry-after")
        delay = f", retry after {wait} s" if wait.isdigit() else f", retry after {wait}" if wait else ""
        return self.confirmed(facts, f"status 429{delay}")


class WrongHost(Check):
    """The request went to another host than the environment's."""

    id = "host"
    title = "The host is not the environment's"
    statuses = frozenset((400, 401, 403, 404, 405, 421))
    weight = 70
    fix = "Choose the environment."
    key: ClassVar[Fix] = "environment"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        sent, expected = urlsplit(facts.exchange.request.url), urlsplit(facts.base_url)
        host = facts.headers.get("host", sent.netloc)
        if host.lower() != sent.netloc.lower():
            return self.confirmed(facts, f"the Host header is {host}, but the URL has {sent.netloc}", key="headers")
        if facts.environment is None and not facts.exchange.call.base_url:
            return self.ruled_out(facts, f"the request went to the sandbox, {sent.netloc}")
        if sent.netloc.lower() != expected.netloc.lower():
            return self.confirmed(facts, f"the request went to {sent.netloc}; this environment is {expected.netloc}")
        if sent.scheme != expected.scheme:
            return self.confirmed(
                facts, f"the request used {sent.scheme}; this environment is {expected.scheme}://{expected.netloc}"
            )
        return self.ruled_out(facts, f"the request went to {sent.netloc}")


class WrongAccept(Check):
    """The Accept header does not select the documented version."""

    id = "accept"
    title = "The Accept header is not the documented one"
    statuses = frozenset((400, 404, 406, 415))
    weight = 91
    fix = "Remove your own Accept header, or choose the reading that sends it."
    key: ClassVar[Fix] = "headers"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = facts.endpoint.accept or facts.vendor.version.accept
        accept = facts.headers.get("accept", "")
        if not wanted:
            return None
        ranges = [essence(part) for part in accept.split(",")]
        if essence(wanted) in ranges:
            return self.ruled_out(facts, f"Accept: {accept} was sent")
        own = any(name.lower() == "accept" for name, _ in facts.exchange.call.headers)
        key: Fix = "headers" if own or not facts.exchange.call.readings else "readings"
        return self.confirmed(facts, f"Accept: {accept or '(none)'} was sent instead of {wanted}", key=key)


class WrongEncoding(Check):
    """The body is not in the documented encoding."""

    id = "encoding"
    title = "The body is not in the documented encoding"
    statuses = frozenset((400, 415, 422))
    weight = 80
    fix = "Remove your own Content-Type header, or choose the matching reading."
    key: ClassVar[Fix] = "headers"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if not facts.exchange.request.body or facts.endpoint.body == "none":
            return None
        sent = essence(facts.headers.get("content-type", ""))
        expected = _BODY_TYPES[facts.endpoint.body]
        if sent == expected or (expected == "json" and re.search(r"[/+]json$", sent)):
            return self.ruled_out(facts, f"Content-Type: {sent} was sent")
        return self.confirmed(facts, f"Content-Type: {sent or '(none)'} was sent instead of {expected}")


class WrongMethod(Check):
    """The path does not support the method."""

    id = "method"
    title = "The HTTP method is not allowed for this path"
    statuses = frozenset((404, 405))
    weight = 86
    fix = "Switch to the documented method."
    key: ClassVar[Fix] = "method"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        sent, response = facts.exchange.request.method, facts.exchange.response
        allow = response.header("allow") if response is not None else ""
        allowed = f"; the vendor allows {allow}" if allow else ""
        if sent not in facts.endpoint.methods:
            documented = " or ".join(facts.endpoint.methods)
            return self.confirmed(facts, f"{sent} was sent, {documented} is documented{allowed}")
        if facts.status == 405:
            return self.confirmed(facts, f"status 405 for {sent}{allowed}")
        return self.ruled_out(facts, f"{sent} is documented")


class BrokenPageUrl(Check):
    """A page URL from a response was followed unchanged and does not work."""

    id = "page_url"
    title = "The page URL from the response does not work"
    statuses = frozenset((400, 404))
    weight = 89
    fix = "Choose the reading that builds the request from its parameters."
    key: ClassVar[Fix] = "readings"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if not facts.endpoint.pagination:
            return None
        path = unquote(urlsplit(facts.exchange.request.url).path)
        root = unquote(urlsplit(facts.exchange.call.base_url or facts.base_url).path).rstrip("/")
        template = re.sub(r"\\\{[^{}]*\\\}", "[^/]*", re.escape(root + facts.endpoint.path))
        if re.fullmatch(template, path):
            return self.ruled_out(facts, f"the path {path} is the call's path")
        return self.confirmed(facts, f"the path {path} is not the call's path {facts.endpoint.path}")


class UnknownParameter(Check):
    """The call has an undocumented parameter."""

    id = "misspelt"
    title = "A parameter is not documented for this call"
    statuses = REQUEST_STATUSES
    weight = 84
    fix = "Use the name in the catalog."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        names = [name for name, _ in facts.exchange.call.extra]
        names += [entry.name for entry in facts.exchange.call.entries]
        unknown = [name for name in dict.fromkeys(names) if find_parameter(facts.endpoint, name) is None]
        if not unknown:
            return self.ruled_out(facts, "every parameter is documented") if names else None
        evidence = "; ".join(self._describe(facts, name) for name in unknown[:6])
        suggestion = nearest(unknown[0], facts.endpoint.params)
        return self.confirmed(facts, evidence, where=suggestion or unknown[0])

    def _describe(self, facts: RefusalFacts, name: str) -> str:
        suggestion = nearest(name, facts.endpoint.params)
        return f"{name} is unknown" + (f"; did you mean {suggestion}?" if suggestion else "")


class MissingParameter(Check):
    """A required parameter is missing."""

    id = "required"
    title = "A required parameter is missing"
    statuses = REQUEST_STATUSES
    weight = 85
    fix = "Fill it in."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        missing = [problem for problem in facts.problems if problem.level == "error" and _is_missing(problem)]
        if not missing:
            return self.ruled_out(facts, "all required parameters were sent")
        evidence = "; ".join(f"{problem.field} {problem.message}" for problem in missing[:6])
        return self.confirmed(facts, evidence, where=missing[0].field)


def _is_missing(problem: Problem) -> bool:
    return "required" in problem.message


class InvalidValue(Check):
    """The form rejects a value."""

    id = "value"
    title = "A value is not as documented"
    statuses = REQUEST_STATUSES
    weight = 82
    fix = "Fix the value."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        extra = {name for name, _ in facts.exchange.call.extra}
        problems = [
            problem
            for problem in facts.problems
            if problem.level == "error"
            and not _is_missing(problem)
            and _is_documented(facts, problem.field)
            and problem.field not in extra
        ]
        if not problems:
            return self.ruled_out(facts, "the form accepts every value")
        evidence = "; ".join(
            f"{problem.field}: {problem.message}" + (f" ({problem.expected})" if problem.expected else "")
            for problem in problems[:6]
        )
        return self.confirmed(facts, evidence, where=problems[0].field)


def _is_documented(facts: RefusalFacts, name: str) -> bool:
    return not name or find_parameter(facts.endpoint, name) is not None


class VendorComplaint(Check):
    """The vendor's error names a field."""

    id = "complaint"
    title = "The vendor rejected a field"
    statuses = frozenset((400, 409, 422))
    weight = 83
    fix = "Fix the field."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        fields = facts.exchange.verdict.fields
        if not fields:
            return None
        evidence = "; ".join(f"{field.name}: {field.message}" if field.message else field.name for field in fields[:6])
        return self.confirmed(facts, evidence, where=fields[0].name)


class DeletedTestRecord(Check):
    """The test environment has deleted the record by now."""

    id = "wiped"
    title = "The test environment has deleted the record"
    statuses = frozenset((404, 410))
    weight = 91
    fix = "Create a new record and use its id."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        hours, place = _record_lifetime(facts)
        if not hours or facts.status not in self.statuses:
            return None
        ids = _record_ids(facts)
        if not ids:
            return None
        good = [earlier for earlier in facts.seen if earlier.good]
        rule = f"{place} deletes records after {hours:g} h"
        if not good:
            return self.unknown(facts, f"{rule}; the history has no earlier call with this id")
        last = max(good, key=lambda earlier: earlier.at)
        age = format_age(facts.exchange.started_at - last.at)
        evidence = f"{last.param}={last.value} existed {age} before (entry {last.number}); {rule}"
        return self.confirmed(facts, evidence, where=last.param)


def _record_lifetime(facts: RefusalFacts) -> tuple[float, str]:
    """Return after how many hours records are deleted, and in which environment. The sandbox acts as the vendor's test
    environment."""
    if facts.environment is not None:
        return facts.environment.forgets_after_hours, facts.exchange.call.environment
    environments = facts.vendor.environments.values()
    hours = [environment.forgets_after_hours for environment in environments if environment.kind == "test"]
    return max(hours, default=0.0), "the sandbox, like the test environment,"


def _record_ids(facts: RefusalFacts) -> dict[str, str]:
    """Return the values that identify a record: path parameters, and parameters named like ids."""
    ids: dict[str, str] = {}
    for entry in facts.exchange.call.entries:
        match = find_parameter(facts.endpoint, entry.name)
        if match is not None and entry.value and (match[0].location == "path" or _is_id_name(entry.name)):
            ids[entry.name] = entry.value
    ids.pop("format", None)
    return ids


def _is_id_name(name: str) -> bool:
    return re.search(r"(^|[_.\]a-z])(id|ids|Id|Ids|sku|upc)$", name) is not None


class UnknownId(Check):
    """No record has this id."""

    id = "unknown_id"
    title = "No record has this id"
    statuses = frozenset((404, 410))
    weight = 60
    fix = "Use an id from one of the vendor's list calls."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        ids = _record_ids(facts)
        if not ids:
            return None
        if facts.status not in self.statuses:
            return self.ruled_out(facts, f"the status is {facts.status}, not 404")
        values = ", ".join(f"{name}={value}" for name, value in ids.items())
        good: list[EarlierExchange] = [earlier for earlier in facts.seen if earlier.good]
        earlier = f"; it existed before (entry {good[-1].number})" if good else ""
        return self.confirmed(
            facts,
            f"method and path are as documented, so {values} does not exist{earlier}",
            where=next(iter(ids)),
        )


class UnknownReference(Check):
    """A value refers to a record that does not exist."""

    id = "unknown_reference"
    title = "A value refers to a record that does not exist"
    statuses = frozenset((400, 422))
    weight = 45
    fix = "Use ids from the vendor's list calls."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        ids = _record_ids(facts)
        if not ids or facts.status not in self.statuses or facts.problems:
            return None
        values = ", ".join(f"{name}={value}" for name, value in ids.items())
        return self.unknown(facts, f"the form accepts every value; only the vendor knows whether {values} exists")


class UnknownPath(Check):
    """The path does not exist."""

    id = "address"
    title = "The path does not exist"
    statuses = frozenset((404,))
    weight = 45
    fix = "Check the path and the environment."
    key: ClassVar[Fix] = "environment"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.status != 404 or _record_ids(facts):
            return None
        inferred = "; the path is inferred, not documented" if facts.endpoint.inferred else ""
        return self.unknown(
            facts, f"the call has no record id, so the path {facts.endpoint.path} may be wrong{inferred}"
        )


REQUEST_CHECKS: Final[tuple[Check, ...]] = (
    ServerFailure(),
    RateLimited(),
    WrongHost(),
    WrongAccept(),
    WrongEncoding(),
    WrongMethod(),
    BrokenPageUrl(),
    UnknownParameter(),
    MissingParameter(),
    VendorComplaint(),
    InvalidValue(),
    DeletedTestRecord(),
    UnknownId(),
    UnknownReference(),
    UnknownPath(),
)
