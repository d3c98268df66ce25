"""The line above the form: whether it can be sent, and what is missing. A click acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.widgets.quiet import CachedStatic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from explorer.errors import Problem


class StatusLine(CachedStatic):
    """A line that a click acts on."""

    @dataclass
    class Pressed(Message):
        """It was clicked."""

        line: StatusLine

        @property
        def control(self) -> StatusLine:
            """The line, for ``@on`` selectors."""
            return self.line

    def on_click(self, event: events.Click) -> None:
        """Tell."""
        event.stop()
        self.post_message(self.Pressed(self))


def status_text(problems: Sequence[Problem], unsent: Sequence[str] = ()) -> Content:
    """Return ``✗ 2 required are missing: id, size``, or that the form is ready and what of it is not sent."""
    errors = [one for one in problems if one.level == "error"]
    parts: list[Content]
    if not errors:
        warned = len(problems)
        ready = Content.styled("✓ ready to send", "$text-success")
        parts = [ready] + ([Content(f"{warned} to consider, beside the fields")] if warned else [])
        if unsent:
            verb = "is" if len(unsent) == 1 else "are"
            text = f"{sanitize_line(', '.join(unsent))} {verb} empty and {verb} not sent"
            parts.append(Content.styled(text, "$text-warning"))
        return Content("  ").join(parts)
    missing = [one.field for one in errors if one.message == "is required"]
    wrong = [one for one in errors if one.message != "is required"]
    parts = []
    if wrong:
        names = "; ".join(sanitize_line(f"{one.field} {one.message}") for one in wrong)
        parts.append(Content.styled(f"✗ {names}", "$text-error"))
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        names = ", ".join(map(sanitize_line, missing))
        parts.append(Content.styled(f"• {len(missing)} required {verb} missing: {names}", "$text-warning"))
    return Content("\n").join(parts)
