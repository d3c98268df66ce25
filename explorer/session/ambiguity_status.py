"""The status of each ambiguity: its evidence, adopted choices, and recording how a server behaved."""

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
    """An ambiguity with its evidence."""

    vendor: Vendor
    endpoint: str
    """The endpoint that it concerns; empty: all calls of the vendor."""
    key: str
    reading: Reading
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    """Choice → the last trial in each environment, newest first."""
    adopted: bool = False
    """Whether its default is the user's choice."""

    @property
    def address(self) -> str:
        """``vendor.endpoint.key``, or ``vendor.key``."""
        return ".".join(part for part in (self.vendor.id, self.endpoint, self.key) if part)

    @property
    def tried(self) -> bool:
        """Whether any choice was tried."""
        return any(self.evidence.values())


def evidence_words(evidence: Evidence, when: str) -> str:
    """Return ``production: accepted 2026-11-21 200 OK #14``; *when* is the day."""
    status = " ".join(str(part) for part in (evidence.status, evidence.reason) if part)
    number = f"#{evidence.number}" if evidence.number else ""
    place = evidence.environment + (f" ({evidence.base_url})" if evidence.base_url else "")
    return f"{place}: " + " ".join(part for part in (evidence.verdict, when, status, number) if part)


def ambiguities(session: SessionContext, vendor_id: str, endpoint_id: str | None = None) -> tuple[AmbiguityStatus, ...]:
    """Return the ambiguities of one endpoint, then the vendor's.

    An empty *endpoint_id* returns only the vendor's, None those of all endpoints. Blocking.

    Raises:
        UnknownName: there is no such vendor or endpoint.
    """
    from explorer.store.journals import load_evidence
    from explorer.store.overlay import adopted_readings

    vendor = session.vendor(vendor_id)
    log = load_evidence(session.folders)
    for problem in log.problems:
        session.warn_once(problem)
    adopted = adopted_readings(session.folders, vendor_id)
    statuses: list[AmbiguityStatus] = []
    if endpoint_id:
        session.endpoint(f"{vendor_id}.{endpoint_id}")
    names = [endpoint_id] if endpoint_id else list(vendor.endpoints) if endpoint_id is None else []
    for name in names:
        readings = vendor.endpoints[name].readings
        statuses += [_ambiguity(vendor, name, key, reading, log, adopted) for key, reading in readings.items()]
    statuses += [_ambiguity(vendor, "", key, reading, log, adopted) for key, reading in vendor.readings.items()]
    return tuple(statuses)


def _ambiguity(
    vendor: Vendor, endpoint: str, key: str, reading: Reading, log: EvidenceLog, adopted: Mapping[tuple[str, str], str]
) -> AmbiguityStatus:
    evidence = {choice: trials for choice in reading.choices if (trials := log.of(vendor.id, endpoint, key, choice))}
    return AmbiguityStatus(vendor, endpoint, key, reading, evidence, (endpoint, key) in adopted)


def find_ambiguity(session: SessionContext, address: str, key: str) -> AmbiguityStatus:
    """Return the ambiguity *key* of ``vendor`` or ``vendor.endpoint``. Blocking.

    Raises:
        UnknownName: there is no such vendor, endpoint or ambiguity.
    """
    vendor_id, _, endpoint_id = address.partition(".")
    by_key = {ambiguity.key: ambiguity for ambiguity in ambiguities(session, vendor_id, endpoint_id)}
    if key not in by_key:
        raise UnknownName(f"reading of {address}", key, by_key)
    return by_key[key]


def choice_of(ambiguity: AmbiguityStatus, name: str) -> Choice:
    """Return a choice of an ambiguity.

    Raises:
        UnknownName: there is no such choice.
    """
    if name not in ambiguity.reading.choices:
        raise UnknownName(f"choice of reading {ambiguity.key}", name, ambiguity.reading.choices)
    return ambiguity.reading.choices[name]


def adopt_choice(session: SessionContext, ambiguity: AmbiguityStatus, choice: str) -> tuple[str, ...]:
    """Make *choice* the default in the user's overlay, and return notes about the changed file.

    The session's catalog and the sandbox are updated. Blocking.

    Raises:
        UnknownName: no such choice; SettingsError: the overlay cannot be changed; StoreError: it cannot be written.
    """
    choice_of(ambiguity, choice)
    return _write_overlay(session, ambiguity, choice)


