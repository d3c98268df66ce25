"""How much the history takes, the rules that it is kept by, and taking away what is too old or too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_exact_size, format_local, format_size, parse_size
from explorer.errors import ExplorerError, UsageError
from explorer.session.retention import change_retention, history_stats, plan_pruning, prune, vacuum
from explorer.tui.actions import bindings
from explorer.tui.kit.screens import Dialog
from explorer.tui.screens.dialogs import ConfirmDialog
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.session.context import SessionContext
    from explorer.store.history.retention import HistoryStats, Pruning
    from explorer.store.preferences import Settings

_RULES: Final = (
    ("history_keep_days", "Days kept (0: for ever)"),
    ("history_max_entries", "Entries at most"),
    ("history_max_bytes", "Size at most"),
    ("history_body_limit", "Bodies in files above"),
)
"""The settings, in the order of their boxes."""
_SIZES: Final = ("history_max_bytes", "history_body_limit")


class StorageDialog(Dialog[bool]):
    """Gives whether entries were taken away."""

    AUTO_FOCUS = "#close"
    DEFAULT_CSS = """
    StorageDialog > .dialog { width: 84; padding: 0 2; }
    StorageDialog VerticalScroll { height: auto; max-height: 16; scrollbar-size-vertical: 1; }
    StorageDialog #storage-figures { height: auto; margin-bottom: 1; }
    StorageDialog Grid { grid-size: 2; grid-columns: 26 1fr; grid-rows: 1; height: 4; }
    StorageDialog #storage-state { height: auto; min-height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("storage")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._was_pruned = False
        super().__init__()

    def compose(self) -> ComposeResult:
        """Figures, rules, what happened, keys."""
        settings = self._session.settings
        with Vertical(classes="dialog") as box:
            box.border_title = Content("What the history takes")
            with VerticalScroll(can_focus=False):
                yield Static(Content.styled("…", MUTED), id="storage-figures")
                with Grid():
                    for name, title in _RULES:
                        yield Label(Content(title))
                        line = Input(_shown(settings, name), compact=True, id=name.replace("_", "-"))
                        line.cursor_blink = False
                        yield line
                yield Static(id="storage-state", markup=False)
            yield Static(
                Content("r rules · ctrl+s keeps them · p prunes · v vacuum · esc closes"),
                classes="dialog-hint",
            )
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Prune now …"), id="prune")
                yield Button(Content("Vacuum"), id="vacuum")
                yield Button(Content("Close"), id="close", variant="primary")

    def on_mount(self) -> None:
        """Look up the figures."""
        self._look()

    @work(exclusive=True, group="figures", exit_on_error=False, description="figures")
    async def _look(self) -> None:
        try:
            found = await history_stats(self._session)
            going = await plan_pruning(self._session)
        except ExplorerError as error:
            self.query_one("#storage-figures", Static).update(_problem(error))
            return
        self.query_one("#storage-figures", Static).update(_figures(found, going))

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        await self.run_action({"prune": "prune", "vacuum": "vacuum"}.get(event.button.id or "", "close"))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_keep()

    def action_rules(self) -> None:
        """Into the first box."""
        self.query(Input).first().focus()

    @work(exclusive=True, group="storage", exit_on_error=False, description="rules")
    async def action_keep(self) -> None:
        """Keep the rules; nothing is taken away before the next prune or write."""
        try:
            notes = await change_retention(self._session, **self._typed())
        except ExplorerError as error:
            self._say(_problem(error))
            return
        for name, _ in _RULES:
            self.query_one(f"#{name.replace('_', '-')}", Input).value = _shown(self._session.settings, name)
        self._say(Content.styled(" ".join(["✓ The rules are kept.", *notes]), "$text-success"))
        self.query_one("#close").focus()
        self._look()

    def _typed(self) -> dict[str, int]:
        """The rules as they are typed.

        Raises:
            UsageError: one cannot be read.
        """
        found: dict[str, int] = {}
        for name, title in _RULES:
            text = self.query_one(f"#{name.replace('_', '-')}", Input).value.strip()
            if name in _SIZES:
                found[name] = parse_size(text)
            elif text.replace(",", "").isdecimal():
                found[name] = int(text.replace(",", "")[:12])
            else:
                raise UsageError(f"{title}: {text!r} is no whole number")
        return found

    @work(exclusive=True, group="storage", exit_on_error=False, description="prune")
    async def action_prune(self) -> None:
        """Say what the rules would take away, and take it away after a yes."""
        try:
            going = await plan_pruning(self._session)
            if not going.entries:
                self._say(Content("The rules let everything stay: there is nothing to take away."))
                return
            question = f"{_pruning_text(going)} go from the history for good. Entries with a note or a tag stay."
            if not await self.app.push_screen_wait(ConfirmDialog("Prune the history?", question, yes="Yes, prune it")):
                return
            self._was_pruned = True
            gone = await prune(
                self._session, on_progress=lambda so_far: self._say(Content(f"{so_far.entries:,} are gone …"))
            )
        except ExplorerError as error:
            self._say(_problem(error))
            return
        self._say(
            Content.styled(f"✓ {_pruning_text(gone)} are gone. v gives the room back to the disk.", "$text-success")
        )
        self._look()

    @work(exclusive=True, group="storage", exit_on_error=False, description="vacuum")
    async def action_vacuum(self) -> None:
        """Make the file as small as it can be."""
        self._say(Content.styled("… this may take a while where the history is large", MUTED))
        try:
            freed = await vacuum(self._session)
        except ExplorerError as error:
            self._say(_problem(error))
            return
        self._say(Content.styled(f"✓ {format_size(freed)} given back.", "$text-success"))
        self._look()

    def _say(self, content: Content) -> None:
        self.query_one("#storage-state", Static).update(content)

    def action_close(self) -> None:
        """Out of a box first, then back to the history."""
        if isinstance(self.focused, Input):
            self.query_one("#close").focus()
        else:
            self.dismiss(self._was_pruned)


