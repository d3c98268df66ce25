"""The saved requests: a tree of folders, and the file of the selected request.

files ── checked for changes while this is open ──► SavedLibrary ──► tree, preview, problems
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, cast

from textual import on, work
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.errors import ExplorerError
from explorer.session.saved import VariableScope, file_problems
from explorer.session.sequence import SequenceRunner
from explorer.store.saved_files import delete, move
from explorer.tui.actions import bindings
from explorer.tui.kit.key_bar import KeyBar
from explorer.tui.kit.lines_view import LinesView
from explorer.tui.kit.screens import ListScreen
from explorer.tui.panes.saved_tree import SavedFolder, SavedLeaf, SavedPreview, SavedTree, short_problem
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.saved.model import SavedRequest
    from explorer.errors import CatalogProblem
    from explorer.session.saved import SavedRequestStore
    from explorer.store.saved_files import SavedFile, SavedLibrary
    from explorer.tui.app_base import AppBase
    from explorer.tui.kit.screens import KeyHint

CHECK_INTERVAL: Final = 2.0
"""Seconds between checks of the files, while this screen is on top."""


class SavedTarget(NamedTuple):
    """What to open on the main screen: a saved request in the form, or a history entry."""

    name: str = ""
    number: int = 0


class SavedScreen(ListScreen[SavedTarget | None]):
    """Lists the saved requests. *at* is the initially selected one."""

    TITLE = "Saved requests"
    HELP = (
        "Requests saved as files without secrets. Load one into the form, run one or a whole folder in order, or edit "
        "the file."
    )
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    SavedScreen {
        & > #saved-middle { height: 1fr; layout: vertical; }
        & #saved-left { height: 1fr; }
        & #saved-filter { background: $foreground 8%; margin: 0 1; }
        & #saved-empty { padding: 1 2; color: $text-muted; height: auto; display: none; }
        &.-empty #saved-empty { display: block; }
        &.-empty #saved-filter, &.-empty #saved-tree, &.-empty #saved-right { display: none; }
        & #saved-right { height: 1fr; border-top: solid $foreground 30%; }
        & #saved-problems { height: auto; max-height: 6; padding: 0 1; color: $text-error; display: none; }
        & #saved-preview { height: 1fr; padding: 0 1; }
        &.-beside #saved-middle { layout: horizontal; }
        &.-beside #saved-left { width: 2fr; }
        &.-beside #saved-right { width: 3fr; border-top: none; border-left: solid $foreground 30%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("saved")

    def __init__(self, saved: SavedRequestStore, *, at: str = "") -> None:
        self.saved = saved
        self._at = at
        self._problems: dict[str, tuple[CatalogProblem, ...]] = {}
        super().__init__()

    @property
    def _app(self) -> AppBase:
        return cast("AppBase", self.app)

    def compose(self) -> ComposeResult:
        yield Static(id="saved-title", classes="title-line", markup=False)
        with Vertical(id="saved-middle"):
            with Vertical(id="saved-left"):
                yield Input(id="saved-filter", compact=True, placeholder="/ find by name, method, vendor")
                yield Static(id="saved-empty", markup=False)
                yield SavedTree(id="saved-tree")
            yield SavedPreview(id="saved-right")
        yield KeyBar()

    def on_mount(self) -> None:
        """Load the files, and check them regularly."""
        self.query_one("#saved-filter", Input).cursor_blink = False
        self.query_one(SavedTree).focus()
        self._show_keys()
        self.reload()
        self.set_interval(CHECK_INTERVAL, self._check)
        self.watch(self.app, "app_focus", self._focus, init=False)

    @property
    def tree(self) -> SavedTree:  # type: ignore[override]  # Textual's property draws the DOM
        """The tree."""
        return self.query_one(SavedTree)

    # --- the files ---------------------------------------------------------------------------------------------------

    def on_screen_resume(self) -> None:
        """Check the files after a run or an edit."""
        self._check()

    def _focus(self, focus: bool) -> None:
        """Check the files when the user returns from another program."""
        if focus:
            self._check()

    @work(exclusive=True, group="check", exit_on_error=False, description="check")
    async def _check(self) -> None:
        if self.is_current and await asyncio.to_thread(self.saved.is_stale):
            self.reload()

    @work(exclusive=True, group="load", exit_on_error=False, description="load")
    async def reload(self) -> None:
        """Load changed files; show their contents first, then the problems found by the catalog."""
        library = await asyncio.to_thread(self.saved.load)
        known = {name: file.problems or self._problems.get(name, ()) for name, file in library.files.items()}
        self._show(library, known)
        self._show(library, await asyncio.to_thread(self._checked, library))

    def _checked(self, library: SavedLibrary) -> dict[str, tuple[CatalogProblem, ...]]:
        return {name: file_problems(self.saved, file) for name, file in library.files.items()}

    def _show(self, library: SavedLibrary, problems: dict[str, tuple[CatalogProblem, ...]]) -> None:
        self._problems = problems
        self.tree.show([self._leaf(file, problems) for file in _in_order(library)], _problems_by_name(library))
        if self._at:
            self.tree.point(self._at)
            self._at = ""
        self._head(library)
        self._preview()

    def _leaf(self, file: SavedFile, problems: dict[str, tuple[CatalogProblem, ...]]) -> SavedLeaf:
        request, file_errors = file.request, problems.get(file.name, ())
        return SavedLeaf(
            name=file.name,
            method=self._method(request),
            vendor=request.call.vendor if request else "",
            description=request.description.split("\n", 1)[0] if request else "",
            problem=short_problem(file_errors[0]) if file_errors else "",
            side=file.is_side,
        )

    def _method(self, request: SavedRequest | None) -> str:
        if request is None:
            return ""
        try:
            return request.call.method or self.saved.session.endpoint(request.call.address)[1].method
        except ExplorerError:
            return request.call.method

    # --- display -----------------------------------------------------------------------------------------------------

    def _head(self, library: SavedLibrary) -> None:
        count = len(library.files)
        invalid = sum(map(bool, self._problems.values())) + len(library.problems)
        parts: list[Content | str | tuple[str, str]] = [("Saved requests", "bold"), f"  {count}"]
        if invalid:
            parts.append((f"  ✗ {invalid} with problems", "bold $text-error"))
        source = f"environments/{self._scope.file}.toml" if self._scope.file else "variables by environment"
        parts.append((f"  {sanitize_line(source)}  {sanitize_line(str(library.folder))}", MUTED))
        self.query_one("#saved-title", Static).update(Content.assemble(*parts))
        empty = self.query_one("#saved-empty", Static)
        if self.has_class("-empty") is bool(count):
            self.set_class(not count, "-empty")
            self.set_focus(self.tree if count else None)
        empty.update(Content(sanitize("\n".join(map(str, library.problems)) or EMPTY.format(folder=library.folder))))
        self._show_keys()

    @on(SavedTree.Looked)
    def _looked(self, event: SavedTree.Looked) -> None:
        event.stop()
        self._preview()
        self._show_keys()

    def _preview(self) -> None:
        node, library = self.tree.current, self.saved.library
        view = self.query_one(SavedPreview)
        if isinstance(node, SavedLeaf) and node.name in library.files:
            file = library.files[node.name]
            view.show_file(file.text, self._problems.get(file.name, ()), self._facts(file))
        elif isinstance(node, SavedFolder):
            view.show_folder(library, node.name)
        else:
            view.show_file("", (), [])

    def _facts(self, file: SavedFile) -> list[tuple[str, str]]:
        """Return what to know before sending: variables without a value, and requests that run first."""
        from explorer.core.saved.naming import check_chain

        if file.request is None:
            return []
        facts = []
        try:
            missing = self.saved.missing(file.request, self._scope)
            facts += [("warn", f"○ {value.placeholder} has no value ({value.place})") for value in missing]
            chain = check_chain(file.name, self.saved.library.requests)[:-1]
            if chain:
                facts.append(("dim", f"↺ needs the response to {', '.join(chain)}"))
        except ExplorerError:
            return facts  # already listed among the problems
        return facts

    def _show_keys(self) -> None:
        if self.has_class("-empty"):
            self.show_keys([], "saved.close")
            return
        leaf = isinstance(self.tree.current, SavedLeaf)
        keys: list[KeyHint] = [("saved.open", "Into form" if leaf else "Fold"), "saved.run", "saved.run_folder"]
        keys += ["saved.edit", "saved.variables", "saved.filter", "saved.move", "saved.delete", "saved.run_all"]
        self.show_keys(keys, "saved.close")

    # --- filter ------------------------------------------------------------------------------------------------------

    @on(Input.Changed, "#saved-filter")
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self.tree.filter(event.value)

    @on(Input.Submitted, "#saved-filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.tree.focus()
        matches = self.tree.found
        if len(matches) == 1:
            self.tree.point(matches[0].name)

    def action_filter(self) -> None:
        """Focus the filter."""
        if not self.has_class("-empty"):
            self.query_one("#saved-filter", Input).focus()

    # --- actions -----------------------------------------------------------------------------------------------------

    @property
    def _scope(self) -> VariableScope:
        return self.saved.scope

    def _leaf_here(self) -> SavedFile | None:
        """Return the file at the cursor; if there is none, notify the user."""
        node = self.tree.current
        if isinstance(node, SavedLeaf):
            return self.saved.library.files.get(node.name)
        self.tell("Select a request first. Press a to run the folder.")
        return None

    def on_tree_node_selected(self, _event: object) -> None:
        """Open the selected row."""
        self.action_open()

    def action_open(self) -> None:
        """Load the request into the form, or fold the folder."""
        node = self.tree.current
        if isinstance(node, SavedLeaf):
            if self.saved.library.files[node.name].request is None:
                self.tell("The file is not valid, so it cannot be loaded. Press e to edit it.", severity="warning")
            else:
                self.dismiss(SavedTarget(name=node.name))
        elif self.tree.cursor_node is not None:
            self.tree.cursor_node.toggle()

    def action_run(self) -> None:
        """Run the request at the cursor, or the whole folder."""
        node = self.tree.current
        if isinstance(node, SavedLeaf):
            self._run(node.name, (node.name,), "")
        else:
            self.action_run_folder()

    def action_run_folder(self) -> None:
        """Run the folder at the cursor, or that of the request."""
        folder = self.tree.folder
        self._run(folder or ".", self.saved.library.sequence(folder), folder)

    def action_run_all(self) -> None:
        """Run everything."""
        self._run(".", self.saved.library.sequence("."), "")

    @work(exclusive=True, group="run", exit_on_error=False, description="run")
    async def _run(self, title: str, names: tuple[str, ...], folder: str) -> None:
        from explorer.tui.screens.saved_run import RunScreen, prepare_run

        if not names:
            self.tell("There is nothing to run.")
            return
        await asyncio.to_thread(self.saved.load)
        runner = SequenceRunner(self.saved, self._scope)
        if not await prepare_run(self._app, runner, names):
            return
        number = await self.app.push_screen_wait(RunScreen(runner, title, names, folder))
        if number:
            self.dismiss(SavedTarget(number=number))

    @work(exclusive=True, group="ask", exit_on_error=False, description="edit")
    async def action_edit(self) -> None:
        """Open the file in the user's editor."""
        from explorer.tui.body.files import open_in, program

        file = self._leaf_here()
        if file is not None:
            problem = open_in(self._app, program(self.saved.session.environ, edit=True), str(file.path), keep=True)
            if problem:
                self.tell(f"{problem}. Set EDITOR to your editor.", severity="warning")
            self.reload()

    @work(exclusive=True, group="ask", exit_on_error=False, description="move")
    async def action_rename(self) -> None:
        """Rename or move the request."""
        from explorer.tui.screens.saved_dialogs import MoveDialog

        file = self._leaf_here()
        if file is None:
            return
        name = await self.app.push_screen_wait(MoveDialog(file.name, tuple(self.saved.library.files)))
        if not name:
            return
        try:
            moved = await asyncio.to_thread(move, self.saved.folder, file, name)
        except ExplorerError as error:
            self.tell(error.sentence, severity="error")
            return
        self._at = moved.name
        self.reload()

    @work(exclusive=True, group="ask", exit_on_error=False, description="delete")
    async def action_delete(self) -> None:
        """Delete the file, after a confirmation."""
        from explorer.tui.screens.dialogs import ConfirmDialog

        file = self._leaf_here()
        if file is None:
            return
        users = self._users(file.name)
        text = f"{file.path}" + (f"\nIts response is needed by {', '.join(users)}." if users else "")
        if await self.app.push_screen_wait(ConfirmDialog("Delete this file?", text, yes="Delete")):
            try:
                await asyncio.to_thread(delete, self.saved.folder, file)
            except ExplorerError as error:
                self.tell(error.sentence, severity="error")
            self.reload()

    def _users(self, name: str) -> list[str]:
        from explorer.core.saved.naming import direct_dependencies

        users = []
        for other in self.saved.library.requests:
            try:
                if name in direct_dependencies(other, self.saved.library.requests):
                    users.append(other)
            except ExplorerError:
                continue  # shown with that request
        return users

    @work(exclusive=True, group="ask", exit_on_error=False, description="variables")
    async def action_variables(self) -> None:
        """Choose the variables file."""
        from explorer.tui.screens.saved_dialogs import VariableSetDialog

        sets = [(name, variables.values.description) for name, variables in self.saved.library.sets.items()]
        if not sets:
            self.tell(
                "There is no variables file. Create environments/NAME.toml with [variables] and NAME = ... lines."
            )
            return
        chosen = await self.app.push_screen_wait(VariableSetDialog(sets, self._scope.file))
        if chosen is not None:
            self.saved.scope = VariableScope(file=chosen)
            self._head(self.saved.library)
            self._preview()

    def action_other(self) -> None:
        """Switch between the tree and the file."""
        self.query_one(LinesView).focus() if self.tree.has_focus else self.tree.focus()

    def action_close(self) -> None:
        """Go from the filter or the file to the tree, or close."""
        if not self.tree.has_focus and not self.has_class("-empty"):
            box = self.query_one("#saved-filter", Input)
            if box.has_focus:
                box.value = ""
            self.tree.focus()
        else:
            self.dismiss(None)


EMPTY: Final = """\
No saved requests yet.

Press S on the main screen to save the open request here, as a file to review and keep in git:
{folder}
"""


def _in_order(library: SavedLibrary) -> list[SavedFile]:
    """Return the files in run order, conflict copies last."""
    names = [*library.sequence("."), *(name for name, file in library.files.items() if file.is_side)]
    return [library.files[name] for name in names]


def _problems_by_name(library: SavedLibrary) -> dict[str, str]:
    return {folder: short_problem(problems[0]) for folder, problems in library.folder_problems.items() if problems}
