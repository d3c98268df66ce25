"""The catalog as values: ``Catalog → Vendor → Endpoint → Parameter``, with the readings beside them.

Every class here is one kind of table in ``endpoint_catalog.toml``; a field is a key of it, under the same name unless
``name=`` says otherwise. ``lines`` always points into the vendor's document, as ``"83"`` or ``"83,110-118"``; together
with ``Vendor.document`` it is shown as ``002:83,110-118``. ``docs/CATALOG.md`` is the manual for people.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

from explorer.core.catalog.sandbox import SandboxVendor
from explorer.core.text.sanitize import sanitize_line

Location = Literal["path", "query", "form", "json", "multipart", "header"]
ValueType = Literal["string", "integer", "number", "boolean", "date", "file", "object"]
Repeat = Literal["index", "append", "key", "comma"]
Effect = Literal["read", "session", "create", "update", "delete", "order"]
METHOD_EFFECTS: Final[dict[str, Effect]] = {
    "GET": "read",
    "HEAD": "read",
    "OPTIONS": "read",
    "POST": "create",
    "PUT": "update",
    "PATCH": "update",
    "DELETE": "delete",
}
"""What a method does where the catalog states no effect (RFC 9110, 9.2.1 and 9.3)."""
StringFormat = Literal["email", "uri", "country", "digits", "host", "numeric", "alphanumeric", "uuid"]
BooleanEncoding = Literal["json", "true_false", "1_0"]
RuleKind = Literal[
    "requires", "at_least_one", "at_most_one", "exactly_one", "not_listed", "equal", "ordered", "together", "advice"
]


class CatalogTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the catalog."""


class Note(CatalogTable, frozen=True, kw_only=True):
    """Something a user must know, in our own words."""

    text: str
    lines: str = ""


class Environment(CatalogTable, frozen=True, kw_only=True):
    """One place where the vendor's API is served. ``base_url`` is what the path templates are appended to."""

    base_url: str
    title: str = ""
    guarded: bool = False
    """Whether everything that is not a read asks first, and the screen shows it red."""
    kind: Literal["production", "test", "development"] = "production"
    forgets_after_hours: float = 0.0
    """Hours after which records that were made here may be gone; 0: they stay."""
    note: str = ""
    lines: str = ""


class Version(CatalogTable, frozen=True, kw_only=True):
    """How the vendor tells versions apart. ``accept`` is sent as the Accept header with every request."""

    style: Literal["accept", "path", "none"] = "none"
    value: str = ""
    accept: str = ""
    note: str = ""
    lines: str = ""


class Credential(CatalogTable, frozen=True, kw_only=True):
    """One credential that auth schemes of this vendor use. Its environment variable is
    ``API_EXPLORER_<VENDOR>_<NAME>`` in capitals."""

    title: str
    secret: bool = True
    sandbox: str = ""
    """The demo value that the sandbox knows."""
    sandbox_foreign: tuple[str, ...] = ()
    """Demo values that are good in another environment only: the sandbox knows and refuses them."""
    note: str = ""
    lines: str = ""


class Auth(CatalogTable, frozen=True, kw_only=True):
    """One way of authenticating. ``scheme`` is a word of ``explorer.core.auth.AUTH_SCHEMES``; ``options`` are its."""

    scheme: str
    title: str = ""
    options: dict[str, Any] = {}
    note: str = ""
    lines: str = ""


class Pagination(CatalogTable, frozen=True, kw_only=True):
    """One way of paging. ``style`` is a word of ``explorer.core.paging.PAGING_STYLES``."""

    style: str
    title: str = ""
    options: dict[str, Any] = {}
    note: str = ""
    lines: str = ""


