"""Frames that nobody looks at are not drawn: textual draws each frame of a headless app and throws it away.

Drawing took a third of the processor time of a test of the app. What a person would see is drawn: before the keys of a
step, when a test looks, and at the end.
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
    from textual.strip import Strip

_APPS: WeakSet[App[Any]] = WeakSet()
_UNDRAWN: WeakSet[App[Any]] = WeakSet()
_render_update = Compositor.render_update


def draw_when_looked_at(app: App[Any]) -> None:
    """Draw no frame of *app* but those that a test asks for."""
    Compositor.render_update = _skip  # type: ignore[method-assign]
    _APPS.add(app)


def draw(app: App[Any]) -> list[Strip]:
    """Draw what is on the screen of *app*, the screens behind a dialog included."""
    _UNDRAWN.discard(app)
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips()


def draw_unseen(app: App[Any]) -> None:
    """Draw the frame that *app* would show now, if it was left out."""
    if app in _UNDRAWN and app.is_running:
        draw(app)


def _skip(
    self: Compositor,
    full: bool = False,
    screen_stack: list[Screen[Any]] | None = None,
    simplify: bool = False,
) -> RenderableType | None:
    app = active_app.get(None)
    if full or app is None or app not in _APPS:
        return _render_update(self, full, screen_stack, simplify)
    _UNDRAWN.add(app)
    self._dirty_regions.clear()
    return None
