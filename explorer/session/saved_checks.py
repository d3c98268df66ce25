"""What is wrong with saved requests: as TOML, against the catalog, their chains, secrets in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from explorer.core.saved.chains import check_chain
from explorer.core.saved.filling import call_uses, preview_call
from explorer.core.saved.placeholders import VariablePlaceholder
from explorer.core.text.env_names import SAVED_PREFIX
from explorer.errors import CatalogProblem, ExplorerError
from explorer.session.preparing import check_call, readable_entries
from explorer.session.request_files import real_path
from explorer.session.saving import VariableScope

if TYPE_CHECKING:
    from explorer.core.exchange import Call
    from explorer.errors import Problem
    from explorer.saved import SavedFile
    from explorer.session.saving import SavedRequestStore


def all_problems(saved: SavedRequestStore) -> tuple[tuple[str, CatalogProblem], ...]:
    """Every problem of every file, with the name of the request whose it is (empty for folders and variables)."""
    library = saved.library
    found = [("", one) for one in library.problems]
    found += [("", one) for several in library.folder_problems.values() for one in several]
    found += [("", one) for each in library.sets.values() for one in each.problems]
    found += [("", one) for one in _secrets_in_sets(saved)]
    found += [(name, one) for name, file in library.files.items() for one in file_problems(saved, file)]
    return tuple(found)


def _secrets_in_sets(saved: SavedRequestStore) -> list[CatalogProblem]:
    """A word on every variable of a file that stands where something secret belongs."""
    secret: dict[str, str] = {}
    for name, request in saved.library.requests.items():
        try:
            call = saved.call(request, VariableScope())
            for use in call_uses(call):
                if isinstance(use.placeholder, VariablePlaceholder) and saved.is_secret(call, use):
                    secret.setdefault(use.placeholder.name, f"{use.name} of {name}")
        except ExplorerError:
            continue  # told of with the request itself
    return [
        CatalogProblem(
            str(each.path),
            f"variables.{variable}",
            f"is the secret {secret[variable]}, which must not stand in a file",
            f"set {SAVED_PREFIX}{variable.upper()} in its place",
        )
        for each in saved.library.sets.values()
        for variable, text in each.values.variables.items()
        if variable in secret and text
    ]


def file_problems(saved: SavedRequestStore, file: SavedFile) -> tuple[CatalogProblem, ...]:
    """Everything that is wrong with a file: as TOML, against the catalog, its chain, secrets in it."""
    if file.request is None:
        return file.problems
    path = str(file.path)
    try:
        call = saved.call(file.request, VariableScope())
        saved.session.operation(call)
    except ExplorerError as error:
        return (CatalogProblem(path, _line(file, "call"), error.message, error.hint),)
    wrong = [
        CatalogProblem(path, _line(file, "values", one.field), one.message, one.expected)
        for one in form_problems(saved, call, VariableScope())
        if not call.force and one.level == "error"
    ]
    wrong += _host_warning(saved, file, call)
    wrong += _file_warnings(saved, file, call)
    try:
        made = saved.public(file.request)
        for note in made.notes:
            name, _, said = note.partition(" is written as ")
            part = "values" if any(one.name == name for one in call.entries) else "headers"
            wrong.append(CatalogProblem(path, _line(file, part, name), "holds a secret", f"write {said}"))
    except ExplorerError as error:
        wrong.append(CatalogProblem(path, "(file)", error.message, error.hint))
    try:
        check_chain(file.name, saved.library.requests)
    except ExplorerError as error:
        wrong.append(CatalogProblem(path, "(file)", error.message, error.hint))
    return tuple(wrong)


def _host_warning(saved: SavedRequestStore, file: SavedFile, call: Call) -> list[CatalogProblem]:
    """A base URL outside the hosts that the credentials of the call's environment belong to."""
    from explorer.core.origin import Origin
    from explorer.session.trust import is_foreign

    if not call.base_url:
        return []
    try:
        known = saved.known(call, VariableScope())
    except ExplorerError:  # the environment file is wrong, which is told of with it
        return []
    if not is_foreign(saved.session, known):
        return []
    origin = Origin.parse(known.base_url)
    message = f"{origin} is not a host of {call.vendor} {call.environment}"
    expected = f"take it out, or allow it with `api-explorer trust add {call.vendor} {origin} --env {call.environment}`"
    return [CatalogProblem(str(file.path), _line(file, "base_url"), message, expected)]


def _file_warnings(saved: SavedRequestStore, file: SavedFile, call: Call) -> list[CatalogProblem]:
    """A word on every file that the request reads and may not read, or that is not there."""
    try:
        call = saved.known(call, VariableScope())
        outside = saved.disallowed_files(call)
    except ExplorerError as error:
        return [CatalogProblem(str(file.path), "(file)", error.message, error.hint)]
    wrong = []
    for entry in call.entries:
        if entry.kind != "file" or "${" in entry.value:
            continue
        where = (str(file.path), _line(file, "values", entry.name))
        if entry.value in outside:
            said = f"reads {entry.value}, which is outside the folder of saved requests"
            wrong.append(CatalogProblem(*where, said, f"move it into the folder, or pass --allow-file {entry.value}"))
        elif not Path(real_path(entry.value)).is_file():
            wrong.append(CatalogProblem(*where, f"reads {entry.value}, which is not a file", "put the file there"))
    return wrong


def form_problems(saved: SavedRequestStore, call: Call, scope: VariableScope) -> tuple[Problem, ...]:
    """What is wrong with the form of *call*, but for fields that wait for a value."""
    try:
        filled = saved.known(call, scope)
    except ExplorerError:  # the environment file is wrong, which is told of with it
        filled = preview_call(call, lambda _one: None)
    waiting = {use.name for use in call_uses(filled) if use.place == "value"}
    entries, unread = readable_entries(saved.session, filled)
    waiting |= set(unread)  # told of with the file, or when it is sent
    filled = msgspec.structs.replace(filled, entries=entries)
    return tuple(one for one in check_call(saved.session, filled).problems if one.field not in waiting)


def _line(file: SavedFile, *path: str) -> str:
    from explorer.core.saved.lines import toml_line_of

    line = toml_line_of(file.text, tuple(path))
    return (f"line {line}, " if line else "") + ".".join(path)
