"""The workspace: the open endpoint, its environment, readings and draft.

It contains no widget: the screen shows the workspace and changes it as the user acts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.model import SANDBOX, Call, Entry, Exchange
from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.secret import MASK
from explorer.errors import ExplorerError, Problem
from explorer.session.prepare import effect_of
from explorer.tui.drafts import Draft, DraftBook, DraftUndo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.core.catalog.model import Reading
    from explorer.session.context import SessionContext
    from explorer.session.operation import Operation


@dataclass
class Workspace:
    """One open endpoint at a time; initially none."""

    session: SessionContext
    drafts: DraftBook
    address: str = ""
    draft: Draft = field(default_factory=Draft)
    chosen: dict[str, str] = field(default_factory=dict)
    """Vendor → environment chosen since the start."""
    last: dict[str, Exchange] = field(default_factory=dict)
    """Address → the redacted exchange shown last."""
    origins: dict[str, int] = field(default_factory=dict)
    """Address → the history entry that the form was filled from."""
    fill: Callable[[Call], Call] | None = None
    """Fills in the variables of a form that belongs to a saved request."""
    _brought: dict[str, frozenset[str]] = field(default_factory=dict)
    """Address → files that came into its form from a draft, saved request, history entry or import."""
    undo: DraftUndo = field(default_factory=DraftUndo)
    """The undo steps of the forms."""
    _sent: dict[str, tuple[Exchange, Call]] = field(default_factory=dict)
    """Address → the redacted exchange of the last call in this run, and the original call."""

    def open(self, address: str, draft: Draft | None = None, origin: int = 0) -> None:
        """Open another endpoint, with its own draft unless one is given. *origin* is the history entry of the given
        draft, or 0.

        Raises:
            UnknownName: there is no such endpoint.
        """
        self.session.endpoint(address)
        self.address = address
        self.draft = self.drafts.get(address) if draft is None else draft
        if draft is not None:
            self.origins[address] = origin
            self.undo.seal(address)
            self.undo.record(address, self.drafts.get(address), draft)
            self.undo.seal(address)
        if draft is not None or address not in self._brought:
            self._brought[address] = _files(self.draft.entries)
        self._allow_typed()

    @property
    def origin(self) -> int:
        """The history entry that the form was filled from, or 0."""
        return self.origins.get(self.address, 0)

    def keep(self, **changes: Any) -> None:
        """Change the draft and store it."""
        if self.address:
            if "entries" in changes:
                self._brought[self.address] = _files(changes["entries"])
            self._keep(changes)

    def typed(self, **changes: Any) -> None:
        """Store what the user entered. Files that the user typed or picked may be uploaded."""
        if self.address:
            self._keep(changes)

    def _keep(self, changes: Mapping[str, Any]) -> None:
        before, self.draft = self.draft, replace(self.draft, **changes)
        self.undo.record(self.address, before, self.draft)
        self.drafts.put(self.address, self.draft)
        self._allow_typed()

    def _allow_typed(self) -> None:
        self.session.files.allow_form(_files(self.draft.entries) - self._brought.get(self.address, frozenset()))

    def go_back(self, *, forward: bool = False) -> bool:
        """Undo the last change of the draft, or redo it. Return False if there is nothing to undo or redo.

        Uploading a file that is restored this way requires a confirmation, unless the file was allowed.
        """
        draft = (self.undo.redo if forward else self.undo.undo)(self.address, self.draft)
        if draft is not None:
            restored = _files(draft.entries) - _files(self.draft.entries)
            self._brought[self.address] = self._brought.get(self.address, frozenset()) | restored
            self.draft = draft
            self.drafts.put(self.address, draft)
        return draft is not None

    def remember_exchange(self, shown: Exchange, call: Call) -> None:
        """Store the redacted exchange of *call*."""
        self.last[call.address] = shown
        self._sent[call.address] = (shown, call)

    def unredacted(self, shown: Exchange) -> Exchange:
        """Return a redacted exchange with its original call, to create another call from it.

        Values masked in the history are left out and must be entered again.
        """
        last, call = self._sent.get(shown.call.address, (None, shown.call))
        if last is not shown:
            entries = tuple(entry for entry in shown.call.entries if MASK not in entry.value)
            call = msgspec.structs.replace(shown.call, entries=entries)
        return msgspec.structs.replace(shown, call=call)

    def complaints(self) -> tuple[Problem, ...]:
        """Return the vendor's complaints about the last response, for fields unchanged since the send.

        They are warnings, since the vendor may accept the fields next time.
        """
        last = self.last.get(self.address)
        if last is None or not last.verdict.fields:
            return ()
        sent, current = self.unredacted(last).call.entries, self.draft.entries
        problems = []
        for rejected in last.verdict.fields:
            values = [entry for entry in sent if entry.name == rejected.name]
            if values == [entry for entry in current if entry.name == rejected.name]:
                message = sanitize_line(rejected.message or last.verdict.message) or "not accepted"
                problems.append(Problem(rejected.name, f"the vendor: {message}", level="warning"))
        return tuple(problems)

    @property
    def vendor_id(self) -> str:
        """The open endpoint's vendor."""
        return self.address.partition(".")[0]

    @property
    def environment(self) -> str:
        """The environment that the vendor's calls are sent to."""
        vendor = self.session.vendor(self.vendor_id)
        return self.chosen.get(vendor.id) or self.session.default_environment(vendor)

    @property
    def readings(self) -> Mapping[str, Reading]:
        """Every ambiguity that concerns the open endpoint."""
        return self.session.readings(*self.session.endpoint(self.address))

    def call(self, *, force: bool = False, entries: tuple[Entry, ...] | None = None) -> Call:
        """Return the call of the open form, with known variables filled in."""
        call = self.draft_call(force=force, entries=entries)
        return self.fill(call) if self.fill is not None and self.draft.saved else call

    def draft_call(self, *, force: bool = False, entries: tuple[Entry, ...] | None = None) -> Call:
        """Return the call as written in the form."""
        vendor, _, endpoint = self.address.partition(".")
        return Call(
            vendor=vendor,
            endpoint=endpoint,
            environment=self.environment,
            method=self.draft.method,
            entries=self.draft.entries if entries is None else entries,
            readings=self.draft.readings,
            extra=self.draft.extra,
            headers=self.draft.headers,
            force=force,
        )

    @property
    def operation(self) -> Operation:
        """Vendor and endpoint under the chosen readings. Choices that no longer exist are dropped."""
        try:
            return self.session.operation(self.call())
        except ExplorerError:
            self.keep(readings={}, method="")
            return self.session.operation(self.call())

    @property
    def guarded(self) -> bool:
        """Whether the environment requires a confirmation for calls that change data."""
        environment = self.operation.environment
        return environment is not None and environment.guarded

    @property
    def in_sandbox(self) -> bool:
        """Whether calls go to the embedded sandbox."""
        return self.environment == SANDBOX

    def plain_url(self) -> str:
        """Return base URL and path template, for when values are unknown. A sandbox on any free port has no known port
        before it runs."""
        base = self.session.base_url(self.call()).rstrip("/")
        if self.in_sandbox and not self.session.settings.sandbox_port and not self.session.sandbox.running:
            base = base.replace("127.0.0.1:0/", "127.0.0.1:…/", 1)
        return base + self.operation.endpoint.path

    def readable(self, url: str) -> str:
        """Return *url* with missing path values as placeholders, such as ``{id}``."""
        for name in re.findall(r"\{(\w+)\}", self.operation.endpoint.path):
            url = url.replace(f"%7B{name}%7D", f"{{{name}}}")
        return url

    def problem_text(self, problem: Problem) -> str:
        """Return a problem of the form as one sentence, with lines of the document."""
        cited = self.session.vendor(self.vendor_id).cite(problem.lines)
        return str(replace(problem, lines=cited))

    def badges(self) -> tuple[str, ...]:
        """Return the badges of the title bar: inferred, readings, a consequential effect, followed choices."""
        operation = self.operation
        badges = []
        if operation.endpoint.inferred or operation.vendor.inferred:
            badges.append("inferred")
        count = sum(reading.changes_request for reading in self.readings.values())
        if count:
            badges.append(f"◆{count} readings" if count > 1 else "◆1 reading")
        effect = effect_of(self.session, self.call())
        if effect not in ("read", "session"):
            badges.append({"order": "places an order", "delete": "deletes"}.get(effect, f"{effect}s"))
        followed = self.session.followed if self.in_sandbox else {}
        for key in self.readings:
            choice = followed.get(f"{self.address}.{key}", followed.get(f"{self.vendor_id}.{key}"))
            if choice is not None:
                badges.append(f"sandbox follows {key}={choice}")
        return tuple(badges)


def _files(entries: tuple[Entry, ...]) -> frozenset[str]:
    """Return the paths in *entries*, without those that contain a placeholder."""
    return frozenset(entry.value for entry in entries if entry.kind == "file" and "${" not in entry.value)
