"""The saved requests: a tree of folders, the file beside it, and what can be done with them.

files ── looked at by their stamps while this is open ──► Library ──► tree, preview, problems
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

LOOK: Final = 2.0
"""Seconds between two looks at the stamps of the files, while this screen is in front."""


class SavedTarget(NamedTuple):
    """What a person wants to see on the main screen: a saved request in the form, or an entry of the history."""

    name: str = ""
    number: int = 0


class SavedScreen(ListScreen[SavedTarget | None]):
    """*at* is the request that the cursor begins on."""

    TITLE = "Saved requests"
    HELP = (
        "Requests kept as files without secrets: open one in the form, run one or a whole folder in order, edit the "
        "file."
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
                yield Input(id="saved-filter", compact=True, placeholder="/ finds by name, method, vendor")
                yield Static(id="saved-empty", markup=False)
                yield SavedTree(id="saved-tree")
            yield SavedPreview(id="saved-right")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the files, and look at them from time to time."""
        self.query_one("#saved-filter", Input).cursor_blink = False
        self.query_one(SavedTree).focus()
        self._show_keys()
        self.reload()
        self.set_interval(LOOK, self._look)
        self.watch(self.app, "app_focus", self._focus, init=False)

    @property
    def tree(self) -> SavedTree:  # type: ignore[override]  # the library's draws the screen's nodes
        """The tree."""
        return self.query_one(SavedTree)

    # --- the files ---------------------------------------------------------------------------------------------------

    def on_screen_resume(self) -> None:
        """Back from a run or an editor: files may be others."""
        self._look()

    def _focus(self, focus: bool) -> None:
        """Back from another program."""
        if focus:
            self._look()

    @work(exclusive=True, group="look", exit_on_error=False, description="look")
    async def _look(self) -> None:
        if self.is_current and await asyncio.to_thread(self.saved.is_stale):
            self.reload()

    @work(exclusive=True, group="load", exit_on_error=False, description="load")
    async def reload(self) -> None:
        """Read what changed, and show it: first what the files say, then what the catalog says of them."""
        library = await asyncio.to_thread(self.saved.load)
        known = {name: file.problems or self._problems.get(name, ()) for name, file in library.files.items()}
        self._show(library, known)
        self._show(library, await asyncio.to_thread(self._checked, library))

    def _checked(self, library: SavedLibrary) -> dict[str, tuple[CatalogProblem, ...]]:
        return {name: file_problems(self.saved, file) for name, file in library.files.items()}

    def _show(self, library: SavedLibrary, problems: dict[str, tuple[CatalogProblem, ...]]) -> None:
        self._problems = problems
        self.tree.show([self._leaf(one, problems) for one in _in_order(library)], _problems_by_name(library))
        if self._at:
            self.tree.point(self._at)
            self._at = ""
        self._head(library)
        self._preview()

    def _leaf(self, file: SavedFile, problems: dict[str, tuple[CatalogProblem, ...]]) -> SavedLeaf:
        request, wrong = file.request, problems.get(file.name, ())
        return SavedLeaf(
            name=file.name,
            method=self._method(request),
            vendor=request.call.vendor if request else "",
            description=request.description.split("\n", 1)[0] if request else "",
            problem=short_problem(wrong[0]) if wrong else "",
            side=file.is_side,
        )

    def _method(self, request: SavedRequest | None) -> str:
        if request is None:
            return ""
        try:
            return request.call.method or self.saved.session.endpoint(request.call.address)[1].method
        except ExplorerError:
            return request.call.method

    # --- what is shown -----------------------------------------------------------------------------------------------

    def _head(self, library: SavedLibrary) -> None:
        count = len(library.files)
        wrong = sum(bool(one) for one in self._problems.values()) + len(library.problems)
        parts: list[Content | str | tuple[str, str]] = [("Saved requests", "bold"), f"  {count}"]
        if wrong:
            parts.append((f"  ✗ {wrong} with problems", "bold $text-error"))
        said = f"environments/{self._scope.file}.toml" if self._scope.file else "variables as each call goes"
        parts.append((f"  {sanitize_line(said)}  {sanitize_line(str(library.folder))}", MUTED))
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
        """What is to be known before it is sent: variables without a value, what runs before it."""
        from explorer.core.saved.naming import check_chain

        if file.request is None:
            return []
        facts = []
        try:
            missing = self.saved.missing(file.request, self._scope)
            facts += [("warn", f"○ {one.placeholder} has no value ({one.place})") for one in missing]
            chain = check_chain(file.name, self.saved.library.requests)[:-1]
            if chain:
                facts.append(("dim", f"↺ needs the answer to {', '.join(chain)}"))
        except ExplorerError:
            return facts  # told of among the problems
        return facts

    def _show_keys(self) -> None:
        if self.has_class("-empty"):
            self.show_keys([], "saved.close")
            return
        leaf = isinstance(self.tree.current, SavedLeaf)
        keys: list[KeyHint] = [("saved.open", "Into form" if leaf else "Fold"), "saved.run", "saved.run_folder"]
        keys += ["saved.edit", "saved.variables", "saved.filter", "saved.move", "saved.delete", "saved.run_all"]
        self.show_keys(keys, "saved.close")

    # --- finding -----------------------------------------------------------------------------------------------------

    @on(Input.Changed, "#saved-filter")
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self.tree.filter(event.value)

    @on(Input.Submitted, "#saved-filter")
    def _found(self, event: Input.Submitted) -> None:
        event.stop()
        self.tree.focus()
        found = self.tree.found
        if len(found) == 1:
            self.tree.point(found[0].name)

    def action_filter(self) -> None:
        """Find."""
        if not self.has_class("-empty"):
            self.query_one("#saved-filter", Input).focus()

    # --- doing -------------------------------------------------------------------------------------------------------

    @property
    def _scope(self) -> VariableScope:
        return self.saved.scope

    def _leaf_here(self) -> SavedFile | None:
        """The file at the cursor; says so where there is none."""
        node = self.tree.current
        if isinstance(node, SavedLeaf):
            return self.saved.library.files.get(node.name)
        self.tell("Go to a request first; a runs the folder.")
        return None

    def on_tree_node_selected(self, _event: object) -> None:
        """Enter on a row."""
        self.action_open()

    def action_open(self) -> None:
        """Open the request in the form, or fold the folder."""
        node = self.tree.current
        if isinstance(node, SavedLeaf):
            if self.saved.library.files[node.name].request is None:
                self.tell("The file is bad, so that no form can be made of it; e edits it.", severity="warning")
            else:
                self.dismiss(SavedTarget(name=node.name))
        elif self.tree.cursor_node is not None:
            self.tree.cursor_node.toggle()

    def action_run(self) -> None:
        """Run the request at the cursor; on a folder, all of it."""
        node = self.tree.current
        if isinstance(node, SavedLeaf):
            self._run(node.name, (node.name,), "")
        else:
            self.action_run_folder()

    def action_run_folder(self) -> None:
        """Run the folder that the cursor is on or in."""
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
        """Open the file in the person's editor."""
        from explorer.tui.body.files import open_in, program

        file = self._leaf_here()
        if file is not None:
            problem = open_in(self._app, program(self.saved.session.environ, edit=True), str(file.path), keep=True)
            if problem:
                self.tell(f"{problem}. Set EDITOR to your editor.", severity="warning")
            self.reload()

    @work(exclusive=True, group="ask", exit_on_error=False, description="move")
    async def action_rename(self) -> None:
        """Give the request another name."""
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
        """Delete the file, after asking."""
        from explorer.tui.screens.dialogs import ConfirmDialog

        file = self._leaf_here()
        if file is None:
            return
        users = self._users(file.name)
        text = f"{file.path}" + (f"\nIts answer is needed by {', '.join(users)}." if users else "")
        if await self.app.push_screen_wait(ConfirmDialog("Delete this file?", text, yes="Yes, delete it")):
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
                continue  # told of with that request
        return users

    @work(exclusive=True, group="ask", exit_on_error=False, description="variables")
    async def action_variables(self) -> None:
        """Choose the file of variables."""
        from explorer.tui.screens.saved_dialogs import VariableSetDialog

        sets = [(name, one.values.description) for name, one in self.saved.library.sets.items()]
        if not sets:
            self.tell(
                "There is no file of variables. environments/NAME.toml in the folder is one: [variables], NAME = ..."
            )
            return
        chosen = await self.app.push_screen_wait(VariableSetDialog(sets, self._scope.file))
        if chosen is not None:
            self.saved.scope = VariableScope(file=chosen)
            self._head(self.saved.library)
            self._preview()

    def action_other(self) -> None:
        """To the file, or back to the tree."""
        self.query_one(LinesView).focus() if self.tree.has_focus else self.tree.focus()

    def action_close(self) -> None:
        """Back; from the filter or the file first to the tree."""
        if not self.tree.has_focus and not self.has_class("-empty"):
            box = self.query_one("#saved-filter", Input)
            if box.has_focus:
                box.value = ""
            self.tree.focus()
        else:
            self.dismiss(None)


EMPTY: Final = """\
Nothing is saved yet.

S on the main screen saves the open request here, as a file that can be read, reviewed and kept in git:
{folder}
"""


def _in_order(library: SavedLibrary) -> list[SavedFile]:
    """The files as they run, a person's own sides last."""
    names = [*library.sequence("."), *(name for name, one in library.files.items() if one.is_side)]
    return [library.files[name] for name in names]


def _problems_by_name(library: SavedLibrary) -> dict[str, str]:
    return {folder: short_problem(problems[0]) for folder, problems in library.folder_problems.items() if problems}
