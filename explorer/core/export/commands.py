"""A recipe as shell commands: variables, sign-in, signature, and then the request by curl or HTTPie."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from explorer.core.export.recipe import REFRESH, SIGNATURE, TIMESTAMP, TOKEN, Hole, holes, texts_of
from explorer.core.export.shell import HELPERS, quote, word
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from explorer.core.export.recipe import Message, Part, Recipe, SignIn, Text, Variable

_BREAK = " \\\n  "


def curl(recipe: Recipe, *, show_secrets: bool = False) -> str:
    """A script for a POSIX shell (with ``$'…'``) that ends in the call, by curl. Its last line has no line end.

    Raises:
        UsageError: something in it cannot stand in a command line.
    """
    return "\n".join(_script(recipe, _curl, show_secrets))


def httpie(recipe: Recipe, *, show_secrets: bool = False) -> str:
    """The same by HTTPie 3, which prints the answer alone.

    Raises:
        UsageError: something in it cannot stand in a command line, or HTTPie has no way to write it.
    """
    return "\n".join(_script(recipe, _httpie, show_secrets))


def _script(recipe: Recipe, command: Callable[[Message, bool], list[str]], show_secrets: bool) -> Iterator[str]:
    sign_in, signing = recipe.sign_in, recipe.signing
    used = set(holes(*texts_of(recipe.request)))
    used |= holes(*texts_of(sign_in.request)) if sign_in else set()
    used |= holes(signing.base) if signing else set()
    used |= holes(*texts_of(recipe.refresh.request)) if recipe.refresh else set()
    for code, helper in HELPERS.items():
        if any(one.code == code for one in used):
            yield helper
    for variable in recipe.variables:
        yield _variable(variable, show_secrets)
    if sign_in:
        yield _asked(TOKEN, sign_in, command)
    if signing:
        yield f"{TIMESTAMP}=$(date +%s)"
        capitals = " | tr a-f A-F" if signing.uppercase else ""
        yield (
            f"{SIGNATURE}=$(printf %s {word(signing.base)} \\\n"
            f"  | openssl dgst -sha256 -hmac {word(signing.key)} | sed 's/^.* //'{capitals})"
        )
    if recipe.refresh:
        again = _asked(recipe.refreshed, recipe.refresh, command)
        needed = [_variable(one, show_secrets) for one in recipe.refresh_variables]
        yield from _comment("\n".join([REFRESH, *needed, again]))
    yield _BREAK.join(command(recipe.request, False))


def _asked(name: str, sign_in: SignIn, command: Callable[[Message, bool], list[str]]) -> str:
    code = f"import json, sys; print(json.load(sys.stdin)[{json.dumps(sign_in.field)}])"
    asked = _BREAK.join(command(sign_in.request, True))
    return f"{name}=$({asked} \\\n  | python3 -c {quote(code)})"


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in text.splitlines())


def _variable(one: Variable, show_secrets: bool) -> str:
    if show_secrets and one.value is not None:
        return f"{one.name}={quote(one.value.reveal())}"
    if one.fallback:
        return f"{one.name}=${{{one.name}:-{quote(one.fallback)}}}"
    return f': "${{{one.name}:?is not set}}"'


# --- curl ------------------------------------------------------------------------------------------------------------


def _curl(message: Message, quiet: bool) -> list[str]:
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
    words += [f"-H {_curl_header(name, value)}" for name, value in message.headers if (name, value) != _ANY]
    words += [_curl_part(one) for one in message.parts]
    if message.body:
        words.append(f"--data-raw {word(message.body)}")
    return words


_ANY = ("Accept", ("*/*",))
"""What curl and HTTPie send by themselves."""


def _curl_header(name: str, value: Text) -> str:
    return word((f"{name}: ", *value)) if value else quote(f"{name};")


def _curl_part(one: Part) -> str:
    if "=" in one.name or "\n" in one.name or "\r" in one.name:
        raise UsageError(f"curl cannot write a form field named {one.name!r}", hint="Export it as python.")
    if not one.file:
        return f"--form-string {word((f'{one.name}=', *one.value))}"
    home, path = _home(one.file)
    path = path.replace("\\", "\\\\").replace('"', '\\"')
    value: Text = (f'{one.name}=@"', *home, f'{path}";type={one.media_type}')
    return f"-F {word(value)}"


def _home(path: str) -> tuple[Text, str]:
    """The person's own folder stands as a variable, since a shell takes ``~`` for it at the start of a word only."""
    return ((Hole("HOME"),), path[1:]) if path.startswith("~/") else ((), path)


# --- HTTPie ----------------------------------------------------------------------------------------------------------


def _httpie(message: Message, quiet: bool) -> list[str]:
    first = ["http", "--ignore-stdin", "--body"]
    if not quiet and message.method == "HEAD":
        first[-1] = "--headers"
    if message.parts:
        first.append("--multipart")
    words = [" ".join([*first, quote(message.method), word(message.url)])]
    for name, value in message.headers:
        if (name, value) != _ANY:
            words.append(_item(name, ":", value) if value else quote(f"{_escaped(name)};"))
    for one in message.parts:
        if one.file:
            home, path = _home(one.file)
            words.append(_item(one.name, "@", (*home, f"{path};type={one.media_type}")))
        else:
            words.append(_item(one.name, "=", one.value))
    if message.body:
        words.append(f"--raw {word(message.body)}")
    return words


_SPECIAL = ":;=@"
"""Signs that separate a name from a value in HTTPie; a backslash takes that meaning from them."""


def _item(name: str, separator: str, value: Text) -> str:
    for piece in (name, *value):
        if isinstance(piece, str) and re.search(rf"\\[{_SPECIAL}]", piece):
            raise UsageError(f"HTTPie cannot write the value of {name}", hint="Export it as curl or as python.")
    first = value[0] if value else ""
    if isinstance(first, str) and first[:1] and first[0] in _SPECIAL:
        value = (f"\\{first}", *value[1:])
    return word((f"{_escaped(name)}{separator}", *value))


def _escaped(name: str) -> str:
    return re.sub(rf"([{_SPECIAL}])", r"\\\1", name)
