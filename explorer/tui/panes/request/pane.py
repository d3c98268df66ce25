"""The request pane: form, custom headers, body preview, auth and docs.

``show`` builds the form of an endpoint; the other tabs are built when first opened. State is set from above, changes
are sent up as messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Tab, Tabs

from explorer.core.catalog.readings import ambiguous_parameters
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.kit.static_widgets import CachedStatic, follow_focus
from explorer.tui.panes.request.auth_view import StatusLine, status_text
from explorer.tui.panes.request.field_row import FieldRow, TextEntryScope, nearest_ancestor
from explorer.tui.panes.request.field_state import ChoiceLine, OptionLines, StandaloneChoice
from explorer.tui.panes.request.form import Form, item_of
from explorer.tui.panes.request.readings import ReadingBox, readings_summary
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from explorer.core.catalog.model import Endpoint, Reading, Vendor
    from explorer.core.model import Entry
    from explorer.errors import Problem
    from explorer.session.prepare import Preview
    from explorer.store.credentials import CredentialStatus
    from explorer.store.documents import VendorDocument

TABS: Final = {"params": "Params", "headers": "Headers", "body": "Body", "auth": "Auth", "docs": "Docs"}
NARROW_WIDTH: Final = 72
"""Width in cells below which a field's note is placed under it."""


