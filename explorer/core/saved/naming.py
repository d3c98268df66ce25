"""Names of saved requests, and the order in which chained requests run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from explorer.core.saved.filling import references
from explorer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from explorer.core.saved.model import FolderOptions, RerunRule, SavedRequest


_SEGMENT: Final = re.compile(r"\w[\w +-]*")
_NUMBER: Final = re.compile(r"[0-9]+[-_ ]+")
CONFLICT_SUFFIX: Final = ".mine"
"""Ends the name of a file that holds a person's own side of a conflict."""
FOLDER_FILE: Final = "_folder.toml"
VARIABLES_FOLDER: Final = "environments"
"""The folder of environment files, in which no requests are."""
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{one}{n}" for one in ("com", "lpt") for n in range(1, 10))}
)


def check_name(name: str) -> str:
    """*name*, cleaned: segments with slashes between.

    Raises:
        UsageError: it cannot be the name of a file.
    """
    name = "/".join(part.strip() for part in name.strip().strip("/").split("/"))
    parts = name.removesuffix(CONFLICT_SUFFIX).split("/")
    for part in parts:
        if not _SEGMENT.fullmatch(part) or part.endswith(" ") or part.lower() in _RESERVED or len(part.encode()) > 100:
            raise UsageError(
                f"{name!r} cannot be the name of a saved request",
                hint="Letters, digits, - and _, with / between folders, such as orders/create.",
            )
    if parts[0] == VARIABLES_FOLDER or len(parts) > 8 or parts[-1].startswith("_"):
        raise UsageError(
            f"{name!r} cannot be the name of a saved request",
            hint=f"{VARIABLES_FOLDER}/ holds variables, _ begins files of options, and eight folders are deep enough.",
        )
    return name


def unnumbered(name: str) -> str:
    """*name* without the numbers before its parts: ``10-orders/2-get`` → ``orders/get``."""
    return "/".join(_NUMBER.sub("", part, count=1) or part for part in name.split("/"))


def match_name(wanted: str, names: Iterable[str], folder: str = "") -> str:
    """The one of *names* that *wanted* means, looked for in *folder* first.

    Raises:
        UnknownName: none is meant; UsageError: several are.
    """
    known = list(names)
    wanted = wanted.strip().strip("/")
    spellings = dict.fromkeys((wanted, wanted.replace(".", "/")))
    for prefix in dict.fromkeys((f"{folder}/" if folder else "", "")):
        for spelling in spellings:
            full = prefix + spelling
            if full in known:
                return full
            found = [name for name in known if unnumbered(name) == unnumbered(full)]
            if len(found) == 1:
                return found[0]
            if found:
                raise UsageError(f"{wanted!r} may be {' or '.join(found)}", hint="Name it with its number.")
    raise UnknownName("saved request", wanted, known)


def sort_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts names as people count: ``2-b`` before ``10-a``."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name.lower())
    return tuple((0, int(piece), "") if piece.isdigit() and piece.isascii() else (1, 0, piece) for piece in pieces)


def order_names(names: Sequence[str], folder: str, options: dict[str, FolderOptions]) -> list[str]:
    """The names below *folder* as a sequence runs them: what ``order`` names first, then by name; a folder's own among
    them, where its name stands."""
    prefix = f"{folder}/" if folder else ""
    children: dict[str, list[str]] = {}
    for name in names:
        if name.startswith(prefix) and not name.endswith(CONFLICT_SUFFIX):
            children.setdefault(name[len(prefix) :].split("/", 1)[0], []).append(name)
    order = [unnumbered(one) for one in options[folder].order] if folder in options else []

    def place(child: str) -> tuple[int, tuple[tuple[int, int, str], ...]]:
        said = unnumbered(child)
        return (order.index(said) if said in order else len(order), sort_key(child))

    found: list[str] = []
    for child in sorted(children, key=place):
        full = prefix + child
        if full in children[child]:
            found.append(full)
        if any(name != full for name in children[child]):
            found += order_names(names, full, options)
    return found


def folder_of(name: str) -> str:
    """``orders/create`` → ``orders``; empty at the top."""
    return name.rpartition("/")[0]


def direct_dependencies(name: str, requests: Mapping[str, SavedRequest]) -> dict[str, tuple[str, RerunRule]]:
    """Name of a needed request → how it is called in *name* and the rule when it is run again, in order.

    Raises:
        UnknownName: no request is called so; UsageError: several may be meant.
    """
    from explorer.core.saved.model import RerunRule

    request = requests[name]
    found: dict[str, tuple[str, RerunRule]] = {}
    for one in references(request):
        target = match_name(one.request, requests, folder_of(name))
        rules = {match_name(key, requests, folder_of(name)): rule for key, rule in request.again.items()}
        found.setdefault(target, (one.request, rules.get(target, RerunRule())))
    return found


def check_chain(name: str, requests: Mapping[str, SavedRequest]) -> tuple[str, ...]:
    """Every request that *name* needs, itself last, each after those that it needs.

    Raises:
        UsageError: one needs its own answer; the message names the chain. UnknownName: see ``direct_dependencies``.
    """
    done: dict[str, None] = {}
    _visit(name, requests, (), done)
    return tuple(done)


def _visit(name: str, requests: Mapping[str, SavedRequest], above: tuple[str, ...], done: dict[str, None]) -> None:
    if name in above:
        chain = " → ".join((*above[above.index(name) :], name))
        raise UsageError(f"{name} needs its own answer: {chain}", hint="Take one of the values from elsewhere.")
    if name in done:
        return
    for target in direct_dependencies(name, requests):
        _visit(target, requests, (*above, name), done)
    done[name] = None
