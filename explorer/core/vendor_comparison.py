"""Compare how the vendors of a catalog handle the same tasks, using only the catalog."""

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
    """One vendor's answer to one task.

    ``points`` are short phrases for the table, ``details`` are sentences. ``endpoint`` is the ``vendor.endpoint`` of an
    example call, or empty. ``lines`` cites the vendor's document.
    """

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
    """Return a cell without duplicate and empty strings."""
    points = tuple(dict.fromkeys(filter(None, points))) or ("not documented",)
    details = tuple(dict.fromkeys(filter(None, details)))
    return ComparisonCell(
        points, details, f"{vendor.id}.{endpoint}" if endpoint in vendor.endpoints else "", vendor.cite(lines)
    )


def pluralize(number: int, singular: str, plural: str = "") -> str:
    """Return ``1 call`` or ``3 calls``."""
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"


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
    """Describe how a successful call is recognized."""
    rule = vendor.verdict
    points = [
        f"{rule.success} in the body" if rule.success else "HTTP status",
        f"error in {rule.error}" if rule.error else "",
        f"code in {rule.code}" if rule.code else "",
        f"message in {rule.message}" if rule.message else "",
        "map of fields" if rule.validation_map else "",
        "error text contains JSON" if rule.message_holds_json else "",
    ]
    details = [
        "HTTP 200 does not mean success: the body decides." if rule.success else "",
        f"Error details are in {rule.details}." if rule.details else "",
        f"The body repeats the status in {rule.status_code}." if rule.status_code else "",
        "A body whose values are all lists of strings maps fields to error messages." if rule.validation_map else "",
    ]
    own = sum(endpoint.verdict is not None for endpoint in vendor.endpoints.values())
    details.append(f"{pluralize(own, 'call has its', 'calls have their')} own rule." if own else "")
    failing = (call.id for call in vendor.endpoints.values() if call.params and call.effect == "read")
    return build_cell(vendor, points, details, next(failing, ""), rule.lines)


def statuses(vendor: Vendor) -> ComparisonCell:
    """List the documented statuses."""
    known = vendor.verdict.statuses
    points = [", ".join(known)] if known else []
    return build_cell(
        vendor, points, [f"{status}: {text}" for status, text in known.items()], lines=vendor.verdict.lines
    )


def dates(vendor: Vendor) -> ComparisonCell:
    """Describe the date formats."""
    sent = [
        (endpoint.id, name, param)
        for endpoint in vendor.endpoints.values()
        for name, param in endpoint.params.items()
        if param.type == "date"
    ]
    received: dict[str, tuple[str, str]] = {}
    for endpoint_id, name, value in _leaves(vendor):
        kind = _date_kind(name, value)
        if kind:
            received.setdefault(kind, (endpoint_id, f"{name}: {value}"))
    points = [f"sent as {param.date_format or '%Y-%m-%d'}" for _, _, param in sent]
    points += [f"{kind} ({example.partition(': ')[2]})" for kind, (_, example) in received.items()]
    details = [f"{kind}: {example} in {endpoint_id}." for kind, (endpoint_id, example) in received.items()]
    details += [f"{name}: {param.note}" for _, name, param in sent if param.note]
    first = sent[0][0] if sent else next(iter(received.values()))[0] if received else ""
    return build_cell(vendor, points or ["none in the samples"], details, first, sent[0][2].lines if sent else "")


def _date_kind(name: str, value: Any) -> str:
    if isinstance(value, str):
        return next((kind for pattern, kind in _DATES if pattern.fullmatch(value)), "")
    is_time = any(word in name.lower() for word in _TIME_WORDS)
    if is_time and isinstance(value, int) and not isinstance(value, bool) and 10**8 < value < 10**14:
        return "milliseconds since 1970" if value > 10**11 else "seconds since 1970"
    return ""


