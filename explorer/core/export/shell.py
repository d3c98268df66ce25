"""Write shell scripts: quoted words, variables, sign-in, signature, and the request."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Final

from explorer.core.export.recipe import REFRESH_COMMENT, SIGNATURE, TIMESTAMP, TOKEN, Hole, holes, texts_of
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.export.recipe import EnvironmentVariable, Message, Recipe, SignIn, Text

    Command = Callable[[Message, bool], list[str]]
    """The words of the command that sends a message, a line each; the flag asks for nothing but the body."""


_ENCODERS = {"url": "urlencode", "json": "jsonencode"}
HELPERS = {
    "url": """urlencode() { printf %s "$1" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g'; }""",
    "json": """jsonencode() { printf %s "$1" | sed 's/[\\\\"]/\\\\&/g'; }""",
}
"""Functions that fill a hole in a URL or form, and in a JSON text; they need nothing but POSIX tools."""
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}
_PLAIN_IN_DOUBLE = re.compile(r'[^"$`\\!]*')
"""Text that means itself between double quotes, in an interactive shell too."""


def quote(text: str) -> str:
    """*text* as one word.

    Raises:
        UsageError: it holds a NUL.
    """
    if "\0" in text:
        raise UsageError(
            "it holds a NUL byte, which no word of a command line can carry", hint="Export it as python or as http."
        )
    if sanitize_line(text) == text and _encodable(text):
        return shlex.quote(text)
    return "$'" + "".join(_escaped(sign) for sign in text) + "'"


def word(text: Text) -> str:
    """*text* as one word, its holes filled by the shell.

    Raises:
        UsageError: it holds a NUL.
    """
    if not any(isinstance(piece, Hole) for piece in text):
        return quote("".join(str(piece) for piece in text))
    literals = [piece for piece in text if isinstance(piece, str)]
    if all(_PLAIN_IN_DOUBLE.fullmatch(one) and quote(one)[:2] != "$'" for one in literals):
        return '"' + "".join(_quote_parts(text)) + '"'
    return "".join(quote(piece) if isinstance(piece, str) else f'"{_fill_hole(piece)}"' for piece in text)


def _quote_parts(text: Text) -> list[str]:
    pieces = []
    for number, piece in enumerate(text):
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        following = text[number + 1] if number + 1 < len(text) else ""
        joined = isinstance(following, str) and bool(re.match(r"[A-Za-z0-9_\[]", following))
        pieces.append(f"${{{piece.name}}}" if joined and piece.code == "raw" else _fill_hole(piece))
    return pieces


def _fill_hole(hole: Hole) -> str:
    return f"${hole.name}" if hole.code == "raw" else f'$({_ENCODERS[hole.code]} "${hole.name}")'


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(sign: str) -> str:
    if sign in _NAMED:
        return _NAMED[sign]
    if sign.isprintable() and sanitize_line(sign) == sign:
        return sign
    return "".join(f"\\x{byte:02x}" for byte in to_bytes(sign))


def to_bytes(text: str) -> bytes:
    """The bytes that *text* stands for: UTF-8, with lone surrogates as the bytes that they came from."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


_LINE_BREAK: Final = " \\\n  "
_SHELL_ENCODERS: Final = {"base64": r"base64 | tr -d '\n'"}
"""Commands that encode what they are given; ``base64`` may break its lines."""
DEFAULT_ACCEPT: Final = ("Accept", ("*/*",))
"""The Accept header that such commands send by themselves."""


def script(recipe: Recipe, command: Command, show_secrets: bool) -> str:
    """Return a script for a POSIX shell (with ``$'…'``) that ends in the call. Its last line has no line end.

    Raises:
        UsageError: something in it cannot stand in a command line, or *command* has no way to write it.
    """
    return "\n".join(_lines(recipe, command, show_secrets))


def _lines(recipe: Recipe, command: Command, show_secrets: bool) -> Iterator[str]:
    sign_in, signing = recipe.sign_in, recipe.signing
    used = set(holes(*texts_of(recipe.request)))
    used |= holes(*texts_of(sign_in.request)) if sign_in else set()
    used |= holes(signing.base) if signing else set()
    used |= holes(*texts_of(recipe.refresh.request)) if recipe.refresh else set()
    for code, helper in HELPERS.items():
        if any(hole.code == code for hole in used):
            yield helper
    for variable in recipe.variables:
        yield _variable(variable, show_secrets)
    if sign_in:
        yield _token_lines(TOKEN, sign_in, command)
    if signing:
        yield f"{TIMESTAMP}=$(date +%s)"
        capitals = " | tr a-f A-F" if signing.uppercase else ""
        yield (
            f"{SIGNATURE}=$(printf %s {word(signing.base)} \\\n"
            f"  | openssl dgst -sha256 -hmac {word(signing.key)} | sed 's/^.* //'{capitals})"
        )
    if recipe.encoded:
        encoded = recipe.encoded
        yield f"{encoded.name}=$(printf %s {word(encoded.text)} | {_SHELL_ENCODERS[encoded.encoding]})"
    if recipe.refresh:
        again = _token_lines(recipe.refreshed, recipe.refresh, command)
        needed = [_variable(variable, show_secrets) for variable in recipe.refresh_variables]
        yield from _comment("\n".join([REFRESH_COMMENT, *needed, again]))
    yield _LINE_BREAK.join(command(recipe.request, False))


def _token_lines(name: str, sign_in: SignIn, command: Command) -> str:
    code = f"import json, sys; print(json.load(sys.stdin)[{json.dumps(sign_in.field)}])"
    asked = _LINE_BREAK.join(command(sign_in.request, True))
    return f"{name}=$({asked} \\\n  | python3 -c {quote(code)})"


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in text.splitlines())


def _variable(variable: EnvironmentVariable, show_secrets: bool) -> str:
    if show_secrets and variable.value is not None:
        return f"{variable.name}={quote(variable.value.reveal())}"
    if variable.fallback:
        return f"{variable.name}=${{{variable.name}:-{quote(variable.fallback)}}}"
    return f': "${{{variable.name}:?is not set}}"'


def home_variable(path: str) -> tuple[Text, str]:
    """The person's own folder stands as a variable, since a shell takes ``~`` for it at the start of a word only."""
    return ((Hole("HOME"),), path[1:]) if path.startswith("~/") else ((), path)
