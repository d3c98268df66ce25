"""What is known of an exchange that was refused, and what a check makes of it."""

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
CHECK_STATES: Final[dict[CheckState, str]] = {"holds": "holds", "not": "does not hold", "unknown": "cannot be known"}
Fix = Literal["", "signature", "credentials", "login", "environment", "readings", "field", "headers", "method", "again"]
"""What mends it: an action of the app, or ``field``: the field of that name, ``headers``: the headers of the form."""


@dataclass(frozen=True, slots=True)
class TokenFact:
    """What is known of the token or credential in the request, told by its fingerprint. Times are Unix seconds."""

    fingerprint: str
    name: str
    """Where it is from, in words."""
    role: Literal["token", "refresh", "credential"] = "token"
    environment: str = ""
    """The other environment that it belongs to, or empty."""
    expires_at: float | None = None
    begins_at: float | None = None
    used_at: float | None = None
    grace: float | None = None
    successor: str = ""
    """Where the token that took its place came from, or empty."""
    signed_out: bool = False


@dataclass(frozen=True, slots=True)
class EarlierExchange:
    """An earlier exchange of the same vendor and environment with the same value: when, and whether it was good."""

    param: str
    value: str
    at: float
    number: int
    good: bool


@dataclass(frozen=True)
class RefusalFacts:
    """Everything that the checks look at. Vendor and endpoint are those of the catalog's default readings."""

    exchange: Exchange
    vendor: Vendor
    endpoint: Endpoint
    environment: Environment | None
    """None in the sandbox."""
    base_url: str
    """Where the environment's calls go, whatever the call says."""
    wanted: TokenPlacement | None = None
    """Where the scheme has its token, of a scheme that has one."""
    signing: tuple[str, str, str] | None = None
    """The parameters of a signature (id, time, signature), of a scheme that signs."""
    tolerance: float = 300.0
    token: TokenFact | None = None
    missing: tuple[str, ...] = ()
    """Credentials that the scheme needs and that are not there."""
    signature: Diagnosis | None = None
    """The request's own signature, judged; None where there is none or it cannot be made again."""
    problems: tuple[Problem, ...] = ()
    """What the form has against the call, by the default readings."""
    seen: tuple[EarlierExchange, ...] = ()
    _pairs: dict[str, Pairs] = field(default_factory=dict, repr=False, compare=False)

    @property
    def status(self) -> int:
        """The status that the vendor means: the one in the body where it has one, else that of HTTP."""
        code = self.exchange.verdict.code
        if code.isdigit() and 400 <= int(code) < 600:
            return int(code)
        return self.exchange.response.status if self.exchange.response is not None else 0

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that were sent, by their names in small letters."""
        return {name.lower(): value for name, value in self.exchange.request.headers}

    @property
    def query(self) -> Pairs:
        """The pairs of the query that was sent, decoded."""
        return self._decoded("query", urlsplit(self.exchange.request.url).query.encode("utf-8", "surrogateescape"))

    @property
    def form(self) -> Pairs:
        """The text fields of the form that was sent, decoded."""
        if "form" not in self._pairs:
            import httpx

            kind = self.headers.get("content-type", "")
            request = httpx.Request(
                "POST", "http://form.invalid", headers={"Content-Type": kind}, content=self.exchange.request.body
            )
            self._pairs["form"] = wire.body_pairs(request)
        return self._pairs["form"]

    def _decoded(self, name: str, raw: bytes) -> Pairs:
        if name not in self._pairs:
            self._pairs[name] = decode_pairs(raw)
        return self._pairs[name]

    @property
    def vendor_clock(self) -> float | None:
        """The vendor's time by its Date header (RFC 9110, 6.6.1), in Unix seconds, or None."""
        response = self.exchange.response
        text = response.header("date") if response is not None else ""
        return parse_http_date(text)

    @property
    def own_clock(self) -> float:
        """The time here when the answer began, in Unix seconds."""
        timings = self.exchange.timings
        return self.exchange.started_at + (timings.first_byte if timings.first_byte is not None else timings.total)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check made of it. ``key`` is what mends it, ``where`` the field or reading that it is about."""

    check: str
    title: str
    state: CheckState
    evidence: str
    fix: str = ""
    key: Fix = ""
    where: str = ""
    weight: int = 0
    fits: bool = False
    """Whether the vendor's status is one that this explains."""


class Check(ABC):
    """One thing that may be the reason."""

    id: ClassVar[str]
    title: ClassVar[str]
    statuses: ClassVar[frozenset[int]]
    weight: ClassVar[int] = 50
    """How much it says when it holds: what is proved by itself stands before what is concluded."""
    fix: ClassVar[str] = ""
    key: ClassVar[Fix] = ""

    @abstractmethod
    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        """The finding; None where the question does not arise."""

    def confirmed(
        self, facts: RefusalFacts, evidence: str, *, mend: str = "", key: Fix | None = None, where: str = ""
    ) -> CheckResult:
        """It is so."""
        return self._finding(facts, "holds", evidence, mend or self.fix, self.key if key is None else key, where)

    def ruled_out(self, facts: RefusalFacts, evidence: str) -> CheckResult:
        """It is not so."""
        return self._finding(facts, "not", evidence, "", "", "")

    def unknown(self, facts: RefusalFacts, evidence: str, *, mend: str = "", key: Fix | None = None) -> CheckResult:
        """It cannot be known from here; what would be proved if it held stands behind what is always a guess."""
        found = self._finding(facts, "unknown", evidence, mend or self.fix, self.key if key is None else key, "")
        return replace(found, weight=100 - self.weight)

    def _finding(
        self, facts: RefusalFacts, state: CheckState, evidence: str, mend: str, key: Fix, where: str
    ) -> CheckResult:
        fits = facts.status in self.statuses
        return CheckResult(self.id, self.title, state, evidence, mend, key, where, self.weight, fits)


def was_refused(exchange: Exchange) -> bool:
    """Whether there is something to explain: the vendor said no, or gave no token."""
    if exchange.failure is not None:
        return exchange.failure.kind == "CredentialRefused"
    return exchange.response is not None and exchange.verdict.outcome == "FAILED"
