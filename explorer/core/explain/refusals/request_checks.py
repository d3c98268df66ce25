"""Checks on what is asked for: host, path, version, encoding, parameters, records; and on the vendor's own trouble."""

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
_KINDS: Final = {"form": FORM, "multipart": MULTIPART, "json": "json"}


class ServerFailure(Check):
    """The vendor's side failed."""

    id = "server"
    title = "The vendor's side failed"
    statuses = frozenset(range(500, 600))
    weight = 97
    fix = "Send it again later; look whether the vendor tells of trouble."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        return self.confirmed(facts, f"it says {facts.status}") if facts.status >= 500 else None


class RateLimited(Check):
    """Too many requests."""

    id = "too_many"
    title = "Too many requests in too short a time"
    statuses = frozenset((429,))
    weight = 97
    fix = "Wait, then send it again."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.status != 429 or facts.exchange.response is None:
            return None
        wait = facts.exchange.response.header("retry-after")
        return self.confirmed(
            facts,
            "it says 429"
            + (f", and to wait {wait} s" if wait.isdigit() else f", and to wait until {wait}" if wait else ""),
        )


class WrongHost(Check):
    """The request went to another host than the environment's."""

    id = "host"
    title = "It went to another host than the environment's"
    statuses = frozenset((400, 401, 403, 404, 405, 421))
    weight = 70
    fix = "Choose the environment."
    key: ClassVar[Fix] = "environment"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        sent, due = urlsplit(facts.exchange.request.url), urlsplit(facts.base_url)
        named = facts.headers.get("host", sent.netloc)
        if named.lower() != sent.netloc.lower():
            return self.confirmed(facts, f"the header Host says {named}, the URL {sent.netloc}", key="headers")
        if facts.environment is None and not facts.exchange.call.base_url:
            return self.ruled_out(facts, f"it went to the sandbox, {sent.netloc}")
        if sent.netloc.lower() != due.netloc.lower():
            return self.confirmed(facts, f"it went to {sent.netloc}; this environment is at {due.netloc}")
        if sent.scheme != due.scheme:
            return self.confirmed(
                facts, f"it went by {sent.scheme}; this environment is at {due.scheme}://{due.netloc}"
            )
        return self.ruled_out(facts, f"it went to {sent.netloc}")


class WrongAccept(Check):
    """The Accept header is not the one that chooses the version."""

    id = "accept"
    title = "The Accept header is not the documented one"
    statuses = frozenset((400, 404, 406, 415))
    weight = 91
    fix = "Take your own Accept header out, or choose the reading that sends it."
    key: ClassVar[Fix] = "headers"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = facts.endpoint.accept or facts.vendor.version.accept
        given = facts.headers.get("accept", "")
        if not wanted:
            return None
        ranges = [essence(part) for part in given.split(",")]
        if essence(wanted) in ranges:
            return self.ruled_out(facts, f"Accept: {given} was sent")
        own = any(name.lower() == "accept" for name, _ in facts.exchange.call.headers)
        key: Fix = "headers" if own or not facts.exchange.call.readings else "readings"
        return self.confirmed(facts, f"Accept: {given or '(none)'} was sent in place of {wanted}", key=key)


class WrongEncoding(Check):
    """The body is not in the documented encoding."""

    id = "encoding"
    title = "The body is not in the documented encoding"
    statuses = frozenset((400, 415, 422))
    weight = 80
    fix = "Take your own Content-Type out, or choose the reading that fits."
    key: ClassVar[Fix] = "headers"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if not facts.exchange.request.body or facts.endpoint.body == "none":
            return None
        given = essence(facts.headers.get("content-type", ""))
        due = _KINDS[facts.endpoint.body]
        if given == due or (due == "json" and re.search(r"[/+]json$", given)):
            return self.ruled_out(facts, f"Content-Type: {given} was sent")
        return self.confirmed(facts, f"Content-Type: {given or '(none)'} was sent in place of {due}")


