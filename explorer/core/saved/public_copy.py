"""A request as a file that others may read: placeholders instead of secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from explorer.core.form import find_parameter
from explorer.core.redaction import Redactor
from explorer.core.saved.filling import walk_strings
from explorer.core.saved.model import SavedRequest
from explorer.core.saved.placeholders import (
    CredentialPlaceholder,
    PlaceholderProblem,
    VariablePlaceholder,
    escape,
    parse,
)
from explorer.core.text.env_names import saved_variable_name
from explorer.core.text.media_type import JSON
from explorer.core.text.secret import MASK, Secret
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.model import Call, Entry


_KEY: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*$')
_VALUE: Final = r'("(?:[^"\\]|\\.)*"|[^\s",}\]]+)'
_WORD: Final = re.compile(r"((?:Bearer|Basic|Token):?\s+)?(.*)", re.IGNORECASE | re.DOTALL)


class PublicRequest(NamedTuple):
    """The request without its secrets, what was taken out (variable → text), and where, in sentences."""

    request: SavedRequest
    taken: dict[str, str]
    notes: tuple[str, ...]


def make_public(
    request: SavedRequest, vendor: Vendor, endpoint: Endpoint, redactor: Redactor, credentials: Mapping[str, str]
) -> PublicRequest:
    """*request* as it may be written. *redactor* knows every secret at hand; *credentials* is parameter → credential
    where the call signs in.

    Raises:
        UsageError: a secret stands where no placeholder can be put for it.
    """
    cleaner = _SecretRemover(Redactor(vendor), endpoint, credentials)
    call = request.call
    cleaned = msgspec.structs.replace(
        call,
        entries=tuple(cleaner.entry(one) for one in call.entries),
        extra=tuple((name, cleaner.pair(name, value)) for name, value in call.extra),
        headers=tuple((name, cleaner.header(name, value)) for name, value in call.headers),
    )
    result = msgspec.structs.replace(request, call=cleaned)
    for one in (redactor, Redactor(vendor, None, [Secret(text) for text in cleaner.taken.values()])):
        _require_public(result, cleaner.names, one)
    return PublicRequest(result, cleaner.taken, tuple(cleaner.notes))


class _SecretRemover:
    def __init__(self, names: Redactor, endpoint: Endpoint, credentials: Mapping[str, str]) -> None:
        self.names = names
        self.taken: dict[str, str] = {}
        self.notes: list[str] = []
        self._endpoint = endpoint
        self._credentials = credentials

    def entry(self, entry: Entry) -> Entry:
        if entry.kind == "file":  # a path, whatever its contents are
            return entry
        found = find_parameter(self._endpoint, entry.name)
        if not ((found and found[0].secret) or self.names.is_secret_name(entry.name) or self._credential(entry)):
            return msgspec.structs.replace(entry, value=self._json(entry.value)) if entry.kind == "json" else entry
        if not entry.value or _only_placeholders(entry.value.strip('"') if entry.kind == "json" else entry.value):
            return entry
        if entry.kind == "json" and not entry.value.startswith('"'):
            if entry.value in ("null", "true", "false"):
                return entry
            return msgspec.structs.replace(entry, value=self._variable(entry.name, entry.value))
        if entry.kind == "json":
            return msgspec.structs.replace(entry, value=f'"{self._variable(entry.name, entry.value[1:-1])}"')
        if self._credential(entry):
            said = str(CredentialPlaceholder(self._credentials[entry.name]))
            self.notes.append(f"{entry.name} is written as {said}")
            return msgspec.structs.replace(entry, kind="text", value=said)
        return msgspec.structs.replace(entry, kind="text", value=self._variable(entry.name, entry.value))

    def _credential(self, entry: Entry) -> bool:
        return entry.name in self._credentials and entry.kind == "text" and bool(entry.value)

    def pair(self, name: str, value: str) -> str:
        secret = self.names.is_secret_name(name)
        return self._variable(name, value) if secret and value and not _only_placeholders(value) else value

    def header(self, name: str, value: str) -> str:
        if self.names.headers([(name, value)])[0][1] == value:
            return value
        found = _WORD.fullmatch(value)
        word, rest = (found[1] or "", found[2]) if found else ("", value)
        return value if not rest or _only_placeholders(rest) else word + self._variable(name, rest)

    def _json(self, text: str) -> str:
        masked = self.names.body(text.encode(), JSON).decode()
        chunks = masked.split(f'"{MASK}"')
        if len(chunks) == 1:
            return text
        found = re.fullmatch(_VALUE.join(re.escape(one) for one in chunks), text, re.DOTALL)
        if found is None:
            raise UsageError("a JSON value holds a secret that cannot be told apart", hint="Put ${NAME} in its place.")
        written = [chunks[0]]
        for before, value, after in zip(chunks, found.groups(), chunks[1:], strict=False):
            key = _KEY.search(before)
            quoted = value.startswith('"')
            inner = value[1:-1] if quoted else value
            if not inner or _only_placeholders(inner):
                written.append(value)
            else:
                said = self._variable(key[1] if key else "secret", inner)
                written.append(f'"{said}"' if quoted else said)
            written.append(after)
        return "".join(written)

    def _variable(self, name: str, text: str) -> str:
        base = saved_variable_name(name)
        number, free = 1, base
        while self.taken.get(free, text) != text:
            number += 1
            free = f"{base}_{number}"
        self.taken[free] = text
        self.notes.append(f"{name} is written as {VariablePlaceholder(free)}")
        return str(VariablePlaceholder(free))


def _only_placeholders(text: str) -> bool:
    try:
        parts = parse(text)
    except PlaceholderProblem:
        return False
    return bool(parts) and not any(isinstance(part, str) for part in parts)


def _require_public(request: SavedRequest, names: Redactor, redactor: Redactor) -> None:
    call = request.call
    texts: Sequence[tuple[str, str]] = (
        ("description", request.description),
        ("base_url", call.base_url),
        *((f"values.{one.name}", one.value) for one in call.entries),
        *((f"extra.{name}", value) for name, value in call.extra),
        *((f"headers.{name}", value) for name, value in call.headers),
    )
    for where, text in texts:
        if redactor.text(text) != text or (where == "base_url" and names.url(text) != text):
            raise UsageError(
                f"{where} holds the text of a secret, which must not stand in a file", hint="Put ${NAME} in its place."
            )
    for part, expected in (("headers", request.expect.headers), ("body", request.expect.body)):
        for key, comparisons in expected:
            for one in comparisons:
                secret = names.is_secret_name(key) and one.operator in ("equals", "not", "contains")
                for text in walk_strings(one.value):
                    if redactor.text(text) != text or (secret and text and not _only_placeholders(text)):
                        raise UsageError(
                            f"expect.{part}.{key} holds the text of a secret, which must not stand in a file",
                            hint="Put ${NAME} in its place, or expect { exists = true }.",
                        )


def draft_request(call: Call, *, keep_environment: bool = False) -> SavedRequest:
    """A new saved request of *call*."""
    return SavedRequest(call=call if keep_environment else msgspec.structs.replace(call, environment=""))


def draft_from_history(call: Call) -> Call:
    """The call of an entry of the history with a placeholder for what was masked when it was kept."""
    from explorer.core.text.env_names import saved_variable_name

    def shown(name: str, value: str) -> str:
        return escape(value).replace(MASK, f"${{{saved_variable_name(name)}}}") if MASK in value else escape(value)

    return msgspec.structs.replace(
        call,
        base_url=escape(call.base_url),
        entries=tuple(msgspec.structs.replace(one, value=shown(one.name, one.value)) for one in call.entries),
        extra=tuple((name, shown(name, value)) for name, value in call.extra),
        headers=tuple((name, shown(name, value)) for name, value in call.headers),
    )
