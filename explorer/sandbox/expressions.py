"""The expressions of a catalog: a subset of Python's, and the functions they may call."""

from __future__ import annotations

import ast
import json
import operator
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

Function = Callable[..., Any]

ISO = "iso"
"""The date pattern that stands for ISO 8601 with an offset; every other is strftime's."""


def format_moment(moment: datetime, pattern: str) -> str:
    """*moment* written by *pattern*: ``iso`` or a strftime pattern."""
    return moment.isoformat(timespec="seconds") if pattern == ISO else moment.strftime(pattern)


def _slug(text: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")


def _same(one: Any, other: Any) -> bool:
    return one is not None and other is not None and str(one) == str(other)


def _is_member(one: Any, many: Iterable[Any] | None) -> bool:
    return any(_same(one, other) for other in many or ())


def _contains(text: Any, needle: Any) -> bool:
    return str(needle or "").lower() in str(text or "").lower()


def _omit(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def _pick(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: table[key] for key in keys if key in table}


def _first(items: Sequence[Any] | None, otherwise: Any = None) -> Any:
    return items[0] if items else otherwise


def _split(text: Any, by: str = ",") -> list[str]:
    return [part.strip() for part in str(text).split(by) if part.strip()] if text not in (None, "") else []


def _number(text: Any) -> Any:
    """A number as a number: an integer where it is written as one."""
    if isinstance(text, int | float):
        return text
    return int(text) if re.fullmatch(r"-?\d+", str(text)) else float(text)


def _days_between(pattern: str, one: str, days: int) -> str:
    return (datetime.strptime(one, pattern).replace(tzinfo=UTC) + timedelta(days=days)).strftime(pattern)


def _seconds_of(pattern: str, text: str) -> float:
    if pattern == ISO:
        return datetime.fromisoformat(text).timestamp()
    return datetime.strptime(text, pattern).replace(tzinfo=UTC).timestamp()


def _edges(items: Iterable[Any] | None, function: Function) -> Any:
    values = [item for item in items or () if item is not None]
    return function(values) if values else None


FUNCTIONS: dict[str, Function] = {
    "len": lambda thing: len(thing or ()),
    "sum": lambda items: sum(item or 0 for item in items or ()),
    "smallest": lambda items: _edges(items, min),
    "largest": lambda items: _edges(items, max),
    "round": lambda value, places=0: round(value, places) if places else round(value),
    "fixed": lambda value, places=2: f"{float(value):.{int(places)}f}",
    "str": lambda value: "" if value is None else str(value),
    "int": lambda value: None if value is None else int(value),
    "number": _number,
    "bool": bool,
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "slug": _slug,
    "same": _same,
    "among": _is_member,
    "contains": _contains,
    "starts": lambda text, start: str(text or "").startswith(str(start)),
    "replace": lambda text, old, new: str(text).replace(str(old), str(new)),
    "split": _split,
    "join": lambda items, by=",": str(by).join(str(item) for item in items or ()),
    "first": _first,
    "last": lambda items, otherwise=None: items[-1] if items else otherwise,
    "keys": lambda table: list(table or {}),
    "values": lambda table: list((table or {}).values()),
    "without": _omit,
    "only": _pick,
    "merged": lambda *tables: {key: value for table in tables if table for key, value in table.items()},
    "default": lambda value, otherwise: otherwise if value is None or value == "" else value,
    "any": lambda items: any(items or ()),
    "all": lambda items: all(items or ()),
    "range": lambda *bounds: list(range(*bounds))[:10_000],
    "shift_date": _days_between,
    "timestamp": _seconds_of,
    "json": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    "is_number": lambda text: bool(re.fullmatch(r"-?\d+(\.\d+)?", str(text))),
    "matches": lambda text, pattern: bool(re.fullmatch(pattern, str(text))),
}


class SeededRandom:
    """Random values that are the same at every start: they hang on the name of the collection and ``n`` alone."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - sample data, not secrets

    def functions(self) -> dict[str, Function]:
        """The functions of chance, by name."""
        chance = self._random
        return {
            "pick": chance.choice,
            "some": lambda items, count: chance.sample(list(items), min(int(count), len(items))),
            "between": lambda low, high: chance.randint(int(low), int(high)),
            "money": lambda low, high: round(chance.uniform(low, high), 2),
            "chance": lambda share: chance.random() < share,
            "digits": lambda count: "".join(chance.choice("0123456789") for _ in range(int(count))),
            "letters": lambda count: "".join(chance.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(int(count))),
        }


class Clock:
    """Dates as seen from one moment (Unix seconds), in UTC."""

    def __init__(self, now: float) -> None:
        self._now = datetime.fromtimestamp(now, UTC)

    def functions(self) -> dict[str, Function]:
        """``today(pattern, days=0, minutes=0)`` and ``seconds()``."""
        return {
            "today": lambda pattern=ISO, days=0, minutes=0: format_moment(
                self._now + timedelta(days=days, minutes=minutes), pattern
            ),
            "seconds": self._now.timestamp,
        }


Scope = Mapping[str, Any]
Code = Callable[[Scope], Any]

_LONGEST = 4_000


class ExpressionError(Exception):
    """An expression that cannot be read or worked out: a fault of the catalog, not of the caller."""


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_NUMBERS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@cache
def compiled(text: str) -> Code:
    """The function of a scope that *text* stands for.

    Raises:
        ExpressionError: not an expression of this language.
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"the expression is longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.replace("\n", " ").strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise ExpressionError(f"{text!r} is no expression: {error}") from None
    try:
        code = _node(tree.body)
    except ExpressionError as error:
        raise ExpressionError(f"{text!r}: {error}") from None

    def run(scope: Scope) -> Any:
        try:
            return code(scope)
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise ExpressionError(f"{text!r}: {error}") from error

    return run


def _node(node: ast.expr) -> Code:
    maker = _MAKERS.get(type(node))
    if maker is None:
        raise ExpressionError(f"{type(node).__name__} is not allowed in an expression")
    return maker(node)


def _constant(node: ast.Constant) -> Code:
    value = node.value
    if not isinstance(value, str | int | float | None):
        raise ExpressionError("only texts, numbers, True, False and None can be written")
    return lambda _scope: value


def _name(node: ast.Name) -> Code:
    name = node.id

    def look_up(scope: Scope) -> Any:
        try:
            return scope[name]
        except KeyError:
            raise ExpressionError(f"no name {name!r} here") from None

    return look_up


def _attribute(node: ast.Attribute) -> Code:
    inner, key = _node(node.value), node.attr
    return lambda scope: _get(inner(scope), key)


def _subscript(node: ast.Subscript) -> Code:
    inner = _node(node.value)
    if isinstance(node.slice, ast.Slice):
        low = _node(node.slice.lower) if node.slice.lower else None
        high = _node(node.slice.upper) if node.slice.upper else None
        return lambda scope: inner(scope)[low(scope) if low else None : high(scope) if high else None]
    key = _node(node.slice)
    return lambda scope: _get(inner(scope), key(scope))


def _get(thing: Any, key: Any) -> Any:
    if isinstance(thing, Mapping):
        return thing.get(key)
    if isinstance(thing, Sequence) and isinstance(key, int):
        return thing[key] if -len(thing) <= key < len(thing) else None
    if thing is None:
        return None
    raise ExpressionError(f"{key!r} of {type(thing).__name__}")


def _compare(node: ast.Compare) -> Code:
    if len(node.ops) != 1:
        raise ExpressionError("compare two things at a time")
    left, right, kind = _node(node.left), _node(node.comparators[0]), type(node.ops[0])
    if kind in _COMPARE:
        plain = _COMPARE[kind]
        return lambda scope: plain(left(scope), right(scope))
    if kind in _ORDER:
        order = _ORDER[kind]

        def ordered(scope: Scope) -> bool:
            one, other = left(scope), right(scope)
            return one is not None and other is not None and bool(order(one, other))

        return ordered
    if kind is ast.In:
        return lambda scope: left(scope) in (right(scope) or ())
    if kind is ast.NotIn:
        return lambda scope: left(scope) not in (right(scope) or ())
    raise ExpressionError(f"{kind.__name__} is not allowed")


def _both(node: ast.BoolOp) -> Code:
    parts = [_node(part) for part in node.values]
    stop_at = isinstance(node.op, ast.Or)

    def run(scope: Scope) -> Any:
        value: Any = not stop_at
        for part in parts:
            value = part(scope)
            if bool(value) is stop_at:
                return value
        return value

    return run


def _unary(node: ast.UnaryOp) -> Code:
    inner = _node(node.operand)
    if isinstance(node.op, ast.Not):
        return lambda scope: not inner(scope)
    if isinstance(node.op, ast.USub):
        return lambda scope: -inner(scope)
    raise ExpressionError(f"{type(node.op).__name__} is not allowed")


def _binary(node: ast.BinOp) -> Code:
    left, right = _node(node.left), _node(node.right)
    if isinstance(node.op, ast.Add):
        return lambda scope: left(scope) + right(scope)
    work = _NUMBERS.get(type(node.op))
    if work is None:
        raise ExpressionError(f"{type(node.op).__name__} is not allowed")

    def run(scope: Scope) -> Any:
        one, other = left(scope), right(scope)
        if not isinstance(one, int | float) or not isinstance(other, int | float):
            raise ExpressionError(f"arithmetic over {type(one).__name__} and {type(other).__name__}")
        return work(one, other)

    return run


def _choice(node: ast.IfExp) -> Code:
    test, yes, no = _node(node.test), _node(node.body), _node(node.orelse)
    return lambda scope: yes(scope) if test(scope) else no(scope)


def _call(node: ast.Call) -> Code:
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise ExpressionError("only the listed functions can be called, without keywords")
    name = node.func.id
    arguments = [_node(argument) for argument in node.args]
    known = FUNCTIONS.get(name)
    if known is not None:
        return lambda scope: known(*[argument(scope) for argument in arguments])

    def run(scope: Scope) -> Any:
        function = scope.get("()", {}).get(name)
        if function is None:
            raise ExpressionError(f"no function {name!r} here")
        return function(*[argument(scope) for argument in arguments])

    return run


def _comprehension(node: ast.ListComp | ast.GeneratorExp) -> Code:
    loops = [_loop(loop) for loop in node.generators]
    give = _node(node.elt)

    def turn(inner: dict[str, Any], depth: int, found: list[Any]) -> None:
        if depth == len(loops):
            found.append(give(inner))
            return
        name, source, tests = loops[depth]
        for item in _items(source(inner)):
            inner[name] = item
            if all(test(inner) for test in tests):
                turn(inner, depth + 1, found)

    def run(scope: Scope) -> list[Any]:
        found: list[Any] = []
        turn(dict(scope), 0, found)
        return found

    return run


def _loop(loop: ast.comprehension) -> tuple[str, Code, list[Code]]:
    if not isinstance(loop.target, ast.Name) or loop.is_async:
        raise ExpressionError("a comprehension goes over `for NAME in LIST`")
    return loop.target.id, _node(loop.iter), [_node(test) for test in loop.ifs]


def _items(thing: Any) -> Iterable[Any]:
    if thing is None:
        return ()
    if isinstance(thing, str):
        raise ExpressionError("a text is no list")
    items: Iterable[Any] = thing
    return items


def _list(node: ast.List | ast.Tuple) -> Code:
    parts = [_node(part) for part in node.elts]
    return lambda scope: [part(scope) for part in parts]


def _table(node: ast.Dict) -> Code:
    if None in node.keys:
        raise ExpressionError("a table is written key by key; `merged` joins tables")
    pairs = [(_node(key), _node(value)) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
    return lambda scope: {key(scope): value(scope) for key, value in pairs}


_MAKERS: dict[type[ast.expr], Callable[[Any], Code]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Compare: _compare,
    ast.BoolOp: _both,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.IfExp: _choice,
    ast.Call: _call,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Dict: _table,
}
