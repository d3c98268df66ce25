"""The catalog as values: ``Catalog → Vendor → Endpoint → Parameter``, and the readings.

Every class is one kind of table in ``endpoint_catalog.toml``; its fields are the table's keys, renamed only where
``name=`` says so. ``lines`` refers to the vendor's document, as ``"83"`` or ``"83,110-118"``; with ``Vendor.document``
it is displayed as ``002:83,110-118``. ``docs/CATALOG.md`` is the manual.
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
"""The default effect of a method (RFC 9110, 9.2.1 and 9.3)."""
StringFormat = Literal["email", "uri", "country", "digits", "host", "numeric", "alphanumeric", "uuid"]
BooleanEncoding = Literal["json", "true_false", "1_0"]
RuleKind = Literal[
    "requires", "at_least_one", "at_most_one", "exactly_one", "not_listed", "equal", "ordered", "together", "advice"
]


class CatalogTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the catalog."""


class Note(CatalogTable, frozen=True, kw_only=True):
    """Something the user must know, in our own words."""

    text: str
    lines: str = ""


class Environment(CatalogTable, frozen=True, kw_only=True):
    """One server of the vendor's API. Path templates are appended to ``base_url``."""

    base_url: str
    title: str = ""
    guarded: bool = False
    """Whether calls other than reads require confirmation. The UI marks it red."""
    kind: Literal["production", "test", "development"] = "production"
    forgets_after_hours: float = 0.0
    """Hours after which records created here may be deleted; 0 if they are permanent."""
    note: str = ""
    lines: str = ""


class Version(CatalogTable, frozen=True, kw_only=True):
    """How the vendor versions its API. ``accept`` is sent as the Accept header of every request."""

    style: Literal["accept", "path", "none"] = "none"
    value: str = ""
    accept: str = ""
    note: str = ""
    lines: str = ""


class Credential(CatalogTable, frozen=True, kw_only=True):
    """One credential of the vendor's auth schemes.

    Its environment variable is ``API_EXPLORER_<VENDOR>_<NAME>``, in uppercase.
    """

    title: str
    secret: bool = True
    sandbox: str = ""
    """The demo value that the sandbox accepts."""
    sandbox_foreign: tuple[str, ...] = ()
    """Demo values of another environment, which the sandbox recognizes and refuses."""
    note: str = ""
    lines: str = ""


class Auth(CatalogTable, frozen=True, kw_only=True):
    """One authentication method. ``scheme`` is a key of ``core.auth.AUTH_SCHEMES`` and defines ``options``."""

    scheme: str
    title: str = ""
    options: dict[str, Any] = {}
    note: str = ""
    lines: str = ""


class Pagination(CatalogTable, frozen=True, kw_only=True):
    """One pagination method. ``style`` is a key of ``explorer.core.paging.PAGING_STYLES``."""

    style: str
    title: str = ""
    options: dict[str, Any] = {}
    note: str = ""
    lines: str = ""


class VerdictRules(CatalogTable, frozen=True, kw_only=True):
    """The vendor's definition of success. Paths are dotted paths in the decoded body (``data.error.code``)."""

    success: str = ""
    """Path of a success flag (a boolean, or the strings true / false)."""
    error: str = ""
    """Path of the error. Its presence means failure; its text is the message, or the code if ``message`` is set."""
    code: str = ""
    message: str = ""
    details: str = ""
    """Path of an object or string with details; values in it that are field names are the rejected fields."""
    status_code: str = ""
    """Path of the HTTP status repeated in the body."""
    validation_map: bool = False
    """Whether a body whose values are all lists of strings maps field names to error messages."""
    message_holds_json: bool = False
    """Whether the error text may itself be a JSON array of messages."""
    ok_statuses: tuple[int, ...] = ()
    """Statuses besides 2xx that mean success (such as the 302 of a consent page)."""
    statuses: dict[str, str] = {}
    """Documented statuses and their meaning, in our own words."""
    lines: str = ""


class VolatileRules(CatalogTable, frozen=True, kw_only=True):
    """Parts of a response that vary without a cause; a comparison masks them."""

    names: tuple[str, ...] = ()
    """Names of parameters, body fields, XML elements and attributes, at any depth."""
    paths: tuple[str, ...] = ()
    """Paths from the root of the body: ``data[*].expires``, ``$.time``, ``/order/@stamp``."""
    headers: tuple[str, ...] = ()
    lines: str = ""


