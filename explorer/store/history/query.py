"""Searches as SQL: words use FTS5, filters use columns, and the newest entries come first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from explorer.store.history.rows import COLUMNS, drop_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from explorer.core.history_search import Phrase, SearchQuery, StatusTest

SELECT: Final = f"SELECT {', '.join(f'e.{name}' for name in ('id', *COLUMNS))}"
_MAX_PHRASES: Final = 64
"""Maximum words of a search; more hardly narrow the result."""


class _Where:
    """SQL conditions and the values of their parameters."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: dict[str, Any] = {}

    def bind(self, value: Any) -> str:
        """Return a new SQL parameter for *value*."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def add(self, condition: str) -> None:
        """Add a required condition."""
        self.conditions.append(condition)

    def any_of(self, conditions: Iterable[str]) -> None:
        """Require one of *conditions*, if any are given."""
        alternatives = list(conditions)
        if alternatives:
            self.conditions.append(f"({' OR '.join(alternatives)})")


def search_statement(
    search: SearchQuery, *, limit: int, before: int | None = None, vendor: str = "", endpoint: str = ""
) -> tuple[str, dict[str, Any]]:
    """Return the statement for ``id, *COLUMNS`` of at most *limit* entries with numbers below *before*, and its values.

    *vendor* and *endpoint* are complete names, in addition to those of the search.
    """
    where = _Where()
    source, order = "entries e", "e.id"
    query = match_expression(search.phrases)
    if query:  # CROSS JOIN makes SQLite look up the words first
        source, order = "search s CROSS JOIN entries e ON e.id = s.rowid", "s.rowid"
        where.add(f"search MATCH {where.bind(query)}")
    for phrase in search.phrases:
        if not _has_word(phrase):
            where.add(f"instr(e.url, {where.bind(drop_surrogates(phrase.text))})")
    for name, value in (("vendor", vendor), ("endpoint", endpoint)):
        if value:
            where.add(f"e.{name} = {where.bind(drop_surrogates(value))}")
    _add_filters(where, search)
    if before is not None:
        where.add(f"{order} < {where.bind(before)}")
    conditions = f" WHERE {' AND '.join(where.conditions)}" if where.conditions else ""
    where.values["limit"] = limit
    return f"{SELECT} FROM {source}{conditions} ORDER BY {order} DESC LIMIT :limit", where.values


def match_expression(phrases: Iterable[Phrase]) -> str:
    """Return the phrases as an FTS5 query; empty if none contains a word."""
    searchable = [phrase for phrase in phrases if _has_word(phrase)][:_MAX_PHRASES]
    return " ".join(f'"{_quoted(phrase.text)}"' + ("" if phrase.whole else "*") for phrase in searchable)


def _has_word(phrase: Phrase) -> bool:
    return re.search(r"[^\W_]", phrase.text) is not None


def _quoted(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text))


def _add_filters(where: _Where, search: SearchQuery) -> None:
    where.any_of(_starts_with(where, "e.vendor", vendor) for vendor in search.vendors)
    where.any_of(_starts_with(where, "e.environment", environment) for environment in search.environments)
    where.any_of(_endpoint(where, endpoint) for endpoint in search.endpoints)
    where.any_of(" AND ".join(_status(where, test) for test in tests) for tests in search.statuses)
    where.any_of(f"e.outcome = {where.bind(verdict)}" for verdict in search.verdicts)
    where.any_of(f"+e.method = {where.bind(drop_surrogates(method))}" for method in search.methods)
    if search.tags:
        where.add("e.tags != ''")  # enables the index of tagged entries
    for tag in search.tags:
        where.add(f"instr(e.tags, {where.bind(' ' + drop_surrogates(tag))})")
    if search.since is not None:
        where.add(f"e.started_at >= {where.bind(search.since)}")
    if search.until is not None:
        where.add(f"e.started_at < {where.bind(search.until)}")


def _starts_with(where: _Where, column: str, text: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", drop_surrogates(text))
    return f"{column} LIKE {where.bind(escaped + '%')} ESCAPE '\\'"


def _endpoint(where: _Where, text: str) -> str:
    vendor, dot, name = text.partition(".")
    if not dot:
        return _starts_with(where, "e.endpoint", text)
    same_vendor = f"+e.vendor = {where.bind(drop_surrogates(vendor))} COLLATE NOCASE"
    return f"({same_vendor} AND {_starts_with(where, 'e.endpoint', name)})"


def _status(where: _Where, test: StatusTest) -> str:
    if test.sign == "none":
        return "e.status IS NULL"
    return f"e.status {test.sign} {where.bind(test.number)}"