class WrongMethod(Check):
    """The path does not know the method."""

    id = "method"
    title = "The HTTP method does not fit the address"
    statuses = frozenset((404, 405))
    weight = 86
    fix = "Switch to the documented method."
    key: ClassVar[Fix] = "method"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        sent, response = facts.exchange.request.method, facts.exchange.response
        allowed = response.header("allow") if response is not None else ""
        told = f"; the vendor allows {allowed}" if allowed else ""
        if sent not in facts.endpoint.methods:
            return self.confirmed(facts, f"{sent} was sent, {' or '.join(facts.endpoint.methods)} is documented{told}")
        if facts.status == 405:
            return self.confirmed(facts, f"the vendor says 405 to {sent}{told}")
        return self.ruled_out(facts, f"{sent} is documented")


class BrokenPageUrl(Check):
    """A page's URL was followed as printed, and leads nowhere."""

    id = "page_url"
    title = "The URL of a page cannot be followed as it was given"
    statuses = frozenset((400, 404))
    weight = 89
    fix = "Let the request be built from its parameters: choose that reading."
    key: ClassVar[Fix] = "readings"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if not facts.endpoint.pagination:
            return None
        path = unquote(urlsplit(facts.exchange.request.url).path)
        root = unquote(urlsplit(facts.exchange.call.base_url or facts.base_url).path).rstrip("/")
        template = re.sub(r"\\\{[^{}]*\\\}", "[^/]*", re.escape(root + facts.endpoint.path))
        if re.fullmatch(template, path):
            return self.ruled_out(facts, f"the path {path} is that of the call")
        return self.confirmed(facts, f"the path {path} is not that of the call, {facts.endpoint.path}")


class UnknownParameter(Check):
    """A parameter that the call does not know."""

    id = "misspelt"
    title = "A parameter is not one of this call"
    statuses = REQUEST_STATUSES
    weight = 84
    fix = "Write it as the catalog does."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        names = [name for name, _ in facts.exchange.call.extra]
        names += [entry.name for entry in facts.exchange.call.entries]
        unknown = [name for name in dict.fromkeys(names) if find_parameter(facts.endpoint, name) is None]
        if not unknown:
            return self.ruled_out(facts, "every parameter is documented") if names else None
        told = [self._told(facts, name) for name in unknown[:6]]
        near = nearest(unknown[0], facts.endpoint.params)
        return self.confirmed(facts, "; ".join(told), where=near or unknown[0])

    def _told(self, facts: RefusalFacts, name: str) -> str:
        near = nearest(name, facts.endpoint.params)
        return f"{name} is unknown" + (f", {near} is not" if near else "")


class MissingParameter(Check):
    """A parameter that must be there is not."""

    id = "required"
    title = "A required parameter is missing"
    statuses = REQUEST_STATUSES
    weight = 85
    fix = "Fill it in."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        missing = [one for one in facts.problems if one.level == "error" and _is_absence_problem(one)]
        if not missing:
            return self.ruled_out(facts, "everything that is required was sent")
        told = "; ".join(f"{one.field} {one.message}" for one in missing[:6])
        return self.confirmed(facts, told, where=missing[0].field)


def _is_absence_problem(problem: Problem) -> bool:
    return "required" in problem.message


class InvalidValue(Check):
    """A value that the form would not have sent."""

    id = "value"
    title = "A value is not as documented"
    statuses = REQUEST_STATUSES
    weight = 82
    fix = "Mend the value."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        names = {name for name, _ in facts.exchange.call.extra}
        wrong = [
            one
            for one in facts.problems
            if one.level == "error"
            and not _is_absence_problem(one)
            and _known(facts, one.field)
            and one.field not in names
        ]
        if not wrong:
            return self.ruled_out(facts, "the form has nothing against the values")
        told = "; ".join(
            f"{one.field}: {one.message}" + (f" ({one.expected})" if one.expected else "") for one in wrong[:6]
        )
        return self.confirmed(facts, told, where=wrong[0].field)


def _known(facts: RefusalFacts, name: str) -> bool:
    return not name or find_parameter(facts.endpoint, name) is not None


