"""Compare how the vendors of a catalog do the same tasks, from the catalog alone."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from explorer.core.auth import options_of
from explorer.core.paging import style_of
from explorer.core.text.media_type import essence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from explorer.core.catalog.model import Catalog, Endpoint, Vendor


@dataclass(frozen=True)
class ComparisonCell:
    """``points`` are a few words each, for the table; ``details`` are sentences; ``endpoint`` is the address of a call
    to look at, or empty; ``lines`` cites the vendor's document."""

    points: tuple[str, ...]
    details: tuple[str, ...] = ()
    endpoint: str = ""
    lines: str = ""

    @property
    def short(self) -> str:
        """The points in one line."""
        return "; ".join(self.points)


def build_cell(
    vendor: Vendor, points: Iterable[str], details: Iterable[str] = (), endpoint: str = "", lines: str = ""
) -> ComparisonCell:
    """A cell whose doubles and empty texts are left out."""
    told = tuple(dict.fromkeys(one for one in points if one)) or ("not documented",)
    more = tuple(dict.fromkeys(one for one in details if one))
    return ComparisonCell(
        told, more, f"{vendor.id}.{endpoint}" if endpoint in vendor.endpoints else "", vendor.cite(lines)
    )


def pluralize(number: int, one: str, many: str = "") -> str:
    """``1 call``, ``3 calls``."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


_DATES: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "ISO 8601, UTC"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:?\d\d"), "ISO 8601 with offset"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"), "date and time, no zone"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "year first"),
    (re.compile(r"\d\d-\d\d-\d{4}"), "month first, hyphens"),
    (re.compile(r"\d\d?/\d\d?/\d{4}"), "slashes"),
)
_TIME_WORDS: Final = ("date", "time", "created", "updated", "_at", "placed_on", "expires")
_MONEY_WORDS: Final = ("price", "total", "cost", "amount", "subtotal", "fee", "wholesale", "balance", "shipping_cost")
_NOT_MONEY: Final = ("total_items", "total_pages", "total_count")


def verdict(vendor: Vendor) -> ComparisonCell:
    """How one knows that a call has worked."""
    rule = vendor.verdict
    points = [
        f"{rule.success} in the body" if rule.success else "HTTP status",
        f"error in {rule.error}" if rule.error else "",
        f"code in {rule.code}" if rule.code else "",
        f"message in {rule.message}" if rule.message else "",
        "map of fields" if rule.validation_map else "",
        "error text holds JSON" if rule.message_holds_json else "",
    ]
    details = [
        "A status of 200 says nothing: the body decides." if rule.success else "",
        f"What went wrong more closely stands in {rule.details}." if rule.details else "",
        f"The body repeats the status in {rule.status_code}." if rule.status_code else "",
        "A body whose every value is a list of texts maps fields to complaints." if rule.validation_map else "",
    ]
    own = sum(one.verdict is not None for one in vendor.endpoints.values())
    details.append(f"{pluralize(own, 'call is', 'calls are')} judged by a rule of their own." if own else "")
    failing = (one.id for one in vendor.endpoints.values() if one.params and one.effect == "read")
    return build_cell(vendor, points, details, next(failing, ""), rule.lines)


def statuses(vendor: Vendor) -> ComparisonCell:
    """Which statuses are explained."""
    known = vendor.verdict.statuses
    points = [", ".join(known)] if known else []
    return build_cell(
        vendor, points, [f"{status}: {text}" for status, text in known.items()], lines=vendor.verdict.lines
    )


def dates(vendor: Vendor) -> ComparisonCell:
    """How dates are written."""
    asked = [
        (one.id, name, param)
        for one in vendor.endpoints.values()
        for name, param in one.params.items()
        if param.type == "date"
    ]
    shown: dict[str, tuple[str, str]] = {}
    for endpoint, name, value in _leaves(vendor):
        kind = _date_kind(name, value)
        if kind:
            shown.setdefault(kind, (endpoint, f"{name}: {value}"))
    points = [f"sent as {param.date_format or '%Y-%m-%d'}" for _, _, param in asked]
    points += [f"{kind} ({example.partition(': ')[2]})" for kind, (_, example) in shown.items()]
    details = [f"{kind}, as in {example} of {endpoint}." for kind, (endpoint, example) in shown.items()]
    details += [f"{name}: {param.note}" for _, name, param in asked if param.note]
    first = asked[0][0] if asked else next(iter(shown.values()))[0] if shown else ""
    return build_cell(vendor, points or ["none in the samples"], details, first, asked[0][2].lines if asked else "")


def _date_kind(name: str, value: Any) -> str:
    if isinstance(value, str):
        return next((kind for pattern, kind in _DATES if pattern.fullmatch(value)), "")
    timely = any(word in name.lower() for word in _TIME_WORDS)
    if timely and isinstance(value, int) and not isinstance(value, bool) and 10**8 < value < 10**14:
        return "milliseconds since 1970" if value > 10**11 else "seconds since 1970"
    return ""


def money(vendor: Vendor) -> ComparisonCell:
    """What an amount looks like."""
    kinds: Counter[str] = Counter()
    examples: dict[str, tuple[str, str]] = {}
    for endpoint, name, value in _leaves(vendor):
        last = name.rpartition(".")[2].lower()
        counts = "pagination" in name or (name == "total" and vendor.endpoints[endpoint].pagination)
        if counts or not any(word in last for word in _MONEY_WORDS) or last in _NOT_MONEY:
            continue
        kind = _money_kind(value)
        if kind:
            kinds[kind] += 1
            examples.setdefault(kind, (endpoint, f"{name.rpartition('.')[2]}: {json.dumps(value)}"))
    points = [f"{kind} ({examples[kind][1]})" for kind, _ in kinds.most_common()]
    details = [f"{kind}: {count} times in the samples, first in {examples[kind][0]}." for kind, count in kinds.items()]
    currency = next((f"{name}: {value}" for _, name, value in _leaves(vendor) if "currency" in name.lower()), "")
    details.append(f"The currency stands beside it, as {currency}." if currency else "No currency stands beside it.")
    first = next(iter(examples.values()))[0] if examples else ""
    return build_cell(vendor, points or ["none in the samples"], details if examples else (), first)


def _money_kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str) and re.fullmatch(r"-?[\d,]+(\.\d+)?", value):
        return "text"
    if isinstance(value, str) and re.fullmatch(r"[^\w\s]?\s?-?[\d,]+(\.\d+)?\s?[^\w\s]?", value):
        return "text with a sign"
    return ""


def ids(vendor: Vendor) -> ComparisonCell:
    """What names a record."""
    kinds: Counter[str] = Counter()
    places: dict[str, str] = {}
    first = ""
    for endpoint in vendor.endpoints.values():
        for name, param in endpoint.params.items():
            last = re.split(r"[.\]_]", name.rstrip("[]"))[-1]
            if last == "id" or last.endswith("Id"):
                kind = f"{param.type} in the {'path' if param.location == 'path' else 'parameters'}"
                kinds[kind] += 1
                places.setdefault(kind, f"{name} of {endpoint.id}")
                first = first or endpoint.id
    answered = Counter(
        "a text" if isinstance(value, str) else "a number"
        for _, name, value in _leaves(vendor)
        if name.rpartition(".")[2] == "id" and isinstance(value, str | int)
    )
    points = [f"{kind} ×{count}" for kind, count in kinds.most_common()]
    points += [f"{kind} in answers" for kind, _ in answered.most_common()]
    details = [f"{kind}: {place}." for kind, place in places.items()]
    return build_cell(vendor, points or ["no record has one"], details, first)


def _leaves(vendor: Vendor) -> Iterator[tuple[str, str, Any]]:
    """Endpoint, dotted name and value of everything in the samples that are JSON."""
    for endpoint in vendor.endpoints.values():
        for sample in endpoint.samples:
            try:
                body = json.loads(sample.body)
            except ValueError:
                continue  # XML, HTML or no body: other samples of the vendor are JSON
            for name, value in _walk(body, ""):
                yield endpoint.id, name, value


def _walk(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, name)
    else:
        yield name, value


_WRITES: Final = {"create": "creates", "update": "changes", "delete": "deletes", "order": "orders"}


def size(vendor: Vendor) -> ComparisonCell:
    """How much there is."""
    calls, inferred = vendor.endpoints.values(), [one.id for one in vendor.endpoints.values() if one.inferred]
    params = sum(len(one.params) for one in calls)
    points = [pluralize(len(calls), "call"), pluralize(params, "parameter")]
    points += [f"{len(inferred)} inferred"] if inferred else []
    groups = Counter(one.group for one in calls)
    details = [vendor.summary, "Groups: " + ", ".join(f"{name} ({count})" for name, count in groups.items())]
    return build_cell(vendor, points, details, next(iter(vendor.endpoints), ""))


def environments(vendor: Vendor) -> ComparisonCell:
    """Where it is served."""
    points = [f"{name}{' (asks first)' if one.guarded else ''}" for name, one in vendor.environments.items()]
    details = [f"{name}: {one.base_url}. {one.note}" for name, one in vendor.environments.items()]
    lines = next((one.lines for one in vendor.environments.values() if one.lines), "")
    return build_cell(vendor, points or ["no host is named"], details, lines=lines)


def auth(vendor: Vendor) -> ComparisonCell:
    """How a request proves who sends it."""
    ways = list(vendor.auth.values())
    points = [one.title or one.scheme for one in ways]
    anonymous = sum(one.auth == "none" for one in vendor.endpoints.values())
    points += [f"{pluralize(anonymous, 'call')} without"] if anonymous else []
    details = [one.note for one in ways]
    details += [f"{one.title}. {one.note}".strip() for one in vendor.credentials.values()]
    return build_cell(vendor, points, details, _first_with_auth(vendor), ways[0].lines if ways else "")


def credential_place(vendor: Vendor) -> ComparisonCell:
    """In which part of a request the proof stands."""
    points, details = [], []
    for one in vendor.auth.values():
        where, more = options_of(one).placement
        points.append(where)
        details.append(more)
    return build_cell(vendor, points, details, _first_with_auth(vendor))


def token(vendor: Vendor) -> ComparisonCell:
    """Where a token comes from."""
    sources = [options_of(auth).token_source for auth in vendor.auth.values()]
    points = [point for source in sources for point in source.points]
    details = [detail for source in sources for detail in source.details]
    endpoint = next((source.endpoint for source in reversed(sources) if source.endpoint), "")
    return build_cell(vendor, points or ["no token"], details, endpoint)


def version(vendor: Vendor) -> ComparisonCell:
    """How versions are told apart."""
    one = vendor.version
    words = {"accept": f"Accept: {one.accept}", "path": f"path: /{one.value}/", "none": "none"}
    points = [words[one.style]]
    if one.style != "accept" and one.accept:
        points.append(f"Accept: {one.accept}")
    return build_cell(vendor, points, [one.note], lines=one.lines)


def bodies(vendor: Vendor) -> ComparisonCell:
    """What goes out and what comes back."""
    calls = vendor.endpoints.values()
    sent = Counter(one.body for one in calls if one.body != "none")
    back = Counter(essence(sample.media_type) for one in calls for sample in one.samples)
    points = [f"{name} ×{count}" for name, count in sent.most_common()] or ["query only"]
    points.append("answers " + ", ".join(_short_type(name) for name, _ in back.most_common()) if back else "")
    files = [one.id for one in calls if any(param.type == "file" for param in one.params.values())]
    details = [f"Files: {', '.join(files)}." if files else "No call takes a file."]
    sending = next((one.id for one in calls if one.body != "none"), "")
    return build_cell(vendor, points, details, files[0] if files else sending)


def _short_type(media_type: str) -> str:
    return media_type.rpartition("/")[2] or media_type


def lists(vendor: Vendor) -> ComparisonCell:
    """How a parameter repeats."""
    found: dict[str, list[tuple[Endpoint, str]]] = {}
    for endpoint in vendor.endpoints.values():
        for name, param in endpoint.params.items():
            kinds = [param.repeat or "", "nested" if "." in name else ""]
            for kind in filter(None, kinds):
                found.setdefault(kind, []).append((endpoint, name))
    words = {"index": "numbered", "append": "again and again", "key": "by key", "comma": "comma list", "nested": "JSON"}
    points = [f"{words[kind]}: {places[0][1]}" for kind, places in found.items()]
    details = [
        f"{words[kind]}: {', '.join(dict.fromkeys(name for _, name in places))}." for kind, places in found.items()
    ]
    first = next(iter(found.values()))[0][0].id if found else ""
    return build_cell(vendor, points or ["none repeats"], details, first)


def paging(vendor: Vendor) -> ComparisonCell:
    """How a long list is read."""
    paged = [one for one in vendor.endpoints.values() if one.pagination]
    points, details = [], []
    for rule in vendor.pagination.values():
        style = style_of(rule)
        points.append(" and ".join(name for name in style.params if name))
        points.append(f"{style.default_size} to a page" if style.default_size else "")
        points.append("total told" if style.options.total else "total not told")
        points.append("" if style.links_are_followable else "links not to be followed")
        points.append("only when asked for" if style.opt_in else "")
        details.append(f"{rule.title}. {rule.note}".strip())
    details.append(f"Calls that page: {', '.join(one.id for one in paged)}." if paged else "")
    lines = next((one.lines for one in vendor.pagination.values() if one.lines), "")
    return build_cell(vendor, points or ["no paging"], details, paged[0].id if paged else "", lines)


def effects(vendor: Vendor) -> ComparisonCell:
    """What changes something."""
    points, details = [], []
    writing = [one for one in vendor.endpoints.values() if _strongest_effect(one) in _WRITES]
    for effect, word in _WRITES.items():
        some = [one for one in writing if _strongest_effect(one) == effect]
        if some:
            methods = ", ".join(dict.fromkeys(one.method for one in some))
            points.append(f"{word} ×{len(some)} by {methods}")
            details.append(f"{word}: {', '.join(one.id for one in some)}.")
    conditional = list(_conditional(vendor))
    details += conditional
    gravest = next((one.id for one in writing if _strongest_effect(one) == "order"), writing[0].id if writing else "")
    return build_cell(vendor, points or ["reads only"], details, gravest)


def _strongest_effect(endpoint: Endpoint) -> str:
    return endpoint.effect_when[0].effect if endpoint.effect_when else endpoint.effect


def _conditional(vendor: Vendor) -> Iterator[str]:
    for endpoint in vendor.endpoints.values():
        for when in endpoint.effect_when:
            yield f"{endpoint.id} {_WRITES.get(when.effect, when.effect)} only with {when.param}={when.equals}."


def contradictions(vendor: Vendor) -> ComparisonCell:
    """Where the document disagrees with itself."""
    own = sum(len(one.readings) for one in vendor.endpoints.values())
    total = own + len(vendor.readings)
    changing = sum(reading.changes_request for reading in vendor.readings.values())
    changing += sum(reading.changes_request for one in vendor.endpoints.values() for reading in one.readings.values())
    most = max(vendor.endpoints.values(), key=lambda one: len(one.readings), default=None)
    points = [f"{total}", f"{changing} change the request"]
    details = [
        f"{len(vendor.readings)} about every call, {own} about single ones.",
        f"Most at {most.id}: {len(most.readings)}." if most is not None and most.readings else "",
        *(reading.about for reading in list(vendor.readings.values())[:4]),
    ]
    return build_cell(vendor, points, details, most.id if most is not None else "")


def _first_with_auth(vendor: Vendor) -> str:
    calls = [one for one in vendor.endpoints.values() if one.auth != "none"]
    return next((one.id for one in calls if one.effect == "read"), calls[0].id if calls else "")


class TaskDefinition(NamedTuple):
    """A task by its name: its title, the question that it answers, and what makes a vendor's cell."""

    title: str
    question: str
    cell: Callable[[Vendor], ComparisonCell]


