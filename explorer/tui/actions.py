"""The one table of keys, for every screen and widget. The bindings, palette, footers, help, README and ``docs/KEYS.md``
are generated from it.

``Action.run`` is the Textual action, looked up from the focused widget outward. An action with an empty ``run``, or one
that is not ``bound``, is a key that a Textual widget handles itself; it is listed for display only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.binding import Binding, BindingType

    from explorer.store.keymap import KeymapAction


class Action(NamedTuple):
    """A key and its action.

    ``keys`` are the default keys, separated by commas. ``scope`` is the pane, screen or widget where they work; empty
    means everywhere on the main screen. ``title`` is a few words, ``help`` is one sentence. ``footer``: whether the
    main screen's footer shows the action while its widget has the focus. ``words`` and ``label`` replace title and key
    in a key bar. ``priority``: whether the action precedes the focused widget's own use of the key.
    """

    id: str
    keys: str
    title: str
    help: str
    run: str = ""
    scope: str = ""
    footer: bool = False
    words: str = ""
    label: str = ""
    priority: bool = False
    bound: bool = True


MAIN_ACTIONS: Final = (
    Action(
        "send",
        "f5,ctrl+r",
        "Send request",
        "Send the request; problems in the form are shown first.",
        "send",
        words="Send",
    ),
    Action(
        "send_anyway", "exclamation_mark", "Send anyway", "Send the request even if the form has errors.", "send_anyway"
    ),
    Action(
        "back", "escape", "Back", "Stop the running request; otherwise leave the field or go back one level.", "back"
    ),
    Action(
        "trail_back", "backspace", "Back to response", "Go back to the response whose id you followed.", "trail_back"
    ),
    Action("pane_tree", "1", "Go to endpoints", "Go to the endpoint tree.", "pane('tree')", words="Endpoints"),
    Action("pane_request", "2", "Go to request", "Go to the request pane.", "pane('request')", words="Request"),
    Action("pane_response", "3", "Go to response", "Go to the response pane.", "pane('response')", words="Response"),
    Action(
        "pane_history", "4,h", "Go to history", "Open the history, or close it.", "pane('history')", words="History"
    ),
    Action(
        "filter",
        "slash",
        "Find endpoint",
        "Find an endpoint by words of its name, path or vendor.",
        "filter",
        words="Find",
    ),
    Action("sidebar", "s", "Toggle sidebar", "Show or hide the endpoint tree.", "sidebar"),
    Action(
        "environment",
        "E",
        "Choose environment",
        "Choose where the vendor's calls are sent.",
        "environment",
        words="Environment",
    ),
    Action(
        "credentials", "K", "Enter credentials", "Enter the vendor's credentials for this environment.", "credentials"
    ),
    Action("login", "I", "Log in", "Get a token now, by an API call or by consent in a browser.", "login"),
    Action(
        "tokens",
        "U",
        "Show tokens",
        "See when each token was issued, used, replaced or expired; renew or revoke it.",
        "tokens",
    ),
    Action(
        "all_pages",
        "A",
        "Fetch all pages",
        "Fetch every page of the call, after showing how many requests it takes.",
        "all_pages",
    ),
    Action(
        "trusted",
        "H",
        "Manage trusted hosts",
        "See the hosts that you allowed to receive credentials; remove one or all.",
        "trusted",
    ),
    Action(
        "faults",
        "F",
        "Inject faults",
        "Make the sandbox fail on purpose: slow, truncated, 429, malformed and more.",
        "faults",
    ),
    Action("tracks", "J", "Open guided tracks", "Follow lessons in the sandbox that check what you did.", "tracks"),
    Action("vendors", "C", "Compare vendors", "Compare how the vendors do the same tasks, side by side.", "vendors"),
    Action(
        "signature",
        "f8,G",
        "Debug signature",
        "Debug the signature or token of the form, the response or the entry. In lists, G goes to the last line.",
        "signature",
    ),
    Action("lens", "V", "Compare versions", "Send the call under two versions and compare the responses.", "lens"),
    Action(
        "why", "W,w", "Explain refusal", "Explain why the response or the entry was refused, and how to fix it.", "why"
    ),
    Action("method", "m", "Switch method", "Switch between the methods of the call, such as GET and HEAD.", "method"),
    Action(
        "readings",
        "R",
        "Choose readings",
        "Choose how to read the docs where they are ambiguous.",
        "readings",
        words="Readings",
    ),
    Action(
        "experiment",
        "B",
        "Try both readings",
        "Send the call under each reading of an ambiguity, and see which are accepted.",
        "experiment",
    ),
    Action("drift", "N", "Check for drift", "See where responses in the history differ from the catalog.", "drift"),
    Action(
        "examples",
        "x",
        "Fill in examples",
        "Fill empty required fields with the catalog's examples.",
        "examples",
        words="Examples",
    ),
    Action("discard", "D", "Clear form", "Clear the form and its draft.", "discard"),
    Action("save", "S,ctrl+s", "Save request", "Save the request to a file, without secrets.", "save", words="Save"),
    Action(
        "saved",
        "O",
        "Open saved requests",
        "Open, edit or run saved requests, one or a whole folder.",
        "saved",
        words="Saved",
    ),
    Action(
        "doctor", "f9", "Run doctor", "Check the open vendor: host, clock, credentials, a read call, paging.", "doctor"
    ),
    Action("copy_url", "Y", "Copy URL", "Copy the URL of the request, with secrets masked.", "copy_url"),
    Action(
        "export", "X", "Export", "Export the request, response or entry as a command, a program or a file.", "export"
    ),
    Action("import", "P", "Import curl command", "Paste a curl command to fill in the form of its call.", "import"),
    Action("next_tab", "right_square_bracket", "Next tab", "Go to the next tab of the pane.", "tab(1)"),
    Action("previous_tab", "left_square_bracket", "Previous tab", "Go to the previous tab of the pane.", "tab(-1)"),
    Action(
        "zoom",
        "f,f11",
        "Toggle full screen",
        "Show the pane in full screen, or restore the layout.",
        "zoom",
        words="Full screen",
    ),
    Action("layout", "L", "Toggle layout", "Show the response beside or below the request.", "layout"),
    Action(
        "jump",
        "ctrl+o,f2",
        "Jump to pane",
        "Show a letter at every pane and tab; type one to go there.",
        "jump",
        words="Jump",
    ),
    Action("theme", "T", "Next theme", "Switch to the next theme.", "theme"),
    Action("help", "question_mark,f1", "Help", "Show help for this pane, and every key.", "help"),
    Action("palette", "ctrl+p,colon", "Commands", "Find an action, endpoint, environment or theme by name.", "palette"),
    Action("quit", "ctrl+q", "Quit", "Quit; drafts are saved.", "quit"),
    Action("open", "enter", "Open", "Open the endpoint, or fold the branch.", scope="tree"),
    Action("tree_down", "j,down", "Down", "Move down one line.", "cursor_down", "tree"),
    Action("tree_up", "k,up", "Up", "Move up one line.", "cursor_up", "tree"),
    Action("tree_top", "g,home", "Top", "Go to the first line.", "scroll_home", "tree"),
    Action("tree_bottom", "G,end", "End", "Go to the last line.", "scroll_end", "tree"),
    Action("tree_fold", "left", "Fold", "Fold the branch, or go to its parent.", "fold", "tree"),
    Action("tree_unfold", "right", "Unfold", "Unfold the branch.", "unfold", "tree"),
    Action("next_field", "enter,down", "Next field", "Go to the next field.", "next_field", "field"),
    Action("previous_field", "up", "Previous field", "Go to the previous field.", "previous_field", "field"),
    Action(
        "other_value", "insert", "Other value", "In a choice: enter a value that is not listed.", "other_value", "field"
    ),
    Action(
        "state",
        "space",
        "Absent/empty/null",
        "On a field's mark: switch between absent, empty, null and set.",
        scope="mark",
    ),
    Action("add_item", "f3,plus", "Add item", "Add an item to the focused group.", "add_item", "request", words="Add"),
    Action(
        "remove_item", "f4,minus", "Remove item", "Remove the focused item.", "remove_item", "request", words="Remove"
    ),
    Action("undo", "ctrl+z", "Undo", "Undo the last change of the form.", "screen.undo", "request"),
    Action("redo", "ctrl+y", "Redo", "Redo the change that was undone.", "screen.redo", "request"),
    Action("box_done", "enter", "Go to body", "In the search or the filter: go to the body.", scope="response"),
    Action("box_close", "escape", "Close", "In the search or the filter: close it.", scope="response"),
    Action(
        "cited",
        "j",
        "Next cited line",
        "On the Docs tab: go to the next cited line; k goes to the previous one.",
        scope="request",
    ),
    Action(
        "search_docs",
        "slash",
        "Search",
        "On the Docs tab: search the document. n and N move between matches, p goes back.",
        scope="request",
    ),
    Action("next_page", "n", "Next page", "Fetch the next page.", "page('next')", "response"),
    Action("previous_page", "p", "Previous page", "Fetch the previous page.", "page('previous')", "response"),
    Action("first_page", "less_than_sign", "First page", "Fetch the first page.", "page('first')", "response"),
    Action("last_page", "greater_than_sign", "Last page", "Fetch the last page.", "page('last')", "response"),
    Action("page_number", "number_sign", "Go to page …", "Fetch a page by its number.", "page_number", "response"),
    Action(
        "guilty_field",
        "e",
        "Go to rejected field",
        "Go to the field that the vendor rejected.",
        "guilty_field",
        "response",
    ),
    Action(
        "origins",
        "o",
        "Origins",
        "On the Wire tab: show or hide where each part of the request comes from.",
        scope="response",
    ),
    Action("only_mine", "u", "Only mine", "On the Wire tab: show only what you set, or everything.", scope="response"),
    Action("follow", "enter", "Follow", "On an underlined id: open the call that takes it.", scope="response"),
    Action(
        "compare",
        "c",
        "Compare",
        "Compare the response with the entry it replays, or with the previous response.",
        "screen.compare",
        "response",
    ),
    Action("go_on", "r", "Resume", "Fetch the pages that failed or are missing.", "go_on", "response"),
    Action("start_pages", "enter", "Start", "Fetch all pages as planned.", "start_pages", "collect"),
    Action("pause_pages", "space", "Pause", "Pause or resume fetching.", "pause_pages", "collect"),
    Action("history_open", "enter", "Open", "Show the request and its response.", "ask('open')", "history"),
    Action(
        "replay_again",
        "r",
        "Send again",
        "Sign the request again with the current token, and send it.",
        "ask('again')",
        "history",
        words="Again",
    ),
    Action(
        "replay_exact",
        "b",
        "Send exact bytes",
        "Send exactly the original bytes, with the original signature.",
        "ask('exact')",
        "history",
    ),
    Action(
        "replay_form",
        "o",
        "Load into form",
        "Load the values and readings of the entry into the form.",
        "ask('form')",
        "history",
        words="Into form",
    ),
    Action(
        "history_compare",
        "c",
        "Compare",
        "Compare with the marked entry or with the entry it replays; otherwise mark it.",
        "ask('compare')",
        "history",
    ),
    Action(
        "history_mark",
        "space",
        "Mark",
        "Mark the entry for a comparison, or remove the mark.",
        "ask('mark')",
        "history",
    ),
    Action(
        "annotate",
        "t",
        "Edit tags and note",
        "Change the tags and the note of the entry.",
        "ask('annotate')",
        "history",
        words="Tags, note",
    ),
    Action(
        "history_delete",
        "delete,d",
        "Delete",
        "Delete the entry permanently, after a confirmation.",
        "ask('delete')",
        "history",
    ),
    Action("history_search", "slash", "Search", "Search the history by words and filters.", "ask('search')", "history"),
    Action(
        "storage",
        "M",
        "Manage storage",
        "See how much space the history takes, set how much is kept, or prune it now.",
        "ask('storage')",
        "history",
    ),
    Action("history_complete", "tab", "Complete", "In the search: accept the suggestion.", scope="history"),
    Action("history_rows", "enter", "Go to rows", "In the search: go to the rows.", scope="history", words="Rows"),
    Action("history_down", "j,down", "Down", "Move down one row.", "cursor(1)", "history"),
    Action("history_up", "k,up", "Up", "Move up one row.", "cursor(-1)", "history"),
    Action("history_page_down", "pagedown", "Page down", "Move down one page.", "page(1)", "history"),
    Action("history_page_up", "pageup", "Page up", "Move up one page.", "page(-1)", "history"),
    Action("history_first", "g,home", "Newest", "Go to the newest row.", "top", "history"),
    Action("history_last", "G,end", "Oldest", "Go to the oldest loaded row.", "bottom", "history"),
)
_MAIN_KEYS: Final = {action.id: action.keys for action in MAIN_ACTIONS}
FIXES: Final = {
    "signature": ("signature", "Open the signature debugger"),
    "credentials": ("credentials", "Enter the credentials"),
    "login": ("login", "Log in"),
    "environment": ("environment", "Choose the environment"),
    "readings": ("readings", "Choose the reading"),
    "method": ("method", "Switch the method"),
    "again": ("send", "Send again"),
    "field": ("guilty_field", "Go to the field"),
    "headers": ("pane_request", "Go to the headers"),
}
"""Fix of a refusal → the main-screen action whose key applies it, also on the refusal screen, and a description of what
the key does."""


class Scope(NamedTuple):
    """The keys of a screen or widget. ``title`` is their heading in ``docs/KEYS.md``."""

    id: str
    title: str
    actions: tuple[Action, ...]


def _scope(scope: str, title: str, *actions: Action) -> Scope:
    return Scope(scope, title, tuple([Action(*action[:5], scope, *action[6:]) for action in actions]))


WIDGETS: Final = (
    _scope(
        "response_pane",
        "Response",
        Action("response.previous_tab", "left_square_bracket", "Tab", "Previous tab", "tab(-1)", footer=True),
        Action("response.next_tab", "right_square_bracket", "Tab", "Next tab", "tab(1)", footer=True),
        Action("response.cancel", "escape", "Cancel", "Stop the running request", "cancel", footer=True),
    ),
    _scope(
        "body_panel",
        "Response body",
        Action("body.view", "v", "View", "Pretty, table or raw", "mode", footer=True),
        Action("body.filter", "vertical_line", "Filter", "Filter by JMESPath, XPath or words", "filter", footer=True),
        Action("body.back", "escape", "Back", "Close the search, then the filter", "back"),
    ),
    _scope(
        "body_view",
        "Response body: lines",
        Action("body.down", "j,down", "Down", "One line down", "cursor(1)"),
        Action("body.up", "k,up", "Up", "One line up", "cursor(-1)"),
        Action("body.left", "h,left", "Left", "Scroll left", "sideways(-8)"),
        Action("body.right", "l,right", "Right", "Scroll right", "sideways(8)"),
        Action("body.page_down", "pagedown,space", "Page down", "One page down", "page(1)"),
        Action("body.page_up", "pageup,b", "Page up", "One page up", "page(-1)"),
        Action("body.top", "g,home", "Top", "Go to the first line", "top"),
        Action("body.end", "G,end", "End", "Go to the last line", "bottom"),
        Action("body.line_start", "0", "Line start", "Go to the first column", "line_start"),
        Action("body.line_end", "$,dollar_sign", "Line end", "Go to the last column", "line_end"),
        Action("body.follow", "enter", "Follow", "Open the call that takes the id", "follow", footer=True),
        Action("body.fold", "enter", "Fold", "Fold or unfold at the cursor", "toggle_fold"),
        Action("body.fold_around", "minus", "Fold", "Fold the block around the cursor", "fold"),
        Action("body.unfold", "plus,equals_sign", "Unfold", "Unfold at the cursor", "unfold"),
        Action("body.wrap", "w", "Wrap", "Wrap long lines, or scroll them", "wrap"),
        Action("body.search", "slash", "Search", "Search the whole body", "search", footer=True),
        Action("body.next", "n", "Next match", "Go to the next match", "next_match"),
        Action("body.previous", "N", "Previous match", "Go to the previous match", "previous_match"),
    ),
    _scope(
        "body_reading",
        "Response body: copy, save, open",
        Action("body.copy", "y", "Copy", "Copy value, path, line, subtree or all", "copy", footer=True),
        Action("body.folds", "z", "Folds", "Fold all, none, or to a depth", "folds"),
        Action("body.save", "S", "Save", "Save the body to a file", "save"),
        Action("body.pager", "o", "Pager", "Open in your pager ($PAGER)", "open(False)"),
        Action("body.editor", "O", "Editor", "Open in your editor ($EDITOR)", "open(True)"),
    ),
    _scope(
        "body_bar",
        "Response body: search and filter",
        Action("body.regex", "ctrl+r", "Regex", "Switch between plain text and a regular expression", "switch"),
    ),
    _scope(
        "rejected_fields",
        "Response: rejected fields",
        Action("verdict.go_to_field", "enter", "Go to field", "Go to the rejected field", "select", footer=True),
        Action("verdict.down", "j", "Down", "", "cursor_down"),
        Action("verdict.up", "k", "Up", "", "cursor_up"),
    ),
    _scope(
        "failed_pages",
        "All pages: failed pages",
        Action("collect.retry", "enter", "Retry page", "Fetch the page again", "select", footer=True),
        Action("collect.down", "j", "Down", "Next row", "cursor_down"),
        Action("collect.up", "k", "Up", "Previous row", "cursor_up"),
    ),
    _scope(
        "docs",
        "Docs tab",
        Action("docs.search", "slash", "Search", "Search the vendor's document", "search", footer=True),
        Action("docs.hit", "n", "Next match", "Go to the next match", "hit(1)"),
        Action("docs.hit_before", "N", "Previous match", "Go to the previous match", "hit(-1)"),
        Action("docs.passage", "p", "Passage", "Go back to the endpoint's passage", "passage"),
        Action("docs.end_search", "escape", "Close search", "Close the search", "end_search"),
    ),
    _scope(
        "docs_notes",
        "Docs tab: notes",
        Action("docs.next", "j", "Next cited line", "Go to the next cited line", "cited(1)", footer=True),
        Action("docs.previous", "k", "Previous cited line", "Go to the previous cited line", "cited(-1)"),
    ),
    _scope(
        "passage",
        "Docs tab: document",
        Action("passage.search", "slash", "Search", "Search the whole document", "search", footer=True),
        Action("passage.next", "n", "Next match", "Go to the next match", "next_hit(1)", footer=True),
        Action("passage.previous", "N", "Previous match", "Go to the previous match", "next_hit(-1)"),
        Action("passage.home", "p", "Passage", "Go back to the endpoint's passage", "passage", footer=True),
    ),
    _scope(
        "preview_origins",
        "Wire tab of the request: fields",
        Action("preview.mine", "u", "Only mine", "Show only what you set, or everything", "mine", footer=True),
    ),
    _scope(
        "preview_body",
        "Wire tab of the request: body",
        Action(
            "preview.origins",
            "o",
            "Origins",
            "Show the fields with their origins, or the bytes",
            "origins",
            footer=True,
        ),
    ),
    _scope(
        "wire",
        "Wire tab of the response",
        Action(
            "wire.origins",
            "o",
            "Origins",
            "Show or hide where each part of the request comes from",
            "origins",
            footer=True,
        ),
        Action(
            "wire.mine", "u", "Only mine", "Show only what you set, or everything that was sent", "mine", footer=True
        ),
    ),
    _scope(
        "lines",
        "Text",
        Action("lines.down", "j", "Down", "", "scroll_down"),
        Action("lines.up", "k", "Up", "", "scroll_up"),
        Action("lines.top", "g", "Top", "", "scroll_home"),
        Action("lines.bottom", "G", "Bottom", "", "scroll_end"),
        Action("lines.page_down", "ctrl+d", "Page down", "", "page_down"),
        Action("lines.page_up", "ctrl+u", "Page up", "", "page_up"),
    ),
    _scope(
        "choice",
        "Choice in a field",
        Action("choice.next", "right,space", "Next choice", "", "step(1)"),
        Action("choice.previous", "left", "Previous choice", "", "step(-1)"),
    ),
    _scope(
        "options",
        "Options in a field",
        Action("options.down", "down,j", "Down", "", "move(1)"),
        Action("options.up", "up,k", "Up", "", "move(-1)"),
        Action("options.choose", "space,enter", "Choose", "", "choose"),
    ),
    _scope(
        "history_panel",
        "History",
        Action("history.close", "escape", "Close", "Leave the search, then close the history", "back", footer=True),
        Action("history.to_list", "down", "", "Go from the search to the rows", "list"),
    ),
    _scope(
        "history_line",
        "History: search",
        Action("history.complete", "tab", "Complete", "Accept the suggestion", "complete", footer=True),
    ),
    _scope(
        "history_details",
        "History: details",
        Action("history.follow", "enter", "Go to entry", "Go to the linked entry", "select", footer=True),
    ),
    _scope(
        "files_tree",
        "File picker: folders",
        Action("files.up", "backspace", "Parent folder", "Go to the parent folder", "screen.up"),
        Action("files.down", "j", "Down", "Next row", "cursor_down"),
        Action("files.above", "k", "Up", "Previous row", "cursor_up"),
    ),
    _scope(
        "signature_inputs",
        "Debugger: inputs",
        Action(
            "signature.turn",
            "space",
            "Next, in/out",
            "Choose the next value, or include or exclude the part",
            "screen.turn(1)",
            words="Next",
        ),
        Action("signature.turn_back", "minus", "Previous choice", "", "screen.turn(-1)"),
        Action("signature.down", "j", "Down", "", "cursor_down"),
        Action("signature.up", "k", "Up", "", "cursor_up"),
        Action("signature.first", "g", "First", "", "first"),
        Action("signature.last", "G", "Last", "", "last"),
    ),
    _scope(
        "paste",
        "Debugger: box",
        Action("paste.leave", "escape", "Leave", "Go back to the inputs", "leave", words="Leave the box"),
    ),
    _scope(
        "changes",
        "Compare: list of changes",
        Action("changes.down", "j,down", "Down", "Next change", "cursor(1)"),
        Action("changes.up", "k,up", "Up", "Previous change", "cursor(-1)"),
        Action("changes.page_down", "pagedown,ctrl+d", "Page down", "", "page(1)"),
        Action("changes.page_up", "pageup,ctrl+u", "Page up", "", "page(-1)"),
        Action("changes.top", "g,home", "Top", "First change", "top"),
        Action("changes.end", "G,end", "End", "Last change", "bottom"),
        Action("changes.choose", "enter", "Go to lines", "Go to the lines of the change", "choose"),
    ),
    _scope(
        "diff",
        "Compare: lines",
        Action("diff.down", "j,down", "Down", "One line down", "cursor(1)"),
        Action("diff.up", "k,up", "Up", "One line up", "cursor(-1)"),
        Action("diff.page_down", "pagedown,space,ctrl+d", "Page down", "", "page(1)"),
        Action("diff.page_up", "pageup,b,ctrl+u", "Page up", "", "page(-1)"),
        Action("diff.top", "g,home", "Top", "Go to the first line", "top"),
        Action("diff.end", "G,end", "End", "Go to the last line", "bottom"),
        Action("diff.left", "left", "Left", "Scroll left", "sideways(-8)"),
        Action("diff.right", "right", "Right", "Scroll right", "sideways(8)"),
    ),
    _scope(
        "saved_tree",
        "Saved requests: tree",
        Action("saved.down", "j", "Down", "Next row", "cursor_down"),
        Action("saved.up", "k", "Up", "Previous row", "cursor_up"),
        Action("saved.top", "g,home", "Top", "Go to the first row", "scroll_home"),
        Action("saved.end", "G,end", "End", "Go to the last row", "scroll_end"),
        Action("saved.fold", "left", "Fold", "Fold the folder, or go to the folder of the request", "fold"),
        Action("saved.unfold", "right", "Unfold", "Unfold the folder", "unfold"),
    ),
)
SCREENS: Final = (
    _scope(
        "annotation",
        "Tags and note",
        Action("annotation.cancel", "escape", "Cancel", "Close without changes", "cancel"),
        Action("annotation.keep", "ctrl+s,f5", "Save", "Save tags and note", "keep", priority=True),
    ),
    _scope(
        "compare",
        "Compare",
        Action("compare.close", "escape,q", "Close", "Go back", "close", words="Back"),
        Action("compare.next", "n", "Next change", "Go to the next change", "go_on(1)", words="Change", label="n/p"),
        Action("compare.previous", "p,N", "Previous change", "Go to the previous change", "go_on(-1)"),
        Action("compare.all", "a", "All", "Show all lines, or only the changes", "everything"),
        Action("compare.ignore", "i", "Ignore", "Mask this field from now on", "ignore"),
        Action("compare.ignored", "I", "Ignored", "Show the ignored fields; stop ignoring one", "ignored"),
        Action("compare.mask", "m", "Mask", "Show volatile values as changes, or mask them", "mask"),
        Action("compare.swap", "x", "Swap", "Swap the sides", "swap"),
        Action("compare.copy", "y", "Copy path", "Copy the path of the change", "copy"),
        Action("compare.list", "l", "List", "Show or hide the list of changes", "list"),
        Action("compare.side", "right_square_bracket,left_square_bracket,1,2", "Side", "Go to the other side", "side"),
    ),
    _scope(
        "confirm",
        "Confirmation",
        Action("confirm.yes", "y", "Confirm", "Confirm the action", "answer(True)"),
        Action("confirm.no", "n,escape", "Cancel", "Cancel the action", "answer(False)"),
        Action("confirm.other", "left,right", "Other", "Go to the other button", "other"),
    ),
    _scope(
        "consent",
        "Log in with a browser",
        Action("consent.cancel", "escape", "Cancel", "Cancel the login", "cancel"),
        Action("consent.copy", "f2", "Copy URL", "Copy the URL of the consent page", "copy"),
        Action("consent.browse", "f3", "Browser", "Open the consent page in a browser", "browse"),
    ),
    _scope(
        "credentials",
        "Credentials",
        Action("credentials.cancel", "escape", "Cancel", "Close without changes", "cancel"),
    ),
    _scope(
        "environment",
        "Environment",
        Action("environment.cancel", "escape", "Cancel", "Close without changes", "cancel"),
        Action("environment.down", "j", "Down", "Next row", "move(1)"),
        Action("environment.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "doctor",
        "Doctor",
        Action("doctor.close", "escape,q", "Close", "Stop the checks and go back", "close"),
        Action("doctor.again", "r", "Run again", "Run the checks again", "again"),
        Action(
            "doctor.allow",
            "l",
            "Run with a token",
            "Run the checks again, and request a token from the vendor",
            "allow",
        ),
        Action("doctor.copy", "y", "Copy", "Copy the result", "copy"),
    ),
    _scope(
        "drift",
        "Drift",
        Action("drift.close", "escape,q", "Close", "Go back", "close"),
        Action("drift.accept", "space,a", "Accept", "Add the finding to your overlay", "accept"),
        Action("drift.dismiss", "x,delete", "Dismiss", "Hide the finding, or show it again", "dismiss_finding"),
        Action("drift.example", "enter", "Example", "Show a response with this finding", "example"),
        Action("drift.vendor", "t", "Vendor", "Show only the vendor of this finding, or all", "one_vendor"),
        Action("drift.all", "v", "All", "Also show dismissed findings", "show_all"),
        Action("drift.again", "r", "Run again", "Check the history again", "again"),
        Action("drift.down", "j", "Down", "Next finding", "move(1)"),
        Action("drift.up", "k", "Up", "Previous finding", "move(-1)"),
    ),
    _scope(
        "export",
        "Export",
        Action("export.close", "escape", "Close", "Go back", "close"),
        Action("export.next", "right,tab", "Next", "Next format", "turn(1)"),
        Action("export.previous", "left,shift+tab", "Previous", "Previous format", "turn(-1)"),
        Action("export.copy", "y,enter", "Copy", "Copy the export", "copy"),
        Action("export.save", "s", "Save", "Save the export to a file", "save"),
        Action("export.secrets", "v", "Secrets", "Include secrets, or use variables instead", "secrets"),
        Action("export.all", "a", "All matches", "Export everything that matches the search", "all"),
        Action("export.down", "j,down", "Down", "", "scroll(1)"),
        Action("export.up", "k,up", "Up", "", "scroll(-1)"),
        Action("export.page_down", "pagedown,space", "Page down", "", "scroll(15)"),
        Action("export.page_up", "pageup", "Page up", "", "scroll(-15)"),
    ),
    _scope(
        "faults",
        "Faults",
        Action("faults.close", "escape,F", "Close", "Close; active faults stay on", "close"),
        Action("faults.switch", "space", "On/off", "Switch the fault on or off", "switch"),
        Action("faults.honest", "x", "All off", "Switch all faults off", "honest"),
        Action("faults.down", "j", "Down", "Next row", "move(1)"),
        Action("faults.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "files",
        "File picker",
        Action("files.cancel", "escape", "Cancel", "Close without choosing a file", "cancel"),
    ),
    _scope(
        "help",
        "Help",
        Action("help.close", "escape,q,question_mark,f1", "Close", "", "dismiss"),
        Action("help.down", "j", "Down", "", "down"),
        Action("help.up", "k", "Up", "", "up"),
    ),
    _scope(
        "ignored",
        "Ignored fields",
        Action("ignored.close", "escape,I", "Close", "Close without changes", "cancel"),
        Action("ignored.remove", "x,delete", "Stop ignoring", "Compare the field again", "remove"),
        Action("ignored.down", "j", "Down", "Next row", "move(1)"),
        Action("ignored.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "jump",
        "Jump",
        Action("jump.close", "escape", "Close", "", "dismiss(None)"),
    ),
    _scope(
        "lens",
        "Versions",
        Action("lens.cancel", "escape,V", "Cancel", "Close without sending", "cancel"),
        Action("lens.left", "space", "Left", "Show this version on the left", "left"),
        Action("lens.down", "j", "Down", "Next row", "move(1)"),
        Action("lens.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "ways",
        "Follow",
        Action("ways.stay", "escape", "Cancel", "Close without following", "stay"),
        Action("ways.down", "j", "Down", "Next row", "move(1)"),
        Action("ways.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "page_number",
        "Page number",
        Action("page_number.cancel", "escape", "Cancel", "Stay on this page", "cancel"),
    ),
    _scope(
        "readings",
        "Readings",
        Action("readings.close", "escape,q", "Close", "Go back to the call", "close"),
        Action("readings.try", "B,b", "Try both", "Send the call under every choice", "try_both", words="Both"),
        Action("readings.send", "s,f5", "Send", "Send the call under the selected choice", "send_one"),
        Action("readings.left", "left", "Choice", "Previous choice", "choice(-1)"),
        Action("readings.right", "right", "Choice", "Next choice", "choice(1)", label="←→"),
        Action("readings.choose", "space", "Choose", "Use the choice for this call", "choose", words="Use"),
        Action("readings.adopt", "a", "Adopt", "Make the choice the default", "adopt"),
        Action("readings.forget", "u", "Forget", "Restore the catalog's default; the evidence is deleted", "forget"),
        Action("readings.follow", "f", "Follow", "Make the sandbox follow the choice", "follow", words="Sandbox"),
        Action("readings.compare", "c", "Compare", "Compare the responses of the last trial", "compare"),
        Action("readings.all", "v", "All", "Also show ambiguities that do not change the request", "show_all"),
        Action("readings.down", "j", "Down", "Next ambiguity", "move(1)"),
        Action("readings.up", "k", "Up", "Previous ambiguity", "move(-1)"),
    ),
    _scope(
        "refusal",
        "Why refused",
        Action("refusal.close", "escape,q", "Close", "Go back", "close"),
        Action("refusal.down", "j", "Down", "Next finding", "move(1)", words="Move", label="j k"),
        Action("refusal.up", "k", "Up", "Previous finding", "move(-1)"),
        Action("refusal.copy", "y", "Copy", "Copy the explanation", "copy"),
        Action("refusal.fix", "enter", "Fix it", "Apply the fix of the selected finding"),
        *(Action(f"refusal.{fix}", _MAIN_KEYS[like], "", does, f"fix('{fix}')") for fix, (like, does) in FIXES.items()),
    ),
    _scope(
        "replay",
        "Replay",
        Action("replay.cancel", "escape", "Cancel", "Close without sending", "cancel"),
        Action("replay.other", "left,right", "Other", "Go to the other button", "other"),
    ),
    _scope(
        "saved",
        "Saved requests",
        Action(
            "saved.open",
            "enter",
            "Load into form",
            "Load the request into the form, or fold the folder",
            "open",
            bound=False,
            words="Into form",
        ),
        Action("saved.close", "escape,q", "Close", "Go back", "close"),
        Action("saved.filter", "slash", "Find", "Find by name, method or vendor", "filter"),
        Action("saved.run", "r,f5", "Run", "Run the request", "run"),
        Action("saved.run_folder", "a", "Run folder", "Run the folder in order", "run_folder"),
        Action("saved.run_all", "A", "Run all", "Run everything in order", "run_all"),
        Action("saved.edit", "e", "Edit file", "Open the file in your editor ($EDITOR)", "edit"),
        Action("saved.move", "m", "Move", "Rename the request, or move it to another folder", "rename"),
        Action("saved.delete", "d,delete", "Delete", "Delete the request, after a confirmation", "delete"),
        Action("saved.variables", "v", "Variables", "Choose a variables file", "variables"),
        Action("saved.other", "tab", "Other side", "Go to the file, or back", "other"),
    ),
    _scope(
        "save",
        "Save",
        Action("save.cancel", "escape", "Cancel", "Close without saving", "cancel"),
        Action("save.save", "ctrl+s,f5", "Save", "Save the request", "save", priority=True),
    ),
    _scope(
        "move",
        "Move a saved request",
        Action("move.cancel", "escape", "Cancel", "Close without changes", "cancel"),
    ),
    _scope(
        "conflict",
        "Conflict",
        Action("conflict.cancel", "escape", "Cancel", "Close without saving; the form is unchanged", "cancel"),
        Action("conflict.down", "j", "Down", "Next row", "move(1)"),
        Action("conflict.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "variables",
        "Variable values",
        Action("variables.cancel", "escape", "Cancel", "Close without sending", "cancel"),
    ),
    _scope(
        "sets",
        "Variables files",
        Action("sets.cancel", "escape", "Cancel", "Close without changes", "cancel"),
        Action("sets.down", "j", "Down", "Next row", "move(1)"),
        Action("sets.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "report",
        "Report",
        Action("report.cancel", "escape", "Cancel", "Close without saving", "cancel"),
    ),
    _scope(
        "run",
        "Run saved requests",
        Action("run.close", "escape,q", "Close", "Stop the run, or go back", "close"),
        Action("run.save", "s", "Save report", "Write the report to a file", "save"),
        Action("run.again", "r,f5", "Run again", "Run everything again", "again"),
        Action("run.down", "j", "Down", "Next step", "move(1)"),
        Action("run.up", "k", "Up", "Previous step", "move(-1)"),
        Action("run.other", "tab", "Other side", "Go to the details, or back", "other", words="Details"),
        Action("run.open", "enter", "Full response", "Open the history entry of the step"),
    ),
    _scope(
        "signature",
        "Debugger",
        Action("signature.close", "escape,q", "Close", "Go back", "close"),
        Action(
            "signature.paste",
            "p,v",
            "Paste",
            "Go to the box for the other client's request or base string",
            "paste",
            words="Paste",
        ),
        Action("signature.clear", "x", "Clear box", "Clear the box", "clear", words="Clear"),
        Action("signature.time", "t", "Use current time", "Sign with the current time", "time", words="Now"),
        Action("signature.undo", "u", "Undo all", "Reset every input", "undo", words="Undo"),
        Action(
            "signature.copy",
            "y",
            "Copy base string",
            "Copy the base string, with secrets masked",
            "copy",
            words="Copy",
            label="y Y",
        ),
        Action("signature.copy_signature", "Y", "Copy signature", "Copy the signature", "copy_signature"),
        Action(
            "signature.scroll_down", "J", "Scroll down", "Scroll the result", "scroll(1)", words="Scroll", label="J K"
        ),
        Action("signature.scroll_up", "K", "Scroll up", "Scroll the result", "scroll(-1)"),
        Action("signature.take", "enter", "Apply", "In an input: apply the value."),
        Action("signature.leave_input", "escape", "Cancel", "In an input: discard the change."),
        Action("signature.leave_box", "tab", "Next", "In the box: go to the inputs."),
        Action("signature.type", "enter", "Edit", "On an input: edit its value."),
    ),
    _scope(
        "storage",
        "Storage",
        Action("storage.close", "escape", "Close", "Go back to the history", "close"),
        Action("storage.prune", "p", "Prune", "Delete the entries that exceed the rules", "prune"),
        Action("storage.vacuum", "v", "Vacuum", "Release unused disk space", "vacuum"),
        Action("storage.rules", "r", "Rules", "Change the rules", "rules"),
        Action("storage.keep", "ctrl+s", "Save", "Save the rules", "keep", priority=True),
    ),
    _scope(
        "tokens",
        "Tokens",
        Action("tokens.close", "escape,q,U", "Close", "Go back", "close"),
        Action("tokens.renew", "r", "New token", "Request a new token from the vendor", "renew"),
        Action("tokens.forget", "d,delete", "Forget", "Forget the tokens in this app", "forget"),
        Action("tokens.sign_out", "o", "Sign out", "Revoke the token at the vendor", "sign_out"),
        Action("tokens.use", "u", "Last use", "Open the last request that used the token", "use"),
        Action("tokens.down", "j", "Down", "Next token", "move(1)"),
        Action("tokens.up", "k", "Up", "Previous token", "move(-1)"),
        Action("tokens.read", "pagedown,space", "Scroll down", "Scroll down", "scroll(1)"),
        Action("tokens.back", "pageup,b", "Scroll up", "Scroll up", "scroll(-1)"),
        Action("tokens.minted_by", "enter", "Issued by", "Open the request that issued the token"),
    ),
    _scope(
        "tracks",
        "Tracks",
        Action("tracks.close", "escape,q,J", "Close", "Go back", "close"),
        Action("tracks.reset", "D", "Restart", "Delete the progress of this track", "reset"),
        Action("tracks.leave", "x", "Stop following", "Follow no track; the progress is kept", "leave"),
        Action("tracks.down", "j", "Down", "Next track", "move(1)"),
        Action("tracks.up", "k", "Up", "Previous track", "move(-1)"),
        Action(
            "tracks.read",
            "right,l,space,pagedown",
            "Scroll down",
            "Scroll down",
            "scroll(1)",
            words="Scroll",
            label="→ ←",
        ),
        Action("tracks.back", "left,b,pageup", "Scroll up", "Scroll up", "scroll(-1)"),
        Action("tracks.start", "enter", "Start", "Start or resume the track", "start", bound=False),
    ),
    _scope(
        "trusted",
        "Trusted hosts",
        Action("trusted.close", "escape,H", "Close", "Close the list", "close"),
        Action("trusted.remove", "x,delete", "Remove", "Ask again before sending credentials to this host", "remove"),
        Action("trusted.clear", "X", "Remove all", "Ask again before sending credentials to any host", "clear"),
        Action("trusted.down", "j", "Down", "Next row", "move(1)"),
        Action("trusted.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "vendors",
        "Compare vendors",
        Action("vendors.close", "escape,q,C", "Close", "Go back", "close"),
        Action("vendors.look", "enter", "Details", "Show the task in full", "look", bound=False),
        Action("vendors.tasks", "up,down", "Tasks", "Previous or next task"),
    ),
    _scope(
        "task",
        "Compare vendors: one task",
        Action("task.close", "escape,q", "Back", "Go back to all tasks", "close", words="All tasks"),
        Action("task.next", "right,l,n", "Next task", "Next task", "turn(1)"),
        Action("task.previous", "left,h,p", "Previous task", "Previous task", "turn(-1)"),
        Action("task.open", "enter", "Open call", "Open the vendor's call for this task", "open", bound=False),
    ),
    _scope(
        "vendor_rows",
        "Compare vendors: rows",
        Action("vendors.down", "j", "Down", "Next row", "move(1)"),
        Action("vendors.up", "k", "Up", "Previous row", "move(-1)"),
    ),
    _scope(
        "import",
        "Import",
        Action("import.cancel", "escape", "Cancel", "Close without importing", "cancel", priority=True),
        Action("import.down", "pagedown", "Down", "", "scroll(6)", priority=True),
        Action("import.up", "pageup", "Up", "", "scroll(-6)", priority=True),
    ),
)
ACTIONS: Final = (*MAIN_ACTIONS, *(action for scope in (*WIDGETS, *SCREENS) for action in scope.actions))
BY_ID: Final = {action.id: action for action in ACTIONS}
_CLICKABLE: Final = frozenset({"", *(scope.id for scope in SCREENS)})
"""Scopes whose actions run on the screen itself, so that a click in its key bar can trigger them."""
_BY_SCOPE: Final[dict[str, list[Action]]] = {}
for _action in ACTIONS:
    _BY_SCOPE.setdefault(_action.scope, []).append(_action)

SCOPES: Final = {
    "": "Everywhere (letters only outside input fields)",
    "tree": "In the endpoint tree",
    "field": "In a field",
    "mark": "On the mark before a field",
    "request": "In the request",
    "response": "In the response",
    "collect": "While fetching all pages",
    "history": "In the history",
}
PANE_WIDGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "response": ("response_pane", "body_panel", "body_reading", "body_view"),
    "history": ("history_panel",),
}
"""Pane → widgets whose keys the help lists together with those of the pane."""
FOOTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "tree": ("open", "filter", "environment", "saved", "pane_request", "pane_history"),
    "filter": ("open", "back", "jump"),
    "field": ("send", "next_field", "back", "jump"),
    "mark": ("state", "send", "next_field", "back"),
    "request": ("send", "next_tab", "environment", "readings", "examples", "save"),
    "response": ("send", "next_tab", "compare", "pane_request", "zoom", "pane_history"),
    "box": ("box_done", "box_close"),
    "sending": ("back",),
    "history": (
        "history_open",
        "replay_again",
        "replay_form",
        "history_compare",
        "annotate",
        "history_search",
    ),
    "search": ("history_complete", "history_rows", "back"),
}
"""Pane or kind of input → the actions in its footer, most likely first. Help and commands always follow."""
PERMANENT_HINTS: Final = ("help", "palette")


def actions_of(scope: str) -> tuple[Action, ...]:
    """Return the actions of a scope."""
    return tuple(_BY_SCOPE[scope])


def bindings(scope: str) -> list[BindingType]:
    """Return the bindings of a scope's actions. Each has its action's id, so that keymaps apply to it."""
    return [_binding(action) for action in _BY_SCOPE[scope] if action.run and action.bound]


def export_bindings(formats: Iterable[tuple[str, str]]) -> list[BindingType]:
    """Return the bindings of the export dialog. A digit for each of *formats* (id, title) follows the first three."""
    rows = bindings("export")
    return [*rows[:3], *map(_binding, format_actions(formats)), *rows[3:]]


def format_actions(formats: Iterable[tuple[str, str]]) -> list[Action]:
    """Return an action for each of the export *formats* (id, title)."""
    return [
        Action(f"export.{name}", str(number), title, "", f"format('{name}')", "export")
        for number, (name, title) in enumerate(formats, 1)
    ]


def screen_help_binding() -> BindingType:
    """Return the app-wide binding of the help key: help for the top screen, and its keys."""
    return _binding(BY_ID["help"]._replace(run="screen_help", help="Show help for this screen, and its keys"))


def _binding(action: Action) -> Binding:
    from textual.binding import Binding

    return Binding(
        action.keys,
        action.run,
        action.title,
        show=action.footer,
        priority=action.priority,
        id=action.id,
        tooltip=action.help,
    )


def keys_of(action_id: str, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Return the current keys of an action, in Textual's spelling."""
    return tuple(key.strip() for key in (keymap.get(action_id) or BY_ID[action_id].keys).split(","))


