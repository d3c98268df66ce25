"""Names of saved requests, their order and their dependencies."""

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
"""Suffix of the name of the user's side of a conflict."""
FOLDER_FILE: Final = "_folder.toml"
VARIABLES_FOLDER: Final = "environments"
"""The folder of environment files, which contains no requests."""
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)


def check_name(name: str) -> str:
    """Return *name* normalized: segments separated by slashes.

    Raises:
        UsageError: it is not a valid file name.
    """
    name = "/".join(part.strip() for part in name.strip().strip("/").split("/"))
    parts = name.removesuffix(CONFLICT_SUFFIX).split("/")
    for part in parts:
        if not _SEGMENT.fullmatch(part) or part.endswith(" ") or part.lower() in _RESERVED or len(part.encode()) > 100:
            raise UsageError(
                f"{name!r} cannot be the name of a saved request",
                hint="Use letters, digits, - and _, with / between folders, such as orders/create.",
            )
    if parts[0] == VARIABLES_FOLDER or len(parts) > 8 or parts[-1].startswith("_"):
        raise UsageError(
            f"{name!r} cannot be the name of a saved request",
            hint=f"{VARIABLES_FOLDER}/ is for variables, a leading _ for options, and the maximum depth is eight.",
        )
    return name


def unnumbered(name: str) -> str:
    """Return *name* without the numbers before its segments: ``10-orders/2-get`` → ``orders/get``."""
    return "/".join(_NUMBER.sub("", part, count=1) or part for part in name.split("/"))


def match_name(name: str, names: Iterable[str], folder: str = "") -> str:
    """Return the one of *names* that *name* refers to, looked up in *folder* first.

    Raises:
        UnknownName: there is none; UsageError: *name* is ambiguous.
    """
    known = list(names)
    name = name.strip().strip("/")
    spellings = dict.fromkeys((name, name.replace(".", "/")))
    for prefix in dict.fromkeys((f"{folder}/" if folder else "", "")):
        for spelling in spellings:
            full = prefix + spelling
            if full in known:
                return full
            matches = [candidate for candidate in known if unnumbered(candidate) == unnumbered(full)]
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise UsageError(
                    f"{name!r} is ambiguous: {' or '.join(matches)}", hint="Include the number in the name."
                )
    raise UnknownName("saved request", name, known)


def sort_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key for natural sort order: ``2-b`` before ``10-a``."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name.lower())
    return tuple((0, int(piece), "") if piece.isdigit() and piece.isascii() else (1, 0, piece) for piece in pieces)


def order_names(names: Sequence[str], folder: str, options: dict[str, FolderOptions]) -> list[str]:
    """Return the names below *folder* in run order: first those in ``order``, then the others in natural sort order.

    The requests of a subfolder run at the position of its name.
    """
    prefix = f"{folder}/" if folder else ""
    children: dict[str, list[str]] = {}
    for name in names:
        if name.startswith(prefix) and not name.endswith(CONFLICT_SUFFIX):
            children.setdefault(name[len(prefix) :].split("/", 1)[0], []).append(name)
    order = [unnumbered(item) for item in options[folder].order] if folder in options else []

    def position(child: str) -> tuple[int, tuple[tuple[int, int, str], ...]]:
        plain = unnumbered(child)
        return (order.index(plain) if plain in order else len(order), sort_key(child))

    ordered: list[str] = []
    for child in sorted(children, key=position):
        full = prefix + child
        if full in children[child]:
            ordered.append(full)
        if any(name != full for name in children[child]):
            ordered += order_names(names, full, options)
    return ordered


def folder_of(name: str) -> str:
    """Return the folder of a name: ``orders/create`` → ``orders``; empty at the top level."""
    return name.rpartition("/")[0]


def direct_dependencies(name: str, requests: Mapping[str, SavedRequest]) -> dict[str, tuple[str, RerunRule]]:
    """Return the requests that *name* needs, in order: name → its spelling in *name*, and its rerun rule.

    Raises:
        UnknownName: a needed request does not exist; UsageError: its name is ambiguous.
    """
    from explorer.core.saved.model import RerunRule

    request = requests[name]
    dependencies: dict[str, tuple[str, RerunRule]] = {}
    for reference in references(request):
        target = match_name(reference.request, requests, folder_of(name))
        rules = {match_name(key, requests, folder_of(name)): rule for key, rule in request.again.items()}
        dependencies.setdefault(target, (reference.request, rules.get(target, RerunRule())))
    return dependencies


def check_chain(name: str, requests: Mapping[str, SavedRequest]) -> tuple[str, ...]:
    """Return every request that *name* needs, in dependency order, with *name* last.

    Raises:
        UsageError: a request depends on itself; the message has the chain. UnknownName: as ``direct_dependencies``.
    """
    done: dict[str, None] = {}
    _visit(name, requests, (), done)
    return tuple(done)


def _visit(name: str, requests: Mapping[str, SavedRequest], parents: tuple[str, ...], done: dict[str, None]) -> None:
    if name in parents:
        chain = " → ".join((*parents[parents.index(name) :], name))
        raise UsageError(
            f"{name} depends on its own response: {chain}", hint="Replace one of the placeholders in the chain."
        )
    if name in done:
        return
    for target in direct_dependencies(name, requests):
        _visit(target, requests, (*parents, name), done)
    done[name] = None
