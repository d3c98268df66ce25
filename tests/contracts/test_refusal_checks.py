"""What every registered check on a refusal keeps: it has an id, a title and a fix that the app can go to; there is a
world in which it is the reason, and one in which it is ruled out. A check is one object and one registration.

The worlds are values; that the same checks come to what the sandbox really checked is the matter of
``tests/session/test_refusals.py``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, ClassVar, Final, get_args

import msgspec
import pytest

from explorer.cli.explain_commands import refusal_lines, refusal_table
from explorer.core.auth.options import TokenPlacement
from explorer.core.catalog.model import Requirement
from explorer.core.explain.refusals import CheckResult, EarlierExchange, RefusalFacts, TokenFact, explain_refusal
from explorer.core.explain.refusals.facts import Check, Fix
from explorer.core.explain.refusals.reasons import CHECKS
from explorer.core.explain.signature.diagnosis import Diagnosis
from explorer.core.model import (
    Call,
    Entry,
    Exchange,
    Hop,
    ReceivedResponse,
    RejectedField,
    SentRequest,
    Timings,
    Verdict,
)
from explorer.errors import Problem
from explorer.tui.actions import FIXES
from explorer.tui.screens.refusal import RefusalScreen
from tests.conftest import ROOT
from tests.core.shop import vendor
from tests.tui.driving import driven
from tests.tui.test_refusal_screen import refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.session.context import SessionContext

NOW: Final = 1_800_000_000.0
BASE: Final = "https://shop.example/base"
ACCEPT: Final = ("Accept", "application/x.shop.v2+json")
JSON: Final = ("Content-Type", "application/json")
TOKEN_HEADER: Final = TokenPlacement("header", "X-Shop-Token")
SIGNING: Final = ("id", "ts", "sig")
SIGNED: Final = f"?id=me&ts={NOW:.0f}&sig=abc"
TOKEN: Final = TokenFact("6f1e", "the token of live")
checks = pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))


def world(status: int = 400, *, endpoint: str = "search", url: str = "/goods", **more: Any) -> RefusalFacts:
    """A refused call of the shop, right in all but what *more* says."""
    shop = vendor()
    form = msgspec.structs.replace(shop.endpoints[endpoint], **more.pop("catalog", {}))
    call = Call(vendor="shop", endpoint=endpoint, environment="live", **more.pop("call", {}))
    date = ("Date", formatdate(more.pop("vendor_clock", NOW), usegmt=True))
    response = ReceivedResponse(status=status, headers=(date, *more.pop("answer", ())))
    exchange = Exchange(
        call=call,
        started_at=NOW,
        request=SentRequest(
            method=more.pop("method", form.method),
            url=url if "://" in url else BASE + url,
            headers=more.pop("headers", (ACCEPT,)),
            body=more.pop("body", b""),
        ),
        response=response,
        verdict=Verdict(outcome="FAILED", http_status=status, **more.pop("verdict", {})),
        timings=Timings(total=0.1),
        hops=more.pop("hops", ()),
    )
    place = more.pop("environment", shop.environments["live"])
    return RefusalFacts(exchange=exchange, vendor=shop, endpoint=form, environment=place, base_url=BASE, **more)


def entries(**values: str) -> dict[str, Any]:
    return {"entries": tuple(Entry(name=name, value=value) for name, value in values.items())}


def auth_hop(status: int) -> dict[str, Any]:
    request = SentRequest(method="POST", url=f"{BASE}/token")
    return {"hops": (Hop(purpose="auth", request=request, response=ReceivedResponse(status=status)),)}


def token(**more: Any) -> dict[str, Any]:
    return {"token": replace(TOKEN, **more), "wanted": TOKEN_HEADER}


def signature(theirs: str) -> dict[str, Any]:
    return {"signing": SIGNING, "signature": Diagnosis("signature", our_signature="aa", their_signature=theirs)}


PAGED: Final[dict[str, Any]] = {"catalog": {"pagination": "pages"}}
SESSION: Final[dict[str, Any]] = {"catalog": {"stated_effect": "session"}}
ADMIN: Final[dict[str, Any]] = {"catalog": {"needs": (Requirement(text="the admin role"),)}}
FORGETS: Final[dict[str, Any]] = {
    "environment": msgspec.structs.replace(vendor().environments["test"], forgets_after_hours=24.0)
}
SEEN: Final = EarlierExchange("ids", "7", NOW - 3 * 86_400, 12, good=True)
WORLDS: Final[dict[str, tuple[RefusalFacts, RefusalFacts]]] = {
    "login_refused": (world(401, **auth_hop(401)), world(401, **auth_hop(200))),
    "given_credentials": (world(401, call=entries(q="x"), **SESSION), world(404, call=entries(q="x"), **SESSION)),
    "no_credentials": (
        world(401, wanted=TOKEN_HEADER),
        world(401, wanted=TOKEN_HEADER, headers=(ACCEPT, ("X-Shop-Token", "t"))),
    ),
    "token_place": (
        world(401, wanted=TokenPlacement("query", "token"), url="/goods?token=a&token=b"),
        world(401, wanted=TokenPlacement("query", "token"), url="/goods?token=a"),
    ),
    "clock": (
        world(401, signing=SIGNING, url=f"/goods{SIGNED}", vendor_clock=NOW + 3600),
        world(401, signing=SIGNING, url=f"/goods{SIGNED}"),
    ),
    "other_environment": (world(401, **token(environment="test")), world(401, **token())),
    "other_credential": (world(401, **token(role="refresh")), world(401, **token())),
    "expired": (world(401, **token(expires_at=NOW - 60)), world(401, **token(expires_at=NOW + 60))),
    "used_up": (
        world(401, **token(grace=5.0, used_at=NOW - 60)),
        world(401, **token(grace=5.0, used_at=NOW - 2)),
    ),
    "signed_out": (world(401, **token(signed_out=True)), world(401, **token())),
    "signature": (world(401, **signature("bb")), world(401, **signature("aa"))),
    "unknown_token": (world(401, **token()), world(404, **token())),
    "unknown_key": (world(401, signing=SIGNING), world(404, signing=SIGNING)),
    "role": (world(403, **ADMIN), world(404, **ADMIN)),
    "server": (world(503), world(404)),
    "too_many": (world(429), world(404)),
    "host": (world(404, url="https://other.example/base/goods"), world(404)),
    "accept": (world(406, headers=(("Accept", "*/*"),)), world(406)),
    "encoding": (
        world(415, endpoint="buy", body=b"a=b", headers=(("Content-Type", "text/plain"),)),
        world(415, endpoint="buy", body=b"{}", headers=(JSON,)),
    ),
    "method": (world(405, method="POST"), world(404)),
    "page_url": (world(404, url="/other?page=2", **PAGED), world(404, url="/goods?page=2", **PAGED)),
    "misspelt": (world(400, call=entries(quer="x")), world(400, call=entries(q="x"))),
    "required": (world(422, problems=(Problem("q", "is required"),)), world(422)),
    "complaint": (
        world(422, verdict={"fields": (RejectedField(name="q", message="is bad"),)}),
        world(422),
    ),
    "value": (world(422, problems=(Problem("q", "is not an integer"),)), world(422)),
    "wiped": (
        world(404, endpoint="fetch", call=entries(ids="7"), seen=(SEEN,), **FORGETS),
        world(404, endpoint="fetch", call=entries(ids="7"), seen=(SEEN,)),
    ),
    "unknown_id": (
        world(404, endpoint="fetch", call=entries(ids="7")),
        world(403, endpoint="fetch", call=entries(ids="7")),
    ),
    "unknown_reference": (
        world(422, endpoint="fetch", call=entries(ids="7")),
        world(404, endpoint="fetch", call=entries(ids="7")),
    ),
    "address": (world(404), world(404, endpoint="fetch", call=entries(ids="7"))),
}
"""A world in which each check is the reason (or the guess, where only the vendor knows), and one in which it is not."""


class Toy(Check):
    """The moon was full."""

    id = "moon"
    title = "The moon was full"
    statuses = frozenset((404,))
    weight = 99
    fix = "Wait for a fortnight."
    key: ClassVar[Fix] = "again"

    def evaluate(self, facts: RefusalFacts) -> CheckResult | None:
        return self.confirmed(facts, "it was the 14th") if facts.status == 404 else self.ruled_out(facts, "no moon")


@pytest.fixture
def toy() -> Iterator[Check]:
    with CHECKS.added(Toy.id, Toy()) as check:
        yield check


@checks
def test_a_check_says_what_it_is_and_what_to_do(check: Check) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", check.id)
    assert check.title[0].isupper()
    assert check.statuses
    assert 0 < check.weight < 100
    assert check.fix.endswith(".")
    assert check.key in FIXES
    assert f"| `{check.id}` | {check.title} |" in (ROOT / "docs" / "DEBUGGING.md").read_text("utf-8")


def test_every_fix_of_the_table_leads_somewhere() -> None:
    assert set(get_args(Fix)) == {"", *FIXES}


@checks
def test_there_is_a_world_in_which_it_is_the_reason(check: Check) -> None:
    facts = WORLDS[check.id][0]
    finding = check.evaluate(facts)
    assert finding is not None
    assert finding.state in ("holds", "unknown")
    assert finding.fits, f"{check.id} does not explain {facts.status}"
    assert finding.evidence
    assert finding.fix
    assert (finding.check, finding.title) == (check.id, check.title)
    explanation = explain_refusal(facts)
    assert finding in explanation.findings
    assert any(check.title in line for line in refusal_lines(explanation))
    assert check.id in [row["check"] for row in refusal_table(explanation)["findings"]]


@checks
def test_there_is_a_world_in_which_it_is_ruled_out(check: Check) -> None:
    finding = check.evaluate(WORLDS[check.id][1])
    assert finding is None or finding.state == "not"
    if finding is not None:
        assert finding.evidence
        assert not finding.fix


def test_what_is_confirmed_stands_first() -> None:
    for facts, _ in WORLDS.values():
        states = [finding.state for finding in explain_refusal(facts).findings]
        assert states == sorted(states, key=["holds", "unknown", "not"].index)


async def test_a_check_that_is_registered_is_asked_everywhere(toy: Check, session: SessionContext) -> None:
    explanation = explain_refusal(WORLDS["address"][0])
    assert explanation.top is not None
    assert (explanation.top.check, explanation.top.fix) == (toy.id, toy.fix)
    async with driven(session, (120, 40)) as app:
        screen = await refused(app, id="999999")
        assert isinstance(screen, RefusalScreen)
        await app.see("The moon was full · confirmed")
        assert toy.fix in app.text
    with pytest.raises(ValueError, match="moon"), CHECKS.added(toy.id, toy):
        pass
