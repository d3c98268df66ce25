"""What a catalog says for the sandbox: the vendor's own side of the wire, as data.

Three kinds of text stand in these tables, all read by ``explorer.sandbox``:

*Expressions* (``where``, ``when``, ``that``, ``order``) are a small part of Python's own expressions: names,
``a.b`` (a key of a table), ``a["b"]``, comparisons, ``and or not in``, arithmetic, ``x if c else y``,
comprehensions and a fixed list of functions. A key that is absent is ``None``.

*Templates* (``record``, ``set``, ``body``, ``respond``, ``value``) are JSON texts. A string that starts with ``$``
is an expression and keeps its type (``"$record.id"``); ``${…}`` inside a string puts a value into it; ``$$`` is a
dollar. Tables with these keys are commands: ``{"$each": list, "$as": name, "$when": expression, "$give":
template}`` (with ``"$key"``: a table in place of an array), ``{"$if": expression, "$then": …, "$else": …}``,
``{"$merge": [tables]}``, ``{"$use": named template, "$with": {names}}``. The value ``drop`` takes its key away.
Keys that start with an underscore stay inside the sandbox.

*Names* that both may use: ``param`` (what was sent, by catalog name, typed), ``group`` (indexed groups: a list of
tables, each with its ``index``), ``account`` (``id``, ``roles`` and its own data), ``record``, ``records``,
``page`` (a table of what paging adds to the answer), ``n`` and ``id`` in a record, ``words``, ``url`` (scheme,
host and path as called), and whatever ``as`` names.
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
"""What a refusal is about. One that a vendor has no answer for falls back to its parent (see ``FAILURE_FALLBACKS``)."""

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
"""Kind of failure → the kind whose answer is given where it has none of its own; all others → ``default``."""


class SandboxTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the catalog's sandbox part."""


class SandboxAccount(SandboxTable, frozen=True, kw_only=True):
    """Somebody who may call. The account ``demo`` is always there and has each credential's ``sandbox`` value."""

    title: str = ""
    credentials: dict[str, str] = {}
    """Credential → value, in place of the credential's own demo value."""
    roles: tuple[str, ...] = ()
    data: dict[str, Any] = {}
    """More that templates may say of it: ``account.email``."""


class RecordCollection(SandboxTable, frozen=True, kw_only=True):
    """Records that are there when the sandbox starts, and that calls add to and take from."""

    count: int = 0
    first: int = 1
    """The ``id`` of the first record; the others follow."""
    record: str = ""
    """Template of record ``n`` (1, 2, …) with ``id``. Random functions in it give the same at every start."""
    fixed: tuple[str, ...] = ()
    """Templates laid over the first records: what examples of the catalog speak of."""


class ErrorTemplate(SandboxTable, frozen=True, kw_only=True):
    """How the vendor says no: a status and a template over ``problem`` (``param``, ``label``, ``check``, ``message``,
    ``expected``, ``got``, ``said``: the vendor's own sentence), ``problems``, ``messages`` (all sentences) and
    ``fields`` (parameter → sentences)."""

    status: int = 400
    body: str = ""
    headers: dict[str, str] = {}
    media_type: str = "application/json"


class HandlerStep(SandboxTable, frozen=True, kw_only=True):
    """One thing that a handler does; ``when`` (an expression) can switch it off.

    ``find``: the first record of ``in`` (or of the list ``from``) that fits ``where``, as ``record``; none:
    ``refuse`` (``no_record`` unless told). ``list``: all that fit, ordered, cut to the page asked for, as
    ``records``. ``create``: a record made of ``set``. ``update``: lays ``set`` over ``record``. ``delete``: takes
    away what fits ``where``, or ``record``. ``require``: refuses unless ``that`` holds. ``let``: ``as`` is
    ``value``.

    ``account``: finds the account with the credentials in ``match``, as ``account``. ``enrol``: makes one.
    ``mint``: a new token of the auth ``auth`` for ``account``, as ``token``. ``revoke``: ends the token that was
    sent. ``consent``, ``exchange``: the two ends of OAuth2's authorization server, for the auth ``auth``.
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
    when: str = ""
    each: str = ""
    """Expression: a list; the step is done for each entry of it, as ``it``. What is created so, is ``made``."""
    collection: str = msgspec.field(default="", name="in")
    source: str = msgspec.field(default="", name="from")
    where: str = ""
    order: str = ""
    """Sort key over ``it``."""
    descending: str = ""
    """Expression: whether the order is turned round."""
    paged: str = ""
    """Expression: whether a page is given although none was asked for."""
    result: str = msgspec.field(default="", name="as")
    set: str = ""
    value: str = ""
    that: str = ""
    refuse: FailureKind | Literal[""] = ""
    param: str = ""
    """The parameter that a refusal is about; ``${…}`` puts a value into it."""
    check: str = ""
    """The short name of the check that a refusal gives."""
    message: str = ""
    auth: str = ""
    match: dict[str, str] = {}
    """Credential → expression."""


class Handler(SandboxTable, frozen=True, kw_only=True):
    """What the sandbox does for one endpoint. Without one it answers with the endpoint's first good sample."""

    like: str = ""
    """Another handler, whose steps and answer are taken over where this one has none."""
    steps: tuple[HandlerStep, ...] = ()
    respond: str = ""
    """Template of the answer; empty: no body."""
    status: int = 200
    headers: dict[str, str] = {}
    media_type: str = ""
    role: str = ""
    """The role that the account must have."""
    ignore_wrong: tuple[str, ...] = ()
    """Parameters whose ill-typed values the vendor overlooks, as if they had not been sent."""
    own_checks: bool = False
    """Whether the steps judge the parameters themselves, as the two ends of OAuth2 do."""
    errors: dict[str, ErrorTemplate] = {}
    """Answers of this call that differ from the vendor's."""


class SandboxVendor(SandboxTable, frozen=True, kw_only=True):
    """How the sandbox plays one vendor."""

    words: dict[str, tuple[Any, ...]] = {}
    accounts: dict[str, SandboxAccount] = {}
    collections: dict[str, RecordCollection] = {}
    templates: dict[str, str] = {}
    handlers: dict[str, Handler] = {}
    errors: dict[str, ErrorTemplate] = {}
    """Check (``signature``, ``required``) or kind of failure → answer; the check counts first."""
    messages: dict[str, str] = {}
    """Check → the vendor's own sentence, as a text with ``${problem.label}``."""
    optional_auth: str = ""
    """Auth that is verified on anonymous calls too, when its credentials are there."""
    method_override: str = ""
    """Form field by which a POST stands for another method."""
    format_param: str = "format"
    """Path parameter that chooses the form of the answer: ``json`` or ``xml``."""
    xml_root: str = "response"
    xml_item: str = "item"
    """Element for each entry of an array."""
    status_always: int = 0
    """The HTTP status of every answer, where the vendor knows only one."""