class VerdictRules(CatalogTable, frozen=True, kw_only=True):
    """What the vendor means by success. Paths are dotted, into the decoded body (``data.error.code``)."""

    success: str = ""
    """Where a flag of success stands (boolean or the words true / false)."""
    error: str = ""
    """Where the error stands: its presence means failure. Its text is the message, or the code beside ``message``."""
    code: str = ""
    message: str = ""
    details: str = ""
    """Where a table or text stands that tells more; values of it that are names of fields are the guilty ones."""
    status_code: str = ""
    """Where the body repeats the HTTP status."""
    validation_map: bool = False
    """A body whose every value is a list of texts maps field names to complaints."""
    message_holds_json: bool = False
    """The error text may itself be a JSON array of messages."""
    ok_statuses: tuple[int, ...] = ()
    """Statuses beside 2xx that mean success (a 302 of a consent page)."""
    statuses: dict[str, str] = {}
    """Documented status codes and what they mean, in our own words."""
    lines: str = ""


class VolatileRules(CatalogTable, frozen=True, kw_only=True):
    """What differs from one answer to the next although nothing happened: a comparison masks it."""

    names: tuple[str, ...] = ()
    """Parameters, body fields, XML elements and attributes of these names, wherever they stand."""
    paths: tuple[str, ...] = ()
    """Paths into a body from its root: ``data[*].expires``, ``$.time``, ``/order/@stamp``."""
    headers: tuple[str, ...] = ()
    lines: str = ""


class Rule(CatalogTable, frozen=True, kw_only=True):
    """A rule across fields.

    ``requires``: when any of ``when`` is set (or has the value in ``when_value``), all of ``params`` must be.
    ``at_least_one`` / ``at_most_one`` / ``exactly_one`` of ``params``. ``mistake_pairs``: all of ``params`` or none.
    ``not_listed``: no word in the comma list ``params[0]`` may name a field that is set (``names``: word → field).
    ``equal``: the two ``params`` have the same value. ``ordered``: ``params[0]`` <= ``params[1]``.
    ``advice``: shown as a warning when any of ``when`` is set.
    """

    kind: RuleKind
    params: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    when_value: dict[str, str] = {}
    names: dict[str, str] = {}
    level: Literal["error", "warning"] = "error"
    text: str = ""
    lines: str = ""


class Group(CatalogTable, frozen=True, kw_only=True):
    """A group of parameters that repeats by index: ``item#`` or ``line_items[#]``."""

    title: str = ""
    min: int = 0
    max: int | None = None
    sparse: bool = False
    """Whether indexes may have gaps."""
    start: int = 0
    """The index of the first group that a form offers."""
    lines: str = ""


class Parameter(CatalogTable, frozen=True, kw_only=True):
    """One parameter, its name exactly as the vendor spells it.

    In a name ``#`` stands for an index (``item#_size``, ``line_items[#].id``, ``images[#]``), a final ``[]`` for a
    value that may be given again (``filter[brands][]``), ``[*]`` for any key (``filter[*]``), a dot for a JSON level.
    """

    name: str = ""
    location: Location = msgspec.field(name="in")
    type: ValueType = "string"
    required: bool = False
    default: str | None = None
    """What the vendor takes when the parameter is absent; not sent."""
    prefill: str | None = None
    """What the form starts with and sends unless another value is given."""
    enum: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Values that are allowed beside the type's own (``all`` for an integer id)."""
    min: float | None = None
    max: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    """A regular expression that the whole value must match."""
    format: StringFormat | None = None
    date_format: str = ""
    """strftime pattern of a ``date`` (``%Y-%m-%d`` unless told)."""
    boolean: BooleanEncoding | None = None
    """How true and false are written; ``json`` in JSON bodies and ``true_false`` elsewhere unless told."""
    comma: bool = False
    """Whether the one value is a comma-separated list of the type."""
    nullable: bool = False
    empty: bool = True
    """Whether an empty value may be sent for an optional parameter."""
    secret: bool = False
    accept: str = ""
    """Media types of a file, as in ``image/png,image/jpeg``."""
    inferred: bool = False
    example: str = ""
    note: str = ""
    lines: str = ""

    @property
    def repeat(self) -> Repeat | None:
        """How the parameter repeats, or None."""
        if "#" in self.name:
            return "index"
        if self.name.endswith("[]"):
            return "append"
        if self.name.endswith("[*]"):
            return "key"
        return "comma" if self.comma else None

    @property
    def group(self) -> str | None:
        """The name of its indexed group: what stands up to and with the index (``item#``, ``line_items[#]``)."""
        found = re.match(r"[^#]*#\]?", self.name)
        return found.group() if found else None


