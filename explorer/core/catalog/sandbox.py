"""The catalog's sandbox tables: the vendor's side of the API, as data.

These tables use three notations, all read by ``explorer.sandbox``:

*Expressions* (``where``, ``when``, ``that``, ``order``) are a subset of Python expressions: names, ``a.b`` (a key of a
table), ``a["b"]``, comparisons, ``and or not in``, arithmetic, ``x if c else y``, comprehensions and a fixed list of
functions. An absent key is ``None``.

*Templates* (``record``, ``set``, ``body``, ``respond``, ``value``) are JSON. A string that starts with ``$`` is an
expression and keeps its type (``"$record.id"``). ``${…}`` inside a string inserts a value; ``$$`` is a dollar sign.
Tables with these keys are commands: ``{"$each": list, "$as": name, "$when": expression, "$give": template}`` (with
``"$key"``, a table instead of an array), ``{"$if": expression, "$then": …, "$else": …}``, ``{"$merge": [tables]}``,
``{"$use": named template, "$with": {names}}``. The value ``drop`` removes its key. Keys that start with an underscore
stay inside the sandbox.

*Names* in both: ``param`` (the values sent, by catalog name, typed), ``group`` (indexed groups: a list of tables, each
with its ``index``), ``account`` (``id``, ``roles`` and its own data), ``record``, ``records``, ``page`` (the table that
paging adds to the response), ``n`` and ``id`` in a record, ``words``, ``url`` (scheme, host and path as called), and
any name set by ``as``.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

FailureKind = Literal[
    "default",
    "auth",
    "credentials",
    "forbidden",
    "version",
    "not_found",
    "method",
    "no_record",
    "body",
    "invalid",
    "missing",
    "unknown",
    "rule",
    "refused",
    "too_large",
    "internal",
]
"""The kind of a refusal. A kind without a template falls back to its parent (see ``FAILURE_FALLBACKS``)."""

FAILURE_FALLBACKS: dict[str, str] = {
    "credentials": "auth",
    "forbidden": "auth",
    "version": "body",
    "no_record": "not_found",
    "body": "invalid",
    "missing": "invalid",
    "unknown": "invalid",
    "rule": "invalid",
    "refused": "invalid",
    "too_large": "body",
}
"""Kind of failure → the kind whose template replaces a missing one; all others → ``default``."""


class SandboxTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sandbox table of the catalog."""


class SandboxAccount(SandboxTable, frozen=True, kw_only=True):
    """A sandbox account. The account ``demo`` always exists, with each credential's ``sandbox`` value."""

    title: str = ""
    credentials: dict[str, str] = {}
    """Credential → value, instead of the credential's demo value."""
    roles: tuple[str, ...] = ()
    """The roles that the account has."""
    data: dict[str, Any] = {}
    """Further data for templates: ``account.email``."""


class RecordCollection(SandboxTable, frozen=True, kw_only=True):
    """Records that exist when the sandbox starts and that calls create and delete."""

    count: int = 0
    """How many records there are at the start."""
    first: int = 1
    """The ``id`` of the first record; the others count up."""
    record: str = ""
    """Template of record ``n`` (1, 2, …) with ``id``. Its random functions return the same values at every start."""
    fixed: tuple[str, ...] = ()
    """Templates merged into the first records: those that the catalog's examples use."""


class ErrorTemplate(SandboxTable, frozen=True, kw_only=True):
    """The vendor's error response: a status and a template.

    The template may use ``problem`` (``param``, ``label``, ``check``, ``message``, ``expected``, ``got``, ``said``: the
    vendor's own sentence), ``problems``, ``messages`` (all sentences) and ``fields`` (parameter → sentences).
    """

    status: int = 400
    """The HTTP status."""
    body: str = ""
    """The template of the body."""
    headers: dict[str, str] = {}
    """Headers of the response."""
    media_type: str = "application/json"
    """The Content-Type of the response."""


