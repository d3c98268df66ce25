"""The answer's side of the comparison. What a vendor writes is read off the samples that the catalog has of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from explorer.core.vendors.cell import ComparisonCell, build_cell, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.catalog.model import Vendor

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