def is_clickable(action: Action) -> bool:
    """Return whether a click in a screen's key bar can trigger the action, because the screen itself runs it."""
    return action.scope in _CLICKABLE


def label_of(action_id: str, keymap: Mapping[str, str]) -> str:
    """Return the key of an action as a footer shows it."""
    action = BY_ID[action_id]
    if action.label and action_id not in keymap:
        return action.label
    keys = [format_key(key) for key in keys_of(action_id, keymap)]
    return keys[0] if action.run else " ".join(keys)


_NAMES: Final = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "slash": "/",
    "colon": ":",
    "plus": "+",
    "minus": "-",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "number_sign": "#",
    "vertical_line": "|",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "full_stop": ".",
    "comma": ",",
}


def format_key(key: str) -> str:
    """Return a key in its displayed form: ``ctrl+r``, ``F5``, ``?``."""
    *modifiers, base = key.split("+") if key != "+" else ["+"]
    name = _NAMES.get(base, base.upper() if base[:1] == "f" and base[1:].isdigit() else base)
    return "+".join([*modifiers, name])


def keymap_actions() -> list[KeymapAction]:
    """Return the table in the form that ``explorer.store.check_keymap`` expects.

    For a screen or widget, the first part of the id is the scope: no two of its keys may be the same.
    """
    from explorer.core.export.formats import FORMATS
    from explorer.store.keymap import KeymapAction

    formats = format_actions((row.id, row.title) for row in FORMATS.values())
    return [
        KeymapAction(action.id, action.keys, action.id.partition(".")[0] if "." in action.id else action.scope)
        for action in (*ACTIONS, *formats)
        if action.run and action.bound
    ]


