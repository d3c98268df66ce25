"""A form that a saved request was opened in: its variables, and what is shown of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.features.controller import Controller
from explorer.tui.saved_form import same_request

if TYPE_CHECKING:
    from explorer.errors import Problem
    from explorer.tui.features.controller import MainContext
    from explorer.tui.saved_form import SavedForm


class SavedFormController(Controller):
    """What a saved request adds to a form."""

    def __init__(self, main: MainContext, saved_form: SavedForm) -> None:
        self.saved_form = saved_form
        super().__init__(main)

    def has_missing_values(self) -> bool:
        from explorer.core.saved.filling import call_uses

        if not self.workspace.draft.saved:
            return False
        waiting = dict.fromkeys(str(one.placeholder) for one in call_uses(self.workspace.call()))
        if waiting:
            self.tell(f"No value yet: {', '.join(waiting)}. F5 asks for it, or fetches it; then this goes, too.")
        return bool(waiting)

    async def form_opening(self) -> None:
        if self.workspace.draft.saved:
            await asyncio.to_thread(self.saved_form.saved.load)

    def form_problems(self) -> tuple[Problem, ...] | None:
        if not self.workspace.draft.saved:
            return None
        from explorer.session.saved_checks import form_problems

        saved = self.saved_form.saved
        return tuple(form_problems(saved, self.workspace.draft_call(), saved.scope))

    def form_checked(self) -> None:
        """Show which saved request is open, whether it was changed, and what has no value yet."""
        draft = self.workspace.draft
        if not draft.saved:
            self.request_pane.show_saved("", Content(""), changed=False)
            return
        saved, request = self.saved_form.saved, self.saved_form.request()
        file = self.saved_form.file
        parts: list[Content | str | tuple[str, str]] = []
        if file is None:
            parts.append((f"✗ the file {sanitize_line(draft.saved)} is gone; S writes it anew", "$text-warning"))
        try:
            waiting = ", ".join(str(one.placeholder) for one in saved.missing(request, saved.scope))
            if waiting:
                parts.append((f"○ no value yet: {sanitize_line(waiting)}; asked for on sending", "$text-warning"))
            from explorer.core.saved.filling import references

            needed = [str(one) for one in references(request)]
            if needed:
                parts.append((f"{'  ' if parts else ''}↺ {sanitize_line(', '.join(needed))}", "$text-accent"))
        except ExplorerError as error:
            parts.append((f"✗ {sanitize_line(error.message)}", "$text-error"))
        changed = file is None or file.request is None or not same_request(file.request, request)
        self.request_pane.show_saved(draft.saved, Content.assemble(*parts), changed=changed)
