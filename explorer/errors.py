"""The tree of all errors that users see, with titles, hints and exit codes.

    ExplorerError
    ├── UsageError                 2  invalid input; nothing was sent
    │   ├── UnknownName            2  no such vendor, endpoint, environment, reading
    │   ├── FormError              2  the form has problems
    │   ├── CatalogError           2  a catalog file is invalid; carries all its problems
    │   └── SettingsError          2  a settings, keymap or theme file is invalid
    ├── CredentialError            4
    │   ├── CredentialMissing      4  a credential that the auth scheme needs is missing
    │   ├── CredentialRefused      4  the vendor refused the credentials of a token request
    │   └── UntrustedHost          4  a credential would be sent to an untrusted host
    ├── TransportError             3
    │   ├── ConnectFailed          3  no connection
    │   ├── TimedOut               3  connected, but no complete response in time
    │   ├── BrokenAnswer           3  the response broke off or is not HTTP
    │   └── TooLarge               3  decoded body above the limit
    ├── StoreError                 3  a file could not be read or written
    ├── OutputFailed              74  stdout could not be written
    │   └── ReaderGone           141  the reader of stdout closed the pipe; not reported
    └── Cancelled                130  the user cancelled

Each class defines ``title`` (a few words), ``hint`` (what to do) and ``exit_code``. Messages never contain secrets:
their parts are redacted by ``core.redaction``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to *name*, or None if none is similar."""
    import difflib

    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


class ExplorerError(Exception):
    """Root of the tree. *message* is one sentence without a period; *hint* says what to do."""

    title: ClassVar[str] = "Error"
    exit_code: ClassVar[int] = 1
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint

    @property
    def sentence(self) -> str:
        """Return the message followed by the hint."""
        return f"{self.message}. {self.hint}".strip()


class UsageError(ExplorerError):
    """Invalid input; nothing was sent."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not in a list of known names; suggests the closest one."""

    title = "Unknown name"

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        near = nearest(name, names)
        listing = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
        hint = f"Did you mean {near!r}?" if near else (f"Known: {listing}" if names else "")
        super().__init__(f"no {kind} named {name!r}", hint=hint)
        self.kind = kind
        self.name = name
        self.near = near


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one field of a form.

    ``field`` is the name as typed (``item7_size``), ``message`` the problem, ``expected`` a valid form of the value.
    ``level`` is ``error`` or ``warning``; ``lines`` cites the vendor's document (``002:83``).
    """

    field: str
    message: str
    expected: str = ""
    level: str = "error"
    lines: str = ""

    def __str__(self) -> str:
        text = f"{self.field}: {self.message}" if self.field else self.message
        if self.expected:
            text += f" ({self.expected})"
        return text + (f" [{self.lines}]" if self.lines else "")


class FormError(UsageError):
    """The form is invalid; carries all its problems."""

    title = "The form has errors"
    default_hint = "Fix the fields above, or use --force to send anyway."

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class CatalogProblem:
    """A problem in a catalog file: its location, what is wrong and what is expected."""

    file: str
    path: str
    message: str
    expected: str = ""
    near: str = ""

    def __str__(self) -> str:
        text = f"{self.file}: {self.path}: {self.message}"
        if self.expected:
            text += f"; {self.expected}"
        if self.near:
            text += f"; did you mean {self.near!r}?"
        return text


class CatalogError(UsageError):
    """A catalog file is invalid; carries all its problems."""

    title = "The catalog has errors"

    def __init__(self, problems: Sequence[CatalogProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class SettingsError(UsageError):
    """A settings, keymap or theme file is invalid."""

    title = "The settings have errors"


class CredentialError(ExplorerError):
    """A credential is missing, refused or blocked."""

    title = "Credentials"
    exit_code = 4


class CredentialMissing(CredentialError):
    """A credential that the auth scheme needs is missing."""

    title = "Missing credential"

    def __init__(self, vendor: str, name: str, variable: str) -> None:
        super().__init__(
            f"{vendor} needs the credential {name!r}, which is not set",
            hint=f"Set {variable}, run `api-explorer login {vendor}`, or use the sandbox environment.",
        )
        self.vendor = vendor
        self.name = name
        self.variable = variable


class CredentialRefused(CredentialError):
    """The vendor refused the credentials of a token request."""

    title = "Credentials refused"


class UntrustedHost(CredentialError):
    """The request was not sent: it would carry a credential to a host that is not the vendor's."""

    title = "Not sent: untrusted host"


class TransportError(ExplorerError):
    """No response, or an incomplete one."""

    title = "No response"
    exit_code = 3


class ConnectFailed(TransportError):
    """The connection failed."""

    title = "Could not connect"
    default_hint = "Check the host, or use `--env sandbox`, which needs no network."


class TimedOut(TransportError):
    """No complete response within the time limit."""

    title = "Timed out"
    default_hint = "Allow more time with --timeout SECONDS."


class BrokenAnswer(TransportError):
    """The connection broke during the response, or the response is not HTTP."""

    title = "Broken response"


class TooLarge(TransportError):
    """The decoded body exceeded the limit and was truncated."""

    title = "Response too large"


class StoreError(ExplorerError):
    """A file of the app, such as the history, could not be read or written."""

    title = "Could not read or write a file"
    exit_code = 3


class OutputFailed(ExplorerError):
    """Writing to stdout failed: full disk, closed descriptor. 74 is EX_IOERR in BSD's ``sysexits.h``."""

    title = "Could not write the output"
    exit_code = 74
    default_hint = "Check where stdout is redirected. Sent requests are in the history."


class ReaderGone(OutputFailed):
    """The reader of stdout closed the pipe, as ``head`` does.

    The exit code is what a shell reports for SIGPIPE: 0 or 1 would be a verdict.
    """

    exit_code = 141

    def __init__(self) -> None:
        super().__init__("the reader of stdout closed the pipe")


class Cancelled(ExplorerError):
    """The user cancelled."""

    title = "Cancelled"
    exit_code = 130
