"""Show the collection of all pages of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.tui.features.controller import Controller

if TYPE_CHECKING:
    from explorer.core.model import Exchange
    from explorer.tui.features.controller import MainContext
    from explorer.tui.page_buffer import PageBuffer


class CollectionController(Controller):
    """Shows the one collection of the screen whenever its endpoint is open."""

    def __init__(self, main: MainContext) -> None:
        self.page_buffer: PageBuffer | None = None
        super().__init__(main)

    @property
    def active(self) -> bool:
        """Whether the collection is visible and planned, running or paused, so that escape applies to it."""
        buffer = self.page_buffer
        return buffer is not None and self.is_visible(buffer) and buffer.collector.state in ("new", "running", "paused")

    def is_visible(self, buffer: PageBuffer) -> bool:
        """Return whether *buffer* is the collection on screen."""
        return buffer is self.page_buffer and buffer.address == self.workspace.address and self.response_pane.collecting

    def adopt(self, buffer: PageBuffer) -> None:
        """Replace the collection of this screen with *buffer*, and show it."""
        self.discard()
        self.page_buffer = buffer
        buffer.shown = lambda: self.show_progress(buffer)
        self.show(buffer)

    def show(self, buffer: PageBuffer) -> None:
        """Show the records received so far, and the progress."""
        exchange = buffer.merged if buffer.merged is not None else buffer.collector.first
        if exchange is not None:
            focused = self.response_pane.collecting and self.response_pane.collection_focused
            self.response_pane.show_collection(exchange, buffer.collection)
            if buffer.active:
                self.response_pane.grow_collection(buffer.growth(from_start=True), buffer.records)
            self.show_progress(buffer)
            if not buffer.active and buffer.merged is not None:
                verdict = buffer.collection.verdict
                self.title_bar.state = f"{verdict.outcome}, {buffer.collection.summary}"
            if focused:
                self.response_pane.focus_collection()

    def show_progress(self, buffer: PageBuffer) -> None:
        """Show the progress of *buffer* if it is visible."""
        if self.is_visible(buffer):
            status = buffer.collection
            self.response_pane.update_collection(status)
            if status.active:
                self.response_pane.grow_collection(buffer.growth())
            of = f" of {status.of_pages}" if status.of_pages is not None else ""
            states = {"new": "all pages?", "paused": f"paused at {status.pages}{of} pages"}
            self.title_bar.state = states.get(status.state, f"{status.pages}{of} pages, esc stops")

    async def show_last_response(self) -> bool:
        buffer = self.page_buffer
        if buffer is None or buffer.address != self.workspace.address:
            return False
        self.show(buffer)
        return True

    def exchange_opening(self, exchange: Exchange) -> None:
        """Discard the collection when a single response of the same endpoint replaces it."""
        if self.page_buffer is not None and self.page_buffer.address == exchange.call.address:
            self.discard()

    def discard(self) -> None:
        """Stop and close the collection, if there is one."""
        buffer, self.page_buffer = self.page_buffer, None
        if buffer is not None:
            self.cancel_group("collect")
            buffer.close()

    def unmounted(self) -> None:
        self.discard()
