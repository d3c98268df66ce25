"""Checks on who calls: credentials, tokens, clocks, signatures, roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from explorer.core.explain.refusals.facts import Check, CheckResult, Fix, RefusalFacts
from explorer.core.text.units import format_age

if TYPE_CHECKING:
    from explorer.core.catalog.model import Requirement

AUTH_STATUSES: Final = frozenset((400, 401, 403))


class LoginRefused(Check):
    """The call that asks for a token was refused."""

    id = "login_refused"
    title = "The vendor gave no token for the credentials"
    statuses = AUTH_STATUSES
    weight = 98
    fix = "Type the credentials of this environment."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        failure = facts.exchange.failure
        if failure is not None and failure.kind == "CredentialRefused":
            return self.confirmed(facts, failure.message)
        for hop in facts.exchange.hops:
            if hop.purpose == "auth" and hop.response is not None:
                answer = f"the token call answered {hop.response.status}"
                return self.confirmed(facts, answer) if hop.response.status >= 400 else self.ruled_out(facts, answer)
        return None


class WrongCredentials(Check):
    """A call that signs in carries credentials of its own."""

    id = "given_credentials"
    title = "The credentials in the call are not good"
    statuses = AUTH_STATUSES
    weight = 40
    fix = "Type them again, those of this environment."
    key: ClassVar[Fix] = "field"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.endpoint.effect != "session" or facts.wanted is not None or facts.status not in AUTH_STATUSES:
            return None
        names = [entry.name for entry in facts.exchange.call.entries if entry.value]
        if not names:
            return None
        told = f"{', '.join(names)} were sent; only the vendor knows whether they are good"
        return replace(self.unknown(facts, told), where=names[0])


class MissingCredentials(Check):
    """Nothing in the request says who calls."""

    id = "no_credentials"
    title = "The request says nothing of who calls"
    statuses = AUTH_STATUSES
    weight = 96
    fix = "Type the credentials, or log in (I)."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.exchange.failure is not None or (facts.wanted is None and facts.signing is None):
            return None
        missing = f"; not there: {', '.join(facts.missing)}" if facts.missing else ""
        if facts.signing is not None:
            absent = [name for name in facts.signing if not dict((*facts.query, *facts.form)).get(name)]
            if absent:
                return self.confirmed(facts, f"it has no {', '.join(absent)}{missing}")
            return self.ruled_out(facts, f"{', '.join(facts.signing)} were sent")
        wanted = facts.wanted
        if wanted is None:
            return None
        if wanted.where == "header":
            value = facts.headers.get(wanted.name.lower())
            if value is None and _misnamed_header(facts) is None:
                return self.confirmed(facts, f"it has no header {wanted.name}{missing}")
            return self.ruled_out(facts, f"{wanted.name} was sent" if value is not None else "it has a token elsewhere")
        if any(name == wanted.name and value for name, value in (*facts.query, *facts.form)):
            return self.ruled_out(facts, f"{wanted.name} was sent")
        return self.confirmed(facts, f"it has no {wanted.name}{missing}")


def _misnamed_header(facts: RefusalFacts) -> str | None:
    """A header that is called like the word before the token."""
    word = facts.wanted.prefix.strip().lower() if facts.wanted is not None else ""
    return word if word and word in facts.headers else None


class MisplacedToken(Check):
    """The token stands in another place, under another name, or behind another word than the scheme has it."""

    id = "token_place"
    title = "The token is not where the vendor looks for it"
    statuses = AUTH_STATUSES
    weight = 94
    fix = "Choose the reading that the vendor follows."
    key: ClassVar[Fix] = "readings"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = facts.wanted
        if wanted is None or facts.exchange.failure is not None:
            return None
        if wanted.where == "header":
            return self._header(facts)
        places = {"query": facts.query, "form": facts.form}
        count = {place: sum(name == wanted.name for name, _ in pairs) for place, pairs in places.items()}
        other = "form" if wanted.where == "query" else "query"
        if sum(count.values()) > 1:
            return self.confirmed(
                facts, f"{wanted.name} stands {sum(count.values())} times", key="field", where=wanted.name
            )
        if count[other] and not count[wanted.where]:
            return self.confirmed(
                facts, f"{wanted.name} is in the {other}; it belongs in the {wanted.where}{_readings_text(facts)}"
            )
        return self.ruled_out(facts, f"it is in the {wanted.where}") if count[wanted.where] else None

    def _header(self, facts: RefusalFacts) -> CheckResult | None:
        wanted = facts.wanted
        if wanted is None:
            return None
        value = facts.headers.get(wanted.name.lower())
        if value is None:
            stray = _misnamed_header(facts)
            if stray is None:
                return None
            return self.confirmed(facts, f"the header is called {stray}, not {wanted.name}{_readings_text(facts)}")
        if not value.lower().startswith(wanted.prefix.lower()):
            expected = f"{wanted.name}: {wanted.prefix}…"
            return self.confirmed(facts, f"it does not begin as in {expected}{_readings_text(facts)}", key="headers")
        return self.ruled_out(facts, f"{wanted.name}: {wanted.prefix}… was sent")


def _readings_text(facts: RefusalFacts) -> str:
    chosen = facts.exchange.call.readings
    return f" (sent under {', '.join(f'{key}={choice}' for key, choice in chosen.items())})" if chosen else ""


class ClockSkew(Check):
    """Your clock is another than the vendor's."""

    id = "clock"
    title = "Your clock and the vendor's differ"
    statuses = AUTH_STATUSES
    weight = 93
    fix = "Set your clock by a time server (NTP), then send it again."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.exchange.response is None:
            return None
        theirs = facts.vendor_clock
        if theirs is None:
            return self.unknown(facts, "the answer has no Date header to compare with", key="")
        stamp = self._stamp(facts)
        if stamp is not None:
            off = stamp - theirs
            words = (
                f"the request is signed as of {format_age(off)} {'after' if off > 0 else 'before'} the vendor's Date"
            )
            if abs(off) > facts.tolerance:
                return self.confirmed(facts, f"{words}; {facts.tolerance:g} s are taken for allowed")
            return self.ruled_out(facts, f"{words}, within {facts.tolerance:g} s")
        off = facts.own_clock - theirs
        words = f"your clock is {format_age(off)} {'ahead of' if off > 0 else 'behind'} the vendor's Date"
        if abs(off) > facts.tolerance and facts.token is not None and facts.token.expires_at is not None:
            return self.confirmed(facts, f"{words}, and the token is good for a time only")
        return self.ruled_out(facts, f"{words}; nothing in this request depends on it")

    def _stamp(self, facts: RefusalFacts) -> float | None:
        if facts.signing is None:
            return None
        text = dict((*facts.query, *facts.form)).get(facts.signing[1], "")
        return float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