def _problem(error: ExplorerError) -> Content:
    return Content.styled(sanitize_line(f"✗ {error.sentence}"), "$text-error")


def _shown(settings: Settings, name: str) -> str:
    value = int(getattr(settings, name))
    if name not in _SIZES:
        return f"{value:,}"
    return format_exact_size(value)


def _figures(found: HistoryStats, going: Pruning) -> Content:
    lines = [
        ("Entries", f"{found.entries:,}", f"{found.annotated:,} with a note or a tag, which stay"),
        ("Oldest", _day(found.oldest), f"newest {_day(found.newest)}"),
        ("On disk", format_size(found.file + found.spooled_size), f"{format_size(found.free)} of it unused"),
        ("Database", format_size(found.file), "packed, with what is searched"),
        ("Bodies in files", format_size(found.spooled_size), f"{found.spooled:,} files beside it, packed"),
        ("Answers", format_size(found.bodies), "as they arrived"),
    ]
    if found.aside:
        lines.append(("Set aside", f"{found.aside:,}", "damaged files, kept beside it"))
    lines.append(
        ("Would go now", f"{going.entries:,}", f"by the rules: {_pruning_text(going)}" if going.entries else "nothing")
    )
    return Content("\n").join(
        Content.assemble((f"{name:<17}", ""), (f"{value:<13}", "bold"), (note, MUTED)) for name, value, note in lines
    )


def _pruning_text(found: Pruning) -> str:
    entries = "1 entry" if found.entries == 1 else f"{found.entries:,} entries"
    days = {_day(found.oldest): None, _day(found.newest): None}
    return f"{entries} ({' to '.join(days)}, {format_size(found.size)})"


def _day(moment: float) -> str:
    return format_local(moment, "%Y-%m-%d") if moment else "–"
