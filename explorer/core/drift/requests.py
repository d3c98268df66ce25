"""Drift of requests: accepted values that the catalog forbids, and unexpected page sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.core.drift.findings import DriftFinding
from explorer.core.form.validation import find_parameter
from explorer.core.form.values import convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from explorer.core.catalog.model import Endpoint, Parameter, Vendor


@dataclass(frozen=True)
class AcceptedRequest:
    """An accepted request: its values, and the size of the page."""

    number: int
    """Its history entry."""
    values: tuple[tuple[str, str], ...] = ()
    """Name as typed, and value."""
    size_param: str = ""
    """The page size parameter, if the call has one."""
    requested: int | None = None
    """The requested page size."""
    records: int = 0
    """Number of records on the page."""
    more: bool = False
    """Whether the response reports that there are more."""


def find_request_drift(vendor: Vendor, endpoint: Endpoint, requests: Sequence[AcceptedRequest]) -> list[DriftFinding]:
    """Return where the accepted requests differ from the catalog."""
    return [*_values(vendor, endpoint, requests), *_sizes(vendor, endpoint, requests)]


def _values(vendor: Vendor, endpoint: Endpoint, requests: Sequence[AcceptedRequest]) -> Iterator[DriftFinding]:
    """Yield values that the server accepted and the catalog does not allow."""
    accepted: dict[tuple[str, str], list[int]] = {}
    uses: dict[str, int] = {}
    for request in requests:
        for name, text in request.values:
            param = find_parameter(endpoint, name)
            if param is None:
                continue
            uses[param[0].name] = uses.get(param[0].name, 0) + 1
            for value in text.split(",") if param[0].comma else [text]:
                if value and convert(param[0], value)[1] is not None:
                    accepted.setdefault((param[0].name, value), []).append(request.number)
    farthest: dict[tuple[str, str], str] = {}
    for name, value in accepted:
        violation = _classify_value(endpoint.params[name], value)
        if violation is not None and violation[0] == "limit":
            best = farthest.get((name, violation[2]))
            if best is None or _is_farther(violation[2], value, best):
                farthest[name, violation[2]] = value
    for (name, value), numbers in accepted.items():
        violation = _classify_value(endpoint.params[name], value)
        if violation is None or (violation[0] == "limit" and farthest[name, violation[2]] != value):
            continue
        what, documented, key, new_value = violation
        patch = (("endpoints", endpoint.id, "params", name, key), new_value)
        yield DriftFinding(
            what, vendor.id, endpoint.id, name, documented, f"{value} was accepted", len(numbers), uses[name],
            tuple(numbers[:5]), f"{name}={value}", (patch,),
        )  # fmt: skip


def _is_farther(key: str, value: str, other: str) -> bool:
    """Return whether *value* exceeds the limit *key* by more than *other*."""
    if key.endswith("length"):
        return (len(value) > len(other)) == (key == "max_length")
    return (float(value) > float(other)) == (key == "max")


def _classify_value(param: Parameter, value: str) -> tuple[Any, str, str, Any] | None:
    """Return the kind of finding for an accepted value, the documented rule, and the key and value that allow it."""
    if param.enum and value not in param.enum:
        return "value", f"one of {', '.join((*param.enum, *param.also))}", "also", [*param.also, value]
    number = _number(value) if param.type in ("integer", "number") else None
    if number is not None and param.max is not None and number > param.max:
        return "limit", f"at most {param.max:g}", "max", _plain_number(number)
    if number is not None and param.min is not None and number < param.min:
        return "limit", f"at least {param.min:g}", "min", _plain_number(number)
    if param.max_length is not None and len(value) > param.max_length:
        return "limit", f"at most {param.max_length} characters", "max_length", len(value)
    if param.min_length is not None and len(value) < param.min_length:
        return "limit", f"at least {param.min_length} characters", "min_length", len(value)
    return None


def _sizes(vendor: Vendor, endpoint: Endpoint, requests: Iterable[AcceptedRequest]) -> Iterator[DriftFinding]:
    """Yield a page size limit and a default page size that differ from the catalog."""
    capped: dict[int, list[AcceptedRequest]] = {}
    default_sizes: dict[int, list[AcceptedRequest]] = {}
    param: Parameter | None = None
    for request in requests:
        param = endpoint.params.get(request.size_param) or param
        if not request.more or not request.records or request.size_param not in endpoint.params:
            continue
        if request.requested is None:
            default_sizes.setdefault(request.records, []).append(request)
        elif request.requested > request.records:
            capped.setdefault(request.records, []).append(request)
    if param is None:
        return
    if len(capped) == 1:
        size, group = next(iter(capped.items()))
        if param.max is None or size < param.max:
            documented = "no limit" if param.max is None else f"at most {param.max:g}"
            example = f"{param.name}={group[0].requested} returned {size}"
            seen = f"at most {size} records per page"
            yield _size_finding(vendor, endpoint, param, documented, seen, group, example, ("max", size))
    default = _number(param.default) if param.default else None
    if len(default_sizes) == 1 and default is not None and default != next(iter(default_sizes)):
        size, group = next(iter(default_sizes.items()))
        seen = f"{size} records per page by default"
        documented = f"{param.default} by default"
        yield _size_finding(vendor, endpoint, param, documented, seen, group, seen, ("default", str(size)))


def _size_finding(
    vendor: Vendor,
    endpoint: Endpoint,
    param: Parameter,
    documented: str,
    seen: str,
    group: Sequence[AcceptedRequest],
    example: str,
    patch: tuple[str, Any],
) -> DriftFinding:
    where = ("endpoints", endpoint.id, "params", param.name, patch[0])
    numbers = tuple(request.number for request in group[:5])
    return DriftFinding(
        "limit", vendor.id, endpoint.id, param.name, documented, seen, len(group), len(group), numbers, example,
        ((where, patch[1]),),
    )  # fmt: skip


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plain_number(number: float) -> int | float:
    return int(number) if number.is_integer() else number
