"""HTTPie: a shell script that calls HTTPie 3 and prints only the response body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from explorer.core.export.format import ExportFormat, recipe_writer, unsupported_call
from explorer.core.export.shell import DEFAULT_ACCEPT, home_variable, quote, script, word

if TYPE_CHECKING:
    from explorer.core.export.recipe import Message, Recipe, Text


def httpie(recipe: Recipe, show_secrets: bool = False) -> str:
    """Return the script.

    Raises:
        UsageError: a command line or HTTPie cannot express the call.
    """
    return script(recipe, _command, show_secrets)


def _command(message: Message, quiet: bool) -> list[str]:
    first = ["http", "--ignore-stdin", "--body"]
    if not quiet and message.method == "HEAD":
        first[-1] = "--headers"
    if message.parts:
        first.append("--multipart")
    words = [" ".join([*first, quote(message.method), word(message.url)])]
    for name, value in message.headers:
        if (name, value) != DEFAULT_ACCEPT:
            words.append(_item(name, ":", value) if value else quote(f"{_escaped(name)};"))
    for part in message.parts:
        if part.file:
            home, path = home_variable(part.file)
            words.append(_item(part.name, "@", (*home, f"{path};type={part.media_type}")))
        else:
            words.append(_item(part.name, "=", part.value))
    if message.body:
        words.append(f"--raw {word(message.body)}")
    return words


_SPECIAL = ":;=@"
"""Characters that separate a name from a value in HTTPie; a backslash escapes them."""


def _item(name: str, separator: str, value: Text) -> str:
    for piece in (name, *value):
        if isinstance(piece, str) and re.search(rf"\\[{_SPECIAL}]", piece):
            raise unsupported_call("HTTPie", f"the value of {name}", instead="curl or python")
    first = value[0] if value else ""
    if isinstance(first, str) and first[:1] and first[0] in _SPECIAL:
        value = (f"\\{first}", *value[1:])
    return word((f"{_escaped(name)}{separator}", *value))


def _escaped(name: str) -> str:
    return re.sub(rf"([{_SPECIAL}])", r"\\\1", name)


FORMAT: Final = ExportFormat(
    id="httpie",
    title="HTTPie",
    description="a shell script with HTTPie",
    extension=".sh",
    kind="shell",
    write=recipe_writer(httpie),
)