class HandlerStep(SandboxTable, frozen=True, kw_only=True):
    """One step of a handler; ``when`` (an expression) can disable it.

    ``find``: the first record of ``in`` (or of the list ``from``) that matches ``where``, as ``record``; otherwise
    ``refuse`` (default ``no_record``). ``list``: all matches as ``records``, sorted and limited to the requested page.
    ``create``: a record from ``set``. ``update``: merges ``set`` into ``record``. ``delete``: deletes the matches of
    ``where``, or ``record``. ``require``: refuses unless ``that`` is true. ``let``: ``as`` is ``value``.

    ``account``: the account with the credentials in ``match``, as ``account``. ``enrol``: creates one. ``mint``: a new
    token of the auth ``auth`` for ``account``, as ``token``. ``revoke``: revokes the request's token. ``consent``,
    ``exchange``: the two endpoints of OAuth2's authorization server, for the auth ``auth``.
    """

    do: Literal[
        "find",
        "list",
        "create",
        "update",
        "delete",
        "require",
        "let",
        "account",
        "enrol",
        "mint",
        "revoke",
        "consent",
        "exchange",
    ]
    """The kind of the step."""
    when: str = ""
    """An expression; the step is skipped where it is false."""
    each: str = ""
    """Expression: a list; the step runs for each element, as ``it``. Records created this way are ``made``."""
    collection: str = msgspec.field(default="", name="in")
    """The collection that the step works on."""
    source: str = msgspec.field(default="", name="from")
    """The record or value that the step copies from."""
    where: str = ""
    """An expression that selects records."""
    order: str = ""
    """Sort key over ``it``."""
    descending: str = ""
    """Expression: whether to reverse the order."""
    paged: str = ""
    """Expression: whether to return a page even if none was requested."""
    result: str = msgspec.field(default="", name="as")
    """The name of the result in later steps."""
    set: str = ""
    """A template of the fields that the step sets."""
    value: str = ""
    """An expression for the result."""
    that: str = ""
    """An expression that must be true."""
    refuse: FailureKind | Literal[""] = ""
    """The refusal where it is not."""
    param: str = ""
    """The parameter of a refusal; ``${…}`` inserts a value."""
    check: str = ""
    """The short name of the check that a refusal reports."""
    message: str = ""
    """The message of the refusal."""
    auth: str = ""
    """The auth scheme that the step signs in to or out of."""
    match: dict[str, str] = {}
    """Credential → expression."""


class Handler(SandboxTable, frozen=True, kw_only=True):
    """The sandbox's behavior for one endpoint. Without a handler, it returns the endpoint's first success sample."""

    like: str = ""
    """Another handler, which provides the steps and the response that this one lacks."""
    steps: tuple[HandlerStep, ...] = ()
    """The steps, in order."""
    respond: str = ""
    """Template of the response; empty for no body."""
    status: int = 200
    """The HTTP status of the response."""
    headers: dict[str, str] = {}
    """Headers of the response."""
    media_type: str = ""
    """The Content-Type of the response."""
    role: str = ""
    """The role that the account needs."""
    ignore_wrong: tuple[str, ...] = ()
    """Parameters whose ill-typed values the vendor ignores."""
    own_checks: bool = False
    """Whether the steps validate the parameters themselves, as OAuth2's two endpoints do."""
    errors: dict[str, ErrorTemplate] = {}
    """Error templates that override the vendor's for this call."""


class SandboxVendor(SandboxTable, frozen=True, kw_only=True):
    """The sandbox settings of one vendor."""

    words: dict[str, tuple[Any, ...]] = {}
    """List name → words that templates draw from."""
    accounts: dict[str, SandboxAccount] = {}
    """Account id → account."""
    collections: dict[str, RecordCollection] = {}
    """Collection name → records that the sandbox starts with."""
    templates: dict[str, str] = {}
    """Name → JSON template of a response."""
    handlers: dict[str, Handler] = {}
    """Endpoint id → what the sandbox does."""
    errors: dict[str, ErrorTemplate] = {}
    """Check (``signature``, ``required``) or kind of failure → template; the check takes precedence."""
    messages: dict[str, str] = {}
    """Check → the vendor's own sentence, a string with ``${problem.label}``."""
    optional_auth: str = ""
    """Auth that is also verified on anonymous calls, if its credentials are sent."""
    method_override: str = ""
    """Form field that overrides the method of a POST."""
    format_param: str = "format"
    """Path parameter that selects the response format: ``json`` or ``xml``."""
    xml_root: str = "response"
    """The name of the root element of XML responses."""
    xml_item: str = "item"
    """Element name for array entries."""
    status_always: int = 0
    """The HTTP status of every response, for a vendor that uses only one."""