class Choice(CatalogTable, frozen=True, kw_only=True):
    """One reading of a contradiction. ``set`` is a table of the endpoint's (or vendor's) own keys that is laid over it
    when this is chosen: ``{ path = "/x", params = { page = { in = "form" }, extra = false } }``; ``false`` in place of
    a table takes that entry away."""

    title: str
    lines: str = ""
    set: dict[str, Any] = {}


class Reading(CatalogTable, frozen=True, kw_only=True):
    """A place where the document contradicts itself or could not work as printed: every version of it, the lines, the
    default and why."""

    about: str
    default: str
    why: str
    choices: dict[str, Choice]

    @property
    def changes_request(self) -> bool:
        """Whether any choice changes what is sent, so that it can be chosen in the form and by ``--reading``."""
        return any(choice.set for choice in self.choices.values())


class Sample(CatalogTable, frozen=True, kw_only=True):
    """An answer in the vendor's shape with our own data; ``body`` as text. The sandbox and the docs pane show it."""

    status: int = 200
    media_type: str = "application/json"
    title: str = ""
    body: str = ""
    lines: str = ""


ResponseFieldKind = Literal["null", "boolean", "integer", "number", "string", "list", "table"]


class ResponseField(CatalogTable, frozen=True, kw_only=True):
    """What is known of a field of the answer beside the samples. Its key is the path: ``data[].owner.name``, ``{}`` for
    any key of a table whose keys are ids."""

    types: tuple[ResponseFieldKind, ...] = ()
    """Kinds that it may have, beside those that it has in the samples."""
    optional: bool = False
    """Whether it may be missing although the samples have it."""
    enum: tuple[str, ...] = ()
    """All values that it may have, where the document lists them."""
    note: str = ""
    lines: str = ""


class RequestedIds(CatalogTable, frozen=True, kw_only=True):
    """How to tell that everything is there which was asked for by id: the comma list ``param`` against the records at
    the dotted path ``records``, each by its ``key``; without a key the keys of that table (or the entries of that list)
    are the ids. Where one is not there, the verdict is PARTIAL."""

    param: str
    records: str = ""
    key: str = ""


class IdSource(CatalogTable, frozen=True, kw_only=True):
    """Where ids stand in an answer. ``path`` is dotted, with ``[]`` for any index, ``*`` for any key and a leading
    ``**.`` for any place; ``kind`` is a word that an endpoint's ``consumes`` has too."""

    path: str
    kind: str
    type: str = ""
    """Only where the object that holds it has this ``type`` (JSON:API)."""
    key: bool = False
    """Whether the id is the last key of the path, and not what stands there."""


class ConditionalEffect(CatalogTable, frozen=True, kw_only=True):
    """A value that makes a call graver: ``checkout=1`` turns a validation into an order."""

    param: str
    equals: str
    effect: Effect


class Requirement(CatalogTable, frozen=True, kw_only=True):
    """A role or a right that the account must have, in our own words: for the whole call, or when any of ``params`` is
    sent."""

    text: str
    params: tuple[str, ...] = ()
    lines: str = ""


