"""The tabs of an answer: body, headers, wire and timing. Only the open one is made; the others when they are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.widgets import TabbedContent, TabPane, Tabs

from explorer.core.exchange import hops_of
from explorer.tui.widgets.body_tab import BodyTab
from explorer.tui.widgets.headers_view import HeadersView
from explorer.tui.widgets.timing_view import TimingView
from explorer.tui.widgets.wire_view import WireView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

    from explorer.core.exchange import Exchange
    from explorer.tui.widgets.wire_view import Trace

TABS: Final = ("body", "headers", "wire", "timing")


class ResponseTabs(TabbedContent):
    """``show`` all of an exchange but its body, which is told to ``body`` itself."""

    def __init__(self) -> None:
        self._waiting: dict[str, Callable[[], None]] = {}
        """What fills each tab that was not open since the exchange is there."""
        super().__init__(initial=TABS[0])
        self._headers, self._wire, self._timing = HeadersView(), WireView(), TimingView()
        self.body: Final = BodyTab()
        """The Body tab."""
        for tab, view in zip(TABS, (self.body, self._headers, self._wire, self._timing), strict=True):
            self.compose_add_child(TabPane(tab.capitalize(), view, id=tab))

    def show(self, exchange: Exchange, trace: Trace | None) -> None:
        """Show headers, wire and timing of a redacted *exchange*; *trace* gives the parts of a request."""
        headers = exchange.response.headers if exchange.response else ()
        self._waiting = {
            "headers": lambda: self._headers.show_headers(headers),
            "wire": lambda: self._wire.show_exchange(exchange, trace),
            "timing": lambda: self._timing.show_exchange(exchange),
        }
        self._fill(self.active)
        self.count("headers", len(headers))
        self.count("wire", len(hops_of(exchange)) if exchange.hops else 0)

    def watch_active(self, active: str) -> None:
        """What was put off until its tab is opened is made in time for the first frame."""
        self._fill(active)

    def _fill(self, tab: str) -> None:
        if fill := self._waiting.pop(tab, None):
            fill()

    def count(self, tab: str, count: int) -> None:
        """Tell in the name of *tab* how many there are; 0 tells nothing."""
        label, name = self.get_tab(tab), tab.capitalize()
        text = f"{name} {count}" if count else name
        if label.label_text != text:
            label.label = Content(text)

    def go(self, step: int) -> str:
        """The tab that is *step* to the right of the open one."""
        return TABS[(TABS.index(self.active) + step) % len(TABS)]

    def take_focus(self) -> None:
        """Put the focus on what takes keys in the open tab; on the tabs themselves where nothing does."""
        views: dict[str, Widget | None] = {"headers": self._headers, "wire": self._wire, "timing": self._timing}
        (views.get(self.active, self.body.focus_target) or self.query_one(Tabs)).focus()
