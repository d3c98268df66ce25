"""Write TOML: settings, overlays and saved requests.

``edit_toml`` changes values and keeps everything else, comments included. ``compose_toml`` writes a new file for the
user to edit, ``dump_toml`` one without comments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Plain = Mapping[str, Any]
Inline = Callable[[Plain], bool]
"""Returns whether to write a table on one line: ``{ json = "null" }``."""
_MAX_LINE: Final = 100
"""Characters above which an array is written on several lines."""


def never_inline(_table: Plain) -> bool:
    """Write no table on one line."""
    return False


def dump_toml(table: Plain) -> str:
    """Return *table* as TOML."""
    import tomli_w

    return tomli_w.dumps(table)


def compose_toml(table: Plain, inline: Inline = never_inline) -> str:
    """Return *table* as TOML for the user to edit."""
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
    """Return *text* with the value *old* changed to *new*. Line endings are kept.

    The result is parsed again and must be *new* or pass *check*. Return None if *text* cannot be changed in place.
    """
    import tomllib

    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text.replace("\r\n", "\n"))
        _change(document, old, new, inline)
        result = tomlkit.dumps(document)
        parsed = tomllib.loads(result)
    except (TOMLKitError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None
    if not (check(parsed) if check else parsed == dict(new)):
        return None
    return result.replace("\n", "\r\n") if "\r\n" in text else result


def _change(container: Any, old: Plain, new: Plain, inline: Inline) -> None:
    for key in old:
        if key not in new and key in container:
            del container[key]
    for key, value in new.items():
        old_value = old.get(key)
        if key in old and old_value == value:
            continue
        item = container.get(key)
        is_plain = not isinstance(value, Mapping) or inline(value)
        if not is_plain and isinstance(old_value, Mapping) and isinstance(item, Mapping):
            _change(item, old_value, value, inline)
        else:
            _put(container, key, _item(value, inline))


def _put(container: Any, key: str, item: Any) -> None:
    """Set *item* under *key* and keep the trailing comment of the item that it replaces."""
    old = container.item(key) if key in container and hasattr(container, "item") else None
    if old is not None and hasattr(old, "trivia") and hasattr(item, "trivia"):
        item.trivia.comment, item.trivia.comment_ws = old.trivia.comment, old.trivia.comment_ws
    container[key] = item


def _item(value: Any, inline: Inline) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        table: Any = tomlkit.inline_table() if inline(value) else tomlkit.table()
        for key, inner in value.items():
            is_inline = isinstance(inner, Mapping) and inline(inner)
            table.add(key, _inline_table(inner, inline) if is_inline else _item(inner, inline))
        return table
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        for inner in value:
            array.append(_inline_table(inner, inline) if isinstance(inner, Mapping) else _item(inner, inline))
        if len(array.as_string()) > _MAX_LINE:
            array.multiline(True)
        return array
    if isinstance(value, str) and "\n" in value and _is_readable(value):
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)


def _inline_table(value: Plain, inline: Inline) -> Any:
    import tomlkit

    table = tomlkit.inline_table()
    for key, inner in value.items():
        table.add(key, _inline_table(inner, inline) if isinstance(inner, Mapping) else _item(inner, inline))
    return table


def _is_readable(text: str) -> bool:
    """Return whether a string can be written on several lines without escapes."""
    return (
        all(character.isprintable() or character == "\n" for character in text) and "\\" not in text and '"' not in text
    )
