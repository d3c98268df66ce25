"""Refusal checks on authentication: credentials, tokens, clocks, signatures, roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from explorer.core.explain.refusals.facts import Check, CheckResult, Fix, RefusalFacts
from explorer.core.text.units import format_age

if TYPE_CHECKING:
    from explorer.core.catalog.model import Requirement

AUTH_STATUSES: Final = frozenset((400, 401, 403))


class LoginRefused(Check):
    """The token request was refused."""

    id = "login_refused"
    title = "The vendor rejected the credentials"
    statuses = AUTH_STATUSES
    weight = 98
    fix = "Enter the credentials of this environment."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        failure = facts.exchange.failure
        if failure is not None and failure.kind == "CredentialRefused":
            return self.confirmed(facts, failure.message)
        for hop in facts.exchange.hops:
            if hop.purpose == "auth" and hop.response is not None:
                evidence = f"the token request returned {hop.response.status}"
                return (
                    self.confirmed(facts, evidence) if hop.response.status >= 400 else self.ruled_out(facts, evidence)
                )
        return None


class WrongCredentials(Check):
    """A login call contains wrong credentials."""

    id = "given_credentials"
    title = "The credentials in the call are wrong"
    statuses = AUTH_STATUSES
    weight = 40
    fix = "Enter the credentials of this environment again."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.endpoint.effect != "session" or facts.wanted is not None or facts.status not in AUTH_STATUSES:
            return None
        names = [entry.name for entry in facts.exchange.call.entries if entry.value]
        if not names:
            return None
        evidence = f"the call sent {', '.join(names)}; only the vendor can check them"
        return replace(self.unknown(facts, evidence), where=names[0])


class MissingCredentials(Check):
    """The request has no credentials."""

    id = "no_credentials"
    title = "The request has no credentials"
    statuses = AUTH_STATUSES
    weight = 96
    fix = "Enter the credentials, or log in (I)."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.exchange.failure is not None or (facts.wanted is None and facts.signing is None):
            return None
        missing = f"; missing credentials: {', '.join(facts.missing)}" if facts.missing else ""
        if facts.signing is not None:
            absent = [name for name in facts.signing if not dict((*facts.query, *facts.form)).get(name)]
            if absent:
                return self.confirmed(facts, f"the request has no {', '.join(absent)}{missing}")
            return self.ruled_out(facts, f"the request has {', '.join(facts.signing)}")
        wanted = facts.wanted
        if wanted is None:
            return None
        if wanted.where == "header":
            value = facts.headers.get(wanted.name.lower())
            if value is None and _misnamed_header(facts) is None:
                return self.confirmed(facts, f"the request has no {wanted.name} header{missing}")
            token_place = f"the request has {wanted.name}" if value is not None else "the token is in another header"
            return self.ruled_out(facts, token_place)
        if any(name == wanted.name and value for name, value in (*facts.query, *facts.form)):
            return self.ruled_out(facts, f"the request has {wanted.name}")
        return self.confirmed(facts, f"the request has no {wanted.name}{missing}")


def _misnamed_header(facts: RefusalFacts) -> str | None:
    """Return a sent header whose name is the token's prefix, such as ``bearer``."""
    prefix = facts.wanted.prefix.strip().lower() if facts.wanted is not None else ""
    return prefix if prefix and prefix in facts.headers else None


