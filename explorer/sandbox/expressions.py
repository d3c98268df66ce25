"""The expression language of a catalog: a subset of Python's expressions, and its functions."""

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
"""The date pattern for ISO 8601 with an offset; every other is a strftime pattern."""


def format_moment(moment: datetime, pattern: str) -> str:
    """Format *moment* by *pattern*: ``iso`` or a strftime pattern."""
    return moment.isoformat(timespec="seconds") if pattern == ISO else moment.strftime(pattern)


def _slug(text: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")


def _same(left: Any, right: Any) -> bool:
    return left is not None and right is not None and str(left) == str(right)


def _is_member(value: Any, items: Iterable[Any] | None) -> bool:
    return any(_same(value, item) for item in items or ())


def _contains(text: Any, needle: Any) -> bool:
    return str(needle or "").lower() in str(text or "").lower()


def _omit(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def _pick(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: table[key] for key in keys if key in table}


def _first(items: Sequence[Any] | None, default: Any = None) -> Any:
    return items[0] if items else default


def _split(text: Any, separator: str = ",") -> list[str]:
    return [part.strip() for part in str(text).split(separator) if part.strip()] if text not in (None, "") else []


def _number(text: Any) -> Any:
    """Return *text* as an integer if it is written as one, else as a float."""
    if isinstance(text, int | float):
        return text
    return int(text) if re.fullmatch(r"-?\d+", str(text)) else float(text)


def _shift_date(pattern: str, date: str, days: int) -> str:
    return (datetime.strptime(date, pattern).replace(tzinfo=UTC) + timedelta(days=days)).strftime(pattern)


def _seconds_of(pattern: str, text: str) -> float:
    if pattern == ISO:
        return datetime.fromisoformat(text).timestamp()
    return datetime.strptime(text, pattern).replace(tzinfo=UTC).timestamp()


def _reduce(items: Iterable[Any] | None, function: Function) -> Any:
    values = [item for item in items or () if item is not None]
    return function(values) if values else None


FUNCTIONS: dict[str, Function] = {
    "len": lambda value: len(value or ()),
    "sum": lambda items: sum(item or 0 for item in items or ()),
    "smallest": lambda items: _reduce(items, min),
    "largest": lambda items: _reduce(items, max),
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
    "join": lambda items, separator=",": str(separator).join(str(item) for item in items or ()),
    "first": _first,
    "last": lambda items, default=None: items[-1] if items else default,
    "keys": lambda table: list(table or {}),
    "values": lambda table: list((table or {}).values()),
    "without": _omit,
    "only": _pick,
    "merged": lambda *tables: {key: value for table in tables if table for key, value in table.items()},
    "default": lambda value, fallback: fallback if value is None or value == "" else value,
    "any": lambda items: any(items or ()),
    "all": lambda items: all(items or ()),
    "range": lambda *bounds: list(range(*bounds))[:10_000],
    "shift_date": _shift_date,
    "timestamp": _seconds_of,
    "json": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    "is_number": lambda text: bool(re.fullmatch(r"-?\d+(\.\d+)?", str(text))),
    "matches": lambda text, pattern: bool(re.fullmatch(pattern, str(text))),
}


class SeededRandom:
    """Random values that depend only on a seed, so that records are the same at every start."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - sample data, not secrets

    def functions(self) -> dict[str, Function]:
        """Return the random functions by name."""
        generator = self._random
        return {
            "pick": generator.choice,
            "some": lambda items, count: generator.sample(list(items), min(int(count), len(items))),
            "between": lambda low, high: generator.randint(int(low), int(high)),
            "money": lambda low, high: round(generator.uniform(low, high), 2),
            "chance": lambda share: generator.random() < share,
            "digits": lambda count: "".join(generator.choice("0123456789") for _ in range(int(count))),
            "letters": lambda count: "".join(generator.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(int(count))),
        }


class Clock:
    """Dates in UTC relative to one moment (Unix seconds)."""

    def __init__(self, now: float) -> None:
        self._now = datetime.fromtimestamp(now, UTC)

    def functions(self) -> dict[str, Function]:
        """Return ``today(pattern, days=0, minutes=0)`` and ``seconds()`` by name."""
        return {
            "today": lambda pattern=ISO, days=0, minutes=0: format_moment(
                self._now + timedelta(days=days, minutes=minutes), pattern
            ),
            "seconds": self._now.timestamp,
        }


Scope = Mapping[str, Any]
Code = Callable[[Scope], Any]

_MAX_LENGTH = 4_000


class ExpressionError(Exception):
    """An expression that cannot be parsed or evaluated: an error in the catalog, not in the request."""


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
    """Compile the expression *text* to a function of a scope.

    Raises:
        ExpressionError: *text* is not an expression of this language.
    """
    if len(text) > _MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {_MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.replace("\n", " ").strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise ExpressionError(f"{text!r} is not an expression: {error}") from None
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
    compile_node = _COMPILERS.get(type(node))
    if compile_node is None:
        raise ExpressionError(f"{type(node).__name__} is not allowed in an expression")
    return compile_node(node)


def _constant(node: ast.Constant) -> Code:
    value = node.value
    if not isinstance(value, str | int | float | None):
        raise ExpressionError("a constant is a string, a number, True, False or None")
    return lambda _scope: value


def _name(node: ast.Name) -> Code:
    name = node.id

    def look_up(scope: Scope) -> Any:
        try:
            return scope[name]
        except KeyError:
            raise ExpressionError(f"unknown name {name!r}") from None

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


def _get(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, Sequence) and isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else None
    if value is None:
        return None
    raise ExpressionError(f"{type(value).__name__} has no {key!r}")


def _compare(node: ast.Compare) -> Code:
    if len(node.ops) != 1:
        raise ExpressionError("comparisons cannot be chained")
    left, right, kind = _node(node.left), _node(node.comparators[0]), type(node.ops[0])
    if kind in _COMPARE:
        equality = _COMPARE[kind]
        return lambda scope: equality(left(scope), right(scope))
    if kind in _ORDER:
        order = _ORDER[kind]

        def ordered(scope: Scope) -> bool:
            first, second = left(scope), right(scope)
            return first is not None and second is not None and bool(order(first, second))

        return ordered
    if kind is ast.In:
        return lambda scope: left(scope) in (right(scope) or ())
    if kind is ast.NotIn:
        return lambda scope: left(scope) not in (right(scope) or ())
    raise ExpressionError(f"{kind.__name__} is not allowed")


def _bool_op(node: ast.BoolOp) -> Code:
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
    operation = _NUMBERS.get(type(node.op))
    if operation is None:
        raise ExpressionError(f"{type(node.op).__name__} is not allowed")

    def run(scope: Scope) -> Any:
        first, second = left(scope), right(scope)
        if not isinstance(first, int | float) or not isinstance(second, int | float):
            raise ExpressionError(f"arithmetic with {type(first).__name__} and {type(second).__name__}")
        return operation(first, second)

    return run


def _choice(node: ast.IfExp) -> Code:
    test, yes, no = _node(node.test), _node(node.body), _node(node.orelse)
    return lambda scope: yes(scope) if test(scope) else no(scope)


def _call(node: ast.Call) -> Code:
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise ExpressionError("only the listed functions can be called, without keyword arguments")
    name = node.func.id
    arguments = [_node(argument) for argument in node.args]
    builtin = FUNCTIONS.get(name)
    if builtin is not None:
        return lambda scope: builtin(*[argument(scope) for argument in arguments])

    def run(scope: Scope) -> Any:
        function = scope.get("()", {}).get(name)
        if function is None:
            raise ExpressionError(f"unknown function {name!r}")
        return function(*[argument(scope) for argument in arguments])

    return run


def _comprehension(node: ast.ListComp | ast.GeneratorExp) -> Code:
    loops = [_loop(loop) for loop in node.generators]
    element = _node(node.elt)

    def iterate(inner: dict[str, Any], depth: int, results: list[Any]) -> None:
        if depth == len(loops):
            results.append(element(inner))
            return
        name, source, tests = loops[depth]
        for item in _items(source(inner)):
            inner[name] = item
            if all(test(inner) for test in tests):
                iterate(inner, depth + 1, results)

    def run(scope: Scope) -> list[Any]:
        results: list[Any] = []
        iterate(dict(scope), 0, results)
        return results

    return run


def _loop(loop: ast.comprehension) -> tuple[str, Code, list[Code]]:
    if not isinstance(loop.target, ast.Name) or loop.is_async:
        raise ExpressionError("a comprehension must be `for NAME in LIST`")
    return loop.target.id, _node(loop.iter), [_node(test) for test in loop.ifs]


def _items(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    if isinstance(value, str):
        raise ExpressionError("cannot iterate over a string")
    items: Iterable[Any] = value
    return items


def _list(node: ast.List | ast.Tuple) -> Code:
    parts = [_node(part) for part in node.elts]
    return lambda scope: [part(scope) for part in parts]


def _dict(node: ast.Dict) -> Code:
    if None in node.keys:
        raise ExpressionError("`**` is not allowed in an object; `merged` joins objects")
    pairs = [(_node(key), _node(value)) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
    return lambda scope: {key(scope): value(scope) for key, value in pairs}


_COMPILERS: dict[type[ast.expr], Callable[[Any], Code]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.IfExp: _choice,
    ast.Call: _call,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Dict: _dict,
}
