"""curl: a shell script that calls curl."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from explorer.core.export.format import ExportFormat, recipe_writer, unsupported_call
from explorer.core.export.shell import DEFAULT_ACCEPT, home_variable, quote, script, word

if TYPE_CHECKING:
    from explorer.core.export.recipe import Message, Recipe, RecipePart, Text


def curl(recipe: Recipe, show_secrets: bool = False) -> str:
    """Return the script.

    Raises:
        UsageError: a command line cannot express the call.
    """
    return script(recipe, _command, show_secrets)


def _command(message: Message, quiet: bool) -> list[str]:
    first = ["curl"]
    if quiet:
        first.append("-sS")
    if re.search(r"[\[\]{}]", "".join(piece for piece in message.url if isinstance(piece, str))):
        first.append("--globoff")
    has_body = bool(message.body or message.parts)
    if message.method == "HEAD":
        first.append("--head")
    elif message.method != ("POST" if has_body else "GET"):
        first += ["-X", quote(message.method)]
    words = [" ".join([*first, word(message.url)])]
    words += [f"-H {_header(name, value)}" for name, value in message.headers if (name, value) != DEFAULT_ACCEPT]
    words += [_part(part) for part in message.parts]
    if message.body:
        words.append(f"--data-raw {word(message.body)}")
    return words


def _header(name: str, value: Text) -> str:
    return word((f"{name}: ", *value)) if value else quote(f"{name};")


def _part(part: RecipePart) -> str:
    if "=" in part.name or "\n" in part.name or "\r" in part.name:
        raise unsupported_call("curl", f"a form field named {part.name!r}", instead="python")
    if not part.file:
        return f"--form-string {word((f'{part.name}=', *part.value))}"
    home, path = home_variable(part.file)
    path = path.replace("\\", "\\\\").replace('"', '\\"')
    value: Text = (f'{part.name}=@"', *home, f'{path}";type={part.media_type}')
    return f"-F {word(value)}"


FORMAT: Final = ExportFormat(
    id="curl",
    title="curl",
    description="a shell script with curl",
    extension=".sh",
    kind="shell",
    write=recipe_writer(curl),
)
