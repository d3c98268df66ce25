"""A recipe as a script for a shell: variables, sign-in, signature, and then the request by one command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from explorer.core.export.recipe import REFRESH_COMMENT, SIGNATURE, TIMESTAMP, TOKEN, Hole, holes, texts_of
from explorer.core.export.shell import HELPERS, quote, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.export.recipe import EnvironmentVariable, Message, Recipe, SignIn, Text

    Command = Callable[[Message, bool], list[str]]
    """The words of the command that sends a message, a line each; the flag asks for nothing but the body."""

_LINE_BREAK: Final = " \\\n  "
_ENCODERS: Final = {"base64": r"base64 | tr -d '\n'"}
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
        yield f"{encoded.name}=$(printf %s {word(encoded.text)} | {_ENCODERS[encoded.encoding]})"
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