class WrongEnvironment(Check):
    """The token belongs to another environment."""

    id = "other_environment"
    title = "It is a token of another environment"
    statuses = AUTH_STATUSES
    weight = 95
    fix = "Type the token of this environment, or go to the other."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None:
            return None
        who = f"{token.name} ({token.fingerprint})"
        if token.environment:
            return self.confirmed(facts, f"the token sent is {who}")
        return self.ruled_out(facts, f"the token sent is {who}")


class WrongCredentialKind(Check):
    """It is no access token at all."""

    id = "other_credential"
    title = "It is another credential, not a token"
    statuses = AUTH_STATUSES
    weight = 94
    fix = "Type the access token, or log in (I)."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None or token.role == "token":
            return None
        word = "a refresh token" if token.role == "refresh" else "another credential"
        return self.confirmed(facts, f"what was sent is {token.name}, {word}")


class ExpiredToken(Check):
    """The token's time is over, or has not begun."""

    id = "expired"
    title = "The token has expired"
    statuses = AUTH_STATUSES
    weight = 95
    fix = "Get a new one."
    key: ClassVar[Fix] = "login"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None:
            return None
        at = facts.exchange.started_at
        if token.begins_at is not None and at < token.begins_at:
            return self.confirmed(facts, f"it is good only from {format_age(token.begins_at - at)} later on")
        if token.expires_at is None and facts.status not in AUTH_STATUSES:
            return None
        if token.expires_at is None:
            return self.unknown(facts, "it does not tell how long it is good", key="")
        if at >= token.expires_at:
            return self.confirmed(facts, f"its time was over {format_age(at - token.expires_at)} before it was sent")
        return self.ruled_out(facts, f"it was good for another {format_age(token.expires_at - at)}")


