"""What came of a call, in words: the vendor's verdict or the failure, what it means, and which fields are to blame."""

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
_LONGEST: Final = 600
_MOST: Final = "40%"
"""Of the room; beyond it scrolls."""
_HOW: Final = {"again": ", signed now", "exact": ", exactly its bytes", "form": ", from the form", "": ""}


def badge(outcome: Outcome) -> Content:
    """The outcome as a sign and a word on its colour."""
    colour = COLORS[outcome]
    return Content.styled(f" {SIGNS[outcome]} {outcome} ", f"bold $text-{colour} on ${colour}-muted")


def sandbox_reason(exchange: Exchange) -> str:
    """Which check of the sandbox refused the call and why, decoded from the response's headers; empty elsewhere."""
    if exchange.call.environment != "sandbox" or exchange.response is None:
        return ""
    check, reason = exchange.response.header(CHECK_HEADER), unquote(exchange.response.header(REASON_HEADER))
    return f"{check}: {reason}" if check and reason else check or reason


def page_text(page: PageInfo | None) -> str:
    """Where in the pages the response stands: ``page 2 of 14 · 25 of 340 records``."""
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
    return f"{line[: _LONGEST - 1]}…" if len(line) > _LONGEST else line


def verdict_text(exchange: Exchange, page: PageInfo | None) -> Content:
    """The verdict of an answered exchange: the outcome with what it rests on, and the vendor's message."""
    verdict = exchange.verdict
    first = [badge(verdict.outcome)]
    if verdict.why:
        first.append(Content(f"  {_short(verdict.why)}"))
    if verdict.code and verdict.code != str(verdict.http_status):
        first.append(Content.styled(f" · code {_short(verdict.code)}", "bold"))
    if exchange.origin:
        first.append(Content.styled(f" · replay of #{exchange.origin}{_HOW[exchange.replayed]}", "$text-accent"))
    if verdict.outcome in ("OK", "PARTIAL") and (place := page_text(page)):
        first.append(Content.styled(f" · {place}", MUTED))
    if verdict.outcome == "FAILED":
        first.append(Content.assemble("  ", ("W", "$footer-key-foreground bold"), (" why", MUTED)))
    lines = [Content.assemble(*first)]
    if verdict.message and verdict.message not in verdict.why:
        lines.append(Content.styled(_short(verdict.message), "bold" if verdict.outcome != "OK" else ""))
    return Content("\n").join(lines)


def details_text(exchange: Exchange, refusal: str, *, writes: bool = False) -> Content:
    """What helps to understand the verdict: the documents' words for the status, the sandbox's reason."""
    lines = []
    if exchange.verdict.meaning:
        lines.append(_labelled("The documents", _short(exchange.verdict.meaning)))
    if advice := next_step(exchange, writes=writes):
        lines.append(_labelled("Next", advice, "$text-warning"))
    if fault := _fault_line(exchange):
        lines.append(fault)
    if refusal:
        lines.append(_labelled("Sandbox check", _short(refusal), "$text-warning"))
    return Content("\n").join(lines)


def failure_text(title: str, message: str, hint: str, then: Content | None = None) -> Content:
    """A failure as lines: what it is, what happened, what to do next."""
    lines = [Content.styled(f" ✗ {_short(title)} ", "bold $text-error on $error-muted")]
    lines += [Content(sanitize_line(line)) for line in message.splitlines()]
    lines += [_labelled("Next", sanitize_line(line), "$text-warning") for line in hint.splitlines() if line]
    if then is not None:
        lines.append(then)
    return Content("\n").join(lines)


def fault_text(exchange: Exchange) -> str:
    """What the sandbox did wrong on purpose with this answer; empty where it was honest, and elsewhere."""
    if exchange.call.environment != "sandbox" or exchange.response is None:
        return ""
    words = exchange.response.header(FAULT_HEADER).split()
    kinds = (KINDS.get(word.partition("=")[0].partition("*")[0].partition("@")[0]) for word in words)
    return "; ".join(f"{word} ({kind.title})" if kind else word for word, kind in zip(words, kinds, strict=True))


def _fault_line(exchange: Exchange) -> Content:
    fault = fault_text(exchange)
    return _labelled("Sandbox fault, on purpose", _short(fault), "$text-warning") if fault else NOTHING


def _labelled(label: str, text: str, style: str = MUTED) -> Content:
    return Content.assemble((f"{label}: ", style), text)


