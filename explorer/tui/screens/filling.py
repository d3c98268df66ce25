"""A form that a saved request was opened in: its variables, what is shown of it, sending it, what was expected.

form ── known (variables, credentials, the answers of last time) ──► preview, problems
F5 ── values that are missing are asked for ── what is needed is run ── filled ──► sent ──► expectations
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from textual import work
from textual.content import Content

from explorer.core.sanitise import sanitise_line
from explorer.errors import ExplorerError
from explorer.tui.screens.doubting import DoubtingScreen

if TYPE_CHECKING:
    from explorer.core.exchange import Call, Exchange
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.placeholders import Found, Lookup, Placeholder
    from explorer.errors import Problem
    from explorer.saved import SavedFile
    from explorer.session import Session
    from explorer.session.replaying import Replay
    from explorer.session.saving import Saved


class FillingScreen(DoubtingScreen):
    """What a saved request adds to a form."""

    def __init__(self, session: Session) -> None:
        self._saved: Saved | None = None
        self._awaited: tuple[str, Call, Lookup] | None = None
        """The saved request whose call is on its way, and what fills its expectations."""
        self._lookups: dict[str, Lookup] = {}
        """Saved request → what its placeholders stood for when it was sent last."""
        self._answered: Exchange | None = None
        """The answer to it, not masked."""
        super().__init__(session)
        self.desk.fill = self._filled

    @property
    def saved(self) -> Saved:
        """The saved requests; their files are read when they are first needed."""
        if self._saved is None:
            from explorer.session.saving import Saved, overhear

            self._saved = Saved(self.session)
            overhear(self.session, self._overheard)
            self.watch(self.app, "app_focus", self._focus, init=False)
        return self._saved

    # --- a saved request in the form ---------------------------------------------------------------------------------

    @property
    def _file(self) -> SavedFile | None:
        """The file that the form was opened from, as it was read last."""
        name = self.desk.draft.saved
        return self.saved.library.files.get(name) if name else None

    def _filled(self, call: Call) -> Call:
        """The call of the form with the variables filled in that are known."""
        file = self._file
        if file is not None and file.request is not None:
            call = msgspec.structs.replace(
                call, base_url=file.request.call.base_url, force=call.force or file.request.call.force
            )
        from explorer.core.saved.filling import shown_call

        last = self._lookups.get(self.desk.draft.saved, _nothing)
        try:
            known = self.saved.lookup(call, self.saved.scope)
        except ExplorerError:
            known = last  # an environment file is wrong: sending says so
        return shown_call(call, lambda one: known(one) or last(one))

    def _waits(self) -> bool:
        from explorer.core.saved.filling import call_uses

        if not self.desk.draft.saved:
            return False
        waiting = dict.fromkeys(str(one.placeholder) for one in call_uses(self.desk.call()))
        if waiting:
            self._app.tell(f"No value yet: {', '.join(waiting)}. F5 asks for it, or fetches it; then this goes, too.")
        return bool(waiting)

    async def _show_endpoint(self) -> None:
        if self.desk.draft.saved:
            await asyncio.to_thread(self.saved.load)
        await super()._show_endpoint()
        self._show_saved()

    def _check(self) -> tuple[Problem, ...]:
        if not self.desk.draft.saved:
            self._show_saved()
            return super()._check()
        from explorer.session.saved_checks import form_problems

        problems = form_problems(self.saved, self.desk.written(), self.saved.scope)
        self.request_pane.show_problems(problems)
        self._show_saved()
        return tuple(one for one in problems if one.level == "error")

    def _show_saved(self) -> None:
        """Tell which saved request is open, whether it was changed, and what has no value yet."""
        draft = self.desk.draft
        if not draft.saved:
            self.request_pane.show_saved("", Content(""), changed=False)
            return
        request = self._as_request()
        file = self._file
        parts: list[Content | str | tuple[str, str]] = []
        if file is None:
            parts.append((f"✗ the file {sanitise_line(draft.saved)} is gone; S writes it anew", "$text-warning"))
        try:
            waiting = ", ".join(str(one.placeholder) for one in self.saved.missing(request, self.saved.scope))
            if waiting:
                parts.append((f"○ no value yet: {sanitise_line(waiting)}; asked for on sending", "$text-warning"))
            from explorer.core.saved.filling import references

            needed = [str(one) for one in references(request)]
            if needed:
                parts.append((f"{'  ' if parts else ''}↺ {sanitise_line(', '.join(needed))}", "$text-accent"))
        except ExplorerError as error:
            parts.append((f"✗ {sanitise_line(error.message)}", "$text-error"))
        changed = file is None or file.request is None or not same_request(file.request, request)
        self.request_pane.show_saved(draft.saved, Content.assemble(*parts), changed=changed)

    def _as_request(self) -> SavedRequest:
        """What a file would say of the form as it stands."""
        from explorer.core.saved.model import SavedRequest
        from explorer.core.saved.writing import as_in_file, grouped

        file = self._file
        before = file.request if file is not None else None
        call = self.desk.written()
        call = msgspec.structs.replace(
            call,
            entries=grouped(as_in_file(call.entries, before.call.entries if before else ())),
            environment=before.call.environment and call.environment if before else "",
            method="" if call.method == self.desk.operation.endpoint.method else call.method,
            base_url=before.call.base_url if before else "",
            force=before.call.force if before else False,
        )
        return msgspec.structs.replace(before or SavedRequest(call=call), call=call)

    def _focus(self, focus: bool) -> None:
        """Back from another program, which may have changed the file."""
        if focus:
            self._look_at_file()

    def _look_at_file(self) -> object:
        """See whether the file was changed; the floor above knows how."""

    # --- sending -----------------------------------------------------------------------------------------------------

    def _send_checked(self, *, force: bool) -> None:
        if not self.desk.address or not self.desk.draft.saved:
            self._awaited = None
            super()._send_checked(force=force)
            return
        self._keep_draft()
        request, errors = self._as_request(), self._check()
        if errors and not (force or request.call.force):
            self._refuse(errors)
        else:
            self._send_saved(self.desk.draft.saved, request, force=force)

    @work(exclusive=True, group="fill", exit_on_error=False, description="fill")
    async def _send_saved(self, name: str, request: SavedRequest, *, force: bool) -> None:
        """Ask for values that are missing, run what is needed, and send."""
        from explorer.session.sequences import Runner
        from explorer.tui.screens.saved_run import ready_to_run

        call = msgspec.structs.replace(
            request.call, environment=self.desk.environment, force=force or request.call.force
        )
        self.saved.formed[name] = msgspec.structs.replace(request, call=call)
        runner = Runner(self.saved, self.saved.scope, agreed=False, tell=self._told)
        try:
            if not await ready_to_run(self._app, runner, (name,), asks_itself=name):
                return
            filled, lookup = await runner.filled(name, self.saved.formed[name], call)
        except ExplorerError as error:
            self._show_error(error)
            return
        finally:
            self.saved.formed.pop(name, None)
        self._awaited, self._answered = (name, filled, lookup), None
        self._lookups[name] = lookup
        self._check()
        self._send(filled)

    def _told(self, step: object) -> None:
        from explorer.core.saved.report import Step
        from explorer.tui.widgets.title_bar import TitleBar

        said = f"{step.name} {step.outcome}" if isinstance(step, Step) else f"first {step}"
        self.query_one(TitleBar).state = sanitise_line(said)

    def _overheard(self, exchange: Exchange) -> None:
        if self._awaited is not None and exchange.call == self._awaited[1]:
            self._answered = exchange

    def _tell_origin(self, exchange: Exchange, replay: Replay | None) -> None:
        super()._tell_origin(exchange, replay)
        if self._awaited is not None and self._answered is not None:
            self._judge(self._awaited, self._answered)
            self._awaited, self._answered = None, None

    @work(exclusive=True, group="judge", exit_on_error=False, description="judge")
    async def _judge(self, awaited: tuple[str, Call, Lookup], exchange: Exchange) -> None:
        """Keep the answer for requests that need it, and tell what was expected of it."""
        from explorer.core.saved.report import Step
        from explorer.session.sequences import Runner

        name, call, lookup = awaited
        if name not in self.saved.library.requests:
            return
        base = Step(name=name, address=call.address, environment=call.environment)
        step = await Runner(self.saved, self.saved.scope).judged(base, call, exchange, lookup)
        request = self.saved.library.requests.get(name)
        if request is not None and request.expect and step.results:
            wrong = [f"✗ {one}" for one in step.results if not one.held]
            count = len(step.results)
            said = [f"Expected of {name}: {count - len(wrong)} of {count} hold."]
            self.response_pane.explain("\n".join([*said, *wrong]))


def _nothing(_one: Placeholder) -> Found | None:
    """What is known of a request that was not sent yet."""
    return None


def same_request(file: SavedRequest, form: SavedRequest) -> bool:
    """Whether a file says what the form says; the order of fields counts nothing."""
    one, two = file.call, form.call
    if not file.call.environment or not form.call.environment:
        one, two = (msgspec.structs.replace(call, environment="") for call in (one, two))
    entries = (sorted(map(entry_key, call.entries)) for call in (one, two))
    first, second = entries
    return first == second and msgspec.structs.replace(one, entries=()) == msgspec.structs.replace(two, entries=())


def entry_key(entry: object) -> str:
    return repr(entry)
