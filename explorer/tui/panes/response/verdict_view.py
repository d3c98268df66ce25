"""The outcome of a call: verdict or failure, its meaning, the rejected fields and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import unquote

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.sandbox.address import CHECK_HEADER, REASON_HEADER
from explorer.sandbox.faults import FAULT_HEADER, KINDS
from explorer.tui.actions import bindings
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.model import Exchange, Outcome, RejectedField
    from explorer.core.paging import PageInfo

SIGNS: Final[dict[Outcome, str]] = {"OK": "✓", "FAILED": "✗", "PARTIAL": "◐", "UNKNOWN": "?"}
COLORS: Final[dict[Outcome, str]] = {"OK": "success", "FAILED": "error", "PARTIAL": "warning", "UNKNOWN": "warning"}
NOTHING: Final = Content("")
_MAX_LENGTH: Final = 600
_MAX_HEIGHT: Final = "40%"
"""Height from which it scrolls."""
_REPLAY_MODES: Final = {"again": ", signed again", "exact": ", exact bytes", "form": ", from the form", "": ""}


def badge(outcome: Outcome) -> Content:
    """Return the outcome as a sign and a word on its color."""
    color = COLORS[outcome]
    return Content.styled(f" {SIGNS[outcome]} {outcome} ", f"bold $text-{color} on ${color}-muted")


def sandbox_reason(exchange: Exchange) -> str:
    """Return which sandbox check refused the call and why, decoded from the response headers; otherwise empty."""
    if exchange.call.environment != "sandbox" or exchange.response is None:
        return ""
    check, reason = exchange.response.header(CHECK_HEADER), unquote(exchange.response.header(REASON_HEADER))
    return f"{check}: {reason}" if check and reason else check or reason


def page_text(page: PageInfo | None) -> str:
    """Return the position in the pages: ``page 2 of 14 · 25 of 340 records``."""
    if page is None:
        return ""
    parts = []
    if page.number is not None:
        parts.append(f"page {page.number} of {page.pages}" if page.pages is not None else f"page {page.number}")
    of = f" of {page.total}" if page.total is not None else ""
    parts.append(f"{page.records}{of} record{'' if (page.total or page.records) == 1 else 's'}")
    if page.has_next and not page.certain:
        parts.append("there may be more")
    return " · ".join(parts)


def _short(text: str) -> str:
    line = sanitize_line(text.strip().replace("\r\n", " ").replace("\n", " "))
    return f"{line[: _MAX_LENGTH - 1]}…" if len(line) > _MAX_LENGTH else line


def verdict_text(exchange: Exchange, page: PageInfo | None) -> Content:
    """Return the verdict of a completed exchange: the outcome with its reason, and the vendor's message."""
    verdict = exchange.verdict
    first = [badge(verdict.outcome)]
    if verdict.why:
        first.append(Content(f"  {_short(verdict.why)}"))
    if verdict.code and verdict.code != str(verdict.http_status):
        first.append(Content.styled(f" · code {_short(verdict.code)}", "bold"))
    if exchange.origin:
        first.append(
            Content.styled(f" · replay of #{exchange.origin}{_REPLAY_MODES[exchange.replayed]}", "$text-accent")
        )
    if verdict.outcome in ("OK", "PARTIAL") and (position := page_text(page)):
        first.append(Content.styled(f" · {position}", MUTED))
    if verdict.outcome == "FAILED":
        first.append(Content.assemble("  ", ("W", "$footer-key-foreground bold"), (" why", MUTED)))
    lines = [Content.assemble(*first)]
    if verdict.message and verdict.message not in verdict.why:
        lines.append(Content.styled(_short(verdict.message), "bold" if verdict.outcome != "OK" else ""))
    return Content("\n").join(lines)


