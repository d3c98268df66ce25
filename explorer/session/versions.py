"""The same call under two versions: what can be asked for, both sent, both answers.

call ── lens ──► Lens (variants, what to ask first) ── look(a, b) ──► Seen (two exchanges, what their types say)
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from explorer.core.versions import VersionOption, parse_version, version_mismatch, version_variants
from explorer.errors import UsageError
from explorer.session.preparing import confirmation_for, effect_of, redact
from explorer.session.sending import send

if TYPE_CHECKING:
    from explorer.core.exchange import Call, Exchange
    from explorer.session.context import SessionContext


@dataclass(frozen=True)
class VersionedCall:
    """A call whose version is told by its Accept header, before anything is sent."""

    call: Call
    accept: str
    """The documented header."""
    variants: tuple[VersionOption, ...]
    note: str
    """What the catalog says of the vendor's versions, with the document's lines."""
    question: str
    """What a person must say yes to before the call is sent twice; empty for a read."""

    def variant(self, text: str) -> VersionOption:
        """What a person means by *text* (``core.versions.variant_of``)."""
        return parse_version(text, self.accept)


@dataclass(frozen=True)
class VersionComparison:
    """A call under two versions; secrets are masked."""

    variants: tuple[VersionOption, VersionOption]
    exchanges: tuple[Exchange, Exchange]
    notes: tuple[str, ...]
    """Where an answer is not of the version that was asked for, in sentences."""


def versioned_call(session: SessionContext, call: Call) -> VersionedCall:
    """Make *call* ready to be looked at; sends nothing.

    Raises:
        UsageError: the vendor does not tell versions apart by the Accept header.
    """
    vendor, endpoint = session.endpoint(call.address)
    version = vendor.version
    if version.style != "accept" or not version.accept:
        where = {"path": "in the path", "none": "nowhere"}.get(version.style, "elsewhere")
        raise UsageError(
            f"{vendor.title} tells its versions {where}, not in the Accept header",
            hint="The version lens is for calls whose version is a media type.",
        )
    accept = endpoint.accept or version.accept
    effect = effect_of(session, call)
    question = confirmation_for(session, call)
    if effect != "read":
        question = f"{call.address} is no read ({effect}), and would be sent twice to {session.base_url(call)}"
    lines = vendor.cite(version.lines)
    note = " ".join(part for part in (version.note, f"[{lines}]" if lines else "") if part)
    return VersionedCall(call, accept, version_variants(accept), note, question)


async def compare_versions(
    session: SessionContext,
    through: VersionedCall,
    one: VersionOption,
    other: VersionOption,
    *,
    agreed: bool = False,
    timeout: float | None = None,
) -> VersionComparison:
    """Send the call under both, one after the other.

    Raises:
        UsageError: it has to be asked for first and was not *agreed* to, or both are the same; nothing was sent.
        FormError, CredentialMissing, CredentialRefused: as ``send``.
    """
    if through.question and not agreed:
        raise UsageError(through.question, hint="Say yes to it first.")
    if one.accept == other.accept:
        raise UsageError("both are the same version", hint="Choose two that differ.")
    exchanges = [await _sent(session, through.call, variant, timeout) for variant in (one, other)]
    notes = [
        f"{variant.key}: {told}"
        for variant, exchange in zip((one, other), exchanges, strict=True)
        if exchange.response is not None
        and exchange.verdict.outcome == "OK"
        and (told := version_mismatch(variant.accept, exchange.response.header("content-type")))
    ]
    return VersionComparison((one, other), (exchanges[0], exchanges[1]), tuple(notes))


async def _sent(session: SessionContext, call: Call, variant: VersionOption, timeout: float | None) -> Exchange:
    others = tuple(pair for pair in call.headers if pair[0].lower() != "accept")
    # A header of the program's own is left out where its value is empty.
    call = msgspec.structs.replace(call, headers=(*others, ("Accept", variant.accept)))
    exchange = await send(session, call, timeout=timeout)
    return await asyncio.to_thread(redact, session, exchange)
