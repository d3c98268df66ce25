"""Readings as experiments: every contradiction of a call, both versions of it with what servers made of them, and keys
to send the other, to try both, to adopt one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.sanitise import sanitise_line
from explorer.errors import ExplorerError
from explorer.session import SANDBOX
from explorer.tui.widgets.key_bar import Hint, KeyBar
from explorer.tui.widgets.reading_text import Told, list_line, page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from explorer.core.exchange import Call
    from explorer.session import Session
    from explorer.session.doubts import Doubt
    from explorer.session.experiments import Experiment, Plan
    from explorer.settings.documents import Line

BESIDE: Final = 110
"""Columns from which the page stands beside the list."""
AROUND: Final = 2
"""Lines of the document before and after the one that is cited."""
_HINTS: Final = (
    Hint("B", "Both", "try_both"),
    Hint("s", "Send", "send_one"),
    Hint("←→", "Choice"),
    Hint("space", "Use", "choose"),
    Hint("a", "Adopt", "adopt"),
    Hint("u", "Forget", "forget"),
    Hint("f", "Sandbox", "follow"),
    Hint("c", "Compare", "compare"),
    Hint("v", "All", "show_all"),
)


@dataclass(frozen=True)
class Changed:
    """What a person changed: the choices of the call, and whether the catalog is another."""

    readings: dict[str, str]
    catalog: bool


class ReadingsScreen(Screen[Changed]):
    """The readings of one call. Given back when it closes: the choices for the call."""

    DEFAULT_CSS = """
    ReadingsScreen {
        layout: vertical;
        & > #readings-title { height: 1; background: $panel; padding: 0 1; text-style: bold; }
        & > #readings-box { height: 1fr; layout: vertical; }
        & #readings-list { height: auto; max-height: 40%; padding: 0 1; background: transparent; }
        & #readings-page { height: 1fr; border: round $border-blurred; padding: 0 1; }
        & #readings-page:focus { border: heavy $border; }
        & #readings-page > Static { height: auto; width: 1fr; }
        &.-beside > #readings-box { layout: horizontal; }
        &.-beside #readings-list { width: 46; height: 1fr; max-height: 100%; margin: 1 0 0 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", id="readings.close", tooltip="Back to the call"),
        Binding("B,b", "try_both", "Try both", id="readings.try", tooltip="Send the call under every choice"),
        Binding("s,f5", "send_one", "Send", id="readings.send", tooltip="Send the call under the choice at the cursor"),
        Binding("left", "choice(-1)", "Choice", id="readings.left", tooltip="The choice before"),
        Binding("right", "choice(1)", "Choice", id="readings.right", tooltip="The choice after"),
        Binding("space", "choose", "Choose", id="readings.choose", tooltip="Take the choice for this call"),
        Binding("a", "adopt", "Adopt", id="readings.adopt", tooltip="Make the choice the default from now on"),
        Binding("u", "forget", "Forget", id="readings.forget", tooltip="Back to the catalog's default; evidence goes"),
        Binding("f", "follow", "Follow", id="readings.follow", tooltip="Let the sandbox follow the choice"),
        Binding("c", "compare", "Compare", id="readings.compare", tooltip="Compare the answers of the last trial"),
        Binding("v", "show_all", "All", id="readings.all", tooltip="Also readings that change nothing that is sent"),
        Binding("j", "move(1)", "Down", show=False, id="readings.down", tooltip="The reading below"),
        Binding("k", "move(-1)", "Up", show=False, id="readings.up", tooltip="The reading above"),
    ]

    def __init__(self, session: Session, call: Call) -> None:
        self._session, self._call = session, call
        self._all: tuple[Doubt, ...] = ()
        self._shown: list[Doubt] = []
        self._chosen = dict(call.readings)
        self._cursor: dict[str, str] = {}
        self._experiments: dict[str, Experiment] = {}
        self._passages: dict[str, dict[str, Sequence[Line]]] = {}
        self._passage_problem = ""
        self._every = False
        self._changed_catalog = False
        self._busy = False
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
        self.query_one(KeyBar).show(_HINTS, [Hint("esc", "Close", "close")])
        self.on_resize()
        self.query_one(OptionList).focus()
        self._load()

    def on_resize(self) -> None:
        """Beside each other where there is room."""
        self.set_class(self.size.width >= BESIDE, "-beside")
        if self._shown:
            self.call_after_refresh(self._paint)

    def _title(self, more: str = "") -> Content:
        call = self._call
        hidden = len(self._all) - len(self._shown)
        words = [f"Readings of {call.address}", call.environment, *([f"{hidden} more with v"] if hidden else [])]
        text = " · ".join([*words, *([more] if more else [])])
        return Content(sanitise_line(text))

    # --- what is known -----------------------------------------------------------------------------------------------

    @work(exclusive=True, group="readings", exit_on_error=False, description="readings")
    async def _load(self) -> None:
        await self._reload()

    async def _reload(self) -> None:
        from explorer.session.doubts import doubts

        call = self._call
        self._all = await asyncio.to_thread(doubts, self._session, call.vendor, call.endpoint)
        self._list()

    def _list(self) -> None:
        listing = self.query_one(OptionList)
        at = self._doubt.key if self._doubt else ""
        self._shown = [one for one in self._all if self._every or one.reading.changes_request]
        listing.clear_options()
        listing.add_options([Option(self._line(one)) for one in self._shown])
        keys = [one.key for one in self._shown]
        self.query_one("#readings-title", Static).update(self._title())
        if keys:
            listing.highlighted = keys.index(at) if at in keys else 0
        self._paint()

    def _line(self, doubt: Doubt) -> Content:
        return list_line(doubt, self._call.environment, self._chosen.get(doubt.key, doubt.reading.default))

    @property
    def _doubt(self) -> Doubt | None:
        at = self.query_one(OptionList).highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    def _choice(self, doubt: Doubt) -> str:
        """The choice that the cursor is on: at first the one that is not taken for the call."""
        known = self._cursor.get(doubt.key)
        if known in doubt.reading.choices:
            return known
        chosen = self._chosen.get(doubt.key, doubt.reading.default)
        return next((one for one in doubt.reading.choices if one != chosen), chosen)

    def _paint(self) -> None:
        doubt = self._doubt
        place = self.query_one("#readings-page", VerticalScroll)
        if doubt is None:
            words = "No reading changes this request. v shows those that say how an answer is meant."
            place.query_one(Static).update(Content(words))
            return
        followed = self._session_follows(doubt) if self._call.environment == SANDBOX else ""
        told = Told(
            cursor=self._choice(doubt),
            chosen=self._chosen.get(doubt.key, doubt.reading.default),
            environment=self._call.environment,
            followed=followed,
            experiment=self._experiments.get(doubt.key),
            passages=self._passages.get(doubt.key, {}),
            passage_problem=self._passage_problem,
            width=place.scrollable_content_region.width,
        )
        place.border_title = Content(sanitise_line(doubt.address))
        place.query_one(Static).update(page(doubt, told))
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.query_one(OptionList).replace_option_prompt_at_index(at, self._line(doubt))

    def _session_follows(self, doubt: Doubt) -> str:
        from explorer.session.experiments import followed

        return followed(self._session).get(doubt.address, doubt.reading.default)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self.query_one("#readings-page", VerticalScroll).scroll_home(animate=False)
        self._paint()
        doubt = self._doubt
        if doubt is not None and doubt.key not in self._passages:
            self._look_up(doubt)

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_choose()

    @work(exclusive=True, group="passage", exit_on_error=False, description="passage")
    async def _look_up(self, doubt: Doubt) -> None:
        from explorer.settings.documents import documents_folder, passage, spans

        folder = documents_folder(self._session.settings, self._session.environ)
        if folder is None:
            return
        found: dict[str, Sequence[Line]] = {}
        for name, choice in doubt.reading.choices.items():
            for first, last in spans(choice.lines)[:1]:
                try:
                    around = max(AROUND, (min(last - first, 8) + 1) // 2)
                    middle = first + min(last - first, 8) // 2
                    found[name] = await asyncio.to_thread(passage, folder, doubt.vendor.document, middle, around)
                except ExplorerError as error:
                    self._passage_problem = error.message
        self._passages[doubt.key] = found
        self._paint()

    # --- what a person does ------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """The reading below or above."""
        listing = self.query_one(OptionList)
        listing.action_cursor_down() if step > 0 else listing.action_cursor_up()

    def action_choice(self, step: int) -> None:
        """Another choice under the cursor."""
        doubt = self._doubt
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
        doubt = self._doubt
        if doubt is None or not self._changes(doubt):
            return
        choice = self._choice(doubt)
        self._chosen.pop(doubt.key, None)
        if choice != doubt.reading.default:
            self._chosen[doubt.key] = choice
        self._paint()

    def _changes(self, doubt: Doubt) -> bool:
        if not doubt.reading.changes_request:
            self._tell("It changes nothing that is sent; there is nothing to choose or to try.")
        return doubt.reading.changes_request

    def action_try_both(self) -> None:
        """Send the call under every choice."""
        doubt = self._doubt
        if doubt is not None and self._changes(doubt):
            self._try(doubt, ())

    def action_send_one(self) -> None:
        """Send the call under the choice at the cursor."""
        doubt = self._doubt
        if doubt is not None and self._changes(doubt):
            self._try(doubt, (self._choice(doubt),))

    @work(exclusive=True, group="try", exit_on_error=False, description="try")
    async def _try(self, doubt: Doubt, choices: tuple[str, ...]) -> None:
        from explorer.session.experiments import plan, run, with_examples

        title = self.query_one("#readings-title", Static)
        title.update(self._title(f"sending {doubt.key} …"))
        try:
            call, notes = with_examples(self._session, msgspec.structs.replace(self._call, readings=self._chosen))
            if notes:
                self._tell(f"Fields that are asked for have their examples: {', '.join(notes)}")
            await self._session.ready(call)
            what: Plan = await asyncio.to_thread(plan, self._session, call, doubt.key)
            if not await self._agreed(what):
                return
            self._experiments[doubt.key] = await run(self._session, what, choices, agreed=True)
            await self._reload()
        except ExplorerError as error:
            self._tell(f"{error.message}. {error.hint}", "warning")
        finally:
            if self.is_mounted:
                title.update(self._title())

    async def _agreed(self, what: Plan) -> bool:
        if not what.question:
            return True
        from explorer.tui.screens.dialogs import ConfirmDialog

        said = await self.app.push_screen_wait(ConfirmDialog("Really send this?", what.question))
        return bool(said)

    @work(exclusive=True, group="adopt", exit_on_error=False, description="adopt")
    async def action_adopt(self) -> None:
        """Make the choice the default from now on, in the person's overlay."""
        from explorer.session.doubts import adopt

        doubt = self._doubt
        if doubt is None:
            return
        choice = self._choice(doubt)
        if choice == doubt.reading.default:
            self._tell(f"{choice} is the default already. ← → go to another.")
            return
        try:
            notes = await asyncio.to_thread(adopt, self._session, doubt, choice)
        except ExplorerError as error:
            self._tell(f"{error.message}. {error.hint}", "warning")
            return
        self._chosen.pop(doubt.key, None)
        self._changed_catalog = True
        for note in notes:
            self._tell(note, "warning")
        self._tell(f"{doubt.key}: {choice} is the default from now on. u takes it back.")
        await self._reload()

    @work(exclusive=True, group="adopt", exit_on_error=False, description="forget")
    async def action_forget(self) -> None:
        """Back to the catalog's own default, evidence forgotten; asks first."""
        from explorer.session.doubts import forget
        from explorer.tui.screens.dialogs import ConfirmDialog

        doubt = self._doubt
        if doubt is None:
            return
        if not (doubt.tried or doubt.adopted):
            self._tell("Nothing is known of it beyond the catalog.")
            return
        question = f"Forget what servers made of {doubt.key}" + (", and your own default?" if doubt.adopted else "?")
        if not await self.app.push_screen_wait(ConfirmDialog("Forget?", question, yes="Yes, forget it")):
            return
        try:
            _, own = await asyncio.to_thread(forget, self._session, doubt)
        except ExplorerError as error:
            self._tell(f"{error.message}. {error.hint}", "warning")
            return
        self._changed_catalog = self._changed_catalog or own
        self._experiments.pop(doubt.key, None)
        await self._reload()

    def action_follow(self) -> None:
        """Let the sandbox follow the choice; the default makes it as it was."""
        from explorer.session.experiments import follow, followed

        doubt = self._doubt
        if doubt is None or not self._changes(doubt):
            return
        if self._call.environment != SANDBOX:
            self._tell(f"Only the sandbox can be told, and calls go to {self._call.environment}.")
            return
        choice = self._choice(doubt)
        readings = {key: one for key, one in followed(self._session).items() if key != doubt.address}
        if choice != doubt.reading.default:
            readings[doubt.address] = choice
        follow(self._session, readings)
        self._tell(f"The sandbox follows {doubt.key}={choice} until the app ends.")
        self._paint()

    def action_compare(self) -> None:
        """Compare what came of the first two requests of the last trial."""
        doubt = self._doubt
        experiment = self._experiments.get(doubt.key) if doubt is not None else None
        found = [(one.variant.choice, one.exchange) for one in experiment.trials if one.exchange] if experiment else []
        if len(found) < 2:
            self._tell("Nothing to compare yet: B sends the call both ways.")
            return
        from explorer.tui.screens.comparing import ComparingScreen

        (left, one), (right, other) = found[0], found[1]
        self.app.push_screen(ComparingScreen(self._session, one, other, titles=(left, right)))

    async def on_key_bar_pressed(self, event: KeyBar.Pressed) -> None:
        """A key in the footer was clicked."""
        await self.run_action(event.run)

    def action_close(self) -> None:
        """Back to the call."""
        self.dismiss(Changed(self._chosen, self._changed_catalog))

    def _tell(self, text: str, severity: str = "information") -> None:
        tell = getattr(self.app, "tell", None)
        if tell is not None:
            tell(text, severity=severity)