def money(vendor: Vendor) -> ComparisonCell:
    """Describe the format of amounts."""
    kinds: Counter[str] = Counter()
    examples: dict[str, tuple[str, str]] = {}
    for endpoint, name, value in _leaves(vendor):
        last = name.rpartition(".")[2].lower()
        is_count = "pagination" in name or (name == "total" and vendor.endpoints[endpoint].pagination)
        if is_count or not any(word in last for word in _MONEY_WORDS) or last in _NOT_MONEY:
            continue
        kind = _money_kind(value)
        if kind:
            kinds[kind] += 1
            examples.setdefault(kind, (endpoint, f"{name.rpartition('.')[2]}: {json.dumps(value)}"))
    points = [f"{kind} ({examples[kind][1]})" for kind, _ in kinds.most_common()]
    details = [f"{kind}: {count} times in the samples, first in {examples[kind][0]}." for kind, count in kinds.items()]
    currency = next((f"{name}: {value}" for _, name, value in _leaves(vendor) if "currency" in name.lower()), "")
    details.append(f"The currency is a separate field: {currency}." if currency else "There is no currency field.")
    first = next(iter(examples.values()))[0] if examples else ""
    return build_cell(vendor, points or ["none in the samples"], details if examples else (), first)


def _money_kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str) and re.fullmatch(r"-?[\d,]+(\.\d+)?", value):
        return "string"
    if isinstance(value, str) and re.fullmatch(r"[^\w\s]?\s?-?[\d,]+(\.\d+)?\s?[^\w\s]?", value):
        return "string with a symbol"
    return ""


def ids(vendor: Vendor) -> ComparisonCell:
    """Describe the record ids."""
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    first = ""
    for endpoint in vendor.endpoints.values():
        for name, param in endpoint.params.items():
            last = re.split(r"[.\]_]", name.rstrip("[]"))[-1]
            if last == "id" or last.endswith("Id"):
                kind = f"{param.type} in the {'path' if param.location == 'path' else 'parameters'}"
                kinds[kind] += 1
                examples.setdefault(kind, f"{name} of {endpoint.id}")
                first = first or endpoint.id
    received = Counter(
        "string" if isinstance(value, str) else "number"
        for _, name, value in _leaves(vendor)
        if name.rpartition(".")[2] == "id" and isinstance(value, str | int)
    )
    points = [f"{kind} ×{count}" for kind, count in kinds.most_common()]
    points += [f"{kind} in responses" for kind, _ in received.most_common()]
    details = [f"{kind}: {example}." for kind, example in examples.items()]
    return build_cell(vendor, points or ["no ids"], details, first)


def _leaves(vendor: Vendor) -> Iterator[tuple[str, str, Any]]:
    """Yield endpoint id, dotted name and value of every scalar in the JSON samples."""
    for endpoint in vendor.endpoints.values():
        for sample in endpoint.samples:
            try:
                body = json.loads(sample.body)
            except ValueError:
                continue  # XML, HTML or no body
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
    """Count the calls and parameters."""
    calls = vendor.endpoints.values()
    inferred = sum(call.inferred for call in calls)
    params = sum(len(call.params) for call in calls)
    points = [pluralize(len(calls), "call"), pluralize(params, "parameter")]
    points += [f"{inferred} inferred"] if inferred else []
    groups = Counter(call.group for call in calls)
    details = [vendor.summary, "Groups: " + ", ".join(f"{name} ({count})" for name, count in groups.items())]
    return build_cell(vendor, points, details, next(iter(vendor.endpoints), ""))


def environments(vendor: Vendor) -> ComparisonCell:
    """List the environments."""
    items = vendor.environments.items()
    points = [f"{name}{' (confirms writes)' if environment.guarded else ''}" for name, environment in items]
    details = [f"{name}: {environment.base_url}. {environment.note}" for name, environment in items]
    lines = next((environment.lines for _, environment in items if environment.lines), "")
    return build_cell(vendor, points or ["no host documented"], details, lines=lines)


def auth(vendor: Vendor) -> ComparisonCell:
    """Describe how requests are authenticated."""
    methods = list(vendor.auth.values())
    points = [method.title or method.scheme for method in methods]
    anonymous = sum(call.auth == "none" for call in vendor.endpoints.values())
    points += [f"{pluralize(anonymous, 'call')} without"] if anonymous else []
    details = [method.note for method in methods]
    details += [f"{credential.title}. {credential.note}".strip() for credential in vendor.credentials.values()]
    return build_cell(vendor, points, details, _first_with_auth(vendor), methods[0].lines if methods else "")


