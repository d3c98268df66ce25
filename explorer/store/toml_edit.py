"""Change values of a TOML text and leave the rest of it, comments included, as a person wrote it.

Settings, overlays and saved requests are all written here: ``edit_toml`` changes a file that is there,
``compose_toml`` makes one that a person will edit, and ``dump_toml`` one without comments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Plain = Mapping[str, Any]
Inline = Callable[[Plain], bool]
"""Whether a table is written on one line: ``{ json = "null" }``."""
_MAX_LINE: Final = 100
"""Characters beyond which an array is written on several lines."""


def never_inline(_table: Plain) -> bool:
    """Write no table on one line."""
    return False


def dump_toml(table: Plain) -> str:
    """Return *table* as a TOML text."""
    import tomli_w

    return tomli_w.dumps(table)


def compose_toml(table: Plain, inline: Inline = never_inline) -> str:
    """Return *table* as a TOML text for a person to edit."""
    import tomllib

    import tomlkit

    document = tomlkit.document()
    for key, value in table.items():
        document.add(key, _item(value, inline))
    text = tomlkit.dumps(document)
    try:
        return text if tomllib.loads(text) == table else dump_toml(table)
    except tomllib.TOMLDecodeError:
        return dump_toml(table)


def edit_toml(
    text: str, old: Plain, new: Plain, *, inline: Inline = never_inline, check: Callable[[Plain], bool] | None = None
) -> str | None:
    """Return *text*, which says *old*, changed where it has to be to say *new*; line ends stay what they are.

    None where it is written in a way that cannot be changed in place: the result is read again, and has to be *new*, or
    what *check* accepts.
    """
    import tomllib

    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text.replace("\r\n", "\n"))
        _change(document, old, new, inline)
        result = tomlkit.dumps(document)
        read = tomllib.loads(result)
    except (TOMLKitError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
    if not (check(read) if check else read == dict(new)):
        return None
    return result.replace("\n", "\r\n") if "\r\n" in text else result


def _change(container: Any, old: Plain, new: Plain, inline: Inline) -> None:
    for key in old:
        if key not in new and key in container:
            del container[key]
    for key, value in new.items():
        before = old.get(key)
        if key in old and before == value:
            continue
        here = container.get(key)
        is_plain = not isinstance(value, Mapping) or inline(value)
        if not is_plain and isinstance(before, Mapping) and isinstance(here, Mapping):
            _change(here, before, value, inline)
        else:
            _put(container, key, _item(value, inline))


def _put(container: Any, key: str, item: Any) -> None:
    """Put *item* under *key*; the comment behind what it takes the place of stays."""
    old = container.item(key) if key in container and hasattr(container, "item") else None
    if old is not None and hasattr(old, "trivia") and hasattr(item, "trivia"):
        item.trivia.comment, item.trivia.comment_ws = old.trivia.comment, old.trivia.comment_ws
    container[key] = item


def _item(value: Any, inline: Inline) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        table: Any = tomlkit.inline_table() if inline(value) else tomlkit.table()
        for key, inner in value.items():
            on_one_line = isinstance(inner, Mapping) and inline(inner)
            table.add(key, _on_one_line(inner, inline) if on_one_line else _item(inner, inline))
        return table
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        for inner in value:
            array.append(_on_one_line(inner, inline) if isinstance(inner, Mapping) else _item(inner, inline))
        if len(array.as_string()) > _MAX_LINE:
            array.multiline(True)
        return array
    if isinstance(value, str) and "\n" in value and _is_readable(value):
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)


def _on_one_line(value: Plain, inline: Inline) -> Any:
    import tomlkit

    table = tomlkit.inline_table()
    for key, inner in value.items():
        table.add(key, _on_one_line(inner, inline) if isinstance(inner, Mapping) else _item(inner, inline))
    return table


def _is_readable(text: str) -> bool:
    """Whether a string can be written on several lines without an escape."""
    return all(sign.isprintable() or sign == "\n" for sign in text) and "\\" not in text and '"' not in text
