"""The workspace: the open endpoint, where its calls go, under which readings, and its draft.

No widget is here: the screen shows what the workspace holds and changes it as the user acts.
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
    """One open endpoint at a time; nothing is open at first."""

    session: SessionContext
    drafts: DraftBook
    address: str = ""
    draft: Draft = field(default_factory=Draft)
    chosen: dict[str, str] = field(default_factory=dict)
    """Vendor → environment, chosen since the start."""
    last: dict[str, Exchange] = field(default_factory=dict)
    """Address → the redacted exchange that was shown last."""
    origins: dict[str, int] = field(default_factory=dict)
    """Address → the entry of the history that the form was filled from."""
    fill: Callable[[Call], Call] | None = None
    """Puts values in place of the variables of a form that a saved request was opened in."""
    _brought: dict[str, frozenset[str]] = field(default_factory=dict)
    """Address → files that its form was filled with from elsewhere: a draft, a saved request, the history, a line."""
    undo: DraftUndo = field(default_factory=DraftUndo)
    """What the forms held before."""
    _sent: dict[str, tuple[Exchange, Call]] = field(default_factory=dict)
    """Address → the redacted exchange that came of a call in this run, and that call as it was given."""

    def open(self, address: str, draft: Draft | None = None, origin: int = 0) -> None:
        """Open another endpoint, with its own draft unless one is given; *origin* is the entry of the
        history that the given one comes from, or 0.

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
        """The entry of the history that the form was filled from, or 0."""
        return self.origins.get(self.address, 0)

    def keep(self, **changes: Any) -> None:
        """Change the draft and keep it."""
        if self.address:
            if "entries" in changes:
                self._brought[self.address] = _files(changes["entries"])
            self._keep(changes)

    def typed(self, **changes: Any) -> None:
        """Keep what a person made of the form; files that they typed or picked may be uploaded."""
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
        """Undo the last change of the draft, or redo it; False where there is nothing to undo or redo. A file that
        comes back so is asked for before it is uploaded, unless it was allowed."""
        draft = (self.undo.redo if forward else self.undo.undo)(self.address, self.draft)
        if draft is not None:
            restored = _files(draft.entries) - _files(self.draft.entries)
            self._brought[self.address] = self._brought.get(self.address, frozenset()) | restored
            self.draft = draft
            self.drafts.put(self.address, draft)
        return draft is not None

    def answered(self, shown: Exchange, call: Call) -> None:
        """Keep the redacted exchange that came of *call*."""
        self.last[call.address] = shown
        self._sent[call.address] = (shown, call)

    def unredacted(self, shown: Exchange) -> Exchange:
        """A redacted exchange with its call as it was given, for making another call of it. What the history masked
        is left out, and must be typed again."""
        last, call = self._sent.get(shown.call.address, (None, shown.call))
        if last is not shown:
            entries = tuple(entry for entry in shown.call.entries if MASK not in entry.value)
            call = msgspec.structs.replace(shown.call, entries=entries)
        return msgspec.structs.replace(shown, call=call)

    def complaints(self) -> tuple[Problem, ...]:
        """What the vendor complained about in the answer that was shown last, for fields that are still as they were
        sent; as warnings, since the vendor may think otherwise the next time."""
        last = self.last.get(self.address)
        if last is None or not last.verdict.fields:
            return ()
        then, now = self.unredacted(last).call.entries, self.draft.entries
        told = []
        for one in last.verdict.fields:
            before = [entry for entry in then if entry.name == one.name]
            if before == [entry for entry in now if entry.name == one.name]:
                message = sanitize_line(one.message or last.verdict.message) or "not accepted"
                told.append(Problem(one.name, f"the vendor: {message}", level="warning"))
        return tuple(told)

    @property
    def vendor_id(self) -> str:
        """The open endpoint's vendor."""
        return self.address.partition(".")[0]

    @property
    def environment(self) -> str:
        """Where the vendor's calls go."""
        vendor = self.session.vendor(self.vendor_id)
        return self.chosen.get(vendor.id) or self.session.default_environment(vendor)

    @property
    def readings(self) -> Mapping[str, Reading]:
        """Every contradiction that concerns the open endpoint."""
        return self.session.readings(*self.session.endpoint(self.address))

    def call(self, *, force: bool = False, entries: tuple[Entry, ...] | None = None) -> Call:
        """The call of the open form, the variables that are known filled in."""
        call = self.draft_call(force=force, entries=entries)
        return self.fill(call) if self.fill is not None and self.draft.saved else call

    def draft_call(self, *, force: bool = False, entries: tuple[Entry, ...] | None = None) -> Call:
        """The call as it is written in the form."""
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
        """Vendor and endpoint under the chosen readings; choices that are no longer known are let go of."""
        try:
            return self.session.operation(self.call())
        except ExplorerError:
            self.keep(readings={}, method="")
            return self.session.operation(self.call())

    @property
    def guarded(self) -> bool:
        """Whether the environment asks before what is not a read."""
        environment = self.operation.environment
        return environment is not None and environment.guarded

    @property
    def in_sandbox(self) -> bool:
        """Whether calls go to the embedded sandbox."""
        return self.environment == SANDBOX

    def plain_url(self) -> str:
        """The URL before anything is known of the values: base and path template. The port of a sandbox that takes any
        free one is not known before it runs."""
        base = self.session.base_url(self.call()).rstrip("/")
        if self.in_sandbox and not self.session.settings.sandbox_port and not self.session.sandbox.running:
            base = base.replace("127.0.0.1:0/", "127.0.0.1:…/", 1)
        return base + self.operation.endpoint.path

    def readable(self, url: str) -> str:
        """*url* with what is still missing in its path as the document writes it: ``{id}``."""
        for name in re.findall(r"\{(\w+)\}", self.operation.endpoint.path):
            url = url.replace(f"%7B{name}%7D", f"{{{name}}}")
        return url

    def told(self, problem: Problem) -> str:
        """A problem of the form as one sentence, with the document's lines."""
        cited = self.session.vendor(self.vendor_id).cite(problem.lines)
        return str(replace(problem, lines=cited))

    def badges(self) -> tuple[str, ...]:
        """Words for the title: inferred, readings, the effect where it is grave."""
        operation = self.operation
        words = []
        if operation.endpoint.inferred or operation.vendor.inferred:
            words.append("inferred")
        count = sum(reading.changes_request for reading in self.readings.values())
        if count:
            words.append(f"◆{count} readings" if count > 1 else "◆1 reading")
        effect = effect_of(self.session, self.call())
        if effect not in ("read", "session"):
            words.append({"order": "places an order", "delete": "deletes"}.get(effect, f"{effect}s"))
        followed = self.session.followed if self.in_sandbox else {}
        for key in self.readings:
            choice = followed.get(f"{self.address}.{key}", followed.get(f"{self.vendor_id}.{key}"))
            if choice is not None:
                words.append(f"sandbox follows {key}={choice}")
        return tuple(words)


def _files(entries: tuple[Entry, ...]) -> frozenset[str]:
    """The paths in *entries*; one that is still to be filled in is none."""
    return frozenset(entry.value for entry in entries if entry.kind == "file" and "${" not in entry.value)
