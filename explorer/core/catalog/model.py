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
    """The note itself."""
    lines: str = ""


class Environment(CatalogTable, frozen=True, kw_only=True):
    """One server of the vendor's API. Path templates are appended to ``base_url``."""

    base_url: str
    """The URL that path templates are appended to."""
    title: str = ""
    guarded: bool = False
    """Whether calls other than reads require confirmation. The UI marks it red."""
    kind: Literal["production", "test", "development"] = "production"
    """What the environment is for."""
    forgets_after_hours: float = 0.0
    """Hours after which records created here may be deleted; 0 if they are permanent."""
    note: str = ""
    lines: str = ""


class Version(CatalogTable, frozen=True, kw_only=True):
    """How the vendor versions its API. ``accept`` is sent as the Accept header of every request."""

    style: Literal["accept", "path", "none"] = "none"
    """Where the version is stated: in the Accept header, in the path, or nowhere."""
    value: str = ""
    """The documented version."""
    accept: str = ""
    """The Accept header of every request."""
    note: str = ""
    lines: str = ""


class Credential(CatalogTable, frozen=True, kw_only=True):
    """One credential of the vendor's auth schemes.

    Its environment variable is ``API_EXPLORER_<VENDOR>_<NAME>``, in uppercase.
    """

    title: str
    secret: bool = True
    """Whether it is masked and kept in the keyring."""
    sandbox: str = ""
    """The demo value that the sandbox accepts."""
    sandbox_foreign: tuple[str, ...] = ()
    """Demo values of another environment, which the sandbox recognizes and refuses."""
    note: str = ""
    lines: str = ""


class Auth(CatalogTable, frozen=True, kw_only=True):
    """One authentication method. ``scheme`` is a key of ``core.auth.AUTH_SCHEMES`` and defines ``options``."""

    scheme: str
    """An auth scheme of the program."""
    title: str = ""
    options: dict[str, Any] = {}
    """The options of the scheme."""
    note: str = ""
    lines: str = ""


class Pagination(CatalogTable, frozen=True, kw_only=True):
    """One pagination method. ``style`` is a key of ``explorer.core.paging.PAGING_STYLES``."""

    style: str
    """A paging style of the program."""
    title: str = ""
    options: dict[str, Any] = {}
    """The options of the style."""
    note: str = ""
    lines: str = ""


class VerdictRules(CatalogTable, frozen=True, kw_only=True):
    """The vendor's definition of success. Paths are dotted paths in the decoded body (``data.error.code``)."""

    success: str = ""
    """Path of a success flag (a boolean, or the strings true / false)."""
    error: str = ""
    """Path of the error. Its presence means failure; its text is the message, or the code if ``message`` is set."""
    code: str = ""
    """Path of the error code."""
    message: str = ""
    """Path of the error message."""
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
    """Response headers that differ in every response."""
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
    """What the rule demands of its parameters."""
    params: tuple[str, ...] = ()
    """The parameters that the rule is about."""
    when: tuple[str, ...] = ()
    """Parameters that make the rule apply when one is set."""
    when_value: dict[str, str] = {}
    """Parameter → value that makes the rule apply."""
    names: dict[str, str] = {}
    """``not_listed``: value of the list → parameter it names."""
    level: Literal["error", "warning"] = "error"
    """Whether the form refuses or warns."""
    text: str = ""
    """The problem in our own words."""
    lines: str = ""


class Group(CatalogTable, frozen=True, kw_only=True):
    """A group of parameters that repeats by index: ``item#`` or ``line_items[#]``."""

    title: str = ""
    min: int = 0
    """The smallest number of entries."""
    max: int | None = None
    """The largest number of entries."""
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
    """The name as the vendor spells it; the key of its table."""
    location: Location = msgspec.field(name="in")
    """Where the value travels."""
    type: ValueType = "string"
    """The type of the value."""
    required: bool = False
    """Whether the call fails without it."""
    default: str | None = None
    """The vendor's value for an absent parameter; not sent."""
    prefill: str | None = None
    """The form's initial value, which is sent unless changed."""
    enum: tuple[str, ...] = ()
    """All values that are allowed."""
    also: tuple[str, ...] = ()
    """Values allowed besides those of the type (``all`` for an integer id)."""
    min: float | None = None
    """The smallest number."""
    max: float | None = None
    """The largest number."""
    min_length: int | None = None
    """The smallest number of characters."""
    max_length: int | None = None
    """The largest number of characters."""
    pattern: str = ""
    """A regular expression that the whole value must match."""
    format: StringFormat | None = None
    """What a string must look like."""
    date_format: str = ""
    """strftime pattern of a ``date`` (default ``%Y-%m-%d``)."""
    boolean: BooleanEncoding | None = None
    """Encoding of true and false; default ``json`` in JSON bodies, otherwise ``true_false``."""
    comma: bool = False
    """Whether the value is a comma-separated list of the type."""
    nullable: bool = False
    """Whether JSON null may be sent."""
    empty: bool = True
    """Whether an optional parameter may be sent empty."""
    secret: bool = False
    """Whether the value is masked."""
    accept: str = ""
    """Media types of a file, such as ``image/png,image/jpeg``."""
    inferred: bool = False
    """Whether the document shows it only by example."""
    example: str = ""
    """A value that fits, from our own data."""
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
    """Keys of the endpoint or vendor that this choice changes; ``false`` removes a table."""


class Reading(CatalogTable, frozen=True, kw_only=True):
    """An ambiguity: the document contradicts itself or cannot work as printed. With all choices and the default."""

    about: str
    """The contradiction or gap, as one sentence."""
    default: str
    """The choice that applies unless another is chosen."""
    why: str
    """Why that is the default."""
    choices: dict[str, Choice]
    """Choice id → one way to resolve it."""

    @property
    def changes_request(self) -> bool:
        """Whether any choice changes the request, so that the form and ``--reading`` offer it."""
        return any(choice.set for choice in self.choices.values())


