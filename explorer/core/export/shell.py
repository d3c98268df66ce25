"""Shell scripts of an export: quoted words, variables, sign-in, signature and the request."""

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
    """Returns the lines of the command that sends a message; with the flag, it prints only the body."""


_ENCODERS = {"url": "urlencode", "json": "jsonencode"}
HELPERS = {
    "url": """urlencode() { printf %s "$1" | od -An -v -tx1 | tr -d ' \\n' | sed 's/../%&/g'; }""",
    "json": """jsonencode() { printf %s "$1" | sed 's/[\\\\"]/\\\\&/g'; }""",
}
"""Shell functions that encode a value for a URL or form, and for JSON, with POSIX tools only."""
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}
_PLAIN_IN_DOUBLE = re.compile(r'[^"$`\\!]*')
"""Text that is literal in double quotes, also in an interactive shell."""


def quote(text: str) -> str:
    """Return *text* as one shell word.

    Raises:
        UsageError: it contains a NUL byte.
    """
    if "\0" in text:
        raise UsageError(
            "the call contains a NUL byte, which a command line cannot contain", hint="Export it as python or http."
        )
    if sanitize_line(text) == text and _encodable(text):
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def word(text: Text) -> str:
    """Return *text* as one shell word whose holes the shell fills.

    Raises:
        UsageError: it contains a NUL byte.
    """
    if not any(isinstance(piece, Hole) for piece in text):
        return quote("".join(str(piece) for piece in text))
    literals = [piece for piece in text if isinstance(piece, str)]
    if all(_PLAIN_IN_DOUBLE.fullmatch(literal) and quote(literal)[:2] != "$'" for literal in literals):
        return '"' + "".join(_quote_parts(text)) + '"'
    return "".join(quote(piece) if isinstance(piece, str) else f'"{_fill_hole(piece)}"' for piece in text)


def _quote_parts(text: Text) -> list[str]:
    pieces = []
    for number, piece in enumerate(text):
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        next_piece = text[number + 1] if number + 1 < len(text) else ""
        needs_braces = isinstance(next_piece, str) and bool(re.match(r"[A-Za-z0-9_\[]", next_piece))
        pieces.append(f"${{{piece.name}}}" if needs_braces and piece.code == "raw" else _fill_hole(piece))
    return pieces


def _fill_hole(hole: Hole) -> str:
    return f"${hole.name}" if hole.code == "raw" else f'$({_ENCODERS[hole.code]} "${hole.name}")'


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character.isprintable() and sanitize_line(character) == character:
        return character
    return "".join(f"\\x{byte:02x}" for byte in to_bytes(character))


def to_bytes(text: str) -> bytes:
    """Return *text* as UTF-8, with lone surrogates as their original bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


_LINE_BREAK: Final = " \\\n  "
_SHELL_ENCODERS: Final = {"base64": r"base64 | tr -d '\n'"}
"""Commands that encode stdin; ``base64`` can wrap lines."""
DEFAULT_ACCEPT: Final = ("Accept", ("*/*",))
"""The Accept header that these commands send by default."""


def script(recipe: Recipe, command: Command, show_secrets: bool) -> str:
    """Return a POSIX shell script (with ``$'…'``) that makes the call, without a trailing newline.

    Raises:
        UsageError: a command line or *command* cannot express the call.
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
        uppercase = " | tr a-f A-F" if signing.uppercase else ""
        yield (
            f"{SIGNATURE}=$(printf %s {word(signing.base)} \\\n"
            f"  | openssl dgst -sha256 -hmac {word(signing.key)} | sed 's/^.* //'{uppercase})"
        )
    if recipe.encoded:
        encoded = recipe.encoded
        yield f"{encoded.name}=$(printf %s {word(encoded.text)} | {_SHELL_ENCODERS[encoded.encoding]})"
    if recipe.refresh:
        refresh = _token_lines(recipe.refreshed, recipe.refresh, command)
        variables = [_variable(variable, show_secrets) for variable in recipe.refresh_variables]
        yield from _comment("\n".join([REFRESH_COMMENT, *variables, refresh]))
    yield _LINE_BREAK.join(command(recipe.request, False))


def _token_lines(name: str, sign_in: SignIn, command: Command) -> str:
    code = f"import json, sys; print(json.load(sys.stdin)[{json.dumps(sign_in.field)}])"
    request = _LINE_BREAK.join(command(sign_in.request, True))
    return f"{name}=$({request} \\\n  | python3 -c {quote(code)})"


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in text.splitlines())


def _variable(variable: EnvironmentVariable, show_secrets: bool) -> str:
    if show_secrets and variable.value is not None:
        return f"{variable.name}={quote(variable.value.reveal())}"
    if variable.fallback:
        return f"{variable.name}=${{{variable.name}:-{quote(variable.fallback)}}}"
    return f': "${{{variable.name}:?is not set}}"'


def home_variable(path: str) -> tuple[Text, str]:
    """Split ``~/`` from a path as ``$HOME``, since a shell expands ``~`` only at the start of a word."""
    return ((Hole("HOME"),), path[1:]) if path.startswith("~/") else ((), path)
