"""The history of tokens: source, uses, expiry and replacement of each."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on, work
from textual.containers import Container
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.secret import MASK
from explorer.core.text.units import format_countdown, format_local
from explorer.errors import ExplorerError
from explorer.session.send import send
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.lines_view import LinesView, Row, Span
from explorer.tui.kit.screens import ListScreen
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.auth.token_history import TokenRecord, TokenState, TokenUse
    from explorer.core.auth.tokens import Claims
    from explorer.session.context import SessionContext
    from explorer.session.token_overview import TokenOverview, TokenScope
    from explorer.tui.kit.screens import KeyHint


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
_STATES: Final[dict[TokenState, str]] = {
    "unused": "not used yet",
    "good": "good",
    "grace": "used, in its grace period",
    "spent": "used up",
    "expired": "expired",
    "refused": "refused by the vendor",
    "ended": "signed out or forgotten",
    "past": "from the history",
}
_TIMES: Final = ("exp", "nbf", "iat", "auth_time", "updated_at")
_COLUMN: Final = 12
_MAX_USES: Final = 60


def relative_time(at: float, now: float) -> str:
    """Return a time relative to *now*: ``12 s ago`` or ``in 59:48 min``."""
    return f"{format_countdown(now - at)} ago" if at <= now else f"in {format_countdown(at - now)}"


def format_moment(at: float, now: float) -> str:
    """Return a local time and its distance from *now*."""
    try:
        local = format_local(at)
    except (OverflowError, ValueError, OSError):
        return f"{at:g}"
    return f"{local} ({relative_time(at, now)})"


def state_text(record: TokenRecord, now: float) -> str:
    """Return the state of a token: ``used, in its grace period, 3.2 s left``."""
    state, left = record.state(now)
    in_flight = sum(use.in_flight for use in record.uses)
    text = _STATES[state] + (f", {format_countdown(left)} left" if left is not None else "")
    return text + (f" · {in_flight} in flight" if in_flight else "")


def use_text(record: TokenRecord, use: TokenUse) -> str:
    """Return what is known of a use: its delay after the first, concurrent uses, and the outcome."""
    first = record.first_use or use.at
    parts = [use.endpoint]
    if record.grace is not None:
        if use.at <= first:
            parts.append("first use, starts the grace period" if len(record.uses) > 1 else "first use")
        else:
            late = use.at - first
            parts.append(f"{late:.2f} s later, {'in' if late < record.grace else 'after'} the grace period")
    others = [f"#{other.by}" if other.by else other.endpoint for other in record.overlapping(use)]
    if others:
        parts.append(f"at the same time as {', '.join(others[:4])}{' …' if len(others) > 4 else ''}")
    parts.append("in flight" if use.in_flight else f"response {use.status}" if use.status else "no response")
    return sanitize_line(" · ".join(parts))


def token_record_rows(overview: TokenOverview, record: TokenRecord, now: float) -> Iterator[Row]:
    """Yield the details of a token."""
    yield _row("Token", ("strong", MASK), ("text", f"  {record.fingerprint}"), ("dim", f"  {record.kind}"))
    kind = "good" if record.state(now)[0] in ("unused", "good") else "warn"
    current = "  · used by the next call" if record.fingerprint in overview.current else ""
    yield _row("State", (kind, state_text(record, now)), ("text", current))
    if record.minted_at is not None:
        by = f"  by #{record.minted_by}" if record.minted_by else ""
        yield _row("Issued", ("text", format_moment(record.minted_at, now)), ("strong", by))
    if record.origin:
        yield _row("From", ("text", sanitize_line(record.origin)))
    if record.expires_at is not None:
        yield _row("Expires", ("text", format_moment(record.expires_at, now)))
    if record.scope:
        yield _row("Scopes", ("text", sanitize_line(record.scope)))
    if record.grace is not None:
        yield _row("Grace", ("text", f"valid for {record.grace:g} s after its first use"))
    if record.refused_at is not None:
        yield _row("Refused", ("bad", format_moment(record.refused_at, now)))
    if record.ended_at is not None:
        yield _row("Ended", ("text", format_moment(record.ended_at, now)))
    yield from _chain(overview, record, now)
    yield from _uses(record, now)
    yield from _claims(overview.claims.get(record.fingerprint), now)


def _chain(overview: TokenOverview, record: TokenRecord, now: float) -> Iterator[Row]:
    if record.replaces:
        yield _row("Replaces", ("text", record.replaces))
    records = {known.fingerprint: known for known in overview.token_records}
    for number, fingerprint in enumerate(record.replaced_by):
        after = records.get(fingerprint)
        by = f"  by the response to #{after.minted_by}" if after is not None and after.minted_by else ""
        state = f"  {state_text(after, now)}" if after is not None else ""
        yield _row("Replaced by" if not number else "", ("text", fingerprint), ("strong", by), ("dim", state))
    if len(record.replaced_by) > 1:
        note = "concurrent requests each received a token; the latest is used next"
        yield _row("", ("dim", note))


def _uses(record: TokenRecord, now: float) -> Iterator[Row]:
    if not record.uses:
        yield _row("Used by", ("dim", "no request yet"))
    for number, use in enumerate(reversed(record.uses[-_MAX_USES:])):
        who = f"#{use.by} " if use.by else ""
        when = f"  {relative_time(use.at, now)}"
        yield _row("" if number else "Used by", ("strong", who), ("text", use_text(record, use)), ("dim", when))
    if len(record.uses) > _MAX_USES:
        yield _row("", ("dim", f"… and {len(record.uses) - _MAX_USES} earlier"))


def _claims(claims: Claims | None, now: float) -> Iterator[Row]:
    if claims is None:
        yield _row("Claims", ("dim", "none: not a JSON Web Token, or not available"))
        return
    yield Row()
    yield _row("Claims", ("dim", "decoded, not verified: only the vendor can verify them"))
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
    return Row(spans=tuple(span for span in spans if span[1]), gutter=(("dim", f"{title:<{_COLUMN}} "),))


_TICK: Final = 0.25
"""Seconds between updates while a grace period or a request is running."""
_SLOW_TICK: Final = 4
"""Ticks between updates otherwise."""


class TokensScreen(ListScreen[int | None]):
    """Lists the tokens. Returns the number of the exchange to open, or None."""

    TITLE = "Tokens"
    BESIDE = 100
    HELP = (
        "Every token by its fingerprint: what issued it, what used it, when it expires, what replaced it. The token "
        "itself is never shown."
    )
    DEFAULT_CSS = """
    TokensScreen {
        & #both { height: 1fr; layout: horizontal; }
        & OptionList {
            width: 58; height: 1fr; border: none; padding: 0 1; background: $panel 60%; text-wrap: nowrap;
            text-overflow: ellipsis;
            & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: none;
            }
        }
        & OptionList > .option-list--option-disabled { color: $foreground; }
        & LinesView { width: 1fr; padding: 0 1; }
        &.-narrow #both { layout: vertical; }
        &.-narrow OptionList { width: 1fr; height: 40%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("tokens")

    def __init__(self, session: SessionContext) -> None:
        self.session = session
        self._past: Mapping[TokenScope, tuple[TokenRecord, ...]] = {}
        self._overviews: Sequence[TokenOverview] = ()
        self._rows: list[tuple[TokenOverview, TokenRecord | None]] = []
        self._message = ""
        self._ticks = 0
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(id="head", classes="title-line", markup=False)
        with Container(id="both"):
            yield OptionList(markup=False, compact=True)
            yield LinesView(id="life")
        yield KeyBar()

    def on_mount(self) -> None:
        """Load the history once, then update regularly."""
        self.query_one(OptionList).focus()
        self._head("Loading the history …")
        self._load()
        self.set_interval(_TICK, self._tick)

    # --- display -----------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="read", exit_on_error=False, description="tokens")
    async def _load(self) -> None:
        from explorer.session.token_overview import past_or_warning, token_overviews

        self._past, problem = await asyncio.to_thread(past_or_warning, self.session)
        self._overviews = await asyncio.to_thread(token_overviews, self.session, self._past)
        self._message = problem
        self._show()

    def _tick(self) -> None:
        """Update at every tick while something is running out, otherwise less often."""
        self._ticks += 1
        if self._overviews and (self._is_timing() or self._ticks % _SLOW_TICK == 0):
            self._update()

    def _is_timing(self) -> bool:
        now = self.session.now()
        return any(
            record.state(now)[0] == "grace" or any(use.in_flight for use in record.uses)
            for overview in self._overviews
            for record in overview.token_records
        )

    @work(exclusive=True, group="update", exit_on_error=False, description="tokens")
    async def _update(self) -> None:
        from explorer.session.token_overview import token_overviews

        self._overviews = await asyncio.to_thread(token_overviews, self.session, self._past)
        self._show()

    def _show(self) -> None:
        """Update the list and the details, keeping the selected token."""
        listing = self.query_one(OptionList)
        before = self._chosen
        rows: list[tuple[TokenOverview, TokenRecord | None]] = []
        options: list[Option] = []
        for overview in self._overviews:
            options.append(Option(self._title(overview), disabled=bool(overview.token_records)))
            rows.append((overview, None))
            for record in reversed(overview.token_records):
                options.append(Option(self._line(overview, record)))
                rows.append((overview, record))
        self._replace(listing, rows, options)
        index = _index_of(rows, before)
        if listing.highlighted != index:
            listing.highlighted = index
        self._show_record(keep=True)
        self._head(self._message)

    def _replace(
        self, listing: OptionList, rows: list[tuple[TokenOverview, TokenRecord | None]], options: list[Option]
    ) -> None:
        """Update the list in place; rebuild it only if the set of tokens changed."""
        same = [_identity(row) for row in rows] == [_identity(row) for row in self._rows]
        self._rows = rows
        if same:
            for index, option in enumerate(options):
                listing.replace_option_prompt_at_index(index, option.prompt)
            return
        listing.clear_options()
        listing.add_options(options)

    def _title(self, overview: TokenOverview) -> Content:
        where = sanitize_line(f"{overview.environment} {overview.place[2]}".strip())
        none = "" if overview.token_records else "  no token yet"
        return Content.assemble(
            (sanitize_line(overview.title), "bold"), f"  {where}", (f"  {overview.scheme}{none}", MUTED)
        )

    def _line(self, overview: TokenOverview, record: TokenRecord) -> Content:
        now = self.session.now()
        state, left = record.state(now)
        current = "→" if record.fingerprint in overview.current and state not in ("ended", "past") else " "
        issued = f"  {relative_time(record.minted_at, now)}" if record.minted_at is not None else ""
        label = {"grace": "grace", "unused": "unused"}.get(state, state) + (
            f" {format_countdown(left)}" if left else ""
        )
        uses = f"  {len(record.uses)} use{'' if len(record.uses) == 1 else 's'}" if record.uses else ""
        in_flight = sum(use.in_flight for use in record.uses)
        return Content.assemble(
            f" {current}",
            (f"{SIGNS[state]} ", COLORS.get(state, MUTED)),
            (record.fingerprint, "bold"),
            (f" {record.kind if record.kind != 'access' else ''}".rstrip(), MUTED),
            (f" {label}", COLORS.get(state, "")),
            (f"{uses}{f', {in_flight} in flight' if in_flight else ''}{issued}", MUTED),
        )

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_record()

    def _show_record(self, *, keep: bool = False) -> None:
        view = self.query_one(LinesView)
        overview, record = self._chosen or (None, None)
        now = self.session.now()
        if overview is None:
            rows = [Row((("dim", "No vendor in the catalog uses tokens."),))]
        elif record is None:
            rows = [Row((("text", "No token yet. The first call requests one if the scheme supports it."),))]
            rows.append(Row((("dim", "Press r to request one now, or I on the main screen to log in."),)))
        else:
            rows = list(token_record_rows(overview, record, now))
        offset = view.scroll_offset.y
        view.show(rows)
        if keep:
            view.scroll_to(y=offset, animate=False)
        self._show_keys(overview, record)

    def _show_keys(self, overview: TokenOverview | None, record: TokenRecord | None) -> None:
        keys: list[KeyHint] = []
        if record is not None and record.minted_by:
            keys.append(("tokens.minted_by", f"Issued by #{record.minted_by}"))
        if record is not None and any(use.by for use in record.uses):
            keys.append("tokens.use")
        if overview is not None and overview.minting:
            keys.append("tokens.renew")
        if overview is not None and overview.token_records:
            keys.append("tokens.forget")
        if overview is not None and overview.ending:
            keys.append("tokens.sign_out")
        self.show_keys(keys, "tokens.close")

    def _head(self, message: str) -> None:
        about = "tokens are never shown, only an eight-digit fingerprint"
        line = Content.assemble(("Tokens", "bold"), (f"  {sanitize_line(message) or about}", "" if message else MUTED))
        self.query_one("#head", Static).update(line)

    @property
    def _chosen(self) -> tuple[TokenOverview, TokenRecord | None] | None:
        index = self.query_one(OptionList).highlighted
        return self._rows[index] if index is not None and index < len(self._rows) else None

    # --- actions ---------------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        """Open the exchange that issued the token."""
        record = self._chosen[1] if self._chosen else None
        if record is not None and record.minted_by:
            self.dismiss(record.minted_by)
        else:
            self._tell("The history has no exchange that issued it." if record else "There is no token yet.")

    def action_use(self) -> None:
        """Open the last request that used the token."""
        record = self._chosen[1] if self._chosen else None
        last = next((use.by for use in reversed(record.uses if record else ()) if use.by), 0)
        if last:
            self.dismiss(last)
        else:
            self._tell("No request in the history used it.")

    @work(exclusive=True, group="renew", exit_on_error=False, description="new token")
    async def action_renew(self) -> None:
        """Request a new token from the vendor."""
        from explorer.session.token_overview import renew_token

        overview = self._chosen[0] if self._chosen else None
        if overview is None:
            return
        if not overview.minting:
            self._tell(f"{overview.title} issues tokens manually. Press K on the main screen to enter one.")
            return
        self._tell("Requesting a new token …")
        try:
            done = await renew_token(self.session, overview)
        except ExplorerError as error:
            self._tell(error.sentence)
            return
        message = (
            "Received a new token." if done else "No credential to request one. Press I on the main screen to log in."
        )
        self._tell(message)
        self._refresh(message)

    @work(exclusive=True, group="ask", exit_on_error=False, description="forget tokens")
    async def action_forget(self) -> None:
        """Forget the tokens in this app, after a confirmation."""
        from explorer.session.token_overview import forget_tokens
        from explorer.tui.screens.dialogs import ConfirmDialog

        overview = self._chosen[0] if self._chosen else None
        if overview is None or not overview.token_records:
            self._tell("There is no token to forget.")
            return
        text = (
            f"This app forgets the tokens of {overview.title}, {overview.environment}. They stay valid at the vendor."
        )
        if await self.app.push_screen_wait(ConfirmDialog("Forget the tokens?", text, yes="Forget")):
            forget_tokens(self.session, overview)
            self._refresh("Tokens forgotten. Tokens stored as credentials are unchanged.")

    @work(exclusive=True, group="ask", exit_on_error=False, description="sign out")
    async def action_sign_out(self) -> None:
        """Revoke the token at the vendor with the vendor's own call, after a confirmation."""
        from explorer.session.token_overview import logout_call
        from explorer.tui.screens.dialogs import ConfirmDialog

        overview = self._chosen[0] if self._chosen else None
        call = logout_call(self.session, overview) if overview is not None else None
        if overview is None or call is None:
            self._tell("The docs have no call to revoke a token. Press d to forget it in this app.")
            return
        text = f"{call.address} revokes the token at {self.session.base_url(call)} ({call.environment})."
        if not await self.app.push_screen_wait(ConfirmDialog("Sign out?", text, yes="Sign out")):
            return
        try:
            exchange = await send(self.session, call)
        except ExplorerError as error:
            self._tell(error.sentence)
            return
        status = exchange.response.status if exchange.response is not None else "no response"
        self._refresh(f"{call.endpoint}: {exchange.verdict.outcome}, {status}, saved as #{exchange.id}.")

    def _refresh(self, message: str) -> None:
        """Update the tokens, and keep showing *message*."""
        self._message = message
        self._update()

    def _tell(self, text: str) -> None:
        self._message = text
        self._head(text)

    def action_scroll(self, step: int) -> None:
        """Scroll the details."""
        view = self.query_one(LinesView)
        view.action_page_down() if step > 0 else view.action_page_up()


def _identity(row: tuple[TokenOverview, TokenRecord | None]) -> tuple[TokenScope, str]:
    overview, record = row
    return overview.place, record.fingerprint if record is not None else ""


def _index_of(
    rows: list[tuple[TokenOverview, TokenRecord | None]], before: tuple[TokenOverview, TokenRecord | None] | None
) -> int | None:
    """Return the row of the previously selected token, or of the most recently used one."""
    if before is not None:
        identity = _identity(before)
        for index, row in enumerate(rows):
            if _identity(row) == identity:
                return index
    latest = -1.0
    best = next((at for at, (overview, record) in enumerate(rows) if record or not overview.token_records), None)
    for index, (_, record) in enumerate(rows):
        used_at = max((record.minted_at or 0.0, *(use.at for use in record.uses))) if record is not None else -1.0
        if used_at > latest:
            latest, best = used_at, index
    return best