def partial_body_text(exchange: Exchange) -> Content | None:
    """What had arrived before the failure."""
    response = exchange.response
    if response is None:
        return None
    text = f"HTTP {response.status} and {len(response.body):,} bytes of body had arrived; they are shown below."
    return Content.styled(text, MUTED)


class FieldList(OptionList):
    """The fields that the vendor complained about; enter goes to one."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("rejected_fields")


class VerdictView(VerticalScroll, can_focus=False):
    """Shows a verdict or a failure. Takes at most about a third of its room and scrolls beyond."""

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
        """A person chose one of the guilty fields."""

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
        """Show the verdict of a redacted *exchange*, or its failure and what had arrived. *writes*: the call changes
        something, so that sending it again is not the first advice."""
        failure = exchange.failure
        if failure is None:
            self._show(
                verdict_text(exchange, page),
                exchange.verdict.fields,
                exchange.verdict.message,
                details_text(exchange, refusal, writes=writes),
            )
        else:
            own = "" if failure.kind == "TimedOut" else failure.hint  # that one names an option of the command line
            known = {**_HERE, **_HERE_WRITING} if writes else _HERE
            hint = own or known.get(failure.kind, "The Wire tab shows what was sent.")
            text = failure_text(failure.title, failure.message, hint, partial_body_text(exchange))
            self._show(text, (), details=_fault_line(exchange))
        self._stand(alone=exchange.response is None)

    def show_failure(self, title: str, message: str, hint: str) -> None:
        """Show that nothing was sent, or nothing came, and what to do next."""
        self._show(failure_text(title, message, hint), ())
        self._stand(alone=True)

    def explain(self, text: str) -> None:
        """Add an explanation below; an empty text takes it away."""
        extra = self.query_one("#verdict-extra", Static)
        extra.display = bool(text)
        extra.update(Content("\n".join(map(sanitize_line, text.splitlines()))))

    def _show(self, text: Content, fields: Sequence[RejectedField], said: str = "", details: Content = NOTHING) -> None:
        self.explain("")
        below = self.query_one("#verdict-details", Static)
        below.display = bool(details)
        below.update(details)
        self.query_one("#verdict-text", Static).update(text)
        self._names = [field.name for field in fields]
        options = self.query_one(FieldList)
        options.display = bool(fields)
        options.clear_options()
        options.add_options(Option(_field_text(field, said)) for field in fields)
        options.highlighted = 0 if fields else None
        self.scroll_home(animate=False)

    def _stand(self, *, alone: bool) -> None:
        """Nothing stands below it where it is *alone*, so that it may have all the room."""
        self.styles.max_height = "100%" if alone else _MOST

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.FieldChosen(self._names[event.option_index]))


def _field_text(field: RejectedField, said: str) -> Content:
    parts = [Content.assemble("→ ", (sanitize_line(field.name), "bold $text-error"))]
    if field.message and field.message != said:
        parts.append(Content(f"  {_short(field.message)}"))
    return Content.assemble(*parts)


_HERE: Final = {
    "BrokenAnswer": "Send it again; the Wire tab shows what went out and what came back.",
    "TimedOut": "Send it again, or allow more time with timeout_seconds in settings.toml.",
    "ConnectFailed": "Check the host and the network, or choose the sandbox environment, which needs neither.",
    "Cancelled": "Send it again when you like; whether the vendor acted on it is not known.",
}
"""What to do next about a failure that does not say so itself."""
_LOOK: Final = "The vendor may have acted on it all the same. See whether it has before you send it again."
_HERE_WRITING: Final = {"BrokenAnswer": _LOOK, "TimedOut": _LOOK, "Cancelled": _LOOK}
"""The same for calls that change something."""


def next_step(exchange: Exchange, *, writes: bool) -> str:
    """What to do about an answer that is none, where that may be said without knowing the vendor; else empty."""
    response, outcome = exchange.response, exchange.verdict.outcome
    if response is None or outcome in ("OK", "PARTIAL"):
        return ""
    if wait := sanitize_line(response.header("retry-after")).strip():
        until = f"{wait} s have passed" if wait.isdigit() else wait
        return f"send it again when {until}; the vendor asks for that (Retry-After)."
    if response.status == 429:
        return "wait a while, and send it again."
    if response.status >= 500:
        again = "see whether it acted before you send it again" if writes else "send it again"
        return f"the vendor's side failed; {again}."
    if outcome == "UNKNOWN" and response.body and writes:
        return "read the body, which is shown as it came; see whether it acted before you send it again."
    if outcome == "UNKNOWN" and response.body:
        return "read the body, which is shown as it came; send it again."
    return ""
