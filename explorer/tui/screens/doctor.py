"""A vendor looked over end to end: each check as it is done, and what to do about those that failed."""

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
    """The checks over one vendor in one environment; only reads are sent."""

    TITLE = "Doctor"
    HELP = (
        "One vendor looked over in one environment, from the host name to the last page. Only reads are sent; each "
        "check that fails says what to do."
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
        self.found: list[DoctorCheck] = []
        self.running = True
        super().__init__()

    def compose(self) -> ComposeResult:
        yield Static(id="doctor-title", classes="title-line", markup=False)
        yield Static(id="doctor-sum", markup=False)
        yield LinesView(id="doctor-view")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin at once."""
        place = f"  {sanitize_line(self.vendor.title)} · {sanitize_line(self.environment)}"
        title = Content.assemble(("Doctor", "bold"), place, ("  only reads are sent", MUTED))
        self.query_one("#doctor-title", Static).update(title)
        self.query_one(LinesView).focus()
        self._examine(login=False)

    def on_resize(self) -> None:
        self.show_keys(["doctor.again", "doctor.allow", "doctor.copy"], "doctor.close")

    @work(exclusive=True, group="doctor", exit_on_error=False, description="doctor")
    async def _examine(self, *, login: bool) -> None:
        from explorer.session.doctor import run_checks

        self.found, self.running = [], True
        self._show()
        problem = ""
        try:
            async for one in run_checks(self.session, self.vendor.id, self.environment, login=login):
                self.found.append(one)
                self._show()
        except ExplorerError as error:
            problem = error.sentence
        self.running = False
        self._show(problem)

    def _show(self, problem: str = "") -> None:
        self.query_one("#doctor-sum", Static).update(self._sum(problem))
        self.query_one(LinesView).show_for(self._rows)

    def _sum(self, problem: str) -> Content:
        failed = [one for one in self.found if one.state == "failed"]
        if problem:
            return Content.styled(f"✗ {sanitize_line(problem)}", "$text-error")
        if self.running:
            return Content.styled("Looking it over …", "$text-warning")
        if failed:
            return Content.styled(f"✗ {len(failed)} of {len(self.found)} checks failed", "$text-error")
        done = sum(one.state != "skipped" for one in self.found)
        return Content.styled(
            f"✓ Nothing failed: {done} checks done, {len(self.found) - done} skipped", "$text-success"
        )

    def _rows(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for one in self.found:
            sign, kind = _SIGNS[one.state]
            rows.append(Row(((kind, f" {sign} "), ("dim" if one.state == "skipped" else "strong", one.title))))
            rows += labelled_rows("", one.evidence, width, "dim" if one.state == "skipped" else "text")
            if one.fix and one.state in ("failed", "warning"):
                rows += labelled_rows("→".rjust(LABEL - 2), one.fix, width, "warn", "warn")
        return rows

    # --- what a person does ------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        """Look it over again."""
        self._examine(login=False)

    def action_allow(self) -> None:
        """Again, and ask the vendor for a token where one is needed."""
        self._examine(login=True)

    def action_copy(self) -> None:
        """Copy the result as text."""
        lines = [f"{_SIGNS[one.state][0]} {one.title}: {one.evidence}" for one in self.found]
        self.app.copy_to_clipboard("\n".join(lines))
        self.tell("Copied the result.")