def reset_ambiguity(session: SessionContext, ambiguity: AmbiguityStatus) -> tuple[int, bool]:
    """Reset an ambiguity to the catalog's default and delete its evidence. Blocking.

    Return how many trials were deleted, and whether the user's choice was reset.

    Raises:
        SettingsError, StoreError: as ``adopt_choice``.
    """
    from explorer.store.journals import forget_evidence

    if ambiguity.adopted:
        _write_overlay(session, ambiguity, None)
    trials = [trial for of_choice in ambiguity.evidence.values() for trial in of_choice]
    return forget_evidence(session.folders, trials, session.now()), ambiguity.adopted


def _write_overlay(session: SessionContext, ambiguity: AmbiguityStatus, choice: str | None) -> tuple[str, ...]:
    below = ("endpoints", ambiguity.endpoint) if ambiguity.endpoint else ()
    return change_catalog(session, ambiguity.vendor.id, [((*below, "readings", ambiguity.key, "default"), choice)])


def change_catalog(
    session: SessionContext, vendor_id: str, changes: Sequence[tuple[tuple[str, ...], Any]]
) -> tuple[str, ...]:
    """Write *changes* (path below the vendor, value or None) to the user's overlay and reload the catalog.

    Return notes about the changed file. Blocking.

    Raises:
        SettingsError: the overlay cannot be changed; StoreError: it cannot be written.
    """
    from explorer.store.catalogs import check_overlay, load_catalog
    from explorer.store.overlay import change_overlay

    notes = change_overlay(
        session.folders,
        vendor_id,
        changes,
        lambda path, data: [
            problem for problem in check_overlay(session.folders, path, data) if _is_new(problem, changes)
        ],
    )
    try:
        loaded = load_catalog(session.folders)
    except CatalogError as error:
        return (*notes, f"{error.message} (the catalog was not reloaded)")
    session.catalog = loaded.catalog
    session.sandbox.follow(session.catalog, session.followed)
    return notes


def _is_new(problem: Any, changes: Sequence[tuple[tuple[str, ...], Any]]) -> bool:
    """Return whether *changes* cause a problem of the overlay; older problems were reported at startup."""
    from explorer.core.catalog.table import format_toml_path

    return any(value is not None and format_toml_path(path[:-1]) in problem.path for path, value in changes)


TrialVerdict = Literal["accepted", "refused", "unclear"]
_INCONCLUSIVE_STATUSES: Final = (408, 425, 429)


def judge_trial(exchange: Exchange) -> tuple[TrialVerdict, str]:
    """Return what an exchange proves about the reading that it was sent under, and why."""
    response = exchange.response
    if response is None or exchange.failure is not None:
        return "unclear", exchange.failure.title if exchange.failure else "no response"
    line = f"{response.status} {response.reason}".strip()
    if response.status >= 500 or response.status in _INCONCLUSIVE_STATUSES:
        return "unclear", f"{line}, which proves nothing about the reading"
    if exchange.verdict.outcome in ("OK", "PARTIAL"):
        return "accepted", line
    if exchange.verdict.outcome == "FAILED":
        message = exchange.verdict.message
        return "refused", f"{line}: {message}" if message else line
    return "unclear", f"{line}, and the body could not be judged"


def evidence_of(
    session: SessionContext, call: Call, key: str, choice: str, exchange: Exchange, *, wide: bool
) -> Evidence:
    """Return the evidence of an exchange of *call* for or against a choice."""
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
    """Record the outcome of a call as evidence for each chosen reading that changes its request. Blocking.

    If it cannot be saved, the user gets a warning.
    """
    from explorer.store.journals import add_evidence

    try:
        vendor, endpoint = session.endpoint(call.address)
        known = session.readings(vendor, endpoint)
        evidence = [
            evidence_of(session, call, key, choice, exchange, wide=key not in endpoint.readings)
            for key, choice in call.readings.items()
            if key in known and not is_allowed(session, with_choice(call, key, known[key].default, known[key]), call)
        ]
        if evidence:
            add_evidence(session.folders, evidence)
    except ExplorerError as error:
        session.on_warning(error.sentence)
