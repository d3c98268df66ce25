"""The history of tokens: source, use, expiry and replacement of each."""

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
    others = [f"#{one.by}" if one.by else one.endpoint for one in life.overlapping(use)]
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


_TICK: Final = 0.25
"""Seconds between two looks at the clock while a grace time runs or a request is under way."""
_SLOW_TICK: Final = 4
"""Ticks between two looks otherwise."""


class TokensScreen(ListScreen[int | None]):
    """Gives the number of the exchange to open, or None."""

    TITLE = "Tokens"
    BESIDE = 100
    HELP = (
        "Every token by its fingerprint: what minted it, who used it, when it runs out, what replaced it. A token "
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
        self._said = ""
        self._ticks = 0
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(id="head", classes="title-line", markup=False)
        with Container(id="both"):
            yield OptionList(markup=False, compact=True)
            yield LinesView(id="life")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the history once; then follow the clock."""
        self.query_one(OptionList).focus()
        self._head("Reading the history …")
        self._read()
        self.set_interval(_TICK, self._tick)

    # --- what is shown -----------------------------------------------------------------------------------------------

    @work(exclusive=True, group="read", exit_on_error=False, description="tokens")
    async def _read(self) -> None:
        from explorer.session.token_overview import past_or_warning, token_overviews

        self._past, problem = await asyncio.to_thread(past_or_warning, self.session)
        self._overviews = await asyncio.to_thread(token_overviews, self.session, self._past)
        self._said = problem
        self._show()

    def _tick(self) -> None:
        """Look again: often while something runs out, else now and then."""
        self._ticks += 1
        if self._overviews and (self._runs() or self._ticks % _SLOW_TICK == 0):
            self._look()

    def _runs(self) -> bool:
        now = self.session.now()
        return any(
            life.state(now)[0] == "grace" or any(use.in_flight for use in life.uses)
            for board in self._overviews
            for life in board.token_records
        )

    @work(exclusive=True, group="look", exit_on_error=False, description="tokens")
    async def _look(self) -> None:
        from explorer.session.token_overview import token_overviews

        self._overviews = await asyncio.to_thread(token_overviews, self.session, self._past)
        self._show()

    def _show(self) -> None:
        """The list as it stands, the same token under the cursor, and its life."""
        listing = self.query_one(OptionList)
        before = self._chosen
        rows: list[tuple[TokenOverview, TokenRecord | None]] = []
        options: list[Option] = []
        for board in self._overviews:
            options.append(Option(self._title(board), disabled=bool(board.token_records)))
            rows.append((board, None))
            for life in reversed(board.token_records):
                options.append(Option(self._line(board, life)))
                rows.append((board, life))
        self._replace(listing, rows, options)
        at = _place_of(rows, before)
        if listing.highlighted != at:
            listing.highlighted = at
        self._show_record(keep=True)
        self._head(self._said)

    def _replace(
        self, listing: OptionList, rows: list[tuple[TokenOverview, TokenRecord | None]], options: list[Option]
    ) -> None:
        """Put new texts into the list; made anew only where there are other tokens than before."""
        same = [_identity(row) for row in rows] == [_identity(row) for row in self._rows]
        self._rows = rows
        if same:
            for at, option in enumerate(options):
                listing.replace_option_prompt_at_index(at, option.prompt)
            return
        listing.clear_options()
        listing.add_options(options)

    def _title(self, board: TokenOverview) -> Content:
        where = sanitize_line(f"{board.environment} {board.place[2]}".strip())
        none = "" if board.token_records else "  no token yet"
        return Content.assemble((sanitize_line(board.title), "bold"), f"  {where}", (f"  {board.scheme}{none}", MUTED))

    def _line(self, board: TokenOverview, life: TokenRecord) -> Content:
        now = self.session.now()
        state, left = life.state(now)
        current = "→" if life.fingerprint in board.current and state not in ("ended", "past") else " "
        minted = f"  {relative_time(life.minted_at, now)}" if life.minted_at is not None else ""
        word = {"grace": "grace", "unused": "unused"}.get(state, state) + (f" {format_countdown(left)}" if left else "")
        uses = f"  {len(life.uses)} use{'' if len(life.uses) == 1 else 's'}" if life.uses else ""
        under_way = sum(use.in_flight for use in life.uses)
        return Content.assemble(
            f" {current}",
            (f"{SIGNS[state]} ", COLORS.get(state, MUTED)),
            (life.fingerprint, "bold"),
            (f" {life.kind if life.kind != 'access' else ''}".rstrip(), MUTED),
            (f" {word}", COLORS.get(state, "")),
            (f"{uses}{f', {under_way} under way' if under_way else ''}{minted}", MUTED),
        )

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_record()

    def _show_record(self, *, keep: bool = False) -> None:
        view = self.query_one(LinesView)
        board, life = self._chosen or (None, None)
        now = self.session.now()
        if board is None:
            rows = [Row((("dim", "No vendor of the catalog has tokens."),))]
        elif life is None:
            rows = [Row((("text", "No token yet: the first call asks for one where the scheme can."),))]
            rows.append(Row((("dim", "r asks for one now; I on the main screen logs in with consent."),)))
        else:
            rows = list(token_record_rows(board, life, now))
        at = view.scroll_offset.y
        view.show(rows)
        if keep:
            view.scroll_to(y=at, animate=False)
        self._show_keys(board, life)

    def _show_keys(self, board: TokenOverview | None, life: TokenRecord | None) -> None:
        keys: list[KeyHint] = []
        if life is not None and life.minted_by:
            keys.append(("tokens.minted_by", f"#{life.minted_by} that minted it"))
        if life is not None and any(use.by for use in life.uses):
            keys.append("tokens.use")
        if board is not None and board.minting:
            keys.append("tokens.renew")
        if board is not None and board.token_records:
            keys.append("tokens.forget")
        if board is not None and board.ending:
            keys.append("tokens.sign_out")
        self.show_keys(keys, "tokens.close")

    def _head(self, said: str) -> None:
        about = "the tokens themselves are never shown; eight digits tell two of them apart"
        line = Content.assemble(("Tokens", "bold"), (f"  {sanitize_line(said) or about}", "" if said else MUTED))
        self.query_one("#head", Static).update(line)

    @property
    def _chosen(self) -> tuple[TokenOverview, TokenRecord | None] | None:
        at = self.query_one(OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    # --- what a person does ------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        """Open the exchange that minted the token."""
        life = self._chosen[1] if self._chosen else None
        if life is not None and life.minted_by:
            self.dismiss(life.minted_by)
        else:
            self._tell("The history has no exchange that minted it." if life else "There is no token yet.")

    def action_use(self) -> None:
        """Open the last request that carried the token."""
        life = self._chosen[1] if self._chosen else None
        last = next((use.by for use in reversed(life.uses if life else ()) if use.by), 0)
        if last:
            self.dismiss(last)
        else:
            self._tell("No request of the history carried it.")

    @work(exclusive=True, group="renew", exit_on_error=False, description="new token")
    async def action_renew(self) -> None:
        """Ask the vendor for a new token."""
        from explorer.session.token_overview import renew_token

        board = self._chosen[0] if self._chosen else None
        if board is None:
            return
        if not board.minting:
            self._tell(f"{board.title} gives tokens out by hand: type one with K on the main screen.")
            return
        self._tell("Asking for a new token …")
        try:
            done = await renew_token(self.session, board)
        except ExplorerError as error:
            self._tell(error.sentence)
            return
        words = "A new token was given." if done else "There is nothing to ask with: log in with I on the main screen."
        self._tell(words)
        self._read_on(words)

    @work(exclusive=True, group="ask", exit_on_error=False, description="forget tokens")
    async def action_forget(self) -> None:
        """Let go of the tokens of the board on this side."""
        from explorer.session.token_overview import forget_tokens
        from explorer.tui.screens.dialogs import ConfirmDialog

        board = self._chosen[0] if self._chosen else None
        if board is None or not board.token_records:
            self._tell("There is no token to forget.")
            return
        text = f"The tokens of {board.title}, {board.environment}, are forgotten here. The vendor is not told."
        if await self.app.push_screen_wait(ConfirmDialog("Forget the tokens?", text, yes="Yes, forget them")):
            forget_tokens(self.session, board)
            self._read_on("Forgotten. A credential that is a token stays where it is kept.")

    @work(exclusive=True, group="ask", exit_on_error=False, description="sign out")
    async def action_sign_out(self) -> None:
        """End the token at the vendor, by the vendor's own call, after asking."""
        from explorer.session.token_overview import logout_call
        from explorer.tui.screens.dialogs import ConfirmDialog

        board = self._chosen[0] if self._chosen else None
        call = logout_call(self.session, board) if board is not None else None
        if board is None or call is None:
            self._tell("The document has no call that ends a token; d forgets it on this side.")
            return
        text = f"{call.address} ends the token at {self.session.base_url(call)} ({call.environment})."
        if not await self.app.push_screen_wait(ConfirmDialog("Sign out?", text, yes="Yes, sign out")):
            return
        try:
            exchange = await send(self.session, call)
        except ExplorerError as error:
            self._tell(error.sentence)
            return
        status = exchange.response.status if exchange.response is not None else "no answer"
        self._read_on(f"{call.endpoint}: {exchange.verdict.outcome}, {status}, kept as #{exchange.id}.")

    def _read_on(self, said: str) -> None:
        """Read the history and the tokens anew, and keep saying *said*."""
        self._said = said
        self._look()

    def _tell(self, text: str) -> None:
        self._said = text
        self._head(text)

    def action_scroll(self, step: int) -> None:
        """Read on, or back."""
        view = self.query_one(LinesView)
        view.action_page_down() if step > 0 else view.action_page_up()


def _identity(row: tuple[TokenOverview, TokenRecord | None]) -> tuple[TokenScope, str]:
    board, life = row
    return board.place, life.fingerprint if life is not None else ""


def _place_of(
    rows: list[tuple[TokenOverview, TokenRecord | None]], before: tuple[TokenOverview, TokenRecord | None] | None
) -> int | None:
    """Where the token that was chosen stands now; at first that of the latest use, else the first one."""
    if before is not None:
        wanted = _identity(before)
        for at, row in enumerate(rows):
            if _identity(row) == wanted:
                return at
    latest, found = -1.0, next((at for at, (board, life) in enumerate(rows) if life or not board.token_records), None)
    for at, (_, life) in enumerate(rows):
        seen = max((life.minted_at or 0.0, *(use.at for use in life.uses))) if life is not None else -1.0
        if seen > latest:
            latest, found = seen, at
    return found
