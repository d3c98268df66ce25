"""Frames that nobody looks at are not drawn: textual draws each frame of a headless app and throws it away.

Drawing them took 40 % of the processor time of a test of the app. ``Driver.text`` draws what is on the screen when a
test looks, and ``driven`` draws the last frame of each test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from textual._compositor import Compositor
from textual._context import active_app, visible_screen_stack

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.app import App
    from textual.screen import Screen

_UNSEEN: WeakSet[App[Any]] = WeakSet()
_drawn = Compositor.render_update


def draw_when_looked_at(app: App[Any]) -> None:
    """Draw no frame of *app* but those that a test asks for."""
    Compositor.render_update = _render_update  # type: ignore[method-assign]
    _UNSEEN.add(app)


def _render_update(
    self: Compositor,
    full: bool = False,
    screen_stack: list[Screen[Any]] | None = None,
    simplify: bool = False,
) -> RenderableType | None:
    if full or active_app.get() not in _UNSEEN:
        return _drawn(self, full, screen_stack, simplify)
    visible_screen_stack.set([] if screen_stack is None else screen_stack)
    self._dirty_regions.clear()
    return None
