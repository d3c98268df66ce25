"""Rules across fields: what one value asks of another."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from explorer.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from explorer.core.catalog.model import Endpoint, Rule
    from explorer.core.form.values import FieldValue, Plain


def broken_rules(endpoint: Endpoint, values: Sequence[FieldValue]) -> Iterator[Problem]:
    """The problems of every rule of *endpoint* that *values* break."""
    given: dict[str, list[FieldValue]] = {}
    for one in values:
        if one.param is not None:
            given.setdefault(one.param.name, []).append(one)
    for rule in endpoint.rules:
        if _applies(rule, given):
            yield from _rule_problems(rule, given)


def _applies(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> bool:
    for name, wanted in rule.when_value.items():
        if not any(_equals_wanted(one.value, wanted) for one in given.get(name, ())):
            return False
    return not rule.when or any(name in given for name in rule.when)


def _equals_wanted(value: Plain, wanted: str) -> bool:
    if isinstance(value, bool):
        return wanted == ("true" if value else "false")
    return str(value) == wanted


def _rule_problems(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> Iterator[Problem]:
    present = [name for name in rule.params if name in given]
    absent = [name for name in rule.params if name not in given]
    listing = ", ".join(rule.params)

    def problem(name: str, message: str, expected: str = "") -> Problem:
        return Problem(name, message, expected or rule.text, rule.level, rule.lines)

    if rule.kind == "requires":
        because = " and ".join([*rule.when, *(f"{name}={value}" for name, value in rule.when_value.items())])
        for name in absent:
            yield problem(name, f"is required with {because}" if because else "is required")
    elif rule.kind == "at_least_one" and not present:
        yield problem(rule.params[0], f"at least one of {listing} is required")
    elif rule.kind == "exactly_one" and len(present) != 1:
        yield problem((present or rule.params)[0], f"exactly one of {listing} is required")
    elif rule.kind == "at_most_one" and len(present) > 1:
        yield problem(present[-1], f"cannot stand beside {', '.join(present[:-1])}", f"at most one of {listing}")
    elif rule.kind == "together" and present and absent:
        for name in absent:
            yield problem(name, f"is required with {', '.join(present)}")
    elif rule.kind == "equal" and len(present) == 2:
        first, second = (given[name][0].value for name in rule.params)
        if first != second:
            yield problem(rule.params[1], f"differs from {rule.params[0]}", "the same value twice")
    elif rule.kind == "ordered" and len(present) == 2:
        yield from _order_problems(rule, given)
    elif rule.kind == "not_listed" and present:
        words = str(given[rule.params[0]][0].value).split(",")
        for word in words:
            name = rule.names.get(word, word)
            if name in given:
                yield problem(
                    rule.params[0], f"lists {word!r} while {name} is given", f"take {word!r} out, or leave {name} out"
                )
    elif rule.kind == "advice" and (rule.when or rule.when_value):
        name = (rule.params or rule.when or tuple(rule.when_value))[0]
        yield Problem(name, rule.text, "", "warning", rule.lines)


def _order_problems(rule: Rule, given: Mapping[str, Sequence[FieldValue]]) -> Iterator[Problem]:
    first, second = (given[name][0] for name in rule.params)
    form = (first.param.date_format if first.param else "") or "%Y-%m-%d"
    try:
        if first.param and first.param.type == "date":
            wrong = datetime.strptime(str(first.value), form) > datetime.strptime(str(second.value), form)  # noqa: DTZ007
        else:
            wrong = float(str(first.value)) > float(str(second.value))
    except ValueError:
        return
    if wrong:
        message = f"{second.value} comes before {rule.params[0]} {first.value}"
        yield Problem(rule.params[1], message, rule.text or f"{rule.params[0]} first", rule.level, rule.lines)
