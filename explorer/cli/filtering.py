"""``--filter`` and ``--table``: a JMESPath expression applied to a JSON body, and records as an aligned table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import METER, print_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from click import Context, Parameter

    from explorer.core.body.document import Document
    from explorer.core.body.records import Records
    from explorer.core.text.data import Data

    _Expression = click.ParamType[str]
else:
    _Expression = click.ParamType

_BOLD = "1"
_EXAMPLE = "Example: data[0].id. See https://jmespath.org."


class JmesPath(_Expression):
    """A JMESPath expression whose functions exist and get as many arguments as they take."""

    name = "JMESPATH"

    def convert(self, value: str, param: Parameter | None, ctx: Context | None) -> str:
        """Return the expression, or fail with a usage error."""
        from explorer.core.saved.expectations import path_problem

        problem = path_problem(value) or _function_problem(value)
        if problem:
            self.fail(f"{value!r} is not a JMESPath expression: {problem.rstrip('.: ')}. {_EXAMPLE}", param, ctx)
        return value


def _function_problem(expression: str) -> str:
    import jmespath
    from jmespath.functions import Functions

    for name, count in _function_calls(jmespath.compile(expression).parsed):
        if name not in Functions.FUNCTION_TABLE:
            from explorer.errors import nearest

            match = nearest(name, Functions.FUNCTION_TABLE)
            return f"unknown function {name}()" + (f" (did you mean {match}()?)" if match else "")
        signature = Functions.FUNCTION_TABLE[name]["signature"]
        is_variadic = bool(signature) and bool(signature[-1].get("variadic"))
        if count < len(signature) or (count > len(signature) and not is_variadic):
            least = "at least " if is_variadic else ""
            noun = "argument" if len(signature) == 1 else "arguments"
            return f"{name}() takes {least}{len(signature)} {noun}, not {count}"
    return ""


def _function_calls(node: Any) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of arguments of each function call in a parsed expression."""
    if node["type"] == "function_expression":
        yield node["value"], len(node["children"])
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _function_calls(child)


def filter_body(body: Data, content_type: str, expression: str) -> bytes | None:
    """Return the result of *expression* on a JSON body, as JSON; None, after a message, if there is none."""
    from explorer.core.body.document import Document
    from explorer.core.body.filters import Filter

    document = Document(body, content_type)
    if document.kind != "json":
        say(f"--filter: the body is not JSON ({document.title}). Leave out --filter to print it.")
        return None
    filtered = Filter("json", bytes(document.source)).run(expression)
    if filtered.problem:
        say(f"--filter: {filtered.problem}")
        return None
    return filtered.body + b"\n"


class RecordFilter:
    """Applies *expression* to records and reports the first problem."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._is_reported = False

    def run(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the result for each record; a record with a problem has none."""
        from explorer.core.body.filters import Filter

        for record in records:
            filtered = Filter("json", record).run(self._expression)
            if not filtered.problem:
                yield filtered.body
            elif not self._is_reported:
                self._is_reported = True
                say(f"--filter: {filtered.problem} (first record with a problem; such records are left out)")


def print_body_table(body: Data, content_type: str) -> None:
    """Print the records of a body as a table; an object without records is one record."""
    import msgspec

    from explorer.core.body.document import Document
    from explorer.core.body.records import JsonRecords, records_of

    document = Document(body, content_type)
    records = records_of(document)
    if records is None and document.kind == "json" and bytes(document.source[:64]).lstrip()[:1] == b"{":
        records = JsonRecords((), [msgspec.Raw(document.source)])
    if records is None:
        say(f"--table: the body contains no records ({document.title}). Leave out --table to print it.")
    else:
        _print_records(document, records)


def print_record_table(records: list[bytes]) -> None:
    """Print JSON *records* as a table."""
    from explorer.core.body.document import Document
    from explorer.core.body.records import JsonRecords

    _print_records(Document(b"[]", "application/json"), JsonRecords((), records))


def _print_records(document: Document, records: Records) -> None:
    from explorer.core.body.table import RecordTable

    table = RecordTable(document, records)
    for _ in table.steps():
        pass
    print_line("".join(text for _, text in table.header()).rstrip(), _BOLD)
    for number in range(table.line_count):
        if METER.is_full:
            return
        print_line(table.line(number).rstrip())
