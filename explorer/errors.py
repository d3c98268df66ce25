"""Every error that a person can meet, as one tree.

    ExplorerError
    ├── UsageError                 2  the call's words are off; nothing was sent
    │   ├── UnknownName            2  no such vendor, endpoint, environment, reading
    │   ├── FormError              2  the form has problems
    │   ├── CatalogError           2  a catalog file is wrong; carries every problem of it
    │   └── SettingsError          2  a settings, keymap or theme file is wrong
    ├── CredentialError            4
    │   ├── CredentialMissing      4  a credential that the auth scheme needs is not to be had
    │   ├── CredentialRefused      4  the vendor refused it when a token was asked for
    │   └── UntrustedHost          4  a credential would go to a host that it does not belong to
    ├── TransportError             3
    │   ├── ConnectFailed          3  no connection
    │   ├── TimedOut               3  connected, but no (whole) answer in time
    │   ├── BrokenAnswer           3  the answer broke off or is no HTTP
    │   └── TooLarge               3  decoded body above the limit
    ├── StoreError                 3  the history or the credential store could not be read or written
    ├── OutputFailed              74  stdout could not be written
    │   └── ReaderGone           141  the reader of stdout closed the pipe; nothing is reported
    └── Cancelled                130  a person stopped it

Each class knows its ``title`` (a few words), ``hint`` (what to do next) and ``exit_code``. Texts never hold a secret:
what goes into them has been through ``core.redaction``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is closest to *word*, or None when nothing is near."""
    import difflib

    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


class ExplorerError(Exception):
    """Root of the tree. *message* is one sentence; *hint* says what would be right."""

    title: ClassVar[str] = "Something went wrong"
    exit_code: ClassVar[int] = 1
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint

    @property
    def sentence(self) -> str:
        """Return the message and, behind it, what to do about it."""
        return f"{self.message}. {self.hint}".strip()


class UsageError(ExplorerError):
    """The words of a call are off; nothing was sent."""

    title = "Cannot do that"
    exit_code = 2


class UnknownName(UsageError):
    """A name that is not in a list of known names; suggests the nearest."""

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
    """One thing that is wrong with one field of a form.

    ``field`` is the name as typed (``item7_size``), ``message`` says what is wrong and ``expected`` what would be
    right; ``level`` is ``error`` or ``warning``; ``lines`` points into the vendor's document (``002:83``).
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
    """The form has problems; carries all of them."""

    title = "The form has errors"
    default_hint = "Mend the fields named above, or send it as it is with --force."

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class CatalogProblem:
    """One thing that is wrong with a catalog file: where, what, what would be right."""

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
    """A catalog file is wrong; carries every problem that was found in it."""

    title = "The catalog has errors"

    def __init__(self, problems: Sequence[CatalogProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class SettingsError(UsageError):
    """A settings, keymap or theme file is wrong."""

    title = "The settings have errors"


class CredentialError(ExplorerError):
    """Something about a credential."""

    title = "Credentials"
    exit_code = 4


class CredentialMissing(CredentialError):
    """A credential that the auth scheme needs is not to be had."""

    title = "A credential is missing"

    def __init__(self, vendor: str, name: str, variable: str) -> None:
        super().__init__(
            f"{vendor} needs the credential {name!r}, and there is none",
            hint=f"Set {variable}, store it with `api-explorer login {vendor}`, or use the sandbox environment.",
        )
        self.vendor = vendor
        self.name = name
        self.variable = variable


class CredentialRefused(CredentialError):
    """The vendor refused the credentials when a token was asked for."""

    title = "The credentials were refused"


class UntrustedHost(CredentialError):
    """A request would carry a credential to a host that it does not belong to; the request was not sent."""

    title = "Not sent: untrusted host"


class TransportError(ExplorerError):
    """No answer, or none that is whole."""

    title = "No answer"
    exit_code = 3


class ConnectFailed(TransportError):
    """No connection could be made."""

    title = "Could not connect"
    default_hint = "Is the host right and reachable? `--env sandbox` needs no network."


class TimedOut(TransportError):
    """No (whole) answer within the time allowed."""

    title = "Timed out"
    default_hint = "Allow more time with --timeout SECONDS."


class BrokenAnswer(TransportError):
    """The connection broke in the middle of the answer, or the answer is not HTTP."""

    title = "The answer is broken"


class TooLarge(TransportError):
    """The decoded body passed the limit and was cut there."""

    title = "The answer is too large"


class StoreError(ExplorerError):
    """The history or the credential store could not be read or written."""

    title = "Could not read or write a file"
    exit_code = 3


class OutputFailed(ExplorerError):
    """Stdout could not be written: a full disk, a closed descriptor. 74 is EX_IOERR of BSD's ``sysexits.h``."""

    title = "Could not write the output"
    exit_code = 74
    default_hint = "Check where stdout goes. What was sent is in the history."


class ReaderGone(OutputFailed):
    """The reader of stdout has closed the pipe, as ``head`` does. The code is what a shell reports for SIGPIPE: 0 or 1
    would be a verdict."""

    exit_code = 141

    def __init__(self) -> None:
        super().__init__("the reader of stdout closed the pipe")


class Cancelled(ExplorerError):
    """A person stopped it."""

    title = "Cancelled"
    exit_code = 130