class Endpoint(CatalogTable, frozen=True, kw_only=True):
    """One documented call, addressed as ``vendor.id``."""

    id: str = ""
    title: str
    group: str
    method: str = "GET"
    also_methods: tuple[str, ...] = ()
    """Further methods of the same call (HEAD beside GET)."""
    path: str
    auth: str = "none"
    """A key of the vendor's ``auth`` table, or ``none`` for an anonymous call."""
    body: Literal["none", "form", "json", "multipart"] = "none"
    accept: str = ""
    """The Accept header where it is not the vendor's own."""
    stated_effect: Effect | None = msgspec.field(default=None, name="effect")
    """What the call does at the vendor; None: what its method does."""
    effect_when: tuple[ConditionalEffect, ...] = ()
    pagination: str = ""
    """A key of the vendor's ``pagination`` table."""
    summary: str = ""
    inferred: bool = False
    lines: str = ""
    notes: tuple[Note, ...] = ()
    needs: tuple[Requirement, ...] = ()
    """What the account must be allowed; told where the vendor answers 403."""
    params: dict[str, Parameter] = {}
    groups: dict[str, Group] = {}
    rules: tuple[Rule, ...] = ()
    readings: dict[str, Reading] = {}
    samples: tuple[Sample, ...] = ()
    answer: dict[str, ResponseField] = {}
    """Fields of the answer of which more is known than the samples show."""
    asked: RequestedIds | None = None
    volatile: VolatileRules = msgspec.field(default_factory=VolatileRules)
    """Beside what is volatile in every call of the vendor."""
    verdict: VerdictRules | None = None
    """Where this call is judged otherwise than the vendor's calls in general."""
    produces: tuple[IdSource, ...] = ()
    """Ids in its answer, beside those of the vendor in general."""
    consumes: dict[str, str] = {}
    """Parameter → kind of the id that it takes; an empty kind takes back what holds for the vendor in general."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the call, the usual one first."""
        return (self.method, *self.also_methods)

    @property
    def effect(self) -> Effect:
        """What the call does at the vendor, sent with its usual method."""
        return self.effect_of(self.method)

    def effect_of(self, method: str) -> Effect:
        """Return what the call does when it is sent with *method*; an unknown method is not a read."""
        return self.stated_effect or METHOD_EFFECTS.get(method.upper(), "update")


class Vendor(CatalogTable, frozen=True, kw_only=True):
    """One vendor: what holds for all of its calls, and the calls."""

    id: str = ""
    title: str
    document: str = ""
    """The short name of its document, put before line numbers (``002``)."""
    summary: str = ""
    inferred: bool = False
    notes: tuple[Note, ...] = ()
    environments: dict[str, Environment] = {}
    version: Version = msgspec.field(default_factory=Version)
    credentials: dict[str, Credential] = {}
    auth: dict[str, Auth] = {}
    pagination: dict[str, Pagination] = {}
    verdict: VerdictRules = msgspec.field(default_factory=VerdictRules)
    volatile: VolatileRules = msgspec.field(default_factory=VolatileRules)
    secret_fields: tuple[str, ...] = ()
    """Names of body fields, query keys and headers that are secret wherever they stand."""
    answer: dict[str, ResponseField] = {}
    """Fields that the answer of any call may have, beside those of its samples."""
    readings: dict[str, Reading] = {}
    """Contradictions that concern every call; ``set`` is laid over the vendor."""
    produces: tuple[IdSource, ...] = ()
    """Ids in any answer."""
    consumes: dict[str, str] = {}
    """Parameter → kind of id, for every call that has the parameter."""
    probe: str = ""
    """Id of a call that reads, needs no parameter and does no harm: ``doctor`` sends it to see whether all is well."""
    endpoints: dict[str, Endpoint] = {}
    sandbox: SandboxVendor = msgspec.field(default_factory=SandboxVendor)

    def cite(self, lines: str) -> str:
        """``83,110-118`` as ``002:83,110-118``, fit for a terminal; an empty text stays empty."""
        return sanitize_line(f"{self.document}:{lines}" if lines and self.document else lines)


class Catalog(CatalogTable, frozen=True, kw_only=True):
    """All vendors, in the order of the files. ``digest`` tells two states of the catalog apart."""

    edition: str = ""
    digest: str = ""
    vendors: dict[str, Vendor] = {}
