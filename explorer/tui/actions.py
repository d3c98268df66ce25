"""The one table of keys, of every screen and widget: it feeds the bindings, the palette, the footers, the help, the
README and ``docs/KEYS.md``.

An action's ``run`` is what the terminal library runs for it, looked up from the focused widget outwards. An action
whose ``run`` is empty, or that is not ``bound``, is a key of a library widget itself and is listed to be shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.binding import Binding, BindingType

    from explorer.store.keymap import KeymapAction


class Action(NamedTuple):
    """A key and what it does.

    ``keys`` are its usual keys with commas between; ``scope`` the pane, screen or widget where they work (empty:
    everywhere on the main screen); ``title`` a word or two; ``help`` one sentence. ``footer``: whether the main
    screen's footer offers it while its widget has the focus. ``words`` and ``label`` replace title and key in the key
    bar of a screen. ``priority``: whether it comes before what the focused widget does with the key.
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
    Action("send", "f5,ctrl+r", "Send", "Send the request as it stands; what is missing is shown first.", "send"),
    Action("send_anyway", "exclamation_mark", "Send anyway", "Send although the form has errors.", "send_anyway"),
    Action(
        "back", "escape", "Back", "Stop what is under way; else leave the field, close what is open, step back.", "back"
    ),
    Action("trail_back", "backspace", "Way back", "Go back to the answer whose id was followed.", "trail_back"),
    Action("pane_tree", "1", "Endpoints", "Go to the tree of endpoints.", "pane('tree')"),
    Action("pane_request", "2", "Request", "Go to the request.", "pane('request')"),
    Action("pane_response", "3", "Response", "Go to the response.", "pane('response')"),
    Action("pane_history", "4,h", "History", "Go to the history.", "pane('history')"),
    Action("filter", "slash", "Find", "Find an endpoint by any words of its name, path or vendor.", "filter"),
    Action("sidebar", "s", "Sidebar", "Show or hide the tree of endpoints.", "sidebar"),
    Action("environment", "E", "Environment", "Choose where the vendor's calls go.", "environment"),
    Action("credentials", "K", "Credentials", "Type the vendor's credentials for this environment.", "credentials"),
    Action("login", "I", "Log in", "Get a token now: by the vendor's own call, or by consent in a browser.", "login"),
    Action(
        "tokens", "U", "Tokens", "The life of every token: minted, used, replaced, run out; renew and revoke.", "tokens"
    ),
    Action("all_pages", "A", "All pages", "Fetch every page of the call, after showing what it takes.", "all_pages"),
    Action(
        "trusted", "H", "Trusted hosts", "Hosts that you allowed credentials to go to; remove one or all.", "trusted"
    ),
    Action("faults", "F", "Faults", "Let the sandbox go wrong on purpose: slow, cut off, 429, malformed …", "faults"),
    Action("tracks", "J", "Tracks", "Guided tracks: lessons in the sandbox that check what you really did.", "tracks"),
    Action("vendors", "C", "Compare vendors", "How the vendors do the same things, side by side.", "vendors"),
    Action(
        "signature",
        "f8,G",
        "Debugger",
        "Debug the signature or token: of the form, the answer, the entry (G where it goes to no last line).",
        "signature",
    ),
    Action("lens", "V", "Versions", "Send the call under two versions, and see what differs.", "lens"),
    Action("why", "W,w", "Why refused", "Why the answer or the entry was refused, and what mends it.", "why"),
    Action("method", "m", "Method", "Switch between the methods of the call, such as GET and HEAD.", "method"),
    Action("readings", "R", "Readings", "Choose how to read the document where it contradicts itself.", "readings"),
    Action(
        "experiment",
        "B",
        "Both readings",
        "Try both readings of a contradiction, and see what accepted which.",
        "experiment",
    ),
    Action("drift", "N", "Drift", "Where answers in the history differ from the catalog.", "drift"),
    Action("examples", "x", "Examples", "Put the catalog's examples into blank fields that are asked for.", "examples"),
    Action("discard", "D", "Clear", "Clear the form and its draft.", "discard"),
    Action("save", "S,ctrl+s", "Save", "Save the request under a name, as a file; no secret is written.", "save"),
    Action("saved", "O", "Saved", "The saved requests: open, run one or a folder, edit.", "saved"),
    Action("doctor", "f9", "Doctor", "Look the open vendor over: host, clock, credentials, a read, pages.", "doctor"),
    Action("copy_url", "Y", "Copy URL", "Copy the URL of the request, secrets masked.", "copy_url"),
    Action("export", "X", "Export", "The request, response or entry as a command, a program or a file.", "export"),
    Action("import", "P", "Import", "Paste a curl line: it fills the form of the call that it is.", "import"),
    Action("next_tab", "right_square_bracket", "Next tab", "The next tab of the pane.", "tab(1)"),
    Action("previous_tab", "left_square_bracket", "Tab before", "The tab before.", "tab(-1)"),
    Action("zoom", "f,f11", "Full screen", "Give the pane the whole screen, or give it back.", "zoom"),
    Action("layout", "L", "Layout", "Put the response beside or below the request.", "layout"),
    Action("jump", "ctrl+o,f2", "Jump", "Show a letter at every pane and tab, and go to the one typed.", "jump"),
    Action("theme", "T", "Theme", "Change to the next theme.", "theme"),
    Action("help", "question_mark,f1", "Help", "What this pane is, and every key.", "help"),
    Action("palette", "ctrl+p,colon", "Commands", "Every action, endpoint, environment and theme by name.", "palette"),
    Action("quit", "ctrl+q", "Quit", "Leave; drafts are kept.", "quit"),
    Action("open", "enter", "Open", "Open the endpoint, or fold the branch.", scope="tree"),
    Action("tree_down", "j,down", "Down", "One line down.", "cursor_down", "tree"),
    Action("tree_up", "k,up", "Up", "One line up.", "cursor_up", "tree"),
    Action("tree_top", "g,home", "Top", "To the first line.", "scroll_home", "tree"),
    Action("tree_bottom", "G,end", "End", "To the last line.", "scroll_end", "tree"),
    Action("tree_fold", "left", "Fold", "Fold the branch, or go to the one above.", "fold", "tree"),
    Action("tree_unfold", "right", "Unfold", "Unfold the branch.", "unfold", "tree"),
    Action("next_field", "enter,down", "Next field", "Go to the next field.", "next_field", "field"),
    Action("previous_field", "up", "Field before", "Go to the field before.", "previous_field", "field"),
    Action("other_value", "insert", "Other value", "On a choice: type what is not among it.", "other_value", "field"),
    Action("state", "space", "Absent/empty/null", "On a field's mark: absent, empty, null, set.", scope="mark"),
    Action("add_item", "f3,plus", "Add", "Add one more of the group that has the focus.", "add_item", "request"),
    Action("remove_item", "f4,minus", "Remove", "Remove the one that has the focus.", "remove_item", "request"),
    Action("undo", "ctrl+z", "Undo", "Put back what the form held before the last change.", "screen.undo", "request"),
    Action("redo", "ctrl+y", "Redo", "Put back what was undone.", "screen.redo", "request"),
    Action("box_done", "enter", "To the body", "In the search or the filter: to the body.", scope="response"),
    Action("box_close", "escape", "End it", "In the search or the filter: end it.", scope="response"),
    Action(
        "cited",
        "j",
        "Line cited",
        "On the Docs tab: show the next line that is cited; k the one before.",
        scope="request",
    ),
    Action(
        "search_docs",
        "slash",
        "Search",
        "On the Docs tab: search the document; n, N walk, p goes back.",
        scope="request",
    ),
    Action("next_page", "n", "Next page", "Ask for the next page.", "page('next')", "response"),
    Action("previous_page", "p", "Page before", "Ask for the page before.", "page('previous')", "response"),
    Action("first_page", "less_than_sign", "First page", "Ask for the first page.", "page('first')", "response"),
    Action("last_page", "greater_than_sign", "Last page", "Ask for the last page.", "page('last')", "response"),
    Action("page_number", "number_sign", "Page …", "Ask for the page of a number.", "page_number", "response"),
    Action("guilty_field", "e", "Mend", "Go to the field that the vendor complains about.", "guilty_field", "response"),
    Action(
        "origins",
        "o",
        "Origins",
        "On the Wire tab: say where each part of a request is from, or not.",
        scope="response",
    ),
    Action("only_mine", "u", "Only mine", "On the Wire tab: only what you set, or all of it.", scope="response"),
    Action("follow", "enter", "Follow", "On an underlined id: open the call that takes it.", scope="response"),
    Action(
        "compare",
        "c",
        "Compare",
        "Compare with what it is a replay of, or the answer before.",
        "screen.compare",
        "response",
    ),
    Action("go_on", "r", "Go on", "Fetch the pages that failed or are still to come.", "go_on", "response"),
    Action("start_pages", "enter", "Start", "Fetch all pages, as planned.", "start_pages", "collect"),
    Action("pause_pages", "space", "Pause", "Ask for no further page, or go on.", "pause_pages", "collect"),
    Action("history_open", "enter", "Open", "Show what was sent and received.", "ask('open')", "history"),
    Action("replay_again", "r", "Again", "Send it again, signed now with the token of now.", "ask('again')", "history"),
    Action("replay_exact", "b", "These bytes", "Send exactly its bytes, signed as of then.", "ask('exact')", "history"),
    Action("replay_form", "o", "Into form", "Put its values and readings into the form.", "ask('form')", "history"),
    Action(
        "history_compare",
        "c",
        "Compare",
        "Compare with the marked entry, or with its origin; else mark it.",
        "ask('compare')",
        "history",
    ),
    Action("history_mark", "space", "Mark", "Mark it to be compared, or take the mark away.", "ask('mark')", "history"),
    Action("annotate", "t", "Tags, note", "Change its tags and its note.", "ask('annotate')", "history"),
    Action("history_delete", "delete,d", "Delete", "Delete it for good, after asking.", "ask('delete')", "history"),
    Action("history_search", "slash", "Search", "Search the history by words and filters.", "ask('search')", "history"),
    Action(
        "storage", "M", "Storage", "What the history takes, how much is kept, prune now.", "ask('storage')", "history"
    ),
    Action("history_complete", "tab", "Complete", "In the search: take the word that is offered.", scope="history"),
    Action("history_rows", "enter", "Rows", "In the search: go to the rows.", scope="history"),
    Action("history_down", "j,down", "Down", "One row down.", "cursor(1)", "history"),
    Action("history_up", "k,up", "Up", "One row up.", "cursor(-1)", "history"),
    Action("history_page_down", "pagedown", "Page down", "A screenful down.", "page(1)", "history"),
    Action("history_page_up", "pageup", "Page up", "A screenful up.", "page(-1)", "history"),
    Action("history_first", "g,home", "Newest", "To the newest row.", "top", "history"),
    Action("history_last", "G,end", "Oldest", "To the oldest row that was read.", "bottom", "history"),
)
_MAIN_KEYS: Final = {action.id: action.keys for action in MAIN_ACTIONS}
FIXES: Final = {
    "signature": ("signature", "opens the signature debugger"),
    "credentials": ("credentials", "asks for the credentials"),
    "login": ("login", "logs in"),
    "environment": ("environment", "chooses the environment"),
    "readings": ("readings", "chooses the reading"),
    "method": ("method", "switches the method"),
    "again": ("send", "sends it again"),
    "field": ("guilty_field", "goes to the field"),
    "headers": ("pane_request", "goes to the headers"),
}
"""What fixes a refusal → the action of the main screen whose key does it, also on the screen of the refusal; and what
the key does, in words."""