class ReplacedToken(Check):
    """A rotating token was used before, and another request brought its successor."""

    id = "used_up"
    title = "Another request rotated the token away"
    statuses = AUTH_STATUSES
    weight = 94
    fix = "Send it again: the newest token is taken."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        token = facts.token
        if token is None or token.grace is None:
            return None
        came = f"; its successor came with {token.successor}" if token.successor else ""
        if token.used_at is None:
            return self.ruled_out(facts, "it had not been used before")
        late = facts.exchange.started_at - token.used_at
        if late > token.grace:
            return self.confirmed(
                facts, f"it was first used {format_age(late)} before, and its grace is {token.grace:g} s{came}"
            )
        if late <= 0.001:
            return self.ruled_out(facts, "this was its first use")
        return self.ruled_out(
            facts, f"it was first used {format_age(late)} before, within its grace of {token.grace:g} s"
        )


class LoggedOutToken(Check):
    """The token was signed out here."""

    id = "signed_out"
    title = "The token was signed out"
    statuses = AUTH_STATUSES
    weight = 95
    fix = "Log in again."
    key: ClassVar[Fix] = "login"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.token is None or not facts.token.signed_out:
            return None
        return self.confirmed(facts, f"the token {facts.token.fingerprint} was signed out in this session")


class UnknownToken(Check):
    """The vendor may not know it, or may have revoked it."""

    id = "unknown_token"
    title = "The vendor does not know the token (any more)"
    statuses = AUTH_STATUSES
    weight = 40
    fix = "Type another token, or log in (I)."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.wanted is None or facts.exchange.failure is not None:
            return None
        if facts.status not in AUTH_STATUSES:
            return self.ruled_out(facts, f"the vendor speaks of {facts.status}, not of who calls")
        whose = f"it is {facts.token.name} ({facts.token.fingerprint})" if facts.token else "it is none of this session"
        return self.unknown(facts, f"{whose}; only the vendor knows whether it was revoked or ever given out")


class InvalidSignature(Check):
    """The signature does not fit what was sent."""

    id = "signature"
    title = "The signature does not fit the request"
    statuses = AUTH_STATUSES
    weight = 92
    fix = "Open the signature debugger."
    key: ClassVar[Fix] = "signature"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.signing is None:
            return None
        found = facts.signature
        if found is None:
            return self.unknown(facts, "a part of the request is masked, so its signature cannot be made again")
        causes = [cause for cause in found.causes if cause.mistake.id != "clock"]
        if found.our_signature and found.our_signature == found.their_signature and not causes:
            return self.ruled_out(facts, "made again from what was sent, it is the same")
        words = "; and ".join(cause.text for cause in causes) or "no known mistake explains it"
        return self.confirmed(facts, f"{words}{_readings_text(facts)}")


class UnknownKey(Check):
    """The vendor may not know the key, or its secret may be another."""

    id = "unknown_key"
    title = "The vendor knows another secret for this key, or no such key"
    statuses = AUTH_STATUSES
    weight = 40
    fix = "Type id and secret of a key that is there."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        if facts.signing is None:
            return None
        if facts.status not in AUTH_STATUSES:
            return self.ruled_out(facts, f"the vendor speaks of {facts.status}, not of who calls")
        name = facts.signing[0]
        key_id = dict((*facts.query, *facts.form)).get(name, "")
        return self.unknown(facts, f"{name}={key_id}: only the vendor knows which secret belongs to it")


class MissingRole(Check):
    """The account may not do this."""

    id = "role"
    title = "The account lacks a role or a right"
    statuses = frozenset((403,))
    weight = 90
    fix = "Use an account that has it."
    key: ClassVar[Fix] = "credentials"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        needs = [need for need in facts.endpoint.needs if self._asked(facts, need)]
        told = "; ".join(f"{need.text}{self._cited(facts, need)}" for need in needs)
        if facts.status != 403:
            return self.ruled_out(facts, f"the vendor speaks of {facts.status}, not of 403") if needs else None
        if needs:
            return self.confirmed(facts, f"the vendor says 403, and {told}")
        return self.unknown(facts, "the vendor says 403; no right is documented for this call")

    def _asked(self, facts: RefusalFacts, need: Requirement) -> bool:
        return not need.params or any(entry.name in need.params for entry in facts.exchange.call.entries)

    def _cited(self, facts: RefusalFacts, need: Requirement) -> str:
        cited = facts.vendor.cite(need.lines)
        return f" [{cited}]" if cited else ""


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
