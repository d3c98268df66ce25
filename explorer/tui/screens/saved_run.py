"""A run of saved requests: a row for each step, its expectations and its result."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on, work
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.saved.report import MARKS, RunReport, RunStep, report_junit, report_table, report_text
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError, StoreError
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.lines_view import LinesView, Row
from explorer.tui.kit.screens import ListScreen
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.session.sequence import SequenceRunner
    from explorer.tui.app_base import AppBase


_COLORS: Final = {
    "key": "name",
    "tag": "name",
    "string": "in",
    "number": "warn",
    "constant": "out",
    "punctuation": "dim",
}
"""Token kind of a body → span kind."""
_LINES: Final = 200
"""Maximum number of body lines shown; the history has the full body."""
_BODY: Final = 300_000
"""Maximum size of a body that is shown, in bytes."""


def step_rows(step: RunStep) -> Iterator[Row]:
    """Yield the rows of a step: expectations, request and response."""
    where = f" in {step.environment}" if step.environment else ""
    yield Row((("strong", sanitize_line(step.name)), ("dim", sanitize_line(f"  {step.address}{where}"))))
    if step.needed_by:
        yield Row((("dim", sanitize_line(f"run because {step.needed_by} needs its response")),))
    if step.message:
        yield Row((("bad" if step.outcome == "error" else "dim", sanitize_line(step.message)),))
    for result in step.results:
        yield Row(
            (("text" if result.held else "bad", sanitize_line(str(result))),),
            gutter=(("good", "✓ ") if result.held else ("bad", "✗ "),),
        )
    if step.exchange is None:
        return
    request, response = step.exchange.request, step.exchange.response
    yield Row()
    yield Row((("out", f"{sanitize_line(request.method)} "), ("url", sanitize_line(request.url))))
    if response is None:
        return
    yield Row((("in", sanitize_line(f"{response.http_version} {response.status} {response.reason}")),))
    if len(response.body) > _BODY:
        yield Row((("dim", f"{len(response.body):,} bytes; press enter to see them"),))
        return
    from explorer.core.body.document import Document

    document = Document(response.body[:], response.header("content-type"))
    for number in range(min(_LINES, document.line_count)):
        yield Row(tuple((_COLORS.get(kind, "text"), text) for kind, text in document.tokens(number)), hanging_indent=2)
    if document.line_count > _LINES:
        yield Row((("dim", f"… {document.line_count - _LINES:,} more lines; press enter to see them"),))


STYLES: Final = {"passed": "$text-success", "failed": "$text-error", "error": "$text-error", "skipped": MUTED}


async def prepare_run(app: AppBase, runner: SequenceRunner, names: tuple[str, ...], *, asks_itself: str = "") -> bool:
    """Return whether *names* can run, after asking for missing values and confirmations. The request *asks_itself* is
    confirmed by its sender."""
    from explorer.core.saved.placeholders import VariablePlaceholder
    from explorer.session.request_files import outside_warning
    from explorer.tui.screens.dialogs import ConfirmDialog
    from explorer.tui.screens.saved_dialogs import VariablesDialog

    try:
        plan = await asyncio.to_thread(runner.plan, names)
        if plan.missing:
            values = await app.push_screen_wait(VariablesDialog(plan.missing))
            if values is None:
                return False
            runner.saved.given.update(values)
            for _, missing in plan.missing:
                if missing.secret and isinstance(missing.placeholder, VariablePlaceholder):
                    runner.saved.learn(values.get(missing.placeholder.name, ""))
            plan = await asyncio.to_thread(runner.plan, names)
    except ExplorerError as error:
        app.tell(error.sentence, severity="error")
        return False
    if plan.problems or plan.missing:
        problems = [str(problem) for problem in plan.problems]
        problems += [f"{missing.placeholder}: {missing.hint}" for _, missing in plan.missing]
        app.tell("Nothing was sent:\n" + "\n".join(problems), severity="error")
        return False
    if plan.files:
        text = "\n".join(f"{name}: {outside_warning(path)}." for name, path in plan.files)
        if not await app.push_screen_wait(ConfirmDialog("Upload these files?", text, yes="Upload")):
            return False
        for _, path in plan.files:
            runner.session.files.allow_upload(path)
    questions = [f"{name}: {question}" for name, question in plan.questions if name != asks_itself]
    if questions and not runner.agreed:
        dialog = ConfirmDialog("Run these requests?", "\n".join(questions), yes="Run")
        confirmed: bool | None = await app.push_screen_wait(dialog)
        runner.agreed = bool(confirmed)
        return runner.agreed
    return True


class RunScreen(ListScreen[int | None]):
    """Runs *names*. Returns the history entry of a step that the user wants to see, or None."""

    TITLE = "Run"
    HELP = "Each request as it runs, the expectations of its response, and the report."
    AUTO_FOCUS = ""
    BESIDE = 130
    DEFAULT_CSS = """
    RunScreen {
        & > #run-middle { height: 1fr; layout: vertical; }
        & #run-steps {
            height: auto; max-height: 50%; min-height: 4; border: none; padding: 0 1; background: transparent;
            scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis;
            & > .option-list--option-highlighted, &:focus > .option-list--option-highlighted {
                background: $primary 30%; color: $foreground; text-style: none;
            }
        }
        & #run-details { height: 1fr; border-top: solid $foreground 30%; padding: 0 1; }
        &.-beside #run-middle { layout: horizontal; }
        &.-beside #run-steps { width: 1fr; height: 1fr; max-height: 100%; }
        &.-beside #run-details { width: 1fr; border-top: none; border-left: solid $foreground 30%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("run")

    def __init__(self, runner: SequenceRunner, title: str, names: tuple[str, ...], folder: str) -> None:
        self._runner, self._title, self._names, self._folder = runner, title, names, folder
        self._current = ""
        """The running request."""
        self._shown: list[RunStep | str] = []
        """One item per row: a finished step, or the name of a request that has not finished."""
        self._followed = True
        """Whether the cursor follows the run."""
        self.report: RunReport | None = None
        super().__init__()

    @property
    def _app(self) -> AppBase:
        return cast("AppBase", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="run-title", classes="title-line", markup=False)
        with Vertical(id="run-middle"):
            yield OptionList(id="run-steps", markup=False, compact=True)
            yield LinesView(id="run-details")
        yield KeyBar()

    def on_mount(self) -> None:
        """Start the run."""
        self.query_one(OptionList).focus()
        self._start()

    def on_resize(self) -> None:
        self._list()

    # --- running -----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._runner.steps.clear()
        self._runner.exchanges.clear()
        self.report, self._current, self._followed = None, "", True
        self._runner.tell = self._show_step
        self._list()
        self._run()

    @work(exclusive=True, group="run", exit_on_error=False, description="run")
    async def _run(self) -> None:
        try:
            self.report = await self._runner.run(self._title, self._names, self._folder)
        except ExplorerError as error:
            self.tell(error.sentence, severity="error")
        except asyncio.CancelledError:
            if self.is_mounted:
                self._stopped()
            raise
        self._current = ""
        self._list()

    def _stopped(self) -> None:
        """Create a report of the steps that finished before the user stopped the run."""
        steps = tuple(self._runner.steps)
        seconds = sum(step.seconds for step in steps)
        left = tuple(
            RunStep(name=name, address="", outcome="skipped", message="not run: stopped")
            for name in self._names
            if all(step.name != name for step in steps)
        )
        started = steps[0].exchange.started_at if steps and steps[0].exchange else self._runner.session.now()
        self.report = RunReport(title=self._title, started_at=started, seconds=seconds, steps=(*steps, *left))
        self._current = ""
        self._list()

    def _show_step(self, step: RunStep | str) -> None:
        self._current = step if isinstance(step, str) else ""
        self._list()

    @property
    def running(self) -> bool:
        """Whether the run is in progress."""
        return self.report is None and any(worker.group == "run" and worker.is_running for worker in self.workers)

    # --- display -----------------------------------------------------------------------------------------------------

    def _list(self) -> None:
        if not self.is_mounted:
            return
        steps = list(self.report.steps if self.report is not None else self._runner.steps)
        done = {step.name for step in steps}
        waiting = [name for name in ([self._current] if self._current else []) + list(self._names) if name not in done]
        self._shown = [*steps, *dict.fromkeys(waiting)]
        listing = self.query_one(OptionList)
        index = listing.highlighted
        width = max((len(step if isinstance(step, str) else step.name) for step in self._shown), default=0)
        with self.app.batch_update():
            listing.clear_options()
            listing.add_options([Option(self._option(step, width)) for step in self._shown])
            if self._shown:
                listing.highlighted = self._line(steps) if self._followed or index is None else index
        self._head()
        self._details()

    def _line(self, steps: list[RunStep]) -> int:
        """Return the row for the cursor: the last step, or the first failure once the run has ended."""
        failures = [index for index, step in enumerate(steps) if step.outcome in ("failed", "error")]
        return failures[0] if self.report is not None and failures else max(0, len(steps) - 1)

    def _option(self, step: RunStep | str, width: int) -> Content:
        if isinstance(step, str):
            mark, style = ("▶", "bold $text-accent") if step == self._current else ("○", MUTED)
            state = "  running" if step == self._current else ""
            return Content.assemble((f"{mark} ", style), (sanitize_line(step), style), (state, MUTED))
        response = step.exchange.response if step.exchange else None
        status = str(response.status) if response else "–"
        took = f"{step.seconds * 1000:5.0f} ms" if step.exchange else " " * 8
        passed = sum(result.held for result in step.results)
        counted = f"  {passed}/{len(step.results)}" if step.results else ""
        needed = f"  needed by {sanitize_line(step.needed_by)}" if step.needed_by else ""
        return Content.assemble(
            (f"{MARKS[step.outcome]} ", f"bold {STYLES[step.outcome]}"),
            (f"{sanitize_line(step.name):<{width}}", "bold" if step.outcome != "skipped" else MUTED),
            f"  {status:>3}",
            (f"  {took}{counted}", MUTED),
            (needed, MUTED),
            (f"  {sanitize_line(step.detail)}" if step.outcome != "passed" else "", STYLES[step.outcome]),
        )

    def _head(self) -> None:
        report = self.report
        title = sanitize_line(self._title) or "all saved requests"
        if report is None:
            done = len(self._runner.steps)
            summary = Content.styled(f"  running, {done} of {max(done, len(self._names))} done", "$text-accent")
        else:
            summary = Content.styled(f"  {report.summary}", "bold " + STYLES["passed" if report.passed else "failed"])
        self.query_one("#run-title", Static).update(Content.assemble((title, "bold"), summary))
        keys = ["run.open", "run.other", *(["run.save", "run.again"] if report is not None else [])]
        self.show_keys(keys, ("run.close", "Stop" if report is None else "Close"))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._followed = self._followed and event.option_index >= len(self._runner.steps) - 1
        self._details()

    def _details(self) -> None:
        index = self.query_one(OptionList).highlighted
        step = self._shown[index] if index is not None and index < len(self._shown) else None
        rows = list(step_rows(step)) if isinstance(step, RunStep) else [Row((("dim", "not sent yet"),))]
        self.query_one(LinesView).show(rows)

    # --- actions ---------------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        step = self._shown[event.option_index]
        if isinstance(step, str) or step.exchange is None or not step.exchange.id:
            self.tell("This step has no response.")
        elif self.running:
            self.tell("Still running. Press esc to stop.")
        else:
            self.dismiss(step.exchange.id)

    def action_other(self) -> None:
        """Switch between the steps and the details."""
        listing = self.query_one(OptionList)
        self.query_one(LinesView).focus() if listing.has_focus else listing.focus()

    def action_close(self) -> None:
        """Stop the run, or close if it has ended."""
        if self.running:
            self.workers.cancel_group(self, "run")
        else:
            self.dismiss(None)

    @work(exclusive=True, group="again", exit_on_error=False, description="run again")
    async def action_again(self) -> None:
        """Run everything again."""
        if self.running:
            self.tell("Still running. Press esc to stop.")
        elif await prepare_run(self._app, self._runner, self._names):
            self._start()

    @work(exclusive=True, group="report", exit_on_error=False, description="report")
    async def action_save(self) -> None:
        """Save the report."""
        if self.report is None:
            self.tell("The report is available when the run has ended.")
            return
        from explorer.tui.screens.saved_dialogs import ReportDialog

        stem = self._title.strip("/.").replace("/", "-").replace(" ", "-") or "saved"
        path = await self.app.push_screen_wait(ReportDialog(f"{stem}-report.xml"))
        if not path:
            return
        try:
            written = await asyncio.to_thread(write_report, self.report, path)
        except ExplorerError as error:
            self.tell(error.sentence, severity="error")
            return
        self.tell(f"Saved to {written}.")


def write_report(report: RunReport, path: str) -> str:
    """Write *report* in the format of the extension of *path*. Return the absolute path. Blocking.

    Raises:
        StoreError: the file cannot be written.
    """
    target = Path(path).expanduser().absolute()
    if target.suffix.lower() == ".xml":
        data = report_junit(report)
    elif target.suffix.lower() == ".json":
        data = (json.dumps(report_table(report), indent=2, default=str) + "\n").encode()
    else:
        data = (report_text(report) + "\n").encode("utf-8", "replace")
    try:
        target.write_bytes(data)
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror or error}") from error
    return str(target)
