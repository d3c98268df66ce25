"""A vendor looked over end to end: is it there, do clocks agree, are credentials there and good, is a read accepted,
do version, pages and verdict come as the catalog says.

    reach ─ tls ─ clock ─ credentials ─ token ─ read ─ signature ─ version ─ pages ─ verdict

Only reads are sent. A token is asked for only where that changes nothing for anybody (the sandbox), or when a person
allows it. What cannot be looked at is skipped, with the reason.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from explorer.core.model import SANDBOX, Call, Entry, Exchange, Failure, ReceivedResponse
from explorer.core.text.media_type import essence
from explorer.core.text.units import parse_http_date
from explorer.errors import CredentialError, ExplorerError, UsageError
from explorer.session.login import log_in
from explorer.session.pages import page_info, turn_page
from explorer.session.prepare import auth_context, auth_scheme
from explorer.session.send import send
from explorer.session.trust import TrustGate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from explorer.core.catalog.model import Vendor
    from explorer.core.paging import Style
    from explorer.session.context import SessionContext

CheckOutcome = Literal["ok", "failed", "warning", "skipped"]
REACH_SECONDS: Final = 15.0
"""Seconds within which the vendor has to answer at all."""


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One check: what was looked at, how it is, on what evidence, and what to do about it."""

    check: str
    title: str
    state: CheckOutcome
    evidence: str
    fix: str = ""


@dataclass
class _DoctorRun:
    """What is known so far."""

    session: SessionContext
    vendor: Vendor
    call: Call
    login: bool
    answer: ReceivedResponse | None = None
    """To a request without credentials."""
    failure: Failure | None = None
    token_ready: bool = False
    exchange: Exchange | None = None
    """What came of the read."""
    problem: str = ""
    """Why no read was sent."""

    @property
    def base(self) -> str:
        return self.session.base_url(self.call)

    @property
    def sandbox(self) -> bool:
        return self.call.environment == SANDBOX and not self.call.base_url


async def run_checks(
    session: SessionContext, vendor_id: str, environment: str = "", *, base_url: str = "", login: bool = False
) -> AsyncIterator[DoctorCheck]:
    """Every check in its order, as it is done; *login* allows to ask the vendor for a token.

    Raises:
        UnknownName: there is no such vendor or environment; UsageError: the catalog names no read to try.
    """
    from explorer.core.request import check_base_url

    vendor = session.vendor(vendor_id)
    if base_url:
        check_base_url(base_url)
    if not vendor.probe:
        raise UsageError(
            f"the catalog names no call of {vendor.id} to try", hint='Give the vendor a probe = "ENDPOINT" that reads.'
        )
    where = environment or session.default_environment(vendor)
    patient = _DoctorRun(session, vendor, Call(vendor=vendor.id, endpoint=vendor.probe, environment=where), login)
    patient.call = msgspec.structs.replace(patient.call, base_url=base_url)
    await session.ready(patient.call)
    session.base_url(patient.call)
    for title, look in _CHECKS:
        found: DoctorCheck = await look(patient, title)
        yield found


def exit_code_of(found: list[DoctorCheck]) -> int:
    """0 all well, 3 the vendor could not be reached, 4 credentials are missing or refused, 1 anything else failed."""
    failed = {one.check for one in found if one.state == "failed"}
    if failed & {"reach", "tls"}:
        return 3
    return 4 if failed & {"credentials", "token"} else 1 if failed else 0


# --- the checks ------------------------------------------------------------------------------------------------------


async def _check_reachable(patient: _DoctorRun, title: str) -> DoctorCheck:
    import httpx

    from explorer.core.auth.base import Anonymous
    from explorer.core.auth.options import AuthOptions
    from explorer.net.client import Limits

    base = patient.base
    context = auth_context(patient.session, patient.call, patient.session.operation(patient.call))
    request = httpx.Request("HEAD", base.rstrip("/") + "/", headers={"Accept": "*/*"})
    limits = Limits(total=REACH_SECONDS, redirects=0)
    transfer = await patient.session.http().send(
        request, lambda: Anonymous(AuthOptions(), context), limits, TrustGate(patient.session, patient.call)
    )
    patient.answer, patient.failure = transfer.response, transfer.failure
    if transfer.response is None:
        why = transfer.failure.message if transfer.failure is not None else "no answer"
        hint = transfer.failure.hint if transfer.failure is not None else ""
        return DoctorCheck("reach", title, "failed", f"{base}: {why}", hint)
    seconds = f"{transfer.timings.total * 1000:.0f} ms"
    return DoctorCheck("reach", title, "ok", f"{base} answers (HTTP {transfer.response.status}, {seconds})")


