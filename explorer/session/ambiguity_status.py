"""The status of each ambiguity: passages, evidence, and recording what a server did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from explorer.errors import CatalogError, ExplorerError, UnknownName
from explorer.session.prepare import redactor_for
from explorer.session.variants import is_allowed, with_choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.core.catalog.model import Choice, Reading, Vendor
    from explorer.core.model import Call, Exchange
    from explorer.session.context import SessionContext
    from explorer.store.journals import Evidence, EvidenceLog


@dataclass(frozen=True)
class AmbiguityStatus:
    """One reading as it stands now."""

    vendor: Vendor
    endpoint: str
    """The endpoint that it concerns; empty where it concerns every call of the vendor."""
    key: str
    reading: Reading
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    """Choice → the last trial in each environment, the newest first."""
    adopted: bool = False
    """Whether its default is a person's own choice."""

    @property
    def address(self) -> str:
        """``vendor.endpoint.key``, or ``vendor.key``."""
        return ".".join(part for part in (self.vendor.id, self.endpoint, self.key) if part)

    @property
    def tried(self) -> bool:
        """Whether any choice of it was."""
        return any(self.evidence.values())


def evidence_words(one: Evidence, when: str) -> str:
    """``production: accepted 2026-11-21 200 OK #14``; *when* is the day in words."""
    status = " ".join(str(part) for part in (one.status, one.reason) if part)
    number = f"#{one.number}" if one.number else ""
    place = one.environment + (f" ({one.base_url})" if one.base_url else "")
    return f"{place}: " + " ".join(part for part in (one.verdict, when, status, number) if part)


def ambiguities(session: SessionContext, vendor_id: str, endpoint_id: str | None = None) -> tuple[AmbiguityStatus, ...]:
    """The readings of one endpoint, those of the vendor last; of the vendor alone (an empty text); or all (None).
    Blocking.

    Raises:
        UnknownName: there is no such vendor or endpoint.
    """
    from explorer.store.journals import load_evidence
    from explorer.store.overlay import adopted_readings

    vendor = session.vendor(vendor_id)
    book = load_evidence(session.folders)
    for problem in book.problems:
        session.warn_once(problem)
    own = adopted_readings(session.folders, vendor_id)
    found: list[AmbiguityStatus] = []
    if endpoint_id:
        session.endpoint(f"{vendor_id}.{endpoint_id}")
    names = [endpoint_id] if endpoint_id else list(vendor.endpoints) if endpoint_id is None else []
    for name in names:
        readings = vendor.endpoints[name].readings
        found += [_ambiguity(vendor, name, key, one, book, own) for key, one in readings.items()]
    found += [_ambiguity(vendor, "", key, one, book, own) for key, one in vendor.readings.items()]
    return tuple(found)


def _ambiguity(
    vendor: Vendor, endpoint: str, key: str, reading: Reading, book: EvidenceLog, own: Mapping[tuple[str, str], str]
) -> AmbiguityStatus:
    evidence = {choice: found for choice in reading.choices if (found := book.of(vendor.id, endpoint, key, choice))}
    return AmbiguityStatus(vendor, endpoint, key, reading, evidence, (endpoint, key) in own)


def find_ambiguity(session: SessionContext, address: str, key: str) -> AmbiguityStatus:
    """The reading of that key at ``vendor`` or ``vendor.endpoint``. Blocking.

    Raises:
        UnknownName: there is no such vendor, endpoint or reading.
    """
    vendor_id, _, endpoint_id = address.partition(".")
    found = {one.key: one for one in ambiguities(session, vendor_id, endpoint_id)}
    if key not in found:
        raise UnknownName(f"reading of {address}", key, found)
    return found[key]


def choice_of(doubt: AmbiguityStatus, name: str) -> Choice:
    """A choice of a reading.

    Raises:
        UnknownName: it has none of that name.
    """
    if name not in doubt.reading.choices:
        raise UnknownName(f"choice of reading {doubt.key}", name, doubt.reading.choices)
    return doubt.reading.choices[name]


def adopt_choice(session: SessionContext, doubt: AmbiguityStatus, choice: str) -> tuple[str, ...]:
    """Make *choice* the default of a reading, by the person's overlay; what had to be done for it. The catalog of the
    session, and the sandbox, are those after it. Blocking.

    Raises:
        UnknownName: no such choice; SettingsError: the overlay cannot be changed; StoreError: it cannot be written.
    """
    choice_of(doubt, choice)
    return _write_overlay(session, doubt, choice)


