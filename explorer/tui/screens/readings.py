"""Readings as experiments: each ambiguity of a call, its evidence, and trying all readings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
from textual import on, work
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.model import SANDBOX
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.screens import ListScreen
from explorer.tui.panes.request.readings import AmbiguityPage, ambiguity_line, ambiguity_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.model import Call
    from explorer.session.ambiguity_status import AmbiguityStatus
    from explorer.session.context import SessionContext
    from explorer.session.experiments import Experiment
    from explorer.session.variants import ExperimentPlan
    from explorer.store.documents import DocumentLine


AROUND: Final = 2
"""Lines of the document before and after a cited line."""
_KEYS: Final = (
    "readings.try",
    "readings.send",
    "readings.right",
    "readings.choose",
    "readings.adopt",
    "readings.forget",
    "readings.follow",
    "readings.compare",
    "readings.all",
)


@dataclass(frozen=True)
class ReadingsOutcome:
    """What the user changed: the choices of the call, and whether the catalog changed."""

    readings: dict[str, str]
    catalog: bool


class ReadingsView(ListScreen[ReadingsOutcome]):
    """The list of ambiguities and the page of the selected one. ``ReadingsScreen`` adds the actions."""

    TITLE = "Readings"
    HELP = (
        "The ambiguities in the docs of this call: what each choice sends, and how servers responded to it. Try both, "
        "then make the one that works your default."
    )
    DEFAULT_CSS = """
    ReadingsView {
        layout: vertical;
        & > #readings-title { height: 1; background: $panel; padding: 0 1; text-style: bold; }
        & > #readings-box { height: 1fr; layout: vertical; }
        & #readings-list { height: auto; max-height: 30%; padding: 0 1; background: transparent; }
        & #readings-page { height: 1fr; border: round $border-blurred; padding: 0 1; }
        & #readings-page:focus { border: heavy $border; }
        & #readings-page > Static { height: auto; width: 1fr; }
        &.-beside > #readings-box { layout: horizontal; }
        &.-beside #readings-list { width: 46; height: 1fr; max-height: 100%; margin: 1 0 0 0; }
    }
    """

    def __init__(self, session: SessionContext, call: Call) -> None:
        self._session, self._call = session, call
        self._all: tuple[AmbiguityStatus, ...] = ()
        self._shown: list[AmbiguityStatus] = []
        self._chosen = dict(call.readings)
        self._cursor: dict[str, str] = {}
        self._experiments: dict[str, Experiment] = {}
        self._passages: dict[str, dict[str, Sequence[DocumentLine]]] = {}
        self._passage_problem = ""
        self._show_everything = False
        self._changed_catalog = False
        self._writing = asyncio.Lock()
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield title, list, page and keys."""
        yield Static(self._title(), id="readings-title", markup=False)
        with Container(id="readings-box"):
            yield OptionList(id="readings-list", markup=False, compact=True)
            with VerticalScroll(id="readings-page"):
                yield Static(markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Focus the list and load the ambiguities."""
        self.show_keys(_KEYS, "readings.close")
        self.query_one(OptionList).focus()
        self._load()

    def on_resize(self) -> None:
        """Lay out the page for its new width."""
        if self._shown:
            self.call_after_refresh(self._paint)

    def _title(self, more: str = "") -> Content:
        call = self._call
        hidden = len(self._all) - len(self._shown)
        parts = [f"Readings of {call.address}", call.environment, *([f"{hidden} more with v"] if hidden else [])]
        text = " · ".join([*parts, *([more] if more else [])])
        return Content(sanitize_line(text))

    # --- ambiguities -------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="readings", exit_on_error=False, description="readings")
    async def _load(self) -> None:
        await self._reload()

    async def _reload(self) -> None:
        from explorer.session.ambiguity_status import ambiguities

        call = self._call
        self._all = await asyncio.to_thread(ambiguities, self._session, call.vendor, call.endpoint)
        self._list()

    def _list(self) -> None:
        listing = self.query_one(OptionList)
        key = self._ambiguity.key if self._ambiguity else ""
        self._shown = [
            ambiguity for ambiguity in self._all if self._show_everything or ambiguity.reading.changes_request
        ]
        listing.clear_options()
        listing.add_options([Option(self._line(ambiguity)) for ambiguity in self._shown])
        keys = [ambiguity.key for ambiguity in self._shown]
        self.query_one("#readings-title", Static).update(self._title())
        if keys:
            listing.highlighted = keys.index(key) if key in keys else 0
        self._paint()

    def _line(self, ambiguity: AmbiguityStatus) -> Content:
        return ambiguity_line(
            ambiguity, self._call.environment, self._chosen.get(ambiguity.key, ambiguity.reading.default)
        )

    @property
    def _ambiguity(self) -> AmbiguityStatus | None:
        index = self.query_one(OptionList).highlighted
        return self._shown[index] if index is not None and index < len(self._shown) else None

    def _choice(self, ambiguity: AmbiguityStatus) -> str:
        """Return the choice at the cursor: initially one that the call does not use."""
        if self._cursor.get(ambiguity.key) not in ambiguity.reading.choices:
            chosen = self._chosen.get(ambiguity.key, ambiguity.reading.default)
            self._cursor[ambiguity.key] = next((name for name in ambiguity.reading.choices if name != chosen), chosen)
        return self._cursor[ambiguity.key]

    def _paint(self) -> None:
        ambiguity = self._ambiguity
        panel = self.query_one("#readings-page", VerticalScroll)
        if ambiguity is None:
            text = "No ambiguity changes this request. Press v for those that concern the response."
            panel.query_one(Static).update(Content(text))
            return
        followed = self._followed_choice(ambiguity) if self._call.environment == SANDBOX else ""
        page = AmbiguityPage(
            cursor=self._choice(ambiguity),
            chosen=self._chosen.get(ambiguity.key, ambiguity.reading.default),
            environment=self._call.environment,
            followed=followed,
            experiment=self._experiments.get(ambiguity.key),
            passages=self._passages.get(ambiguity.key, {}),
            passage_problem=self._passage_problem,
            width=panel.scrollable_content_region.width,
        )
        panel.border_title = Content(sanitize_line(ambiguity.address))
        panel.query_one(Static).update(ambiguity_page(ambiguity, page))
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.query_one(OptionList).replace_option_prompt_at_index(index, self._line(ambiguity))

    def _followed_choice(self, ambiguity: AmbiguityStatus) -> str:
        return self._session.followed.get(ambiguity.address, ambiguity.reading.default)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self.query_one("#readings-page", VerticalScroll).scroll_home(animate=False)
        self._paint()
        ambiguity = self._ambiguity
        if ambiguity is not None and ambiguity.key not in self._passages:
            self._load_passages(ambiguity)

    @work(exclusive=True, group="passage", exit_on_error=False, description="passage")
    async def _load_passages(self, ambiguity: AmbiguityStatus) -> None:
        from explorer.store.documents import HOW_TO_SET, documents_folder, parse_spans, passage

        folder = documents_folder(self._session.settings, self._session.environ)
        if folder is None:
            self._passages[ambiguity.key] = {}
            self._passage_problem = f"{HOW_TO_SET} Then its passage is shown here."
            self._paint()
            return
        passages: dict[str, Sequence[DocumentLine]] = {}
        for name, choice in ambiguity.reading.choices.items():
            for first, last in parse_spans(choice.lines)[:1]:
                try:
                    around = max(AROUND, (min(last - first, 8) + 1) // 2)
                    middle = first + min(last - first, 8) // 2
                    passages[name] = await asyncio.to_thread(passage, folder, ambiguity.vendor.document, middle, around)
                except ExplorerError as error:
                    self._passage_problem = error.message
        self._passages[ambiguity.key] = passages
        self._paint()


class ReadingsScreen(ReadingsView):
    """The readings of one call. Returns the choices for the call when it closes."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("readings")

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_choose()

    # --- actions ---------------------------------------------------------------------------------------------------

    def action_choice(self, step: int) -> None:
        """Move the cursor to the next or previous choice."""
        ambiguity = self._ambiguity
        if ambiguity is not None:
            names = list(ambiguity.reading.choices)
            self._cursor[ambiguity.key] = names[(names.index(self._choice(ambiguity)) + step) % len(names)]
            self._paint()

    def action_show_all(self) -> None:
        """Show or hide ambiguities that do not change the request."""
        self._show_everything = not self._show_everything
        self._list()

    def action_choose(self) -> None:
        """Use the choice for the call. The form is rebuilt when the screen closes."""
        ambiguity = self._ambiguity
        if ambiguity is None or not self._changes(ambiguity):
            return
        choice = self._choice(ambiguity)
        self._chosen.pop(ambiguity.key, None)
        if choice != ambiguity.reading.default:
            self._chosen[ambiguity.key] = choice
        self.tell(f"For this call: {ambiguity.key}={choice}")
        self._paint()

    def _changes(self, ambiguity: AmbiguityStatus) -> bool:
        if not ambiguity.reading.changes_request:
            self.tell("This ambiguity does not change the request.")
        return ambiguity.reading.changes_request

    def action_try_both(self) -> None:
        """Send the call under every choice."""
        ambiguity = self._ambiguity
        if ambiguity is not None and self._changes(ambiguity):
            self._try(ambiguity, ())

    def action_send_one(self) -> None:
        """Send the call under the choice at the cursor."""
        ambiguity = self._ambiguity
        if ambiguity is not None and self._changes(ambiguity):
            self._try(ambiguity, (self._choice(ambiguity),))

    @work(exclusive=True, group="try", exit_on_error=False, description="try")
    async def _try(self, ambiguity: AmbiguityStatus, choices: tuple[str, ...]) -> None:
        from explorer.session.experiments import run_experiment
        from explorer.session.variants import plan_experiment, with_examples

        title = self.query_one("#readings-title", Static)
        title.update(self._title(f"sending {ambiguity.key} …"))
        try:
            call, notes = with_examples(self._session, msgspec.structs.replace(self._call, readings=self._chosen))
            if notes:
                self.tell(f"Required fields filled with examples: {', '.join(notes)}")
            await self._session.ready(call)
            plan: ExperimentPlan = await asyncio.to_thread(plan_experiment, self._session, call, ambiguity.key)
            if not await self._confirm(plan):
                return
            self._experiments[ambiguity.key] = await run_experiment(self._session, plan, choices, agreed=True)
            await self._reload()
        except ExplorerError as error:
            self.tell(error.sentence, severity="warning")
        finally:
            if self.is_mounted:
                title.update(self._title())

    async def _confirm(self, plan: ExperimentPlan) -> bool:
        if not plan.question:
            return True
        from explorer.tui.screens.dialogs import ConfirmDialog

        confirmed: bool | None = await self.app.push_screen_wait(ConfirmDialog("Send these requests?", plan.question))
        return bool(confirmed)

    @work(exclusive=False, group="adopt", exit_on_error=False, description="adopt")
    async def action_adopt(self) -> None:
        """Make the choice the default, in the user's overlay."""
        from explorer.session.ambiguity_status import adopt_choice

        ambiguity = self._ambiguity
        if ambiguity is None or not self._changes(ambiguity):
            return
        choice = self._choice(ambiguity)
        if choice == ambiguity.reading.default:
            self.tell(f"{choice} is already the default. Press ← or → for another choice.")
            return
        if await self._write(lambda: adopt_choice(self._session, ambiguity, choice)):
            self._chosen.pop(ambiguity.key, None)
            self._changed_catalog = True
            self.tell(f"{ambiguity.key}: {choice} is now the default. Press u to undo.")
            await self._reload()

    @work(exclusive=False, group="adopt", exit_on_error=False, description="forget")
    async def action_forget(self) -> None:
        """Restore the catalog's default and delete the evidence, after a confirmation."""
        from explorer.session.ambiguity_status import reset_ambiguity
        from explorer.tui.screens.dialogs import ConfirmDialog

        ambiguity = self._ambiguity
        if ambiguity is None:
            return
        if not (ambiguity.tried or ambiguity.adopted):
            self.tell("Nothing to forget: there is no evidence and no default of your own.")
            return
        question = f"This deletes the evidence of {ambiguity.key}" + (
            " and your default." if ambiguity.adopted else "."
        )
        if not await self.app.push_screen_wait(ConfirmDialog("Forget the evidence?", question, yes="Forget")):
            return

        def reset() -> tuple[str, ...]:
            reset_ambiguity(self._session, ambiguity)
            return ()

        if await self._write(reset):
            self._changed_catalog = self._changed_catalog or ambiguity.adopted
            self._experiments.pop(ambiguity.key, None)
            await self._reload()

    async def _write(self, write: Callable[[], tuple[str, ...]]) -> bool:
        """Write changes one at a time. Return whether it succeeded."""
        title = self.query_one("#readings-title", Static)
        async with self._writing:
            title.update(self._title("writing …"))
            try:
                for note in await asyncio.to_thread(write):
                    self.tell(note, severity="warning")
            except ExplorerError as error:
                self.tell(error.sentence, severity="warning")
                return False
            finally:
                title.update(self._title())
            return True

    def action_follow(self) -> None:
        """Make the sandbox follow the choice; the default resets it."""
        from explorer.session.experiments import follow_readings

        ambiguity = self._ambiguity
        if ambiguity is None or not self._changes(ambiguity):
            return
        if self._call.environment != SANDBOX:
            self.tell(f"Only the sandbox can follow a choice, but calls go to {self._call.environment}.")
            return
        choice = self._choice(ambiguity)
        readings = {address: name for address, name in self._session.followed.items() if address != ambiguity.address}
        if choice != ambiguity.reading.default:
            readings[ambiguity.address] = choice
        follow_readings(self._session, readings)
        self.tell(f"The sandbox follows {ambiguity.key}={choice} until the app ends.")
        self._paint()

    def action_compare(self) -> None:
        """Compare the first two exchanges of the last trial."""
        ambiguity = self._ambiguity
        experiment = self._experiments.get(ambiguity.key) if ambiguity is not None else None
        trials = experiment.trials if experiment else ()
        results = [(trial.variant.choice, trial.exchange) for trial in trials if trial.exchange]
        if len(results) < 2:
            self.tell("Nothing to compare yet. Press B to send the call under every choice.")
            return
        from explorer.tui.screens.comparison import ComparingScreen

        (left_title, left), (right_title, right) = results[:2]
        self.app.push_screen(ComparingScreen(self._session, left, right, titles=(left_title, right_title)))

    def action_close(self) -> None:
        """Close the screen."""
        self.dismiss(ReadingsOutcome(self._chosen, self._changed_catalog))
