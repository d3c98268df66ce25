"""Requests that were accepted although the catalog forbids them, and sizes of pages that are not as asked for."""

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
    """One request that was accepted: what it asked for, and how large the page was."""

    number: int
    """Its entry in the history."""
    values: tuple[tuple[str, str], ...] = ()
    """Name as typed → text."""
    size_param: str = ""
    """The parameter that asks for a size of page, where the call has one."""
    asked: int | None = None
    """The size that was asked for."""
    got: int = 0
    """Records on the page."""
    more: bool = False
    """Whether the answer itself tells that there are more."""


def find_request_drift(vendor: Vendor, endpoint: Endpoint, requests: Sequence[AcceptedRequest]) -> list[DriftFinding]:
    """Where what was accepted is not what the catalog allows."""
    return [*_values(vendor, endpoint, requests), *_sizes(vendor, endpoint, requests)]


def _values(vendor: Vendor, endpoint: Endpoint, requests: Sequence[AcceptedRequest]) -> Iterator[DriftFinding]:
    """Values that the catalog does not allow and the server did."""
    found: dict[tuple[str, str], list[int]] = {}
    given: dict[str, int] = {}
    for one in requests:
        for name, text in one.values:
            param = find_parameter(endpoint, name)
            if param is None:
                continue
            given[param[0].name] = given.get(param[0].name, 0) + 1
            for word in text.split(",") if param[0].comma else [text]:
                if word and convert(param[0], word)[1] is not None:
                    found.setdefault((param[0].name, word), []).append(one.number)
    farthest: dict[tuple[str, str], str] = {}
    for name, word in found:
        told = _classify_value(endpoint.params[name], word)
        if told is not None and told[0] == "limit":
            best = farthest.get((name, told[2]))
            if best is None or _is_further(told[2], word, best):
                farthest[name, told[2]] = word
    for (name, word), numbers in found.items():
        told = _classify_value(endpoint.params[name], word)
        if told is None or (told[0] == "limit" and farthest[name, told[2]] != word):
            continue
        what, documented, key, value = told
        patch = (("endpoints", endpoint.id, "params", name, key), value)
        yield DriftFinding(
            what, vendor.id, endpoint.id, name, documented, f"{word} was accepted", len(numbers), given[name],
            tuple(numbers[:5]), f"{name}={word}", (patch,),
        )  # fmt: skip


def _is_further(key: str, word: str, other: str) -> bool:
    """Whether one accepted value is farther beyond a limit than another: the farthest tells of the others too."""
    if key.endswith("length"):
        return (len(word) > len(other)) == (key == "max_length")
    return (float(word) > float(other)) == (key == "max")


def _classify_value(param: Parameter, word: str) -> tuple[Any, str, str, Any] | None:
    """What kind of finding an allowed value is, what the catalog says, and the key and value that would allow it."""
    if param.enum and word not in param.enum:
        return "value", f"one of {', '.join((*param.enum, *param.also))}", "also", [*param.also, word]
    number = _number(word) if param.type in ("integer", "number") else None
    if number is not None and param.max is not None and number > param.max:
        return "limit", f"at most {param.max:g}", "max", _plain_number(number)
    if number is not None and param.min is not None and number < param.min:
        return "limit", f"at least {param.min:g}", "min", _plain_number(number)
    if param.max_length is not None and len(word) > param.max_length:
        return "limit", f"at most {param.max_length} characters", "max_length", len(word)
    if param.min_length is not None and len(word) < param.min_length:
        return "limit", f"at least {param.min_length} characters", "min_length", len(word)
    return None


def _sizes(vendor: Vendor, endpoint: Endpoint, requests: Iterable[AcceptedRequest]) -> Iterator[DriftFinding]:
    """Pages that are smaller than was asked for although there is more, and a default that is another."""
    capped: dict[int, list[AcceptedRequest]] = {}
    usual: dict[int, list[AcceptedRequest]] = {}
    param: Parameter | None = None
    for one in requests:
        param = endpoint.params.get(one.size_param) or param
        if not one.more or not one.got or one.size_param not in endpoint.params:
            continue
        if one.asked is None:
            usual.setdefault(one.got, []).append(one)
        elif one.asked > one.got:
            capped.setdefault(one.got, []).append(one)
    if param is None:
        return
    if len(capped) == 1:
        size, found = next(iter(capped.items()))
        if param.max is None or size < param.max:
            said = "no limit" if param.max is None else f"at most {param.max:g}"
            example = f"{param.name}={found[0].asked} gave {size}"
            yield _size_finding(vendor, endpoint, param, said, f"pages end at {size}", found, example, ("max", size))
    default = _number(param.default) if param.default else None
    if len(usual) == 1 and default is not None and default != next(iter(usual)):
        size, found = next(iter(usual.items()))
        words = f"{size} to a page when nothing is asked for"
        said = f"{param.default} when nothing is asked for"
        yield _size_finding(vendor, endpoint, param, said, words, found, words, ("default", str(size)))


def _size_finding(
    vendor: Vendor,
    endpoint: Endpoint,
    param: Parameter,
    documented: str,
    seen: str,
    found: Sequence[AcceptedRequest],
    example: str,
    patch: tuple[str, Any],
) -> DriftFinding:
    where = ("endpoints", endpoint.id, "params", param.name, patch[0])
    numbers = tuple(one.number for one in found[:5])
    return DriftFinding(
        "limit", vendor.id, endpoint.id, param.name, documented, seen, len(found), len(found), numbers, example,
        ((where, patch[1]),),
    )  # fmt: skip


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _plain_number(number: float) -> int | float:
    return int(number) if number.is_integer() else number