class MisplacedToken(Check):
    """The token is in the wrong place, or has the wrong name or prefix."""

    id = "token_place"
    title = "The token is not where the vendor expects it"
    statuses = AUTH_STATUSES
    weight = 94
    fix = "Choose the reading that the vendor follows."
    key: ClassVar[Fix] = "readings"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = facts.wanted
        if wanted is None or facts.exchange.failure is not None:
            return None
        if wanted.where == "header":
            return self._evaluate_header(facts)
        places = {"query": facts.query, "form": facts.form}
        count = {place: sum(name == wanted.name for name, _ in pairs) for place, pairs in places.items()}
        other = "form" if wanted.where == "query" else "query"
        if sum(count.values()) > 1:
            return self.confirmed(
                facts, f"the request has {wanted.name} {sum(count.values())} times", key="field", where=wanted.name
            )
        if count[other] and not count[wanted.where]:
            return self.confirmed(
                facts, f"{wanted.name} is in the {other}; it belongs in the {wanted.where}{_readings_text(facts)}"
            )
        return self.ruled_out(facts, f"{wanted.name} is in the {wanted.where}") if count[wanted.where] else None

    def _evaluate_header(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = facts.wanted
        if wanted is None:
            return None
        value = facts.headers.get(wanted.name.lower())
        if value is None:
            misnamed = _misnamed_header(facts)
            if misnamed is None:
                return None
            return self.confirmed(facts, f"the header is named {misnamed}, not {wanted.name}{_readings_text(facts)}")
        expected = f"{wanted.name}: {wanted.prefix}…"
        if not value.lower().startswith(wanted.prefix.lower()):
            return self.confirmed(
                facts, f"the header is not of the form {expected}{_readings_text(facts)}", key="headers"
            )
        return self.ruled_out(facts, f"the request has {expected}")


def _readings_text(facts: RefusalFacts) -> str:
    chosen = facts.exchange.call.readings
    return f" (sent under {', '.join(f'{key}={choice}' for key, choice in chosen.items())})" if chosen else ""


class ClockSkew(Check):
    """The local clock and the vendor's clock differ."""

    id = "clock"
    title = "Your clock and the vendor's differ"
    statuses = AUTH_STATUSES
    weight = 93
    fix = "Synchronize your clock (NTP), then send again."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.exchange.response is None:
            return None
        theirs = facts.vendor_clock
        if theirs is None:
            return self.unknown(facts, "the response has no Date header to compare with", key="")
        timestamp = self._timestamp(facts)
        if timestamp is not None:
            offset = timestamp - theirs
            evidence = (
                f"the signed timestamp is {format_age(offset)} {'after' if offset > 0 else 'before'} the vendor's Date"
            )
            if abs(offset) > facts.tolerance:
                return self.confirmed(facts, f"{evidence}; the assumed limit is {facts.tolerance:g} s")
            return self.ruled_out(facts, f"{evidence}, within {facts.tolerance:g} s")
        offset = facts.own_clock - theirs
        evidence = f"your clock is {format_age(offset)} {'ahead of' if offset > 0 else 'behind'} the vendor's Date"
        if abs(offset) > facts.tolerance and facts.token is not None and facts.token.expires_at is not None:
            return self.confirmed(facts, f"{evidence}, and the token expires")
        return self.ruled_out(facts, f"{evidence}; nothing in this request depends on it")

    def _timestamp(self, facts: RefusalFacts) -> float | None:
        if facts.signing is None:
            return None
        text = dict((*facts.query, *facts.form)).get(facts.signing[1], "")
        return float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


class WrongEnvironment(Check):
    """The token belongs to another environment."""

    id = "other_environment"
    title = "The token belongs to another environment"
    statuses = AUTH_STATUSES
    weight = 95
    fix = "Enter the token of this environment, or switch to the other."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None:
            return None
        evidence = f"the token sent is {token.name} ({token.fingerprint})"
        return self.confirmed(facts, evidence) if token.environment else self.ruled_out(facts, evidence)


class WrongCredentialKind(Check):
    """Another credential was sent as the token."""

    id = "other_credential"
    title = "It is another credential, not a token"
    statuses = AUTH_STATUSES
    weight = 94
    fix = "Enter the access token, or log in (I)."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None or token.role == "token":
            return None
        kind = "a refresh token" if token.role == "refresh" else "another credential"
        return self.confirmed(facts, f"{token.name} was sent, {kind}")


class ExpiredToken(Check):
    """The token has expired, or is not valid yet."""

    id = "expired"
    title = "The token has expired"
    statuses = AUTH_STATUSES
    weight = 95
    fix = "Get a new token."
    key: ClassVar[Fix] = "login"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None:
            return None
        at = facts.exchange.started_at
        if token.begins_at is not None and at < token.begins_at:
            return self.confirmed(facts, f"it is not valid until {format_age(token.begins_at - at)} later")
        if token.expires_at is None and facts.status not in AUTH_STATUSES:
            return None
        if token.expires_at is None:
            return self.unknown(facts, "the token has no known expiry time", key="")
        if at >= token.expires_at:
            return self.confirmed(facts, f"it expired {format_age(at - token.expires_at)} before the request")
        return self.ruled_out(facts, f"it was valid for another {format_age(token.expires_at - at)}")


class ReplacedToken(Check):
    """A rotating token was already used, and another request received its successor."""

    id = "used_up"
    title = "Another request rotated the token"
    statuses = AUTH_STATUSES
    weight = 94
    fix = "Send again: the app uses the newest token."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None or token.grace is None:
            return None
        if token.used_at is None:
            return self.ruled_out(facts, "it had not been used before")
        age = facts.exchange.started_at - token.used_at
        evidence = f"it was first used {format_age(age)} before"
        if age > token.grace:
            successor = f"; its successor came with {token.successor}" if token.successor else ""
            return self.confirmed(facts, f"{evidence}, and its grace period is {token.grace:g} s{successor}")
        if age <= 0.001:
            return self.ruled_out(facts, "this was its first use")
        return self.ruled_out(facts, f"{evidence}, within its grace period of {token.grace:g} s")


class LoggedOutToken(Check):
    """The token was logged out in this session."""

    id = "signed_out"
    title = "The token was logged out"
    statuses = AUTH_STATUSES
    weight = 95
    fix = "Log in again."
    key: ClassVar[Fix] = "login"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.token is None or not facts.token.signed_out:
            return None
        return self.confirmed(facts, f"the token {facts.token.fingerprint} was logged out in this session")


class UnknownToken(Check):
    """The vendor never issued the token, or has revoked it."""

    id = "unknown_token"
    title = "The token is unknown to the vendor or revoked"
    statuses = AUTH_STATUSES
    weight = 40
    fix = "Enter another token, or log in (I)."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.wanted is None or facts.exchange.failure is not None:
            return None
        if facts.status not in AUTH_STATUSES:
            return self.ruled_out(facts, f"status {facts.status} is not about authentication")
        token = f"it is {facts.token.name} ({facts.token.fingerprint})" if facts.token else "it is not of this session"
        return self.unknown(facts, f"{token}; only the vendor knows whether it was issued or revoked")


class InvalidSignature(Check):
    """The signature does not match the request."""

    id = "signature"
    title = "The signature does not match the request"
    statuses = AUTH_STATUSES
    weight = 92
    fix = "Open the signature debugger."
    key: ClassVar[Fix] = "signature"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.signing is None:
            return None
        diagnosis = facts.signature
        if diagnosis is None:
            return self.unknown(facts, "part of the request is masked, so its signature cannot be recomputed")
        causes = [cause for cause in diagnosis.causes if cause.mistake.id != "clock"]
        if diagnosis.our_signature and diagnosis.our_signature == diagnosis.their_signature and not causes:
            return self.ruled_out(facts, "it matches the signature recomputed from the request")
        evidence = "; and ".join(cause.text for cause in causes) or "no known mistake explains it"
        return self.confirmed(facts, f"{evidence}{_readings_text(facts)}")


class UnknownKey(Check):
    """The secret is wrong, or the key does not exist."""

    id = "unknown_key"
    title = "The secret is wrong or the key does not exist"
    statuses = AUTH_STATUSES
    weight = 40
    fix = "Enter the id and the secret of an existing key."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.signing is None:
            return None
        if facts.status not in AUTH_STATUSES:
            return self.ruled_out(facts, f"status {facts.status} is not about authentication")
        name = facts.signing[0]
        key_id = dict((*facts.query, *facts.form)).get(name, "")
        return self.unknown(facts, f"{name}={key_id}: only the vendor knows which secret belongs to it")


class MissingRole(Check):
    """The account lacks a role or permission."""

    id = "role"
    title = "The account lacks a role or permission"
    statuses = frozenset((403,))
    weight = 90
    fix = "Use an account that has it."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        needs = [need for need in facts.endpoint.needs if self._applies(facts, need)]
        if facts.status != 403:
            return self.ruled_out(facts, f"the status is {facts.status}, not 403") if needs else None
        if needs:
            requirements = "; ".join(f"{need.text}{self._citation(facts, need)}" for need in needs)
            return self.confirmed(facts, f"status 403, and {requirements}")
        return self.unknown(facts, "status 403, but no permission is documented for this call")

    def _applies(self, facts: RefusalFacts, need: Requirement) -> bool:
        return not need.params or any(entry.name in need.params for entry in facts.exchange.call.entries)

    def _citation(self, facts: RefusalFacts, need: Requirement) -> str:
        citation = facts.vendor.cite(need.lines)
        return f" [{citation}]" if citation else ""


AUTH_CHECKS: Final[tuple[Check, ...]] = (
    LoginRefused(),
    WrongCredentials(),
    MissingCredentials(),
    MisplacedToken(),
    ClockSkew(),
    WrongEnvironment(),
    WrongCredentialKind(),
    ExpiredToken(),
    ReplacedToken(),
    LoggedOutToken(),
    InvalidSignature(),
    UnknownToken(),
    UnknownKey(),
    MissingRole(),
)
