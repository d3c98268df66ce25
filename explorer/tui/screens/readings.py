"""Readings as experiments: every contradiction of a call, both versions of it with what servers made of them, and keys
to send the other, to try both, to adopt one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on, work
from textual.widgets import OptionList, Static

from explorer.core.exchange import SANDBOX
from explorer.errors import ExplorerError
from explorer.tui.actions import bindings
from explorer.tui.screens.readings_view import ReadingsOutcome, ReadingsView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.binding import BindingType

    from explorer.session.doubts import AmbiguityStatus
    from explorer.session.variants import ExperimentPlan


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
        from explorer.session.doubts import adopt_choice

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
        from explorer.session.doubts import reset_ambiguity
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
        from explorer.tui.screens.comparing import ComparingScreen

        (left, one), (right, other) = found[0], found[1]
        self.app.push_screen(ComparingScreen(self._session, one, other, titles=(left, right)))

    def action_close(self) -> None:
        """Back to the call."""
        self.dismiss(ReadingsOutcome(self._chosen, self._changed_catalog))
