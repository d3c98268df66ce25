"""The one table of what a person can do: it feeds the key bindings, the palette, the footer, the help and the README.

An action's ``run`` is what the terminal library runs for it, looked up from the focused widget outwards; an action
whose ``run`` is empty is a key of a widget itself and stands here to be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.binding import Binding

    from explorer.settings.keymap import Action as KeymapAction


class Action(NamedTuple):
    """``keys`` are its usual keys with commas between; ``scope`` the pane where they work (empty: everywhere on the
    main screen); ``title`` a word or two for the footer; ``help`` one sentence."""

    id: str
    keys: str
    title: str
    help: str
    run: str = ""
    scope: str = ""


ACTIONS: Final = (
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
    Action("history_down", "j,down", "Down", "One row down.", "move(1)", "history"),
    Action("history_up", "k,up", "Up", "One row up.", "move(-1)", "history"),
    Action("history_page_down", "pagedown", "Page down", "A screenful down.", "page(1)", "history"),
    Action("history_page_up", "pageup", "Page up", "A screenful up.", "page(-1)", "history"),
    Action("history_first", "g,home", "Newest", "To the newest row.", "first", "history"),
    Action("history_last", "G,end", "Oldest", "To the oldest row that was read.", "last", "history"),
)
BY_ID: Final = {action.id: action for action in ACTIONS}

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
ALWAYS: Final = ("help", "palette")


def bindings(scope: str, ids: Iterable[str] | None = None) -> list[Binding]:
    """The bindings of a scope's actions, or of those named; each has the action's id, so that keymaps reach it."""
    from textual.binding import Binding

    wanted = None if ids is None else set(ids)
    return [
        Binding(one.keys, one.run, one.title, show=False, id=one.id, tooltip=one.help)
        for one in ACTIONS
        if one.run and one.scope == scope and (wanted is None or one.id in wanted)
    ]


def keys_of(action_id: str, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of an action as they are bound now, in the library's spelling."""
    return tuple(key.strip() for key in (keymap.get(action_id) or BY_ID[action_id].keys).split(","))


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


def shown(key: str) -> str:
    """A key as people write it: ``ctrl+r``, ``F5``, ``?``."""
    *modifiers, base = key.split("+") if key != "+" else ["+"]
    name = _NAMES.get(base, base.upper() if base[:1] == "f" and base[1:].isdigit() else base)
    return "+".join([*modifiers, name])


def keymap_actions() -> list[KeymapAction]:
    """The table as ``explorer.settings.check_keymap`` wants it."""
    from explorer.settings.keymap import Action as KeymapAction

    return [KeymapAction(one.id, one.keys, one.scope) for one in ACTIONS if one.run]


def key_table() -> str:
    """The table as Markdown, for the README."""
    lines = ["| key | does | where |", "| --- | --- | --- |"]
    for one in ACTIONS:
        keys = " ".join(f"`{shown(key)}`" for key in one.keys.split(","))
        lines.append(f"| {keys} | {one.help} | {_WHERE[one.scope]} |")
    return "\n".join(lines) + "\n"


_WHERE: Final = {
    "": "everywhere",
    "tree": "tree",
    "field": "field",
    "mark": "field's mark",
    "request": "request",
    "response": "response",
    "collect": "all pages",
    "history": "history",
}
