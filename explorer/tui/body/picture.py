"""An image above its bytes: drawn with half blocks, two pixels a cell, by another process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from explorer.core.body.image_worker import MAX_BYTES, Pixels
from explorer.tui.body.child_process import WorkerProcess

if TYPE_CHECKING:
    from textual import events

    from explorer.core.text.data import Data

_MODULE: Final = "explorer.core.body.image_worker"
_TIMEOUT: Final = 8.0
"""Seconds after which a decoder is ended."""
_HALF: Final = "▀"


class PictureView(Widget):
    """Shows the image that it is given, as large as its room allows; nothing else takes room."""

    DEFAULT_CSS = """
    PictureView {
        height: auto; max-height: 65%; padding: 0 1; display: none; background: $surface;
        &.-shown { display: block; }
    }
    """

    def __init__(self) -> None:
        self._body: Data = b""
        self._pixels = Pixels()
        self._child: WorkerProcess | None = None
        self._drawn_for = (0, 0)
        super().__init__()

    @property
    def pixels(self) -> Pixels:
        """What is shown."""
        return self._pixels

    def show(self, body: Data) -> None:
        """Draw the image in *body*."""
        self._body, self._drawn_for = body, (0, 0)
        self._draw()

    def clear(self) -> None:
        """Show nothing, and end what is under way."""
        self._body, self._pixels = b"", Pixels()
        self.remove_class("-shown")
        self.workers.cancel_group(self, "picture")
        self._end()

    def toggled(self) -> bool:
        """Hide what is shown, or show it again; False where there is nothing."""
        if not (self._pixels.title or self._pixels.problem):
            return False
        self.toggle_class("-shown")
        return True

    def on_unmount(self) -> None:
        """Nothing stays behind."""
        self._end()

    def on_resize(self, _event: events.Resize) -> None:
        """Draw for the new room."""
        self._draw()

    @property
    def _room(self) -> tuple[int, int]:
        """Pixels that there is room for."""
        panel = self.parent
        size = panel.content_size if isinstance(panel, Widget) else self.size
        return max(8, size.width - 2), max(4, (size.height * 65 // 100 - 1) * 2)

    def _draw(self) -> None:
        room = self._room
        if not len(self._body) or room == self._drawn_for:
            return
        self._drawn_for = room
        self.run_worker(self._made(room), group="picture", exclusive=True, exit_on_error=False, description="picture")

    async def _made(self, room: tuple[int, int]) -> None:
        if len(self._body) > MAX_BYTES:
            pixels = Pixels(problem=f"images of more than {MAX_BYTES // 1_000_000} MB are not drawn")
        else:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    pixels = await self._asked(room)
            except TimeoutError:
                pixels = Pixels(problem="drawing it took too long and was stopped")
            except (OSError, EOFError):
                pixels = Pixels(problem="the process that draws it was ended: it asked for too much")
            finally:
                self._end()
        self._pixels = pixels
        self.set_class(True, "-shown")
        self.refresh(layout=True)

    async def _asked(self, room: tuple[int, int]) -> Pixels:
        _, background = self.background_colors
        child = self._child = WorkerProcess(_MODULE)
        await child.start({"columns": room[0], "rows": room[1], "ground": background.rgb}, self._body)
        told = await child.line()
        data = await child.read(told["columns"] * told["rows"] * 3)
        return Pixels(told["columns"], told["rows"], told["title"], data, told["problem"])

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    # --- painting ----------------------------------------------------------------------------------------------------

    def get_content_height(self, *_sizes: object) -> int:
        """Lines of the picture, and one for the words."""
        return (self._pixels.rows + 1) // 2 + 1

    def render_line(self, y: int) -> Strip:
        """Two rows of pixels; below them what it is."""
        width, base = self.size.width, self.rich_style
        made = self._pixels
        if y * 2 < made.rows:
            return Strip([Segment(" ", base), *self._cells(y * 2)]).extend_cell_length(width, base).crop(0, width)
        if y * 2 < made.rows + 2:
            words = " · ".join(part for part in (made.title, made.problem and f"no preview: {made.problem}") if part)
            return Strip([Segment(f" {words}"[:width], base + Style(dim=True))]).extend_cell_length(width, base)
        return Strip.blank(width, base)

    def _cells(self, row: int) -> list[Segment]:
        """A line of cells; neighbours of the same two colours are one segment."""
        made, segments = self._pixels, list[Segment]()
        above, length = row * made.columns * 3, made.columns * 3
        upper = made.data[above : above + length]
        lower = made.data[above + length : above + 2 * length]
        start = 0
        for at in range(3, length + 3, 3):
            same = at < length and upper[at : at + 3] == upper[start : start + 3]
            if same and lower[at : at + 3] == lower[start : start + 3]:
                continue
            segments.append(Segment(_HALF * ((at - start) // 3), self._style(upper[start:], lower[start:])))
            start = at
        return segments

    def _style(self, upper: bytes, lower: bytes) -> Style:
        front = RichColor.from_rgb(*upper[:3])
        if not lower:
            return Style(color=front, bgcolor=self.rich_style.bgcolor)
        return Style(color=front, bgcolor=RichColor.from_rgb(*lower[:3]))