def reset_ambiguity(session: SessionContext, doubt: AmbiguityStatus) -> tuple[int, bool]:
    """Take a reading back to the catalog's own default and forget what servers made of it: how many trials were
    forgotten, and whether a choice of one's own was. Blocking.

    Raises:
        SettingsError, StoreError: as ``adopt_choice``.
    """
    from explorer.store.journals import forget_evidence

    if doubt.adopted:
        _write_overlay(session, doubt, None)
    trials = [one for found in doubt.evidence.values() for one in found]
    return forget_evidence(session.folders, trials, session.now()), doubt.adopted


def _write_overlay(session: SessionContext, doubt: AmbiguityStatus, choice: str | None) -> tuple[str, ...]:
    below = ("endpoints", doubt.endpoint) if doubt.endpoint else ()
    return change_catalog(session, doubt.vendor.id, [((*below, "readings", doubt.key, "default"), choice)])


def change_catalog(
    session: SessionContext, vendor_id: str, changes: Sequence[tuple[tuple[str, ...], Any]]
) -> tuple[str, ...]:
    """Lay *changes* (path below the vendor, value or None) over the catalog by the person's overlay, and take the
    catalog up as it is then. Blocking.

    Raises:
        SettingsError: the overlay cannot be changed; StoreError: it cannot be written.
    """
    from explorer.store.catalogs import check_overlay, load_catalog
    from explorer.store.overlay import change_overlay

    notes = change_overlay(
        session.folders,
        vendor_id,
        changes,
        lambda path, data: [one for one in check_overlay(session.folders, path, data) if _is_new(one, changes)],
    )
    try:
        loaded = load_catalog(session.folders)
    except CatalogError as error:
        return (*notes, f"{error.message} (the catalog is as it was)")
    session.catalog = loaded.catalog
    session.sandbox.follow(session.catalog, session.followed)
    return notes


def _is_new(problem: Any, changes: Sequence[tuple[tuple[str, ...], Any]]) -> bool:
    """Whether a problem of the overlay is one that the changes make; older ones were told at the start."""
    from explorer.core.catalog.table import format_toml_path

    return any(value is not None and format_toml_path(path[:-1]) in problem.path for path, value in changes)


TrialVerdict = Literal["accepted", "refused", "unclear"]
_INCONCLUSIVE_STATUSES: Final = (408, 425, 429)


def judge_trial(exchange: Exchange) -> tuple[TrialVerdict, str]:
    """What an exchange says of the reading that it was made under, and why."""
    response = exchange.response
    if response is None or exchange.failure is not None:
        return "unclear", exchange.failure.title if exchange.failure else "no answer"
    line = f"{response.status} {response.reason}".strip()
    if response.status >= 500 or response.status in _INCONCLUSIVE_STATUSES:
        return "unclear", f"{line}, which says nothing of the reading"
    if exchange.verdict.outcome in ("OK", "PARTIAL"):
        return "accepted", line
    if exchange.verdict.outcome == "FAILED":
        message = exchange.verdict.message
        return "refused", f"{line}: {message}" if message else line
    return "unclear", f"{line}, and the body could not be judged"


def evidence_of(
    session: SessionContext, call: Call, key: str, choice: str, exchange: Exchange, *, wide: bool
) -> Evidence:
    """What an exchange that came of *call* says of a choice."""
    from explorer.store.journals import Evidence

    response = exchange.response
    return Evidence(
        vendor=call.vendor,
        endpoint=call.endpoint,
        key=key,
        choice=choice,
        environment=call.environment,
        at=exchange.started_at,
        verdict=judge_trial(exchange)[0],
        status=response.status if response else None,
        reason=response.reason if response else "",
        outcome=exchange.verdict.outcome,
        number=exchange.id,
        wide=wide,
        base_url=redactor_for(session, call).text(call.base_url) if call.base_url else "",
    )


def record_trials(session: SessionContext, call: Call, exchange: Exchange) -> None:
    """Keep what a server made of a call that was sent under choices of a person's own, for each of them that makes
    another request than the default would. Blocking; what cannot be kept is a warning."""
    from explorer.store.journals import add_evidence

    try:
        vendor, endpoint = session.endpoint(call.address)
        known = session.readings(vendor, endpoint)
        found = [
            evidence_of(session, call, key, choice, exchange, wide=key not in endpoint.readings)
            for key, choice in call.readings.items()
            if key in known and not is_allowed(session, with_choice(call, key, known[key].default, known[key]), call)
        ]
        if found:
            add_evidence(session.folders, found)
    except ExplorerError as error:
        session.on_warning(error.sentence)