def details_text(exchange: Exchange, refusal: str, *, writes: bool = False) -> Content:
    """Return what explains the verdict: the documented meaning, the next step, the sandbox's fault and check."""
    lines = []
    if exchange.verdict.meaning:
        lines.append(_labelled("Docs", _short(exchange.verdict.meaning)))
    if advice := next_step(exchange, writes=writes):
        lines.append(_labelled("Next", advice, "$text-warning"))
    if fault := _fault_line(exchange):
        lines.append(fault)
    if refusal:
        lines.append(_labelled("Sandbox check", _short(refusal), "$text-warning"))
    return Content("\n").join(lines)


def failure_text(title: str, message: str, hint: str, then: Content | None = None) -> Content:
    """Return a failure as lines: title, message, what to do next, and *then*."""
    lines = [Content.styled(f" ✗ {_short(title)} ", "bold $text-error on $error-muted")]
    lines += [Content(sanitize_line(line)) for line in message.splitlines()]
    lines += [_labelled("Next", sanitize_line(line), "$text-warning") for line in hint.splitlines() if line]
    if then is not None:
        lines.append(then)
    return Content("\n").join(lines)


def fault_text(exchange: Exchange) -> str:
    """Return the faults that the sandbox simulated in this response; empty for none and for other environments."""
    if exchange.call.environment != "sandbox" or exchange.response is None:
        return ""
    faults = exchange.response.header(FAULT_HEADER).split()
    kinds = (KINDS.get(fault.partition("=")[0].partition("*")[0].partition("@")[0]) for fault in faults)
    return "; ".join(f"{fault} ({kind.title})" if kind else fault for fault, kind in zip(faults, kinds, strict=True))


def _fault_line(exchange: Exchange) -> Content:
    fault = fault_text(exchange)
    return _labelled("Simulated sandbox fault", _short(fault), "$text-warning") if fault else NOTHING


def _labelled(label: str, text: str, style: str = MUTED) -> Content:
    return Content.assemble((f"{label}: ", style), text)


def partial_body_text(exchange: Exchange) -> Content | None:
    """Return how much arrived before the failure; None if nothing did."""
    response = exchange.response
    if response is None:
        return None
    text = f"Received before that, and shown below: HTTP {response.status} and {len(response.body):,} bytes of body."
    return Content.styled(text, MUTED)


