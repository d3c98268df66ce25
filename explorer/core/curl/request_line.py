"""Parse a curl command line into the request that it makes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from explorer.core.curl.shell_words import ShellText
from explorer.core.text.media_type import FORM, JSON
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHORT: Final = {
    "X": "request",
    "H": "header",
    "d": "data",
    "F": "form",
    "u": "user",
    "A": "user-agent",
    "e": "referer",
    "b": "cookie",
    "o": "output",
    "m": "max-time",
    "x": "proxy",
    "E": "cert",
    "c": "cookie-jar",
    "w": "write-out",
    "T": "upload-file",
    "K": "config",
    "r": "range",
    "D": "dump-header",
    "U": "proxy-user",
    "y": "speed-time",
    "Y": "speed-limit",
    "z": "time-cond",
    "C": "continue-at",
    "G": "get",
    "I": "head",
    "k": "insecure",
}
_REQUEST_OPTION_NAMES: Final = """
request header data data-ascii data-raw data-binary data-urlencode form form-string json url url-query user user-agent
referer cookie range oauth2-bearer upload-file
"""
_REQUEST_OPTIONS: Final = frozenset(_REQUEST_OPTION_NAMES.split())
"""Options with a value that change the request and are imported."""
_IGNORED_OPTION_NAMES: Final = """
output max-time connect-timeout proxy cacert capath cert key cookie-jar write-out config resolve connect-to
interface dump-header proxy-user speed-time speed-limit time-cond continue-at limit-rate max-redirs aws-sigv4 tls-max
ciphers noproxy request-target dns-servers local-port max-filesize stderr trace trace-ascii unix-socket variable retry
retry-delay retry-max-time keepalive-time expect100-timeout pass cert-type key-type proto proto-default expand-data
expand-url expand-header
"""
_IGNORED_OPTIONS: Final = frozenset(_IGNORED_OPTION_NAMES.split())
"""Options with a value that are ignored."""
_SILENT_OPTIONS: Final = frozenset(
    ["output", "write-out", "max-time", "connect-timeout", "dump-header", "stderr", "retry"]
)
"""Ignored options that only concern curl itself, and are not reported."""
_REPORTED_FLAGS: Final = {"insecure": "--insecure: certificates are always checked here"}


ReadFile = Callable[[str], bytes | None]
"""Returns the bytes of a file, or None if it must not be read."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """A field of ``-F`` or ``--data-urlencode NAME@FILE``; ``file`` is the path of an upload or of the value."""

    name: str
    value: str = ""
    file: str = ""


@dataclass
class CurlLine:
    """The request of a curl command; ``notes`` list what was ignored."""

    url: str = ""
    method: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str | None = None
    parts: list[FormPart] = field(default_factory=list)
    fields: list[FormPart] = field(default_factory=list)
    """Form fields whose values are the content of files."""
    unread: list[str] = field(default_factory=list)
    """Files with (part of) the body that must not be read."""
    unexpanded: list[str] = field(default_factory=list)
    """Variables that were not expanded."""
    notes: list[str] = field(default_factory=list)

    def header(self, name: str) -> str:
        """Return the value of a header, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def read_curl(
    text: str,
    variables: Mapping[str, str],
    prefixes: tuple[str, ...] = (),
    read_file: ReadFile = lambda _path: None,
) -> CurlLine:
    """Return the last curl command in *text*.

    Only *variables* (environment) that start with one of *prefixes* are expanded. *read_file* reads the files of the
    body.

    Raises:
        UsageError: there is no command, it has no URL, or a quote is not closed; what *read_file* raises.
    """
    shell = ShellText(text, variables, prefixes)
    lines = [words[1:] for words in shell.commands if words[0].rpartition("/")[2] in ("curl", "curl.exe")]
    if not lines:
        raise UsageError("the text contains no curl command", hint="Paste the whole line, starting with curl.")
    line = _Reader(lines[-1], read_file).line()
    line.unexpanded = shell.unexpanded
    return line


