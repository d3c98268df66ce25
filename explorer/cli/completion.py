"""``completion``: the script that lets bash, zsh or fish complete command lines, and the completions themselves.

    tab ── script ── ``api-explorer completion --line LINE`` ── one ``VALUE<tab>HELP`` a line ── shell

The parameters of a command line are completed by their names (``COMPLETERS``), so that a command needs no code of its
own for it. Bash splits words at ``=`` and ``:``; its script removes what stands before them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from explorer.core.catalog.model import Endpoint, Parameter, Reading, Vendor
    from explorer.session.context import SessionContext

    Completer = Callable[[SessionContext, Sequence[str], str], Iterable[tuple[str, str]]]
    """The session, the words before the cursor, and the word at the cursor → values and their help."""

COMPLETING: Final = "completing"
"""The key of ``click.Context.obj`` that holds the words before the cursor while a line is completed."""
_MOST: Final = 400
_RECENT: Final = 30
_HELP_WIDTH: Final = 60

_BASH: Final = """\
_api_explorer() {
    local line="${COMP_LINE:0:COMP_POINT}" value help
    local word="${line##* }"
    local before="${word%"${word##*[=:]}"}"
    COMPREPLY=()
    while IFS=$'\\t' read -r value help; do
        value="${value#"$before"}"
        case "$value" in
            *[=.]) ;;
            *) value+=" " ;;
        esac
        COMPREPLY+=("$value")
    done < <(api-explorer completion --line "$line" 2>/dev/null)
}
complete -o nospace -o bashdefault -o default -F _api_explorer api-explorer
"""
_ZSH: Final = """\
#compdef api-explorer

