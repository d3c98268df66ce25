"""Trusted hosts: the question before credentials go to a new host, and the list of allowed ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import StoreError
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.screens.dialogs import ConfirmDialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.origin import TrustQuestion
    from explorer.session.context import SessionContext
    from explorer.store.journals import TrustedHost


def trust_dialog(question: TrustQuestion) -> ConfirmDialog:
    """Return the dialog that asks *question*. The Cancel button has the focus."""
    usual = ", ".join(question.usual) or "this machine only"
    text = (
        f"{question.origin}\n"
        f"is not a host of {question.title}, {question.environment}.\n\n"
        f"The request would send there: {', '.join(question.carried)}\n"
        f"Hosts of {question.environment}: {usual}\n\n"
        "If you allow it, the app remembers the host. Press H to list trusted hosts."
    )
    return ConfirmDialog("Send credentials to this host?", text, yes="Allow")


class TrustedHostsDialog(Dialog[None]):
    """Lists *hosts*, to remove the highlighted one or all."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("trusted")

    def __init__(self, session: SessionContext, hosts: Sequence[TrustedHost]) -> None:
        self._session, self._hosts = session, list(hosts)
        super().__init__()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Trusted hosts")
            yield Static(Content("Hosts in the catalog are always trusted."), classes="dialog-hint")
            yield OptionList(markup=False, compact=True)
            yield Static(Content("x Remove · X Remove all · esc Close"), classes="dialog-hint")

    def on_mount(self) -> None:
        """Show the list."""
        self._show()
        self.query_one(OptionList).focus()

    def _show(self) -> None:
        listing = self.query_one(OptionList)
        index = listing.highlighted or 0
        listing.clear_options()
        listing.add_options([Option(_host_text(host)) for host in self._hosts])
        if not self._hosts:
            listing.add_option(Option(Content.styled("You have not allowed any other host.", MUTED), disabled=True))
        else:
            listing.highlighted = min(index, len(self._hosts) - 1)

    def action_remove(self) -> None:
        """Remove the highlighted host."""
        index = self.query_one(OptionList).highlighted
        if index is not None and self._hosts:
            self._revoke([self._hosts[index]])

    def action_clear(self) -> None:
        """Remove every host."""
        self._revoke(list(self._hosts))

    @work(exclusive=True, group="revoke", exit_on_error=False, description="trusted hosts")
    async def _revoke(self, hosts: list[TrustedHost]) -> None:
        from explorer.store.journals import revoke_trusted

        try:
            await asyncio.to_thread(revoke_trusted, self._session.folders, hosts, self._session.now())
        except StoreError as error:
            self.notify(error.sentence, severity="error", markup=False)
            return
        self._hosts = [host for host in self._hosts if host not in hosts]
        self._show()


def _host_text(host: TrustedHost) -> Content:
    where = f"  {sanitize_line(host.vendor)} {sanitize_line(host.environment)}"
    return Content.assemble((sanitize_line(host.origin), "bold"), (where, MUTED))