class VendorComplaint(Check):
    """The vendor itself names a field."""

    id = "complaint"
    title = "The vendor names the field"
    statuses = frozenset((400, 409, 422))
    weight = 83
    fix = "Mend the field."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        fields = facts.exchange.verdict.fields
        if not fields:
            return None
        told = "; ".join(f"{one.name}: {one.message}" if one.message else one.name for one in fields[:6])
        return self.confirmed(facts, told, where=fields[0].name)


class DeletedTestRecord(Check):
    """A record of a test environment that is gone by now."""

    id = "wiped"
    title = "The test environment has forgotten the record"
    statuses = frozenset((404, 410))
    weight = 91
    fix = "Make a new one, and ask for that."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        hours, place = _record_lifetime(facts)
        if not hours or facts.status not in self.statuses:
            return None
        wanted = _ids(facts)
        if not wanted:
            return None
        good = [one for one in facts.seen if one.good]
        rule = f"{place} forgets what was made there after {hours:g} h"
        if not good:
            return self.unknown(facts, f"{rule}; it was not seen before in this history")
        last = max(good, key=lambda one: one.at)
        when = format_age(facts.exchange.started_at - last.at)
        told = f"{last.param}={last.value} was there {when} before (entry {last.number}); {rule}"
        return self.confirmed(facts, told, where=last.param)


def _record_lifetime(facts: RefusalFacts) -> tuple[float, str]:
    """After how many hours records are gone, and where; the sandbox plays the vendor's test environment."""
    if facts.environment is not None:
        return facts.environment.forgets_after_hours, facts.exchange.call.environment
    hours = [one.forgets_after_hours for one in facts.vendor.environments.values() if one.kind == "test"]
    return max(hours, default=0.0), "the sandbox, which plays the test environment,"


def _ids(facts: RefusalFacts) -> dict[str, str]:
    """The values that name a record: those in the path, and parameters called so."""
    found: dict[str, str] = {}
    for entry in facts.exchange.call.entries:
        known = find_parameter(facts.endpoint, entry.name)
        if known is not None and entry.value and (known[0].location == "path" or _is_record_name(entry.name)):
            found[entry.name] = entry.value
    found.pop("format", None)
    return found


def _is_record_name(name: str) -> bool:
    return re.search(r"(^|[_.\]a-z])(id|ids|Id|Ids|sku|upc)$", name) is not None


class UnknownId(Check):
    """No record has this id."""

    id = "unknown_id"
    title = "No record has this id"
    statuses = frozenset((404, 410))
    weight = 60
    fix = "Take an id that a list of the vendor's gives."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = _ids(facts)
        if not wanted:
            return None
        if facts.status not in self.statuses:
            return self.ruled_out(facts, f"the vendor speaks of {facts.status}, not of 404")
        told = ", ".join(f"{name}={value}" for name, value in wanted.items())
        good: list[EarlierExchange] = [one for one in facts.seen if one.good]
        before = f"; it was there before (entry {good[-1].number})" if good else ""
        return self.confirmed(
            facts,
            f"method and address are the documented ones, so {told} names nothing{before}",
            where=next(iter(wanted)),
        )


class UnknownReference(Check):
    """A value in the call names something that the vendor does not have."""

    id = "unknown_reference"
    title = "A value names something that the vendor does not have"
    statuses = frozenset((400, 422))
    weight = 45
    fix = "Take ids that a list of the vendor's gives."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = _ids(facts)
        if not wanted or facts.status not in self.statuses or facts.problems:
            return None
        told = ", ".join(f"{name}={value}" for name, value in wanted.items())
        return self.unknown(facts, f"the form has nothing against the call; only the vendor knows {told}")


class UnknownPath(Check):
    """The address itself is unknown."""

    id = "address"
    title = "The vendor does not know the address"
    statuses = frozenset((404,))
    weight = 45
    fix = "Look at the path and the environment."
    key: ClassVar[Fix] = "environment"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.status != 404 or _ids(facts):
            return None
        guess = "; the path is inferred, no document names it" if facts.endpoint.inferred else ""
        return self.unknown(
            facts, f"the call names no record, so its address {facts.endpoint.path} is in question{guess}"
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
