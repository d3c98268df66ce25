"""Readings as experiments: each ambiguity of a call, its evidence, and trying both."""

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
"""Lines of the document before and after the one that is cited."""
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
    """What a person changed: the choices of the call, and whether the catalog is another."""

    readings: dict[str, str]
    catalog: bool


class ReadingsView(ListScreen[ReadingsOutcome]):
    """The list and the page; keys are the floor above."""

    TITLE = "Readings"
    HELP = (
        "The places where the vendor's document contradicts itself about this call, what each choice sends, and what "
        "servers made of it. Try both, then make the one that works your default."
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
        self._every = False
        self._changed_catalog = False
        self._writing = asyncio.Lock()
        super().__init__()

    def compose(self) -> ComposeResult:
        """Title, list, page, keys."""
        yield Static(self._title(), id="readings-title", markup=False)
        with Container(id="readings-box"):
            yield OptionList(id="readings-list", markup=False, compact=True)
            with VerticalScroll(id="readings-page"):
                yield Static(markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Read what is known, the list in the focus."""
        self.show_keys(_KEYS, "readings.close")
        self.query_one(OptionList).focus()
        self._load()

    def on_resize(self) -> None:
        """Lay the page out for its new width."""
        if self._shown:
            self.call_after_refresh(self._paint)

    def _title(self, more: str = "") -> Content:
        call = self._call
        hidden = len(self._all) - len(self._shown)
        words = [f"Readings of {call.address}", call.environment, *([f"{hidden} more with v"] if hidden else [])]
        text = " · ".join([*words, *([more] if more else [])])
        return Content(sanitize_line(text))

    # --- what is known -----------------------------------------------------------------------------------------------

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
        at = self._ambiguity.key if self._ambiguity else ""
        self._shown = [one for one in self._all if self._every or one.reading.changes_request]
        listing.clear_options()
        listing.add_options([Option(self._line(one)) for one in self._shown])
        keys = [one.key for one in self._shown]
        self.query_one("#readings-title", Static).update(self._title())
        if keys:
            listing.highlighted = keys.index(at) if at in keys else 0
        self._paint()

    def _line(self, doubt: AmbiguityStatus) -> Content:
        return ambiguity_line(doubt, self._call.environment, self._chosen.get(doubt.key, doubt.reading.default))

    @property
    def _ambiguity(self) -> AmbiguityStatus | None:
        at = self.query_one(OptionList).highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    def _choice(self, doubt: AmbiguityStatus) -> str:
        """The choice that the cursor is on: at first the one that is not taken for the call. It stays there."""
        if self._cursor.get(doubt.key) not in doubt.reading.choices:
            chosen = self._chosen.get(doubt.key, doubt.reading.default)
            self._cursor[doubt.key] = next((one for one in doubt.reading.choices if one != chosen), chosen)
        return self._cursor[doubt.key]

    def _paint(self) -> None:
        doubt = self._ambiguity
        place = self.query_one("#readings-page", VerticalScroll)
        if doubt is None:
            words = "No reading changes this request. v shows those that say how an answer is meant."
            place.query_one(Static).update(Content(words))
            return
        followed = self._session_follows(doubt) if self._call.environment == SANDBOX else ""
        told = AmbiguityPage(
            cursor=self._choice(doubt),
            chosen=self._chosen.get(doubt.key, doubt.reading.default),
            environment=self._call.environment,
            followed=followed,
            experiment=self._experiments.get(doubt.key),
            passages=self._passages.get(doubt.key, {}),
            passage_problem=self._passage_problem,
            width=place.scrollable_content_region.width,
        )
        place.border_title = Content(sanitize_line(doubt.address))
        place.query_one(Static).update(ambiguity_page(doubt, told))
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.query_one(OptionList).replace_option_prompt_at_index(at, self._line(doubt))

    def _session_follows(self, doubt: AmbiguityStatus) -> str:
        return self._session.followed.get(doubt.address, doubt.reading.default)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self.query_one("#readings-page", VerticalScroll).scroll_home(animate=False)
        self._paint()
        doubt = self._ambiguity
        if doubt is not None and doubt.key not in self._passages:
            self._look_up(doubt)

    @work(exclusive=True, group="passage", exit_on_error=False, description="passage")
    async def _look_up(self, doubt: AmbiguityStatus) -> None:
        from explorer.store.documents import HOW_TO_SET, documents_folder, parse_spans, passage

        folder = documents_folder(self._session.settings, self._session.environ)
        if folder is None:
            self._passages[doubt.key] = {}
            self._passage_problem = f"{HOW_TO_SET} Then its passage stands here."
            self._paint()
            return
        found: dict[str, Sequence[DocumentLine]] = {}
        for name, choice in doubt.reading.choices.items():
            for first, last in parse_spans(choice.lines)[:1]:
                try:
                    around = max(AROUND, (min(last - first, 8) + 1) // 2)
                    middle = first + min(last - first, 8) // 2
                    found[name] = await asyncio.to_thread(passage, folder, doubt.vendor.document, middle, around)
                except ExplorerError as error:
                    self._passage_problem = error.message
        self._passages[doubt.key] = found
        self._paint()


class ReadingsScreen(ReadingsView):
    """The readings of one call. Given back when it closes: the choices for the call."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("readings")

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_choose()

    # --- what a person does ------------------------------------------------------------------------------------------

    def action_choice(self, step: int) -> None:
        """Another choice under the cursor."""
        doubt = self._ambiguity
        if doubt is not None:
            names = list(doubt.reading.choices)
            self._cursor[doubt.key] = names[(names.index(self._choice(doubt)) + step) % len(names)]
            self._paint()

    def action_show_all(self) -> None:
        """Also the readings that change nothing that is sent, or no more."""
        self._every = not self._every
        self._list()

    def action_choose(self) -> None:
        """Take the choice for the call; the form is made of it when this closes."""
        doubt = self._ambiguity
        if doubt is None or not self._changes(doubt):
            return
        choice = self._choice(doubt)
        self._chosen.pop(doubt.key, None)
        if choice != doubt.reading.default:
            self._chosen[doubt.key] = choice
        self.tell(f"For this call: {doubt.key}={choice}")
        self._paint()

    def _changes(self, doubt: AmbiguityStatus) -> bool:
        if not doubt.reading.changes_request:
            self.tell("It changes nothing that is sent; there is nothing to choose or to try.")
        return doubt.reading.changes_request

    def action_try_both(self) -> None:
        """Send the call under every choice."""
        doubt = self._ambiguity
        if doubt is not None and self._changes(doubt):
            self._try(doubt, ())

    def action_send_one(self) -> None:
        """Send the call under the choice at the cursor."""
        doubt = self._ambiguity
        if doubt is not None and self._changes(doubt):
            self._try(doubt, (self._choice(doubt),))

    @work(exclusive=True, group="try", exit_on_error=False, description="try")
    async def _try(self, doubt: AmbiguityStatus, choices: tuple[str, ...]) -> None:
        from explorer.session.experiments import run_experiment
        from explorer.session.variants import plan_experiment, with_examples

        title = self.query_one("#readings-title", Static)
        title.update(self._title(f"sending {doubt.key} …"))
        try:
            call, notes = with_examples(self._session, msgspec.structs.replace(self._call, readings=self._chosen))
            if notes:
                self.tell(f"Fields that are asked for have their examples: {', '.join(notes)}")
            await self._session.ready(call)
            what: ExperimentPlan = await asyncio.to_thread(plan_experiment, self._session, call, doubt.key)
            if not await self._agreed(what):
                return
            self._experiments[doubt.key] = await run_experiment(self._session, what, choices, agreed=True)
            await self._reload()
        except ExplorerError as error:
            self.tell(error.sentence, severity="warning")
        finally:
            if self.is_mounted:
                title.update(self._title())

    async def _agreed(self, what: ExperimentPlan) -> bool:
        if not what.question:
            return True
        from explorer.tui.screens.dialogs import ConfirmDialog

        said = await self.app.push_screen_wait(ConfirmDialog("Really send this?", what.question))
        return bool(said)

    @work(exclusive=False, group="adopt", exit_on_error=False, description="adopt")
    async def action_adopt(self) -> None:
        """Make the choice the default from now on, in the person's overlay."""
        from explorer.session.ambiguity_status import adopt_choice

        doubt = self._ambiguity
        if doubt is None or not self._changes(doubt):
            return
        choice = self._choice(doubt)
        if choice == doubt.reading.default:
            self.tell(f"{choice} is the default already. ← → go to another.")
            return
        if await self._write(lambda: adopt_choice(self._session, doubt, choice)):
            self._chosen.pop(doubt.key, None)
            self._changed_catalog = True
            self.tell(f"{doubt.key}: {choice} is the default from now on. u takes it back.")
            await self._reload()

    @work(exclusive=False, group="adopt", exit_on_error=False, description="forget")
    async def action_forget(self) -> None:
        """Back to the catalog's own default, evidence forgotten; asks first."""
        from explorer.session.ambiguity_status import reset_ambiguity
        from explorer.tui.screens.dialogs import ConfirmDialog

        doubt = self._ambiguity
        if doubt is None:
            return
        if not (doubt.tried or doubt.adopted):
            self.tell("Nothing is known of it beyond the catalog.")
            return
        question = f"Forget what servers made of {doubt.key}" + (", and your own default?" if doubt.adopted else "?")
        if not await self.app.push_screen_wait(ConfirmDialog("Forget?", question, yes="Yes, forget it")):
            return

        def undo() -> tuple[str, ...]:
            reset_ambiguity(self._session, doubt)
            return ()

        if await self._write(undo):
            self._changed_catalog = self._changed_catalog or doubt.adopted
            self._experiments.pop(doubt.key, None)
            await self._reload()

    async def _write(self, write: Callable[[], tuple[str, ...]]) -> bool:
        """Write, one thing after the other however quickly the keys come; whether it could be done."""
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
        """Let the sandbox follow the choice; the default makes it as it was."""
        from explorer.session.experiments import follow_readings

        doubt = self._ambiguity
        if doubt is None or not self._changes(doubt):
            return
        if self._call.environment != SANDBOX:
            self.tell(f"Only the sandbox can be told, and calls go to {self._call.environment}.")
            return
        choice = self._choice(doubt)
        readings = {key: one for key, one in self._session.followed.items() if key != doubt.address}
        if choice != doubt.reading.default:
            readings[doubt.address] = choice
        follow_readings(self._session, readings)
        self.tell(f"The sandbox follows {doubt.key}={choice} until the app ends.")
        self._paint()

    def action_compare(self) -> None:
        """Compare what came of the first two requests of the last trial."""
        doubt = self._ambiguity
        experiment = self._experiments.get(doubt.key) if doubt is not None else None
        found = [(one.variant.choice, one.exchange) for one in experiment.trials if one.exchange] if experiment else []
        if len(found) < 2:
            self.tell("Nothing to compare yet: B sends the call both ways.")
            return
        from explorer.tui.screens.comparison import ComparingScreen

        (left, one), (right, other) = found[0], found[1]
        self.app.push_screen(ComparingScreen(self._session, one, other, titles=(left, right)))

    def action_close(self) -> None:
        """Back to the call."""
        self.dismiss(ReadingsOutcome(self._chosen, self._changed_catalog))
