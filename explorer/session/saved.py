"""Read, check and write saved requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from explorer.core.saved.filling import PlaceholderUse, call_uses, fill_call, placeholder_uses, preview_call
from explorer.core.saved.model import SavedRequest, VariableSet
from explorer.core.saved.naming import check_chain
from explorer.core.saved.placeholders import CredentialPlaceholder, Placeholder, PlaceholderValue, VariablePlaceholder
from explorer.core.text.env_names import SAVED_PREFIX
from explorer.core.text.secret import MASK, Secret
from explorer.errors import CatalogProblem, ExplorerError, UnknownName, UsageError
from explorer.session.prepare import auth_scheme, check_call, readable_entries, redactor_for
from explorer.session.replay import sign_in_credentials
from explorer.session.request_files import real_path
from explorer.store.saved_files import SavedFile, SavedLibrary, load_library, save, stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.core.model import Call, Exchange
    from explorer.core.saved.placeholders import Lookup
    from explorer.core.saved.public_copy import PublicRequest
    from explorer.errors import Problem
    from explorer.session.context import SessionContext


COMMON_SET: Final = "default"
"""The environment file whose values all others inherit."""


class SavedResponse(NamedTuple):
    """The response of a saved request that others may take values from; unredacted."""

    exchange: Exchange
    at: float
    """Unix seconds."""


@dataclass(frozen=True)
class VariableScope:
    """The sources of variables: given values, then environment variables, then the environment file."""

    given: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    """The environment file; empty: the one named like the call's environment, if there is one."""
    environment: str = ""
    """The environment of all calls, overriding the files."""


class MissingValue(NamedTuple):
    """A placeholder without a value, and the field that uses it."""

    placeholder: Placeholder
    place: str
    secret: bool
    hint: str