class _Reader:
    """Reads the options of one command."""

    def __init__(self, words: list[str], read_file: ReadFile) -> None:
        self._line = CurlLine()
        self._read_file = read_file
        self._upload = ""
        self._data: list[str] = []
        self._query: list[str] = []
        self._flags: set[str] = set()
        self._json = False
        for name, value in _options(words):
            self._apply(name, value)

    def line(self) -> CurlLine:
        line = self._line
        if not line.url:
            raise UsageError("the curl command has no URL", hint="Example: curl https://host.example/path")
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", line.url):
            line.url = f"http://{line.url}"
        line.url = line.url.partition("#")[0]
        if self._data and "get" in self._flags:
            self._query += self._data
        elif self._data:
            line.body = ("" if self._json else "&").join(self._data)
        if self._query:
            line.url += ("&" if "?" in line.url else "?") + "&".join(self._query)
        self._apply_upload()
        has_body = line.body is not None or bool(
            line.parts or line.fields or (line.unread and "get" not in self._flags)
        )
        default = "PUT" if self._upload else "POST" if has_body else "GET"
        line.method = line.method or ("HEAD" if "head" in self._flags else default)
        for name, value in (("Content-Type", JSON), ("Accept", JSON)):
            if self._json and not line.header(name):
                line.headers.append((name, value))
        has_type = bool(self._upload or line.parts or line.header("content-type"))
        if has_body and not has_type:
            line.headers.append(("Content-Type", FORM))
        return line

    def _apply(self, name: str, value: str) -> None:
        line = self._line
        if name in ("", "url"):
            if line.url:
                line.notes.append(f"{value!r} is another URL; only the first was imported")
            line.url = line.url or value
        elif name == "request":
            line.method = value.upper()
        elif name == "header":
            self._header(value)
        elif name.startswith("data") or name in ("json", "url-query"):
            self._body(name, value)
        elif name in ("form", "form-string"):
            self._part(name, value)
        elif name == "upload-file":
            self._upload = value
        elif name in ("user", "user-agent", "referer", "cookie", "range", "oauth2-bearer"):
            line.headers.append(_as_header(name, value))
        elif name in _IGNORED_OPTIONS:
            if name not in _SILENT_OPTIONS:
                line.notes.append(f"--{name} was ignored")
        else:
            self._flags.add(name)
            if name in _REPORTED_FLAGS:
                line.notes.append(_REPORTED_FLAGS[name])

    def _header(self, value: str) -> None:
        if value.startswith("@"):
            self._line.notes.append(f"the headers in the file {value[1:]} were not read")
            return
        name, colon, text = value.partition(":")
        if colon and text.strip():
            self._line.headers.append((name.strip(), text.strip()))
        elif not colon and value.endswith(";"):
            self._line.headers.append((value[:-1].strip(), ""))

    def _body(self, name: str, value: str) -> None:
        if name in ("data-urlencode", "url-query"):
            self._urlencoded(name, value)
            return
        self._json = self._json or name == "json"
        if value.startswith("@") and name != "data-raw":
            text = self._text(value[1:])
            if text is None:
                return
            value = text if name in ("data-binary", "json") else re.sub("[\\r\\n\\0]", "", text)
        self._data.append(value)

    def _text(self, path: str) -> str | None:
        """Return the text of a body file, or None if it must not be read."""
        data = self._read_file(path) if path != "-" else None
        if data is None:
            self._line.unread.append(path)
            return None
        return data.decode("utf-8", "surrogateescape")

    def _apply_upload(self) -> None:
        """Apply ``-T FILE``: the file is the body, and its name is appended to a URL that ends in a slash (curl's
        manual)."""
        line = self._line
        if not self._upload:
            return
        path, separator, query = line.url.partition("?")
        if path.endswith("/") and self._upload not in ("-", "."):
            line.url = path + quote(self._upload.rpartition("/")[2]) + separator + query
        line.body = self._text("-" if self._upload == "." else self._upload)

    def _urlencoded(self, option: str, value: str) -> None:
        name, separator, text = re.fullmatch(r"([^=@]*)([=@]?)(.*)", value, re.DOTALL).groups()  # type: ignore[union-attr]  # matches any string
        if option == "url-query" and value.startswith("+"):
            pair = value[1:]
        elif separator == "@" and name and option == "data-urlencode" and text != "-":
            self._line.fields.append(FormPart(name, file=text))
            return
        elif separator == "@":
            content = self._text(text)
            if content is None:
                return
            pair = f"{name}={_quoted(content)}" if name else _quoted(content)
        else:
            pair = quote_plus(name) if not separator else f"{name}={_quoted(text)}" if name else _quoted(text)
        (self._query if option == "url-query" else self._data).append(pair)

    def _part(self, option: str, value: str) -> None:
        name, _, text = value.partition("=")
        parts = self._line.parts
        if option == "form-string":
            parts.append(FormPart(name, text))
        elif text.startswith(("@", "<")):
            parts.append(FormPart(name, file=_path(text[1:])))
        else:
            quoted = re.match(r'"((?:[^"\\]|\\.)*)"', text, re.DOTALL)
            plain = (
                re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else re.sub(r";\s*(type|filename|headers)=.*", "", text)
            )
            parts.append(FormPart(name, plain))


def _quoted(text: str) -> str:
    return quote_plus(text, errors="surrogateescape")


def _path(text: str) -> str:
    """Return the path of ``-F name=@PATH;type=…``, which can be in double quotes."""
    quoted = re.match(r'"((?:[^"\\]|\\.)*)"', text)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else re.split(r"[;,]", text)[0]


def _as_header(name: str, value: str) -> tuple[str, str]:
    if name == "user":
        return ("Authorization", "Basic " + base64.b64encode(value.encode("utf-8", "surrogateescape")).decode())
    if name == "oauth2-bearer":
        return ("Authorization", f"Bearer {value}")
    if name == "range":
        return ("Range", f"bytes={value}")
    return ({"user-agent": "User-Agent", "referer": "Referer", "cookie": "Cookie"}[name], value)


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield long option names with their values. A positional argument has an empty name."""
    remaining = iter(words)
    for word in remaining:
        if word.startswith("--") and word != "--":
            name, equals, value = word[2:].partition("=")
            if name in _REQUEST_OPTIONS | _IGNORED_OPTIONS:
                yield name, value if equals else next(remaining, "")
            else:
                yield name, ""
        elif word.startswith("-") and len(word) > 1 and word != "--":
            yield from _short(word[1:], remaining)
        elif re.fullmatch(r"[0-9]*[<>]+.*", word):
            if word.endswith((">", "<")):
                next(remaining, "")
        elif word != "--":
            yield "", word


def _short(letters: str, remaining: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield the options of ``-sSLXPOST``: flags, and one option with a value."""
    for number, letter in enumerate(letters):
        name = _SHORT.get(letter, letter)
        if name in _REQUEST_OPTIONS | _IGNORED_OPTIONS:
            rest = letters[number + 1 :]
            yield name, rest or next(remaining, "")
            return
        yield name, ""