def credential_place(vendor: Vendor) -> ComparisonCell:
    """Describe which part of a request carries the credentials."""
    points, details = [], []
    for method in vendor.auth.values():
        point, detail = options_of(method).placement
        points.append(point)
        details.append(detail)
    return build_cell(vendor, points, details, _first_with_auth(vendor))


def token(vendor: Vendor) -> ComparisonCell:
    """Describe the source of tokens."""
    sources = [options_of(auth).token_source for auth in vendor.auth.values()]
    points = [point for source in sources for point in source.points]
    details = [detail for source in sources for detail in source.details]
    endpoint = next((source.endpoint for source in reversed(sources) if source.endpoint), "")
    return build_cell(vendor, points or ["no token"], details, endpoint)


def version(vendor: Vendor) -> ComparisonCell:
    """Describe how API versions are selected."""
    rule = vendor.version
    styles = {"accept": f"Accept: {rule.accept}", "path": f"path: /{rule.value}/", "none": "none"}
    points = [styles[rule.style]]
    if rule.style != "accept" and rule.accept:
        points.append(f"Accept: {rule.accept}")
    return build_cell(vendor, points, [rule.note], lines=rule.lines)


def bodies(vendor: Vendor) -> ComparisonCell:
    """Describe the formats of request and response bodies."""
    calls = vendor.endpoints.values()
    sent = Counter(call.body for call in calls if call.body != "none")
    received = Counter(essence(sample.media_type) for call in calls for sample in call.samples)
    points = [f"{name} ×{count}" for name, count in sent.most_common()] or ["query only"]
    types = ", ".join(_short_type(name) for name, _ in received.most_common())
    points.append(f"responses: {types}" if types else "")
    uploads = [call.id for call in calls if any(param.type == "file" for param in call.params.values())]
    details = [f"File uploads: {', '.join(uploads)}." if uploads else "No call uploads a file."]
    with_body = next((call.id for call in calls if call.body != "none"), "")
    return build_cell(vendor, points, details, uploads[0] if uploads else with_body)


def _short_type(media_type: str) -> str:
    return media_type.rpartition("/")[2] or media_type


def lists(vendor: Vendor) -> ComparisonCell:
    """Describe how parameters repeat."""
    uses: dict[str, list[tuple[Endpoint, str]]] = {}
    for endpoint in vendor.endpoints.values():
        for name, param in endpoint.params.items():
            kinds = [param.repeat or "", "nested" if "." in name else ""]
            for kind in filter(None, kinds):
                uses.setdefault(kind, []).append((endpoint, name))
    labels = {"index": "numbered", "append": "repeated", "key": "by key", "comma": "comma list", "nested": "JSON"}
    points = [f"{labels[kind]}: {parameters[0][1]}" for kind, parameters in uses.items()]
    details = [
        f"{labels[kind]}: {', '.join(dict.fromkeys(name for _, name in parameters))}."
        for kind, parameters in uses.items()
    ]
    first = next(iter(uses.values()))[0][0].id if uses else ""
    return build_cell(vendor, points or ["no repeated parameters"], details, first)


def paging(vendor: Vendor) -> ComparisonCell:
    """Describe the pagination."""
    paged = [call for call in vendor.endpoints.values() if call.pagination]
    points, details = [], []
    for rule in vendor.pagination.values():
        style = style_of(rule)
        points.append(" and ".join(name for name in style.params if name))
        points.append(f"{style.default_size} per page" if style.default_size else "")
        points.append("with total" if style.options.total else "without total")
        points.append("" if style.links_are_followable else "links cannot be followed")
        points.append("opt-in" if style.opt_in else "")
        details.append(f"{rule.title}. {rule.note}".strip())
    details.append(f"Paginated calls: {', '.join(call.id for call in paged)}." if paged else "")
    lines = next((rule.lines for rule in vendor.pagination.values() if rule.lines), "")
    return build_cell(vendor, points or ["no pagination"], details, paged[0].id if paged else "", lines)


