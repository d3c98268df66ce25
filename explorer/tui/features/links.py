"""Following an id from a response into the call that takes it, and back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller, background
from explorer.tui.panes.title_bar import Breadcrumbs, method_style
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from explorer.core.links import LinkTarget
    from explorer.core.model import Exchange
    from explorer.session.links import LinkResolution
    from explorer.tui.body.panel import BodyPanel
    from explorer.tui.drafts import Draft
    from explorer.tui.features.controller import MainContext


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


class LinksController(Controller):
    """From response to form to response, and back."""

    def __init__(self, main: MainContext) -> None:
        self._trail: list[Crumb] = []
        super().__init__(main)

    def opening(self) -> None:
        self._trail.clear()
        self._show_trail()

    def follow(self, event: BodyPanel.ValueActivated) -> None:
        """Follow the id that enter was pressed on."""
        exchange = self.response_pane.exchange
        if exchange is not None:
            self._follow(exchange, event)

    @background(group="follow", description="follow")
    async def _follow(self, exchange: Exchange, event: BodyPanel.ValueActivated) -> None:
        from explorer.session.links import resolve_link

        real = self.workspace.unredacted(exchange)
        try:
            found = await asyncio.to_thread(resolve_link, self.session, real, event.path, event.value, event.siblings)
        except ExplorerError as error:
            self.notify_error(error)
            return
        what = f"{_short(event.path)}={_short(event.value)}"
        chosen = await self._choose_target(found, what)
        if chosen is None:
            return
        self.main.form.keep_draft()
        crumb = Crumb(
            address=exchange.call.address,
            environment=exchange.call.environment,
            draft=self.workspace.draft,
            exchange=exchange,
            line=event.line,
            said=f"#{exchange.id} {what}" if exchange.id else f"# {what}",
        )
        if chosen >= len(found.link_targets):
            inside = f"included[{found.included}]"
            self._grow(replace(crumb, inside=inside))
            event.panel.go_to_element(("included",), found.included or 0)
            return
        await self._take(found.link_targets[chosen], crumb)

    async def _choose_target(self, found: LinkResolution, what: str) -> int | None:
        """Which way to go: past the calls stands the object of the same answer."""
        from explorer.tui.screens.dialogs import LinkTargetsDialog

        choices = [_target_text(way) for way in found.link_targets]
        if found.included is not None:
            choices.append(Content.assemble(("      ", ""), f"included[{found.included}]", ("  in this answer", MUTED)))
        if not choices:
            self.response_pane.body_panel.say("no call of this vendor takes this id")
            return None
        return 0 if len(choices) == 1 else await self.app.push_screen_wait(LinkTargetsDialog(what, choices))

    async def _take(self, way: LinkTarget, crumb: Crumb) -> None:
        """Open the form of a way, filled in; what its draft has beside that stays."""
        vendor = crumb.exchange.call.vendor
        address = f"{vendor}.{way.endpoint.id}"
        self.workspace.chosen[vendor] = crumb.environment
        draft = self.workspace.drafts.get(address)
        filled = {entry.name for entry in way.entries}
        entries = (*(entry for entry in draft.entries if entry.name not in filled), *way.entries)
        await self.main.form.open(address, replace(draft, entries=entries), followed=True).wait()
        self._grow(crumb)
        self.request_pane.focus_field(way.field)

    @property
    def followed(self) -> bool:
        """Whether there is a way back."""
        return bool(self._trail)

    def action_trail_back(self) -> None:
        """Go back to the answer that was followed from."""
        if self._trail:
            self._step_back(self._trail.pop())
        else:
            self.tell("Nothing was followed. Enter on an underlined id of an answer follows it.")

    @background(group="follow", description="go back")
    async def _step_back(self, crumb: Crumb) -> None:
        self._show_trail()
        if not crumb.inside or self.response_pane.exchange is not crumb.exchange:
            self.workspace.chosen[crumb.exchange.call.vendor] = crumb.environment
            self.workspace.last[crumb.address] = crumb.exchange
            await self.main.form.open(crumb.address, crumb.draft, followed=True).wait()
        self.layout.go("response")
        self.response_pane.show_tab("body")
        self.response_pane.body_panel.view.go_to_line(crumb.line, margin=4)

    def _grow(self, crumb: Crumb) -> None:
        self._trail.append(crumb)
        del self._trail[:-_DEEPEST]
        self._show_trail()

    def _show_trail(self) -> None:
        if not self._trail and not self.main.screen.query(Breadcrumbs):
            return
        if not self.main.screen.query(Breadcrumbs):
            self.main.screen.mount(Breadcrumbs(), after=self.title_bar)
        parts: list[str] = []
        inside = ""
        for crumb in self._trail:
            parts += [inside or crumb.address.partition(".")[2], crumb.said]
            inside = crumb.inside
        if parts:
            parts.append(inside or self.workspace.address.partition(".")[2])
        self.main.screen.query_one(Breadcrumbs).show(parts)


def _target_text(way: LinkTarget) -> Content:
    endpoint = way.endpoint
    grave = "" if endpoint.effect in ("read", "session") else f"  {endpoint.effect}"
    values = ", ".join(f"{entry.name}={_short(entry.value)}" for entry in way.entries)
    return Content.assemble(
        (f"{endpoint.method:<6} ", method_style(endpoint.method)),
        sanitize_line(endpoint.title),
        (f"  {endpoint.id}  {sanitize_line(values)}", MUTED),
        (grave, "$text-warning"),
    )


def _short(text: str) -> str:
    text = sanitize_line(text)
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"