@dataclass
class SavedRequestStore:
    """The saved requests of one session. Methods that read or write files block."""

    session: SessionContext
    library: SavedLibrary = field(init=False)
    given: dict[str, str] = field(default_factory=dict)
    """Values of variables entered in this run, including secrets that were taken out of a form."""
    scope: VariableScope = field(default_factory=VariableScope)
    """The sources of variables that the user chose."""
    formed: dict[str, SavedRequest] = field(default_factory=dict)
    """Name → the request as edited in a form, overriding its file."""
    responses: dict[tuple[str, str, str], SavedResponse] = field(default_factory=dict)
    """(name, environment, base URL) → the last response in this run."""

    def __post_init__(self) -> None:
        self.library = SavedLibrary(self.folder)

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        chosen = self.session.settings.saved_folder
        return Path(chosen).expanduser().absolute() if chosen else self.session.folders.data / "saved"

    @property
    def requests(self) -> dict[str, SavedRequest]:
        """The requests, from files and the form."""
        return {**self.library.requests, **self.formed}

    def load(self) -> SavedLibrary:
        """Read the folder; unchanged files are not read again."""
        self.library = load_library(self.folder, self.library)
        self.session.files.allow_folder(self.folder)
        return self.library

    def is_stale(self) -> bool:
        """Return whether a file changed since the library was read, by its time stamp and size only."""
        from explorer.store.files import FileError

        try:
            return stamps(self.folder) != self.library.stamps or self.library.folder != self.folder
        except FileError:
            return not self.library.problems

    # --- reading -----------------------------------------------------------------------------------------------------

    def call(self, request: SavedRequest, scope: VariableScope) -> Call:
        """Return the call of *request* with its environment; placeholders are not filled.

        Raises:
            UnknownName: the vendor or endpoint is not in the catalog.
        """
        call = request.call
        vendor, _ = self.session.endpoint(call.address)
        environment = scope.environment or call.environment
        if not environment and (name := scope.file or (COMMON_SET if COMMON_SET in self.library.sets else "")):
            environment = self.variables(name).environments.get(vendor.id, "")
        return msgspec.structs.replace(call, environment=environment or self.session.default_environment(vendor))

    def variables(self, name: str) -> VariableSet:
        """Return the contents of the environment file *name*, merged over ``default``.

        Raises:
            UnknownName: there is no such file; UsageError: it is invalid.
        """
        sets = self.library.sets
        if name not in sets:
            raise UnknownName("environment file", name, sets)
        for file in (sets[name], *([sets[COMMON_SET]] if COMMON_SET in sets else [])):
            if file.problems:
                raise UsageError("\n".join(map(str, file.problems)), hint="Fix the file.")
        below = sets[COMMON_SET].values if COMMON_SET in sets else VariableSet()
        values = sets[name].values
        return VariableSet(
            description=values.description,
            variables={**below.variables, **values.variables},
            environments={**below.environments, **values.environments},
        )

    def lookup(self, call: Call, scope: VariableScope) -> Lookup:
        """Return the lookup of variables and credentials in *call*; it does not resolve response placeholders.

        Raises:
            UnknownName, UsageError: the environment file of *scope* is missing or invalid.
        """
        name = scope.file or (call.environment if call.environment in self.library.sets else COMMON_SET)
        table = self.variables(name).variables if scope.file or name in self.library.sets else {}
        vendor = self.session.vendor(call.vendor)

        def look(placeholder: Placeholder) -> PlaceholderValue | None:
            if isinstance(placeholder, VariablePlaceholder):
                name = placeholder.name
                from_process = self.session.environ.get(SAVED_PREFIX + name.upper())
                for text in (scope.given.get(name), self.given.get(name), from_process, table.get(name)):
                    if text is not None:
                        return PlaceholderValue.from_text_value(text)
            if isinstance(placeholder, CredentialPlaceholder) and placeholder.name in vendor.credentials:
                stored = self.session.vault.find(vendor, placeholder.name, call.environment)
                return PlaceholderValue.from_text_value(stored.value.reveal()) if stored else None
            return None

        return look

    def known(self, call: Call, scope: VariableScope) -> Call:
        """Return *call* with known variables and credentials filled in; other placeholders are unchanged."""
        if not call_uses(call):
            return call
        return preview_call(call, self.lookup(call, scope))

    def missing(self, request: SavedRequest, scope: VariableScope) -> tuple[MissingValue, ...]:
        """Return each variable and credential of *request* without a value, once.

        Raises:
            UnknownName, UsageError: see ``call`` and ``lookup``.
        """
        call = self.call(request, scope)
        look = self.lookup(call, scope)
        missing: dict[Placeholder, MissingValue] = {}
        for use in placeholder_uses(request):
            if (
                isinstance(use.placeholder, VariablePlaceholder | CredentialPlaceholder)
                and look(use.placeholder) is None
            ):
                missing.setdefault(use.placeholder, self._missing(call, use))
        return tuple(missing.values())

    def _missing(self, call: Call, use: PlaceholderUse) -> MissingValue:
        placeholder = use.placeholder
        if isinstance(placeholder, CredentialPlaceholder):
            from explorer.core.text.env_names import variable_name

            hint = f"set {variable_name(call.vendor, placeholder.name)}, or log in"
        else:
            name = str(placeholder).replace("${", "").replace("}", "")
            hint = f"pass --set {name}=…, set {SAVED_PREFIX}{name}, or add it to environments/{call.environment}.toml"
        return MissingValue(placeholder, f"{use.place} {use.name}".strip(), self.is_secret(call, use), hint)

    def is_secret(self, call: Call, use: PlaceholderUse) -> bool:
        """Return whether *use* is in a secret field."""
        from explorer.core.form import find_parameter
        from explorer.core.redaction import Redactor

        operation = self.session.operation(call)
        match = find_parameter(operation.endpoint, use.name) if use.place == "value" else None
        if match is not None and match[0].secret:
            return True
        redactor = Redactor(operation.vendor)
        if use.place == "header":
            return MASK in redactor.headers([(use.name, "x")])[0][1]
        return redactor.is_secret_name(use.name) if use.name else False

    def disallowed_files(self, call: Call) -> tuple[str, ...]:
        """Return the files that *call* reads without permission, except paths with unfilled placeholders.

        Raises:
            UsageError: a path is invalid.
        """
        paths = dict.fromkeys(entry.value for entry in call.entries if entry.kind == "file" and "${" not in entry.value)
        return tuple(path for path in paths if not self.session.files.is_allowed_file(path))

    # --- writing -----------------------------------------------------------------------------------------------------

    def public(self, request: SavedRequest) -> PublicRequest:
        """Return *request* without secrets, as it is written to a file.

        Raises:
            UsageError: a secret is where no placeholder can replace it; UnknownName: the call is not in the catalog.
        """
        from explorer.core.saved.public_copy import make_public

        call = request.call
        resolved = call if call.environment else self.call(request, VariableScope())
        operation = self.session.operation(resolved)
        credentials = sign_in_credentials(operation.vendor, operation.endpoint)
        known = self.session.vault.held(self.session.catalog.vendors.values())
        plain = fill_call(resolved, lambda _placeholder: PlaceholderValue("", "0"))
        return make_public(
            request,
            operation.vendor,
            operation.endpoint,
            redactor_for(
                self.session, _without_secrets(plain), (*known, *auth_scheme(self.session, resolved).secrets())
            ),
            {param: name for param, name in credentials.items() if self._is_credential(resolved, param, name)},
        )

    def _is_credential(self, call: Call, param: str, credential: str) -> bool:
        """Return whether the value of *param* is the stored credential."""
        stored = self.session.vault.find(self.session.vendor(call.vendor), credential, call.environment)
        return stored is not None and any(
            entry.name == param and entry.value == stored.value.reveal() for entry in call.entries
        )

    def save(self, name: str, request: SavedRequest, *, digest: str = "") -> tuple[SavedFile, PublicRequest]:
        """Write *request* as *name* without its secrets, which are remembered for this run so that it can be sent.

        Raises:
            UsageError: see ``make_public`` and ``explorer.store.saved_files.save``; FileChanged; StoreError.
        """
        public = self.public(request)
        file = save(self.folder, name, public.request, digest=digest)
        self.given.update(public.taken)
        for text in public.taken.values():
            self.learn(text)
        self.load()
        return file, public

    def learn(self, text: str) -> None:
        """Mask *text* from now on wherever it is shown or stored."""
        secret = Secret(text)
        if text and secret not in self.session.learned:
            self.session.learned.append(secret)


