"""A preview of an image above its bytes: half blocks, two pixels per cell, decoded in another process."""

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
"""Seconds after which the decoder is killed."""
_HALF: Final = "▀"


class PictureView(Widget):
    """Shows an image as large as the panel allows; hidden without one."""

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
        """The decoded image."""
        return self._pixels

    def show(self, body: Data) -> None:
        """Decode and show the image in *body*."""
        self._body, self._drawn_for = body, (0, 0)
        self._draw()

    def clear(self) -> None:
        """Hide the image and stop decoding."""
        self._body, self._pixels = b"", Pixels()
        self.remove_class("-shown")
        self.workers.cancel_group(self, "picture")
        self._end()

    def toggle_shown(self) -> bool:
        """Hide or show the image; return False if there is none."""
        if not (self._pixels.title or self._pixels.problem):
            return False
        self.toggle_class("-shown")
        return True

    def on_unmount(self) -> None:
        """Kill the decoder."""
        self._end()

    def on_resize(self, _event: events.Resize) -> None:
        """Decode for the new size."""
        self._draw()

    @property
    def _room(self) -> tuple[int, int]:
        """The available width and height in pixels."""
        panel = self.parent
        size = panel.content_size if isinstance(panel, Widget) else self.size
        return max(8, size.width - 2), max(4, (size.height * 65 // 100 - 1) * 2)

    def _draw(self) -> None:
        room = self._room
        if not len(self._body) or room == self._drawn_for:
            return
        self._drawn_for = room
        self.run_worker(self._decode(room), group="picture", exclusive=True, exit_on_error=False, description="picture")

    async def _decode(self, room: tuple[int, int]) -> None:
        if len(self._body) > MAX_BYTES:
            pixels = Pixels(problem=f"the image is larger than {MAX_BYTES // 1_000_000} MB")
        else:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    pixels = await self._request(room)
            except TimeoutError:
                pixels = Pixels(problem=f"decoding took longer than {_TIMEOUT:g} s")
            except (OSError, EOFError):
                pixels = Pixels(problem="the decoder exceeded its limits")
            finally:
                self._end()
        self._pixels = pixels
        self.set_class(True, "-shown")
        self.refresh(layout=True)

    async def _request(self, room: tuple[int, int]) -> Pixels:
        _, background = self.background_colors
        child = self._child = WorkerProcess(_MODULE)
        await child.start({"columns": room[0], "rows": room[1], "ground": background.rgb}, self._body)
        head = await child.line()
        data = await child.read(head["columns"] * head["rows"] * 3)
        return Pixels(head["columns"], head["rows"], head["title"], data, head["problem"])

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    # --- painting ----------------------------------------------------------------------------------------------------

    def get_content_height(self, *_sizes: object) -> int:
        """Return the lines of the image, and one for its caption."""
        return (self._pixels.rows + 1) // 2 + 1

    def render_line(self, y: int) -> Strip:
        """Return a line of two pixel rows, or the caption below them."""
        width, base = self.size.width, self.rich_style
        pixels = self._pixels
        if y * 2 < pixels.rows:
            return Strip([Segment(" ", base), *self._cells(y * 2)]).extend_cell_length(width, base).crop(0, width)
        if y * 2 < pixels.rows + 2:
            problem = f"no preview: {pixels.problem}" if pixels.problem else ""
            caption = " · ".join(part for part in (pixels.title, problem) if part)
            return Strip([Segment(f" {caption}"[:width], base + Style(dim=True))]).extend_cell_length(width, base)
        return Strip.blank(width, base)

    def _cells(self, row: int) -> list[Segment]:
        """Return a line of cells; adjacent cells with the same two colors share a segment."""
        pixels, segments = self._pixels, list[Segment]()
        above, length = row * pixels.columns * 3, pixels.columns * 3
        upper = pixels.data[above : above + length]
        lower = pixels.data[above + length : above + 2 * length]
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
