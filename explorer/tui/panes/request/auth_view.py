"""The Auth tab, and the line above the form that shows whether it can be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.tui.kit.static_widgets import CachedStatic
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult

    from explorer.core.auth.base import SigningStep
    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.errors import Problem
    from explorer.store.credentials import CredentialStatus


class AuthView(VerticalScroll, can_focus=True):
    """The Auth tab: scheme, credentials and signing steps."""

    DEFAULT_CSS = """
    AuthView {
        height: 1fr; scrollbar-size-vertical: 1; padding: 0 1;
        & > Static { height: auto; width: 1fr; margin: 0 0 1 0; }
        & > Button { margin: 0 0 1 0; }
        &:focus { background: $foreground 2%; }
    }
    """

    @dataclass
    class CredentialsWanted(Message):
        """The user wants to enter credentials."""

    def compose(self) -> ComposeResult:
        """Yield scheme and credentials, a button, and the steps."""
        yield Static("", id="auth-scheme", markup=False)
        yield Button(Content("Enter credentials (K)"), compact=True)
        yield Static("", id="auth-steps", markup=False)

    def show(
        self, vendor: Vendor, endpoint: Endpoint, environment: str, credentials: Sequence[CredentialStatus]
    ) -> None:
        """Show the auth scheme and the credentials of an endpoint."""
        self.query_one("#auth-scheme", Static).update(scheme_text(vendor, endpoint, environment, credentials))
        self.query_one(Button).display = bool(vendor.credentials) and endpoint.auth != "none"

    def show_steps(self, steps: Sequence[SigningStep], before: str, missing: Sequence[str]) -> None:
        """Show how the current request was signed."""
        self.query_one("#auth-steps", Static).update(steps_text(steps, before, missing))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.CredentialsWanted())


def scheme_text(
    vendor: Vendor, endpoint: Endpoint, environment: str, credentials: Sequence[CredentialStatus]
) -> Content:
    """Return the scheme, its note, and a line for each credential."""
    auth = vendor.auth.get(endpoint.auth)
    if auth is None:
        return Content.assemble(("Anonymous", "bold"), ": no credentials are sent.")
    lines = [
        Content.assemble(
            (sanitize_line(auth.title or auth.scheme), "bold"),
            f"  {auth.scheme}  ",
            (vendor.cite(auth.lines), MUTED),
        )
    ]
    if auth.note:
        lines.append(Content(sanitize_line(auth.note)))
    lines.append(Content(""))
    lines.append(Content.styled(f"Credentials for {sanitize_line(environment)}", "bold $text-primary"))
    for credential in credentials:
        mark, style = ("✓", "$text-success") if credential.present else ("✗", "$text-warning")
        source = f"from {sanitize_line(credential.source)}"
        if not credential.present:
            source = f"missing; set {credential.variable} or enter it here"
        lines.append(Content.assemble((mark, style), f" {credential.name}  ", (source, MUTED)))
    return Content("\n").join(lines)


def steps_text(steps: Sequence[SigningStep], before: str, missing: Sequence[str]) -> Content:
    """Return what is missing, which request comes first, and each step of the signature."""
    lines: list[Content] = []
    if missing:
        lines.append(Content.styled(f"✗ Missing: {', '.join(map(sanitize_line, missing))}", "$text-error"))
    if before:
        lines.append(Content.styled(f"→ {sanitize_line(before)}", "$text-warning"))
    if steps:
        lines.append(Content.styled("How this request is signed", "bold $text-primary"))
    for number, step in enumerate(steps, 1):
        lines.append(Content.assemble((f"{number}. {sanitize_line(step.title)}", "bold")))
        lines.append(Content(sanitize(step.text)))
        if step.detail:
            lines.append(Content.styled(sanitize(step.detail), MUTED))
    return Content("\n").join(lines)


class StatusLine(CachedStatic):
    """A line that can be clicked."""

    @dataclass
    class Pressed(Message):
        """It was clicked."""

        line: StatusLine

        @property
        def control(self) -> StatusLine:
            """The line, for ``@on`` selectors."""
            return self.line

    def on_click(self, event: events.Click) -> None:
        """Report the click."""
        event.stop()
        self.post_message(self.Pressed(self))


ONE_OF: Final = "at least one of "
"""Start of the problem of several fields of which one is required: something is missing, nothing is wrong."""


def status_text(problems: Sequence[Problem], unsent: Sequence[str] = ()) -> Content:
    """Return the problems, or that the form is ready, with the items that are empty and so not sent."""
    errors = [problem for problem in problems if problem.level == "error"]
    parts: list[Content]
    if not errors:
        warnings = len(problems)
        ready = Content.styled("✓ ready to send", "$text-success")
        parts = [ready] + ([Content(f"{warnings} warning{'' if warnings == 1 else 's'}")] if warnings else [])
        if unsent:
            verb = "is" if len(unsent) == 1 else "are"
            text = f"{sanitize_line(', '.join(unsent))} {verb} empty and will not be sent"
            parts.append(Content.styled(text, "$text-warning"))
        return Content("  ").join(parts)
    missing = [problem.field for problem in errors if problem.message == "is required"]
    choices = [problem.message for problem in errors if problem.message.startswith(ONE_OF)]
    invalid = [problem for problem in errors if problem.message not in ("is required", *choices)]
    parts = []
    if invalid:
        names = "; ".join(sanitize_line(f"{problem.field} {problem.message}") for problem in invalid)
        parts.append(Content.styled(f"✗ {names}", "$text-error"))
    if missing:
        fields = "field is" if len(missing) == 1 else "fields are"
        names = ", ".join(map(sanitize_line, missing))
        parts.append(Content.styled(f"• {len(missing)} required {fields} missing: {names}", "$text-warning"))
    parts += [Content.styled(f"• {sanitize_line(choice)}", "$text-warning") for choice in choices]
    return Content("\n").join(parts)
