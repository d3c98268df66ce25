"""The doctor: end-to-end checks of a vendor, shown as they complete, with a fix for each failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.content import Content
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.lines_view import LinesView, Row
from explorer.tui.kit.screens import ListScreen
from explorer.tui.panes.diagnosis_rows import LABEL, labelled_rows
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.session.context import SessionContext
    from explorer.session.doctor import CheckOutcome, DoctorCheck

_SIGNS: Final[dict[CheckOutcome, tuple[str, str]]] = {
    "ok": ("✓", "good"),
    "failed": ("✗", "bad"),
    "warning": ("!", "warn"),
    "skipped": ("–", "dim"),
}


class DoctorScreen(ListScreen[None]):
    """The checks of one vendor in one environment. Only read calls are sent."""

    TITLE = "Doctor"
    HELP = (
        "Checks one vendor in one environment, from the host name to the last page. Only read calls are sent. Each "
        "failed check shows how to fix it."
    )
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    DoctorScreen {
        & > #doctor-sum { height: auto; padding: 1; text-style: bold; }
        & > LinesView { padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("doctor")

    def __init__(self, session: SessionContext, vendor: str, environment: str) -> None:
        self.session = session
        self.vendor = session.vendor(vendor)
        self.environment = environment
        self.checks: list[DoctorCheck] = []
        self.running = True
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(id="doctor-title", classes="title-line", markup=False)
        yield Static(id="doctor-sum", markup=False)
        yield LinesView(id="doctor-view")
        yield KeyBar()

    def on_mount(self) -> None:
        """Start the checks."""
        place = f"  {sanitize_line(self.vendor.title)} · {sanitize_line(self.environment)}"
        title = Content.assemble(("Doctor", "bold"), place, ("  sends only read calls", MUTED))
        self.query_one("#doctor-title", Static).update(title)
        self.query_one(LinesView).focus()
        self._run_checks(login=False)

    def on_resize(self) -> None:
        self.show_keys(["doctor.again", "doctor.allow", "doctor.copy"], "doctor.close")

    @work(exclusive=True, group="doctor", exit_on_error=False, description="doctor")
    async def _run_checks(self, *, login: bool) -> None:
        from explorer.session.doctor import run_checks

        self.checks, self.running = [], True
        self._show()
        problem = ""
        try:
            async for check in run_checks(self.session, self.vendor.id, self.environment, login=login):
                self.checks.append(check)
                self._show()
        except ExplorerError as error:
            problem = error.sentence
        self.running = False
        self._show(problem)

    def _show(self, problem: str = "") -> None:
        self.query_one("#doctor-sum", Static).update(self._summary(problem))
        self.query_one(LinesView).show_for(self._rows)

    def _summary(self, problem: str) -> Content:
        failed = [check for check in self.checks if check.state == "failed"]
        if problem:
            return Content.styled(f"✗ {sanitize_line(problem)}", "$text-error")
        if self.running:
            return Content.styled("Running the checks …", "$text-warning")
        if failed:
            return Content.styled(f"✗ {len(failed)} of {len(self.checks)} checks failed", "$text-error")
        done = sum(check.state != "skipped" for check in self.checks)
        return Content.styled(f"✓ {done} checks passed, {len(self.checks) - done} skipped", "$text-success")

    def _rows(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for check in self.checks:
            sign, kind = _SIGNS[check.state]
            rows.append(Row(((kind, f" {sign} "), ("dim" if check.state == "skipped" else "strong", check.title))))
            rows += labelled_rows("", check.evidence, width, "dim" if check.state == "skipped" else "text")
            if check.fix and check.state in ("failed", "warning"):
                rows += labelled_rows("→".rjust(LABEL - 2), check.fix, width, "warn", "warn")
        return rows

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Run the checks again."""
        self._run_checks(login=False)

    def action_allow(self) -> None:
        """Run the checks again, requesting a token from the vendor if one is needed."""
        self._run_checks(login=True)

    def action_copy(self) -> None:
        """Copy the result as text."""
        lines = [f"{_SIGNS[check.state][0]} {check.title}: {check.evidence}" for check in self.checks]
        self.app.copy_to_clipboard("\n".join(lines))
        self.tell("Copied the result.")
