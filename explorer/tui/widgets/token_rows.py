"""A token's life in words: how it stands, where it came from, which requests carried it, what it says of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.secret import MASK
from explorer.core.text.units import format_countdown, format_local
from explorer.tui.widgets.lines_view import Row, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.auth.claims import Claims
    from explorer.core.auth.lifeline import TokenRecord, TokenState, TokenUse
    from explorer.session.token_lines import TokenOverview

SIGNS: Final[dict[TokenState, str]] = {
    "unused": "●",
    "good": "●",
    "grace": "◐",
    "spent": "○",
    "expired": "✗",
    "refused": "✗",
    "ended": "✗",
    "past": "·",
}
COLORS: Final[dict[TokenState, str]] = {
    "unused": "$text-success",
    "good": "$text-success",
    "grace": "$text-warning",
    "expired": "$text-error",
    "refused": "$text-error",
}
_WORDS: Final[dict[TokenState, str]] = {
    "unused": "not used yet",
    "good": "good",
    "grace": "used, in its grace time",
    "spent": "used up",
    "expired": "expired",
    "refused": "refused by the vendor",
    "ended": "signed out or forgotten",
    "past": "known from the history",
}
_TIMES: Final = ("exp", "nbf", "iat", "auth_time", "updated_at")
_COLUMN: Final = 12
_MAX_USES: Final = 60


def relative_time(at: float, now: float) -> str:
    """``12 s ago`` or ``in 59:48 min``."""
    return f"{format_countdown(now - at)} ago" if at <= now else f"in {format_countdown(at - now)}"


def format_moment(at: float, now: float) -> str:
    """A time as the clock on the wall has it, and how far it is."""
    try:
        local = format_local(at)
    except (OverflowError, ValueError, OSError):
        return f"{at:g}"
    return f"{local} ({relative_time(at, now)})"


def state_text(life: TokenRecord, now: float) -> str:
    """How a token stands: ``used, in its grace time, 3.2 s left``."""
    state, left = life.state(now)
    under_way = sum(use.in_flight for use in life.uses)
    text = _WORDS[state] + (f", {format_countdown(left)} left" if left is not None else "")
    return text + (f" · {under_way} under way" if under_way else "")


def use_text(life: TokenRecord, use: TokenUse) -> str:
    """What a use was: the first, or how long after it, beside which others, and what came of it."""
    first = life.first_use or use.at
    parts = [use.endpoint]
    if life.grace is not None:
        if use.at <= first:
            parts.append("first use, its grace time runs from here" if len(life.uses) > 1 else "first use")
        else:
            late = use.at - first
            parts.append(f"{late:.2f} s later, {'in' if late < life.grace else 'after'} its grace time")
    others = [f"#{one.by}" if one.by else one.endpoint for one in life.beside(use)]
    if others:
        parts.append(f"at the same time as {', '.join(others[:4])}{' …' if len(others) > 4 else ''}")
    parts.append("under way" if use.in_flight else f"answered {use.status}" if use.status else "no answer")
    return sanitize_line(" · ".join(parts))


def token_record_rows(board: TokenOverview, life: TokenRecord, now: float) -> Iterator[Row]:
    """Everything there is to say of one token."""
    yield _row("Token", ("strong", MASK), ("text", f"  {life.fingerprint}"), ("dim", f"  {life.kind}"))
    kind = "good" if life.state(now)[0] in ("unused", "good") else "warn"
    current = "  · the next call takes it" if life.fingerprint in board.current else ""
    yield _row("State", (kind, state_text(life, now)), ("text", current))
    if life.minted_at is not None:
        by = f"  by #{life.minted_by}" if life.minted_by else ""
        yield _row("Minted", ("text", format_moment(life.minted_at, now)), ("strong", by))
    if life.origin:
        yield _row("From", ("text", sanitize_line(life.origin)))
    if life.expires_at is not None:
        yield _row("Expires", ("text", format_moment(life.expires_at, now)))
    if life.scope:
        yield _row("Scopes", ("text", sanitize_line(life.scope)))
    if life.grace is not None:
        yield _row("Grace", ("text", f"good for {life.grace:g} s from its first use"))
    if life.refused_at is not None:
        yield _row("Refused", ("bad", format_moment(life.refused_at, now)))
    if life.ended_at is not None:
        yield _row("Ended", ("text", format_moment(life.ended_at, now)))
    yield from _chain(board, life, now)
    yield from _uses(life, now)
    yield from _claims(board.claims.get(life.fingerprint), now)


def _chain(board: TokenOverview, life: TokenRecord, now: float) -> Iterator[Row]:
    if life.replaces:
        yield _row("Replaces", ("text", life.replaces))
    known = {one.fingerprint: one for one in board.token_records}
    for number, fingerprint in enumerate(life.replaced_by):
        after = known.get(fingerprint)
        by = f"  by the answer to #{after.minted_by}" if after is not None and after.minted_by else ""
        state = f"  {state_text(after, now)}" if after is not None else ""
        yield _row("Replaced by" if not number else "", ("text", fingerprint), ("strong", by), ("dim", state))
    if len(life.replaced_by) > 1:
        said = "requests under way together each brought a token; the latest is next"
        yield _row("", ("dim", said))


def _uses(life: TokenRecord, now: float) -> Iterator[Row]:
    if not life.uses:
        yield _row("Used by", ("dim", "no request yet"))
    for number, use in enumerate(reversed(life.uses[-_MAX_USES:])):
        who = f"#{use.by} " if use.by else ""
        when = f"  {relative_time(use.at, now)}"
        yield _row("" if number else "Used by", ("strong", who), ("text", use_text(life, use)), ("dim", when))
    if len(life.uses) > _MAX_USES:
        yield _row("", ("dim", f"… and {len(life.uses) - _MAX_USES} before"))


def _claims(claims: Claims | None, now: float) -> Iterator[Row]:
    if claims is None:
        yield _row("Claims", ("dim", "none: no JSON Web Token, or not at hand"))
        return
    yield Row()
    yield _row("Claims", ("dim", "read, not verified: only the vendor can do that"))
    for place, table in (("header", claims.header), ("", claims.claims)):
        for name, value in table.items():
            yield _row(place, ("name", f"{sanitize_line(str(name))}: "), ("text", _value(name, value, now)))


def _value(name: str, value: Any, now: float) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = sanitize_line(text if len(text) <= 400 else f"{text[:400]}…")
    if name in _TIMES and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{text}  {format_moment(float(value), now)}"
    return text


def _row(title: str, *spans: Span) -> Row:
    kept = tuple(span for span in spans if span[1])
    return Row(spans=kept, gutter=(("dim", f"{title:<{_COLUMN}} "),))