class Sample(CatalogTable, frozen=True, kw_only=True):
    """A response in the vendor's shape with our own data. The sandbox and the docs pane show it."""

    status: int = 200
    """The HTTP status."""
    media_type: str = "application/json"
    """The Content-Type."""
    title: str = ""
    body: str = ""
    """The body as a string."""
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
    """The parameter with the comma-separated ids."""
    records: str = ""
    """Path of the records in the response."""
    key: str = ""
    """The key of a record that is its id."""


class IdSource(CatalogTable, frozen=True, kw_only=True):
    """Where a response contains ids.

    ``path`` is dotted, with ``[]`` for any index, ``*`` for any key and a leading ``**.`` for any depth. ``kind`` is a
    name that an endpoint's ``consumes`` also uses.
    """

    path: str
    """Path of the ids in the response."""
    kind: str
    """The kind of the ids; an endpoint with the same kind in ``consumes`` takes them."""
    type: str = ""
    """Only in objects of this ``type`` (JSON:API)."""
    key: bool = False
    """Whether the id is the last key of the path instead of its value."""


class ConditionalEffect(CatalogTable, frozen=True, kw_only=True):
    """A value that makes a call more consequential: ``checkout=1`` turns a validation into an order."""

    param: str
    """The parameter that decides."""
    equals: str
    """The value that changes the effect."""
    effect: Effect
    """The effect of the call with that value."""


class Requirement(CatalogTable, frozen=True, kw_only=True):
    """A role or permission that the account needs, in our own words.

    It applies to the whole call, or only if any of ``params`` is sent.
    """

    text: str
    """The role or right, in our own words."""
    params: tuple[str, ...] = ()
    """Only when one of these parameters is sent; empty: for the whole call."""
    lines: str = ""


class Endpoint(CatalogTable, frozen=True, kw_only=True):
    """One documented call, identified as ``vendor.id``."""

    id: str = ""
    """The key of its table."""
    title: str
    group: str
    """The heading it is listed under."""
    method: str = "GET"
    """The HTTP method that is usual."""
    also_methods: tuple[str, ...] = ()
    """Further methods of the same call (HEAD for a GET)."""
    path: str
    """The path template, such as ``/goods/{id}``."""
    auth: str = "none"
    """A key of the vendor's ``auth`` table, or ``none`` for an anonymous call."""
    body: Literal["none", "form", "json", "multipart"] = "none"
    """How parameters in the body are encoded."""
    accept: str = ""
    """The Accept header, if it differs from the vendor's."""
    stated_effect: Effect | None = msgspec.field(default=None, name="effect")
    """The call's effect at the vendor; None for the default of its method."""
    effect_when: tuple[ConditionalEffect, ...] = ()
    """Values that change the effect of the call."""
    pagination: str = ""
    """A key of the vendor's ``pagination`` table."""
    summary: str = ""
    """One sentence on what the call does."""
    inferred: bool = False
    """Whether the document does not name the call."""
    lines: str = ""
    notes: tuple[Note, ...] = ()
    """What a user must know of the call."""
    needs: tuple[Requirement, ...] = ()
    """Permissions that the account needs; shown when the vendor returns 403."""
    params: dict[str, Parameter] = {}
    """Parameter name → parameter, in the order in which they are sent."""
    groups: dict[str, Group] = {}
    """Prefix of an indexed group → group."""
    rules: tuple[Rule, ...] = ()
    """Rules across parameters."""
    readings: dict[str, Reading] = {}
    """Key → ambiguity of this call."""
    samples: tuple[Sample, ...] = ()
    """Responses in the vendor's shape, with our own data."""
    answer: dict[str, ResponseField] = {}
    """Response fields about which more is known than the samples show."""
    asked: RequestedIds | None = None
    """How to tell that everything requested by id was returned."""
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
    """The key of its table."""
    title: str
    document: str = ""
    """Short name of its document, the prefix of line numbers (``002``)."""
    summary: str = ""
    """One sentence on what the API is for."""
    inferred: bool = False
    """Whether the document does not name the vendor."""
    notes: tuple[Note, ...] = ()
    """What holds for all of its calls."""
    environments: dict[str, Environment] = {}
    """Name → environment. The sandbox is always there beside them."""
    version: Version = msgspec.field(default_factory=Version)
    """How versions are told apart."""
    credentials: dict[str, Credential] = {}
    """Name → credential."""
    auth: dict[str, Auth] = {}
    """Name → way of authenticating, which endpoints refer to."""
    pagination: dict[str, Pagination] = {}
    """Name → way of paging, which endpoints refer to."""
    verdict: VerdictRules = msgspec.field(default_factory=VerdictRules)
    """What the vendor means by success."""
    volatile: VolatileRules = msgspec.field(default_factory=VolatileRules)
    """What differs in every response; comparisons mask it."""
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
    """Endpoint id → call."""
    sandbox: SandboxVendor = msgspec.field(default_factory=SandboxVendor)
    """How the sandbox plays the vendor."""

    def cite(self, lines: str) -> str:
        """Return ``83,110-118`` as ``002:83,110-118``, safe for a terminal; an empty string stays empty."""
        return sanitize_line(f"{self.document}:{lines}" if lines and self.document else lines)


class Catalog(CatalogTable, frozen=True, kw_only=True):
    """All vendors, in file order. ``digest`` identifies this state of the catalog."""

    edition: str = ""
    """The date or name of this edition of the data."""
    digest: str = ""
    vendors: dict[str, Vendor] = {}
    """Vendor id → vendor, in the order in which they are listed."""
