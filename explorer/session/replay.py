"""Replay a history entry.

again   the same call, signed now: new timestamp, current token
exact   the same bytes; masked values are filled in
form    sends nothing: the call for a form, and the values to enter again

entry ── prepare_replay ──► Replay (changes, missing values, confirmation) ── to_send ──► Send
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
    """A history entry prepared for sending again; nothing is sent yet."""

    number: int
    how: ReplayMode
    origin: Exchange
    call: Call
    """The call, without entries that are still masked."""
    changes: tuple[str, ...]
    """What changed since, as sentences."""
    notes: tuple[str, ...]
    """Values that were filled in, and bytes that differ from the original."""
    masked: tuple[str, ...]
    """Names of values that were stored masked and must be entered again."""
    question: str
    """What the user must confirm first, or empty."""
    exactly: RestoredRequest | None = None

    def to_send(
        self,
        *,
        timeout: float | None = None,
        on_progress: OnProgress | None = None,
        on_arrival: OnResponseUpdate | None = None,
    ) -> Send:
        """Return the ``Send`` whose exchange is stored as a replay of the origin.

        Raises:
            UsageError: a masked value is missing, or it is for a form.
        """
        if self.masked:
            raise UsageError(
                f"entry {self.number} was stored with {', '.join(self.masked)} masked",
                hint="Pass the value as NAME=VALUE, or open the entry in the form.",
            )
        if self.how == "form":
            raise UsageError("an entry opened in a form is sent from the form")
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
    """Prepare a history entry for sending again; *given* has the values that were stored masked. Sends nothing.

    Raises:
        UnknownName: there is no such entry, or its call is no longer in the catalog; UsageError: *given* has a value
            that the entry does not have.
    """
    origin = await past_exchange(session, number)
    session.endpoint(origin.call.address)
    if how != "form":
        await session.ready(origin.call)
    return await asyncio.to_thread(_plan_replay, session, number, origin, how, given)


def _plan_replay(
    session: SessionContext, number: int, origin: Exchange, how: ReplayMode, given: Sequence[Entry]
) -> Replay:
    changes = changes_since(session, origin)
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
        changes=changes,
        notes=notes,
        masked=masked,
        question="" if how == "form" else confirmation_for(session, call),
        exactly=exactly,
    )


def _fill_masked(
    session: SessionContext, call: Call, given: Sequence[Entry], how: ReplayMode
) -> tuple[Call, tuple[str, ...], tuple[str, ...]]:
    """Return the call with its remaining readings and masked entries filled in, notes, and the names still masked."""
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
            notes.append(f"{entry.name} was masked; the credential {known[entry.name]} is used")
        else:
            masked.append(entry.name)
    loose = [
        tuple((name, waiting.pop(name).value if MASK in value and name in waiting else value) for name, value in pairs)
        for pairs in (call.extra, call.headers)
    ]
    if waiting:
        raise UsageError(
            f"the entry has no value {', '.join(waiting)}",
            hint="Only masked values can be passed; open the entry in the form to change others.",
        )
    masked += [name for pairs in loose for name, value in pairs if MASK in value]
    extra, headers = (tuple(pair for pair in pairs if MASK not in pair[1]) for pairs in loose)
    call = msgspec.structs.replace(call, readings=readings, entries=tuple(entries), extra=extra, headers=headers)
    return call, tuple(notes), tuple(masked)


def _credential(session: SessionContext, call: Call, name: str) -> str | None:
    stored = session.vault.find(session.vendor(call.vendor), name, call.environment) if name else None
    return stored.value.reveal() if stored else None


def sign_in_credentials(vendor: Vendor, endpoint: Endpoint) -> dict[str, str]:
    """Return parameter → credential for the sign-in call of an auth scheme; empty for other calls."""
    for auth in vendor.auth.values():
        options = options_of(auth)
        if endpoint.id in options.endpoints:
            named = {param: name for values in reversed(options.minting_values) for param, name in values.items()}
            return {name: name for name in vendor.credentials} | named
    return {}
