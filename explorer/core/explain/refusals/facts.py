"""Facts about a refused exchange, and the base class and result of a check on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Final, Literal
from urllib.parse import urlsplit

from explorer.core.auth import wire
from explorer.core.text.units import parse_http_date
from explorer.core.text.url_pairs import Pairs, decode_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.auth.options import TokenPlacement
    from explorer.core.catalog.model import Endpoint, Environment, Vendor
    from explorer.core.explain.signature.diagnosis import Diagnosis
    from explorer.core.model import Exchange
    from explorer.errors import Problem

CheckState = Literal["holds", "not", "unknown"]
CHECK_STATES: Final[dict[CheckState, str]] = {"holds": "confirmed", "not": "ruled out", "unknown": "unknown"}
Fix = Literal["", "signature", "credentials", "login", "environment", "readings", "field", "headers", "method", "again"]
"""The fix for a finding: an action of the app, ``field`` (edit that field) or ``headers`` (edit the form's headers)."""


@dataclass(frozen=True, slots=True)
class TokenFact:
    """Stored state of the token or credential in the request, identified by its fingerprint. Times are Unix seconds."""

    fingerprint: str
    name: str
    """Description of its source."""
    role: Literal["token", "refresh", "credential"] = "token"
    environment: str = ""
    """Another environment that it belongs to, or empty."""
    expires_at: float | None = None
    begins_at: float | None = None
    used_at: float | None = None
    grace: float | None = None
    successor: str = ""
    """Source of the token that replaced it, or empty."""
    signed_out: bool = False


@dataclass(frozen=True, slots=True)
class EarlierExchange:
    """An earlier exchange with the same vendor, environment and value, and whether it succeeded (``good``)."""

    param: str
    value: str
    at: float
    number: int
    good: bool


@dataclass(frozen=True)
class RefusalFacts:
    """Input of the checks. Vendor and endpoint follow the catalog's default readings."""

    exchange: Exchange
    vendor: Vendor
    endpoint: Endpoint
    environment: Environment | None
    """None in the sandbox."""
    base_url: str
    """Base URL of the environment, ignoring a base URL in the call."""
    wanted: TokenPlacement | None = None
    """Where the scheme puts its token; None for a scheme without one."""
    signing: tuple[str, str, str] | None = None
    """Names of the signature's parameters (key id, timestamp, signature); None for a scheme that does not sign."""
    tolerance: float = 300.0
    """Allowed clock skew, in seconds."""
    token: TokenFact | None = None
    missing: tuple[str, ...] = ()
    """Names of required credentials that are missing."""
    signature: Diagnosis | None = None
    """Diagnosis of the request's own signature; None if there is none or it cannot be recomputed."""
    problems: tuple[Problem, ...] = ()
    """Problems of the form with this call, under the default readings."""
    seen: tuple[EarlierExchange, ...] = ()
    _pairs: dict[str, Pairs] = field(default_factory=dict, repr=False, compare=False)

    @property
    def status(self) -> int:
        """The vendor's status: the code in the body if it is one, else the HTTP status."""
        code = self.exchange.verdict.code
        if code.isdigit() and 400 <= int(code) < 600:
            return int(code)
        return self.exchange.response.status if self.exchange.response is not None else 0

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that were sent, by lowercase name."""
        return {name.lower(): value for name, value in self.exchange.request.headers}

    @property
    def query(self) -> Pairs:
        """The decoded pairs of the query that was sent."""
        if "query" not in self._pairs:
            query = urlsplit(self.exchange.request.url).query
            self._pairs["query"] = decode_pairs(query.encode("utf-8", "surrogateescape"))
        return self._pairs["query"]

    @property
    def form(self) -> Pairs:
        """The decoded text fields of the form that was sent."""
        if "form" not in self._pairs:
            import httpx

            headers = {"Content-Type": self.headers.get("content-type", "")}
            request = httpx.Request("POST", "http://form.invalid", headers=headers, content=self.exchange.request.body)
            self._pairs["form"] = wire.body_pairs(request)
        return self._pairs["form"]

    @property
    def vendor_clock(self) -> float | None:
        """The vendor's time from its Date header (RFC 9110, 6.6.1) in Unix seconds, or None."""
        response = self.exchange.response
        text = response.header("date") if response is not None else ""
        return parse_http_date(text)

    @property
    def own_clock(self) -> float:
        """Local time of the first response byte, in Unix seconds."""
        timings = self.exchange.timings
        return self.exchange.started_at + (timings.first_byte if timings.first_byte is not None else timings.total)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Finding of one check. ``key`` is the action that fixes it, ``where`` the field or reading to fix."""

    check: str
    title: str
    state: CheckState
    evidence: str
    fix: str = ""
    key: Fix = ""
    where: str = ""
    weight: int = 0
    fits: bool = False
    """Whether the check explains the vendor's status."""


class Check(ABC):
    """One possible reason for a refusal."""

    id: ClassVar[str]
    title: ClassVar[str]
    statuses: ClassVar[frozenset[int]]
    weight: ClassVar[int] = 50
    """Strength of a confirmed finding: proof ranks above inference."""
    fix: ClassVar[str] = ""
    key: ClassVar[Fix] = ""

    @abstractmethod
    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        """Return the finding, or None if the check does not apply."""

    def confirmed(self, facts: RefusalFacts, evidence: str, *, key: Fix | None = None, where: str = "") -> CheckResult:
        """Return the finding that this is a reason."""
        return self._finding(facts, "holds", evidence, self.fix, self.key if key is None else key, where)

    def ruled_out(self, facts: RefusalFacts, evidence: str) -> CheckResult:
        """Return the finding that this is not a reason."""
        return self._finding(facts, "not", evidence, "", "")

    def unknown(self, facts: RefusalFacts, evidence: str, *, key: Fix | None = None) -> CheckResult:
        """Return the finding that the answer is unknown. Checks that can only guess rank above those that can prove."""
        finding = self._finding(facts, "unknown", evidence, self.fix, self.key if key is None else key)
        return replace(finding, weight=100 - self.weight)

    def _finding(
        self, facts: RefusalFacts, state: CheckState, evidence: str, fix: str, key: Fix, where: str = ""
    ) -> CheckResult:
        fits = facts.status in self.statuses
        return CheckResult(self.id, self.title, state, evidence, fix, key, where, self.weight, fits)


def was_refused(exchange: Exchange) -> bool:
    """Return whether the vendor refused the call or its credentials."""
    if exchange.failure is not None:
        return exchange.failure.kind == "CredentialRefused"
    return exchange.response is not None and exchange.verdict.outcome == "FAILED"