TASKS: Final[dict[str, TaskDefinition]] = {
    "size": TaskDefinition("Calls", "How much is documented?", size),
    "environments": TaskDefinition(
        "Environments", "Where is it served, and where does a write ask first?", environments
    ),
    "auth": TaskDefinition("Authentication", "How does a request prove who sends it?", auth),
    "credential": TaskDefinition("Credential goes", "In which part of the request does that stand?", credential_place),
    "token": TaskDefinition("Getting a token", "Where does the token come from, and how long does it last?", token),
    "version": TaskDefinition("Version", "How is one version told from another?", version),
    "bodies": TaskDefinition("Bodies", "How are parameters sent, and what comes back?", bodies),
    "lists": TaskDefinition("Lists in a request", "How does a parameter repeat, and how do values nest?", lists),
    "paging": TaskDefinition("Paging", "How does one read a long list to its end?", paging),
    "verdict": TaskDefinition("Success and errors", "How does one know that a call has worked?", verdict),
    "statuses": TaskDefinition("Statuses", "Which HTTP statuses are explained?", statuses),
    "dates": TaskDefinition("Dates", "How are dates written, in requests and in answers?", dates),
    "money": TaskDefinition("Money", "What does an amount look like?", money),
    "ids": TaskDefinition("Ids", "What names a record?", ids),
    "effects": TaskDefinition("Side effects", "Which calls change something, and by which method?", effects),
    "contradictions": TaskDefinition(
        "Contradictions", "How often does the document disagree with itself?", contradictions
    ),
}
"""The comparison, from the top."""


@dataclass(frozen=True)
class Task:
    """One row: what is compared, and how each vendor (by its id, in the catalog's order) does it."""

    id: str
    title: str
    question: str
    cells: dict[str, ComparisonCell]


def compare_vendors(catalog: Catalog) -> tuple[Task, ...]:
    """Every row of the comparison."""
    vendors = catalog.vendors
    return tuple(
        Task(key, row.title, row.question, {name: row.cell(one) for name, one in vendors.items()})
        for key, row in TASKS.items()
    )


__all__ = ["TASKS", "ComparisonCell", "Task", "compare_vendors"]
