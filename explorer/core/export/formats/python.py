"""Python: a program with httpx."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from explorer.core.export.format import ExportFormat, recipe_writer
from explorer.core.export.recipe import ENCODED, REFRESH_COMMENT, SIGNATURE, TIMESTAMP, TOKEN, Hole, holes
from explorer.core.export.shell import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.export.recipe import EnvironmentVariable, Message, Recipe, RecipePart, Text

_FILLED = {"raw": "{0}", "url": 'quote({0}, safe="")', "json": "json.dumps({0})[1:-1]"}
_COMPUTED = (TOKEN, TIMESTAMP, SIGNATURE, ENCODED)
_MODULES = {"base64": "base64.b64", "hashlib": "hashlib.sha256", "hmac": "hmac.new(", "json": "json.dumps("}
_ENCODERS = {"base64": "base64.b64encode({0}).decode()"}


def python(recipe: Recipe, show_secrets: bool = False) -> str:
    """Return a program for Python 3.11 or later and httpx that makes the call and prints status and body."""
    body = list(_body(recipe, show_secrets))
    return "\n".join([*_imports("\n".join(body)), "", *body])


def _imports(body: str) -> Iterator[str]:
    """Yield the imports that *body* needs, found by code that only this module writes."""
    for module, code in _MODULES.items():
        if code in body:
            yield f"import {module}"
    if "os.environ" in body or "os.path" in body:
        yield "import os"
    if "time.time()" in body:
        yield "import time"
    if "quote(" in body:
        yield "from urllib.parse import quote"
    yield ""
    yield "import httpx"


def _body(recipe: Recipe, show_secrets: bool) -> Iterator[str]:
    short = _short_names((*recipe.variables, *recipe.refresh_variables))
    for variable in recipe.variables:
        yield f"{short[variable.name]} = {_value(variable, show_secrets)}"
    sign_in, signing = recipe.sign_in, recipe.signing
    if sign_in:
        yield from _call("token_response", sign_in.request, short)
        yield f"{TOKEN} = token_response.json()[{sign_in.field!r}]"
    if recipe.refresh:
        variables = recipe.refresh_variables
        refresh = [f"{short[variable.name]} = {_value(variable, show_secrets)}" for variable in variables]
        refresh += _call("token_response", recipe.refresh.request, short)
        refresh.append(f"{short[recipe.refreshed]} = token_response.json()[{recipe.refresh.field!r}]")
        yield from (f"# {line}" for line in [REFRESH_COMMENT, *refresh])
    if signing:
        yield f"{TIMESTAMP} = str(int(time.time()))"
        yield f"base = {_expression(signing.base, short)}"
        key = _bytes(signing.key, short)
        uppercase = ".upper()" if signing.uppercase else ""
        yield f"{SIGNATURE} = hmac.new({key}, {_encoded('base')}, hashlib.sha256).hexdigest(){uppercase}"
    if recipe.encoded:
        encoded = recipe.encoded
        yield f"{encoded.name} = {_ENCODERS[encoded.encoding].format(_bytes(encoded.text, short))}"
    yield from _call("response", recipe.request, short)
    yield "print(response.status_code)"
    yield "print(response.text)"


def _short_names(variables: tuple[EnvironmentVariable, ...]) -> dict[str, str]:
    """Return short variable names where they are unique: ``API_EXPLORER_SHOP_TOKEN`` → ``TOKEN``."""
    short: dict[str, str] = {}
    for variable in variables:
        words = variable.name.split("_")[3:]
        name = "_".join(words)
        short[variable.name] = name if name[:1].isalpha() and name not in short.values() else variable.name
    return short


def _value(variable: EnvironmentVariable, show_secrets: bool) -> str:
    if show_secrets and variable.value is not None:
        return repr(variable.value.reveal())
    if variable.fallback:
        return f"os.environ.get({variable.name!r}) or {variable.fallback!r}"
    return f"os.environ[{variable.name!r}]"


def _call(name: str, message: Message, short: dict[str, str]) -> Iterator[str]:
    yield f"{name} = httpx.request("
    yield f"    {message.method!r},"
    yield f"    {_expression(message.url, short)},"
    if message.headers:
        yield "    headers={"
        for header, value in message.headers:
            yield f"        {header!r}: {_expression(value, short)},"
        yield "    },"
    if message.parts:
        yield "    files=["
        for part in message.parts:
            yield f"        ({part.name!r}, {_part(part, short)}),"
        yield "    ],"
    elif message.body:
        yield f"    content={_bytes(message.body, short)},"
    yield "    timeout=30,"
    yield ")"


def _part(part: RecipePart, short: dict[str, str]) -> str:
    if not part.file:
        return f"(None, {_bytes(part.value, short)})"
    path = repr(part.file)
    if part.file.startswith("~/"):
        path = f"os.path.expanduser({path})"
    file_name = re.split(r"[/\\]", part.file)[-1]
    return f'({file_name!r}, open({path}, "rb"), {part.media_type!r})'


def _expression(text: Text, short: dict[str, str]) -> str:
    pieces = [repr(piece) if isinstance(piece, str) else _hole(piece, short) for piece in text]
    return " + ".join(pieces) or "''"


def _hole(hole: Hole, short: dict[str, str]) -> str:
    name = hole.name if hole.name in _COMPUTED else short[hole.name]
    return _FILLED[hole.code].format(name)


def _bytes(text: Text, short: dict[str, str]) -> str:
    if not holes(text):
        return repr(to_bytes("".join(str(piece) for piece in text)))
    expression = _expression(text, short)
    return _encoded(expression if len(text) == 1 else f"({expression})")


def _encoded(expression: str) -> str:
    return f'{expression}.encode("utf-8", "surrogateescape")'


FORMAT: Final = ExportFormat(
    id="python",
    title="Python",
    description="a program with httpx",
    extension=".py",
    kind="program",
    write=recipe_writer(python),
)