class Rule(CatalogTable, frozen=True, kw_only=True):
    """A rule across fields.

    ``requires``: if any of ``when`` is set (or has the value in ``when_value``), all of ``params`` are required.
    ``at_least_one`` / ``at_most_one`` / ``exactly_one`` of ``params``. ``together``: all of ``params`` or none.
    ``not_listed``: no word in the comma list ``params[0]`` may name a field that is set (``names``: word → field).
    ``equal``: both ``params`` have the same value. ``ordered``: ``params[0]`` <= ``params[1]``.
    ``advice``: a warning if any of ``when`` is set.
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
    """Index of the first group in a new form."""
    lines: str = ""


class Parameter(CatalogTable, frozen=True, kw_only=True):
    """One parameter, with the vendor's exact name.

    In a name, ``#`` is an index (``item#_size``, ``line_items[#].id``, ``images[#]``) and a final ``[]`` a repeatable
    value (``filter[brands][]``). ``[*]`` is any key (``filter[*]``), and a dot separates JSON levels.
    """

    name: str = ""
    location: Location = msgspec.field(name="in")
    type: ValueType = "string"
    required: bool = False
    default: str | None = None
    """The vendor's value for an absent parameter; not sent."""
    prefill: str | None = None
    """The form's initial value, which is sent unless changed."""
    enum: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Values allowed besides those of the type (``all`` for an integer id)."""
    min: float | None = None
    max: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    """A regular expression that the whole value must match."""
    format: StringFormat | None = None
    date_format: str = ""
    """strftime pattern of a ``date`` (default ``%Y-%m-%d``)."""
    boolean: BooleanEncoding | None = None
    """Encoding of true and false; default ``json`` in JSON bodies, otherwise ``true_false``."""
    comma: bool = False
    """Whether the value is a comma-separated list of the type."""
    nullable: bool = False
    empty: bool = True
    """Whether an optional parameter may be sent empty."""
    secret: bool = False
    accept: str = ""
    """Media types of a file, such as ``image/png,image/jpeg``."""
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
        """The name of its indexed group: the part up to the index (``item#``, ``line_items[#]``)."""
        match = re.match(r"[^#]*#\]?", self.name)
        return match.group() if match else None


class Choice(CatalogTable, frozen=True, kw_only=True):
    """One reading of an ambiguity.

    ``set`` is merged into the endpoint (or vendor) when this choice is selected:
    ``{ path = "/x", params = { page = { in = "form" }, extra = false } }``. ``false`` removes a table.
    """

    title: str
    lines: str = ""
    set: dict[str, Any] = {}


class Reading(CatalogTable, frozen=True, kw_only=True):
    """An ambiguity: the document contradicts itself or cannot work as printed. With all choices and the default."""

    about: str
    default: str
    why: str
    choices: dict[str, Choice]

    @property
    def changes_request(self) -> bool:
        """Whether any choice changes the request, so that the form and ``--reading`` offer it."""
        return any(choice.set for choice in self.choices.values())


class Sample(CatalogTable, frozen=True, kw_only=True):
    """A response in the vendor's shape with our own data. The sandbox and the docs pane show it."""

    status: int = 200
    media_type: str = "application/json"
    title: str = ""
    body: str = ""
    lines: str = ""


ResponseFieldKind = Literal["null", "boolean", "integer", "number", "string", "list", "table"]


class ResponseField(CatalogTable, frozen=True, kw_only=True):
    """What is known about a response field beyond the samples.

    Its key is the path: ``data[].owner.name``, with ``{}`` for any key of an object whose keys are ids.
    """

    types: tuple[ResponseFieldKind, ...] = ()
    """Allowed types besides those in the samples."""
    optional: bool = False
    """Whether it may be missing although the samples contain it."""
    enum: tuple[str, ...] = ()
    """All allowed values, if the document lists them."""
    note: str = ""
    lines: str = ""


class RequestedIds(CatalogTable, frozen=True, kw_only=True):
    """How to check that the response contains every requested id.

    The ids are the comma list ``param``. The records are at the dotted path ``records``, identified by their ``key``.
    Without ``key``, the object's keys or the array's elements are the ids. If any is missing, the verdict is PARTIAL.
    """

    param: str
    records: str = ""
    key: str = ""


class IdSource(CatalogTable, frozen=True, kw_only=True):
    """Where a response contains ids.

    ``path`` is dotted, with ``[]`` for any index, ``*`` for any key and a leading ``**.`` for any depth. ``kind`` is a
    name that an endpoint's ``consumes`` also uses.
    """

    path: str
    kind: str
    type: str = ""
    """Only in objects of this ``type`` (JSON:API)."""
    key: bool = False
    """Whether the id is the last key of the path instead of its value."""


class ConditionalEffect(CatalogTable, frozen=True, kw_only=True):
    """A value that makes a call more consequential: ``checkout=1`` turns a validation into an order."""

    param: str
    equals: str
    effect: Effect


class Requirement(CatalogTable, frozen=True, kw_only=True):
    """A role or permission that the account needs, in our own words.

    It applies to the whole call, or only if any of ``params`` is sent.
    """

    text: str
    params: tuple[str, ...] = ()
    lines: str = ""


class Endpoint(CatalogTable, frozen=True, kw_only=True):
    """One documented call, identified as ``vendor.id``."""

    id: str = ""
    title: str
    group: str
    method: str = "GET"
    also_methods: tuple[str, ...] = ()
    """Further methods of the same call (HEAD for a GET)."""
    path: str
    auth: str = "none"
    """A key of the vendor's ``auth`` table, or ``none`` for an anonymous call."""
    body: Literal["none", "form", "json", "multipart"] = "none"
    accept: str = ""
    """The Accept header, if it differs from the vendor's."""
    stated_effect: Effect | None = msgspec.field(default=None, name="effect")
    """The call's effect at the vendor; None for the default of its method."""
    effect_when: tuple[ConditionalEffect, ...] = ()
    pagination: str = ""
    """A key of the vendor's ``pagination`` table."""
    summary: str = ""
    inferred: bool = False
    lines: str = ""
    notes: tuple[Note, ...] = ()
    needs: tuple[Requirement, ...] = ()
    """Permissions that the account needs; shown when the vendor returns 403."""
    params: dict[str, Parameter] = {}
    groups: dict[str, Group] = {}
    rules: tuple[Rule, ...] = ()
    readings: dict[str, Reading] = {}
    samples: tuple[Sample, ...] = ()
    answer: dict[str, ResponseField] = {}
    """Response fields about which more is known than the samples show."""
    asked: RequestedIds | None = None
    volatile: VolatileRules = msgspec.field(default_factory=VolatileRules)
    """In addition to the vendor's."""
    verdict: VerdictRules | None = None
    """Overrides the vendor's rules for this call."""
    produces: tuple[IdSource, ...] = ()
    """Ids in its response, in addition to the vendor's."""
    consumes: dict[str, str] = {}
    """Parameter → kind of id; an empty kind cancels the vendor's entry."""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the call, the default one first."""
        return (self.method, *self.also_methods)

    @property
    def effect(self) -> Effect:
        """The call's effect at the vendor with its default method."""
        return self.effect_of(self.method)

    def effect_of(self, method: str) -> Effect:
        """Return the call's effect when sent with *method*; an unknown method is not a read."""
        return self.stated_effect or METHOD_EFFECTS.get(method.upper(), "update")


class Vendor(CatalogTable, frozen=True, kw_only=True):
    """One vendor: its common settings and its calls."""

    id: str = ""
    title: str
    document: str = ""
    """Short name of its document, the prefix of line numbers (``002``)."""
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
    """Names of body fields, query keys and headers that are secret everywhere."""
    answer: dict[str, ResponseField] = {}
    """Fields that any response may contain, besides those of its samples."""
    readings: dict[str, Reading] = {}
    """Ambiguities that affect every call; ``set`` is merged into the vendor."""
    produces: tuple[IdSource, ...] = ()
    """Ids in any response."""
    consumes: dict[str, str] = {}
    """Parameter → kind of id, for every call that has the parameter."""
    probe: str = ""
    """Id of a harmless read without required parameters, which ``doctor`` sends as a health check."""
    endpoints: dict[str, Endpoint] = {}
    sandbox: SandboxVendor = msgspec.field(default_factory=SandboxVendor)

    def cite(self, lines: str) -> str:
        """Return ``83,110-118`` as ``002:83,110-118``, safe for a terminal; an empty string stays empty."""
        return sanitize_line(f"{self.document}:{lines}" if lines and self.document else lines)


class Catalog(CatalogTable, frozen=True, kw_only=True):
    """All vendors, in file order. ``digest`` identifies this state of the catalog."""

    edition: str = ""
    digest: str = ""
    vendors: dict[str, Vendor] = {}
