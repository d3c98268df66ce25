"""The text of a file that says a request: a new one, or the old one changed where it has to be, comments kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from explorer.core.saved.model import OPERATORS
from explorer.core.saved.reading import read_request
from explorer.core.saved.writing import INLINE, request_table

if TYPE_CHECKING:
    from explorer.core.saved.model import SavedRequest

_WIDE = 100
"""Characters beyond which an array stands on several lines."""


def new_text(request: SavedRequest) -> str:
    """A file that says *request*."""
    import tomlkit

    table = request_table(request)
    document = tomlkit.document()
    for key, value in table.items():
        document.add(key, _item(value))
    text = tomlkit.dumps(document)
    return text if _says(text, table) else _plain(table)


def changed_text(text: str, old: SavedRequest | None, new: SavedRequest) -> str:
    """*text*, which says *old*, changed so that it says *new*; only what differs is touched, and all comments stay.
    A text that cannot be read (*old* is None), or is written in a way that cannot be changed in place, is written anew
    below the lines of it that are comments."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    if old is None:
        return _comments(text) + new_text(new)
    if old == new:
        return text
    wanted = request_table(new)
    try:
        document = tomlkit.parse(text)
        _change(document, request_table(old), wanted)
        result = tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return _comments(text) + new_text(new)
    if not _means(result, new):
        return _comments(text) + new_text(new)
    return result.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else result


def _change(container: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for key in old:
        if key not in new and key in container:
            del container[key]
    for key, value in new.items():
        before = old.get(key)
        if key in old and before == value:
            continue
        here = container.get(key)
        plain = not isinstance(value, Mapping) or _small(value)
        if not plain and isinstance(before, Mapping) and isinstance(here, Mapping):
            _change(here, before, value)
        else:
            _put(container, key, value)


def _put(container: Any, key: str, value: Any) -> None:
    item = _item(value)
    old = container.item(key) if key in container and hasattr(container, "item") else None
    if old is not None and hasattr(old, "trivia") and hasattr(item, "trivia"):
        item.trivia.comment, item.trivia.comment_ws = old.trivia.comment, old.trivia.comment_ws
    if key in container:
        container[key] = item
    else:
        container.add(key, item)


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        table: Any = tomlkit.inline_table() if _small(value) else tomlkit.table()
        for key, inner in value.items():
            table.add(key, _comparison(inner) if isinstance(inner, Mapping) and _small(inner) else _item(inner))
        return table
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        for inner in value:
            array.append(_item(inner) if not isinstance(inner, Mapping) else _comparison(inner))
        if len(array.as_string()) > _WIDE:
            array.multiline(True)
        return array
    if isinstance(value, str) and "\n" in value and _readable(value):
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)


def _readable(text: str) -> bool:
    """Whether a text can stand on several lines as it is."""
    return all(sign.isprintable() or sign == "\n" for sign in text) and "\\" not in text and '"' not in text


def _small(value: Mapping[str, Any]) -> bool:
    """Whether a table stands on one line: a value of a form, a comparison."""
    return bool(value) and all(key in INLINE or key in OPERATORS for key in value)


def _comparison(value: Mapping[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.inline_table()
    for key, inner in value.items():
        table.add(key, _comparison(inner) if isinstance(inner, Mapping) else _item(inner))
    return table


def _says(text: str, table: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == table
    except tomllib.TOMLDecodeError:
        return False


def _means(text: str, request: SavedRequest) -> bool:
    try:
        found, problems = read_request(tomllib.loads(text), "")
    except tomllib.TOMLDecodeError:
        return False
    return not problems and found is not None and request_table(found) == request_table(request)


def _plain(table: Mapping[str, Any]) -> str:
    import tomli_w

    return tomli_w.dumps(table)


def _comments(text: str) -> str:
    """The lines of *text* that are comments, and an empty line."""
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.lstrip().startswith("#")]
    return "\n".join(lines) + "\n\n" if lines else ""
