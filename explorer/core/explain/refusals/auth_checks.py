"""Checks on who calls: credentials, tokens, clocks, signatures, roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final

from explorer.core.explain.refusals.facts import Check, Facts, Finding, Mend
from explorer.core.text.units import format_age

if TYPE_CHECKING:
    from explorer.core.catalog.model import Need

WHO: Final = frozenset((400, 401, 403))


class LoginRefused(Check):
    """The call that asks for a token was refused."""

    id = "login_refused"
    title = "The vendor gave no token for the credentials"
    statuses = WHO
    weight = 98
    mend = "Type the credentials of this environment."
    key: ClassVar[Mend] = "credentials"

    def look(self, facts: Facts) -> Finding | None:
        failure = facts.exchange.failure
        if failure is not None and failure.kind == "CredentialRefused":
            return self.holds(facts, failure.message)
        for hop in facts.exchange.hops:
            if hop.purpose == "auth" and hop.response is not None:
                answer = f"the token call answered {hop.response.status}"
                return self.holds(facts, answer) if hop.response.status >= 400 else self.holds_not(facts, answer)
        return None


class GivenCredentials(Check):
    """A call that signs in carries credentials of its own."""

    id = "given_credentials"
    title = "The credentials in the call are not good"
    statuses = WHO
    weight = 40
    mend = "Type them again, those of this environment."
    key: ClassVar[Mend] = "field"

    def look(self, facts: Facts) -> Finding | None:
        if facts.endpoint.effect != "session" or facts.wanted is not None or facts.status not in WHO:
            return None
        names = [entry.name for entry in facts.exchange.call.entries if entry.value]
        if not names:
            return None
        told = f"{', '.join(names)} were sent; only the vendor knows whether they are good"
        return replace(self.unknown(facts, told), where=names[0])


class NoCredentials(Check):
    """Nothing in the request says who calls."""

    id = "no_credentials"
    title = "The request says nothing of who calls"
    statuses = WHO
    weight = 96
    mend = "Type the credentials, or log in (I)."
    key: ClassVar[Mend] = "credentials"

    def look(self, facts: Facts) -> Finding | None:
        if facts.exchange.failure is not None or (facts.wanted is None and facts.signing is None):
            return None
        missing = f"; not there: {', '.join(facts.missing)}" if facts.missing else ""
        if facts.signing is not None:
            absent = [name for name in facts.signing if not dict((*facts.query, *facts.form)).get(name)]
            if absent:
                return self.holds(facts, f"it has no {', '.join(absent)}{missing}")
            return self.holds_not(facts, f"{', '.join(facts.signing)} were sent")
        wanted = facts.wanted
        if wanted is None:
            return None
        if wanted.where == "header":
            value = facts.headers.get(wanted.name.lower())
            if value is None and _stray(facts) is None:
                return self.holds(facts, f"it has no header {wanted.name}{missing}")
            return self.holds_not(facts, f"{wanted.name} was sent" if value is not None else "it has a token elsewhere")
        if any(name == wanted.name and value for name, value in (*facts.query, *facts.form)):
            return self.holds_not(facts, f"{wanted.name} was sent")
        return self.holds(facts, f"it has no {wanted.name}{missing}")


def _stray(facts: Facts) -> str | None:
    """A header that is called like the word before the token."""
    word = facts.wanted.prefix.strip().lower() if facts.wanted is not None else ""
    return word if word and word in facts.headers else None


class TokenDress(Check):
    """The token stands in another place, under another name, or behind another word than the scheme has it."""

    id = "token_place"
    title = "The token is not where the vendor looks for it"
    statuses = WHO
    weight = 94
    mend = "Choose the reading that the vendor follows."
    key: ClassVar[Mend] = "readings"

    def look(self, facts: Facts) -> Finding | None:
        wanted = facts.wanted
        if wanted is None or facts.exchange.failure is not None:
            return None
        if wanted.where == "header":
            return self._header(facts)
        places = {"query": facts.query, "form": facts.form}
        count = {place: sum(name == wanted.name for name, _ in pairs) for place, pairs in places.items()}
        other = "form" if wanted.where == "query" else "query"
        if sum(count.values()) > 1:
            return self.holds(
                facts, f"{wanted.name} stands {sum(count.values())} times", key="field", where=wanted.name
            )
        if count[other] and not count[wanted.where]:
            return self.holds(
                facts, f"{wanted.name} is in the {other}; it belongs in the {wanted.where}{_under(facts)}"
            )
        return self.holds_not(facts, f"it is in the {wanted.where}") if count[wanted.where] else None

    def _header(self, facts: Facts) -> Finding | None:
        wanted = facts.wanted
        if wanted is None:
            return None
        value = facts.headers.get(wanted.name.lower())
        if value is None:
            stray = _stray(facts)
            if stray is None:
                return None
            return self.holds(facts, f"the header is called {stray}, not {wanted.name}{_under(facts)}")
        if not value.lower().startswith(wanted.prefix.lower()):
            expected = f"{wanted.name}: {wanted.prefix}…"
            return self.holds(facts, f"it does not begin as in {expected}{_under(facts)}", key="headers")
        return self.holds_not(facts, f"{wanted.name}: {wanted.prefix}… was sent")


def _under(facts: Facts) -> str:
    chosen = facts.exchange.call.readings
    return f" (sent under {', '.join(f'{key}={choice}' for key, choice in chosen.items())})" if chosen else ""


class Clock(Check):
    """Your clock is another than the vendor's."""

    id = "clock"
    title = "Your clock and the vendor's differ"
    statuses = WHO
    weight = 93
    mend = "Set your clock by a time server (NTP), then send it again."
    key: ClassVar[Mend] = "again"

    def look(self, facts: Facts) -> Finding | None:
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
                return self.holds(facts, f"{words}; {facts.tolerance:g} s are taken for allowed")
            return self.holds_not(facts, f"{words}, within {facts.tolerance:g} s")
        off = facts.own_clock - theirs
        words = f"your clock is {format_age(off)} {'ahead of' if off > 0 else 'behind'} the vendor's Date"
        if abs(off) > facts.tolerance and facts.token is not None and facts.token.expires_at is not None:
            return self.holds(facts, f"{words}, and the token is good for a time only")
        return self.holds_not(facts, f"{words}; nothing in this request depends on it")

    def _stamp(self, facts: Facts) -> float | None:
        if facts.signing is None:
            return None
        text = dict((*facts.query, *facts.form)).get(facts.signing[1], "")
        return float(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


class OtherEnvironment(Check):
    """The token belongs to another environment."""

    id = "other_environment"
    title = "It is a token of another environment"
    statuses = WHO
    weight = 95
    mend = "Type the token of this environment, or go to the other."
    key: ClassVar[Mend] = "credentials"

    def look(self, facts: Facts) -> Finding | None:
        token = facts.token
        if token is None:
            return None
        who = f"{token.name} ({token.fingerprint})"
        if token.environment:
            return self.holds(facts, f"the token sent is {who}")
        return self.holds_not(facts, f"the token sent is {who}")


class OtherCredential(Check):
    """It is no access token at all."""

    id = "other_credential"
    title = "It is another credential, not a token"
    statuses = WHO
    weight = 94
    mend = "Type the access token, or log in (I)."
    key: ClassVar[Mend] = "credentials"

    def look(self, facts: Facts) -> Finding | None:
        token = facts.token
        if token is None or token.role == "token":
            return None
        word = "a refresh token" if token.role == "refresh" else "another credential"
        return self.holds(facts, f"what was sent is {token.name}, {word}")


class Expired(Check):
    """The token's time is over, or has not begun."""

    id = "expired"
    title = "The token has expired"
    statuses = WHO
    weight = 95
    mend = "Get a new one."
    key: ClassVar[Mend] = "login"

    def look(self, facts: Facts) -> Finding | None:
        token = facts.token
        if token is None:
            return None
        at = facts.exchange.started_at
        if token.begins_at is not None and at < token.begins_at:
            return self.holds(facts, f"it is good only from {format_age(token.begins_at - at)} later on")
        if token.expires_at is None and facts.status not in WHO:
            return None
        if token.expires_at is None:
            return self.unknown(facts, "it does not tell how long it is good", key="")
        if at >= token.expires_at:
            return self.holds(facts, f"its time was over {format_age(at - token.expires_at)} before it was sent")
        return self.holds_not(facts, f"it was good for another {format_age(token.expires_at - at)}")


class UsedUp(Check):
    """A rotating token was used before, and another request brought its successor."""

    id = "used_up"
    title = "Another request rotated the token away"
    statuses = WHO
    weight = 94
    mend = "Send it again: the newest token is taken."
    key: ClassVar[Mend] = "again"

    def look(self, facts: Facts) -> Finding | None:
        token = facts.token
        if token is None or token.grace is None:
            return None
        came = f"; its successor came with {token.successor}" if token.successor else ""
        if token.used_at is None:
            return self.holds_not(facts, "it had not been used before")
        late = facts.exchange.started_at - token.used_at
        if late > token.grace:
            return self.holds(
                facts, f"it was first used {format_age(late)} before, and its grace is {token.grace:g} s{came}"
            )
        if late <= 0.001:
            return self.holds_not(facts, "this was its first use")
        return self.holds_not(
            facts, f"it was first used {format_age(late)} before, within its grace of {token.grace:g} s"
        )


class SignedOut(Check):
    """The token was signed out here."""

    id = "signed_out"
    title = "The token was signed out"
    statuses = WHO
    weight = 95
    mend = "Log in again."
    key: ClassVar[Mend] = "login"

    def look(self, facts: Facts) -> Finding | None:
        if facts.token is None or not facts.token.signed_out:
            return None
        return self.holds(facts, f"the token {facts.token.fingerprint} was signed out in this session")


class UnknownToken(Check):
    """The vendor may not know it, or may have revoked it."""

    id = "unknown_token"
    title = "The vendor does not know the token (any more)"
    statuses = WHO
    weight = 40
    mend = "Type another token, or log in (I)."
    key: ClassVar[Mend] = "credentials"

    def look(self, facts: Facts) -> Finding | None:
        if facts.wanted is None or facts.exchange.failure is not None:
            return None
        if facts.status not in WHO:
            return self.holds_not(facts, f"the vendor speaks of {facts.status}, not of who calls")
        whose = f"it is {facts.token.name} ({facts.token.fingerprint})" if facts.token else "it is none of this session"
        return self.unknown(facts, f"{whose}; only the vendor knows whether it was revoked or ever given out")


class Signature(Check):
    """The signature does not fit what was sent."""

    id = "signature"
    title = "The signature does not fit the request"
    statuses = WHO
    weight = 92
    mend = "Open the signature debugger."
    key: ClassVar[Mend] = "signature"

    def look(self, facts: Facts) -> Finding | None:
        if facts.signing is None:
            return None
        found = facts.signature
        if found is None:
            return self.unknown(facts, "a part of the request is masked, so its signature cannot be made again")
        causes = [cause for cause in found.causes if cause.mistake.id != "clock"]
        if found.our_signature and found.our_signature == found.their_signature and not causes:
            return self.holds_not(facts, "made again from what was sent, it is the same")
        words = "; and ".join(cause.text for cause in causes) or "no known mistake explains it"
        return self.holds(facts, f"{words}{_under(facts)}")


class UnknownKey(Check):
    """The vendor may not know the key, or its secret may be another."""

    id = "unknown_key"
    title = "The vendor knows another secret for this key, or no such key"
    statuses = WHO
    weight = 40
    mend = "Type id and secret of a key that is there."
    key: ClassVar[Mend] = "credentials"

    def look(self, facts: Facts) -> Finding | None:
        if facts.signing is None:
            return None
        if facts.status not in WHO:
            return self.holds_not(facts, f"the vendor speaks of {facts.status}, not of who calls")
        name = facts.signing[0]
        key_id = dict((*facts.query, *facts.form)).get(name, "")
        return self.unknown(facts, f"{name}={key_id}: only the vendor knows which secret belongs to it")


class Role(Check):
    """The account may not do this."""

    id = "role"
    title = "The account lacks a role or a right"
    statuses = frozenset((403,))
    weight = 90
    mend = "Use an account that has it."
    key: ClassVar[Mend] = "credentials"

    def look(self, facts: Facts) -> Finding | None:
        needs = [need for need in facts.endpoint.needs if self._asked(facts, need)]
        told = "; ".join(f"{need.text}{self._cited(facts, need)}" for need in needs)
        if facts.status != 403:
            return self.holds_not(facts, f"the vendor speaks of {facts.status}, not of 403") if needs else None
        if needs:
            return self.holds(facts, f"the vendor says 403, and {told}")
        return self.unknown(facts, "the vendor says 403; no right is documented for this call")

    def _asked(self, facts: Facts, need: Need) -> bool:
        return not need.params or any(entry.name in need.params for entry in facts.exchange.call.entries)

    def _cited(self, facts: Facts, need: Need) -> str:
        cited = facts.vendor.cite(need.lines)
        return f" [{cited}]" if cited else ""


AUTH_CHECKS: Final[tuple[Check, ...]] = (
    LoginRefused(),
    GivenCredentials(),
    NoCredentials(),
    TokenDress(),
    Clock(),
    OtherEnvironment(),
    OtherCredential(),
    Expired(),
    UsedUp(),
    SignedOut(),
    Signature(),
    UnknownToken(),
    UnknownKey(),
    Role(),
)
