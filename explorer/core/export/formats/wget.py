"""wget: a shell script that calls GNU Wget and prints only the response body.

By default Wget retries up to 20 times and follows redirects with all headers; the script disables both.
"""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Final

from explorer.core.export.format import ExportFormat, recipe_writer, unsupported_call
from explorer.core.export.shell import DEFAULT_ACCEPT, quote, script, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.export.recipe import Hole, Message, Recipe, RecipePart, Text

_FIRST: Final = "wget -q -O - --content-on-error --tries=1 --max-redirect=0"
_BOUNDARY: Final = "api-explorer-part-"
_ESCAPES: Final = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}


def wget(recipe: Recipe, show_secrets: bool = False) -> str:
    """Return the script.

    Raises:
        UsageError: a command line or Wget cannot express the call.
    """
    return script(recipe, _command, show_secrets)


def _command(message: Message, quiet: bool) -> list[str]:
    _check(message)
    headers, body = message.headers, message.body
    if message.parts:
        boundary = _boundary(message.parts)
        headers = (*headers, ("Content-Type", (f"multipart/form-data; boundary={boundary}",)))
        body = _multipart(message.parts, boundary)
    words = [f"{_FIRST} {word(message.url)}"]
    if message.method == "HEAD" and not quiet:
        words.append("--server-response")
    if message.method != "GET" or body:
        words.append(f"--method={quote(message.method)}")
    words += [f"--header={word((f'{name}: ', *value))}" for name, value in headers if (name, value) != DEFAULT_ACCEPT]
    if body:
        words.append(f"--body-data={word(body)}")
    return words


def _check(message: Message) -> None:
    if any(part.file for part in message.parts):
        raise unsupported_call("wget", "a file upload", instead="curl or python")
    repeated = [name for name, times in Counter(name.lower() for name, _ in message.headers).items() if times > 1]
    if repeated:
        raise unsupported_call("wget", f"the header {repeated[0]} more than once", instead="curl or python")


def _boundary(parts: Sequence[RecipePart]) -> str:
    """Return a delimiter that no part contains (RFC 2046, 5.1.1)."""
    texts = "".join(piece for part in parts for piece in part.value if isinstance(piece, str))
    return next(boundary for number in count() if (boundary := f"{_BOUNDARY}{number}") not in texts)


def _multipart(parts: Sequence[RecipePart], boundary: str) -> Text:
    """Return the multipart body of *parts* (RFC 7578)."""
    pieces: list[str | Hole] = []
    for part in parts:
        name = part.name.translate(_ESCAPES)
        pieces += [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n', *part.value, "\r\n"]
    return (*pieces, f"--{boundary}--\r\n")


FORMAT: Final = ExportFormat(
    id="wget",
    title="wget",
    description="a shell script with GNU Wget; no uploads",
    extension=".sh",
    kind="shell",
    write=recipe_writer(wget),
)
