"""Convert a call to a saved request that can be shared: secrets become placeholders."""

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
_AUTHORIZATION: Final = re.compile(r"((?:Bearer|Basic|Token):?\s+)?(.*)", re.IGNORECASE | re.DOTALL)


class PublicRequest(NamedTuple):
    """The request without its secrets, the removed secrets (variable → value), and notes for the user."""

    request: SavedRequest
    taken: dict[str, str]
    notes: tuple[str, ...]


def make_public(
    request: SavedRequest, vendor: Vendor, endpoint: Endpoint, redactor: Redactor, credentials: Mapping[str, str]
) -> PublicRequest:
    """Return *request* without secrets. *redactor* has every known secret.

    *credentials* maps parameters to credentials if the call is a login.

    Raises:
        UsageError: a secret cannot be replaced by a placeholder.
    """
    remover = _SecretRemover(Redactor(vendor), endpoint, credentials)
    call = request.call
    cleaned = msgspec.structs.replace(
        call,
        entries=tuple(remover.entry(entry) for entry in call.entries),
        extra=tuple((name, remover.pair(name, value)) for name, value in call.extra),
        headers=tuple((name, remover.header(name, value)) for name, value in call.headers),
    )
    result = msgspec.structs.replace(request, call=cleaned)
    for check in (redactor, Redactor(vendor, None, [Secret(text) for text in remover.taken.values()])):
        _require_public(result, remover.names, check)
    return PublicRequest(result, remover.taken, tuple(remover.notes))


class _SecretRemover:
    def __init__(self, names: Redactor, endpoint: Endpoint, credentials: Mapping[str, str]) -> None:
        self.names = names
        self.taken: dict[str, str] = {}
        self.notes: list[str] = []
        self._endpoint = endpoint
        self._credentials = credentials

    def entry(self, entry: Entry) -> Entry:
        if entry.kind == "file":  # only the path is saved
            return entry
        match = find_parameter(self._endpoint, entry.name)
        if not ((match and match[0].secret) or self.names.is_secret_name(entry.name) or self._credential(entry)):
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
            placeholder = str(CredentialPlaceholder(self._credentials[entry.name]))
            self.notes.append(f"{entry.name} is written as {placeholder}")
            return msgspec.structs.replace(entry, kind="text", value=placeholder)
        return msgspec.structs.replace(entry, kind="text", value=self._variable(entry.name, entry.value))

    def _credential(self, entry: Entry) -> bool:
        return entry.name in self._credentials and entry.kind == "text" and bool(entry.value)

    def pair(self, name: str, value: str) -> str:
        secret = self.names.is_secret_name(name)
        return self._variable(name, value) if secret and value and not _only_placeholders(value) else value

    def header(self, name: str, value: str) -> str:
        if self.names.headers([(name, value)])[0][1] == value:
            return value
        match = _AUTHORIZATION.fullmatch(value)
        scheme, rest = (match[1] or "", match[2]) if match else ("", value)
        return value if not rest or _only_placeholders(rest) else scheme + self._variable(name, rest)

    def _json(self, text: str) -> str:
        masked = self.names.body(text.encode(), JSON).decode()
        chunks = masked.split(f'"{MASK}"')
        if len(chunks) == 1:
            return text
        match = re.fullmatch(_VALUE.join(re.escape(chunk) for chunk in chunks), text, re.DOTALL)
        if match is None:
            raise UsageError("a JSON value contains a secret that cannot be located", hint="Replace it with ${NAME}.")
        written = [chunks[0]]
        for before, value, after in zip(chunks, match.groups(), chunks[1:], strict=False):
            key = _KEY.search(before)
            quoted = value.startswith('"')
            inner = value[1:-1] if quoted else value
            if not inner or _only_placeholders(inner):
                written.append(value)
            else:
                placeholder = self._variable(key[1] if key else "secret", inner)
                written.append(f'"{placeholder}"' if quoted else placeholder)
            written.append(after)
        return "".join(written)

    def _variable(self, name: str, text: str) -> str:
        base = saved_variable_name(name)
        number, variable = 1, base
        while self.taken.get(variable, text) != text:
            number += 1
            variable = f"{base}_{number}"
        self.taken[variable] = text
        self.notes.append(f"{name} is written as {VariablePlaceholder(variable)}")
        return str(VariablePlaceholder(variable))


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
        *((f"values.{entry.name}", entry.value) for entry in call.entries),
        *((f"extra.{name}", value) for name, value in call.extra),
        *((f"headers.{name}", value) for name, value in call.headers),
    )
    for where, text in texts:
        if redactor.text(text) != text or (where == "base_url" and names.url(text) != text):
            raise UsageError(f"{where} contains a secret, which must not be saved", hint="Replace it with ${NAME}.")
    for part, expected in (("headers", request.expect.headers), ("body", request.expect.body)):
        for key, comparisons in expected:
            for comparison in comparisons:
                secret = names.is_secret_name(key) and comparison.operator in ("equals", "not", "contains")
                for text in walk_strings(comparison.value):
                    if redactor.text(text) != text or (secret and text and not _only_placeholders(text)):
                        raise UsageError(
                            f"expect.{part}.{key} contains a secret, which must not be saved",
                            hint="Replace it with ${NAME}, or expect { exists = true }.",
                        )


def draft_request(call: Call, *, keep_environment: bool = False) -> SavedRequest:
    """Return a new saved request for *call*."""
    return SavedRequest(call=call if keep_environment else msgspec.structs.replace(call, environment=""))


def draft_from_history(call: Call) -> Call:
    """Return the call of a history entry, with a placeholder for each masked value."""
    from explorer.core.text.env_names import saved_variable_name

    def shown(name: str, value: str) -> str:
        return escape(value).replace(MASK, f"${{{saved_variable_name(name)}}}") if MASK in value else escape(value)

    return msgspec.structs.replace(
        call,
        base_url=escape(call.base_url),
        entries=tuple(msgspec.structs.replace(entry, value=shown(entry.name, entry.value)) for entry in call.entries),
        extra=tuple((name, shown(name, value)) for name, value in call.extra),
        headers=tuple((name, shown(name, value)) for name, value in call.headers),
    )
