"""Check a vendor end to end, in this order:

    reach ─ tls ─ clock ─ credentials ─ token ─ read ─ signature ─ version ─ pages ─ verdict

Only reads are sent. A token is requested only from the sandbox or with the user's permission. A check that cannot run
is skipped, with the reason.
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
"""Seconds allowed for the first response."""


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """The result of one check: its state, the evidence and a fix."""

    check: str
    title: str
    state: CheckOutcome
    evidence: str
    fix: str = ""


@dataclass
class _DoctorRun:
    """The state of a run."""

    session: SessionContext
    vendor: Vendor
    call: Call
    login: bool
    response: ReceivedResponse | None = None
    """The response to a request without credentials."""
    failure: Failure | None = None
    token_ready: bool = False
    exchange: Exchange | None = None
    """The exchange of the read."""
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
    """Run the checks in order and yield each result; *login* allows requesting a token from the vendor.

    Raises:
        UnknownName: there is no such vendor or environment; UsageError: the vendor has no probe in the catalog.
    """
    from explorer.core.request import check_base_url

    vendor = session.vendor(vendor_id)
    if base_url:
        check_base_url(base_url)
    if not vendor.probe:
        raise UsageError(
            f"the catalog has no probe for {vendor.id}",
            hint='Add probe = "ENDPOINT" to the vendor, naming an endpoint that only reads.',
        )
    where = environment or session.default_environment(vendor)
    call = Call(vendor=vendor.id, endpoint=vendor.probe, environment=where, base_url=base_url)
    await session.ready(call)
    session.base_url(call)
    run = _DoctorRun(session, vendor, call, login)
    for title, run_check in _CHECKS:
        check: DoctorCheck = await run_check(run, title)
        yield check


def exit_code_of(checks: list[DoctorCheck]) -> int:
    """Return 0 if nothing failed, 3 if the vendor is unreachable, 4 for bad credentials, 1 for any other failure."""
    failed = {check.check for check in checks if check.state == "failed"}
    if failed & {"reach", "tls"}:
        return 3
    return 4 if failed & {"credentials", "token"} else 1 if failed else 0


# --- the checks ------------------------------------------------------------------------------------------------------


async def _check_reachable(run: _DoctorRun, title: str) -> DoctorCheck:
    import httpx

    from explorer.core.auth.base import Anonymous
    from explorer.core.auth.options import AuthOptions
    from explorer.net.client import Limits

    base = run.base
    context = auth_context(run.session, run.call, run.session.operation(run.call))
    request = httpx.Request("HEAD", base.rstrip("/") + "/", headers={"Accept": "*/*"})
    limits = Limits(total=REACH_SECONDS, redirects=0)
    transfer = await run.session.http().send(
        request, lambda: Anonymous(AuthOptions(), context), limits, TrustGate(run.session, run.call)
    )
    run.response, run.failure = transfer.response, transfer.failure
    if transfer.response is None:
        why = transfer.failure.message if transfer.failure is not None else "no response"
        hint = transfer.failure.hint if transfer.failure is not None else ""
        return DoctorCheck("reach", title, "failed", f"{base}: {why}", hint)
    seconds = f"{transfer.timings.total * 1000:.0f} ms"
    return DoctorCheck("reach", title, "ok", f"{base} responded with HTTP {transfer.response.status} in {seconds}")


async def _check_tls(run: _DoctorRun, title: str) -> DoctorCheck:
    parts = urlsplit(run.base)
    if run.sandbox:
        return DoctorCheck("tls", title, "skipped", "the sandbox runs on this machine")
    if parts.scheme != "https":
        evidence = f"{parts.scheme}://{parts.netloc} is not encrypted: others can read tokens and passwords"
        return DoctorCheck("tls", title, "warning", evidence, "Use https if the vendor supports it.")
    why = run.failure.message if run.failure is not None else ""
    if "certificate" in why.lower() or "ssl" in why.lower():
        return DoctorCheck("tls", title, "failed", why, "Check the host and its certificate.")
    if run.response is None:
        return DoctorCheck("tls", title, "skipped", "no response")
    return DoctorCheck("tls", title, "ok", f"the certificate of {parts.hostname} is valid")


async def _check_clock(run: _DoctorRun, title: str) -> DoctorCheck:
    theirs = parse_http_date(run.response.header("date")) if run.response is not None else None
    if theirs is None:
        return DoctorCheck("clock", title, "skipped", "the response has no Date header")
    allowed = auth_scheme(run.session, run.call).options.clock_tolerance
    off = run.session.now() - theirs
    evidence = f"your clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the vendor's"
    if abs(off) > allowed:
        fix = "Synchronize your clock with a time server."
        return DoctorCheck("clock", title, "failed", f"{evidence}; the limit is {allowed:g} s", fix)
    return DoctorCheck("clock", title, "ok", evidence if abs(off) >= 2 else "your clock agrees with the vendor's")


async def _check_credentials(run: _DoctorRun, title: str) -> DoctorCheck:
    scheme = auth_scheme(run.session, run.call)
    status = await asyncio.to_thread(run.session.vault.status, run.vendor, run.call.environment)
    if scheme.name == "none":
        return DoctorCheck("credentials", title, "skipped", "the probe needs no authentication")
    missing = scheme.missing()
    present = "; ".join(f"{credential.name} ({credential.source})" for credential in status if credential.present)
    if missing:
        from explorer.core.text.env_names import variable_name

        variables = ", ".join(variable_name(run.vendor.id, name, run.call.environment) for name in missing)
        run.problem = f"{', '.join(missing)} missing"
        evidence = f"missing: {', '.join(missing)}" + (f"; set: {present}" if present else "")
        fix = f"Set {variables}, or run `api-explorer login {run.vendor.id}`."
        return DoctorCheck("credentials", title, "failed", evidence, fix)
    return DoctorCheck("credentials", title, "ok", present or "none needed")


async def _check_token(run: _DoctorRun, title: str) -> DoctorCheck:
    if run.problem:
        return DoctorCheck("token", title, "skipped", run.problem)
    scheme = auth_scheme(run.session, run.call)
    prerequisite = scheme.prerequisite()
    if not prerequisite:
        token = run.session.tokens(run.call).current(run.session.now())
        run.token_ready = True
        if token is None:
            return DoctorCheck("token", title, "skipped", "no token request needed")
        left = ""
        if token.expires_at is not None:
            left = f", valid for {token.expires_at - run.session.now():.0f} s"
        return DoctorCheck("token", title, "ok", f"{token.value.fingerprint()} from {token.origin}{left}")
    if not run.login and not run.sandbox:
        run.problem = "no token was requested"
        return DoctorCheck("token", title, "skipped", f"{prerequisite}; pass --login to request it")
    try:
        outcome: str = await log_in(run.session, run.call, open_url=_refuse_consent, paste=None)
    except ExplorerError as error:
        run.problem = error.message
        return DoctorCheck("token", title, "failed", error.message, error.hint)
    run.token_ready = True
    return DoctorCheck("token", title, "ok", outcome)


async def _refuse_consent(url: str) -> None:
    """Never called: schemes that need consent have no token to request beforehand."""


async def _check_read(run: _DoctorRun, title: str) -> DoctorCheck:
    if run.response is None:
        run.problem = run.problem or "no response from the vendor"
    if run.problem:
        return DoctorCheck("read", title, "skipped", run.problem)
    try:
        run.exchange = await send(run.session, run.call)
    except CredentialError as error:
        return DoctorCheck("read", title, "failed", error.message, error.hint)
    exchange, verdict = run.exchange, run.exchange.verdict
    what = f"{exchange.request.method} {urlsplit(exchange.request.url).path}"
    if exchange.failure is not None:
        return DoctorCheck("read", title, "failed", f"{what}: {exchange.failure.message}", exchange.failure.hint)
    status = exchange.response.status if exchange.response is not None else 0
    evidence = f"{what} returned {status} in {exchange.timings.total * 1000:.0f} ms"
    if verdict.outcome == "FAILED":
        from explorer.session.explain import explain_refused

        explanation = await explain_refused(run.session, exchange)
        fix = explanation.top.fix if explanation.top is not None else ""
        return DoctorCheck("read", title, "failed", f"{evidence}: {explanation.headline}", fix)
    return DoctorCheck("read", title, "ok", evidence)


async def _check_signature(run: _DoctorRun, title: str) -> DoctorCheck:
    if run.exchange is None:
        return DoctorCheck("signature", title, "skipped", "no read was sent")
    from explorer.session.explain import explain_exchange

    explanation = await asyncio.to_thread(explain_exchange, run.session, run.exchange)
    diagnosis = explanation.is_self_consistent()
    if diagnosis is None:
        return DoctorCheck("signature", title, "skipped", "requests are not signed")
    if diagnosis.same:
        return DoctorCheck("signature", title, "ok", "the signature matches the request")
    fix = f"Run `api-explorer explain {run.exchange.id}` to compare it byte by byte."
    return DoctorCheck("signature", title, "failed", diagnosis.verdict, fix)


async def _check_version(run: _DoctorRun, title: str) -> DoctorCheck:
    operation = run.session.operation(run.call)
    wanted = operation.endpoint.accept or operation.vendor.version.accept
    response = run.exchange.response if run.exchange is not None else None
    if response is None:
        return DoctorCheck("version", title, "skipped", "no response")
    if not wanted:
        style = operation.vendor.version.style
        evidence = "the version is in the path" if style == "path" else "the API has no versions"
        return DoctorCheck("version", title, "skipped", evidence)
    received = essence(response.header("content-type"))
    evidence = f"requested {wanted}, received {received or 'no media type'}"
    kind = wanted.rpartition("+")[2].rpartition("/")[2]
    if received == wanted or received.endswith((f"/{kind}", f"+{kind}")):
        return DoctorCheck("version", title, "ok", evidence)
    return DoctorCheck("version", title, "warning", evidence, "Check that this is the version you want.")


async def _check_pages(run: _DoctorRun, title: str) -> DoctorCheck:
    from explorer.session.pages import paging_style

    style = paging_style(run.session, run.call)
    if run.exchange is None or run.exchange.verdict.outcome == "FAILED":
        return DoctorCheck("pages", title, "skipped", "no page was received")
    if style is None:
        return DoctorCheck("pages", title, "skipped", "the probe is not paginated")
    first = run.exchange
    info = page_info(run.session, first)
    if info is None or not info.has_next:
        first = await send(run.session, _paged(run.call, style))
        info = page_info(run.session, first)
    if info is None or first.verdict.outcome == "FAILED":
        return DoctorCheck("pages", title, "failed", f"the first page was refused: {first.verdict.message}")
    of = f" of {info.pages}" if info.pages is not None else ""
    evidence = f"page {info.number or 1}{of}, {info.records} records"
    following = turn_page(run.session, first, "next") if info.has_next else None
    if following is None:
        return DoctorCheck("pages", title, "ok", f"{evidence}; it is the only page")
    second = await send(run.session, following)
    return await asyncio.to_thread(_compare_pages, style, title, evidence, first, second)


def _paged(call: Call, style: Style) -> Call:
    """Return the call for an explicit first page (paging may be opt-in), of two records if the size can be set."""
    size = ((style.params[1], "2"),) if style.params[1] else ()
    pairs = style.goto_params(size, style.first_number)
    return msgspec.structs.replace(call, entries=tuple(Entry(name=name, value=value) for name, value in pairs))


def _compare_pages(style: Style, title: str, evidence: str, first: Exchange, second: Exchange) -> DoctorCheck:
    from explorer.core.body.value import UnreadableBody
    from explorer.core.paging.records import cut_records

    if second.verdict.outcome == "FAILED" or first.response is None or second.response is None:
        return DoctorCheck("pages", title, "failed", f"{evidence}; the next page was refused: {second.verdict.message}")
    try:
        records = cut_records(first.response, style.options.items)
        following = cut_records(second.response, style.options.items)
    except UnreadableBody as error:
        return DoctorCheck("pages", title, "failed", f"{evidence}; the next page cannot be read: {error}")
    repeated = len(set(records) & set(following))
    if repeated:
        return DoctorCheck("pages", title, "failed", f"{evidence}; the next page repeats {repeated} of them")
    return DoctorCheck("pages", title, "ok", f"{evidence}; the next page has {len(following)} more")


async def _check_verdict(run: _DoctorRun, title: str) -> DoctorCheck:
    if run.exchange is None:
        return DoctorCheck("verdict", title, "skipped", "no response to judge")
    verdict = run.exchange.verdict
    states: dict[str, CheckOutcome] = {"OK": "ok", "PARTIAL": "warning", "UNKNOWN": "warning"}
    state = states.get(verdict.outcome, "failed")
    return DoctorCheck("verdict", title, state, f"{verdict.outcome}: {verdict.why}")


_CHECKS: Final[tuple[tuple[str, Callable[[_DoctorRun, str], Any]], ...]] = (
    ("Host reachable", _check_reachable),
    ("Connection encrypted", _check_tls),
    ("Clocks agree", _check_clock),
    ("Credentials present", _check_credentials),
    ("Token available", _check_token),
    ("Read accepted", _check_read),
    ("Signature correct", _check_signature),
    ("Version correct", _check_version),
    ("Pages can be fetched", _check_pages),
    ("Response judged", _check_verdict),
)