class FieldList(OptionList):
    """The fields that the vendor rejected; enter goes to one."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("rejected_fields")


class VerdictView(VerticalScroll, can_focus=False):
    """Shows a verdict or a failure, at most ``_MAX_HEIGHT`` high unless it is alone."""

    DEFAULT_CSS = """
    VerdictView {
        height: auto;
        scrollbar-size-vertical: 1;
        & > Static { padding: 0 1; height: auto; }
        & > #verdict-extra { color: $text-muted; display: none; }
        & > #verdict-details { display: none; }
        & > FieldList {
            height: auto;
            max-height: 5;
            margin: 0 0 0 1;
            background: transparent;
            scrollbar-size-vertical: 1;
            text-wrap: nowrap;
            text-overflow: ellipsis;
            display: none;
            & > .option-list--option-highlighted { background: transparent; color: $foreground; text-style: none; }
            &:focus > .option-list--option-highlighted {
                background: $primary 35%; color: $foreground; text-style: bold;
            }
        }
    }
    """

    @dataclass
    class FieldChosen(Message):
        """The user chose one of the rejected fields."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._names: list[str] = []
        super().__init__(id=id)

    def compose(self) -> ComposeResult:
        yield Static(id="verdict-text", markup=False)
        yield FieldList(compact=True, markup=False)
        yield Static(id="verdict-details", markup=False)
        yield Static(id="verdict-extra", markup=False)

    def show_exchange(self, exchange: Exchange, page: PageInfo | None, refusal: str, *, writes: bool = False) -> None:
        """Show the verdict of a redacted *exchange*, or its failure and what had arrived.

        *writes*: the call changes something, so sending it again is not the first advice.
        """
        failure = exchange.failure
        if failure is None:
            self._show(
                verdict_text(exchange, page),
                exchange.verdict.fields,
                exchange.verdict.message,
                details_text(exchange, refusal, writes=writes),
            )
        else:
            # The hint of TimedOut names a command-line option.
            own = "" if failure.kind == "TimedOut" else failure.hint
            hints = {**_HINTS, **_HINTS_FOR_WRITES} if writes else _HINTS
            hint = own or hints.get(failure.kind, "The Wire tab shows what was sent.")
            text = failure_text(failure.title, failure.message, hint, partial_body_text(exchange))
            self._show(text, (), details=_fault_line(exchange))
        self._limit_height(alone=exchange.response is None)

    def show_failure(self, title: str, message: str, hint: str) -> None:
        """Show why nothing was sent or received, and what to do next."""
        self._show(failure_text(title, message, hint), ())
        self._limit_height(alone=True)

    def explain(self, text: str) -> None:
        """Show *text* below the verdict; an empty text removes it."""
        extra = self.query_one("#verdict-extra", Static)
        extra.display = bool(text)
        extra.update(Content("\n".join(map(sanitize_line, text.splitlines()))))

    def _show(
        self, text: Content, fields: Sequence[RejectedField], message: str = "", details: Content = NOTHING
    ) -> None:
        self.explain("")
        below = self.query_one("#verdict-details", Static)
        below.display = bool(details)
        below.update(details)
        self.query_one("#verdict-text", Static).update(text)
        self._names = [field.name for field in fields]
        options = self.query_one(FieldList)
        options.display = bool(fields)
        options.clear_options()
        options.add_options(Option(_field_text(field, message)) for field in fields)
        options.highlighted = 0 if fields else None
        self.scroll_home(animate=False)

    def _limit_height(self, *, alone: bool) -> None:
        """Allow the full height where there are no tabs below (*alone*)."""
        self.styles.max_height = "100%" if alone else _MAX_HEIGHT

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.FieldChosen(self._names[event.option_index]))


def _field_text(field: RejectedField, verdict_message: str) -> Content:
    parts = [Content.assemble("→ ", (sanitize_line(field.name), "bold $text-error"))]
    if field.message and field.message != verdict_message:
        parts.append(Content(f"  {_short(field.message)}"))
    return Content.assemble(*parts)


_HINTS: Final = {
    "BrokenAnswer": "Send it again. The Wire tab shows what was sent and received.",
    "TimedOut": "Send it again, or raise timeout_seconds in settings.toml.",
    "ConnectFailed": "Check the host and the network, or use the sandbox environment, which needs neither.",
    "Cancelled": "Send it again when ready. It is unknown whether the vendor processed it.",
}
"""Failure kind → what to do next, for failures without a hint of their own."""
_CHECK_FIRST: Final = "The vendor may have processed it anyway. Check before you send it again."
_HINTS_FOR_WRITES: Final = {"BrokenAnswer": _CHECK_FIRST, "TimedOut": _CHECK_FIRST, "Cancelled": _CHECK_FIRST}
"""The same for calls that change something."""


def next_step(exchange: Exchange, *, writes: bool) -> str:
    """Return what to do after a call that did not succeed, where that is the same for every vendor; or empty."""
    response, outcome = exchange.response, exchange.verdict.outcome
    if response is None or outcome in ("OK", "PARTIAL"):
        return ""
    if wait := sanitize_line(response.header("retry-after")).strip():
        delay = f"wait {wait} s, then send it again" if wait.isdigit() else f"send it again after {wait}"
        return f"{delay} (Retry-After)."
    if response.status == 429:
        return "wait a while, then send it again."
    if response.status >= 500:
        again = "check whether it took effect before you send it again" if writes else "send it again"
        return f"the vendor's server failed; {again}."
    if outcome == "UNKNOWN" and response.body and writes:
        return "read the body; check whether the request took effect before you send it again."
    if outcome == "UNKNOWN" and response.body:
        return "read the body, then send it again."
    return ""