def subscribe_exchanges(session: SessionContext, tell: Callable[[Exchange], None]) -> None:
    """Call *tell* with every exchange of *session*, in addition to earlier subscribers."""
    earlier = session.on_exchange

    def notify(exchange: Exchange) -> None:
        earlier(exchange)
        tell(exchange)

    session.on_exchange = notify


def _without_secrets(call: Call) -> Call:
    """Return *call* for a redactor that does not mask the form's own values: secret fields are masked by name."""
    return msgspec.structs.replace(call, entries=())


def all_problems(saved: SavedRequestStore) -> tuple[tuple[str, CatalogProblem], ...]:
    """Return the problems of all files with the name of their request (empty for folders and variables)."""
    library = saved.library
    problems = [("", problem) for problem in library.problems]
    problems += [("", problem) for of_folder in library.folder_problems.values() for problem in of_folder]
    problems += [("", problem) for file in library.sets.values() for problem in file.problems]
    problems += [("", problem) for problem in _secrets_in_sets(saved)]
    problems += [(name, problem) for name, file in library.files.items() for problem in file_problems(saved, file)]
    return tuple(problems)


def _secrets_in_sets(saved: SavedRequestStore) -> list[CatalogProblem]:
    """Return a problem for each variable of an environment file that is used in a secret field."""
    secret: dict[str, str] = {}
    for name, request in saved.library.requests.items():
        try:
            call = saved.call(request, VariableScope())
            for use in call_uses(call):
                if isinstance(use.placeholder, VariablePlaceholder) and saved.is_secret(call, use):
                    secret.setdefault(use.placeholder.name, f"{use.name} of {name}")
        except ExplorerError:
            continue  # reported with the request itself
    return [
        CatalogProblem(
            str(file.path),
            f"variables.{variable}",
            f"is the secret {secret[variable]}; secrets must not be in files",
            f"set {SAVED_PREFIX}{variable.upper()} instead",
        )
        for file in saved.library.sets.values()
        for variable, text in file.values.variables.items()
        if variable in secret and text
    ]


