"""Paths into a decoded body, in the notation of every view, catalog and pattern.

data[3].attributes.price      ["odd key"].x      items.0.id      data[*].when (a pattern: any index)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PathStep = str | int
"""A key or an index; the key ``*`` of ``[*]`` in a pattern."""
_STEP: Final = re.compile(r'\[(?P<index>\d{1,18})\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]|\.?(?P<key>[^.\[\]]+)')
_PLAIN: Final = re.compile(r"[A-Za-z_$][\w$-]*")


@lru_cache(maxsize=1024)
def parse_path(path: str) -> tuple[PathStep, ...]:
    """Return the keys and indexes of *path*; invalid parts are skipped, and nothing is raised."""
    steps: list[PathStep] = []
    for match in _STEP.finditer(path):
        if match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            steps.append(_unquoted(match["quoted"]) if match["quoted"] else match["key"])
    return tuple(steps)


def format_path(steps: Sequence[PathStep]) -> str:
    """Return keys and indexes as a path for ``parse_path``."""
    return "".join(map(format_step, steps)).removeprefix(".")


def format_step(step: PathStep) -> str:
    """Return one step: ``.name``, ``[3]``, ``["odd key"]``."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"


def get_at(body: Any, path: str | Sequence[PathStep]) -> Any:
    """Return the value at *path* in a decoded body, the body itself for an empty path, or None."""
    for step in parse_path(path) if isinstance(path, str) else path:
        if isinstance(body, Mapping):
            body = body.get(str(step))
        elif isinstance(body, list) and (index := _index(step)) is not None and index < len(body):
            body = body[index]
        else:
            return None
    return body


def put_at(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set *value* at a dotted path of keys in *body*, creating objects as needed; return *body*."""
    *above, name = path.split(".")
    inner = body
    for key in above:
        inner = inner.setdefault(key, {})
    inner[name] = value
    return body


def _index(step: PathStep) -> int | None:
    if isinstance(step, int):
        return step
    return int(step) if step.isdecimal() and len(step) < 19 else None


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
