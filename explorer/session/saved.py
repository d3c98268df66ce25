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
"""The environment file that is below every other."""


class SavedResponse(NamedTuple):
    """The answer to a saved request that others may take values of; not masked."""

    exchange: Exchange
    at: float
    """Unix seconds."""


@dataclass(frozen=True)
class VariableScope:
    """Where variables come from: what was given by hand, then the process's environment, then the environment file."""

    given: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    """The environment file; empty: the one that is called like the call's environment, if there is one."""
    environment: str = ""
    """Where all calls go, in place of what the files say."""


class MissingValue(NamedTuple):
    """A placeholder without a value, and where it stands."""

    placeholder: Placeholder
    place: str
    secret: bool
    hint: str


@dataclass
class SavedRequestStore:
    """The saved requests of one session. What reads and writes files blocks."""

    session: SessionContext
    library: SavedLibrary = field(init=False)
    given: dict[str, str] = field(default_factory=dict)
    """Values of variables that were typed in this run; secrets that were taken out of a form are among them."""
    scope: VariableScope = field(default_factory=VariableScope)
    """Where variables come from, as a person chose it."""
    formed: dict[str, SavedRequest] = field(default_factory=dict)
    """Name → the request as a form has it now, in place of what its file says."""
    answers: dict[tuple[str, str, str], SavedResponse] = field(default_factory=dict)
    """(name, environment, base URL) → the last answer in this run."""

    def __post_init__(self) -> None:
        self.library = SavedLibrary(self.folder)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        chosen = self.session.settings.saved_folder
        return Path(chosen).expanduser().absolute() if chosen else self.session.folders.data / "saved"

    @property
    def requests(self) -> dict[str, SavedRequest]:
        """The requests, as files or a form have them."""
        return {**self.library.requests, **self.formed}

    def load(self) -> SavedLibrary:
        """The folder as it is now; only files that changed are read again."""
        self.library = load_library(self.folder, self.library)
        self.session.files.allow_folder(self.folder)
        return self.library

    def is_stale(self) -> bool:
        """Whether a file was changed since the library was read; looks at stamps only."""
        from explorer.store.files import FileError

        try:
            return stamps(self.folder) != self.library.stamps or self.library.folder != self.folder
        except FileError:
            return not self.library.problems

    # --- a call of a file --------------------------------------------------------------------------------------------

    def call(self, request: SavedRequest, scope: VariableScope) -> Call:
        """The call of *request*, its placeholders as they are written, and the environment that it goes to.

        Raises:
            UnknownName: the catalog knows no such vendor or endpoint.
        """
        call = request.call
        vendor, _ = self.session.endpoint(call.address)
        environment = scope.environment or call.environment
        if not environment and (name := scope.file or (COMMON_SET if COMMON_SET in self.library.sets else "")):
            environment = self.variables(name).environments.get(vendor.id, "")
        return msgspec.structs.replace(call, environment=environment or self.session.default_environment(vendor))

    def variables(self, name: str) -> VariableSet:
        """What the environment file of that name says, over ``default``.

        Raises:
            UnknownName: there is no such file; UsageError: it is wrong.
        """
        sets = self.library.sets
        if name not in sets:
            raise UnknownName("environment file", name, sets)
        for one in (sets[name], *([sets[COMMON_SET]] if COMMON_SET in sets else [])):
            if one.problems:
                raise UsageError("\n".join(map(str, one.problems)), hint="Mend the file.")
        below = sets[COMMON_SET].values if COMMON_SET in sets else VariableSet()
        values = sets[name].values
        return VariableSet(
            description=values.description,
            variables={**below.variables, **values.variables},
            environments={**below.environments, **values.environments},
        )

    def lookup(self, call: Call, scope: VariableScope) -> Lookup:
        """What variables and credentials in *call* stand for; answers to other requests are not looked up here.

        Raises:
            UnknownName, UsageError: the environment file that *scope* names is not there, or wrong.
        """
        name = scope.file or (call.environment if call.environment in self.library.sets else COMMON_SET)
        table = self.variables(name).variables if scope.file or name in self.library.sets else {}
        vendor = self.session.vendor(call.vendor)

        def look(one: Placeholder) -> PlaceholderValue | None:
            if isinstance(one, VariablePlaceholder):
                from_process = self.session.environ.get(SAVED_PREFIX + one.name.upper())
                for text in (scope.given.get(one.name), self.given.get(one.name), from_process, table.get(one.name)):
                    if text is not None:
                        return PlaceholderValue.from_text_value(text)
            if isinstance(one, CredentialPlaceholder) and one.name in vendor.credentials:
                found = self.session.vault.find(vendor, one.name, call.environment)
                return PlaceholderValue.from_text_value(found.value.reveal()) if found else None
            return None

        return look

    def known(self, call: Call, scope: VariableScope) -> Call:
        """*call* with the variables and credentials that are known filled in; the rest stays as it is written."""
        if not call_uses(call):
            return call
        return preview_call(call, self.lookup(call, scope))

    def missing(self, request: SavedRequest, scope: VariableScope) -> tuple[MissingValue, ...]:
        """Every variable and credential of *request* that has no value, once each.

        Raises:
            UnknownName, UsageError: see ``call`` and ``lookup``.
        """
        call = self.call(request, scope)
        look = self.lookup(call, scope)
        found: dict[Placeholder, MissingValue] = {}
        for use in placeholder_uses(request):
            if (
                isinstance(use.placeholder, VariablePlaceholder | CredentialPlaceholder)
                and look(use.placeholder) is None
            ):
                found.setdefault(use.placeholder, self._missing(call, use))
        return tuple(found.values())

    def _missing(self, call: Call, use: PlaceholderUse) -> MissingValue:
        one = use.placeholder
        if isinstance(one, CredentialPlaceholder):
            from explorer.core.text.env_names import variable_name

            hint = f"set {variable_name(call.vendor, one.name)}, or log in"
        else:
            hint = f"give --set {one}=…, set {SAVED_PREFIX}{one}, or put it into environments/{call.environment}.toml"
            hint = hint.replace("${", "").replace("}", "")
        return MissingValue(one, f"{use.place} {use.name}".strip(), self.is_secret(call, use), hint)

    def is_secret(self, call: Call, use: PlaceholderUse) -> bool:
        """Whether *use* stands where something secret belongs."""
        from explorer.core.form import find_parameter
        from explorer.core.redaction import Redactor

        operation = self.session.operation(call)
        found = find_parameter(operation.endpoint, use.name) if use.place == "value" else None
        if found is not None and found[0].secret:
            return True
        redactor = Redactor(operation.vendor)
        if use.place == "header":
            return MASK in redactor.headers([(use.name, "x")])[0][1]
        return redactor.is_secret_name(use.name) if use.name else False

    def disallowed_files(self, call: Call) -> tuple[str, ...]:
        """Return the files that *call* reads and nobody allowed it to; paths that wait for a value are left out.

        Raises:
            UsageError: a path cannot be one.
        """
        paths = dict.fromkeys(one.value for one in call.entries if one.kind == "file" and "${" not in one.value)
        return tuple(path for path in paths if not self.session.files.is_allowed_file(path))

    # --- writing -----------------------------------------------------------------------------------------------------

    def public(self, request: SavedRequest) -> PublicRequest:
        """*request* as it may stand in a file.

        Raises:
            UsageError: a secret stands where no placeholder can be put for it; UnknownName: the catalog does not know
            the call.
        """
        from explorer.core.saved.public_copy import make_public

        call = request.call
        asked = call if call.environment else self.call(request, VariableScope())
        operation = self.session.operation(asked)
        credentials = sign_in_credentials(operation.vendor, operation.endpoint)
        known = self.session.vault.held(self.session.catalog.vendors.values())
        plain = fill_call(asked, lambda _one: PlaceholderValue("", "0"))
        return make_public(
            request,
            operation.vendor,
            operation.endpoint,
            redactor_for(self.session, _without_secrets(plain), (*known, *auth_scheme(self.session, asked).secrets())),
            {param: name for param, name in credentials.items() if self._holds(asked, param, name)},
        )

    def _holds(self, call: Call, param: str, credential: str) -> bool:
        """Whether what the form has for *param* is the credential that is at hand."""
        found = self.session.vault.find(self.session.vendor(call.vendor), credential, call.environment)
        return found is not None and any(
            one.name == param and one.value == found.value.reveal() for one in call.entries
        )

    def save(self, name: str, request: SavedRequest, *, digest: str = "") -> tuple[SavedFile, PublicRequest]:
        """Write *request* under *name*, without its secrets; these are remembered for this run, so that it can be sent.

        Raises:
            UsageError: see ``make_public`` and ``explorer.store.saved_files.save``; FileChanged; StoreError.
        """
        made = self.public(request)
        file = save(self.folder, name, made.request, digest=digest)
        self.given.update(made.taken)
        for text in made.taken.values():
            self.learn(text)
        self.load()
        return file, made

    def learn(self, text: str) -> None:
        """Mask *text* from now on, wherever it is shown or kept."""
        secret = Secret(text)
        if text and secret not in self.session.learned:
            self.session.learned.append(secret)


def subscribe_exchanges(session: SessionContext, tell: Callable[[Exchange], None]) -> None:
    """Tell of every exchange of *session* from now on, besides whoever is told already."""
    before = session.on_exchange

    def heard(exchange: Exchange) -> None:
        before(exchange)
        tell(exchange)

    session.on_exchange = heard


def _without_secrets(call: Call) -> Call:
    """*call* for making a redactor that knows no text of the form itself: names take care of those."""
    return msgspec.structs.replace(call, entries=())


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
    from explorer.core.saved.toml import toml_line_of

    line = toml_line_of(file.text, tuple(path))
    return (f"line {line}, " if line else "") + ".".join(path)