async def _check_tls(patient: _DoctorRun, title: str) -> DoctorCheck:
    parts = urlsplit(patient.base)
    if patient.sandbox:
        return DoctorCheck("tls", title, "skipped", "the sandbox is on this machine")
    if parts.scheme != "https":
        evidence = f"{parts.scheme}://{parts.netloc} is not encrypted: tokens and passwords can be read on the way"
        return DoctorCheck("tls", title, "warning", evidence, "Use https where the vendor has it.")
    why = patient.failure.message if patient.failure is not None else ""
    if "certificate" in why.lower() or "ssl" in why.lower():
        return DoctorCheck("tls", title, "failed", why, "Is the host right, and are its certificates up to date?")
    if patient.answer is None:
        return DoctorCheck("tls", title, "skipped", "there was no answer")
    return DoctorCheck("tls", title, "ok", f"the certificate of {parts.hostname} is valid")


async def _check_clock(patient: _DoctorRun, title: str) -> DoctorCheck:
    theirs = parse_http_date(patient.answer.header("date")) if patient.answer is not None else None
    if theirs is None:
        return DoctorCheck("clock", title, "skipped", "there is no Date header to compare with")
    allowed = auth_scheme(patient.session, patient.call).options.clock_tolerance
    off = patient.session.now() - theirs
    words = f"your clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the vendor's"
    if abs(off) > allowed:
        return DoctorCheck("clock", title, "failed", f"{words}; {allowed:g} s are allowed", "Set it by a time server.")
    return DoctorCheck("clock", title, "ok", words if abs(off) >= 2 else "your clock and the vendor's agree")


async def _check_credentials(patient: _DoctorRun, title: str) -> DoctorCheck:
    scheme = auth_scheme(patient.session, patient.call)
    status = await asyncio.to_thread(patient.session.vault.status, patient.vendor, patient.call.environment)
    if scheme.name == "none":
        return DoctorCheck("credentials", title, "skipped", "the call that is tried is anonymous")
    missing = scheme.missing()
    there = "; ".join(f"{one.name} ({one.source})" for one in status if one.present)
    if missing:
        from explorer.core.text.env_names import variable_name

        how = ", ".join(variable_name(patient.vendor.id, name, patient.call.environment) for name in missing)
        patient.problem = f"{', '.join(missing)} missing"
        evidence = f"missing: {', '.join(missing)}" + (f"; there: {there}" if there else "")
        return DoctorCheck("credentials", title, "failed", evidence, f"Set {how}, or use `login {patient.vendor.id}`.")
    return DoctorCheck("credentials", title, "ok", there or "none are needed")


async def _check_token(patient: _DoctorRun, title: str) -> DoctorCheck:
    if patient.problem:
        return DoctorCheck("token", title, "skipped", patient.problem)
    scheme = auth_scheme(patient.session, patient.call)
    before = scheme.prerequisite()
    if not before:
        held = patient.session.tokens(patient.call).current(patient.session.now())
        patient.token_ready = True
        if held is None:
            return DoctorCheck("token", title, "skipped", "none has to be asked for")
        left = f", good for {held.expires_at - patient.session.now():.0f} s" if held.expires_at is not None else ""
        return DoctorCheck("token", title, "ok", f"{held.value.fingerprint()} from {held.origin}{left}")
    if not patient.login and not patient.sandbox:
        patient.problem = "no token was asked for"
        return DoctorCheck("token", title, "skipped", f"{before}; --login allows to ask for it")
    try:
        said: str = await log_in(patient.session, patient.call, open_url=_refuse_consent, paste=None)
    except ExplorerError as error:
        patient.problem = error.message
        return DoctorCheck("token", title, "failed", error.message, error.hint)
    patient.token_ready = True
    return DoctorCheck("token", title, "ok", said)


async def _refuse_consent(url: str) -> None:
    """No consent is asked for here: schemes that need it have no token to ask for beforehand."""


async def _check_read(patient: _DoctorRun, title: str) -> DoctorCheck:
    if patient.answer is None:
        patient.problem = patient.problem or "the vendor does not answer"
    if patient.problem:
        return DoctorCheck("read", title, "skipped", patient.problem)
    try:
        patient.exchange = await send(patient.session, patient.call)
    except CredentialError as error:
        return DoctorCheck("read", title, "failed", error.message, error.hint)
    exchange, verdict = patient.exchange, patient.exchange.verdict
    what = f"{exchange.request.method} {urlsplit(exchange.request.url).path}"
    if exchange.failure is not None:
        return DoctorCheck("read", title, "failed", f"{what}: {exchange.failure.message}", exchange.failure.hint)
    status = exchange.response.status if exchange.response is not None else 0
    told = f"{what} gives {status} in {exchange.timings.total * 1000:.0f} ms"
    if verdict.outcome == "FAILED":
        from explorer.session.explain import explain_refused

        why = await explain_refused(patient.session, exchange)
        mend = why.top.fix if why.top is not None else ""
        return DoctorCheck("read", title, "failed", f"{told}: {why.headline}", mend)
    return DoctorCheck("read", title, "ok", told)


