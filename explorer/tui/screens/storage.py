"""The storage dialog: how much space the history takes, its retention rules, pruning."""

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
    ("history_keep_days", "Days to keep (0: forever)"),
    ("history_max_entries", "Maximum entries"),
    ("history_max_bytes", "Maximum size"),
    ("history_body_limit", "Bodies in files above"),
)
"""The settings, in the order of their boxes."""
_SIZES: Final = ("history_max_bytes", "history_body_limit")


class StorageDialog(Dialog[bool]):
    """Returns whether entries were deleted."""

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
        """Yield statistics, rules, status line and buttons."""
        settings = self._session.settings
        with Vertical(classes="dialog") as box:
            box.border_title = Content("History storage")
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
                Content("r Rules · ctrl+s Save · p Prune · v Vacuum · esc Close"),
                classes="dialog-hint",
            )
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content("Prune now …"), id="prune")
                yield Button(Content("Vacuum"), id="vacuum")
                yield Button(Content("Close"), id="close", variant="primary")

    def on_mount(self) -> None:
        """Load the statistics."""
        self._load()

    @work(exclusive=True, group="figures", exit_on_error=False, description="figures")
    async def _load(self) -> None:
        try:
            stats = await history_stats(self._session)
            plan = await plan_pruning(self._session)
        except ExplorerError as error:
            self.query_one("#storage-figures", Static).update(_problem(error))
            return
        self.query_one("#storage-figures", Static).update(_stats_text(stats, plan))

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        await self.run_action({"prune": "prune", "vacuum": "vacuum"}.get(event.button.id or "", "close"))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_keep()

    def action_rules(self) -> None:
        """Focus the first rule."""
        self.query(Input).first().focus()

    @work(exclusive=True, group="storage", exit_on_error=False, description="rules")
    async def action_keep(self) -> None:
        """Save the rules. They apply at the next prune or write."""
        try:
            notes = await change_retention(self._session, **self._entered_rules())
        except ExplorerError as error:
            self._say(_problem(error))
            return
        for name, _ in _RULES:
            self.query_one(f"#{name.replace('_', '-')}", Input).value = _shown(self._session.settings, name)
        self._say(Content.styled(" ".join(["✓ Rules saved.", *notes]), "$text-success"))
        self.query_one("#close").focus()
        self._load()

    def _entered_rules(self) -> dict[str, int]:
        """Return the entered rules.

        Raises:
            UsageError: a rule is invalid.
        """
        rules: dict[str, int] = {}
        for name, title in _RULES:
            text = self.query_one(f"#{name.replace('_', '-')}", Input).value.strip()
            if name in _SIZES:
                rules[name] = parse_size(text)
            elif text.replace(",", "").isdecimal():
                rules[name] = int(text.replace(",", "")[:12])
            else:
                raise UsageError(f"{title}: {text!r} is not a whole number")
        return rules

    @work(exclusive=True, group="storage", exit_on_error=False, description="prune")
    async def action_prune(self) -> None:
        """Delete what exceeds the rules, after a confirmation."""
        try:
            plan = await plan_pruning(self._session)
            if not plan.entries:
                self._say(Content("Nothing to prune: no entry exceeds the rules."))
                return
            question = f"{_pruning_text(plan)} are deleted permanently. Entries with a note or tags are kept."
            if not await self.app.push_screen_wait(ConfirmDialog("Prune the history?", question, yes="Prune")):
                return
            self._was_pruned = True
            pruned = await prune(
                self._session, on_progress=lambda so_far: self._say(Content(f"{so_far.entries:,} entries deleted …"))
            )
        except ExplorerError as error:
            self._say(_problem(error))
            return
        self._say(
            Content.styled(f"✓ Deleted {_pruning_text(pruned)}. Press v to release the disk space.", "$text-success")
        )
        self._load()

    @work(exclusive=True, group="storage", exit_on_error=False, description="vacuum")
    async def action_vacuum(self) -> None:
        """Shrink the database file to its minimum size."""
        self._say(Content.styled("… this may take a while if the history is large", MUTED))
        try:
            freed = await vacuum(self._session)
        except ExplorerError as error:
            self._say(_problem(error))
            return
        self._say(Content.styled(f"✓ Released {format_size(freed)}.", "$text-success"))
        self._load()

    def _say(self, content: Content) -> None:
        self.query_one("#storage-state", Static).update(content)

    def action_close(self) -> None:
        """Leave a box, or close."""
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


def _stats_text(stats: HistoryStats, plan: Pruning) -> Content:
    lines = [
        ("Entries", f"{stats.entries:,}", f"{stats.annotated:,} with a note or a tag, always kept"),
        ("Oldest", _day(stats.oldest), f"newest {_day(stats.newest)}"),
        ("On disk", format_size(stats.file + stats.spooled_size), f"{format_size(stats.free)} of it unused"),
        ("Database", format_size(stats.file), "compressed, with the search index"),
        ("Bodies in files", format_size(stats.spooled_size), f"{stats.spooled:,} files, compressed"),
        ("Responses", format_size(stats.bodies), "uncompressed"),
    ]
    if stats.aside:
        lines.append(("Set aside", f"{stats.aside:,}", "damaged files, kept next to it"))
    lines.append(("To prune now", f"{plan.entries:,}", _pruning_text(plan) if plan.entries else "nothing"))
    return Content("\n").join(
        Content.assemble((f"{name:<17}", ""), (f"{value:<13}", "bold"), (note, MUTED)) for name, value, note in lines
    )


def _pruning_text(pruning: Pruning) -> str:
    entries = "1 entry" if pruning.entries == 1 else f"{pruning.entries:,} entries"
    days = {_day(pruning.oldest): None, _day(pruning.newest): None}
    return f"{entries} ({' to '.join(days)}, {format_size(pruning.size)})"


def _day(moment: float) -> str:
    return format_local(moment, "%Y-%m-%d") if moment else "–"