def file_problems(saved: SavedRequestStore, file: SavedFile) -> tuple[CatalogProblem, ...]:
    """Return all problems of a file: TOML, catalog, chain, secrets."""
    if file.request is None:
        return file.problems
    path = str(file.path)
    try:
        call = saved.call(file.request, VariableScope())
        saved.session.operation(call)
    except ExplorerError as error:
        return (CatalogProblem(path, _line(file, "call"), error.message, error.hint),)
    problems = [
        CatalogProblem(path, _line(file, "values", problem.field), problem.message, problem.expected)
        for problem in form_problems(saved, call, VariableScope())
        if not call.force and problem.level == "error"
    ]
    problems += _host_warning(saved, file, call)
    problems += _file_warnings(saved, file, call)
    try:
        for note in saved.public(file.request).notes:
            name, placeholder = note.partition(" is ")[0], note.split()[-1]
            part = "values" if any(entry.name == name for entry in call.entries) else "headers"
            problems.append(CatalogProblem(path, _line(file, part, name), "is a secret", f"write {placeholder}"))
    except ExplorerError as error:
        problems.append(CatalogProblem(path, "(file)", error.message, error.hint))
    try:
        check_chain(file.name, saved.library.requests)
    except ExplorerError as error:
        problems.append(CatalogProblem(path, "(file)", error.message, error.hint))
    return tuple(problems)


def _host_warning(saved: SavedRequestStore, file: SavedFile, call: Call) -> list[CatalogProblem]:
    """Return a problem if the base URL is not a trusted host of the call's environment."""
    from explorer.core.origin import Origin
    from explorer.session.trust import is_foreign

    if not call.base_url:
        return []
    try:
        known = saved.known(call, VariableScope())
    except ExplorerError:  # an invalid environment file, which is reported itself
        return []
    if not is_foreign(saved.session, known):
        return []
    origin = Origin.parse(known.base_url)
    message = f"{origin} is not a host of {call.vendor} {call.environment}"
    expected = f"remove it, or run `api-explorer trust add {call.vendor} {origin} --env {call.environment}`"
    return [CatalogProblem(str(file.path), _line(file, "base_url"), message, expected)]


def _file_warnings(saved: SavedRequestStore, file: SavedFile, call: Call) -> list[CatalogProblem]:
    """Return a problem for each file that the request reads and that is missing or not allowed."""
    try:
        call = saved.known(call, VariableScope())
        outside = saved.disallowed_files(call)
    except ExplorerError as error:
        return [CatalogProblem(str(file.path), "(file)", error.message, error.hint)]
    problems = []
    for entry in call.entries:
        if entry.kind != "file" or "${" in entry.value:
            continue
        where = (str(file.path), _line(file, "values", entry.name))
        if entry.value in outside:
            message = f"reads {entry.value}, which is outside the folder of saved requests"
            expected = f"move it into the folder, or pass --allow-file {entry.value}"
            problems.append(CatalogProblem(*where, message, expected))
        elif not Path(real_path(entry.value)).is_file():
            message = f"reads {entry.value}, which is not a file"
            problems.append(CatalogProblem(*where, message, "create the file"))
    return problems


def form_problems(saved: SavedRequestStore, call: Call, scope: VariableScope) -> tuple[Problem, ...]:
    """Return the form problems of *call*, except those of fields without a value yet."""
    try:
        filled = saved.known(call, scope)
    except ExplorerError:  # an invalid environment file, which is reported itself
        filled = preview_call(call, lambda _placeholder: None)
    waiting = {use.name for use in call_uses(filled) if use.place == "value"}
    entries, unread = readable_entries(saved.session, filled)
    waiting |= set(unread)  # reported with the file, or when it is sent
    filled = msgspec.structs.replace(filled, entries=entries)
    return tuple(problem for problem in check_call(saved.session, filled).problems if problem.field not in waiting)


def _line(file: SavedFile, *path: str) -> str:
    from explorer.core.saved.toml import toml_line_of

    line = toml_line_of(file.text, tuple(path))
    return (f"line {line}, " if line else "") + ".".join(path)
