"""Following an id from an answer into the call that takes it, and back along the way that was come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.sanitise import sanitise_line
from explorer.errors import ExplorerError
from explorer.tui.screens.debugging import DebuggingScreen
from explorer.tui.screens.dialogs import Dialog
from explorer.tui.styles import MUTED
from explorer.tui.widgets.title_bar import TitleBar, method_style
from explorer.tui.widgets.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.worker import Worker

    from explorer.core.exchange import Exchange
    from explorer.core.links import Way
    from explorer.session import Session
    from explorer.session.following import Following
    from explorer.tui.body.panel import BodyPanel
    from explorer.tui.drafts import Draft

_DEEPEST: Final = 50
"""Steps that are remembered."""
_LONGEST: Final = 36
"""Characters of a path or a value in the trail."""


@dataclass(frozen=True)
class Crumb:
    """Where one was: form, answer and the line of it that was followed. ``inside``: another line of the same answer."""

    address: str
    environment: str
    draft: Draft
    exchange: Exchange
    line: int
    said: str
    inside: str = ""


class WaysDialog(Dialog[int | None]):
    """Asks which of several ways to go; gives its number, or None."""

    DEFAULT_CSS = """
    WaysDialog > .dialog { width: 84; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stay", "Stay", id="ways.stay", tooltip="Stay where you are"),
        Binding("j", "move(1)", "Down", show=False, id="ways.down", tooltip="The one below"),
        Binding("k", "move(-1)", "Up", show=False, id="ways.up", tooltip="The one above"),
    ]

    def __init__(self, what: str, choices: Sequence[Content]) -> None:
        self._what = sanitise_line(what)
        self._choices = tuple(choices)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Follow {self._what}")
            yield OptionList(*(Option(one) for one in self._choices), markup=False, compact=True)
            yield Static(Content("enter opens its form, filled in; nothing is sent · esc stays"), classes="dialog-hint")

    def on_mount(self) -> None:
        listing = self.query_one(OptionList)
        listing.highlighted = 0
        listing.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)

    def action_stay(self) -> None:
        """Stay."""
        self.dismiss(None)