async def _check_signature(patient: _DoctorRun, title: str) -> DoctorCheck:
    if patient.exchange is None:
        return DoctorCheck("signature", title, "skipped", "no read was sent")
    from explorer.session.explain import explain_exchange

    found = (await asyncio.to_thread(explain_exchange, patient.session, patient.exchange)).is_self_consistent()
    if found is None:
        return DoctorCheck("signature", title, "skipped", "requests are not signed here; a token stands for it")
    if found.same:
        return DoctorCheck("signature", title, "ok", "made again from what was sent, it is the same")
    return DoctorCheck(
        "signature", title, "failed", found.verdict, f"`explain {patient.exchange.id}` shows it byte by byte."
    )


async def _check_version(patient: _DoctorRun, title: str) -> DoctorCheck:
    operation = patient.session.operation(patient.call)
    wanted = operation.endpoint.accept or operation.vendor.version.accept
    response = patient.exchange.response if patient.exchange is not None else None
    if response is None:
        return DoctorCheck("version", title, "skipped", "there is no answer to look at")
    if not wanted:
        style = operation.vendor.version.style
        return DoctorCheck("version", title, "skipped", "it stands in the path" if style == "path" else "there is none")
    given = essence(response.header("content-type"))
    told = f"asked for {wanted}, got {given or 'no media type'}"
    kind = wanted.rpartition("+")[2].rpartition("/")[2]
    if given == wanted or given.endswith((f"/{kind}", f"+{kind}")):
        return DoctorCheck("version", title, "ok", told)
    return DoctorCheck("version", title, "warning", told, "Is this the version that is meant?")


async def _check_pages(patient: _DoctorRun, title: str) -> DoctorCheck:
    from explorer.session.pages import paging_style

    style = paging_style(patient.session, patient.call)
    if patient.exchange is None or patient.exchange.verdict.outcome == "FAILED":
        return DoctorCheck("pages", title, "skipped", "there is no page to look at")
    if style is None:
        return DoctorCheck("pages", title, "skipped", "the call that is tried does not page")
    first = patient.exchange
    info = page_info(patient.session, first)
    if info is None or not info.has_next:
        first = await send(patient.session, _paged(patient.call, style))
        info = page_info(patient.session, first)
    if info is None or first.verdict.outcome == "FAILED":
        return DoctorCheck("pages", title, "failed", f"the first page was refused: {first.verdict.message}")
    of = f" of {info.pages}" if info.pages is not None else ""
    told = f"page {info.number or 1}{of}, {info.records} records"
    following = turn_page(patient.session, first, "next") if info.has_next else None
    if following is None:
        return DoctorCheck("pages", title, "ok", f"{told}; there is no other")
    second = await send(patient.session, following)
    return await asyncio.to_thread(_second_page, style, title, told, first, second)


def _paged(call: Call, style: Style) -> Call:
    """The call for the first page, asked for as such (paging may be opt-in): of two records where a size is known."""
    size = ((style.params[1], "2"),) if style.params[1] else ()
    pairs = style.goto_params(size, style.first_number)
    return msgspec.structs.replace(call, entries=tuple(Entry(name=name, value=value) for name, value in pairs))


def _second_page(style: Style, title: str, told: str, first: Exchange, second: Exchange) -> DoctorCheck:
    from explorer.core.body.value import UnreadableBody
    from explorer.core.paging.records import cut_records

    if second.verdict.outcome == "FAILED" or first.response is None or second.response is None:
        return DoctorCheck("pages", title, "failed", f"{told}; the next was refused: {second.verdict.message}")
    try:
        mine, others = (
            cut_records(first.response, style.options.items),
            cut_records(second.response, style.options.items),
        )
    except UnreadableBody as error:
        return DoctorCheck("pages", title, "failed", f"{told}; the next cannot be read: {error}")
    again = len(set(mine) & set(others))
    if again:
        return DoctorCheck("pages", title, "failed", f"{told}; {again} of them stand on the next page too")
    return DoctorCheck("pages", title, "ok", f"{told}; the next page has {len(others)} others")


async def _check_verdict(patient: _DoctorRun, title: str) -> DoctorCheck:
    if patient.exchange is None:
        return DoctorCheck("verdict", title, "skipped", "there is no answer to judge")
    verdict = patient.exchange.verdict
    states: dict[str, CheckOutcome] = {"OK": "ok", "PARTIAL": "warning", "UNKNOWN": "warning"}
    state = states.get(verdict.outcome, "failed")
    return DoctorCheck("verdict", title, state, f"{verdict.outcome}: {verdict.why}")


_CHECKS: Final[tuple[tuple[str, Callable[[_DoctorRun, str], Any]], ...]] = (
    ("The environment answers", _check_reachable),
    ("The connection is encrypted", _check_tls),
    ("Clocks agree", _check_clock),
    ("Credentials are there", _check_credentials),
    ("A token is to be had", _check_token),
    ("A read is accepted", _check_read),
    ("The signature is right", _check_signature),
    ("The version is answered", _check_version),
    ("Pages can be turned", _check_pages),
    ("The answer can be judged", _check_verdict),
)