_api_explorer() {
    local -a whole open whole_help open_help
    local value help
    while IFS=$'\\t' read -r value help; do
        case "$value" in
            *[=.]) open+=("$value"); open_help+=("$value  $help") ;;
            *) whole+=("$value"); whole_help+=("$value  $help") ;;
        esac
    done < <(api-explorer completion --line "${(j: :)words[1,CURRENT]}" 2>/dev/null)
    (( $#whole )) && compadd -l -d whole_help -a whole
    (( $#open )) && compadd -l -S '' -d open_help -a open
    (( $#whole + $#open )) || _files
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _api_explorer "$@"
else
    compdef _api_explorer api-explorer
fi
"""
_FISH: Final = """\
complete --command api-explorer --no-files \\
    --arguments '(api-explorer completion --line (commandline -cp | string collect) 2>/dev/null)'
"""
SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""Shell → the script that ``completion SHELL`` prints."""


@click.command(
    "completion",
    epilog='bash: eval "$(api-explorer completion bash)" in ~/.bashrc. '
    "zsh: the same in ~/.zshrc, after compinit. "
    "fish: api-explorer completion fish > ~/.config/fish/completions/api-explorer.fish",
)
@click.argument("shell", type=click.Choice(list(SCRIPTS)), required=False)
@click.option("--line", hidden=True, help="Complete this line.")
@click.pass_context
def completion_command(ctx: click.Context, shell: str | None, line: str | None) -> None:
    """Print the completion script of a shell."""
    from explorer.cli.output import write

    if line is not None:
        write(
            "".join(
                f"{value}\t{text}\n" for value, text in complete_line(ctx.find_root().command, line, ctx.obj["environ"])
            )
        )
    elif shell is not None:
        write(SCRIPTS[shell])
    else:
        ctx.fail(f"Name a shell: {', '.join(SCRIPTS)}.")


def complete_line(group: click.Command, line: str, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the values that fit at the end of *line*, each with a short help; at most 400.

    *group* holds the commands; *line* begins with the name of the program. A line that cannot be parsed has no
    completions.
    """
    words = split_arg_string(line)[1:]
    incomplete = "" if not words or line[-1:].isspace() else words.pop()
    completer = ShellComplete(group, {"obj": {"environ": environ, COMPLETING: words}}, "api-explorer", "")
    items: list[CompletionItem[str]] = []
    with contextlib.suppress(ExplorerError, click.ClickException):
        items = completer.get_completions(words, incomplete)
    return [(sanitize_line(item.value), _short(item.help or "")) for item in items[:_MOST] if item.type == "plain"]


def _short(text: str) -> str:
    line = sanitize_line(" ".join(text.split()))
    return line if len(line) <= _HELP_WIDTH else line[: _HELP_WIDTH - 1] + "…"


def install(command: click.Command) -> None:
    """Let the parameters of *command* and of its subcommands complete their values by ``COMPLETERS``."""
    for parameter in command.params:
        complete = COMPLETERS.get(parameter.name or "")
        if complete is not None:
            setattr(parameter, "shell_complete", _completes(complete))  # noqa: B010 - one instance, not the class
    for inner in getattr(command, "commands", {}).values():
        install(inner)


def _completes(complete: Completer) -> Callable[[click.Context, str], list[CompletionItem[str]]]:
    def shell_complete(ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from explorer.session.factory import open_session

        given = ctx.find_root().obj
        session = open_session(given["environ"])
        with ctx.scope(cleanup=False):
            return [
                CompletionItem(value, help=text)
                for value, text in complete(session, given[COMPLETING], incomplete)
                if value.startswith(incomplete)
            ]

    return shell_complete


def _vendors(session: SessionContext, _words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    for vendor in session.catalog.vendors.values():
        yield vendor.id, vendor.title


def _endpoints(session: SessionContext, words: Sequence[str], incomplete: str) -> Iterator[tuple[str, str]]:
    yield from _entries(session, words, incomplete) if incomplete[:1].isdigit() else ()
    for vendor in session.catalog.vendors.values():
        for endpoint in vendor.endpoints.values():
            yield f"{vendor.id}.{endpoint.id}", f"{endpoint.method} {endpoint.title}"


def _vendors_or_endpoints(session: SessionContext, words: Sequence[str], incomplete: str) -> Iterator[tuple[str, str]]:
    if "." not in incomplete:
        yield from _vendors(session, words, incomplete)
    yield from _endpoints(session, words, incomplete)


def _topics(session: SessionContext, words: Sequence[str], incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield commands; after a command, those below it; and, as the first word, vendors and endpoints."""
    root = click.get_current_context().find_root().command
    context = click.Context(root)
    names = words[1:]
    command: click.Command | None = root
    for name in names:
        command = command.get_command(context, name) if isinstance(command, click.Group) else None
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            yield name, inner.get_short_help_str() if inner is not None else ""
    if not names:
        yield from _vendors_or_endpoints(session, words, incomplete)


def _chosen(session: SessionContext, words: Sequence[str]) -> tuple[Vendor | None, Endpoint | None]:
    """Return the vendor and endpoint that the words before the cursor name, each None where they name none."""
    for word in words:
        vendor = session.catalog.vendors.get(word.partition(".")[0])
        if vendor is not None:
            return vendor, vendor.endpoints.get(word.partition(".")[2])
    return None, None


def _environments(session: SessionContext, words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    vendor, _endpoint = _chosen(session, words)
    vendors = [vendor] if vendor is not None else list(session.catalog.vendors.values())
    for name in dict.fromkeys(name for each in vendors for name in session.environments(each)):
        known = vendor.environments.get(name) if vendor is not None else None
        yield name, known.base_url if known is not None else ""


def _readings_of(session: SessionContext, words: Sequence[str]) -> Mapping[str, Reading]:
    vendor, endpoint = _chosen(session, words)
    if vendor is None:
        return {}
    return session.readings(vendor, endpoint) if endpoint is not None else vendor.readings


def _reading_choices(session: SessionContext, words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    for key, reading in _readings_of(session, words).items():
        if reading.changes_request:
            for name, choice in reading.choices.items():
                yield f"{key}={name}", choice.title


def _reading_keys(session: SessionContext, words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    for key, reading in _readings_of(session, words).items():
        yield key, reading.about


def _choices(session: SessionContext, words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    readings = _readings_of(session, words)
    for word in words:
        for name, choice in readings[word].choices.items() if word in readings else ():
            yield name, choice.title


def _assignments(session: SessionContext, words: Sequence[str], incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield ``name=`` of each parameter, then ``name=value`` of each value that the catalog lists for it."""
    _vendor, endpoint = _chosen(session, words)
    if endpoint is None:
        return
    taken = {word.partition("=")[0].removesuffix(":") for word in words}
    for name, parameter in endpoint.params.items():
        spelled = name.replace("#", "0").replace("[*]", "[key]")
        if "=" in incomplete:
            yield from ((f"{spelled}={value}", parameter.note) for value in _values(parameter))
        elif spelled not in taken or parameter.repeat is not None:
            yield f"{spelled}=", ("required. " if parameter.required else "") + (parameter.note or parameter.type)


def _values(parameter: Parameter) -> tuple[str, ...]:
    if parameter.type == "boolean":
        return ("true", "false")
    known = (*parameter.enum, *parameter.also)
    return known or ((parameter.example,) if parameter.example else ())


def _entries(session: SessionContext, _words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    history = session.history()
    if history is not None:
        for row in history.recent(limit=_RECENT):
            yield str(row.id), f"{row.method} {row.vendor}.{row.endpoint} {row.status or ''}"


def _saved_names(session: SessionContext, _words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    from explorer.session.saved import SavedRequestStore

    for name, request in SavedRequestStore(session).load().requests.items():
        yield name, request.description


def _tracks(session: SessionContext, _words: Sequence[str], _incomplete: str) -> Iterator[tuple[str, str]]:
    from explorer.session.tracks import open_track_session

    for track in open_track_session(session).tracks.values():
        yield track.id, track.title


COMPLETERS: Final[Mapping[str, Completer]] = {
    "vendor": _vendors,
    "vendor_id": _vendors,
    "address": _vendors_or_endpoints,
    "target": _endpoints,
    "environment": _environments,
    "readings": _reading_choices,
    "key": _reading_keys,
    "choice": _choices,
    "values": _assignments,
    "number": _entries,
    "numbers": _entries,
    "left": _entries,
    "right": _entries,
    "name": _saved_names,
    "topic": _topics,
    "track_id": _tracks,
}
"""Name of a parameter of any command → what its values may be: pairs of value and help."""