class FollowingScreen(DebuggingScreen):
    """From answer to form to answer, and back."""

    def __init__(self, session: Session) -> None:
        self._trail: list[Crumb] = []
        super().__init__(session)

    def open(self, address: str, draft: Draft | None = None, origin: int = 0) -> Worker[None]:
        """Open an endpoint from elsewhere: the trail ends."""
        self._trail.clear()
        self._show_trail()
        return super().open(address, draft, origin)

    # --- forth -------------------------------------------------------------------------------------------------------

    def on_body_panel_value_activated(self, event: BodyPanel.ValueActivated) -> None:
        """Enter on an id."""
        event.stop()
        exchange = self.response_pane.exchange
        if exchange is not None:
            self._follow(exchange, event)

    @work(exclusive=True, group="follow", exit_on_error=False, description="follow")
    async def _follow(self, exchange: Exchange, event: BodyPanel.ValueActivated) -> None:
        from explorer.session.following import follow

        real = self.desk.real(exchange)
        try:
            found = await asyncio.to_thread(follow, self.session, real, event.path, event.value, event.siblings)
        except ExplorerError as error:
            self._app.tell(f"{error.message}. {error.hint}", severity="warning")
            return
        what = f"{_short(event.path)}={_short(event.value)}"
        chosen = await self._chosen_way(found, what)
        if chosen is None:
            return
        self._keep_draft()
        crumb = Crumb(
            address=exchange.call.address,
            environment=exchange.call.environment,
            draft=self.desk.draft,
            exchange=exchange,
            line=event.line,
            said=f"#{exchange.id} {what}" if exchange.id else f"# {what}",
        )
        if chosen >= len(found.ways):
            inside = f"included[{found.included}]"
            self._grow(replace(crumb, inside=inside))
            event.panel.go_to_element(("included",), found.included or 0)
            return
        await self._take(found.ways[chosen], crumb)

    async def _chosen_way(self, found: Following, what: str) -> int | None:
        """Which way to go: past the calls stands the object of the same answer."""
        choices = [_way_text(way) for way in found.ways]
        if found.included is not None:
            choices.append(Content.assemble(("      ", ""), f"included[{found.included}]", ("  in this answer", MUTED)))
        if not choices:
            self.response_pane.body_panel.say("no call of this vendor takes this id")
            return None
        return 0 if len(choices) == 1 else await self.app.push_screen_wait(WaysDialog(what, choices))

    async def _take(self, way: Way, crumb: Crumb) -> None:
        """Open the form of a way, filled in; what its draft has beside that stays."""
        vendor = crumb.exchange.call.vendor
        address = f"{vendor}.{way.endpoint.id}"
        self.desk.chosen[vendor] = crumb.environment
        draft = self.desk.drafts.get(address)
        filled = {entry.name for entry in way.entries}
        entries = (*(entry for entry in draft.entries if entry.name not in filled), *way.entries)
        await super().open(address, replace(draft, entries=entries)).wait()
        self._grow(crumb)
        self.request_pane.focus_field(way.field)

    # --- back --------------------------------------------------------------------------------------------------------

    @property
    def followed(self) -> bool:
        """Whether there is a way back."""
        return bool(self._trail)

    def action_trail_back(self) -> None:
        """Go back to the answer that was followed from."""
        if self._trail:
            self._step_back(self._trail.pop())
        else:
            self._app.tell("Nothing was followed. Enter on an underlined id of an answer follows it.")

    @work(exclusive=True, group="follow", exit_on_error=False, description="go back")
    async def _step_back(self, crumb: Crumb) -> None:
        self._show_trail()
        if not crumb.inside or self.response_pane.exchange is not crumb.exchange:
            self.desk.chosen[crumb.exchange.call.vendor] = crumb.environment
            self.desk.last[crumb.address] = crumb.exchange
            await super().open(crumb.address, crumb.draft).wait()
        self._go("response")
        self.response_pane.show_tab("body")
        self.response_pane.body_panel.view.go_to_line(crumb.line, margin=4)

    # --- tokens ------------------------------------------------------------------------------------------------------

    def action_tokens(self) -> None:
        """The life line of tokens; an exchange that is chosen there is opened."""
        from explorer.tui.screens.tokens import TokensScreen

        def chosen(number: int | None) -> None:
            if number:
                self._recall(number)

        self.app.push_screen(TokensScreen(self.session), chosen)

    # --- the trail ---------------------------------------------------------------------------------------------------

    def _grow(self, crumb: Crumb) -> None:
        self._trail.append(crumb)
        del self._trail[:-_DEEPEST]
        self._show_trail()

    def _show_trail(self) -> None:
        if not self._trail and not self.query(Trail):
            return
        if not self.query(Trail):
            self.mount(Trail(), after=self.query_one(TitleBar))
        parts: list[str] = []
        inside = ""
        for crumb in self._trail:
            parts += [inside or crumb.address.partition(".")[2], crumb.said]
            inside = crumb.inside
        if parts:
            parts.append(inside or self.desk.address.partition(".")[2])
        self.query_one(Trail).show(parts)


def _way_text(way: Way) -> Content:
    endpoint = way.endpoint
    grave = "" if endpoint.effect in ("read", "session") else f"  {endpoint.effect}"
    values = ", ".join(f"{entry.name}={_short(entry.value)}" for entry in way.entries)
    return Content.assemble(
        (f"{endpoint.method:<6} ", method_style(endpoint.method)),
        sanitise_line(endpoint.title),
        (f"  {endpoint.id}  {sanitise_line(values)}", MUTED),
        (grave, "$text-warning"),
    )


def _short(text: str) -> str:
    text = sanitise_line(text)
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"
