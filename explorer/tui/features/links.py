"""Follow an id from a response to the call that takes it, and go back."""

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
"""Maximum number of remembered steps."""
_LONGEST: Final = 36
"""Maximum length of a path or value in the trail, in characters."""


@dataclass(frozen=True)
class Crumb:
    """A step of the trail: form, response and followed line. ``inside`` names the element if the target is in the same
    response."""

    address: str
    environment: str
    draft: Draft
    exchange: Exchange
    line: int
    label: str
    inside: str = ""


class LinksController(Controller):
    """Follows ids, and keeps the trail of the steps taken."""

    def __init__(self, main: MainContext) -> None:
        self._trail: list[Crumb] = []
        super().__init__(main)

    def opening(self) -> None:
        self._trail.clear()
        self._show_trail()

    def follow(self, event: BodyPanel.ValueActivated) -> None:
        """Follow the id that the user activated."""
        exchange = self.response_pane.exchange
        if exchange is not None:
            self._follow(exchange, event)

    @background(group="follow", description="follow")
    async def _follow(self, exchange: Exchange, event: BodyPanel.ValueActivated) -> None:
        from explorer.session.links import resolve_link

        unredacted = self.workspace.unredacted(exchange)
        try:
            link = await asyncio.to_thread(
                resolve_link, self.session, unredacted, event.path, event.value, event.siblings
            )
        except ExplorerError as error:
            self.notify_error(error)
            return
        label = f"{_short(event.path)}={_short(event.value)}"
        chosen = await self._choose_target(link, label)
        if chosen is None:
            return
        self.main.form.keep_draft()
        crumb = Crumb(
            address=exchange.call.address,
            environment=exchange.call.environment,
            draft=self.workspace.draft,
            exchange=exchange,
            line=event.line,
            label=f"#{exchange.id} {label}" if exchange.id else f"# {label}",
        )
        if chosen >= len(link.link_targets):
            inside = f"included[{link.included}]"
            self._grow(replace(crumb, inside=inside))
            event.panel.go_to_element(("included",), link.included or 0)
            return
        await self._take(link.link_targets[chosen], crumb)

    async def _choose_target(self, link: LinkResolution, label: str) -> int | None:
        """Return the index of the chosen target, or None. The object in the same response comes after the calls."""
        from explorer.tui.screens.dialogs import LinkTargetsDialog

        choices = [_target_text(target) for target in link.link_targets]
        if link.included is not None:
            choices.append(
                Content.assemble(("      ", ""), f"included[{link.included}]", ("  in this response", MUTED))
            )
        if not choices:
            self.response_pane.body_panel.say("no call of this vendor takes this id")
            return None
        return 0 if len(choices) == 1 else await self.app.push_screen_wait(LinkTargetsDialog(label, choices))

    async def _take(self, target: LinkTarget, crumb: Crumb) -> None:
        """Open the form of *target*, filled in. Other values of its draft are kept."""
        vendor = crumb.exchange.call.vendor
        address = f"{vendor}.{target.endpoint.id}"
        self.workspace.chosen[vendor] = crumb.environment
        draft = self.workspace.drafts.get(address)
        filled = {entry.name for entry in target.entries}
        entries = (*(entry for entry in draft.entries if entry.name not in filled), *target.entries)
        await self.main.form.open(address, replace(draft, entries=entries), followed=True).wait()
        self._grow(crumb)
        self.request_pane.focus_field(target.field)

    @property
    def followed(self) -> bool:
        """Whether an id was followed, so that the user can go back."""
        return bool(self._trail)

    def action_trail_back(self) -> None:
        """Go back to the response whose id was followed."""
        if self._trail:
            self._step_back(self._trail.pop())
        else:
            self.tell("No id was followed. Press enter on an underlined id in a response to follow it.")

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
            parts += [inside or crumb.address.partition(".")[2], crumb.label]
            inside = crumb.inside
        if parts:
            parts.append(inside or self.workspace.address.partition(".")[2])
        self.main.screen.query_one(Breadcrumbs).show(parts)


def _target_text(target: LinkTarget) -> Content:
    endpoint = target.endpoint
    effect = "" if endpoint.effect in ("read", "session") else f"  {endpoint.effect}"
    values = ", ".join(f"{entry.name}={_short(entry.value)}" for entry in target.entries)
    return Content.assemble(
        (f"{endpoint.method:<6} ", method_style(endpoint.method)),
        sanitize_line(endpoint.title),
        (f"  {endpoint.id}  {sanitize_line(values)}", MUTED),
        (effect, "$text-warning"),
    )


def _short(text: str) -> str:
    text = sanitize_line(text)
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"