def key_table() -> str:
    """Return the keys of the main screen as Markdown, for the README."""
    lines = ["| key | does | where |", "| --- | --- | --- |"]
    lines += [
        f"| {_markdown_keys(action)} | {action.help} | {_SCOPE_TITLES[action.scope]} |" for action in MAIN_ACTIONS
    ]
    return "\n".join(lines) + "\n"


def key_manual() -> str:
    """Return the keys of every screen and widget as Markdown, for ``docs/KEYS.md``."""
    parts = []
    for scope, title in (*SCOPES.items(), *((scope.id, scope.title) for scope in (*WIDGETS, *SCREENS))):
        lines = [f"## {title}", "", "| key | action | id |", "| --- | --- | --- |"]
        lines += [
            f"| {_markdown_keys(action)} | {_with_period(action.help or action.title)} | {_id_cell(action)} |"
            for action in _BY_SCOPE[scope]
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _markdown_keys(action: Action) -> str:
    return " ".join(f"`{format_key(key)}`" for key in action.keys.split(",")).replace("|", "\\|")


def _with_period(text: str) -> str:
    text = (text[:1].upper() + text[1:]).replace("|", "\\|")
    return text if text.endswith((".", "…")) else f"{text}."


def _id_cell(action: Action) -> str:
    return f"`{action.id}`" if action.run and action.bound else ""


_SCOPE_TITLES: Final = {
    "": "everywhere",
    "tree": "tree",
    "field": "field",
    "mark": "field's mark",
    "request": "request",
    "response": "response",
    "collect": "all pages",
    "history": "history",
}