def effects(vendor: Vendor) -> ComparisonCell:
    """List the calls with side effects."""
    points, details = [], []
    writes = [call for call in vendor.endpoints.values() if _strongest_effect(call) in _WRITES]
    for effect, verb in _WRITES.items():
        calls = [call for call in writes if _strongest_effect(call) == effect]
        if calls:
            methods = ", ".join(dict.fromkeys(call.method for call in calls))
            points.append(f"{verb} ×{len(calls)} by {methods}")
            details.append(f"{verb}: {', '.join(call.id for call in calls)}.")
    details += _conditional(vendor)
    order = next((call.id for call in writes if _strongest_effect(call) == "order"), writes[0].id if writes else "")
    return build_cell(vendor, points or ["reads only"], details, order)


def _strongest_effect(endpoint: Endpoint) -> str:
    return endpoint.effect_when[0].effect if endpoint.effect_when else endpoint.effect


def _conditional(vendor: Vendor) -> Iterator[str]:
    for endpoint in vendor.endpoints.values():
        for when in endpoint.effect_when:
            yield f"{endpoint.id} {_WRITES.get(when.effect, when.effect)} only with {when.param}={when.equals}."


def contradictions(vendor: Vendor) -> ComparisonCell:
    """Count the ambiguities of the document."""
    calls = vendor.endpoints.values()
    own = sum(len(call.readings) for call in calls)
    total = own + len(vendor.readings)
    changing = sum(reading.changes_request for reading in vendor.readings.values())
    changing += sum(reading.changes_request for call in calls for reading in call.readings.values())
    most = max(calls, key=lambda call: len(call.readings), default=None)
    points = [f"{total}", f"{changing} change the request"]
    details = [
        f"{len(vendor.readings)} affect every call, {own} single calls.",
        f"Most: {most.id} ({len(most.readings)})." if most is not None and most.readings else "",
        *(reading.about for reading in list(vendor.readings.values())[:4]),
    ]
    return build_cell(vendor, points, details, most.id if most is not None else "")


def _first_with_auth(vendor: Vendor) -> str:
    calls = [call for call in vendor.endpoints.values() if call.auth != "none"]
    return next((call.id for call in calls if call.effect == "read"), calls[0].id if calls else "")


class TaskDefinition(NamedTuple):
    """A row of the comparison: title, question, and the function that builds a vendor's cell."""

    title: str
    question: str
    cell: Callable[[Vendor], ComparisonCell]


TASKS: Final[dict[str, TaskDefinition]] = {
    "size": TaskDefinition("Calls", "How much is documented?", size),
    "environments": TaskDefinition(
        "Environments", "Where is it hosted, and where must writes be confirmed?", environments
    ),
    "auth": TaskDefinition("Authentication", "How are requests authenticated?", auth),
    "credential": TaskDefinition(
        "Credential location", "Which part of the request carries the credentials?", credential_place
    ),
    "token": TaskDefinition("Getting a token", "Where does the token come from, and how long does it last?", token),
    "version": TaskDefinition("Version", "How is the API version selected?", version),
    "bodies": TaskDefinition("Bodies", "How are parameters sent, and what do responses contain?", bodies),
    "lists": TaskDefinition("Lists in a request", "How does a parameter repeat, and how do values nest?", lists),
    "paging": TaskDefinition("Paging", "How are long lists paginated?", paging),
    "verdict": TaskDefinition("Success and errors", "How is a successful call recognized?", verdict),
    "statuses": TaskDefinition("Statuses", "Which HTTP statuses are documented?", statuses),
    "dates": TaskDefinition("Dates", "Which date formats do requests and responses use?", dates),
    "money": TaskDefinition("Money", "How are amounts formatted?", money),
    "ids": TaskDefinition("Ids", "How are records identified?", ids),
    "effects": TaskDefinition("Side effects", "Which calls change data, and with which method?", effects),
    "contradictions": TaskDefinition("Ambiguities", "How often does the document contradict itself?", contradictions),
}
"""The rows, from top to bottom."""


@dataclass(frozen=True)
class Task:
    """One row: a topic, and each vendor's cell (by vendor id, in catalog order)."""

    id: str
    title: str
    question: str
    cells: dict[str, ComparisonCell]


def compare_vendors(catalog: Catalog) -> tuple[Task, ...]:
    """Return every row of the comparison."""
    vendors = catalog.vendors
    return tuple(
        Task(key, row.title, row.question, {name: row.cell(vendor) for name, vendor in vendors.items()})
        for key, row in TASKS.items()
    )


__all__ = ["TASKS", "ComparisonCell", "Task", "compare_vendors"]