@dataclass(frozen=True)
class RequestPaneState:
    """What the pane shows: an endpoint with its readings, environment and values."""

    vendor: Vendor
    endpoint: Endpoint
    environment: str
    readings: Mapping[str, Reading]
    chosen: Mapping[str, str]
    method: str = ""
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)
    extra: Sequence[tuple[str, str]] = field(default_factory=tuple)
    evidence: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Reading → choice → how servers responded to it, as sentences."""


class RequestPane(Widget):
    """The request side of the main screen."""

    DEFAULT_CSS = """
    RequestPane {
        border: round $border-blurred; border-title-color: $foreground; height: 1fr; width: 1fr;
        &.-inside { border: heavy $border; }
        & Tabs { height: 1; }
        & Tabs Underline { display: none; }
        & Tab { color: $text-muted; }
        & Tab.-active { color: $foreground; text-style: bold reverse; }
        & Tabs:focus Tab.-active { color: $block-cursor-foreground; background: $block-cursor-background; }
        & ContentSwitcher { height: 1fr; }
        & ContentSwitcher > Vertical { height: 1fr; }
        & StatusLine { height: auto; max-height: 3; padding: 0 1; }
        & StatusLine:hover { background: $foreground 6%; }
        & #request-saved { height: auto; max-height: 3; padding: 0 1; display: none; }
        & #request-method { height: 1; padding: 0 1; }
        & #request-about { height: 2; padding: 0 1; color: $text-muted; background: $foreground 4%; }
        & #request-readings { height: auto; max-height: 60%; overflow-y: auto; scrollbar-size-vertical: 1; }
        & #request-readings { display: none; }
        &.-readings #request-readings { display: block; }
        &.-slim FieldRow { grid-size: 2; grid-columns: 24 1fr; }
        &.-slim FieldRow > .field-note { column-span: 2; padding: 0 0 0 2; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("request")]

    @dataclass
    class Changed(Message):
        """The request changed. Queued messages are merged."""

        def can_replace(self, message: Message) -> bool:
            """Keep only the last of several queued changes."""
            return isinstance(message, RequestPane.Changed)

    @dataclass
    class FilePickRequested(Message):
        """The user wants to pick a file for a field."""

        name: str

    @dataclass
    class ReadingChanged(Message):
        """Another reading of an ambiguity was chosen."""

        key: str
        choice: str

    @dataclass
    class MethodChanged(Message):
        """Another HTTP method was chosen."""

        method: str

    @dataclass
    class CredentialsRequested(Message):
        """The user wants to enter credentials."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - textual's own name
        self._shown: RequestPaneState | None = None
        self._cycled = False
        """Whether the tab is opened by the key for the next or previous tab."""
        self._form: Form | None = None
        self._preview: Preview | None = None
        self._ready = False
        self._problems: tuple[Problem, ...] = ()
        self._credentials: tuple[CredentialStatus, ...] = ()
        self._saved_line = Content("")
        super().__init__(id=id)
        self.border_title = "Request"

    def on_mount(self) -> None:
        """Highlight the border while the focus is inside."""
        follow_focus(self)

    def compose(self) -> ComposeResult:
        """Yield the tab bar and an empty container for each tab."""
        yield Tabs(*(Tab(Content(title), id=f"tab-{key}") for key, title in TABS.items()))
        with ContentSwitcher(initial="params"):
            for key in TABS:
                yield Vertical(id=key)

    # --- content -----------------------------------------------------------------------------------------------------

    async def show(self, shown: RequestPaneState, entries: Sequence[Entry]) -> None:
        """Show an endpoint, its form filled with *entries*."""
        self._shown, self._preview, self._credentials = shown, None, ()
        self._ready = False
        self.remove_class("-readings")
        self.border_title = Content(f"Request · {sanitize_line(shown.endpoint.title)}")
        self._form = Form(shown.endpoint, entries, shown.extra, ambiguous_parameters(shown.readings))
        with self.app.batch_update():
            for key in TABS:
                await self.query_one(f"#{key}").remove_children()
            await self._build_tab("params")
            if self.tab != "params":
                await self._build_tab(self.tab)
        self._ready = True

    def show_saved(self, name: str, line: Content, *, changed: bool) -> None:
        """Show which saved request the form was opened from and whether it *changed* since; an empty name clears it.

        *line* names the variables without a value.
        """
        self._saved_line = line
        for label in self.query("#request-saved").results(CachedStatic):
            label.update(line)
            label.display = bool(line.plain)
        if self._shown is not None:
            title = [f"Request · {sanitize_line(self._shown.endpoint.title)}"]
            title += [f" · {sanitize_line(name)}{' ● changed' if changed else ''}"] if name else []
            self.border_title = Content("".join(title))

    async def _build_tab(self, key: str) -> None:
        """Build the widgets of a tab that is still empty."""
        container = self.query_one(f"#{key}")
        if self._shown is None or container.children:
            return
        await container.mount_all(self._widgets(key, self._shown))
        self._fill(key)

    def _widgets(self, key: str, shown: RequestPaneState) -> list[Widget]:
        if key == "params":
            return self._params(shown)
        if key == "headers":
            from explorer.tui.panes.request.preview import HeadersTab

            return [HeadersTab(shown.headers)]
        if key == "body":
            from explorer.tui.panes.request.preview import BodyPreview

            return [BodyPreview()]
        if key == "auth":
            from explorer.tui.panes.request.auth_view import AuthView

            return [AuthView()]
        from explorer.tui.panes.request.docs_view import DocsView

        return [DocsView(shown.vendor, shown.endpoint, shown.readings, shown.chosen)]

    def _params(self, shown: RequestPaneState) -> list[Widget]:
        widgets: list[Widget] = [StatusLine("", id="request-status")]
        text = readings_summary(shown.readings, shown.chosen)
        if text:
            line = Content.assemble(("◆ ", "$accent bold"), text, ("  R choose  B try both", MUTED))
            widgets += [StatusLine(line, id="request-reading-line"), Vertical(id="request-readings")]
        if len(shown.endpoint.methods) > 1:
            choice = StandaloneChoice(
                [(method, method) for method in shown.endpoint.methods], shown.method or shown.endpoint.method
            )
            choice.id = "request-method"
            widgets.append(choice)
        if self._form is not None:
            widgets.append(self._form)
        widgets.insert(1, CachedStatic(self._saved_line, id="request-saved"))
        widgets.append(CachedStatic("", id="request-about"))
        return widgets

    def _fill(self, key: str) -> None:
        """Show the current state in a tab that was just built."""
        if key == "params":
            self._paint_problems()
        elif key == "auth":
            self.show_credentials(self._credentials)
        if self._preview is not None:
            self._paint(key, self._preview)

    def show_credentials(self, credentials: Sequence[CredentialStatus]) -> None:
        """Show the source of each credential."""
        from explorer.tui.panes.request.auth_view import AuthView

        self._credentials = tuple(credentials)
        for view in self.query(AuthView):
            if self._shown is not None:
                view.show(self._shown.vendor, self._shown.endpoint, self._shown.environment, credentials)

    def show_document(self, vendor_id: str, document: VendorDocument | None, message: str) -> None:
        """Show the vendor's document in the Docs tab, or a *message* about why it is missing."""
        from explorer.tui.panes.request.docs_view import DocsView

        if self._shown is not None and self._shown.vendor.id == vendor_id:
            for view in self.query(DocsView):
                view.show_document(document, message)

    def show_preview(self, preview: Preview) -> None:
        """Show the request as it would be sent now, in every tab that was opened."""
        self._preview = preview
        for key in TABS:
            if self.query_one(f"#{key}").children:
                self._paint(key, preview)

    def _paint(self, key: str, preview: Preview) -> None:
        from explorer.tui.panes.request.auth_view import AuthView
        from explorer.tui.panes.request.preview import BodyPreview, HeadersTab

        if key == "headers":
            self.query_one(HeadersTab).show_request(preview.parts)
        elif key == "body":
            self.query_one(BodyPreview).show_request(preview.request, preview.parts)
        elif key == "auth":
            prepared = preview.prepared
            self.query_one(AuthView).show_steps(prepared.steps, prepared.before, prepared.missing)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show each problem next to its field, and all of them in the line above the form."""
        self._problems = tuple(problems)
        self._paint_problems()

    def _paint_problems(self) -> None:
        if self._form is None or not self._form.is_mounted:
            return
        self._form.show_problems(self._problems)
        self.query_one("#request-status", StatusLine).update(status_text(self._problems, self._form.unsent))

    # --- values ------------------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The ``vendor.endpoint`` whose form is shown; empty while it is being built."""
        shown = self._shown
        return f"{shown.vendor.id}.{shown.endpoint.id}" if shown is not None and self._ready else ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The values set in the form."""
        return self._form.entries if self._form is not None and self._ready else ()

    @property
    def readings(self) -> dict[str, str]:
        """The readings that the form was built for."""
        return dict(self._shown.chosen) if self._shown else {}

    @property
    def extra_params(self) -> tuple[tuple[str, str], ...]:
        """Undocumented query parameters."""
        return self._form.extra if self._form is not None and self._ready else ()

    @property
    def extra_headers(self) -> tuple[tuple[str, str], ...]:
        """Custom headers."""
        from explorer.tui.panes.request.preview import HeadersTab

        for tab in self.query(HeadersTab):
            return tab.pairs
        return tuple(self._shown.headers) if self._shown else ()

    # --- tabs, focus and actions -------------------------------------------------------------------------------------

    @property
    def tab(self) -> str:
        """The key of the open tab."""
        return self.query_one(ContentSwitcher).current or "params"

    def open_tab(self, key: str) -> None:
        """Open a tab."""
        self.query_one(Tabs).active = f"tab-{key}"

    def action_tab(self, step: int) -> None:
        """Open the tab *step* places to the right.

        The Docs tab takes the focus; otherwise its keys would go to the tree.
        """
        keys = list(TABS)
        self._cycled = True
        self.open_tab(keys[(keys.index(self.tab) + step) % len(keys)])
        self.screen.set_focus(self.query_one(Tabs))

    def focus_first_field(self) -> None:
        """Focus the first required field that is blank, or the tab bar."""
        if self.tab != "params" or self._form is None or not self._form.focus_first_field():
            self.focus_tabs()

    def focus_tabs(self) -> None:
        """Focus the tab bar, where letters are keys."""
        self.screen.set_focus(self.query_one(Tabs))

    def focus_field(self, name: str) -> bool:
        """Open the form and focus a field; return False if no field has that name."""
        self.open_tab("params")
        return self._form is not None and self._form.focus_field(name)

    def focus_first_problem(self) -> bool:
        """Focus the first field of the form that has an error; return False if no field has one."""
        names = [problem.field for problem in self._problems if problem.level == "error"]
        first = self._form.first_of(names) if self._form is not None else ""
        return bool(first) and self.focus_field(first)

    @property
    def focused_field(self) -> str:
        """The name of the focused field, or empty."""
        row = nearest_ancestor(self.screen.focused, FieldRow)
        return row.field_name if row is not None else ""

    @property
    def has_form_focus(self) -> bool:
        """Whether the focus is inside the form, where letters are text."""
        return nearest_ancestor(self.screen.focused, TextEntryScope) is not None

    def fill_examples(self) -> int:
        """Fill blank required fields with their examples; return how many."""
        return self._form.fill_examples() if self._form is not None else 0

    def fill(self, name: str, entry: Entry) -> None:
        """Set the value of a field."""
        if self._form is not None:
            self._form.fill(name, entry)

    async def toggle_readings(self) -> None:
        """Show or hide the readings above the form."""
        self.open_tab("params")
        containers = self.query("#request-readings")
        if not containers or self._shown is None:
            return
        self.toggle_class("-readings")
        container = containers.first()
        if not container.children:
            boxes = [
                ReadingBox(
                    self._shown.vendor,
                    key,
                    reading,
                    self._shown.chosen.get(key, ""),
                    self._shown.evidence.get(key),
                )
                for key, reading in self._shown.readings.items()
                if reading.changes_request
            ]
            await container.mount_all(boxes)
        if self.has_class("-readings"):
            container.query("OptionLines").first().focus()
        else:
            self.focus_tabs()

    @property
    def readings_open(self) -> bool:
        """Whether the readings are shown above the form."""
        return self.has_class("-readings")

    async def focus_reading(self, key: str, *, unfolded: bool) -> None:
        """Focus a reading again after its choice rebuilt the form; *unfolded*: the readings were shown above it."""
        if unfolded and self.tab == "params":
            await self.toggle_readings()
        for lines in self.query("OptionLines").results(OptionLines):
            if lines.key == key and lines.region:
                lines.focus()

    def show_method(self, method: str) -> None:
        """Show *method* as the chosen one."""
        for choice in self.query("#request-method").results(ChoiceLine):
            choice.value = method

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable removing outside an item of a repeated field."""
        if action == "remove_item":
            return item_of(self.screen.focused) is not None
        return super().check_action(action, parameters)

    async def action_add_item(self) -> None:
        """Add an item to the focused group, or to the first one."""
        if self._form is not None and not await self._form.add_at(self.screen.focused):
            boxes = self._form.query("HeadingBar > Button")
            if boxes:
                await self._form.add_at(boxes.first())

    async def action_remove_item(self) -> None:
        """Remove the focused item."""
        if self._form is not None:
            await self._form.remove_at(self.screen.focused)

    # --- messages ----------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Place notes below their fields in a narrow pane."""
        self.set_class(event.size.width < NARROW_WIDTH, "-slim")

    @on(Tabs.TabActivated)
    async def _opened(self, event: Tabs.TabActivated) -> None:
        event.stop()
        key = (event.tab.id or "tab-params").removeprefix("tab-")
        self.query_one(ContentSwitcher).current = key
        await self._build_tab(key)
        if self._cycled and key == "docs" and self.tab == key:
            from explorer.tui.panes.request.docs_notes import DocsNotes

            for notes in self.query(DocsNotes):
                notes.focus()
        self._cycled = False

    @on(Form.Changed)
    def _form_changed(self, event: Form.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(Form.Visited)
    def _visited(self, event: Form.Visited) -> None:
        event.stop()
        for line in self.query("#request-about").results(CachedStatic):
            line.update(event.about)

    @on(Form.FileWanted)
    def _file_wanted(self, event: Form.FileWanted) -> None:
        event.stop()
        self.post_message(self.FilePickRequested(event.name))

    @on(ReadingBox.Chosen)
    def _reading(self, event: ReadingBox.Chosen) -> None:
        event.stop()
        self.post_message(self.ReadingChanged(event.key, event.choice))

    @on(ChoiceLine.Changed, "#request-method")
    def _method(self, event: ChoiceLine.Changed) -> None:
        event.stop()
        self.post_message(self.MethodChanged(event.value))

    @on(StatusLine.Pressed, "#request-reading-line")
    async def _readings_pressed(self, event: StatusLine.Pressed) -> None:
        event.stop()
        await self.toggle_readings()

    @on(StatusLine.Pressed, "#request-status")
    def _status_pressed(self, event: StatusLine.Pressed) -> None:
        event.stop()
        if self._problems:
            self.focus_field(self._problems[0].field)

    def on_headers_tab_changed(self, event: Message) -> None:
        """Report a changed custom header."""
        event.stop()
        self.post_message(self.Changed())

    def on_auth_view_credentials_wanted(self, event: Message) -> None:
        """Report that the button of the Auth tab was pressed."""
        event.stop()
        self.post_message(self.CredentialsRequested())
