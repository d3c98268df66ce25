"""Sending an entry of the history once more, with intent.

again   the same intent, signed now: fresh timestamp, current token
exact   exactly these bytes, as far as they may be kept: what was masked is filled in again
form    nothing is sent: the call for a form, and what has to be typed again

entry ── prepare_replay ──► Replay (what changed since, what is missing, what to ask) ── to_send ──► Send
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from explorer.core.auth import options_of
from explorer.core.text.secret import MASK
from explorer.errors import UsageError
from explorer.session.history import past_exchange
from explorer.session.prepare import confirmation_for
from explorer.session.request_context import changes_since, lost_readings
from explorer.session.send import Send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.core.model import Call, Entry, Exchange
    from explorer.net.client import OnProgress
    from explorer.session.context import SessionContext
    from explorer.session.exact_replay import RestoredRequest
    from explorer.session.response_stream import OnResponseUpdate

ReplayMode = Literal["again", "exact", "form"]


@dataclass(frozen=True)
class Replay:
    """An entry made ready to be sent again; nothing was sent yet."""

    number: int
    how: ReplayMode
    origin: Exchange
    call: Call
    """What is asked for; entries that are still masked are left out."""
    changes: tuple[str, ...]
    """What changed since, in sentences."""
    notes: tuple[str, ...]
    """What was filled in again, and which bytes cannot be those of then."""
    masked: tuple[str, ...]
    """What was masked when it was kept and has to be given again before it can be sent."""
    question: str
    """What a person must say yes to first, or an empty text."""
    exactly: RestoredRequest | None = None

    def to_send(
        self,
        *,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        on_arrival: OnResponseUpdate | None = None,
    ) -> Send:
        """Return what sends it, and has its exchange stored as a replay of its origin.

        Raises:
            UsageError: something has to be given again first, or it is for a form.
        """
        if self.masked:
            raise UsageError(
                f"{', '.join(self.masked)} of entry {self.number} was masked when it was kept",
                hint="Give it again as NAME=VALUE, or open the entry in the form.",
            )
        if self.how == "form":
            raise UsageError("what goes into a form is sent from there")
        return Send(
            call=self.call,
            timeout=timeout,
            on_progress=on_progress,
            on_arrival=on_arrival,
            origin=self.number,
            replayed="again" if self.exactly is None else "exact",
            signed=None if self.exactly is None else (self.exactly.request, self.exactly.scheme),
        )


async def prepare_replay(session: SessionContext, number: int, how: ReplayMode, given: Sequence[Entry] = ()) -> Replay:
    """Make an entry of the history ready to be sent again: ``again`` (signed now), ``exact`` (these bytes) or ``form``
    (nothing is sent). *given* are values that were masked when it was stored. Sends nothing; the ``Replay`` has what
    changed since and what to ask.

    Raises:
        UnknownName: there is no such entry, or the catalog no longer knows its call; UsageError: *given* is none of
            its values.
    """
    origin = await past_exchange(session, number)
    session.endpoint(origin.call.address)
    if how != "form":
        await session.ready(origin.call)
    return await asyncio.to_thread(_plan_replay, session, number, origin, how, given)


def _plan_replay(
    session: SessionContext, number: int, origin: Exchange, how: ReplayMode, given: Sequence[Entry]
) -> Replay:
    told = changes_since(session, origin)
    call, notes, masked = _fill_masked(session, origin.call, given, how)
    exactly = None
    if how == "exact":
        from explorer.session.exact_replay import restore_request

        exactly = restore_request(session, origin, call)
        notes, masked = (*notes, *exactly.notes), masked or tuple(dict.fromkeys(exactly.left))
    return Replay(
        number=number,
        how=how,
        origin=origin,
        call=call,
        changes=told,
        notes=notes,
        masked=masked,
        question="" if how == "form" else confirmation_for(session, call),
        exactly=exactly,
    )


def _fill_masked(
    session: SessionContext, call: Call, given: Sequence[Entry], how: ReplayMode
) -> tuple[Call, tuple[str, ...], tuple[str, ...]]:
    """The call under readings that still are, its masked entries filled in; what was filled; what is still masked."""
    lost = lost_readings(session, call)
    readings = {key: choice for key, choice in call.readings.items() if key not in lost}
    known = sign_in_credentials(*session.endpoint(call.address)) if how != "form" else {}
    waiting = {entry.name: entry for entry in given}
    entries: list[Entry] = []
    notes: list[str] = []
    masked: list[str] = []
    for entry in call.entries:
        if entry.name in waiting:
            entries.append(waiting.pop(entry.name))
        elif MASK not in entry.value:
            entries.append(entry)
        elif (text := _credential(session, call, known.get(entry.name, ""))) is not None:
            entries.append(msgspec.structs.replace(entry, kind="text", value=text))
            notes.append(f"{entry.name} was masked; the credential {known[entry.name]} is put in")
        else:
            masked.append(entry.name)
    loose = [
        tuple((name, waiting.pop(name).value if MASK in value and name in waiting else value) for name, value in pairs)
        for pairs in (call.extra, call.headers)
    ]
    if waiting:
        raise UsageError(
            f"the entry has no {', '.join(waiting)}",
            hint="Only values that it had are given again; in the form everything can be changed.",
        )
    masked += [name for pairs in loose for name, value in pairs if MASK in value]
    extra, headers = (tuple(pair for pair in pairs if MASK not in pair[1]) for pairs in loose)
    call = msgspec.structs.replace(call, readings=readings, entries=tuple(entries), extra=extra, headers=headers)
    return call, tuple(notes), tuple(masked)


def _credential(session: SessionContext, call: Call, name: str) -> str | None:
    found = session.vault.find(session.vendor(call.vendor), name, call.environment) if name else None
    return found.value.reveal() if found else None


def sign_in_credentials(vendor: Vendor, endpoint: Endpoint) -> dict[str, str]:
    """Parameter → credential where the call is one that an auth scheme signs in with; elsewhere nothing is a
    credential's, however it is called."""
    for auth in vendor.auth.values():
        options = options_of(auth)
        if endpoint.id in options.endpoints:
            named = {param: name for values in reversed(options.minting_values) for param, name in values.items()}
            return {name: name for name in vendor.credentials} | named
    return {}
