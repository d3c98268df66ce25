"""The order of tokens: what no late answer may turn back, and what is kept for the vault."""

from __future__ import annotations

import pytest

from explorer.core.auth.token_history import TokenRecord, TokenUse
from explorer.core.auth.tokens import Token, TokenStore
from explorer.core.text.secret import Secret
from tests.properties import given, st


def rotating(text: str, minted: float = 0.0) -> Token:
    return Token(Secret(text), minted, "test", grace=5.0)


def current(store: TokenStore, now: float) -> str | None:
    token = store.current(now)
    return token.value.reveal() if token else None


def test_a_used_token_is_good_for_five_seconds_and_no_longer() -> None:
    store = TokenStore()
    first = store.begin(rotating("T0"))
    assert current(store, 1000) == "T0"
    store.mark_used(first, 1000)
    assert current(store, 1004.9) == "T0"
    assert current(store, 1005.0) is None
    store.mark_used(first, 1004)
    assert current(store, 1005.0) is None


def test_the_latest_of_parallel_answers_is_used_and_the_other_kept_in_reserve() -> None:
    store = TokenStore()
    first = store.begin(rotating("T0"))
    store.mark_used(first, 0)
    store.add(rotating("A"), after=first)
    later = store.add(rotating("B"), after=first)
    assert later is not None
    assert current(store, 1) == "B"
    store.mark_used(later, 1)
    assert current(store, 2) == "A"


def test_a_late_answer_to_an_old_token_changes_nothing() -> None:
    store = TokenStore()
    first = store.begin(rotating("T0"))
    second = store.add(rotating("T1"), after=first)
    assert second is not None
    store.add(rotating("T2"), after=second)
    store.add(rotating("late"), after=first)
    store.add(rotating("T0"), after=second)
    assert current(store, 0) == "T2"


def test_a_new_sign_in_is_ahead_of_answers_from_before_it() -> None:
    store = TokenStore()
    old = store.begin(rotating("T0"))
    store.begin(rotating("S0"))
    one = store.add(rotating("T1"), after=old)
    assert one is not None
    store.add(rotating("T2"), after=one)
    assert current(store, 0) == "S0"


def test_signing_out_forgets_and_answers_under_way_bring_nothing_back() -> None:
    store = TokenStore()
    old = store.begin(rotating("T0"))
    store.forget(2000)
    assert store.add(rotating("T1"), after=old) is None
    assert current(store, 0) is None
    assert store.history == ()
    assert store.has_seen(Secret("T0"))
    store.begin(rotating("S0"))
    assert current(store, 0) == "S0"


def test_expiry_and_refusal_end_a_token() -> None:
    store = TokenStore()
    token = store.begin(Token(Secret("E"), 0, "test", expires_at=60))
    store.begin(Token(Secret("R"), 0, "test", kind="refresh"))
    assert current(store, 59.9) == "E"
    assert current(store, 60) is None
    store.refuse(token, 1)
    assert current(store, 1) is None
    refresh = store.current(10**9, "refresh")
    assert refresh is not None
    assert refresh.value.reveal() == "R"


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=25))
def test_the_place_of_the_current_token_never_falls(answers: list[tuple[int, bool]]) -> None:
    store = TokenStore()
    known = [store.begin(rotating("T0"))]
    place = known[0].place
    for number, (parent, fresh) in enumerate(answers):
        token = rotating(f"A{number}")
        kept = store.begin(token) if fresh else store.add(token, after=known[parent % len(known)])
        assert kept is not None
        known.append(kept)
        now = store.current(0)
        assert now is not None
        assert now.place >= place
        place = now.place


@pytest.mark.parametrize(
    ("at", "ended", "overlaps"), [(0, 1, True), (0, 0.5, False), (3, None, True), (3.5, 4, False), (2, 2, True)]
)
def test_requests_that_were_under_way_together_are_beside_one_another(
    at: float, ended: float | None, overlaps: bool
) -> None:
    use = TokenUse(by=1, endpoint="e", at=1, ended=3)
    other = TokenUse(by=2, endpoint="e", at=at, ended=ended)
    life = TokenRecord("f", uses=(use, other))
    assert life.overlapping(use) == ((other,) if overlaps else ())
    assert life.overlapping(other) == ((use,) if overlaps else ())


def test_a_request_that_is_still_under_way_is_beside_those_that_begin_later() -> None:
    uses = (TokenUse(by=1, endpoint="e", at=1), TokenUse(by=2, endpoint="e", at=5))
    life = TokenRecord("f", uses=uses)
    assert life.overlapping(uses[1]) == (uses[0],)
    assert life.overlapping(uses[0]) == (uses[1],)