class Scope(NamedTuple):
    """The keys of a screen or widget; ``title`` heads them in ``docs/KEYS.md``."""

    id: str
    title: str
    actions: tuple[Action, ...]


def _scope(scope: str, title: str, *actions: Action) -> Scope:
    return Scope(scope, title, tuple([Action(*action[:5], scope, *action[6:]) for action in actions]))


WIDGETS: Final = (
    _scope(
        "response_pane",
        "Response",
        Action("response.previous_tab", "left_square_bracket", "Tab", "The tab to the left", "tab(-1)", footer=True),
        Action("response.next_tab", "right_square_bracket", "Tab", "The tab to the right", "tab(1)", footer=True),
        Action("response.cancel", "escape", "Cancel", "Stop the request that is under way", "cancel", footer=True),
    ),
    _scope(
        "body_panel",
        "Response body",
        Action("body.view", "v", "View", "Pretty, as a table, or raw", "mode", footer=True),
        Action("body.filter", "vertical_line", "Filter", "Filter by JMESPath, XPath or words", "filter", footer=True),
        Action("body.back", "escape", "Back", "End the search, then the filter", "back"),
    ),
    _scope(
        "body_view",
        "Response body: lines",
        Action("body.down", "j,down", "Down", "One line down", "cursor(1)"),
        Action("body.up", "k,up", "Up", "One line up", "cursor(-1)"),
        Action("body.left", "h,left", "Left", "Some columns to the left", "sideways(-8)"),
        Action("body.right", "l,right", "Right", "Some columns to the right", "sideways(8)"),
        Action("body.page_down", "pagedown,space", "Page down", "One page down", "page(1)"),
        Action("body.page_up", "pageup,b", "Page up", "One page up", "page(-1)"),
        Action("body.top", "g,home", "Top", "To the first line", "top"),
        Action("body.end", "G,end", "End", "To the last line", "bottom"),
        Action("body.line_start", "0", "Line start", "To the first column", "line_start"),
        Action("body.line_end", "$,dollar_sign", "Line end", "To the last column", "line_end"),
        Action("body.follow", "enter", "Follow", "Open the call that takes the marked id", "follow", footer=True),
        Action("body.fold", "enter", "Fold", "Fold or unfold at the cursor", "toggle_fold"),
        Action("body.fold_around", "minus", "Fold", "Fold what the cursor is in", "fold"),
        Action("body.unfold", "plus,equals_sign", "Unfold", "Unfold at the cursor", "unfold"),
        Action("body.wrap", "w", "Wrap", "Wrap long lines, or scroll them", "wrap"),
        Action("body.search", "slash", "Search", "Search the whole body", "search", footer=True),
        Action("body.next", "n", "Next match", "To the next match", "next_match"),
        Action("body.previous", "N", "Previous", "To the match before", "previous_match"),
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
        Action("body.regex", "ctrl+r", "Regex", "Plain words or an expression", "switch"),
    ),
    _scope(
        "rejected_fields",
        "Response: fields that the vendor complains about",
        Action("verdict.go_to_field", "enter", "Go to field", "Put the cursor into that field", "select", footer=True),
        Action("verdict.down", "j", "Down", "", "cursor_down"),
        Action("verdict.up", "k", "Up", "", "cursor_up"),
    ),
    _scope(
        "failed_pages",
        "All pages: those that failed",
        Action("collect.retry", "enter", "This page again", "Ask for that page once more", "select", footer=True),
        Action("collect.down", "j", "Down", "The page below", "cursor_down"),
        Action("collect.up", "k", "Up", "The page above", "cursor_up"),
    ),
    _scope(
        "docs",
        "Docs tab",
        Action("docs.search", "slash", "Search", "Search the vendor's document", "search", footer=True),
        Action("docs.hit", "n", "Next", "The next line with the words", "hit(1)"),
        Action("docs.hit_before", "N", "Before", "The line before with the words", "hit(-1)"),
        Action("docs.passage", "p", "Passage", "Back to the endpoint's passage", "passage"),
        Action("docs.end_search", "escape", "End search", "End the search", "end_search"),
    ),
    _scope(
        "docs_notes",
        "Docs tab: notes",
        Action("docs.next", "j", "Next line cited", "Go to the next line that is cited", "cited(1)", footer=True),
        Action("docs.previous", "k", "Line before", "To the cited line before", "cited(-1)"),
    ),
    _scope(
        "passage",
        "Docs tab: document",
        Action("passage.search", "slash", "Search", "Search the whole document", "search", footer=True),
        Action("passage.next", "n", "Next", "To the next line that has the words", "next_hit(1)", footer=True),
        Action("passage.previous", "N", "Before", "To the line before with them", "next_hit(-1)"),
        Action("passage.home", "p", "Passage", "Back to the passage of this endpoint", "passage", footer=True),
    ),
    _scope(
        "preview_origins",
        "Wire tab of the request: fields",
        Action("preview.mine", "u", "Only mine", "Show only what you set, or all of it", "mine", footer=True),
    ),
    _scope(
        "preview_body",
        "Wire tab of the request: body",
        Action(
            "preview.origins", "o", "Origins", "The fields with their origins, or the bytes", "origins", footer=True
        ),
    ),
    _scope(
        "wire",
        "Wire tab of the response",
        Action(
            "wire.origins", "o", "Origins", "Say where each part of a request is from, or not", "origins", footer=True
        ),
        Action("wire.mine", "u", "Only mine", "Show only what you set, or all that was sent", "mine", footer=True),
    ),
    _scope(
        "lines",
        "Texts",
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
        Action("choice.previous", "left", "Choice before", "", "step(-1)"),
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
        Action("history.to_list", "down", "", "From the search to the rows", "list"),
    ),
    _scope(
        "history_line",
        "History: search",
        Action("history.complete", "tab", "Complete", "Take the word that is offered", "complete", footer=True),
    ),
    _scope(
        "history_details",
        "History: details",
        Action("history.follow", "enter", "Go to it", "Go to that entry", "select", footer=True),
    ),
    _scope(
        "files_tree",
        "File picker: folders",
        Action("files.up", "backspace", "Folder above", "Go to the folder above", "screen.up"),
        Action("files.down", "j", "Down", "The row below", "cursor_down"),
        Action("files.above", "k", "Up", "The row above", "cursor_up"),
    ),
    _scope(
        "signature_inputs",
        "Debugger: inputs",
        Action(
            "signature.turn", "space", "Next, in/out", "The next choice, or in and out", "screen.turn(1)", words="Next"
        ),
        Action("signature.turn_back", "minus", "Choice before", "", "screen.turn(-1)"),
        Action("signature.down", "j", "Down", "", "cursor_down"),
        Action("signature.up", "k", "Up", "", "cursor_up"),
        Action("signature.first", "g", "First", "", "first"),
        Action("signature.last", "G", "Last", "", "last"),
    ),
    _scope(
        "paste",
        "Debugger: box",
        Action("paste.leave", "escape", "Leave", "Back to the inputs", "leave", words="Leave the box"),
    ),
    _scope(
        "changes",
        "Compare: list of changes",
        Action("changes.down", "j,down", "Down", "The one below", "cursor(1)"),
        Action("changes.up", "k,up", "Up", "The one above", "cursor(-1)"),
        Action("changes.page_down", "pagedown,ctrl+d", "Page down", "", "page(1)"),
        Action("changes.page_up", "pageup,ctrl+u", "Page up", "", "page(-1)"),
        Action("changes.top", "g,home", "Top", "The first one", "top"),
        Action("changes.end", "G,end", "End", "The last one", "bottom"),
        Action("changes.choose", "enter", "Go there", "Go to its lines", "choose"),
    ),
    _scope(
        "diff",
        "Compare: lines",
        Action("diff.down", "j,down", "Down", "One line down", "cursor(1)"),
        Action("diff.up", "k,up", "Up", "One line up", "cursor(-1)"),
        Action("diff.page_down", "pagedown,space,ctrl+d", "Page down", "", "page(1)"),
        Action("diff.page_up", "pageup,b,ctrl+u", "Page up", "", "page(-1)"),
        Action("diff.top", "g,home", "Top", "To the first line", "top"),
        Action("diff.end", "G,end", "End", "To the last line", "bottom"),
        Action("diff.left", "left", "Left", "Some columns to the left", "sideways(-8)"),
        Action("diff.right", "right", "Right", "Some columns to the right", "sideways(8)"),
    ),
    _scope(
        "saved_tree",
        "Saved requests: tree",
        Action("saved.down", "j", "Down", "The row below", "cursor_down"),
        Action("saved.up", "k", "Up", "The row above", "cursor_up"),
        Action("saved.top", "g,home", "Top", "To the first row", "scroll_home"),
        Action("saved.end", "G,end", "End", "To the last row", "scroll_end"),
        Action("saved.fold", "left", "Fold", "Fold the folder, or go to it", "fold"),
        Action("saved.unfold", "right", "Unfold", "Unfold the folder", "unfold"),
    ),
)
SCREENS: Final = (
    _scope(
        "annotation",
        "Tags and note",
        Action("annotation.cancel", "escape", "Cancel", "Change nothing", "cancel"),
        Action("annotation.keep", "ctrl+s,f5", "Keep", "Keep note and tags", "keep", priority=True),
    ),
    _scope(
        "compare",
        "Compare",
        Action("compare.close", "escape,q", "Close", "Back to where you were", "close", words="Back"),
        Action("compare.next", "n", "Next change", "To the next change", "go_on(1)", words="Change", label="n/p"),
        Action("compare.previous", "p,N", "Change before", "To the change before", "go_on(-1)"),
        Action("compare.all", "a", "All", "All lines, or only the changes", "everything"),
        Action("compare.ignore", "i", "Ignore", "Mask this field from now on", "ignore"),
        Action("compare.ignored", "I", "Ignored", "What you ignore; take it out again", "ignored"),
        Action("compare.mask", "m", "Mask", "Show what is volatile as changes, or mask it", "mask"),
        Action("compare.swap", "x", "Swap", "Change the sides", "swap"),
        Action("compare.copy", "y", "Copy path", "Copy the path of the change", "copy"),
        Action("compare.list", "l", "List", "Show or hide the list of changes", "list"),
        Action("compare.side", "right_square_bracket,left_square_bracket,1,2", "Side", "Other side", "side"),
    ),
    _scope(
        "confirm",
        "Questions",
        Action("confirm.yes", "y", "Yes", "Do it", "answer(True)"),
        Action("confirm.no", "n,escape", "No", "Do nothing", "answer(False)"),
        Action("confirm.other", "left,right", "Other", "To the other button", "other"),
    ),
    _scope(
        "consent",
        "Log in with a browser",
        Action("consent.cancel", "escape", "Cancel", "Stop the login", "cancel"),
        Action("consent.copy", "f2", "Copy URL", "Copy the URL of the consent page", "copy"),
        Action("consent.browse", "f3", "Browser", "Open the consent page in a browser", "browse"),
    ),
    _scope(
        "credentials",
        "Credentials",
        Action("credentials.cancel", "escape", "Cancel", "Keep nothing", "cancel"),
    ),
    _scope(
        "environment",
        "Environment",
        Action("environment.cancel", "escape", "Cancel", "Change nothing", "cancel"),
        Action("environment.down", "j", "Down", "The one below", "move(1)"),
        Action("environment.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "doctor",
        "Doctor",
        Action("doctor.close", "escape,q", "Close", "Back; what is under way is stopped", "close"),
        Action("doctor.again", "r", "Again", "Look it over again", "again"),
        Action(
            "doctor.allow",
            "l",
            "With a token",
            "Again, and ask the vendor for a token",
            "allow",
            words="Again, with a token",
        ),
        Action("doctor.copy", "y", "Copy", "Copy the result", "copy"),
    ),
    _scope(
        "drift",
        "Drift",
        Action("drift.close", "escape,q", "Close", "Back", "close"),
        Action("drift.accept", "space,a", "Accept", "Take it over into your overlay", "accept"),
        Action("drift.dismiss", "x,delete", "Dismiss", "Do not show it again, or do", "dismiss_finding"),
        Action("drift.example", "enter", "Example", "The answer that shows it", "example"),
        Action("drift.vendor", "t", "Vendor", "Only the vendor of this one, or all", "one_vendor"),
        Action("drift.all", "v", "All", "Also those that were dismissed", "show_all"),
        Action("drift.again", "r", "Again", "Look through the history again", "again"),
        Action("drift.down", "j", "Down", "The finding below", "move(1)"),
        Action("drift.up", "k", "Up", "The finding above", "move(-1)"),
    ),
    _scope(
        "export",
        "Export",
        Action("export.close", "escape", "Close", "Back, copying nothing more", "close"),
        Action("export.next", "right,tab", "Next", "The next format", "turn(1)"),
        Action("export.previous", "left,shift+tab", "Before", "The format before", "turn(-1)"),
        Action("export.copy", "y,enter", "Copy", "Copy it", "copy"),
        Action("export.save", "s", "Save", "Save it to a file", "save"),
        Action("export.secrets", "v", "Secrets", "Put secrets in place of variables, or back", "secrets"),
        Action("export.all", "a", "All found", "An archive of everything that was searched for", "all"),
        Action("export.down", "j,down", "Down", "", "scroll(1)"),
        Action("export.up", "k,up", "Up", "", "scroll(-1)"),
        Action("export.page_down", "pagedown,space", "Page down", "", "scroll(15)"),
        Action("export.page_up", "pageup", "Page up", "", "scroll(-15)"),
    ),
    _scope(
        "faults",
        "Faults",
        Action("faults.close", "escape,F", "Close", "Close; what is on stays on", "close"),
        Action("faults.switch", "space", "On/off", "Switch the fault on or off", "switch"),
        Action("faults.honest", "x", "All off", "Make the sandbox honest again", "honest"),
        Action("faults.down", "j", "Down", "The one below", "move(1)"),
        Action("faults.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "files",
        "File picker",
        Action("files.cancel", "escape", "Cancel", "Choose no file", "cancel"),
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
        Action("ignored.close", "escape,I", "Close", "Change nothing", "cancel"),
        Action("ignored.remove", "x,delete", "Take out", "Let it count again", "remove"),
        Action("ignored.down", "j", "Down", "The one below", "move(1)"),
        Action("ignored.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "jump",
        "Jump",
        Action("jump.close", "escape", "Close", "", "dismiss(None)"),
    ),
    _scope(
        "lens",
        "Versions",
        Action("lens.cancel", "escape,V", "Cancel", "Send nothing", "cancel"),
        Action("lens.left", "space", "Left", "Make it the left one", "left"),
        Action("lens.down", "j", "Down", "The one below", "move(1)"),
        Action("lens.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "ways",
        "Follow",
        Action("ways.stay", "escape", "Stay", "Stay where you are", "stay"),
        Action("ways.down", "j", "Down", "The one below", "move(1)"),
        Action("ways.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "page_number",
        "Page number",
        Action("page_number.cancel", "escape", "Cancel", "Stay on this page", "cancel"),
    ),
    _scope(
        "readings",
        "Readings",
        Action("readings.close", "escape,q", "Close", "Back to the call", "close"),
        Action("readings.try", "B,b", "Try both", "Send the call under every choice", "try_both", words="Both"),
        Action("readings.send", "s,f5", "Send", "Send the call under the choice at the cursor", "send_one"),
        Action("readings.left", "left", "Choice", "The choice before", "choice(-1)"),
        Action("readings.right", "right", "Choice", "The choice after", "choice(1)", label="←→"),
        Action("readings.choose", "space", "Choose", "Take the choice for this call", "choose", words="Use"),
        Action("readings.adopt", "a", "Adopt", "Make the choice the default from now on", "adopt"),
        Action("readings.forget", "u", "Forget", "Back to the catalog's default; evidence goes", "forget"),
        Action("readings.follow", "f", "Follow", "Let the sandbox follow the choice", "follow", words="Sandbox"),
        Action("readings.compare", "c", "Compare", "Compare the answers of the last trial", "compare"),
        Action("readings.all", "v", "All", "Also readings that change nothing that is sent", "show_all"),
        Action("readings.down", "j", "Down", "The reading below", "move(1)"),
        Action("readings.up", "k", "Up", "The reading above", "move(-1)"),
    ),
    _scope(
        "refusal",
        "Why refused",
        Action("refusal.close", "escape,q", "Close", "Back to where you were", "close"),
        Action("refusal.down", "j", "Down", "The finding below", "move(1)", words="Move", label="j k"),
        Action("refusal.up", "k", "Up", "The finding above", "move(-1)"),
        Action("refusal.copy", "y", "Copy", "Copy the explanation", "copy"),
        Action("refusal.fix", "enter", "Fix it", "Do what fixes the finding at the cursor"),
        *(
            Action(f"refusal.{fix}", _MAIN_KEYS[like], "", does, f"mend('{fix}')")
            for fix, (like, does) in FIXES.items()
        ),
    ),
    _scope(
        "replay",
        "Replay",
        Action("replay.cancel", "escape", "Cancel", "Send nothing", "cancel"),
        Action("replay.other", "left,right", "Other", "To the other button", "other"),
    ),
    _scope(
        "saved",
        "Saved requests",
        Action(
            "saved.open", "enter", "Into form", "Put the request into the form, or fold the folder", "open", bound=False
        ),
        Action("saved.close", "escape,q", "Close", "Back to the work", "close"),
        Action("saved.filter", "slash", "Find", "Find by words of name, method, vendor", "filter"),
        Action("saved.run", "r,f5", "Run", "Run the request", "run"),
        Action("saved.run_folder", "a", "Run folder", "Run the folder in order", "run_folder"),
        Action("saved.run_all", "A", "Run all", "Run everything in order", "run_all"),
        Action("saved.edit", "e", "Edit file", "Open the file in your editor ($EDITOR)", "edit"),
        Action("saved.move", "m", "Move", "Give it another name or folder", "rename"),
        Action("saved.delete", "d,delete", "Delete", "Delete it, after asking", "delete"),
        Action("saved.variables", "v", "Variables", "Choose the file of variables", "variables"),
        Action("saved.other", "tab", "Other side", "To the file, or back", "other"),
    ),
    _scope(
        "save",
        "Save",
        Action("save.cancel", "escape", "Cancel", "Save nothing", "cancel"),
        Action("save.save", "ctrl+s,f5", "Save", "Save it", "save", priority=True),
    ),
    _scope(
        "move",
        "Move a saved request",
        Action("move.cancel", "escape", "Cancel", "Change nothing", "cancel"),
    ),
    _scope(
        "conflict",
        "Conflict",
        Action("conflict.cancel", "escape", "Cancel", "Do nothing; the form stays", "cancel"),
        Action("conflict.down", "j", "Down", "The one below", "move(1)"),
        Action("conflict.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "variables",
        "Values of variables",
        Action("variables.cancel", "escape", "Cancel", "Send nothing", "cancel"),
    ),
    _scope(
        "sets",
        "Files of variables",
        Action("sets.cancel", "escape", "Cancel", "Change nothing", "cancel"),
        Action("sets.down", "j", "Down", "The one below", "move(1)"),
        Action("sets.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "report",
        "Report",
        Action("report.cancel", "escape", "Cancel", "Write nothing", "cancel"),
    ),
    _scope(
        "run",
        "Run saved requests",
        Action("run.close", "escape,q", "Close", "Stop it; or close", "close"),
        Action("run.save", "s", "Save report", "Write the report to a file", "save"),
        Action("run.again", "r,f5", "Run again", "Run all of it again", "again"),
        Action("run.down", "j", "Down", "The step below", "move(1)"),
        Action("run.up", "k", "Up", "The step above", "move(-1)"),
        Action("run.other", "tab", "Other side", "To the details, or back", "other", words="Details"),
        Action("run.open", "enter", "Answer in full", "Open the entry of the step"),
    ),
    _scope(
        "signature",
        "Debugger",
        Action("signature.close", "escape,q", "Close", "Back to where you were", "close"),
        Action("signature.paste", "p,v", "Paste theirs", "To the box for somebody else's", "paste", words="Paste"),
        Action("signature.clear", "x", "Clear theirs", "Empty the box", "clear", words="Clear"),
        Action("signature.time", "t", "Time now", "Sign as of now", "time", words="Now"),
        Action("signature.undo", "u", "Undo all", "Every input as it was", "undo", words="Undo"),
        Action(
            "signature.copy",
            "y",
            "Copy base",
            "Copy the base string, secrets masked",
            "copy",
            words="Copy",
            label="y Y",
        ),
        Action("signature.copy_signature", "Y", "Copy signature", "Copy the signature", "copy_signature"),
        Action(
            "signature.scroll_down", "J", "Answer down", "Scroll the answer", "scroll(1)", words="Scroll", label="J K"
        ),
        Action("signature.scroll_up", "K", "Answer up", "Scroll the answer", "scroll(-1)"),
        Action("signature.take", "enter", "Take", "In an input: take what was typed."),
        Action("signature.leave_input", "escape", "Leave it as it is", "In an input: change nothing."),
        Action("signature.leave_box", "tab", "Next", "In the box: go on to the inputs."),
        Action("signature.type", "enter", "Type", "On an input: type its value."),
    ),
    _scope(
        "storage",
        "Storage",
        Action("storage.close", "escape", "Close", "Back to the history", "close"),
        Action("storage.prune", "p", "Prune", "Take away what the rules do not let stay", "prune"),
        Action("storage.vacuum", "v", "Vacuum", "Give back the room that nothing uses", "vacuum"),
        Action("storage.rules", "r", "Rules", "Change the rules", "rules"),
        Action("storage.keep", "ctrl+s", "Keep", "Keep the rules as they stand", "keep", priority=True),
    ),
    _scope(
        "tokens",
        "Tokens",
        Action("tokens.close", "escape,q,U", "Close", "Back to the work", "close"),
        Action("tokens.renew", "r", "New token", "Ask the vendor for a new token now", "renew"),
        Action("tokens.forget", "d,delete", "Forget", "Let go of the tokens on this side", "forget"),
        Action("tokens.sign_out", "o", "Sign out", "End the token at the vendor", "sign_out"),
        Action("tokens.use", "u", "Last use", "Open the last request that carried it", "use"),
        Action("tokens.down", "j", "Down", "The token below", "move(1)"),
        Action("tokens.up", "k", "Up", "The token above", "move(-1)"),
        Action("tokens.read", "pagedown,space", "Read on", "Scroll down", "scroll(1)"),
        Action("tokens.back", "pageup,b", "Read back", "Scroll up", "scroll(-1)"),
        Action("tokens.minted_by", "enter", "Minted by", "Open the request that minted the token"),
    ),
    _scope(
        "tracks",
        "Tracks",
        Action("tracks.close", "escape,q,J", "Close", "Back to the work", "close"),
        Action("tracks.reset", "D", "Begin anew", "Forget what was done of this track", "reset"),
        Action("tracks.leave", "x", "Stop following", "Follow no track; what was done is kept", "leave"),
        Action("tracks.down", "j", "Down", "The track below", "move(1)"),
        Action("tracks.up", "k", "Up", "The track above", "move(-1)"),
        Action(
            "tracks.read", "right,l,space,pagedown", "Read on", "Scroll down", "scroll(1)", words="Scroll", label="→ ←"
        ),
        Action("tracks.back", "left,b,pageup", "Read back", "Scroll up", "scroll(-1)"),
        Action("tracks.start", "enter", "Start", "Start the track, or go on with it", "start", bound=False),
    ),
    _scope(
        "trusted",
        "Trusted hosts",
        Action("trusted.close", "escape,H", "Close", "Close the list", "close"),
        Action("trusted.remove", "x,delete", "Remove", "Ask again before this host", "remove"),
        Action("trusted.clear", "X", "Remove all", "Ask again before every host", "clear"),
        Action("trusted.down", "j", "Down", "The one below", "move(1)"),
        Action("trusted.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "vendors",
        "Compare vendors",
        Action("vendors.close", "escape,q,C", "Close", "Back to the work", "close"),
        Action("vendors.look", "enter", "Look closer", "Show one task in full", "look", bound=False),
        Action("vendors.tasks", "up,down", "Tasks", "The task above or below"),
    ),
    _scope(
        "task",
        "Compare vendors: one task",
        Action("task.close", "escape,q", "Back", "Back to all tasks", "close", words="All tasks"),
        Action("task.next", "right,l,n", "Next task", "The next task", "turn(1)"),
        Action("task.previous", "left,h,p", "Task before", "The task before", "turn(-1)"),
        Action("task.open", "enter", "Open the call", "Open the vendor's call for this task", "open", bound=False),
    ),
    _scope(
        "vendor_rows",
        "Compare vendors: rows",
        Action("vendors.down", "j", "Down", "The one below", "move(1)"),
        Action("vendors.up", "k", "Up", "The one above", "move(-1)"),
    ),
    _scope(
        "import",
        "Import",
        Action("import.cancel", "escape", "Cancel", "Fill nothing", "cancel", priority=True),
        Action("import.down", "pagedown", "Down", "", "scroll(6)", priority=True),
        Action("import.up", "pageup", "Up", "", "scroll(-6)", priority=True),
    ),
)
ACTIONS: Final = (*MAIN_ACTIONS, *(action for scope in (*WIDGETS, *SCREENS) for action in scope.actions))
BY_ID: Final = {action.id: action for action in ACTIONS}
_CLICKABLE: Final = frozenset({"", *(scope.id for scope in SCREENS)})
"""Scopes whose actions the screen itself runs, so that a click in its key bar can do them."""
_BY_SCOPE: Final[dict[str, list[Action]]] = {}
for _action in ACTIONS:
    _BY_SCOPE.setdefault(_action.scope, []).append(_action)

SCOPES: Final = {
    "": "Everywhere (letters work outside of input fields)",
    "tree": "In the tree of endpoints",
    "field": "In a field",
    "mark": "On the mark before a field",
    "request": "In the request",
    "response": "In the response",
    "collect": "While all pages are fetched",
    "history": "In the history",
}
PANE_WIDGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "response": ("response_pane", "body_panel", "body_reading", "body_view"),
    "history": ("history_panel",),
}
"""Widgets of a pane whose keys the help lists with those of the pane."""
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
"""Which actions the footer names in which pane, the likeliest first; help and commands always follow."""
PERMANENT_HINTS: Final = ("help", "palette")


def actions_of(scope: str) -> tuple[Action, ...]:
    """Return the actions of a scope."""
    return tuple(_BY_SCOPE[scope])


def bindings(scope: str) -> list[BindingType]:
    """Return the bindings of a scope's actions; each has the action's id, so that keymaps reach it."""
    return [_binding(action) for action in _BY_SCOPE[scope] if action.run and action.bound]


def export_bindings(formats: Iterable[tuple[str, str]]) -> list[BindingType]:
    """Return the bindings of the export dialog, with a digit for each of *formats* (id, title) after three."""
    rows = bindings("export")
    return [*rows[:3], *map(_binding, format_actions(formats)), *rows[3:]]


def format_actions(formats: Iterable[tuple[str, str]]) -> list[Action]:
    """Return an action for each of the export *formats* (id, title)."""
    return [
        Action(f"export.{name}", str(number), title, "", f"format('{name}')", "export")
        for number, (name, title) in enumerate(formats, 1)
    ]


def screen_help_binding() -> BindingType:
    """Return the app's own binding of the help key: what the screen on top is, and its keys."""
    return _binding(BY_ID["help"]._replace(run="screen_help", help="What this screen is, and its keys"))


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
    """The keys of an action as they are bound now, in the library's spelling."""
    return tuple(key.strip() for key in (keymap.get(action_id) or BY_ID[action_id].keys).split(","))


def is_clickable(action: Action) -> bool:
    """Return whether a click in a screen's key bar does the action: whether the screen itself runs it."""
    return action.scope in _CLICKABLE


def label_of(action_id: str, keymap: Mapping[str, str]) -> str:
    """Return what a footer shows as the key of an action."""
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
    """A key as people write it: ``ctrl+r``, ``F5``, ``?``."""
    *modifiers, base = key.split("+") if key != "+" else ["+"]
    name = _NAMES.get(base, base.upper() if base[:1] == "f" and base[1:].isdigit() else base)
    return "+".join([*modifiers, name])


def keymap_actions() -> list[KeymapAction]:
    """Return the table as ``explorer.store.check_keymap`` wants it.

    Of a screen or widget, the first word of the id is the scope: no two of its keys may be the same.
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
